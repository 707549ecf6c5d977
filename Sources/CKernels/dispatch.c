#include "dispatch.h"

#include <stdatomic.h>

/// The one variable of the room; only tests write it.
static _Atomic int limit = ck_level_avx512;

static ck_level best_level(void) {
#if CK_X86
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2")) {
    return ck_level_portable;
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
      && __builtin_cpu_supports("avx512vl")) {
    return ck_level_avx512;
  }
  return ck_level_avx2;
#else
  return ck_level_portable;
#endif
}

ck_level ck_dispatch_level(void) {
  int allowed = atomic_load_explicit(&limit, memory_order_relaxed);
  ck_level best = best_level();
  return allowed < (int)best ? (ck_level)allowed : best;
}

void ck_dispatch_limit(ck_level level) { atomic_store_explicit(&limit, (int)level, memory_order_relaxed); }
