/// Element-wise loops over Z/2^128. Sums are written in halves, which vectorise; products as the compiler's wide type.
#include "ck_ring128.h"

#include "dispatch.h"
#include "ring128_ifma.h"

typedef unsigned __int128 wide;

CK_INLINE wide pair(uint64_t low, uint64_t high) { return (wide)high << 64 | low; }
CK_INLINE wide load(size_t n, const uint64_t *a, size_t i) { return pair(a[i], a[n + i]); }
CK_INLINE void store(size_t n, uint64_t *a, size_t i, wide value) {
  a[i] = (uint64_t)value;
  a[n + i] = (uint64_t)(value >> 64);
}

CK_INLINE void ck_u128_add_loop(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t low = a[i] + b[i], high = a[n + i] + b[n + i] + (low < b[i]);
    out[i] = low;
    out[n + i] = high;
  }
}
CK_KERNEL(ck_u128_add, (size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out), (n, a, b, out))

CK_INLINE void ck_u128_sub_loop(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t low = a[i] - b[i], high = a[n + i] - b[n + i] - (a[i] < b[i]);
    out[i] = low;
    out[n + i] = high;
  }
}
CK_KERNEL(ck_u128_sub, (size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out), (n, a, b, out))

CK_INLINE void ck_u128_add_scalar_loop(
    size_t n, const uint64_t *a, uint64_t s_low, uint64_t s_high, uint64_t *out) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t low = a[i] + s_low, high = a[n + i] + s_high + (low < s_low);
    out[i] = low;
    out[n + i] = high;
  }
}
CK_KERNEL(
    ck_u128_add_scalar, (size_t n, const uint64_t *a, uint64_t s_low, uint64_t s_high, uint64_t *out),
    (n, a, s_low, s_high, out))

CK_INLINE void ck_u128_scale_loop(size_t n, const uint64_t *a, uint64_t s_low, uint64_t s_high, uint64_t *out) {
  wide s = pair(s_low, s_high);
  for (size_t i = 0; i < n; i++) { store(n, out, i, s * load(n, a, i)); }
}
CK_KERNEL(
    ck_u128_scale, (size_t n, const uint64_t *a, uint64_t s_low, uint64_t s_high, uint64_t *out),
    (n, a, s_low, s_high, out))

CK_INLINE void ck_u128_axpy_loop(size_t n, uint64_t s_low, uint64_t s_high, const uint64_t *x, uint64_t *y) {
  wide s = pair(s_low, s_high);
  for (size_t i = 0; i < n; i++) { store(n, y, i, load(n, y, i) + s * load(n, x, i)); }
}
CK_KERNEL(
    ck_u128_axpy, (size_t n, uint64_t s_low, uint64_t s_high, const uint64_t *x, uint64_t *y), (n, s_low, s_high, x, y))

CK_INLINE void ck_u128_multiply_add_loop(size_t n, const uint64_t *a, const uint64_t *b, uint64_t *z) {
  for (size_t i = 0; i < n; i++) { store(n, z, i, load(n, z, i) + load(n, a, i) * load(n, b, i)); }
}
CK_KERNEL(ck_u128_multiply_add, (size_t n, const uint64_t *a, const uint64_t *b, uint64_t *z), (n, a, b, z))

CK_INLINE void dot_loop(size_t n, const uint64_t *weights, const uint64_t *a, uint64_t sum[2]) {
  wide total = 0;
  for (size_t i = 0; i < n; i++) { total += weights[i] * load(n, a, i); }
  sum[0] = (uint64_t)total;
  sum[1] = (uint64_t)(total >> 64);
}
CK_LOCAL_KERNEL(dot, (size_t n, const uint64_t *weights, const uint64_t *a, uint64_t sum[2]), (n, weights, a, sum))

void ck_u128_dot(size_t n, const uint64_t *weights, const uint64_t *a, uint64_t sum[2]) {
#if CK_X86
  if (ck_has_ifma()) {
    ck_u128_dot_ifma(n, weights, a, sum);
    return;
  }
#endif
  dot(n, weights, a, sum);
}

CK_INLINE void ck_u128_split_loop(size_t n, const uint64_t *a, uint64_t *limbs) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    limbs[i] = a[i] & 0xffffffff;
    limbs[n + i] = a[i] >> 32;
    limbs[2 * n + i] = a[n + i] & 0xffffffff;
    limbs[3 * n + i] = a[n + i] >> 32;
  }
}
CK_KERNEL(ck_u128_split, (size_t n, const uint64_t *a, uint64_t *limbs), (n, a, limbs))

CK_INLINE void ck_u128_join_add_loop(size_t n, const uint64_t *limbs, uint64_t *out) {
  for (size_t i = 0; i < n; i++) {
    wide sum = load(n, out, i);
    for (unsigned j = 0; j < 4; j++) { sum += (wide)(__int128)(int64_t)limbs[j * n + i] << 32 * j; }
    store(n, out, i, sum);
  }
}
CK_KERNEL(ck_u128_join_add, (size_t n, const uint64_t *limbs, uint64_t *out), (n, limbs, out))

CK_INLINE void ck_u128_beaver_multiply_loop(
    size_t n, uint64_t k_low, uint64_t k_high, const uint64_t *e, const uint64_t *f, const uint64_t *a,
    const uint64_t *b, uint64_t *z) {
  wide k = pair(k_low, k_high);
  for (size_t i = 0; i < n; i++) {
    wide ei = load(n, e, i), fi = load(n, f, i);
    store(n, z, i, load(n, z, i) + ei * (load(n, b, i) + k * fi) + load(n, a, i) * fi);
  }
}
CK_KERNEL(
    ck_u128_beaver_multiply,
    (size_t n, uint64_t k_low, uint64_t k_high, const uint64_t *e, const uint64_t *f, const uint64_t *a,
     const uint64_t *b, uint64_t *z),
    (n, k_low, k_high, e, f, a, b, z))

CK_INLINE void ck_u128_dealt_truncate_loop(
    size_t n, unsigned f, uint64_t k_low, uint64_t k_high, const uint64_t *c, const uint64_t *top,
    const uint64_t *shifted, uint64_t *y) {
  const wide k = pair(k_low, k_high);
  for (size_t i = 0; i < n; i++) {
    uint64_t carry = c[i] >> 63;
    wide flip = 0 - (wide)carry;
    wide open = (wide)((c[i] << 1) >> (f + 1)) + ((wide)carry << (63 - f)) - ((wide)1 << (62 - f));
    wide signed_top = (load(n, top, i) ^ flip) - flip;
    store(n, y, i, (signed_top << (63 - f)) - load(n, shifted, i) + k * open);
  }
}
CK_KERNEL(
    ck_u128_dealt_truncate,
    (size_t n, unsigned f, uint64_t k_low, uint64_t k_high, const uint64_t *c, const uint64_t *top,
     const uint64_t *shifted, uint64_t *y),
    (n, f, k_low, k_high, c, top, shifted, y))

CK_INLINE void ck_u128_dealt_select_loop(
    size_t n, uint64_t k_low, uint64_t k_high, const uint64_t *d, const uint64_t *e, const uint64_t *a,
    const uint64_t *rho, const uint64_t *rho_a, uint64_t *z) {
  const wide k = pair(k_low, k_high);
  for (size_t i = 0; i < n; i++) {
    wide flip = 0 - (wide)d[i], ei = load(n, e, i);
    wide masked = ei * load(n, rho, i) + load(n, rho_a, i);
    store(n, z, i, ((k * ei + load(n, a, i)) & flip) + ((masked ^ flip) - flip));
  }
}
CK_KERNEL(
    ck_u128_dealt_select,
    (size_t n, uint64_t k_low, uint64_t k_high, const uint64_t *d, const uint64_t *e, const uint64_t *a,
     const uint64_t *rho, const uint64_t *rho_a, uint64_t *z),
    (n, k_low, k_high, d, e, a, rho, rho_a, z))

CK_INLINE void ck_u128_dealt_convert_loop(
    size_t n, uint64_t k_low, uint64_t k_high, const uint64_t *d, const uint64_t *rho, uint64_t *z) {
  const wide k = pair(k_low, k_high);
  for (size_t i = 0; i < n; i++) {
    wide flip = 0 - (wide)d[i];
    store(n, z, i, ((load(n, rho, i) ^ flip) - flip) + (k & flip));
  }
}
CK_KERNEL(
    ck_u128_dealt_convert,
    (size_t n, uint64_t k_low, uint64_t k_high, const uint64_t *d, const uint64_t *rho, uint64_t *z),
    (n, k_low, k_high, d, rho, z))
