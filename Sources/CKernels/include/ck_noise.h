/// Gaussian noise on a grid of fixed-point numbers.
#ifndef CK_NOISE_H
#define CK_NOISE_H

#include <stddef.h>
#include <stdint.h>

/// Rounded normal noise: outᵢ = round(deviation · nᵢ), with the 2 · `pairs` nᵢ standard normal and independent as far as
/// `words` are uniform: one for each pair's radius, and then half of one, 32 bits, for its angle.
///
/// `deviation` is at most 2^27. Box and Muller's method without branches: each nᵢ is within a relative 2^-23 of that of its words,
/// and none is beyond 9.5. With `deviation` = 2^20 the probability of each value is off by a relative 2^-26 at most.
void ck_i32_normal(size_t pairs, double deviation, const uint64_t *words, int32_t *out);

/// Adds noise to sums on a grid: outᵢ = from_grid · (round(to_grid · xᵢ) + factor · noiseᵢ). `to_grid` · |x| is below 2^50;
/// `out` may be `x`; a NaN stays one.
void ck_f32_noised(
    size_t count, const float *x, double to_grid, const int32_t *noise, double factor, double from_grid, float *out);

/// The same in single precision, a third of the time: `to_grid` · xᵢ, rounded to single precision, is held to ±2^30, and |noise| is
/// below 2^29.
void ck_f32_noised_held(
    size_t count, const float *x, float to_grid, const int32_t *noise, float from_grid, float *out);

/// Both at once, of 2 · `pairs` sums in double precision; 10 · `deviation` is below 2^50.
void ck_f64_noised(
    size_t pairs, const double *x, double to_grid, double deviation, const uint64_t *words, double from_grid,
    double *out);

/// sumᵢ += `factor` · xᵢ; no aliasing.
void ck_f64_add_scaled_f32(size_t count, double factor, const float *x, double *sum);

#endif
