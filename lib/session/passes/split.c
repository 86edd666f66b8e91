/*
 * Variables larger than the device's largest buffer lie in parts, pieces along their first dimension, and so do their
 * gradients and slots. What reads or makes them is put into smaller nodes, one for each part.
 */
#include "session/passes/split.h"

#include "ops/ops.h"

/* --- what rules are made of --------------------------------------------------------------------------------------- */

const slim_shape *slim_split_shape_of(const slim_emitter *s, const slim_tensor *tensor)
{
  return &s->plan->tensors[tensor->id].shape;
}

slim_tensor **slim_split_parts(const slim_emitter *s, const slim_tensor *tensor, int *count)
{
  const slim_plan_tensor *t = &s->plan->tensors[tensor->id];
  *count = t->num_parts;
  return t->num_parts > 0 ? t->parts : NULL;
}

slim_tensor **slim_split_result(slim_emitter *s, int count)
{
  slim_plan_tensor *t = &s->plan->tensors[s->node->outputs[0].id];
  t->parts = slim_arena_array(s->plan->arena, (size_t)count, sizeof(slim_tensor *));
  t->num_parts = t->parts ? count : 0;
  s->failed |= !t->parts;
  return t->parts;
}

slim_tensor *slim_split_slice(slim_emitter *s, slim_tensor *x, int axis, int begin, int rows)
{
  slim_shape shape = *slim_split_shape_of(s, x);
  slim_slice_attr attr = { .rank = shape.rank };
  shape.dim[axis] = rows;
  attr.begin[axis] = begin;
  for (int i = 0; i < shape.rank; i++) {
    attr.size[i] = shape.dim[i];
  }
  return slim_emit(s, &slim_op_slice, &attr, &x, 1, &shape);
}

/* --- rules for ops that go element by element --------------------------------------------------------------------- */

/* Inputs of the whole shape in parts, others that every part reads as they are. *count: of the parts; false: otherwise.
 */
static bool in_like_parts(const slim_emitter *s, int *count)
{
  const slim_shape *whole = NULL;
  for (int k = 0; k < s->node->num_inputs; k++) {
    const slim_shape *shape = slim_split_shape_of(s, s->node->inputs[k]);
    int parts = 0;
    if (!slim_split_parts(s, s->node->inputs[k], &parts)) {
      continue;
    }
    if (whole && !slim_shape_equal(whole, shape)) {
      return false;
    }
    whole = shape;
    *count = parts;
  }
  for (int k = 0; k < s->node->num_inputs && whole; k++) {
    const slim_shape *shape = slim_split_shape_of(s, s->node->inputs[k]);
    if (!slim_shape_equal(whole, shape) && shape->rank >= whole->rank && slim_shape_elements(shape) > 1) {
      return false;
    }
  }
  return whole != NULL;
}

static bool split_elements(slim_emitter *s)
{
  const slim_node *node = s->node;
  const slim_shape whole = *slim_split_shape_of(s, node->outputs);
  int count = 0, begin = 0;
  if (!in_like_parts(s, &count)) {
    return false;
  }
  slim_tensor **inputs = slim_arena_array(s->plan->arena, (size_t)node->num_inputs, sizeof(slim_tensor *));
  slim_tensor **result = inputs ? slim_split_result(s, count) : NULL;
  s->failed |= !result;
  for (int p = 0; p < count && result; p++) {
    for (int k = 0; k < node->num_inputs; k++) {
      int parts = 0;
      slim_tensor **list = slim_split_parts(s, node->inputs[k], &parts);
      inputs[k] = list ? list[p] : node->inputs[k];
    }
    const slim_shape shape = slim_part_shape(&whole, count, p, &begin);
    result[p] = slim_emit(s, node->op, node->attr, inputs, node->num_inputs, &shape);
  }
  return true;
}

static bool repeats_scalar(const slim_emitter *s)
{
  return !((const slim_broadcast_attr *)s->node->attr)->mean &&
         slim_shape_elements(slim_split_shape_of(s, s->node->inputs[0])) == 1;
}

/* A sum over all is the sum of the parts'. */
static bool split_reduce(slim_emitter *s)
{
  const slim_reduce_attr *attr = s->node->attr;
  const slim_shape *shape = slim_split_shape_of(s, s->node->outputs);
  int count = 0;
  slim_tensor **parts = slim_split_parts(s, s->node->inputs[0], &count);
  slim_tensor **sums = slim_arena_array(s->plan->arena, (size_t)count, sizeof(slim_tensor *));
  if (shape->rank > 0 || (attr->kind != SLIM_REDUCE_SUM && attr->kind != SLIM_REDUCE_HALF_SQUARES)) {
    return false;
  }
  s->failed |= !sums;
  for (int p = 0; p < count && sums; p++) {
    sums[p] = slim_emit(s, &slim_op_reduce, attr, &parts[p], 1, shape);
  }
  if (sums) {
    (void)slim_emit(s, &slim_op_add_n, NULL, sums, count, NULL);
  }
  return true;
}

/* One optimizer's node with a group of inputs for each part of its variables. */
static bool split_apply(slim_emitter *s)
{
  const slim_node *node = s->node;
  slim_apply_attr attr = *(const slim_apply_attr *)node->attr;
  const int hyper = slim_apply_hyper(node->op), group = (node->num_inputs - hyper) / attr.variables;
  int groups = 0, parts = 0, at = hyper;
  for (int i = 0; i < attr.variables; i++) {
    groups += slim_split_parts(s, node->inputs[hyper + i * group], &parts) ? parts : 1;
  }
  slim_tensor **inputs = slim_arena_array(s->plan->arena, (size_t)(hyper + groups * group), sizeof(slim_tensor *));
  float *decay = slim_arena_array(s->plan->arena, (size_t)groups, sizeof *decay);
  s->failed |= !inputs || !decay;
  for (int k = 0; k < hyper && !s->failed; k++) {
    inputs[k] = node->inputs[k];
  }
  for (int i = 0; i < attr.variables && !s->failed; i++) {
    slim_tensor *const *whole = &node->inputs[hyper + i * group];
    const int count = slim_split_parts(s, whole[0], &parts) ? parts : 1;
    for (int p = 0; p < count; p++, at += group) {
      decay[(at - hyper) / group] = attr.decay_of ? attr.decay_of[i] : 0.0f;
      for (int k = 0; k < group; k++) {
        slim_tensor **list = slim_split_parts(s, whole[k], &parts);
        inputs[at + k] = list ? list[p] : whole[k];
      }
    }
  }
  attr.variables = groups;
  attr.decay_of = decay;
  if (!s->failed) {
    (void)slim_emit(s, node->op, &attr, inputs, at, NULL);
  }
  return true;
}

/* --- the pass ----------------------------------------------------------------------------------------------------- */

static bool split_node(slim_emitter *s)
{
  const slim_op *op = s->node->op;
  if (slim_apply_hyper(op) > 0) {
    return split_apply(s);
  }
  switch (slim_op_id_of(op)) {
  case SLIM_OP_ID_conv2d:
    return slim_split_conv2d(s);
  case SLIM_OP_ID_conv2d_input_gradient:
    return slim_split_conv2d_input_gradient(s);
  case SLIM_OP_ID_conv2d_weights_gradient:
    return slim_split_conv2d_weights_gradient(s);
  case SLIM_OP_ID_matmul:
    return slim_split_matmul(s);
  case SLIM_OP_ID_reduce:
    return split_reduce(s);
  case SLIM_OP_ID_unary:
  case SLIM_OP_ID_binary:
  case SLIM_OP_ID_add_n:
  case SLIM_OP_ID_assign:
  case SLIM_OP_ID_assign_moving_average:
    return split_elements(s);
  case SLIM_OP_ID_broadcast_like:
    return repeats_scalar(s) && split_elements(s);
  default:
    return false;
  }
}

/* Has the node to do with a tensor in parts? Of a product, also if it gives weights' gradient. */
static bool concerned(const slim_emitter *s)
{
  const slim_node *node = s->node;
  int parts = 0;
  bool yes = false;
  for (int k = 0; k < node->num_inputs && !yes; k++) {
    yes = slim_split_parts(s, node->inputs[k], &parts) != NULL;
  }
  const slim_plan_tensor *y = &s->plan->tensors[node->outputs[0].id];
  return yes || (node->op == &slim_op_matmul && ((const slim_matmul_attr *)node->attr)->transpose_a &&
                 slim_parts_of(&y->shape, y->dtype, s->plan->device->info.max_allocation) > 0);
}

static slim_status no_rule(slim_emitter *s)
{
  size_t most = 0;
  for (int k = 0; k < s->node->num_inputs; k++) {
    const size_t bytes = s->plan->tensors[s->node->inputs[k]->id].bytes;
    most = bytes > most ? bytes : most;
  }
  return slim_error_set(&s->plan->error, SLIM_ERR_UNSUPPORTED,
                        "%s '%s': cannot run in parts, and with %zu bytes a tensor of it does not fit into one buffer, "
                        "for which the device allows %zu",
                        s->node->op->name, s->node->name, most, s->plan->device->info.max_allocation);
}

/* Sources of the plan's own for the parts of a variable, none of which runs. */
static void variable_parts(slim_emitter *s, const slim_node *variable)
{
  slim_value *value = slim_values_find(s->plan->values, variable->variable->full_name);
  if (!value || value->num_parts == 0) {
    return;
  }
  s->node = variable;
  slim_tensor **parts = slim_split_result(s, value->num_parts);
  for (int k = 0; k < value->num_parts && parts; k++) {
    parts[k] = slim_emit_shape(s, &value->parts[k].view.shape);
    slim_plan_tensor *part = &s->plan->tensors[parts[k]->id];
    part->value = &value->parts[k];
    part->dtype = value->parts[k].view.dtype;
    part->bytes = value->parts[k].bytes;
    part->written = s->plan->tensors[variable->outputs[0].id].written;
  }
}

static slim_status split_all(slim_emitter *s)
{
  slim_plan *plan = s->plan;
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < plan->num_order && status == SLIM_OK && !s->failed; i++) {
    s->node = plan->order[i];
    if (!concerned(s)) {
      slim_emit_node(s, plan->order[i]);
      continue;
    }
    status = split_node(s) ? SLIM_OK : no_rule(s);
    slim_emit_without(s);
  }
  return status;
}

slim_status slim_pass_split(slim_plan *plan)
{
  slim_emitter s = { .plan = plan };
  const size_t before = plan->num_tensors;
  for (size_t i = 0; i < plan->program->num_variables && !s.failed; i++) {
    variable_parts(&s, plan->program->variables[i]);
  }
  if (plan->num_tensors == before && !s.failed) {
    return SLIM_OK;
  }
  const slim_status status = s.failed ? SLIM_OK : split_all(&s);
  return status == SLIM_OK ? slim_emit_end(&s) : status;
}
