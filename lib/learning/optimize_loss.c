/* A train op whose optimizer, learning rate and treatment of gradients are options. */
#include "base/rng.h"
#include "learning/train_op.h"
#include "ops/ops.h"
#include "slim/ops.h"

#include <math.h>
#include <string.h>

#define STANDARD_SUMMARIES (SLIM_SUMMARY_LOSS | SLIM_SUMMARY_LEARNING_RATE | SLIM_SUMMARY_GLOBAL_GRADIENT_NORM)

static bool has(const slim_optimize_loss_args *a, unsigned summary)
{
  return (a->summaries ? a->summaries : STANDARD_SUMMARIES) & summary;
}

/* --- the optimizer and its rate ----------------------------------------------------------------------------------- */

/* NULL: there is none. */
static slim_tensor *rate_of(const slim_optimize_loss_args *a, slim_graph *graph, slim_tensor *step)
{
  slim_tensor *rate = a->learning_rate_tensor;
  const float first = slim_option_float(a->learning_rate, NAN); /* NaN: not given */
  if (!rate && first < 0.0f) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "optimize_loss: learning_rate %g must not be negative", (double)first);
  }
  if (!rate && !isnan(first)) {
    rate = slim_variable_make(graph, &(slim_variable_spec){ .name = "learning_rate", .values = &first, .host = true });
  }
  if (!rate || !a->learning_rate_decay_fn) {
    return rate;
  }
  if (!step) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "optimize_loss: learning_rate_decay_fn needs a global step");
  }
  rate = a->learning_rate_decay_fn(rate, step, a->user);
  if (has(a, SLIM_SUMMARY_LEARNING_RATE)) {
    (void)slim_add_scalar_summary(rate, "learning_rate");
  }
  return rate;
}

static const struct named_optimizer {
  const char *name;
  slim_optimizer *(*make)(const slim_optimizer_args *args);
  float momentum;
} named[] = {
  { "Adagrad", slim_adagrad_optimizer, 0.0f },  { "Adam", slim_adam_optimizer, 0.0f },
  { "Ftrl", slim_ftrl_optimizer, 0.0f },        { "Momentum", slim_momentum_optimizer, 0.9f },
  { "RMSProp", slim_rms_prop_optimizer, 0.0f }, { "SGD", slim_gradient_descent_optimizer, 0.0f },
};

/* NULL with the graph's error set. */
static slim_optimizer *optimizer_of(const slim_optimize_loss_args *a, slim_graph *graph, slim_tensor *rate)
{
  if (a->optimizer_instance || a->optimizer_fn) {
    return a->optimizer_instance ? a->optimizer_instance : a->optimizer_fn(rate, a->user);
  }
  const char *name = a->optimizer ? a->optimizer : "";
  if (!rate) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "optimize_loss: the optimizer '%s' needs a learning_rate", name);
    return NULL;
  }
  for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
    if (strcmp(named[i].name, name) == 0) {
      return named[i].make(&(slim_optimizer_args){
          .struct_size = sizeof(slim_optimizer_args), .learning_rate = rate, .momentum = named[i].momentum });
    }
  }
  (void)slim_graph_fail(graph, SLIM_ERR_ARG,
                        "optimize_loss: optimizer '%s' must be one of Adagrad, Adam, Ftrl, Momentum, RMSProp, SGD",
                        name);
  return NULL;
}

/* --- gradients ---------------------------------------------------------------------------------------------------- */

static slim_tensor *noisy(slim_tensor *gradient, const slim_tensor *variable, float scale)
{
  slim_graph *graph = slim_graph_of(gradient);
  const char *name = slim_arena_printf(graph->arena, "%s/gradient_noise", slim_variable_full_name(variable));
  const uint64_t hash = name ? slim_hash(name) : 0;
  const slim_truncated_normal_attr attr = { scale, (uint32_t)hash, (uint32_t)(hash >> 32) };
  return slim_add(gradient, slim_op_add(&gradient, 1, &slim_op_truncated_normal, "truncated_normal", &attr));
}

static float multiplier_of(const slim_optimize_loss_args *a, const slim_tensor *variable)
{
  for (size_t i = 0; i < a->num_gradient_multipliers; i++) {
    if (strcmp(a->gradient_multipliers[i].variable, slim_variable_full_name(variable)) == 0) {
      return a->gradient_multipliers[i].factor;
    }
  }
  return 1.0f;
}

/* With noise, then multiplied. Without a gradient nothing is, nor is that an error here. */
static slim_gradient_list changed(const slim_optimize_loss_args *a, slim_graph *graph, slim_gradient_list list)
{
  slim_gradient *item = slim_arena_copy(graph->arena, list.item, list.count * sizeof *item);
  for (size_t i = 0; item && i < list.count; i++) {
    slim_gradient *g = &item[i];
    if (g->gradient && a->gradient_noise_scale != 0.0f) {
      g->gradient = noisy(g->gradient, g->variable, a->gradient_noise_scale);
    }
    const float factor = multiplier_of(a, g->variable);
    g->gradient = g->gradient && factor != 1.0f ? slim_scale(g->gradient, factor, 0.0f) : g->gradient;
  }
  return item ? (slim_gradient_list){ list.count, item } : list;
}

static void summarize_each(const slim_optimize_loss_args *a, slim_graph *graph, slim_gradient_list list)
{
  for (size_t i = 0; i < list.count; i++) {
    slim_tensor *g = list.item[i].gradient;
    const char *variable = slim_variable_full_name(list.item[i].variable);
    if (g && has(a, SLIM_SUMMARY_GRADIENTS)) {
      (void)slim_add_histogram_summary(g, slim_arena_printf(graph->arena, "gradients/%s_0", variable));
    }
    if (g && has(a, SLIM_SUMMARY_GRADIENT_NORM)) {
      (void)slim_add_scalar_summary(slim_global_norm((slim_gradient_list){ 1, &list.item[i] }),
                                    slim_arena_printf(graph->arena, "gradient_norm/%s_0", variable));
    }
  }
}

/* Of which variables, changed, clipped, and told about in summaries. */
static slim_gradient_list gradients_of(const slim_optimize_loss_args *a, slim_optimizer *optimizer)
{
  slim_graph *graph = slim_graph_of(a->loss);
  const bool norms = has(a, SLIM_SUMMARY_GLOBAL_GRADIENT_NORM | SLIM_SUMMARY_GRADIENT_NORM);
  slim_gradient_list list = slim_compute_gradients(optimizer, a->loss, a->variables);
  if (list.count == 0) {
    return list;
  }
  list = changed(a, graph, list);
  if (norms) {
    (void)slim_add_scalar_summary(slim_global_norm(list), "global_norm/gradient_norm");
  }
  if (a->clip_gradients_fn) {
    list = a->clip_gradients_fn(list, a->clip_user);
  } else if (a->clip_gradients != 0.0f) {
    list = slim_clip_by_global_norm(list, a->clip_gradients);
  }
  if (has(a, SLIM_SUMMARY_LOSS)) {
    (void)slim_add_scalar_summary(a->loss, "loss");
  }
  summarize_each(a, graph, list);
  if (norms && (a->clip_gradients_fn || a->clip_gradients != 0.0f)) {
    (void)slim_add_scalar_summary(slim_global_norm(list), "global_norm/clipped_gradient_norm");
  }
  return list;
}

/* --- the op ------------------------------------------------------------------------------------------------------- */

static slim_tensor *optimize(const slim_optimize_loss_args *a, slim_graph *graph)
{
  slim_tensor *step = slim_assert_or_get_global_step(graph, a->global_step), *rate = rate_of(a, graph, step);
  slim_optimizer *optimizer = optimizer_of(a, graph, rate);
  const slim_gradient_list gradients = optimizer ? gradients_of(a, optimizer) : (slim_gradient_list){ 0, NULL };
  if (gradients.count == 0) {
    return slim_poison(a->loss);
  }
  slim_tensor *counted = slim_flag_or(a->increment_global_step, true) ? step : NULL;
  slim_tensor *applied = slim_apply_gradients(optimizer, gradients, counted);
  return slim_train_op_gather(a->loss, applied, a->update_ops, a->update_ops.item != NULL);
}

slim_tensor *(slim_optimize_loss)(const slim_optimize_loss_args *args)
{
  slim_optimize_loss_args all = { 0 };
  const size_t given = args->struct_size ? args->struct_size : sizeof all;
  memcpy(&all, args, given < sizeof all ? given : sizeof all);
  slim_graph *graph = slim_graph_of(all.loss);
  if (!graph || slim_is_poison(all.loss)) {
    return slim_poison(all.loss);
  }
  if (all.loss->shape.rank != 0) {
    char text[128];
    return slim_graph_fail(graph, SLIM_ERR_SHAPE, "optimize_loss: loss '%s' %s must be a scalar", all.loss->name,
                           slim_shape_format(&all.loss->shape, text, sizeof text));
  }
  slim_scope scope = slim_variable_scope_begin(graph, all.name, "OptimizeLoss", SLIM_REUSE_UNSET);
  slim_tensor *train_op = optimize(&all, graph);
  slim_scope_end(&scope);
  return train_op;
}
