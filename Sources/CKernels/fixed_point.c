#include "ck_fixed_point.h"

#include "dispatch.h"

#pragma STDC FP_CONTRACT OFF

/// Writes whether all fit to `fits`, since a kernel of `CK_KERNEL` returns nothing.
CK_INLINE void encode_loop(
    size_t n, const float *values, double scale, double limit, uint64_t *words, bool *fits) {
  // Adding 1.5 · 2^52 and subtracting it rounds numbers below 2^51; a scaled float beyond 2^24 is whole already.
  const double shift = 6755399441055744.0;
  uint64_t misfits = 0;
#pragma clang loop vectorize(assume_safety)
  for (size_t i = 0; i < n; i++) {
    double scaled = (double)values[i] * scale, size = __builtin_fabs(scaled);
    double rounded = size < 0x1p51 ? (scaled + shift) - shift : scaled;
    // A comparison with a NaN is false.
    bool inside = size < limit;
    misfits |= !inside;
    words[i] = (uint64_t)(int64_t)(inside ? rounded : 0.0);
  }
  *fits = misfits == 0;
}
CK_LOCAL_KERNEL(
    encode, (size_t n, const float *values, double scale, double limit, uint64_t *words, bool *fits),
    (n, values, scale, limit, words, fits))

bool ck_f32_encode(size_t n, const float *values, double scale, double limit, uint64_t *words) {
  bool fits;
  encode(n, values, scale, limit, words, &fits);
  return fits;
}

CK_INLINE void ck_f32_decode_loop(size_t n, const uint64_t *words, float scale, float *values) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { values[i] = (float)(int64_t)words[i] * scale; }
}
CK_KERNEL(ck_f32_decode, (size_t n, const uint64_t *words, float scale, float *values), (n, words, scale, values))
