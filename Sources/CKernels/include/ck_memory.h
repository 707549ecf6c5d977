/// Forgetting secrets.
#ifndef CK_MEMORY_H
#define CK_MEMORY_H

#include <stddef.h>

/// Overwrites `size` bytes with zeros; no optimiser removes it.
void ck_zero(void *bytes, size_t size);

#endif
