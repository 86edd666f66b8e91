#ifndef SLIM_KERNEL_STRIDES_H
#define SLIM_KERNEL_STRIDES_H

#include "strides_params.h"

/* Where element i of the walk lies in a (x) and in b (y). */
inline int2 slim_strides_at(const slim_strides_params s, const uint i)
{
  if (s.rank == 1) {
    return (int2)((int)i * s.a[0], (int)i * s.b[0]);
  }
  int2 at = (int2)(0, 0);
  int rest = (int)i;
  for (int k = s.rank - 1; k >= 0; k--) {
    const int index = rest % s.dim[k];
    rest /= s.dim[k];
    at.x += index * s.a[k];
    at.y += index * s.b[k];
  }
  return at;
}

#endif
