/* Memory that tensors lie in. */
#ifndef SLIM_BASE_MEMORY_H
#define SLIM_BASE_MEMORY_H

#include <stddef.h>

/** Memory for free(), at a multiple of alignment, a power of two. Large pieces lie on huge pages where the system has
 * them: panels of wide matrices touch a page a row, and memory is read ahead within a page only. @return NULL without. */
void *slim_memory_alloc(size_t bytes, size_t alignment);

#endif
