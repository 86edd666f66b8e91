/* Optimizers: one sweep over all variables of a node. Nothing is written while the finite flag is set. */
#include "backend/cpu/vec.h"

#include <math.h>

#define HYPER_MAX 3

/* One piece of one variable: its arrays in the order of the op's inputs. */
typedef struct piece {
  float *array[5];
  size_t count;
  const slim_apply_attr *attr;
  const float *hyper;
  float decay; /* of the variable that counts as more gradient */
} piece;

typedef void (*rule_fn)(const piece *p);

typedef struct sweep {
  const slim_cpu_step *step;
  rule_fn rule;
  int hypers, arrays; /* inputs before the variables, and of each variable */
  float hyper[HYPER_MAX];
} sweep;

static void gradient_descent(const piece *p)
{
  float *restrict var = p->array[0];
  const float *restrict g = p->array[1];
  const float lr = p->hyper[0], decay = p->decay;
  for (size_t i = 0; i < p->count; i++) {
    var[i] -= lr * (g[i] + decay * var[i]);
  }
}

static void momentum(const piece *p)
{
  float *restrict var = p->array[0], *restrict accum = p->array[1];
  const float *restrict g = p->array[2];
  const float lr = p->hyper[0], m = p->attr->momentum, decay = p->decay;
  if (p->attr->nesterov) {
    for (size_t i = 0; i < p->count; i++) {
      const float d = g[i] + decay * var[i];
      accum[i] = accum[i] * m + d;
      var[i] -= lr * (d + accum[i] * m);
    }
    return;
  }
  for (size_t i = 0; i < p->count; i++) {
    accum[i] = accum[i] * m + (g[i] + decay * var[i]);
    var[i] -= lr * accum[i];
  }
}

/* hyper[0]: the learning rate with both bias corrections. */
static void adam(const piece *p)
{
  float *restrict var = p->array[0], *restrict m = p->array[1], *restrict v = p->array[2];
  const float *restrict g = p->array[3];
  const float lr = p->hyper[0], epsilon = p->attr->epsilon, decay = p->decay;
  const float rate1 = 1.0f - p->attr->beta1, rate2 = 1.0f - p->attr->beta2;
  for (size_t i = 0; i < p->count; i++) {
    const float d = g[i] + decay * var[i];
    m[i] += (d - m[i]) * rate1;
    v[i] += (d * d - v[i]) * rate2;
    var[i] -= lr * m[i] / (sqrtf(v[i]) + epsilon);
  }
}

static void rms_prop(const piece *p)
{
  float *restrict var = p->array[0], *restrict ms = p->array[1], *restrict mom = p->array[2];
  const float *restrict g = p->array[3];
  const float lr = p->hyper[0], rate = 1.0f - p->attr->decay, m = p->attr->momentum, epsilon = p->attr->epsilon;
  const float decay = p->decay;
  for (size_t i = 0; i < p->count; i++) {
    const float d = g[i] + decay * var[i];
    ms[i] += (d * d - ms[i]) * rate;
    mom[i] = mom[i] * m + lr * d / sqrtf(ms[i] + epsilon);
    var[i] -= mom[i];
  }
}

static void centered_rms_prop(const piece *p)
{
  float *restrict var = p->array[0], *restrict ms = p->array[1], *restrict mg = p->array[2];
  float *restrict mom = p->array[3];
  const float *restrict g = p->array[4];
  const float lr = p->hyper[0], rate = 1.0f - p->attr->decay, m = p->attr->momentum, epsilon = p->attr->epsilon;
  const float decay = p->decay;
  for (size_t i = 0; i < p->count; i++) {
    const float d = g[i] + decay * var[i];
    ms[i] += (d * d - ms[i]) * rate;
    mg[i] += (d - mg[i]) * rate;
    mom[i] = mom[i] * m + lr * d / sqrtf(ms[i] - mg[i] * mg[i] + epsilon);
    var[i] -= mom[i];
  }
}

static size_t pieces_of(const sweep *s, int variable)
{
  return (elements_of(&s->step->in[s->hypers + variable * s->arrays]) + CPU_GRAIN - 1) / CPU_GRAIN;
}

/* Piece number `number` of all variables' pieces in order. */
static void run_piece(const sweep *s, size_t number)
{
  int variable = 0;
  for (size_t n = pieces_of(s, 0); number >= n; n = pieces_of(s, variable)) {
    number -= n;
    variable++;
  }
  const slim_view *views = &s->step->in[s->hypers + variable * s->arrays];
  const size_t begin = number * CPU_GRAIN;
  const slim_apply_attr *attr = s->step->attr;
  piece p = { .count = size_min(CPU_GRAIN, elements_of(views) - begin), .attr = attr, .hyper = s->hyper };
  p.decay = attr->decay_of ? attr->decay_of[variable] : 0.0f;
  for (int k = 0; k < s->arrays; k++) {
    p.array[k] = (float *)views[k].host + begin;
  }
  s->rule(&p);
}

static void run_pieces(void *user, size_t begin, size_t end, int worker)
{
  const sweep *s = user;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    run_piece(s, i);
  }
}

static void run_sweep(slim_cpu_step *step, sweep *s)
{
  const slim_apply_attr *attr = step->attr;
  size_t pieces = 0;
  s->step = step;
  for (int i = 0; i < attr->variables; i++) {
    pieces += pieces_of(s, i);
  }
  if (!atomic_load(&step->device->not_finite)) {
    slim_cpu_for(step, pieces, 1, run_pieces, s);
  }
  if (step->num_out > 0 && step->out[0].host) {
    slim_cpu_set_scalar(&step->out[0], 0.0);
  }
}

static void run_gradient_descent(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  run_sweep(step, &(sweep){ .rule = gradient_descent, .hypers = 1, .arrays = 2,
                            .hyper = { (float)slim_cpu_scalar(&step->in[0]) } });
}

static void run_momentum(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  run_sweep(step, &(sweep){ .rule = momentum, .hypers = 1, .arrays = 3,
                            .hyper = { (float)slim_cpu_scalar(&step->in[0]) } });
}

static void run_adam(slim_cpu_step *step, const slim_run *run_info)
{
  const double lr = slim_cpu_scalar(&step->in[0]);
  const double power1 = slim_cpu_scalar(&step->in[1]), power2 = slim_cpu_scalar(&step->in[2]);
  (void)run_info;
  run_sweep(step, &(sweep){ .rule = adam, .hypers = 3, .arrays = 4,
                            .hyper = { (float)(lr * sqrt(1.0 - power2) / (1.0 - power1)) } });
}

static void run_rms_prop(slim_cpu_step *step, const slim_run *run_info)
{
  const bool centered = ((const slim_apply_attr *)step->attr)->centered;
  (void)run_info;
  run_sweep(step, &(sweep){ .rule = centered ? centered_rms_prop : rms_prop, .hypers = 1, .arrays = centered ? 5 : 4,
                            .hyper = { (float)slim_cpu_scalar(&step->in[0]) } });
}

const slim_cpu_op CPU_OP(apply_gradient_descent) = { .run = run_gradient_descent };
const slim_cpu_op CPU_OP(apply_momentum) = { .run = run_momentum };
const slim_cpu_op CPU_OP(apply_adam) = { .run = run_adam };
const slim_cpu_op CPU_OP(apply_rms_prop) = { .run = run_rms_prop };
