/// Compiling one loop for every dispatch level, and choosing among the results.
#ifndef CK_INTERNAL_DISPATCH_H
#define CK_INTERNAL_DISPATCH_H

#include "ck_dispatch.h"

#define CK_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define CK_X86 1
#define CK_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define CK_AVX512 __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl")))
#else
#define CK_X86 0
#endif

/// Each iteration of the next loop touches only its own elements, so that equal inputs and outputs do not stop vectors.
#define CK_INDEPENDENT _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

/// Defines the kernel `name` from the inline function `name##_loop`, which the compiler vectorises anew for each level.
#define CK_KERNEL(name, parameters, arguments) CK_KERNEL_LINKED(, name, parameters, arguments)
/// The same for use in one file.
#define CK_LOCAL_KERNEL(name, parameters, arguments) CK_KERNEL_LINKED(static, name, parameters, arguments)

#if CK_X86
#define CK_KERNEL_LINKED(linkage, name, parameters, arguments) \
  CK_AVX2 static void name##_avx2 parameters { name##_loop arguments; } \
  CK_AVX512 static void name##_avx512 parameters { name##_loop arguments; } \
  linkage void name parameters { \
    switch (ck_dispatch_level()) { \
    case ck_level_avx512: name##_avx512 arguments; break; \
    case ck_level_avx2: name##_avx2 arguments; break; \
    case ck_level_portable: name##_loop arguments; break; \
    } \
  }
#else
#define CK_KERNEL_LINKED(linkage, name, parameters, arguments) \
  linkage void name parameters { name##_loop arguments; }
#endif

#endif
