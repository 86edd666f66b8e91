/* 20 steps of three small nets with each optimizer against TF-Slim: tests/parity/training.txt, written by
 * tests/parity/make_training.py. */
#include "run_net.h"
#include "test_fixture.h"

#include <stdlib.h>

#define TOLERANCE 1e-4 /* after all steps, with Winograd's convolutions or without */

enum { STEPS = 20, BATCH = 8, CLASSES = 5 };

/* --- nets --------------------------------------------------------------------------------------------------------- */

static slim_tensor *plain(slim_tensor *x)
{
  slim_graph *g = slim_graph_of(x);
  slim_tensor *net = x;
  SLIM_ARG_SCOPE (g, SLIM_OPS(slim_conv2d, slim_fully_connected), .weights_regularizer = SLIM_L2(1e-3f)) {
    net = slim_conv2d(net, 8, SLIM_HW(5, 5), .scope = "conv1");
    net = slim_max_pool2d(net, SLIM_HW(2, 2), .scope = "pool1");
    net = slim_conv2d(net, 16, SLIM_HW(3, 3), .scope = "conv2");
    net = slim_max_pool2d(net, SLIM_HW(2, 2), .scope = "pool2");
    net = slim_fully_connected(slim_flatten(net), 12, .scope = "fc3");
    net = slim_fully_connected(net, CLASSES, .activation = slim_identity, .scope = "fc4");
  }
  return net;
}

static slim_tensor *residual(slim_tensor *x)
{
  slim_graph *g = slim_graph_of(x);
  slim_tensor *net = x;
  SLIM_ARG_SCOPE (g, SLIM_OPS(slim_conv2d, slim_separable_conv2d), .activation = slim_elu,
                  .normalizer = slim_batch_norm,
                  .normalizer_args = SLIM_ARGS(.scale = SLIM_YES, .decay = 0.9f, .epsilon = 1e-3f)) {
    slim_tensor *shortcut = net = slim_conv2d(net, 16, SLIM_HW(3, 3), .scope = "conv1");
    net = slim_separable_conv2d(net, 16, SLIM_HW(3, 3), .activation = slim_identity, .scope = "conv2");
    net = slim_conv2d(slim_elu(slim_add(net, shortcut)), 16, SLIM_HW(3, 3), .scope = "conv3");
  }
  net = slim_reduce_mean(net, SLIM_AXIS(1) | SLIM_AXIS(2), false);
  return slim_fully_connected(net, CLASSES, .activation = slim_identity, .scope = "logits");
}

static slim_tensor *dense(slim_tensor *x)
{
  slim_tensor *net = slim_fully_connected(slim_flatten(x), 24, .normalizer = slim_layer_norm, .scope = "fc1");
  net = slim_maxout(net, 12, .scope = "maxout");
  net = slim_layer_norm(slim_fully_connected(net, 16, .activation = slim_tanh, .scope = "fc2"), .scope = "norm");
  return slim_fully_connected(net, CLASSES, .activation = slim_identity, .weights_regularizer = SLIM_L1(1e-3f),
                              .scope = "fc3");
}

static const struct {
  const char *name;
  slim_tensor *(*build)(slim_tensor *x);
  int in[4];
} nets[] = { { "plain", plain, { BATCH, 12, 12, 2 } },
             { "residual", residual, { BATCH, 10, 10, 3 } },
             { "dense", dense, { BATCH, 3, 2, 2 } } };

/* --- optimizers --------------------------------------------------------------------------------------------------- */

#define RULE(name_, rate_, ...)                                                                                        \
  {                                                                                                                    \
#name_, slim_##name_##_optimizer, rate_,                                                                           \
    {                                                                                                                  \
      .struct_size = sizeof(slim_optimizer_args), __VA_ARGS__                                                          \
    }                                                                                                                  \
  }
static const struct rule {
  const char *name;
  slim_optimizer *(*make)(const slim_optimizer_args *args);
  float rate;
  slim_optimizer_args args;
} rules[] = {
  RULE(gradient_descent, 0.03f, .momentum = 0.0f),
  RULE(momentum, 0.005f, .momentum = 0.9f),
  { "nesterov",
    slim_momentum_optimizer,
    0.005f,
    { .struct_size = sizeof(slim_optimizer_args), .momentum = 0.9f, .use_nesterov = SLIM_FLAG_INIT_(1) } },
  RULE(adagrad, 0.02f, .momentum = 0.0f),
  RULE(adadelta, 0.2f, .rho = 0.9f, .epsilon = 1e-4f),
  RULE(adam, 0.005f, .momentum = 0.0f),
  RULE(ftrl, 0.15f, .l1_regularization_strength = 0.0001f, .l2_regularization_strength = 0.001f),
  RULE(rms_prop, 0.002f, .momentum = 0.9f),
  { "rms_prop_centered",
    slim_rms_prop_optimizer,
    0.005f,
    { .struct_size = sizeof(slim_optimizer_args), .epsilon = 1e-3f, .centered = SLIM_FLAG_INIT_(1) } },
  RULE(proximal_gradient_descent, 0.03f, .l1_regularization_strength = 0.001f, .l2_regularization_strength = 0.001f),
  RULE(proximal_adagrad, 0.02f, .initial_accumulator_value = 0.1f, .l1_regularization_strength = 0.001f,
       .l2_regularization_strength = 0.001f),
};
enum { RULES = sizeof rules / sizeof *rules };

static slim_tensor *add_training(test_net *net, slim_tensor *logits, slim_tensor *labels, const struct rule *rule)
{
  slim_optimizer_args args = rule->args;
  (void)slim_softmax_cross_entropy(logits, slim_one_hot_encoding(labels, CLASSES), .label_smoothing = 0.1f);
  args.learning_rate = slim_constant(net->graph, rule->rate, "learning_rate");
  return slim_learning_create_train_op(slim_get_total_loss(net->graph, true, NULL), rule->make(&args));
}

/* --- the test ----------------------------------------------------------------------------------------------------- */

static float run_step(test_net *net, slim_tensor *train_op, int64_t *labels, int step)
{
  char name[32];
  (void)snprintf(name, sizeof name, "images%d", step);
  net_numbers(net->data, net->elements, name);
  for (int i = 0; i < BATCH; i++) {
    labels[i] = (i * 7 + 3 + step) % CLASSES;
  }
  float *data = test_run(net, train_op);
  const float loss = *data;
  free(data);
  return loss;
}

START_TEST(training_goes_as_tf_slims)
{
  const struct rule *rule = &rules[_i % RULES];
  char label[64];
  int64_t labels[BATCH];
  float losses[STEPS];
  test_net net = test_open(nets[_i / RULES].in, 1);
  slim_tensor *logits = NULL, *label_of = slim_placeholder(net.graph, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  test_feed(&net, label_of, labels);
  SLIM_VARIABLE_SCOPE (net.graph, "net", SLIM_REUSE_UNSET) {
    logits = nets[_i / RULES].build(net.input);
  }
  slim_tensor *train_op = add_training(&net, logits, label_of, rule);
  (void)snprintf(label, sizeof label, "%s@%s", nets[_i / RULES].name, rule->name);
  net_set_variables(&net);
  for (int step = 0; step < STEPS; step++) {
    losses[step] = run_step(&net, train_op, labels, step);
  }
  (void)test_fixture_compare(label, "loss", losses, STEPS, TOLERANCE);
  const slim_tensors variables = slim_get_model_variables(net.graph, NULL, NULL);
  for (size_t i = 0; i < variables.count; i++) {
    float *value = test_get_variable(&net, variables.item[i]);
    (void)test_fixture_compare(label, slim_variable_full_name(variables.item[i]), value,
                               test_net_elements(&net, variables.item[i]), TOLERANCE);
    free(value);
  }
  test_close(&net);
}
END_TEST

static void read_fixture(void)
{
  test_fixture_read("tests/parity/training.txt");
}

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, training_goes_as_tf_slims, 0, RULES * (int)(sizeof nets / sizeof *nets));
}
TEST_MAIN("training", build, test_net_available)
