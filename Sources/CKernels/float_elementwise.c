/// Arithmetic, activations that need no series, and sums. Products are never fused into sums, so that every level gives
/// the same bits.
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

CK_INLINE void ck_f32_scale_loop(size_t n, const float *a, float s, float *out) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { out[i] = s * a[i]; }
}
CK_KERNEL(ck_f32_scale, (size_t n, const float *a, float s, float *out), (n, a, s, out))

CK_INLINE void ck_f32_axpy_loop(size_t n, float s, const float *x, float *y) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { y[i] += s * x[i]; }
}
CK_KERNEL(ck_f32_axpy, (size_t n, float s, const float *x, float *y), (n, s, x, y))

CK_INLINE float dot(size_t n, const float *a, const float *b) {
  float lanes[16] = {0};
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    CK_INDEPENDENT for (size_t j = 0; j < 16; j++) { lanes[j] += a[i + j] * b[i + j]; }
  }
  for (; i < n; i++) { lanes[i % 16] += a[i] * b[i]; }
  for (size_t width = 8; width > 0; width /= 2) {
    for (size_t j = 0; j < width; j++) { lanes[j] += lanes[j + width]; }
  }
  return lanes[0];
}

CK_INLINE void dot_kernel_loop(size_t n, const float *a, const float *b, float *out) { *out = dot(n, a, b); }
CK_LOCAL_KERNEL(dot_kernel, (size_t n, const float *a, const float *b, float *out), (n, a, b, out))

float ck_f32_dot(size_t n, const float *a, const float *b) {
  float sum;
  dot_kernel(n, a, b, &sum);
  return sum;
}

CK_INLINE void ck_f32_row_squares_loop(size_t rows, size_t columns, const float *x, float *out) {
  for (size_t i = 0; i < rows; i++) { out[i] = dot(columns, x + i * columns, x + i * columns); }
}
CK_KERNEL(ck_f32_row_squares, (size_t rows, size_t columns, const float *x, float *out), (rows, columns, x, out))

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
