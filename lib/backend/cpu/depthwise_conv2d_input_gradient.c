#include "backend/cpu/depthwise.h"

static depthwise sums_of(const slim_cpu_step *step)
{
  depthwise d = depthwise_of(step->attr, &step->out[0].shape, &step->in[1].shape, &step->in[0].shape);
  d.transposed = true;
  return d;
}

static size_t workspace(const slim_cpu_step *step)
{
  const depthwise d = sums_of(step);
  return (CPU_OP(depthwise_scratch)(step, &d) + depthwise_x_floats(&d) + depthwise_y_floats(&d)) * sizeof(float);
}

static double flops(const slim_cpu_step *step)
{
  const depthwise d = sums_of(step);
  return depthwise_flops(&d);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const depthwise d = sums_of(step);
  depthwise_operands o = { .in = step->in[0].host, .weights = step->in[1].host, .scratch = step->workspace };
  float *spread = (float *)step->workspace + CPU_OP(depthwise_scratch)(step, &d), *dx = step->out[0].host;
  (void)run_info;
  if (depthwise_y_floats(&d) > 0) {
    CPU_OP(depthwise_spread)(step, &d.y, 1, o.in, spread);
    o.in = spread;
  }
  if (depthwise_x_floats(&d) > 0) {
    dx = spread + depthwise_y_floats(&d);
  }
  CPU_OP(depthwise_run)(step, &d, &o, dx);
  if (dx != step->out[0].host) {
    CPU_OP(depthwise_gather)(step, &d.x, d.multiplier, dx, step->out[0].host);
  }
}

const slim_cpu_op CPU_OP(depthwise_conv2d_input_gradient) = { .flops = flops, .workspace = workspace, .run = run };
