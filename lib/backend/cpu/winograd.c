#include "backend/cpu/winograd.h"

#include <stdlib.h>

#define N WINOGRAD_N
#define POINTS WINOGRAD_POINTS
#define PA 0.75f /* the points are 0, PA, -PA, PB, -PB and infinity */
#define PB 1.5f
#define A2 (PA * PA)
#define B2 (PB * PB)
#define BLOCK (2 * TILE_ROWS * (TILE_ROWS > 6 ? 1 : 2)) /* tiles of a task */
#define LEAST_CHANNELS 16
#define LEAST_TILES 32
#define GAP 16 /* floats between the frequencies of a block, or they would share cache sets */

static int at_most(int a, int b)
{
  return a < b ? a : b;
}

static int pieces(int total, int size)
{
  return (total + size - 1) / size;
}

static bool switched_off(void)
{
  const char *text = getenv("SLIM_WINOGRAD");
  return text && strcmp(text, "0") == 0;
}

bool CPU_OP(winograd_plan)(winograd *w, const tile_epilogue *epilogue)
{
  w->m = w->kernel == 5 ? 2 : 4;
  w->down = pieces(w->oh, w->m);
  w->across = pieces(w->ow, w->m);
  w->block = BLOCK;
  w->blocks = pieces(w->n * w->down * w->across, w->block);
  return (w->kernel == 3 || w->kernel == 5) && w->c % VL == 0 && w->oc % VL == 0 && w->c >= LEAST_CHANNELS &&
         w->oc >= LEAST_CHANNELS && w->n * w->down * w->across >= LEAST_TILES &&
         epilogue->activation <= SLIM_ACTIVATION_RELU6 && !switched_off();
}

/* --- weights: U = G g G^T, [panel][point][c][width] ----------------------------------------------------------------- */

size_t CPU_OP(winograd_packed)(const winograd *w)
{
  return (size_t)POINTS * (size_t)w->c * panels_width((size_t)w->oc);
}

/* G: row j is (1, p, p^2, ...) over the product of p's distances to the other points; the last takes the last tap. */
static void make_g(int kernel, double g[N][5])
{
  const double a2 = (double)A2, b2 = (double)B2;
  const double point[N - 1] = { 0.0, (double)PA, -(double)PA, (double)PB, -(double)PB };
  const double distance[N - 1] = { a2 * b2, 2.0 * a2 * (a2 - b2), 2.0 * a2 * (a2 - b2), 2.0 * b2 * (b2 - a2),
                                   2.0 * b2 * (b2 - a2) };
  for (int j = 0; j < N; j++) {
    double power = 1.0;
    for (int k = 0; k < kernel; k++) {
      g[j][k] = j < N - 1 ? power / distance[j] : k == kernel - 1;
      power *= j < N - 1 ? point[j] : 1.0;
    }
  }
}

typedef struct pack_job {
  const winograd *w;
  const float *weights;
  float *packed;
  double g[N][5];
} pack_job;

/* Taps of input channel i and the output channels from n0 on. */
static void load_taps(const pack_job *job, int i, int n0, int width, double tap[25][TILE_COLUMNS])
{
  const winograd *w = job->w;
  const int taps = w->kernel * w->kernel;
  const size_t c = (size_t)w->c, oc = (size_t)w->oc;
  for (int t = 0; t < taps; t++) {
    for (int j = 0; j < width; j++) {
      const size_t row = w->transposed ? (size_t)(taps - 1 - t) * oc + (size_t)(n0 + j) : (size_t)t * c + (size_t)i;
      tap[t][j] = (double)job->weights[w->transposed ? row * c + (size_t)i : row * oc + (size_t)(n0 + j)];
    }
  }
}

static void pack_channel(const pack_job *job, int panel, int i)
{
  const winograd *w = job->w;
  const int k = w->kernel, n0 = panel * TILE_COLUMNS, width = panel_width(at_most(TILE_COLUMNS, w->oc - n0));
  double tap[25][TILE_COLUMNS], half[N][5][TILE_COLUMNS];
  float *to = job->packed + (size_t)POINTS * (size_t)w->c * (size_t)n0 + (size_t)i * (size_t)width;
  load_taps(job, i, n0, width, tap);
  memset(half, 0, sizeof half);
  for (int y = 0; y < N; y++) {
    for (int t = 0; t < k * k; t++) {
      for (int j = 0; j < width; j++) {
        half[y][t % k][j] += job->g[y][t / k] * tap[t][j];
      }
    }
  }
  for (int p = 0; p < POINTS; p++, to += (size_t)w->c * (size_t)width) {
    double sum[TILE_COLUMNS] = { 0 };
    for (int x = 0; x < k; x++) {
      for (int j = 0; j < width; j++) {
        sum[j] += job->g[p % N][x] * half[p / N][x][j];
      }
    }
    for (int j = 0; j < width; j++) {
      to[j] = (float)sum[j];
    }
  }
}

static void pack_piece(void *user, size_t begin, size_t end, int worker)
{
  const pack_job *job = user;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    pack_channel(job, (int)(i / (size_t)job->w->c), (int)(i % (size_t)job->w->c));
  }
}

void CPU_OP(winograd_pack)(const slim_cpu_step *step, const winograd *w, const float *weights, float *packed)
{
  pack_job job = { .w = w, .weights = weights, .packed = packed };
  make_g(w->kernel, job.g);
  slim_cpu_for(step, (size_t)(pieces(w->oc, TILE_COLUMNS) * w->c), 8, pack_piece, &job);
}

/* --- a block of tiles ------------------------------------------------------------------------------------------------ */

typedef struct job {
  const winograd *w;
  const float *in, *packed;
  float *out, *scratch;
  const tile_epilogue *epilogue;
} job;

/* A worker's scratch: transformed inputs [point][tile][c], products [point][tile][columns], c zeros. */
static size_t inputs_step(const winograd *w)
{
  return (size_t)w->block * (size_t)w->c + GAP;
}

static size_t products_step(const winograd *w)
{
  return (size_t)w->block * TILE_COLUMNS + GAP;
}

size_t CPU_OP(winograd_scratch)(const winograd *w)
{
  return POINTS * (inputs_step(w) + products_step(w)) + ((size_t)w->c + 15) / 16 * 16;
}

/* B^T along one axis of stride s: the polynomials' coefficients, sorted into even and odd parts. */
CPU_INLINE void transform_input(const vec *d, int s, vec *t, int ts)
{
  const vec d0 = d[0], d1 = d[s], d2 = d[2 * s], d3 = d[3 * s], d4 = d[4 * s], d5 = d[5 * s];
  const vec even_a = d4 - B2 * d2, odd_a = PA * (d3 - B2 * d1), even_b = d4 - A2 * d2, odd_b = PB * (d3 - A2 * d1);
  t[0] = (A2 * B2) * d0 - (A2 + B2) * d2 + d4;
  t[ts] = even_a + odd_a;
  t[2 * ts] = even_a - odd_a;
  t[3 * ts] = even_b + odd_b;
  t[4 * ts] = even_b - odd_b;
  t[5 * ts] = (A2 * B2) * d1 - (A2 + B2) * d3 + d5;
}

/* A^T along one axis. */
CPU_INLINE void transform_output(const vec *v, int s, vec *y, int ys, int m)
{
  const vec sum_a = v[s] + v[2 * s], dif_a = v[s] - v[2 * s], sum_b = v[3 * s] + v[4 * s], dif_b = v[3 * s] - v[4 * s];
  y[0] = v[0] + sum_a + sum_b;
  if (m == 2) {
    y[ys] = PA * dif_a + PB * dif_b + v[5 * s];
    return;
  }
  y[ys] = PA * dif_a + PB * dif_b;
  y[2 * ys] = A2 * sum_a + B2 * sum_b;
  y[3 * ys] = (A2 * PA) * dif_a + (B2 * PB) * dif_b + v[5 * s];
}

typedef struct place {
  int image, y, x; /* of a tile's first output */
} place;

static place place_of(const winograd *w, int number)
{
  const int in_image = number % (w->down * w->across);
  return (place){ number / (w->down * w->across), in_image / w->across * w->m, in_image % w->across * w->m };
}

static void open_tile(const job *j, int number, const float *zeros, float *to)
{
  const winograd *w = j->w;
  const place p = place_of(w, number);
  const size_t c = (size_t)w->c;
  const float *from[POINTS];
  for (int i = 0; i < POINTS; i++) {
    const int y = p.y - w->top + i / N, x = p.x - w->left + i % N;
    const bool inside = y >= 0 && y < w->h && x >= 0 && x < w->w;
    from[i] = inside ? j->in + (((size_t)p.image * (size_t)w->h + (size_t)y) * (size_t)w->w + (size_t)x) * c : zeros;
  }
  for (size_t k = 0; k < c; k += VL) {
    vec d[POINTS], half[POINTS];
    for (int i = 0; i < POINTS; i++) {
      d[i] = vec_load(from[i] + k);
    }
    for (int i = 0; i < N; i++) {
      transform_input(d + i, N, half + i, N);
    }
    for (int i = 0; i < N; i++) {
      transform_input(half + i * N, 1, d + i * N, 1);
    }
    for (int i = 0; i < POINTS; i++) {
      vec_store(to + (size_t)i * inputs_step(w) + k, d[i]);
    }
  }
}

CPU_INLINE vec clamp(vec v, slim_activation_kind kind)
{
  const vec zero = { 0 }, six = zero + 6.0f;
  if (kind != SLIM_ACTIVATION_NONE) {
    const ivec below = (ivec)(v < zero);
    v = (vec)((ivec)v & ~below);
  }
  if (kind == SLIM_ACTIVATION_RELU6) {
    const ivec above = (ivec)(v > six);
    v = (vec)(((ivec)v & ~above) | ((ivec)six & above));
  }
  return v;
}

/* VL channels of a tile from its products to the outputs that lie inside. at: the channel. */
CPU_INLINE void close_channels(const job *j, place p, const float *product, size_t step, size_t at, int m)
{
  const winograd *w = j->w;
  const tile_epilogue *e = j->epilogue;
  vec v[POINTS], half[4 * N], y[16];
  for (int i = 0; i < POINTS; i++) {
    v[i] = vec_load(product + (size_t)i * step);
  }
  for (int i = 0; i < N; i++) {
    transform_output(v + i, N, half + i, N, m);
  }
  for (int i = 0; i < m; i++) {
    transform_output(half + i * N, 1, y + i * m, 1, m);
  }
  for (int i = 0; i < m * m; i++) {
    const int row = p.y + i / m, column = p.x + i % m;
    if (row >= w->oh || column >= w->ow) {
      continue;
    }
    const size_t to = (((size_t)p.image * (size_t)w->oh + (size_t)row) * (size_t)w->ow + (size_t)column) * (size_t)w->oc + at;
    vec value = y[i];
    if (e->bias) {
      value += vec_load(e->bias + at);
    }
    if (e->residual) {
      value += vec_load(e->residual + to);
    }
    vec_store(j->out + to, clamp(value, e->activation));
  }
}

static void close_tile(const job *j, int number, const float *product, int n0, int width)
{
  const size_t step = products_step(j->w);
  const place p = place_of(j->w, number);
  for (int k = 0; k < width; k += VL) {
    if (j->w->m == 2) {
      close_channels(j, p, product + k, step, (size_t)(n0 + k), 2);
    } else {
      close_channels(j, p, product + k, step, (size_t)(n0 + k), 4);
    }
  }
}

/* All products of one panel: for each point a small matrix product, tiles by c times c by columns. */
static void multiply(const winograd *w, const float *inputs, const float *panel, float *products, int count, int width)
{
  static const ptrdiff_t no_offset = 0;
  const int tiles = tiles_of(count);
  const float *row[TILE_ROWS];
  float *c[TILE_ROWS];
  tile tl = { .rows = row, .offset = &no_offset, .segments = 1, .depth = w->c, .c = c, .columns = width };
  for (int p = 0; p < POINTS; p++) {
    tl.b = panel + (size_t)p * (size_t)w->c * (size_t)width;
    for (int i = 0; i < tiles; i++) {
      const int begin = tile_begin(count, tiles, i), height = tile_begin(count, tiles, i + 1) - begin;
      for (int r = 0; r < height; r++) {
        row[r] = inputs + (size_t)p * inputs_step(w) + (size_t)(begin + r) * (size_t)w->c;
        c[r] = products + (size_t)p * products_step(w) + (size_t)(begin + r) * TILE_COLUMNS;
      }
      CPU_OP(tile_rows)[width == VL ? 0 : 1][height - 1](&tl);
    }
  }
}

static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const winograd *w = j->w;
  const int first = number * w->block, count = at_most(w->block, w->n * w->down * w->across - first);
  float *inputs = j->scratch + (size_t)worker * CPU_OP(winograd_scratch)(w);
  float *products = inputs + POINTS * inputs_step(w), *zeros = products + POINTS * products_step(w);
  memset(zeros, 0, (size_t)w->c * sizeof *zeros);
  for (int t = 0; t < count; t++) {
    open_tile(j, first + t, zeros, inputs + (size_t)t * (size_t)w->c);
  }
  for (int n0 = 0; n0 < w->oc; n0 += TILE_COLUMNS) {
    const int width = panel_width(at_most(TILE_COLUMNS, w->oc - n0));
    multiply(w, inputs, j->packed + (size_t)POINTS * (size_t)w->c * (size_t)n0, products, count, width);
    for (int t = 0; t < count; t++) {
      close_tile(j, first + t, products + (size_t)t * TILE_COLUMNS, n0, width);
    }
  }
}

void CPU_OP(winograd_run)(const slim_cpu_step *step, const winograd *w, const float *in, const float *packed,
                          float *out, const tile_epilogue *epilogue, float *scratch)
{
  job j = { w, in, packed, out, scratch, epilogue };
  slim_threads_run(step->device->threads, w->blocks, run_task, &j);
}
