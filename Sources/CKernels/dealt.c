#include "ck_dealt.h"

#include "dispatch.h"
#include "monomial_borrow.h"

CK_INLINE void ck_beaver_multiply_loop(
    size_t n, uint64_t first, const uint64_t *e, const uint64_t *f, const uint64_t *a, const uint64_t *b, uint64_t *z) {
  uint64_t kept = 0 - first;
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) z[i] += e[i] * (b[i] + (f[i] & kept)) + a[i] * f[i];
}
CK_KERNEL(
    ck_beaver_multiply,
    (size_t n, uint64_t first, const uint64_t *e, const uint64_t *f, const uint64_t *a, const uint64_t *b, uint64_t *z),
    (n, first, e, f, a, b, z))

CK_INLINE void ck_beaver_and_loop(
    size_t n, uint64_t first, const uint64_t *e, const uint64_t *f, const uint64_t *a, const uint64_t *b,
    const uint64_t *c, uint64_t *z) {
  uint64_t kept = 0 - first;
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    z[i] = c[i] ^ (e[i] & (b[i] ^ (f[i] & kept))) ^ (f[i] & a[i]);
  }
}
CK_KERNEL(
    ck_beaver_and,
    (size_t n, uint64_t first, const uint64_t *e, const uint64_t *f, const uint64_t *a, const uint64_t *b,
     const uint64_t *c, uint64_t *z),
    (n, first, e, f, a, b, c, z))

CK_INLINE void ck_dealt_truncate_loop(
    size_t n, unsigned f, uint64_t first, const uint64_t *c, const uint64_t *top, const uint64_t *shifted, uint64_t *y) {
  const uint64_t kept = 0 - first, back = (uint64_t)1 << (62 - f);
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t carry = c[i] >> 63, flip = 0 - carry;
    uint64_t open = ((c[i] << 1) >> (f + 1)) + (carry << (63 - f)) - back;
    // (1 - 2 carry) top
    uint64_t signed_top = (top[i] ^ flip) - flip;
    y[i] = (signed_top << (63 - f)) - shifted[i] + (open & kept);
  }
}
CK_KERNEL(
    ck_dealt_truncate,
    (size_t n, unsigned f, uint64_t first, const uint64_t *c, const uint64_t *top, const uint64_t *shifted, uint64_t *y),
    (n, f, first, c, top, shifted, y))

CK_INLINE void ck_dealt_truncate_parts_loop(
    size_t n, unsigned f, const uint64_t *r, uint64_t *top, uint64_t *shifted) {
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    top[i] = r[i] >> 63;
    shifted[i] = (r[i] << 1) >> (f + 1);
  }
}
CK_KERNEL(
    ck_dealt_truncate_parts, (size_t n, unsigned f, const uint64_t *r, uint64_t *top, uint64_t *shifted),
    (n, f, r, top, shifted))

#define MONOMIAL(s) ((s) == 0 ? kept : monomials[((s) - 1) * stride + i])
#define NOT_PUBLIC(plane) (~c[(plane) * stride + i])

/// `size` is a constant in each call.
CK_INLINE void monomial_borrow(
    size_t n, unsigned size, uint64_t first, size_t stride, const uint64_t *c, const uint64_t *monomials,
    uint64_t *generate, uint64_t *propagate) {
  const uint64_t kept = 0 - first;
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) { MONOMIAL_BORROW(NOT_PUBLIC, generate[i], propagate[i]); }
}

CK_INLINE void ck_monomial_borrow_loop(
    size_t n, unsigned size, uint64_t first, size_t stride, const uint64_t *c, const uint64_t *monomials,
    uint64_t *generate, uint64_t *propagate) {
#define AT(size) monomial_borrow(n, size, first, stride, c, monomials, generate, propagate)
  AT_CONSTANT_SIZE(size, AT)
#undef AT
}
CK_KERNEL(
    ck_monomial_borrow,
    (size_t n, unsigned size, uint64_t first, size_t stride, const uint64_t *c, const uint64_t *monomials,
     uint64_t *generate, uint64_t *propagate),
    (n, size, first, stride, c, monomials, generate, propagate))

CK_INLINE void ck_dealt_select_loop(
    size_t n, uint64_t first, const uint64_t *d, const uint64_t *e, const uint64_t *a, const uint64_t *rho,
    const uint64_t *rho_a, uint64_t *z) {
  const uint64_t kept = 0 - first;
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t flip = 0 - d[i];
    uint64_t masked = e[i] * rho[i] + rho_a[i];
    z[i] = (((e[i] & kept) + a[i]) & flip) + ((masked ^ flip) - flip);
  }
}
CK_KERNEL(
    ck_dealt_select,
    (size_t n, uint64_t first, const uint64_t *d, const uint64_t *e, const uint64_t *a, const uint64_t *rho,
     const uint64_t *rho_a, uint64_t *z),
    (n, first, d, e, a, rho, rho_a, z))

CK_INLINE void ck_dealt_convert_loop(size_t n, uint64_t first, const uint64_t *d, const uint64_t *rho, uint64_t *z) {
  const uint64_t kept = 0 - first;
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t flip = 0 - d[i];
    z[i] = ((rho[i] ^ flip) - flip) + (d[i] & kept);
  }
}
CK_KERNEL(
    ck_dealt_convert, (size_t n, uint64_t first, const uint64_t *d, const uint64_t *rho, uint64_t *z),
    (n, first, d, rho, z))
