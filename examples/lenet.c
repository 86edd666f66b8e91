#include <slim/slim.h>
#include <stdio.h>
#include <stdlib.h>

static slim_tensor *lenet(slim_graph *g, slim_tensor *net, bool training)
{
  SLIM_VARIABLE_SCOPE(g, "LeNet", SLIM_AUTO_REUSE) { /* the test uses what training makes */
    net = slim_conv2d(net, 32, SLIM_HW(5, 5), .scope = "conv1");
    net = slim_max_pool2d(net, SLIM_HW(2, 2), .stride = { 2 }, .scope = "pool1");
    net = slim_conv2d(net, 64, SLIM_HW(5, 5), .scope = "conv2");
    net = slim_max_pool2d(net, SLIM_HW(2, 2), .stride = { 2 }, .scope = "pool2");
    net = slim_fully_connected(slim_flatten(net), 1024, .scope = "fc3");
    net = slim_dropout(net, .keep_prob = 0.5f, .is_training = SLIM_FLAG(training), .scope = "dropout3");
    net = slim_fully_connected(net, 10, .activation = slim_identity, .scope = "fc4");
  }
  return net;
}

int main(int argc, char **argv) /* lenet DATASET_DIR TRAIN_DIR STEPS DEVICE */
{
  slim_error error = { 0 };
  slim_dataset *data[2] = { NULL };
  slim_queue *queue[2] = { NULL };
  slim_tensor *images[2], *labels[2], *logits[2];
  slim_device *device = NULL;
  slim_session *session = NULL;
  slim_graph *g = slim_graph_create(1);
  float accuracy = 0;
  bool ok = argc == 5 && slim_device_open(argv[4], &device, &error) == SLIM_OK;
  for (int test = 0; test < 2; test++) {
    const slim_image_options batches = { .batch_size = 64, .height = 28, .width = 28, .is_training = !test,
                                         .preprocessing = slim_get_preprocessing("lenet", NULL),
                                         .stream = { .shuffle = !test, .num_epochs = test } };
    ok = ok && slim_dataset_open("fashion_mnist", test ? "test" : "train", argv[1], &data[test], &error) == SLIM_OK &&
         slim_image_queue(data[test], &batches, &queue[test], &error) == SLIM_OK;
    images[test] = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 28, 28, 1), "images");
    labels[test] = slim_placeholder(g, SLIM_INT64, SLIM_SHAPE(-1), "labels");
    logits[test] = lenet(g, images[test], !test);
  }
  slim_sparse_softmax_cross_entropy(logits[0], labels[0]);
  slim_optimizer *adam = slim_adam_optimizer(slim_constant(g, 0.001f, "learning_rate"));
  slim_tensor *train_op = slim_learning_create_train_op(slim_get_total_loss(g, true, NULL), adam);
  slim_metric metric = slim_streaming_accuracy(slim_argmax(logits[1], 1), labels[1], NULL, NULL);

  ok = ok && slim_session_create(g, device, NULL, &session, &error) == SLIM_OK;
  for (int test = 0; test < 2 && ok; test++) {
    ok = slim_session_attach(session, images[test], queue[test], 0) == SLIM_OK &&
         slim_session_attach(session, labels[test], queue[test], 1) == SLIM_OK;
  }
  ok = ok && slim_learning_train(session, train_op, argv[2], .number_of_steps = atoll(argv[3]), .error = &error) == SLIM_OK &&
       slim_evaluate_once(session, NULL, .eval_ops = { 1, &metric.update }, .final_ops = { 1, &metric.value },
                          .values = &accuracy, .error = &error) == SLIM_OK;
  if (ok) {
    printf("accuracy %.4f\n", accuracy);
  } else {
    fprintf(stderr, "%s\n", argc == 5 ? error.text : "usage: lenet DATASET_DIR TRAIN_DIR STEPS DEVICE");
  }

  slim_session_destroy(session);
  for (int test = 0; test < 2; test++) {
    slim_queue_destroy(queue[test]);
    slim_dataset_destroy(data[test]);
  }
  slim_device_close(device);
  slim_graph_destroy(g);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
