/* What caches a core of this machine has of its own. */
#ifndef SLIM_BASE_CACHES_H
#define SLIM_BASE_CACHES_H

#include <stddef.h>

/* Their bytes. */
typedef struct slim_caches {
  size_t nearest, second;
} slim_caches;

#define SLIM_LARGE_CACHE ((size_t)2 << 20) /* of the second level */

/** SLIM_CACHES=NEAREST,SECOND says, in KiB, what they have instead; 32 and 1024 where nobody knows. */
slim_caches slim_caches_find(void);

#endif
