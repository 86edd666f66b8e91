#include "backend/opencl/winograd.h"

#include <math.h>

#include "backend/opencl/conv2d.h"
#include "backend/opencl/gemm.h"
#include "backend/opencl/winograd_tiles.h"

/* The name of a kernel that reads weights. */
#define READING(p_, view_, kernel_)                                                                                    \
  ((view_)->dtype == SLIM_FLOAT16 ? SLIM_CL_WINOGRAD_TAPPED(p_, kernel_, "_f16")                                       \
                                  : SLIM_CL_WINOGRAD_TAPPED(p_, kernel_, "_f32"))
#define STAGED_TILES 140                /* of a block: a panel's products stay in a core's own cache */
#define FUSED_TILES 256                 /* fewer do not pay for transforming all weights first */
#define FOLDED_TILES 64                 /* the same of a first layer, whose weights are few, and kept in inference */
#define FUSED_WEIGHTS (256 * 256)       /* more are better transformed where they are used, a row of points at a time */
#define KEPT_TILES 32                   /* the same of one image whose weights are kept, */
#define KEPT_CHANNELS 128               /* and the most channels, */
#define KEPT_MANY 128                   /* of so many tiles twice as many */
#define FUSED_BYTES ((size_t)7 << 18)   /* of a group's scratch, most of which should stay in a core's own cache */
#define FAR_TILES 98                    /* of a block whose weights come from far away, */
#define FAR_POINTS ((size_t)8 << 20)    /* which are so many bytes */
#define STREAMED_OUTPUTS ((double)(3 << 19)) /* that would leave the caches before they are read, */
#define STREAMED_OUTPUTS_LARGE ((double)(3 << 20)) /* measured: where the second-level cache is large */
#define STREAMED_CHANNELS 64 /* measured there: products of fewer take less time than their outputs past the caches */
#define STAGED_CHANNELS 128  /* whose taps are transformed at a time */
#define PAIRED_CHANNELS 64   /* the same of two panels */
#define FEW_CHANNELS 32 /* the same of four tiles, if the nearest cache holds the taps, read for each row of points */
#define GROUPS_A_UNIT 4

/* --- sizes, in floats, as the kernels lay them out ---------------------------------------------------------------- */

static int panels_of(const slim_device *device, int outputs)
{
  return slim_cl_ceil_div(outputs, slim_cl_gemm_columns(device));
}

/* Outputs, in whole panels. */
static size_t wide(const slim_device *device, int outputs)
{
  return (size_t)panels_of(device, outputs) * (size_t)slim_cl_gemm_columns(device);
}

static size_t weights_floats(const slim_device *device, const slim_winograd_params *p)
{
  return slim_cl_winograd_points(p) * (size_t)p->c * wide(device, p->o);
}

static size_t inputs_floats(const slim_winograd_params *p)
{
  return slim_cl_winograd_inputs(slim_cl_winograd_points(p), p->block, p->c);
}

/* Of a panel of outputs and so many tiles. */
static size_t products_floats(const slim_device *device, const slim_winograd_params *p, int tiles)
{
  return slim_cl_winograd_products(device, slim_cl_winograd_points(p), tiles);
}

/* Of a group of panels. */
static size_t group_floats(const slim_device *device, const slim_winograd_params *p, int tiles)
{
  return (size_t)p->panels * products_floats(device, p, tiles);
}

static int panel_groups(const slim_device *device, const slim_winograd_params *p)
{
  return slim_cl_ceil_div(panels_of(device, p->o), p->panels);
}

/* Packed taps of depth channels and a panel of outputs. */
static size_t taps_floats(const slim_device *device, const slim_winograd_params *p, int depth)
{
  return (size_t)(p->taps * p->taps * depth) * (size_t)slim_cl_gemm_columns(device);
}

/* A row of points of such taps, and another where that is made meanwhile (kernels/winograd_panels.cl). */
static size_t rows_floats(const slim_device *device, const slim_winograd_params *p, int depth)
{
  const int side = slim_cl_winograd_side(p);
  const bool makes = slim_cl_of(device)->vector_width == 16 && side == SLIM_CL_WINOGRAD_SIDE_LEAST && p->taps == 3;
  return (size_t)(side * (makes ? 2 : 1) * depth) * (size_t)slim_cl_gemm_columns(device);
}

/* --- plans -------------------------------------------------------------------------------------------------------- */

/* Are the weights of one image, which stay as they are, transformed once, however many they are? */
static bool stays(const slim_cl_winograd *w)
{
  return w->kept && w->fold.side == 1 && w->p.n == 1;
}

/* Tiles of a block, at most: two rows of them, or more, measured, where the points that stay come from a distant cache
 * for each block, and the core's own is large. */
static int fused_tiles(const slim_device *device, const slim_cl_winograd *w)
{
  const int rows = slim_cl_gemm_rows(device);
  const bool far = stays(w) && slim_cl_of(device)->caches.second >= SLIM_LARGE_CACHE &&
                   weights_floats(device, &w->p) * sizeof(float) > FAR_POINTS;
  return far ? FAR_TILES : 2 * rows * (rows > 6 ? 1 : 2);
}

/* Blocks of so many tiles, as many for each unit; false when their scratch is too large or units would idle. */
static bool fuse(const slim_device *device, slim_cl_winograd *w)
{
  slim_winograd_params *p = &w->p;
  const int most = fused_tiles(device, w);
  const int units = device->info.compute_units;
  const int least = stays(w) ? KEPT_TILES : w->fold.side > 1 ? FOLDED_TILES : FUSED_TILES;
  p->block = slim_cl_ceil_div(p->tiles, slim_cl_ceil_div(slim_cl_ceil_div(p->tiles, most), units) * units);
  const int blocks = slim_cl_ceil_div(p->tiles, p->block);
  w->groups = units;
  p->rows = slim_cl_winograd_rows(device, p->block);
  const size_t scratch = (inputs_floats(p) + products_floats(device, p, p->block)) * sizeof(float);
  const size_t taps = taps_floats(device, p, slim_cl_of(device)->vector_width) * sizeof(float);
  const int channels = p->tiles < KEPT_MANY ? KEPT_CHANNELS : 2 * KEPT_CHANNELS;
  const bool fit = stays(w) ? p->c <= channels : p->c * p->o <= FUSED_WEIGHTS && scratch <= FUSED_BYTES;
  return fit && p->tiles >= least && blocks >= units && taps <= device->info.local_memory;
}

/* Are weights of so few tiles multiplied where they are made? That takes 32 registers (kernels/winograd_panels.cl). */
static bool are_few(const slim_device *device, const slim_winograd_params *p)
{
  return slim_cl_of(device)->vector_width == 16 && p->tiles == SLIM_WINOGRAD_FEW && p->taps == 3 &&
         slim_cl_winograd_side(p) == SLIM_CL_WINOGRAD_SIDE_LEAST;
}

/* Is one of four tiles whole, and are the others cut off below, at the right, and both ways? */
static bool are_cut(const slim_winograd_params *p)
{
  return p->order.below == 1 && p->order.whole == 2 && p->order.right == 3;
}

/* Channels whose taps are used at a time, at most. */
static int channels_most(const slim_device *device, const slim_winograd_params *p)
{
  const size_t few = taps_floats(device, p, FEW_CHANNELS) * sizeof(float);
  if (p->panels > 1) {
    return PAIRED_CHANNELS;
  }
  return p->rows == SLIM_WINOGRAD_FEW && few <= slim_cl_of(device)->caches.nearest ? FEW_CHANNELS : STAGED_CHANNELS;
}

/* Cuts channels by local memory, which has so many places for their taps; false when it is too small. */
static bool deepen(const slim_device *device, slim_winograd_params *p, int places)
{
  const int most = channels_most(device, p);
  p->depth = p->c < most ? p->c : most;
  p->places = p->depth < p->c ? places : 1;
  while (p->depth > 0 &&
         ((size_t)p->places * taps_floats(device, p, p->depth) + rows_floats(device, p, p->depth)) * sizeof(float) >
             device->info.local_memory) {
    p->depth -= slim_cl_of(device)->vector_width;
    p->places = places;
  }
  return p->depth > 0;
}

/* Do two panels meet some channels' inputs one after another? These come from a distant cache where a core's own does
 * not hold those of all channels, if it holds what both panels need besides; each unit has as many pairs as others. */
static bool are_paired(const slim_device *device, const slim_cl_winograd *w)
{
  const slim_winograd_params *p = &w->p;
  const size_t second = slim_cl_of(device)->caches.second / sizeof(float);
  const size_t inputs = slim_cl_winograd_inputs(slim_cl_winograd_points(p), p->block, PAIRED_CHANNELS);
  const size_t weights = 2 * taps_floats(device, p, PAIRED_CHANNELS) + rows_floats(device, p, PAIRED_CHANNELS);
  return p->rows != SLIM_WINOGRAD_FEW &&
         panels_of(device, p->o) * w->parts % (2 * device->info.compute_units) == 0 && inputs_floats(p) > second / 2 &&
         inputs + weights + 2 * products_floats(device, p, p->part) <= second;
}

/* Cuts blocks of tiles, parts of a block so that all units get as much, and channels by local memory; false when that
 * is too small. */
static bool stage(const slim_device *device, slim_cl_winograd *w)
{
  slim_winograd_params *p = &w->p;
  const int rows = are_few(device, p) ? SLIM_WINOGRAD_FEW : slim_cl_winograd_rows(device, p->tiles);
  const int units = device->info.compute_units, panels = panels_of(device, p->o);
  w->groups = 0;
  w->parts = 1;
  w->points = stays(w) && p->tiles >= KEPT_TILES;
  p->rows = rows;
  p->block = slim_cl_ceil_div(slim_cl_ceil_div(p->tiles, slim_cl_ceil_div(p->tiles, STAGED_TILES)), rows) * rows;
  while (panels * w->parts % units != 0 && panels * w->parts < GROUPS_A_UNIT * units &&
         p->block >= 2 * w->parts * rows) {
    w->parts++;
  }
  p->part = slim_cl_ceil_div(slim_cl_ceil_div(p->block, w->parts), rows) * rows;
  w->parts = slim_cl_ceil_div(p->block, p->part);
  if (w->points) {
    return taps_floats(device, p, slim_cl_of(device)->vector_width) * sizeof(float) <= device->info.local_memory;
  }
  p->panels = are_paired(device, w) ? 2 : 1;
  const bool copies = !p->turned && rows != SLIM_WINOGRAD_FEW;
  return (copies && deepen(device, p, 2)) || deepen(device, p, 1);
}

/* Panels of weights transformed before that meet a point's inputs one after another, where a core's own cache holds their
 * products but not all inputs; each unit has as many groups as others. */
static int group_of(const slim_device *device, const slim_cl_winograd *w)
{
  const slim_winograd_params *p = &w->p;
  const int tiles = w->groups > 0 ? p->block : p->part, units = w->groups > 0 ? 1 : device->info.compute_units;
  const int shares = panels_of(device, p->o) * (w->groups > 0 ? 1 : w->parts);
  const size_t room = slim_cl_of(device)->caches.second / 2 / sizeof(float);
  int group = 1;
  while (inputs_floats(p) > room && shares % (2 * group * units) == 0 &&
         2 * (size_t)group * products_floats(device, p, tiles) <= room) {
    group *= 2;
  }
  return group;
}

/* The staged schedule serves what others do not, if local memory holds the taps of a vector of channels. */
bool slim_cl_winograd_pools(const slim_device *device, const slim_conv2d_params *conv)
{
  slim_conv2d_params one = *conv;
  slim_winograd_params p;
  one.n = 1;
  return conv->kernel_h == 3 && slim_cl_winograd_suits(device, &one) &&
         slim_cl_winograd_cut(device, &one, false, &p) && deepen(device, &p, 1);
}

/* Is it an image of three channels whose tiles are folded one by one (kernels/winograd_tile.h)? */
static bool folds_tiles(const slim_cl_winograd *w)
{
  const slim_winograd_fold_params *f = &w->fold;
  return w->groups > 0 && !w->p.turned && f->side == 2 && f->c == 3 && f->fold_taps == 4 && f->fold_c == 16;
}

/* Are vectors whole lines of a cache, and the outputs so many that these need not be read first? */
static bool streams(const slim_device *device, const slim_conv2d_params *conv)
{
  const slim_epilogue_params *e = &conv->epilogue;
  const double pixels = e->pooled_h > 0 ? (double)e->pooled_h * e->pooled_w : (double)conv->oh * conv->ow;
  const double outputs = pixels * conv->n * conv->o;
  const bool large = slim_cl_of(device)->caches.second >= SLIM_LARGE_CACHE;
  const double many = !large ? STREAMED_OUTPUTS : conv->c >= STREAMED_CHANNELS ? STREAMED_OUTPUTS_LARGE : INFINITY;
  return slim_cl_of(device)->vector_width == 16 && outputs >= many;
}

bool slim_cl_winograd_plan(const slim_device *device, const slim_conv2d_params *conv, bool turned, bool stay, bool lone,
                           slim_cl_winograd *w)
{
  *w = (slim_cl_winograd){ .groups = 0 };
  if (slim_cl_winograd_batch_plan(device, conv, turned, stay, &w->batch)) {
    w->kept = w->batch.kept;
    return true;
  }
  const slim_conv2d_params folded = slim_cl_winograd_fold(device, conv, turned, &w->fold);
  if (!slim_cl_winograd_suits(device, &folded)) {
    return false;
  }
  if (slim_cl_winograd_line_plan(device, &folded, turned, &w->line)) {
    w->kept = stay;
    return true;
  }
  if (!slim_cl_winograd_cut(device, &folded, false, &w->p)) {
    return false;
  }
  w->kept = stay && (lone || w->fold.side > 1 || w->p.n == 1);
  w->p.live = w->fold.side > 1 && !turned ? w->fold.side * w->fold.side * w->fold.c : w->p.c;
  w->p.turned = turned;
  w->p.streams = streams(device, &folded);
  if (!fuse(device, w) && !stage(device, w)) {
    return false;
  }
  if (w->groups > 0 || w->points) {
    w->p.panels = group_of(device, w);
  }
  if (folds_tiles(w)) {
    w->p.fold = w->fold;
  }
  return true;
}

/* Without what is folded, which lies behind. */
static size_t plain_workspace(const slim_device *device, const slim_cl_winograd *w)
{
  const slim_winograd_params *p = &w->p;
  if (w->line.groups > 0) {
    return slim_cl_winograd_line_workspace(device, &w->line, w->kept);
  }
  if (w->groups == 0) {
    const size_t products = (size_t)device->info.compute_units * group_floats(device, p, p->part);
    return slim_cl_float_bytes(inputs_floats(p)) + slim_cl_float_bytes(products);
  }
  return (w->kept ? 0 : slim_cl_float_bytes(weights_floats(device, p))) +
         slim_cl_float_bytes((size_t)w->groups * (inputs_floats(p) + group_floats(device, p, p->block)));
}

/* Of an image that is folded before. */
static size_t image_bytes(const slim_cl_winograd *w)
{
  return w->p.fold.side > 0 ? 0 : slim_cl_winograd_folded_image(&w->fold);
}

size_t slim_cl_winograd_workspace(const slim_device *device, const slim_cl_winograd *w)
{
  return w->batch.block > 0 ? slim_cl_winograd_batch_workspace(&w->batch)
                            : plain_workspace(device, w) + image_bytes(w) + slim_cl_winograd_folded_weights(&w->fold);
}

/* --- launches ----------------------------------------------------------------------------------------------------- */

static void range(slim_cl_build *b, int first, int second)
{
  slim_cl_range_3d(b, (const size_t[3]){ (size_t)first, (size_t)second, 1 }, (const size_t[3]){ 1, 1, 1 });
}

/* Into kept memory, once, or into the workspace. */
static void launch_weights(slim_cl_build *b, const slim_winograd_params *p, const slim_view *weights, cl_mem kept)
{
  const int width = b->cl->vector_width;
  slim_cl_begin(b, READING(p, weights, "slim_winograd_weights"));
  slim_cl_arg_view(b, weights);
  slim_cl_winograd_arg_weights(b, kept);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_arg_local(b, taps_floats(b->device, p, width) * sizeof(float));
  range(b, p->c / width, p->o / width);
  if (kept != NULL) {
    slim_cl_once(b, weights);
  }
}

static void launch_fused(slim_cl_build *b, const slim_cl_winograd *w, const slim_view *x, const slim_view *weights,
                         const slim_view *y, cl_mem zeros, const slim_cl_epilogue *epilogue)
{
  const size_t bytes = slim_cl_float_bytes(weights_floats(b->device, &w->p));
  const slim_view scratch = slim_cl_winograd_behind(b, w->kept ? 0 : bytes);
  cl_mem kept = w->kept ? slim_cl_kept(b, bytes) : NULL;
  launch_weights(b, &w->p, weights, kept);
  slim_cl_begin(b, SLIM_CL_WINOGRAD_TAPPED(&w->p, "slim_winograd_fused", "_f32"));
  slim_cl_arg_view(b, x);
  slim_cl_winograd_arg_weights(b, kept);
  slim_cl_arg_view(b, epilogue->bias);
  slim_cl_arg_view(b, epilogue->residual);
  slim_cl_arg_view(b, y);
  slim_cl_arg_view(b, &scratch);
  slim_cl_arg_memory(b, zeros);
  slim_cl_arg(b, &w->p, sizeof(w->p));
  slim_cl_range_dealt(b, (const size_t[3]){ (size_t)slim_cl_ceil_div(w->p.tiles, w->p.block), 1, 1 });
}

static int tiles_of_block(const slim_winograd_params *p)
{
  return p->tiles - p->first < p->block ? p->tiles - p->first : p->block;
}

static void launch_inputs(slim_cl_build *b, const slim_winograd_params *p, const slim_view *x, cl_mem zeros)
{
  slim_cl_begin(b, SLIM_CL_WINOGRAD_TILED(p, "slim_winograd_inputs", "_f32"));
  slim_cl_arg_placed(b, x);
  slim_cl_arg_placed(b, b->workspace);
  slim_cl_arg_places(b);
  slim_cl_arg_memory(b, zeros);
  slim_cl_arg(b, p, sizeof(*p));
  range(b, tiles_of_block(p), 1);
}

/* Of kernels that take the second stage: by weights as they lie, packed, or transformed. */
static const char *panels_kernel(const slim_cl_winograd *w, const slim_view *weights)
{
  const slim_winograd_params *p = &w->p;
  if (w->points) {
    return SLIM_CL_WINOGRAD_TAPPED(p, "slim_winograd_points", "_f32");
  }
  if (p->rows == SLIM_WINOGRAD_FEW && are_cut(p)) {
    return w->kept ? "slim_winograd_few_packed_f32" : SLIM_CL_READING(weights, "slim_winograd_few");
  }
  if (p->rows == SLIM_WINOGRAD_FEW) {
    return w->kept ? "slim_winograd_few_packed_whole_f32" : SLIM_CL_READING(weights, "slim_winograd_few_whole");
  }
  return w->kept ? SLIM_CL_WINOGRAD_TAPPED(p, "slim_winograd_packed", "_f32")
                 : READING(p, weights, "slim_winograd_panels");
}

/* kept: the weights, packed or transformed; NULL: they are read as they lie. */
static void launch_panels(slim_cl_build *b, const slim_cl_winograd *w, const slim_view *weights, const slim_view *y,
                          cl_mem kept, const slim_cl_epilogue *epilogue)
{
  const slim_winograd_params *p = &w->p;
  slim_cl_begin(b, panels_kernel(w, weights));
  slim_cl_arg_placed(b, b->workspace);
  slim_cl_arg_placed(b, epilogue->bias);
  slim_cl_arg_placed(b, epilogue->residual);
  slim_cl_arg_placed(b, y);
  slim_cl_arg_places(b);
  if (kept != NULL) {
    slim_cl_arg_memory(b, kept);
  } else {
    slim_cl_arg_view(b, weights);
  }
  slim_cl_arg(b, p, sizeof(*p));
  if (kept == NULL) {
    slim_cl_arg_local(b, (size_t)p->places * taps_floats(b->device, p, p->depth) * sizeof(float));
  }
  if (p->rows != SLIM_WINOGRAD_FEW && !w->points) {
    slim_cl_arg_local(b, rows_floats(b->device, p, p->depth) * sizeof(float));
  }
  const int parts = slim_cl_ceil_div(tiles_of_block(p), p->part);
  slim_cl_range_dealt(b, (const size_t[3]){ (size_t)panel_groups(b->device, p), (size_t)parts, 1 });
}

/* The weights of the second stage, made when they change; NULL: they are read as they lie. */
static cl_mem keep_weights(slim_cl_build *b, const slim_cl_winograd *w, const slim_view *weights)
{
  const slim_winograd_params *p = &w->p;
  const slim_conv2d_params all = { .kernel_h = p->taps, .kernel_w = p->taps, .c = p->c, .o = p->o };
  const slim_gemm_params blocks = { .block_k = p->c };
  if (!w->points) {
    return w->kept ? slim_cl_conv2d_pack(b, weights, &all, &blocks) : NULL;
  }
  cl_mem kept = slim_cl_kept(b, slim_cl_float_bytes(weights_floats(b->device, p)));
  launch_weights(b, p, weights, kept);
  return kept;
}

static void launch_plain(slim_cl_build *b, const slim_cl_winograd *w, const slim_view *x, const slim_view *weights,
                         const slim_view *y, const slim_cl_epilogue *epilogue)
{
  cl_mem zeros = slim_cl_winograd_zeros(b, w->line.groups > 0 ? w->line.p.c : w->p.c);
  if (w->line.groups > 0) {
    slim_cl_winograd_line_launch(b, &w->line, x, weights, w->kept, zeros, epilogue);
    return;
  }
  if (w->groups > 0) {
    launch_fused(b, w, x, weights, y, zeros, epilogue);
    return;
  }
  slim_cl_winograd now = *w;
  cl_mem kept = keep_weights(b, w, weights);
  for (; now.p.first < now.p.tiles; now.p.first += now.p.block) {
    launch_inputs(b, &now.p, x, zeros);
    launch_panels(b, &now, weights, y, kept, epilogue);
  }
}

void slim_cl_winograd_launch(slim_cl_build *b, const slim_cl_winograd *w, const slim_view *x, const slim_view *weights,
                             const slim_cl_epilogue *epilogue)
{
  if (w->batch.block > 0) {
    slim_cl_winograd_batch_launch(b, &w->batch, x, weights, epilogue);
    return;
  }
  if (w->fold.side == 1) {
    launch_plain(b, w, x, weights, &b->out[0], epilogue);
    return;
  }
  const size_t behind = plain_workspace(b->device, w);
  const slim_view image = slim_cl_winograd_behind(b, behind);
  slim_view folded = slim_cl_winograd_behind(b, behind + image_bytes(w));
  folded.version = weights->version;
  slim_cl_winograd_fold_weights(b, &w->fold, weights, &folded, w->kept);
  if (w->p.turned) {
    launch_plain(b, w, x, &folded, &image, epilogue);
    slim_cl_winograd_unfold_image(b, &w->fold, &image, &b->out[0]);
  } else if (w->p.fold.side > 0) {
    launch_plain(b, w, x, &folded, &b->out[0], epilogue);
  } else {
    slim_cl_winograd_fold_image(b, &w->fold, x, &image);
    launch_plain(b, w, &image, &folded, &b->out[0], epilogue);
  }
}
