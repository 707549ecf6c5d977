/// Many conjunctions of bits as one claim over GF(2^64): what a check of gates begins with.
///
/// The 64 bits of a word are the values at {0, 1}^6 of a polynomial of degree 1 in each of six variables, bit b at the binary
/// digits of b, the highest first. A *table* has the values of a polynomial of degree 2 in each variable at {0, 1, ∞}^6, at
/// ternary digits likewise, where ∞ means the leading coefficient.
#ifndef CK_GATES_H
#define CK_GATES_H

#include <stddef.h>
#include <stdint.h>

enum { ck_gates_parts = 64, ck_gates_table_count = 729 };

/// table += the sum over n words of weights[i] times the products x0[i] (y0[i] + y1[i]) + x1[i] y0[i] of polynomials.
void ck_gates_table(
    size_t n, const uint64_t *x0, const uint64_t *x1, const uint64_t *y0, const uint64_t *y1, const uint64_t *weights,
    uint64_t table[ck_gates_table_count]);
/// sums[b] += the sum of those weights[i] whose words have a 1 at bit b.
void ck_gates_sums(size_t n, const uint64_t *words, const uint64_t *weights, uint64_t sums[ck_gates_parts]);
/// out[i] = the sum of those weights[b] where bit b of words[i] is 1. No aliasing.
void ck_gates_fold(size_t n, const uint64_t *words, const uint64_t weights[ck_gates_parts], uint64_t *out);

#endif
