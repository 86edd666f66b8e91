/* Shape rules again, with the batch bound. */
#include "base/size.h"
#include "session/plan.h"

static slim_status bind_failed(slim_plan *plan, const slim_node *node, slim_status status, const char *text)
{
  return slim_error_set(&plan->error, status, "%s '%s' with batch %d: %s", node->op->name, node->name, plan->batch,
                        text);
}

static slim_status set_tensor(slim_plan *plan, const slim_tensor *tensor, slim_shape shape, slim_dtype dtype)
{
  slim_plan_tensor *t = &plan->tensors[tensor->id];
  t->tensor = tensor;
  t->shape = shape;
  t->dtype = dtype;
  t->root = tensor->id;
  t->slot[SLIM_ON_DEVICE] = t->slot[SLIM_ON_HOST] = -1;
  if (!slim_size_mul(slim_shape_elements(&shape), slim_dtype_size(dtype), &t->bytes) || t->bytes == 0) {
    char text[96];
    slim_shape_format(&shape, text, sizeof text);
    return slim_error_set(&plan->error, SLIM_ERR_SHAPE, "%s '%s' with batch %d: no tensor can have shape %s",
                          tensor->node->op->name, tensor->node->name, plan->batch, text);
  }
  return SLIM_OK;
}

static slim_status bind_source(slim_plan *plan, const slim_node *node)
{
  slim_shape shape = node->outputs[0].shape;
  if (shape.rank > 0 && shape.dim[0] < 0) {
    shape.dim[0] = plan->batch;
  }
  return set_tensor(plan, &node->outputs[0], shape, node->outputs[0].dtype);
}

typedef struct rule_memory {
  slim_shape *in, *out;
  slim_dtype *in_type, *out_type;
} rule_memory;

static slim_status bind_node(slim_plan *plan, const slim_node *node, const rule_memory *m)
{
  slim_error error = { SLIM_OK, "" };
  for (int i = 0; i < node->num_inputs; i++) {
    m->in[i] = plan->tensors[node->inputs[i]->id].shape;
    m->in_type[i] = plan->tensors[node->inputs[i]->id].dtype;
  }
  for (int k = 0; k < node->op->outputs; k++) {
    m->out[k] = (slim_shape){ 0, { 0 } };
    m->out_type[k] = node->num_inputs > 0 ? m->in_type[0] : SLIM_FLOAT32;
  }
  slim_inference inference = { node->attr, node->num_inputs, m->in, m->in_type, m->out, m->out_type, &error };
  if (!node->op->infer(&inference)) {
    return bind_failed(plan, node, error.status == SLIM_OK ? SLIM_ERR_SHAPE : error.status, error.text);
  }
  slim_status status = SLIM_OK;
  for (int k = 0; k < node->op->outputs && status == SLIM_OK; k++) {
    status = set_tensor(plan, &node->outputs[k], m->out[k], m->out_type[k]);
  }
  return status;
}

static bool rule_memory_make(slim_plan *plan, rule_memory *m)
{
  size_t most = 1;
  for (size_t i = 0; i < plan->program->num_nodes; i++) {
    const slim_node *node = plan->graph->nodes[i];
    most = (size_t)node->num_inputs > most ? (size_t)node->num_inputs : most;
    most = (size_t)node->op->outputs > most ? (size_t)node->op->outputs : most;
  }
  m->in = slim_arena_array(plan->arena, most, sizeof *m->in);
  m->out = slim_arena_array(plan->arena, most, sizeof *m->out);
  m->in_type = slim_arena_array(plan->arena, most, sizeof *m->in_type);
  m->out_type = slim_arena_array(plan->arena, most, sizeof *m->out_type);
  return m->in && m->out && m->in_type && m->out_type;
}

/* Readers of a node's inputs. Another name has as many readers as are behind it, a list's further inputs have none. */
static void count_readers(slim_plan *plan, const slim_node *node)
{
  if (slim_node_works(node)) {
    for (int i = 0; i < node->num_inputs; i++) {
      plan->tensors[node->inputs[i]->id].readers += slim_node_reads(node, i);
    }
  } else if (node->num_inputs > 0) {
    plan->tensors[node->inputs[0]->id].readers += plan->tensors[node->outputs[0].id].readers;
  }
}

static void count_all_readers(slim_plan *plan)
{
  const slim_program *program = plan->program;
  for (size_t i = 0; i < program->num_fetches; i++) {
    slim_plan_tensor *t = &plan->tensors[program->fetches[i]->id];
    t->fetched |= program->wanted[i];
    t->readers += program->wanted[i];
  }
  for (size_t i = program->num_nodes; i-- > 0;) {
    if (program->need[i] & SLIM_NEED_RUN) {
      count_readers(plan, plan->graph->nodes[i]);
    }
  }
}

static slim_status bind_any(slim_plan *plan, const slim_node *node, const rule_memory *m)
{
  if (node->num_inputs == 0) {
    return bind_source(plan, node);
  }
  const slim_status status = bind_node(plan, node, m);
  if (status == SLIM_OK && !slim_node_works(node)) {
    plan->tensors[node->outputs[0].id].root = plan->tensors[node->inputs[0]->id].root;
  }
  return status;
}

slim_status slim_pass_bind(slim_plan *plan)
{
  rule_memory m;
  if (!rule_memory_make(plan, &m)) {
    return slim_plan_no_memory(plan);
  }
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < plan->program->num_nodes && status == SLIM_OK; i++) {
    if (plan->program->need[i] != 0) {
      status = bind_any(plan, plan->graph->nodes[i], &m);
    }
  }
  count_all_readers(plan);
  return status;
}
