#include "backend/cpu/depthwise.h"

static depthwise sums_of(const slim_cpu_step *step)
{
  return depthwise_of(step->attr, &step->in[0].shape, &step->in[1].shape, &step->out[0].shape);
}

/* Floats that halves become in every run: they are few. */
static size_t weights_floats(const slim_cpu_step *step)
{
  return halves_of(&step->in[1]) ? whole_lines(elements_of(&step->in[1])) : 0;
}

static size_t workspace(const slim_cpu_step *step)
{
  const depthwise d = sums_of(step);
  const size_t images = depthwise_x_floats(&d) + depthwise_y_floats(&d);
  return (CPU_OP(depthwise_scratch)(step, &d) + images + weights_floats(step)) * sizeof(float);
}

static double flops(const slim_cpu_step *step)
{
  const depthwise d = sums_of(step);
  return depthwise_flops(&d);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const depthwise d = sums_of(step);
  const tile_epilogue epilogue = epilogue_of(step, 2);
  const float *x = step->in[0].host, *weights = step->in[1].host;
  float *own = (float *)step->workspace + CPU_OP(depthwise_scratch)(step, &d), *y = step->out[0].host;
  float *spread = own + weights_floats(step);
  (void)run_info;
  if (weights_floats(step) > 0) {
    slim_halves_to_floats(own, halves_of(&step->in[1]), elements_of(&step->in[1]));
    weights = own;
  }
  if (depthwise_x_floats(&d) > 0) {
    CPU_OP(depthwise_spread)(step, &d.x, d.multiplier, x, spread);
    x = spread;
  }
  if (depthwise_y_floats(&d) > 0) {
    y = spread + depthwise_x_floats(&d);
  }
  CPU_OP(depthwise_run)(step, &d, x, weights, y, &epilogue, step->workspace);
  if (y != step->out[0].host) {
    CPU_OP(depthwise_gather)(step, &d.y, 1, y, step->out[0].host);
  }
}

static bool can_fuse(const slim_group *group, const slim_node *node)
{
  const bool clamps =
      node->op != &slim_op_activation || ((const slim_activation_attr *)node->attr)->kind <= SLIM_ACTIVATION_RELU6;
  return !((const slim_conv2d_attr *)group->nodes[0]->attr)->nchw && clamps && epilogue_fits(group, node);
}

const slim_cpu_op
    CPU_OP(depthwise_conv2d) = { .halves = 1u << 1, .can_fuse = can_fuse, .flops = flops, .workspace = workspace, .run = run };
