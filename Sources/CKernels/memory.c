#include "ck_memory.h"

#include <string.h>

void ck_zero(void *bytes, size_t size) {
  if (size == 0) { return; }
  memset(bytes, 0, size);
  // The compiler must assume that this reads the bytes.
  __asm__ volatile("" : : "r"(bytes) : "memory");
}
