/// The transpose that the ring product and bit slicing share.
#ifndef CK_TRANSPOSE_AVX512_H
#define CK_TRANSPOSE_AVX512_H

#include <immintrin.h>

#include "dispatch.h"

/// Eight vectors of eight words, transposed.
CK_AVX512 CK_INLINE void ck_transpose_8x8(__m512i r[8]) {
  __m512i s[8], t[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i += 2) {
    s[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
    s[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    t[i] = _mm512_shuffle_i64x2(s[i], s[i + 2], 0x88);
    t[i + 2] = _mm512_shuffle_i64x2(s[i], s[i + 2], 0xdd);
    t[i + 4] = _mm512_shuffle_i64x2(s[i + 4], s[i + 6], 0x88);
    t[i + 6] = _mm512_shuffle_i64x2(s[i + 4], s[i + 6], 0xdd);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_i64x2(t[i], t[i + 4], 0x88);
    r[i + 4] = _mm512_shuffle_i64x2(t[i], t[i + 4], 0xdd);
  }
}

#endif
