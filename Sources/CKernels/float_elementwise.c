/// Arithmetic, activations that need no series, and sums. Products are never fused into sums, so that every level gives
/// the same bits.
#include <stdint.h>
#include <string.h>

#include "ck_float.h"
#include "dispatch.h"

#pragma STDC FP_CONTRACT OFF

#define BINARY(name, expression) \
  CK_INLINE void name##_loop(size_t n, const float *a, const float *b, float *out) { \
    CK_INDEPENDENT for (size_t i = 0; i < n; i++) { out[i] = expression; } \
  } \
  CK_KERNEL(name, (size_t n, const float *a, const float *b, float *out), (n, a, b, out))

BINARY(ck_f32_add, a[i] + b[i])
BINARY(ck_f32_sub, a[i] - b[i])
BINARY(ck_f32_mul, a[i] * b[i])
BINARY(ck_f32_div, a[i] / b[i])
BINARY(ck_f32_relu_grad, a[i] > 0 ? b[i] : 0)

CK_INLINE void ck_f32_relu_loop(size_t n, const float *x, float *y) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { y[i] = x[i] < 0 ? 0 : x[i]; }
}
CK_KERNEL(ck_f32_relu, (size_t n, const float *x, float *y), (n, x, y))

CK_INLINE void ck_f32_at_least_loop(size_t n, const float *x, float least, float *y) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { y[i] = x[i] < least ? least : x[i]; }
}
CK_KERNEL(ck_f32_at_least, (size_t n, const float *x, float least, float *y), (n, x, least, y))

CK_INLINE void ck_f32_mul_add_loop(size_t n, const float *a, const float *b, const float *c, float *out) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { out[i] = a[i] * b[i] + c[i]; }
}
CK_KERNEL(ck_f32_mul_add, (size_t n, const float *a, const float *b, const float *c, float *out), (n, a, b, c, out))

CK_INLINE void ck_f32_scale_loop(size_t n, const float *a, float s, float *out) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { out[i] = s * a[i]; }
}
CK_KERNEL(ck_f32_scale, (size_t n, const float *a, float s, float *out), (n, a, s, out))

CK_INLINE void ck_f32_axpy_loop(size_t n, float s, const float *x, float *y) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { y[i] += s * x[i]; }
}
CK_KERNEL(ck_f32_axpy, (size_t n, float s, const float *x, float *y), (n, s, x, y))

typedef float lanes16 __attribute__((vector_size(64)));
typedef int32_t lanes16i __attribute__((vector_size(64)));

CK_INLINE float total(lanes16 sum) {
  sum += __builtin_shufflevector(sum, sum, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  sum += __builtin_shufflevector(sum, sum, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
  sum += __builtin_shufflevector(sum, sum, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1);
  return sum[0] + sum[1];
}

CK_INLINE float dot(size_t n, const float *a, const float *b) {
  lanes16 sum = {0}, x, y;
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    memcpy(&x, a + i, sizeof x);
    memcpy(&y, b + i, sizeof y);
    sum += x * y;
  }
  if (i < n) {
    // The last up to 15 numbers, and zeros.
    float ends[2][16] = {{0}};
    for (size_t j = 0; j < n - i; j++) {
      ends[0][j] = a[i + j];
      ends[1][j] = b[i + j];
    }
    memcpy(&x, ends[0], sizeof x);
    memcpy(&y, ends[1], sizeof y);
    sum += x * y;
  }
  return total(sum);
}

CK_INLINE void dot_kernel_loop(size_t n, const float *a, const float *b, float *out) { *out = dot(n, a, b); }
CK_LOCAL_KERNEL(dot_kernel, (size_t n, const float *a, const float *b, float *out), (n, a, b, out))

float ck_f32_dot(size_t n, const float *a, const float *b) {
  float sum;
  dot_kernel(n, a, b, &sum);
  return sum;
}

/// Squares of a row, added up in sixteen lanes. Where a row ends within a vector and memory does not, the rest of the vector is masked.
CK_INLINE lanes16 squares(size_t n, const float *x, size_t readable) {
  lanes16 sum = {0}, y;
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    memcpy(&y, x + i, sizeof y);
    sum += y * y;
  }
  if (i == n) { return sum; }
  if (i + 16 <= readable) {
    const lanes16i lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    memcpy(&y, x + i, sizeof y);
    y = (lanes16)((lanes16i)y & (lane < (int32_t)(n - i)));
  } else {
    float end[16] = {0};
    for (size_t j = 0; j < n - i; j++) { end[j] = x[i + j]; }
    memcpy(&y, end, sizeof y);
  }
  return sum + y * y;
}

/// The sums of four vectors, each in the order of ``total``.
CK_INLINE void totals(lanes16 a, lanes16 b, lanes16 c, lanes16 d, float *out) {
  lanes16 ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
      + __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  lanes16 cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
      + __builtin_shufflevector(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  lanes16 sum = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
      + __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  sum += __builtin_shufflevector(sum, sum, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  sum += __builtin_shufflevector(sum, sum, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  out[0] = sum[0], out[1] = sum[4], out[2] = sum[8], out[3] = sum[12];
}

CK_INLINE void ck_f32_row_squares_loop(size_t rows, size_t columns, const float *x, float *out) {
  if (columns == 1) {
    CK_INDEPENDENT for (size_t i = 0; i < rows; i++) { out[i] = x[i] * x[i]; }
    return;
  }
  size_t i = 0, left = rows * columns;
  for (; i + 4 <= rows; i += 4, x += 4 * columns, left -= 4 * columns) {
    totals(
        squares(columns, x, left), squares(columns, x + columns, left - columns),
        squares(columns, x + 2 * columns, left - 2 * columns), squares(columns, x + 3 * columns, left - 3 * columns),
        out + i);
  }
  for (; i < rows; i++, x += columns, left -= columns) { out[i] = total(squares(columns, x, left)); }
}
CK_KERNEL(ck_f32_row_squares, (size_t rows, size_t columns, const float *x, float *out), (rows, columns, x, out))

CK_INLINE void ck_f32_scale_rows_loop(size_t rows, size_t columns, const float *x, const float *s, float *out) {
  for (size_t i = 0; i < rows; i++, x += columns, out += columns) {
    float factor = s[i];
    CK_INDEPENDENT for (size_t j = 0; j < columns; j++) { out[j] = factor * x[j]; }
  }
}
CK_KERNEL(
    ck_f32_scale_rows, (size_t rows, size_t columns, const float *x, const float *s, float *out),
    (rows, columns, x, s, out))

CK_INLINE void ck_f32_outer_loop(size_t rows, size_t columns, const float *a, const float *b, float *out) {
  for (size_t i = 0; i < rows; i++, out += columns) {
    float factor = a[i];
    CK_INDEPENDENT for (size_t j = 0; j < columns; j++) { out[j] = factor * b[j]; }
  }
}
CK_KERNEL(
    ck_f32_outer, (size_t rows, size_t columns, const float *a, const float *b, float *out),
    (rows, columns, a, b, out))

CK_INLINE void ck_f32_add_row_loop(size_t rows, size_t columns, const float *row, float *x) {
  for (size_t i = 0; i < rows; i++, x += columns) {
    CK_INDEPENDENT for (size_t j = 0; j < columns; j++) { x[j] += row[j]; }
  }
}
CK_KERNEL(ck_f32_add_row, (size_t rows, size_t columns, const float *row, float *x), (rows, columns, row, x))

CK_INLINE void ck_f32_sum_rows_loop(size_t rows, size_t columns, const float *x, float *out) {
  if (columns == 0) { return; }
  memset(out, 0, columns * sizeof *out);
  size_t i = 0;
  for (; i + 4 <= rows; i += 4, x += 4 * columns) {
    const float *x1 = x + columns, *x2 = x1 + columns, *x3 = x2 + columns;
    CK_INDEPENDENT for (size_t j = 0; j < columns; j++) { out[j] = out[j] + x[j] + x1[j] + x2[j] + x3[j]; }
  }
  for (; i < rows; i++, x += columns) {
    CK_INDEPENDENT for (size_t j = 0; j < columns; j++) { out[j] += x[j]; }
  }
}
CK_KERNEL(ck_f32_sum_rows, (size_t rows, size_t columns, const float *x, float *out), (rows, columns, x, out))
