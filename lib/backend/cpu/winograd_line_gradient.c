/* The gradient by weights along one axis: dw = G^T [sum over tiles of (B^T d) * (A dy)], chunk by chunk of tiles. */
#include "backend/cpu/winograd_line_transform.h"
#include "backend/cpu/winograd_sums.h"

#define LEAST_TILES 64 /* measured: 192 x 192 weights of a tap gain with 85 tiles */

static winograd_sums sums_of(const winograd_line *l, const slim_cpu_step *step)
{
  return winograd_sums_plan(l->points, l->c, l->oc, l->tiles, step);
}

bool CPU_OP(winograd_line_gradient_plan)(winograd_line *l, const slim_cpu_step *step)
{
  if (!winograd_line_tiles(l, LEAST_TILES)) {
    return false;
  }
  l->block = sums_of(l, step).block;
  return true;
}

size_t CPU_OP(winograd_line_gradient_workspace)(const winograd_line *l, const slim_cpu_step *step)
{
  const winograd_sums s = sums_of(l, step);
  return winograd_sums_workspace(&s, step);
}

typedef struct job {
  const winograd_line *l;
  winograd_sums s;
  const float *in, *dy;
  float *dw, *outputs, *inputs, *sums;
  int first, count; /* tiles of the chunk */
  span tiles[MOST_POINTS]; /* all of them, at each point */
} job;

/* --- transforms --------------------------------------------------------------------------------------------------- */

/* count channels of a tile, VL at most, of whose outputs, which lie step apart, so many are inside. */
CPU_INLINE void spread_channels(const float *dy, size_t step, int outputs, int count, float *to, size_t to_step,
                                int points)
{
  vec y[M] = { { 0 } }, v[MOST_POINTS];
  CPU_UNROLL
  for (int i = 0; i < M; i++) {
    if (i < outputs) {
      y[i] = load_some(dy + (size_t)i * step, count);
    }
  }
  if (points == POINTS_OF_THREE) {
    spread_output(y, 1, v, 1, POINTS_OF_THREE, M);
  } else {
    spread_ten(y, v);
  }
  CPU_UNROLL
  for (int i = 0; i < points; i++) {
    vec_store(to + (size_t)i * to_step, v[i]);
  }
}

CPU_INLINE void spread_tile(const job *j, int number, int points)
{
  const winograd_line *l = j->l;
  const place p = line_place(l, j->first + number);
  const int outputs = at_most(M, l->upright ? l->oh - p.y : l->ow - p.x);
  const size_t pixel = ((size_t)p.image * (size_t)l->oh + (size_t)p.y) * (size_t)l->ow + (size_t)p.x;
  const size_t step = (size_t)(l->upright ? l->ow : 1) * (size_t)l->oc, to_step = outputs_step(&j->s);
  const float *dy = j->dy + pixel * (size_t)l->oc;
  for (int n = 0; n < l->oc; n += VL) {
    const int n0 = n / TILE_COLUMNS * TILE_COLUMNS, width = panel_width(at_most(TILE_COLUMNS, l->oc - n0));
    float *to = j->outputs + (size_t)(n0 / TILE_COLUMNS * points) * to_step + (size_t)(number * width + n - n0);
    if (outputs == M && n + VL <= l->oc) {
      spread_channels(dy + n, step, M, VL, to, to_step, points);
    } else {
      spread_channels(dy + n, step, outputs, at_most(VL, l->oc - n), to, to_step, points);
    }
  }
}

static void spread_piece(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (int t = (int)begin; t < (int)end; t++) {
    if (j->l->kernel == 3) {
      spread_tile(j, t, POINTS_OF_THREE);
    } else {
      spread_tile(j, t, MOST_POINTS);
    }
  }
}

static void open_tiles(const job *j, winograd_part p)
{
  float *to = j->inputs;
  for (int t = 0; t < j->count; t++, to += j->s.rows) {
    if (j->l->kernel == 3) {
      open_tile(j->l, j->in, j->first + t, p.k, p.rows, to, inputs_step(&j->s), POINTS_OF_THREE);
    } else {
      open_tile(j->l, j->in, j->first + t, p.k, p.rows, to, inputs_step(&j->s), MOST_POINTS);
    }
  }
}

/* --- back to taps ------------------------------------------------------------------------------------------------- */

/* count columns, VL at most, of an input channel's sums to or onto the taps of dw, tap floats apart. */
CPU_INLINE void gather_channels(const float *sums, size_t step, float *dw, size_t tap, int count, bool add, int kernel)
{
  vec v[MOST_POINTS], g[7];
  CPU_UNROLL
  for (int i = 0; i < M - 1 + kernel; i++) {
    v[i] = vec_load(sums + (size_t)i * step);
  }
  if (kernel == 3) {
    gather_taps(v, 1, g, 1, POINTS_OF_THREE, 3);
  } else {
    gather_ten(v, g);
  }
  CPU_UNROLL
  for (int i = 0; i < kernel; i++, dw += tap) {
    if (add) {
      g[i] += load_some(dw, count);
    }
    store_some(dw, g[i], count);
  }
}

CPU_INLINE void gather_panel(const job *j, const float *sums, winograd_part p, int panel, int kernel)
{
  const winograd_line *l = j->l;
  const size_t tap = (size_t)l->c * (size_t)l->oc, step = sums_step(&j->s);
  const int n0 = panel * TILE_COLUMNS, columns = at_most(TILE_COLUMNS, l->oc - n0);
  for (int r = 0; r < p.rows; r++, sums += TILE_COLUMNS) {
    float *to = j->dw + (size_t)(p.k + r) * (size_t)l->oc + n0;
    for (int n = 0; n < columns; n += VL) {
      gather_channels(sums + n, step, to + n, tap, at_most(VL, columns - n), j->first > 0, kernel);
    }
  }
}

static void sum_task(void *user, int number, int worker)
{
  job j = *(const job *)user;
  const winograd_part p = winograd_part_of(&j.s, number);
  j.inputs += (size_t)worker * (inputs_floats(&j.s) + sums_floats(&j.s));
  j.sums = j.inputs + inputs_floats(&j.s);
  open_tiles(&j, p);
  for (int panel = p.panel; panel < p.end; panel++) {
    winograd_sum(&j.s, p.rows, panel, j.tiles, j.inputs, j.outputs, j.sums, false);
    if (j.l->kernel == 3) {
      gather_panel(&j, j.sums, p, panel, 3);
    } else {
      gather_panel(&j, j.sums, p, panel, 7);
    }
  }
}

void CPU_OP(winograd_line_gradient_run)(const slim_cpu_step *step, const winograd_line *l, const float *in,
                                        const float *dy, float *dw, float *workspace)
{
  job j = { .l = l, .s = sums_of(l, step), .in = in, .dy = dy, .dw = dw, .outputs = workspace };
  j.inputs = j.outputs + outputs_floats(&j.s);
  for (; j.first < l->tiles; j.first += l->block) {
    j.count = at_most(l->block, l->tiles - j.first);
    for (int i = 0; i < l->points; i++) {
      j.tiles[i] = (span){ 0, j.count };
    }
    slim_cpu_for(step, (size_t)j.count, 1 + 512 / (size_t)l->oc, spread_piece, &j);
    slim_threads_run(step->device->threads, winograd_sums_tasks(&j.s), sum_task, &j);
  }
}
