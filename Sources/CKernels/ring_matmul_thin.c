#include "ring_matmul_thin.h"

#include <string.h>

#include "dispatch.h"

/// Columns that are summed in the first cache.
enum { block_columns = 1024 };

/// c[rows,n] += a · b[depth,n] for constant `rows` and `depth`: one pass over c for `depth` rows of b.
CK_INLINE void add_rows(
    size_t rows, size_t depth, size_t n, ck_bundle a, const uint64_t *b, size_t ldb, uint64_t *c, size_t ldc) {
  uint64_t factor[4][8];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
    for (size_t l = 0; l < depth; l++) { factor[i][l] = a.words[i * a.across + l * a.along]; }
  }
  CK_INDEPENDENT for (size_t j = 0; j < n; j++) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < rows; i++) {
      uint64_t sum = c[i * ldc + j];
#pragma clang loop unroll(full)
      for (size_t l = 0; l < depth; l++) { sum += factor[i][l] * b[l * ldb + j]; }
      c[i * ldc + j] = sum;
    }
  }
}

/// c[rows,n] += a · b where the rows of b are contiguous.
CK_INLINE void stream(
    size_t rows, size_t depth, size_t k, size_t n, ck_bundle a, const uint64_t *b, size_t ldb, uint64_t *c,
    size_t ldc) {
  for (size_t j = 0; j < n; j += block_columns) {
    size_t columns = n - j < block_columns ? n - j : block_columns;
    ck_bundle rest = a;
    size_t l = 0;
    for (; l + depth <= k; l += depth, rest.words += depth * a.along) {
      add_rows(rows, depth, columns, rest, b + l * ldb + j, ldb, c + j, ldc);
    }
    for (; l < k; l++, rest.words += a.along) { add_rows(rows, 1, columns, rest, b + l * ldb + j, ldb, c + j, ldc); }
  }
}

CK_INLINE void ck_ring64_stream_loop(
    size_t m, size_t k, size_t n, ck_bundle a, const uint64_t *b, size_t ldb, uint64_t *c, size_t ldc) {
  switch (m) {
  case 1: stream(1, 8, k, n, a, b, ldb, c, ldc); break;
  case 2: stream(2, 8, k, n, a, b, ldb, c, ldc); break;
  case 3: stream(3, 4, k, n, a, b, ldb, c, ldc); break;
  default: stream(4, 4, k, n, a, b, ldb, c, ldc); break;
  }
}

/// Products of `rows` contiguous vectors of `a` with `columns` of `b`, both constant.
CK_INLINE void dot(
    size_t rows, size_t columns, size_t k, const uint64_t *a, size_t lda, const uint64_t *b, size_t ldb, uint64_t *c,
    size_t c_across, size_t c_along) {
  uint64_t sum[4][4] = {{0}};
#pragma clang loop vectorize(enable)
  for (size_t l = 0; l < k; l++) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
      for (size_t j = 0; j < columns; j++) { sum[i][j] += a[i * lda + l] * b[j * ldb + l]; }
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < columns; j++) { c[i * c_across + j * c_along] += sum[i][j]; }
  }
}

/// c[rows,n] += a · b where the rows of a and the columns of b are contiguous.
CK_INLINE void dots(
    size_t rows, size_t k, size_t n, const uint64_t *a, size_t lda, const uint64_t *b, size_t ldb, uint64_t *c,
    size_t c_across, size_t c_along) {
  size_t j = 0;
  for (; j + 4 <= n; j += 4) { dot(rows, 4, k, a, lda, b + j * ldb, ldb, c + j * c_along, c_across, c_along); }
  for (; j < n; j++) { dot(rows, 1, k, a, lda, b + j * ldb, ldb, c + j * c_along, c_across, c_along); }
}

CK_INLINE void ck_ring64_dots_loop(
    size_t m, size_t k, size_t n, const uint64_t *a, size_t lda, const uint64_t *b, size_t ldb, uint64_t *c,
    size_t c_across, size_t c_along) {
  switch (m) {
  case 1: dots(1, k, n, a, lda, b, ldb, c, c_across, c_along); break;
  case 2: dots(2, k, n, a, lda, b, ldb, c, c_across, c_along); break;
  case 3: dots(3, k, n, a, lda, b, ldb, c, c_across, c_along); break;
  default: dots(4, k, n, a, lda, b, ldb, c, c_across, c_along); break;
  }
}

CK_LOCAL_KERNEL(
    ck_ring64_stream,
    (size_t m, size_t k, size_t n, ck_bundle a, const uint64_t *b, size_t ldb, uint64_t *c, size_t ldc),
    (m, k, n, a, b, ldb, c, ldc))

CK_LOCAL_KERNEL(
    ck_ring64_dots,
    (size_t m, size_t k, size_t n, const uint64_t *a, size_t lda, const uint64_t *b, size_t ldb, uint64_t *c,
     size_t c_across, size_t c_along),
    (m, k, n, a, lda, b, ldb, c, c_across, c_along))

size_t ck_ring64_thin_scratch(size_t k, size_t n) { return ck_thin_rows * (k + n); }

void ck_ring64_thin(
    size_t m, size_t k, size_t n, ck_bundle a, ck_bundle b, uint64_t *c, size_t c_across, size_t c_along,
    uint64_t *scratch) {
  if (b.along == 1) {
    const uint64_t *rows = a.words;
    size_t row = a.across;
    if (a.along != 1) {
      for (size_t i = 0; i < m; i++) {
        for (size_t l = 0; l < k; l++) { scratch[i * k + l] = a.words[i * a.across + l * a.along]; }
      }
      rows = scratch;
      row = k;
    }
    ck_ring64_dots(m, k, n, rows, row, b.words, b.across, c, c_across, c_along);
  } else if (c_along == 1) {
    ck_ring64_stream(m, k, n, a, b.words, b.along, c, c_across);
  } else {
    memset(scratch, 0, m * n * sizeof *scratch);
    ck_ring64_stream(m, k, n, a, b.words, b.along, scratch, n);
    for (size_t i = 0; i < m; i++) {
      for (size_t j = 0; j < n; j++) { c[i * c_across + j * c_along] += scratch[i * n + j]; }
    }
  }
}
