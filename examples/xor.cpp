// A net that learns XOR, from C++17, which has no compound literals: fill a slim_args and call the function. xor [DEVICE]
#include <slim/slim.h>

#include <cstdio>

static slim_args args_of(slim_tensor *input)
{
  slim_args args{};
  args.struct_size = sizeof args;
  args.input = input;
  return args;
}

static slim_tensor *fully_connected(slim_tensor *input, int num_outputs, slim_layer_fn activation, const char *scope)
{
  slim_args args = args_of(input);
  args.num_outputs = num_outputs;
  args.activation = activation;
  args.scope = scope;
  return slim_fully_connected(&args);
}

int main(int argc, char **argv)
{
  slim_graph *g = slim_graph_create(3);
  slim_tensor *x = slim_placeholder(g, SLIM_FLOAT32, slim_shape{ 2, { -1, 2 } }, "x");
  slim_tensor *labels = slim_placeholder(g, SLIM_FLOAT32, slim_shape{ 2, { -1, 1 } }, "labels");

  slim_args defaults{};
  defaults.struct_size = sizeof defaults;
  defaults.weights_initializer.kind = SLIM_INIT_RANDOM_NORMAL;
  defaults.weights_initializer.b = 1.0f;
  const slim_layer_fn layers[] = { slim_fully_connected };
  slim_scope scope = slim_arg_scope_begin(g, slim_ops{ layers, 1 }, &defaults);
  slim_tensor *net = fully_connected(x, 8, slim_tanh, "hidden");
  slim_tensor *logits = fully_connected(net, 1, slim_identity, "logits");
  slim_scope_end(&scope);

  slim_args loss = args_of(logits);
  loss.labels = labels;
  slim_sigmoid_cross_entropy(&loss);
  slim_optimizer_args adam{};
  adam.struct_size = sizeof adam;
  adam.learning_rate = slim_constant(g, 0.05f, "learning_rate");
  slim_train_op_args train{};
  train.struct_size = sizeof train;
  train.total_loss = slim_get_total_loss(g, true, nullptr);
  train.optimizer = slim_adam_optimizer(&adam);
  slim_tensor *train_op = slim_learning_create_train_op(&train);

  slim_error error{};
  slim_session *session = slim_session_open(g, argc > 1 ? argv[1] : "auto", &error);
  const float in[] = { 0, 0, 0, 1, 1, 0, 1, 1 }, out[] = { 0, 1, 1, 0 };
  const slim_feed feeds[] = { { x, in, 4 }, { labels, out, 4 } };
  float last = 0;
  const slim_fetch fetch{ train_op, &last, sizeof last };
  slim_status status = session ? slim_session_initialize(session) : error.status;
  for (int i = 0; i < 300 && status == SLIM_OK; i++) {
    status = slim_session_run(session, feeds, 2, &fetch, 1);
  }
  if (status == SLIM_OK) {
    std::printf("loss %.4f\n", static_cast<double>(last));
  } else {
    std::fprintf(stderr, "%s\n", session ? slim_session_error(session) : error.text);
  }
  slim_session_destroy(session);
  slim_graph_destroy(g);
  return status != SLIM_OK;
}
