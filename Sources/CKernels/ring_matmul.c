/// The blocked product: what is packed, and in which order the tiles run.
#include "ck_ring_matmul.h"

#include "dispatch.h"
#include "ring_matmul_engine.h"
#include "ring_matmul_thin.h"

/// Up to these sizes the other operand is used too few times to be worth packing.
enum { in_place_rows = 48, in_place_columns = 48 };

CK_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static const ck_ring_engine *engine_in_use(void) {
  switch (ck_dispatch_level()) {
#if CK_X86
  case ck_level_avx512: return &ck_ring_engine_avx512;
  case ck_level_avx2: return &ck_ring_engine_avx2;
#endif
  default: return &ck_ring_engine_portable;
  }
}

/// Words that end a packed block short of a whole tile, and that align it to 64 bytes.
enum { rows_slack = 7, columns_slack = 23, alignment_slack = 7 };

size_t ck_ring64_matmul_scratch(size_t m, size_t k, size_t n) {
  size_t depth = smaller(k, ck_block_depth);
  size_t a = smaller(m + rows_slack, ck_block_rows) * depth, b = smaller(n + columns_slack, ck_block_columns) * depth;
  size_t thin = ck_ring64_thin_scratch(k, m > n ? m : n);
  size_t blocked = a + b + 2 * alignment_slack;
  return smaller(m, n) <= ck_thin_rows ? thin : blocked;
}

static uint64_t *aligned(uint64_t *words) { return (uint64_t *)(((uintptr_t)words + 63) & ~(uintptr_t)63); }

/// The panels of `count` vectors of `source`, each `width` wide and `depth` deep.
static void pack_panels(
    const ck_ring_engine *engine, size_t width, size_t count, size_t depth, ck_bundle source, uint64_t *packed) {
  for (size_t v = 0; v < count; v += width) {
    ck_bundle panel = {source.words + v * source.across, source.across, source.along};
    engine->pack(width, smaller(width, count - v), depth, panel, packed + v * depth);
  }
}

/// c[rows,columns] += a · b, tile by tile, where consecutive vectors are `a.across` and `b.across` apart inside a
/// panel and panels `a_panel` and `b_panel` words apart.
static void multiply_block(
    const ck_ring_engine *engine, size_t rows, size_t columns, size_t depth, ck_bundle a, size_t a_panel, ck_bundle b,
    size_t b_panel, uint64_t *c, size_t ldc) {
  for (size_t j = 0; j < columns; j += engine->columns, b.words += b_panel) {
    ck_bundle panel = a;
    for (size_t i = 0; i < rows; i += engine->rows, panel.words += a_panel) {
      size_t height = smaller(engine->rows, rows - i), width = smaller(engine->columns, columns - j);
      engine->tile(height, width, depth, panel, b, c + i * ldc + j, ldc);
    }
  }
}

static void multiply(
    const ck_ring_engine *engine, size_t m, size_t k, size_t n, ck_bundle a, ck_bundle b, uint64_t *c, size_t ldc,
    uint64_t *scratch) {
  bool a_in_place = engine->reads_in_place && n <= in_place_columns;
  bool b_in_place = engine->reads_in_place && b.across == 1 && m <= in_place_rows;
  uint64_t *a_packed = aligned(scratch);
  uint64_t *b_packed = aligned(a_packed + smaller(m + rows_slack, ck_block_rows) * smaller(k, ck_block_depth));
  for (size_t j = 0; j < n; j += ck_block_columns) {
    size_t columns = smaller(ck_block_columns, n - j);
    for (size_t l = 0; l < k; l += ck_block_depth) {
      size_t depth = smaller(ck_block_depth, k - l);
      ck_bundle b_block = {b.words + j * b.across + l * b.along, b.across, b.along};
      size_t b_panel = engine->columns;
      if (!b_in_place) {
        pack_panels(engine, engine->columns, columns, depth, b_block, b_packed);
        b_block = (ck_bundle){b_packed, 1, engine->columns};
        b_panel = engine->columns * depth;
      }
      for (size_t i = 0; i < m; i += ck_block_rows) {
        size_t rows = smaller(ck_block_rows, m - i);
        ck_bundle a_block = {a.words + i * a.across + l * a.along, a.across, a.along};
        size_t a_panel = engine->rows * a.across;
        if (!a_in_place) {
          pack_panels(engine, engine->rows, rows, depth, a_block, a_packed);
          a_block = (ck_bundle){a_packed, 1, engine->rows};
          a_panel = engine->rows * depth;
        }
        multiply_block(engine, rows, columns, depth, a_block, a_panel, b_block, b_panel, c + i * ldc + j, ldc);
      }
    }
  }
}

void ck_ring64_matmul(
    size_t m, size_t k, size_t n, const uint64_t *a, size_t lda, bool transpose_a, const uint64_t *b, size_t ldb,
    bool transpose_b, uint64_t *c, size_t ldc, uint64_t *scratch) {
  if (m == 0 || k == 0 || n == 0) { return; }
  ck_bundle rows = {a, transpose_a ? 1 : lda, transpose_a ? lda : 1};
  ck_bundle columns = {b, transpose_b ? ldb : 1, transpose_b ? 1 : ldb};
  if (m <= ck_thin_rows) {
    ck_ring64_thin(m, k, n, rows, columns, c, ldc, 1, scratch);
  } else if (n <= ck_thin_rows) {
    ck_ring64_thin(n, k, m, columns, rows, c, 1, ldc, scratch);
  } else {
    multiply(engine_in_use(), m, k, n, rows, columns, c, ldc, scratch);
  }
}
