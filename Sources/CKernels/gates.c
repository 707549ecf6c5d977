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

CK_INLINE void fold_loop(size_t n, const uint64_t *words, const uint64_t *weights, uint64_t *out) {
  for (size_t i = 0; i < n; i++) {
    uint64_t sum = 0, word = words[i];
    for (size_t b = 0; b < parts; b++) { sum ^= weights[b] & (0 - (word >> b & 1)); }
    out[i] = sum;
  }
}

CK_INLINE void ck_gates_sums_loop(size_t n, const uint64_t *words, const uint64_t *weights, uint64_t *sums) {
  for (size_t i = 0; i < n; i++) {
    uint64_t word = words[i], weight = weights[i];
    for (size_t b = 0; b < parts; b++) { sums[b] ^= weight & (0 - (word >> b & 1)); }
  }
}
CK_KERNEL(
    ck_gates_sums, (size_t n, const uint64_t *words, const uint64_t *weights, uint64_t sums[parts]),
    (n, words, weights, sums))

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

/// The matrix over GF(2) whose rows are planes, a lane each: block [i][j] takes byte j of a vector to byte i of a result.
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

enum { groups = (table_count + 7) / 8 };

CK_GFNI static void add_weighted_gfni(
    const uint64_t (*products)[lanes], const uint64_t weights[batch], __m512i sums[groups][8]) {
  uint64_t planes[parts][lanes];
  ck_bitslice(batch, 64, weights, planes[0]);
  __m512i blocks[8][8];
  cut_matrix((const uint64_t (*)[lanes])planes, blocks);
  for (size_t g = 0; g < groups; g++) {
    __m512i bytes[8];
    for (size_t k = 0; k < 8; k++) {
      bytes[k] = 8 * g + k < table_count ? _mm512_loadu_si512(products[8 * g + k]) : _mm512_setzero_si512();
    }
    transpose_bytes(bytes);
    for (size_t i = 0; i < 8; i++) { sums[g][i] = _mm512_xor_si512(sums[g][i], multiply_row(blocks[i], bytes)); }
  }
}

/// Adds up lanes.
CK_GFNI static void collect_gfni(__m512i sums[groups][8], uint64_t *table) {
  for (size_t g = 0; g < groups; g++) {
    transpose_bytes(sums[g]);
    for (size_t k = 0; k < 8 && 8 * g + k < table_count; k++) {
      uint64_t words[lanes];
      _mm512_storeu_si512(words, sums[g][k]);
      for (size_t l = 0; l < lanes; l++) { table[8 * g + k] ^= words[l]; }
    }
  }
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

CK_AVX512 static void extend_avx512(uint64_t (*table)[lanes]) { extend_loop(table); }
CK_AVX512 static void multiply_avx512(
    const uint64_t (*x0)[lanes], const uint64_t (*x1)[lanes], const uint64_t (*y0)[lanes], const uint64_t (*y1)[lanes],
    uint64_t (*z)[lanes]) {
  multiply_loop(x0, x1, y0, y1, z);
}

static int has_gfni(void) { return ck_dispatch_level() == ck_level_avx512 && __builtin_cpu_supports("gfni"); }
#endif

void ck_gates_table(
    size_t n, const uint64_t *x0, const uint64_t *x1, const uint64_t *y0, const uint64_t *y1, const uint64_t *weights,
    uint64_t table[table_count]) {
  const uint64_t *operands[4] = {x0, x1, y0, y1};
  uint16_t corners[parts];
  find_corners(corners);
  static _Thread_local uint64_t tables[5][table_count][lanes];
  uint64_t padded[batch], padded_weights[batch];
#if CK_X86
  __m512i sums[groups][8];
  int is_fast = has_gfni();
  memset(sums, 0, sizeof sums);
#endif
  for (size_t start = 0; start < n; start += batch) {
    size_t count = n - start < batch ? n - start : batch;
    for (size_t v = 0; v < 4; v++) {
      const uint64_t *words = operands[v] + start;
      if (count < batch) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, words, count * sizeof *words);
        words = padded;
      }
      spread(words, corners, tables[v]);
    }
    const uint64_t *factors = weights + start;
    if (count < batch) {
      memset(padded_weights, 0, sizeof padded_weights);
      memcpy(padded_weights, factors, count * sizeof *factors);
      factors = padded_weights;
    }
#define TABLE(v) ((const uint64_t (*)[lanes])tables[v])
#if CK_X86
    if (is_fast) {
      for (size_t v = 0; v < 4; v++) { extend_avx512(tables[v]); }
      multiply_avx512(TABLE(0), TABLE(1), TABLE(2), TABLE(3), tables[4]);
      add_weighted_gfni(TABLE(4), factors, sums);
      continue;
    }
#endif
    for (size_t v = 0; v < 4; v++) { extend_loop(tables[v]); }
    multiply_loop(TABLE(0), TABLE(1), TABLE(2), TABLE(3), tables[4]);
    add_weighted_loop(TABLE(4), factors, table);
#undef TABLE
  }
#if CK_X86
  if (is_fast) { collect_gfni(sums, table); }
#endif
  memset(tables, 0, sizeof tables);
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
