#include "base/caches.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t or_else(long bytes, size_t otherwise)
{
  return bytes > 0 ? (size_t)bytes : otherwise;
}

slim_caches slim_caches_find(void)
{
  const char *told = getenv("SLIM_CACHES");
  slim_caches caches = { 32 << 10, 1 << 20 };
  size_t nearest = 0, second = 0;
#ifdef _SC_LEVEL1_DCACHE_SIZE
  caches.nearest = or_else(sysconf(_SC_LEVEL1_DCACHE_SIZE), caches.nearest);
  caches.second = or_else(sysconf(_SC_LEVEL2_CACHE_SIZE), caches.second);
#endif
  if (told && sscanf(told, "%zu,%zu", &nearest, &second) == 2) {
    caches = (slim_caches){ nearest << 10, second << 10 };
  }
  return caches;
}
