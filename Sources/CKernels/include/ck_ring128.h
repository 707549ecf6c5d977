/// Words of Z/2^128, and products of them.
///
/// `n` words lie as 2n words of 64 bits: all low halves, then all high halves. An output of an element-wise loop may be the
/// same array as an input. A factor is given as its two halves.
#ifndef CK_RING128_H
#define CK_RING128_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void ck_u128_add(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);
void ck_u128_sub(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);
/// out = s a
void ck_u128_scale(size_t n, const uint64_t *a, uint64_t s_low, uint64_t s_high, uint64_t *out);
/// out = a + s
void ck_u128_add_scalar(size_t n, const uint64_t *a, uint64_t s_low, uint64_t s_high, uint64_t *out);
/// y += s x
void ck_u128_axpy(size_t n, uint64_t s_low, uint64_t s_high, const uint64_t *x, uint64_t *y);
/// z += a b
void ck_u128_multiply_add(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *z);
/// sum[0] + 2^64 sum[1] = the sum of all weights (64 bits each) times words.
void ck_u128_dot(size_t n, const uint64_t *weights, const uint64_t *a, uint64_t sum[2]);

/// The 32-bit limbs of each word, the lowest limbs of all words first: 4n words below 2^32.
void ck_u128_split(size_t n, const uint64_t *a, uint64_t *limbs);
/// out += the sum of limbs times their powers of 2^32, where limbs are signed numbers of 64 bits. No aliasing.
void ck_u128_join_add(size_t n, const uint64_t *limbs, uint64_t *out);

/// Words of scratch that `ck_ring128_matmul` needs.
size_t ck_ring128_matmul_scratch(size_t m, size_t k, size_t n);

/// c[m,n] += op(a)[m,k] · op(b)[k,n]: as `ck_ring64_matmul`, with low and high halves apart.
void ck_ring128_matmul(
    size_t m, size_t k, size_t n, const uint64_t *a_low, const uint64_t *a_high, size_t lda, bool transpose_a,
    const uint64_t *b_low, const uint64_t *b_high, size_t ldb, bool transpose_b, uint64_t *c_low, uint64_t *c_high,
    size_t ldc, uint64_t *scratch);

/// The steps of `ck_dealt.h` over Z/2^128. `k` is what public summands are multiplied by: 1 or 0 in shares of a value, the
/// party's part of the key in shares of its MAC.
///
/// Beaver's product: z += k e f + e b + a f.
void ck_u128_beaver_multiply(
    size_t n, uint64_t k_low, uint64_t k_high, const uint64_t *e, const uint64_t *f, const uint64_t *a,
    const uint64_t *b, uint64_t *z);
/// Truncation by `f` (1...32) after the opening of c, of which `c` holds the low halves alone.
void ck_u128_dealt_truncate(
    size_t n, unsigned f, uint64_t k_low, uint64_t k_high, const uint64_t *c, const uint64_t *top,
    const uint64_t *shifted, uint64_t *y);
/// z = d (k e + a) + (1 - 2d) (e rho + rho_a); `d` holds n words 0 or 1.
void ck_u128_dealt_select(
    size_t n, uint64_t k_low, uint64_t k_high, const uint64_t *d, const uint64_t *e, const uint64_t *a,
    const uint64_t *rho, const uint64_t *rho_a, uint64_t *z);
/// z = k d + (1 - 2d) rho; `d` holds n words 0 or 1; `z` may be `rho`.
void ck_u128_dealt_convert(
    size_t n, uint64_t k_low, uint64_t k_high, const uint64_t *d, const uint64_t *rho, uint64_t *z);

#endif
