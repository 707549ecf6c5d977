/// The ring product in plain C: a tile of 4 rows and 4 columns.
#include "ring_matmul_engine.h"

enum { tile_rows = 4, tile_columns = 4 };

static void pack(size_t width, size_t count, size_t depth, ck_bundle source, uint64_t *packed) {
  for (size_t l = 0; l < depth; l++, packed += width) {
    for (size_t v = 0; v < count; v++) { packed[v] = source.words[v * source.across + l * source.along]; }
    for (size_t v = count; v < width; v++) { packed[v] = 0; }
  }
}

static void tile(size_t rows, size_t columns, size_t depth, ck_bundle a, ck_bundle b, uint64_t *c, size_t ldc) {
  uint64_t sum[tile_rows][tile_columns] = {{0}};
  const uint64_t *x = a.words, *y = b.words;
  for (size_t l = 0; l < depth; l++, x += tile_rows, y += tile_columns) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < tile_rows; i++) {
#pragma clang loop unroll(full)
      for (size_t j = 0; j < tile_columns; j++) { sum[i][j] += x[i] * y[j]; }
    }
  }
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) { c[i * ldc + j] += sum[i][j]; }
  }
}

const ck_ring_engine ck_ring_engine_portable = {
    .rows = tile_rows, .columns = tile_columns, .reads_in_place = false, .pack = pack, .tile = tile};
