/// Element-wise loops over floats, the same bits at every dispatch level. An output may be the same array as an input.
#ifndef CK_FLOAT_H
#define CK_FLOAT_H

#include <stddef.h>

void ck_f32_add(size_t n, const float *a, const float *b, float *out);
void ck_f32_sub(size_t n, const float *a, const float *b, float *out);
void ck_f32_mul(size_t n, const float *a, const float *b, float *out);
void ck_f32_div(size_t n, const float *a, const float *b, float *out);
/// out = a · b + c, with two roundings.
void ck_f32_mul_add(size_t n, const float *a, const float *b, const float *c, float *out);
/// out = s · a
void ck_f32_scale(size_t n, const float *a, float s, float *out);
/// y += s · x
void ck_f32_axpy(size_t n, float s, const float *x, float *y);

/// Σ aᵢ · bᵢ, in sixteen partial sums.
float ck_f32_dot(size_t n, const float *a, const float *b);
/// out[row] = Σ x², for x[rows, columns].
void ck_f32_row_squares(size_t rows, size_t columns, const float *x, float *out);
/// out[rows, columns] = a[rows] · b[columns].
void ck_f32_outer(size_t rows, size_t columns, const float *a, const float *b, float *out);
/// out[rows, columns] = x[rows, columns] · s[rows], each row by its own factor.
void ck_f32_scale_rows(size_t rows, size_t columns, const float *x, const float *s, float *out);

/// x[rows, columns] += row[columns], to every row.
void ck_f32_add_row(size_t rows, size_t columns, const float *row, float *x);
/// out[columns] = sum over the rows of x[rows, columns], from the first row on. No aliasing.
void ck_f32_sum_rows(size_t rows, size_t columns, const float *x, float *out);

/// y = max(x, 0); a NaN stays one.
void ck_f32_relu(size_t n, const float *x, float *y);
/// y = max(x, least); a NaN stays one.
void ck_f32_at_least(size_t n, const float *x, float least, float *y);
/// out = x > 0 ? g : 0
void ck_f32_relu_grad(size_t n, const float *x, const float *g, float *out);

/// Within 2 units in the last place; infinities, NaN and subnormal results as in IEEE 754.
void ck_f32_exp(size_t n, const float *x, float *y);
void ck_f32_log(size_t n, const float *x, float *y);
void ck_f32_tanh(size_t n, const float *x, float *y);
/// 1 / (1 + e^−x), within 3 units in the last place.
void ck_f32_sigmoid(size_t n, const float *x, float *y);

/// x · Φ(x), with Φ the normal distribution function; within 2e-7 · max(1, |x|).
void ck_f32_gelu(size_t n, const float *x, float *y);
/// Its derivative, Φ(x) + x · φ(x); within 4e-7.
void ck_f32_gelu_grad(size_t n, const float *x, float *y);

/// One step of gradient descent as in PyTorch: g' = g + weight_decay · p; v = momentum · v + g'; p −= lr · v.
/// `v` may be null if `momentum` is 0. The arrays are distinct.
void ck_f32_sgd(size_t n, float lr, float momentum, float weight_decay, float *p, const float *g, float *v);

/// One step of Adam as in PyTorch: g' = g + weight_decay · p; m = b1 · m + (1 − b1) · g'; v = b2 · v + (1 − b2) · g'²;
/// p −= lr / correction1 · m / (√v / √correction2 + eps), where correctionᵢ = 1 − bᵢ^step. The arrays are distinct.
void ck_f32_adam(
    size_t n, float lr, float b1, float b2, float eps, float correction1, float correction2, float weight_decay,
    float *p, const float *g, float *m, float *v);

#endif
