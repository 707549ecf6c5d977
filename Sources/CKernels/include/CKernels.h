/// The loops of the project over ring words, bits, bytes of a stream cipher, and floats.
///
/// A kernel has no policy: it allocates nothing, reports no error, and its running time depends on sizes only, never
/// on values. The caller checks shapes. A pointer may be null where its size is zero. `restrict` is stated in words:
/// where a comment does not allow aliasing, the arrays must not overlap.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "ck_bits.h"
#include "ck_coins.h"
#include "ck_convolution.h"
#include "ck_dealt.h"
#include "ck_dispatch.h"
#include "ck_fixed_point.h"
#include "ck_float.h"
#include "ck_galois.h"
#include "ck_gates.h"
#include "ck_gaussian.h"
#include "ck_gf64.h"
#include "ck_memory.h"
#include "ck_noise.h"
#include "ck_packing.h"
#include "ck_prg.h"
#include "ck_replicated.h"
#include "ck_ring128.h"
#include "ck_ring_elementwise.h"
#include "ck_ring_matmul.h"
#include "ck_vectors.h"

#endif
