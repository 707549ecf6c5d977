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

/// Copies a row of a few scalars, at least one: blocks of fixed size, the last overlapping the one before it, need no
/// call.
CK_INLINE void copy_row(size_t bytes, const char *from, char *to) {
#define BLOCKS(size) \
  if (bytes >= size) { \
    for (size_t at = 0; at + size < bytes; at += size) { memcpy(to + at, from + at, size); } \
    memcpy(to + bytes - size, from + bytes - size, size); \
    return; \
  }
  BLOCKS(32)
  BLOCKS(16)
  BLOCKS(8)
  BLOCKS(4)
#undef BLOCKS
}

#define CONVOLUTION(suffix, scalar) \
  /* One row of patches: pixels of one image row, zeros around them. */ \
  CK_INLINE void gather_##suffix(range x, size_t count, size_t sw, const scalar *pixels, scalar *out) { \
    for (size_t o = 0; o < x.first; o++) { out[o] = 0; } \
    if (sw == 1) { \
      copy_row((x.end - x.first) * sizeof(scalar), (const char *)pixels, (char *)(out + x.first)); \
    } else { \
      for (size_t o = x.first; o < x.end; o++) { out[o] = pixels[(o - x.first) * sw]; } \
    } \
    for (size_t o = x.end; o < count; o++) { out[o] = 0; } \
  } \
  /* The rows of one tap where patches lie like the image: one run of pixels from the first inside on, in which */ \
  /* those of neighbouring rows are then zeroed. */ \
  CK_INLINE void shift_##suffix(range y, range x, size_t width, const scalar *pixels, scalar *out) { \
    size_t start = y.first * width + x.first, end = (y.end - 1) * width + x.end; \
    memcpy(out + start, pixels, (end - start) * sizeof(scalar)); \
    for (size_t o = y.first; o < y.end; o++) { \
      for (size_t p = 0; p < x.first; p++) { out[o * width + p] = 0; } \
      for (size_t p = x.end; p < width; p++) { out[o * width + p] = 0; } \
    } \
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
    size_t plane = out_height * out_width; \
    int is_shift = sh == 1 && sw == 1 && out_width == width; \
    for (size_t c = 0; c < channels; c++, image += height * width) { \
      for (size_t i = 0; i < kh; i++) { \
        range y = inside(out_height, height, sh, i, ph); \
        for (size_t j = 0; j < kw; j++, columns += plane) { \
          range x = inside(out_width, width, sw, j, pw); \
          if (y.first >= y.end || x.first >= x.end) { \
            memset(columns, 0, plane * sizeof(scalar)); \
            continue; \
          } \
          const scalar *pixels = image + (y.first * sh + i - ph) * width + (x.first * sw + j - pw); \
          memset(columns, 0, y.first * out_width * sizeof(scalar)); \
          memset(columns + y.end * out_width, 0, (out_height - y.end) * out_width * sizeof(scalar)); \
          if (is_shift) { \
            shift_##suffix(y, x, width, pixels, columns); \
            continue; \
          } \
          for (size_t o = y.first; o < y.end; o++, pixels += sh * width) { \
            gather_##suffix(x, out_width, sw, pixels, columns + o * out_width); \
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
