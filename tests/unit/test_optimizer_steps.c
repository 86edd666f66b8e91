/* Optimizers at work: 20 steps beside TensorFlow's (tests/parity/optimizers.py), clipping, multipliers, averages. */
#include "session_support.h"
#include "slim/optimizers.h"
#include "tests/parity/optimizers.h"

#include <math.h>

enum { SIZE = 5 };
static const slim_tensors all = { 0, NULL };

typedef struct problem {
  slim_graph *graph;
  slim_device *device;
  slim_session *session;
  slim_tensor *w, *step, *loss;
} problem;

/* sum(a * (w - b)^2) / 2 */
static problem problem_open(void)
{
  problem p = { .graph = slim_graph_create(1), .device = test_open_device() };
  slim_tensor *a = slim_constant_tensor(p.graph, SLIM_FLOAT32, SLIM_SHAPE(SIZE), factor, "a");
  slim_tensor *b = slim_constant_tensor(p.graph, SLIM_FLOAT32, SLIM_SHAPE(SIZE), target, "b");
  p.step = slim_get_or_create_global_step(p.graph);
  p.w = test_variable(p.graph, "w", SLIM_FLOAT32, SLIM_SHAPE(SIZE), start);
  slim_tensor *d = slim_op_binary_add(p.w, b, SLIM_BINARY_SUB);
  slim_tensor *squares = slim_op_binary_add(a, slim_op_binary_add(d, d, SLIM_BINARY_MUL), SLIM_BINARY_MUL);
  slim_tensor *sum = slim_op_reduce_add(squares, SLIM_REDUCE_SUM, 1, 0);
  p.loss = slim_op_unary_add(sum, SLIM_UNARY_SCALE_ADD, 0.5f, 0.0f);
  return p;
}

static void problem_run(problem *p, slim_tensor *train, int steps)
{
  ck_assert_str_eq(slim_graph_error(p->graph), "");
  if (!p->session) {
    p->session = test_session(p->graph, p->device, NULL);
    test_ok(p->session, slim_session_initialize(p->session));
  }
  const slim_fetch fetch = { train, NULL, 0 };
  for (int i = 0; i < steps; i++) {
    test_ok(p->session, slim_session_run(p->session, NULL, 0, &fetch, 1));
  }
}

static void problem_close(problem *p)
{
  slim_session_destroy(p->session);
  slim_device_close(p->device);
  slim_graph_destroy(p->graph);
}

/* The value of a variable of SIZE elements is wanted, up to tolerance times the largest element. */
static void assert_value(problem *p, const slim_tensor *variable, const float *wanted, float tolerance)
{
  float value[SIZE] = { 0 }, largest = 0;
  test_ok(p->session, slim_session_get_variable(p->session, variable, value, sizeof value));
  for (int i = 0; i < SIZE; i++) {
    largest = fmaxf(largest, fabsf(wanted[i]));
  }
  for (int i = 0; i < SIZE; i++) {
    ck_assert_msg(fabsf(value[i] - wanted[i]) <= tolerance * largest, "%s[%d] is %.9g, wanted %.9g",
                  slim_variable_full_name(variable), i, (double)value[i], (double)wanted[i]);
  }
}

static slim_tensor *rate_of(const problem *p, const char *label)
{
  if (strcmp(label, "exponential") == 0 || strcmp(label, "staircase") == 0) {
    return slim_exponential_decay(0.05, p->step, 3, 0.7, *label == 's');
  }
  if (strcmp(label, "polynomial") == 0) {
    return slim_polynomial_decay(0.05, p->step, 12, 0.001, 2.0, false);
  }
  if (strcmp(label, "cycle") == 0) {
    return slim_polynomial_decay(0.05, p->step, 6, 0.001, 1.0, true);
  }
  if (strcmp(label, "natural_exp") == 0) {
    return slim_natural_exp_decay(0.05, p->step, 3, 0.7, false);
  }
  if (strcmp(label, "inverse_time") == 0) {
    return slim_inverse_time_decay(0.05, p->step, 3, 0.7, true);
  }
  if (strcmp(label, "cosine") == 0) {
    return slim_cosine_decay(0.05, p->step, 12, 0.1);
  }
  if (strcmp(label, "piecewise") == 0) {
    return slim_piecewise_constant(p->step, 2, (const int64_t[]){ 4, 9 }, (const double[]){ 0.05, 0.02, 0.01 });
  }
  return slim_constant(p->graph, strcmp(label, "adadelta_other") == 0 ? 1.0f : 0.02f, "learning_rate");
}

#define IS(name_) (strcmp(label, name_) == 0)

static slim_optimizer *other_optimizer_of(const char *label, slim_tensor *rate)
{
  return IS("adam_other")       ? slim_adam_optimizer(rate, .beta1 = 0.8f, .beta2 = 0.9f, .epsilon = 0.1f)
         : IS("adadelta_other") ? slim_adadelta_optimizer(rate, .rho = 0.8f, .epsilon = 1e-3f)
         : IS("ftrl_other")
             ? slim_ftrl_optimizer(rate, .learning_rate_power = -0.75f, .initial_accumulator_value = 0.5f,
                                   .l1_regularization_strength = 0.2f, .l2_regularization_strength = 0.3f)
         : IS("proximal_gradient_descent")
             ? slim_proximal_gradient_descent_optimizer(rate, .l1_regularization_strength = 0.4f,
                                                        .l2_regularization_strength = 0.3f)
         : IS("proximal_adagrad")
             ? slim_proximal_adagrad_optimizer(rate, .initial_accumulator_value = 0.2f,
                                               .l1_regularization_strength = 0.4f, .l2_regularization_strength = 0.3f)
         : IS("rms_prop_momentum") ? slim_rms_prop_optimizer(rate, .decay = 0.8f, .momentum = 0.9f, .epsilon = 1.0f)
         : IS("rms_prop_centered")
             ? slim_rms_prop_optimizer(rate, .momentum = 0.5f, .epsilon = 1e-3f, .centered = SLIM_YES)
             : slim_gradient_descent_optimizer(rate);
}

static slim_optimizer *optimizer_of(const char *label, slim_tensor *rate)
{
  return IS("momentum")   ? slim_momentum_optimizer(rate, 0.9f)
         : IS("nesterov") ? slim_momentum_optimizer(rate, 0.9f, .use_nesterov = SLIM_YES)
         : IS("adagrad")  ? slim_adagrad_optimizer(rate)
         : IS("adadelta") ? slim_adadelta_optimizer(rate)
         : IS("adam")     ? slim_adam_optimizer(rate)
         : IS("ftrl")     ? slim_ftrl_optimizer(rate)
         : IS("rms_prop") ? slim_rms_prop_optimizer(rate)
                          : other_optimizer_of(label, rate);
}

/* Rounding errors of a step, about 5 operations of relative error 6e-8, add up over 20 steps. */
START_TEST(steps_are_tensorflows)
{
  const struct parity_case *c = &cases[_i];
  const float tolerance = STEPS * 5 * 6e-8f;
  problem p = problem_open();
  problem_run(&p, slim_minimize(optimizer_of(c->label, rate_of(&p, c->label)), p.loss, p.step, all), STEPS);
  int64_t step = 0;
  ck_assert_int_eq(slim_session_get_variable(p.session, p.step, &step, sizeof step), SLIM_OK);
  ck_assert_int_eq(step, STEPS);
  assert_value(&p, p.w, c->w, tolerance);
  for (int i = 0; i < c->slots; i++) {
    const slim_tensor *slot = slim_variable_find(p.graph, c->slot_name[i]);
    ck_assert_msg(slot != NULL, "%s is missing", c->slot_name[i]);
    assert_value(&p, slot, c->slot[i], tolerance);
  }
  problem_close(&p);
}
END_TEST

static void gradient_at_start(float *g, float *norm)
{
  double sum = 0;
  for (int i = 0; i < SIZE; i++) {
    g[i] = factor[i] * (start[i] - target[i]);
    sum += (double)g[i] * (double)g[i];
  }
  *norm = (float)sqrt(sum);
}

/* One step of gradient descent with rate 1: w = start - gradient. */
START_TEST(gradients_are_clipped_by_their_own_norm_and_multiplied)
{
  float g[SIZE], norm = 0, wanted[SIZE];
  gradient_at_start(g, &norm);
  const float max_norm = _i == 0 ? 0.5f * norm : 2.0f * norm; /* clips; leaves alone */
  problem p = problem_open();
  slim_optimizer *optimizer = slim_gradient_descent_optimizer(slim_constant(p.graph, 1.0f, NULL));
  slim_gradient_list list = slim_compute_gradients(optimizer, p.loss, all);
  list = slim_multiply_gradients(list, &(slim_gradient_multiplier){ "w", 0.25f }, 1);
  list = slim_clip_gradient_norms(list, 0.25f * max_norm);
  problem_run(&p, slim_apply_gradients(optimizer, list, NULL), 1);
  for (int i = 0; i < SIZE; i++) {
    wanted[i] = start[i] - 0.25f * g[i] * (_i == 0 ? 0.5f : 1.0f);
  }
  assert_value(&p, p.w, wanted, 1e-6f);
  problem_close(&p);
}
END_TEST

/* A fixed decay; one that begins at (1 + 0) / (10 + 0). */
START_TEST(averages_follow_the_updated_variables)
{
  problem p = problem_open();
  slim_optimizer *optimizer = slim_gradient_descent_optimizer(slim_constant(p.graph, 0.02f, NULL));
  slim_tensor *train = slim_minimize(optimizer, p.loss, p.step, all);
  const slim_tensors variables = slim_get_trainable_variables(p.graph, NULL, NULL);
  (void)slim_add_to_collection(SLIM_UPDATE_OPS, _i == 0 ? slim_moving_average_apply(variables, 0.9f)
                                                        : slim_moving_average_apply_counted(variables, 0.2f, p.step));
  double w[SIZE], shadow[SIZE];
  float wanted[SIZE];
  for (int i = 0; i < SIZE; i++) {
    w[i] = shadow[i] = (double)start[i];
  }
  for (int k = 0; k < 5 * SIZE; k++) {
    const int i = k % SIZE, n = k / SIZE;
    const double decay = _i == 0 ? 0.9 : fmin(0.2, (1.0 + n) / (10.0 + n));
    w[i] -= 0.02 * (double)factor[i] * (w[i] - (double)target[i]);
    shadow[i] -= (1 - decay) * (shadow[i] - w[i]);
    wanted[i] = (float)shadow[i];
  }
  problem_run(&p, train, 5);
  const slim_tensor *average = slim_moving_average_of(p.w);
  ck_assert_str_eq(slim_variable_full_name(average), "w/ExponentialMovingAverage");
  assert_value(&p, average, wanted, 2e-6f);
  problem_close(&p);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, steps_are_tensorflows, 0, (int)(sizeof cases / sizeof *cases));
  tcase_add_loop_test(c, gradients_are_clipped_by_their_own_norm_and_multiplied, 0, 2);
  tcase_add_loop_test(c, averages_follow_the_updated_variables, 0, 2);
}

TEST_MAIN("optimizer_steps", build, test_device_available)
