/// Box and Muller's method with the logarithm, sine and cosine of fdlibm (Sun Microsystems, 1993), without branches.
#include <string.h>

#include "ck_noise.h"
#include "dispatch.h"
#include "noise_avx512.h"

// Products are fused into sums where the processor can: noise need not have the same bits at every level.
#pragma STDC FP_CONTRACT ON

CK_INLINE uint64_t bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

CK_INLINE double double_of(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/// The parts of log u for u in [2^−65, 1]: u = 2^k · (1 + f) with 1 + f between √½ and √2.
CK_INLINE void split(double u, double *k, double *f) {
  uint64_t bits = bits_of(u);
  // From √½ to √2: mantissas above √2 count as halves.
  uint64_t fraction = bits & 0x000fffffffffffffu;
  uint64_t above = (fraction + 0x00095f6400000000u) & 0x0010000000000000u;
  double m = double_of(fraction | (above ^ 0x3ff0000000000000u));
  uint64_t exponent = (bits >> 52) + (above >> 52);
  // The exponent as a double, by its bits: exact, and a vector operation at every level.
  *k = double_of(0x4330000000000000u | exponent) - (4503599627370496.0 + 1023.0);
  *f = m - 1.0;
}

/// −2 log u by log(1 + f) = f − f²/2 + s · (f²/2 + R(s²)) with s = f / (2 + f).
CK_INLINE double squared_radius(double k, double f, double s) {
  double z = s * s;
  double p = 1.479819860511658591e-01;
  p = p * z + 1.531383769920937332e-01;
  p = p * z + 1.818357216161805012e-01;
  p = p * z + 2.222219843214978396e-01;
  p = p * z + 2.857142874366239149e-01;
  p = p * z + 3.999999999940941908e-01;
  p = p * z + 6.666666666666735130e-01;
  double half = 0.5 * f * f;
  double log = k * 6.93147180369123816490e-01 - ((half - (s * (half + p * z) + k * 1.90821492927058770002e-10)) - f);
  return -2.0 * log;
}

/// For |x| ≤ π/4.
CK_INLINE double sine(double x) {
  double z = x * x;
  double p = 1.58969099521155010221e-10;
  p = p * z - 2.50507602534068634195e-08;
  p = p * z + 2.75573137070700676789e-06;
  p = p * z - 1.98412698298579493134e-04;
  p = p * z + 8.33333333332248946124e-03;
  p = p * z - 1.66666666666666324348e-01;
  return x + x * z * p;
}

CK_INLINE double cosine(double x) {
  double z = x * x;
  double p = -1.13596475577881948265e-11;
  p = p * z + 2.08757232129817482790e-09;
  p = p * z - 2.75573143513906633035e-07;
  p = p * z + 2.48015872894767294178e-05;
  p = p * z - 1.38888888888741095749e-03;
  p = p * z + 4.16666666666666019037e-02;
  return 1.0 - (0.5 * z - z * z * p);
}

/// The nearest integer: adding 1.5 · 2^52 leaves no bits behind the point.
CK_INLINE double nearest(double x) { return (x + 6755399441055744.0) - 6755399441055744.0; }

/// Two independent normal deviates, of the radius r and a word.
CK_INLINE void turned(double r, uint64_t v, double *first, double *second) {
  // Two bits choose an eighth of the circle's turn and a sign, the others the place within ±π/4.
  double angle = (double)(int64_t)(v << 2) * (1.57079632679489661923 * 0x1p-64);
  double s = r * sine(angle), c = r * cosine(angle);
  uint64_t swap = 0 - (v >> 63), sign = (v << 1) & 0x8000000000000000u;
  uint64_t change = (bits_of(s) ^ bits_of(c)) & swap;
  *first = double_of(bits_of(c) ^ change ^ sign);
  *second = double_of(bits_of(s) ^ change ^ sign);
}

/// Two independent normal deviates of the given deviation, of two words.
CK_INLINE void normal_pair(uint64_t w, uint64_t v, double deviation, double *first, double *second) {
  double k, f;
  split(((double)w + 0.5) * 0x1p-64, &k, &f);
  turned(deviation * __builtin_elementwise_sqrt(squared_radius(k, f, f / (2.0 + f))), v, first, second);
}

CK_INLINE void i32_normal_loop(size_t pairs, double deviation, const uint64_t *words, int32_t *out) {
  const char *angles = (const char *)(words + pairs);
  CK_INDEPENDENT for (size_t i = 0; i < pairs; i++) {
    uint32_t angle;
    memcpy(&angle, angles + i * sizeof angle, sizeof angle);
    double first, second;
    normal_pair(words[i], (uint64_t)angle << 32, deviation, &first, &second);
    out[i] = (int32_t)nearest(first);
    out[pairs + i] = (int32_t)nearest(second);
  }
}
CK_LOCAL_KERNEL(
    i32_normal, (size_t pairs, double deviation, const uint64_t *words, int32_t *out), (pairs, deviation, words, out))

void ck_i32_normal(size_t pairs, double deviation, const uint64_t *words, int32_t *out) {
#if CK_X86
  if (ck_dispatch_level() == ck_level_avx512) { return ck_i32_normal_avx512(pairs, deviation, words, out); }
#endif
  i32_normal(pairs, deviation, words, out);
}

CK_INLINE void ck_f32_noised_loop(
    size_t count, const float *x, double to_grid, const int32_t *noise, double factor, double from_grid, float *out) {
  CK_INDEPENDENT for (size_t i = 0; i < count; i++) {
    out[i] = (float)(from_grid * (nearest(to_grid * x[i]) + factor * (double)noise[i]));
  }
}
CK_KERNEL(
    ck_f32_noised,
    (size_t count, const float *x, double to_grid, const int32_t *noise, double factor, double from_grid, float *out),
    (count, x, to_grid, noise, factor, from_grid, out))

CK_INLINE void ck_f32_noised_held_loop(
    size_t count, const float *x, float to_grid, const int32_t *noise, float from_grid, float *out) {
  const float limit = 0x1p30f;
  CK_INDEPENDENT for (size_t i = 0; i < count; i++) {
    float steps = to_grid * x[i];
    float held = steps < -limit ? -limit : steps > limit ? limit : steps;
    int32_t whole = (int32_t)__builtin_elementwise_roundeven(held == held ? held : 0.0f);
    out[i] = held == held ? from_grid * (float)(whole + noise[i]) : held;
  }
}
CK_KERNEL(
    ck_f32_noised_held,
    (size_t count, const float *x, float to_grid, const int32_t *noise, float from_grid, float *out),
    (count, x, to_grid, noise, from_grid, out))

CK_INLINE void ck_f64_noised_loop(
    size_t pairs, const double *x, double to_grid, double deviation, const uint64_t *words, double from_grid,
    double *out) {
  CK_INDEPENDENT for (size_t i = 0; i < pairs; i++) {
    double first, second;
    normal_pair(words[i], words[pairs + i], deviation, &first, &second);
    out[i] = from_grid * (nearest(to_grid * x[i]) + nearest(first));
    out[pairs + i] = from_grid * (nearest(to_grid * x[pairs + i]) + nearest(second));
  }
}
CK_KERNEL(
    ck_f64_noised,
    (size_t pairs, const double *x, double to_grid, double deviation, const uint64_t *words, double from_grid,
     double *out),
    (pairs, x, to_grid, deviation, words, from_grid, out))

CK_INLINE void ck_f64_add_scaled_f32_loop(size_t count, double factor, const float *x, double *sum) {
  CK_INDEPENDENT for (size_t i = 0; i < count; i++) { sum[i] += factor * (double)x[i]; }
}
CK_KERNEL(
    ck_f64_add_scaled_f32, (size_t count, double factor, const float *x, double *sum), (count, factor, x, sum))
