#include "ops/ops.h"

static int64_t extent(int dim)
{
  return dim < 0 ? 1 : dim; /* an open batch counts as one sample */
}

static int64_t elements(const slim_tensor *tensor)
{
  int64_t product = 1;
  for (int i = 0; i < tensor->shape.rank; i++) {
    product *= extent(tensor->shape.dim[i]);
  }
  return product;
}

/* Each value of the convolution's result meets every weight of its channel. */
static int64_t conv2d_macs(const slim_tensor *result, const slim_tensor *weights)
{
  return elements(result) * (elements(weights) / extent(weights->shape.dim[weights->shape.rank - 1]));
}

/* Each value meets the weights of one kernel. */
static int64_t depthwise_macs(const slim_tensor *result, const slim_tensor *weights)
{
  return elements(result) * extent(weights->shape.dim[0]) * extent(weights->shape.dim[1]);
}

static int64_t matmul_macs(const slim_node *node)
{
  const slim_matmul_attr *attr = node->attr;
  const slim_shape *a = &node->inputs[0]->shape;
  return elements(&node->outputs[0]) * extent(a->dim[attr->transpose_a ? 0 : a->rank - 1]);
}

static int64_t macs_of(const slim_node *node)
{
  if (node->op == &slim_op_conv2d) {
    return conv2d_macs(&node->outputs[0], node->inputs[1]);
  }
  if (node->op == &slim_op_conv2d_input_gradient) {
    return conv2d_macs(node->inputs[0], node->inputs[1]);
  }
  if (node->op == &slim_op_conv2d_weights_gradient) {
    return conv2d_macs(node->inputs[0], node->inputs[2]);
  }
  if (node->op == &slim_op_depthwise_conv2d) {
    return depthwise_macs(&node->outputs[0], node->inputs[1]);
  }
  if (node->op == &slim_op_depthwise_conv2d_input_gradient) {
    return depthwise_macs(node->inputs[0], node->inputs[1]);
  }
  if (node->op == &slim_op_depthwise_conv2d_weights_gradient) {
    return depthwise_macs(node->inputs[0], node->inputs[2]);
  }
  return node->op == &slim_op_matmul ? matmul_macs(node) : 0;
}

size_t slim_graph_list(const slim_graph *graph, slim_op_info *infos, size_t capacity)
{
  if (!graph) {
    return 0;
  }
  for (size_t i = 0; i < graph->num_nodes && i < capacity; i++) {
    const slim_node *node = graph->nodes[i];
    infos[i] = (slim_op_info){ node->name, node->op->name, node->outputs[0].shape, macs_of(node) };
  }
  return graph->num_nodes;
}
