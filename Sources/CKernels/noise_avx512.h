/// Rounded normal noise, sixteen pairs at a time.
#ifndef CK_NOISE_AVX512_H
#define CK_NOISE_AVX512_H

#include <stddef.h>
#include <stdint.h>

void ck_i32_normal_avx512(size_t pairs, double deviation, const uint64_t *words, int32_t *out);

#endif
