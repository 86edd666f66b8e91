/* What may be done to gradients before they are applied. */
#include "ops/ops.h"
#include "slim/ops.h"
#include "slim/optimizers.h"

#include <stdlib.h>
#include <string.h>

static slim_graph *graph_of(slim_gradient_list gradients)
{
  return gradients.count ? slim_graph_of(gradients.item[0].variable) : NULL;
}

static slim_gradient *copy_of(slim_gradient_list gradients)
{
  slim_graph *graph = graph_of(gradients);
  return graph ? slim_arena_copy(graph->arena, gradients.item, gradients.count * sizeof *gradients.item) : NULL;
}

/* The root of twice the sum of half squares. */
static slim_tensor *norm_of(slim_tensor *half_squares)
{
  slim_tensor *square = slim_op_unary_add(half_squares, SLIM_UNARY_SCALE_ADD, 2.0f, 0.0f);
  return slim_op_unary_add(square, SLIM_UNARY_SQRT, 0.0f, 0.0f);
}

static slim_tensor *half_squares(slim_tensor *g)
{
  return slim_op_reduce_add(g, SLIM_REDUCE_HALF_SQUARES, (1u << g->shape.rank) - 1u, 0);
}

/* max_norm / max(norm, max_norm) */
static slim_tensor *factor_of(slim_tensor *norm, float max_norm)
{
  slim_tensor *limit = slim_constant_tensor(slim_graph_of(norm), SLIM_FLOAT32, SLIM_SCALAR, &max_norm, "clip_norm");
  return slim_op_binary_add(limit, slim_op_binary_add(norm, limit, SLIM_BINARY_MAX), SLIM_BINARY_DIV);
}

static slim_tensor *clip(slim_tensor *g, float max_norm)
{
  slim_scope scope = slim_name_scope_begin(slim_graph_of(g), "clip_by_norm");
  slim_tensor *factor = factor_of(norm_of(half_squares(g)), max_norm);
  const slim_binary_attr attr = { SLIM_BINARY_MUL };
  slim_tensor *clipped = slim_op_add((slim_tensor *[]){ g, factor }, 2, &slim_op_binary, "/", &attr);
  slim_scope_end(&scope);
  return clipped;
}

slim_gradient_list slim_clip_gradient_norms(slim_gradient_list gradients, float max_norm)
{
  slim_gradient *item = copy_of(gradients);
  if (item && !(max_norm > 0.0f)) {
    (void)slim_graph_fail(graph_of(gradients), SLIM_ERR_ARG, "clip_gradient_norms: max_norm %g must be above 0",
                          (double)max_norm);
    return gradients;
  }
  for (size_t i = 0; item && i < gradients.count; i++) {
    item[i].gradient = item[i].gradient ? clip(item[i].gradient, max_norm) : NULL;
  }
  return item ? (slim_gradient_list){ gradients.count, item } : gradients;
}

slim_gradient_list slim_clip_gradient_norms_fn(slim_gradient_list gradients, void *max_norm)
{
  return slim_clip_gradient_norms(gradients, *(const float *)max_norm);
}

slim_tensor *slim_global_norm(slim_gradient_list gradients)
{
  slim_tensor **part = calloc(gradients.count + 1, sizeof *part);
  size_t count = 0;
  for (size_t i = 0; part && i < gradients.count; i++) {
    slim_tensor *g = gradients.item[i].gradient;
    part[count] = g ? half_squares(g) : NULL;
    count += g != NULL;
  }
  slim_tensor *norm = count ? norm_of(slim_add_n(part, count)) : NULL;
  free(part);
  return norm;
}

slim_gradient_list slim_clip_by_global_norm(slim_gradient_list gradients, float clip_norm)
{
  slim_gradient *item = copy_of(gradients);
  if (item && !(clip_norm > 0.0f)) {
    (void)slim_graph_fail(graph_of(gradients), SLIM_ERR_ARG, "clip_by_global_norm: clip_norm %g must be above 0",
                          (double)clip_norm);
    return gradients;
  }
  slim_tensor *norm = item ? slim_global_norm(gradients) : NULL;
  slim_tensor *factor = norm ? factor_of(norm, clip_norm) : NULL;
  for (size_t i = 0; factor && i < gradients.count; i++) {
    slim_tensor *g = item[i].gradient;
    item[i].gradient = g ? slim_op_binary_add(g, factor, SLIM_BINARY_MUL) : NULL;
  }
  return item ? (slim_gradient_list){ gradients.count, item } : gradients;
}

static const slim_gradient_multiplier *find(const slim_tensor *variable, const slim_gradient_multiplier *multipliers,
                                            size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (strcmp(multipliers[i].variable, slim_variable_full_name(variable)) == 0) {
      return &multipliers[i];
    }
  }
  return NULL;
}

slim_gradient_list slim_multiply_gradients(slim_gradient_list gradients, const slim_gradient_multiplier *multipliers,
                                           size_t count)
{
  slim_graph *graph = graph_of(gradients);
  if (count == 0 || !multipliers) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "multiply_gradients: no multiplier is given");
    return gradients;
  }
  slim_gradient *item = copy_of(gradients);
  for (size_t i = 0; item && i < gradients.count; i++) {
    const slim_gradient_multiplier *m = find(item[i].variable, multipliers, count);
    if (m && !item[i].gradient) {
      (void)slim_graph_fail(graph, SLIM_ERR_ARG, "multiply_gradients: '%s' has no gradient", m->variable);
      return gradients;
    }
    item[i].gradient =
        m ? slim_op_unary_add(item[i].gradient, SLIM_UNARY_SCALE_ADD, m->factor, 0.0f) : item[i].gradient;
  }
  return item ? (slim_gradient_list){ gradients.count, item } : gradients;
}
