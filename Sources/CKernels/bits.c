/// Bit slicing in plain C, which the compiler turns into vectors; `bits_avx512.c` has a faster way.
#include "ck_bits.h"

#include <string.h>

#include "bits_avx512.h"
#include "dispatch.h"

/// Exchanges bit j·step of the index of a row with bit j·step of the index of a bit, for rows `step` apart.
CK_INLINE void exchange(size_t rows, size_t step, uint64_t mask, uint64_t x[64]) {
  for (size_t i = 0; i < rows; i += 2 * step) {
    for (size_t l = i; l < i + step; l++) {
      uint64_t t = ((x[l] >> step) ^ x[l + step]) & mask;
      x[l] ^= t << step;
      x[l + step] ^= t;
    }
  }
}

/// Transposes every 32 x 32 block of `rows` (32 or 64) rows of 64 bits.
CK_INLINE void transpose_blocks(size_t rows, uint64_t x[64]) {
  exchange(rows, 16, 0x0000ffff0000ffff, x);
  exchange(rows, 8, 0x00ff00ff00ff00ff, x);
  exchange(rows, 4, 0x0f0f0f0f0f0f0f0f, x);
  exchange(rows, 2, 0x3333333333333333, x);
  exchange(rows, 1, 0x5555555555555555, x);
}

CK_INLINE void ck_bitslice_loop(size_t n, unsigned b, const uint64_t *words, uint64_t *planes) {
  size_t stride = (n + 63) / 64;
  for (size_t block = 0; block < stride; block++) {
    uint64_t x[64] = {0};
    size_t count = n - block * 64 < 64 ? n - block * 64 : 64;
    memcpy(x, words + block * 64, count * sizeof *x);
    if (b <= 32) {
      for (size_t i = 0; i < 32; i++) { x[i] = (x[i] & 0xffffffff) | x[i + 32] << 32; }
      transpose_blocks(32, x);
    } else {
      exchange(64, 32, 0x00000000ffffffff, x);
      transpose_blocks(64, x);
    }
    for (size_t j = 0; j < b; j++) { planes[j * stride + block] = x[j]; }
  }
}

CK_INLINE void ck_unbitslice_loop(size_t n, unsigned b, const uint64_t *planes, uint64_t *words) {
  size_t stride = (n + 63) / 64;
  for (size_t block = 0; block < stride; block++) {
    uint64_t x[64] = {0};
    for (size_t j = 0; j < b; j++) { x[j] = planes[j * stride + block]; }
    if (b <= 32) {
      transpose_blocks(32, x);
      for (size_t i = 0; i < 32; i++) {
        x[i + 32] = x[i] >> 32;
        x[i] &= 0xffffffff;
      }
    } else {
      transpose_blocks(64, x);
      exchange(64, 32, 0x00000000ffffffff, x);
    }
    size_t count = n - block * 64 < 64 ? n - block * 64 : 64;
    memcpy(words + block * 64, x, count * sizeof *x);
  }
}

#if CK_X86
CK_AVX2 static void bitslice_avx2(size_t n, unsigned b, const uint64_t *words, uint64_t *planes) {
  ck_bitslice_loop(n, b, words, planes);
}
CK_AVX2 static void unbitslice_avx2(size_t n, unsigned b, const uint64_t *planes, uint64_t *words) {
  ck_unbitslice_loop(n, b, planes, words);
}
#endif

void ck_bitslice(size_t n, unsigned b, const uint64_t *words, uint64_t *planes) {
  switch (ck_dispatch_level()) {
#if CK_X86
  case ck_level_avx512: ck_bitslice_avx512(n, b, words, planes); break;
  case ck_level_avx2: bitslice_avx2(n, b, words, planes); break;
#endif
  default: ck_bitslice_loop(n, b, words, planes); break;
  }
}

void ck_unbitslice(size_t n, unsigned b, const uint64_t *planes, uint64_t *words) {
  switch (ck_dispatch_level()) {
#if CK_X86
  case ck_level_avx512: ck_unbitslice_avx512(n, b, planes, words); break;
  case ck_level_avx2: unbitslice_avx2(n, b, planes, words); break;
#endif
  default: ck_unbitslice_loop(n, b, planes, words); break;
  }
}

CK_INLINE void ck_bits_unpack_loop(size_t n, const uint64_t *plane, uint64_t *words) {
  size_t whole = n / 64 * 64;
  for (size_t start = 0; start < whole; start += 64) {
    uint64_t bits = plane[start / 64];
    CK_INDEPENDENT for (size_t i = 0; i < 64; i++) { words[start + i] = bits >> i & 1; }
  }
  for (size_t i = whole; i < n; i++) { words[i] = plane[whole / 64] >> (i % 64) & 1; }
}
CK_KERNEL(ck_bits_unpack, (size_t n, const uint64_t *plane, uint64_t *words), (n, plane, words))

CK_INLINE void ck_bits_pack_loop(size_t n, const uint64_t *words, uint64_t *plane) {
  size_t whole = n / 64 * 64;
  for (size_t start = 0; start < whole; start += 64) {
    uint64_t bits = 0;
#pragma clang loop vectorize(enable)
    for (size_t i = 0; i < 64; i++) { bits |= (words[start + i] & 1) << i; }
    plane[start / 64] = bits;
  }
  if (whole == n) { return; }
  uint64_t bits = 0;
  for (size_t i = whole; i < n; i++) { bits |= (words[i] & 1) << (i % 64); }
  plane[whole / 64] = bits;
}
CK_KERNEL(ck_bits_pack, (size_t n, const uint64_t *words, uint64_t *plane), (n, words, plane))
