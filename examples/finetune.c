/* The second half of TF-Slim's walkthrough: reads what `slimcl convert --dataset_name=flowers` made of a folder of
 * images for each class, trains a small net, then, as one would with a released net, takes all of it but the last
 * layer, trains a new last layer, and names what an image shows. finetune DATASET_DIR IMAGE [DEVICE]; it saves in
 * ./scratch and ./tuned
 */
#include <slim/slim.h>
#include <stdio.h>

enum { SIDE = 48, MOST = 3 };

static slim_tensor *my_cnn(slim_tensor *net, int num_classes, bool is_training)
{
  slim_graph *g = slim_graph_of(net);
  SLIM_VARIABLE_SCOPE (g, "my_cnn", SLIM_AUTO_REUSE) {
    SLIM_ARG_SCOPE (g, SLIM_OPS(slim_max_pool2d), .kernel = SLIM_HW(3, 3), .stride = SLIM_HW(2, 2)) {
      net = slim_conv2d(net, 16, SLIM_HW(5, 5), .stride = SLIM_HW(2, 2), .scope = "conv1");
      net = slim_max_pool2d(net, { 0 }, .scope = "pool1"); /* with the kernel of the scope */
      net = slim_conv2d(net, 32, SLIM_HW(5, 5), .scope = "conv2");
      net = slim_max_pool2d(net, { 0 }, .scope = "pool2");
      net = slim_fully_connected(slim_flatten(net), 64, .scope = "fc3");
      net = slim_dropout(net, .is_training = SLIM_FLAG(is_training), .scope = "dropout3");
      net = slim_fully_connected(net, num_classes, .activation = slim_identity, .scope = "logits");
    }
  }
  return net;
}

static slim_inputs load_batch(slim_graph *g, const char *split, const char *dataset_dir, bool is_training)
{
  return slim_image_inputs(g, "flowers", split, dataset_dir, .batch_size = 16, .height = SIDE, .width = SIDE,
                           .preprocessing = "inception", .is_training = is_training);
}

/* Some samples as they are in the files, before preprocessing and batches. */
static void show(slim_dataset *dataset, slim_error *error)
{
  slim_provider *provider = NULL;
  const slim_sample *sample = NULL;
  slim_provider_create(dataset, &(slim_stream_options){ .shuffle = true, .num_epochs = 1 }, &provider, error);
  for (int i = 0; i < 4 && slim_provider_next(provider, &sample, error) == SLIM_OK; i++) {
    const slim_item *image = slim_sample_item(sample, "image"), *label = slim_sample_item(sample, "label");
    printf("%s, %d x %d\n", slim_dataset_class_name(dataset, *(const int64_t *)label->data), image->shape.dim[0],
           image->shape.dim[1]);
  }
  slim_provider_destroy(provider);
}

/* Trains into logdir. start NULL: from nothing; else all but the logits comes from there, and only they are trained. */
static void train(const char *dataset_dir, const char *device, const char *start, const char *logdir, slim_error *error)
{
  const char *exclude[] = { "my_cnn/logits", NULL };
  slim_graph *g = slim_graph_create(1);
  slim_inputs in = load_batch(g, "train", dataset_dir, true), test = load_batch(g, "validation", dataset_dir, false);
  slim_tensor *logits = my_cnn(in.images, in.num_classes, true);
  slim_softmax_cross_entropy(logits, slim_one_hot_encoding(in.labels, in.num_classes));
  slim_metric accuracy =
      slim_streaming_accuracy(slim_argmax(my_cnn(test.images, test.num_classes, false), 1), test.labels);
  slim_tensors to_restore = slim_get_variables_to_restore(g, NULL, exclude); /* before the optimizer makes more */
  slim_assignment *init = NULL;
  if (start) {
    slim_assign_from_checkpoint_fn(start, slim_restore_list(to_restore), to_restore.count, 0, &init, error);
  }
  slim_tensor *train_op = slim_learning_create_train_op(
      slim_get_total_loss(g, true, NULL), slim_adam_optimizer(slim_constant(g, 0.002f, "learning_rate")),
      .variables_to_train = slim_get_trainable_variables(g, start ? exclude[0] : NULL, NULL));
  slim_session *session = slim_session_open(g, device, error);
  slim_learning_train(session, train_op, logdir, .number_of_steps = 60, .init_fn = slim_assignment_run,
                      .init_user = init, .error = error);
  printf("%s: accuracy %.4f\n", logdir, (double)slim_evaluate_metric(session, logdir, accuracy, error));
  slim_session_destroy(session);
  slim_assignment_destroy(init);
  slim_graph_destroy(g);
}

static void classify(slim_dataset *dataset, const char *file, const char *device, const char *checkpoint,
                     slim_error *error)
{
  static float pixels[SIDE * SIDE * 3], probabilities[MOST];
  int classes[MOST] = { 0 };
  slim_graph *g = slim_graph_create(1);
  slim_tensor *images = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(1, SIDE, SIDE, 3), "images");
  slim_tensor *best = slim_top_k(slim_softmax(my_cnn(images, slim_dataset_num_classes(dataset), false)), MOST);
  slim_tensors variables = slim_get_model_variables(g, NULL, NULL);
  const slim_feed feed = { images, pixels, 1 };
  const slim_fetch fetches[] = { { best, probabilities, sizeof probabilities },
                                 { slim_tensor_output(best, 1), classes, sizeof classes } };
  slim_session *session = slim_session_open(g, device, error);
  slim_assign_from_checkpoint(session, checkpoint, slim_restore_list(variables), variables.count, 0, error);
  slim_preprocess_file(slim_get_preprocessing("inception", error), file, 3,
                       &(slim_preprocess_call){ .out_h = SIDE, .out_w = SIDE }, pixels, error);
  const slim_status status = slim_session_run(session, &feed, 1, fetches, 2);
  if (status != SLIM_OK) {
    slim_error_set(error, status, "%s", slim_session_error(session)); /* unless it holds one */
  }
  for (int i = 0; i < MOST && !slim_error_held(error); i++) {
    printf("%6.2f%% %s\n", 100 * (double)probabilities[i], slim_dataset_class_name(dataset, classes[i]));
  }
  slim_session_destroy(session);
  slim_graph_destroy(g);
}

int main(int argc, char **argv)
{
  slim_error error = { 0 };
  slim_dataset *dataset = NULL;
  if (argc < 3) {
    fprintf(stderr, "usage: %s DATASET_DIR IMAGE [DEVICE]\n", argv[0]);
    return 2;
  }
  const char *device = argc > 3 ? argv[3] : "auto";
  slim_dataset_open("flowers", "train", argv[1], &dataset, &error);
  show(dataset, &error);
  train(argv[1], device, NULL, "scratch", &error);
  train(argv[1], device, "scratch", "tuned", &error);
  classify(dataset, argv[2], device, "tuned", &error);
  slim_dataset_destroy(dataset);
  fprintf(stderr, "%s%s", error.text, error.status == SLIM_OK ? "" : "\n");
  return error.status != SLIM_OK;
}
