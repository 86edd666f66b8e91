/* Optimizers: one work-group a run of elements, all variables that share their buffers in one launch. */
#include "common.h"
#include "apply_params.h"

enum apply_kind { GRADIENT_DESCENT, MOMENTUM, ADAM, RMS_PROP };

typedef struct slots {
  float v, s0, s1, s2;
} slots;

static inline slots momentum(slots s, const float g, const float rate, const slim_apply_params p)
{
  s.s0 = s.s0 * p.momentum + g;
  s.v -= p.nesterov ? g * rate + s.s0 * p.momentum * rate : s.s0 * rate;
  return s;
}

/* rate holds the bias correction. */
static inline slots adam(slots s, const float g, const float rate, const slim_apply_params p)
{
  s.s0 += (g - s.s0) * (1.0f - p.beta1);
  s.s1 += (g * g - s.s1) * (1.0f - p.beta2);
  s.v -= s.s0 * rate / (sqrt(s.s1) + p.epsilon);
  return s;
}

/* s0: mean square, s1: mean gradient if centered, s2: momentum. */
static inline slots rms_prop(slots s, const float g, const float rate, const slim_apply_params p)
{
  s.s0 += (g * g - s.s0) * (1.0f - p.decay);
  float spread = s.s0 + p.epsilon;
  if (p.centered) {
    s.s1 += (g - s.s1) * (1.0f - p.decay);
    spread -= s.s1 * s.s1;
  }
  s.s2 = s.s2 * p.momentum + g * rate * rsqrt(spread);
  s.v -= s.s2;
  return s;
}

#define AT(buffer_, at_) ((buffer_) + (size_t)(at_)*64)

__kernel void slim_apply_naive_f32(__global float *variables, __global const float *gradients, __global float *slots0,
                                   __global float *slots1, __global float *slots2, __global const slim_apply_run *runs,
                                   __global const uint *flag, const float rate0, const float power1, const float power2,
                                   const slim_apply_params p)
{
  if (*flag != 0) {
    return;
  }
  const slim_apply_run r = runs[get_group_id(0)];
  __global float *v = AT(variables, r.variable), *s0 = AT(slots0, r.slot[0]), *s1 = AT(slots1, r.slot[1]),
                 *s2 = AT(slots2, r.slot[2]);
  __global const float *g = AT(gradients, r.gradient);
  const float rate = p.kind == ADAM ? rate0 * sqrt(1.0f - power2) / (1.0f - power1) : rate0;
  for (uint i = get_local_id(0); i < r.count; i += get_local_size(0)) {
    slots s = { v[i], 0.0f, 0.0f, 0.0f };
    switch (p.kind) {
    case GRADIENT_DESCENT:
      s.v -= g[i] * rate;
      break;
    case MOMENTUM:
      s.s0 = s0[i];
      s = momentum(s, g[i], rate, p);
      s0[i] = s.s0;
      break;
    case ADAM:
      s.s0 = s0[i];
      s.s1 = s1[i];
      s = adam(s, g[i], rate, p);
      s0[i] = s.s0;
      s1[i] = s.s1;
      break;
    default:
      s.s0 = s0[i];
      s.s2 = s2[i];
      s.s1 = p.centered ? s1[i] : 0.0f;
      s = rms_prop(s, g[i], rate, p);
      s0[i] = s.s0;
      s2[i] = s.s2;
      if (p.centered) {
        s1[i] = s.s1;
      }
    }
    v[i] = s.v;
  }
}
