/// Box and Muller's method for sixteen pairs at a time, all in registers.
///
/// Radii are in double precision to 2^-38. Sines and cosines are in single precision, each within 2^-23: given its angle a deviate
/// is the radius times a constant, so that this stretches what an angle adds to a density and leaves no gaps; over the angles
/// that meet in one step such errors are 2^-26 in the mean (Tests/Golden/normal_accuracy.c measures it).
/// Tables and polynomials by Tests/Golden/normal_polynomials.py.
#include "noise_avx512.h"

#include "dispatch.h"

#if CK_X86
#include <immintrin.h>

/// 1/c for c in the middle of each sixteenth of [1, 2), and 2 in the last; and log c.
static const double reciprocals[16] = {
    0x1.f07c1f07c1f08p-1, 0x1.d41d41d41d41dp-1, 0x1.bacf914c1bad0p-1, 0x1.a41a41a41a41ap-1,
    0x1.8f9c18f9c18fap-1, 0x1.7d05f417d05f4p-1, 0x1.6c16c16c16c17p-1, 0x1.5c9882b931057p-1,
    0x1.4e5e0a72f0539p-1, 0x1.4141414141414p-1, 0x1.3521cfb2b78c1p-1, 0x1.29e4129e4129ep-1,
    0x1.1f7047dc11f70p-1, 0x1.15b1e5f75270dp-1, 0x1.0c9714fbcda3bp-1, 0x1.0000000000000p-1};
static const double logarithms[16] = {
    0x1.f829b0e7832f8p-6, 0x1.6f0d28ae56b4ep-4, 0x1.29552f81ff521p-3, 0x1.9525a9cf456b6p-3,
    0x1.fb9186d5e3e29p-3, 0x1.2e8e2bae11d31p-2, 0x1.5d1bdbf5809cap-2, 0x1.89a3386c1425bp-2,
    0x1.b44f77bcc8f64p-2, 0x1.dd46a04c1c4a1p-2, 0x1.02552a5a5d0ffp-1, 0x1.154c3d2f4d5eap-1,
    0x1.2795e1289b11bp-1, 0x1.393e0d3562a1ap-1, 0x1.4a4f85db03ebbp-1, 0x1.62e42fefa39efp-1};

/// Tables for −2 · deviation² · log, in registers.
typedef struct {
  __m512d reciprocals[2], logarithms[2], ln2, powers[6];
} squared_radii;

CK_AVX512 CK_INLINE squared_radii squared_radii_of(double deviation) {
  // log(1 + f) / f for |f| ≤ 1/32, within a relative 2^-37.8.
  static const double powers[6] = {1.0000000000041632, -0.50000000001145070, 0.33333325660858424,
                                   -0.24999990088279822, 0.20020944861278623, -0.16687613759256671};
  __m512d factor = _mm512_set1_pd(-2.0 * deviation * deviation);
  squared_radii tables;
  for (int i = 0; i < 2; i++) {
    tables.reciprocals[i] = _mm512_loadu_pd(reciprocals + 8 * i);
    tables.logarithms[i] = _mm512_mul_pd(factor, _mm512_loadu_pd(logarithms + 8 * i));
  }
  tables.ln2 = _mm512_mul_pd(factor, _mm512_set1_pd(0x1.62e42fefa39efp-1));
  for (int i = 0; i < 6; i++) { tables.powers[i] = _mm512_mul_pd(factor, _mm512_set1_pd(powers[i])); }
  return tables;
}

/// deviation · √(−2 log u) for u = (w + ½) · 2^-64.
CK_AVX512 CK_INLINE __m512d radius(const squared_radii *tables, __m512i w) {
  const __m512d one = _mm512_set1_pd(1.0);
  __m512d u = _mm512_add_pd(_mm512_cvtepu64_pd(w), _mm512_set1_pd(0.5));
  __m512d exponent = _mm512_sub_pd(_mm512_getexp_pd(u), _mm512_set1_pd(64.0));
  __m512d mantissa = _mm512_getmant_pd(u, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero);
  // Its upper four bits choose a place in registers, in the same time for each.
  __m512i place = _mm512_srli_epi64(_mm512_castpd_si512(mantissa), 48);
  __m512d f = _mm512_fmsub_pd(
      mantissa, _mm512_permutex2var_pd(tables->reciprocals[0], place, tables->reciprocals[1]), one);
  __m512d sum = _mm512_fmadd_pd(
      exponent, tables->ln2, _mm512_permutex2var_pd(tables->logarithms[0], place, tables->logarithms[1]));
  __m512d p = tables->powers[5];
#pragma clang loop unroll(full)
  for (int i = 4; i >= 0; i--) { p = _mm512_fmadd_pd(p, f, tables->powers[i]); }
  // Of u = 1 the error alone is left.
  __m512d square = _mm512_max_pd(_mm512_fmadd_pd(f, p, sum), _mm512_set1_pd(1e-300));
  // The root by an estimate of 14 bits, and one step of third order: s(1 + e/2 + 3e²/8) with e = 1 − s²/square.
  __m512d y = _mm512_rsqrt14_pd(square), s = _mm512_mul_pd(square, y), e = _mm512_fnmadd_pd(s, y, one);
  __m512d half = _mm512_fmadd_pd(e, _mm512_set1_pd(0.375), _mm512_set1_pd(0.5));
  return _mm512_fmadd_pd(_mm512_mul_pd(s, e), half, s);
}

/// Cosine and sine of the angles of words: one bit exchanges them, one is their sign, thirty place the angle within ±π/4.
CK_AVX512 CK_INLINE void turns(__m512i words, __m512 *first, __m512 *second) {
  __m512 t = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_slli_epi32(words, 2)), _mm512_set1_ps(0x1p-31f));
  __m512 z = _mm512_mul_ps(t, t);
  // sin(tπ/4), its first coefficient in two parts, and cos(tπ/4).
  const double linear = 0.78539816085417234;
  __m512 p = _mm512_set1_ps(-3.5950452274850454e-5f);
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(0.0024900010240756837f));
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(-0.080745432529178501f));
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps((float)(linear - (double)(float)linear)));
  __m512 sine = _mm512_fmadd_ps(t, _mm512_set1_ps((float)linear), _mm512_mul_ps(t, p));
  __m512 q = _mm512_set1_ps(3.5287616258452395e-6f);
  q = _mm512_fmadd_ps(q, z, _mm512_set1_ps(-0.00032593650043471525f));
  q = _mm512_fmadd_ps(q, z, _mm512_set1_ps(0.015854323912249568f));
  q = _mm512_fmadd_ps(q, z, _mm512_set1_ps(-0.30842513489118828f));
  __m512 cosine = _mm512_fmadd_ps(q, z, _mm512_set1_ps(1.0f));
  __mmask16 exchanged = _mm512_movepi32_mask(words);
  __m512i sign = _mm512_and_si512(_mm512_slli_epi32(words, 1), _mm512_set1_epi32(INT32_MIN));
  *first = _mm512_xor_ps(_mm512_mask_blend_ps(exchanged, cosine, sine), _mm512_castsi512_ps(sign));
  *second = _mm512_xor_ps(_mm512_mask_blend_ps(exchanged, sine, cosine), _mm512_castsi512_ps(sign));
}

/// Sixteen radii times their cosines or sines, rounded to whole steps.
CK_AVX512 CK_INLINE void put(__m512d low, __m512d high, __m512 turn, __mmask16 present, int32_t *out) {
  __m256i below = _mm512_cvtpd_epi32(_mm512_mul_pd(low, _mm512_cvtps_pd(_mm512_castps512_ps256(turn))));
  __m256i above = _mm512_cvtpd_epi32(_mm512_mul_pd(high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(turn, 1))));
  _mm256_mask_storeu_epi32(out, (__mmask8)present, below);
  _mm256_mask_storeu_epi32(out + 8, (__mmask8)(present >> 8), above);
}

CK_AVX512 void ck_i32_normal_avx512(size_t pairs, double deviation, const uint64_t *words, int32_t *out) {
  squared_radii tables = squared_radii_of(deviation);
  const char *angles = (const char *)(words + pairs);
  for (size_t i = 0; i < pairs; i += 16) {
    __mmask16 present = pairs - i < 16 ? (__mmask16)((1u << (pairs - i)) - 1) : 0xffff;
    __m512d low = radius(&tables, _mm512_maskz_loadu_epi64((__mmask8)present, words + i));
    __m512d high = radius(&tables, _mm512_maskz_loadu_epi64((__mmask8)(present >> 8), words + i + 8));
    __m512 first, second;
    turns(_mm512_maskz_loadu_epi32(present, angles + 4 * i), &first, &second);
    put(low, high, first, present, out + i);
    put(low, high, second, present, out + pairs + i);
  }
  // Another core is to read it: down to the cache that both share, where the processor knows how (others take it for nothing).
  for (size_t i = 0; i < 2 * pairs; i += 16) { __asm__ volatile("cldemote (%0)" ::"r"(out + i)); }
}
#endif
