/// Gaussian noise on a grid of fixed-point numbers.
#ifndef CK_NOISE_H
#define CK_NOISE_H

#include <stddef.h>
#include <stdint.h>

/// Rounded normal noise: outᵢ = round(deviation · nᵢ), with the 2 · `pairs` nᵢ standard normal and independent as far as
/// `words`, 2 · `pairs` of them, are uniform.
///
/// `deviation` is at most 2^27. Box and Muller's method in double precision, without branches: each nᵢ is within 4 units in
/// the last place, and none is beyond 9.5.
void ck_i32_normal(size_t pairs, double deviation, const uint64_t *words, int32_t *out);

/// Adds noise to sums on a grid: outᵢ = from_grid · (round(to_grid · xᵢ) + factor · noiseᵢ). `to_grid` · |x| is below 2^50;
/// `out` may be `x`; a NaN stays one.
void ck_f32_noised(
    size_t count, const float *x, double to_grid, const int32_t *noise, double factor, double from_grid, float *out);

/// Both at once, of 2 · `pairs` sums in double precision; 10 · `deviation` is below 2^50.
void ck_f64_noised(
    size_t pairs, const double *x, double to_grid, double deviation, const uint64_t *words, double from_grid,
    double *out);

/// sumᵢ += `factor` · xᵢ; no aliasing.
void ck_f64_add_scaled_f32(size_t count, double factor, const float *x, double *sum);

#endif
