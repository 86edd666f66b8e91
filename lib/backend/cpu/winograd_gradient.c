/*
 * The gradient by weights. A chunk of tiles at a time: first its outputs' gradients are transformed, then each task
 * transforms some input channels, multiplies them with panels of output channels at every point, the tiles being the
 * depth, and brings the sums back to taps. Of a small chunk a few workers each transform the outputs for themselves, as
 * others' transforms would have to be fetched and, in the next run, be fetched back. Chunks depend on the shape alone
 * and are added one after another, so that the number of threads changes nothing. Few weights are summed in slices:
 * each task takes its slice of the tiles, and perhaps a part of the channels, from inputs to taps, a block at a time
 * that stays in its worker's cache; then the slices are added.
 */
#include "backend/cpu/winograd_sums.h"

#define AHEAD 4     /* rows of dw that are fetched before their turn */
#define FEW_TILES 8 /* for fewer, many weights are summed directly */
#define MANY_WEIGHTS (256 * 256)
#define OWN_OUTPUTS_WORKERS 4 /* at most */
#define FLAG_FLOATS 16        /* a line */
#define SLICES 8
#define SLICE_TILES 28 /* of a block */
#define FEW_SLICES 4   /* of fewer tiles than these hold, in twice as many blocks */
#define LEAST_SLICED 96
#define SLICE_BLOCKS 7 /* that are summed before they are brought back to taps, as rounding errors grow with them */
/* Sums of a worker, at most: they stay in the second-level cache with a block. */
#define SLICE_SUMS (1 << 16)
#define SLICE_SUMS_LARGE (36 * 64 * 64) /* of 2 MB */
#define SLICE_PARTS 4                   /* of the weights, at most: each transforms for itself what it needs */

bool CPU_OP(winograd_gradient_plan)(winograd *w)
{
  return CPU_OP(winograd_tiles)(w, 0) && (w->tiles >= FEW_TILES || (size_t)w->c * (size_t)w->oc <= MANY_WEIGHTS);
}

/* The sums of slices: input channels and panels are cut into parts whose sums stay in the second-level cache. */
static winograd_sums slice_sums(const winograd *w, const slim_cpu_step *step)
{
  const int most = step->device->caches.second >= SLIM_LARGE_CACHE ? SLICE_SUMS_LARGE : SLICE_SUMS;
  const int rows = pieces(pieces(w->c, pieces(w->c, WINOGRAD_K)), VL) * VL;
  const int sums = w->points * at_most(rows, w->c) * (int)panels_width((size_t)w->oc);
  return (winograd_sums){ .points = w->points,
                          .c = w->c,
                          .oc = w->oc,
                          .block = at_most(SLICE_TILES, pieces(w->tiles, 2 * FEW_SLICES)),
                          .rows = rows,
                          .groups = at_most(pieces(sums, most), pieces(w->oc, TILE_COLUMNS)) };
}

/* Parts pay where a slice of each has many tiles. */
static bool in_slices(const winograd *w, const slim_cpu_step *step)
{
  const winograd_sums s = slice_sums(w, step);
  const int parts = winograd_sums_tasks(&s);
  return parts == 1 ? w->tiles >= LEAST_SLICED
                    : parts <= SLICE_PARTS && w->tiles >= SLICES * SLICE_TILES &&
                          step->device->caches.second >= SLIM_LARGE_CACHE;
}

static int slices_of(const winograd *w, const winograd_sums *s)
{
  return w->tiles < SLICES * SLICE_TILES ? FEW_SLICES : SLICES / winograd_sums_tasks(s);
}

static winograd_sums sums_of(const winograd *w, const slim_cpu_step *step)
{
  return in_slices(w, step) ? slice_sums(w, step) : winograd_sums_plan(w->points, w->c, w->oc, w->tiles, step);
}

/* Transforms and sums of a worker, taps of a slice. */
static size_t worker_floats(const winograd_sums *s)
{
  return inputs_floats(s) + outputs_floats(s) + (size_t)winograd_panels(s) * sums_floats(s);
}

static size_t slice_floats(const winograd *w)
{
  return (size_t)(w->kernel * w->kernel) * (size_t)w->c * (size_t)w->oc;
}

/* Do a few workers each transform all outputs of a chunk? Half of the second-level cache may hold them. */
static bool own_outputs(const winograd_sums *s, const slim_cpu_step *step)
{
  return slim_threads_count(step->device->threads) <= OWN_OUTPUTS_WORKERS &&
         outputs_floats(s) * sizeof(float) <= step->device->caches.second / 2;
}

/* Outputs of a worker, and in a line of its own whether they are transformed. */
static size_t own_floats(const winograd_sums *s)
{
  return outputs_floats(s) + FLAG_FLOATS;
}

/* Of chunks. */
static size_t chunk_floats(const winograd_sums *s, const slim_cpu_step *step)
{
  const size_t others = own_outputs(s, step) ? (size_t)slim_threads_count(step->device->threads) - 1 : 0;
  return winograd_sums_workspace(s, step) + FLAG_FLOATS + others * own_floats(s);
}

/* Without what is folded, which lies behind. */
static size_t plain_floats(const winograd *w, const slim_cpu_step *step)
{
  const winograd_sums s = sums_of(w, step);
  const size_t workers = (size_t)slim_threads_count(step->device->threads);
  return whole_lines(in_slices(w, step) ? workers * worker_floats(&s) + (size_t)slices_of(w, &s) * slice_floats(w)
                                        : chunk_floats(&s, step));
}

size_t CPU_OP(winograd_gradient_workspace)(const winograd *w, const slim_cpu_step *step)
{
  return plain_floats(w, step) + CPU_OP(winograd_folded)(w);
}

typedef struct job {
  const winograd *w;
  winograd_sums s;
  const float *in, *dy;
  float *dw, *outputs, *inputs, *sums, *slices;
  bool own_outputs;                  /* of each worker */
  bool add;                          /* onto dw */
  int first, count;                  /* tiles of the chunk */
  span panels;                       /* of the outputs, those that are transformed */
  span tiles[MOST_SIZE * MOST_SIZE]; /* of these, what each point needs */
} job;

static void open_chunk(job *j, int first)
{
  j->first = first;
  j->count = at_most(j->s.block, j->w->tiles - first);
  for (int i = 0; i < j->w->points; i++) {
    j->tiles[i] = tiles_at(j->w, i, j->first, j->count);
  }
}

/* --- A dY A^T ----------------------------------------------------------------------------------------------------- */

/* VL channels (or fewer): columns, then rows. Rows outside the image are read from zeros. What the next tile brings is
 * fetched. */
CPU_INLINE void spread_channels(const winograd *w, const float *from, const float *next, int rows, int columns,
                                int count, int size, int m, float *to, size_t step)
{
  static const float zeros[VL];
  float half[MOST_SIZE * MOST_SIZE * VL] __attribute__((aligned(64)));
  const size_t row = (size_t)w->ow * (size_t)w->oc;
  const float *at[MOST_SIZE];
  size_t pixel[MOST_SIZE];
  for (int i = 0; i < m; i++) {
    at[i] = i < rows ? from + (size_t)i * row : zeros;
    pixel[i] = i < rows ? (size_t)w->oc : 0;
  }
  for (int x = 0; x < m; x++) {
    vec y[MOST_SIZE], v[MOST_SIZE] = { 0 };
    for (int i = 0; i < m; i++) {
      __builtin_prefetch(next + (size_t)i * row + (size_t)x * (size_t)w->oc, 0, 2);
    }
    if (x < columns) {
      for (int i = 0; i < m; i++) {
        y[i] = load_some(at[i] + (size_t)x * pixel[i], count);
      }
      spread_output(y, 1, v, 1, size, m);
    }
    for (int i = 0; i < size; i++) {
      vec_store(half + (i * m + x) * VL, v[i]);
    }
  }
  for (int i = 0; i < size; i++) {
    vec y[MOST_SIZE], v[MOST_SIZE];
    for (int x = 0; x < m; x++) {
      y[x] = vec_load(half + (i * m + x) * VL);
    }
    spread_output(y, 1, v, 1, size, m);
    for (int x = 0; x < size; x++) {
      vec_store(to + (size_t)(i * size + x) * step, v[x]);
    }
  }
}

/* Where a tile's begin. */
static const float *outputs_of(const job *j, place p)
{
  const winograd *w = j->w;
  return j->dy + (((size_t)p.image * (size_t)w->oh + (size_t)p.y) * (size_t)w->ow + (size_t)p.x) * (size_t)w->oc;
}

CPU_INLINE void spread_panels(const job *j, int number, int size, int m)
{
  const winograd *w = j->w;
  const place p = place_of(w, j->first + number);
  const int rows = at_most(m, w->oh - p.y), columns = at_most(m, w->ow - p.x);
  const float *from = outputs_of(j, p);
  const float *next = outputs_of(j, place_of(w, at_most(j->first + number + 1, w->tiles - 1)));
  const size_t step = outputs_step(&j->s);
  for (int n = j->panels.begin * TILE_COLUMNS; n < at_most(j->panels.end * TILE_COLUMNS, w->oc); n += VL) {
    const int n0 = n / TILE_COLUMNS * TILE_COLUMNS, width = panel_width(at_most(TILE_COLUMNS, w->oc - n0));
    float *to = j->outputs + (size_t)(n0 / TILE_COLUMNS) * (size_t)w->points * step + (size_t)(number * width + n - n0);
    const int count = at_most(VL, w->oc - n);
    if (count == VL) {
      spread_channels(w, from + n, next + n, rows, columns, VL, size, m, to, step);
    } else {
      spread_channels(w, from + n, next + n, rows, columns, count, size, m, to, step);
    }
  }
}

static void spread_tile(const job *j, int number)
{
  if (j->w->size == 6) {
    spread_panels(j, number, 6, 4);
  } else if (j->w->m == 3) {
    spread_panels(j, number, 7, 3);
  } else if (j->w->m == 4) {
    spread_panels(j, number, 7, 4);
  } else {
    spread_panels(j, number, 7, 5);
  }
}

static void spread_piece(void *user, size_t begin, size_t end, int worker)
{
  (void)worker;
  for (size_t t = begin; t < end; t++) {
    spread_tile(user, (int)t);
  }
}

/* Input channels [k, k + rows) of all tiles of the chunk. */
static void open_tiles(const job *j, int k, int rows)
{
  for (int t = 0; t < j->count; t++) {
    CPU_OP(winograd_open)(j->w, j->in, j->first + t, k, rows, j->inputs + t * j->s.rows, inputs_step(&j->s),
                         false);
  }
}

/* --- products, and back to taps ----------------------------------------------------------------------------------- */

CPU_INLINE void gather_channels(const float *sums, size_t step, float *dw, size_t tap, int count, bool add, int size,
                                int kernel)
{
  vec half[5 * MOST_SIZE], g[5];
  for (int x = 0; x < size; x++) {
    vec v[MOST_SIZE];
    for (int y = 0; y < size; y++) {
      v[y] = vec_load(sums + (size_t)(y * size + x) * step);
    }
    gather_taps(v, 1, half + x, size, size, kernel);
  }
  for (int y = 0; y < kernel; y++) {
    gather_taps(half + y * size, 1, g, 1, size, kernel);
    for (int x = 0; x < kernel; x++) {
      float *to = dw + (size_t)(y * kernel + x) * tap;
      if (add) {
        g[x] += load_some(to, count);
      }
      store_some(to, g[x], count);
    }
  }
}

CPU_INLINE void gather_row(const job *j, const float *sums, size_t step, float *dw, size_t tap, int columns, int size,
                           int kernel)
{
  for (int n = 0; n < columns; n += VL) {
    const int count = at_most(VL, columns - n);
    if (count == VL) {
      gather_channels(sums + n, step, dw + n, tap, VL, j->add, size, kernel);
    } else {
      gather_channels(sums + n, step, dw + n, tap, count, j->add, size, kernel);
    }
  }
}

/* Input channels [k, k + rows) by the columns of a panel, summed over the chunk, to or onto dw. */
static void gather_panel(const job *j, const float *sums, int k, int rows, int panel)
{
  const winograd *w = j->w;
  const size_t tap = (size_t)w->c * (size_t)w->oc, step = sums_step(&j->s);
  const int n0 = panel * TILE_COLUMNS, columns = at_most(TILE_COLUMNS, w->oc - n0);
  for (int r = 0; r < rows; r++, sums += TILE_COLUMNS) {
    float *to = j->dw + (size_t)(k + r) * (size_t)w->oc + n0;
    for (int t = 0; t < w->kernel * w->kernel; t++) {
      const float *ahead = to + (size_t)t * tap + (size_t)(at_most(r + AHEAD, rows - 1) - r) * (size_t)w->oc;
      __builtin_prefetch(ahead, 1);
      __builtin_prefetch(ahead + TILE_COLUMNS - 1, 1);
    }
    if (w->size == 6) {
      gather_row(j, sums, step, to, tap, columns, 6, 3);
    } else if (w->kernel == 5) {
      gather_row(j, sums, step, to, tap, columns, 7, 5);
    } else if (w->kernel == 4) {
      gather_row(j, sums, step, to, tap, columns, 7, 4);
    } else {
      gather_row(j, sums, step, to, tap, columns, 7, 3);
    }
  }
}

static bool *outputs_ready(const job *j, int worker)
{
  return (bool *)(j->outputs + (size_t)worker * own_floats(&j->s) + outputs_floats(&j->s));
}

static void sum_task(void *user, int number, int worker)
{
  job j = *(const job *)user;
  const winograd_part p = winograd_part_of(&j.s, number);
  if (j.own_outputs) {
    bool *ready = outputs_ready(&j, worker);
    j.outputs += (size_t)worker * own_floats(&j.s);
    if (!*ready) {
      spread_piece(&j, 0, (size_t)j.count, worker);
      *ready = true;
    }
  }
  j.inputs += (size_t)worker * (inputs_floats(&j.s) + sums_floats(&j.s));
  j.sums = j.inputs + inputs_floats(&j.s);
  open_tiles(&j, p.k, p.rows);
  for (int panel = p.panel; panel < p.end; panel++) {
    winograd_sum(&j.s, p.rows, panel, j.tiles, j.inputs, j.outputs, j.sums, false);
    gather_panel(&j, j.sums, p.k, p.rows, panel);
  }
}

static void run_chunks(const slim_cpu_step *step, job *j)
{
  const winograd *w = j->w;
  const int workers = slim_threads_count(step->device->threads);
  j->own_outputs = own_outputs(&j->s, step);
  j->inputs = j->outputs + (size_t)(j->own_outputs ? workers : 1) * own_floats(&j->s);
  j->panels = (span){ 0, winograd_panels(&j->s) };
  for (int first = 0; first < w->tiles; first += j->s.block) {
    open_chunk(j, first);
    j->add = first > 0;
    for (int i = 0; i < workers && j->own_outputs; i++) {
      *outputs_ready(j, i) = false; /* and each worker spreads them with its first task */
    }
    if (!j->own_outputs) {
      slim_cpu_for(step, (size_t)j->count, 1 + 512 / (size_t)w->oc, spread_piece, j);
    }
    slim_threads_run(step->device->threads, winograd_sums_tasks(&j->s), sum_task, j);
  }
}

/* --- few weights: slices of the tiles ----------------------------------------------------------------------------- */

static void gather_slice(job *j, const winograd_part *p)
{
  for (int panel = p->panel; panel < p->end; panel++) {
    gather_panel(j, j->sums + (size_t)panel * sums_floats(&j->s), p->k, p->rows, panel);
  }
  j->add = true;
}

static void slice_task(void *user, int number, int worker)
{
  job j = *(const job *)user;
  const int slices = slices_of(j.w, &j.s), slice = number % slices, blocks = pieces(j.w->tiles, j.s.block);
  const int begin = blocks * slice / slices, end = blocks * (slice + 1) / slices;
  const winograd_part p = winograd_part_of(&j.s, number / slices);
  j.outputs += (size_t)worker * worker_floats(&j.s);
  j.inputs = j.outputs + outputs_floats(&j.s);
  j.sums = j.inputs + inputs_floats(&j.s);
  j.dw = j.slices + (size_t)slice * slice_floats(j.w);
  j.panels = (span){ p.panel, p.end };
  for (int block = begin; block < end; block++) {
    const int summed = (block - begin) % SLICE_BLOCKS;
    open_chunk(&j, block * j.s.block);
    open_tiles(&j, p.k, p.rows);
    spread_piece(&j, 0, (size_t)j.count, worker);
    for (int panel = p.panel; panel < p.end; panel++) {
      winograd_sum(&j.s, p.rows, panel, j.tiles, j.inputs, j.outputs, j.sums + (size_t)panel * sums_floats(&j.s),
                   summed > 0);
    }
    if (summed + 1 == SLICE_BLOCKS || block + 1 == end) {
      gather_slice(&j, &p);
    }
  }
}

static void add_slices(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  memcpy(j->dw + begin, j->slices + begin, (end - begin) * sizeof *j->dw);
  for (int slice = 1; slice < slices_of(j->w, &j->s); slice++) {
    const float *from = j->slices + (size_t)slice * slice_floats(j->w);
    for (size_t i = begin; i < end; i++) {
      j->dw[i] += from[i];
    }
  }
}

static void run_slices(const slim_cpu_step *step, job *j)
{
  slim_threads *threads = step->device->threads;
  j->slices = j->outputs + (size_t)slim_threads_count(threads) * worker_floats(&j->s);
  slim_threads_run(threads, winograd_sums_tasks(&j->s) * slices_of(j->w, &j->s), slice_task, j);
  slim_cpu_for(step, slice_floats(j->w), CPU_GRAIN, add_slices, j);
}

void CPU_OP(winograd_gradient_run)(const slim_cpu_step *step, const winograd *w, const float *in, const float *dy,
                                   float *dw, float *workspace)
{
  job j = { .w = w, .s = sums_of(w, step), .in = in, .dy = dy, .dw = dw, .outputs = workspace };
  float *pixels = workspace + plain_floats(w, step);
  const bool folded = w->fold.side > 1;
  if (folded) {
    CPU_OP(winograd_fold_image)(step, w, in, pixels);
    j.in = pixels;
    j.dw = CPU_OP(winograd_folded_weights)(w, pixels);
  }
  (in_slices(w, step) ? run_slices : run_chunks)(step, &j);
  if (folded) {
    CPU_OP(winograd_unfold_weights)(w, j.dw, dw);
  }
}
