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

static slim_tensor *average(slim_tensor *variable, float decay)
{
  slim_graph *graph = slim_graph_of(variable);
  if (!slim_is_variable(variable)) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "moving average: '%s' is not a variable", variable->name);
  }
  const slim_assign_attr attr = { decay };
  slim_tensor *const input[] = { shadow_of(variable), variable };
  (void)slim_add_to_collection(SLIM_MOVING_AVERAGE_VARIABLES, variable);
  return slim_node_add(graph, &slim_op_assign_moving_average, "AssignMovingAvg", &attr, input, 2);
}

slim_tensor *slim_moving_average_apply(slim_tensors variables, float decay)
{
  slim_graph *graph = variables.count ? slim_graph_of(variables.item[0]) : NULL;
  slim_tensor **part = graph && variables.count <= INT32_MAX ? calloc(variables.count, sizeof *part) : NULL;
  if (!part) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "moving average: out of memory");
  }
  slim_scope scope = slim_name_scope_begin(graph, "ExponentialMovingAverage");
  const slim_stage before = slim_graph_set_stage(graph, SLIM_STAGE_AVERAGE);
  for (size_t i = 0; i < variables.count; i++) {
    part[i] = average(variables.item[i], decay);
  }
  slim_tensor *all = slim_op_add(part, (int)variables.count, &slim_op_group, "/", NULL);
  (void)slim_graph_set_stage(graph, before);
  slim_scope_end(&scope);
  free(part);
  return all;
}
