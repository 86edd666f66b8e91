/* Two-dimensional convolution and its gradients. */
#include "ops/rule.h"

static int64_t outputs_of(const slim_shape *weights)
{
  return weights->dim[3];
}

static bool infer(slim_inference *q)
{
  return slim_rule_convolution(q, outputs_of);
}

static bool infer_input_gradient(slim_inference *q)
{
  slim_shape in[3] = { q->in[0], q->in[1] };
  slim_inference with_size = *q;
  if (q->inputs == 2) {
    if (!slim_rule_transposed(q, &in[2])) {
      return false;
    }
    with_size.in = in;
  }
  q->out[0] = with_size.in[2];
  return slim_rule_convolution_gradient(&with_size, 2, 1, outputs_of);
}

static bool infer_weights_gradient(slim_inference *q)
{
  q->out[0] = q->in[2];
  return slim_rule_convolution_gradient(q, 1, 2, outputs_of);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  slim_tensor *x = node->inputs[0], *weights = node->inputs[1];
  slim_tensor *for_input[] = { dy[0], weights, x };
  slim_tensor *for_weights[] = { dy[0], x, weights };
  dx[0] = slim_op_add(for_input, 3, &slim_op_conv2d_input_gradient, "Conv2DBackpropInput", node->attr);
  dx[1] = slim_op_add(for_weights, 3, &slim_op_conv2d_weights_gradient, "Conv2DBackpropFilter", node->attr);
}

static void gradient_of_input_gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  slim_tensor *x = node->inputs[0], *weights = node->inputs[1];
  slim_tensor *for_input[] = { dy[0], weights };
  slim_tensor *for_weights[] = { x, dy[0], weights };
  dx[0] = slim_op_add(for_input, 2, &slim_op_conv2d, "Conv2D", node->attr);
  dx[1] = slim_op_add(for_weights, 3, &slim_op_conv2d_weights_gradient, "Conv2DBackpropFilter", node->attr);
}

const slim_op slim_op_conv2d = { .name = "conv2d",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .outputs = 1,
                                 .attr_size = sizeof(slim_conv2d_attr),
                                 .flags = SLIM_OP_LINEAR,
                                 .infer = infer,
                                 .gradient = gradient };
const slim_op slim_op_conv2d_input_gradient = { .name = "conv2d_input_gradient",
                                                .min_inputs = 2,
                                                .max_inputs = 3,
                                                .outputs = 1,
                                                .attr_size = sizeof(slim_conv2d_attr),
                                                .shape_only = 1u << 2,
                                                .infer = infer_input_gradient,
                                                .gradient = gradient_of_input_gradient };
const slim_op slim_op_conv2d_weights_gradient = { .name = "conv2d_weights_gradient",
                                                  .min_inputs = 3,
                                                  .max_inputs = 3,
                                                  .outputs = 1,
                                                  .attr_size = sizeof(slim_conv2d_attr),
                                                  .shape_only = 1u << 2,
                                                  .infer = infer_weights_gradient };
