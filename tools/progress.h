/* How far a run is: a bar on a terminal, a line now and then in a pipe. Always on stderr. */
#ifndef SLIMCL_PROGRESS_H
#define SLIMCL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
  const char *unit;  /* "global step", "batch" */
  int64_t total;     /* 0: endless */
  int64_t per_step;  /* images a step */
  int64_t every;     /* steps between lines in a pipe; 0: no lines */
  int64_t last_step; /* where the last line or bar stood */
  double last_time, rate;
  bool terminal, started;
} progress;

/** total 0: endless; per_step: images of one step, for the rate; every: steps between lines when stderr is no terminal. */
progress progress_make(const char *unit, int64_t total, int64_t per_step, int64_t every);

/** After step (counted from 1, or from where a run resumed). Draws at most ten times a second. loss NAN: none is shown. */
void progress_step(progress *p, int64_t step, double loss);

/** Takes a bar away, so that other text can follow; the next step draws it again. */
void progress_clear(const progress *p);

#endif
