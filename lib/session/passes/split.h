/* What the rules share that run a node part by part. */
#ifndef SLIM_SESSION_SPLIT_H
#define SLIM_SESSION_SPLIT_H

#include "session/plan.h"

typedef struct slim_split {
  slim_plan *plan;
  const slim_node *node; /* whose place others take */
  slim_node **order;     /* the new one */
  size_t num_order, room;
  bool failed; /* no memory */
} slim_split;

/* Adds a node to the order that does op. shape: of its result, which is the plan's own; NULL: it gives the node's
 * result.
 * @return the result; without memory some tensor. */
slim_tensor *slim_split_emit(slim_split *split, const slim_op *op, const void *attr, slim_tensor *const *inputs,
                             int count, const slim_shape *shape);
/* A tensor that only gives its shape. */
slim_tensor *slim_split_shape(slim_split *split, const slim_shape *shape);
/* Rows begin and so many of the axis. */
slim_tensor *slim_split_slice(slim_split *split, slim_tensor *x, int axis, int begin, int rows);
const slim_shape *slim_split_shape_of(const slim_split *split, const slim_tensor *tensor);
/* The parts of a tensor, NULL if it is in one piece. */
slim_tensor **slim_split_parts(const slim_split *split, const slim_tensor *tensor, int *count);
/* Room for the parts of the node's result. NULL: no memory. */
slim_tensor **slim_split_result(slim_split *split, int count);

/* The rules: false when there is none for such a node. */
bool slim_split_conv2d(slim_split *split);
bool slim_split_conv2d_input_gradient(slim_split *split);
bool slim_split_conv2d_weights_gradient(slim_split *split);
bool slim_split_matmul(slim_split *split);

#endif
