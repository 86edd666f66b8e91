#include "base/memory.h"

#include "base/size.h"

#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

void *slim_memory_alloc(size_t bytes, size_t alignment)
{
  size_t rounded = 0;
  alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : alignment;
  if (!slim_size_round_up(bytes ? bytes : 1, alignment, &rounded)) {
    return NULL;
  }
  void *memory = aligned_alloc(alignment, rounded);
#ifdef MADV_HUGEPAGE
  if (memory && alignment == HUGE_PAGE) {
    (void)madvise(memory, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* the rest takes what it needs */
  }
#endif
  return memory;
}
