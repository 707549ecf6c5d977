#include "ck_memory.h"

#include <string.h>

void ck_zero(void *bytes, size_t size) {
  if (size == 0) { return; }
  memset(bytes, 0, size);
  // The compiler must assume that this reads the bytes.
  __asm__ volatile("" : : "r"(bytes) : "memory");
}

void ck_prefetch(const void *bytes, size_t size) {
  for (size_t i = 0; i < size; i += 64) { __builtin_prefetch((const char *)bytes + i, 0, 2); }
}

#if defined(__GLIBC__)
#include <malloc.h>

void ck_keep_freed_memory(void) {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_TOP_PAD, 16 << 20);
}
#else
void ck_keep_freed_memory(void) {}
#endif
