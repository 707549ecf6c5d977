/// Every place is written, and kept by counting it, so that no branch follows a coin.
#include "ck_coins.h"

#include "dispatch.h"

static size_t places_to(
    size_t start, size_t n, const uint32_t *words, uint32_t limit, ptrdiff_t *out, size_t *ties) {
  size_t count = 0;
  for (size_t i = start; i < n; i++) {
    out[count] = (ptrdiff_t)i;
    count += words[i] <= limit;
    *ties += words[i] == limit;
  }
  return count;
}

#if CK_X86
#include <immintrin.h>

CK_AVX512 static size_t places_to_avx512(
    size_t n, const uint32_t *words, uint32_t limit, ptrdiff_t *out, size_t *ties) {
  __m512i bound = _mm512_set1_epi32((int)limit);
  __m512i low = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), high = _mm512_add_epi64(low, _mm512_set1_epi64(8));
  size_t count = 0, i = 0;
  for (; i + 16 <= n; i += 16) {
    __m512i coins = _mm512_loadu_si512(words + i);
    __mmask16 kept = _mm512_cmple_epu32_mask(coins, bound);
    _mm512_storeu_si512(out + count, _mm512_maskz_compress_epi64((__mmask8)kept, low));
    count += (size_t)__builtin_popcount(kept & 0xff);
    _mm512_storeu_si512(out + count, _mm512_maskz_compress_epi64((__mmask8)(kept >> 8), high));
    count += (size_t)__builtin_popcount(kept >> 8);
    *ties += (size_t)__builtin_popcount(_mm512_cmpeq_epu32_mask(coins, bound));
    low = _mm512_add_epi64(low, _mm512_set1_epi64(16));
    high = _mm512_add_epi64(high, _mm512_set1_epi64(16));
  }
  return count + places_to(i, n, words, limit, out + count, ties);
}
#endif

size_t ck_u32_places_to(size_t n, const uint32_t *words, uint32_t limit, ptrdiff_t *out, size_t *ties) {
  *ties = 0;
#if CK_X86
  if (ck_dispatch_level() == ck_level_avx512) { return places_to_avx512(n, words, limit, out, ties); }
#endif
  return places_to(0, n, words, limit, out, ties);
}
