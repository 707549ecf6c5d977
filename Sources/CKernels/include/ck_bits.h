/// Bit slicing: from words to planes, where plane j holds bit j of 64 words in each of its words.
#ifndef CK_BITS_H
#define CK_BITS_H

#include <stddef.h>
#include <stdint.h>

/// Writes the low `b` (1...64) bit planes of `n` words: bit i % 64 of planes[j·W + i/64] is bit j of words[i], where
/// W = (n + 63) / 64. Bits past n are zero. No aliasing.
void ck_bitslice(size_t n, unsigned b, const uint64_t *words, uint64_t *planes);
/// The way back from `b` planes; bits b...63 of the words are zero. No aliasing.
void ck_unbitslice(size_t n, unsigned b, const uint64_t *planes, uint64_t *words);

/// words[i] = bit i of the plane, 0 or 1. No aliasing.
void ck_bits_unpack(size_t n, const uint64_t *plane, uint64_t *words);
/// Bit i of the plane = lowest bit of words[i]; bits past n are zero. No aliasing.
void ck_bits_pack(size_t n, const uint64_t *words, uint64_t *plane);

/// Word by word; an output may be the same array as an input.
void ck_bits_and(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);
void ck_bits_xor(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);

/// This party's summand of the AND of two replicated secrets, masked by a share of zero:
/// z = x0&y0 ^ x0&y1 ^ x1&y0 ^ r0 ^ r1, over `n` words. `z` may be the same array as an input.
void ck_rss_and(
    size_t n, const uint64_t *x0, const uint64_t *x1, const uint64_t *y0, const uint64_t *y1, const uint64_t *r0,
    const uint64_t *r1, uint64_t *z);

#endif
