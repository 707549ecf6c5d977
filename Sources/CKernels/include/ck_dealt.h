/// The local steps of protocols with correlated randomness from a dealer: one pass over the words each.
/// `first` is 1 at the one party that adds what is public, 0 elsewhere. No aliasing unless stated.
#ifndef CK_DEALT_H
#define CK_DEALT_H

#include <stddef.h>
#include <stdint.h>

/// Beaver's product, elementwise: z += first e f + e b + a f, where e and f are the opened masked operands and a and b
/// this party's shares of the masks.
void ck_beaver_multiply(
    size_t n, uint64_t first, const uint64_t *e, const uint64_t *f, const uint64_t *a, const uint64_t *b, uint64_t *z);

/// Beaver's product of bits: z = c ^ e&b ^ f&a ^ (first ? e&f : 0), over `n` words. `z` may be the same array as `c`.
void ck_beaver_and(
    size_t n, uint64_t first, const uint64_t *e, const uint64_t *f, const uint64_t *a, const uint64_t *b,
    const uint64_t *c, uint64_t *z);

/// Truncation after the opening of c: this party's share of the quotient, given its shares of the top bit of the mask
/// and of the mask's other bits shifted. `f` in 1...32.
void ck_dealt_truncate(
    size_t n, unsigned f, uint64_t first, const uint64_t *c, const uint64_t *top, const uint64_t *shifted, uint64_t *y);

/// The dealer's part of a truncation: top = r >> 63, shifted = (r << 1) >> (f + 1).
void ck_dealt_truncate_parts(size_t n, unsigned f, const uint64_t *r, uint64_t *top, uint64_t *shifted);

/// Who generates a borrow of c - r and who passes one on, for a group of `size` (1...4) neighbouring bits: shares of G
/// and P from the public planes of c and this party's shares of all monomials of the bits of r.
///
/// `c` has `size` planes of `n` words and `monomials` 2^size - 1, the product over the bits of s at place s - 1, planes
/// being `stride` words apart.
void ck_monomial_borrow(
    size_t n, unsigned size, uint64_t first, size_t stride, const uint64_t *c, const uint64_t *monomials,
    uint64_t *generate, uint64_t *propagate);

/// Bit times value after the openings: z = t x with t = d ^ rho and x = e + a, given shares of a, rho and rho a.
/// `d` holds 0 or 1. z = d (first e + a) + (1 - 2d) (e rho + rho_a).
void ck_dealt_select(
    size_t n, uint64_t first, const uint64_t *d, const uint64_t *e, const uint64_t *a, const uint64_t *rho,
    const uint64_t *rho_a, uint64_t *z);

/// Bit to ring after the opening of d = t ^ rho: z = first d + (1 - 2d) rho. `d` holds 0 or 1; `z` may be `rho`.
void ck_dealt_convert(size_t n, uint64_t first, const uint64_t *d, const uint64_t *rho, uint64_t *z);

#endif
