/// Loops over Z/2^128 by limbs of 52 bits, for processors that multiply these.
#ifndef CK_RING128_IFMA_H
#define CK_RING128_IFMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether there are such instructions, and the dispatch level allows them.
bool ck_has_ifma(void);

/// As `ck_ring128_matmul`, of which it is the whole.
void ck_ring128_matmul_ifma(
    size_t m, size_t k, size_t n, const uint64_t *a_low, const uint64_t *a_high, size_t lda, bool transpose_a,
    const uint64_t *b_low, const uint64_t *b_high, size_t ldb, bool transpose_b, uint64_t *c_low, uint64_t *c_high,
    size_t ldc, uint64_t *scratch);
size_t ck_ring128_matmul_ifma_scratch(size_t m, size_t k, size_t n);

/// As `ck_u128_dot`.
void ck_u128_dot_ifma(size_t n, const uint64_t *weights, const uint64_t *a, uint64_t sum[2]);

#endif
