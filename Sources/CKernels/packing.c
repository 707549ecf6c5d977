#include "ck_packing.h"

#include <string.h>

#include "dispatch.h"

/// A buffer of twice the width of a word takes or gives half of itself at a time. Which branch is taken depends on the
/// position in the row only. Little-endian machines alone are supported, as everywhere in the room.
#define PACKING(width, type, buffer_type) \
  static void pack##width##_bits(size_t n, unsigned bits, const type *words, uint8_t *out) { \
    const type mask = ((type)1 << bits) - 1; \
    buffer_type buffer = 0; \
    unsigned held = 0; \
    for (size_t i = 0; i < n; i++) { \
      buffer |= (buffer_type)(words[i] & mask) << held; \
      held += bits; \
      if (held >= width) { \
        type low = (type)buffer; \
        memcpy(out, &low, sizeof low); \
        out += sizeof low; \
        buffer >>= width; \
        held -= width; \
      } \
    } \
    type low = (type)buffer; \
    if (held > 0) { memcpy(out, &low, (held + 7) / 8); } \
  } \
  void ck_pack##width(size_t n, unsigned bits, const type *words, uint8_t *out) { \
    if (n == 0) { return; } \
    if (bits == width) { \
      memcpy(out, words, n * sizeof(type)); \
    } else { \
      pack##width##_bits(n, bits, words, out); \
    } \
  } \
  CK_INLINE void add_row##width##_loop(size_t n, const uint8_t *row, type *words) { \
    CK_INDEPENDENT for (size_t i = 0; i < n; i++) { \
      type word; \
      memcpy(&word, row + i * sizeof word, sizeof word); \
      words[i] += word; \
    } \
  } \
  CK_LOCAL_KERNEL(add_row##width, (size_t n, const uint8_t *row, type *words), (n, row, words)) \
  static void unpack_add##width##_bits(size_t n, unsigned bits, const uint8_t *row, type *words) { \
    const type mask = ((type)1 << bits) - 1; \
    const uint8_t *end = row + (n * bits + 7) / 8; \
    buffer_type buffer = 0; \
    unsigned held = 0; \
    for (size_t i = 0; i < n; i++) { \
      if (held < bits) { \
        type next = 0; \
        size_t left = (size_t)(end - row); \
        if (left >= sizeof next) { \
          memcpy(&next, row, sizeof next); \
          row += sizeof next; \
        } else { \
          memcpy(&next, row, left); \
          row = end; \
        } \
        buffer |= (buffer_type)next << held; \
        held += width; \
      } \
      words[i] += (type)buffer & mask; \
      buffer >>= bits; \
      held -= bits; \
    } \
  } \
  void ck_unpack_add##width(size_t n, unsigned bits, const uint8_t *row, type *words) { \
    if (bits == width) { \
      add_row##width(n, row, words); \
    } else { \
      unpack_add##width##_bits(n, bits, row, words); \
    } \
  }

PACKING(32, uint32_t, uint64_t)
PACKING(64, uint64_t, unsigned __int128)
