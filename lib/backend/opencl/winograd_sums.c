#include "backend/opencl/winograd_sums.h"

#include "backend/opencl/gemm.h"
#include "backend/opencl/reduction.h"
#include "kernels/winograd_params.h"

#define TASKS_A_UNIT 2
#define WIDTH_MOST 16                  /* of a vector */
#define VECTORS_MOST 2                 /* of channels of a part, */
#define INPUTS_MOST ((size_t)15 << 14) /* and floats of their transformed tiles, which stay in a core's own cache */
#define RUN_FLOATS ((size_t)7 << 19)   /* of the transformed tiles of a run */
#define RUN_LEAST 112                  /* tiles of a run, which pay for reading and writing the sums, */
#define RUN_MOST 392                   /* and do not wait for memory between the two launches */
#define SLICED_A_UNIT 2                /* tasks: few, as each brings its sums back to taps, which are added, */
#define SLICED_A_UNIT_MOST 4           /* but more where a slice would have more runs than */
#define SLICE_RUNS 16                  /* these, as rounding errors grow with them */
#define SLICE_TILES 28                 /* of a run, whose transforms stay in a core's own cache, */
#define SLICE_SUMS ((size_t)5 << 15)   /* and most of the sums; */
#define SLICE_TILES_MOST 40            /* where that is large, of so many, */
#define SLICE_FLOATS ((size_t)9 << 15) /* if they and the sums are no more than these; */
#define SLICE_CHANNELS 64 /* where that is large, so do those of a part of the weights, of so many channels, */
#define PARTS_MOST 4      /* each of which transforms for itself what it needs */

/* --- sizes, in floats, as the kernels lay them out ---------------------------------------------------------------- */

static int panels_of(const slim_device *device, const slim_winograd_sums_params *s)
{
  return slim_cl_ceil_div(s->o, slim_cl_gemm_columns(device));
}

/* Outputs, in whole panels. */
static size_t wide(const slim_device *device, const slim_winograd_sums_params *s)
{
  return (size_t)panels_of(device, s) * (size_t)slim_cl_gemm_columns(device);
}

/* Of a group: those of its task's channels. */
static size_t inputs_floats(const slim_device *device, const slim_winograd_sums_params *s)
{
  const int width = slim_cl_of(device)->vector_width, c = slim_cl_ceil_div(s->depth, width) * width;
  return (size_t)s->points * ((size_t)s->block * (size_t)c + SLIM_WINOGRAD_GAP);
}

static size_t panel_floats(const slim_device *device, const slim_winograd_sums_params *s)
{
  return (size_t)s->points * (size_t)(s->block * slim_cl_gemm_columns(device) + SLIM_WINOGRAD_GAP);
}

static size_t outputs_floats(const slim_device *device, const slim_winograd_sums_params *s)
{
  return (size_t)panels_of(device, s) * panel_floats(device, s);
}

/* The same of a panel of outputs. */
static size_t sums_floats(const slim_device *device, const slim_winograd_sums_params *s)
{
  return (size_t)s->points * (size_t)s->depth * (size_t)slim_cl_gemm_columns(device);
}

static int parts_of(const slim_winograd_sums_params *s)
{
  return slim_cl_ceil_div(s->c, s->depth);
}

/* Of all parts and panels, where they wait for another run. */
static size_t waiting_floats(const slim_device *device, const slim_winograd_sums_params *s)
{
  return s->block < s->tiles ? (size_t)(panels_of(device, s) * parts_of(s)) * sums_floats(device, s) : 0;
}

size_t slim_cl_winograd_inputs(size_t points, int tiles, int c)
{
  return points * ((size_t)(tiles | 1) * (size_t)c + SLIM_WINOGRAD_GAP) + SLIM_WINOGRAD_SPARE * WIDTH_MOST;
}

size_t slim_cl_winograd_products(const slim_device *device, size_t points, int tiles)
{
  const size_t rows = (size_t)(tiles + SLIM_WINOGRAD_SPARE);
  return points * (rows * (size_t)slim_cl_gemm_columns(device) + SLIM_WINOGRAD_GAP);
}

/* --- plan and launches -------------------------------------------------------------------------------------------- */

/* Cuts the channels evenly, so that a part's transformed tiles stay where they are while panels of outputs pass. */
static bool share_channels(const slim_device *device, slim_winograd_sums_params *s)
{
  const int width = slim_cl_of(device)->vector_width, vectors = slim_cl_ceil_div(s->c, width);
  for (int parts = slim_cl_ceil_div(vectors, VECTORS_MOST); parts <= vectors; parts++) {
    s->depth = slim_cl_ceil_div(vectors, parts) * width;
    if ((inputs_floats(device, s) <= INPUTS_MOST || s->depth == width) &&
        sums_floats(device, s) * sizeof(float) <= device->info.local_memory) {
      return true;
    }
  }
  return false;
}

/* Tiles of a run, all of which have as many: what fits, within bounds. */
static int even_run(int tiles, int fit, int least, int most)
{
  const int longest = fit < least ? least : fit < most ? fit : most;
  return slim_cl_ceil_div(tiles, slim_cl_ceil_div(tiles, longest));
}

bool slim_cl_winograd_sums_cut(const slim_device *device, slim_winograd_sums_params *s)
{
  const size_t tile = (size_t)s->points * ((size_t)s->c + wide(device, s));
  s->block = even_run(s->tiles, (int)(RUN_FLOATS / tile), RUN_LEAST, RUN_MOST);
  return share_channels(device, s);
}

/* Of a task. */
static int slice_panels(const slim_device *device, const slim_winograd_sums_params *s,
                        const slim_cl_winograd_slices *slices)
{
  return slim_cl_ceil_div(panels_of(device, s), slices->groups);
}

static size_t slice_sums(const slim_device *device, const slim_winograd_sums_params *s,
                         const slim_cl_winograd_slices *slices)
{
  return sums_floats(device, s) * (size_t)slice_panels(device, s, slices);
}

/* As few slices of so many parts each as give all units the same number of tasks. */
static int slices_of(const slim_device *device, int parts, int tiles)
{
  const int units = device->info.compute_units, most = units * SLICED_A_UNIT_MOST / parts;
  int count = slim_cl_ceil_div(units * SLICED_A_UNIT, parts);
  while (count < most && (count * parts % units != 0 || tiles > count * SLICE_RUNS * SLICE_TILES)) {
    count++;
  }
  return count < most ? count : most;
}

/* Cuts the tiles of a slice evenly into runs. Longer ones pay where there are many sums, to which each run is added. */
static int slice_run(const slim_device *device, const slim_winograd_sums_params *s,
                     const slim_cl_winograd_slices *slices)
{
  const int columns = slice_panels(device, s, slices) * slim_cl_gemm_columns(device);
  const size_t sums = slice_sums(device, s, slices), tile = (size_t)s->points * (size_t)(s->depth + columns);
  const bool many = sums > SLICE_SUMS / 2 && sums <= SLICE_SUMS;
  const bool longer = many && slim_cl_of(device)->caches.second >= SLIM_LARGE_CACHE;
  const int fit = longer ? (int)((SLICE_FLOATS - sums) / tile) : 0;
  return even_run(slim_cl_ceil_div(s->tiles, slices->count), fit, SLICE_TILES, SLICE_TILES_MOST);
}

/* Cuts the channels, and panels where that is not enough, into the largest parts whose sums stay in a core's cache. */
static slim_cl_winograd_slices share_weights(const slim_device *device, slim_winograd_sums_params *s)
{
  const int width = slim_cl_of(device)->vector_width;
  slim_cl_winograd_slices slices = { .groups = 1 };
  s->depth = s->c;
  if (slice_sums(device, s, &slices) > SLICE_SUMS) {
    s->depth = slim_cl_ceil_div(slim_cl_ceil_div(s->c, width), slim_cl_ceil_div(s->c, SLICE_CHANNELS)) * width;
  }
  while (slice_sums(device, s, &slices) > SLICE_SUMS && slices.groups < panels_of(device, s)) {
    slices.groups++;
  }
  slices.count = slices_of(device, parts_of(s) * slices.groups, s->tiles);
  s->block = slices.count > 0 ? slice_run(device, s, &slices) : s->tiles;
  const int runs = slim_cl_ceil_div(s->tiles, s->block);
  slices.count = slices.count < runs ? slices.count : runs; /* each has one, or its sums would be what memory held */
  return slices;
}

bool slim_cl_winograd_sums_slices(const slim_device *device, slim_winograd_sums_params *s,
                                  slim_cl_winograd_slices *slices)
{
  slim_winograd_sums_params cut = *s;
  const slim_cl_winograd_slices found = share_weights(device, &cut);
  const int parts = parts_of(&cut) * found.groups;
  const size_t sums = slice_sums(device, &cut, &found);
  const bool large = slim_cl_of(device)->caches.second >= SLIM_LARGE_CACHE;
  if (parts > (large ? PARTS_MOST : 1) || found.count == 0 || sums > SLICE_SUMS ||
      sums * sizeof(float) > device->info.local_memory || s->tiles < found.count * parts * SLICE_TILES) {
    return false;
  }
  *s = cut;
  *slices = found;
  return true;
}

/* Of all groups. */
static size_t inputs_bytes(const slim_device *device, const slim_winograd_sums_params *s)
{
  return slim_cl_float_bytes((size_t)device->info.compute_units * inputs_floats(device, s));
}

size_t slim_cl_winograd_sums_workspace(const slim_device *device, const slim_winograd_sums_params *s)
{
  return inputs_bytes(device, s) + slim_cl_float_bytes(outputs_floats(device, s)) +
         slim_cl_float_bytes(waiting_floats(device, s));
}

/* Parts of the workspace. */
typedef struct places {
  slim_view v, z, sums;
} places;

static places places_of(const slim_cl_build *b, const slim_winograd_sums_params *s)
{
  places at = { *b->workspace, *b->workspace, *b->workspace };
  at.z.offset += inputs_bytes(b->device, s);
  if (s->block < s->tiles) {
    at.sums.offset = at.z.offset + slim_cl_float_bytes(outputs_floats(b->device, s));
  }
  return at;
}

/* A launch for the run that begins at tile first; then others follow, but for the last. */
typedef struct run {
  const slim_winograd_sums_params *s;
  places at;
  const void *convolution;
  size_t bytes;
  cl_mem zeros;
  int first;
} run;

static void launch_outputs(slim_cl_build *b, const char *kernel, const run *r)
{
  const int left = r->s->tiles - r->first, tiles = left < r->s->block ? left : r->s->block;
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &r->at.z);
  slim_cl_arg_memory(b, r->zeros);
  slim_cl_arg(b, r->convolution, r->bytes);
  slim_cl_arg(b, r->s, sizeof(*r->s));
  slim_cl_arg(b, &r->first, sizeof(r->first));
  slim_cl_range_3d(b, (const size_t[3]){ (size_t)tiles, 1, 1 }, (const size_t[3]){ 1, 1, 1 });
}

/* Tasks of the same channels share out the panels where they would be few. */
static void launch_panels(slim_cl_build *b, const char *kernel, const run *r, const slim_view *x, const slim_view *dw)
{
  const int parts = parts_of(r->s), panels = panels_of(b->device, r->s);
  const int groups = slim_cl_ceil_div(b->device->info.compute_units * TASKS_A_UNIT, parts);
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, x);
  slim_cl_arg_view(b, &r->at.z);
  slim_cl_arg_view(b, &r->at.v);
  slim_cl_arg_view(b, &r->at.sums);
  slim_cl_arg_view(b, dw);
  slim_cl_arg_memory(b, r->zeros);
  slim_cl_arg(b, r->convolution, r->bytes);
  slim_cl_arg(b, r->s, sizeof(*r->s));
  slim_cl_arg(b, &r->first, sizeof(r->first));
  slim_cl_arg_local(b, sums_floats(b->device, r->s) * sizeof(float));
  slim_cl_range_dealt(b, (const size_t[3]){ (size_t)(groups < panels ? groups : panels), (size_t)parts, 1 });
}

void slim_cl_winograd_sums_launch(slim_cl_build *b, const slim_cl_winograd_sums_kernels *kernels,
                                  const slim_winograd_sums_params *s, const slim_view *x, const slim_view *dw,
                                  const void *convolution, size_t bytes, cl_mem zeros)
{
  run r = { s, places_of(b, s), convolution, bytes, zeros, 0 };
  for (; r.first < s->tiles; r.first += s->block) {
    launch_outputs(b, kernels->outputs, &r);
    launch_panels(b, kernels->panels, &r, x, dw);
  }
}

/* --- few weights: slices ------------------------------------------------------------------------------------------ */

/* Of all groups: transforms of a run. */
static size_t slices_scratch(const slim_device *device, const slim_winograd_sums_params *s,
                             const slim_cl_winograd_slices *slices)
{
  const size_t outputs = (size_t)slice_panels(device, s, slices) * panel_floats(device, s);
  return slim_cl_float_bytes((size_t)device->info.compute_units * (inputs_floats(device, s) + outputs));
}

size_t slim_cl_winograd_slices_workspace(const slim_device *device, const slim_winograd_sums_params *s,
                                         const slim_cl_winograd_slices *slices, int taps)
{
  const int waiting = slices->count > 1 ? slices->count : 0;
  return slices_scratch(device, s, slices) + slim_cl_float_bytes((size_t)(waiting * taps * s->c) * (size_t)s->o);
}

void slim_cl_winograd_slices_launch(slim_cl_build *b, const char *kernel, const slim_winograd_sums_params *s,
                                    const slim_cl_winograd_slices *slices, int taps, const slim_view *x,
                                    const slim_view *dw, const void *convolution, size_t bytes, cl_mem zeros)
{
  slim_view parts = *b->workspace, sum = *dw;
  parts.offset += slices_scratch(b->device, s, slices);
  parts.dtype = SLIM_FLOAT32;
  parts.shape = (slim_shape){ 2, { slices->count, taps * s->c * s->o } };
  sum.shape = (slim_shape){ 1, { taps * s->c * s->o } };
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, x);
  slim_cl_arg_view(b, slices->count > 1 ? &parts : dw);
  slim_cl_arg_view(b, b->workspace);
  slim_cl_arg_memory(b, zeros);
  slim_cl_arg(b, convolution, bytes);
  slim_cl_arg(b, s, sizeof(*s));
  slim_cl_arg_local(b, slice_sums(b->device, s, slices) * sizeof(float));
  slim_cl_range_dealt(b, (const size_t[3]){ (size_t)slices->count, (size_t)parts_of(s), (size_t)slices->groups });
  if (slices->count > 1) {
    slim_cl_reduce(b, &parts, &sum, SLIM_REDUCE_SUM, 1u);
  }
}
