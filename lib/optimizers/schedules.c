/* Learning rates that depend on the global step. */
#include "graph/graph.h"
#include "ops/ops.h"
#include "slim/optimizers.h"

#include <string.h>

static slim_tensor *add(slim_tensor *global_step, const char *name, const slim_schedule_attr *attr)
{
  return slim_node_add(slim_graph_of(global_step), &slim_op_schedule, name, attr, &global_step, 1);
}

/* A schedule that counts periods of decay_steps. */
static slim_tensor *add_decay(slim_schedule_kind kind, const char *name, double rate, slim_tensor *global_step,
                              double decay_steps, double decay_rate, bool staircase)
{
  return add(global_step, name,
             &(slim_schedule_attr){ .kind = kind,
                                    .learning_rate = rate,
                                    .decay_steps = decay_steps,
                                    .factor = decay_rate,
                                    .staircase = staircase });
}

slim_tensor *slim_exponential_decay(double rate, slim_tensor *global_step, double decay_steps, double decay_rate,
                                    bool staircase)
{
  return add_decay(SLIM_SCHEDULE_EXPONENTIAL, "ExponentialDecay", rate, global_step, decay_steps, decay_rate,
                   staircase);
}

slim_tensor *slim_natural_exp_decay(double rate, slim_tensor *global_step, double decay_steps, double decay_rate,
                                    bool staircase)
{
  return add_decay(SLIM_SCHEDULE_NATURAL_EXP, "NaturalExpDecay", rate, global_step, decay_steps, decay_rate,
                   staircase);
}

slim_tensor *slim_inverse_time_decay(double rate, slim_tensor *global_step, double decay_steps, double decay_rate,
                                     bool staircase)
{
  return add_decay(SLIM_SCHEDULE_INVERSE_TIME, "InverseTimeDecay", rate, global_step, decay_steps, decay_rate,
                   staircase);
}

slim_tensor *slim_polynomial_decay(double rate, slim_tensor *global_step, double decay_steps, double end_rate,
                                   double power, bool cycle)
{
  return add(global_step, "PolynomialDecay",
             &(slim_schedule_attr){ .kind = SLIM_SCHEDULE_POLYNOMIAL,
                                    .learning_rate = rate,
                                    .decay_steps = decay_steps,
                                    .end_learning_rate = end_rate,
                                    .power = power,
                                    .cycle = cycle });
}

slim_tensor *slim_cosine_decay(double rate, slim_tensor *global_step, double decay_steps, double alpha)
{
  return add_decay(SLIM_SCHEDULE_COSINE, "CosineDecay", rate, global_step, decay_steps, alpha, false);
}

slim_tensor *slim_piecewise_constant(slim_tensor *global_step, size_t boundaries, const int64_t *boundary,
                                     const double *values)
{
  slim_graph *graph = slim_graph_of(global_step);
  if (!graph) {
    return NULL;
  }
  int64_t *own_boundary = slim_arena_array(graph->arena, boundaries + 1, sizeof *own_boundary);
  double *own_values = slim_arena_array(graph->arena, boundaries + 1, sizeof *own_values);
  if (!own_boundary || !own_values || boundaries > INT32_MAX / 2) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "piecewise_constant: out of memory");
  }
  for (size_t i = 0; i < boundaries; i++) {
    own_boundary[i] = boundary[i];
  }
  memcpy(own_values, values, (boundaries + 1) * sizeof *own_values);
  return add(global_step, "PiecewiseConstant",
             &(slim_schedule_attr){ .kind = SLIM_SCHEDULE_PIECEWISE_CONSTANT,
                                    .boundaries = own_boundary,
                                    .values = own_values,
                                    .pieces = (int)boundaries + 1 });
}
