/// exp, log, tanh, the logistic and the normal distribution function by the polynomials of the Cephes library (S. L. Moshier), without branches.
#include <stdint.h>
#include <string.h>

#include "ck_float.h"
#include "dispatch.h"

#pragma STDC FP_CONTRACT OFF

CK_INLINE uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

CK_INLINE float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/// ln 2 in two parts, the first of few enough bits that its multiples are exact.
static const float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;

/// e^x = 2^n · e^r with |r| ≤ ln 2 / 2. The power of two is applied in halves, so that subnormal results round once.
CK_INLINE float exponential(float x) {
  // Beyond these bounds the result is infinite or zero anyway; a NaN passes both comparisons.
  x = x > 89.0f ? 89.0f : x;
  x = x < -104.0f ? -104.0f : x;
  // Adding 1.5 · 2^23 leaves the nearest integer in the low bits.
  const float shift = 12582912.0f;
  float shifted = x * 1.44269504088896341f + shift;
  int32_t n = (int32_t)(bits_of(shifted) - bits_of(shift));
  float whole = shifted - shift;
  float r = x - whole * ln2_high - whole * ln2_low;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  int32_t half = n >> 1;
  return p * float_of((uint32_t)(half + 127) << 23) * float_of((uint32_t)(n - half + 127) << 23);
}

/// log x = log m + e · ln 2 with m between √½ and √2.
CK_INLINE float logarithm(float x) {
  int small = x < 1.17549435e-38f;
  uint32_t bits = bits_of(small ? x * 8388608.0f : x);
  float e = (float)((int32_t)(bits >> 23 & 0xff) - (small ? 149 : 126));
  float m = float_of((bits & 0x007fffff) | 0x3f000000);
  int low = m < 0.707106781186547524f;
  e = low ? e - 1.0f : e;
  m = low ? m + m - 1.0f : m - 1.0f;
  float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  p = p * m * z + e * ln2_low - 0.5f * z;
  float result = m + p + e * ln2_high;
  const float infinity = __builtin_inff();
  result = x < infinity ? result : x;
  result = x < 0.0f ? __builtin_nanf("") : result;
  return x == 0.0f ? -infinity : result;
}

/// The odd series near zero, elsewhere 1 − 2 / (e^2|x| + 1).
CK_INLINE float hyperbolic_tangent(float x) {
  float size = __builtin_fabsf(x);
  float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float near = p * z * x + x;
  float far = __builtin_copysignf(1.0f - 2.0f / (exponential(size + size) + 1.0f), x);
  return size < 0.625f ? near : far;
}

/// Through e^−|x|, so that nothing overflows and small results keep their digits.
CK_INLINE float logistic(float x) {
  float e = exponential(-__builtin_fabsf(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/// Φ(x) = (1 + erf u) / 2 with u = x / √2: the odd series near zero, elsewhere e^−u² times a series in 1/|u|.
CK_INLINE float normal_distribution(float x) {
  float u = x * 0.70710678118654752f;
  float size = __builtin_fabsf(u), z = u * u;
  float p = 7.853861353153693e-5f;
  p = p * z - 8.010193625184903e-4f;
  p = p * z + 5.188327685732524e-3f;
  p = p * z - 2.685381193529856e-2f;
  p = p * z + 1.128358514861418e-1f;
  p = p * z - 3.761262582423300e-1f;
  p = p * z + 1.128379165726710e+0f;
  float near = 0.5f + 0.5f * (p * u);
  float q = 1.0f / size, s = q * q;
  float a = 2.326819970068386e-2f;
  a = a * s - 1.387039388740657e-1f;
  a = a * s + 3.687424674597105e-1f;
  a = a * s - 5.824733027278666e-1f;
  a = a * s + 6.210004621745983e-1f;
  a = a * s - 4.944515323274145e-1f;
  a = a * s + 3.404879937665872e-1f;
  a = a * s - 2.741127028184656e-1f;
  a = a * s + 5.638259427386472e-1f;
  float b = -1.047766399936249e+1f;
  b = b * s + 1.297719955372516e+1f;
  b = b * s - 7.495518717768503e+0f;
  b = b * s + 2.921019019210786e+0f;
  b = b * s - 1.015265279202700e+0f;
  b = b * s + 4.218463358204948e-1f;
  b = b * s - 2.820767439740514e-1f;
  b = b * s + 5.641895067754075e-1f;
  float tail = 0.5f * exponential(-z) * q * (size < 2.0f ? a : b);
  float far = x < 0.0f ? tail : 1.0f - tail;
  return size < 1.0f ? near : far;
}

/// Below −15 both are zero in this precision; a NaN passes the comparisons.
CK_INLINE float gelu(float x) {
  float bounded = x < -15.0f ? -15.0f : x;
  return bounded * normal_distribution(bounded);
}

CK_INLINE float gelu_gradient(float x) {
  float bounded = x < -15.0f ? -15.0f : x;
  bounded = bounded > 15.0f ? 15.0f : bounded;
  float density = exponential(-0.5f * (bounded * bounded)) * 0.39894228040143268f;
  return normal_distribution(bounded) + bounded * density;
}

#define FUNCTION(name, function) \
  CK_INLINE void name##_loop(size_t n, const float *x, float *y) { \
    CK_INDEPENDENT for (size_t i = 0; i < n; i++) { y[i] = function(x[i]); } \
  } \
  CK_KERNEL(name, (size_t n, const float *x, float *y), (n, x, y))

FUNCTION(ck_f32_exp, exponential)
FUNCTION(ck_f32_log, logarithm)
FUNCTION(ck_f32_tanh, hyperbolic_tangent)
FUNCTION(ck_f32_sigmoid, logistic)
FUNCTION(ck_f32_gelu, gelu)
FUNCTION(ck_f32_gelu_grad, gelu_gradient)
