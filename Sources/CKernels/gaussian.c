/// Normal noise by cells and rejection, in integers.
///
/// The cell is found by comparing with every bound, and e^-x by a fixed number of steps, so that time does not depend on
/// what is drawn; how many candidates are rejected does not depend on those that are accepted.
/// Tables by Tests/Golden/gaussian_cells.py.
#include "ck_gaussian.h"

#include "dispatch.h"

#define BLOCK 64

static const uint64_t cells_high[CK_GAUSSIAN_CELLS] = {
    0x55252c92c6309bbb, 0xa0491cdd90d2d8a4, 0xd3edc464091b70d2, 0xef924604b256a75c,
    0xfb1833430a9d94bd, 0xfed5e6b74505d076, 0xffc80bc4696667d7, 0xfff7ba229ae8d348,
    0xffff0a0ad5f8437f, 0xffffe99c18e415f6, 0xfffffe679eaba03f, 0xffffffe9412624c4,
    0xffffffff02b0abdf, 0xfffffffff7660ff9, 0xffffffffffc5ab77, 0xfffffffffffecb84,
    0xfffffffffffffb08, 0xfffffffffffffff0, 0xffffffffffffffff, 0xffffffffffffffff,
    0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff,
    0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff};

static const uint64_t cells_low[CK_GAUSSIAN_CELLS] = {
    0xefd80cbf10402921, 0x4edb36c1c62a5ff8, 0xcaf738bb4be2dd62, 0x79f3a897055fba12,
    0x5f730b578dd1975b, 0x8a7edad4c8adb0c9, 0xdc6878666cee2e78, 0x79b76c2a5382adb9,
    0xd742df497f7bcff3, 0x2d99f57f67e774bd, 0x6a787bd2f97d1520, 0xfc6241f2b9eb5f3d,
    0x06d97b255f79548c, 0x0221c749c2812345, 0xaedaa7b5b4972ace, 0xf0d818b02a2150f8,
    0x24d2d99aaf888432, 0x08d45a2b013fdaea, 0xd8049c5b1c4de245, 0xffb1fbf526918a3f,
    0xffff89660125e61b, 0xffffff738a5479d3, 0xffffffff7e6b84bc, 0xffffffffffa2e21e,
    0xffffffffffffcbe1, 0xffffffffffffffe9, 0xffffffffffffffff};

/// 2^63 / k!
static const uint64_t factorials[15] = {
    0x8000000000000000, 0x8000000000000000, 0x4000000000000000, 0x1555555555555555,
    0x0555555555555555, 0x0111111111111111, 0x002d82d82d82d82d, 0x0006806806806806,
    0x0000d00d00d00d00, 0x0000171de3a556c7, 0x0000024fc9f6ef13, 0x00000035cc8acfea,
    0x000000047bb63bfe, 0x000000005849184e, 0x00000000064e5d2a};

CK_INLINE uint64_t high(uint64_t a, uint64_t b) {
  return (uint64_t)(((unsigned __int128)a * b) >> 64);
}

/// How many bounds each word reaches, and whether it equals the upper half of one.
CK_INLINE void cells_loop(const uint64_t *restrict words, uint64_t *restrict cells, uint64_t *restrict ties) {
  for (size_t j = 0; j < BLOCK; j++) cells[j] = ties[j] = 0;
  for (size_t i = 0; i < CK_GAUSSIAN_CELLS; i++) {
    uint64_t bound = cells_high[i];
    for (size_t j = 0; j < BLOCK; j++) {
      cells[j] += words[j] >= bound;
      ties[j] |= words[j] == bound;
    }
  }
}
CK_LOCAL_KERNEL(
    cells, (const uint64_t *restrict words, uint64_t *restrict cells, uint64_t *restrict ties), (words, cells, ties))

/// 2^63 · e^(−v(2y + v)/8) for v = place / 2^63, within 2^17: the series of e^-r to r^14 misses at most 2^-47 of it.
CK_INLINE uint64_t acceptance(uint64_t y, uint64_t place) {
  uint64_t exponent = high(place << 1, (y << 58) + (place >> 6));  // in units of 2^-60
  uint64_t binary = high(exponent, 0xb8aa3b295c17f0bb);       // times log2(e), in units of 2^-59
  uint64_t rest = high(binary << 5, 0xb17217f7d1cf79ab);        // the fraction times ln 2, in units of 2^-64
  uint64_t sum = factorials[14];
  for (int k = 13; k >= 0; k--) sum = factorials[k] - high(rest, sum);
  return sum >> (binary >> 59);
}

size_t ck_gaussian_candidates(
    size_t n, unsigned bits, const uint64_t *random, int32_t *out, size_t *doubtful, size_t *doubtful_count) {
  const uint64_t margin = (uint64_t)1 << 19;
  size_t accepted = 0, doubts = 0;
  for (size_t start = 0; start < n; start += BLOCK) {
    size_t count = n - start < BLOCK ? n - start : BLOCK;
    uint64_t words[BLOCK] = {0}, y[BLOCK], ties[BLOCK];
    for (size_t j = 0; j < count; j++) words[j] = random[start + j];
    cells(words, y, ties);
    for (size_t j = 0; j < count; j++) {
      uint64_t second = random[n + start + j], third = random[2 * n + start + j] >> 1;
      uint64_t place = second >> 1, bound = acceptance(y[j], place);
      uint64_t doubt = ties[j] | (third + margin - bound <= 2 * margin);
      uint32_t size = (uint32_t)((y[j] << (bits - 1)) + (((place >> (63 - bits)) + 1) >> 1));
      uint32_t sign = (uint32_t)(second & 1);
      out[accepted] = (int32_t)((size ^ (0 - sign)) + sign);
      accepted += (third < bound) & !doubt;
      doubtful[doubts] = start + j;
      doubts += doubt;
    }
  }
  *doubtful_count = doubts;
  return accepted;
}

uint64_t ck_gaussian_bound_high(size_t i) { return cells_high[i]; }
uint64_t ck_gaussian_bound_low(size_t i) { return cells_low[i]; }
