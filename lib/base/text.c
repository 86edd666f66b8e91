#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

slim_text slim_text_begin(char *text, size_t size)
{
  if (size > 0) {
    text[0] = '\0';
  }
  return (slim_text){ text, size, 0 };
}

void slim_text_put(slim_text *t, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  const bool room = t->length < t->size;
  const int wrote = vsnprintf(room ? t->text + t->length : NULL, room ? t->size - t->length : 0, format, list);
  va_end(list);
  t->length += wrote > 0 ? (size_t)wrote : 0;
}
