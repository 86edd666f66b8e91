/* Images to tiles: which tiles there are, and their inputs transformed. */
#include "backend/cpu/winograd_transform.h"

#include <stdlib.h>

/* Measured: below these the direct sums are faster, or as fast. */
#define LEAST_CHANNELS 8
#define LEAST_WEIGHTS 256 /* of a tap */
#define LEAST_OUTPUTS 64

bool CPU_OP(winograd_wanted)(void)
{
  const char *text = getenv("SLIM_WINOGRAD");
  return !text || strcmp(text, "0") != 0;
}

/* Cuts the images into tiles of size x size inputs. */
static void cut(winograd *w, int size)
{
  w->size = size;
  w->points = size * size;
  w->m = size + 1 - w->kernel;
  w->down = pieces(w->oh, w->m);
  w->across = pieces(w->ow, w->m);
  w->tiles = w->n * w->down * w->across;
  w->whole_down = w->oh / w->m;
  w->whole_across = w->ow / w->m;
}

/* Of a 3x3 kernel: 4 x 4 outputs where they need as few products, and where they are to be pooled; measured, that saves
 * more time than the products take. */
static bool by_sixes(const winograd *sevens, const winograd *sixes, int more)
{
  return sixes->ph > 0 ||
         (int64_t)(sixes->tiles + more) * sixes->points <= (int64_t)(sevens->tiles + more) * sevens->points;
}

bool CPU_OP(winograd_tiles)(winograd *w, int more)
{
  if (!w->kernel || !CPU_OP(winograd_wanted)()) {
    return false;
  }
  winograd sixes = *w;
  cut(w, 7);
  cut(&sixes, 6);
  if (w->kernel == 3 && by_sixes(w, &sixes, more)) {
    *w = sixes;
  }
  return w->c >= LEAST_CHANNELS && w->oc >= LEAST_CHANNELS && (size_t)w->c * (size_t)w->oc >= LEAST_WEIGHTS &&
         w->tiles * w->m * w->m >= LEAST_OUTPUTS;
}

/* A tile's inputs: those of [y0, y1) x [x0, x1) lie in the image, outside are zeros. */
typedef struct window {
  const float *in;
  ptrdiff_t at, row, pixel; /* input [0][0], and floats to the next row and pixel */
  ptrdiff_t next;           /* input [0][0] of the next tile */
  int y0, y1, x0, x1;
} window;

/* Where a tile's begin. */
static ptrdiff_t inputs_at(const winograd *w, place p)
{
  return (((ptrdiff_t)p.image * w->h + p.y - w->top) * w->w + p.x - w->left) * w->c;
}

static window window_of(const winograd *w, const float *in, int number)
{
  const place p = place_of(w, number);
  const int y = p.y - w->top, x = p.x - w->left;
  window s = { .in = in, .pixel = w->c, .row = (ptrdiff_t)w->w * w->c };
  s.at = inputs_at(w, p);
  s.next = inputs_at(w, place_of(w, at_most(number + 1, w->tiles - 1)));
  s.y0 = at_least(-y, 0);
  s.y1 = at_most(w->h - y, w->size);
  s.x0 = at_least(-x, 0);
  s.x1 = at_most(w->w - x, w->size);
  return s;
}

/* VL channels (or fewer) from channel k on: columns, then rows. Rows outside the image are read from zeros. What the
 * next tile brings is fetched, not into the first cache, where pixels of many channels meet in few sets. */
CPU_INLINE void open_channels(const window *s, ptrdiff_t k, int count, float *to, size_t step, int size, int m,
                              bool stream)
{
  static const float zeros[VL];
  float half[MOST_SIZE * MOST_SIZE * VL] __attribute__((aligned(64)));
  const float *from[MOST_SIZE];
  ptrdiff_t pixel[MOST_SIZE];
  for (int y = 0; y < size; y++) {
    const bool inside = y >= s->y0 && y < s->y1;
    from[y] = inside ? s->in + s->at + y * s->row + k : zeros;
    pixel[y] = inside ? s->pixel : 0;
  }
  for (int x = size - m; x < size; x++) {
    for (int y = 0; y < size; y++) {
      __builtin_prefetch(s->in + s->next + y * s->row + x * s->pixel + k, 0, 2);
    }
  }
  for (int x = 0; x < size; x++) {
    vec d[MOST_SIZE] = { 0 }, t[MOST_SIZE] = { 0 };
    if (x >= s->x0 && x < s->x1) {
      for (int y = 0; y < size; y++) {
        d[y] = load_some(from[y] + x * pixel[y], count);
      }
      transform_input(d, 1, t, 1, size);
    }
    for (int y = 0; y < size; y++) {
      vec_store(half + (y * size + x) * VL, t[y]);
    }
  }
  for (int y = 0; y < size; y++) {
    vec d[MOST_SIZE], t[MOST_SIZE];
    for (int x = 0; x < size; x++) {
      d[x] = vec_load(half + (y * size + x) * VL);
    }
    transform_input(d, 1, t, 1, size);
    for (int x = 0; x < size; x++) {
      (stream ? vec_stream : vec_store)(to + (size_t)(y * size + x) * step, t[x]);
    }
  }
}

CPU_INLINE void open_tile(const winograd *w, const window *s, int k, int count, float *to, size_t step, int size,
                          bool stream)
{
  const int whole = count / VL * VL;
  for (int i = 0; i < whole; i += VL) {
    open_channels(s, k + i, VL, to + i, step, size, w->m, stream);
  }
  if (whole < count) {
    open_channels(s, k + whole, count - whole, to + whole, step, size, w->m, stream);
  }
}

void CPU_OP(winograd_open)(const winograd *w, const float *in, int number, int k, int count, float *to, size_t step,
                          bool stream)
{
  const window s = window_of(w, in, number);
  if (w->size == 6 && stream) {
    open_tile(w, &s, k, count, to, step, 6, true);
  } else if (w->size == 6) {
    open_tile(w, &s, k, count, to, step, 6, false);
  } else if (stream) {
    open_tile(w, &s, k, count, to, step, 7, true);
  } else {
    open_tile(w, &s, k, count, to, step, 7, false);
  }
}
