/* Penalties of weights, added when a variable is created. */
#include "layers/variable.h"
#include "ops/ops.h"
#include "slim/layers.h"

static unsigned all_axes(const slim_tensor *x)
{
  return (1u << x->shape.rank) - 1u;
}

/* scale * sum|w| or scale * sum(w^2) / 2, named as the scope around it. */
static slim_tensor *term(slim_tensor *w, slim_reduce_kind kind, const char *name, float scale)
{
  const slim_unary_attr attr = { SLIM_UNARY_SCALE_ADD, scale, 0.0f };
  slim_scope scope = slim_name_scope_begin(slim_graph_of(w), name);
  slim_tensor *x = kind == SLIM_REDUCE_SUM ? slim_op_unary_add(w, SLIM_UNARY_ABS, 0.0f, 0.0f) : w;
  slim_tensor *sum = slim_op_reduce_add(x, kind, all_axes(w), 0);
  slim_tensor *y = slim_op_add(&sum, 1, &slim_op_unary, "/", &attr);
  slim_scope_end(&scope);
  return y;
}

static slim_tensor *both(slim_tensor *w, slim_regularizer r)
{
  const slim_binary_attr attr = { SLIM_BINARY_ADD };
  slim_scope scope = slim_name_scope_begin(slim_graph_of(w), "l1_l2_regularizer");
  slim_tensor *sum[] = { term(w, SLIM_REDUCE_SUM, "l1_regularizer", r.l1),
                         term(w, SLIM_REDUCE_HALF_SQUARES, "l2_regularizer", r.l2) };
  slim_tensor *y = slim_op_add(sum, 2, &slim_op_binary, "/", &attr);
  slim_scope_end(&scope);
  return y;
}

/* The penalty of w; NULL: none. */
static slim_tensor *penalize(slim_tensor *w, slim_regularizer r)
{
  if (!w || slim_is_poison(w) || r.kind != 2 || (r.l1 == 0.0f && r.l2 == 0.0f)) {
    return NULL;
  }
  slim_graph *graph = slim_graph_of(w);
  if (!(r.l1 >= 0.0f && r.l2 >= 0.0f)) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "regularizer of '%s': scales %g and %g must not be negative",
                           w->node->name, (double)r.l1, (double)r.l2);
  }
  const char *name = slim_arena_printf(graph->arena, "%s/Regularizer/", w->node->name);
  if (!name) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "regularizer: out of memory");
  }
  slim_scope scope = slim_name_scope_begin(graph, name);
  slim_tensor *penalty = r.l2 == 0.0f   ? term(w, SLIM_REDUCE_SUM, "l1_regularizer", r.l1)
                         : r.l1 == 0.0f ? term(w, SLIM_REDUCE_HALF_SQUARES, "l2_regularizer", r.l2)
                                        : both(w, r);
  slim_scope_end(&scope);
  return penalty;
}

slim_tensor *slim_penalty_add(slim_tensor *w, slim_regularizer r)
{
  slim_tensor *penalty = penalize(w, r);
  (void)slim_add_to_collection(SLIM_REGULARIZATION_LOSSES, penalty);
  return penalty;
}

slim_regularizer slim_sum_regularizer(const slim_regularizer *list, size_t count)
{
  slim_regularizer sum = SLIM_NO_REG;
  for (size_t i = 0; i < count; i++) {
    if (list[i].kind == 2) {
      sum = SLIM_L1_L2(sum.l1 + list[i].l1, sum.l2 + list[i].l2);
    }
  }
  return sum;
}

slim_tensor *slim_apply_regularization(slim_regularizer regularizer, slim_tensors weights)
{
  slim_tensor *sum = NULL;
  for (size_t i = 0; i < weights.count; i++) {
    slim_tensor *one = penalize(weights.item[i], regularizer);
    sum = sum && one ? slim_op_binary_add(sum, one, SLIM_BINARY_ADD) : one ? one : sum;
  }
  (void)slim_add_to_collection(SLIM_REGULARIZATION_LOSSES, sum);
  return sum;
}
