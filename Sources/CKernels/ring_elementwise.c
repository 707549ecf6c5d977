#include "ck_ring_elementwise.h"

#include <string.h>

#include "ck_bits.h"
#include "dispatch.h"

#define BINARY(name, expression) \
  CK_INLINE void name##_loop(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out) { \
    CK_INDEPENDENT for (size_t i = 0; i < n; i++) { out[i] = expression; } \
  } \
  CK_KERNEL(name, (size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out), (n, a, b, out))

BINARY(ck_u64_add, a[i] + b[i])
BINARY(ck_u64_sub, a[i] - b[i])
BINARY(ck_u64_mul, a[i] * b[i])
BINARY(ck_u64_and, a[i] & b[i])
BINARY(ck_u64_xor, a[i] ^ b[i])

#define UNARY(name, expression) \
  CK_INLINE void name##_loop(size_t n, const uint64_t *a, uint64_t *out) { \
    CK_INDEPENDENT for (size_t i = 0; i < n; i++) { out[i] = expression; } \
  } \
  CK_KERNEL(name, (size_t n, const uint64_t *a, uint64_t *out), (n, a, out))

UNARY(ck_u64_neg, -a[i])
UNARY(ck_u64_not, ~a[i])

#define WITH_SCALAR(name, type, expression) \
  CK_INLINE void name##_loop(size_t n, const uint64_t *a, type s, uint64_t *out) { \
    CK_INDEPENDENT for (size_t i = 0; i < n; i++) { out[i] = expression; } \
  } \
  CK_KERNEL(name, (size_t n, const uint64_t *a, type s, uint64_t *out), (n, a, s, out))

WITH_SCALAR(ck_u64_scale, uint64_t, s * a[i])
WITH_SCALAR(ck_u64_add_scalar, uint64_t, a[i] + s)
WITH_SCALAR(ck_u64_shift_right, unsigned, a[i] >> (s & 63))
WITH_SCALAR(ck_u64_shift_right_arithmetic, unsigned, (uint64_t)((int64_t)a[i] >> (s & 63)))
WITH_SCALAR(ck_u64_shift_left, unsigned, a[i] << (s & 63))

CK_INLINE void ck_u64_weigh_loop(
    size_t n, uint64_t p, const uint64_t *a, uint64_t q, const uint64_t *b, uint64_t *out) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { out[i] = p * a[i] + q * b[i]; }
}
CK_KERNEL(
    ck_u64_weigh, (size_t n, uint64_t p, const uint64_t *a, uint64_t q, const uint64_t *b, uint64_t *out),
    (n, p, a, q, b, out))

CK_INLINE void ck_u64_axpy_loop(size_t n, uint64_t s, const uint64_t *x, uint64_t *y) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { y[i] += s * x[i]; }
}
CK_KERNEL(ck_u64_axpy, (size_t n, uint64_t s, const uint64_t *x, uint64_t *y), (n, s, x, y))

/// The narrow side is addressed in bytes, since it may lie anywhere in a message.
#define NARROW_AND_WIDEN(bits) \
  CK_INLINE void ck_narrow##bits##_loop(size_t n, const uint64_t *words, void *out) { \
    unsigned char *bytes = out; \
    CK_INDEPENDENT for (size_t i = 0; i < n; i++) { \
      uint##bits##_t low = (uint##bits##_t)words[i]; \
      memcpy(bytes + i * sizeof low, &low, sizeof low); \
    } \
  } \
  CK_INLINE void ck_widen##bits##_loop(size_t n, const void *in, uint64_t *words) { \
    const unsigned char *bytes = in; \
    CK_INDEPENDENT for (size_t i = 0; i < n; i++) { \
      uint##bits##_t low; \
      memcpy(&low, bytes + i * sizeof low, sizeof low); \
      words[i] = low; \
    } \
  } \
  CK_KERNEL(ck_narrow##bits, (size_t n, const uint64_t *words, void *out), (n, words, out)) \
  CK_KERNEL(ck_widen##bits, (size_t n, const void *in, uint64_t *words), (n, in, words))

NARROW_AND_WIDEN(16)
NARROW_AND_WIDEN(32)

/// Four bytes are written or read for each word but the last: the next word's bytes follow.
CK_INLINE void ck_narrow24_loop(size_t n, const uint64_t *words, void *out) {
  unsigned char *bytes = out;
  for (size_t i = 0; i + 1 < n; i++) {
    uint32_t low = (uint32_t)words[i];
    memcpy(bytes + 3 * i, &low, sizeof low);
  }
  if (n > 0) {
    uint32_t low = (uint32_t)words[n - 1];
    memcpy(bytes + 3 * (n - 1), &low, 3);
  }
}
CK_INLINE void ck_widen24_loop(size_t n, const void *in, uint64_t *words) {
  const unsigned char *bytes = in;
  for (size_t i = 0; i + 1 < n; i++) {
    uint32_t low;
    memcpy(&low, bytes + 3 * i, sizeof low);
    words[i] = low & 0xffffff;
  }
  if (n > 0) {
    uint32_t low = 0;
    memcpy(&low, bytes + 3 * (n - 1), 3);
    words[n - 1] = low;
  }
}
CK_KERNEL(ck_narrow24, (size_t n, const uint64_t *words, void *out), (n, words, out))
CK_KERNEL(ck_widen24, (size_t n, const void *in, uint64_t *words), (n, in, words))

void ck_bits_and(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out) { ck_u64_and(n, a, b, out); }
void ck_bits_xor(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out) { ck_u64_xor(n, a, b, out); }

CK_INLINE void ck_rss_and_loop(
    size_t n, const uint64_t *x0, const uint64_t *x1, const uint64_t *y0, const uint64_t *y1, const uint64_t *r0,
    const uint64_t *r1, uint64_t *z) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    z[i] = (x0[i] & (y0[i] ^ y1[i])) ^ (x1[i] & y0[i]) ^ r0[i] ^ r1[i];
  }
}
CK_KERNEL(
    ck_rss_and,
    (size_t n, const uint64_t *x0, const uint64_t *x1, const uint64_t *y0, const uint64_t *y1, const uint64_t *r0,
     const uint64_t *r1, uint64_t *z),
    (n, x0, x1, y0, y1, r0, r1, z))
