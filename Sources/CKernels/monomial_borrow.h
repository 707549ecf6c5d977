/// Borrows of up to four neighbouring bits from the monomials of a mask's bits; the including file says what one monomial is.
#ifndef CK_MONOMIAL_BORROW_H
#define CK_MONOMIAL_BORROW_H

/// The sum over all sets U of bits from k on of the monomial of s and U times the product of ~c over the other bits from
/// k on: the part of the product of all r ^ ~c, multiplied out, in which the bits below k stand as in s.
///
/// In scope: `size`, a constant; `n1` to `n3`, bits of ~c; `MONOMIAL(s)`.
#define FROM3(s) (size > 3 ? MONOMIAL((s) | 8) ^ (n3 & MONOMIAL(s)) : MONOMIAL(s))
#define FROM2(s) (size > 2 ? FROM3((s) | 4) ^ (n2 & FROM3(s)) : MONOMIAL(s))
#define FROM1(s) (size > 1 ? FROM2((s) | 2) ^ (n1 & FROM2(s)) : MONOMIAL(s))

/// Bit j generates the borrow if r and not c in it, and all bits above pass it on; P is the product of all r ^ ~c. `bits(j)`
/// are those of ~c in plane j.
#define MONOMIAL_BORROW(bits, generate, propagate)      \
  do {                                                  \
    uint64_t n0 = bits(0);                              \
    uint64_t n1 = size > 1 ? bits(1) : 0;               \
    uint64_t n2 = size > 2 ? bits(2) : 0;               \
    uint64_t n3 = size > 3 ? bits(3) : 0;               \
    uint64_t carry = n0 & FROM1(1);                     \
    if (size > 1) { carry ^= n1 & FROM2(2); }           \
    if (size > 2) { carry ^= n2 & FROM3(4); }           \
    if (size > 3) { carry ^= n3 & MONOMIAL(8); }        \
    (generate) = carry;                                 \
    (propagate) = FROM1(1) ^ (n0 & FROM1(0));           \
  } while (0)

/// Calls a loop with its size as a constant.
#define AT_CONSTANT_SIZE(size, loop)                    \
  switch (size) {                                       \
  case 1: loop(1); break;                               \
  case 2: loop(2); break;                               \
  case 3: loop(3); break;                               \
  default: loop(4); break;                              \
  }

#endif
