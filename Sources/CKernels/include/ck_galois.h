/// The Galois ring Z/2^64[X]/(X^64 + X^4 + X^3 + X + 1): 64 words an element, that of the lowest power first.
///
/// A *point* is an element of coefficients 0 and 1, bit i of one word being that of X^i: the difference of two points has an
/// inverse. Points are public; what they are multiplied with need not be.
#ifndef CK_GALOIS_H
#define CK_GALOIS_H

#include <stddef.h>
#include <stdint.h>

enum { ck_galois_degree = 64 };

/// out += the sum of a[i] b[i] over n elements. No aliasing.
void ck_galois_dot(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);

/// out[k] += the sum over i below `n` of points[i] x[i·stride + k·step], for k below `count`: words times points. No aliasing.
void ck_galois_sum_where(
    size_t n, const uint64_t *points, const uint64_t *x, size_t stride, size_t count, size_t step, uint64_t *out);

/// a[i] = points[i] a[i]
void ck_galois_scale(size_t n, const uint64_t *points, uint64_t *a);

/// in[i] += point (in[n + i] − in[i]) for i below `n`.
void ck_galois_fold(size_t n, uint64_t point, uint64_t *in);

/// Values at ∞ of polynomials of degree 1 in each of `variables` variables, from those at 0 and 1: the leading coefficients.
///
/// Row k of a table of 3^variables rows of `width` words is what polynomials are at the ternary digits of k, the highest first,
/// where 2 means ∞.
void ck_galois_extend(size_t variables, size_t width, uint64_t *table);

#endif
