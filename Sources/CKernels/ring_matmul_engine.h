/// What the blocked product of `ring_matmul.c` asks of a dispatch level.
#ifndef CK_RING_MATMUL_ENGINE_H
#define CK_RING_MATMUL_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A matrix as a bundle of vectors: entry l of vector v is words[v·across + l·along]. For `a` the vectors are the rows
/// of op(a), for `b` the columns of op(b), so that a transposition is an exchange of the two strides.
typedef struct {
  const uint64_t *words;
  size_t across, along;
} ck_bundle;

/// The blocks that are packed: `a` by rows x depth for the second cache, `b` by depth x columns for the third. Rows and
/// columns are multiples of those of every tile.
enum { ck_block_rows = 96, ck_block_depth = 256, ck_block_columns = 1032 };

/// Packing and tile of one dispatch level; they agree on the layout of a panel.
typedef struct {
  /// Rows and columns of the register tile, at most 8 and 24.
  size_t rows, columns;
  /// Whether `tile` also takes an `a` as it lies, and a `b` as it lies if its across is 1.
  bool reads_in_place;
  /// packed[l·width + v] = entry l of vector v, for `count` vectors of the `width`, and what `tile` reads of the rest
  /// is 0.
  void (*pack)(size_t width, size_t count, size_t depth, ck_bundle source, uint64_t *packed);
  /// c[rows,columns] += a · b over `depth`, for at most the rows and columns above.
  void (*tile)(size_t rows, size_t columns, size_t depth, ck_bundle a, ck_bundle b, uint64_t *c, size_t ldc);
} ck_ring_engine;

extern const ck_ring_engine ck_ring_engine_portable;
#if defined(__x86_64__)
extern const ck_ring_engine ck_ring_engine_avx2;
extern const ck_ring_engine ck_ring_engine_avx512;
#endif

#endif
