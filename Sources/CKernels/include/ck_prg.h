/// A pseudorandom stream: AES-128 in counter mode (NIST SP 800-38A), by the processor's AES instructions only.
#ifndef CK_PRG_H
#define CK_PRG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The eleven round keys of AES-128. A secret.
typedef struct {
  uint8_t round_keys[11][16];
} ck_aes128_schedule;

/// Whether this processor has AES instructions; the functions below must not be called where it has not.
bool ck_aes_available(void);

/// The key schedule of `key`.
void ck_aes128_expand(const uint8_t key[16], ck_aes128_schedule *schedule);

/// Writes the first `words` words of the key stream whose i-th block is AES(counter_hi ‖ counter_lo + i), the counter
/// being 128 bits big-endian, of which only the low 64 count and wrap. A word is eight bytes of the stream,
/// little-endian; an odd count drops the second half of the last block.
void ck_aes128_ctr_fill(
    const ck_aes128_schedule *schedule, uint64_t counter_hi, uint64_t counter_lo, uint64_t *out, size_t words);

/// Adds to `count` words the same stream, cut into words of 32 or 64 bits, little-endian; subtracts it where `negated`.
void ck_aes128_ctr_accumulate32(
    const ck_aes128_schedule *schedule, uint64_t counter_hi, uint64_t counter_lo, bool negated, uint32_t *words,
    size_t count);
void ck_aes128_ctr_accumulate64(
    const ck_aes128_schedule *schedule, uint64_t counter_hi, uint64_t counter_lo, bool negated, uint64_t *words,
    size_t count);

#endif
