/// Choosing by random words.
#ifndef CK_COINS_H
#define CK_COINS_H

#include <stddef.h>
#include <stdint.h>

/// Writes the places of the words up to `limit`, in order, to `out`, which has room for `n` + 8, and says how many are `limit` itself; gives
/// how many there are. The time depends on `n` alone. No aliasing.
size_t ck_u32_places_to(size_t n, const uint32_t *words, uint32_t limit, ptrdiff_t *out, size_t *ties);

#endif
