/* The first half of TF-Slim's walkthrough: a net learns sin(x) + 5 from noisy points. It shows what the net is made of,
 * trains, adds up losses, evaluates what was saved, and predicts. regression [DEVICE]; it saves in ./regression */
#include <math.h>
#include <slim/slim.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 200 };

static slim_tensor *regression_model(slim_tensor *net, bool is_training)
{
  slim_graph *g = slim_graph_of(net);
  SLIM_VARIABLE_SCOPE (g, "deep_regression", SLIM_REUSE_UNSET) {
    SLIM_ARG_SCOPE (g, SLIM_OPS(slim_fully_connected), .activation = slim_relu, .weights_regularizer = SLIM_L2(0.01f)) {
      net = slim_fully_connected(net, 32, .scope = "fc1");
      slim_add_end_point(SLIM_END_POINTS, "fc1", net);
      net = slim_dropout(net, .keep_prob = 0.8f, .is_training = SLIM_FLAG(is_training));
      net = slim_fully_connected(net, 16, .scope = "fc2");
      slim_add_end_point(SLIM_END_POINTS, "fc2", net);
      net = slim_fully_connected(net, 1, .activation = slim_identity, .scope = "prediction");
      slim_add_end_point(SLIM_END_POINTS, "out", net);
    }
  }
  return net;
}

static float uniform(void) /* from 0 to 1 */
{
  return (float)rand() / (float)RAND_MAX;
}

static void produce_batch(float *x, float *y) /* the noise is even, with a standard deviation of 0.3 */
{
  for (int i = 0; i < N; i++) {
    x[i] = 10.0f * uniform();
    y[i] = sinf(x[i]) + 5.0f + 0.3f * sqrtf(12.0f) * (uniform() - 0.5f);
  }
}

static void print_tensors(const char *title, slim_tensors list)
{
  printf("%s\n", title);
  for (size_t i = 0; i < list.count; i++) {
    char text[64];
    const slim_shape shape = slim_tensor_shape(list.item[i]);
    printf("  %s %s\n", slim_tensor_name(list.item[i]), slim_shape_format(&shape, text, sizeof text));
  }
}

static void log_line(void *user, slim_log_level level, const char *text)
{
  (void)level;
  fprintf(user, "%s\n", text);
}

static void train(slim_graph *g, const float *x, const float *y, const char *device, slim_error *error)
{
  slim_tensor *inputs = slim_constant_tensor(g, SLIM_FLOAT32, SLIM_SHAPE(N, 1), x, "x");
  slim_tensor *targets = slim_constant_tensor(g, SLIM_FLOAT32, SLIM_SHAPE(N, 1), y, "y");
  slim_tensor *predictions = regression_model(inputs, true);
  slim_mean_squared_error(predictions, targets); /* each loss is collected by itself */
  slim_absolute_difference(predictions, targets, .weight = 0.1f);
  slim_add_loss(slim_scale(slim_l2_loss(predictions), 1e-6f, 0.0f));
  slim_tensor *total = slim_get_total_loss(g, true, NULL); /* and what the regularizers ask for is added */
  slim_tensor *train_op = slim_learning_create_train_op(total, slim_adam_optimizer(slim_constant(g, 0.005f, "rate")));
  print_tensors("Layers", slim_get_collection(g, SLIM_END_POINTS, NULL));
  print_tensors("Parameters", slim_get_model_variables(g, NULL, NULL));
  print_tensors("Losses", slim_get_losses(g, NULL, NULL));
  slim_session *session = slim_session_open(g, device, error);
  slim_learning_train(session, train_op, "regression", .number_of_steps = 3000, .log_every_n_steps = 500,
                      .error = error);
  slim_session_destroy(session);
}

static void predict_and_evaluate(slim_graph *g, const float *x, const float *y, const char *device, slim_error *error)
{
  slim_tensor *inputs = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 1), "inputs");
  slim_tensor *targets = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 1), "targets");
  slim_tensor *predictions = regression_model(inputs, false);
  const slim_named_metric metrics[] = {
    { "Mean Squared Error", slim_streaming_mean_squared_error(predictions, targets) },
    { "Mean Absolute Error", slim_streaming_mean_absolute_error(predictions, targets) },
  };
  const slim_metric_map map = slim_aggregate_metric_map(metrics, sizeof metrics / sizeof *metrics);
  const slim_feed feeds[] = { { inputs, x, N }, { targets, y, N } };
  float values[2] = { 0 }, predicted[N] = { 0 };
  slim_session *session = slim_session_open(g, device, error);
  slim_evaluate_once(session, "regression", .eval_ops = map.updates, .final_ops = map.values, .names = map.name,
                     .values = values, .num_evals = 1, .feeds = feeds, .num_feeds = 2, .error = error);
  const slim_fetch fetch = { predictions, predicted, sizeof predicted };
  const slim_status status = slim_session_run(session, feeds, 1, &fetch, 1); /* with what the evaluation restored */
  if (status != SLIM_OK) {
    slim_error_set(error, status, "%s", slim_session_error(session)); /* unless it holds one */
  }
  for (int i = 0; i < 3 && !slim_error_held(error); i++) {
    printf("x %.3f: predicted %.3f, was %.3f\n", (double)x[i], (double)predicted[i], (double)y[i]);
  }
  for (size_t i = 0; i < map.count && !slim_error_held(error); i++) {
    printf("%s %.4f\n", map.name[i], (double)values[i]);
  }
  slim_session_destroy(session);
}

int main(int argc, char **argv)
{
  const char *device = argc > 1 ? argv[1] : "auto";
  float x[N], y[N];
  slim_error error = { 0 };
  slim_graph *g = slim_graph_create(1), *test = slim_graph_create(1); /* their nets have the same names */
  slim_log_set(log_line, stderr);
  produce_batch(x, y);
  train(g, x, y, device, &error);
  produce_batch(x, y);
  predict_and_evaluate(test, x, y, device, &error);
  slim_graph_destroy(g);
  slim_graph_destroy(test);
  fprintf(stderr, "%s%s", error.text, error.status == SLIM_OK ? "" : "\n");
  return error.status != SLIM_OK;
}
