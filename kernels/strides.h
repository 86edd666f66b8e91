#ifndef SLIM_KERNEL_STRIDES_H
#define SLIM_KERNEL_STRIDES_H

#include "strides_params.h"

/* One axis of the walk. The axes are written out: some drivers cannot index an array of an argument by a variable. */
#define SLIM_STRIDES_AXIS(k_)                                                                                          \
  if (s.rank > k_) {                                                                                                   \
    const int index = rest % s.dim[k_];                                                                                \
    rest /= s.dim[k_];                                                                                                 \
    at += (int2)(index * s.a[k_], index * s.b[k_]);                                                                    \
  }

/* Where element i of the walk lies in a (x) and in b (y). */
static inline int2 slim_strides_at(const slim_strides_params s, const uint i)
{
  if (s.rank == 1) {
    return (int2)((int)i * s.a[0], (int)i * s.b[0]);
  }
  int2 at = (int2)(0, 0);
  int rest = (int)i;
  SLIM_STRIDES_AXIS(5)
  SLIM_STRIDES_AXIS(4)
  SLIM_STRIDES_AXIS(3)
  SLIM_STRIDES_AXIS(2)
  SLIM_STRIDES_AXIS(1)
  SLIM_STRIDES_AXIS(0)
  return at;
}

#endif
