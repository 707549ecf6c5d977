#include "ck_vectors.h"
#include "dispatch.h"

#pragma STDC FP_CONTRACT OFF

CK_INLINE void ck_f32_sort_columns_loop(size_t comparators, const uint32_t *pairs, size_t width, float *rows) {
  for (size_t c = 0; c < comparators; c++) {
    float *low = rows + pairs[2 * c] * width, *high = rows + pairs[2 * c + 1] * width;
    CK_INDEPENDENT for (size_t i = 0; i < width; i++) {
      float x = low[i], y = high[i];
      low[i] = x < y ? x : y;
      high[i] = x < y ? y : x;
    }
  }
}
CK_KERNEL(
    ck_f32_sort_columns, (size_t comparators, const uint32_t *pairs, size_t width, float *rows),
    (comparators, pairs, width, rows))

CK_INLINE void ck_f32_add_squared_distance_loop(size_t n, const float *a, const float *b, double *out) {
  float lanes[16] = {0};
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (size_t lane = 0; lane < 16; lane++) {
      float difference = a[i + lane] - b[i + lane];
      lanes[lane] += difference * difference;
    }
  }
  double sum = 0;
  for (; i < n; i++) { sum += (double)(a[i] - b[i]) * (double)(a[i] - b[i]); }
  for (size_t lane = 0; lane < 16; lane++) { sum += lanes[lane]; }
  *out += sum;
}
CK_KERNEL(ck_f32_add_squared_distance, (size_t n, const float *a, const float *b, double *out), (n, a, b, out))
