/* Gradients clipped by what their norm has been so far. */
#include "ops/ops.h"
#include "slim/learning.h"
#include "slim/ops.h"

static slim_tensor *number(slim_graph *graph, float value)
{
  return slim_constant_tensor(graph, SLIM_FLOAT32, SLIM_SCALAR, &value, "Const");
}

/* min(decay, n / (n + 1)), n the step: quicker at the beginning. */
static slim_tensor *decay_of(slim_graph *graph, const slim_adaptive_clipping *o)
{
  slim_tensor *decay = number(graph, slim_option_float(o->decay, 0.95f));
  slim_tensor *n = slim_cast(o->global_step, SLIM_FLOAT32);
  return o->global_step ? slim_minimum(decay, slim_div(n, slim_scale(n, 1.0f, 1.0f))) : decay;
}

/* The average of value in a variable, which moves with the updates of the run. @return where it moves to. */
static slim_tensor *follow(slim_graph *graph, const char *name, slim_tensor *value, slim_tensor *decay,
                           slim_tensor **update)
{
  slim_tensor *average = slim_variable_make(graph, &(slim_variable_spec){ .name = name, .initializer = SLIM_ZEROS });
  slim_tensor *moved = slim_add(value, slim_mul(slim_sub(average, value), decay));
  slim_tensor *inputs[] = { average, moved };
  const slim_stage before = slim_graph_set_stage(graph, SLIM_STAGE_UPDATE);
  *update = slim_op_add(inputs, 2, &slim_op_assign, "AssignMovingAvg", &(slim_assign_attr){ 0 });
  (void)slim_graph_set_stage(graph, before);
  return moved;
}

/* What all gradients are multiplied by. */
static slim_tensor *factor_of(slim_graph *graph, slim_tensor *norm, const slim_adaptive_clipping *o)
{
  const float epsilon = slim_option_float(o->epsilon, 1e-8f);
  slim_tensor *updates[2];
  slim_scope scope = slim_variable_scope_begin(graph, o->name, "AdaptiveMaxNorm", SLIM_REUSE_UNSET);
  slim_tensor *log_norm = slim_log(slim_scale(norm, 1.0f, epsilon)), *decay = decay_of(graph, o);
  slim_tensor *mean = follow(graph, "mean", log_norm, decay, &updates[0]);
  slim_tensor *squares = follow(graph, "sq_mean", slim_square(log_norm), decay, &updates[1]);
  slim_tensor *variance = slim_sub(squares, slim_square(mean));
  slim_tensor *deviation = slim_sqrt(slim_maximum(variance, number(graph, epsilon)));
  slim_tensor *limit = slim_exp(slim_add(mean, slim_scale(deviation, slim_option_float(o->std_factor, 2.0f), 0.0f)));
  slim_scope_end(&scope);
  if (slim_flag_or(o->report_summary, false)) {
    (void)slim_add_scalar_summary(limit, "global_norm/adaptive_max_gradient_norm");
  }
  slim_tensor *below = slim_greater(limit, norm);
  slim_tensor *clipped = slim_mul(slim_scale(below, -1.0f, 1.0f), slim_div_no_nan(slim_exp(mean), norm));
  slim_tensor *factor = slim_add(below, clipped);
  if (o->static_max_norm > 0.0f) {
    factor = slim_minimum(slim_div(number(graph, o->static_max_norm), norm), factor);
  }
  return slim_group(factor, (slim_tensors){ 2, updates });
}

slim_gradient_list slim_adaptive_clipping_fn(slim_gradient_list gradients, void *options)
{
  const slim_adaptive_clipping standard = { 0 };
  slim_tensor *norm = slim_global_norm(gradients);
  slim_graph *graph = slim_graph_of(norm);
  slim_gradient *item = norm ? slim_arena_copy(graph->arena, gradients.item, gradients.count * sizeof *item) : NULL;
  if (!item || slim_is_poison(norm)) {
    return gradients;
  }
  slim_tensor *factor = factor_of(graph, norm, options ? options : &standard);
  for (size_t i = 0; i < gradients.count; i++) {
    item[i].gradient = item[i].gradient ? slim_mul(item[i].gradient, factor) : NULL;
  }
  return (slim_gradient_list){ gradients.count, item };
}
