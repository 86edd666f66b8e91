#include "base/memory.h"

#include "base/size.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define SPARE_SHARE 16 /* one part of so many, at most, may lie unused on a last huge page */

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
    const bool all = rounded - bytes <= bytes / SPARE_SHARE; /* if not, the rest takes what it needs */
    (void)madvise(memory, all ? rounded : bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
  }
#endif
  return memory;
}
