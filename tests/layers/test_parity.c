/* Layers, losses and LeNet against TF-Slim: tests/parity/layers.txt, written by tests/parity/make_layers.py. */
#include "test_fixture.h"
#include "test_net.h"

#include "slim/slim.h"

#include <math.h>

static float *numbers(size_t count, unsigned seed)
{
  float *x = malloc((count ? count : 1) * sizeof *x);
  ck_assert_ptr_nonnull(x);
  for (size_t i = 0; i < count; i++) {
    x[i] = test_fixture_number(i, seed);
  }
  return x;
}

static void read_fixture(void)
{
  test_fixture_read("tests/parity/layers.txt");
}

/* --- a case ------------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
  return strcmp(slim_variable_full_name(*(slim_tensor *const *)a), slim_variable_full_name(*(slim_tensor *const *)b));
}

/* Gives variables their numbers: the k-th by name has the seed 100 + k. */
static void set_variables(test_net *net, double scale)
{
  slim_tensor *sorted[64];
  const slim_tensors list = slim_get_model_variables(net->graph, NULL, NULL);
  ck_assert_uint_le(list.count, 64);
  for (size_t k = 0; k < list.count; k++) { /* none: list.item is NULL */
    sorted[k] = list.item[k];
  }
  qsort(sorted, list.count, sizeof *sorted, by_name);
  for (size_t k = 0; k < list.count; k++) {
    const size_t count = test_net_elements(net, sorted[k]);
    float *values = numbers(count, 100 + (unsigned)k);
    for (size_t i = 0; i < count; i++) {
      const float value = (float)(scale * (double)values[i]);
      values[i] = strstr(slim_variable_full_name(sorted[k]), "variance") ? fabsf(value) + 0.5f : value;
    }
    test_set_variable(net, sorted[k], values, count);
    free(values);
  }
}

static void use_numbers(test_net *net)
{
  for (size_t i = 0; i < net->elements; i++) {
    net->data[i] = test_fixture_number(i, 1);
  }
}

static void check(test_net *net, const char *name, const char *key, slim_tensor *tensor)
{
  ck_assert_msg(tensor != NULL, "%s %s: there is no gradient", name, key);
  float *values = test_run(net, tensor);
  (void)test_fixture_compare(name, key, values, test_net_elements(net, tensor), 2e-5);
  free(values);
}

/* The gradients of y by the input and by all trainable variables. */
static void check_gradients(test_net *net, const char *name, slim_tensor *y)
{
  const slim_tensors trained = slim_get_trainable_variables(net->graph, NULL, NULL);
  slim_tensor *xs[16] = { net->input };
  ck_assert_uint_lt(trained.count, 16);
  for (size_t i = 0; i < trained.count; i++) {
    xs[i + 1] = trained.item[i];
  }
  const slim_tensors gradients = slim_gradients(y, (slim_tensors){ trained.count + 1, xs });
  ck_assert_str_eq(slim_graph_error(net->graph), "");
  for (size_t i = 0; i < gradients.count; i++) {
    char key[200];
    (void)snprintf(key, sizeof key, "d_%s", i ? slim_variable_full_name(xs[i]) : "input");
    check(net, name, key, gradients.item[i]);
  }
}

/* Runs the update ops once and compares the moving statistics. */
static void check_updates(test_net *net, const char *name)
{
  const slim_tensors updates = slim_get_collection(net->graph, SLIM_UPDATE_OPS, NULL);
  for (size_t i = 0; i < updates.count; i++) {
    test_run_effects(net, updates.item[i]);
  }
  const slim_tensors all = slim_get_model_variables(net->graph, ".*moving", NULL);
  for (size_t i = 0; i < all.count; i++) {
    float *value = test_get_variable(net, all.item[i]);
    (void)test_fixture_compare(name, slim_variable_full_name(all.item[i]), value, test_net_elements(net, all.item[i]), 2e-5);
    free(value);
  }
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

static slim_tensor *conv_same(slim_tensor *x)
{
  return slim_conv2d(x, 4, SLIM_HW(3, 3), .scope = "c");
}

static slim_tensor *conv_stride(slim_tensor *x)
{
  return slim_conv2d(x, 5, SLIM_HW(5, 3), .stride = SLIM_HW(2, 2), .activation = slim_identity, .scope = "c");
}

static slim_tensor *conv_valid(slim_tensor *x)
{
  return slim_conv2d(x, 3, SLIM_HW(3, 2), .padding = SLIM_VALID, .biases_initializer = SLIM_NO_INIT, .scope = "c");
}

static slim_tensor *conv_rate(slim_tensor *x)
{
  return slim_conv2d(x, 3, SLIM_HW(3, 3), .rate = SLIM_HW(2, 2), .activation = slim_tanh, .scope = "c");
}

static slim_tensor *conv_norm(slim_tensor *x)
{
  return slim_conv2d(x, 4, SLIM_HW(3, 3), .normalizer = slim_batch_norm,
                     .normalizer_args = SLIM_ARGS(.scale = SLIM_YES, .decay = 0.9f), .scope = "c");
}

static slim_tensor *fc(slim_tensor *x)
{
  return slim_fully_connected(x, 4, .activation = slim_sigmoid, .scope = "f");
}

static slim_tensor *fc_rank_3(slim_tensor *x)
{
  return slim_fully_connected(x, 4, .scope = "f");
}

static slim_tensor *max_pool(slim_tensor *x)
{
  return slim_max_pool2d(x, SLIM_HW(3, 2));
}

static slim_tensor *max_pool_same(slim_tensor *x)
{
  return slim_max_pool2d(x, SLIM_HW(3, 3), .padding = SLIM_SAME);
}

static slim_tensor *avg_pool(slim_tensor *x)
{
  return slim_avg_pool2d(x, SLIM_HW(2, 2));
}

static slim_tensor *avg_pool_same(slim_tensor *x)
{
  return slim_avg_pool2d(x, SLIM_HW(3, 3), .padding = SLIM_SAME);
}

static slim_tensor *norm(slim_tensor *x)
{
  return slim_batch_norm(x, .decay = 0.7f, .scope = "b");
}

static slim_tensor *norm_scale(slim_tensor *x)
{
  return slim_batch_norm(x, .scale = SLIM_YES, .epsilon = 1e-5f, .activation = slim_relu, .scope = "b");
}

static slim_tensor *norm_rows(slim_tensor *x)
{
  return slim_batch_norm(x, .scale = SLIM_YES, .decay = 0.9f, .scope = "b");
}

static slim_tensor *norm_rank_3(slim_tensor *x)
{
  return slim_batch_norm(x, .decay = 0.9f, .scope = "b");
}

static slim_tensor *norm_inference(slim_tensor *x)
{
  return slim_batch_norm(x, .scale = SLIM_YES, .is_training = SLIM_NO, .scope = "b");
}

static slim_tensor *softmax(slim_tensor *x)
{
  return slim_softmax(x);
}

static slim_tensor *bias(slim_tensor *x)
{
  return slim_bias_add(x, .activation = slim_relu6, .scope = "b");
}

typedef slim_tensor *(*build_fn)(slim_tensor *x);

static const struct layer_case {
  const char *name;
  slim_shape shape;
  build_fn build;
} layers[] = {
  { "conv_same", { 4, { 2, 7, 6, 3 } }, conv_same },
  { "conv_stride", { 4, { 2, 8, 7, 3 } }, conv_stride },
  { "conv_valid", { 4, { 1, 7, 7, 2 } }, conv_valid },
  { "conv_rate", { 4, { 1, 9, 8, 2 } }, conv_rate },
  { "conv_norm", { 4, { 3, 5, 4, 2 } }, conv_norm },
  { "fc", { 2, { 3, 5 } }, fc },
  { "fc_rank_3", { 3, { 2, 3, 5 } }, fc_rank_3 },
  { "max_pool", { 4, { 2, 7, 6, 3 } }, max_pool },
  { "max_pool_same", { 4, { 2, 5, 6, 3 } }, max_pool_same },
  { "avg_pool", { 4, { 2, 7, 6, 3 } }, avg_pool },
  { "avg_pool_same", { 4, { 2, 5, 6, 3 } }, avg_pool_same },
  { "norm", { 4, { 3, 4, 3, 2 } }, norm },
  { "norm_scale", { 4, { 4, 3, 2, 3 } }, norm_scale },
  { "norm_rows", { 2, { 6, 4 } }, norm_rows },
  { "norm_rank_3", { 3, { 3, 4, 2 } }, norm_rank_3 },
  { "norm_inference", { 4, { 3, 4, 3, 2 } }, norm_inference },
  { "softmax", { 2, { 3, 5 } }, softmax },
  { "bias", { 3, { 2, 3, 4 } }, bias },
};

START_TEST(layer_computes_what_tf_slim_computes)
{
  const struct layer_case *c = &layers[_i];
  test_net net = test_open_shape(c->shape, 1);
  use_numbers(&net);
  slim_tensor *y = c->build(net.input);
  slim_tensor *p = slim_placeholder(net.graph, SLIM_FLOAT32, slim_tensor_shape(y), "p");
  slim_tensor *sum = slim_reduce_sum(slim_mul(y, p), SLIM_ALL_AXES, false);
  float *projection = numbers(test_net_elements(&net, y), 2);
  set_variables(&net, 0.5);
  test_feed(&net, p, projection);
  check(&net, c->name, "result", y);
  check_gradients(&net, c->name, sum);
  check_updates(&net, c->name);
  free(projection);
  test_close(&net);
}
END_TEST

/* --- losses ------------------------------------------------------------------------------------------------------- */

enum { CLASSES = 5 };

static int label(size_t i, int classes)
{
  return (int)((i * 7 + 3) % (size_t)classes);
}

static slim_tensor *class_numbers(slim_tensor *x, int count)
{
  int64_t values[8];
  for (int i = 0; i < count; i++) {
    values[i] = label((size_t)i, CLASSES);
  }
  return slim_constant_tensor(slim_graph_of(x), SLIM_INT64, SLIM_SHAPE(count), values, "labels");
}

static slim_tensor *one_hot(slim_tensor *x, int count)
{
  return slim_one_hot_encoding(class_numbers(x, count), CLASSES);
}

/* Some zero, some above 1. */
static slim_tensor *weights(slim_tensor *x, slim_shape shape)
{
  float values[64];
  const size_t count = slim_shape_elements(&shape);
  ck_assert_uint_le(count, 64);
  for (size_t i = 0; i < count; i++) {
    values[i] = 2.0f * fmaxf(test_fixture_number(i, 3), 0.0f);
  }
  return slim_constant_tensor(slim_graph_of(x), SLIM_FLOAT32, shape, values, "weights");
}

static slim_tensor *softmax_loss(slim_tensor *x)
{
  return slim_softmax_cross_entropy(x, one_hot(x, 4));
}

static slim_tensor *softmax_smooth(slim_tensor *x)
{
  return slim_softmax_cross_entropy(x, one_hot(x, 4), .label_smoothing = 0.1f, .weight = 0.4f);
}

static slim_tensor *softmax_weighed(slim_tensor *x)
{
  return slim_softmax_cross_entropy(x, one_hot(x, 6), .weights = weights(x, SLIM_SHAPE(6)));
}

static slim_tensor *sparse_loss(slim_tensor *x)
{
  return slim_sparse_softmax_cross_entropy(x, class_numbers(x, 4));
}

static slim_tensor *sigmoid_loss(slim_tensor *x)
{
  return slim_sigmoid_cross_entropy(x, one_hot(x, 4), .label_smoothing = 0.2f);
}

static slim_tensor *sigmoid_weighed(slim_tensor *x)
{
  return slim_sigmoid_cross_entropy(x, one_hot(x, 4), .weights = weights(x, SLIM_SHAPE(4, 1)));
}

static slim_tensor *squared_loss(slim_tensor *x)
{
  return slim_mean_squared_error(x, one_hot(x, 4));
}

static slim_tensor *squared_weighed(slim_tensor *x)
{
  return slim_mean_squared_error(x, one_hot(x, 4), .weights = weights(x, SLIM_SHAPE(4, 5)));
}

static slim_tensor *absolute_loss(slim_tensor *x)
{
  return slim_absolute_difference(x, one_hot(x, 4));
}

static slim_tensor *log_loss(slim_tensor *x)
{
  return slim_log_loss(slim_sigmoid(x), one_hot(x, 4));
}

static slim_tensor *reduced(slim_tensor *x, slim_reduction reduction)
{
  return slim_mean_squared_error(x, one_hot(x, 4), .weights = weights(x, SLIM_SHAPE(4, 1)), .reduction = reduction);
}

static const struct loss_case {
  const char *name;
  int rows;
  build_fn build; /* NULL: reduced */
  slim_reduction reduction;
} losses[] = {
  { "softmax_loss", 4, softmax_loss, 0 },
  { "softmax_smooth", 4, softmax_smooth, 0 },
  { "softmax_weighed", 6, softmax_weighed, 0 },
  { "sparse_loss", 4, sparse_loss, 0 },
  { "sigmoid_loss", 4, sigmoid_loss, 0 },
  { "sigmoid_weighed", 4, sigmoid_weighed, 0 },
  { "squared_loss", 4, squared_loss, 0 },
  { "squared_weighed", 4, squared_weighed, 0 },
  { "absolute_loss", 4, absolute_loss, 0 },
  { "log_loss", 4, log_loss, 0 },
  { "reduction_sum", 4, NULL, SLIM_SUM },
  { "reduction_mean", 4, NULL, SLIM_MEAN },
  { "reduction_sum_over_batch_size", 4, NULL, SLIM_SUM_OVER_BATCH_SIZE },
  { "reduction_none", 4, NULL, SLIM_REDUCTION_NONE },
  { "reduction_sum_by_nonzero_weights", 4, NULL, SLIM_SUM_BY_NONZERO_WEIGHTS },
};

START_TEST(loss_computes_what_tf_slim_computes)
{
  const struct loss_case *c = &losses[_i];
  test_net net = test_open_shape(SLIM_SHAPE(c->rows, CLASSES), 1);
  use_numbers(&net);
  slim_tensor *loss = c->build ? c->build(net.input) : reduced(net.input, c->reduction);
  check(&net, c->name, "result", loss);
  check_gradients(&net, c->name, loss);
  test_close(&net);
}
END_TEST

/* --- LeNet -------------------------------------------------------------------------------------------------------- */

/* A gradient's length, and its first values. */
static void check_start(test_net *net, slim_tensor *variable, slim_tensor *gradient)
{
  char key[200];
  float got[9];
  float *values = test_run(net, gradient);
  const size_t count = test_net_elements(net, gradient), shown = count < 8 ? count : 8;
  double squares = 0;
  for (size_t i = 0; i < count; i++) {
    squares += (double)values[i] * (double)values[i];
  }
  got[0] = (float)sqrt(squares);
  memcpy(got + 1, values, shown * sizeof *values);
  (void)snprintf(key, sizeof key, "d_%s", slim_variable_full_name(variable));
  (void)test_fixture_compare("lenet", key, got, shown + 1, 1e-4);
  free(values);
}

START_TEST(lenet_computes_what_tf_slim_computes)
{
  enum { ROWS = 4 };
  int64_t numbers_of[ROWS];
  test_net net = test_open((const int[]){ ROWS, 28, 28, 1 }, 1);
  use_numbers(&net);
  slim_tensor *logits = slim_build_network("lenet", net.input, 4e-5f, &(slim_net_args){ .num_classes = 10 });
  for (size_t i = 0; i < ROWS; i++) {
    numbers_of[i] = label(i, 10);
  }
  slim_tensor *labels = slim_constant_tensor(net.graph, SLIM_INT64, SLIM_SHAPE(ROWS), numbers_of, "labels");
  (void)slim_softmax_cross_entropy(logits, slim_one_hot_encoding(labels, 10), .label_smoothing = 0.1f);
  slim_tensor *total = slim_get_total_loss(net.graph, true, NULL);
  const slim_tensors variables = slim_get_model_variables(net.graph, NULL, NULL);
  const slim_tensors gradients = slim_gradients(total, variables);
  set_variables(&net, 0.1);
  check(&net, "lenet", "result", logits);
  check(&net, "lenet", "loss", total);
  for (size_t i = 0; i < variables.count; i++) {
    check_start(&net, variables.item[i], gradients.item[i]);
  }
  test_close(&net);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, layer_computes_what_tf_slim_computes, 0, sizeof layers / sizeof *layers);
  tcase_add_loop_test(c, loss_computes_what_tf_slim_computes, 0, sizeof losses / sizeof *losses);
  tcase_add_test(c, lenet_computes_what_tf_slim_computes);
}
TEST_MAIN("parity", build, test_net_available)
