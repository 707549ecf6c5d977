/// MACs of bits: elements of GF(2)[t]/(t^64 + t^4 + t^3 + t + 1), one for each bit of packed planes.
#ifndef CK_GF64_H
#define CK_GF64_H

#include <stddef.h>
#include <stdint.h>

/// a b
uint64_t ck_gf64_multiply(uint64_t a, uint64_t b);
/// The sum of a[i] b[i].
uint64_t ck_gf64_dot(size_t n, const uint64_t *a, const uint64_t *b);
/// a[i] = a[i] b[i]
void ck_gf64_scale(size_t n, const uint64_t *b, uint64_t *a);
/// The sum of those a[i] whose bit i is 1.
uint64_t ck_gf64_sum_where(size_t n, const uint64_t *bits, const uint64_t *a);
/// out[i] = a[i] where bit i is 1, and 0 elsewhere. No aliasing.
void ck_gf64_where(size_t n, const uint64_t *bits, const uint64_t *a, uint64_t *out);
/// out[i] = the sum of coefficients[j] in[j·n + i] for j below `k`. No aliasing.
void ck_gf64_fold(size_t n, size_t k, const uint64_t *coefficients, const uint64_t *in, uint64_t *out);
/// macs[i] += delta where bit i is 1.
void ck_gf64_add_where(size_t n, uint64_t delta, const uint64_t *bits, uint64_t *macs);

/// Beaver's product of bits in their MACs: z[i] += e[i] b[i] + f[i] a[i] + e[i] f[i] delta, where e and f are opened bits.
void ck_gf64_beaver_and(
    size_t n, uint64_t delta, const uint64_t *e, const uint64_t *f, const uint64_t *a, const uint64_t *b, uint64_t *z);

/// `ck_monomial_borrow` in the MACs: planes of `c` are `stride` words apart, those of the MACs of monomials n words,
/// which may lie anywhere.
void ck_gf64_monomial_borrow(
    size_t n, unsigned size, uint64_t delta, size_t stride, const uint64_t *c, const void *monomials,
    uint64_t *generate, uint64_t *propagate);

#endif
