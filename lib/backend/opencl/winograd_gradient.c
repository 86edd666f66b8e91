/* The gradient by the weights by Winograd's transforms. */
#include "backend/opencl/winograd.h"
#include "backend/opencl/winograd_tiles.h"

#define TILES_LEAST 8            /* for fewer, more weights than */
#define WEIGHTS_MOST (256 * 256) /* are summed directly */

/* Channels that are summed: the twelve that are not all 0 of a folded image have a loop of their own. */
static int summed_channels(const slim_device *device, const slim_cl_winograd_gradient *g)
{
  const int live = g->fold.side * g->fold.side * g->fold.c;
  const bool own = slim_cl_of(device)->vector_width == 16 && g->p.taps == 4 && live == 12;
  return g->fold.side > 1 && own ? live : g->p.c;
}

bool slim_cl_winograd_gradient_plan(const slim_device *device, const slim_conv2d_params *conv,
                                    slim_cl_winograd_gradient *g)
{
  const slim_winograd_params *p = &g->p;
  *g = (slim_cl_winograd_gradient){ .slices = { 0 } };
  if (slim_cl_winograd_batch_gradient_plan(device, conv, &g->batch)) {
    return true;
  }
  const slim_conv2d_params folded = slim_cl_winograd_fold(device, conv, false, &g->fold);
  if (!slim_cl_winograd_suits(device, &folded)) {
    return false;
  }
  if (slim_cl_winograd_line_gradient_plan(device, &folded, &g->line, &g->sums)) {
    return true;
  }
  if (!slim_cl_winograd_cut(device, &folded, true, &g->p) ||
      (p->tiles < TILES_LEAST && (double)p->c * p->o > WEIGHTS_MOST)) {
    return false;
  }
  g->sums = (slim_winograd_sums_params){ .side = slim_cl_winograd_side(p),
                                         .points = (int)slim_cl_winograd_points(p),
                                         .c = summed_channels(device, g),
                                         .o = p->o,
                                         .tiles = p->tiles,
                                         .order = p->order };
  return slim_cl_winograd_sums_slices(device, &g->sums, &g->slices) || slim_cl_winograd_sums_cut(device, &g->sums);
}

/* Without what is folded, which lies behind. */
static size_t plain_workspace(const slim_device *device, const slim_cl_winograd_gradient *g)
{
  return g->slices.count > 0 ? slim_cl_winograd_slices_workspace(device, &g->sums, &g->slices, g->p.taps * g->p.taps)
                             : slim_cl_winograd_sums_workspace(device, &g->sums);
}

size_t slim_cl_winograd_gradient_workspace(const slim_device *device, const slim_cl_winograd_gradient *g)
{
  return g->batch.block > 0 ? slim_cl_winograd_batch_gradient_workspace(&g->batch)
                            : plain_workspace(device, g) + slim_cl_winograd_folded_image(&g->fold) +
                                  slim_cl_winograd_folded_weights(&g->fold);
}

static void launch_plain(slim_cl_build *b, const slim_cl_winograd_gradient *g, const slim_view *x, const slim_view *dw)
{
  const slim_winograd_params *p = &g->p;
  const slim_cl_winograd_sums_kernels kernels = { SLIM_CL_WINOGRAD_TAPPED(p, "slim_winograd_gradient_outputs", "_f32"),
                                                  SLIM_CL_WINOGRAD_TAPPED(p, "slim_winograd_gradient_panels", "_f32") };
  cl_mem zeros = slim_cl_winograd_zeros(b, p->c);
  if (g->slices.count > 0) {
    slim_cl_winograd_slices_launch(b, SLIM_CL_WINOGRAD_TAPPED(p, "slim_winograd_gradient_slices", "_f32"), &g->sums,
                                   &g->slices, p->taps * p->taps, x, dw, p, sizeof(*p), zeros);
  } else {
    slim_cl_winograd_sums_launch(b, &kernels, &g->sums, x, dw, p, sizeof(*p), zeros);
  }
}

void slim_cl_winograd_gradient_launch(slim_cl_build *b, const slim_cl_winograd_gradient *g)
{
  if (g->batch.block > 0) {
    slim_cl_winograd_batch_gradient_launch(b, &g->batch);
    return;
  }
  if (g->line.taps > 0) {
    slim_cl_winograd_line_gradient_launch(b, &g->line, &g->sums, slim_cl_winograd_zeros(b, g->line.c));
    return;
  }
  if (g->fold.side == 1) {
    launch_plain(b, g, &b->in[1], &b->out[0]);
    return;
  }
  const size_t behind = plain_workspace(b->device, g);
  const slim_view image = slim_cl_winograd_behind(b, behind);
  const slim_view folded = slim_cl_winograd_behind(b, behind + slim_cl_winograd_folded_image(&g->fold));
  slim_cl_winograd_fold_image(b, &g->fold, &b->in[1], &image);
  launch_plain(b, g, &image, &folded);
  slim_winograd_fold_params summed = g->fold;
  summed.fold_c = g->sums.c;
  slim_cl_winograd_unfold_weights(b, &summed, &folded, &b->out[0]);
}
