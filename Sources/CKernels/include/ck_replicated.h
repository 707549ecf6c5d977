/// The local steps of the three-party replicated protocols: one pass over the words each.
/// Party 0, 1 and 2 are roles; which party plays which is the caller's business. No aliasing unless stated.
#ifndef CK_REPLICATED_H
#define CK_REPLICATED_H

#include <stddef.h>
#include <stdint.h>

/// Truncation, before the first message: s += offset - (subtract ? mask : -mask); opened = (1 - msb(s)) + blind.
/// `mask` may be NULL.
void ck_rss_truncate_open(
    size_t n, uint64_t offset, const uint64_t *mask, int subtract, const uint64_t *blind, uint64_t *s, uint64_t *opened);

/// Truncation, the helper's product: c1 = a b - c0.
void ck_rss_truncate_help(size_t n, const uint64_t *a, const uint64_t *b, const uint64_t *c0, uint64_t *c1);

/// Truncation, role 0 after the exchange: d = (s >> f) - ((1 - (u B + c0)) << (64-f)) - 2^(62-f) - o.
void ck_rss_truncate_first(
    size_t n, unsigned f, const uint64_t *s, const uint64_t *opened, const uint64_t *c0, const uint64_t *o, uint64_t *d);

/// Truncation, role 1 after the exchange: d = (s >> f) + [s mod 2^f != 0] - (-(c1 - b A) << (64-f)) - o.
void ck_rss_truncate_second(
    size_t n, unsigned f, const uint64_t *s, const uint64_t *opened, const uint64_t *b, const uint64_t *c1,
    const uint64_t *o, uint64_t *d);

/// Bit times value, role 0: u = bit; z = (1 - 2u)(x0 + x1) - r1; masked = u - r2; s = u (x0 + x1). `bit` holds 0 or 1.
void ck_rss_select_first(
    size_t n, const uint64_t *bit, const uint64_t *x0, const uint64_t *x1, const uint64_t *r1, const uint64_t *r2,
    uint64_t *z, uint64_t *masked, uint64_t *s);

/// Bit times value, role 1: s = v r1 + v x2 + r2 (1 - 2v) x2.
void ck_rss_select_second(
    size_t n, const uint64_t *bit, const uint64_t *x2, const uint64_t *r1, const uint64_t *r2, uint64_t *s);

/// Bit times value, role 2: s = v z + masked (1 - 2v) x2.
void ck_rss_select_third(
    size_t n, const uint64_t *bit, const uint64_t *x2, const uint64_t *z, const uint64_t *masked, uint64_t *s);

/// out = a + b - c: adds a zero share.
void ck_u64_add_sub(size_t n, const uint64_t *a, const uint64_t *b, const uint64_t *c, uint64_t *out);

/// Product of replicated shares, elementwise, with a zero share: z += x0 (y0 + y1) + x1 y0.
void ck_rss_multiply(
    size_t n, const uint64_t *x0, const uint64_t *x1, const uint64_t *y0, const uint64_t *y1, uint64_t *z);

/// Bit to ring, the second message: e = -2 t v - q.
void ck_rss_convert(size_t n, const uint64_t *t, const uint64_t *v, const uint64_t *q, uint64_t *e);

#endif
