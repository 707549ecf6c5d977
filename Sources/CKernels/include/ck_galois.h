/// The Galois ring Z/2^64[X]/(X^64 + X^4 + X^3 + X + 1): 64 words an element, that of the lowest power first.
///
/// A *point* is an element of coefficients 0 and 1, bit i of one word being that of X^i: the difference of two points
/// has an inverse. Points are public; what they are multiplied with need not be.
#ifndef CK_GALOIS_H
#define CK_GALOIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  ck_galois_degree = 64,
  /// Parts that words are cut into.
  ck_galois_parts = 64,
  /// Places of {0, 1, ∞}^3, and those with a part of the other three variables each.
  ck_galois_table_count = 27,
  ck_galois_spread_count = 8 * ck_galois_table_count,
};

/// out += the sum of a[i] b[i] over n elements. No aliasing.
void ck_galois_dot(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);

/// out[k] += the sum over i below `n` of points[i] x[i·stride + k·step], for k below `count`: words times points. No
/// aliasing.
void ck_galois_sum_where(
    size_t n, const uint64_t *points, const uint64_t *x, size_t stride, size_t count, size_t step, uint64_t *out);

/// a[i] = points[i] a[i]
void ck_galois_scale(size_t n, const uint64_t *points, uint64_t *a);

/// in[i] += point (in[n + i] − in[i]) for i below `n`.
void ck_galois_fold(size_t n, uint64_t point, uint64_t *in);

/// Polynomials of degree 1 in each of six variables, the first three at {0, 1, ∞}^3, where ∞ means the leading
/// coefficient.
///
/// Of `n` words, or packed bits, part p begins at p·size, size = ⌈n / 64⌉; zeros follow the last. Those at i of all
/// parts are the values of polynomial i at {0, 1}^6, part p at the binary digits of p, the highest first. out[(8 t +
/// q)·pitch + i] is the value of polynomial from + i at the ternary digits of t, where 2 means ∞, and at the binary
/// digits of q, for i below `count`. `other`, if not null, is added to words first. No aliasing.
void ck_galois_spread(
    size_t n, size_t from, size_t count, const uint64_t *words, const uint64_t *other, bool are_bits, size_t pitch,
    uint64_t *out);
/// out[t·pitch + i] = the products of polynomials in three variables at the ternary digits of t, from their values at
/// {0, 1}^3, `pitch` words apart, for i below `count`. No aliasing.
void ck_galois_products(size_t count, size_t pitch, const uint64_t *left, const uint64_t *right, uint64_t *out);

/// out[i] = the sum of those of the 64 elements weights[p] where bit p·size + i of the plane is 1, for i below size =
/// ⌈n / 64⌉. No aliasing.
void ck_galois_select(size_t n, const uint64_t *plane, const uint64_t *weights, uint64_t *out);

#endif
