/// Normal noise, rounded to whole numbers: exactly, but for candidates that are handed back as doubtful.
#ifndef CK_GAUSSIAN_H
#define CK_GAUSSIAN_H

#include <stddef.h>
#include <stdint.h>

/// How many values y = 0, 1, … the table of cells tells apart by its bounds.
#define CK_GAUSSIAN_CELLS 27

/// floor(2^128 · P(Y ≤ i)), in two words, where P(Y = y) goes with e^(−y²/8) for y ≥ 0.
uint64_t ck_gaussian_bound_high(size_t i);
uint64_t ck_gaussian_bound_low(size_t i);

/// Turns `n` candidates into at most `n` numbers round(2^bits · N(0, 1)) and returns how many; `bits` in 1...26.
///
/// Candidate i takes the words i, n + i and 2n + i of `random`: the first chooses a cell y by the table, the second a sign
/// (its lowest bit) and a place v in [0, 1) within the cell, the third accepts with probability e^(−v(2y + v)/8), which makes
/// ±(y + v)/2 normal. Integers only. Candidates whose words lie within 2^-44 of a bound are not decided: their indices go to
/// `doubtful`, which has room for `n`, and their number to `doubtful_count`. No aliasing.
size_t ck_gaussian_candidates(
    size_t n, unsigned bits, const uint64_t *random, int32_t *out, size_t *doubtful, size_t *doubtful_count);

#endif
