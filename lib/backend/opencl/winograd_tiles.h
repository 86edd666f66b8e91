/* How convolutions by Winograd's transforms, and their gradients by the weights, are cut into tiles; inside of
 * winograd.h. */
#ifndef SLIM_OPENCL_WINOGRAD_TILES_H
#define SLIM_OPENCL_WINOGRAD_TILES_H

#include "backend/opencl/opencl.h"
#include "kernels/conv2d_params.h"
#include "kernels/winograd_params.h"

#define SLIM_CL_WINOGRAD_SIDE_LEAST 6 /* points of a tile along an axis, and */
#define SLIM_CL_WINOGRAD_SIDE_MOST 7  /* where that saves work */

/** Points of a tile along an axis. */
static inline int slim_cl_winograd_side(const slim_winograd_params *p)
{
  return p->m + p->taps - 1;
}

static inline size_t slim_cl_winograd_points(const slim_winograd_params *p)
{
  return (size_t)(slim_cl_winograd_side(p) * slim_cl_winograd_side(p));
}

/* The name of a kernel for tiles as the plan has them; and for its taps too. */
#define SLIM_CL_WINOGRAD_TILED(p_, kernel_, end_)                                                                      \
  (slim_cl_winograd_side(p_) == SLIM_CL_WINOGRAD_SIDE_MOST ? kernel_ "_n7" end_ : kernel_ end_)
#define SLIM_CL_WINOGRAD_TAPPED(p_, kernel_, end_)                                                                     \
  ((p_)->taps == 5   ? SLIM_CL_WINOGRAD_TILED(p_, kernel_ "_t5", end_)                                                 \
   : (p_)->taps == 4 ? kernel_ "_t4_n7" end_                                                                           \
                     : SLIM_CL_WINOGRAD_TILED(p_, kernel_, end_))

/** Of stride 1, channels last, and not switched off (SLIM_WINOGRAD=0)? */
bool slim_cl_winograd_allowed(const slim_conv2d_params *conv);
/** That, with whole vectors of channels, on a device that is like a CPU? */
bool slim_cl_winograd_suits(const slim_device *device, const slim_conv2d_params *conv);
/** Rows of the blocks that so many tiles fill best. */
int slim_cl_winograd_rows(const slim_device *device, int tiles);
/** Cuts the results into tiles; summed: tile by tile, not in blocks of rows. @return false when the kernel is none for
 * these transforms, or the tiles are too few. What ends with maxima has tiles of whole windows. */
bool slim_cl_winograd_cut(const slim_device *device, const slim_conv2d_params *conv, bool summed,
                          slim_winograd_params *p);

/** The view behind bytes of the workspace. */
slim_view slim_cl_winograd_behind(const slim_cl_build *build, size_t bytes);
/** What kernels read for pixels outside. */
cl_mem slim_cl_winograd_zeros(slim_cl_build *build, int count);

#endif
