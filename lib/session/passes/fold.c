/* Constant folding: nodes that depend on constants alone run once, when the plan is made. */
#include "ops/ops.h"
#include "session/plan.h"

/* Another result in each run. */
static bool changes(const slim_op *op)
{
  return op == &slim_op_placeholder || op == &slim_op_variable || op == &slim_op_dropout ||
         op == &slim_op_truncated_normal || op == &slim_op_finite_check;
}

static bool foldable(const slim_plan *plan, const slim_node *node)
{
  if (changes(node->op) || (node->op->flags & SLIM_OP_EFFECT) || slim_op_id_of(node->op) < 0) {
    return false;
  }
  for (int i = 0; i < node->num_inputs; i++) {
    if (slim_node_reads(node, i) && !plan->once[node->inputs[i]->node->id]) {
      return false;
    }
  }
  return true;
}

slim_status slim_pass_fold(slim_plan *plan)
{
  for (size_t i = 0; i < plan->program->num_nodes; i++) {
    const slim_node *node = plan->graph->nodes[i];
    const bool enabled = (plan->passes & SLIM_PASS(fold)) || node->op == &slim_op_constant;
    plan->once[i] = enabled && (plan->program->need[i] & SLIM_NEED_RUN) && foldable(plan, node);
  }
  return SLIM_OK;
}
