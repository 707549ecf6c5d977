#include "ck_galois.h"

#include <string.h>

#include "dispatch.h"

#if CK_X86
#include <immintrin.h>
#endif

enum { degree = ck_galois_degree, doubled = 2 * degree };

/// out += what is left of a polynomial of 127 coefficients: X^64 = −(X^4 + X^3 + X + 1).
CK_INLINE void add_reduced(const uint64_t wide[doubled], uint64_t *out) {
  uint64_t padded[4 + degree + 4] = {0}, folded[degree + 4];
  memcpy(padded + 4, wide + degree, degree * sizeof *wide);
  for (size_t i = 0; i < degree + 4; i++) { folded[i] = padded[4 + i] + padded[3 + i] + padded[1 + i] + padded[i]; }
  for (size_t i = 0; i < 4; i++) {
    uint64_t high = folded[degree + i];
    folded[i] -= high;
    folded[i + 1] -= high;
    folded[i + 3] -= high;
    folded[i + 4] -= high;
  }
  for (size_t i = 0; i < degree; i++) { out[i] += wide[i] - folded[i]; }
}

CK_INLINE void dot_loop(size_t n, const uint64_t *a, const uint64_t *b, uint64_t wide[doubled]) {
  for (size_t e = 0; e < n; e++) {
    for (size_t i = 0; i < degree; i++) {
      uint64_t factor = a[e * degree + i];
      for (size_t j = 0; j < degree; j++) { wide[i + j] += factor * b[e * degree + j]; }
    }
  }
}

/// out = point · a
CK_INLINE void times_point(uint64_t point, const uint64_t a[degree], uint64_t out[degree]) {
  uint64_t wide[doubled] = {0};
  for (size_t s = 0; s < degree; s++) {
    uint64_t mask = 0 - (point >> s & 1);
    for (size_t i = 0; i < degree; i++) { wide[s + i] += a[i] & mask; }
  }
  memset(out, 0, degree * sizeof *out);
  add_reduced(wide, out);
}

CK_INLINE void fold_loop(size_t n, uint64_t point, uint64_t *in) {
  for (size_t e = 0; e < n; e++) {
    uint64_t *low = in + e * degree, difference[degree], product[degree];
    for (size_t i = 0; i < degree; i++) { difference[i] = in[(n + e) * degree + i] - low[i]; }
    times_point(point, difference, product);
    for (size_t i = 0; i < degree; i++) { low[i] += product[i]; }
  }
}

CK_INLINE void scale_loop(size_t n, const uint64_t *points, uint64_t *a) {
  for (size_t e = 0; e < n; e++) {
    uint64_t product[degree];
    times_point(points[e], a + e * degree, product);
    memcpy(a + e * degree, product, sizeof product);
  }
}

#if CK_X86
#define CK_VECTOR_INLINE CK_AVX512 static inline __attribute__((always_inline))

/// Three levels of Karatsuba's products: 27 of polynomials of 8 coefficients.
enum { lanes = 8, blocks = degree / lanes, factors = 27, batch = 8 };

/// The sums of blocks that are multiplied, `pitch` vectors apart.
CK_VECTOR_INLINE void evaluate(const uint64_t *a, size_t pitch, __m512i *out) {
  __m512i quarters[12], pairs[18];
  for (size_t q = 0; q < 4; q++) {
    quarters[q] = _mm512_loadu_si512(a + lanes * q);
    quarters[4 + q] = _mm512_loadu_si512(a + lanes * (4 + q));
    quarters[8 + q] = _mm512_add_epi64(quarters[q], quarters[4 + q]);
  }
  for (size_t g = 0; g < 3; g++) {
    for (size_t q = 0; q < 2; q++) {
      pairs[6 * g + q] = quarters[4 * g + q];
      pairs[6 * g + 2 + q] = quarters[4 * g + 2 + q];
      pairs[6 * g + 4 + q] = _mm512_add_epi64(quarters[4 * g + q], quarters[4 * g + 2 + q]);
    }
  }
  for (size_t g = 0; g < 9; g++) {
    out[(3 * g) * pitch] = pairs[2 * g];
    out[(3 * g + 1) * pitch] = pairs[2 * g + 1];
    out[(3 * g + 2) * pitch] = _mm512_add_epi64(pairs[2 * g], pairs[2 * g + 1]);
  }
}

/// out[4·half] = the product of (l + h T)(l' + h' T), T = X^half, of which the products of both l, of both h and of
/// both sums are given in 2·half words each.
CK_INLINE void combine(size_t half, const uint64_t *products, uint64_t *out) {
  const uint64_t *low = products, *high = products + 2 * half, *both = products + 4 * half;
  memcpy(out, low, 2 * half * sizeof *out);
  memcpy(out + 2 * half, high, 2 * half * sizeof *out);
  for (size_t i = 0; i < 2 * half; i++) { out[half + i] += both[i] - low[i] - high[i]; }
}

CK_AVX512 static void dot_avx512(size_t n, const uint64_t *a, const uint64_t *b, uint64_t wide[doubled]) {
  __m512i sums[factors][lanes], x[factors][batch], y[factors][batch];
  memset(sums, 0, sizeof sums);
  for (size_t start = 0; start < n; start += batch) {
    size_t count = n - start < batch ? n - start : batch;
    for (size_t e = 0; e < count; e++) {
      evaluate(a + (start + e) * degree, batch, &x[0][e]);
      evaluate(b + (start + e) * degree, batch, &y[0][e]);
    }
    for (size_t p = 0; p < factors; p++) {
      __m512i sum[lanes];
      for (size_t t = 0; t < lanes; t++) { sum[t] = sums[p][t]; }
      for (size_t e = 0; e < count; e++) {
        const long long *left = (const long long *)&x[p][e];
        __m512i right = y[p][e];
        for (size_t t = 0; t < lanes; t++) {
          sum[t] = _mm512_add_epi64(sum[t], _mm512_mullo_epi64(_mm512_set1_epi64(left[t]), right));
        }
      }
      for (size_t t = 0; t < lanes; t++) { sums[p][t] = sum[t]; }
    }
  }
  uint64_t small[factors][2 * lanes], middle[9][4 * lanes], large[3][8 * lanes];
  for (size_t p = 0; p < factors; p++) {
    const __m512i zero = _mm512_setzero_si512();
    __m512i low = sums[p][0], high = zero;
#define SHIFTED(t) \
  low = _mm512_add_epi64(low, _mm512_alignr_epi64(sums[p][t], zero, lanes - (t))); \
  high = _mm512_add_epi64(high, _mm512_alignr_epi64(zero, sums[p][t], lanes - (t)));
    SHIFTED(1) SHIFTED(2) SHIFTED(3) SHIFTED(4) SHIFTED(5) SHIFTED(6) SHIFTED(7)
#undef SHIFTED
    _mm512_storeu_si512(small[p], low);
    _mm512_storeu_si512(small[p] + lanes, high);
  }
  for (size_t g = 0; g < 9; g++) { combine(lanes, small[3 * g], middle[g]); }
  for (size_t g = 0; g < 3; g++) { combine(2 * lanes, middle[3 * g], large[g]); }
  combine(4 * lanes, large[0], wide);
}

/// wide[q … q + 8] += a, where the point has a 1 at X^(8q + r): by a branch, which is right where one point comes again
/// and again, or by a mask. Points are public.
#define ADD_WHERE(q) \
  if (is_repeated) { \
    if (bits >> (lanes * (q)) & 1) { ADD_ALL(q, _mm512_add_epi64(wide[(q) + c], shifted[c])) } \
  } else { \
    __mmask8 mask = (__mmask8)(0 - (bits >> (lanes * (q)) & 1)); \
    ADD_ALL(q, _mm512_mask_add_epi64(wide[(q) + c], mask, wide[(q) + c], shifted[c])) \
  }
#define ADD_ALL(q, sum) \
  _Pragma("clang loop unroll(full)") for (size_t c = 0; c <= blocks; c++) { wide[(q) + c] = sum; }

/// out += point · a, in vectors: powers of X^8 are whole vectors, `a` moves on by one word seven times. `is_repeated`
/// is a constant in each call.
CK_VECTOR_INLINE void add_times_point(uint64_t point, int is_repeated, const __m512i a[blocks], __m512i out[blocks]) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i wide[2 * blocks], shifted[blocks + 1];
#pragma clang loop unroll(full)
  for (size_t c = 0; c < 2 * blocks; c++) { wide[c] = zero; }
#pragma clang loop unroll(full)
  for (size_t c = 0; c < blocks; c++) { shifted[c] = a[c]; }
  shifted[blocks] = zero;
  uint64_t bits = point;
#pragma clang loop unroll(disable)
  for (size_t r = 0; r < lanes; r++) {
    ADD_WHERE(0) ADD_WHERE(1) ADD_WHERE(2) ADD_WHERE(3) ADD_WHERE(4) ADD_WHERE(5) ADD_WHERE(6) ADD_WHERE(7)
    bits >>= 1;
#pragma clang loop unroll(full)
    for (size_t c = blocks + 1; c-- > 0;) {
      shifted[c] = _mm512_alignr_epi64(shifted[c], c > 0 ? shifted[c - 1] : zero, 7);
    }
  }
  // X^64 = −(X^4 + X^3 + X + 1), twice.
  __m512i folded[blocks + 1];
#pragma clang loop unroll(full)
  for (size_t c = 0; c <= blocks; c++) {
    __m512i high = c < blocks ? wide[blocks + c] : zero, below = c > 0 ? wide[blocks + c - 1] : zero;
    __m512i first = _mm512_add_epi64(high, _mm512_alignr_epi64(high, below, 7));
    __m512i others = _mm512_add_epi64(_mm512_alignr_epi64(high, below, 5), _mm512_alignr_epi64(high, below, 4));
    folded[c] = _mm512_add_epi64(first, others);
  }
  __m512i top = folded[blocks];
  __m512i once = _mm512_add_epi64(top, _mm512_alignr_epi64(top, zero, 7));
  __m512i more = _mm512_add_epi64(_mm512_alignr_epi64(top, zero, 5), _mm512_alignr_epi64(top, zero, 4));
  folded[0] = _mm512_sub_epi64(folded[0], _mm512_add_epi64(once, more));
#pragma clang loop unroll(full)
  for (size_t c = 0; c < blocks; c++) {
    out[c] = _mm512_add_epi64(out[c], _mm512_sub_epi64(wide[c], folded[c]));
  }
}

CK_AVX512 static void fold_avx512(size_t n, uint64_t point, uint64_t *in) {
  for (size_t e = 0; e < n; e++) {
    __m512i low[blocks], difference[blocks];
    for (size_t c = 0; c < blocks; c++) {
      low[c] = _mm512_loadu_si512(in + e * degree + c * lanes);
      difference[c] = _mm512_sub_epi64(_mm512_loadu_si512(in + (n + e) * degree + c * lanes), low[c]);
    }
    add_times_point(point, 1, difference, low);
    for (size_t c = 0; c < blocks; c++) { _mm512_storeu_si512(in + e * degree + c * lanes, low[c]); }
  }
}

CK_AVX512 static void scale_avx512(size_t n, const uint64_t *points, uint64_t *a) {
  for (size_t e = 0; e < n; e++) {
    __m512i factor[blocks], product[blocks];
    for (size_t c = 0; c < blocks; c++) {
      factor[c] = _mm512_loadu_si512(a + e * degree + c * lanes);
      product[c] = _mm512_setzero_si512();
    }
    add_times_point(points[e], 0, factor, product);
    for (size_t c = 0; c < blocks; c++) { _mm512_storeu_si512(a + e * degree + c * lanes, product[c]); }
  }
}
#endif

void ck_galois_dot(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out) {
  uint64_t wide[doubled] = {0};
#if CK_X86
  if (ck_dispatch_level() == ck_level_avx512) {
    dot_avx512(n, a, b, wide);
    add_reduced(wide, out);
    return;
  }
#endif
  dot_loop(n, a, b, wide);
  add_reduced(wide, out);
}

void ck_galois_scale(size_t n, const uint64_t *points, uint64_t *a) {
#if CK_X86
  if (ck_dispatch_level() == ck_level_avx512) {
    scale_avx512(n, points, a);
    return;
  }
#endif
  scale_loop(n, points, a);
}

void ck_galois_fold(size_t n, uint64_t point, uint64_t *in) {
#if CK_X86
  if (ck_dispatch_level() == ck_level_avx512) {
    fold_avx512(n, point, in);
    return;
  }
#endif
  fold_loop(n, point, in);
}
