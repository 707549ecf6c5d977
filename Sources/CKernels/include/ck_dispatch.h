/// Which instructions the kernels may use.
#ifndef CK_DISPATCH_H
#define CK_DISPATCH_H

/// Instruction sets, each a superset of the one before.
typedef enum {
  ck_level_portable = 0,
  /// AVX2.
  ck_level_avx2 = 1,
  /// AVX-512 F, DQ, BW and VL.
  ck_level_avx512 = 2,
} ck_level;

/// The level in use: the best of this processor, or the limit if that is lower.
ck_level ck_dispatch_level(void);

/// Keeps all kernels of the process at `limit` or below, so that tests reach every path. Every level gives the same
/// bytes.
void ck_dispatch_limit(ck_level limit);

#endif
