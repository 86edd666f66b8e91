/* Penalties of weights, added when a variable is created. */
#include "layers/variable.h"
#include "ops/ops.h"

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

slim_tensor *slim_penalty_add(slim_tensor *w, slim_regularizer r)
{
  if (!w || slim_is_poison(w) || r.kind != 2 || (r.l1 == 0.0f && r.l2 == 0.0f)) {
    return NULL;
  }
  slim_graph *graph = slim_graph_of(w);
  if (!(r.l1 >= 0.0f && r.l2 >= 0.0f)) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "regularizer of '%s': scales %g and %g must not be negative",
                           slim_variable_full_name(w), (double)r.l1, (double)r.l2);
  }
  const char *name = slim_arena_printf(graph->arena, "%s/Regularizer/", slim_variable_full_name(w));
  if (!name) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "regularizer: out of memory");
  }
  slim_scope scope = slim_name_scope_begin(graph, name);
  slim_tensor *penalty = r.l2 == 0.0f   ? term(w, SLIM_REDUCE_SUM, "l1_regularizer", r.l1)
                         : r.l1 == 0.0f ? term(w, SLIM_REDUCE_HALF_SQUARES, "l2_regularizer", r.l2)
                                        : both(w, r);
  slim_scope_end(&scope);
  (void)slim_add_to_collection(SLIM_REGULARIZATION_LOSSES, penalty);
  return penalty;
}
