/// Gaussian noise on a grid of fixed-point numbers.
#ifndef CK_NOISE_H
#define CK_NOISE_H

#include <stddef.h>
#include <stdint.h>

/// Adds rounded normal noise to 2 · `pairs` sums: outᵢ = from_grid · (round(to_grid · xᵢ) + round(deviation · nᵢ)), with
/// the nᵢ standard normal and independent as far as `words`, 2 · `pairs` of them, are uniform.
///
/// `to_grid` · |x| and 10 · `deviation` are below 2^50. Box and Muller's method in double precision, without branches:
/// each nᵢ is within 4 units in the last place, and none is beyond 9.5. `out` may be `x`; a NaN stays one.
void ck_f32_noised(
    size_t pairs, const float *x, double to_grid, double deviation, const uint64_t *words, double from_grid,
    float *out);

/// The same of double-precision sums.
void ck_f64_noised(
    size_t pairs, const double *x, double to_grid, double deviation, const uint64_t *words, double from_grid,
    double *out);

/// sumᵢ += `factor` · xᵢ; no aliasing.
void ck_f64_add_scaled_f32(size_t count, double factor, const float *x, double *sum);

#endif
