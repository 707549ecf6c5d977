/// Words and bits that become elements of the Galois ring.
#include <string.h>

#include "ck_galois.h"
#include "dispatch.h"

#if CK_X86
#include "transpose_avx512.h"
#endif

enum { degree = ck_galois_degree, parts = ck_galois_parts, spread_count = ck_galois_spread_count, lanes = 8 };
enum { table_count = ck_galois_table_count, corner_count = 8 };

CK_INLINE void sum_where_loop(
    size_t n, const uint64_t *points, const uint64_t *x, size_t stride, size_t count, size_t step, uint64_t *out) {
  for (size_t k = 0; k < count; k++) {
    for (size_t i = 0; i < n; i++) {
      uint64_t word = x[i * stride + k * step], point = points[i];
      for (size_t c = 0; c < degree; c++) { out[k * degree + c] += word & (0 - (point >> c & 1)); }
    }
  }
}

/// Up to 8 bits from a place on.
CK_INLINE unsigned bits_at(const uint64_t *plane, size_t place, size_t count) {
  size_t shift = place % 64;
  uint64_t bits = plane[place / 64] >> shift;
  if (shift + count > 64) { bits |= plane[place / 64 + 1] << (64 - shift); }
  return (unsigned)bits & ((1u << count) - 1);
}

/// How many of `count` places of a part from one on there are.
CK_INLINE size_t present(size_t n, size_t place, size_t count) {
  return place >= n ? 0 : n - place < count ? n - place : count;
}

/// Where the values at {0, 1}^3 are in a table of those at {0, 1, ∞}^3, and from which two values each other one comes,
/// in an order in which they are there.
static const uint8_t corners[corner_count] = {0, 1, 3, 4, 9, 10, 12, 13};
enum { step_count = table_count - corner_count };
#define STEP(zero, unit) {(zero), (zero) + (unit), (zero) + 2 * (unit)}
static const struct {
  uint8_t zero, one, leading;
} steps[step_count] = {
    STEP(0, 9),  STEP(1, 9),  STEP(3, 9),  STEP(4, 9),  STEP(0, 3),  STEP(1, 3),  STEP(9, 3),
    STEP(10, 3), STEP(18, 3), STEP(19, 3), STEP(0, 1),  STEP(3, 1),  STEP(6, 1),  STEP(9, 1),
    STEP(12, 1), STEP(15, 1), STEP(18, 1), STEP(21, 1), STEP(24, 1),
};
#undef STEP

CK_INLINE void spread_loop(
    size_t n, size_t size, size_t from, size_t count, const uint64_t *words, const uint64_t *other, bool are_bits,
    size_t pitch, uint64_t *out) {
  for (size_t p = 0; p < parts; p++) {
    uint64_t *row = out + (corners[p / corner_count] * corner_count + p % corner_count) * pitch;
    for (size_t i = 0; i < count; i++) {
      size_t place = p * size + from + i;
      row[i] = place >= n ? 0 : are_bits ? words[place / 64] >> place % 64 & 1 : words[place];
      if (place < n && other != NULL) { row[i] += other[place]; }
    }
  }
  for (size_t s = 0; s < step_count; s++) {
    for (size_t c = 0; c < corner_count; c++) {
      const uint64_t *zero = out + (steps[s].zero * corner_count + c) * pitch;
      const uint64_t *one = out + (steps[s].one * corner_count + c) * pitch;
      uint64_t *leading = out + (steps[s].leading * corner_count + c) * pitch;
      for (size_t i = 0; i < count; i++) { leading[i] = one[i] - zero[i]; }
    }
  }
}

CK_INLINE void products_loop(
    size_t count, size_t pitch, const uint64_t *left, const uint64_t *right, uint64_t *out) {
  for (size_t i = 0; i < count; i++) {
    uint64_t x[table_count], y[table_count];
    for (size_t c = 0; c < corner_count; c++) {
      x[corners[c]] = left[c * pitch + i];
      y[corners[c]] = right[c * pitch + i];
    }
    for (size_t s = 0; s < step_count; s++) {
      x[steps[s].leading] = x[steps[s].one] - x[steps[s].zero];
      y[steps[s].leading] = y[steps[s].one] - y[steps[s].zero];
    }
    for (size_t t = 0; t < table_count; t++) { out[t * pitch + i] = x[t] * y[t]; }
  }
}

CK_INLINE void select_loop(
    size_t n, size_t size, const uint64_t *plane, const uint64_t *weights, uint64_t *out) {
  for (size_t h = 0; h < size; h++) {
    uint64_t *element = out + h * degree;
    memset(element, 0, degree * sizeof *element);
    for (size_t p = 0; p < parts && p * size + h < n; p++) {
      uint64_t mask = 0 - (plane[(p * size + h) / 64] >> (p * size + h) % 64 & 1);
      for (size_t c = 0; c < degree; c++) { element[c] += weights[p * degree + c] & mask; }
    }
  }
}

#if CK_X86
#define CK_VECTOR_INLINE CK_AVX512 static inline __attribute__((always_inline))

/// Words whose points are looked at together, four at a time: of four words all 16 sums are taken once, and each
/// coefficient takes one of them. Points are public.
enum { run = 32, quads = run / 4, subsets = 16, chunk = 512, runs = chunk / run };

/// Where the sums lie that each coefficient takes, in words, for each four of up to `run` points.
CK_AVX512 static void find_subsets(size_t n, const uint64_t *points, uint16_t offsets[quads][degree]) {
  for (size_t q = 0; q < quads; q++) {
    __m512i low = _mm512_setzero_si512(), high = low;
    for (size_t i = 0; i < 4 && 4 * q + i < n; i++) {
      uint64_t point = points[4 * q + i];
      __m512i weight = _mm512_set1_epi16((short)(2 * lanes << i));
      low = _mm512_mask_or_epi64(low, 0xff, low, _mm512_maskz_mov_epi16((__mmask32)point, weight));
      high = _mm512_mask_or_epi64(high, 0xff, high, _mm512_maskz_mov_epi16((__mmask32)(point >> 32), weight));
    }
    _mm512_storeu_si512(offsets[q], low);
    _mm512_storeu_si512(offsets[q] + 32, high);
  }
}

/// All sums of subsets of four vectors, `pitch` vectors apart.
CK_VECTOR_INLINE void add_subsets(const __m512i rows[4], size_t pitch, __m512i *sums) {
  sums[0] = _mm512_setzero_si512();
  for (size_t i = 0; i < 4; i++) {
    for (size_t s = 0; s < (size_t)1 << i; s++) {
      sums[(s + ((size_t)1 << i)) * pitch] = _mm512_add_epi64(sums[s * pitch], rows[i]);
    }
  }
}

/// Eight words each from eight columns on, of up to eight rows: row i in lanes of vector i.
CK_VECTOR_INLINE void load_rows(
    size_t n, const uint64_t *x, size_t stride, size_t step, __m512i rows[lanes]) {
  if (step == 1) {
    for (size_t i = 0; i < lanes; i++) {
      rows[i] = i < n ? _mm512_loadu_si512(x + i * stride) : _mm512_setzero_si512();
    }
  } else if (stride == 1) {
    __mmask8 mask = n < lanes ? (__mmask8)((1u << n) - 1) : 0xff;
    for (size_t l = 0; l < lanes; l++) { rows[l] = _mm512_maskz_loadu_epi64(mask, x + l * step); }
    ck_transpose_8x8(rows);
  } else {
    __m512i places = _mm512_mullo_epi64(
        _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), _mm512_set1_epi64((long long)step));
    for (size_t i = 0; i < lanes; i++) {
      rows[i] = i < n ? _mm512_i64gather_epi64(places, x + i * stride, 8) : _mm512_setzero_si512();
    }
  }
}

/// `width` columns of eight, 1 or 2, a constant in each call.
CK_VECTOR_INLINE void sum_columns(
    size_t n, const uint16_t (*offsets)[quads][degree], const uint64_t *x, size_t stride, size_t width, size_t step,
    uint64_t *out) {
  __m512i sums[degree][2], tables[quads][subsets][2];
  for (size_t c = 0; c < degree; c++) { sums[c][0] = sums[c][1] = _mm512_setzero_si512(); }
  for (size_t start = 0; start < n; start += run) {
    for (size_t i = 0; i < run; i += lanes) {
      size_t left = start + i < n ? n - start - i : 0;
#pragma clang loop unroll(full)
      for (size_t w = 0; w < width; w++) {
        __m512i rows[lanes];
        load_rows(left < lanes ? left : lanes, x + (start + i) * stride + w * lanes * step, stride, step, rows);
        add_subsets(rows, 2, &tables[i / 4][0][w]);
        add_subsets(rows + 4, 2, &tables[i / 4 + 1][0][w]);
      }
    }
    const uint16_t (*places)[degree] = offsets[start / run];
#pragma clang loop unroll(disable)
    for (size_t c = 0; c < degree; c++) {
      __m512i first = sums[c][0], second = sums[c][1];
#pragma clang loop unroll(full)
      for (size_t q = 0; q < quads; q++) {
        const uint64_t *subset = (const uint64_t *)tables[q] + places[q][c];
        first = _mm512_add_epi64(first, _mm512_load_si512(subset));
        if (width == 2) { second = _mm512_add_epi64(second, _mm512_load_si512(subset + lanes)); }
      }
      sums[c][0] = first;
      sums[c][1] = second;
    }
  }
  for (size_t w = 0; w < width; w++) {
    for (size_t c = 0; c < degree; c += lanes) {
      __m512i block[lanes];
      for (size_t l = 0; l < lanes; l++) { block[l] = sums[c + l][w]; }
      ck_transpose_8x8(block);
      for (size_t l = 0; l < lanes; l++) {
        uint64_t *target = out + (w * lanes + l) * degree + c;
        _mm512_storeu_si512(target, _mm512_add_epi64(_mm512_loadu_si512(target), block[l]));
      }
    }
  }
}

/// One column, whose coefficients are lanes.
CK_VECTOR_INLINE void sum_column(
    size_t n, const uint64_t *points, const uint64_t *x, size_t stride, uint64_t *out) {
  __m512i sum[degree / lanes];
  for (size_t c = 0; c < degree / lanes; c++) { sum[c] = _mm512_loadu_si512(out + c * lanes); }
  for (size_t i = 0; i < n; i++) {
    __m512i word = _mm512_set1_epi64((long long)x[i * stride]);
#pragma clang loop unroll(full)
    for (size_t c = 0; c < degree / lanes; c++) {
      sum[c] = _mm512_mask_add_epi64(sum[c], (__mmask8)(points[i] >> (lanes * c)), sum[c], word);
    }
  }
  for (size_t c = 0; c < degree / lanes; c++) { _mm512_storeu_si512(out + c * lanes, sum[c]); }
}

CK_AVX512 static void sum_where_avx512(
    size_t n, const uint64_t *points, const uint64_t *x, size_t stride, size_t count, size_t step, uint64_t *out) {
  uint16_t offsets[runs][quads][degree];
  size_t k = 0;
  for (size_t start = 0; n > 4 && count >= lanes && start < n; start += chunk) {
    size_t size = n - start < chunk ? n - start : chunk;
    for (size_t i = 0; i < size; i += run) {
      find_subsets(size - i < run ? size - i : run, points + start + i, offsets[i / run]);
    }
    const uint64_t *words = x + start * stride;
    for (k = 0; k + 2 * lanes <= count; k += 2 * lanes) {
      sum_columns(size, offsets, words + k * step, stride, 2, step, out + k * degree);
    }
    for (; k + lanes <= count; k += lanes) {
      sum_columns(size, offsets, words + k * step, stride, 1, step, out + k * degree);
    }
  }
  for (; k < count; k++) { sum_column(n, points, x + k * step, stride, out + k * degree); }
}

CK_AVX512 static void spread_avx512(
    size_t n, size_t size, size_t from, size_t count, const uint64_t *words, const uint64_t *other, bool are_bits,
    size_t pitch, uint64_t *out) {
  const __m512i bit = _mm512_set1_epi64(1);
  for (size_t start = 0; start < count; start += lanes) {
    size_t width = count - start < lanes ? count - start : lanes;
    __mmask8 mask = (__mmask8)((1u << width) - 1);
    for (size_t c = 0; c < corner_count; c++) {
      __m512i values[table_count];
#pragma clang loop unroll(full)
      for (size_t o = 0; o < corner_count; o++) {
        size_t place = (o * corner_count + c) * size + from + start, there = present(n, place, width);
        __m512i value = _mm512_setzero_si512();
        if (there > 0 && are_bits) {
          value = _mm512_maskz_mov_epi64((__mmask8)bits_at(words, place, there), bit);
        } else if (there > 0) {
          __mmask8 is_there = (__mmask8)((1u << there) - 1);
          value = _mm512_maskz_loadu_epi64(is_there, words + place);
          if (other != NULL) { value = _mm512_add_epi64(value, _mm512_maskz_loadu_epi64(is_there, other + place)); }
        }
        values[corners[o]] = value;
      }
#pragma clang loop unroll(full)
      for (size_t s = 0; s < step_count; s++) {
        values[steps[s].leading] = _mm512_sub_epi64(values[steps[s].one], values[steps[s].zero]);
      }
#pragma clang loop unroll(full)
      for (size_t t = 0; t < table_count; t++) {
        _mm512_mask_storeu_epi64(out + (t * corner_count + c) * pitch + start, mask, values[t]);
      }
    }
  }
}

CK_AVX512 static void products_avx512(
    size_t count, size_t pitch, const uint64_t *left, const uint64_t *right, uint64_t *out) {
  for (size_t start = 0; start < count; start += lanes) {
    size_t width = count - start < lanes ? count - start : lanes;
    __mmask8 mask = (__mmask8)((1u << width) - 1);
    __m512i x[table_count], y[table_count];
#pragma clang loop unroll(full)
    for (size_t c = 0; c < corner_count; c++) {
      x[corners[c]] = _mm512_maskz_loadu_epi64(mask, left + c * pitch + start);
      y[corners[c]] = _mm512_maskz_loadu_epi64(mask, right + c * pitch + start);
    }
#pragma clang loop unroll(full)
    for (size_t s = 0; s < step_count; s++) {
      x[steps[s].leading] = _mm512_sub_epi64(x[steps[s].one], x[steps[s].zero]);
      y[steps[s].leading] = _mm512_sub_epi64(y[steps[s].one], y[steps[s].zero]);
    }
#pragma clang loop unroll(full)
    for (size_t t = 0; t < table_count; t++) {
      _mm512_mask_storeu_epi64(out + t * pitch + start, mask, _mm512_mullo_epi64(x[t], y[t]));
    }
  }
}

/// Lanes are places; 16 coefficients at a time.
CK_AVX512 static void select_avx512(
    size_t n, size_t size, const uint64_t *plane, const uint64_t *weights, uint64_t *out) {
  enum { together = 16 };
  for (size_t start = 0; start < size; start += lanes) {
    size_t width = size - start < lanes ? size - start : lanes;
    __mmask8 masks[parts];
    for (size_t p = 0; p < parts; p++) {
      size_t place = p * size + start, there = present(n, place, width);
      masks[p] = there > 0 ? (__mmask8)bits_at(plane, place, there) : 0;
    }
    for (size_t c = 0; c < degree; c += together) {
      __m512i sums[together];
#pragma clang loop unroll(full)
      for (size_t i = 0; i < together; i++) { sums[i] = _mm512_setzero_si512(); }
      for (size_t p = 0; p < parts; p++) {
#pragma clang loop unroll(full)
        for (size_t i = 0; i < together; i++) {
          sums[i] = _mm512_mask_add_epi64(
              sums[i], masks[p], sums[i], _mm512_set1_epi64((long long)weights[p * degree + c + i]));
        }
      }
      for (size_t i = 0; i < together; i += lanes) {
        ck_transpose_8x8(sums + i);
        for (size_t l = 0; l < width; l++) {
          _mm512_storeu_si512(out + (start + l) * degree + c + i, sums[i + l]);
        }
      }
    }
  }
}
#endif

void ck_galois_sum_where(
    size_t n, const uint64_t *points, const uint64_t *x, size_t stride, size_t count, size_t step, uint64_t *out) {
#if CK_X86
  if (ck_dispatch_level() == ck_level_avx512) {
    sum_where_avx512(n, points, x, stride, count, step, out);
    return;
  }
#endif
  sum_where_loop(n, points, x, stride, count, step, out);
}

void ck_galois_spread(
    size_t n, size_t from, size_t count, const uint64_t *words, const uint64_t *other, bool are_bits, size_t pitch,
    uint64_t *out) {
  size_t size = (n + parts - 1) / parts;
#if CK_X86
  if (ck_dispatch_level() == ck_level_avx512) {
    spread_avx512(n, size, from, count, words, other, are_bits, pitch, out);
    return;
  }
#endif
  spread_loop(n, size, from, count, words, other, are_bits, pitch, out);
}

void ck_galois_products(size_t count, size_t pitch, const uint64_t *left, const uint64_t *right, uint64_t *out) {
#if CK_X86
  if (ck_dispatch_level() == ck_level_avx512) {
    products_avx512(count, pitch, left, right, out);
    return;
  }
#endif
  products_loop(count, pitch, left, right, out);
}

void ck_galois_select(size_t n, const uint64_t *plane, const uint64_t *weights, uint64_t *out) {
  size_t size = (n + parts - 1) / parts;
#if CK_X86
  if (ck_dispatch_level() == ck_level_avx512) {
    select_avx512(n, size, plane, weights, out);
    return;
  }
#endif
  select_loop(n, size, plane, weights, out);
}
