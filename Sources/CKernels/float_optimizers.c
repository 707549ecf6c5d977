#include "ck_float.h"
#include "dispatch.h"

#pragma STDC FP_CONTRACT OFF

CK_INLINE void ck_f32_sgd_loop(
    size_t n, float lr, float momentum, float weight_decay, float *p, const float *g, float *v) {
  if (v == NULL) {
    CK_INDEPENDENT for (size_t i = 0; i < n; i++) { p[i] -= lr * (g[i] + weight_decay * p[i]); }
    return;
  }
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    float velocity = momentum * v[i] + (g[i] + weight_decay * p[i]);
    v[i] = velocity;
    p[i] -= lr * velocity;
  }
}
CK_KERNEL(
    ck_f32_sgd, (size_t n, float lr, float momentum, float weight_decay, float *p, const float *g, float *v),
    (n, lr, momentum, weight_decay, p, g, v))

CK_INLINE void ck_f32_adam_loop(
    size_t n, float lr, float b1, float b2, float eps, float correction1, float correction2, float weight_decay,
    float *p, const float *g, float *m, float *v) {
  const float rate = lr / correction1, root = __builtin_elementwise_sqrt(correction2);
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    float gradient = g[i] + weight_decay * p[i];
    float mean = b1 * m[i] + (1 - b1) * gradient;
    float square = b2 * v[i] + (1 - b2) * gradient * gradient;
    m[i] = mean;
    v[i] = square;
    p[i] -= rate * mean / (__builtin_elementwise_sqrt(square) / root + eps);
  }
}
CK_KERNEL(
    ck_f32_adam,
    (size_t n, float lr, float b1, float b2, float eps, float correction1, float correction2, float weight_decay,
     float *p, const float *g, float *m, float *v),
    (n, lr, b1, b2, eps, correction1, correction2, weight_decay, p, g, m, v))
