/* Ops registered at run time: their function sees arrays and a way to the threads. */
#include "backend/cpu/vec.h"

#include <stdlib.h>

typedef struct state {
  slim_custom_run run; /* first: what the function gets is this */
  slim_cpu_step *step;
  slim_custom_array *arrays; /* inputs, then outputs */
} state;

typedef struct pieces {
  slim_custom_range_fn fn;
  void *user;
} pieces;

static void run_piece(void *user, size_t begin, size_t end, int worker)
{
  const pieces *p = user;
  (void)worker;
  p->fn(p->user, begin, end);
}

static void parallel(const slim_custom_run *run, size_t count, size_t grain, slim_custom_range_fn fn, void *user)
{
  pieces p = { fn, user };
  slim_cpu_for(((const state *)run)->step, count, grain, run_piece, &p);
}

static bool prepare(slim_cpu_step *step)
{
  state *s = step->state;
  const int count = step->num_in + step->num_out;
  slim_custom_array *arrays = calloc((size_t)count + 1, sizeof *arrays);
  if (!arrays) {
    return false;
  }
  for (int i = 0; i < count; i++) {
    const slim_view *view = i < step->num_in ? &step->in[i] : &step->out[i - step->num_in];
    arrays[i] = (slim_custom_array){ view->host, view->dtype, view->shape };
  }
  *s = (state){ { step->attr, step->num_in, step->num_out, arrays, arrays + step->num_in, parallel }, step, arrays };
  return true;
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const state *s = step->state;
  (void)run_info;
  slim_custom_spec(step->group.nodes[0])->cpu(&s->run);
}

static void release(slim_cpu_step *step)
{
  state *s = step->state;
  free(s->arrays);
}

const slim_cpu_op CPU_OP(custom) = { .state_bytes = sizeof(state), .prepare = prepare, .run = run, .release = release };
