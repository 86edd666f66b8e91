/*
 * Weights that are kept as halves: from here on their tensors have that type. A node that the device has no kernel for
 * with such an input gets it as float32 from a cast before its first reader.
 */
#include "ops/ops.h"
#include "session/passes/emit.h"
#include "session/passes/rewrite.h"

typedef struct halving {
  slim_emitter emit;
  slim_tensor **cast; /* by tensor id: float32 of it; NULL: none yet */
} halving;

static bool is_half(const slim_plan *plan, const slim_tensor *tensor)
{
  return plan->tensors[tensor->id].dtype == SLIM_FLOAT16;
}

static void halve(slim_plan_tensor *t)
{
  t->dtype = SLIM_FLOAT16;
  t->bytes = slim_shape_elements(&t->shape) * slim_dtype_size(SLIM_FLOAT16);
}

/* The variables, then their other names. @return whether there are any. */
static bool halve_all(slim_plan *plan)
{
  bool any = false;
  for (size_t i = 0; i < plan->program->num_variables; i++) {
    const slim_node *node = plan->program->variables[i];
    const slim_value *value = slim_values_find(plan->values, node->variable->full_name);
    if (value && value->view.dtype == SLIM_FLOAT16) {
      halve(&plan->tensors[node->outputs[0].id]);
      any = true;
    }
  }
  for (size_t i = 0; i < plan->num_tensors && any; i++) {
    slim_plan_tensor *t = &plan->tensors[i];
    if (t->tensor && t->root != (int)i && plan->tensors[t->root].dtype == SLIM_FLOAT16) {
      halve(t);
    }
  }
  return any;
}

/* float32 of input, made once. NULL: no memory. */
static slim_tensor *cast_of(halving *h, slim_tensor *input)
{
  slim_emitter *e = &h->emit;
  const slim_cast_attr attr = { SLIM_FLOAT32 };
  if (!h->cast[input->id]) {
    e->node = slim_plan_root(e->plan, input)->tensor->node;
    slim_tensor *made = slim_emit(e, &slim_op_cast, &attr, &input, 1, &e->plan->tensors[input->id].shape);
    if (e->failed) {
      return NULL;
    }
    made->node->variable = NULL; /* a variable's name, but no variable */
    h->cast[input->id] = made;
  }
  return h->cast[input->id];
}

/* *runs: the device has a kernel for the node as it is. */
static slim_status ask(slim_plan *plan, slim_node *node, bool *runs)
{
  slim_plan_group g = { .group = { .count = 1, .nodes = { node }, .num_in = node->num_inputs } };
  g.group.num_out = node->op->outputs;
  slim_view *in = slim_arena_array(plan->arena, (size_t)g.group.num_in + 1, sizeof *in);
  slim_view *out = slim_arena_array(plan->arena, (size_t)g.group.num_out + 1, sizeof *out);
  if (!in || !out) {
    return slim_plan_no_memory(plan);
  }
  slim_plan_group_views(plan, &g, in, out);
  *runs = plan->device->backend->supports(plan->device, &g.group, in, out);
  return SLIM_OK;
}

static slim_status with_casts(halving *h, const slim_node *node)
{
  slim_plan *plan = h->emit.plan;
  slim_node *copy = slim_rewrite_node(plan, node, node->op, node->num_inputs);
  for (int k = 0; copy && k < node->num_inputs; k++) {
    if (is_half(plan, node->inputs[k]) && slim_node_reads(node, k)) {
      slim_tensor *cast = cast_of(h, node->inputs[k]);
      if (!cast) {
        return slim_plan_no_memory(plan);
      }
      plan->tensors[node->inputs[k]->id].readers--;
      plan->tensors[cast->id].readers++;
      copy->inputs[k] = cast;
    }
  }
  if (!copy) {
    return slim_plan_no_memory(plan);
  }
  slim_emit_node(&h->emit, copy);
  return SLIM_OK;
}

static slim_status add_node(halving *h, slim_node *node)
{
  slim_plan *plan = h->emit.plan;
  bool reads = false, runs = true;
  for (int k = 0; k < node->num_inputs; k++) {
    const bool half = is_half(plan, node->inputs[k]);
    if (half && slim_node_may_write(node, k)) {
      return slim_error_set(&plan->error, SLIM_ERR_STATE,
                            "%s '%s': variable '%s' is kept as halves, which is for inference: it cannot be written",
                            node->op->name, node->name, node->inputs[k]->node->variable->full_name);
    }
    reads |= half && slim_node_reads(node, k);
  }
  const slim_status status = reads ? ask(plan, node, &runs) : SLIM_OK;
  if (status != SLIM_OK || !runs) {
    return status != SLIM_OK ? status : with_casts(h, node);
  }
  slim_emit_node(&h->emit, node);
  return SLIM_OK;
}

slim_status slim_pass_half(slim_plan *plan)
{
  if (!slim_values_keeps_halves(plan->values) || !halve_all(plan)) {
    return SLIM_OK;
  }
  plan->halves = true;
  halving h = { .emit = { .plan = plan } };
  h.cast = slim_arena_array(plan->arena, plan->num_tensors + 1, sizeof *h.cast);
  slim_status status = h.cast ? SLIM_OK : slim_plan_no_memory(plan);
  for (size_t i = 0; i < plan->num_order && status == SLIM_OK; i++) {
    status = add_node(&h, plan->order[i]);
  }
  return status == SLIM_OK ? slim_emit_end(&h.emit) : status;
}
