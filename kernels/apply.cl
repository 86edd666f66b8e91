/* Optimizers: one work-group a run of elements, all variables that share their buffers in one launch. */
#include "common.h"
#include "apply_params.h"
#include "vector.h"

/* The rules, for floats and for vectors of them: v the variable, s0 ... its slots in the order of the op's inputs, g the
 * gradient; rate of Adam holds the bias corrections. */
#define RULES(name_, type_)                                                                                            \
  typedef struct name_ {                                                                                               \
    type_ v, s0, s1, s2;                                                                                               \
  } name_;                                                                                                             \
                                                                                                                       \
  static inline name_ name_##_gradient_descent(name_ s, const type_ g, const float rate, const slim_apply_params p)    \
  {                                                                                                                    \
    s.v -= g * rate;                                                                                                   \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_momentum(name_ s, const type_ g, const float rate, const slim_apply_params p)            \
  {                                                                                                                    \
    s.s0 = s.s0 * p.momentum + g;                                                                                      \
    s.v -= p.nesterov ? g * rate + s.s0 * p.momentum * rate : s.s0 * rate;                                             \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_adagrad(name_ s, const type_ g, const float rate, const slim_apply_params p)             \
  {                                                                                                                    \
    s.s0 += g * g;                                                                                                     \
    s.v -= g * rate * rsqrt(s.s0);                                                                                     \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_adadelta(name_ s, const type_ g, const float rate, const slim_apply_params p)            \
  {                                                                                                                    \
    s.s0 += (g * g - s.s0) * (1.0f - p.decay);                                                                         \
    const type_ update = g * sqrt(s.s1 + p.epsilon) * rsqrt(s.s0 + p.epsilon);                                         \
    s.s1 += (update * update - s.s1) * (1.0f - p.decay);                                                               \
    s.v -= update * rate;                                                                                              \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_adam(name_ s, const type_ g, const float rate, const slim_apply_params p)                \
  {                                                                                                                    \
    s.s0 += (g - s.s0) * (1.0f - p.beta1);                                                                             \
    s.s1 += (g * g - s.s1) * (1.0f - p.beta2);                                                                         \
    s.v -= s.s0 * rate / (sqrt(s.s1) + p.epsilon);                                                                     \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline type_ name_##_inverse_power(const type_ x, const float power)                                          \
  {                                                                                                                    \
    return power == -0.5f ? sqrt(x) : pow(x, (type_)(-power));                                                         \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_ftrl(name_ s, const type_ g, const float rate, const slim_apply_params p)                \
  {                                                                                                                    \
    const type_ before = name_##_inverse_power(s.s0, p.learning_rate_power);                                           \
    s.s0 += g * g;                                                                                                     \
    const type_ after = name_##_inverse_power(s.s0, p.learning_rate_power);                                            \
    s.s1 += g - (after - before) / rate * s.v;                                                                         \
    const type_ v = (copysign((type_)p.l1, s.s1) - s.s1) / (after / rate + 2.0f * p.l2);                               \
    s.v = select((type_)0.0f, v, fabs(s.s1) > p.l1);                                                                   \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_rms_prop(name_ s, const type_ g, const float rate, const slim_apply_params p)            \
  {                                                                                                                    \
    s.s0 += (g * g - s.s0) * (1.0f - p.decay);                                                                         \
    s.s1 = s.s1 * p.momentum + g * rate * rsqrt(s.s0 + p.epsilon);                                                     \
    s.v -= s.s1;                                                                                                       \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_centered_rms_prop(name_ s, const type_ g, const float rate, const slim_apply_params p)   \
  {                                                                                                                    \
    s.s0 += (g * g - s.s0) * (1.0f - p.decay);                                                                         \
    s.s1 += (g - s.s1) * (1.0f - p.decay);                                                                             \
    s.s2 = s.s2 * p.momentum + g * rate * rsqrt(s.s0 + p.epsilon - s.s1 * s.s1);                                       \
    s.v -= s.s2;                                                                                                       \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline type_ name_##_proximal(const type_ x, const type_ rate, const slim_apply_params p)                     \
  {                                                                                                                    \
    return copysign(fmax(fabs(x) - rate * p.l1, 0.0f), x) / (1.0f + rate * p.l2);                                      \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_proximal_gradient_descent(name_ s, const type_ g, const float rate,                      \
                                                        const slim_apply_params p)                                     \
  {                                                                                                                    \
    s.v = name_##_proximal(s.v - g * rate, (type_)rate, p);                                                            \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_proximal_adagrad(name_ s, const type_ g, const float rate, const slim_apply_params p)    \
  {                                                                                                                    \
    s.s0 += g * g;                                                                                                     \
    const type_ own = rate * rsqrt(s.s0);                                                                              \
    s.v = name_##_proximal(s.v - g * own, own, p);                                                                     \
    return s;                                                                                                          \
  }

RULES(element, float)
RULES(row, SLIM_FLOATW)

#define AT(buffer_, at_) ((buffer_) + (size_t)(at_)*64)

#define PARAMETERS                                                                                                     \
  __global float *variables, __global const float *gradients, __global float *slots0, __global float *slots1,          \
      __global float *slots2, __global const slim_apply_run *runs, __global const uint *flag, const float rate0,       \
      const float power1, const float power2, const slim_apply_params p

#define LOAD(i_, from_) ((from_)[i_])
#define STORE(x_, i_, to_) ((to_)[i_] = (x_))

/* Element or row i. Slots that the optimizer lacks are the variable's memory: they are read and not written. */
#define UPDATE(type_, rule_, slots_, load_, store_)                                                                    \
  {                                                                                                                    \
    type_ s = { load_(i, v), load_(i, s0), load_(i, s1), load_(i, s2) };                                               \
    s = type_##_##rule_(s, load_(i, g) + s.v * r.decay, rate, p);                                                      \
    store_(s.v, i, v);                                                                                                 \
    if ((slots_) > 0) {                                                                                                \
      store_(s.s0, i, s0);                                                                                             \
    }                                                                                                                  \
    if ((slots_) > 1) {                                                                                                \
      store_(s.s1, i, s1);                                                                                             \
    }                                                                                                                  \
    if ((slots_) > 2) {                                                                                                \
      store_(s.s2, i, s2);                                                                                             \
    }                                                                                                                  \
  }

#define APPLY(rule_, slots_, rate_)                                                                                    \
  if (*flag != 0) {                                                                                                    \
    return;                                                                                                            \
  }                                                                                                                    \
  const slim_apply_run r = runs[get_group_id(0)];                                                                      \
  __global float *v = AT(variables, r.variable), *s0 = AT(slots0, r.slot[0]), *s1 = AT(slots1, r.slot[1]),             \
                 *s2 = AT(slots2, r.slot[2]);                                                                          \
  __global const float *g = AT(gradients, r.gradient);                                                                 \
  const float rate = (rate_);                                                                                          \
  const uint rows = r.count / SLIM_WIDTH;                                                                              \
  for (uint i = get_local_id(0); i < rows; i += get_local_size(0)) {                                                   \
    UPDATE(row, rule_, slots_, SLIM_LOADW, SLIM_STOREW)                                                                \
  }                                                                                                                    \
  for (uint i = rows * SLIM_WIDTH + get_local_id(0); i < r.count; i += get_local_size(0)) {                            \
    UPDATE(element, rule_, slots_, LOAD, STORE)                                                                        \
  }

__kernel void slim_apply_gradient_descent_f32(PARAMETERS)
{
  APPLY(gradient_descent, 0, rate0)
}

__kernel void slim_apply_momentum_f32(PARAMETERS)
{
  APPLY(momentum, 1, rate0)
}

__kernel void slim_apply_adagrad_f32(PARAMETERS)
{
  APPLY(adagrad, 1, rate0)
}

__kernel void slim_apply_adadelta_f32(PARAMETERS)
{
  APPLY(adadelta, 2, rate0)
}

__kernel void slim_apply_adam_f32(PARAMETERS)
{
  APPLY(adam, 2, rate0 * sqrt(1.0f - power2) / (1.0f - power1))
}

__kernel void slim_apply_ftrl_f32(PARAMETERS)
{
  APPLY(ftrl, 2, rate0)
}

__kernel void slim_apply_rms_prop_f32(PARAMETERS)
{
  APPLY(rms_prop, 2, rate0)
}

__kernel void slim_apply_centered_rms_prop_f32(PARAMETERS)
{
  APPLY(centered_rms_prop, 3, rate0)
}

__kernel void slim_apply_proximal_gradient_descent_f32(PARAMETERS)
{
  APPLY(proximal_gradient_descent, 0, rate0)
}

__kernel void slim_apply_proximal_adagrad_f32(PARAMETERS)
{
  APPLY(proximal_adagrad, 1, rate0)
}
