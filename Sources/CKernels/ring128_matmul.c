/// a b = a₀b₀ + 2^64 (a₀b₁ + a₁b₀): the mixed products are two products in Z/2^64, the first needs all 128 bits.
#include "ck_ring128.h"
#include "ck_ring_matmul.h"
#include "dispatch.h"
#include "ring128_ifma.h"

typedef unsigned __int128 wide;

/// Vectors of words that lie one after the other: packed[v·k + l] = entry l of vector v.
static void pack(size_t vectors, size_t k, const uint64_t *words, size_t across, size_t along, uint64_t *packed) {
  enum { block = 16 };
  for (size_t start = 0; start < k; start += block) {
    size_t end = start + block < k ? start + block : k;
    for (size_t v = 0; v < vectors; v++) {
      for (size_t l = start; l < end; l++) { packed[v * k + l] = words[v * across + l * along]; }
    }
  }
}

CK_INLINE void add(wide value, uint64_t *low, uint64_t *high) {
  wide sum = ((wide)*high << 64 | *low) + value;
  *low = (uint64_t)sum;
  *high = (uint64_t)(sum >> 64);
}

/// c += a · b for two rows of `a` and two columns of `b`, each k words that lie one after the other.
CK_INLINE void tile(
    size_t rows, size_t columns, size_t k, const uint64_t *a, const uint64_t *b, uint64_t *c_low, uint64_t *c_high,
    size_t ldc) {
  wide sum[2][2] = {{0}};
  const uint64_t *a1 = rows > 1 ? a + k : a, *b1 = columns > 1 ? b + k : b;
  for (size_t l = 0; l < k; l++) {
    sum[0][0] += (wide)a[l] * b[l];
    sum[0][1] += (wide)a[l] * b1[l];
    sum[1][0] += (wide)a1[l] * b[l];
    sum[1][1] += (wide)a1[l] * b1[l];
  }
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) { add(sum[i][j], c_low + i * ldc + j, c_high + i * ldc + j); }
  }
}

CK_INLINE void multiply_low_loop(
    size_t m, size_t k, size_t n, const uint64_t *a, const uint64_t *b, uint64_t *c_low, uint64_t *c_high, size_t ldc) {
  for (size_t i = 0; i < m; i += 2) {
    for (size_t j = 0; j < n; j += 2) {
      tile(
          m - i > 1 ? 2 : 1, n - j > 1 ? 2 : 1, k, a + i * k, b + j * k, c_low + i * ldc + j, c_high + i * ldc + j,
          ldc);
    }
  }
}
CK_LOCAL_KERNEL(
    multiply_low,
    (size_t m, size_t k, size_t n, const uint64_t *a, const uint64_t *b, uint64_t *c_low, uint64_t *c_high, size_t ldc),
    (m, k, n, a, b, c_low, c_high, ldc))

/// One row times a matrix as it lies.
CK_INLINE void multiply_row_loop(
    size_t k, size_t n, const uint64_t *a, size_t along, const uint64_t *b, size_t ldb, uint64_t *c_low,
    uint64_t *c_high) {
  for (size_t l = 0; l < k; l++) {
    uint64_t factor = a[l * along];
    for (size_t j = 0; j < n; j++) { add((wide)factor * b[l * ldb + j], c_low + j, c_high + j); }
  }
}
CK_LOCAL_KERNEL(
    multiply_row,
    (size_t k, size_t n, const uint64_t *a, size_t along, const uint64_t *b, size_t ldb, uint64_t *c_low,
     uint64_t *c_high),
    (k, n, a, along, b, ldb, c_low, c_high))

size_t ck_ring128_matmul_scratch(size_t m, size_t k, size_t n) {
#if CK_X86
  if (ck_has_ifma()) { return ck_ring128_matmul_ifma_scratch(m, k, n); }
#endif
  size_t packed = (m + n) * k, mixed = ck_ring64_matmul_scratch(m, k, n);
  return packed > mixed ? packed : mixed;
}

void ck_ring128_matmul(
    size_t m, size_t k, size_t n, const uint64_t *a_low, const uint64_t *a_high, size_t lda, bool transpose_a,
    const uint64_t *b_low, const uint64_t *b_high, size_t ldb, bool transpose_b, uint64_t *c_low, uint64_t *c_high,
    size_t ldc, uint64_t *scratch) {
  if (m == 0 || k == 0 || n == 0) { return; }
#if CK_X86
  if (ck_has_ifma()) {
    ck_ring128_matmul_ifma(
        m, k, n, a_low, a_high, lda, transpose_a, b_low, b_high, ldb, transpose_b, c_low, c_high, ldc, scratch);
    return;
  }
#endif
  ck_ring64_matmul(m, k, n, a_low, lda, transpose_a, b_high, ldb, transpose_b, c_high, ldc, scratch);
  ck_ring64_matmul(m, k, n, a_high, lda, transpose_a, b_low, ldb, transpose_b, c_high, ldc, scratch);
  if (m <= 2 && !transpose_b) {
    for (size_t i = 0; i < m; i++) {
      multiply_row(
          k, n, a_low + i * (transpose_a ? 1 : lda), transpose_a ? lda : 1, b_low, ldb, c_low + i * ldc,
          c_high + i * ldc);
    }
    return;
  }
  const uint64_t *rows = a_low, *columns = b_low;
  if (transpose_a || lda != k) {
    pack(m, k, a_low, transpose_a ? 1 : lda, transpose_a ? lda : 1, scratch);
    rows = scratch;
  }
  if (!transpose_b || ldb != k) {
    pack(n, k, b_low, transpose_b ? ldb : 1, transpose_b ? 1 : ldb, scratch + m * k);
    columns = scratch + m * k;
  }
  multiply_low(m, k, n, rows, columns, c_low, c_high, ldc);
}
