/* Optimizers: one sweep over all variables of a node. Nothing is written while the finite flag is set. */
#include "backend/cpu/vec.h"

#include <math.h>

/* One piece of one variable: its arrays in the order of the op's inputs. */
typedef struct piece {
  float *array[5];
  size_t count;
  const slim_apply_attr *attr;
  float lr; /* of Adam: with both bias corrections */
  float decay; /* of the variable that counts as more gradient */
} piece;

typedef void (*rule_fn)(const piece *p);

typedef struct sweep {
  const slim_cpu_step *step;
  rule_fn rule;
  int hypers, arrays; /* inputs before the variables, and of each variable */
  float lr;
} sweep;

static void gradient_descent(const piece *p)
{
  float *restrict var = p->array[0];
  const float *restrict g = p->array[1];
  const float lr = p->lr, decay = p->decay;
  for (size_t i = 0; i < p->count; i++) {
    var[i] -= lr * (g[i] + decay * var[i]);
  }
}

static void momentum(const piece *p)
{
  float *restrict var = p->array[0], *restrict accum = p->array[1];
  const float *restrict g = p->array[2];
  const float lr = p->lr, m = p->attr->momentum, decay = p->decay;
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

static void adam(const piece *p)
{
  float *restrict var = p->array[0], *restrict m = p->array[1], *restrict v = p->array[2];
  const float *restrict g = p->array[3];
  const float lr = p->lr, epsilon = p->attr->epsilon, decay = p->decay;
  const float rate1 = 1.0f - p->attr->beta1, rate2 = 1.0f - p->attr->beta2;
  for (size_t i = 0; i < p->count; i++) {
    const float d = g[i] + decay * var[i];
    m[i] += (d - m[i]) * rate1;
    v[i] += (d * d - v[i]) * rate2;
    var[i] -= lr * m[i] / (sqrtf(v[i]) + epsilon);
  }
}

static void adagrad(const piece *p)
{
  float *restrict var = p->array[0], *restrict accum = p->array[1];
  const float *restrict g = p->array[2];
  const float lr = p->lr, decay = p->decay;
  for (size_t i = 0; i < p->count; i++) {
    const float d = g[i] + decay * var[i];
    accum[i] += d * d;
    var[i] -= lr * d / sqrtf(accum[i]);
  }
}

static void adadelta(const piece *p)
{
  float *restrict var = p->array[0], *restrict accum = p->array[1], *restrict accum_update = p->array[2];
  const float *restrict g = p->array[3];
  const float lr = p->lr, rate = 1.0f - p->attr->decay, epsilon = p->attr->epsilon, decay = p->decay;
  for (size_t i = 0; i < p->count; i++) {
    const float d = g[i] + decay * var[i];
    accum[i] += (d * d - accum[i]) * rate;
    const float update = d * sqrtf(accum_update[i] + epsilon) / sqrtf(accum[i] + epsilon);
    accum_update[i] += (update * update - accum_update[i]) * rate;
    var[i] -= lr * update;
  }
}

/* x^-power; TensorFlow's default power has a root of its own. */
static float inverse_power(float x, float power)
{
  return power == -0.5f ? sqrtf(x) : powf(x, -power);
}

static void ftrl(const piece *p)
{
  float *restrict var = p->array[0], *restrict accum = p->array[1], *restrict linear = p->array[2];
  const float *restrict g = p->array[3];
  const float lr = p->lr, power = p->attr->learning_rate_power, l1 = p->attr->l1, l2 = p->attr->l2;
  const float decay = p->decay;
  for (size_t i = 0; i < p->count; i++) {
    const float d = g[i] + decay * var[i], before = inverse_power(accum[i], power);
    accum[i] += d * d;
    const float after = inverse_power(accum[i], power);
    linear[i] += d - (after - before) / lr * var[i];
    var[i] = fabsf(linear[i]) > l1 ? (copysignf(l1, linear[i]) - linear[i]) / (after / lr + 2.0f * l2) : 0.0f;
  }
}

/* x shrunk by l1 and l2 at this rate. */
static float proximal(float x, float rate, const slim_apply_attr *attr)
{
  return copysignf(fmaxf(fabsf(x) - rate * attr->l1, 0.0f), x) / (1.0f + rate * attr->l2);
}

static void proximal_gradient_descent(const piece *p)
{
  float *restrict var = p->array[0];
  const float *restrict g = p->array[1];
  const float lr = p->lr, decay = p->decay;
  for (size_t i = 0; i < p->count; i++) {
    var[i] = proximal(var[i] - lr * (g[i] + decay * var[i]), lr, p->attr);
  }
}

static void proximal_adagrad(const piece *p)
{
  float *restrict var = p->array[0], *restrict accum = p->array[1];
  const float *restrict g = p->array[2];
  const float decay = p->decay;
  for (size_t i = 0; i < p->count; i++) {
    const float d = g[i] + decay * var[i];
    accum[i] += d * d;
    const float lr = p->lr / sqrtf(accum[i]);
    var[i] = proximal(var[i] - lr * d, lr, p->attr);
  }
}

static void rms_prop(const piece *p)
{
  float *restrict var = p->array[0], *restrict ms = p->array[1], *restrict mom = p->array[2];
  const float *restrict g = p->array[3];
  const float lr = p->lr, rate = 1.0f - p->attr->decay, m = p->attr->momentum, epsilon = p->attr->epsilon;
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
  const float lr = p->lr, rate = 1.0f - p->attr->decay, m = p->attr->momentum, epsilon = p->attr->epsilon;
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
  piece p = { .count = size_min(CPU_GRAIN, elements_of(views) - begin), .attr = attr, .lr = s->lr };
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

static void run_sweep(slim_cpu_step *step, const slim_op *op, rule_fn rule)
{
  const slim_apply_attr *attr = step->attr;
  sweep s = { .step = step, .rule = rule, .hypers = slim_apply_hyper(op), .arrays = slim_apply_slots(op, attr) + 2 };
  double lr = slim_cpu_scalar(&step->in[0]);
  if (rule == adam) {
    lr *= sqrt(1.0 - slim_cpu_scalar(&step->in[2])) / (1.0 - slim_cpu_scalar(&step->in[1]));
  }
  s.lr = (float)lr;
  size_t pieces = 0;
  for (int i = 0; i < attr->variables; i++) {
    pieces += pieces_of(&s, i);
  }
  if (!atomic_load(&step->device->not_finite)) {
    slim_cpu_for(step, pieces, 1, run_pieces, &s);
  }
  if (step->num_out > 0 && step->out[0].host) {
    slim_cpu_set_scalar(&step->out[0], 0.0);
  }
}

#define APPLY(name_, rule_)                                                                                            \
  static void run_##name_(slim_cpu_step *step, const slim_run *run_info)                                               \
  {                                                                                                                    \
    (void)run_info;                                                                                                    \
    run_sweep(step, &slim_op_apply_##name_, rule_);                                                                    \
  }                                                                                                                    \
  const slim_cpu_op CPU_OP(apply_##name_) = { .run = run_##name_ };

APPLY(gradient_descent, gradient_descent)
APPLY(momentum, momentum)
APPLY(adagrad, adagrad)
APPLY(adadelta, adadelta)
APPLY(adam, adam)
APPLY(ftrl, ftrl)
APPLY(rms_prop, ((const slim_apply_attr *)step->attr)->centered ? centered_rms_prop : rms_prop)
APPLY(proximal_gradient_descent, proximal_gradient_descent)
APPLY(proximal_adagrad, proximal_adagrad)
