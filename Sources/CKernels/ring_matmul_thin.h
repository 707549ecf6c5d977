/// Products with at most four rows: each word of `b` is read once, where it lies.
#ifndef CK_RING_MATMUL_THIN_H
#define CK_RING_MATMUL_THIN_H

#include "ring_matmul_engine.h"

enum { ck_thin_rows = 4 };

/// Words of scratch for sizes `k` and `n`.
size_t ck_ring64_thin_scratch(size_t k, size_t n);

/// c[m,n] += a · b for m of 1...4; entry j of row i of the result is c[i·c_across + j·c_along].
void ck_ring64_thin(
    size_t m, size_t k, size_t n, ck_bundle a, ck_bundle b, uint64_t *c, size_t c_across, size_t c_along,
    uint64_t *scratch);

#endif
