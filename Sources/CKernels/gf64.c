#include "ck_gf64.h"

#include <stdbool.h>

#include "dispatch.h"
#include "monomial_borrow.h"

#if CK_X86
#include <immintrin.h>
#endif

typedef unsigned __int128 wide;

/// The low 64 bits of what is left of a polynomial of degree below 128: t^64 = t^4 + t^3 + t + 1.
CK_INLINE uint64_t reduce(wide value) {
  uint64_t high = (uint64_t)(value >> 64);
  wide folded = (wide)high ^ (wide)high << 1 ^ (wide)high << 3 ^ (wide)high << 4;
  uint64_t rest = (uint64_t)(folded >> 64);
  return (uint64_t)value ^ (uint64_t)folded ^ rest ^ rest << 1 ^ rest << 3 ^ rest << 4;
}

CK_INLINE wide carryless(uint64_t a, uint64_t b) {
  wide product = 0;
  for (unsigned i = 0; i < 64; i++) { product ^= ((wide)a << i) & (0 - (wide)(b >> i & 1)); }
  return product;
}

#if CK_X86
__attribute__((target("sse2,pclmul"))) static uint64_t dot_instructions(
    size_t n, const uint64_t *a, const uint64_t *b) {
  __m128i sum = _mm_setzero_si128();
  for (size_t i = 0; i < n; i++) {
    sum = _mm_xor_si128(
        sum, _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)a[i]), _mm_cvtsi64_si128((long long)b[i]), 0));
  }
  uint64_t halves[2];
  _mm_storeu_si128((__m128i *)halves, sum);
  return reduce((wide)halves[1] << 64 | halves[0]);
}

__attribute__((target("sse2,pclmul"))) static void fold_instructions(
    size_t n, size_t k, const uint64_t *coefficients, const uint64_t *in, uint64_t *out) {
  const __m128i tail = _mm_cvtsi64_si128(0x1b);
  for (size_t i = 0; i < n; i++) {
    __m128i sum = _mm_setzero_si128();
    for (size_t j = 0; j < k; j++) {
      sum = _mm_xor_si128(
          sum,
          _mm_clmulepi64_si128(
              _mm_cvtsi64_si128((long long)coefficients[j]), _mm_cvtsi64_si128((long long)in[j * n + i]), 0));
    }
    __m128i folded = _mm_clmulepi64_si128(sum, tail, 1), rest = _mm_clmulepi64_si128(folded, tail, 1);
    out[i] = (uint64_t)_mm_cvtsi128_si64(_mm_xor_si128(_mm_xor_si128(sum, folded), rest));
  }
}

__attribute__((target("sse2,pclmul"))) static void scale_instructions(size_t n, const uint64_t *b, uint64_t *a) {
  const __m128i tail = _mm_cvtsi64_si128(0x1b);
  for (size_t i = 0; i < n; i++) {
    __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)a[i]), _mm_cvtsi64_si128((long long)b[i]), 0);
    __m128i folded = _mm_clmulepi64_si128(product, tail, 1), rest = _mm_clmulepi64_si128(folded, tail, 1);
    a[i] = (uint64_t)_mm_cvtsi128_si64(_mm_xor_si128(_mm_xor_si128(product, folded), rest));
  }
}

#define CK_CLMUL __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl,pclmul,vpclmulqdq")))

/// What is left of products, those of the even places and those of the odd ones.
CK_CLMUL CK_INLINE __m512i reduce_vectors(__m512i even, __m512i odd) {
  const __m512i tail = _mm512_set1_epi64(0x1b);
  __m512i even_folded = _mm512_clmulepi64_epi128(even, tail, 0x01);
  __m512i odd_folded = _mm512_clmulepi64_epi128(odd, tail, 0x01);
  __m512i even_rest = _mm512_clmulepi64_epi128(even_folded, tail, 0x01);
  __m512i odd_rest = _mm512_clmulepi64_epi128(odd_folded, tail, 0x01);
  return _mm512_unpacklo_epi64(
      _mm512_ternarylogic_epi64(even, even_folded, even_rest, 0x96),
      _mm512_ternarylogic_epi64(odd, odd_folded, odd_rest, 0x96));
}

CK_CLMUL CK_INLINE __mmask8 lanes_from(size_t n, size_t place) {
  return n >= place + 8 ? 0xff : (__mmask8)((1u << (n - place)) - 1);
}

CK_CLMUL static void fold_vectors(
    size_t n, size_t k, const uint64_t *coefficients, const uint64_t *in, uint64_t *out) {
  for (size_t i = 0; i < n; i += 8) {
    __mmask8 mask = lanes_from(n, i);
    __m512i even = _mm512_setzero_si512(), odd = even;
    for (size_t j = 0; j < k; j++) {
      __m512i x = _mm512_maskz_loadu_epi64(mask, in + j * n + i);
      __m512i coefficient = _mm512_set1_epi64((long long)coefficients[j]);
      even = _mm512_xor_si512(even, _mm512_clmulepi64_epi128(x, coefficient, 0x00));
      odd = _mm512_xor_si512(odd, _mm512_clmulepi64_epi128(x, coefficient, 0x01));
    }
    _mm512_mask_storeu_epi64(out + i, mask, reduce_vectors(even, odd));
  }
}

CK_CLMUL static void scale_vectors(size_t n, const uint64_t *b, uint64_t *a) {
  for (size_t i = 0; i < n; i += 8) {
    __mmask8 mask = lanes_from(n, i);
    __m512i x = _mm512_maskz_loadu_epi64(mask, a + i), y = _mm512_maskz_loadu_epi64(mask, b + i);
    _mm512_mask_storeu_epi64(
        a + i, mask,
        reduce_vectors(_mm512_clmulepi64_epi128(x, y, 0x00), _mm512_clmulepi64_epi128(x, y, 0x11)));
  }
}

/// Eight products at a time, reduced once.
CK_CLMUL static uint64_t dot_vectors(
    size_t n, const uint64_t *a, const uint64_t *b) {
  __m512i sum[2][2];
  for (size_t r = 0; r < 4; r++) { sum[r / 2][r % 2] = _mm512_setzero_si512(); }
  for (size_t i = 0; i < n; i += 16) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < 2; r++) {
      size_t place = i + 8 * r;
      __mmask8 mask = n >= place + 8 ? 0xff : n > place ? (__mmask8)((1u << (n - place)) - 1) : 0;
      __m512i x = _mm512_maskz_loadu_epi64(mask, a + place), y = _mm512_maskz_loadu_epi64(mask, b + place);
      sum[r][0] = _mm512_xor_si512(sum[r][0], _mm512_clmulepi64_epi128(x, y, 0x00));
      sum[r][1] = _mm512_xor_si512(sum[r][1], _mm512_clmulepi64_epi128(x, y, 0x11));
    }
  }
  uint64_t halves[8];
  _mm512_storeu_si512(
      halves, _mm512_xor_si512(_mm512_xor_si512(sum[0][0], sum[0][1]), _mm512_xor_si512(sum[1][0], sum[1][1])));
  return reduce(
      (wide)(halves[1] ^ halves[3] ^ halves[5] ^ halves[7]) << 64 | (halves[0] ^ halves[2] ^ halves[4] ^ halves[6]));
}

static bool has_vectors(void) {
  return ck_dispatch_level() == ck_level_avx512 && __builtin_cpu_supports("vpclmulqdq");
}

static bool has_instructions(void) {
  return ck_dispatch_level() != ck_level_portable && __builtin_cpu_supports("pclmul");
}
#endif

uint64_t ck_gf64_dot(size_t n, const uint64_t *a, const uint64_t *b) {
#if CK_X86
  if (n >= 8 && has_vectors()) { return dot_vectors(n, a, b); }
  if (has_instructions()) { return dot_instructions(n, a, b); }
#endif
  wide sum = 0;
  for (size_t i = 0; i < n; i++) { sum ^= carryless(a[i], b[i]); }
  return reduce(sum);
}

void ck_gf64_fold(size_t n, size_t k, const uint64_t *coefficients, const uint64_t *in, uint64_t *out) {
#if CK_X86
  if (n >= 8 && has_vectors()) {
    fold_vectors(n, k, coefficients, in, out);
    return;
  }
  if (has_instructions()) {
    fold_instructions(n, k, coefficients, in, out);
    return;
  }
#endif
  for (size_t i = 0; i < n; i++) {
    wide sum = 0;
    for (size_t j = 0; j < k; j++) { sum ^= carryless(coefficients[j], in[j * n + i]); }
    out[i] = reduce(sum);
  }
}

void ck_gf64_scale(size_t n, const uint64_t *b, uint64_t *a) {
#if CK_X86
  if (n >= 8 && has_vectors()) {
    scale_vectors(n, b, a);
    return;
  }
  if (has_instructions()) {
    scale_instructions(n, b, a);
    return;
  }
#endif
  for (size_t i = 0; i < n; i++) { a[i] = reduce(carryless(a[i], b[i])); }
}

uint64_t ck_gf64_multiply(uint64_t a, uint64_t b) { return ck_gf64_dot(1, &a, &b); }

/// Calls the statement with i and, in `w` and `s`, where its bit lies.
#define FOR_EACH_BIT(n, ...) \
  for (size_t w = 0; w * 64 < (n); w++) { \
    size_t left = (n) - w * 64 < 64 ? (n) - w * 64 : 64; \
    for (size_t s = 0; s < left; s++) { \
      size_t i = w * 64 + s; \
      __VA_ARGS__ \
    } \
  }
#define MASK(bits) (0 - ((bits) >> s & 1))

CK_INLINE void sum_where_loop(size_t n, const uint64_t *bits, const uint64_t *a, uint64_t *sum) {
  uint64_t total = 0;
  FOR_EACH_BIT(n, { total ^= a[i] & MASK(bits[w]); })
  *sum = total;
}
CK_LOCAL_KERNEL(sum_where, (size_t n, const uint64_t *bits, const uint64_t *a, uint64_t *sum), (n, bits, a, sum))

uint64_t ck_gf64_sum_where(size_t n, const uint64_t *bits, const uint64_t *a) {
  uint64_t sum;
  sum_where(n, bits, a, &sum);
  return sum;
}

CK_INLINE void ck_gf64_where_loop(size_t n, const uint64_t *bits, const uint64_t *a, uint64_t *out) {
  FOR_EACH_BIT(n, { out[i] = a[i] & MASK(bits[w]); })
}
CK_KERNEL(ck_gf64_where, (size_t n, const uint64_t *bits, const uint64_t *a, uint64_t *out), (n, bits, a, out))

CK_INLINE void ck_gf64_add_where_loop(size_t n, uint64_t delta, const uint64_t *bits, uint64_t *macs) {
  FOR_EACH_BIT(n, { macs[i] ^= delta & MASK(bits[w]); })
}
CK_KERNEL(ck_gf64_add_where, (size_t n, uint64_t delta, const uint64_t *bits, uint64_t *macs), (n, delta, bits, macs))

CK_INLINE void ck_gf64_beaver_and_loop(
    size_t n, uint64_t delta, const uint64_t *e, const uint64_t *f, const uint64_t *a, const uint64_t *b, uint64_t *z) {
  FOR_EACH_BIT(n, {
    uint64_t ei = MASK(e[w]), fi = MASK(f[w]);
    z[i] ^= (ei & (b[i] ^ (fi & delta))) ^ (fi & a[i]);
  })
}
CK_KERNEL(
    ck_gf64_beaver_and,
    (size_t n, uint64_t delta, const uint64_t *e, const uint64_t *f, const uint64_t *a, const uint64_t *b, uint64_t *z),
    (n, delta, e, f, a, b, z))

typedef uint64_t unaligned_word __attribute__((aligned(1), may_alias));

/// As in `dealt.c`, with the key in place of the empty monomial.
#define MONOMIAL(s) ((s) == 0 ? delta : ((const unaligned_word *)monomials)[((s) - 1) * n + i])
#define NOT_PUBLIC(plane) MASK(~c[(plane) * stride + w])

/// `size` is a constant in each call.
CK_INLINE void monomial_borrow(
    size_t n, unsigned size, uint64_t delta, size_t stride, const uint64_t *c, const void *monomials,
    uint64_t *generate, uint64_t *propagate) {
  FOR_EACH_BIT(n, { MONOMIAL_BORROW(NOT_PUBLIC, generate[i], propagate[i]); })
}

CK_INLINE void ck_gf64_monomial_borrow_loop(
    size_t n, unsigned size, uint64_t delta, size_t stride, const uint64_t *c, const void *monomials,
    uint64_t *generate, uint64_t *propagate) {
#define AT(size) monomial_borrow(n, size, delta, stride, c, monomials, generate, propagate)
  AT_CONSTANT_SIZE(size, AT)
#undef AT
}
CK_KERNEL(
    ck_gf64_monomial_borrow,
    (size_t n, unsigned size, uint64_t delta, size_t stride, const uint64_t *c, const void *monomials,
     uint64_t *generate, uint64_t *propagate),
    (n, size, delta, stride, c, monomials, generate, propagate))
