/*
 * The weights are transformed in every run: kept, they would need up to twice their memory. Then each task takes a
 * block of tiles from inputs to some panels of outputs. What it transforms stays in its core's cache, and only the
 * weights come from further away.
 */
#include "backend/cpu/winograd_line.h"

#include "backend/cpu/winograd_line_transform.h"

#include <math.h>

#define BLOCK_TILES 56   /* their transformed inputs stay in the second-level cache */
#define K_SUMMED 128     /* channels that are summed in one go: their rounding errors grow with it */
#define TAPS_CHANNELS 16 /* whose weights are transformed at once */
#define LEAST_TILES 12
#define LEAST_BLOCK 24 /* tiles that are worth a block for each core; fewer share the panels instead */

bool CPU_OP(winograd_line_plan)(winograd_line *l, const slim_cpu_step *step, const tile_epilogue *epilogue)
{
  const int panels = pieces(l->oc, TILE_COLUMNS), threads = slim_threads_count(step->device->threads);
  int blocks;
  if (epilogue->activation > SLIM_ACTIVATION_RELU6 || !winograd_line_tiles(l, LEAST_TILES)) {
    return false;
  }
  blocks = pieces(pieces(l->tiles, BLOCK_TILES), threads) * threads;
  l->block = pieces(l->tiles, l->tiles < threads * LEAST_BLOCK ? 1 : blocks);
  l->blocks = pieces(l->tiles, l->block);
  l->groups = l->blocks < threads ? at_most(panels, threads) : 1;
  return true;
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

/* Transformed inputs of a worker: [k block][point][tile][WINOGRAD_K]. */
static size_t inputs_floats(const winograd_line *l)
{
  return (size_t)pieces(l->c, WINOGRAD_K) * (size_t)l->points * winograd_step(l->block, WINOGRAD_K);
}

/* Its products of a panel: [point][tile][TILE_COLUMNS]. */
static size_t products_floats(const winograd_line *l)
{
  return (size_t)l->points * winograd_step(l->block, TILE_COLUMNS);
}

/* Transformed weights. */
static size_t packed_floats(const winograd_line *l)
{
  return whole_lines((size_t)l->points * (size_t)l->c * panels_width((size_t)l->oc));
}

size_t CPU_OP(winograd_line_workspace)(const winograd_line *l, const slim_cpu_step *step)
{
  const size_t worker = inputs_floats(l) + products_floats(l);
  return packed_floats(l) + (size_t)slim_threads_count(step->device->threads) * worker;
}

/* --- weights: [panel][K_SUMMED channels][point][channel][width] --------------------------------------------------- */

typedef struct pack_job {
  const winograd_line *l;
  winograd_weights weights;
  const float *factor;
  float *packed;
} pack_job;

/* count channels of a panel: their points go to to[point * step]. */
CPU_INLINE void filter_channels(const float *taps, const vec *factor, int count, int width, float *to, size_t step,
                                int kernel)
{
  for (int i = 0; i < count; i++, taps += kernel * TILE_COLUMNS, to += width) {
    for (int v = 0; v < width; v += VL) {
      vec g[7], t[MOST_POINTS];
      for (int x = 0; x < kernel; x++) {
        g[x] = vec_load(taps + x * TILE_COLUMNS + v);
      }
      if (kernel == 3) {
        transform_taps(g, t, POINTS_OF_THREE, 3);
      } else {
        filter_ten(g, t);
      }
      for (int x = 0; x < M - 1 + kernel; x++) {
        vec_store(to + (size_t)x * step + v, factor[v / VL] * t[x]);
      }
    }
  }
}

/* The points of count channels from k on, of the panel from n0 on. */
static void pack_channels(const pack_job *j, int n0, int k, int count)
{
  const winograd_line *l = j->l;
  const int width = panel_width(l->oc - n0), first = k / K_SUMMED * K_SUMMED;
  const size_t step = (size_t)at_most(K_SUMMED, l->c - first) * (size_t)width;
  float taps[TAPS_CHANNELS * 7 * TILE_COLUMNS] __attribute__((aligned(64)));
  float *to = j->packed + (size_t)l->points * ((size_t)l->c * (size_t)n0 + (size_t)first * (size_t)width) +
              (size_t)(k - first) * (size_t)width;
  const vec one = (vec){ 0 } + 1.0f;
  vec factor[TILE_COLUMNS / VL];
  for (int v = 0; v < width; v += VL) {
    factor[v / VL] = j->factor ? load_some(j->factor + n0 + v, at_most(VL, l->oc - n0 - v)) : one;
  }
  CPU_OP(winograd_taps)(&j->weights, n0, k, count, taps);
  if (l->kernel == 3) {
    filter_channels(taps, factor, count, width, to, step, 3);
  } else {
    filter_channels(taps, factor, count, width, to, step, 7);
  }
}

/* Along the weights as they lie. */
static void pack_piece(void *user, size_t begin, size_t end, int worker)
{
  const pack_job *j = user;
  const winograd_line *l = j->l;
  (void)worker;
  for (int i = (int)begin; i < (int)end; i++) {
    if (l->transposed) {
      for (int k = 0; k < l->c; k += TAPS_CHANNELS) {
        pack_channels(j, i * TILE_COLUMNS, k, at_most(TAPS_CHANNELS, l->c - k));
      }
    } else {
      for (int n0 = 0; n0 < l->oc; n0 += TILE_COLUMNS) {
        pack_channels(j, n0, i * TAPS_CHANNELS, at_most(TAPS_CHANNELS, l->c - i * TAPS_CHANNELS));
      }
    }
  }
}

static void pack_weights(const slim_cpu_step *step, const winograd_line *l, const slim_view *weights,
                         const float *factor, float *packed)
{
  pack_job j = { l, { weights, l->kernel, l->c, l->oc, l->transposed }, factor, packed };
  const int tasks = l->transposed ? pieces(l->oc, TILE_COLUMNS) : pieces(l->c, TAPS_CHANNELS);
  slim_cpu_for(step, (size_t)tasks, 1, pack_piece, &j);
}

/* --- inputs and outputs ------------------------------------------------------------------------------------------- */

typedef struct job {
  const winograd_line *l;
  const float *in, *packed;
  float *out, *workspace;
  const tile_epilogue *epilogue;
} job;

/* count channels of a tile from its products to the outputs that lie inside. to: the first, in floats from out. */
CPU_INLINE void close_channels(const job *j, const float *product, size_t to, int at, int outputs, int count,
                               int points)
{
  const winograd_line *l = j->l;
  const tile_epilogue *e = j->epilogue;
  const size_t product_step = winograd_step(l->block, TILE_COLUMNS),
               step = (size_t)(l->upright ? l->ow : 1) * (size_t)l->oc;
  const vec zero = { 0 }, floor = zero + (e->activation == SLIM_ACTIVATION_NONE ? -HUGE_VALF : 0.0f);
  const vec top = zero + (e->activation == SLIM_ACTIVATION_RELU6 ? 6.0f : HUGE_VALF);
  const vec bias = e->bias ? load_some(e->bias + at, count) : zero;
  vec v[MOST_POINTS], y[M];
  CPU_UNROLL
  for (int i = 0; i < points; i++) {
    v[i] = vec_load(product + (size_t)i * product_step);
  }
  if (points == POINTS_OF_THREE) {
    transform_output(v, 1, y, 1, POINTS_OF_THREE, M);
  } else {
    close_ten(v, y);
  }
  for (int i = 0; i < outputs; i++, to += step) {
    vec value = y[i] + bias;
    if (e->residual) {
      value += load_some(e->residual + to, count);
    }
    store_some(j->out + to, vec_clamp(value, floor, top), count);
  }
}

CPU_INLINE void close_tile(const job *j, int number, const float *product, int n0, int columns, int points)
{
  const winograd_line *l = j->l;
  const place p = line_place(l, number);
  const int outputs = at_most(M, l->upright ? l->oh - p.y : l->ow - p.x);
  const size_t pixel = ((size_t)p.image * (size_t)l->oh + (size_t)p.y) * (size_t)l->ow + (size_t)p.x;
  for (int k = 0; k < columns; k += VL) {
    close_channels(j, product + k, pixel * (size_t)l->oc + (size_t)(n0 + k), n0 + k, outputs, at_most(VL, columns - k),
                   points);
  }
}

/* --- products ----------------------------------------------------------------------------------------------------- */

/* A panel's sums at all points for count tiles. */
static void multiply_panel(const job *j, const float *inputs, int n0, int count, float *products)
{
  const winograd_line *l = j->l;
  const int width = panel_width(l->oc - n0);
  const size_t in_step = winograd_step(l->block, WINOGRAD_K), out_step = winograd_step(l->block, TILE_COLUMNS);
  const float *b = j->packed + (size_t)l->points * (size_t)l->c * (size_t)n0;
  for (int k = 0; k < l->c; k += K_SUMMED) {
    const int depth = at_most(K_SUMMED, l->c - k);
    const float *a = inputs + (size_t)(k / WINOGRAD_K * l->points) * in_step;
    for (int i = 0; i < l->points; i++, b += (size_t)depth * (size_t)width) {
      winograd_multiply(a + (size_t)i * in_step, (size_t)l->points * in_step, in_step, b,
                        products + (size_t)i * out_step, count, depth, width, k > 0);
    }
  }
}

CPU_INLINE void run_block(const job *j, int first, int count, int panel, int end, float *inputs, int points)
{
  const winograd_line *l = j->l;
  const size_t step = winograd_step(l->block, WINOGRAD_K);
  float *products = inputs + inputs_floats(l);
  for (int t = 0; t < count; t++) {
    float *to = inputs + (size_t)t * WINOGRAD_K;
    for (int k = 0; k < l->c; k += WINOGRAD_K, to += (size_t)points * step) {
      open_tile(l, j->in, first + t, k, at_most(l->c - k, WINOGRAD_K), to, step, points);
    }
  }
  for (; panel < end; panel++) {
    const int n0 = panel * TILE_COLUMNS, columns = at_most(TILE_COLUMNS, l->oc - n0);
    multiply_panel(j, inputs, n0, count, products);
    for (int t = 0; t < count; t++) {
      close_tile(j, first + t, products + t * TILE_COLUMNS, n0, columns, points);
    }
  }
}

static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const winograd_line *l = j->l;
  const int first = number / l->groups * l->block, group = number % l->groups,
            count = at_most(l->block, l->tiles - first);
  const int panels = pieces(l->oc, TILE_COLUMNS), panel = panels * group / l->groups;
  const int end = panels * (group + 1) / l->groups;
  float *inputs = j->workspace + (size_t)worker * (inputs_floats(l) + products_floats(l));
  if (l->kernel == 3) {
    run_block(j, first, count, panel, end, inputs, POINTS_OF_THREE);
  } else {
    run_block(j, first, count, panel, end, inputs, MOST_POINTS);
  }
}

void CPU_OP(winograd_line_run)(const slim_cpu_step *step, const winograd_line *l, const float *in,
                               const slim_view *weights, const float *factor, float *out,
                               const tile_epilogue *epilogue, float *workspace)
{
  job j = { l, in, workspace, out, workspace + packed_floats(l), epilogue };
  pack_weights(step, l, weights, factor, workspace);
  slim_threads_run(step->device->threads, l->blocks * l->groups, run_task, &j);
}
