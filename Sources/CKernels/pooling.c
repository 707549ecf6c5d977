/// Means over windows, with a fast path for 2 x 2 windows side by side; maxima over such windows.
#include <string.h>

#include "ck_convolution.h"
#include "dispatch.h"

#pragma STDC FP_CONTRACT OFF

#define PARAMETERS size_t planes, size_t height, size_t width, size_t kh, size_t kw, size_t sh, size_t sw
#define ARGUMENTS planes, height, width, kh, kw, sh, sw

CK_INLINE void pool_by_two(size_t count, const float *top, const float *bottom, float *out) {
  CK_INDEPENDENT for (size_t o = 0; o < count; o++) {
    out[o] = (top[2 * o] + top[2 * o + 1] + bottom[2 * o] + bottom[2 * o + 1]) * 0.25f;
  }
}

CK_INLINE float window_sum(size_t kh, size_t kw, size_t width, const float *corner) {
  float sum = 0;
  for (size_t i = 0; i < kh; i++) {
    for (size_t j = 0; j < kw; j++) { sum += corner[i * width + j]; }
  }
  return sum;
}

CK_INLINE void ck_f32_average_pool_loop(PARAMETERS, const float *x, float *out) {
  size_t out_height = (height - kh) / sh + 1, out_width = (width - kw) / sw + 1;
  float area = (float)(kh * kw);
  for (size_t p = 0; p < planes; p++, x += height * width) {
    for (size_t i = 0; i < out_height; i++, out += out_width) {
      const float *top = x + i * sh * width;
      if (kh == 2 && kw == 2 && sw == 2) {
        pool_by_two(out_width, top, top + width, out);
        continue;
      }
      for (size_t o = 0; o < out_width; o++) { out[o] = window_sum(kh, kw, width, top + o * sw) / area; }
    }
  }
}
CK_KERNEL(ck_f32_average_pool, (PARAMETERS, const float *x, float *out), (ARGUMENTS, x, out))

CK_INLINE void spread_by_two(size_t count, const float *g, float *top, float *bottom) {
  CK_INDEPENDENT for (size_t o = 0; o < count; o++) {
    float share = g[o] * 0.25f;
    top[2 * o] += share;
    top[2 * o + 1] += share;
    bottom[2 * o] += share;
    bottom[2 * o + 1] += share;
  }
}

CK_INLINE void ck_f32_average_pool_grad_loop(PARAMETERS, const float *g, float *out) {
  size_t out_height = (height - kh) / sh + 1, out_width = (width - kw) / sw + 1;
  float area = (float)(kh * kw);
  for (size_t p = 0; p < planes; p++, out += height * width) {
    memset(out, 0, height * width * sizeof *out);
    for (size_t i = 0; i < out_height; i++, g += out_width) {
      float *top = out + i * sh * width;
      if (kh == 2 && kw == 2 && sw == 2) {
        spread_by_two(out_width, g, top, top + width);
        continue;
      }
      for (size_t o = 0; o < out_width; o++) {
        float share = g[o] / area;
        for (size_t k = 0; k < kh * kw; k++) { top[k / kw * width + o * sw + k % kw] += share; }
      }
    }
  }
}
CK_KERNEL(ck_f32_average_pool_grad, (PARAMETERS, const float *g, float *out), (ARGUMENTS, g, out))

CK_INLINE void ck_f32_max_pool_by_two_loop(size_t planes, size_t height, size_t width, const float *x, float *out) {
  for (size_t p = 0; p < planes; p++, x += height * width) {
    for (size_t i = 0; i < height / 2; i++, out += width / 2) {
      const float *top = x + 2 * i * width, *bottom = top + width;
      CK_INDEPENDENT for (size_t o = 0; o < width / 2; o++) {
        float a = top[2 * o], b = top[2 * o + 1], c = bottom[2 * o], d = bottom[2 * o + 1];
        a = b > a ? b : a;
        a = c > a ? c : a;
        out[o] = d > a ? d : a;
      }
    }
  }
}
CK_KERNEL(
    ck_f32_max_pool_by_two, (size_t planes, size_t height, size_t width, const float *x, float *out),
    (planes, height, width, x, out))

CK_INLINE void ck_f32_max_pool_by_two_grad_loop(
    size_t planes, size_t height, size_t width, const float *x, const float *g, float *out) {
  for (size_t p = 0; p < planes; p++, x += height * width, out += height * width) {
    memset(out, 0, height * width * sizeof *out);
    for (size_t i = 0; i < height / 2; i++, g += width / 2) {
      const float *top = x + 2 * i * width, *bottom = top + width;
      float *out_top = out + 2 * i * width, *out_bottom = out_top + width;
      CK_INDEPENDENT for (size_t o = 0; o < width / 2; o++) {
        float a = top[2 * o], b = top[2 * o + 1], c = bottom[2 * o], d = bottom[2 * o + 1], share = g[o];
        float ab = b > a ? b : a, abc = c > ab ? c : ab;
        int in_d = d > abc, in_c = !in_d & (c > ab), in_b = !in_d & !in_c & (b > a);
        out_top[2 * o] = in_d | in_c | in_b ? 0 : share;
        out_top[2 * o + 1] = in_b ? share : 0;
        out_bottom[2 * o] = in_c ? share : 0;
        out_bottom[2 * o + 1] = in_d ? share : 0;
      }
    }
  }
}
CK_KERNEL(
    ck_f32_max_pool_by_two_grad,
    (size_t planes, size_t height, size_t width, const float *x, const float *g, float *out),
    (planes, height, width, x, g, out))

CK_INLINE void ck_f32_max_pool_sliding_loop(size_t planes, size_t height, size_t width, const float *x, float *out) {
  for (size_t p = 0; p < planes; p++, x += height * width) {
    for (size_t i = 0; i + 1 < height; i++, out += width - 1) {
      const float *top = x + i * width, *bottom = top + width;
      CK_INDEPENDENT for (size_t o = 0; o < width - 1; o++) {
        float a = top[o], b = top[o + 1], c = bottom[o], d = bottom[o + 1];
        a = b > a ? b : a;
        a = c > a ? c : a;
        out[o] = d > a ? d : a;
      }
    }
  }
}
CK_KERNEL(
    ck_f32_max_pool_sliding, (size_t planes, size_t height, size_t width, const float *x, float *out),
    (planes, height, width, x, out))

/// Where the largest of a window is: 0 and 1 above, 2 and 3 below.
CK_INLINE int place_of_largest(float a, float b, float c, float d) {
  float ab = b > a ? b : a, abc = c > ab ? c : ab;
  int place = b > a ? 1 : 0;
  place = c > ab ? 2 : place;
  return d > abc ? 3 : place;
}

CK_INLINE void ck_f32_max_pool_sliding_grad_loop(
    size_t planes, size_t height, size_t width, const float *x, const float *g, float *out) {
  for (size_t p = 0; p < planes; p++, x += height * width, out += height * width) {
    memset(out, 0, height * width * sizeof *out);
    for (size_t i = 0; i + 1 < height; i++, g += width - 1) {
      const float *top = x + i * width, *bottom = top + width;
      // Windows overlap, so each corner has a loop of its own.
      for (int corner = 0; corner < 4; corner++) {
        float *target = out + (i + (size_t)(corner / 2)) * width + corner % 2;
        CK_INDEPENDENT for (size_t o = 0; o < width - 1; o++) {
          int place = place_of_largest(top[o], top[o + 1], bottom[o], bottom[o + 1]);
          target[o] += place == corner ? g[o] : 0;
        }
      }
    }
  }
}
CK_KERNEL(
    ck_f32_max_pool_sliding_grad,
    (size_t planes, size_t height, size_t width, const float *x, const float *g, float *out),
    (planes, height, width, x, g, out))
