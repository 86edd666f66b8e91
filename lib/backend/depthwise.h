/* What the backends' depthwise convolutions ask alike. */
#ifndef SLIM_BACKEND_DEPTHWISE_H
#define SLIM_BACKEND_DEPTHWISE_H

#include <stdbool.h>

/* By three taps and stride 2 along an axis: does nothing, or one place, of what outputs read lie outside on each side? */
static inline bool slim_depthwise_halves(int x, int y, int before)
{
  return (before == 0 || before == 1) && 2 * y - before <= x;
}

#endif
