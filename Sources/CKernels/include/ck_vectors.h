/// Loops that compare vectors of floats with each other.
#ifndef CK_VECTORS_H
#define CK_VECTORS_H

#include <stddef.h>
#include <stdint.h>

/// Orders each column of rows[…, width] by a network of comparators, pairs (a, b) with a < b one behind the other: the
/// smaller value goes to row a, the larger to row b. No value is nan.
void ck_f32_sort_columns(size_t comparators, const uint32_t *pairs, size_t width, float *rows);

/// *out += Σ (a[i] − b[i])², in sixteen float lanes that are added in double; n up to some thousands keeps the relative
/// error below 10⁻⁴.
void ck_f32_add_squared_distance(size_t n, const float *a, const float *b, double *out);

#endif
