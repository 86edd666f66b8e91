/*
 * What gradients by weights by Winograd's transforms share, on CPU-like devices: runs of tiles, whose dy is transformed
 * by one launch and summed by another, which transforms x; the last run's tasks bring their sums back to taps.
 */
#ifndef SLIM_OPENCL_WINOGRAD_SUMS_H
#define SLIM_OPENCL_WINOGRAD_SUMS_H

#include "backend/opencl/opencl.h"
#include "kernels/winograd_sums_params.h"

typedef struct slim_cl_winograd_sums_kernels {
  const char *outputs; /* of dy, z, zeros, the convolution, the sums and the run's first tile */
  const char *panels;  /* of x, z, scratch, sums, dw, zeros, the convolution, the sums, the run's first tile and local
                        * memory */
} slim_cl_winograd_sums_kernels;

/** Floats of transformed tiles of c channels, and of their products by a panel of outputs (kernels/winograd.h). */
size_t slim_cl_winograd_inputs(size_t points, int tiles, int c);
size_t slim_cl_winograd_products(const slim_device *device, size_t points, int tiles);
/** Cuts tiles into runs, and channels for groups. @return false when local memory is too small. */
bool slim_cl_winograd_sums_cut(const slim_device *device, slim_winograd_sums_params *s);
size_t slim_cl_winograd_sums_workspace(const slim_device *device, const slim_winograd_sums_params *s);
/** Launches all runs for the convolution, of so many bytes, with the step's dy. zeros: as many as channels. */
void slim_cl_winograd_sums_launch(slim_cl_build *build, const slim_cl_winograd_sums_kernels *kernels,
                                  const slim_winograd_sums_params *s, const slim_view *x, const slim_view *dw,
                                  const void *convolution, size_t bytes, cl_mem zeros);

typedef struct slim_cl_winograd_slices {
  int count;  /* 0: none */
  int groups; /* tasks of the same tiles and channels, which share out the panels */
} slim_cl_winograd_slices;

/** The same in one launch, where weights are few: slices of the tiles, each to a dw of its own, which are then added; a
 * lone one to dw. Each has a run of tiles at least. @return false when s is to be cut into runs. taps: of a weight. */
bool slim_cl_winograd_sums_slices(const slim_device *device, slim_winograd_sums_params *s,
                                  slim_cl_winograd_slices *slices);
size_t slim_cl_winograd_slices_workspace(const slim_device *device, const slim_winograd_sums_params *s,
                                         const slim_cl_winograd_slices *slices, int taps);
void slim_cl_winograd_slices_launch(slim_cl_build *build, const char *kernel, const slim_winograd_sums_params *s,
                                    const slim_cl_winograd_slices *slices, int taps, const slim_view *x,
                                    const slim_view *dw, const void *convolution, size_t bytes, cl_mem zeros);

#endif
