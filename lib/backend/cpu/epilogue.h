/* What matmul and conv2d do to their result on its way to memory: bias_add, then add, then activation. */
#ifndef SLIM_CPU_EPILOGUE_H
#define SLIM_CPU_EPILOGUE_H

#include "backend/cpu/tile.h"
#include "backend/epilogue.h"

/* Where a fused op stands in the order; 0: it cannot be fused. */
static inline int epilogue_rank(const slim_node *node)
{
  if (node->op == &slim_op_bias_add) {
    return ((const slim_bias_attr *)node->attr)->nchw ? 0 : 1;
  }
  if (node->op == &slim_op_binary) {
    const bool same = slim_shape_equal(&node->inputs[0]->shape, &node->inputs[1]->shape);
    return same && ((const slim_binary_attr *)node->attr)->kind == SLIM_BINARY_ADD ? 2 : 0;
  }
  return node->op == &slim_op_activation ? 3 : 0;
}

static inline bool epilogue_fits(const slim_group *group, const slim_node *node)
{
  const slim_node *last = group->nodes[group->count - 1];
  const int before = group->count > 1 ? epilogue_rank(last) : 0;
  return epilogue_rank(node) > before;
}

/* What nodes [begin, end) of a group do to a result; their inputs stand from number inputs on. */
static inline tile_epilogue epilogue_between(const slim_cpu_step *step, int begin, int end, int inputs)
{
  const slim_epilogue e = slim_epilogue_between(&step->group, begin, end, inputs);
  return (tile_epilogue){ .bias = e.bias ? step->in[e.bias].host : NULL,
                          .residual = e.residual ? step->in[e.residual].host : NULL,
                          .activation = e.activation };
}

/* The epilogue of a group whose first node has inputs inputs. */
static inline tile_epilogue epilogue_of(const slim_cpu_step *step, int inputs)
{
  return epilogue_between(step, 1, step->group.count, inputs);
}

#endif
