/* Gradients of a loss, and the one node that applies them to all variables. */
#include "optimizers/optimizer.h"

#include <stdlib.h>

slim_gradient_list slim_compute_gradients(slim_optimizer *optimizer, slim_tensor *loss, slim_tensors variables)
{
  const slim_gradient_list none = { 0, NULL };
  slim_graph *graph = slim_graph_of(loss);
  if (!graph || slim_is_poison(loss)) {
    return none;
  }
  if (!optimizer) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "compute_gradients of '%s': the optimizer is NULL", loss->name);
    return none;
  }
  const bool chosen = variables.item != NULL;
  if (!chosen) {
    variables = slim_get_trainable_variables(graph, NULL, NULL);
  }
  if (variables.count == 0) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "optimizer %s: %s", optimizer->name,
                          chosen ? "the list of variables to train is empty" : "there is no trainable variable");
    return none;
  }
  const slim_tensors found = slim_gradients(loss, variables);
  slim_gradient *item = slim_arena_array(graph->arena, found.count, sizeof *item);
  for (size_t i = 0; item && i < found.count; i++) {
    item[i] = (slim_gradient){ found.item[i], variables.item[i] };
  }
  return item ? (slim_gradient_list){ found.count, item } : none;
}

static size_t count_present(slim_gradient_list gradients)
{
  size_t count = 0;
  for (size_t i = 0; i < gradients.count; i++) {
    count += gradients.item[i].gradient != NULL;
  }
  return count;
}

/* variable, slots ..., gradient for each of the list. @return behind the last input written, NULL on an error. */
static slim_tensor **put_groups(slim_optimizer *optimizer, slim_gradient_list gradients, slim_tensor **input)
{
  for (size_t i = 0; i < gradients.count; i++) {
    const slim_gradient *g = &gradients.item[i];
    if (!g->gradient) {
      continue;
    }
    if (!slim_is_variable(g->variable)) {
      (void)slim_graph_fail(optimizer->graph, SLIM_ERR_ARG, "optimizer %s: '%s' is not a variable", optimizer->name,
                            slim_tensor_name(g->variable));
      return NULL;
    }
    const slim_optimizer_slots *slots = slim_optimizer_slots_of(optimizer, g->variable);
    if (!slots) {
      return NULL;
    }
    *input++ = g->variable;
    for (int k = 0; k < optimizer->kind->slots; k++) {
      *input++ = slots->slot[k];
    }
    *input++ = g->gradient;
  }
  return input;
}

static slim_tensor *add_update(slim_optimizer *optimizer, slim_gradient_list gradients, size_t present)
{
  const size_t most = 3 + present * (2 + SLIM_OPTIMIZER_SLOTS);
  slim_tensor **input = calloc(most, sizeof *input), **end = input;
  slim_tensor *update = optimizer->graph->poison;
  slim_apply_attr attr = optimizer->attr;
  attr.variables = (int)present;
  if (!input || present > INT32_MAX / 8) {
    update = slim_graph_fail(optimizer->graph, SLIM_ERR_MEMORY, "optimizer %s: out of memory", optimizer->name);
  } else if (!optimizer->kind->powers || slim_optimizer_make_powers(optimizer)) {
    *end++ = optimizer->learning_rate;
    for (int k = 0; k < 2 && optimizer->kind->powers; k++) {
      *end++ = optimizer->power[k];
    }
    end = put_groups(optimizer, gradients, end);
    update = end ? slim_node_add(optimizer->graph, optimizer->kind->op, "update", &attr, input, (int)(end - input))
                 : optimizer->graph->poison;
  }
  free(input);
  return update;
}

static slim_tensor *count_up(slim_tensor *variable, const char *name, double multiply, double add)
{
  const slim_counter_attr attr = { multiply, add };
  return slim_node_add(slim_graph_of(variable), &slim_op_counter, name, &attr, &variable, 1);
}

/* The update, then what counts: powers of beta, the step. */
static slim_tensor *add_all(slim_optimizer *optimizer, slim_gradient_list gradients, size_t present,
                            slim_tensor *global_step)
{
  slim_graph *graph = optimizer->graph;
  slim_tensor *part[4] = { NULL };
  int parts = 0;
  (void)slim_graph_set_stage(graph, SLIM_STAGE_OPTIMIZE);
  part[parts++] = add_update(optimizer, gradients, present);
  (void)slim_graph_set_stage(graph, SLIM_STAGE_STEP);
  if (optimizer->kind->powers && optimizer->power[0]) {
    part[parts++] = count_up(optimizer->power[0], "Assign", (double)optimizer->attr.beta1, 0.0);
    part[parts++] = count_up(optimizer->power[1], "Assign", (double)optimizer->attr.beta2, 0.0);
  }
  if (global_step) {
    part[parts++] = count_up(global_step, "AssignAdd", 1.0, 1.0);
  }
  return slim_op_add(part, parts, &slim_op_group, "/", NULL);
}

slim_tensor *slim_apply_gradients(slim_optimizer *optimizer, slim_gradient_list gradients, slim_tensor *global_step)
{
  if (!optimizer) {
    return gradients.count ? slim_poison(gradients.item[0].variable) : NULL;
  }
  const size_t present = count_present(gradients);
  if (present == 0) {
    return slim_graph_fail(optimizer->graph, SLIM_ERR_ARG, "optimizer %s: none of %zu variables has a gradient",
                           optimizer->name, gradients.count);
  }
  slim_scope scope = slim_name_scope_begin(optimizer->graph, optimizer->name);
  const slim_stage before = slim_graph_set_stage(optimizer->graph, SLIM_STAGE_OPTIMIZE);
  slim_tensor *applied = add_all(optimizer, gradients, present, global_step);
  (void)slim_graph_set_stage(optimizer->graph, before);
  slim_scope_end(&scope);
  return applied;
}

slim_tensor *slim_minimize(slim_optimizer *optimizer, slim_tensor *loss, slim_tensor *global_step,
                           slim_tensors variables)
{
  const slim_gradient_list gradients = slim_compute_gradients(optimizer, loss, variables);
  return gradients.count ? slim_apply_gradients(optimizer, gradients, global_step) : slim_poison(loss);
}
