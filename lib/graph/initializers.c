/* Initial values of variables, made on the host: the same bits on every machine and device. */
#include "graph/graph.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

/* Fans as TF-Slim counts them: the last two dimensions are in and out, what stands before is the receptive field. */
static double fan_of(const slim_shape *shape, slim_fan_mode mode)
{
  double in = 1, out = 1;
  if (shape->rank == 1) {
    in = out = shape->dim[0];
  } else if (shape->rank > 1) {
    double field = 1;
    for (int i = 0; i < shape->rank - 2; i++) {
      field *= shape->dim[i];
    }
    in = field * shape->dim[shape->rank - 2];
    out = field * shape->dim[shape->rank - 1];
  }
  return mode == SLIM_FAN_IN ? in : mode == SLIM_FAN_OUT ? out : (in + out) / 2;
}

static void fill_scaled(const slim_rng *rng, const slim_initializer *init, const slim_shape *shape, float *out,
                        size_t count)
{
  const double n = fan_of(shape, init->mode);
  if (init->uniform) {
    const float limit = (float)sqrt(3.0 * (double)init->a / n);
    slim_rng_fill_uniform(rng, -limit, limit, out, count);
  } else {
    slim_rng_fill_truncated_normal(rng, 0.0f, (float)sqrt(1.3 * (double)init->a / n), out, count);
  }
}

static void fill_float(const slim_tensor *variable, float *out, size_t count)
{
  const slim_variable_info *info = variable->node->variable;
  const slim_initializer *init = &info->initializer;
  const slim_rng rng = init->has_seed ? slim_rng_make(init->seed, 0, 0)
                                      : slim_rng_make(variable->node->graph->seed, slim_hash(info->full_name), 0);
  switch (init->kind) {
  case SLIM_INIT_RANDOM_NORMAL:
    slim_rng_fill_normal(&rng, init->a, init->b, out, count);
    break;
  case SLIM_INIT_TRUNCATED_NORMAL:
    slim_rng_fill_truncated_normal(&rng, init->a, init->b, out, count);
    break;
  case SLIM_INIT_RANDOM_UNIFORM:
    slim_rng_fill_uniform(&rng, init->a, init->b, out, count);
    break;
  case SLIM_INIT_VARIANCE_SCALING:
    fill_scaled(&rng, init, &variable->shape, out, count);
    break;
  default:
    for (size_t i = 0; i < count; i++) {
      out[i] = init->a;
    }
  }
}

/* Other types take constants only; other initializers give zeros. */
static void fill_other(slim_dtype dtype, float value, void *out, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    switch (dtype) {
    case SLIM_FLOAT64:
      ((double *)out)[i] = (double)value;
      break;
    case SLIM_INT32:
      ((int32_t *)out)[i] = (int32_t)value;
      break;
    case SLIM_INT64:
      ((int64_t *)out)[i] = (int64_t)value;
      break;
    default:
      ((uint8_t *)out)[i] = (uint8_t)value;
    }
  }
}

void slim_variable_initial_value(const slim_tensor *variable, void *out)
{
  const slim_variable_info *info = variable->node->variable;
  if (info->initial_of) {
    slim_variable_initial_value(info->initial_of, out);
    return;
  }
  const size_t count = slim_shape_elements(&variable->shape);
  if (info->values) {
    memcpy(out, info->values, count * slim_dtype_size(variable->dtype));
  } else if (variable->dtype == SLIM_FLOAT32) {
    fill_float(variable, out, count);
  } else {
    const bool constant = info->initializer.kind == SLIM_INIT_CONSTANT;
    fill_other(variable->dtype, constant ? info->initializer.a : 0.0f, out, count);
  }
}
