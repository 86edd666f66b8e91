#include "backend/opencl/winograd_batch.h"

#include "backend/opencl/tile.h"
#include "backend/opencl/tuning.h"
#include "backend/opencl/winograd_tiles.h"

#define POINTS 36
#define RESULTS 4                       /* of a tile along an axis */
#define CHANNELS_LEAST 32               /* of x, and of y, */
#define WEIGHTS_LEAST (64 * 64)         /* and both multiplied: fewer do not pay for the transforms, */
#define TILES_LEAST 64                  /* nor do fewer tiles */
#define BLOCK_BYTES ((size_t)128 << 20) /* of tiles between the stages, on devices */
#define MEMORY_PARTS 64                 /* whose memory is so many times as large */

static const slim_cl_knob knob_block = SLIM_CL_KNOB("winograd.block", 64, 256, 512, 1024, 2048, 4096);

static bool suits(const slim_device *device, const slim_conv2d_params *conv)
{
  const bool channels = conv->c % 4 == 0 && conv->o % 4 == 0 && conv->c >= CHANNELS_LEAST &&
                        conv->o >= CHANNELS_LEAST && (double)conv->c * conv->o >= WEIGHTS_LEAST;
  return slim_cl_tile_usable(device) && slim_cl_winograd_allowed(conv) && channels && conv->kernel_h == 3 &&
         conv->kernel_w == 3;
}

static size_t smaller(size_t a, size_t b)
{
  return a < b ? a : b;
}

static size_t share_of(const slim_device *device)
{
  return device->info.global_memory / MEMORY_PARTS;
}

/* Bytes of numbers at all points. */
static size_t points_bytes(int rows, int channels)
{
  return slim_cl_float_bytes((size_t)POINTS * (size_t)rows * (size_t)channels);
}

/* Of a block, in both forms. */
static size_t tiles_bytes(const slim_cl_winograd_batch *w)
{
  return points_bytes(w->block, w->p.c) + points_bytes(w->block, w->p.o);
}

/* How many tiles fit beside so many bytes in one allocation. */
static size_t tiles_that_fit(const slim_device *device, const slim_conv2d_params *conv, size_t beside)
{
  const size_t room = slim_cl_room_beside(device, beside + 2 * SLIM_ALIGNMENT);
  const size_t tile = (size_t)POINTS * (size_t)(conv->c + conv->o) * sizeof(float);
  return smaller(room, smaller(share_of(device), BLOCK_BYTES)) / tile;
}

/* Tiles, and blocks of about as many of them as fit beside so many bytes; summed: for the gradient by the weights. */
static bool cut(const slim_device *device, const slim_conv2d_params *conv, bool summed, size_t beside,
                slim_cl_winograd_batch *w)
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
  const int most = (int)smaller(tiles_that_fit(device, conv, beside), (size_t)w->tiles);
  if (most < TILES_LEAST) {
    return false;
  }
  const int even = slim_cl_ceil_div(w->tiles, slim_cl_ceil_div(w->tiles, most));
  const int wanted = slim_cl_tuned(device, &knob_block, SLIM_CL_DIMS(w->tiles, conv->c, conv->o, summed), even);
  const int blocks = slim_cl_ceil_div(w->tiles, wanted < most ? wanted : most);
  w->block = slim_cl_ceil_div(w->tiles, blocks);
  return true;
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

bool slim_cl_winograd_batch_plan(const slim_device *device, const slim_conv2d_params *conv, bool turned, bool stay,
                                 slim_cl_winograd_batch *w)
{
  const size_t weights = points_bytes(conv->c, conv->o);
  const bool kept = stay && weights <= smaller(share_of(device), device->info.max_allocation);
  const bool fits = cut(device, conv, false, kept ? 0 : weights, w);
  w->kept = kept;
  w->p.turned = turned;
  w->p.epilogue = conv->epilogue;
  return fits;
}

/* Of the workspace. */
static size_t weights_bytes(const slim_cl_winograd_batch *w)
{
  return w->kept ? 0 : points_bytes(w->p.c, w->p.o);
}

size_t slim_cl_winograd_batch_workspace(const slim_cl_winograd_batch *w)
{
  return weights_bytes(w) + tiles_bytes(w);
}

/* Into kept memory, once, or into the workspace. @return where they are; memory: room for that. */
static slim_view transformed_weights(slim_cl_build *b, const slim_cl_winograd_batch *w, const slim_view *weights,
                                     slim_buffer *memory)
{
  const size_t bytes = points_bytes(w->p.c, w->p.o);
  slim_view u = slim_cl_winograd_behind(b, 0);
  if (w->kept) {
    *memory = (slim_buffer){ slim_cl_kept(b, bytes), bytes };
    u = (slim_view){ .buffer = memory, .dtype = SLIM_FLOAT32 };
  }
  stage(b, SLIM_CL_READING(weights, "slim_winograd_batch_weights"), weights, &u, &w->p,
        (size_t)w->p.c * (size_t)w->p.o);
  if (w->kept) {
    slim_cl_once(b, weights);
  }
  return u;
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
  const size_t inputs_at = weights_bytes(w), products_at = inputs_at + points_bytes(w->block, w->p.c);
  slim_buffer kept;
  const slim_view u = transformed_weights(b, w, weights, &kept);
  const slim_view v = slim_cl_winograd_behind(b, inputs_at), products = slim_cl_winograd_behind(b, products_at);
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
  if (!cut(device, conv, true, points_bytes(conv->c, conv->o), w)) {
    return false;
  }
  w->slice = slim_cl_tile_slice_beside(device, POINTS, conv->c, conv->o, w->block, tiles_bytes(w));
  w->p.slices = slim_cl_ceil_div(w->block, w->slice);
  return true;
}

size_t slim_cl_winograd_batch_gradient_workspace(const slim_cl_winograd_batch *w)
{
  return tiles_bytes(w) + points_bytes(w->p.slices * w->p.c, w->p.o);
}

/* Each block adds its sums to those of the blocks before. */
void slim_cl_winograd_batch_gradient_launch(slim_cl_build *b, const slim_cl_winograd_batch *w)
{
  const slim_view v = slim_cl_winograd_behind(b, 0), z = slim_cl_winograd_behind(b, points_bytes(w->block, w->p.c));
  const slim_view sums = slim_cl_winograd_behind(b, tiles_bytes(w));
  for (int first = 0; first < w->tiles; first += w->block) {
    const slim_winograd_batch_params p = block_at(w, first);
    const slim_matmul_params product = { .m = p.c,
                                         .n = p.o,
                                         .k = p.count,
                                         .a_row = 1,
                                         .a_k = p.c,
                                         .b_k = p.o,
                                         .b_column = 1,
                                         .epilogue = { .has_residual = first > 0 } };
    const slim_matmul_tile_params tile = {
      .slice = w->slice, .slices = p.slices, .a_batch = p.count * p.c, .b_batch = p.count * p.o
    };
    inputs(b, &b->in[1], &v, &p);
    stage(b, "slim_winograd_batch_gradients_f32", &b->in[0], &z, &p, (size_t)p.count * (size_t)p.o);
    slim_cl_tile_products(b, &v, &z, &sums, &product, &tile, POINTS);
  }
  stage(b, "slim_winograd_batch_close_f32", &sums, &b->out[0], &w->p, (size_t)w->p.c * (size_t)w->p.o);
}
