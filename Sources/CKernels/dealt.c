#include "ck_dealt.h"

#include "dispatch.h"

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

/// The sum over all sets U of bits from k on of the monomial of s and U times the product of ~c over the other bits from
/// k on: the part of the product of all r ^ ~c, multiplied out, in which the bits below k stand as in s.
#define MONOMIAL(s) ((s) == 0 ? kept : monomials[((s) - 1) * stride + i])
#define FROM3(s) (size > 3 ? MONOMIAL((s) | 8) ^ (n3 & MONOMIAL(s)) : MONOMIAL(s))
#define FROM2(s) (size > 2 ? FROM3((s) | 4) ^ (n2 & FROM3(s)) : MONOMIAL(s))
#define FROM1(s) (size > 1 ? FROM2((s) | 2) ^ (n1 & FROM2(s)) : MONOMIAL(s))

/// `size` is a constant in each call. P is the product of all r ^ ~c; bit j generates the borrow if r and not c in it, and
/// all bits above pass it on.
CK_INLINE void monomial_borrow(
    size_t n, unsigned size, uint64_t first, size_t stride, const uint64_t *c, const uint64_t *monomials,
    uint64_t *generate, uint64_t *propagate) {
  const uint64_t kept = 0 - first;
  CK_INDEPENDENT for (size_t i = 0; i < n; i++) {
    uint64_t n0 = ~c[i];
    uint64_t n1 = size > 1 ? ~c[stride + i] : 0;
    uint64_t n2 = size > 2 ? ~c[2 * stride + i] : 0;
    uint64_t n3 = size > 3 ? ~c[3 * stride + i] : 0;
    uint64_t carry = n0 & FROM1(1);
    if (size > 1) { carry ^= n1 & FROM2(2); }
    if (size > 2) { carry ^= n2 & FROM3(4); }
    if (size > 3) { carry ^= n3 & MONOMIAL(8); }
    generate[i] = carry;
    propagate[i] = FROM1(1) ^ (n0 & FROM1(0));
  }
}

CK_INLINE void ck_monomial_borrow_loop(
    size_t n, unsigned size, uint64_t first, size_t stride, const uint64_t *c, const uint64_t *monomials,
    uint64_t *generate, uint64_t *propagate) {
  switch (size) {
  case 1: monomial_borrow(n, 1, first, stride, c, monomials, generate, propagate); break;
  case 2: monomial_borrow(n, 2, first, stride, c, monomials, generate, propagate); break;
  case 3: monomial_borrow(n, 3, first, stride, c, monomials, generate, propagate); break;
  default: monomial_borrow(n, 4, first, stride, c, monomials, generate, propagate); break;
  }
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
