/* Splits of datasets as tensors of a graph. */
#include "data_support.h"
#include "session_support.h"
#include "slim/layers.h"
#include "slim/learning.h"
#include "slim/ops.h"

#define SAMPLES 10

static const data_records records = { .count = SAMPLES, .first_label = 0, .label_step = 1, .side = 28, .channels = 1 };

static void open_folder(void)
{
  data_open_folder();
  data_write_records("mnist_train.tfrecord", &records, 0);
  data_write_records("mnist_test.tfrecord", &records, 0);
}

static slim_session *open_session(slim_graph *graph)
{
  slim_error error = { 0 };
  const char *device = getenv("SLIM_TEST_DEVICE");
  slim_session *session = slim_session_open(graph, device ? device : "cpu", &error);
  ck_assert_msg(session != NULL, "%s", error.text);
  return session;
}

/* The labels of the next batch. */
static slim_status next_labels(slim_session *session, const slim_inputs *inputs, int64_t *labels, int count)
{
  const slim_fetch fetch = { inputs->labels, labels, (size_t)count * sizeof *labels };
  return slim_session_run(session, NULL, 0, &fetch, 1);
}

START_TEST(a_split_is_described)
{
  open_folder();
  slim_graph *g = slim_graph_create(1);
  const slim_inputs inputs = slim_image_inputs(g, "mnist", "test", data_folder, .batch_size = 4, .labels_offset = 0);
  ck_assert_msg(slim_graph_status(g) == SLIM_OK, "%s", slim_graph_error(g));
  const slim_shape images = slim_tensor_shape(inputs.images), labels = slim_tensor_shape(inputs.labels);
  ck_assert(slim_shape_equal(&images, &SLIM_SHAPE(-1, 28, 28, 1)));
  ck_assert(slim_shape_equal(&labels, &SLIM_SHAPE(-1)));
  ck_assert_int_eq(slim_tensor_dtype(inputs.images), SLIM_FLOAT32);
  ck_assert_int_eq(slim_tensor_dtype(inputs.labels), SLIM_INT64);
  ck_assert_int_eq(inputs.num_classes, 10);
  ck_assert_int_eq(inputs.num_samples, SAMPLES);
  ck_assert_int_eq(slim_dataset_channels(inputs.dataset), 1);
  slim_graph_destroy(g);
  data_close_folder();
}
END_TEST

START_TEST(size_and_preprocessing_may_be_given)
{
  open_folder();
  slim_graph *g = slim_graph_create(1);
  const slim_inputs inputs = slim_image_inputs(g, "mnist", "test", data_folder, .height = 40, .width = 32,
                                               .preprocessing = "vgg_16", .batch_size = SAMPLES);
  const slim_shape images = slim_tensor_shape(inputs.images);
  ck_assert_msg(slim_graph_status(g) == SLIM_OK, "%s", slim_graph_error(g));
  ck_assert(slim_shape_equal(&images, &SLIM_SHAPE(-1, 40, 32, 1)));
  slim_graph_destroy(g);
  data_close_folder();
}
END_TEST

START_TEST(a_test_split_comes_in_order_once_with_a_partial_batch)
{
  open_folder();
  slim_graph *g = slim_graph_create(1);
  const slim_inputs inputs = slim_image_inputs(g, "mnist", "test", data_folder, .batch_size = 4);
  slim_session *session = open_session(g);
  int64_t seen = 0;
  for (int batch = 0; batch < 3; batch++) {
    int64_t labels[4] = { 0 };
    const int count = batch < 2 ? 4 : 2;
    test_ok(session, next_labels(session, &inputs, labels, count));
    for (int i = 0; i < count; i++) {
      ck_assert_int_eq(labels[i], seen++);
    }
  }
  int64_t none[4];
  ck_assert_int_eq(next_labels(session, &inputs, none, 4), SLIM_ERR_END);
  slim_session_destroy(session);
  slim_graph_destroy(g);
  data_close_folder();
}
END_TEST

START_TEST(a_training_split_is_shuffled_and_endless)
{
  open_folder();
  slim_graph *g = slim_graph_create(7);
  const slim_inputs inputs =
      slim_image_inputs(g, "mnist", "train", data_folder, .batch_size = SAMPLES, .is_training = true);
  slim_session *session = open_session(g);
  bool moved = false;
  for (int epoch = 0; epoch < 3; epoch++) {
    int64_t labels[SAMPLES];
    unsigned all = 0;
    test_ok(session, next_labels(session, &inputs, labels, SAMPLES));
    for (int i = 0; i < SAMPLES; i++) {
      all |= 1U << labels[i];
      moved = moved || labels[i] != i;
    }
    ck_assert_uint_eq(all, (1U << SAMPLES) - 1);
  }
  ck_assert(moved);
  slim_session_destroy(session);
  slim_graph_destroy(g);
  data_close_folder();
}
END_TEST

START_TEST(images_and_labels_belong_together)
{
  open_folder();
  slim_graph *g = slim_graph_create(1);
  const slim_inputs inputs = slim_image_inputs(g, "mnist", "train", data_folder, .batch_size = 4, .is_training = true);
  slim_session *session = open_session(g);
  float images[4][28][28];
  int64_t labels[4];
  const slim_fetch fetches[] = { { inputs.images, images, sizeof images }, { inputs.labels, labels, sizeof labels } };
  test_ok(session, slim_session_run(session, NULL, 0, fetches, 2));
  for (int i = 0; i < 4; i++) { /* image i has the colour i; its label is i too */
    ck_assert_float_eq_tol(images[i][14][14], ((float)labels[i] - 128.0f) / 128.0f, 1e-6f);
  }
  slim_session_destroy(session);
  slim_graph_destroy(g);
  data_close_folder();
}
END_TEST

START_TEST(a_feed_and_another_queue_come_first)
{
  static const int64_t fed[2] = { 70, 71 }, queued[2] = { 80, 81 };
  const slim_array array = { "labels", SLIM_INT64, { 0, { 0 } }, queued };
  slim_error error = { 0 };
  slim_queue *queue = NULL;
  int64_t labels[2] = { 0 };
  open_folder();
  slim_graph *g = slim_graph_create(1);
  const slim_inputs inputs = slim_image_inputs(g, "mnist", "test", data_folder, .batch_size = 2);
  slim_session *session = open_session(g);
  const slim_feed feed = { inputs.labels, fed, 2 };
  const slim_fetch fetch = { inputs.labels, labels, sizeof labels };
  test_ok(session, slim_session_run(session, &feed, 1, &fetch, 1));
  ck_assert_int_eq(labels[1], 71);
  ck_assert_int_eq(slim_queue_of_arrays(&array, 1, 2, 2, NULL, &queue, &error), SLIM_OK);
  test_ok(session, slim_session_attach(session, inputs.labels, queue, 0));
  test_ok(session, next_labels(session, &inputs, labels, 2));
  ck_assert_int_eq(labels[1], 81);
  test_ok(session, slim_session_attach(session, inputs.labels, NULL, 0));
  test_ok(session, next_labels(session, &inputs, labels, 2));
  ck_assert_int_eq(labels[0], 0);
  slim_session_destroy(session);
  slim_queue_destroy(queue);
  slim_graph_destroy(g);
  data_close_folder();
}
END_TEST

START_TEST(a_metric_counts_each_sample_once)
{
  open_folder();
  slim_error error = { 0 };
  slim_graph *g = slim_graph_create(1);
  const slim_inputs inputs = slim_image_inputs(g, "mnist", "test", data_folder, .batch_size = 4);
  const slim_metric mean = slim_streaming_mean(slim_cast(inputs.labels, SLIM_FLOAT32));
  slim_session *session = open_session(g);
  test_ok(session, slim_session_initialize(session));
  for (int round = 0; round < 3; round++) { /* the input begins again each time */
    ck_assert_float_eq_tol(slim_evaluate_metric(session, NULL, mean, &error), 4.5f, 1e-6f);
    ck_assert_int_eq(error.status, SLIM_OK);
  }
  slim_session_destroy(session);
  slim_graph_destroy(g);
  data_close_folder();
}
END_TEST

static const struct wrong_case {
  const char *dataset, *split, *text;
  slim_inputs_args args;
} wrong[] = {
  { "mnist", "valid", "dataset 'mnist' has no split 'valid'; its splits are: train, test", { .batch_size = 1 } },
  { "mnist", "test", "no preprocessing of the name 'none'", { .preprocessing = "none" } },
  { "mnist", "test", "image queue: batch_size -1", { .batch_size = -1 } },
  { "mnist", "test", "image queue: labels_offset is 10", { .labels_offset = 10 } },
  { "pets", "test", "dataset 'pets' has no preprocessing of its own; give .preprocessing", { .batch_size = 1 } },
  { "pets", "test", "images of dataset 'pets' differ in size; give .height and .width", { .preprocessing = "vgg" } },
};

START_TEST(errors_are_the_graphs)
{
  slim_error error = { 0 };
  open_folder();
  data_write_records("pets_test_00000-of-00001.tfrecord", &records, 0);
  slim_graph *g = slim_graph_create(1);
  slim_inputs_args args = wrong[_i].args;
  args.struct_size = sizeof args;
  args.graph = g;
  args.dataset = wrong[_i].dataset;
  args.split = wrong[_i].split;
  args.dataset_dir = data_folder;
  const slim_inputs inputs = (slim_image_inputs)(&args);
  ck_assert_int_ne(slim_graph_status(g), SLIM_OK);
  ck_assert_msg(strstr(slim_graph_error(g), wrong[_i].text) != NULL, "%s", slim_graph_error(g));
  ck_assert_int_eq(inputs.num_samples, 0);
  ck_assert_ptr_eq(inputs.images, slim_softmax(inputs.images));
  ck_assert_ptr_null(slim_session_open(g, "cpu", &error));
  ck_assert_str_eq(error.text, slim_graph_error(g));
  slim_graph_destroy(g);
  data_close_folder();
}
END_TEST

START_TEST(a_null_graph_is_passed_on)
{
  const slim_inputs inputs = slim_image_inputs(NULL, "mnist", "test", "/nowhere", .batch_size = 4);
  ck_assert_ptr_null(inputs.images);
  ck_assert_ptr_null(inputs.labels);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, a_split_is_described);
  tcase_add_test(c, size_and_preprocessing_may_be_given);
  tcase_add_test(c, a_test_split_comes_in_order_once_with_a_partial_batch);
  tcase_add_test(c, a_training_split_is_shuffled_and_endless);
  tcase_add_test(c, images_and_labels_belong_together);
  tcase_add_test(c, a_feed_and_another_queue_come_first);
  tcase_add_test(c, a_metric_counts_each_sample_once);
  tcase_add_loop_test(c, errors_are_the_graphs, 0, DATA_COUNT(wrong));
  tcase_add_test(c, a_null_graph_is_passed_on);
}

TEST_MAIN("inputs", build, test_device_available)
