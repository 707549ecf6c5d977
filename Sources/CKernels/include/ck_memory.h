/// Forgetting secrets.
#ifndef CK_MEMORY_H
#define CK_MEMORY_H

#include <stddef.h>

/// Overwrites `size` bytes with zeros; no optimiser removes it.
void ck_zero(void *bytes, size_t size);

/// Has the processor fetch `size` bytes into its caches, while it goes on.
void ck_prefetch(const void *bytes, size_t size);

/// Has the C library keep freed memory for the next allocation; nothing where it is not glibc. For programs, at their start.
///
/// Left alone, glibc maps every large array anew and gives it back when it is freed, so that each operation on a large
/// tensor pays for page faults.
void ck_keep_freed_memory(void);

#endif
