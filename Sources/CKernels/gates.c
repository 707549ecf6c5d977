#include "ck_gates.h"

#include <string.h>

#include "ck_bits.h"
#include "dispatch.h"

#if CK_X86
#include <immintrin.h>
#endif

enum { parts = ck_gates_parts, table_count = ck_gates_table_count, variables = 6 };
/// Words that are looked at together: the lanes of a vector are stretches of 64.
enum { lanes = 8, stretch = 64, batch = lanes * stretch };

/// Where the values at {0, 1}^6 are in a table.
CK_INLINE void find_corners(uint16_t corners[parts]) {
  for (unsigned b = 0; b < parts; b++) {
    unsigned index = 0;
    for (unsigned v = variables; v-- > 0;) { index = 3 * index + (b >> v & 1); }
    corners[b] = (uint16_t)index;
  }
}

/// Values at ∞ from those at 0 and 1, one variable after the other, the highest first.
CK_INLINE void extend_loop(uint64_t (*table)[lanes]) {
  for (size_t unit = table_count / 3; unit > 0; unit /= 3) {
    for (size_t start = 0; start < table_count; start += 3 * unit) {
      for (size_t i = start; i < start + unit; i++) {
        for (size_t l = 0; l < lanes; l++) { table[i + 2 * unit][l] = table[i][l] ^ table[i + unit][l]; }
      }
    }
  }
}

CK_INLINE void multiply_loop(
    const uint64_t (*x0)[lanes], const uint64_t (*x1)[lanes], const uint64_t (*y0)[lanes], const uint64_t (*y1)[lanes],
    uint64_t (*z)[lanes]) {
  for (size_t i = 0; i < table_count; i++) {
    for (size_t l = 0; l < lanes; l++) { z[i][l] = (x0[i][l] & (y0[i][l] ^ y1[i][l])) ^ (x1[i][l] & y0[i][l]); }
  }
}

/// Tables of `batch` words, bit by bit: row k, lane l holds value k of the words 64 l … 64 l + 63.
CK_INLINE void spread(const uint64_t words[batch], const uint16_t corners[parts], uint64_t (*table)[lanes]) {
  uint64_t planes[parts][lanes];
  ck_bitslice(batch, parts, words, planes[0]);
  memset(table, 0, table_count * sizeof *table);
  for (size_t b = 0; b < parts; b++) { memcpy(table[corners[b]], planes[b], sizeof planes[b]); }
}

CK_INLINE void add_weighted_loop(const uint64_t (*products)[lanes], const uint64_t *weights, uint64_t *table) {
  for (size_t k = 0; k < table_count; k++) {
    uint64_t sum = 0;
    for (size_t l = 0; l < lanes; l++) {
      uint64_t bits = products[k][l];
      for (size_t h = 0; h < stretch; h++) { sum ^= weights[l * stretch + h] & (0 - (bits >> h & 1)); }
    }
    table[k] ^= sum;
  }
}

static void table_loop(
    size_t n, const uint64_t *const operands[4], const uint64_t *weights, uint64_t table[table_count]) {
  static _Thread_local uint64_t tables[5][table_count][lanes];
  uint16_t corners[parts];
  uint64_t words[batch];
  find_corners(corners);
  for (size_t start = 0; start < n; start += batch) {
    size_t count = n - start < batch ? n - start : batch;
    memset(words, 0, sizeof words);
    for (size_t v = 0; v < 4; v++) {
      memcpy(words, operands[v] + start, count * sizeof *words);
      spread(words, corners, tables[v]);
      extend_loop(tables[v]);
    }
#define TABLE(v) ((const uint64_t (*)[lanes])tables[v])
    multiply_loop(TABLE(0), TABLE(1), TABLE(2), TABLE(3), tables[4]);
    memset(words, 0, sizeof words);
    memcpy(words, weights + start, count * sizeof *words);
    add_weighted_loop(TABLE(4), words, table);
#undef TABLE
  }
  memset(tables, 0, sizeof tables);
}

CK_INLINE void fold_loop(size_t n, const uint64_t *words, const uint64_t *weights, uint64_t *out) {
  for (size_t i = 0; i < n; i++) {
    uint64_t sum = 0, word = words[i];
    for (size_t b = 0; b < parts; b++) { sum ^= weights[b] & (0 - (word >> b & 1)); }
    out[i] = sum;
  }
}

CK_INLINE void add_sums_loop(size_t n, const uint64_t *words, const uint64_t *weights, uint64_t *sums) {
  for (size_t i = 0; i < n; i++) {
    uint64_t word = words[i], weight = weights[i];
    for (size_t b = 0; b < parts; b++) { sums[b] ^= weight & (0 - (word >> b & 1)); }
  }
}
CK_LOCAL_KERNEL(
    add_sums, (size_t n, const uint64_t *words, const uint64_t *weights, uint64_t *sums), (n, words, weights, sums))

#if CK_X86
#define CK_GFNI __attribute__((target("avx2,bmi,bmi2,gfni,avx512f,avx512bw,avx512dq,avx512vl")))

/// In each lane: byte k of vector j to byte j of vector k.
CK_GFNI CK_INLINE void transpose_bytes(__m512i r[8]) {
  __m512i even[4], odd[4];
  __m512i a[8], b[8];
  for (int i = 0; i < 4; i++) {
    a[i] = _mm512_unpacklo_epi8(r[2 * i], r[2 * i + 1]);
    a[4 + i] = _mm512_unpackhi_epi8(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    b[i] = _mm512_unpacklo_epi16(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_epi16(a[i], a[i + 1]);
    b[i + 2] = _mm512_unpacklo_epi16(a[i + 2], a[i + 3]);
    b[i + 3] = _mm512_unpackhi_epi16(a[i + 2], a[i + 3]);
  }
  for (int i = 0; i < 2; i++) {
    even[2 * i] = _mm512_unpacklo_epi32(b[i], b[2 + i]);
    even[2 * i + 1] = _mm512_unpackhi_epi32(b[i], b[2 + i]);
    odd[2 * i] = _mm512_unpacklo_epi32(b[4 + i], b[6 + i]);
    odd[2 * i + 1] = _mm512_unpackhi_epi32(b[4 + i], b[6 + i]);
  }
  for (int i = 0; i < 4; i++) {
    r[2 * i] = _mm512_unpacklo_epi64(even[i], odd[i]);
    r[2 * i + 1] = _mm512_unpackhi_epi64(even[i], odd[i]);
  }
}

/// The matrix over GF(2) whose rows are planes, a lane each: block [i][j] takes byte j of a vector to byte i of a
/// result.
CK_GFNI CK_INLINE void cut_matrix(const uint64_t (*planes)[lanes], __m512i blocks[8][8]) {
  for (int i = 0; i < 8; i++) {
    for (int k = 0; k < 8; k++) { blocks[i][k] = _mm512_loadu_si512(planes[8 * i + 7 - k]); }
    transpose_bytes(blocks[i]);
  }
}

CK_GFNI CK_INLINE __m512i multiply_row(const __m512i blocks[8], const __m512i bytes[8]) {
  __m512i sum = _mm512_gf2p8affine_epi64_epi8(bytes[0], blocks[0], 0);
  for (int j = 1; j < 8; j++) { sum = _mm512_xor_si512(sum, _mm512_gf2p8affine_epi64_epi8(bytes[j], blocks[j], 0)); }
  return sum;
}

/// The weights of `batch` words as matrices.
CK_GFNI CK_INLINE void cut_weights(const uint64_t weights[batch], __m512i blocks[8][8]) {
  uint64_t planes[parts][lanes];
  ck_bitslice(batch, 64, weights, planes[0]);
  cut_matrix((const uint64_t (*)[lanes])planes, blocks);
}

/// sums += the weighted sums of eight rows of bits of `batch` words, whose bytes are transposed.
CK_GFNI CK_INLINE void add_rows(const __m512i blocks[8][8], const __m512i rows[8], __m512i sums[8]) {
  __m512i bytes[8];
  for (size_t k = 0; k < 8; k++) { bytes[k] = rows[k]; }
  transpose_bytes(bytes);
  for (size_t i = 0; i < 8; i++) { sums[i] = _mm512_xor_si512(sums[i], multiply_row(blocks[i], bytes)); }
}

/// out[k] += row k of sums, all lanes added up.
CK_GFNI static void collect(const __m512i sums[8], size_t count, uint64_t *out) {
  __m512i rows[8];
  for (size_t k = 0; k < 8; k++) { rows[k] = sums[k]; }
  transpose_bytes(rows);
  for (size_t k = 0; k < count; k++) {
    uint64_t words[lanes];
    _mm512_storeu_si512(words, rows[k]);
    for (size_t l = 0; l < lanes; l++) { out[k] ^= words[l]; }
  }
}

/// Tables of three variables at a time: 27 values of the first three, for each of which there are 8 of the others, and
/// groups of 8 of their 27 products.
enum { corner_count = 8, third_count = 27, third_groups = 4 };

/// Values at ∞ of three variables, the highest first, from those at 0 and 1.
#define EXTEND_THIRD(values) \
  _Pragma("clang loop unroll(full)") for (size_t unit = 9; unit > 0; unit /= 3) { \
    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < third_count; i++) { \
      if (i / unit % 3 != 2 || i % unit / 3 == 2 || i % unit % 3 == 2) { continue; } \
      values[i] = _mm512_xor_si512(values[i - 2 * unit], values[i - unit]); \
    } \
  }
static const uint8_t third_corners[corner_count] = {0, 1, 3, 4, 9, 10, 12, 13};

CK_GFNI static void spread_gfni(const uint64_t words[batch], __m512i out[third_count][corner_count]) {
  uint64_t planes[parts][lanes];
  ck_bitslice(batch, parts, words, planes[0]);
  for (size_t c = 0; c < corner_count; c++) {
    __m512i values[third_count];
#pragma clang loop unroll(full)
    for (size_t o = 0; o < corner_count; o++) {
      values[third_corners[o]] = _mm512_loadu_si512(planes[o * corner_count + c]);
    }
    EXTEND_THIRD(values)
#pragma clang loop unroll(full)
    for (size_t t = 0; t < third_count; t++) { out[t][c] = values[t]; }
  }
}

CK_GFNI CK_INLINE void load_third(const __m512i corners[corner_count], __m512i values[third_count]) {
#pragma clang loop unroll(full)
  for (size_t c = 0; c < corner_count; c++) { values[third_corners[c]] = corners[c]; }
  EXTEND_THIRD(values)
}

CK_GFNI static void add_products_gfni(
    const __m512i blocks[8][8], const __m512i x0[corner_count], const __m512i x1[corner_count],
    const __m512i y0[corner_count], const __m512i y1[corner_count], __m512i sums[third_groups][8]) {
  __m512i a[third_count], b[third_count], c[third_count], d[third_count], products[8 * third_groups];
  load_third(x0, a);
  load_third(x1, b);
  load_third(y0, c);
  load_third(y1, d);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < 8 * third_groups; t++) {
    products[t] = t >= third_count ? _mm512_setzero_si512()
                                   : _mm512_xor_si512(
                                         _mm512_and_si512(a[t], _mm512_xor_si512(c[t], d[t])),
                                         _mm512_and_si512(b[t], c[t]));
  }
  for (size_t g = 0; g < third_groups; g++) { add_rows(blocks, products + 8 * g, sums[g]); }
}

/// Some words, and zeros behind them.
CK_INLINE const uint64_t *padded(const uint64_t *words, size_t count, uint64_t room[batch]) {
  if (count == batch) { return words; }
  memset(room, 0, batch * sizeof *room);
  memcpy(room, words, count * sizeof *words);
  return room;
}

CK_GFNI static void table_gfni(
    size_t n, const uint64_t *const operands[4], const uint64_t *weights, uint64_t table[table_count]) {
  static _Thread_local __m512i rows[4][third_count][corner_count], sums[third_count][third_groups][8];
  uint64_t room[batch];
  memset(sums, 0, sizeof sums);
  for (size_t start = 0; start < n; start += batch) {
    size_t count = n - start < batch ? n - start : batch;
    for (size_t v = 0; v < 4; v++) { spread_gfni(padded(operands[v] + start, count, room), rows[v]); }
    __m512i blocks[8][8];
    cut_weights(padded(weights + start, count, room), blocks);
    for (size_t t = 0; t < third_count; t++) {
      add_products_gfni(blocks, rows[0][t], rows[1][t], rows[2][t], rows[3][t], sums[t]);
    }
  }
  for (size_t t = 0; t < third_count; t++) {
    for (size_t g = 0; g < third_groups; g++) {
      collect(sums[t][g], 8 * g + 8 <= third_count ? 8 : third_count - 8 * g, table + third_count * t + 8 * g);
    }
  }
  // They outlive the call.
  memset(rows, 0, sizeof rows);
  memset(sums, 0, sizeof sums);
}

CK_GFNI static void sums_gfni(size_t n, const uint64_t *words, const uint64_t *weights, uint64_t sums[parts]) {
  __m512i rows[parts / 8][8];
  uint64_t room[batch];
  memset(rows, 0, sizeof rows);
  for (size_t start = 0; start < n; start += batch) {
    size_t count = n - start < batch ? n - start : batch;
    uint64_t planes[parts][lanes];
    ck_bitslice(batch, parts, padded(words + start, count, room), planes[0]);
    __m512i blocks[8][8];
    cut_weights(padded(weights + start, count, room), blocks);
    for (size_t g = 0; g < parts / 8; g++) {
      __m512i bits[8];
      for (size_t k = 0; k < 8; k++) { bits[k] = _mm512_loadu_si512(planes[8 * g + k]); }
      add_rows(blocks, bits, rows[g]);
    }
  }
  for (size_t g = 0; g < parts / 8; g++) { collect(rows[g], 8, sums + 8 * g); }
}

CK_GFNI static void fold_gfni(size_t n, const uint64_t *words, const uint64_t *weights, uint64_t *out) {
  uint64_t planes[parts], spread_planes[parts][lanes];
  ck_bitslice(parts, 64, weights, planes);
  for (size_t i = 0; i < parts; i++) {
    for (size_t l = 0; l < lanes; l++) { spread_planes[i][l] = planes[i]; }
  }
  __m512i blocks[8][8];
  cut_matrix((const uint64_t (*)[lanes])spread_planes, blocks);
  size_t start = 0;
  for (; start + stretch <= n; start += stretch) {
    __m512i bytes[8], result[8];
    for (size_t k = 0; k < 8; k++) { bytes[k] = _mm512_loadu_si512(words + start + 8 * k); }
    transpose_bytes(bytes);
    for (size_t i = 0; i < 8; i++) { result[i] = multiply_row(blocks[i], bytes); }
    transpose_bytes(result);
    for (size_t k = 0; k < 8; k++) { _mm512_storeu_si512(out + start + 8 * k, result[k]); }
  }
  fold_loop(n - start, words + start, weights, out + start);
}

static int has_gfni(void) { return ck_dispatch_level() == ck_level_avx512 && __builtin_cpu_supports("gfni"); }
#endif

void ck_gates_table(
    size_t n, const uint64_t *x0, const uint64_t *x1, const uint64_t *y0, const uint64_t *y1, const uint64_t *weights,
    uint64_t table[table_count]) {
  const uint64_t *operands[4] = {x0, x1, y0, y1};
#if CK_X86
  if (has_gfni()) {
    table_gfni(n, operands, weights, table);
    return;
  }
#endif
  table_loop(n, operands, weights, table);
}

void ck_gates_sums(size_t n, const uint64_t *words, const uint64_t *weights, uint64_t sums[parts]) {
#if CK_X86
  if (has_gfni()) {
    sums_gfni(n, words, weights, sums);
    return;
  }
#endif
  add_sums(n, words, weights, sums);
}

void ck_gates_fold(size_t n, const uint64_t *words, const uint64_t weights[parts], uint64_t *out) {
#if CK_X86
  if (has_gfni()) {
    fold_gfni(n, words, weights, out);
    return;
  }
#endif
  fold_loop(n, words, weights, out);
}
