/* Losses and LeNet against TF-Slim: tests/parity/layers.txt, written by tests/parity/make_layers.py. */
#include "parity.h"

#include "slim/slim.h"

#include <math.h>

typedef slim_tensor *(*build_fn)(slim_tensor *x);

static void read_fixture(void)
{
  test_fixture_read("tests/parity/layers.txt");
}

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
  parity_use_numbers(&net);
  slim_tensor *loss = c->build ? c->build(net.input) : reduced(net.input, c->reduction);
  parity_check(&net, c->name, "result", loss);
  parity_check_gradients(&net, c->name, loss);
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
  parity_use_numbers(&net);
  slim_tensor *logits = slim_build_network("lenet", net.input, 4e-5f, &(slim_net_args){ .num_classes = 10 });
  for (size_t i = 0; i < ROWS; i++) {
    numbers_of[i] = label(i, 10);
  }
  slim_tensor *labels = slim_constant_tensor(net.graph, SLIM_INT64, SLIM_SHAPE(ROWS), numbers_of, "labels");
  (void)slim_softmax_cross_entropy(logits, slim_one_hot_encoding(labels, 10), .label_smoothing = 0.1f);
  slim_tensor *total = slim_get_total_loss(net.graph, true, NULL);
  const slim_tensors variables = slim_get_model_variables(net.graph, NULL, NULL);
  const slim_tensors gradients = slim_gradients(total, variables);
  parity_set_variables(&net, 0.1);
  parity_check(&net, "lenet", "result", logits);
  parity_check(&net, "lenet", "loss", total);
  for (size_t i = 0; i < variables.count; i++) {
    check_start(&net, variables.item[i], gradients.item[i]);
  }
  test_close(&net);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, loss_computes_what_tf_slim_computes, 0, sizeof losses / sizeof *losses);
  tcase_add_test(c, lenet_computes_what_tf_slim_computes);
}
TEST_MAIN("parity", build, test_net_available)
