/// Every place is written, and kept by counting it, so that no branch follows a coin.
#include "ck_coins.h"

#include "dispatch.h"

static size_t places_below(size_t start, size_t n, const uint64_t *words, uint64_t limit, ptrdiff_t *out) {
  size_t count = 0;
  for (size_t i = start; i < n; i++) {
    out[count] = (ptrdiff_t)i;
    count += words[i] < limit;
  }
  return count;
}

#if CK_X86
#include <immintrin.h>

CK_AVX512 static size_t places_below_avx512(size_t n, const uint64_t *words, uint64_t limit, ptrdiff_t *out) {
  __m512i bound = _mm512_set1_epi64((long long)limit), place = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
  size_t count = 0, i = 0;
  for (; i + 8 <= n; i += 8) {
    __mmask8 below = _mm512_cmplt_epu64_mask(_mm512_loadu_si512(words + i), bound);
    _mm512_storeu_si512(out + count, _mm512_maskz_compress_epi64(below, place));
    count += (size_t)__builtin_popcount(below);
    place = _mm512_add_epi64(place, _mm512_set1_epi64(8));
  }
  return count + places_below(i, n, words, limit, out + count);
}
#endif

size_t ck_u64_places_below(size_t n, const uint64_t *words, uint64_t limit, ptrdiff_t *out) {
#if CK_X86
  if (ck_dispatch_level() == ck_level_avx512) { return places_below_avx512(n, words, limit, out); }
#endif
  return places_below(0, n, words, limit, out);
}
