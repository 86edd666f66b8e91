#include "optimizers/optimizer.h"

#include <float.h>
#include <string.h>

static const slim_optimizer_kind gradient_descent = { .name = "GradientDescent",
                                                      .op = &slim_op_apply_gradient_descent };
static const slim_optimizer_kind momentum = { .name = "Momentum", .op = &slim_op_apply_momentum, .slots = 1 };
static const slim_optimizer_kind adagrad = { .name = "Adagrad", .op = &slim_op_apply_adagrad, .slots = 1 };
static const slim_optimizer_kind adadelta = { .name = "Adadelta", .op = &slim_op_apply_adadelta, .slots = 2 };
static const slim_optimizer_kind ftrl = { .name = "Ftrl", .op = &slim_op_apply_ftrl, .slots = 2 };
static const slim_optimizer_kind proximal_gradient_descent = { .name = "ProximalGradientDescent",
                                                               .op = &slim_op_apply_proximal_gradient_descent };
static const slim_optimizer_kind proximal_adagrad = { .name = "ProximalAdagrad",
                                                      .op = &slim_op_apply_proximal_adagrad,
                                                      .slots = 1 };
static const slim_optimizer_kind adam = { .name = "Adam", .op = &slim_op_apply_adam, .slots = 2, .powers = true };
static const slim_optimizer_kind rms_prop = {
  .name = "RMSProp", .op = &slim_op_apply_rms_prop, .slots = 2, .initial = { 1.0f }
};
static const slim_optimizer_kind centered_rms_prop = {
  .name = "RMSProp", .op = &slim_op_apply_rms_prop, .slots = 3, .initial = { 1.0f }
};

static float either(float given, float standard)
{
  return given != 0.0f ? given : standard;
}

static slim_optimizer_args read_args(const slim_optimizer_args *args)
{
  slim_optimizer_args all = { 0 };
  const size_t given = args->struct_size ? args->struct_size : sizeof all;
  memcpy(&all, args, given < sizeof all ? given : sizeof all);
  return all;
}

/* low <= value < high, or an error of the graph. */
static bool in_range(slim_graph *graph, const char *optimizer, const char *what, float value, float low, float high)
{
  if (value >= low && value < high) {
    return true;
  }
  (void)slim_graph_fail(graph, SLIM_ERR_ARG, "optimizer %s: %s %g must be at least %g and below %g", optimizer, what,
                        (double)value, (double)low, (double)high);
  return false;
}

static bool numbers_usable(slim_graph *graph, const char *name, const slim_apply_attr *attr)
{
  return in_range(graph, name, "momentum", attr->momentum, 0.0f, 1e30f) &&
         in_range(graph, name, "beta1", attr->beta1, 0.0f, 1.0f) &&
         in_range(graph, name, "beta2", attr->beta2, 0.0f, 1.0f) &&
         in_range(graph, name, "decay", attr->decay, 0.0f, 1.0f) &&
         in_range(graph, name, "epsilon", attr->epsilon, 0.0f, 1e30f) &&
         in_range(graph, name, "learning_rate_power", -attr->learning_rate_power, 0.0f, 1e30f) &&
         in_range(graph, name, "l1_regularization_strength", attr->l1, 0.0f, 1e30f) &&
         in_range(graph, name, "l2_regularization_strength", attr->l2, 0.0f, 1e30f);
}

static slim_optimizer *create(const slim_optimizer_kind *kind, const slim_optimizer_args *args,
                              const slim_apply_attr *attr)
{
  slim_graph *graph = slim_graph_of(args->learning_rate);
  if (!graph || slim_is_poison(args->learning_rate)) {
    return NULL;
  }
  const slim_tensor *rate = args->learning_rate;
  if (rate->shape.rank != 0 || rate->dtype != SLIM_FLOAT32) {
    char shape[128];
    (void)slim_graph_fail(graph, SLIM_ERR_SHAPE, "optimizer %s: learning rate '%s' is %s %s, must be a float32 scalar",
                          kind->name, rate->name, slim_dtype_name(rate->dtype),
                          slim_shape_format(&rate->shape, shape, sizeof shape));
    return NULL;
  }
  if (!numbers_usable(graph, kind->name, attr)) {
    return NULL;
  }
  slim_optimizer *optimizer = slim_arena_alloc(graph->arena, sizeof *optimizer);
  const char *name = slim_arena_strdup(graph->arena, args->name ? args->name : kind->name);
  if (!optimizer || !name) {
    (void)slim_graph_fail(graph, SLIM_ERR_MEMORY, "optimizer %s: out of memory", kind->name);
    return NULL;
  }
  *optimizer = (slim_optimizer){
    .graph = graph, .kind = kind, .name = name, .learning_rate = args->learning_rate, .attr = *attr
  };
  memcpy(optimizer->initial, kind->initial, sizeof optimizer->initial);
  return optimizer;
}

/* The first slot adds up squares, from initial_accumulator_value, which must be least or more. */
static slim_optimizer *create_accumulating(const slim_optimizer_kind *kind, const slim_optimizer_args *args,
                                           const slim_apply_attr *attr, float least)
{
  const float initial = either(args->initial_accumulator_value, 0.1f);
  slim_optimizer *optimizer = create(kind, args, attr);
  if (!optimizer || !in_range(optimizer->graph, kind->name, "initial_accumulator_value", initial, least, 1e30f)) {
    return NULL;
  }
  optimizer->initial[0] = initial;
  return optimizer;
}

slim_optimizer *(slim_gradient_descent_optimizer)(const slim_optimizer_args *args)
{
  const slim_optimizer_args all = read_args(args);
  return create(&gradient_descent, &all, &(slim_apply_attr){ 0 });
}

slim_optimizer *(slim_momentum_optimizer)(const slim_optimizer_args *args)
{
  const slim_optimizer_args all = read_args(args);
  return create(&momentum, &all,
                &(slim_apply_attr){ .momentum = all.momentum, .nesterov = slim_flag_or(all.use_nesterov, false) });
}

slim_optimizer *(slim_adagrad_optimizer)(const slim_optimizer_args *args)
{
  const slim_optimizer_args all = read_args(args);
  return create_accumulating(&adagrad, &all, &(slim_apply_attr){ 0 }, FLT_MIN);
}

slim_optimizer *(slim_adadelta_optimizer)(const slim_optimizer_args *args)
{
  const slim_optimizer_args all = read_args(args);
  return create(&adadelta, &all,
                &(slim_apply_attr){ .decay = either(all.rho, 0.95f), .epsilon = either(all.epsilon, 1e-8f) });
}

slim_optimizer *(slim_adam_optimizer)(const slim_optimizer_args *args)
{
  const slim_optimizer_args all = read_args(args);
  return create(&adam, &all,
                &(slim_apply_attr){ .beta1 = either(all.beta1, 0.9f),
                                    .beta2 = either(all.beta2, 0.999f),
                                    .epsilon = either(all.epsilon, 1e-8f) });
}

slim_optimizer *(slim_ftrl_optimizer)(const slim_optimizer_args *args)
{
  const slim_optimizer_args all = read_args(args);
  return create_accumulating(&ftrl, &all,
                             &(slim_apply_attr){ .learning_rate_power = either(all.learning_rate_power, -0.5f),
                                                 .l1 = all.l1_regularization_strength,
                                                 .l2 = all.l2_regularization_strength },
                             0.0f);
}

slim_optimizer *(slim_proximal_gradient_descent_optimizer)(const slim_optimizer_args *args)
{
  const slim_optimizer_args all = read_args(args);
  return create(&proximal_gradient_descent, &all,
                &(slim_apply_attr){ .l1 = all.l1_regularization_strength, .l2 = all.l2_regularization_strength });
}

slim_optimizer *(slim_proximal_adagrad_optimizer)(const slim_optimizer_args *args)
{
  const slim_optimizer_args all = read_args(args);
  return create_accumulating(
      &proximal_adagrad, &all,
      &(slim_apply_attr){ .l1 = all.l1_regularization_strength, .l2 = all.l2_regularization_strength }, FLT_MIN);
}

slim_optimizer *(slim_rms_prop_optimizer)(const slim_optimizer_args *args)
{
  const slim_optimizer_args all = read_args(args);
  const bool centered = slim_flag_or(all.centered, false);
  return create(centered ? &centered_rms_prop : &rms_prop, &all,
                &(slim_apply_attr){ .centered = centered,
                                    .momentum = all.momentum,
                                    .decay = either(all.decay, 0.9f),
                                    .epsilon = either(all.epsilon, 1e-10f) });
}

slim_tensor *slim_optimizer_learning_rate(const slim_optimizer *optimizer)
{
  return optimizer ? optimizer->learning_rate : NULL;
}

const char *slim_optimizer_name(const slim_optimizer *optimizer)
{
  return optimizer ? optimizer->name : "";
}

/* --- slots -------------------------------------------------------------------------------------------------------- */

const char *slim_optimizer_free_name(slim_graph *graph, const char *leaf)
{
  const char *scope = slim_variable_scope_name(graph);
  const char *base = *scope ? slim_arena_printf(graph->arena, "%s/%s", scope, leaf) : leaf, *name = base;
  for (int i = 1; name && slim_variable_find(graph, name); i++) {
    name = slim_arena_printf(graph->arena, "%s_%d", base, i);
  }
  return name;
}

static slim_tensor *make_slot(slim_optimizer *optimizer, const slim_tensor *variable, float initial)
{
  slim_graph *graph = optimizer->graph;
  const char *base = slim_arena_printf(graph->arena, "%s/%s", slim_variable_full_name(variable), optimizer->name);
  const char *name = base ? slim_optimizer_free_name(graph, base) : NULL;
  if (!name) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "optimizer %s: out of memory", optimizer->name);
  }
  return slim_variable_make(
      graph, &(slim_variable_spec){
                 .name = name, .exact = true, .shape = variable->shape, .initializer = SLIM_CONSTANT(initial) });
}

static slim_optimizer_slots *find_slots(const slim_optimizer *optimizer, const slim_tensor *variable)
{
  for (size_t i = 0; i < optimizer->slots.count; i++) {
    slim_optimizer_slots *slots = optimizer->slots.item[i];
    if (slots->variable == variable) {
      return slots;
    }
  }
  return NULL;
}

const slim_optimizer_slots *slim_optimizer_slots_of(slim_optimizer *optimizer, slim_tensor *variable)
{
  slim_graph *graph = optimizer->graph;
  slim_optimizer_slots *slots = find_slots(optimizer, variable);
  if (slots) {
    return slots;
  }
  slots = slim_arena_alloc(graph->arena, sizeof *slots);
  if (!slots || !slim_list_push(graph->arena, &optimizer->slots, slots)) {
    (void)slim_graph_fail(graph, SLIM_ERR_MEMORY, "optimizer %s: out of memory", optimizer->name);
    return NULL;
  }
  slots->variable = variable;
  for (int i = 0; i < optimizer->kind->slots; i++) {
    slots->slot[i] = make_slot(optimizer, variable, optimizer->initial[i]);
  }
  return slots;
}

const char *slim_optimizer_slot_name(const slim_optimizer *optimizer, size_t i)
{
  if (!optimizer || i >= (size_t)optimizer->kind->slots) {
    return NULL;
  }
  return i == 0 ? optimizer->name : slim_arena_printf(optimizer->graph->arena, "%s_%zu", optimizer->name, i);
}

slim_tensor *slim_optimizer_slot(const slim_optimizer *optimizer, const slim_tensor *variable, const char *slot)
{
  const slim_optimizer_slots *slots = optimizer && variable ? find_slots(optimizer, variable) : NULL;
  for (size_t i = 0; slots && slot && i < (size_t)optimizer->kind->slots; i++) {
    const char *name = slim_optimizer_slot_name(optimizer, i);
    if (name && strcmp(name, slot) == 0) {
      return slots->slot[i];
    }
  }
  return NULL;
}

static slim_tensor *make_power(slim_optimizer *optimizer, const char *base, float beta)
{
  const char *name = slim_optimizer_free_name(optimizer->graph, base);
  return slim_variable_make(optimizer->graph,
                            &(slim_variable_spec){ .name = name, .exact = true, .values = &beta, .host = true });
}

bool slim_optimizer_make_powers(slim_optimizer *optimizer)
{
  if (!optimizer->power[0]) {
    optimizer->power[0] = make_power(optimizer, "beta1_power", optimizer->attr.beta1);
    optimizer->power[1] = make_power(optimizer, "beta2_power", optimizer->attr.beta2);
  }
  return !slim_is_poison(optimizer->power[0]) && !slim_is_poison(optimizer->power[1]);
}
