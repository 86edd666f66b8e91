/*
 * Batch norm with given statistics behind a convolution or product: its factor goes into the weights (or stays apart,
 * where the backend scales the weights in every run, so that they need no second copy), what it adds becomes a bias.
 * The new weights and bias are made by a step that runs again only when a variable it reads has changed.
 */
#include "ops/ops.h"
#include "session/passes/rewrite.h"

typedef struct folding {
  slim_plan *plan;
  slim_rewrite rewrite;
} folding;

/* Does the tensor keep its value through a run? */
static bool constant(const folding *f, const slim_tensor *tensor)
{
  const slim_plan_tensor *root = slim_plan_root(f->plan, tensor);
  const slim_op *op = root->tensor->node->op;
  return op == &slim_op_constant || (op == &slim_op_variable && !root->written);
}

static bool same_layout(const slim_node *heavy, const slim_batch_norm_attr *norm)
{
  if (heavy->op == &slim_op_matmul) {
    return !((const slim_matmul_attr *)heavy->attr)->transpose_b && !norm->nchw;
  }
  return ((const slim_conv2d_attr *)heavy->attr)->nchw == norm->nchw;
}

static bool in_parts(const slim_plan *plan, const slim_tensor *weights)
{
  const slim_plan_tensor *t = &plan->tensors[weights->id];
  return slim_parts_of(&t->shape, t->dtype, plan->device->info.max_allocation) > 0;
}

static bool foldable(const folding *f, const slim_node *norm)
{
  const slim_plan *plan = f->plan;
  const slim_node *heavy = norm->op == &slim_op_batch_norm ? norm->inputs[0]->node : NULL;
  if (!heavy || !(heavy->op->flags & SLIM_OP_LINEAR) || ((const slim_batch_norm_attr *)norm->attr)->training ||
      norm->inputs[0]->output != 0 || !same_layout(heavy, norm->attr) || in_parts(plan, heavy->inputs[1])) {
    return false;
  }
  bool good = slim_read_once(plan, norm->inputs[0]) && constant(f, heavy->inputs[1]);
  for (int k = 1; k < 5 && good; k++) {
    good = constant(f, norm->inputs[k]) && (k == 4 || plan->tensors[norm->outputs[k].id].readers == 0);
  }
  return good && !plan->once[norm->id];
}

/* --- the new nodes: the heavy one and the bias keep the ids and outputs of those they stand for ------------------- */

/* Output k of a node of the plan's own, like the graph's tensor. */
static void output_make(slim_plan *plan, slim_node *node, int k, const slim_tensor *like)
{
  slim_tensor *tensor = &node->outputs[k];
  *tensor = *like;
  tensor->node = node;
  tensor->output = k;
  tensor->id = (int)plan->num_tensors++;
  plan->tensors[tensor->id] = plan->tensors[like->id];
  slim_plan_tensor *t = &plan->tensors[tensor->id];
  t->tensor = tensor;
  t->root = tensor->id;
  t->readers = 1;
  t->fetched = false;
}

/* Does the heavy node take the factor beside its weights? */
static bool scales(slim_plan *plan, slim_node *heavy)
{
  const slim_backend *backend = plan->device->backend;
  slim_plan_group g = { .group = { .count = 1, .nodes = { heavy }, .num_in = heavy->num_inputs, .num_out = 1 } };
  slim_view in[2], out[1];
  if (!backend->scales || heavy->num_inputs != 2 || heavy->op->outputs != 1) {
    return false;
  }
  slim_plan_group_views(plan, &g, in, out);
  return backend->scales(plan->device, &g.group, in, out);
}

/* weights, gamma, beta, mean, variance -> weights or, apart, the factor; bias */
static slim_node *factors_make(slim_plan *plan, const slim_node *heavy, const slim_node *norm, bool apart)
{
  slim_node *node = slim_rewrite_node(plan, norm, &slim_op_batch_norm_fold, 5);
  if (!node || !slim_plan_reserve(plan, 1, 2) || !(node->outputs = slim_arena_array(plan->arena, 2, sizeof *node->outputs))) {
    return NULL;
  }
  node->id = (int)plan->num_nodes++;
  node->inputs[0] = heavy->inputs[1];
  output_make(plan, node, 0, apart ? norm->inputs[1] : heavy->inputs[1]);
  output_make(plan, node, 1, norm->inputs[2]);
  return node;
}

/* made: other weights or, apart, their factor. */
static slim_node *heavy_make(slim_plan *plan, const slim_node *heavy, slim_tensor *made, bool apart)
{
  slim_node *node = slim_rewrite_node(plan, heavy, heavy->op, heavy->num_inputs + apart);
  if (node) {
    node->inputs[apart ? 2 : 1] = made;
    plan->tensors[heavy->inputs[1]->id].readers += apart;
  }
  return node;
}

static slim_node *bias_make(slim_plan *plan, const slim_node *norm, slim_tensor *bias)
{
  slim_node *node = slim_rewrite_node(plan, norm, &slim_op_bias_add, 2);
  slim_bias_attr *attr = slim_arena_alloc(plan->arena, sizeof *attr);
  if (!node || !attr) {
    return NULL;
  }
  attr->nchw = ((const slim_batch_norm_attr *)norm->attr)->nchw;
  node->attr = attr;
  node->inputs[1] = bias;
  return node;
}

/* --- the pass ----------------------------------------------------------------------------------------------------- */

static bool fold_one(folding *f, const slim_node *norm)
{
  slim_plan *plan = f->plan;
  const slim_rewrite *r = &f->rewrite;
  slim_node *heavy = norm->inputs[0]->node;
  const bool apart = scales(plan, heavy);
  slim_node *factors = factors_make(plan, heavy, norm, apart);
  r->before[heavy->id] = factors;
  r->instead[heavy->id] = factors ? heavy_make(plan, heavy, &factors->outputs[0], apart) : NULL;
  r->instead[norm->id] = factors ? bias_make(plan, norm, &factors->outputs[1]) : NULL;
  return r->instead[heavy->id] && r->instead[norm->id];
}

static bool fold_all(folding *f)
{
  slim_plan *plan = f->plan;
  bool good = slim_rewrite_begin(&f->rewrite, plan);
  for (size_t i = 0; i < plan->num_order && good; i++) {
    good = !foldable(f, plan->order[i]) || fold_one(f, plan->order[i]);
  }
  return good && slim_rewrite_end(&f->rewrite);
}

slim_status slim_pass_batch_norm(slim_plan *plan)
{
  folding f = { .plan = plan };
  if (!(plan->passes & SLIM_PASS(batch_norm))) {
    return SLIM_OK;
  }
  return fold_all(&f) ? SLIM_OK : slim_plan_no_memory(plan);
}
