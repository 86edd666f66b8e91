#include "backend/opencl/winograd_batch.h"

#include "backend/opencl/tile.h"
#include "backend/opencl/winograd_tiles.h"

#define POINTS 36
#define RESULTS 4                       /* of a tile along an axis */
#define CHANNELS_LEAST 32               /* of x, and of y, */
#define WEIGHTS_LEAST (64 * 64)         /* and both multiplied: fewer do not pay for the transforms, */
#define TILES_LEAST 64                  /* nor do fewer tiles */
#define BLOCK_BYTES ((size_t)128 << 20) /* of what is between the stages, on devices */
#define MEMORY_PARTS 64                 /* whose memory is so many times as large */

static bool suits(const slim_device *device, const slim_conv2d_params *conv)
{
  const bool channels = conv->c % 4 == 0 && conv->o % 4 == 0 && conv->c >= CHANNELS_LEAST &&
                        conv->o >= CHANNELS_LEAST && (double)conv->c * conv->o >= WEIGHTS_LEAST;
  return slim_cl_tile_usable(device) && slim_cl_winograd_allowed(conv) && channels && conv->kernel_h == 3 &&
         conv->kernel_w == 3;
}

/* Tiles, and blocks of about as many of them as fit. */
static bool cut(const slim_device *device, const slim_conv2d_params *conv, slim_cl_winograd_batch *w)
{
  slim_winograd_batch_params *p = &w->p;
  *w = (slim_cl_winograd_batch){ .p = { .n = conv->n,
                                        .h = conv->h,
                                        .w = conv->w,
                                        .c = conv->c,
                                        .oh = conv->oh,
                                        .ow = conv->ow,
                                        .o = conv->o,
                                        .before_h = conv->before_h,
                                        .before_w = conv->before_w } };
  if (!suits(device, conv)) {
    return false;
  }
  p->down = slim_cl_ceil_div(conv->oh, RESULTS);
  p->across = slim_cl_ceil_div(conv->ow, RESULTS);
  w->tiles = conv->n * p->down * p->across;
  const size_t share = device->info.global_memory / MEMORY_PARTS, most = share < BLOCK_BYTES ? share : BLOCK_BYTES;
  const size_t fit = most / ((size_t)POINTS * (size_t)(conv->c + conv->o) * sizeof(float));
  if (w->tiles < TILES_LEAST || fit < TILES_LEAST) {
    return false;
  }
  const int blocks = slim_cl_ceil_div(w->tiles, fit < (size_t)w->tiles ? (int)fit : w->tiles);
  w->block = slim_cl_ceil_div(w->tiles, blocks);
  return true;
}

/* Bytes of numbers at all points. */
static size_t points_bytes(int rows, int channels)
{
  return slim_cl_float_bytes((size_t)POINTS * (size_t)rows * (size_t)channels);
}

/* The parameters of the block that begins at tile first. */
static slim_winograd_batch_params block_at(const slim_cl_winograd_batch *w, int first)
{
  slim_winograd_batch_params p = w->p;
  p.first = first;
  p.count = w->tiles - first < w->block ? w->tiles - first : w->block;
  return p;
}

/* One of the stages: from a view to another, items work-items. */
static void stage(slim_cl_build *b, const char *kernel, const slim_view *from, const slim_view *to,
                  const slim_winograd_batch_params *p, size_t items)
{
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, from);
  slim_cl_arg_view(b, to);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_range(b, items);
}

static void inputs(slim_cl_build *b, const slim_view *x, const slim_view *v, const slim_winograd_batch_params *p)
{
  stage(b, "slim_winograd_batch_inputs_f32", x, v, p, (size_t)p->count * (size_t)p->c);
}

/* --- the convolution ---------------------------------------------------------------------------------------------- */

bool slim_cl_winograd_batch_plan(const slim_device *device, const slim_conv2d_params *conv, bool turned,
                                 slim_cl_winograd_batch *w)
{
  const bool fits = cut(device, conv, w);
  w->p.turned = turned;
  w->p.epilogue = conv->epilogue;
  return fits;
}

size_t slim_cl_winograd_batch_workspace(const slim_cl_winograd_batch *w)
{
  return points_bytes(w->p.c, w->p.o) + points_bytes(w->block, w->p.c) + points_bytes(w->block, w->p.o);
}

static void outputs(slim_cl_build *b, const slim_view *products, const slim_cl_epilogue *epilogue,
                    const slim_winograd_batch_params *p)
{
  slim_cl_begin(b, "slim_winograd_batch_outputs_f32");
  slim_cl_arg_view(b, products);
  slim_cl_arg_view(b, epilogue->bias);
  slim_cl_arg_view(b, epilogue->residual);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_range(b, (size_t)p->count * (size_t)p->o);
}

void slim_cl_winograd_batch_launch(slim_cl_build *b, const slim_cl_winograd_batch *w, const slim_view *x,
                                   const slim_view *weights, const slim_cl_epilogue *epilogue)
{
  const size_t inputs_at = points_bytes(w->p.c, w->p.o), products_at = inputs_at + points_bytes(w->block, w->p.c);
  const slim_view u = slim_cl_winograd_behind(b, 0), v = slim_cl_winograd_behind(b, inputs_at);
  const slim_view products = slim_cl_winograd_behind(b, products_at);
  stage(b, SLIM_CL_READING(weights, "slim_winograd_batch_weights"), weights, &u, &w->p,
        (size_t)w->p.c * (size_t)w->p.o);
  for (int first = 0; first < w->tiles; first += w->block) {
    const slim_winograd_batch_params p = block_at(w, first);
    const slim_matmul_params product = { .m = p.count,
                                         .n = p.o,
                                         .k = p.c,
                                         .a_row = p.c,
                                         .a_k = 1,
                                         .b_k = p.turned ? 1 : p.o,
                                         .b_column = p.turned ? p.c : 1 };
    const slim_matmul_tile_params tile = { .slice = p.c, .slices = 1, .a_batch = p.count * p.c, .b_batch = p.c * p.o };
    inputs(b, x, &v, &p);
    slim_cl_tile_products(b, &v, &u, &products, &product, &tile, POINTS);
    outputs(b, &products, epilogue, &p);
  }
}

/* --- the gradient by the weights: dw = G^T [sum over tiles of (B^T d B) * (A dy A^T)] G -------------------------- */

bool slim_cl_winograd_batch_gradient_plan(const slim_device *device, const slim_conv2d_params *conv,
                                          slim_cl_winograd_batch *w)
{
  if (!cut(device, conv, w)) {
    return false;
  }
  w->slice = slim_cl_tile_slice(device, POINTS, conv->c, conv->o, w->block);
  w->p.blocks = slim_cl_ceil_div(w->tiles, w->block);
  w->p.slices = slim_cl_ceil_div(w->block, w->slice);
  return true;
}

/* Of a block. */
static size_t parts_bytes(const slim_cl_winograd_batch *w)
{
  return points_bytes(w->p.slices * w->p.c, w->p.o);
}

size_t slim_cl_winograd_batch_gradient_workspace(const slim_cl_winograd_batch *w)
{
  return points_bytes(w->block, w->p.c) + points_bytes(w->block, w->p.o) + (size_t)w->p.blocks * parts_bytes(w);
}

void slim_cl_winograd_batch_gradient_launch(slim_cl_build *b, const slim_cl_winograd_batch *w)
{
  const size_t dy_at = points_bytes(w->block, w->p.c), parts_at = dy_at + points_bytes(w->block, w->p.o);
  const slim_view v = slim_cl_winograd_behind(b, 0), z = slim_cl_winograd_behind(b, dy_at);
  const slim_view parts = slim_cl_winograd_behind(b, parts_at);
  for (int i = 0; i < w->p.blocks; i++) {
    const slim_winograd_batch_params p = block_at(w, i * w->block);
    const slim_matmul_params product = {
      .m = p.c, .n = p.o, .k = p.count, .a_row = 1, .a_k = p.c, .b_k = p.o, .b_column = 1
    };
    const slim_matmul_tile_params tile = {
      .slice = w->slice, .slices = p.slices, .a_batch = p.count * p.c, .b_batch = p.count * p.o
    };
    const slim_view sums = slim_cl_winograd_behind(b, parts_at + (size_t)i * parts_bytes(w));
    inputs(b, &b->in[1], &v, &p);
    stage(b, "slim_winograd_batch_gradients_f32", &b->in[0], &z, &p, (size_t)p.count * (size_t)p.o);
    slim_cl_tile_products(b, &v, &z, &sums, &product, &tile, POINTS);
  }
  stage(b, "slim_winograd_batch_close_f32", &parts, &b->out[0], &w->p, (size_t)w->p.c * (size_t)w->p.o);
}
