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
  return w->staged ? (size_t)w->size * filter_step(w) * (w->makes ? 2 : 1)
                   : whole_lines((size_t)w->points * (size_t)w->c * panels_width((size_t)w->oc));
}

/* From point to point of a panel's products. */
static size_t products_step(const winograd *w)
{
  return winograd_step(winograd_part_tiles(w), TILE_COLUMNS);
}

/* Products of a group of panels. */
static size_t group_floats(const winograd *w)
{
  return (size_t)w->group * winograd_products_floats(w);
}

#define FLAG_FLOATS 16 /* a line of its own for the flag */

static size_t worker_floats(const winograd *w)
{
  return FLAG_FLOATS + group_floats(w) + taps_places(w) * taps_floats(w) + filter_floats(w) +
         (w->own_inputs ? winograd_inputs_floats(w) : 0);
}

/* Without what is folded, which lies behind. */
static size_t plain_floats(const winograd *w, const slim_cpu_step *step)
{
  const size_t workers = (size_t)slim_threads_count(step->device->threads) * worker_floats(w);
  return whole_lines(workers + (w->own_inputs ? 0 : winograd_inputs_floats(w)));
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
  winograd_outputs out;
  float *workspace;
  bool stream_inputs; /* transformed, which all cores read, too */
  int first, count; /* staged: tiles of the block */
} job;

static places places_of(const job *j, int worker)
{
  const winograd *w = j->w;
  float *own = j->workspace + (w->own_inputs ? 0 : winograd_inputs_floats(w)) + (size_t)worker * worker_floats(w);
  places p = { .products = own, .inputs = j->workspace };
  p.taps = p.products + group_floats(w);
  p.filters = p.taps + taps_places(w) * taps_floats(w);
  p.ready = (bool *)(p.filters + filter_floats(w));
  if (w->own_inputs) {
    p.inputs = p.filters + filter_floats(w) + FLAG_FLOATS;
  }
  return p;
}

/* All outputs of a group of panels, columns from n0 on, of count tiles from number first on. */
static void close_panels(const job *j, const float *products, int n0, int columns, int first, int count)
{
  const winograd *w = j->w;
  const size_t step = products_step(w);
  for (int at = 0; at < columns; at += TILE_COLUMNS, products += winograd_products_floats(w)) {
    CPU_OP(winograd_close)(w, &j->out, products, step, n0 + at, at_most(TILE_COLUMNS, columns - at), first, count);
  }
}

static int groups_of(const winograd *w)
{
  return pieces(pieces(w->oc, TILE_COLUMNS), w->group);
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
  const size_t in_step = winograd_step(w->block, WINOGRAD_K), out_step = products_step(w);
  const size_t a_step = (size_t)w->points * in_step;
  for (int turn = 0; turn < w->points * panels; turn++) {
    const int i = turn / panels, panel = turn % panels, at = n0 + panel * TILE_COLUMNS, later = i + (panel + 1) / panels;
    const span t = tiles_at(w, i, c->first, c->tiles);
    const float *a = c->a + (size_t)i * in_step + t.begin * WINOGRAD_K, *b = points_at(j, p, at, i);
    float *const products =
      p->products + (size_t)panel * winograd_products_floats(w) + (size_t)i * out_step + t.begin * TILE_COLUMNS;
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
  if (!w->makes || c->width < TILE_COLUMNS) {
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
  const size_t in_step = winograd_step(w->block, WINOGRAD_K), out_step = products_step(w);
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
  const size_t in_step = winograd_step(w->block, WINOGRAD_K), out_step = products_step(w);
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
  const int turns = pieces(w->c, w->staged_depth);
  for (int row = 0; row < w->size; row++) {
    channels_part c = *panel;
    span tiles[MOST_SIZE];
    for (int x = 0; x < w->size; x++) {
      tiles[x] = tiles_at(w, row * w->size + x, c.first, c.tiles);
    }
    for (int turn = 0; turn < turns; turn++, c.k += w->staged_depth) {
      float *taps = p->taps + (size_t)(c.k * w->kernel * w->kernel * TILE_COLUMNS);
      c.depth = at_most(w->staged_depth, w->c - c.k);
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
                           .out_step = products_step(w), .depth = c->depth,
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
  job j = { .w = w, .in = in, .packed = packed, .workspace = workspace };
  slim_threads *threads = step->device->threads;
  const int workers = slim_threads_count(threads);
  j.out = CPU_OP(winograd_outputs_of)(w, step, out, epilogue);
  j.weights = winograd_weights_of(w, weights);
  j.stream_inputs = VL == 16 && !w->own_inputs && slim_threads_apart(threads);
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
