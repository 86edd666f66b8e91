#include "base/size.h"
#include "slim/base.h"

#include <stdio.h>
#include <string.h>

size_t slim_shape_elements(const slim_shape *shape)
{
  size_t total = 1;
  for (int i = 0; i < shape->rank; i++) {
    if (shape->dim[i] < 0 || !slim_size_mul(total, (size_t)shape->dim[i], &total)) {
      return 0;
    }
  }
  return total;
}

bool slim_shape_equal(const slim_shape *a, const slim_shape *b)
{
  return a->rank == b->rank && (a->rank == 0 || memcmp(a->dim, b->dim, sizeof(int) * (size_t)a->rank) == 0);
}

char *slim_shape_format(const slim_shape *shape, char *text, size_t size)
{
  char all[SLIM_MAX_RANK * 12 + 3] = "[";
  size_t at = 1;
  for (int i = 0; i < shape->rank && i < SLIM_MAX_RANK; i++) {
    const char *comma = i ? "," : "";
    const int wrote = shape->dim[i] < 0 ? snprintf(all + at, sizeof all - at, "%s?", comma)
                                        : snprintf(all + at, sizeof all - at, "%s%d", comma, shape->dim[i]);
    at += (size_t)wrote;
  }
  (void)snprintf(text, size, "%s]", all);
  return text;
}
