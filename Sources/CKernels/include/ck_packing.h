/// Words of a few bits, one after the other without a gap.
///
/// The row is one number, little-endian: word i takes its bits i·bits to (i + 1)·bits − 1, and the last byte is filled
/// with zeros. It has ⌈n·bits/8⌉ bytes and may lie anywhere in a message; 1 ≤ bits ≤ the width of a word.
#ifndef CK_PACKING_H
#define CK_PACKING_H

#include <stddef.h>
#include <stdint.h>

/// Writes the low `bits` of each of `n` words.
void ck_pack32(size_t n, unsigned bits, const uint32_t *words, uint8_t *out);
void ck_pack64(size_t n, unsigned bits, const uint64_t *words, uint8_t *out);

/// Adds the `n` words of a row to `words`, wrapping.
void ck_unpack_add32(size_t n, unsigned bits, const uint8_t *row, uint32_t *words);
void ck_unpack_add64(size_t n, unsigned bits, const uint8_t *row, uint64_t *words);

#endif
