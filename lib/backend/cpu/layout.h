/* Between [n, c, h, w] and [n, h, w, c]. */
#ifndef SLIM_CPU_LAYOUT_H
#define SLIM_CPU_LAYOUT_H

#include "backend/cpu/vec.h"

/* Images of rows x columns numbers, each turned into columns x rows. */
typedef struct turn {
  const float *from;
  float *to;
  size_t rows, columns;
} turn;

#define TURN_BLOCK ((size_t)16)

static inline void turn_images(void *user, size_t begin, size_t end, int worker)
{
  const turn *t = user;
  (void)worker;
  for (size_t n = begin; n < end; n++) {
    const float *from = t->from + n * t->rows * t->columns;
    float *to = t->to + n * t->rows * t->columns;
    for (size_t r = 0; r < t->rows; r += TURN_BLOCK) {
      for (size_t c = 0; c < t->columns; c++) {
        for (size_t i = r; i < size_min(r + TURN_BLOCK, t->rows); i++) {
          to[c * t->rows + i] = from[i * t->columns + c];
        }
      }
    }
  }
}

static inline void turn_all(const slim_cpu_step *step, size_t images, turn t)
{
  slim_cpu_for(step, images, 1, turn_images, &t);
}

#endif
