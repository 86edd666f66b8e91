/* Exponential moving averages of variables. */
#include "ops/ops.h"
#include "slim/optimizers.h"

#include <stdlib.h>

static const char *shadow_name(const slim_tensor *variable)
{
  return slim_arena_printf(slim_graph_of(variable)->arena, "%s/ExponentialMovingAverage",
                           slim_variable_full_name(variable));
}

slim_tensor *slim_moving_average_of(const slim_tensor *variable)
{
  return slim_is_variable(variable) ? slim_variable_find(slim_graph_of(variable), shadow_name(variable)) : NULL;
}

static slim_tensor *shadow_of(slim_tensor *variable)
{
  slim_graph *graph = slim_graph_of(variable);
  slim_tensor *found = slim_moving_average_of(variable);
  const char *name = found ? NULL : shadow_name(variable);
  if (found) {
    return found;
  }
  if (!name) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "moving average: out of memory");
  }
  return slim_variable_make(
      graph, &(slim_variable_spec){ .name = name, .exact = true, .shape = variable->shape, .initial_of = variable });
}

/* 1 - min(decay, (1 + n) / (10 + n)) on the device; NULL without n. */
static slim_tensor *share_of(slim_graph *graph, float decay, slim_tensor *num_updates)
{
  if (!num_updates) {
    return NULL;
  }
  slim_tensor *most = slim_constant_tensor(graph, SLIM_FLOAT32, SLIM_SCALAR, &decay, "decay");
  slim_tensor *n = slim_op_cast_add(num_updates, SLIM_FLOAT32);
  slim_tensor *above = slim_op_unary_add(n, SLIM_UNARY_SCALE_ADD, 1.0f, 1.0f);
  slim_tensor *below = slim_op_unary_add(n, SLIM_UNARY_SCALE_ADD, 1.0f, 10.0f);
  slim_tensor *early = slim_op_binary_add(above, below, SLIM_BINARY_DIV);
  return slim_op_unary_add(slim_op_binary_add(early, most, SLIM_BINARY_MIN), SLIM_UNARY_SCALE_ADD, -1.0f, 1.0f);
}

/* shadow + (variable - shadow) * share */
static slim_tensor *assign_counted(slim_tensor *shadow, slim_tensor *variable, slim_tensor *share)
{
  const slim_assign_attr attr = { 0 };
  slim_tensor *difference = slim_op_binary_add(variable, shadow, SLIM_BINARY_SUB);
  slim_tensor *step = slim_op_binary_add(difference, share, SLIM_BINARY_MUL);
  slim_tensor *const input[] = { shadow, slim_op_binary_add(shadow, step, SLIM_BINARY_ADD) };
  return slim_op_add(input, 2, &slim_op_assign, "AssignMovingAvg", &attr);
}

static slim_tensor *average(slim_tensor *variable, float decay, slim_tensor *share)
{
  slim_graph *graph = slim_graph_of(variable);
  if (!slim_is_variable(variable)) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "moving average: '%s' is not a variable", variable->name);
  }
  const slim_assign_attr attr = { decay };
  slim_tensor *const input[] = { shadow_of(variable), variable };
  (void)slim_add_to_collection(SLIM_MOVING_AVERAGE_VARIABLES, variable);
  return share ? assign_counted(input[0], variable, share)
               : slim_op_add(input, 2, &slim_op_assign_moving_average, "AssignMovingAvg", &attr);
}

static slim_tensor *apply(slim_graph *graph, slim_tensors variables, float decay, slim_tensor *num_updates)
{
  slim_tensor **part = variables.count <= INT32_MAX ? calloc(variables.count, sizeof *part) : NULL;
  if (!part) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "moving average: out of memory");
  }
  slim_tensor *share = share_of(graph, decay, num_updates);
  for (size_t i = 0; i < variables.count; i++) {
    part[i] = average(variables.item[i], decay, share);
  }
  slim_tensor *all = slim_op_add(part, (int)variables.count, &slim_op_group, "/", NULL);
  free(part);
  return all;
}

slim_tensor *slim_moving_average_apply_counted(slim_tensors variables, float decay, slim_tensor *num_updates)
{
  slim_graph *graph = variables.count ? slim_graph_of(variables.item[0]) : NULL;
  if (!graph) {
    return NULL;
  }
  if (!(decay >= 0.0f && decay <= 1.0f)) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "moving average: decay %g must be from 0 to 1", (double)decay);
  }
  slim_scope scope = slim_name_scope_begin(graph, "ExponentialMovingAverage");
  const slim_stage before = slim_graph_set_stage(graph, SLIM_STAGE_AVERAGE);
  slim_tensor *all = apply(graph, variables, decay, num_updates);
  (void)slim_graph_set_stage(graph, before);
  slim_scope_end(&scope);
  return all;
}

slim_tensor *slim_moving_average_apply(slim_tensors variables, float decay)
{
  return slim_moving_average_apply_counted(variables, decay, NULL);
}
