/// Bit slicing by byte masks.
#ifndef CK_BITS_AVX512_H
#define CK_BITS_AVX512_H

#include <stddef.h>
#include <stdint.h>

void ck_bitslice_avx512(size_t n, unsigned b, const uint64_t *words, uint64_t *planes);
void ck_unbitslice_avx512(size_t n, unsigned b, const uint64_t *planes, uint64_t *words);

#endif
