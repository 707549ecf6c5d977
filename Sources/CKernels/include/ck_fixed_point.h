/// Between floats and fixed-point words: a word is round(x · scale) as a signed number.
#ifndef CK_FIXED_POINT_H
#define CK_FIXED_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// words[i] = values[i] · scale, rounded to nearest with ties to even; `scale` is a power of two, at least 1. Returns
/// whether every product lies strictly between −limit and limit (at most 2^62); words of those that do not are 0.
bool ck_f32_encode(size_t n, const float *values, double scale, double limit, uint64_t *words);

/// values[i] = words[i] · scale, rounded once; `scale` is a power of two.
void ck_f32_decode(size_t n, const uint64_t *words, float scale, float *values);

#endif
