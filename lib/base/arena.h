/* Memory that is freed all at once: what a graph, a reader or a plan is made of. */
#ifndef SLIM_BASE_ARENA_H
#define SLIM_BASE_ARENA_H

#include "slim/base.h"

#include <stdarg.h>

typedef struct slim_arena slim_arena;

/** An empty arena, NULL without memory. Not for use by two threads at once. */
slim_arena *slim_arena_create(void);
/** Frees all that was allocated. NULL is fine. */
void slim_arena_destroy(slim_arena *arena);

/** Zeroed bytes on a 16-byte boundary; 0 bytes give a valid pointer. @return NULL without memory or with arena NULL. */
void *slim_arena_alloc(slim_arena *arena, size_t bytes);
/** As slim_arena_alloc for count elements; NULL also when the product overflows. */
void *slim_arena_array(slim_arena *arena, size_t count, size_t element);
/** A copy of bytes. */
void *slim_arena_copy(slim_arena *arena, const void *data, size_t bytes);
/** A copy of text, NULL for NULL. */
char *slim_arena_strdup(slim_arena *arena, const char *text);
/** A copy of the first size bytes of text, ended by a NUL. */
char *slim_arena_strndup(slim_arena *arena, const char *text, size_t size);
char *slim_arena_printf(slim_arena *arena, const char *format, ...) SLIM_PRINTF(2, 3);
char *slim_arena_vprintf(slim_arena *arena, const char *format, va_list list);

#endif
