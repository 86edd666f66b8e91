#include <slim/slim.h>
#include <stdio.h>

static slim_tensor *lenet(slim_tensor *net, bool is_training)
{
  net = slim_conv2d(net, 32, SLIM_HW(5, 5), .scope = "conv1");
  net = slim_max_pool2d(net, SLIM_HW(2, 2), .stride = SLIM_HW(2, 2), .scope = "pool1");
  net = slim_conv2d(net, 64, SLIM_HW(5, 5), .scope = "conv2");
  net = slim_max_pool2d(net, SLIM_HW(2, 2), .stride = SLIM_HW(2, 2), .scope = "pool2");
  net = slim_fully_connected(slim_flatten(net), 1024, .scope = "fc3");
  net = slim_dropout(net, .keep_prob = 0.5f, .is_training = SLIM_FLAG(is_training), .scope = "dropout3");
  return slim_fully_connected(net, 10, .activation = slim_identity, .scope = "fc4");
}

int main(int argc, char **argv) /* lenet DATASET_DIR [DEVICE]: five epochs, with checkpoints in ./run */
{
  slim_error error = { 0 }; /* the first error sticks: what comes after it does nothing */
  slim_graph *g = slim_graph_create(1);
  SLIM_ARG_SCOPE(g, SLIM_OPS(slim_conv2d, slim_fully_connected), .weights_initializer = SLIM_TRUNCATED_NORMAL(0.1f),
                 .weights_regularizer = SLIM_L2(4e-5f), .reuse = SLIM_AUTO_REUSE) {
    slim_inputs train = slim_image_inputs(g, "fashion_mnist", "train", argv[1], .batch_size = 64, .is_training = true);
    slim_inputs test = slim_image_inputs(g, "fashion_mnist", "test", argv[1], .batch_size = 64);
    slim_sparse_softmax_cross_entropy(lenet(train.images, true), train.labels);
    slim_optimizer *adam = slim_adam_optimizer(slim_constant(g, 0.001f, "learning_rate"));
    slim_tensor *train_op = slim_learning_create_train_op(slim_get_total_loss(g, true, NULL), adam);
    slim_metric metric = slim_streaming_accuracy(slim_argmax(lenet(test.images, false), 1), test.labels);

    slim_session *session = slim_session_open(g, argc > 2 ? argv[2] : "auto", &error);
    slim_learning_train(session, train_op, "run", .number_of_steps = train.num_samples * 5 / 64, .error = &error);
    const float accuracy = slim_evaluate_metric(session, NULL, metric, &error);
    (void)(error.status ? fprintf(stderr, "%s\n", error.text) : printf("accuracy %.4f\n", (double)accuracy));
    slim_session_destroy(session);
  }
  slim_graph_destroy(g);
  return error.status != SLIM_OK;
}
