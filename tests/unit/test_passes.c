/* Passes that change steps: small nets give the same with them as without, and again when variables change. */
#include "session_support.h"
#include "slim/slim.h"

#include <math.h>
#include <string.h>

enum { BATCH = 2, SIDE = 9, DEPTH = 8, IN_MOST = BATCH * SIDE * SIDE * DEPTH, OUT_MOST = 4 * IN_MOST };

/* The same graph and variables with all passes and with none that changes steps. */
typedef struct fixture {
  slim_graph *graph;
  slim_device *device;
  slim_tensor *x, *y;
  slim_session *fast, *plain;
  float data[IN_MOST];
} fixture;

static float number(unsigned i)
{
  return (float)(i * 2654435761u >> 8 & 1023u) / 512.0f - 1.0f;
}

static fixture fixture_begin(int channels)
{
  fixture f = { .graph = slim_graph_create(5), .device = test_open_device() };
  f.x = slim_placeholder(f.graph, SLIM_FLOAT32, SLIM_SHAPE(-1, SIDE, SIDE, channels), "x");
  for (unsigned i = 0; i < IN_MOST; i++) {
    f.data[i] = number(i);
  }
  return f;
}

/* Gives every float variable numbers of its own, all positive where factor is. */
static void scatter(const fixture *f, unsigned seed)
{
  static float values[150 * 67 * 9]; /* of the largest weights */
  const slim_tensors variables = slim_get_variables(f->graph, NULL, NULL, NULL);
  for (size_t i = 0; i < variables.count; i++) {
    slim_tensor *v = variables.item[i];
    const size_t n = slim_shape_elements(&v->shape);
    const bool spread = strstr(slim_tensor_name(v), "variance") != NULL;
    for (size_t k = 0; k < n && v->dtype == SLIM_FLOAT32; k++) {
      const float z = number((unsigned)(k + 97 * i + 1013 * seed));
      values[k] = spread ? 0.6f + 0.5f * z : z;
    }
    if (v->dtype == SLIM_FLOAT32) {
      test_ok(f->fast, slim_session_set_variable(f->fast, v, values, n * sizeof *values));
    }
  }
}

static void fixture_open(fixture *f)
{
  ck_assert_str_eq(slim_graph_error(f->graph), "");
  ck_assert_int_eq(unsetenv("SLIM_PASSES"), 0);
  f->fast = test_session(f->graph, f->device, NULL);
  ck_assert_int_eq(setenv("SLIM_PASSES", "-batch_norm,-backward,-fuse,-in_place,-memory", 1), 0);
  f->plain = test_session(f->graph, f->device, slim_session_values(f->fast));
  ck_assert_int_eq(unsetenv("SLIM_PASSES"), 0);
  test_ok(f->fast, slim_session_initialize(f->fast));
  scatter(f, 1);
}

static void fixture_close(fixture *f)
{
  slim_session_destroy(f->plain); /* NULL where there is none */
  slim_session_destroy(f->fast);
  slim_device_close(f->device);
  slim_graph_destroy(f->graph);
}

static slim_plan_info run(const fixture *f, slim_session *session, int batch, float *out)
{
  slim_plan_info info;
  const slim_feed feed = { f->x, f->data, batch };
  const slim_fetch fetch = { f->y, out, OUT_MOST * sizeof *out };
  test_ok(session, slim_session_run(session, &feed, 1, &fetch, 1));
  test_ok(session, slim_session_plan_info(session, &info));
  return info;
}

/* @return steps with the passes. */
static int assert_same(const fixture *f, int batch)
{
  static float fast[OUT_MOST], plain[OUT_MOST];
  memset(fast, 0, sizeof fast);
  memset(plain, 0, sizeof plain);
  const slim_plan_info info = run(f, f->fast, batch, fast);
  (void)run(f, f->plain, batch, plain);
  float largest = 0.0f;
  for (int i = 0; i < OUT_MOST; i++) {
    largest = fmaxf(largest, fabsf(plain[i]));
  }
  ck_assert_float_gt(largest, 0.0f);
  for (int i = 0; i < OUT_MOST; i++) {
    if (!(fabsf(fast[i] - plain[i]) <= 3e-5f * largest)) {
      ck_abort_msg("element %d is %g, not %g", i, (double)fast[i], (double)plain[i]);
    }
  }
  return info.steps;
}

/* --- batch norm --------------------------------------------------------------------------------------------------- */

static slim_tensor *norm_conv(slim_tensor *x, int outputs, int kernel, slim_layer_fn activation)
{
  return slim_conv2d(x, outputs, SLIM_HW(kernel, kernel), .normalizer = slim_batch_norm,
                     .normalizer_args = SLIM_ARGS(.is_training = SLIM_NO, .scale = SLIM_YES), .activation = activation);
}

/* relu(conv + shortcut), as in ResNet, with width channels in the middle; turned: shortcut + conv. */
static slim_tensor *block(slim_tensor *x, int width, int depth, bool turned)
{
  slim_tensor *shortcut = norm_conv(x, depth, 1, slim_identity);
  slim_tensor *y = norm_conv(x, width, 1, slim_relu);
  y = norm_conv(y, width, 3, slim_relu);
  y = norm_conv(y, depth, 1, slim_identity);
  return slim_op_activation_add(slim_op_binary_add(turned ? shortcut : y, turned ? y : shortcut, SLIM_BINARY_ADD),
                                SLIM_ACTIVATION_RELU);
}

START_TEST(a_residual_block_is_four_steps)
{
  fixture f = fixture_begin(DEPTH);
  f.y = block(f.x, _i < 2 ? 5 : 64, 20, _i % 2 != 0);
  fixture_open(&f);
  ck_assert_int_eq(assert_same(&f, BATCH), 4);
  ck_assert_int_eq(assert_same(&f, BATCH), 4);
  ck_assert_int_eq(assert_same(&f, 1), 4);
  fixture_close(&f);
}
END_TEST

/* Other weights, other statistics: what was folded follows. */
START_TEST(folded_weights_follow_their_variables)
{
  fixture f = fixture_begin(DEPTH);
  f.y = block(f.x, 7, 11, false);
  fixture_open(&f);
  for (unsigned i = 0; i < 4; i++) {
    (void)assert_same(&f, BATCH);
    scatter(&f, i + 2);
  }
  const slim_tensors variables = slim_get_variables(f.graph, NULL, NULL, NULL);
  for (size_t i = 0; i < variables.count; i++) { /* one at a time */
    float values[DEPTH * 20] = { 0 };
    const size_t bytes = slim_shape_elements(&variables.item[i]->shape) * sizeof *values;
    if (bytes <= sizeof values && variables.item[i]->dtype == SLIM_FLOAT32) {
      test_ok(f.fast, slim_session_get_variable(f.fast, variables.item[i], values, bytes));
      values[0] += 0.5f;
      test_ok(f.fast, slim_session_set_variable(f.fast, variables.item[i], values, bytes));
      (void)assert_same(&f, BATCH);
    }
  }
  fixture_close(&f);
}
END_TEST

START_TEST(a_product_is_folded_too)
{
  fixture f = fixture_begin(1);
  f.y = slim_fully_connected(slim_flatten(f.x), 33, .normalizer = slim_batch_norm,
                             .normalizer_args = SLIM_ARGS(.is_training = SLIM_NO), .activation = slim_relu6);
  fixture_open(&f);
  ck_assert_int_eq(assert_same(&f, BATCH), 1);
  fixture_close(&f);
}
END_TEST

/* Of more channels than a block of a product is deep, and fewer than fill its panels. */
START_TEST(deep_products_are_folded)
{
  fixture f = fixture_begin(DEPTH);
  f.y = norm_conv(norm_conv(f.x, 530, 1, slim_relu), 19, 1, slim_relu6);
  fixture_open(&f);
  ck_assert_int_eq(assert_same(&f, BATCH), 2);
  ck_assert_int_eq(assert_same(&f, 1), 2);
  scatter(&f, 2);
  (void)assert_same(&f, BATCH);
  fixture_close(&f);
}
END_TEST

/* Of more weights than a core transforms for itself. */
START_TEST(deep_convolutions_are_folded)
{
  fixture f = fixture_begin(DEPTH);
  f.y = norm_conv(norm_conv(norm_conv(f.x, 150, 1, slim_relu), 67, 3, slim_relu6), 9, 1, slim_identity);
  fixture_open(&f);
  ck_assert_int_eq(assert_same(&f, BATCH), 3);
  ck_assert_int_eq(assert_same(&f, 1), 3);
  scatter(&f, 2);
  (void)assert_same(&f, BATCH);
  fixture_close(&f);
}
END_TEST

static slim_tensor *line_conv(slim_tensor *x, int outputs, slim_hw kernel, slim_layer_fn activation)
{
  return slim_conv2d(x, outputs, kernel, .normalizer = slim_batch_norm,
                     .normalizer_args = SLIM_ARGS(.is_training = SLIM_NO, .scale = SLIM_YES), .activation = activation);
}

/* Kernels whose step may take the factor apart, with an activation that such a step knows and with another one. */
START_TEST(convolutions_along_an_axis_are_folded)
{
  fixture f = fixture_begin(DEPTH);
  slim_tensor *net = norm_conv(f.x, 45, 1, slim_relu);
  net = line_conv(line_conv(net, 37, SLIM_HW(1, 7), slim_relu6), 35, SLIM_HW(7, 1), slim_tanh);
  f.y = line_conv(line_conv(net, 41, SLIM_HW(3, 1), slim_identity), 9, SLIM_HW(1, 3), slim_relu);
  fixture_open(&f);
  (void)assert_same(&f, BATCH);
  (void)assert_same(&f, 1);
  scatter(&f, 2);
  (void)assert_same(&f, BATCH);
  fixture_close(&f);
}
END_TEST

/* On the CPU a depthwise convolution and the 1x1 convolution behind it are one step, unless the first is read elsewhere or
 * its images are small. */
START_TEST(separable_convolutions_are_one_step)
{
  const char *device = getenv("SLIM_TEST_DEVICE");
  const bool cpu = !device || strcmp(device, "cpu") == 0;
  fixture f = fixture_begin(DEPTH);
  slim_tensor *large = slim_conv2d_transpose(f.x, DEPTH, SLIM_HW(3, 3), .stride = SLIM_HW(_i == 2 ? 1 : 2, 0),
                                             .biases_initializer = SLIM_NO_INIT, .activation = slim_identity);
  slim_tensor *depthwise = slim_separable_conv2d(large, 0, SLIM_HW(3, 3), .depth_multiplier = 1, .normalizer = slim_batch_norm,
                                                 .normalizer_args = SLIM_ARGS(.is_training = SLIM_NO),
                                                 .activation = slim_relu6);
  f.y = norm_conv(depthwise, DEPTH, 1, slim_relu);
  f.y = _i == 1 ? slim_op_binary_add(f.y, depthwise, SLIM_BINARY_ADD) : f.y;
  fixture_open(&f);
  const int steps = assert_same(&f, BATCH);
  ck_assert_msg(!cpu || steps == (_i == 0 ? 2 : _i == 1 ? 4 : 3), "%d steps", steps);
  (void)assert_same(&f, 1);
  scatter(&f, 2);
  (void)assert_same(&f, BATCH);
  fixture_close(&f);
}
END_TEST

/* What else is read: the convolution, the statistics. */
START_TEST(what_is_read_elsewhere_is_not_folded)
{
  fixture f = fixture_begin(DEPTH);
  slim_tensor *conv = slim_conv2d(f.x, 6, SLIM_HW(3, 3), .biases_initializer = SLIM_NO_INIT, .activation = slim_identity);
  slim_tensor *norm = slim_batch_norm(conv, .is_training = SLIM_NO, .activation = slim_relu);
  f.y = slim_op_binary_add(norm, _i ? conv : slim_op_activation_add(conv, SLIM_ACTIVATION_RELU6), SLIM_BINARY_ADD);
  fixture_open(&f);
  (void)assert_same(&f, BATCH);
  fixture_close(&f);
}
END_TEST

/* Fixed statistics in a train step: weights change in the plan itself. */
START_TEST(a_plan_that_writes_weights_folds_none)
{
  fixture f = fixture_begin(DEPTH);
  slim_tensor *net = slim_op_reduce_add(block(f.x, 5, 4, false), SLIM_REDUCE_MEAN, 15, 0);
  slim_tensor *rate = slim_constant(f.graph, 0.05f, "rate");
  slim_tensor *train = slim_minimize(slim_gradient_descent_optimizer(rate), net, NULL, (slim_tensors){ 0, NULL });
  f.y = net;
  fixture_open(&f);
  for (int i = 0; i < 3; i++) {
    const slim_feed feed = { f.x, f.data, BATCH };
    const slim_fetch fetch = { train, NULL, 0 };
    test_ok(f.fast, slim_session_run(f.fast, &feed, 1, &fetch, 1));
    (void)assert_same(&f, BATCH);
  }
  fixture_close(&f);
}
END_TEST

/* --- in place ----------------------------------------------------------------------------------------------------- */

/* relu(conv + residual) with the residual's life, the convolution's depth and its outputs. */
typedef struct addition {
  int depth, outputs;
  bool read_later, own_input;
  int writes_over; /* on the devices that do: 1, by depth not: 0, perhaps: -1 */
} addition;

static const addition additions[] = {
  { .depth = 7, .outputs = 20, .writes_over = 1 },
  { .depth = 64, .outputs = 37, .writes_over = 1 },
  { .depth = 256, .outputs = 128, .writes_over = 1 }, /* by halves on the CPU */
  { .depth = 530, .outputs = 20, .writes_over = -1 }, /* more than a block is deep */
  { .depth = 900, .outputs = 20, .writes_over = -1 }, /* in slices of the depth */
  { .depth = 7, .outputs = 20, .read_later = true, .writes_over = 0 },
  { .depth = DEPTH, .outputs = DEPTH, .own_input = true, .writes_over = 0 },
};

static slim_tensor *add_to(slim_tensor *x, const addition *a)
{
  slim_tensor *residual = norm_conv(x, a->outputs, 1, slim_identity);
  slim_tensor *in = a->own_input ? residual : norm_conv(x, a->depth, 1, slim_relu);
  slim_tensor *sum = slim_op_binary_add(norm_conv(in, a->outputs, 1, slim_identity), residual, SLIM_BINARY_ADD);
  slim_tensor *y = norm_conv(slim_op_activation_add(sum, SLIM_ACTIVATION_RELU), 9, 1, slim_relu);
  return a->read_later ? slim_op_binary_add(y, norm_conv(residual, 9, 1, slim_relu), SLIM_BINARY_ADD) : y;
}

static slim_session *session_with(const fixture *f, const char *passes)
{
  ck_assert_int_eq(setenv("SLIM_PASSES", passes, 1), 0);
  slim_session *session = test_session(f->graph, f->device, slim_session_values(f->fast));
  ck_assert_int_eq(unsetenv("SLIM_PASSES"), 0);
  return session;
}

/* Memory is counted where nothing else shares it. */
START_TEST(a_result_is_written_over_what_is_added_to_it)
{
  static float over[OUT_MOST], apart[OUT_MOST];
  const addition *a = &additions[_i];
  const char *device = getenv("SLIM_TEST_DEVICE");
  const bool does = !device || strcmp(device, "cpu") == 0 || strcmp(device, "pthread") == 0;
  fixture f = fixture_begin(DEPTH);
  f.y = add_to(f.x, a);
  fixture_open(&f);
  slim_session *with = session_with(&f, "-memory"), *without = session_with(&f, "-memory,-in_place");
  for (int batch = 1; batch <= BATCH; batch++) {
    (void)assert_same(&f, batch);
    const size_t more = run(&f, without, batch, apart).arena_bytes, less = run(&f, with, batch, over).arena_bytes;
    const size_t result = (size_t)batch * SIDE * SIDE * (size_t)a->outputs * sizeof *over;
    ck_assert_mem_eq(over, apart, (size_t)batch * SIDE * SIDE * 9 * sizeof *over);
    ck_assert_msg(!does || a->writes_over < 0 || (more - less >= result) == (a->writes_over > 0),
                  "%zu bytes less for a result of %zu", more - less, result);
  }
  slim_session_destroy(with);
  slim_session_destroy(without);
  fixture_close(&f);
}
END_TEST

/* --- zeros around images ------------------------------------------------------------------------------------------ */

typedef struct zeros {
  int kernel, stride, rate, before, after, channels;
  bool read_twice;
  int steps;
} zeros;

static const zeros zeros_around[] = {
  { .kernel = 3, .stride = 2, .rate = 1, .before = 1, .after = 1, .steps = 1 },
  { .kernel = 7, .stride = 2, .rate = 1, .before = 3, .after = 3, .steps = 1 },
  { .kernel = 3, .stride = 1, .rate = 2, .before = 2, .after = 2, .steps = 1 },
  { .kernel = 3, .stride = 1, .rate = 1, .before = 1, .after = 1, .steps = 1 }, /* Winograd's */
  { .kernel = 4, .stride = 2, .rate = 1, .before = 1, .after = 2, .steps = 1 },
  { .kernel = 3, .stride = 2, .rate = 1, .before = 2, .after = 0, .steps = 2 }, /* more than SAME has */
  { .kernel = 1, .stride = 1, .rate = 1, .before = 1, .after = 1, .steps = 2 },
  { .kernel = 3, .stride = 2, .rate = 1, .before = 1, .after = 1, .channels = 2, .steps = 2 },
  { .kernel = 3, .stride = 2, .rate = 1, .before = 1, .after = 1, .read_twice = true, .steps = 4 },
};

static slim_tensor *strided_conv(slim_tensor *x, const zeros *z)
{
  return slim_conv2d(x, 5, SLIM_HW(z->kernel, z->kernel), .stride = SLIM_HW(z->stride, 0), .rate = SLIM_HW(z->rate, 0),
                     .padding = SLIM_VALID, .normalizer = slim_batch_norm,
                     .normalizer_args = SLIM_ARGS(.is_training = SLIM_NO), .activation = slim_relu);
}

START_TEST(zeros_around_images_are_left_to_convolutions)
{
  const zeros *z = &zeros_around[_i];
  const char *device = getenv("SLIM_TEST_DEVICE");
  const bool known = device && (strcmp(device, "pthread") == 0 || strcmp(device, "cpu") == 0);
  for (int channels = 3; channels <= DEPTH; channels += DEPTH - 3) {
    fixture f = fixture_begin(channels);
    slim_tensor *x = slim_pad(f.x, (const int[]){ 0, z->before, z->before, 0 }, (const int[]){ 0, z->after, z->after, z->channels });
    f.y = strided_conv(x, z);
    f.y = z->read_twice ? slim_op_binary_add(f.y, strided_conv(x, z), SLIM_BINARY_ADD) : f.y;
    fixture_open(&f);
    const int steps = assert_same(&f, BATCH);
    ck_assert_msg(!known || steps == z->steps, "%d steps, not %d", steps, z->steps);
    (void)assert_same(&f, 1);
    fixture_close(&f);
  }
}
END_TEST

/* --- maxima behind convolutions ----------------------------------------------------------------------------------- */

/* steps: where the device takes a pool behind a convolution. */
static const struct pooled {
  int outputs, kernel;
  slim_padding padding;
  bool read_twice;
  int steps;
} pooled[] = {
  { 16, 3, SLIM_VALID, false, 1 }, { 16, 3, SLIM_SAME, false, 1 }, { 37, 3, SLIM_SAME, false, 1 },
  { 3, 3, SLIM_SAME, false, 1 },   { 16, 1, SLIM_SAME, false, 2 }, { 16, 3, SLIM_SAME, true, 4 },
};

START_TEST(pools_end_convolutions)
{
  const struct pooled *p = &pooled[_i];
  const char *device = getenv("SLIM_TEST_DEVICE");
  fixture f = fixture_begin(DEPTH);
  slim_tensor *x = slim_conv2d(f.x, p->outputs, SLIM_HW(p->kernel, p->kernel));
  f.y = slim_max_pool2d(x, SLIM_HW(2, 2), .stride = SLIM_HW(2, 2), .padding = p->padding);
  if (p->read_twice) {
    slim_tensor *mean = slim_avg_pool2d(x, SLIM_HW(2, 2), .stride = SLIM_HW(2, 2), .padding = p->padding);
    f.y = slim_op_binary_add(f.y, mean, SLIM_BINARY_ADD);
  }
  fixture_open(&f);
  for (int batch = 1; batch <= BATCH; batch++) {
    const int steps = assert_same(&f, batch);
    ck_assert_msg((device && strcmp(device, "cpu") != 0) || steps == p->steps, "%d steps, not %d", steps, p->steps);
  }
  fixture_close(&f);
}
END_TEST

/* --- training ----------------------------------------------------------------------------------------------------- */

enum { STEPS = 3, PRODUCTS = -1, VARIABLES_MOST = 600000 };

static slim_tensor *training_net(slim_graph *graph, slim_tensor *x, int more)
{
  slim_tensor *y = NULL;
  SLIM_ARG_SCOPE(graph, SLIM_OPS(slim_conv2d), .normalizer = slim_batch_norm, .weights_regularizer = SLIM_L2(0.05f),
                 .normalizer_args = SLIM_ARGS(.is_training = SLIM_YES, .scale = SLIM_YES, .decay = 0.9f)) {
    slim_tensor *shortcut = slim_conv2d(x, 12, SLIM_HW(1, 1), .activation = slim_identity);
    y = slim_conv2d(x, 5, SLIM_HW(1, 1), .activation = slim_relu6);
    y = slim_conv2d(y, 16, SLIM_HW(3, 3), .activation = slim_relu);
    y = slim_conv2d(y, 12, SLIM_HW(1, 1), .activation = slim_identity);
    y = slim_op_activation_add(slim_op_binary_add(shortcut, y, SLIM_BINARY_ADD), SLIM_ACTIVATION_RELU);
    for (int i = 0; i < more; i++) {
      y = slim_conv2d(y, 16, SLIM_HW(1, 1), .activation = slim_relu);
    }
    y = slim_conv2d(y, 4, SLIM_HW(3, 3), .activation = slim_relu);
  }
  return y;
}

/* Few pixels and many weights. */
static slim_tensor *product_net(slim_tensor *x)
{
  slim_tensor *y = slim_flatten(x);
  for (int i = 0; i < 6; i++) {
    y = slim_fully_connected(y, 100, .weights_regularizer = SLIM_L2(0.05f));
  }
  return slim_op_reshape_add(y, SLIM_SHAPE(-1, 10, 10, 1));
}

static slim_optimizer *optimizer_of(slim_graph *graph, int kind)
{
  slim_tensor *rate = slim_constant(graph, 0.01f, "rate");
  return kind == 0   ? slim_momentum_optimizer(rate, 0.9f)
         : kind == 1 ? slim_adam_optimizer(rate)
                     : slim_rms_prop_optimizer(rate);
}

/* Trains STEPS steps of a net with more layers; more PRODUCTS: of the net of products. @return how many numbers all variables have, in out. */
static size_t train(const char *passes, int kind, int more, float *out, slim_plan_info *info)
{
  fixture f = fixture_begin(DEPTH);
  slim_tensor *y = more == PRODUCTS ? product_net(f.x) : training_net(f.graph, f.x, more);
  slim_tensor *square = slim_op_unary_add(slim_op_unary_add(y, SLIM_UNARY_SCALE_ADD, 1.0f, -0.5f), SLIM_UNARY_SQUARE, 0, 0);
  (void)slim_add_loss(slim_op_reduce_add(square, SLIM_REDUCE_MEAN, 15, 0));
  slim_tensor *loss = slim_get_total_loss(f.graph, true, NULL);
  slim_tensor *train_op = slim_learning_create_train_op(loss, optimizer_of(f.graph, kind));
  ck_assert_str_eq(slim_graph_error(f.graph), "");
  ck_assert_int_eq(setenv("SLIM_PASSES", passes, 1), 0);
  f.fast = test_session(f.graph, f.device, NULL);
  test_ok(f.fast, slim_session_initialize(f.fast));
  const slim_feed feed = { f.x, f.data, BATCH };
  float value = 0.0f;
  const slim_fetch fetch = { train_op, &value, sizeof value };
  for (int i = 0; i < STEPS; i++) {
    test_ok(f.fast, slim_session_run(f.fast, &feed, 1, &fetch, 1));
  }
  test_ok(f.fast, slim_session_plan_info(f.fast, info));
  size_t count = 0;
  out[count++] = value;
  const slim_tensors variables = slim_get_variables(f.graph, NULL, NULL, NULL);
  for (size_t i = 0; i < variables.count; i++) {
    const size_t n = slim_shape_elements(&variables.item[i]->shape);
    if (variables.item[i]->dtype == SLIM_FLOAT32) {
      ck_assert_uint_le(count + n, VARIABLES_MOST);
      test_ok(f.fast, slim_session_get_variable(f.fast, variables.item[i], out + count, n * sizeof *out));
      count += n;
    }
  }
  fixture_close(&f);
  ck_assert_int_eq(unsetenv("SLIM_PASSES"), 0);
  return count;
}

static void assert_near(const float *got, const float *want, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (!(fabsf(got[i] - want[i]) <= 2e-4f * (fabsf(want[i]) + 1.0f))) {
      ck_abort_msg("number %zu is %g, not %g", i, (double)got[i], (double)want[i]);
    }
  }
}

/* Batch norms take the activations around them, optimizers the penalties. */
START_TEST(a_train_step_gives_the_same)
{
  static float fast[VARIABLES_MOST], plain[VARIABLES_MOST];
  slim_plan_info info, plain_info;
  const size_t count = train("-apply", _i, 0, fast, &info);
  ck_assert_uint_eq(train("-apply,-backward,-fuse,-in_place", _i, 0, plain, &plain_info), count);
  assert_near(fast, plain, count);
  /* of forward: 3 relu and 1 add + relu; of backward: 3 relu; 5 weights have a product and a sum each */
  ck_assert_int_le(info.steps, plain_info.steps - 3 - 2 - 3 - 10);
}
END_TEST

/* The casts have 2 * 3 numbers of 8 bytes, their comparison 2 * 3 * 2 of 4: as many bytes. */
START_TEST(results_of_other_sizes_have_memory_of_their_own)
{
  slim_graph *graph = slim_graph_create(1);
  slim_device *device = test_open_device();
  slim_tensor *a = slim_placeholder(graph, SLIM_INT32, SLIM_SHAPE(2, 3, 1), "a");
  slim_tensor *b = slim_placeholder(graph, SLIM_INT32, SLIM_SHAPE(2, 1, 2), "b");
  slim_tensor *y = slim_equal(slim_cast(a, SLIM_INT64), slim_cast(b, SLIM_INT64));
  const int32_t left[] = { 1, 2, 0, 3, 2, 2 }, right[] = { 2, 1, 3, 4 };
  float got[12];
  slim_session *session = test_session(graph, device, NULL);
  const slim_feed feeds[] = { { a, left, 2 }, { b, right, 2 } };
  const slim_fetch fetch = { y, got, sizeof got };
  test_ok(session, slim_session_run(session, feeds, 2, &fetch, 1));
  for (int i = 0; i < 12; i++) {
    ck_assert_msg(got[i] == (left[i / 2] == right[i / 6 * 2 + i % 2] ? 1.0f : 0.0f), "element %d", i);
  }
  slim_session_destroy(session);
  slim_device_close(device);
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(recomputing_takes_less_memory)
{
  static float again[VARIABLES_MOST], kept[VARIABLES_MOST];
  slim_plan_info info, kept_info;
  const char *const with[] = { "+recompute", "+recompute,-backward", "+recompute,-fuse,-in_place" };
  const char *const without[] = { "", "-backward", "-fuse,-in_place" };
  const size_t count = train(with[_i], 0, 64, again, &info);
  ck_assert_uint_eq(train(without[_i], 0, 64, kept, &kept_info), count);
  assert_near(again, kept, count);
  ck_assert_int_gt(info.steps, kept_info.steps);
  ck_assert_uint_lt(info.arena_bytes, kept_info.arena_bytes * 3 / 4);
}
END_TEST

/* Gradients that are used early need not be kept; what comes out is the same to the last bit. */
START_TEST(updates_need_not_wait_for_all_gradients)
{
  static float early[VARIABLES_MOST], late[VARIABLES_MOST];
  slim_plan_info info, late_info;
  const size_t count = train("", _i, PRODUCTS, early, &info);
  ck_assert_uint_eq(train("-apply", _i, PRODUCTS, late, &late_info), count);
  ck_assert_mem_eq(early, late, count * sizeof *early);
  ck_assert_int_gt(info.steps, late_info.steps);
  ck_assert_int_lt(info.steps, late_info.steps + 8);
  ck_assert_uint_lt(info.arena_bytes, late_info.arena_bytes);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, a_residual_block_is_four_steps, 0, 4);
  tcase_add_test(c, folded_weights_follow_their_variables);
  tcase_add_test(c, a_product_is_folded_too);
  tcase_add_test(c, deep_products_are_folded);
  tcase_add_test(c, deep_convolutions_are_folded);
  tcase_add_test(c, convolutions_along_an_axis_are_folded);
  tcase_add_loop_test(c, separable_convolutions_are_one_step, 0, 3);
  tcase_add_loop_test(c, what_is_read_elsewhere_is_not_folded, 0, 2);
  tcase_add_test(c, a_plan_that_writes_weights_folds_none);
  tcase_add_loop_test(c, a_result_is_written_over_what_is_added_to_it, 0, (int)(sizeof additions / sizeof *additions));
  tcase_add_loop_test(c, zeros_around_images_are_left_to_convolutions, 0, (int)(sizeof zeros_around / sizeof *zeros_around));
  tcase_add_loop_test(c, pools_end_convolutions, 0, (int)(sizeof pooled / sizeof *pooled));
  tcase_add_loop_test(c, a_train_step_gives_the_same, 0, 3);
  tcase_add_loop_test(c, updates_need_not_wait_for_all_gradients, 0, 3);
  tcase_add_test(c, results_of_other_sizes_have_memory_of_their_own);
  tcase_add_loop_test(c, recomputing_takes_less_memory, 0, 3);
}

TEST_MAIN("passes", build, test_device_available)
