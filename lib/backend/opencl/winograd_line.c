#include "backend/opencl/winograd_line.h"

#include "backend/opencl/gemm.h"
#include "kernels/winograd_params.h"

#define BLOCK_TILES 56     /* at most: their transformed inputs stay in a core's own cache */
#define BLOCK_LEAST 24     /* tiles that are worth a block for each unit; fewer share the panels instead */
#define DEPTH_MOST 128     /* channels that are summed in one go: rounding errors grow with it */
#define WEIGHTS_LEAST 1024 /* of a tap; for fewer the direct sums are as fast */
#define TILES_LEAST 12
#define GRADIENT_TILES 64 /* at least, for the gradient by weights */
/* The name of a kernel for the plan's taps; and of one that reads weights. */
#define TAPPED(p_, kernel_, end_) ((p_)->taps == 7 ? kernel_ "_t7" end_ : kernel_ end_)
#define READING(p_, view_, kernel_)                                                                                    \
  ((view_)->dtype == SLIM_FLOAT16 ? TAPPED(p_, kernel_, "_f16") : TAPPED(p_, kernel_, "_f32"))

/* --- sizes, as the kernels lay things out ------------------------------------------------------------------------- */

static int points_of(const slim_winograd_line_params *p)
{
  return p->taps + SLIM_WINOGRAD_LINE_M - 1;
}

static int panels_of(const slim_device *device, const slim_winograd_line_params *p)
{
  return slim_cl_ceil_div(p->o, slim_cl_gemm_columns(device));
}

static size_t weights_bytes(const slim_device *device, const slim_winograd_line_params *p)
{
  const size_t wide = (size_t)(panels_of(device, p) * slim_cl_gemm_columns(device));
  return slim_cl_float_bytes((size_t)(points_of(p) * p->c) * wide);
}

/* Inputs and products of a group. */
static size_t scratch_bytes(const slim_device *device, const slim_cl_winograd_line *l)
{
  const size_t points = (size_t)points_of(&l->p);
  const size_t group = slim_cl_winograd_inputs(points, l->p.block, l->p.c) +
                       slim_cl_winograd_products(device, points, l->p.block);
  return (size_t)l->groups * group * sizeof(float);
}

/* --- plan and launches -------------------------------------------------------------------------------------------- */

/* @return false when it is none for these transforms, or too small. */
static bool geometry(const slim_conv2d_params *conv, int least_tiles, slim_winograd_line_params *p)
{
  const bool upright = conv->kernel_w == 1;
  const int taps = upright ? conv->kernel_h : conv->kernel_w, other = upright ? conv->kernel_w : conv->kernel_h;
  const int m = SLIM_WINOGRAD_LINE_M;
  if (other != 1 || (taps != 3 && taps != 7) || conv->c * conv->o < WEIGHTS_LEAST) {
    return false;
  }
  *p = (slim_winograd_line_params){ .n = conv->n,
                                    .h = conv->h,
                                    .w = conv->w,
                                    .c = conv->c,
                                    .oh = conv->oh,
                                    .ow = conv->ow,
                                    .o = conv->o,
                                    .taps = taps,
                                    .before = upright ? conv->before_h : conv->before_w,
                                    .upright = upright,
                                    .epilogue = conv->epilogue };
  p->down = upright ? slim_cl_ceil_div(p->oh, m) : p->oh;
  p->across = upright ? p->ow : slim_cl_ceil_div(p->ow, m);
  p->tiles = p->n * p->down * p->across;
  return p->tiles >= least_tiles;
}

bool slim_cl_winograd_line_plan(const slim_device *device, const slim_conv2d_params *conv, bool turned,
                                slim_cl_winograd_line *l)
{
  const int units = device->info.compute_units;
  slim_winograd_line_params *p = &l->p;
  l->groups = 0;
  if (!geometry(conv, TILES_LEAST, p)) {
    return false;
  }
  p->turned = turned;
  const bool few = p->tiles < units * BLOCK_LEAST;
  const int blocks = few ? 1 : slim_cl_ceil_div(slim_cl_ceil_div(p->tiles, BLOCK_TILES), units) * units, panels = panels_of(device, p);
  const int width = slim_cl_of(device)->vector_width;
  p->block = slim_cl_ceil_div(p->tiles, blocks);
  p->depth = slim_cl_ceil_div(slim_cl_ceil_div(p->c, slim_cl_ceil_div(p->c, DEPTH_MOST)), width) * width;
  p->panels = few ? slim_cl_ceil_div(panels, units) : panels;
  l->parts = slim_cl_ceil_div(panels, p->panels);
  l->groups = units;
  return true;
}

size_t slim_cl_winograd_line_workspace(const slim_device *device, const slim_cl_winograd_line *l, bool kept)
{
  return (kept ? 0 : weights_bytes(device, &l->p)) + scratch_bytes(device, l);
}

static void range(slim_cl_build *b, int first, int second)
{
  slim_cl_range_3d(b, (const size_t[3]){ (size_t)first, (size_t)second, 1 }, (const size_t[3]){ 1, 1, 1 });
}

void slim_cl_winograd_arg_weights(slim_cl_build *b, cl_mem kept)
{
  const cl_uint at = 0;
  if (kept == NULL) {
    slim_cl_arg_view(b, b->workspace);
    return;
  }
  slim_cl_arg_memory(b, kept);
  slim_cl_arg(b, &at, sizeof(at));
}

void slim_cl_winograd_line_launch(slim_cl_build *b, const slim_cl_winograd_line *l, const slim_view *x,
                                  const slim_view *weights, bool kept, cl_mem zeros, const slim_cl_epilogue *epilogue)
{
  const int width = b->cl->vector_width;
  const size_t bytes = weights_bytes(b->device, &l->p);
  cl_mem u = kept ? slim_cl_kept(b, bytes) : NULL;
  slim_view scratch = *b->workspace;
  scratch.offset += kept ? 0 : bytes;
  slim_cl_begin(b, READING(&l->p, weights, "slim_winograd_line_weights"));
  slim_cl_arg_view(b, weights);
  slim_cl_winograd_arg_weights(b, u);
  slim_cl_arg(b, &l->p, sizeof(l->p));
  range(b, l->p.c / width, l->p.o / width);
  if (kept) {
    slim_cl_once(b, weights);
  }
  slim_cl_begin(b, TAPPED(&l->p, "slim_winograd_line", "_f32"));
  slim_cl_arg_view(b, x);
  slim_cl_winograd_arg_weights(b, u);
  slim_cl_arg_view(b, epilogue->bias);
  slim_cl_arg_view(b, epilogue->residual);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg_view(b, &scratch);
  slim_cl_arg_memory(b, zeros);
  slim_cl_arg(b, &l->p, sizeof(l->p));
  slim_cl_range_dealt(b, (const size_t[3]){ (size_t)slim_cl_ceil_div(l->p.tiles, l->p.block), (size_t)l->parts, 1 });
}

/* --- the gradient by the weights ---------------------------------------------------------------------------------- */

bool slim_cl_winograd_line_gradient_plan(const slim_device *device, const slim_conv2d_params *conv,
                                         slim_winograd_line_params *p, slim_winograd_sums_params *s)
{
  bool fits = geometry(conv, GRADIENT_TILES, p);
  if (fits) {
    *s = (slim_winograd_sums_params){ .side = points_of(p), .points = points_of(p), .c = p->c, .o = p->o,
                                      .tiles = p->tiles, .order = { 0, p->tiles, p->tiles } }; /* none is cut off */
    fits = slim_cl_winograd_sums_cut(device, s);
  }
  p->taps = fits ? p->taps : 0;
  return fits;
}

void slim_cl_winograd_line_gradient_launch(slim_cl_build *b, const slim_winograd_line_params *p,
                                           const slim_winograd_sums_params *s, cl_mem zeros)
{
  const slim_cl_winograd_sums_kernels kernels = { TAPPED(p, "slim_winograd_line_gradient_outputs", "_f32"),
                                                  TAPPED(p, "slim_winograd_line_gradient_panels", "_f32") };
  slim_cl_winograd_sums_launch(b, &kernels, s, &b->in[1], &b->out[0], p, sizeof(*p), zeros);
}
