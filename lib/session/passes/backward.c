/*
 * Steps of a train step that need not be. The gradient of an activation behind a batch norm becomes part of the batch
 * norm's, which knows the activation's argument. The gradient of a variable's L2 penalty is a multiple of the variable:
 * the optimizer, which reads both, adds it.
 */
#include "ops/ops.h"
#include "session/passes/rewrite.h"

/* --- activations behind batch norms ------------------------------------------------------------------------------- */

/* The batch norm whose result, through an activation, is y; NULL if there is none. */
static const slim_node *norm_behind(const slim_tensor *y)
{
  const slim_node *activation = y->node;
  const slim_node *norm = activation->op == &slim_op_activation ? activation->inputs[0]->node : NULL;
  return norm && norm->op == &slim_op_batch_norm && activation->inputs[0]->output == 0 ? norm : NULL;
}

/* Does gradient take the gradient of norm's result, through an activation that is a clamp? */
static bool mergeable(const slim_plan *plan, const slim_node *gradient, const slim_node *activation)
{
  if (gradient->op != &slim_op_batch_norm_gradient || activation->op != &slim_op_activation_gradient ||
      gradient->num_inputs != 5) {
    return false;
  }
  const slim_node *norm = norm_behind(activation->inputs[1]);
  return norm && ((const slim_activation_attr *)activation->attr)->kind <= SLIM_ACTIVATION_RELU6 &&
         gradient->inputs[1] == norm->inputs[0] && gradient->inputs[3] == &norm->outputs[1] &&
         slim_read_once(plan, gradient->inputs[0]);
}

static bool merge(slim_rewrite *r, const slim_node *gradient)
{
  slim_plan *plan = r->plan;
  const slim_node *activation = gradient->inputs[0]->node;
  slim_node *node = slim_rewrite_node(plan, gradient, gradient->op, 6);
  slim_batch_norm_attr *attr = slim_arena_copy(plan->arena, gradient->attr, sizeof *attr);
  if (!node || !attr) {
    return false;
  }
  attr->activation = ((const slim_activation_attr *)activation->attr)->kind;
  node->attr = attr;
  node->inputs[0] = activation->inputs[0];
  node->inputs[5] = norm_behind(activation->inputs[1])->inputs[2];
  plan->tensors[activation->inputs[1]->id].readers--;
  r->instead[gradient->id] = node;
  r->dropped[activation->id] = true;
  return true;
}

/* --- penalties ---------------------------------------------------------------------------------------------------- */

/* A scalar that depends on numbers in the graph alone, by way of a * x + b. */
static bool number_of(const slim_tensor *tensor, double *value)
{
  const slim_node *node = tensor->node;
  if (node->op == &slim_op_constant && tensor->dtype == SLIM_FLOAT32 && tensor->shape.rank == 0) {
    *value = (double)*(const float *)((const slim_source_attr *)node->attr)->values;
    return true;
  }
  const slim_unary_attr *attr = node->attr;
  if (node->op != &slim_op_unary || attr->kind != SLIM_UNARY_SCALE_ADD || !number_of(node->inputs[0], value)) {
    return false;
  }
  *value = *value * (double)attr->a + (double)attr->b;
  return true;
}

/* Is the tensor variable times a number that nobody else reads? */
static bool is_multiple(const slim_plan *plan, const slim_tensor *tensor, const slim_tensor *variable, double *factor)
{
  const slim_node *node = tensor->node;
  return node->op == &slim_op_binary && ((const slim_binary_attr *)node->attr)->kind == SLIM_BINARY_MUL &&
         slim_read_once(plan, tensor) && node->inputs[0] == variable && number_of(node->inputs[1], factor);
}

/* Takes the multiple of the variable out of a sum of two. @return what is left, NULL if it is not such a sum. */
static slim_tensor *without_penalty(slim_rewrite *r, const slim_tensor *gradient, const slim_tensor *variable,
                                    float *decay)
{
  const slim_node *sum = gradient->node;
  double factor = 0.0;
  if (sum->op != &slim_op_add_n || sum->num_inputs != 2 || !slim_read_once(r->plan, gradient)) {
    return NULL;
  }
  for (int k = 0; k < 2; k++) {
    if (is_multiple(r->plan, sum->inputs[k], variable, &factor)) {
      r->dropped[sum->id] = r->dropped[sum->inputs[k]->node->id] = true;
      *decay = (float)factor;
      return sum->inputs[1 - k];
    }
  }
  return NULL;
}

/* The optimizer's node with penalties of its variables taken over. */
static bool take_over(slim_rewrite *r, const slim_node *apply)
{
  slim_plan *plan = r->plan;
  slim_node *node = slim_rewrite_node(plan, apply, apply->op, apply->num_inputs);
  slim_apply_attr *attr = slim_arena_copy(plan->arena, apply->attr, sizeof *attr);
  float *decay = attr ? slim_arena_array(plan->arena, (size_t)attr->variables, sizeof *decay) : NULL;
  if (!node || !decay) {
    return false;
  }
  const int hyper = slim_apply_hyper(apply->op), group = (apply->num_inputs - hyper) / attr->variables;
  for (int i = 0; i < attr->variables; i++) {
    slim_tensor **variable = &node->inputs[hyper + i * group], **gradient = variable + group - 1;
    slim_tensor *rest = without_penalty(r, *gradient, *variable, &decay[i]);
    *gradient = rest ? rest : *gradient;
  }
  attr->decay_of = decay;
  node->attr = attr;
  r->instead[apply->id] = node;
  return true;
}

/* --- the pass ----------------------------------------------------------------------------------------------------- */

static bool look_at(slim_rewrite *r, const slim_node *node)
{
  if (slim_apply_hyper(node->op) > 0) {
    return take_over(r, node);
  }
  return node->num_inputs == 0 || !mergeable(r->plan, node, node->inputs[0]->node) || merge(r, node);
}

slim_status slim_pass_backward(slim_plan *plan)
{
  slim_rewrite r;
  if (!(plan->passes & SLIM_PASS(backward))) {
    return SLIM_OK;
  }
  bool good = slim_rewrite_begin(&r, plan);
  for (size_t i = 0; i < plan->num_order && good; i++) {
    good = look_at(&r, plan->order[i]);
  }
  return good && slim_rewrite_end(&r) ? SLIM_OK : slim_plan_no_memory(plan);
}
