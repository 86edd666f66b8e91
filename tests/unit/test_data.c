/* Datasets by name, samples one by one, batches of images. */
#include "data_support.h"

static const data_records mnist_records = {
  .count = 100, .first_label = 0, .label_step = 0, .side = 28, .channels = 1
};

static slim_dataset *open_mnist(const char *split)
{
  slim_dataset *dataset = NULL;
  slim_error error = { 0 };
  ck_assert_msg(slim_dataset_open("mnist", split, data_folder, &dataset, &error) == SLIM_OK, "%s", error.text);
  return dataset;
}

/* 100 images with label i / 10. */
static uint64_t write_mnist(int index)
{
  slim_bytes all = { 0 }, one = { 0 };
  uint64_t offset = 0;
  for (int i = 0; i < 100; i++) {
    const data_records r = { .count = 1, .first_label = i / 10, .label_step = 0, .side = 28, .channels = 1 };
    one.size = 0;
    data_append_example(&one, &r, i);
    offset = i == index ? all.size : offset;
    slim_tfrecord_append(&all, one.data, one.size);
  }
  data_write_file("mnist_train.tfrecord", all.data, all.size);
  slim_bytes_free(&all);
  slim_bytes_free(&one);
  return offset;
}

static slim_image_options lenet_options(int batch)
{
  return (slim_image_options){ .batch_size = batch,
                               .height = 28,
                               .width = 28,
                               .preprocessing = slim_get_preprocessing("lenet", NULL),
                               .stream = { .num_epochs = 1 } };
}

static slim_queue *open_images(slim_dataset *dataset, const slim_image_options *options)
{
  slim_queue *queue = NULL;
  slim_error error = { 0 };
  ck_assert_msg(slim_image_queue(dataset, options, &queue, &error) == SLIM_OK, "%s", error.text);
  return queue;
}

START_TEST(a_known_dataset_is_described)
{
  static const char labels[] = "0:zero\n1:one:two\r\n\n7:seven";
  int count = 0;
  data_open_folder();
  data_write_records("mnist_test.tfrecord", &mnist_records, 0);
  data_write_file("labels.txt", labels, sizeof labels - 1);
  slim_dataset *dataset = open_mnist("test");
  ck_assert_int_eq(slim_dataset_num_samples(dataset, NULL), 100);
  ck_assert_int_eq(slim_dataset_num_samples(dataset, NULL), 100);
  ck_assert_int_eq(slim_dataset_num_classes(dataset), 10);
  ck_assert_int_eq(slim_dataset_channels(dataset), 1);
  ck_assert_str_eq(slim_dataset_class_name(dataset, 0), "zero");
  ck_assert_str_eq(slim_dataset_class_name(dataset, 1), "one:two");
  ck_assert_str_eq(slim_dataset_class_name(dataset, 7), "seven");
  ck_assert_ptr_null(slim_dataset_class_name(dataset, 2));
  ck_assert_ptr_null(slim_dataset_class_name(dataset, -1));
  ck_assert_str_eq(slim_dataset_files(dataset, &count)[0], data_path("mnist_test.tfrecord"));
  ck_assert_int_eq(count, 1);
  ck_assert_int_eq(slim_decoder_num_items(slim_dataset_decoder(dataset)), 2);
  ck_assert_ptr_nonnull(strstr(slim_dataset_item_description(dataset, "label"), "class"));
  ck_assert_ptr_null(slim_dataset_item_description(dataset, "nothing"));
  slim_dataset_destroy(dataset);
  slim_dataset_destroy(NULL);
  data_close_folder();
}
END_TEST

START_TEST(a_folder_dataset_has_the_splits_of_its_files)
{
  slim_dataset *dataset = NULL;
  slim_error error = { 0 };
  const data_records r = { .count = 7, .first_label = 0, .label_step = 1, .side = 9, .channels = 3 };
  data_open_folder();
  data_write_records("flowers_train_00000-of-00002.tfrecord", &r, 0);
  data_write_records("flowers_train_00001-of-00002.tfrecord", &r, 0);
  data_write_records("flowers_validation_00000-of-00001.tfrecord", &r, 0);
  data_write_file("labels.txt", "0:daisy\n1:rose\n", 15);
  ck_assert_int_eq(slim_dataset_open("flowers", "train", data_folder, &dataset, &error), SLIM_OK);
  ck_assert_int_eq(slim_dataset_num_samples(dataset, NULL), 14);
  ck_assert_int_eq(slim_dataset_num_classes(dataset), 2);
  ck_assert_int_eq(slim_dataset_channels(dataset), 3);
  slim_dataset_destroy(dataset);
  ck_assert_int_eq(slim_dataset_open("flowers", "test", data_folder, &dataset, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "dataset 'flowers' has no split 'test'; its splits are: train, validation");
  data_close_folder();
}
END_TEST

START_TEST(wrong_names_are_answered)
{
  char expected[512];
  slim_dataset *dataset = NULL;
  slim_error error = { 0 };
  data_open_folder();
  ck_assert_int_eq(slim_dataset_open("cifar10", "trian", data_folder, &dataset, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "dataset 'cifar10' has no split 'trian'; its splits are: train, test");
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_dataset_open("mnist", "train", data_folder, &dataset, &error), SLIM_ERR_NOT_FOUND);
  (void)snprintf(expected, sizeof expected,
                 "no file matches '%s/mnist_train.tfrecord'; make it with: slimcl convert --dataset_name=mnist "
                 "--source_dir=SOURCE --dataset_dir=%s",
                 data_folder, data_folder);
  ck_assert_str_eq(error.text, expected);
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_dataset_open("pets", "train", data_folder, &dataset, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_ptr_nonnull(strstr(error.text, "/pets_train_*.tfrecord'; make it with: slimcl convert"));
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_dataset_open("mnist", NULL, data_folder, &dataset, &error), SLIM_ERR_ARG);
  data_close_folder();
}
END_TEST

START_TEST(wildcards_in_the_folder_are_plain_letters)
{
  char folder[128];
  slim_dataset *dataset = NULL;
  slim_error error = { 0 };
  data_open_folder();
  (void)snprintf(folder, sizeof folder, "%s/a[b]*c", data_folder);
  ck_assert_int_eq(slim_file_make_folders(folder, NULL), SLIM_OK);
  data_write_records("a[b]*c/mnist_train.tfrecord", &mnist_records, 0);
  ck_assert_msg(slim_dataset_open("mnist", "train", folder, &dataset, &error) == SLIM_OK, "%s", error.text);
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

static const struct label_case {
  const char *text, *error;
} label_cases[] = {
  { "0:a\nnothing\n", "line 2: 'nothing' is not '<id>:<name>'" },
  { "0:a\n1\n", "line 2: '1' is not '<id>:<name>'" },
  { "-1:a\n", "line 1: '-1:a' is not '<id>:<name>'" },
  { "99999999999999999999:a\n", "line 1: '99999999999999999999:a' is not '<id>:<name>'" },
  { "0:a\n0:b\n", "line 2: class 0 has a name already" },
};

START_TEST(wrong_labels_are_named)
{
  slim_dataset *dataset = NULL;
  slim_error error = { 0 };
  data_open_folder();
  data_write_records("mnist_train.tfrecord", &mnist_records, 0);
  data_write_file("labels.txt", label_cases[_i].text, strlen(label_cases[_i].text));
  ck_assert_int_eq(slim_dataset_open("mnist", "train", data_folder, &dataset, &error), SLIM_ERR_DATA);
  ck_assert_msg(strstr(error.text, label_cases[_i].error) && strstr(error.text, data_path("labels.txt")), "%s",
                error.text);
  data_close_folder();
}
END_TEST

START_TEST(a_provider_names_its_items)
{
  slim_provider *provider = NULL;
  const slim_sample *sample = NULL;
  slim_error error = { 0 };
  data_open_folder();
  (void)write_mnist(57);
  slim_dataset *dataset = open_mnist("train");
  ck_assert_int_eq(slim_provider_create(dataset, NULL, &provider, NULL), SLIM_OK);
  ck_assert_int_eq(slim_provider_num_samples(provider, &error), 100);
  ck_assert_str_eq(slim_provider_list_items(provider, 0), "image");
  ck_assert_str_eq(slim_provider_list_items(provider, 1), "label");
  ck_assert_str_eq(slim_provider_list_items(provider, 2), "record_key");
  ck_assert_ptr_null(slim_provider_list_items(provider, 3));
  ck_assert_ptr_null(slim_provider_list_items(provider, -1));
  ck_assert_ptr_null(slim_provider_get(provider, "label", &error));
  ck_assert_int_eq(slim_provider_next(provider, &sample, &error), SLIM_OK);
  ck_assert_ptr_null(slim_provider_get(provider, "bbox", &error));
  ck_assert_int_eq(error.status, SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(error.text, "provider: there is no item 'bbox'; there are: image, label, record_key");
  slim_provider_destroy(provider);
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

START_TEST(the_key_is_no_item_of_a_dataset)
{
  const slim_feature_spec feature = { .key = "image/class/label", .dtype = SLIM_INT64 };
  const slim_item_handler handler = { .item = "record_key",
                                      .kind = SLIM_HANDLE_TENSOR,
                                      .keys = { "image/class/label" } };
  slim_dataset *dataset = NULL;
  slim_provider *provider = NULL;
  slim_error error = { 0 };
  data_open_folder();
  (void)write_mnist(57);
  const slim_dataset_options options = {
    .data_sources = (const char *const[]){ data_path("mnist_train.tfrecord"), NULL },
    .features = &feature,
    .num_features = 1,
    .handlers = &handler,
    .num_handlers = 1,
  };
  ck_assert_int_eq(slim_dataset_create(&options, &dataset, &error), SLIM_OK);
  ck_assert_int_eq(slim_provider_create(dataset, NULL, &provider, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text,
                   "provider: the item name 'record_key' stands for the key and cannot be the dataset's too");
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

START_TEST(a_provider_gives_samples_and_keys)
{
  char key[300];
  const slim_sample *sample = NULL;
  slim_provider *provider = NULL;
  slim_error error = { 0 };
  const slim_stream_options options = { .num_epochs = 1, .num_threads = 3 };
  data_open_folder();
  const uint64_t offset = write_mnist(57);
  slim_dataset *dataset = open_mnist("train");
  ck_assert_int_eq(slim_provider_create(dataset, &options, &provider, NULL), SLIM_OK);
  ck_assert_str_eq(slim_provider_record_key(provider), "");
  for (int i = 0; i < 100; i++) {
    ck_assert_int_eq(slim_provider_next(provider, &sample, &error), SLIM_OK);
    const slim_item *image = slim_sample_item(sample, "image"), *label = slim_sample_item(sample, "label");
    ck_assert_uint_eq(slim_item_elements(image), 784);
    ck_assert_int_eq(((unsigned char *)image->data)[783], i);
    ck_assert_int_eq(*(int64_t *)label->data, i / 10);
    (void)snprintf(key, sizeof key, "%s:%" PRIu64, data_path("mnist_train.tfrecord"), offset);
    ck_assert_int_eq(strcmp(slim_provider_record_key(provider), key) == 0, i == 57);
    const slim_string *text = slim_provider_get(provider, "record_key", &error)->data;
    ck_assert_int_eq(text->size == strlen(key) && memcmp(text->data, key, text->size) == 0, i == 57);
    ck_assert_ptr_eq(slim_provider_get(provider, "label", &error), label);
  }
  ck_assert_int_eq(slim_provider_next(provider, &sample, &error), SLIM_ERR_END);
  ck_assert_ptr_null(sample);
  slim_provider_destroy(provider);
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

START_TEST(image_batches_are_prepared)
{
  const slim_image_options options = lenet_options(32);
  static const int sizes[] = { 32, 32, 32, 4 };
  const slim_batch *batch = NULL;
  data_open_folder();
  write_mnist(0);
  slim_dataset *dataset = open_mnist("train");
  slim_queue *queue = open_images(dataset, &options);
  ck_assert_str_eq(slim_queue_item(queue, 0)->name, "image");
  ck_assert_str_eq(slim_queue_item(queue, 1)->name, "label");
  int at = 0;
  for (int b = 0; b < 4; b++) {
    ck_assert_int_eq(slim_queue_take(queue, &batch, NULL), SLIM_OK);
    ck_assert_int_eq(batch->size, sizes[b]);
    const slim_shape shape = { 4, { sizes[b], 28, 28, 1 } };
    ck_assert(slim_shape_equal(&batch->items[0].shape, &shape));
    for (int i = 0; i < batch->size; i++, at++) {
      const float *image = (const float *)batch->items[0].data + i * 784;
      ck_assert(image[783] == ((float)at - 128.0f) / 128.0f && image[0] == (127.0f - (float)at) / 128.0f);
      ck_assert_int_eq(((const int64_t *)batch->items[1].data)[i], at / 10);
    }
    slim_queue_give_back(queue, batch);
  }
  ck_assert_int_eq(slim_queue_take(queue, &batch, NULL), SLIM_ERR_END);
  slim_queue_destroy(queue);
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

START_TEST(shuffled_images_do_not_depend_on_threads)
{
  static float expected[40][16 * 784], got[40][16 * 784];
  slim_image_options options = lenet_options(16);
  options.stream = (slim_stream_options){ .shuffle = true, .seed = 77, .num_threads = 1 };
  data_open_folder();
  write_mnist(0);
  slim_dataset *dataset = open_mnist("train");
  for (int threads = 1; threads <= 4; threads++) {
    const slim_batch *batch = NULL;
    options.stream.num_threads = threads;
    slim_queue *queue = open_images(dataset, &options);
    for (int b = 0; b < 40; b++) {
      ck_assert_int_eq(slim_queue_take(queue, &batch, NULL), SLIM_OK);
      memcpy(threads == 1 ? expected[b] : got[b], batch->items[0].data, sizeof *got);
      slim_queue_give_back(queue, batch);
    }
    ck_assert(threads == 1 || memcmp(got, expected, sizeof got) == 0);
    slim_queue_destroy(queue);
  }
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

/* Takes batches until an error; @return how many. */
static int batches_before_error(slim_dataset *dataset, const slim_image_options *options, slim_error *error)
{
  const slim_batch *batch = NULL;
  slim_queue *queue = open_images(dataset, options);
  int count = 0;
  while (slim_queue_take(queue, &batch, error) == SLIM_OK) {
    count++;
    slim_queue_give_back(queue, batch);
  }
  slim_queue_destroy(queue);
  return count;
}

START_TEST(a_damaged_record_is_reported_with_its_place)
{
  char expected[400];
  slim_error error = { 0 };
  slim_image_options options = lenet_options(10);
  data_open_folder();
  const uint64_t offset = write_mnist(57);
  data_damage("mnist_train.tfrecord", offset + 40);
  slim_dataset *dataset = open_mnist("train");
  options.stream.num_threads = 1 + _i;
  ck_assert_int_eq(batches_before_error(dataset, &options, &error), 5);
  (void)snprintf(expected, sizeof expected, "'%s', record at offset %" PRIu64 ": the checksum of its data is wrong",
                 data_path("mnist_train.tfrecord"), offset);
  ck_assert_str_eq(error.text, expected);
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

static const struct record_case {
  data_records records;
  int offset; /* labels_offset */
  const char *text;
} record_cases[] = {
  { { .count = 40, .first_label = 0, .label_step = 1, .side = 28, .channels = 1 }, 0, "label 10 is outside [0, 9]" },
  { { .count = 40, .first_label = 5, .label_step = -1, .side = 28, .channels = 1 }, 1, "label 0 is outside [1, 9]" },
  { { .count = 40, .first_label = 1, .label_step = 0, .side = 20, .channels = 1 },
    0,
    "item 'image': the image is [20,20,1], [28,28,1] is expected" },
};

START_TEST(a_wrong_record_is_reported)
{
  const struct record_case *c = &record_cases[_i];
  slim_error error = { 0 };
  slim_image_options options = lenet_options(4);
  options.labels_offset = c->offset;
  data_open_folder();
  data_write_records("mnist_train.tfrecord", &c->records, 0);
  slim_dataset *dataset = open_mnist("train");
  batches_before_error(dataset, &options, &error);
  ck_assert_int_eq(error.status, SLIM_ERR_DATA);
  ck_assert_msg(strstr(error.text, c->text) && strstr(error.text, "record at offset"), "%s", error.text);
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

START_TEST(a_missing_label_is_zero_or_an_error)
{
  const data_records r = { .count = 3, .first_label = -1, .label_step = 0, .side = 28, .channels = 1 };
  slim_error error = { 0 };
  slim_dataset *dataset = NULL;
  const slim_batch *batch = NULL;
  const slim_image_options options = lenet_options(3);
  data_open_folder();
  data_write_records("mnist_train.tfrecord", &r, 0);
  dataset = open_mnist("train"); /* TF-Slim's decoder has 0 as the default */
  slim_queue *queue = open_images(dataset, &options);
  ck_assert_int_eq(slim_queue_take(queue, &batch, NULL), SLIM_OK);
  ck_assert_int_eq(((const int64_t *)batch->items[1].data)[2], 0);
  slim_queue_destroy(queue);
  slim_dataset_destroy(dataset);
  const char *const sources[] = { data_path("mnist_train.tfrecord"), NULL };
  const slim_feature_spec features[] = { { .key = "image/encoded", .dtype = SLIM_STRING },
                                         { .key = "image/format", .dtype = SLIM_STRING },
                                         { .key = "image/class/label", .dtype = SLIM_INT64 } };
  const slim_item_handler handlers[] = {
    { .item = "image", .kind = SLIM_HANDLE_IMAGE, .channels = 1 },
    { .item = "label", .kind = SLIM_HANDLE_TENSOR, .keys = { "image/class/label" } }
  };
  const slim_dataset_options strict = {
    .data_sources = sources, .features = features, .num_features = 3, .handlers = handlers, .num_handlers = 2
  };
  ck_assert_int_eq(slim_dataset_create(&strict, &dataset, NULL), SLIM_OK);
  ck_assert_int_eq(batches_before_error(dataset, &options, &error), 0);
  ck_assert_ptr_nonnull(
      strstr(error.text, "offset 0: feature 'image/class/label' is required, but the record has none"));
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

START_TEST(labels_offset_is_subtracted)
{
  const data_records r = { .count = 9, .first_label = 1, .label_step = 1, .side = 28, .channels = 1 };
  const slim_batch *batch = NULL;
  slim_image_options options = lenet_options(9);
  options.labels_offset = 1;
  data_open_folder();
  data_write_records("mnist_train.tfrecord", &r, 0);
  slim_dataset *dataset = open_mnist("train");
  slim_queue *queue = open_images(dataset, &options);
  ck_assert_int_eq(slim_queue_take(queue, &batch, NULL), SLIM_OK);
  for (int i = 0; i < 9; i++) {
    ck_assert_int_eq(((const int64_t *)batch->items[1].data)[i], i);
  }
  slim_queue_destroy(queue);
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

START_TEST(wrong_image_options_are_named)
{
  static const struct {
    int batch, height;
    bool preprocessing;
    int labels_offset;
    const char *text;
  } cases[] = {
    { -3, 28, true, 0, "image queue: batch_size -3, height 28, width 28: all must be 1 or more" },
    { 1, 0, true, 0, "image queue: batch_size 1, height 0, width 28: all must be 1 or more" },
    { 1, 28, false, 0, "image queue: preprocessing is not given; see slim_get_preprocessing()" },
    { 1, 28, true, 10, "image queue: labels_offset is 10, the dataset has 10 classes" },
  };
  slim_queue *queue = NULL;
  slim_error error = { 0 };
  slim_image_options options = lenet_options(cases[_i].batch);
  options.height = cases[_i].height;
  options.labels_offset = cases[_i].labels_offset;
  if (!cases[_i].preprocessing) {
    options.preprocessing = NULL;
  }
  data_open_folder();
  data_write_records("mnist_train.tfrecord", &mnist_records, 0);
  slim_dataset *dataset = open_mnist("train");
  ck_assert_int_eq(slim_image_queue(dataset, &options, &queue, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, cases[_i].text);
  slim_dataset_destroy(dataset);
  data_close_folder();
}
END_TEST

/* A real file of another maker, where there is one: ten photos with boxes. */
START_TEST(photos_of_another_writer_are_read)
{
  const char *fixtures = getenv("SLIM_FIXTURES");
  char path[512];
  (void)snprintf(path, sizeof path, "%s/tfrecord/pets_examples.record", fixtures ? fixtures : "../shared/fixtures");
  if (!slim_file_exists(path)) {
    return;
  }
  const char *const sources[] = { path, NULL };
  const slim_feature_spec features[] = {
    { .key = "image/encoded", .dtype = SLIM_STRING },
    { .key = "image/format", .dtype = SLIM_STRING },
    { .key = "image/height", .dtype = SLIM_INT64 },
    { .key = "image/object/bbox/ymin", .dtype = SLIM_FLOAT32, .var_len = true },
    { .key = "image/object/bbox/xmin", .dtype = SLIM_FLOAT32, .var_len = true },
    { .key = "image/object/bbox/ymax", .dtype = SLIM_FLOAT32, .var_len = true },
    { .key = "image/object/bbox/xmax", .dtype = SLIM_FLOAT32, .var_len = true },
  };
  const slim_item_handler handlers[] = {
    { .item = "image", .kind = SLIM_HANDLE_IMAGE },
    { .item = "height", .kind = SLIM_HANDLE_TENSOR, .keys = { "image/height" } },
    { .item = "object/bbox", .kind = SLIM_HANDLE_BOUNDING_BOX, .prefix = "image/object/bbox/" },
  };
  const slim_dataset_options options = {
    .data_sources = sources, .features = features, .num_features = 7, .handlers = handlers, .num_handlers = 3
  };
  const slim_stream_options once = { .num_epochs = 1 };
  slim_dataset *dataset = NULL;
  slim_provider *provider = NULL;
  const slim_sample *sample = NULL;
  slim_error error = { 0 };
  int count = 0;
  ck_assert_msg(slim_dataset_create(&options, &dataset, &error) == SLIM_OK, "%s", error.text);
  ck_assert_int_eq(slim_dataset_num_samples(dataset, NULL), 10);
  ck_assert_int_eq(slim_provider_create(dataset, &once, &provider, NULL), SLIM_OK);
  while (slim_provider_next(provider, &sample, &error) == SLIM_OK) {
    const slim_item *boxes = slim_sample_item(sample, "object/bbox");
    ck_assert_int_eq(slim_sample_item(sample, "image")->shape.dim[0],
                     *(const int64_t *)slim_sample_item(sample, "height")->data);
    ck_assert_int_eq(boxes->shape.dim[1], 4);
    for (size_t i = 0; i < slim_item_elements(boxes); i++) {
      ck_assert(((float *)boxes->data)[i] >= 0.0f && ((float *)boxes->data)[i] <= 1.0f);
    }
    count++;
  }
  ck_assert_msg(error.status == SLIM_ERR_END && count == 10, "%d: %s", count, error.text);
  slim_provider_destroy(provider);
  slim_dataset_destroy(dataset);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, a_known_dataset_is_described);
  tcase_add_test(c, a_folder_dataset_has_the_splits_of_its_files);
  tcase_add_test(c, wrong_names_are_answered);
  tcase_add_test(c, wildcards_in_the_folder_are_plain_letters);
  tcase_add_loop_test(c, wrong_labels_are_named, 0, DATA_COUNT(label_cases));
  tcase_add_test(c, a_provider_names_its_items);
  tcase_add_test(c, the_key_is_no_item_of_a_dataset);
  tcase_add_test(c, a_provider_gives_samples_and_keys);
  tcase_add_test(c, image_batches_are_prepared);
  tcase_add_test(c, shuffled_images_do_not_depend_on_threads);
  tcase_add_loop_test(c, a_damaged_record_is_reported_with_its_place, 0, 4);
  tcase_add_loop_test(c, a_wrong_record_is_reported, 0, DATA_COUNT(record_cases));
  tcase_add_test(c, a_missing_label_is_zero_or_an_error);
  tcase_add_test(c, labels_offset_is_subtracted);
  tcase_add_loop_test(c, wrong_image_options_are_named, 0, 4);
  tcase_add_test(c, photos_of_another_writer_are_read);
}

TEST_MAIN("data", build, NULL)
