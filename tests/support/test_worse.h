/* Of two differences the larger; NaN from the first one that is NaN on, so that no comparison with a bound holds. */
#ifndef TEST_WORSE_H
#define TEST_WORSE_H

#include <math.h>

/* Not fmax, which skips NaN, and over which gcc 12 for AArch64 breaks down in a loop. */
static inline double test_worse(double worst, double off)
{
  return off > worst || isnan(off) ? off : worst;
}

#endif
