/* What the passes ask about nodes, groups and tensors. */
#include "ops/ops.h"
#include "session/plan.h"

/* Bit i of a mask; the last bit stands for all inputs from there on. */
static bool bit(unsigned mask, int i)
{
  return ((mask >> (i < 31 ? i : 31)) & 1u) != 0;
}

bool slim_node_reads(const slim_node *node, int i)
{
  return !bit(node->op->shape_only, i);
}

bool slim_node_works(const slim_node *node)
{
  const slim_op *op = node->op;
  const bool source = op == &slim_op_placeholder || op == &slim_op_constant || op == &slim_op_variable;
  return !source && (op->flags & (SLIM_OP_ALIAS | SLIM_OP_EFFECT)) != SLIM_OP_ALIAS;
}

bool slim_node_may_write(const slim_node *node, int i)
{
  const bool parameter = !(node->op->flags & SLIM_OP_HOST) && bit(node->op->host_inputs, i);
  return (node->op->flags & SLIM_OP_EFFECT) && node->inputs[i]->node->variable && !parameter;
}

int slim_node_first_written(const slim_node *node)
{
  for (int i = 0; i < node->num_inputs && slim_node_works(node); i++) {
    if (slim_node_may_write(node, i)) {
      return i;
    }
  }
  return -1;
}

bool slim_node_writes(const slim_node *node)
{
  return slim_node_first_written(node) >= 0;
}

bool slim_node_answers_on_host(const slim_node *node)
{
  return slim_apply_hyper(node->op) > 0;
}

slim_group_input slim_group_in(const slim_group *group, int i)
{
  int k = 0;
  int own = group->nodes[0]->num_inputs;
  while (i >= own) {
    i -= own;
    k++;
    own = group->nodes[k]->num_inputs - 1;
  }
  const bool behind_chain = k > 0 && i >= group->chain[k];
  return (slim_group_input){ group->nodes[k], i + behind_chain };
}

const slim_tensor *slim_group_out(const slim_group *group, int i)
{
  return i == 0 ? &group->nodes[group->count - 1]->outputs[0] : &group->nodes[0]->outputs[i];
}

slim_plan_tensor *slim_plan_root(slim_plan *plan, const slim_tensor *tensor)
{
  return &plan->tensors[plan->tensors[tensor->id].root];
}

slim_view slim_plan_view(slim_plan *plan, const slim_tensor *tensor, slim_where where)
{
  const slim_plan_tensor *t = &plan->tensors[tensor->id], *root = slim_plan_root(plan, tensor);
  slim_view view = root->view[where];
  view.shape = t->shape;
  view.dtype = t->dtype;
  view.version = root->value && !root->written ? &root->value->version : root->refreshed ? &root->version : NULL;
  return view;
}

slim_view slim_view_shape_only(slim_view view)
{
  return (slim_view){ .dtype = view.dtype, .shape = view.shape };
}

slim_where slim_plan_input_where(const slim_plan *plan, const slim_plan_group *group, slim_group_input input)
{
  return !plan->unified && bit(input.node->op->host_inputs, input.input) ? SLIM_ON_HOST : group->where;
}

slim_where slim_plan_output_where(const slim_plan *plan, const slim_plan_group *group, const slim_tensor *output)
{
  return !plan->unified && slim_node_answers_on_host(output->node) ? SLIM_ON_HOST : group->where;
}

void slim_plan_group_views(slim_plan *plan, const slim_plan_group *group, slim_view *in, slim_view *out)
{
  for (int i = 0; i < group->group.num_in; i++) {
    const slim_group_input from = slim_group_in(&group->group, i);
    in[i] = slim_plan_view(plan, from.node->inputs[from.input], slim_plan_input_where(plan, group, from));
    in[i] = slim_node_reads(from.node, from.input) ? in[i] : slim_view_shape_only(in[i]);
  }
  for (int i = 0; i < group->group.num_out; i++) {
    const slim_tensor *result = slim_group_out(&group->group, i);
    out[i] = slim_plan_view(plan, result, slim_plan_output_where(plan, group, result));
  }
}
