/* Text that is written piece by piece into a room that may be too small. */
#ifndef SLIM_BASE_TEXT_H
#define SLIM_BASE_TEXT_H

#include "slim/base.h"

#include <stddef.h>

/* As snprintf does: what has no room is cut, and counted. */
typedef struct slim_text {
  char *text;
  size_t size, length;
} slim_text;

/** Empty, in a room of size bytes; without any text may be NULL. */
slim_text slim_text_begin(char *text, size_t size);
void slim_text_put(slim_text *t, const char *format, ...) SLIM_PRINTF(2, 3);

#endif
