/* A separable convolution as one group: a depthwise one, perhaps its bias and clamp, then a 1x1 convolution, which can
 * multiply the sums as they are made, and how that ends. */
#ifndef SLIM_BACKEND_SEPARABLE_H
#define SLIM_BACKEND_SEPARABLE_H

#include "backend/backend.h"

#define SLIM_SEPARABLE_PIXELS 112 /* of an image, at least: with fewer, too few tasks would each read all weights */

/* Number of the group's node that is the 1x1 convolution; 0: there is none. */
static inline int slim_separable_node(const slim_group *group)
{
  for (int i = 1; i < group->count; i++) {
    if (group->nodes[i]->op == &slim_op_conv2d) {
      return i;
    }
  }
  return 0;
}

/* Of the step's inputs, the weights of the 1x1 convolution: they come behind those of the nodes before. */
static inline int slim_separable_input(const slim_group *group)
{
  return slim_group_inputs(group, slim_separable_node(group));
}

/* Can the sums do on their way what the node does to them? */
static inline bool slim_separable_keeps_up(const slim_node *node)
{
  return node->op == &slim_op_bias_add || (node->op == &slim_op_activation &&
                                           ((const slim_activation_attr *)node->attr)->kind <= SLIM_ACTIVATION_RELU6);
}

/* Is the node a 1x1 convolution over the result of the group, which begins with a depthwise one, and the first? */
static inline bool slim_separable_fits(const slim_group *group, const slim_node *node)
{
  if (node->op != &slim_op_conv2d) {
    return false;
  }
  const slim_conv2d_attr *attr = node->attr;
  const slim_shape *x = &node->inputs[0]->shape, *weights = &node->inputs[1]->shape;
  const bool product = node->num_inputs == 2 && group->chain[group->count] == 0 && !attr->nchw &&
                       weights->dim[0] == 1 && weights->dim[1] == 1 && attr->stride.h == 1 && attr->stride.w == 1;
  bool alone = true;
  for (int i = 1; i < group->count; i++) {
    alone = alone && slim_separable_keeps_up(group->nodes[i]);
  }
  return product && alone && (int64_t)x->dim[1] * x->dim[2] >= SLIM_SEPARABLE_PIXELS;
}

#endif
