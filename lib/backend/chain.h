/* Elementwise chains: groups whose nodes all make an element of their result of one element of each input. A backend
 * takes an element through all nodes at once. */
#ifndef SLIM_BACKEND_CHAIN_H
#define SLIM_BACKEND_CHAIN_H

#include "backend/backend.h"

#define SLIM_CHAIN_INPUTS 8                                         /* of the group, at most */
#define SLIM_CHAIN_STAGES (SLIM_GROUP_MAX + SLIM_CHAIN_INPUTS - 1) /* at most: one a node, and one more a term of add_n */

/* A function of what the stage before made, at first of the group's input 0, and perhaps of another input. */
typedef struct slim_chain_stage {
  const slim_node *node; /* of add_n each term but one is a stage, which adds it */
  int other;             /* number of the group's input that it takes, -1: none */
  bool first;            /* is that its first operand? */
} slim_chain_stage;

static inline bool slim_chain_is_single(const slim_shape *shape)
{
  bool single = true;
  for (int i = 0; i < shape->rank && single; i++) {
    single = shape->dim[i] == 1;
  }
  return single;
}

/* Can the node be one of a chain? Its inputs have the result's shape, or one element. A sum of one term is no stage. */
static inline bool slim_chain_takes(const slim_node *node)
{
  bool takes = (node->op->flags & SLIM_OP_CHAIN) != 0 && (node->op != &slim_op_add_n || node->num_inputs > 1);
  for (int i = 0; i < node->num_inputs && takes; i++) {
    const slim_tensor *x = node->inputs[i];
    takes = x->dtype == SLIM_FLOAT32 &&
            (slim_shape_equal(&x->shape, &node->outputs[0].shape) || slim_chain_is_single(&x->shape));
  }
  return takes;
}

/* May the node go behind the group, so that both are a chain? group->chain of it is set. */
static inline bool slim_chain_fits(const slim_group *group, const slim_node *node)
{
  if (!slim_chain_takes(group->nodes[0]) || !slim_chain_takes(node)) {
    return false;
  }
  const slim_tensor *before = node->inputs[group->chain[group->count]];
  const int inputs = slim_group_inputs(group, group->count) + node->num_inputs - 1;
  return group->count < SLIM_GROUP_MAX && inputs <= SLIM_CHAIN_INPUTS &&
         slim_shape_equal(&before->shape, &node->outputs[0].shape);
}

/* Is the group a chain? */
static inline bool slim_chain_is(const slim_group *group)
{
  bool is = group->count > 1;
  for (int i = 0; i < group->count && is; i++) {
    is = slim_chain_takes(group->nodes[i]);
  }
  return is;
}

/* What a chain does, in order. @return how many stages */
static inline int slim_chain_stages(const slim_group *group, slim_chain_stage stages[SLIM_CHAIN_STAGES])
{
  int count = 0, input = 1;
  for (int i = 0; i < group->count; i++) {
    const slim_node *node = group->nodes[i];
    const int chain = i > 0 ? group->chain[i] : 0;
    for (int k = 1; k < node->num_inputs; k++) {
      stages[count++] = (slim_chain_stage){ node, input++, chain == 1 && node->num_inputs == 2 };
    }
    if (node->num_inputs == 1) {
      stages[count++] = (slim_chain_stage){ node, -1, false };
    }
  }
  return count;
}

#endif
