#ifndef CPAILLIER_H
#define CPAILLIER_H

#include <gmp.h>
#include <stddef.h>
#include <stdint.h>

// Arithmetic modulo n² for odd n of `limbs` 64-bit limbs: x = a + b·n is the pair (a, b), stored as 2·limbs limbs, a
// first, with a, b < n. A product costs five products of `limbs` limbs where one modulo n² of twice the length costs
// eight. Products are Montgomery's, with R = 2^(64·limbs). Running times depend on sizes only. No allocation: the
// caller brings `scratch` of cp_pair_scratch(limbs) limbs.

/// What a modulus needs: n itself and −1/n modulo 2^64.
typedef struct {
  const mp_limb_t *n;
  mp_limb_t negated_inverse;
  mp_size_t limbs;
} cp_modulus;

/// Limbs of scratch for every function here.
size_t cp_pair_scratch(mp_size_t limbs);

/// −1/n modulo 2^64, for odd n.
mp_limb_t cp_negated_inverse(mp_limb_t n);

/// r = x·y/R modulo n². r may be x or y.
void cp_pair_multiply(cp_modulus m, mp_limb_t *r, const mp_limb_t *x, const mp_limb_t *y, mp_limb_t *scratch);

/// Powers of `base` for cp_pair_fixed_powers: for each window i, the entries base^(j·2^(bits·i)) for j < 2^bits.
/// `one` is R modulo n²; `table` has windows·2^bits pairs.
void cp_pair_table(cp_modulus m, mp_limb_t *table, const mp_limb_t *base, const mp_limb_t *one, unsigned bits,
                   size_t windows, mp_limb_t *scratch);

/// r[i] = base^e for e = Σ digits[i·windows + j]·2^(bits·j), `count` powers whose digits are secret: every entry of a
/// window is read for every digit.
void cp_pair_fixed_powers(cp_modulus m, mp_limb_t *r, size_t count, const mp_limb_t *table, unsigned bits,
                          size_t windows, const uint8_t *digits, mp_limb_t *scratch);

/// r = a + b modulo n for a, b < n. r may be a or b.
void cp_add_modulo(cp_modulus m, mp_limb_t *r, const mp_limb_t *a, const mp_limb_t *b);

/// The number a + b·n of a pair that is not in Montgomery's form, as 2·limbs limbs.
void cp_pair_join(cp_modulus m, mp_limb_t *r, const mp_limb_t *x);

#endif
