/// Matrix product in Z/2^64.
#ifndef CK_RING_MATMUL_H
#define CK_RING_MATMUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Words of scratch that `ck_ring64_matmul` needs for these sizes, at any alignment and at any dispatch level.
size_t ck_ring64_matmul_scratch(size_t m, size_t k, size_t n);

/// c[m,n] += op(a)[m,k] · op(b)[k,n] in Z/2^64, row-major, where op transposes if asked to.
///
/// `a` is stored as [m,k], or as [k,m] if `transpose_a`; `b` as [k,n], or as [n,k] if `transpose_b`. `lda`, `ldb` and
/// `ldc` are the words from one stored row to the next. `c` and `scratch` overlap nothing. The scratch is left holding
/// copies of the operands: whoever multiplies secrets clears it.
void ck_ring64_matmul(
    size_t m, size_t k, size_t n, const uint64_t *a, size_t lda, bool transpose_a, const uint64_t *b, size_t ldb,
    bool transpose_b, uint64_t *c, size_t ldc, uint64_t *scratch);

#endif
