/*
 * The forward pass and, with turned weights, the gradient by input. Two schedules. Fused, for few channels: each task
 * takes a block of tiles from inputs to outputs; each worker has transformed all weights for itself before its first
 * block, which takes less time than to fetch them from another core's cache. Staged, for many channels or few tiles: a
 * block of tiles is transformed, then each task takes a panel of output channels, whose weights it transforms a row of
 * points at a time while it multiplies those of the row before: no more than two rows are ever in memory, and of four
 * tiles not even these. A few workers transform a small block each for itself, as others' transforms would have to be
 * fetched and, in the next run, be fetched back. Taps that do not lie packed are copied while the channels before are
 * multiplied. With either schedule, weights may have been transformed in advance: their points are fetched while those
 * before are multiplied, and a point's inputs, where the near cache does not hold those of all points, meet a group of
 * panels.
 */
#include "backend/cpu/winograd_transform.h"

#include <math.h>

#define MANY_REGISTERS (TILE_ROWS > 6) /* of vectors: 32 */
#define FUSED_TILES (2 * TILE_ROWS * (MANY_REGISTERS ? 1 : 2))
#define FUSED_TILES_FAR 98 /* measured, where the weights' points are read from a distant cache for each block */
#define STAGED_TILES 140
#define FUSED_WEIGHTS (96 * 96) /* the most that each worker transforms for itself */
#define FUSED_WEIGHTS_MANY (192 * 192) /* the same, of many tiles where the second-level cache is large */
#define MANY_TILES (2 * STAGED_TILES)
#define FUSED_WEIGHTS_FEW 2047  /* the same, measured, where there are fewer tiles than half the taps */
#define STREAMED_OUTPUTS (3 << 19) /* outputs, at least, that would leave the caches before they are read, */
#define STREAMED_OUTPUTS_LARGE (3 << 20) /* measured: where the second-level cache is large */
#define STREAMED_CHANNELS 64 /* measured there: products of fewer take less time than their outputs past the caches */
/* Of one image, points are kept of so many weights at least, for so many tiles. Measured: of fewer tiles they are waited
 * for longer than it takes to make them. For the little that more images gain it is too much memory. */
#define KEPT_WEIGHTS (64 * 64)
#define KEPT_TILES 32
#define KEPT_FUSED_CHANNELS 256 /* the most in the fused schedule */
/* Channels whose weights are transformed at once in the staged schedule. Tiles of few rows gain more by greater depth. */
#define K_STAGED (MANY_REGISTERS ? WINOGRAD_K : 2 * WINOGRAD_K)
#define K_FEW 32 /* of four tiles, if the nearest cache holds their taps, which are read for each row of points */
#define K_ROWS 16 /* the same, of all rows in turn */
#define OWN_INPUTS_WORKERS 4 /* at most; in the staged schedule */
#define FAR_TAPS 2 /* times all second-level caches: larger weights come from memory in each run */
#define FAR_TAPS_TILES 12 /* measured: to transform those takes as long as so many tiles' products with them */
#define STAGED_ROW 6 /* points of a row of them */

static bool keeps_points(const winograd *w, const slim_view *weights)
{
  return weights && weights->version && !halves_of(weights) && w->fold.side == 1 && w->n == 1 &&
         w->tiles >= KEPT_TILES && (size_t)w->c * (size_t)w->oc >= KEPT_WEIGHTS;
}

/* Weights, at most, that each worker transforms for itself. */
static size_t fused_weights(const winograd *w, const slim_caches *caches)
{
  if (2 * w->tiles < w->kernel * w->kernel) {
    return FUSED_WEIGHTS_FEW;
  }
  return w->tiles > MANY_TILES && caches->second >= SLIM_LARGE_CACHE ? FUSED_WEIGHTS_MANY : FUSED_WEIGHTS;
}

/* Tiles of a block in the fused schedule, at most. */
static int fused_tiles(const winograd *w, const slim_caches *caches)
{
  const size_t points = (size_t)w->points * (size_t)w->c * (size_t)w->oc * sizeof(float);
  const bool far = w->points_kept && caches->second >= SLIM_LARGE_CACHE && points > 2 * caches->second;
  return far ? FUSED_TILES_FAR : FUSED_TILES;
}

/* Columns of a panel that are multiplied at once in the staged schedule: a row of their points fits the nearest cache. */
static int staged_columns(const slim_caches *caches)
{
  const size_t row = (size_t)(STAGED_ROW * K_STAGED * TILE_COLUMNS) * sizeof(float);
  return row <= caches->nearest ? TILE_COLUMNS : VL;
}

/* Transformed inputs of a block: [k block][point][tile][WINOGRAD_K]. */
static size_t inputs_floats(const winograd *w)
{
  return (size_t)pieces(w->c, WINOGRAD_K) * (size_t)w->points * winograd_step(w->block, WINOGRAD_K);
}

/* Half of the second-level cache may hold them; more workers gain more by sharing the work. */
static bool own_inputs(const winograd *w, const slim_cpu_step *step)
{
  return !w->staged || (w->parts == 1 && slim_threads_count(step->device->threads) <= OWN_INPUTS_WORKERS &&
                        inputs_floats(w) * sizeof(float) <= step->device->caches.second / 2);
}

/* Of so few tiles that a point's products are one tile: all channels of a row of points before the next row? So the
 * nearest cache holds the row's transformed weights and its products; deeper, it would not even hold the weights. */
static bool by_rows(const winograd *w, const slim_caches *caches)
{
  const int each = w->size + w->kernel * w->kernel; /* points and taps */
  const size_t shallow = (size_t)((each * K_ROWS + w->size * w->tiles) * TILE_COLUMNS) * sizeof(float);
  const size_t deep = (size_t)(each * K_STAGED * TILE_COLUMNS) * sizeof(float);
  return w->staged && !w->points_kept && !w->few && w->tiles <= TILE_ROWS && shallow <= caches->nearest &&
         deep > caches->nearest;
}

static int staged_depth(const winograd *w, const slim_caches *caches)
{
  const size_t taps = (size_t)(w->kernel * w->kernel * K_FEW * TILE_COLUMNS) * sizeof(float);
  return w->by_rows ? K_ROWS : w->few && taps <= caches->nearest ? K_FEW : K_STAGED;
}

static int part_tiles(const winograd *w)
{
  return pieces(w->block, w->parts);
}

/* Products of a panel: [point][tile][TILE_COLUMNS]. */
static size_t products_floats(const winograd *w)
{
  return (size_t)w->points * winograd_step(part_tiles(w), TILE_COLUMNS);
}

/* Panels of weights transformed in advance that meet a point's inputs one after another, where the second-level cache
 * holds their products, but not all inputs. Each worker has as many groups as others. */
static int group_of(const winograd *w, const slim_cpu_step *step)
{
  const int panels = pieces(w->oc, TILE_COLUMNS) * w->parts, threads = slim_threads_count(step->device->threads);
  const int workers = w->staged ? threads : 1;
  const size_t room = step->device->caches.second / 2 / sizeof(float);
  int group = 1;
  while (w->points_kept && inputs_floats(w) > room && panels % (2 * group * workers) == 0 &&
         2 * (size_t)group * products_floats(w) <= room) {
    group *= 2;
  }
  return group;
}

static int groups_of(const winograd *w)
{
  return pieces(pieces(w->oc, TILE_COLUMNS), w->group);
}

/* Tiles whose products take as long as to transform the weights, where that decides. Turned ones take it either way. */
static int weights_tiles(const winograd *w, const slim_cpu_step *step)
{
  const size_t taps = (size_t)(w->kernel * w->kernel) * (size_t)w->c * (size_t)w->oc * sizeof(float);
  const size_t caches = (size_t)slim_threads_count(step->device->threads) * step->device->caches.second;
  return !w->transposed && taps > FAR_TAPS * caches ? FAR_TAPS_TILES : 0;
}

bool CPU_OP(winograd_plan)(winograd *w, const slim_cpu_step *step, const slim_view *packs,
                           const tile_epilogue *epilogue)
{
  const int panels = pieces(w->oc, TILE_COLUMNS), threads = slim_threads_count(step->device->threads);
  const size_t weights = (size_t)w->c * (size_t)w->oc; /* of a tap */
  if (epilogue->activation > SLIM_ACTIVATION_RELU6 || !CPU_OP(winograd_tiles)(w, weights_tiles(w, step))) {
    return false;
  }
  w->pools = w->ph > 0 && w->m % 2 == 0;
  w->points_kept = keeps_points(w, packs);
  w->staged = w->points_kept ? w->c > KEPT_FUSED_CHANNELS : weights > fused_weights(w, &step->device->caches);
  w->staged_columns = staged_columns(&step->device->caches);
  w->few = MANY_REGISTERS && w->size == 6 && w->tiles == WINOGRAD_FEW;
  w->by_rows = by_rows(w, &step->device->caches);
  w->staged_depth = staged_depth(w, &step->device->caches);
  w->blocks = pieces(w->tiles, w->staged ? STAGED_TILES : fused_tiles(w, &step->device->caches));
  if (!w->staged) {
    w->blocks = pieces(w->blocks, threads) * threads;
  }
  w->block = pieces(w->tiles, w->blocks);
  w->blocks = pieces(w->tiles, w->block);
  w->parts = 1;
  while (w->staged && panels * w->parts % threads != 0 && panels * w->parts < 4 * threads &&
         w->block >= 2 * w->parts * TILE_ROWS) {
    w->parts++;
  }
  w->group = group_of(w, step);
  w->own_inputs = own_inputs(w, step);
  return true;
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static int taps_channels(const winograd *w)
{
  return w->by_rows ? w->c : w->staged ? at_most(w->c, w->staged_depth) : WINOGRAD_TAPS;
}

static size_t taps_floats(const winograd *w)
{
  return w->points_kept ? 0 : (size_t)taps_channels(w) * (size_t)(w->kernel * w->kernel) * TILE_COLUMNS;
}

/* Staged, a second place is for the taps that come next; by rows, all have theirs. */
static size_t taps_places(const winograd *w)
{
  return w->staged && !w->by_rows ? 2 : 1;
}

/* Are points of the next row of weights made while those of a row are multiplied? */
static bool makes(const winograd *w)
{
  return MANY_REGISTERS && w->size == 6 && w->staged_columns == TILE_COLUMNS && !w->few && !w->by_rows;
}

/* From point to point of a staged row of transformed weights; the gap as of winograd_step. */
static size_t filter_step(const winograd *w)
{
  return winograd_step(at_most(w->c, w->staged_depth), w->staged_columns);
}

/* Transformed weights of a worker: fused all; staged a row of points. */
static size_t filter_floats(const winograd *w)
{
  if (w->points_kept) {
    return 0;
  }
  return w->staged ? (size_t)w->size * filter_step(w) * (makes(w) ? 2 : 1)
                   : whole_lines((size_t)w->points * (size_t)w->c * panels_width((size_t)w->oc));
}

#define FLAG_FLOATS 16 /* a line of its own for the flag */

static size_t worker_floats(const winograd *w)
{
  return FLAG_FLOATS + (size_t)w->group * products_floats(w) + taps_places(w) * taps_floats(w) + filter_floats(w) +
         (w->own_inputs ? inputs_floats(w) : 0);
}

/* Without what is folded, which lies behind. */
static size_t plain_floats(const winograd *w, const slim_cpu_step *step)
{
  const size_t workers = (size_t)slim_threads_count(step->device->threads) * worker_floats(w);
  return whole_lines(workers + (w->own_inputs ? 0 : inputs_floats(w)));
}

size_t CPU_OP(winograd_workspace)(const winograd *w, const slim_cpu_step *step)
{
  return plain_floats(w, step) + CPU_OP(winograd_folded)(w);
}

/* A worker's memory, divided, perhaps with the inputs of all. */
typedef struct places {
  float *inputs, *products, *taps, *filters;
  bool *ready; /* what it transforms for itself is: fused, the weights; staged, the inputs */
} places;

typedef struct job {
  const winograd *w;
  const float *in;
  winograd_weights weights;
  const float *packed; /* NULL: the weights are read as they lie */
  float *out, *workspace;
  const tile_epilogue *epilogue;
  bool stream;      /* outputs go past the caches */
  bool stream_inputs; /* transformed, which all cores read, too */
  int first, count; /* staged: tiles of the block */
} job;

static places places_of(const job *j, int worker)
{
  const winograd *w = j->w;
  float *own = j->workspace + (w->own_inputs ? 0 : inputs_floats(w)) + (size_t)worker * worker_floats(w);
  places p = { .products = own, .inputs = j->workspace };
  p.taps = p.products + (size_t)w->group * products_floats(w);
  p.filters = p.taps + taps_places(w) * taps_floats(w);
  p.ready = (bool *)(p.filters + filter_floats(w));
  if (w->own_inputs) {
    p.inputs = p.filters + filter_floats(w) + FLAG_FLOATS;
  }
  return p;
}

/* --- outputs ------------------------------------------------------------------------------------------------------ */

/* What is added to VL channels (or fewer) from channel at on, and their bounds. */
typedef struct ending {
  vec bias, floor, top;
  int at, count;
} ending;

static inline ending ending_of(const tile_epilogue *e, int at, int count)
{
  const vec zero = { 0 };
  return (ending){ .bias = e->bias ? load_some(e->bias + at, count) : zero,
                   .floor = zero + (e->activation == SLIM_ACTIVATION_NONE ? -HUGE_VALF : 0.0f),
                   .top = zero + (e->activation == SLIM_ACTIVATION_RELU6 ? 6.0f : HUGE_VALF),
                   .at = at,
                   .count = count };
}

/* An output pixel. to: where it would lie. */
CPU_INLINE vec end_pixel(const job *j, const ending *e, vec value, size_t to)
{
  value += e->bias;
  if (j->epilogue->residual) {
    value += load_some(j->epilogue->residual + to, e->count);
  }
  return vec_clamp(value, e->floor, e->top);
}

/* ahead: floats to the same pixel of the next tile. */
CPU_INLINE void put_pixel(const job *j, const ending *e, vec value, size_t to, int ahead)
{
  if (j->stream) {
    vec_stream(j->out + to, value);
  } else {
    __builtin_prefetch(j->out + to + ahead, 1);
    store_some(j->out + to, value, e->count);
  }
}

/* Row r of a tile's outputs from columns that are transformed. */
CPU_INLINE void output_row(const float *half, int r, vec *y, int size, int m)
{
  vec v[MOST_SIZE];
  for (int x = 0; x < size; x++) {
    v[x] = vec_load(half + (r * size + x) * VL);
  }
  transform_output(v, 1, y, 1, size, m);
}

CPU_INLINE size_t output_at(const winograd *w, place p, int r)
{
  return (((size_t)p.image * (size_t)w->oh + (size_t)(p.y + r)) * (size_t)w->ow + (size_t)p.x) * (size_t)w->oc;
}

CPU_INLINE void put_outputs(const job *j, const ending *e, place p, const float *half, int size, int m)
{
  const winograd *w = j->w;
  const int rows = at_most(m, w->oh - p.y), columns = at_most(m, w->ow - p.x);
  vec y[MOST_SIZE];
  for (int r = 0; r < rows; r++) {
    size_t to = output_at(w, p, r) + (size_t)e->at;
    output_row(half, r, y, size, m);
    for (int i = 0; i < columns; i++, to += (size_t)w->oc) {
      put_pixel(j, e, end_pixel(j, e, y[i], to), to, m * w->oc);
    }
  }
}

/* The maxima of 2 x 2 outputs; those outside are below all. */
CPU_INLINE void put_maxima(const job *j, const ending *e, place p, const float *half, int size, int m)
{
  const winograd *w = j->w;
  const int rows = w->oh - p.y, columns = w->ow - p.x;
  const vec lowest = (vec){ 0 } - HUGE_VALF;
  vec y[MOST_SIZE], best[MOST_SIZE];
  CPU_UNROLL
  for (int r = 0; r < m; r++) {
    const size_t from = output_at(w, p, r) + (size_t)e->at;
    const int py = (p.y + r) / 2, px = p.x / 2;
    const size_t to =
      (((size_t)p.image * (size_t)w->ph + (size_t)py) * (size_t)w->pw + (size_t)px) * (size_t)w->oc + (size_t)e->at;
    output_row(half, r, y, size, m);
    CPU_UNROLL
    for (int i = 0; i < m; i++) {
      y[i] = r < rows && i < columns ? end_pixel(j, e, y[i], from + (size_t)(i * w->oc)) : lowest;
    }
    CPU_UNROLL
    for (int i = 0; i < m / 2; i++) {
      const vec across = vec_larger(y[2 * i], y[2 * i + 1]);
      best[i] = r % 2 == 0 ? across : vec_larger(best[i], across);
      if (r % 2 == 1 && py < w->ph && px + i < w->pw) {
        put_pixel(j, e, best[i], to + (size_t)(i * w->oc), m / 2 * w->oc);
      }
    }
  }
}

/* VL channels (or fewer) of a tile from its products to the outputs that lie inside, or to maxima of them. at: the
 * channel. */
CPU_INLINE void close_channels(const job *j, place p, const float *product, size_t step, int at, int count, int size,
                               int m, bool pools)
{
  const ending e = ending_of(j->epilogue, at, count);
  float half[MOST_SIZE * MOST_SIZE * VL] __attribute__((aligned(64)));
  vec v[MOST_SIZE], y[MOST_SIZE];
  for (int x = 0; x < size; x++) {
    for (int i = 0; i < size; i++) {
      v[i] = vec_load(product + (size_t)(i * size + x) * step);
    }
    transform_output(v, 1, y, 1, size, m);
    for (int i = 0; i < m; i++) {
      vec_store(half + (i * size + x) * VL, y[i]);
    }
  }
  if (pools) {
    put_maxima(j, &e, p, half, size, m);
  } else {
    put_outputs(j, &e, p, half, size, m);
  }
}

CPU_INLINE void close_panel(const job *j, int number, const float *product, size_t step, int n0, int columns, int size,
                            int m, bool pools)
{
  const place p = place_of(j->w, number);
  const int whole = columns / VL * VL;
  for (int k = 0; k < whole; k += VL) {
    close_channels(j, p, product + k, step, n0 + k, VL, size, m, pools);
  }
  if (whole < columns) {
    close_channels(j, p, product + whole, step, n0 + whole, columns - whole, size, m, pools);
  }
}

static void close_tile(const job *j, int number, const float *product, size_t step, int n0, int columns)
{
  if (j->w->pools) {
    close_panel(j, number, product, step, n0, columns, 6, 4, true);
  } else if (j->w->size == 6) {
    close_panel(j, number, product, step, n0, columns, 6, 4, false);
  } else if (j->w->m == 3) {
    close_panel(j, number, product, step, n0, columns, 7, 3, false);
  } else if (j->w->m == 4) {
    close_panel(j, number, product, step, n0, columns, 7, 4, false);
  } else {
    close_panel(j, number, product, step, n0, columns, 7, 5, false);
  }
}

/* All outputs of a group of panels, columns from n0 on, of count tiles from number first on. */
static void close_panels(const job *j, const float *products, int n0, int columns, int first, int count)
{
  const size_t step = winograd_step(part_tiles(j->w), TILE_COLUMNS);
  for (int at = 0; at < columns; at += TILE_COLUMNS, products += products_floats(j->w)) {
    for (int t = 0; t < count; t++) {
      close_tile(j, first + t, products + (size_t)t * TILE_COLUMNS, step, n0 + at, at_most(TILE_COLUMNS, columns - at));
    }
  }
}

/* Are vectors whole lines, and do the outputs go past the caches? */
static bool streams(const winograd *w, const slim_caches *caches, const float *out, bool apart)
{
  const bool large = caches->second >= SLIM_LARGE_CACHE;
  const size_t many = !large ? STREAMED_OUTPUTS : w->c >= STREAMED_CHANNELS ? STREAMED_OUTPUTS_LARGE : SIZE_MAX;
  const size_t pixels = w->pools ? (size_t)(w->n * w->ph) * (size_t)w->pw : (size_t)(w->n * w->oh) * (size_t)w->ow;
  return VL == 16 && w->oc % VL == 0 && (uintptr_t)out % 64 == 0 && vec_streams(pixels * (size_t)w->oc, many, apart);
}

/* --- fused -------------------------------------------------------------------------------------------------------- */

static void filter_all(const job *j, const places *p)
{
  for (int n0 = 0; n0 < j->w->oc; n0 += TILE_COLUMNS) {
    CPU_OP(winograd_filter_panel)(j->w, &j->weights, n0, p->taps, p->filters);
  }
  *p->ready = true;
}

static void open_tile(const job *j, const places *p, int number, int at)
{
  const winograd *w = j->w;
  const size_t step = winograd_step(w->block, WINOGRAD_K);
  float *to = p->inputs + (size_t)at * WINOGRAD_K;
  for (int k = 0; k < w->c; k += WINOGRAD_K, to += (size_t)w->points * step) {
    CPU_OP(winograd_open)(w, j->in, number, k, at_most(w->c - k, WINOGRAD_K), to, step, j->stream_inputs);
  }
}

/* Some channels, [k, k + depth), of a task: the first of its transformed inputs, the taps of its panel. */
typedef struct channels_part {
  const float *a, *taps;
  float *next_taps; /* where those of the next channels are copied meanwhile; NULL: nowhere */
  int k, depth, first, tiles, n0, width;
} channels_part;

/* Of point i, the transformed weights of the panel from n0 on. */
static const float *points_at(const job *j, const places *p, int n0, int i)
{
  const winograd *w = j->w;
  const size_t floats = (size_t)w->c * (size_t)panel_width(at_most(TILE_COLUMNS, w->oc - n0));
  return (w->points_kept ? j->packed : p->filters) + winograd_panel_points(w, n0) + (size_t)i * floats;
}

/* The products at all points and of all channels with the transformed weights of some panels, from n0 on, which meet a
 * point's inputs one after another; next: the panel that is probably read after them. */
static void multiply_all(const job *j, const places *p, const channels_part *c, int n0, int panels, int next)
{
  const winograd *w = j->w;
  const size_t in_step = winograd_step(w->block, WINOGRAD_K), out_step = winograd_step(part_tiles(w), TILE_COLUMNS);
  const size_t a_step = (size_t)w->points * in_step;
  for (int turn = 0; turn < w->points * panels; turn++) {
    const int i = turn / panels, panel = turn % panels, at = n0 + panel * TILE_COLUMNS, later = i + (panel + 1) / panels;
    const span t = tiles_at(w, i, c->first, c->tiles);
    const float *a = c->a + (size_t)i * in_step + t.begin * WINOGRAD_K, *b = points_at(j, p, at, i);
    float *const products =
      p->products + (size_t)panel * products_floats(w) + (size_t)i * out_step + t.begin * TILE_COLUMNS;
    const int width = panel_width(at_most(TILE_COLUMNS, w->oc - at)), count = t.end - t.begin;
    if (w->points_kept) {
      const float *then = later == w->points ? points_at(j, p, next, 0)
                                             : points_at(j, p, later > i ? n0 : at + TILE_COLUMNS, later);
      winograd_multiply_streams(a, a_step, later > i ? in_step : 0, b, then, products, count, w->c, width);
    } else {
      winograd_multiply(a, a_step, in_step, b, products, count, w->c, width, false);
    }
  }
}

static void fused_task(void *user, int number, int worker)
{
  const job *j = user;
  const winograd *w = j->w;
  const places p = places_of(j, worker);
  const int first = number * w->block, count = at_most(w->block, w->tiles - first);
  if (!w->points_kept && !*p.ready) {
    filter_all(j, &p);
  }
  for (int t = 0; t < count; t++) {
    open_tile(j, &p, first + t, t);
  }
  const channels_part c = { .a = p.inputs, .first = first, .tiles = count };
  for (int n0 = 0; n0 < w->oc; n0 += w->group * TILE_COLUMNS) {
    const int columns = at_most(w->group * TILE_COLUMNS, w->oc - n0);
    multiply_all(j, &p, &c, n0, pieces(columns, TILE_COLUMNS), n0 + columns < w->oc ? n0 + columns : 0);
    close_panels(j, p.products, n0, columns, first, count);
  }
  vec_stream_end();
}

/* --- staged ------------------------------------------------------------------------------------------------------- */

/* The whole block, once. */
static void open_own(const job *j, const places *p)
{
  for (int t = 0; t < j->count && !*p->ready; t++) {
    open_tile(j, p, j->first + t, t);
  }
  *p->ready = true;
}

static void open_piece(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const places p = places_of(j, worker);
  for (size_t t = begin; t < end; t++) {
    open_tile(j, &p, j->first + (int)t, (int)t);
  }
  vec_stream_end();
}

/* One of so many turns' share. */
static winograd_ahead share_of(winograd_ahead a, int turn, int turns)
{
  const size_t floats = (size_t)(a.end - a.begin);
  return (winograd_ahead){ a.begin + floats * (size_t)turn / (size_t)turns,
                           a.begin + floats * (size_t)(turn + 1) / (size_t)turns };
}

/* Packed taps that the worker reads after those of channels [.., end): depth channels of its panel, or of what is
 * probably its next one. */
static winograd_ahead next_taps(const job *j, const channels_part *c, int end, int depth)
{
  const winograd *w = j->w;
  const bool deeper = end < w->c;
  const int n0 = deeper ? c->n0 : c->n0 + TILE_COLUMNS, k = deeper ? end : 0, count = at_most(depth, w->c - k);
  if (!j->packed || n0 >= w->oc) {
    return (winograd_ahead){ NULL, NULL };
  }
  const float *taps = winograd_packed_taps(w, j->packed, n0, k);
  return (winograd_ahead){ taps, taps + (size_t)(w->kernel * w->kernel) * (size_t)count * TILE_COLUMNS };
}

/* Brings the taps of the part that is multiplied next to their place, a share at a turn; those that lie turned or as
 * halves at once, after their memory was fetched. */
static void bring_taps(const job *j, const channels_part *c, int turn, int turns)
{
  const winograd *w = j->w;
  const int k = c->k + c->depth, depth = at_most(w->staged_depth, w->c - k);
  if (!w->transposed && !halves_of(j->weights.view)) {
    CPU_OP(winograd_taps_share)(&j->weights, c->n0, k, depth, turn, turns, c->next_taps);
  } else if (turn == turns - 1) {
    CPU_OP(winograd_taps)(&j->weights, c->n0, k, depth, c->next_taps);
  } else {
    CPU_OP(winograd_fetch_taps)(&j->weights, c->n0, k, depth, turn, turns - 1);
  }
}

/* Begins to make the row of points after row, perhaps the first of the next channels. */
static void begin_row(const job *j, const channels_part *c, int row, winograd_row *points)
{
  const winograd *w = j->w;
  const int end = c->k + c->depth;
  if (!makes(w) || c->width < TILE_COLUMNS) {
    return;
  }
  if (row + 1 < w->size) {
    CPU_OP(winograd_row_begin)(points, c->taps, c->depth, row + 1, filter_step(w));
  } else if (end < w->c) {
    const float *taps = j->packed ? winograd_packed_taps(w, j->packed, c->n0, end) : c->next_taps;
    CPU_OP(winograd_row_begin)(points, taps, at_most(w->staged_depth, w->c - end), 0, filter_step(w));
  }
}

/* The products at all points, of some columns at a time. */
static void multiply_points(const job *j, const places *p, const channels_part *c, winograd_row *points)
{
  const winograd *w = j->w;
  const size_t in_step = winograd_step(w->block, WINOGRAD_K), out_step = winograd_step(part_tiles(w), TILE_COLUMNS);
  const int width = at_most(c->width, w->staged_columns), turns = w->points * c->width / width;
  const int before_last_row = turns - w->size;
  const winograd_ahead ahead = next_taps(j, c, c->k + c->depth, w->staged_depth);
  for (int turn = 0; turn < turns; turn++) {
    const int v = turn / w->points * width, i = turn % w->points;
    if (c->next_taps && turn < before_last_row) {
      bring_taps(j, c, turn, before_last_row);
    }
    if (i % w->size == 0) {
      CPU_OP(winograd_row_ready)(w, points, c->taps + v, c->depth, i / w->size, width, filter_step(w));
      begin_row(j, c, i / w->size, points);
    }
    const span t = tiles_at(w, i, c->first, c->tiles);
    winograd_multiply_ahead(c->a + (size_t)i * in_step + t.begin * WINOGRAD_K, (size_t)w->points * in_step, in_step,
                            points->now + (size_t)(i % w->size) * filter_step(w),
                            p->products + (size_t)i * out_step + t.begin * TILE_COLUMNS + v, t.end - t.begin, c->depth,
                            width, c->k > 0, share_of(ahead, turn, turns), &points->making);
  }
}

/* Channels [k, ..) of a row of points; only products of the tiles that need a point. */
static void multiply_row(const job *j, const places *p, const channels_part *c, int row, const span *tiles)
{
  const winograd *w = j->w;
  const size_t in_step = winograd_step(w->block, WINOGRAD_K), out_step = winograd_step(part_tiles(w), TILE_COLUMNS);
  for (int v = 0; v < c->width; v += w->staged_columns) {
    const int width = at_most(c->width, w->staged_columns);
    CPU_OP(winograd_filter)(w, c->taps + v, c->depth, row, width, p->filters, filter_step(w));
    for (int x = 0; x < w->size; x++) {
      const size_t point = (size_t)(row * w->size + x), begin = (size_t)tiles[x].begin;
      winograd_multiply(c->a + point * in_step + begin * WINOGRAD_K, (size_t)w->points * in_step, in_step,
                        p->filters + (size_t)x * filter_step(w),
                        p->products + point * out_step + begin * TILE_COLUMNS + v, tiles[x].end - tiles[x].begin,
                        c->depth, width, c->k > 0);
    }
  }
}

/* Inputs of the panel's first tile from channel k on. */
static const float *inputs_at(const winograd *w, const channels_part *panel, int k)
{
  return panel->a + (size_t)(k / WINOGRAD_K * w->points) * winograd_step(w->block, WINOGRAD_K) + k % WINOGRAD_K;
}

/* All channels of a row of points after another. Taps that do not lie packed are copied for the first. */
static void multiply_rows(const job *j, const places *p, const channels_part *panel)
{
  const winograd *w = j->w;
  const winograd_ahead ahead = next_taps(j, panel, w->c, w->c);
  const int turns = pieces(w->c, K_ROWS);
  for (int row = 0; row < w->size; row++) {
    channels_part c = *panel;
    span tiles[MOST_SIZE];
    for (int x = 0; x < w->size; x++) {
      tiles[x] = tiles_at(w, row * w->size + x, c.first, c.tiles);
    }
    for (int turn = 0; turn < turns; turn++, c.k += K_ROWS) {
      float *taps = p->taps + (size_t)(c.k * w->kernel * w->kernel * TILE_COLUMNS);
      c.depth = at_most(K_ROWS, w->c - c.k);
      c.a = inputs_at(w, panel, c.k);
      winograd_ahead share = share_of(ahead, row * turns + turn, w->size * turns);
      winograd_fetch(&share, 1);
      if (!j->packed && row == 0) {
        CPU_OP(winograd_taps)(&j->weights, c.n0, c.k, c.depth, taps);
      }
      c.taps = j->packed ? winograd_packed_taps(w, j->packed, c.n0, c.k) : taps;
      multiply_row(j, p, &c, row, tiles);
    }
  }
}

static void multiply_few(const job *j, const places *p, const channels_part *c)
{
  const winograd *w = j->w;
  const float *ahead = next_taps(j, c, c->k + c->depth, w->staged_depth).begin;
  const winograd_few f = { .taps = c->taps, .ahead = ahead ? ahead : c->taps, .a = c->a, .products = p->products,
                           .in_step = winograd_step(w->block, WINOGRAD_K),
                           .out_step = winograd_step(part_tiles(w), TILE_COLUMNS), .depth = c->depth,
                           .width = c->width, .accumulate = c->k > 0,
                           .cut = w->n == 1 && w->down == 2 && w->whole_down == 1 && w->whole_across == 1 };
  for (int row = 0; row < w->size; row++) {
    CPU_OP(winograd_multiply_few)(&f, row);
  }
}

/* Are the next channels' taps brought while these are multiplied, so that nothing waits for memory? */
static bool brings_taps(const job *j, int end)
{
  return end < j->w->c && !j->packed && !j->w->few;
}

/* Some channels after others. */
static void multiply_depths(const job *j, const places *p, const channels_part *panel)
{
  const winograd *w = j->w;
  winograd_row points = { .now = p->filters, .next = p->filters + filter_floats(w) / 2 };
  channels_part c = *panel;
  for (; c.k < w->c; c.k += w->staged_depth) {
    float *const taps = p->taps + (size_t)(c.k / w->staged_depth % 2) * taps_floats(w);
    c.depth = at_most(w->staged_depth, w->c - c.k);
    c.a = inputs_at(w, panel, c.k);
    if (!j->packed && !c.next_taps) {
      CPU_OP(winograd_taps)(&j->weights, c.n0, c.k, c.depth, taps);
    }
    c.taps = j->packed ? winograd_packed_taps(w, j->packed, c.n0, c.k) : taps;
    c.next_taps = !brings_taps(j, c.k + c.depth) ? NULL : taps == p->taps ? taps + taps_floats(w) : p->taps;
    if (w->few) {
      multiply_few(j, p, &c);
    } else {
      multiply_points(j, p, &c, &points);
    }
  }
}

static void staged_task(void *user, int number, int worker)
{
  const job *j = user;
  const winograd *w = j->w;
  const places p = places_of(j, worker);
  const int groups = groups_of(w), part = number / groups, n0 = number % groups * w->group * TILE_COLUMNS;
  const int columns = at_most(w->group * TILE_COLUMNS, w->oc - n0);
  const int begin = j->count * part / w->parts, end = j->count * (part + 1) / w->parts;
  const channels_part c = { .a = p.inputs + (size_t)begin * WINOGRAD_K,
                            .first = j->first + begin,
                            .tiles = end - begin,
                            .n0 = n0,
                            .width = panel_width(columns) };
  if (w->own_inputs) {
    open_own(j, &p);
  }
  if (w->points_kept) {
    multiply_all(j, &p, &c, n0, pieces(columns, TILE_COLUMNS), n0 + columns < w->oc ? n0 + columns : n0);
  } else {
    (w->by_rows ? multiply_rows : multiply_depths)(j, &p, &c);
  }
  close_panels(j, p.products, n0, columns, c.first, c.tiles);
  vec_stream_end();
}

static void not_ready(const job *j, int workers)
{
  for (int i = 0; i < workers; i++) {
    *places_of(j, i).ready = false;
  }
}

static void run_plain(const slim_cpu_step *step, const winograd *w, const float *in, const slim_view *weights,
                      const float *packed, float *out, const tile_epilogue *epilogue, float *workspace)
{
  job j = { .w = w, .in = in, .packed = packed, .out = out, .workspace = workspace, .epilogue = epilogue };
  slim_threads *threads = step->device->threads;
  const int workers = slim_threads_count(threads);
  const bool apart = slim_threads_apart(threads);
  j.weights = winograd_weights_of(w, weights);
  j.stream = streams(w, &step->device->caches, out, apart);
  j.stream_inputs = VL == 16 && !w->own_inputs && apart;
  if (!w->staged) {
    not_ready(&j, workers);
    slim_threads_run(threads, w->blocks, fused_task, &j);
    return;
  }
  for (; j.first < w->tiles; j.first += w->block) {
    j.count = at_most(w->block, w->tiles - j.first);
    if (w->own_inputs) {
      not_ready(&j, workers);
    } else {
      slim_cpu_for(step, (size_t)j.count, 1 + 512 / (size_t)w->c, open_piece, &j);
    }
    slim_threads_run(threads, groups_of(w) * w->parts, staged_task, &j);
  }
}

void CPU_OP(winograd_run)(const slim_cpu_step *step, const winograd *w, const float *in, const slim_view *weights,
                          const float *packed, float *out, const tile_epilogue *epilogue, float *workspace)
{
  float *pixels = workspace + plain_floats(w, step);
  const slim_view folded = { .host = CPU_OP(winograd_folded_weights)(w, pixels), .dtype = SLIM_FLOAT32 };
  if (w->fold.side == 1) {
    run_plain(step, w, in, weights, packed, out, epilogue, workspace);
    return;
  }
  CPU_OP(winograd_fold_weights)(w, weights, folded.host);
  if (w->transposed) {
    run_plain(step, w, in, &folded, NULL, pixels, epilogue, workspace);
    CPU_OP(winograd_unfold_image)(step, w, pixels, out);
  } else {
    CPU_OP(winograd_fold_image)(step, w, in, pixels);
    run_plain(step, w, pixels, &folded, NULL, out, epilogue, workspace);
  }
}
