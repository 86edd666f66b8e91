/* The train op: gradients, what is done to them, the optimizer, update ops and the step. */
#include "learning/train_op.h"

#include "base/log.h"
#include "ops/ops.h"
#include "slim/ops.h"

#include <stdlib.h>
#include <string.h>

static bool contains(slim_tensors list, const slim_tensor *tensor)
{
  for (size_t i = 0; i < list.count; i++) {
    if (list.item[i] == tensor) {
      return true;
    }
  }
  return false;
}

static void warn_of_missing_updates(slim_graph *graph, slim_tensors given)
{
  const slim_tensors all = slim_get_collection(graph, SLIM_UPDATE_OPS, NULL);
  for (size_t i = 0; i < all.count; i++) {
    if (!contains(given, all.item[i])) {
      slim_log_write(SLIM_LOG_WARNING, "create_train_op: update_ops lack '%s' of update_ops: it will not run",
                     slim_tensor_name(all.item[i]));
    }
  }
}

/* --- the op ------------------------------------------------------------------------------------------------------- */

static slim_gradient_list gradients_of(const slim_train_op_args *args)
{
  slim_gradient_list list = slim_compute_gradients(args->optimizer, args->total_loss, args->variables_to_train);
  if (list.count && args->num_gradient_multipliers) {
    list = slim_multiply_gradients(list, args->gradient_multipliers, args->num_gradient_multipliers);
  }
  if (list.count && args->clip_gradient_norm > 0.0f) {
    list = slim_clip_gradient_norms(list, args->clip_gradient_norm);
  }
  if (list.count && args->transform_grads_fn) {
    list = args->transform_grads_fn(list, args->transform_user);
  }
  if (slim_flag_or(args->summarize_gradients, false)) {
    slim_scope scope = slim_name_scope_begin(slim_graph_of(args->total_loss), "summarize_grads");
    slim_training_add_gradients_summaries(list);
    slim_scope_end(&scope);
  }
  return list;
}

slim_tensor *slim_train_op_gather(slim_tensor *loss, slim_tensor *applied, slim_tensors updates, bool own)
{
  slim_graph *graph = slim_graph_of(loss);
  slim_tensor **part = updates.count < INT32_MAX - 2 ? calloc(updates.count + 2, sizeof *part) : NULL;
  if (!part) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "train op: out of memory");
  }
  part[0] = loss;
  part[1] = applied;
  if (updates.count) {
    memcpy(part + 2, updates.item, updates.count * sizeof *part);
  }
  const slim_stage before = slim_graph_set_stage(graph, SLIM_STAGE_STEP);
  slim_tensor *all = slim_op_add(part, (int)updates.count + 2, &slim_op_group, "control_dependency", NULL);
  (void)slim_graph_set_stage(graph, before);
  free(part);
  if (own) {
    (void)slim_add_to_collection(SLIM_OWN_UPDATE_OPS, all);
  }
  return all;
}

static slim_tensor *create(const slim_train_op_args *args, slim_graph *graph)
{
  const bool own_updates = args->update_ops.item != NULL;
  if (own_updates) {
    warn_of_missing_updates(graph, args->update_ops);
  }
  const bool count = slim_flag_or(args->increment_global_step, true);
  slim_tensor *step = !count ? NULL : args->global_step ? args->global_step : slim_get_or_create_global_step(graph);
  slim_tensor *first = NULL, *next = NULL, *loss = args->total_loss;
  slim_gradient_list gradients = gradients_of(args);
  const bool sync = gradients.count && args->replicas_to_aggregate > 1;
  if (sync) {
    gradients = slim_sync_replicas(gradients, args->replicas_to_aggregate, &first, &next);
  }
  slim_tensor *applied = gradients.count ? slim_apply_gradients(args->optimizer, gradients, step) : graph->poison;
  if (args->variable_averages) {
    applied = slim_group(applied, SLIM_TENSORS(args->variable_averages));
  }
  slim_scope scope = slim_name_scope_begin(graph, "train_op");
  if (slim_flag_or(args->check_numerics, true)) {
    loss = slim_op_add(&loss, 1, &slim_op_finite_check, "CheckNumerics", NULL);
  }
  slim_tensor *train_op = slim_train_op_gather(loss, applied, args->update_ops, own_updates);
  if (sync) {
    slim_sync_replicas_list(train_op, slim_train_op_gather(loss, first, args->update_ops, own_updates),
                            slim_train_op_gather(loss, next, args->update_ops, own_updates),
                            args->replicas_to_aggregate);
  }
  slim_scope_end(&scope);
  (void)slim_add_to_collection(SLIM_TRAIN_OP, train_op);
  return train_op;
}

slim_tensor *(slim_learning_create_train_op)(const slim_train_op_args *args)
{
  slim_train_op_args all = { 0 };
  const size_t given = args->struct_size ? args->struct_size : sizeof all;
  memcpy(&all, args, given < sizeof all ? given : sizeof all);
  slim_graph *graph = slim_graph_of(all.total_loss);
  if (!graph || slim_is_poison(all.total_loss)) {
    return slim_poison(all.total_loss);
  }
  const slim_shape shape = all.total_loss->shape;
  if (all.replicas_to_aggregate < 0) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "create_train_op: replicas_to_aggregate %d must not be negative",
                           all.replicas_to_aggregate);
  }
  if (shape.rank != 0) {
    char text[128];
    return slim_graph_fail(graph, SLIM_ERR_SHAPE, "create_train_op: total loss '%s' %s must be a scalar",
                           all.total_loss->name, slim_shape_format(&shape, text, sizeof text));
  }
  return create(&all, graph);
}
