/* What the backends' convolutions and matrix products do to their results: bias_add, then add, then activation; behind
 * 3x3 convolutions max_pool2d may come last. */
#ifndef SLIM_BACKEND_EPILOGUE_H
#define SLIM_BACKEND_EPILOGUE_H

#include "backend/backend.h"

/* Numbers of the group's inputs, 0: none. */
typedef struct slim_epilogue {
  int bias, residual;
  slim_activation_kind activation;
} slim_epilogue;

/* What nodes [begin, end) of a group do to a result; their inputs stand from number inputs on. */
static inline slim_epilogue slim_epilogue_between(const slim_group *group, int begin, int end, int inputs)
{
  slim_epilogue e = { 0 };
  for (int i = begin; i < end; i++) {
    const slim_node *node = group->nodes[i];
    if (node->op == &slim_op_bias_add) {
      e.bias = inputs++;
    } else if (node->op == &slim_op_binary) {
      e.residual = inputs++;
    } else if (node->op == &slim_op_activation) {
      e.activation = ((const slim_activation_attr *)node->attr)->kind;
    }
  }
  return e;
}

/* The input that a group whose first node has inputs inputs adds to its result; 0: none. */
static inline int slim_epilogue_residual(const slim_group *group, int inputs)
{
  return slim_epilogue_between(group, 1, group->count, inputs).residual;
}

#endif
