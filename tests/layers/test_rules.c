/* Initializers and arg scopes against TF-Slim: tests/parity/rules.txt, written by tests/parity/make_rules.py. */
#include "test_fixture.h"
#include "test_net.h"

#include "slim/slim.h"

#include <math.h>
#include <stdarg.h>

static void read_fixture(void)
{
  test_fixture_read("tests/parity/rules.txt");
}

/* --- initializers ------------------------------------------------------------------------------------------------- */

typedef struct statistics {
  double mean, stddev, least, largest, count;
} statistics;

static statistics statistics_of(const float *x, size_t count)
{
  statistics s = { 0, 0, (double)x[0], (double)x[0], (double)count };
  double squares = 0;
  for (size_t i = 0; i < count; i++) {
    s.mean += (double)x[i] / (double)count;
    s.least = fmin(s.least, (double)x[i]);
    s.largest = fmax(s.largest, (double)x[i]);
  }
  for (size_t i = 0; i < count; i++) {
    squares += ((double)x[i] - s.mean) * ((double)x[i] - s.mean);
  }
  s.stddev = sqrt(squares / (double)count);
  return s;
}

static statistics wanted(const char *name)
{
  statistics s;
  char *text = test_fixture_text(name, "statistics"), *at = text;
  double *const to[] = { &s.mean, &s.stddev, &s.least, &s.largest, &s.count };
  ck_assert_msg(text != NULL, "the fixture has no %s", name);
  for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
    *to[i] = strtod(at, &at);
  }
  free(text);
  return s;
}

/* Means and deviations of two draws differ by five times what they scatter; bounds by 0.5 % of the way from the least
 * to the largest, where a distribution has bounds. */
static void compare_draws(test_net *net, const char *name)
{
  slim_tensor *variable = slim_get_unique_variable(net->graph, name);
  float *values = test_get_variable(net, variable);
  const statistics a = statistics_of(values, test_net_elements(net, variable)), b = wanted(name);
  const double scatter = 5 * b.stddev / sqrt(b.count) + 1e-7;
  const double bound = (strcmp(name, "random_normal") == 0 ? 0.15 : 0.005) * (b.largest - b.least) + 1e-7;
  ck_assert_msg(a.count == b.count, "%s: %g elements, must be %g", name, a.count, b.count);
  ck_assert_msg(fabs(a.mean - b.mean) <= 1.5 * scatter, "%s: mean %g, TF-Slim's %g", name, a.mean, b.mean);
  ck_assert_msg(fabs(a.stddev - b.stddev) <= scatter, "%s: deviation %g, TF-Slim's %g", name, a.stddev, b.stddev);
  ck_assert_msg(fabs(a.least - b.least) <= bound, "%s: from %g, TF-Slim's from %g", name, a.least, b.least);
  ck_assert_msg(fabs(a.largest - b.largest) <= bound, "%s: to %g, TF-Slim's to %g", name, a.largest, b.largest);
  free(values);
}

static const struct {
  const char *name;
  slim_initializer initializer;
  slim_shape shape;
} initializers[] = {
#define SCALED(factor_, mode_, uniform_)                                                                               \
  {                                                                                                                    \
    .kind = SLIM_INIT_VARIANCE_SCALING, .a = (factor_), .mode = (mode_), .uniform = (uniform_)                         \
  }
  { "xavier", SCALED(1, SLIM_FAN_AVG, 1), { 4, { 3, 3, 50, 100 } } },
  { "xavier_normal", SCALED(1, SLIM_FAN_AVG, 0), { 4, { 3, 3, 50, 100 } } },
  { "xavier_row", SCALED(1, SLIM_FAN_AVG, 1), { 1, { 40000 } } },
  { "xavier_matrix", SCALED(1, SLIM_FAN_AVG, 1), { 2, { 100, 400 } } },
  { "fan_in", SCALED(2, SLIM_FAN_IN, 0), { 4, { 3, 3, 20, 200 } } },
  { "fan_in_uniform", SCALED(2, SLIM_FAN_IN, 1), { 4, { 3, 3, 20, 200 } } },
  { "fan_out", SCALED(1.5f, SLIM_FAN_OUT, 0), { 5, { 2, 3, 3, 20, 100 } } },
  { "fan_out_uniform", SCALED(1.5f, SLIM_FAN_OUT, 1), { 3, { 3, 20, 600 } } },
  { "fan_avg", SCALED(1, SLIM_FAN_AVG, 0), { 2, { 200, 200 } } },
  { "truncated_normal", { .kind = SLIM_INIT_TRUNCATED_NORMAL, .b = 0.1f }, { 2, { 200, 200 } } },
  { "random_normal", { .kind = SLIM_INIT_RANDOM_NORMAL, .a = 1.0f, .b = 0.5f }, { 2, { 200, 200 } } },
  { "random_uniform", { .kind = SLIM_INIT_RANDOM_UNIFORM, .a = -1.0f, .b = 3.0f }, { 2, { 200, 200 } } },
  { "constant", { .kind = SLIM_INIT_CONSTANT, .a = 0.7f }, { 2, { 10, 10 } } },
  { "ones", { .kind = SLIM_INIT_CONSTANT, .a = 1.0f }, { 1, { 10 } } },
  { "zeros", { .kind = SLIM_INIT_CONSTANT }, { 1, { 10 } } },
  { "unset", { .kind = SLIM_INIT_UNSET }, { 4, { 3, 3, 50, 100 } } },
};

START_TEST(initializers_are_distributed_as_tf_slims)
{
  test_net net = test_open_shape(SLIM_SHAPE(1, 1), 7);
  (void)(slim_variable)(SLIM_ARGS(.graph = net.graph, .name = initializers[_i].name, .shape = initializers[_i].shape,
                                  .initializer = initializers[_i].initializer));
  compare_draws(&net, initializers[_i].name);
  test_close(&net);
}
END_TEST

/* By the names that users have for them. */
START_TEST(names_stand_for_these_initializers)
{
  const slim_initializer xavier = SLIM_XAVIER, fan_in = SLIM_VARIANCE_SCALING(2.0f, SLIM_FAN_IN, 0);
  ck_assert_str_eq(initializers[0].name, "xavier");
  ck_assert_mem_eq(&xavier, &initializers[0].initializer, sizeof xavier);
  ck_assert_str_eq(initializers[4].name, "fan_in");
  ck_assert_mem_eq(&fan_in, &initializers[4].initializer, sizeof fan_in);
}
END_TEST

START_TEST(fans_of_layers_are_tf_slims)
{
  static const char *const names[] = {
    "conv2d/weights",           "conv2d_transpose/weights", "separable_conv2d/depthwise_weights",
    "conv1d/weights",           "conv3d/weights",           "separable_conv2d/pointwise_weights",
    "conv3d_transpose/weights", "fully_connected/weights",  "legacy_fully_connected/weights"
  };
  test_net net = test_open((const int[]){ 1, 8, 8, 32 }, 7);
  slim_tensor *image = net.input, *row = slim_placeholder(net.graph, SLIM_FLOAT32, SLIM_SHAPE(1, 9, 100), "row");
  slim_tensor *volume = slim_placeholder(net.graph, SLIM_FLOAT32, SLIM_SHAPE(1, 4, 5, 6, 10), "volume");
  (void)slim_conv2d(image, 64, SLIM_HW(5, 5), .scope = "conv2d");
  (void)slim_conv2d_transpose(image, 50, SLIM_HW(5, 5), .scope = "conv2d_transpose");
  (void)slim_separable_conv2d(image, 40, SLIM_HW(7, 7), .depth_multiplier = 20, .scope = "separable_conv2d");
  (void)slim_conv1d(row, 150, { 3 }, .scope = "conv1d");
  (void)slim_conv3d(volume, 40, SLIM_HW(4, 5), .depth = { .kernel = 3 }, .scope = "conv3d");
  (void)slim_conv3d_transpose(volume, 40, SLIM_HW(4, 5), .depth = { .kernel = 3 }, .scope = "conv3d_transpose");
  (void)slim_fully_connected(row, 400, .scope = "fully_connected");
  (void)slim_legacy_fully_connected(slim_reshape(row, SLIM_SHAPE(9, 100)), 400, .scope = "legacy_fully_connected");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    compare_draws(&net, names[i]);
  }
  test_close(&net);
}
END_TEST

/* --- arg scopes --------------------------------------------------------------------------------------------------- */

static slim_graph *g;
static char seen[400];

/* Three layers that only show what they get; a, b and c are three options. */
static slim_tensor *show(slim_layer_fn layer, const char *name, const slim_args *args)
{
  const slim_args all = slim_arg_scoped(g, layer, args);
  const float values[] = { all.decay, all.epsilon, all.alpha };
  size_t at = strlen(seen);
  at += (size_t)snprintf(seen + at, sizeof seen - at, "%s%s:", at ? " " : "", name);
  for (int i = 0; i < 3; i++) {
    char text[16] = "-";
    if (values[i] != 0.0f) {
      (void)snprintf(text, sizeof text, "%g", (double)values[i]);
    }
    at += (size_t)snprintf(seen + at, sizeof seen - at, "%s%s", i ? "," : "", text);
  }
  return NULL;
}

static slim_tensor *one(const slim_args *args)
{
  return show(one, "one", args);
}

static slim_tensor *two(const slim_args *args)
{
  return show(two, "two", args);
}

static slim_tensor *outer(const slim_args *args)
{
  (void)show(outer, "outer", args);
  return one(SLIM_ARGS(.epsilon = 7));
}

static slim_tensor *plain(const slim_args *args)
{
  (void)args;
  return NULL;
}

#define CALL(layer_, ...) (void)layer_(SLIM_ARGS(__VA_ARGS__))
#define BARE(layer_) (void)layer_(&(slim_args){ .struct_size = sizeof(slim_args) })

static void nested(void)
{
  SLIM_ARG_SCOPE (g, SLIM_OPS(one, two), .decay = 1, .epsilon = 2) {
    SLIM_ARG_SCOPE (g, SLIM_OPS(one), .decay = 3, .alpha = 4) {
      BARE(one);
      BARE(two);
    }
    BARE(one);
  }
  BARE(one);
}

static void overridden(void)
{
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .decay = 1, .epsilon = 2) {
    CALL(one, .decay = 5);
    CALL(one, .alpha = 6);
    CALL(one, .decay = 7, .epsilon = 8, .alpha = 9);
  }
}

static void named_twice(void)
{
  SLIM_ARG_SCOPE (g, SLIM_OPS(one, one), .decay = 1) {
    SLIM_ARG_SCOPE (g, SLIM_OPS(two, one, two), .epsilon = 2) {
      BARE(one);
      BARE(two);
    }
  }
}

static void captured(void)
{
  const slim_arg_frame *frame = NULL;
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .decay = 1) {
    frame = slim_arg_scope_current(g);
  }
  SLIM_ARG_SCOPE (g, SLIM_OPS(one, two), .epsilon = 2) {
    BARE(one);
    SLIM_ARG_SCOPE_USE (g, frame) {
      BARE(one);
      BARE(two);
    }
    BARE(two);
  }
}

static void captured_inside(void)
{
  const slim_arg_frame *frame = NULL;
  SLIM_ARG_SCOPE (g, SLIM_OPS(one, two), .decay = 1) {
    SLIM_ARG_SCOPE (g, SLIM_OPS(two), .epsilon = 2) {
      frame = slim_arg_scope_current(g);
      SLIM_ARG_SCOPE (g, SLIM_OPS(one), .alpha = 3) {
        BARE(one);
      }
    }
  }
  SLIM_ARG_SCOPE_USE (g, frame) {
    BARE(one);
    BARE(two);
    SLIM_ARG_SCOPE (g, SLIM_OPS(one), .decay = 4) {
      BARE(one);
    }
    BARE(one);
  }
}

static void captured_again(void)
{
  const slim_arg_frame *first = NULL, *second = NULL;
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .decay = 1) {
    first = slim_arg_scope_current(g);
    SLIM_ARG_SCOPE (g, SLIM_OPS(one), .epsilon = 2) {
      second = slim_arg_scope_current(g);
    }
  }
  for (int i = 0; i < 3; i++) {
    SLIM_ARG_SCOPE_USE (g, i == 1 ? first : second) {
      BARE(one);
    }
  }
  BARE(one);
}

static void leave_early(void)
{
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .decay = 1) {
    SLIM_ARG_SCOPE (g, SLIM_OPS(one), .epsilon = 2) {
      return;
    }
  }
}

static void left_by_an_error(void)
{
  leave_early();
  BARE(one);
}

static void calls_through(void)
{
  SLIM_ARG_SCOPE (g, SLIM_OPS(outer, one), .decay = 1) {
    SLIM_ARG_SCOPE (g, SLIM_OPS(one), .alpha = 2) {
      BARE(outer);
    }
  }
}

static const struct {
  const char *name;
  void (*run)(void);
} scenes[] = {
#define SCENE(name_)                                                                                                   \
  {                                                                                                                    \
#name_, name_                                                                                                      \
  }
  SCENE(nested),          SCENE(overridden),     SCENE(named_twice),      SCENE(captured),
  SCENE(captured_inside), SCENE(captured_again), SCENE(left_by_an_error), SCENE(calls_through),
};

static void open_layers(void)
{
  static const char *const options[] = { "decay", "epsilon", "alpha", NULL };
  g = slim_graph_create(1);
  seen[0] = '\0';
  ck_assert_int_eq(slim_add_arg_scope(g, one, "one", options), SLIM_OK);
  ck_assert_int_eq(slim_add_arg_scope(g, two, "two", options), SLIM_OK);
  ck_assert_int_eq(slim_add_arg_scope(g, outer, "outer", options), SLIM_OK);
}

START_TEST(arg_scopes_give_what_tf_slims_give)
{
  open_layers();
  scenes[_i].run();
  ck_assert_str_eq(slim_graph_error(g), "");
  test_fixture_expect_text(scenes[_i].name, "calls", seen);
  slim_graph_destroy(g);
}
END_TEST

/* --- which layers and arguments ----------------------------------------------------------------------------------- */

static bool takes(slim_layer_fn layer, const char *option)
{
  const char *name = NULL;
  for (size_t i = 0; (name = slim_arg_scope_option(g, layer, i)) != NULL; i++) {
    if (strcmp(name, option) == 0) {
      return true;
    }
  }
  return false;
}

/* Our name of an argument; "": it goes by position, or means something in TensorFlow alone. */
static const char *option_of(const char *argument)
{
  static const char *const other[][2] = {
    { "activation_fn", "activation" },
    { "normalizer_fn", "normalizer" },
    { "normalizer_params", "normalizer_args" },
    { "param_initializers", "gamma_initializer" },
    { "param_regularizers", "gamma_regularizer" },
    { "output_data_format", "data_format" },
    { "dilation_rate", "rate" },
    { "name", "scope" },
    { "axis", "" },
    { "shape", "" },
    { "conv_dims", "" },
    { "adjustment", "" },
    { "aggregation", "" },
    { "synchronization", "" },
    { "caching_device", "" },
    { "partitioner", "" },
    { "use_resource", "" },
    { "custom_getter", "" },
  };
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
    if (strcmp(argument, other[i][0]) == 0) {
      return other[i][1];
    }
  }
  return argument;
}

static const struct {
  const char *name;
  slim_layer_fn layer;
} layers[] = {
#define LAYER(name_)                                                                                                   \
  {                                                                                                                    \
#name_, slim_##name_                                                                                               \
  }
  LAYER(avg_pool2d),
  LAYER(avg_pool3d),
  LAYER(batch_norm),
  LAYER(bias_add),
  LAYER(conv2d),
  LAYER(conv2d_in_plane),
  LAYER(conv2d_transpose),
  LAYER(conv3d_transpose),
  LAYER(convolution),
  LAYER(dropout),
  LAYER(flatten),
  LAYER(fully_connected),
  LAYER(group_norm),
  LAYER(images_to_sequence),
  LAYER(instance_norm),
  LAYER(layer_norm),
  LAYER(max_pool2d),
  LAYER(max_pool3d),
  LAYER(maxout),
  LAYER(one_hot_encoding),
  LAYER(pool),
  LAYER(repeat),
  LAYER(separable_conv2d),
  LAYER(sequence_to_images),
  LAYER(softmax),
  LAYER(spatial_softmax),
  LAYER(stack),
  LAYER(unit_norm),
  LAYER(variable),
  LAYER(model_variable),
  { "plain", plain },
};

START_TEST(scopes_name_tf_slims_layers_and_arguments)
{
  open_layers();
  const slim_layer_fn layer = layers[_i].layer;
  const bool bias_add = strcmp(layers[_i].name, "bias_add") == 0;
  test_fixture_expect_text(layers[_i].name, "scoped", slim_has_arg_scope(g, layer) ? "1" : "0");
  char *text = test_fixture_text(layers[_i].name, "arguments");
  for (char *at = text ? strtok(text, " ") : NULL; at; at = strtok(NULL, " ")) {
    char option[80];
    (void)snprintf(option, sizeof option, "%s%s", bias_add && strstr(at, "izer") ? "biases_" : "", option_of(at));
    ck_assert_msg(!*option || takes(layer, option), "%s does not take %s", layers[_i].name, option);
  }
  free(text);
  slim_graph_destroy(g);
}
END_TEST

START_TEST(a_layers_options_are_listed)
{
  char text[100] = "";
  open_layers();
  for (size_t i = 0; slim_arg_scope_option(g, one, i); i++) {
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", slim_arg_scope_option(g, one, i));
  }
  ck_assert_str_eq(text, "decay epsilon alpha ");
  test_fixture_expect_text("one", "arguments", "a b c");
  slim_graph_destroy(g);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, initializers_are_distributed_as_tf_slims, 0, sizeof initializers / sizeof *initializers);
  tcase_add_test(c, names_stand_for_these_initializers);
  tcase_add_test(c, fans_of_layers_are_tf_slims);
  tcase_add_loop_test(c, arg_scopes_give_what_tf_slims_give, 0, sizeof scenes / sizeof *scenes);
  tcase_add_loop_test(c, scopes_name_tf_slims_layers_and_arguments, 0, sizeof layers / sizeof *layers);
  tcase_add_test(c, a_layers_options_are_listed);
}
TEST_MAIN("rules", build, test_net_available)
