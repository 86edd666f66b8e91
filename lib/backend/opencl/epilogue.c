#include "backend/opencl/epilogue.h"

#include "backend/epilogue.h"
#include "backend/opencl/conv2d.h"
#include "backend/opencl/separable_conv2d.h"
#include "backend/separable.h"

enum stage { NOT_FUSED, BIAS, RESIDUAL, ACTIVATION, POOL };

/* Where a node stands in the chain bias_add, add, activation, max_pool2d. */
static enum stage stage_of(const slim_node *node)
{
  switch (slim_op_id_of(node->op)) {
  case SLIM_OP_ID_bias_add:
    return BIAS;
  case SLIM_OP_ID_binary:
    return ((const slim_binary_attr *)node->attr)->kind == SLIM_BINARY_ADD ? RESIDUAL : NOT_FUSED;
  case SLIM_OP_ID_activation:
    return ACTIVATION;
  case SLIM_OP_ID_max_pool2d:
    return POOL;
  default:
    return NOT_FUSED;
  }
}

static bool is_nchw(const slim_node *heavy)
{
  return slim_op_id_of(heavy->op) != SLIM_OP_ID_matmul && ((const slim_conv2d_attr *)heavy->attr)->nchw != 0;
}

/* A bias must lie along the channels that the heavy op makes. */
static bool bias_fits(const slim_node *heavy, const slim_node *bias)
{
  return slim_op_id_of(heavy->op) != SLIM_OP_ID_batch_norm && (((const slim_bias_attr *)bias->attr)->nchw != 0) == is_nchw(heavy);
}

static bool is_heavy(const slim_node *node)
{
  const int id = slim_op_id_of(node->op);
  return id == SLIM_OP_ID_conv2d || id == SLIM_OP_ID_depthwise_conv2d || id == SLIM_OP_ID_matmul ||
         id == SLIM_OP_ID_batch_norm;
}

/* A residual lies as the result does. */
static bool residual_fits(const slim_node *heavy, const slim_node *add)
{
  return slim_op_id_of(heavy->op) != SLIM_OP_ID_matmul &&
         slim_shape_equal(&add->inputs[0]->shape, &add->inputs[1]->shape);
}

/* Batch norm ends with clamps alone. */
static bool activation_fits(const slim_node *heavy, const slim_node *activation)
{
  return slim_op_id_of(heavy->op) != SLIM_OP_ID_batch_norm ||
         ((const slim_activation_attr *)activation->attr)->kind <= SLIM_ACTIVATION_RELU6;
}

static bool stage_fits(const slim_device *device, const slim_group *group, const slim_node *node, enum stage stage)
{
  const slim_node *heavy = group->nodes[slim_separable_node(group)];
  switch (stage) {
  case BIAS:
    return bias_fits(heavy, node);
  case RESIDUAL:
    return residual_fits(heavy, node);
  case ACTIVATION:
    return activation_fits(heavy, node);
  default:
    return slim_cl_conv2d_pools(device, group, node);
  }
}

bool slim_cl_epilogue_can_fuse(const slim_device *device, const slim_group *group, const slim_node *node)
{
  const enum stage stage = stage_of(node), before = stage_of(group->nodes[group->count - 1]);
  if (!is_heavy(group->nodes[0]) || group->count >= SLIM_GROUP_MAX) {
    return false;
  }
  return stage <= before ? slim_cl_separable_fits(device, group, node) : stage_fits(device, group, node, stage);
}

bool slim_cl_epilogue_fits(const slim_device *device, const slim_group *group)
{
  slim_group head = { .count = 1, .nodes = { group->nodes[0] } };
  bool fits = true;
  while (head.count < group->count && fits) {
    const slim_node *node = group->nodes[head.count];
    fits = (group->chain[head.count] == 0 || stage_of(node) == RESIDUAL) &&
           slim_cl_epilogue_can_fuse(device, &head, node);
    head.nodes[head.count++] = node;
  }
  return fits;
}

slim_cl_epilogue slim_cl_epilogue_between(const slim_cl_build *build, int begin, int end, int inputs)
{
  static const slim_view none = { 0 };
  const slim_epilogue e = slim_epilogue_between(build->group, begin, end, inputs);
  return (slim_cl_epilogue){ .bias = e.bias ? &build->in[e.bias] : &none,
                             .residual = e.residual ? &build->in[e.residual] : &none,
                             .params = { .has_bias = e.bias != 0,
                                         .has_residual = e.residual != 0,
                                         .activation = (int)e.activation } };
}

slim_cl_epilogue slim_cl_epilogue_of(const slim_cl_build *build, int heavy_inputs)
{
  return slim_cl_epilogue_between(build, 1, build->group->count, heavy_inputs);
}
