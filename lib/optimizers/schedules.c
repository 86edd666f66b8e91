/* Learning rates that depend on the global step. */
#include "ops/ops.h"
#include "slim/optimizers.h"

slim_tensor *slim_exponential_decay(double rate, slim_tensor *global_step, double decay_steps, double decay_rate,
                                    bool staircase)
{
  const slim_schedule_attr attr = { .kind = SLIM_SCHEDULE_EXPONENTIAL,
                                    .learning_rate = rate,
                                    .decay_steps = decay_steps,
                                    .factor = decay_rate,
                                    .staircase = staircase };
  return slim_node_add(slim_graph_of(global_step), &slim_op_schedule, "ExponentialDecay", &attr, &global_step, 1);
}

slim_tensor *slim_polynomial_decay(double rate, slim_tensor *global_step, double decay_steps, double end_rate,
                                   double power, bool cycle)
{
  const slim_schedule_attr attr = { .kind = SLIM_SCHEDULE_POLYNOMIAL,
                                    .learning_rate = rate,
                                    .decay_steps = decay_steps,
                                    .end_learning_rate = end_rate,
                                    .power = power,
                                    .cycle = cycle };
  return slim_node_add(slim_graph_of(global_step), &slim_op_schedule, "PolynomialDecay", &attr, &global_step, 1);
}
