/// The ring product by vpmullq: a tile of 8 rows and 3 registers of 8 columns.
#include "dispatch.h"

#if CK_X86
#include <immintrin.h>

#include "ring_matmul_engine.h"
#include "transpose_avx512.h"

enum { rows_most = 8, lanes = 8, registers_most = 3 };

/// The tile for constant `rows` and `registers`; `last` masks the last register.
CK_AVX512 CK_INLINE void multiply(
    size_t rows, size_t registers, size_t depth, const uint64_t *a, size_t a_across, size_t a_along, const uint64_t *b,
    size_t b_along, __mmask8 last, uint64_t *c, size_t ldc) {
  __m512i sum[rows_most][registers_most];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < registers; r++) {
      sum[i][r] = _mm512_setzero_si512();
      _mm_prefetch((const char *)(c + i * ldc + r * lanes), _MM_HINT_T0);
    }
  }
  for (size_t l = 0; l < depth; l++, a += a_along, b += b_along) {
    __m512i column[registers_most];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < registers; r++) {
      column[r] = r + 1 < registers ? _mm512_loadu_si512(b + r * lanes) : _mm512_maskz_loadu_epi64(last, b + r * lanes);
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < rows; i++) {
      __m512i factor = _mm512_set1_epi64((long long)a[i * a_across]);
#pragma clang loop unroll(full)
      for (size_t r = 0; r < registers; r++) {
        sum[i][r] = _mm512_add_epi64(sum[i][r], _mm512_mullo_epi64(factor, column[r]));
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < registers; r++) {
      uint64_t *place = c + i * ldc + r * lanes;
      __mmask8 mask = r + 1 < registers ? 0xff : last;
      _mm512_mask_storeu_epi64(place, mask, _mm512_add_epi64(_mm512_maskz_loadu_epi64(mask, place), sum[i][r]));
    }
  }
}

/// The choice of the constants. A missing row of a packed panel is zero, so an odd count of rows runs alone.
CK_AVX512 CK_INLINE void multiply_rows(
    size_t rows, size_t registers, size_t depth, ck_bundle a, ck_bundle b, __mmask8 last, uint64_t *c, size_t ldc) {
  const uint64_t *x = a.words;
  size_t across = a.across, along = a.along;
  if (rows == rows_most) {
    if (across == 1 && along == rows_most) {
      multiply(rows_most, registers, depth, x, 1, rows_most, b.words, b.along, last, c, ldc);
    } else {
      multiply(rows_most, registers, depth, x, across, along, b.words, b.along, last, c, ldc);
    }
    return;
  }
  if (rows & 4) {
    multiply(4, registers, depth, x, across, along, b.words, b.along, last, c, ldc);
    x += 4 * across;
    c += 4 * ldc;
  }
  if (rows & 2) {
    multiply(2, registers, depth, x, across, along, b.words, b.along, last, c, ldc);
    x += 2 * across;
    c += 2 * ldc;
  }
  if (rows & 1) { multiply(1, registers, depth, x, across, along, b.words, b.along, last, c, ldc); }
}

CK_AVX512 static void tile(
    size_t rows, size_t columns, size_t depth, ck_bundle a, ck_bundle b, uint64_t *c, size_t ldc) {
  size_t registers = (columns + lanes - 1) / lanes;
  __mmask8 last = (__mmask8)(0xff >> (registers * lanes - columns));
  switch (registers) {
  case 1: multiply_rows(rows, 1, depth, a, b, last, c, ldc); break;
  case 2: multiply_rows(rows, 2, depth, a, b, last, c, ldc); break;
  default: multiply_rows(rows, 3, depth, a, b, last, c, ldc); break;
  }
}

/// Packs up to eight vectors into words 0...7 of every row of the panel.
CK_AVX512 static void pack_eight(size_t row, size_t count, size_t depth, ck_bundle source, uint64_t *packed) {
  __mmask8 present = (__mmask8)(0xff >> (lanes - count));
  if (source.across == 1) {
    for (size_t l = 0; l < depth; l++) {
      __m512i entries = _mm512_maskz_loadu_epi64(present, source.words + l * source.along);
      _mm512_storeu_si512(packed + l * row, entries);
    }
    return;
  }
  for (size_t l = 0; l < depth; l += lanes) {
    size_t left = depth - l < lanes ? depth - l : lanes;
    __mmask8 inside = (__mmask8)(0xff >> (lanes - left));
    __m512i block[lanes];
    for (size_t v = 0; v < lanes; v++) {
      __mmask8 mask = v < count ? inside : 0;
      block[v] = _mm512_maskz_loadu_epi64(mask, source.words + (v < count ? v : 0) * source.across + l);
    }
    ck_transpose_8x8(block);
    for (size_t v = 0; v < left; v++) { _mm512_storeu_si512(packed + (l + v) * row, block[v]); }
  }
}

CK_AVX512 static void pack(size_t row, size_t count, size_t depth, ck_bundle source, uint64_t *packed) {
  for (size_t v = 0; v < row; v += lanes) {
    size_t here = count > v ? (count - v < lanes ? count - v : lanes) : 0;
    if (here == 0) { return; }
    ck_bundle part = {source.words + v * source.across, source.across, source.along};
    pack_eight(row, here, depth, part, packed + v);
  }
}

const ck_ring_engine ck_ring_engine_avx512 = {
    .rows = rows_most, .columns = lanes * registers_most, .reads_in_place = true, .pack = pack, .tile = tile};
#endif
