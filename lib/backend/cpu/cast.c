#include "backend/cpu/vec.h"

/* Out-of-range numbers take the nearest value of the type, NaN takes 0. */
static int64_t to_int(double value, double low, double high)
{
  return value >= high ? (high > 9e18 ? INT64_MAX : (int64_t)high)
         : value <= low ? (low < -9e18 ? INT64_MIN : (int64_t)low)
         : value == value ? (int64_t)value
                          : 0;
}

static double read_float(const void *x, size_t i, slim_dtype type)
{
  return (double)(type == SLIM_FLOAT32 ? ((const float *)x)[i] : slim_half_to_float(((const uint16_t *)x)[i]));
}

static int64_t read_int(const void *x, size_t i, slim_dtype type)
{
  switch (type) {
  case SLIM_INT32:
    return ((const int32_t *)x)[i];
  case SLIM_INT64:
    return ((const int64_t *)x)[i];
  default:
    return ((const uint8_t *)x)[i];
  }
}

static void write_int(void *y, size_t i, slim_dtype type, int64_t value)
{
  switch (type) {
  case SLIM_INT32:
    ((int32_t *)y)[i] = (int32_t)value;
    break;
  case SLIM_INT64:
    ((int64_t *)y)[i] = value;
    break;
  case SLIM_BOOL:
    ((uint8_t *)y)[i] = value != 0;
    break;
  default:
    ((uint8_t *)y)[i] = (uint8_t)value;
    break;
  }
}

static bool is_float(slim_dtype type)
{
  return type == SLIM_FLOAT32 || type == SLIM_FLOAT16;
}

static void from_float(const slim_view *y, size_t i, double value)
{
  if (y->dtype == SLIM_BOOL) {
    write_int(y->host, i, SLIM_BOOL, value != 0.0);
  } else if (y->dtype == SLIM_INT64) {
    write_int(y->host, i, SLIM_INT64, to_int(value, (double)INT64_MIN, (double)INT64_MAX));
  } else if (y->dtype == SLIM_INT32) {
    write_int(y->host, i, SLIM_INT32, to_int(value, INT32_MIN, INT32_MAX));
  } else {
    write_int(y->host, i, y->dtype, to_int(value, 0, UINT8_MAX));
  }
}

static void convert(void *user, size_t begin, size_t end, int worker)
{
  const slim_cpu_step *step = user;
  const slim_view *x = &step->in[0], *y = &step->out[0];
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    if (!is_float(y->dtype) && !is_float(x->dtype)) {
      write_int(y->host, i, y->dtype, read_int(x->host, i, x->dtype));
      continue;
    }
    const double value = is_float(x->dtype) ? read_float(x->host, i, x->dtype) : (double)read_int(x->host, i, x->dtype);
    if (y->dtype == SLIM_FLOAT32) {
      ((float *)y->host)[i] = (float)value;
    } else {
      from_float(y, i, value);
    }
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  if (step->in[0].dtype == step->out[0].dtype) {
    view_copy(&step->out[0], &step->in[0]);
    return;
  }
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN, convert, step);
}

const slim_cpu_op CPU_OP(cast) = { .halves = 1u << 0, .run = run };
