/// Limbs of 52, 52 and 24 bits: nine multiply-adds for eight products modulo 2^128. A multiply-add takes the low 52 bits of its
/// factors, so limbs need no masks, and of what is worth 2^104 only the low bits count.
#include "ring128_ifma.h"

#include "dispatch.h"

#if CK_X86
#include <immintrin.h>

#define CK_IFMA __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")))
#define CK_IFMA_INLINE CK_IFMA CK_INLINE

/// `depth_most`: products that a sum of limbs holds without a carry, 3 · 2^52 each, with room to spare.
enum {
  lanes = 8,
  tile_rows = 4,
  tile_registers = 2,
  tile_columns = lanes * tile_registers,
  row_registers = 8,
  depth_most = 256
};

typedef struct {
  __m512i limb[3];
} limbs;

CK_IFMA_INLINE limbs split(__m512i low, __m512i high) {
  return (limbs){{low, _mm512_or_si512(_mm512_srli_epi64(low, 52), _mm512_slli_epi64(high, 12)),
                  _mm512_srli_epi64(high, 40)}};
}

/// sum += a · b, carries left where they are.
CK_IFMA_INLINE void multiply_add(limbs *sum, limbs a, limbs b) {
  sum->limb[0] = _mm512_madd52lo_epu64(sum->limb[0], a.limb[0], b.limb[0]);
  sum->limb[1] = _mm512_madd52hi_epu64(sum->limb[1], a.limb[0], b.limb[0]);
  sum->limb[1] = _mm512_madd52lo_epu64(sum->limb[1], a.limb[0], b.limb[1]);
  sum->limb[1] = _mm512_madd52lo_epu64(sum->limb[1], a.limb[1], b.limb[0]);
  sum->limb[2] = _mm512_madd52hi_epu64(sum->limb[2], a.limb[0], b.limb[1]);
  sum->limb[2] = _mm512_madd52hi_epu64(sum->limb[2], a.limb[1], b.limb[0]);
  sum->limb[2] = _mm512_madd52lo_epu64(sum->limb[2], a.limb[0], b.limb[2]);
  sum->limb[2] = _mm512_madd52lo_epu64(sum->limb[2], a.limb[1], b.limb[1]);
  sum->limb[2] = _mm512_madd52lo_epu64(sum->limb[2], a.limb[2], b.limb[0]);
}

/// Halves of the sum, its carries done.
CK_IFMA_INLINE void join(limbs sum, __m512i *low, __m512i *high) {
  const __m512i mask = _mm512_set1_epi64((1LL << 52) - 1);
  __m512i middle = _mm512_add_epi64(sum.limb[1], _mm512_srli_epi64(sum.limb[0], 52));
  __m512i top = _mm512_add_epi64(sum.limb[2], _mm512_srli_epi64(middle, 52));
  *low = _mm512_or_si512(_mm512_and_si512(sum.limb[0], mask), _mm512_slli_epi64(middle, 52));
  *high = _mm512_or_si512(_mm512_srli_epi64(_mm512_and_si512(middle, mask), 12), _mm512_slli_epi64(top, 40));
}

/// c += sum, in the columns of the mask.
CK_IFMA_INLINE void accumulate(limbs sum, __mmask8 mask, uint64_t *c_low, uint64_t *c_high) {
  __m512i low, high;
  join(sum, &low, &high);
  __m512i total = _mm512_add_epi64(low, _mm512_maskz_loadu_epi64(mask, c_low));
  __mmask8 carry = _mm512_cmplt_epu64_mask(total, low);
  high = _mm512_add_epi64(high, _mm512_maskz_loadu_epi64(mask, c_high));
  high = _mm512_mask_sub_epi64(high, carry, high, _mm512_set1_epi64(-1));
  _mm512_mask_storeu_epi64(c_low, mask, total);
  _mm512_mask_storeu_epi64(c_high, mask, high);
}

/// The lanes from a place on that lie before the end.
CK_INLINE __mmask8 mask_from(size_t place, size_t end) {
  return end >= place + lanes ? 0xff : end > place ? (__mmask8)((1u << (end - place)) - 1) : 0;
}

/// A panel: for each of `depth` places along, the three limbs of `width` places across, zeros past `count`.
static void pack(
    size_t count, size_t width, size_t depth, const uint64_t *low, const uint64_t *high, size_t across, size_t along,
    uint64_t *panel) {
  for (size_t v = 0; v < width; v++) {
    for (size_t l = 0; l < depth; l++) {
      uint64_t *place = panel + 3 * width * l + v;
      uint64_t x = v < count ? low[v * across + l * along] : 0, y = v < count ? high[v * across + l * along] : 0;
      place[0] = x;
      place[width] = x >> 52 | y << 12;
      place[2 * width] = y >> 40;
    }
  }
}

/// The same for 16 columns that lie side by side.
CK_IFMA static void pack_columns(
    size_t count, size_t depth, const uint64_t *low, const uint64_t *high, size_t along, uint64_t *panel) {
  for (size_t l = 0; l < depth; l++) {
    for (size_t r = 0; r < tile_registers; r++) {
      __mmask8 mask = mask_from(r * lanes, count);
      size_t place = l * along + r * lanes;
      limbs words = split(_mm512_maskz_loadu_epi64(mask, low + place), _mm512_maskz_loadu_epi64(mask, high + place));
      for (size_t i = 0; i < 3; i++) {
        _mm512_storeu_si512(panel + tile_columns * (3 * l + i) + r * lanes, words.limb[i]);
      }
    }
  }
}

/// c += a · b for a panel of 4 rows and one of 16 columns.
CK_IFMA static void multiply_tile(
    size_t rows, size_t columns, size_t depth, const uint64_t *a, const uint64_t *b, uint64_t *c_low, uint64_t *c_high,
    size_t ldc) {
  limbs sum[tile_rows][tile_registers];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < tile_rows; i++) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < tile_registers; r++) {
      for (size_t j = 0; j < 3; j++) { sum[i][r].limb[j] = _mm512_setzero_si512(); }
    }
  }
  for (size_t l = 0; l < depth; l++, a += 3 * tile_rows, b += 3 * tile_columns) {
    limbs column[tile_registers];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < tile_registers; r++) {
      for (size_t j = 0; j < 3; j++) { column[r].limb[j] = _mm512_loadu_si512(b + tile_columns * j + lanes * r); }
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < tile_rows; i++) {
      limbs factor;
      for (size_t j = 0; j < 3; j++) { factor.limb[j] = _mm512_set1_epi64((long long)a[tile_rows * j + i]); }
#pragma clang loop unroll(full)
      for (size_t r = 0; r < tile_registers; r++) { multiply_add(&sum[i][r], factor, column[r]); }
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < tile_rows; i++) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < tile_registers; r++) {
      size_t place = i * ldc + r * lanes;
      __mmask8 mask = i < rows ? mask_from(r * lanes, columns) : 0;
      accumulate(sum[i][r], mask, c_low + place, c_high + place);
    }
  }
}

/// c += a · b for one row, whose words lie apart, and up to 64 columns as they lie.
CK_IFMA static void multiply_row(
    size_t columns, size_t depth, const uint64_t *a_low, const uint64_t *a_high, size_t along, const uint64_t *b_low,
    const uint64_t *b_high, size_t ldb, uint64_t *c_low, uint64_t *c_high) {
  limbs sum[row_registers];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < row_registers; r++) {
    for (size_t j = 0; j < 3; j++) { sum[r].limb[j] = _mm512_setzero_si512(); }
  }
  __mmask8 masks[row_registers];
  for (size_t r = 0; r < row_registers; r++) { masks[r] = mask_from(r * lanes, columns); }
  for (size_t l = 0; l < depth; l++) {
    limbs factor = split(
        _mm512_set1_epi64((long long)a_low[l * along]), _mm512_set1_epi64((long long)a_high[l * along]));
#pragma clang loop unroll(full)
    for (size_t r = 0; r < row_registers; r++) {
      size_t place = l * ldb + r * lanes;
      limbs words =
          split(_mm512_maskz_loadu_epi64(masks[r], b_low + place), _mm512_maskz_loadu_epi64(masks[r], b_high + place));
      multiply_add(&sum[r], factor, words);
    }
  }
#pragma clang loop unroll(full)
  for (size_t r = 0; r < row_registers; r++) { accumulate(sum[r], masks[r], c_low + r * lanes, c_high + r * lanes); }
}

static size_t rounded(size_t count, size_t unit) { return (count + unit - 1) / unit * unit; }

size_t ck_ring128_matmul_ifma_scratch(size_t m, size_t k, size_t n) {
  return 3 * (k < depth_most ? k : depth_most) * (rounded(m, tile_rows) + rounded(n, tile_columns));
}

CK_IFMA void ck_ring128_matmul_ifma(
    size_t m, size_t k, size_t n, const uint64_t *a_low, const uint64_t *a_high, size_t lda, bool transpose_a,
    const uint64_t *b_low, const uint64_t *b_high, size_t ldb, bool transpose_b, uint64_t *c_low, uint64_t *c_high,
    size_t ldc, uint64_t *scratch) {
  const size_t a_across = transpose_a ? 1 : lda, a_along = transpose_a ? lda : 1;
  const size_t b_across = transpose_b ? ldb : 1, b_along = transpose_b ? 1 : ldb;
  for (size_t start = 0; start < k; start += depth_most) {
    size_t depth = k - start < depth_most ? k - start : depth_most;
    const uint64_t *x_low = a_low + start * a_along, *x_high = a_high + start * a_along;
    const uint64_t *y_low = b_low + start * b_along, *y_high = b_high + start * b_along;
    if (m <= 2 && !transpose_b) {
      for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j += lanes * row_registers) {
          multiply_row(
              n - j, depth, x_low + i * a_across, x_high + i * a_across, a_along, y_low + j, y_high + j, ldb,
              c_low + i * ldc + j, c_high + i * ldc + j);
        }
      }
      continue;
    }
    uint64_t *rows = scratch, *columns = scratch + 3 * depth * rounded(m, tile_rows);
    for (size_t i = 0; i < m; i += tile_rows) {
      size_t place = i * a_across;
      pack(m - i, tile_rows, depth, x_low + place, x_high + place, a_across, a_along, rows + 3 * depth * i);
    }
    for (size_t j = 0; j < n; j += tile_columns) {
      size_t place = j * b_across;
      if (transpose_b) {
        pack(n - j, tile_columns, depth, y_low + place, y_high + place, b_across, b_along, columns + 3 * depth * j);
      } else {
        pack_columns(n - j, depth, y_low + place, y_high + place, b_along, columns + 3 * depth * j);
      }
    }
    for (size_t j = 0; j < n; j += tile_columns) {
      for (size_t i = 0; i < m; i += tile_rows) {
        multiply_tile(
            m - i, n - j, depth, rows + 3 * depth * i, columns + 3 * depth * j, c_low + i * ldc + j,
            c_high + i * ldc + j, ldc);
      }
    }
  }
}

/// The sum of all lanes modulo 2^128, added to `sum`.
CK_IFMA static void add_lanes(limbs total, uint64_t sum[2]) {
  __m512i low, high;
  uint64_t lows[lanes], highs[lanes];
  join(total, &low, &high);
  _mm512_storeu_si512(lows, low);
  _mm512_storeu_si512(highs, high);
  for (size_t i = 0; i < lanes; i++) {
    uint64_t next = sum[0] + lows[i];
    sum[1] += highs[i] + (next < sum[0]);
    sum[0] = next;
  }
}

CK_IFMA void ck_u128_dot_ifma(size_t n, const uint64_t *weights, const uint64_t *a, uint64_t sum[2]) {
  sum[0] = sum[1] = 0;
  for (size_t start = 0; start < n; start += lanes * depth_most) {
    size_t end = n - start < lanes * depth_most ? n : start + lanes * depth_most;
    limbs total[2];
    for (size_t j = 0; j < 3; j++) { total[0].limb[j] = total[1].limb[j] = _mm512_setzero_si512(); }
    for (size_t i = start; i < end; i += 2 * lanes) {
#pragma clang loop unroll(full)
      for (size_t r = 0; r < 2; r++) {
        size_t place = i + r * lanes;
        __mmask8 mask = mask_from(place, end);
        limbs weight = split(_mm512_maskz_loadu_epi64(mask, weights + place), _mm512_setzero_si512());
        limbs words =
            split(_mm512_maskz_loadu_epi64(mask, a + place), _mm512_maskz_loadu_epi64(mask, a + n + place));
        multiply_add(&total[r], weight, words);
      }
    }
    for (size_t r = 0; r < 2; r++) { add_lanes(total[r], sum); }
  }
}

bool ck_has_ifma(void) { return ck_dispatch_level() == ck_level_avx512 && __builtin_cpu_supports("avx512ifma"); }
#endif
