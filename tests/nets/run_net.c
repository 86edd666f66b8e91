#include "run_net.h"
#include "test_fixture.h"
#include "test_worse.h"

#include <math.h>

/* Last bits decide on which side of its kink a relu is, or which pixel is the largest of a window: with fifty layers,
 * and batch norm over few values, two right implementations differ by percents in the gradient of a single variable, by
 * 0.0065 (direct sums) to 0.011 (Winograd's) in the mean of inception_v3's. */
#define GRADIENT_TOLERANCE 0.15
#define MEAN_GRADIENT_TOLERANCE 0.02

enum { CLASSES = 7, MOST_VARIABLES = 1200 };

static test_net open_net(const net_case *c)
{
  return test_open((const int[]){ c->batch, c->size, c->size, slim_get_network(c->name)->channels }, 1);
}

static slim_tensor *build(const net_case *c, test_net *net, bool training)
{
  slim_net_args args = c->args;
  args.num_classes = CLASSES;
  args.is_training = training;
  return slim_build_network(c->name, net->input, 1e-3f, &args);
}

static void check_inference(const net_case *c)
{
  test_net net = open_net(c);
  slim_tensor *logits = build(c, &net, false);
  float *all = test_run(&net, logits);
  const size_t image = net.elements / (size_t)net.batch, count = test_net_elements(&net, logits) / (size_t)net.batch;
  for (int i = 0; i < c->batch; i++) {
    net.batch = 1;
    net.feeds[0] = (slim_feed){ net.input, net.data + (size_t)i * image, 1 };
    float *one = test_run(&net, logits);
    double difference = 0, largest = 0;
    for (size_t k = 0; k < count; k++) {
      const double want = (double)all[(size_t)i * count + k];
      ck_assert_msg(isfinite(want), "%s: logit %zu of image %d is %g", c->name, k, i, want);
      difference = test_worse(difference, fabs((double)one[k] - want));
      largest = test_worse(largest, fabs(want));
    }
    ck_assert_msg(largest > 0 && difference <= 1e-4 * largest, "%s: image %d alone differs by %g of %g", c->name, i,
                  difference, largest);
    free(one);
  }
  free(all);
  test_close(&net);
}

static void add_losses(test_net *net, slim_tensor *logits, const int64_t *labels)
{
  slim_tensor *label = slim_placeholder(net->graph, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  slim_tensor *aux = slim_end_point(net->graph, SLIM_END_POINTS, "AuxLogits");
  test_feed(net, label, labels);
  (void)slim_sparse_softmax_cross_entropy(slim_reshape(logits, SLIM_SHAPE(-1, CLASSES)), label);
  if (aux) {
    (void)slim_sparse_softmax_cross_entropy(aux, label, .weight = 0.4f);
  }
}

/* Half the sum of the squares of each trainable variable's gradient, in one run. */
static slim_tensors run_norms(const net_case *c, test_net *net, slim_tensor *loss, float *norms)
{
  static slim_fetch fetches[MOST_VARIABLES];
  const slim_tensors variables = slim_get_trainable_variables(net->graph, NULL, NULL);
  const slim_tensors gradients = slim_gradients(loss, variables);
  ck_assert_uint_le(variables.count, MOST_VARIABLES);
  for (size_t i = 0; i < variables.count; i++) {
    ck_assert_msg(gradients.item[i] != NULL, "%s has no gradient", slim_variable_full_name(variables.item[i]));
    fetches[i] = (slim_fetch){ slim_l2_loss(gradients.item[i]), &norms[i], sizeof norms[i] };
  }
  const slim_status status = slim_session_run(net->session, net->feeds, net->num_feeds, fetches, variables.count);
  ck_assert_msg(status == SLIM_OK, "%s: %s", c->name, slim_session_error(net->session));
  return variables;
}

static void check_gradients(const net_case *c, test_net *net, slim_tensor *loss)
{
  static float norms[MOST_VARIABLES];
  free(test_run(net, loss)); /* variables get their values */
  const slim_tensors variables = run_norms(c, net, loss, norms);
  for (size_t i = 0; i < variables.count; i++) {
    ck_assert_msg(isfinite(norms[i]) && norms[i] > 0.0f, "the gradient of %s has the norm %g",
                  slim_variable_full_name(variables.item[i]), (double)norms[i]);
  }
}

static float run_scalar(test_net *net, slim_tensor *tensor)
{
  float *data = test_run(net, tensor);
  const float value = *data;
  free(data);
  return value;
}

/* The loss is finite, the gradient of every trainable variable is finite and not all zero, and a step changes the loss. */
static void check_training(const net_case *c)
{
  static const int64_t labels[] = { 3, 1, 6, 0, 2, 5, 4, 1 };
  test_net net = open_net(c);
  ck_assert_int_le(c->batch, 8);
  add_losses(&net, build(c, &net, true), labels);
  slim_tensor *loss = slim_get_total_loss(net.graph, true, NULL);
  slim_tensor *rate = slim_constant(net.graph, 0.01f, "learning_rate");
  slim_tensor *step = slim_learning_create_train_op(loss, slim_momentum_optimizer(rate, 0.9f));
  check_gradients(c, &net, loss);
  const float first = run_scalar(&net, step), second = run_scalar(&net, step);
  ck_assert_msg(isfinite(first) && isfinite(second) && first != second, "%s: the loss goes from %g to %g", c->name,
                (double)first, (double)second);
  test_close(&net);
}

/* --- against TF-Slim ---------------------------------------------------------------------------------------------- */

void net_numbers(float *to, size_t count, const char *name)
{
  uint32_t start = 2166136261u;
  for (; *name; name++) {
    start = (start ^ (unsigned char)*name) * 16777619u;
  }
  for (size_t i = 0; i < count; i++) {
    uint32_t x = start + (uint32_t)i;
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    to[i] = (float)((double)((x ^ (x >> 16)) >> 8) / 8388608.0 - 1.0);
  }
}

/* value = offset + scale * number */
static void set_variable(test_net *net, slim_tensor *variable)
{
  const char *name = slim_variable_full_name(variable), *kind = strrchr(name, '/') + 1;
  const slim_shape shape = slim_tensor_shape(variable);
  const size_t count = slim_shape_elements(&shape);
  const bool ones = !strcmp(kind, "gamma") || !strcmp(kind, "moving_variance");
  double scale = !strcmp(kind, "moving_variance") ? 0.5 : 0.1;
  if (!strcmp(kind, "weights")) {
    scale = sqrt(6.0 / ((double)count / shape.dim[shape.rank - 1]));
  } else if (!strcmp(kind, "depthwise_weights")) {
    scale = sqrt(6.0 / (shape.dim[0] * shape.dim[1]));
  }
  float *values = malloc(count * sizeof *values);
  ck_assert_ptr_nonnull(values);
  net_numbers(values, count, name);
  for (size_t i = 0; i < count; i++) {
    values[i] = (float)((ones ? 1.0 : 0.0) + scale * (double)values[i]);
  }
  test_set_variable(net, variable, values, count);
  free(values);
}

void net_set_variables(test_net *net)
{
  const slim_tensors variables = slim_get_model_variables(net->graph, NULL, NULL);
  for (size_t i = 0; i < variables.count; i++) {
    set_variable(net, variables.item[i]);
  }
}

static void compare(test_net *net, const char *label, const char *key, slim_tensor *tensor, double tolerance)
{
  float *values = test_run(net, tensor);
  (void)test_fixture_compare(label, key, values, test_net_elements(net, tensor), tolerance);
  free(values);
}

static void check_parity(const net_case *c)
{
  char label[64];
  (void)snprintf(label, sizeof label, "%s@%d", c->name, c->size);
  test_net net = open_net(c);
  slim_tensor *logits = build(c, &net, false);
  slim_tensor *aux = slim_end_point(net.graph, SLIM_END_POINTS, "AuxLogits");
  net_numbers(net.data, net.elements, "images");
  net_set_variables(&net);
  compare(&net, label, "logits", logits, 2e-5);
  if (aux) {
    compare(&net, label, "aux", aux, 2e-5);
  }
  test_close(&net);
}

static void check_training_parity(const net_case *c)
{
  char label[64];
  static float norms[MOST_VARIABLES];
  int64_t labels[8];
  net_case keeping = *c;
  keeping.args.dropout_keep_prob = strncmp(c->name, "resnet", 6) == 0 ? 0.0f : 1.0f; /* which has no dropout */
  (void)snprintf(label, sizeof label, "%s@%d", c->name, c->size);
  test_net net = open_net(c);
  ck_assert_int_le(c->batch, 8);
  for (int i = 0; i < c->batch; i++) {
    labels[i] = (i * 7 + 3) % CLASSES;
  }
  add_losses(&net, build(&keeping, &net, true), labels);
  slim_tensor *loss = slim_get_total_loss(net.graph, true, NULL);
  net_numbers(net.data, net.elements, "images");
  net_set_variables(&net);
  compare(&net, label, "loss", loss, 2e-5);
  const slim_tensors variables = run_norms(c, &net, loss, norms);
  double difference = 0;
  for (size_t i = 0; i < variables.count; i++) {
    const char *name = slim_variable_full_name(variables.item[i]);
    difference += test_fixture_compare(label, name, &norms[i], 1, GRADIENT_TOLERANCE);
  }
  ck_assert_msg(difference <= MEAN_GRADIENT_TOLERANCE * (double)variables.count, "%s: the gradients differ by %g",
                label, difference / (double)variables.count);
  test_close(&net);
}

/* --- the tests of a list ------------------------------------------------------------------------------------------ */

static const net_lists *lists;

START_TEST(logits_do_not_depend_on_the_batch)
{
  check_inference(&lists->cases.first[_i]);
}
END_TEST

START_TEST(training_reaches_every_variable)
{
  check_training(&lists->cases.first[_i]);
}
END_TEST

START_TEST(large_logits_do_not_depend_on_the_batch)
{
  check_inference(&lists->inference.first[_i]);
}
END_TEST

START_TEST(logits_are_tf_slims)
{
  check_parity(&lists->parity.first[_i]);
}
END_TEST

START_TEST(gradients_are_tf_slims)
{
  check_training_parity(&lists->training_parity.first[_i]);
}
END_TEST

static void read_fixture(void)
{
  test_fixture_read("tests/parity/nets.txt");
}

void net_add_tests(TCase *c, const net_lists *of)
{
  lists = of;
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, logits_do_not_depend_on_the_batch, 0, of->cases.count);
  tcase_add_loop_test(c, training_reaches_every_variable, 0, of->cases.count);
  tcase_add_loop_test(c, large_logits_do_not_depend_on_the_batch, 0, of->inference.count);
  tcase_add_loop_test(c, logits_are_tf_slims, 0, of->parity.count);
  tcase_add_loop_test(c, gradients_are_tf_slims, 0, of->training_parity.count);
}
