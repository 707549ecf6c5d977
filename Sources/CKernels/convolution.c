/// Patches of an image as a matrix, for both kinds of scalars.
#include "ck_convolution.h"

#include <string.h>

#include "dispatch.h"

/// The output positions `first..<end` of `count` whose pixel step·o + offset − padding lies in 0..<size.
typedef struct {
  size_t first, end;
} range;

CK_INLINE range inside(size_t count, size_t size, size_t step, size_t offset, size_t padding) {
  size_t first = offset < padding ? (padding - offset + step - 1) / step : 0;
  size_t end = size + padding > offset ? (size + padding - offset + step - 1) / step : 0;
  end = end < count ? end : count;
  return (range){first < end ? first : end, end};
}

#define PARAMETERS \
  size_t channels, size_t height, size_t width, size_t kh, size_t kw, size_t sh, size_t sw, size_t ph, size_t pw
#define ARGUMENTS channels, height, width, kh, kw, sh, sw, ph, pw

#define CONVOLUTION(suffix, scalar) \
  /* One row of patches: pixels of one image row, zeros around them. */ \
  CK_INLINE void gather_##suffix(range x, size_t count, size_t sw, const scalar *pixels, scalar *out) { \
    for (size_t o = 0; o < x.first; o++) { out[o] = 0; } \
    if (sw == 1) { \
      for (size_t o = x.first; o < x.end; o++) { out[o] = pixels[o - x.first]; } \
    } else { \
      for (size_t o = x.first; o < x.end; o++) { out[o] = pixels[(o - x.first) * sw]; } \
    } \
    for (size_t o = x.end; o < count; o++) { out[o] = 0; } \
  } \
  CK_INLINE void scatter_##suffix(range x, size_t sw, const scalar *in, scalar *pixels) { \
    if (sw == 1) { \
      CK_INDEPENDENT for (size_t o = x.first; o < x.end; o++) { pixels[o - x.first] += in[o]; } \
    } else { \
      for (size_t o = x.first; o < x.end; o++) { pixels[(o - x.first) * sw] += in[o]; } \
    } \
  } \
  CK_INLINE void ck_im2col_##suffix##_loop(PARAMETERS, const scalar *image, scalar *columns) { \
    size_t out_height = (height + 2 * ph - kh) / sh + 1, out_width = (width + 2 * pw - kw) / sw + 1; \
    for (size_t c = 0; c < channels; c++, image += height * width) { \
      for (size_t i = 0; i < kh; i++) { \
        range y = inside(out_height, height, sh, i, ph); \
        for (size_t j = 0; j < kw; j++) { \
          range x = inside(out_width, width, sw, j, pw); \
          for (size_t o = 0; o < out_height; o++, columns += out_width) { \
            range here = o >= y.first && o < y.end && x.first < x.end ? x : (range){0, 0}; \
            size_t pixel = (o * sh + i - ph) * width + (x.first * sw + j - pw); \
            const scalar *pixels = here.end == 0 ? image : image + pixel; \
            gather_##suffix(here, out_width, sw, pixels, columns); \
          } \
        } \
      } \
    } \
  } \
  CK_INLINE void ck_col2im_##suffix##_loop(PARAMETERS, const scalar *columns, scalar *image) { \
    size_t out_height = (height + 2 * ph - kh) / sh + 1, out_width = (width + 2 * pw - kw) / sw + 1; \
    for (size_t c = 0; c < channels; c++, image += height * width) { \
      for (size_t i = 0; i < kh; i++) { \
        range y = inside(out_height, height, sh, i, ph); \
        for (size_t j = 0; j < kw; j++, columns += out_height * out_width) { \
          range x = inside(out_width, width, sw, j, pw); \
          if (x.first == x.end) { continue; } \
          for (size_t o = y.first; o < y.end; o++) { \
            scalar *pixels = image + (o * sh + i - ph) * width + (x.first * sw + j - pw); \
            scatter_##suffix(x, sw, columns + o * out_width, pixels); \
          } \
        } \
      } \
    } \
  } \
  CK_KERNEL(ck_im2col_##suffix, (PARAMETERS, const scalar *image, scalar *columns), (ARGUMENTS, image, columns)) \
  CK_KERNEL(ck_col2im_##suffix, (PARAMETERS, const scalar *columns, scalar *image), (ARGUMENTS, columns, image))

CONVOLUTION(u64, uint64_t)
CONVOLUTION(f32, float)
