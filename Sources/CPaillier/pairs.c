#include "CPaillier.h"

#include <string.h>

size_t cp_pair_scratch(mp_size_t limbs) {
  // Two products and a spare limb each, quotient digits, a difference, a chosen entry, and what GMP wants.
  return 2 * (2 * limbs + 1) + 2 * limbs + 2 * limbs + mpn_sec_mul_itch(limbs, limbs);
}

mp_limb_t cp_negated_inverse(mp_limb_t n) {
  mp_limb_t inverse = n;  // right in three bits; each step doubles them
  for (int step = 0; step < 5; step++) inverse *= 2 - n * inverse;
  return 0 - inverse;
}

/// The upper half of t, with the spare limb behind it, becomes (t + q·n)/R; the digits of q go to `quotient`.
static void reduce(cp_modulus m, mp_limb_t *t, mp_limb_t *quotient) {
  for (mp_size_t i = 0; i < m.limbs; i++) {
    mp_limb_t digit = t[i] * m.negated_inverse;
    quotient[i] = digit;
    // The row's carry is kept in the limb that has become zero, and all of them are added at the end.
    t[i] = mpn_addmul_1(t + i, m.n, m.limbs, digit);
  }
  t[2 * m.limbs] += mpn_add_n(t + m.limbs, t + m.limbs, t, m.limbs);
}

/// Subtracts n from v + top·R unless that is smaller than n; returns whether it did.
static mp_limb_t subtract_once(cp_modulus m, mp_limb_t *v, mp_limb_t *top, mp_limb_t *difference) {
  mp_limb_t borrow = mpn_sub_n(difference, v, m.n, m.limbs);
  mp_limb_t is_large = (*top | (0 - *top)) >> 63;
  mp_limb_t condition = is_large | (borrow ^ 1);
  *top -= mpn_cnd_sub_n(condition, v, v, m.n, m.limbs);
  return condition;
}

/// v += word, over all limbs whatever the carry.
static void add_word(mp_limb_t *v, mp_size_t limbs, mp_limb_t word) {
  for (mp_size_t i = 0; i < limbs; i++) {
    v[i] += word;
    word = v[i] < word;
  }
}

/// v −= word, over all limbs whatever the borrow.
static void subtract_word(mp_limb_t *v, mp_size_t limbs, mp_limb_t word) {
  for (mp_size_t i = 0; i < limbs; i++) {
    mp_limb_t before = v[i];
    v[i] = before - word;
    word = before < word;
  }
}

/// With t = x.a·y.a and u = x.a·y.b + x.b·y.a, writes the pair of (t + u·n)/R.
///
/// Montgomery's reduction finds q with t + q·n = r·R, so t = r·R − q·n: the product is r + n·(u − q)/R, and whatever n
/// is taken off r goes to the second half as one.
static void finish(cp_modulus m, mp_limb_t *r, mp_limb_t *t, mp_limb_t *u, mp_limb_t *quotient, mp_limb_t *difference) {
  mp_size_t limbs = m.limbs;
  reduce(m, t, quotient);
  mp_limb_t taken = subtract_once(m, t + limbs, t + 2 * limbs, difference);

  // u + n·R − q + taken·R is not negative and smaller than 2n² + n·R + R, so four subtractions of n are enough.
  mp_limb_t borrow = mpn_sub_n(u, u, quotient, limbs);
  u[2 * limbs] += mpn_add_n(u + limbs, u + limbs, m.n, limbs);
  add_word(u + limbs, limbs + 1, taken);
  subtract_word(u + limbs, limbs + 1, borrow);
  reduce(m, u, quotient);
  for (int step = 0; step < 4; step++) subtract_once(m, u + limbs, u + 2 * limbs, difference);
  memcpy(r, t + limbs, limbs * sizeof *r);
  memcpy(r + limbs, u + limbs, limbs * sizeof *r);
}

void cp_pair_multiply(cp_modulus m, mp_limb_t *r, const mp_limb_t *x, const mp_limb_t *y, mp_limb_t *scratch) {
  mp_size_t limbs = m.limbs;
  mp_limb_t *t = scratch, *u = t + 2 * limbs + 1, *quotient = u + 2 * limbs + 1, *difference = quotient + limbs;
  mp_limb_t *itch = difference + limbs + 2 * limbs;
  mpn_sec_mul(t, x, limbs, y + limbs, limbs, itch);
  mpn_sec_mul(u, x + limbs, limbs, y, limbs, itch);
  u[2 * limbs] = mpn_add_n(u, u, t, 2 * limbs);
  mpn_sec_mul(t, x, limbs, y, limbs, itch);
  t[2 * limbs] = 0;
  finish(m, r, t, u, quotient, difference);
}

void cp_pair_table(cp_modulus m, mp_limb_t *table, const mp_limb_t *base, const mp_limb_t *one, unsigned bits,
                   size_t windows, mp_limb_t *scratch) {
  size_t pair = 2 * (size_t)m.limbs, entries = (size_t)1 << bits;
  for (size_t window = 0; window < windows; window++) {
    mp_limb_t *entry = table + window * entries * pair;
    memcpy(entry, one, pair * sizeof *entry);
    if (window == 0) {
      memcpy(entry + pair, base, pair * sizeof *entry);
    } else {
      // The last power of the window before, times that window's base.
      cp_pair_multiply(m, entry + pair, entry - pair, entry - (entries - 1) * pair, scratch);
    }
    for (size_t j = 2; j < entries; j++)
      cp_pair_multiply(m, entry + j * pair, entry + (j - 1) * pair, entry + pair, scratch);
  }
}

void cp_pair_fixed_powers(cp_modulus m, mp_limb_t *r, size_t count, const mp_limb_t *table, unsigned bits,
                          size_t windows, const uint8_t *digits, mp_limb_t *scratch) {
  mp_size_t pair = 2 * m.limbs, entries = (mp_size_t)1 << bits;
  mp_limb_t *chosen = scratch + 2 * (pair + 1) + pair;
  // Window by window, so that its entries stay in the cache for all powers.
  for (size_t window = 0; window < windows; window++) {
    const mp_limb_t *entry = table + window * entries * pair;
    for (size_t i = 0; i < count; i++) {
      mp_limb_t *power = r + i * pair;
      uint8_t digit = digits[i * windows + window];
      if (window == 0) {
        mpn_sec_tabselect(power, entry, pair, entries, digit);
      } else {
        mpn_sec_tabselect(chosen, entry, pair, entries, digit);
        cp_pair_multiply(m, power, power, chosen, scratch);
      }
    }
  }
}

void cp_add_modulo(cp_modulus m, mp_limb_t *r, const mp_limb_t *a, const mp_limb_t *b) {
  mp_limb_t top = mpn_add_n(r, a, b, m.limbs);
  // r − n is added back where it was negative.
  mp_limb_t borrow = mpn_sub_n(r, r, m.n, m.limbs);
  mpn_cnd_add_n(borrow & (top ^ 1), r, r, m.n, m.limbs);
}

void cp_pair_join(cp_modulus m, mp_limb_t *r, const mp_limb_t *x) {
  mpn_mul_n(r, m.n, x + m.limbs, m.limbs);
  mp_limb_t carry = mpn_add_n(r, r, x, m.limbs);
  add_word(r + m.limbs, m.limbs, carry);
}
