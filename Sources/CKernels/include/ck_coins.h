/// Choosing by random words.
#ifndef CK_COINS_H
#define CK_COINS_H

#include <stddef.h>
#include <stdint.h>

/// Writes the places of the words below `limit`, in order, to `out`, which has room for `n` + 8; gives how many there are. The time
/// depends on `n` alone. No aliasing.
size_t ck_u64_places_below(size_t n, const uint64_t *words, uint64_t limit, ptrdiff_t *out);

#endif
