/// Element-wise loops over words of Z/2^64. Results wrap; an output may be the same array as an input.
#ifndef CK_RING_ELEMENTWISE_H
#define CK_RING_ELEMENTWISE_H

#include <stddef.h>
#include <stdint.h>

void ck_u64_add(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);
void ck_u64_sub(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);
void ck_u64_mul(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);
void ck_u64_and(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);
void ck_u64_xor(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);

void ck_u64_neg(size_t n, const uint64_t *a, uint64_t *out);
void ck_u64_not(size_t n, const uint64_t *a, uint64_t *out);

/// out = s · a
void ck_u64_scale(size_t n, const uint64_t *a, uint64_t s, uint64_t *out);
/// out = a + s
void ck_u64_add_scalar(size_t n, const uint64_t *a, uint64_t s, uint64_t *out);
/// out = p · a + q · b
void ck_u64_weigh(size_t n, uint64_t p, const uint64_t *a, uint64_t q, const uint64_t *b, uint64_t *out);
/// y += s · x
void ck_u64_axpy(size_t n, uint64_t s, const uint64_t *x, uint64_t *y);

/// out = a >> bits, filling with zeros; `bits` in 0...63.
void ck_u64_shift_right(size_t n, const uint64_t *a, unsigned bits, uint64_t *out);
/// out = a >> bits, filling with the sign; `bits` in 0...63.
void ck_u64_shift_right_arithmetic(size_t n, const uint64_t *a, unsigned bits, uint64_t *out);
/// out = a << bits; `bits` in 0...63.
void ck_u64_shift_left(size_t n, const uint64_t *a, unsigned bits, uint64_t *out);

/// Keeps the low 16, 24 or 32 bits of each word. `out` is little-endian on the machines we run on, at any alignment, and
/// does not overlap `words`.
void ck_narrow16(size_t n, const uint64_t *words, void *out);
void ck_narrow24(size_t n, const uint64_t *words, void *out);
void ck_narrow32(size_t n, const uint64_t *words, void *out);
/// The way back, filling with zeros; `in` at any alignment.
void ck_widen16(size_t n, const void *in, uint64_t *words);
void ck_widen24(size_t n, const void *in, uint64_t *words);
void ck_widen32(size_t n, const void *in, uint64_t *words);

#endif
