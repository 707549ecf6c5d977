/// The ring product by 32-bit products: a tile of 6 rows and one register of 4 columns.
///
/// With x = x₀ + 2³²·x₁ and y alike, x·y = x₀·y₀ + 2³²·(x₀·y₁ + x₁·y₀). The first summand is one vpmuludq; the two
/// halves of the second are one vpmulld by y with its halves swapped, and are shifted and added only once, at the end.
#include "dispatch.h"

#if CK_X86
#include <immintrin.h>

#include "ring_matmul_engine.h"

enum { tile_rows = 6, tile_columns = 4 };

CK_AVX2 static void tile(
    size_t rows, size_t columns, size_t depth, ck_bundle a, ck_bundle b, uint64_t *c, size_t ldc) {
  __m256i low[tile_rows], cross[tile_rows];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < tile_rows; i++) { low[i] = cross[i] = _mm256_setzero_si256(); }
  const uint64_t *x = a.words, *y = b.words;
  for (size_t l = 0; l < depth; l++, x += tile_rows, y += tile_columns) {
    __m256i column = _mm256_loadu_si256((const __m256i *)y);
    __m256i swapped = _mm256_shuffle_epi32(column, 0xb1);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < tile_rows; i++) {
      __m256i factor = _mm256_set1_epi64x((long long)x[i]);
      low[i] = _mm256_add_epi64(low[i], _mm256_mul_epu32(factor, column));
      cross[i] = _mm256_add_epi32(cross[i], _mm256_mullo_epi32(factor, swapped));
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < tile_rows; i++) {
    if (i >= rows) { continue; }
    __m256i halves = _mm256_add_epi32(cross[i], _mm256_shuffle_epi32(cross[i], 0xb1));
    __m256i sum = _mm256_add_epi64(low[i], _mm256_slli_epi64(halves, 32));
    uint64_t *place = c + i * ldc;
    if (columns == tile_columns) {
      __m256i before = _mm256_loadu_si256((const __m256i *)place);
      _mm256_storeu_si256((__m256i *)place, _mm256_add_epi64(before, sum));
    } else {
      uint64_t words[tile_columns];
      _mm256_storeu_si256((__m256i *)words, sum);
      for (size_t j = 0; j < columns; j++) { place[j] += words[j]; }
    }
  }
}

/// Packs for constant `width`.
CK_AVX2 CK_INLINE void pack_width(size_t width, size_t count, size_t depth, ck_bundle source, uint64_t *packed) {
  if (count == width) {
    for (size_t l = 0; l < depth; l++, packed += width) {
#pragma clang loop unroll(full)
      for (size_t v = 0; v < width; v++) { packed[v] = source.words[v * source.across + l * source.along]; }
    }
    return;
  }
  for (size_t l = 0; l < depth; l++, packed += width) {
    for (size_t v = 0; v < count; v++) { packed[v] = source.words[v * source.across + l * source.along]; }
    for (size_t v = count; v < width; v++) { packed[v] = 0; }
  }
}

CK_AVX2 static void pack(size_t width, size_t count, size_t depth, ck_bundle source, uint64_t *packed) {
  if (width == tile_rows) {
    pack_width(tile_rows, count, depth, source, packed);
  } else {
    pack_width(tile_columns, count, depth, source, packed);
  }
}

const ck_ring_engine ck_ring_engine_avx2 = {
    .rows = tile_rows, .columns = tile_columns, .reads_in_place = false, .pack = pack, .tile = tile};
#endif
