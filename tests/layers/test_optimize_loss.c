/* optimize_loss and adaptive clipping against TF-Slim: tests/parity/optimize_loss.txt, written by
 * tests/parity/make_optimize_loss.py. */
#include "parity.h"

#include "slim/slim.h"

#include <math.h>

static void read_fixture(void)
{
  test_fixture_read("tests/parity/optimize_loss.txt");
}

static slim_optimizer *momentum(slim_graph *graph)
{
  return slim_momentum_optimizer(slim_constant(graph, 0.05f, "rate"), 0.8f, .use_nesterov = SLIM_YES);
}

static slim_optimizer *centered(slim_tensor *rate, void *user)
{
  (void)user;
  return slim_rms_prop_optimizer(rate, .centered = SLIM_YES);
}

static slim_tensor *decayed(slim_tensor *rate, slim_tensor *step, void *user)
{
  (void)user;
  return slim_mul(rate, slim_exponential_decay(1.0, step, 2, 0.5, false));
}

static const slim_gradient_multiplier multipliers[] = { { "a/weights", 3.0f }, { "b/biases", 0.0f } };

#define OPTIONS(...)                                                                                                   \
  {                                                                                                                    \
    .struct_size = sizeof(slim_optimize_loss_args), __VA_ARGS__                                                        \
  }

static const struct optimize_case {
  const char *name;
  float factor; /* of the loss; 0: 1 */
  bool no_step, instance;
  slim_optimize_loss_args args;
  slim_adaptive_clipping clipping;
} cases[] = {
  { .name = "sgd", .args = OPTIONS(.learning_rate = 0.1f, .optimizer = "SGD") },
  { .name = "adagrad",
    .args = OPTIONS(.learning_rate = 0.05f, .optimizer = "Adagrad", .summaries = SLIM_SUMMARY_NONE) },
  { .name = "adam", .args = OPTIONS(.learning_rate = 0.05f, .optimizer = "Adam", .summaries = SLIM_SUMMARY_NONE) },
  { .name = "ftrl", .args = OPTIONS(.learning_rate = 0.05f, .optimizer = "Ftrl", .summaries = SLIM_SUMMARY_NONE) },
  { .name = "momentum",
    .args = OPTIONS(.learning_rate = 0.05f, .optimizer = "Momentum", .summaries = SLIM_SUMMARY_NONE) },
  { .name = "rmsprop",
    .args = OPTIONS(.learning_rate = 0.05f, .optimizer = "RMSProp", .summaries = SLIM_SUMMARY_NONE) },
  { .name = "no_step", .no_step = true, .args = OPTIONS(.learning_rate = 0.1f, .optimizer = "Momentum") },
  { .name = "no_increment",
    .args = OPTIONS(.learning_rate = 0.1f, .optimizer = "SGD", .increment_global_step = SLIM_FLAG_INIT_(2) /* no */,
                    .name = "mine") },
  { .name = "decay", .args = OPTIONS(.learning_rate = 0.2f, .optimizer = "SGD", .learning_rate_decay_fn = decayed) },
  { .name = "instance", .instance = true, .args = OPTIONS(.learning_rate = 0) },
  { .name = "function", .args = OPTIONS(.learning_rate = 0.05f, .optimizer_fn = centered) },
  { .name = "multipliers",
    .args = OPTIONS(.learning_rate = 0.1f, .optimizer = "SGD", .gradient_multipliers = multipliers,
                    .num_gradient_multipliers = 2) },
  { .name = "clip",
    .args = OPTIONS(.learning_rate = 0.1f, .optimizer = "SGD", .clip_gradients = 0.3f, .summaries = 31) },
  { .name = "clip_nothing",
    .args = OPTIONS(.learning_rate = 0.1f, .optimizer = "SGD", .clip_gradients = 100.0f,
                    .summaries = SLIM_SUMMARY_GRADIENT_NORM) },
  { .name = "adaptive",
    .factor = 30,
    .args = OPTIONS(.learning_rate = 0.01f, .optimizer = "SGD", .clip_gradients_fn = slim_adaptive_clipping_fn),
    .clipping = { .std_factor = 0.1f, .decay = 0.5f } },
  { .name = "adaptive_step",
    .factor = 30,
    .args = OPTIONS(.learning_rate = 0.05f, .optimizer = "SGD", .clip_gradients_fn = slim_adaptive_clipping_fn),
    .clipping = { .std_factor = 0.01f, .report_summary = SLIM_FLAG_INIT_(1) /* yes */ } },
  { .name = "adaptive_static",
    .factor = 30,
    .args = OPTIONS(.learning_rate = 0.1f, .optimizer = "SGD", .clip_gradients_fn = slim_adaptive_clipping_fn),
    .clipping = { .static_max_norm = 0.2f, .name = "limit", .epsilon = 0.01f } },
};

static slim_tensor *target(slim_graph *graph)
{
  float values[8];
  for (size_t i = 0; i < 8; i++) {
    values[i] = test_fixture_number(i, 2);
  }
  return slim_constant_tensor(graph, SLIM_FLOAT32, SLIM_SHAPE(4, 2), values, "target");
}

static slim_tensor *loss_of(test_net *net, float factor)
{
  slim_tensor *hidden = slim_fully_connected(net->input, 3, .activation = slim_tanh, .scope = "a");
  slim_tensor *y = slim_fully_connected(hidden, 2, .activation = slim_identity, .scope = "b");
  slim_tensor *loss = slim_reduce_mean(slim_square(slim_sub(y, target(net->graph))), SLIM_ALL_AXES, false);
  return factor != 0.0f ? slim_scale(loss, factor, 0.0f) : loss;
}

/* The fixture's line says what follows, names in order. */
static void check_names(const char *name, const char *key, test_net *net, const char *collection)
{
  char text[2000] = "";
  const slim_tensors all = slim_get_collection(net->graph, collection, NULL);
  for (size_t i = 0; i < all.count; i++) {
    strcat(strcat(text, i ? " " : ""), slim_end_point_alias(net->graph, collection, i));
  }
  test_fixture_expect_text(name, key, text);
}

/* The scalars that the run before has to tell. */
static void check_summaries(const char *name, test_net *net, slim_tensor *train, float *loss)
{
  const slim_tensors all = slim_get_collection(net->graph, SLIM_SUMMARIES, NULL);
  float value[32];
  slim_fetch fetch[33] = { { train, loss, sizeof *loss } };
  int count = 0, of[32];
  for (size_t i = 0; i < all.count; i++) {
    if (slim_tensor_shape(all.item[i]).rank == 0) {
      of[count] = (int)i;
      fetch[1 + count] = (slim_fetch){ all.item[i], &value[count], sizeof *value };
      count++;
    }
  }
  ck_assert_msg(slim_session_run(net->session, net->feeds, net->num_feeds, fetch, (size_t)count + 1) == SLIM_OK, "%s",
                slim_session_error(net->session));
  for (int i = 0; i < count; i++) {
    char key[200];
    (void)snprintf(key, sizeof key, "summary_%s", slim_end_point_alias(net->graph, SLIM_SUMMARIES, (size_t)of[i]));
    (void)test_fixture_compare(name, key, &value[i], 1, 1e-4);
  }
}

START_TEST(training_goes_as_tf_slims)
{
  enum { STEPS = 5 };
  const struct optimize_case *c = &cases[_i];
  slim_optimize_loss_args args = c->args;
  slim_adaptive_clipping clipping = c->clipping;
  test_net net = test_open_shape(SLIM_SHAPE(4, 5), 1);
  float losses[STEPS];
  parity_use_numbers(&net);
  args.loss = loss_of(&net, c->factor);
  clipping.global_step = c->no_step ? NULL : slim_create_global_step(net.graph);
  clipping.global_step = strcmp(c->name, "adaptive_step") == 0 ? clipping.global_step : NULL;
  args.clip_user = &clipping;
  args.optimizer_instance = c->instance ? momentum(net.graph) : NULL;
  slim_tensor *train = (slim_optimize_loss)(&args);
  ck_assert_str_eq(slim_graph_error(net.graph), "");
  parity_set_variables(&net, 0.5);
  for (int i = 0; i < STEPS - 1; i++) {
    float *loss = test_run(&net, train);
    losses[i] = *loss;
    free(loss);
  }
  check_summaries(c->name, &net, train, &losses[STEPS - 1]);
  (void)test_fixture_compare(c->name, "losses", losses, STEPS, 1e-4);
  check_names(c->name, "tags", &net, SLIM_SUMMARIES);
  check_names(c->name, "variables", &net, SLIM_GLOBAL_VARIABLES);
  const slim_tensors all = slim_get_collection(net.graph, SLIM_GLOBAL_VARIABLES, NULL);
  for (size_t i = 0; i < all.count; i++) {
    if (slim_tensor_dtype(all.item[i]) == SLIM_FLOAT32) {
      float *value = test_get_variable(&net, all.item[i]);
      (void)test_fixture_compare(c->name, slim_variable_full_name(all.item[i]), value,
                                 test_net_elements(&net, all.item[i]), 1e-4);
      free(value);
    }
  }
  test_close(&net);
}
END_TEST

/* With a rate of 1 and plain descent each step moves a weight by its gradient, which is 0 here, and noise. */
START_TEST(noise_is_normal_and_other_in_each_step)
{
  enum { N = 4000 };
  test_net net = test_open_shape(SLIM_SHAPE(1, N), 1);
  slim_tensor *weights = slim_variable(net.graph, "w", SLIM_SHAPE(N), .initializer = SLIM_ZEROS);
  slim_tensor *loss = slim_scale(slim_reduce_sum(weights, SLIM_ALL_AXES, false), 0.0f, 0.0f);
  slim_tensor *train = slim_optimize_loss(loss, NULL, 1.0f, "SGD", .gradient_noise_scale = 0.5f);
  ck_assert_str_eq(slim_graph_error(net.graph), "");
  free(test_run(&net, train));
  float *one = test_get_variable(&net, weights);
  free(test_run(&net, train));
  float *two = test_get_variable(&net, weights);
  double sum = 0, squares = 0, product = 0;
  for (int i = 0; i < N; i++) {
    const double a = (double)one[i], b = (double)(two[i] - one[i]);
    if (fabs(a) > 1.0 || fabs(b) > 1.00001) {
      ck_abort_msg("element %d moves by %g and %g", i, a, b);
    }
    sum += a;
    squares += a * a;
    product += a * b;
  }
  const double deviation = 0.5 * 0.8796; /* of a normal distribution cut at two of its deviations */
  ck_assert_double_eq_tol(sum / N, 0, 5 * deviation / sqrt(N));
  ck_assert_double_eq_tol(sqrt(squares / N), deviation, 0.02);
  ck_assert_double_eq_tol(product / N, 0, 5 * deviation * deviation / sqrt(N));
  free(one);
  free(two);
  test_close(&net);
}
END_TEST

static const struct refusal_case {
  slim_optimize_loss_args args;
  const char *text;
} refusals[] = {
  { OPTIONS(.learning_rate = 1.0f, .optimizer = "Sgd"),
    "optimize_loss: optimizer 'Sgd' must be one of Adagrad, Adam, Ftrl, Momentum, RMSProp, SGD" },
  { OPTIONS(.optimizer = "Adam"), "optimize_loss: the optimizer 'Adam' needs a learning_rate" },
  { OPTIONS(.learning_rate = -1.0f, .optimizer = "SGD"), "optimize_loss: learning_rate -1 must not be negative" },
  { OPTIONS(.learning_rate = 1.0f, .optimizer = "SGD", .learning_rate_decay_fn = decayed),
    "optimize_loss: learning_rate_decay_fn needs a global step" },
  { OPTIONS(.learning_rate = 1.0f, .optimizer = "SGD", .clip_gradients = -2.0f),
    "clip_by_global_norm: clip_norm -2 must be above 0" },
};

START_TEST(errors_have_exact_text)
{
  slim_optimize_loss_args args = refusals[_i].args;
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *weights = slim_variable(graph, "w", SLIM_SHAPE(3));
  args.loss = slim_reduce_sum(weights, SLIM_ALL_AXES, false);
  (void)(slim_optimize_loss)(&args);
  ck_assert_str_eq(slim_graph_error(graph), refusals[_i].text);
  ck_assert_str_eq(slim_variable_scope_name(graph), "");
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(the_loss_is_a_scalar)
{
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *weights = slim_variable(graph, "w", SLIM_SHAPE(3));
  (void)slim_optimize_loss(weights, NULL, 0.1f, "SGD");
  ck_assert_str_eq(slim_graph_error(graph), "optimize_loss: loss 'w:0' [3] must be a scalar");
  slim_graph_destroy(graph);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, training_goes_as_tf_slims, 0, sizeof cases / sizeof *cases);
  tcase_add_test(c, noise_is_normal_and_other_in_each_step);
  tcase_add_loop_test(c, errors_have_exact_text, 0, sizeof refusals / sizeof *refusals);
  tcase_add_test(c, the_loss_is_a_scalar);
}
TEST_MAIN("optimize_loss", build, test_net_available)
