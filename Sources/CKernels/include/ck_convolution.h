/// Patches of one image as a matrix, so that a convolution is a matrix product; and pooling by averages.
///
/// An image is [channels, height, width]. With outH = (height + 2·ph − kh) / sh + 1, and outW alike, the columns are
/// [channels·kh·kw, outH·outW]. The kernel must fit into the padded image. No aliasing.
#ifndef CK_CONVOLUTION_H
#define CK_CONVOLUTION_H

#include <stddef.h>
#include <stdint.h>

/// columns = patches of `image`; the padding is zero.
void ck_im2col_u64(
    size_t channels, size_t height, size_t width, size_t kh, size_t kw, size_t sh, size_t sw, size_t ph, size_t pw,
    const uint64_t *image, uint64_t *columns);
void ck_im2col_f32(
    size_t channels, size_t height, size_t width, size_t kh, size_t kw, size_t sh, size_t sw, size_t ph, size_t pw,
    const float *image, float *columns);

/// The transposed map: adds each entry of `columns` to the pixel it came from.
void ck_col2im_u64(
    size_t channels, size_t height, size_t width, size_t kh, size_t kw, size_t sh, size_t sw, size_t ph, size_t pw,
    const uint64_t *columns, uint64_t *image);
void ck_col2im_f32(
    size_t channels, size_t height, size_t width, size_t kh, size_t kw, size_t sh, size_t sw, size_t ph, size_t pw,
    const float *columns, float *image);

/// out[planes, outH, outW] = mean over each kh x kw window of x[planes, height, width], without padding.
void ck_f32_average_pool(
    size_t planes, size_t height, size_t width, size_t kh, size_t kw, size_t sh, size_t sw, const float *x, float *out);
/// Its gradient: overwrites out[planes, height, width], given g[planes, outH, outW].
void ck_f32_average_pool_grad(
    size_t planes, size_t height, size_t width, size_t kh, size_t kw, size_t sh, size_t sw, const float *g, float *out);

/// out[planes, height / 2, width / 2] = the largest value of each 2 x 2 window of x[planes, height, width], side by side; of
/// equal values, and beside a nan, the first counts.
void ck_f32_max_pool_by_two(size_t planes, size_t height, size_t width, const float *x, float *out);
/// Its gradient: overwrites out[planes, height, width], given g[planes, height / 2, width / 2].
void ck_f32_max_pool_by_two_grad(
    size_t planes, size_t height, size_t width, const float *x, const float *g, float *out);
/// out[planes, height − 1, width − 1] = the same of windows that begin at every place; both extents are at least 2.
void ck_f32_max_pool_sliding(size_t planes, size_t height, size_t width, const float *x, float *out);
/// Its gradient: overwrites out[planes, height, width], given g[planes, height − 1, width − 1].
void ck_f32_max_pool_sliding_grad(
    size_t planes, size_t height, size_t width, const float *x, const float *g, float *out);

#endif
