/* Products to outputs: A^T m A of tiles, with the epilogue, and maxima of 2 x 2 of them. */
#include "backend/cpu/winograd_transform.h"

#include <math.h>

#define STREAMED_OUTPUTS (3 << 19) /* outputs, at least, that would leave the caches before they are read, */
#define STREAMED_OUTPUTS_LARGE (3 << 20) /* measured: where the second-level cache is large */
#define STREAMED_CHANNELS 64 /* measured there: products of fewer take less time than their outputs past the caches */

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
CPU_INLINE vec end_pixel(const winograd_outputs *o, const ending *e, vec value, size_t to)
{
  value += e->bias;
  if (o->epilogue->residual) {
    value += load_some(o->epilogue->residual + to, e->count);
  }
  return vec_clamp(value, e->floor, e->top);
}

/* ahead: floats to the same pixel of the next tile. */
CPU_INLINE void put_pixel(const winograd_outputs *o, const ending *e, vec value, size_t to, int ahead)
{
  if (o->stream) {
    vec_stream(o->to + to, value);
  } else {
    __builtin_prefetch(o->to + to + ahead, 1);
    store_some(o->to + to, value, e->count);
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

CPU_INLINE void put_outputs(const winograd *w, const winograd_outputs *o, const ending *e, place p,
                            const float *half, int size, int m)
{
  const int rows = at_most(m, w->oh - p.y), columns = at_most(m, w->ow - p.x);
  vec y[MOST_SIZE];
  for (int r = 0; r < rows; r++) {
    size_t to = output_at(w, p, r) + (size_t)e->at;
    output_row(half, r, y, size, m);
    for (int i = 0; i < columns; i++, to += (size_t)w->oc) {
      put_pixel(o, e, end_pixel(o, e, y[i], to), to, m * w->oc);
    }
  }
}

/* The maxima of 2 x 2 outputs; those outside are below all. */
CPU_INLINE void put_maxima(const winograd *w, const winograd_outputs *o, const ending *e, place p,
                           const float *half, int size, int m)
{
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
      y[i] = r < rows && i < columns ? end_pixel(o, e, y[i], from + (size_t)(i * w->oc)) : lowest;
    }
    CPU_UNROLL
    for (int i = 0; i < m / 2; i++) {
      const vec across = vec_larger(y[2 * i], y[2 * i + 1]);
      best[i] = r % 2 == 0 ? across : vec_larger(best[i], across);
      if (r % 2 == 1 && py < w->ph && px + i < w->pw) {
        put_pixel(o, e, best[i], to + (size_t)(i * w->oc), m / 2 * w->oc);
      }
    }
  }
}

/* VL channels (or fewer) of a tile from its products to the outputs that lie inside, or to maxima of them. at: the
 * channel. */
CPU_INLINE void close_channels(const winograd *w, const winograd_outputs *o, place p, const float *product, size_t step,
                               int at, int count, int size, int m, bool pools)
{
  const ending e = ending_of(o->epilogue, at, count);
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
    put_maxima(w, o, &e, p, half, size, m);
  } else {
    put_outputs(w, o, &e, p, half, size, m);
  }
}

CPU_INLINE void close_panel(const winograd *w, const winograd_outputs *o, int number, const float *product, size_t step,
                            int n0, int columns, int size, int m, bool pools)
{
  const place p = place_of(w, number);
  const int whole = columns / VL * VL;
  for (int k = 0; k < whole; k += VL) {
    close_channels(w, o, p, product + k, step, n0 + k, VL, size, m, pools);
  }
  if (whole < columns) {
    close_channels(w, o, p, product + whole, step, n0 + whole, columns - whole, size, m, pools);
  }
}

static void close_tile(const winograd *w, const winograd_outputs *o, int number, const float *product, size_t step,
                       int n0, int columns)
{
  if (w->pools) {
    close_panel(w, o, number, product, step, n0, columns, 6, 4, true);
  } else if (w->size == 6) {
    close_panel(w, o, number, product, step, n0, columns, 6, 4, false);
  } else if (w->m == 3) {
    close_panel(w, o, number, product, step, n0, columns, 7, 3, false);
  } else if (w->m == 4) {
    close_panel(w, o, number, product, step, n0, columns, 7, 4, false);
  } else {
    close_panel(w, o, number, product, step, n0, columns, 7, 5, false);
  }
}

void CPU_OP(winograd_close)(const winograd *w, const winograd_outputs *o, const float *products, size_t step, int n0,
                            int columns, int first, int count)
{
  for (int t = 0; t < count; t++) {
    close_tile(w, o, first + t, products + (size_t)t * TILE_COLUMNS, step, n0, columns);
  }
}

/* Are vectors whole lines, and do the outputs leave the caches before they are read? */
winograd_outputs CPU_OP(winograd_outputs_of)(const winograd *w, const slim_cpu_step *step, float *to,
                                             const tile_epilogue *epilogue)
{
  const bool large = step->device->caches.second >= SLIM_LARGE_CACHE, apart = slim_threads_apart(step->device->threads);
  const size_t many = !large ? STREAMED_OUTPUTS : w->c >= STREAMED_CHANNELS ? STREAMED_OUTPUTS_LARGE : SIZE_MAX;
  const size_t pixels = w->pools ? (size_t)(w->n * w->ph) * (size_t)w->pw : (size_t)(w->n * w->oh) * (size_t)w->ow;
  const bool lines = VL == 16 && w->oc % VL == 0 && (uintptr_t)to % 64 == 0;
  return (winograd_outputs){ to, epilogue, lines && vec_streams(pixels * (size_t)w->oc, many, apart) };
}
