#include "base/size.h"
#include "slim/base.h"

#include <stdio.h>
#include <string.h>

/* What a caller made may hold anything. */
static bool rank_possible(const slim_shape *shape)
{
  return shape->rank >= 0 && shape->rank <= SLIM_MAX_RANK;
}

size_t slim_shape_elements(const slim_shape *shape)
{
  size_t total = rank_possible(shape);
  for (int i = 0; total && i < shape->rank; i++) {
    if (shape->dim[i] < 0 || !slim_size_mul(total, (size_t)shape->dim[i], &total)) {
      return 0;
    }
  }
  return total;
}

bool slim_shape_equal(const slim_shape *a, const slim_shape *b)
{
  return a->rank == b->rank && rank_possible(a) &&
         (a->rank == 0 || memcmp(a->dim, b->dim, sizeof(int) * (size_t)a->rank) == 0);
}

char *slim_shape_format(const slim_shape *shape, char *text, size_t size)
{
  char all[SLIM_MAX_RANK * 12 + 3] = "[";
  size_t at = 1;
  if (!rank_possible(shape)) {
    (void)snprintf(text, size, "[rank %d]", shape->rank);
    return text;
  }
  for (int i = 0; i < shape->rank; i++) {
    const char *comma = i ? "," : "";
    const int wrote = shape->dim[i] < 0 ? snprintf(all + at, sizeof all - at, "%s?", comma)
                                        : snprintf(all + at, sizeof all - at, "%s%d", comma, shape->dim[i]);
    at += (size_t)wrote;
  }
  (void)snprintf(text, size, "%s]", all);
  return text;
}
