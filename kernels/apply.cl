/* Optimizers: one work-group a run of elements, all variables that share their buffers in one launch. */
#include "common.h"
#include "apply_params.h"
#include "vector.h"

enum apply_kind { GRADIENT_DESCENT, MOMENTUM, ADAM, RMS_PROP };

/* The rules, for floats and for vectors of them. momentum: s0. adam: s0, s1, and rate holds the bias correction.
 * rms_prop: s0 mean square, s1 mean gradient if centered, s2 momentum. */
#define RULES(name_, type_)                                                                                            \
  typedef struct name_ {                                                                                               \
    type_ v, s0, s1, s2;                                                                                               \
  } name_;                                                                                                             \
                                                                                                                       \
  static inline name_ name_##_adam(name_ s, const type_ g, const float rate, const slim_apply_params p)                \
  {                                                                                                                    \
    s.s0 += (g - s.s0) * (1.0f - p.beta1);                                                                             \
    s.s1 += (g * g - s.s1) * (1.0f - p.beta2);                                                                         \
    s.v -= s.s0 * rate / (sqrt(s.s1) + p.epsilon);                                                                     \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_rms_prop(name_ s, const type_ g, const float rate, const slim_apply_params p)            \
  {                                                                                                                    \
    s.s0 += (g * g - s.s0) * (1.0f - p.decay);                                                                         \
    type_ spread = s.s0 + p.epsilon;                                                                                   \
    if (p.centered) {                                                                                                  \
      s.s1 += (g - s.s1) * (1.0f - p.decay);                                                                           \
      spread -= s.s1 * s.s1;                                                                                           \
    }                                                                                                                  \
    s.s2 = s.s2 * p.momentum + g * rate * rsqrt(spread);                                                               \
    s.v -= s.s2;                                                                                                       \
    return s;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  static inline name_ name_##_apply(name_ s, const type_ gradient, const float decay, const float rate,                \
                                    const slim_apply_params p)                                                         \
  {                                                                                                                    \
    const type_ g = gradient + s.v * decay;                                                                            \
    if (p.kind == GRADIENT_DESCENT) {                                                                                  \
      s.v -= g * rate;                                                                                                 \
    } else if (p.kind == MOMENTUM) {                                                                                   \
      s.s0 = s.s0 * p.momentum + g;                                                                                    \
      s.v -= p.nesterov ? g * rate + s.s0 * p.momentum * rate : s.s0 * rate;                                           \
    } else {                                                                                                           \
      s = p.kind == ADAM ? name_##_adam(s, g, rate, p) : name_##_rms_prop(s, g, rate, p);                              \
    }                                                                                                                  \
    return s;                                                                                                          \
  }

RULES(element, float)
RULES(row, SLIM_FLOATW)

#define AT(buffer_, at_) ((buffer_) + (size_t)(at_)*64)

/* Slots that the optimizer lacks are the variable's memory: they are read and not written. */
__kernel void slim_apply_vector_f32(__global float *variables, __global const float *gradients, __global float *slots0,
                                    __global float *slots1, __global float *slots2, __global const slim_apply_run *runs,
                                    __global const uint *flag, const float rate0, const float power1,
                                    const float power2, const slim_apply_params p)
{
  if (*flag != 0) {
    return;
  }
  const slim_apply_run r = runs[get_group_id(0)];
  __global float *v = AT(variables, r.variable), *s0 = AT(slots0, r.slot[0]), *s1 = AT(slots1, r.slot[1]),
                 *s2 = AT(slots2, r.slot[2]);
  __global const float *g = AT(gradients, r.gradient);
  const float rate = p.kind == ADAM ? rate0 * sqrt(1.0f - power2) / (1.0f - power1) : rate0;
  const bool keeps0 = p.kind != GRADIENT_DESCENT, keeps1 = p.kind == ADAM || (p.kind == RMS_PROP && p.centered);
  const bool keeps2 = p.kind == RMS_PROP;
  const uint rows = r.count / SLIM_WIDTH;
  for (uint i = get_local_id(0); i < rows; i += get_local_size(0)) {
    row s = { SLIM_LOADW(i, v), SLIM_LOADW(i, s0), SLIM_LOADW(i, s1), SLIM_LOADW(i, s2) };
    s = row_apply(s, SLIM_LOADW(i, g), r.decay, rate, p);
    SLIM_STOREW(s.v, i, v);
    if (keeps0) {
      SLIM_STOREW(s.s0, i, s0);
    }
    if (keeps1) {
      SLIM_STOREW(s.s1, i, s1);
    }
    if (keeps2) {
      SLIM_STOREW(s.s2, i, s2);
    }
  }
  for (uint i = rows * SLIM_WIDTH + get_local_id(0); i < r.count; i += get_local_size(0)) {
    element s = { v[i], s0[i], s1[i], s2[i] };
    s = element_apply(s, g[i], r.decay, rate, p);
    v[i] = s.v;
    if (keeps0) {
      s0[i] = s.s0;
    }
    if (keeps1) {
      s1[i] = s.s1;
    }
    if (keeps2) {
      s2[i] = s.s2;
    }
  }
}
