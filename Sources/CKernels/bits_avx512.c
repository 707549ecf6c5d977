/// Bit slicing by byte masks: 64 words become 8 registers of which register k holds byte k of every word; vpmovb2m then
/// takes a whole word of a plane from the top bits of its bytes.
#include "bits_avx512.h"

#include "dispatch.h"

#if CK_X86
#include <immintrin.h>

#include "transpose_avx512.h"

/// Within each 128 bits: byte k of both words side by side; and the way back.
CK_AVX512 CK_INLINE __m512i pairs_of_bytes(void) {
  return _mm512_broadcast_i32x4(_mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15));
}
CK_AVX512 CK_INLINE __m512i words_of_bytes(void) {
  return _mm512_broadcast_i32x4(_mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
}

/// Pair p of 128 bits q to place 4·p + q, which gathers byte k of eight words in word k; and the way back.
CK_AVX512 CK_INLINE __m512i gathering(void) {
  return _mm512_set_epi16(
      31, 23, 15, 7, 30, 22, 14, 6, 29, 21, 13, 5, 28, 20, 12, 4,
      27, 19, 11, 3, 26, 18, 10, 2, 25, 17, 9, 1, 24, 16, 8, 0);
}
CK_AVX512 CK_INLINE __m512i scattering(void) {
  return _mm512_set_epi16(
      31, 27, 23, 19, 15, 11, 7, 3, 30, 26, 22, 18, 14, 10, 6, 2,
      29, 25, 21, 17, 13, 9, 5, 1, 28, 24, 20, 16, 12, 8, 4, 0);
}

/// The mask of the words of group g of eight that exist among `count`.
CK_AVX512 CK_INLINE __mmask8 present(size_t count, size_t g) {
  size_t left = count > 8 * g ? count - 8 * g : 0;
  return left >= 8 ? 0xff : (__mmask8)((1u << left) - 1);
}

CK_AVX512 void ck_bitslice_avx512(size_t n, unsigned b, const uint64_t *words, uint64_t *planes) {
  size_t stride = (n + 63) / 64;
  for (size_t block = 0; block < stride; block++, words += 64) {
    size_t count = n - block * 64 < 64 ? n - block * 64 : 64;
    __m512i x[8];
#pragma clang loop unroll(full)
    for (size_t g = 0; g < 8; g++) {
      __m512i eight = _mm512_maskz_loadu_epi64(present(count, g), words + 8 * g);
      x[g] = _mm512_permutexvar_epi16(gathering(), _mm512_shuffle_epi8(eight, pairs_of_bytes()));
    }
    ck_transpose_8x8(x);
    uint64_t *out = planes + block;
    for (unsigned k = 0; 8 * k < b; k++) {
      __m512i bytes = x[k];
      unsigned bits = b - 8 * k < 8 ? b - 8 * k : 8;
      if (bits == 8) {
#pragma clang loop unroll(full)
        for (unsigned j = 8; j-- > 0;) {
          out[(8 * k + j) * stride] = _mm512_movepi8_mask(bytes);
          bytes = _mm512_add_epi8(bytes, bytes);
        }
      } else {
        for (unsigned j = 0; j < bits; j++) {
          out[(8 * k + j) * stride] = _mm512_test_epi8_mask(bytes, _mm512_set1_epi8((char)(1 << j)));
        }
      }
    }
  }
}

CK_AVX512 void ck_unbitslice_avx512(size_t n, unsigned b, const uint64_t *planes, uint64_t *words) {
  size_t stride = (n + 63) / 64;
  for (size_t block = 0; block < stride; block++, words += 64) {
    size_t count = n - block * 64 < 64 ? n - block * 64 : 64;
    const uint64_t *in = planes + block;
    __m512i x[8];
    for (unsigned k = 0; k < 8; k++) {
      __m512i bytes = _mm512_setzero_si512();
      for (unsigned j = 0; j < 8 && 8 * k + j < b; j++) {
        __m512i bit = _mm512_set1_epi8((char)(1 << j));
        bytes = _mm512_mask_add_epi8(bytes, in[(8 * k + j) * stride], bytes, bit);
      }
      x[k] = bytes;
    }
    ck_transpose_8x8(x);
#pragma clang loop unroll(full)
    for (size_t g = 0; g < 8; g++) {
      __m512i eight = _mm512_shuffle_epi8(_mm512_permutexvar_epi16(scattering(), x[g]), words_of_bytes());
      _mm512_mask_storeu_epi64(words + 8 * g, present(count, g), eight);
    }
  }
}
#endif
