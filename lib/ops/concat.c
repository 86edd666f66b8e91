/* Tensors one after the other along an axis. */
#include "ops/rule.h"

/* Input i agrees with the result so far in all axes but axis, whose sizes add up. */
static bool append(slim_inference *q, int i, int axis)
{
  slim_shape *out = &q->out[0];
  const slim_shape *x = &q->in[i];
  bool fits = x->rank == out->rank && q->in_type[i] == q->in_type[0];
  for (int k = 0; fits && k < out->rank; k++) {
    if (k != axis) {
      fits = slim_rule_dims_agree(out->dim[k], x->dim[k]);
      out->dim[k] = slim_rule_dim(out->dim[k], x->dim[k]);
    }
  }
  if (!fits) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "input %d, %s %s, does not continue %s %s along axis %d", i,
                          slim_dtype_name(q->in_type[i]), slim_shape_words(x).text, slim_dtype_name(q->in_type[0]),
                          slim_shape_words(&q->in[0]).text, axis);
  }
  if (out->dim[axis] != -1 && x->dim[axis] > INT32_MAX - out->dim[axis]) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "the result is longer than %d along axis %d", INT32_MAX, axis);
  }
  out->dim[axis] = out->dim[axis] == -1 || x->dim[axis] == -1 ? -1 : out->dim[axis] + x->dim[axis];
  return true;
}

static bool infer(slim_inference *q)
{
  const slim_concat_attr *attr = q->attr;
  q->out[0] = q->in[0];
  if (!slim_rule_axis(q, attr->axis, q->in[0].rank)) {
    return false;
  }
  for (int i = 1; i < q->inputs; i++) {
    if (!append(q, i, attr->axis)) {
      return false;
    }
  }
  return true;
}

/* Each input's part of dy: a slice like the input, behind the inputs before it. */
static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_concat_attr *attr = node->attr;
  const slim_slice_attr slice = { .rank = dy[0]->shape.rank, .axis = attr->axis };
  slim_tensor **inputs = slim_arena_array(node->graph->arena, (size_t)node->num_inputs + 1, sizeof(slim_tensor *));
  if (!inputs) {
    (void)slim_graph_fail(node->graph, SLIM_ERR_MEMORY, "concat '%s': out of memory", node->name);
    return;
  }
  inputs[0] = dy[0];
  for (int i = 0; i < node->num_inputs; i++) {
    inputs[1] = node->inputs[i];
    dx[i] = slim_op_add(inputs, i + 2, &slim_op_slice, "Slice", &slice);
    inputs[i + 2 > node->num_inputs ? 1 : i + 2] = node->inputs[i];
  }
}

const slim_op slim_op_concat = { .name = "concat",
                                 .min_inputs = 1,
                                 .max_inputs = -1,
                                 .outputs = 1,
                                 .attr_size = sizeof(slim_concat_attr),
                                 .infer = infer,
                                 .gradient = gradient };
