#include "session/passes/emit.h"

#include "session/passes/rewrite.h"

#include <string.h>

/* Gives node a result of the plan's own, like that of the node in whose place it is. */
static bool own_result(slim_emitter *e, slim_node *node, const slim_shape *shape)
{
  slim_plan *plan = e->plan;
  slim_tensor *tensor = slim_arena_copy(plan->arena, e->node->outputs, sizeof *tensor);
  if (!tensor || !slim_plan_reserve(plan, 1, 1)) {
    return false;
  }
  node->id = (int)plan->num_nodes++;
  node->outputs = tensor;
  tensor->node = node;
  tensor->id = (int)plan->num_tensors++;
  tensor->shape = *shape;
  plan->tensors[tensor->id] = (slim_plan_tensor){ .tensor = tensor,
                                                  .shape = *shape,
                                                  .dtype = tensor->dtype,
                                                  .bytes = slim_shape_elements(shape) * slim_dtype_size(tensor->dtype),
                                                  .root = tensor->id,
                                                  .slot = { -1, -1 } };
  return true;
}

void slim_emit_node(slim_emitter *e, slim_node *node)
{
  if (e->num_order == e->room) {
    slim_node **grown = slim_arena_array(e->plan->arena, 2 * e->room + 64, sizeof(slim_node *));
    if (!grown) {
      e->failed = true;
      return;
    }
    if (e->num_order > 0) {
      memcpy(grown, e->order, e->num_order * sizeof(slim_node *));
    }
    e->order = grown;
    e->room = 2 * e->room + 64;
  }
  e->order[e->num_order++] = node;
}

/* A node in no order. NULL: no memory. */
static slim_node *node_make(slim_emitter *e, const slim_op *op, const void *attr, int inputs, const slim_shape *shape)
{
  slim_node *node = e->failed ? NULL : slim_rewrite_node(e->plan, e->node, op, inputs);
  const void *copy = node && attr ? slim_arena_copy(e->plan->arena, attr, op->attr_size) : NULL;
  if (!node || (attr && !copy) || (shape && !own_result(e, node, shape))) {
    e->failed = true;
    return NULL;
  }
  node->attr = copy;
  return node;
}

slim_tensor *slim_emit_shape(slim_emitter *e, const slim_shape *shape)
{
  slim_node *node = node_make(e, e->node->op, NULL, 0, shape);
  return node ? node->outputs : e->node->outputs;
}

slim_tensor *slim_emit(slim_emitter *e, const slim_op *op, const void *attr, slim_tensor *const *inputs, int count,
                       const slim_shape *shape)
{
  slim_node *node = node_make(e, op, attr, count, shape);
  for (int k = 0; k < count && node; k++) {
    node->inputs[k] = inputs[k];
    e->plan->tensors[inputs[k]->id].readers += slim_node_reads(node, k);
  }
  if (node) {
    slim_emit_node(e, node);
  }
  return node ? node->outputs : e->node->outputs;
}

void slim_emit_without(slim_emitter *e)
{
  for (int k = 0; k < e->node->num_inputs; k++) {
    e->plan->tensors[e->node->inputs[k]->id].readers -= slim_node_reads(e->node, k);
  }
}

slim_status slim_emit_end(const slim_emitter *e)
{
  e->plan->order = e->order;
  e->plan->num_order = e->num_order;
  return e->failed ? slim_plan_no_memory(e->plan) : SLIM_OK;
}
