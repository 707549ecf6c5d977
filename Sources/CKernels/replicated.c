#include "ck_replicated.h"

#include "dispatch.h"

CK_INLINE void ck_rss_truncate_open_loop(
    size_t n, uint64_t offset, const uint64_t *mask, int subtract, const uint64_t *blind, uint64_t *s, uint64_t *opened) {
  if (mask == NULL) {
    CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
      s[i] += offset;
      opened[i] = 1 - (s[i] >> 63) + blind[i];
    }
    return;
  }
  uint64_t sign = subtract ? ~(uint64_t)0 : 1;
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    s[i] += offset + sign * mask[i];
    opened[i] = 1 - (s[i] >> 63) + blind[i];
  }
}
CK_KERNEL(
    ck_rss_truncate_open,
    (size_t n, uint64_t offset, const uint64_t *mask, int subtract, const uint64_t *blind, uint64_t *s, uint64_t *opened),
    (n, offset, mask, subtract, blind, s, opened))

CK_INLINE void ck_rss_truncate_help_loop(
    size_t n, const uint64_t *a, const uint64_t *b, const uint64_t *c0, uint64_t *c1) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) c1[i] = a[i] * b[i] - c0[i];
}
CK_KERNEL(
    ck_rss_truncate_help, (size_t n, const uint64_t *a, const uint64_t *b, const uint64_t *c0, uint64_t *c1),
    (n, a, b, c0, c1))

CK_INLINE void ck_rss_truncate_first_loop(
    size_t n, unsigned f, const uint64_t *s, const uint64_t *opened, const uint64_t *c0, const uint64_t *o,
    uint64_t *d) {
  const uint64_t back = (uint64_t)1 << (62 - f);
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t u = 1 - (s[i] >> 63);
    uint64_t wrap = 1 - (u * opened[i] + c0[i]);
    d[i] = (s[i] >> f) - (wrap << (64 - f)) - back - o[i];
  }
}
CK_KERNEL(
    ck_rss_truncate_first,
    (size_t n, unsigned f, const uint64_t *s, const uint64_t *opened, const uint64_t *c0, const uint64_t *o,
     uint64_t *d),
    (n, f, s, opened, c0, o, d))

CK_INLINE void ck_rss_truncate_second_loop(
    size_t n, unsigned f, const uint64_t *s, const uint64_t *opened, const uint64_t *b, const uint64_t *c1,
    const uint64_t *o, uint64_t *d) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t wrap = b[i] * opened[i] - c1[i];
    uint64_t inexact = (s[i] << (64 - f)) != 0;
    d[i] = (s[i] >> f) + inexact - (wrap << (64 - f)) - o[i];
  }
}
CK_KERNEL(
    ck_rss_truncate_second,
    (size_t n, unsigned f, const uint64_t *s, const uint64_t *opened, const uint64_t *b, const uint64_t *c1,
     const uint64_t *o, uint64_t *d),
    (n, f, s, opened, b, c1, o, d))

CK_INLINE void ck_rss_select_first_loop(
    size_t n, const uint64_t *bit, const uint64_t *x0, const uint64_t *x1, const uint64_t *r1, const uint64_t *r2,
    uint64_t *z, uint64_t *masked, uint64_t *s) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t x = x0[i] + x1[i], kept = x & (0 - bit[i]);
    z[i] = x - 2 * kept - r1[i];
    masked[i] = bit[i] - r2[i];
    s[i] = kept;
  }
}
CK_KERNEL(
    ck_rss_select_first,
    (size_t n, const uint64_t *bit, const uint64_t *x0, const uint64_t *x1, const uint64_t *r1, const uint64_t *r2,
     uint64_t *z, uint64_t *masked, uint64_t *s),
    (n, bit, x0, x1, r1, r2, z, masked, s))

CK_INLINE void ck_rss_select_second_loop(
    size_t n, const uint64_t *bit, const uint64_t *x2, const uint64_t *r1, const uint64_t *r2, uint64_t *s) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t chosen = 0 - bit[i];
    uint64_t k = x2[i] - 2 * (x2[i] & chosen);
    s[i] = ((r1[i] + x2[i]) & chosen) + r2[i] * k;
  }
}
CK_KERNEL(
    ck_rss_select_second,
    (size_t n, const uint64_t *bit, const uint64_t *x2, const uint64_t *r1, const uint64_t *r2, uint64_t *s),
    (n, bit, x2, r1, r2, s))

CK_INLINE void ck_rss_select_third_loop(
    size_t n, const uint64_t *bit, const uint64_t *x2, const uint64_t *z, const uint64_t *masked, uint64_t *s) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t chosen = 0 - bit[i];
    uint64_t k = x2[i] - 2 * (x2[i] & chosen);
    s[i] = (z[i] & chosen) + masked[i] * k;
  }
}
CK_KERNEL(
    ck_rss_select_third,
    (size_t n, const uint64_t *bit, const uint64_t *x2, const uint64_t *z, const uint64_t *masked, uint64_t *s),
    (n, bit, x2, z, masked, s))

CK_INLINE void ck_u64_add_sub_loop(
    size_t n, const uint64_t *a, const uint64_t *b, const uint64_t *c, uint64_t *out) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) out[i] = a[i] + b[i] - c[i];
}
CK_KERNEL(
    ck_u64_add_sub, (size_t n, const uint64_t *a, const uint64_t *b, const uint64_t *c, uint64_t *out),
    (n, a, b, c, out))

CK_INLINE void ck_rss_multiply_loop(
    size_t n, const uint64_t *x0, const uint64_t *x1, const uint64_t *y0, const uint64_t *y1, uint64_t *z) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) z[i] += x0[i] * (y0[i] + y1[i]) + x1[i] * y0[i];
}
CK_KERNEL(
    ck_rss_multiply,
    (size_t n, const uint64_t *x0, const uint64_t *x1, const uint64_t *y0, const uint64_t *y1, uint64_t *z),
    (n, x0, x1, y0, y1, z))

CK_INLINE void ck_rss_convert_loop(
    size_t n, const uint64_t *t, const uint64_t *v, const uint64_t *q, uint64_t *e) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) e[i] = 0 - 2 * (t[i] & (0 - v[i])) - q[i];
}
CK_KERNEL(
    ck_rss_convert, (size_t n, const uint64_t *t, const uint64_t *v, const uint64_t *q, uint64_t *e), (n, t, v, q, e))
