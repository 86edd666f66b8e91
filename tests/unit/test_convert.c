/* Conversion: what is written, what is refused, and that nothing is left of a failure. */
#include "data/convert.h"
#include "data_support.h"

#include <zlib.h>

#define TRAIN 30
#define TEST 12

static char source[96], target[96];

static void open_folders(void)
{
  data_open_folder();
  (void)snprintf(source, sizeof source, "%s/source", data_folder);
  (void)snprintf(target, sizeof target, "%s/made/here", data_folder);
  ck_assert_int_eq(slim_file_make_folders(source, NULL), SLIM_OK);
}

static slim_status convert_as(const char *name, slim_convert_options options, slim_convert_result *result,
                              slim_error *error)
{
  options.dataset_name = name;
  options.source_dir = source;
  options.dataset_dir = target;
  *error = (slim_error){ 0 };
  return slim_convert(&options, result, error);
}

static size_t files_in_target(void)
{
  slim_file_names names = { 0 };
  if (slim_file_list(target, &names, NULL) != SLIM_OK) {
    return 0;
  }
  const size_t count = names.count;
  slim_file_names_free(&names);
  return count;
}

static void append_big_endian(slim_bytes *out, uint32_t value)
{
  for (int shift = 24; shift >= 0; shift -= 8) {
    slim_bytes_append_u8(out, value >> shift & 255);
  }
}

static void write_gzip(const char *name, const slim_bytes *bytes)
{
  gzFile file = gzopen(data_path(name), "wb");
  ck_assert_int_eq(gzwrite(file, bytes->data, (unsigned)bytes->size), (int)bytes->size);
  ck_assert_int_eq(gzclose(file), Z_OK);
}

/* Image i: all pixels i, then its label i % 10. */
static void write_idx_images(const char *name, int count, int side, bool packed)
{
  slim_bytes all = { 0 };
  append_big_endian(&all, 0x803);
  append_big_endian(&all, (uint32_t)count);
  append_big_endian(&all, (uint32_t)side);
  append_big_endian(&all, (uint32_t)side);
  for (int i = 0; i < count * side * side; i++) {
    slim_bytes_append_u8(&all, (unsigned)(i / (side * side)));
  }
  if (packed) {
    write_gzip(name, &all);
  } else {
    data_write_file(name, all.data, all.size);
  }
  slim_bytes_free(&all);
}

static void write_idx_labels(const char *name, int count, int modulus)
{
  slim_bytes all = { 0 };
  append_big_endian(&all, 0x801);
  append_big_endian(&all, (uint32_t)count);
  for (int i = 0; i < count; i++) {
    slim_bytes_append_u8(&all, (unsigned)(i % modulus));
  }
  data_write_file(name, all.data, all.size);
  slim_bytes_free(&all);
}

static void write_mnist(bool packed)
{
  write_idx_images(packed ? "source/train-images-idx3-ubyte.gz" : "source/train-images-idx3-ubyte", TRAIN, 28, packed);
  write_idx_labels("source/train-labels-idx1-ubyte", TRAIN, 10);
  write_idx_images("source/t10k-images.idx3-ubyte", TEST, 28, false);
  write_idx_labels("source/t10k-labels-idx1-ubyte", TEST, 10);
}

/* Reads a split back: sample i has colour and label by its number when the set is in order. */
static int read_back(const char *name, const char *split, int last_channel, bool ordered)
{
  slim_dataset *dataset = NULL;
  slim_provider *provider = NULL;
  slim_error error = { 0 };
  const slim_sample *sample = NULL;
  const slim_stream_options once = { .num_epochs = 1 };
  int count = 0;
  ck_assert_msg(slim_dataset_open(name, split, target, &dataset, &error) == SLIM_OK, "%s", error.text);
  ck_assert_int_eq(slim_provider_create(dataset, &once, &provider, NULL), SLIM_OK);
  while (slim_provider_next(provider, &sample, &error) == SLIM_OK) {
    const slim_item *image = slim_sample_item(sample, "image");
    const unsigned char *pixels = image->data;
    const int64_t label = *(const int64_t *)slim_sample_item(sample, "label")->data;
    if (ordered) {
      ck_assert_int_eq(pixels[slim_item_elements(image) - 1], count + last_channel);
      ck_assert_int_eq(label, count % 10);
    }
    count++;
  }
  ck_assert_msg(error.status == SLIM_ERR_END, "%s", error.text);
  slim_provider_destroy(provider);
  slim_dataset_destroy(dataset);
  return count;
}

START_TEST(idx_becomes_records)
{
  static const char labels[] = "0:T-shirt/top\n1:Trouser\n2:Pullover\n3:Dress\n4:Coat\n5:Sandal\n6:Shirt\n7:Sneaker\n"
                               "8:Bag\n9:Ankle boot\n";
  const char *name = _i ? "fashion_mnist" : "mnist";
  slim_convert_result result;
  slim_error error;
  unsigned char *text = NULL;
  size_t size = 0;
  open_folders();
  write_mnist(_i == 1);
  ck_assert_msg(convert_as(name, (slim_convert_options){ 0 }, &result, &error) == SLIM_OK, "%s", error.text);
  ck_assert(!result.existed && result.num_classes == 10 && result.num_splits == 2);
  ck_assert_str_eq(result.splits[0].name, "train");
  ck_assert_int_eq(result.splits[0].samples, TRAIN);
  ck_assert_str_eq(result.splits[1].name, "test");
  ck_assert_int_eq(result.splits[1].samples, TEST);
  ck_assert_uint_eq(files_in_target(), 3);
  ck_assert_int_eq(read_back(name, "train", 0, true), TRAIN);
  ck_assert_int_eq(read_back(name, "test", 0, true), TEST);
  ck_assert_int_eq(slim_file_read(data_path("made/here/labels.txt"), 1000, &text, &size, NULL), SLIM_OK);
  ck_assert(_i == 0 ? !strncmp((char *)text, "0:zero\n1:one\n", 13) : !strcmp((char *)text, labels));
  free(text);
  ck_assert_int_eq(convert_as(name, (slim_convert_options){ 0 }, &result, &error), SLIM_OK);
  ck_assert(result.existed && result.num_splits == 0);
  data_close_folder();
}
END_TEST

/* What a broken source does, and what is said. */
static void break_source(int how)
{
  switch (how) {
  case 0:
    (void)remove(data_path("source/t10k-labels-idx1-ubyte"));
    break;
  case 1:
    write_idx_labels("source/t10k-labels-idx1-ubyte", TEST, 11);
    break;
  case 2:
    write_idx_labels("source/t10k-labels-idx1-ubyte", TEST - 1, 10);
    break;
  case 3:
    write_idx_images("source/t10k-images.idx3-ubyte", TEST, 27, false);
    break;
  default:
    ck_assert_int_eq(truncate(data_path("source/t10k-images.idx3-ubyte"), 5000), 0);
    break;
  }
}

START_TEST(a_broken_source_is_named_and_nothing_is_left)
{
  static const char *const texts[] = {
    "has no file t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz",
    "source/t10k-labels-idx1-ubyte': label 10 is 10, 0 to 9 are expected",
    "source/t10k-labels-idx1-ubyte' holds [11], a label for each of the 12 images of",
    "source/t10k-images.idx3-ubyte' holds [12,27,27], images of 28 x 28 pixels are expected",
    "source/t10k-images.idx3-ubyte",
  };
  slim_convert_result result;
  slim_error error;
  open_folders();
  write_mnist(false);
  break_source(_i);
  ck_assert_int_ne(convert_as("mnist", (slim_convert_options){ 0 }, &result, &error), SLIM_OK);
  ck_assert_msg(strstr(error.text, texts[_i]) != NULL, "%s", error.text);
  ck_assert_uint_eq(files_in_target(), 0);
  data_close_folder();
}
END_TEST

/* A row of CIFAR-10: label, then planes of n, n + 1, n + 2. */
static void write_cifar(const char *name, int rows, int first_label)
{
  slim_bytes all = { 0 };
  for (int n = 0; n < rows; n++) {
    slim_bytes_append_u8(&all, (unsigned)(first_label + n) % 256);
    for (int i = 0; i < 3 * 1024; i++) {
      slim_bytes_append_u8(&all, (unsigned)(n + i / 1024));
    }
  }
  data_write_file(name, all.data, all.size);
  slim_bytes_free(&all);
}

static void write_all_cifar(void)
{
  char name[64];
  ck_assert_int_eq(slim_file_make_folders(data_path("source/cifar-10-batches-bin"), NULL), SLIM_OK);
  for (int i = 1; i <= 5; i++) {
    (void)snprintf(name, sizeof name, "source/cifar-10-batches-bin/data_batch_%d.bin", i);
    write_cifar(name, i == 1 ? 10 : 1, 0);
  }
  write_cifar("source/cifar-10-batches-bin/test_batch.bin", 10, 0);
}

START_TEST(cifar_planes_become_pixels)
{
  slim_convert_result result;
  slim_error error;
  open_folders();
  write_all_cifar();
  ck_assert_msg(convert_as("cifar10", (slim_convert_options){ 0 }, &result, &error) == SLIM_OK, "%s", error.text);
  ck_assert_int_eq(result.splits[0].samples, 14);
  ck_assert_int_eq(read_back("cifar10", "test", 2, true), 10);
  data_close_folder();
}
END_TEST

START_TEST(wrong_cifar_files_are_named)
{
  slim_convert_result result;
  slim_error error;
  open_folders();
  write_all_cifar();
  write_cifar("source/cifar-10-batches-bin/test_batch.bin", 3, 8);
  ck_assert_int_eq(convert_as("cifar10", (slim_convert_options){ 0 }, &result, &error), SLIM_ERR_DATA);
  ck_assert_ptr_nonnull(strstr(error.text, "test_batch.bin': label 2 is 10, 0 to 9 are expected"));
  ck_assert_int_eq(truncate(data_path("source/cifar-10-batches-bin/test_batch.bin"), 3074), 0);
  ck_assert_int_eq(convert_as("cifar10", (slim_convert_options){ 0 }, &result, &error), SLIM_ERR_DATA);
  ck_assert_ptr_nonnull(strstr(error.text, "test_batch.bin' has 3074 bytes, a multiple of 3073 is expected"));
  (void)remove(data_path("source/cifar-10-batches-bin/data_batch_3.bin"));
  ck_assert_int_eq(convert_as("cifar10", (slim_convert_options){ 0 }, &result, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_ptr_nonnull(strstr(error.text, "has no file data_batch_3.bin (of the binary version of CIFAR-10)"));
  ck_assert_uint_eq(files_in_target(), 0);
  data_close_folder();
}
END_TEST

/* Classes "ant", "bee", "cow" of 10 images each; image n of a class has the size 8 + n and its class as colour. */
static void write_classes(void)
{
  static const char *const classes[] = { "bee", "cow", "ant" };
  char name[64];
  for (int k = 0; k < 3; k++) {
    (void)snprintf(name, sizeof name, "source/%s", classes[k]);
    ck_assert_int_eq(slim_file_make_folders(data_path(name), NULL), SLIM_OK);
    for (int n = 0; n < 10; n++) {
      slim_bytes png = { 0 };
      data_append_png(&png, 8 + n, 3, classes[k][0]);
      (void)snprintf(name, sizeof name, "source/%s/%d.png", classes[k], n);
      data_write_file(name, png.data, png.size);
      slim_bytes_free(&png);
    }
  }
  data_write_file("source/.hidden", "x", 1);
  data_write_file("source/bee/.hidden", "x", 1);
  data_write_file("source/LICENCE.txt", "x", 1);
}

/* Class letters of a split in stored order. */
static int read_classes(const char *split, char *letters)
{
  slim_dataset *dataset = NULL;
  slim_provider *provider = NULL;
  slim_error error = { 0 };
  const slim_sample *sample = NULL;
  const slim_stream_options once = { .num_epochs = 1 };
  int count = 0;
  ck_assert_msg(slim_dataset_open("animals", split, target, &dataset, &error) == SLIM_OK, "%s", error.text);
  ck_assert_int_eq(slim_provider_create(dataset, &once, &provider, NULL), SLIM_OK);
  while (slim_provider_next(provider, &sample, &error) == SLIM_OK) {
    const slim_item *image = slim_sample_item(sample, "image");
    const int64_t label = *(const int64_t *)slim_sample_item(sample, "label")->data;
    const char letter = (char)((const unsigned char *)image->data)[slim_item_elements(image) - 1];
    ck_assert_int_eq(slim_dataset_class_name(dataset, label)[0], letter);
    letters[count++] = letter;
  }
  letters[count] = '\0';
  slim_provider_destroy(provider);
  slim_dataset_destroy(dataset);
  return count;
}

START_TEST(class_folders_become_shards)
{
  char train[64], validation[64], again[64];
  slim_convert_result result;
  slim_error error;
  const slim_convert_options options = { .num_shards = 4, .num_validation = 6, .seed = 2 };
  open_folders();
  write_classes();
  ck_assert_msg(convert_as("animals", options, &result, &error) == SLIM_OK, "%s", error.text);
  ck_assert_int_eq(result.num_classes, 3);
  ck_assert_int_eq(result.splits[0].samples, 24);
  ck_assert_int_eq(result.splits[1].samples, 6);
  ck_assert_uint_eq(files_in_target(), 9);
  ck_assert(slim_file_exists(data_path("made/here/animals_validation_00003-of-00004.tfrecord")));
  ck_assert_int_eq(read_classes("train", train), 24);
  ck_assert_int_eq(read_classes("validation", validation), 6);
  int count[256] = { 0 };
  for (int i = 0; i < 30; i++) {
    count[(unsigned char)(i < 24 ? train[i] : validation[i - 24])]++;
  }
  ck_assert(count['a'] == 10 && count['b'] == 10 && count['c'] == 10);
  ck_assert_str_ne(train, "aaaaaaaaaabbbbbbbbbbcccccccc"); /* mixed */
  ck_assert_int_eq(convert_as("animals", options, &result, &error), SLIM_OK);
  ck_assert(result.existed);
  const slim_convert_options other = { .num_shards = 2, .num_validation = 6, .seed = 2 };
  ck_assert_int_eq(convert_as("animals", other, &result, &error), SLIM_ERR_EXISTS);
  ck_assert_ptr_nonnull(strstr(error.text, "is of another conversion; remove the files"));
  data_remove(target); /* the same seed makes the same order, for any number of shards */
  ck_assert_int_eq(convert_as("animals", other, &result, &error), SLIM_OK);
  read_classes("train", again);
  ck_assert_str_eq(again, train);
  data_close_folder();
}
END_TEST

START_TEST(the_default_split_is_a_tenth)
{
  slim_convert_result result;
  slim_error error;
  open_folders();
  write_classes();
  ck_assert_int_eq(convert_as("animals", (slim_convert_options){ .num_validation = _i ? -1 : 0 }, &result, &error),
                   SLIM_OK);
  ck_assert_int_eq(result.num_splits, _i ? 1 : 2);
  ck_assert_int_eq(result.splits[0].samples, _i ? 30 : 27);
  ck_assert_uint_eq(files_in_target(), _i ? 6 : 11);
  data_close_folder();
}
END_TEST

START_TEST(a_file_that_is_no_image_is_named)
{
  slim_convert_result result;
  slim_error error;
  open_folders();
  write_classes();
  if (_i == 0) {
    data_write_file("source/cow/notes.txt", "hello, not an image", 19);
  } else {
    ck_assert_int_eq(truncate(data_path("source/cow/5.png"), 60), 0);
  }
  ck_assert_int_ne(convert_as("animals", (slim_convert_options){ 0 }, &result, &error), SLIM_OK);
  ck_assert_msg(strstr(error.text, _i == 0 ? "/source/cow/notes.txt': " : "/source/cow/5.png': ") != NULL, "%s",
                error.text);
  ck_assert_uint_eq(files_in_target(), 0);
  data_close_folder();
}
END_TEST

START_TEST(wrong_options_are_named)
{
  slim_convert_result result;
  slim_error error;
  open_folders();
  ck_assert_int_eq(convert_as("animals", (slim_convert_options){ 0 }, &result, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_ptr_nonnull(strstr(error.text, "has no images: it should have a folder of JPEG and PNG files for each"));
  ck_assert_int_eq(convert_as("a/b", (slim_convert_options){ 0 }, &result, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "dataset_name 'a/b' goes into file names: no / * ? [ in it");
  ck_assert_int_eq(convert_as(NULL, (slim_convert_options){ 0 }, &result, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "dataset_name is not given");
  write_classes();
  ck_assert_int_eq(convert_as("animals", (slim_convert_options){ .num_validation = 30 }, &result, &error),
                   SLIM_ERR_ARG);
  ck_assert_ptr_nonnull(strstr(error.text, "num_validation is 30, but"));
  data_remove(source);
  ck_assert_int_eq(convert_as("mnist", (slim_convert_options){ 0 }, &result, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_ptr_nonnull(strstr(error.text, "/source' is not a folder"));
  data_close_folder();
}
END_TEST

/* A place that cannot be taken: a folder has the name of the last file. */
START_TEST(a_failure_at_the_end_takes_all_back)
{
  slim_convert_result result;
  slim_error error;
  open_folders();
  write_mnist(false);
  ck_assert_int_eq(slim_file_make_folders(data_path("made/here/labels.txt"), NULL), SLIM_OK);
  ck_assert_int_eq(convert_as("mnist", (slim_convert_options){ 0 }, &result, &error), SLIM_ERR_IO);
  ck_assert_ptr_nonnull(strstr(error.text, "cannot write '"));
  ck_assert_uint_eq(files_in_target(), 1); /* that folder */
  data_close_folder();
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, idx_becomes_records, 0, 2);
  tcase_add_loop_test(c, a_broken_source_is_named_and_nothing_is_left, 0, 5);
  tcase_add_test(c, cifar_planes_become_pixels);
  tcase_add_test(c, wrong_cifar_files_are_named);
  tcase_add_test(c, class_folders_become_shards);
  tcase_add_loop_test(c, the_default_split_is_a_tenth, 0, 2);
  tcase_add_loop_test(c, a_file_that_is_no_image_is_named, 0, 2);
  tcase_add_test(c, wrong_options_are_named);
  tcase_add_test(c, a_failure_at_the_end_takes_all_back);
}

TEST_MAIN("convert", build, NULL)
