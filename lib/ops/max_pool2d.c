/* Max pooling; its second output says where each maximum was. */
#include "ops/pool.h"

static bool infer(slim_inference *q)
{
  if (!slim_rule_rank(q, 0, "input", 4) || !slim_rule_float(q, 0, "input") ||
      !slim_rule_pool(q, &q->in[0], &q->out[0])) {
    return false;
  }
  q->out[1] = q->out[0];
  q->out_type[1] = SLIM_INT32;
  return true;
}

static bool infer_gradient(slim_inference *q)
{
  return slim_rule_like(q, 0, "gradient", 1, "indices") && slim_rule_pool_gradient(q, 2);
}

/* Windows of one pixel need no indices: their maxima are their averages. */
static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_pool2d_attr *attr = node->attr;
  slim_tensor *by_indices[] = { dy[0], &node->outputs[1], node->inputs[0] }, *by_pixels[] = { dy[0], node->inputs[0] };
  if (dy[0] && attr->kernel.h * attr->kernel.w == 1) {
    dx[0] = slim_op_add(by_pixels, 2, &slim_op_avg_pool2d_gradient, "MaxPoolGrad", attr);
  } else if (dy[0]) {
    dx[0] = slim_op_add(by_indices, 3, &slim_op_max_pool2d_gradient, "MaxPoolGrad", attr);
  }
}

const slim_op slim_op_max_pool2d = { .name = "max_pool2d",
                                     .min_inputs = 1,
                                     .max_inputs = 1,
                                     .outputs = 2,
                                     .flags = SLIM_OP_EPILOGUE,
                                     .attr_size = sizeof(slim_pool2d_attr),
                                     .infer = infer,
                                     .gradient = gradient };
const slim_op slim_op_max_pool2d_gradient = { .name = "max_pool2d_gradient",
                                              .min_inputs = 3,
                                              .max_inputs = 3,
                                              .outputs = 1,
                                              .attr_size = sizeof(slim_pool2d_attr),
                                              .shape_only = 1u << 2,
                                              .infer = infer_gradient };
