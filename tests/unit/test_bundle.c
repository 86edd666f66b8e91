#include "checkpoint/bundle.h"
#include "checkpoint/slice.h"
#include "formats/protobuf.h"
#include "formats/table.h"
#include "test_files.h"

#include <limits.h>

/* Element i of the fixtures' tensors: see make_tensorflow_fixtures.py. */
static double float_value(size_t i)
{
  return (double)i / 8 - 3;
}

static int64_t int_value(size_t i)
{
  return (int64_t)i * 3 - 7;
}

static double half_to_double(uint16_t h)
{
  const int exponent = (h >> 10) & 31, fraction = h & 1023;
  const double value = exponent ? (1.0 + fraction / 1024.0) : fraction / 1024.0 * 2.0;
  double scaled = value;
  for (int e = exponent ? exponent : 0; e < 15; e++) {
    scaled /= 2.0;
  }
  for (int e = 15; e < exponent; e++) {
    scaled *= 2.0;
  }
  return h & 0x8000 ? -scaled : scaled;
}

static double element(const slim_checkpoint_entry *entry, const unsigned char *data, size_t i)
{
  float f = 0.0f;
  double d = 0.0;
  int64_t l = 0;
  int32_t n = 0;
  uint16_t h = 0;
  switch (entry->dtype) {
  case SLIM_FLOAT32:
    memcpy(&f, data + 4 * i, 4);
    return (double)f;
  case SLIM_FLOAT64:
    memcpy(&d, data + 8 * i, 8);
    return d;
  case SLIM_FLOAT16:
    memcpy(&h, data + 2 * i, 2);
    return half_to_double(h);
  case SLIM_INT64:
    memcpy(&l, data + 8 * i, 8);
    return (double)l;
  case SLIM_INT32:
    memcpy(&n, data + 4 * i, 4);
    return n;
  default:
    return data[i];
  }
}

enum value_rule { FLOATS, INTS, INDEX, BOOLS, TENTH, STEP };

static const struct fixture_case {
  const char *name;
  slim_dtype dtype;
  slim_shape shape;
  enum value_rule rule;
} fixtures[] = {
  { "global_step", SLIM_INT64, { 0, { 0 } }, STEP },        { "split", SLIM_FLOAT32, { 2, { 10, 4 } }, FLOATS },
  { "types/bool", SLIM_BOOL, { 1, { 3 } }, BOOLS },         { "types/double", SLIM_FLOAT64, { 1, { 5 } }, FLOATS },
  { "types/empty", SLIM_FLOAT32, { 2, { 0, 3 } }, FLOATS }, { "types/float", SLIM_FLOAT32, { 3, { 2, 3, 4 } }, FLOATS },
  { "types/half", SLIM_FLOAT16, { 2, { 3, 3 } }, FLOATS },  { "types/int32", SLIM_INT32, { 2, { 2, 2 } }, INTS },
  { "types/int64", SLIM_INT64, { 1, { 4 } }, INTS },        { "types/scalar", SLIM_FLOAT32, { 0, { 0 } }, TENTH },
  { "types/uint8", SLIM_UINT8, { 1, { 7 } }, INDEX },
};

static double expected(enum value_rule rule, size_t i)
{
  switch (rule) {
  case FLOATS:
    return float_value(i);
  case INTS:
    return (double)int_value(i);
  case INDEX:
    return (double)i;
  case BOOLS:
    return i % 2 == 0;
  case TENTH:
    return (double)0.1f;
  default:
    return 0.0;
  }
}

static slim_checkpoint_reader *open_reader(const char *prefix, int version)
{
  slim_checkpoint_reader *reader = NULL;
  slim_error error = { 0 };
  ck_assert_msg(slim_checkpoint_reader_open(prefix, &reader, &error) == SLIM_OK, "%s", error.text);
  ck_assert_int_eq(slim_checkpoint_reader_version(reader), version);
  return reader;
}

static const char *const type_files[] = { "types_v1.ckpt", "types.ckpt-7" };

START_TEST(all_types_of_tensorflow_checkpoints)
{
  slim_checkpoint_reader *reader = open_reader(test_data(type_files[_i]), _i + 1);
  const size_t count = sizeof fixtures / sizeof *fixtures;
  ck_assert_uint_eq(slim_checkpoint_reader_count(reader), count + (size_t)_i); /* V2 has the strings too */
  for (size_t k = 0; k < count; k++) {
    const struct fixture_case *f = &fixtures[k];
    const slim_checkpoint_entry *entry = slim_checkpoint_reader_find(reader, f->name);
    slim_error error = { 0 };
    ck_assert_msg(entry != NULL, "%s", f->name);
    ck_assert_int_eq(entry->dtype, f->dtype);
    ck_assert_str_eq(entry->type_name, slim_dtype_name(f->dtype));
    ck_assert(slim_shape_equal(&entry->shape, &f->shape));
    unsigned char *data = malloc(entry->bytes + 1);
    ck_assert_msg(slim_checkpoint_reader_read(reader, f->name, data, entry->bytes, &error) == SLIM_OK, "%s",
                  error.text);
    ck_assert_int_eq(slim_checkpoint_reader_read(reader, f->name, NULL, entry->bytes, &error), SLIM_OK);
    for (size_t i = 0; i < slim_shape_elements(&f->shape); i++) {
      ck_assert_msg(element(entry, data, i) == expected(f->rule, i), "%s, element %zu", f->name, i);
    }
    free(data);
  }
  slim_checkpoint_reader_close(reader);
}
END_TEST

START_TEST(strings_are_read_one_by_one)
{
  static const char *const texts[] = { "", "one", "two words", "\xC3\xA4" };
  slim_checkpoint_reader *reader = open_reader(test_data("types.ckpt-7"), 2);
  slim_error error = { 0 };
  char *text = NULL;
  size_t size = 0;
  for (size_t i = 0; i < 4; i++) {
    ck_assert_msg(slim_checkpoint_reader_read_string(reader, "types/string", i, &text, &size, &error) == SLIM_OK, "%s",
                  error.text);
    ck_assert_str_eq(text, texts[i]);
    ck_assert_uint_eq(size, strlen(texts[i]));
    free(text);
  }
  ck_assert_int_eq(slim_checkpoint_reader_read_string(reader, "types/string", 4, &text, &size, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "'types/string' is a string tensor and has no string 4");
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_checkpoint_reader_read(reader, "types/string", &size, 8, &error), SLIM_ERR_UNSUPPORTED);
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_checkpoint_reader_read(reader, "types/none", &size, 8, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_ptr_nonnull(strstr(error.text, "has no tensor 'types/none'"));
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_checkpoint_reader_read(reader, "types/double", &size, 8, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "'types/double' is a float64 tensor [5] of 40 bytes, not of 8");
  slim_checkpoint_reader_close(reader);
}
END_TEST

START_TEST(names_and_slots_of_an_adam_checkpoint)
{
  static const char *const names[] = { "Net/conv1/BatchNorm/beta", "Net/conv1/BatchNorm/beta/Adam",
                                       "Net/conv1/BatchNorm/moving_mean", "Net/conv1/weights/Adam_1", "beta1_power" };
  slim_checkpoint_reader *reader = open_reader(test_data("adam.ckpt-3"), 2);
  float power = 0.0f;
  int64_t step = 0;
  for (size_t i = 0; i < 5; i++) {
    ck_assert_msg(slim_checkpoint_reader_find(reader, names[i]) != NULL, "%s", names[i]);
  }
  for (size_t i = 1; i < slim_checkpoint_reader_count(reader); i++) {
    ck_assert(strcmp(slim_checkpoint_reader_entry(reader, i - 1)->name, slim_checkpoint_reader_entry(reader, i)->name) <
              0);
  }
  ck_assert_ptr_null(slim_checkpoint_reader_entry(reader, slim_checkpoint_reader_count(reader)));
  ck_assert_int_eq(slim_checkpoint_reader_read(reader, "global_step", &step, 8, NULL), SLIM_OK);
  ck_assert_int_eq(step, 3);
  ck_assert_int_eq(slim_checkpoint_reader_read(reader, "beta1_power", &power, 4, NULL), SLIM_OK);
  ck_assert_float_eq_tol(power, 0.6561f, 1e-6f); /* 0.9^4 */
  slim_checkpoint_reader_close(reader);
}
END_TEST

/* A tensor whose values come in two pieces. */
static slim_status add(slim_bundle_writer *writer, const char *name, slim_dtype dtype, const slim_shape *shape,
                       const void *data, slim_error *error)
{
  slim_status status = slim_bundle_writer_begin(writer, name, dtype, shape, error);
  if (status == SLIM_OK) {
    const size_t bytes = slim_shape_elements(shape) * slim_dtype_size(dtype), half = bytes / 2;
    status = slim_bundle_writer_put(writer, data, half, error);
    status =
        status == SLIM_OK ? slim_bundle_writer_put(writer, (const char *)data + half, bytes - half, error) : status;
  }
  return status;
}

/* Tensors in an order that is not that of names. */
static void write_bundle(const char *prefix, float first)
{
  const float weights[6] = { first, 2, 3, 4, 5, 6 };
  const int64_t step = 1200;
  const slim_shape shape = { 2, { 2, 3 } }, scalar = { 0, { 0 } }, empty = { 1, { 0 } };
  slim_bundle_writer *writer = NULL;
  slim_error error = { 0 };
  ck_assert_msg(slim_bundle_writer_open(prefix, &writer, &error) == SLIM_OK, "%s", error.text);
  ck_assert_int_eq(add(writer, "net/weights", SLIM_FLOAT32, &shape, weights, &error), SLIM_OK);
  ck_assert_int_eq(add(writer, "net/none", SLIM_FLOAT32, &empty, weights, &error), SLIM_OK);
  ck_assert_int_eq(add(writer, "global_step", SLIM_INT64, &scalar, &step, &error), SLIM_OK);
  ck_assert_msg(slim_bundle_writer_finish(writer, &error) == SLIM_OK, "%s", error.text);
}

START_TEST(what_is_written_is_read)
{
  const char *prefix = test_path("model.ckpt-1200");
  float weights[6] = { 0 };
  int64_t step = 0;
  write_bundle(prefix, 9.0f);
  write_bundle(prefix, 1.0f); /* over the first */
  slim_checkpoint_reader *reader = open_reader(prefix, 2);
  ck_assert_uint_eq(slim_checkpoint_reader_count(reader), 3);
  ck_assert_str_eq(slim_checkpoint_reader_entry(reader, 0)->name, "global_step");
  ck_assert_int_eq(slim_checkpoint_reader_read(reader, "net/weights", weights, sizeof weights, NULL), SLIM_OK);
  ck_assert(weights[0] == 1.0f && weights[5] == 6.0f);
  ck_assert_int_eq(slim_checkpoint_reader_read(reader, "net/none", weights, 0, NULL), SLIM_OK);
  ck_assert_int_eq(slim_checkpoint_reader_read(reader, "global_step", &step, 8, NULL), SLIM_OK);
  ck_assert_int_eq(step, 1200);
  slim_checkpoint_reader_close(reader);
  slim_file_names names;
  ck_assert_int_eq(slim_file_list(test_folder, &names, NULL), SLIM_OK);
  ck_assert_uint_eq(names.count, 2);
  slim_file_names_free(&names);
}
END_TEST

START_TEST(many_tensors_come_back)
{
  const char *prefix = test_path("many");
  const slim_shape shape = { 1, { 3 } };
  slim_bundle_writer *writer = NULL;
  char name[64];
  ck_assert_int_eq(slim_bundle_writer_open(prefix, &writer, NULL), SLIM_OK);
  for (int i = 0; i < 10000; i++) {
    const int32_t values[3] = { i, -i, 7 };
    (void)snprintf(name, sizeof name, "InceptionV3/Mixed_%d/weights", (i * 7919) % 10000);
    ck_assert_int_eq(add(writer, name, SLIM_INT32, &shape, values, NULL), SLIM_OK);
  }
  ck_assert_int_eq(slim_bundle_writer_finish(writer, NULL), SLIM_OK);
  slim_checkpoint_reader *reader = open_reader(prefix, 2);
  ck_assert_uint_eq(slim_checkpoint_reader_count(reader), 10000);
  for (int i = 0; i < 10000; i += 37) {
    int32_t values[3] = { 0 };
    (void)snprintf(name, sizeof name, "InceptionV3/Mixed_%d/weights", (i * 7919) % 10000);
    ck_assert_int_eq(slim_checkpoint_reader_read(reader, name, values, sizeof values, NULL), SLIM_OK);
    ck_assert(values[0] == i && values[1] == -i && values[2] == 7);
  }
  slim_checkpoint_reader_close(reader);
}
END_TEST

START_TEST(writer_refuses_what_cannot_be_read)
{
  const slim_shape open_shape = { 2, { -1, 3 } }, scalar = { 0, { 0 } };
  slim_bundle_writer *writer = NULL;
  slim_error error = { 0 };
  ck_assert_int_eq(slim_bundle_writer_open(test_path("bad"), &writer, NULL), SLIM_OK);
  ck_assert_int_eq(add(writer, "x", SLIM_FLOAT32, &open_shape, "", &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "cannot save 'x', a float32 tensor [?,3]: name, type or shape is not fixed");
  ck_assert_int_eq(add(writer, "x", SLIM_STRING, &scalar, "", NULL), SLIM_ERR_ARG);
  ck_assert_int_eq(add(writer, "", SLIM_BOOL, &scalar, "", NULL), SLIM_ERR_ARG);
  ck_assert_int_eq(add(writer, "x", SLIM_BOOL, &scalar, "", NULL), SLIM_OK);
  ck_assert_int_eq(add(writer, "x", SLIM_BOOL, &scalar, "", NULL), SLIM_OK);
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_bundle_writer_finish(writer, &error), SLIM_ERR_EXISTS);
  ck_assert_ptr_nonnull(strstr(error.text, "tensor 'x' was added twice"));
  ck_assert(!slim_checkpoint_exists(test_path("bad")));
  ck_assert_int_eq(slim_bundle_writer_open("/no/such/folder/x", &writer, NULL), SLIM_ERR_NOT_FOUND);
  slim_bundle_writer_discard(NULL);
}
END_TEST

/* Opens and reads all; the first error. */
static slim_status read_everything(const char *prefix)
{
  slim_checkpoint_reader *reader = NULL;
  slim_status status = slim_checkpoint_reader_open(prefix, &reader, NULL);
  for (size_t i = 0; status == SLIM_OK && i < slim_checkpoint_reader_count(reader); i++) {
    const slim_checkpoint_entry *entry = slim_checkpoint_reader_entry(reader, i);
    unsigned char *data = malloc(entry->bytes + 1);
    status = slim_checkpoint_reader_read(reader, entry->name, data, entry->bytes, NULL);
    ck_assert_int_eq(slim_checkpoint_reader_read(reader, entry->name, NULL, entry->bytes, NULL), status);
    free(data);
  }
  slim_checkpoint_reader_close(reader);
  return status;
}

START_TEST(damage_of_the_data_file_is_seen)
{
  const char *prefix = test_path("m"), *path = test_path("m.data-00000-of-00001");
  write_bundle(prefix, 1.0f);
  ck_assert_int_eq(read_everything(prefix), SLIM_OK);
  const slim_span data = test_read(path);
  unsigned char *copy = malloc(data.size);
  for (size_t i = 0; i < data.size; i++) {
    memcpy(copy, data.data, data.size);
    copy[i] ^= 1;
    ck_assert_int_eq(slim_file_write(path, copy, data.size, NULL), SLIM_OK);
    ck_assert_int_eq(read_everything(prefix), SLIM_ERR_DATA);
  }
  ck_assert_int_eq(slim_file_write(path, data.data, data.size - 1, NULL), SLIM_OK);
  ck_assert_int_eq(read_everything(prefix), SLIM_ERR_DATA);
  ck_assert_int_eq(remove(path), 0);
  ck_assert_int_eq(read_everything(prefix), SLIM_ERR_NOT_FOUND);
  free(copy);
  test_free(data);
}
END_TEST

static const struct slice_case {
  int64_t start, length;
  const char *bytes; /* of one signed number each, as the format's description has them */
  size_t size;
} numbers[] = {
  { 0, -1, "\x80\x7F", 2 },           { 64, 63, "\xC0\x40\xBF", 3 },
  { -2048, -64, "\x38\x00\x40", 3 },  { -65, 8191, "\x3F\xBF\xDF\xFF", 4 },
  { 8192, 0, "\xE0\x20\x00\x80", 4 },
};

START_TEST(slice_keys_are_ordered_code)
{
  slim_bytes key = { 0 };
  const slim_slice slice = { .rank = 1, .start = { numbers[_i].start }, .length = { numbers[_i].length } };
  slim_slice_put_key(&key,
                     "a\xFF"
                     "b",
                     &slice);
  ck_assert_uint_eq(key.size, 9 + numbers[_i].size);
  ck_assert_mem_eq(key.data, "\0a\xFF\0b\0\1\1\1", 9);
  ck_assert_mem_eq(key.data + 9, numbers[_i].bytes, numbers[_i].size);
  slim_bytes_free(&key);
}
END_TEST

START_TEST(slices_are_placed)
{
  const slim_shape whole = { 3, { 4, 3, 5 } };
  const slim_slice slice = { .rank = 3, .start = { 1, 0, 2 }, .length = { 2, -1, 3 } };
  int32_t part[2 * 3 * 3], data[4 * 3 * 5] = { 0 };
  slim_shape shape;
  ck_assert(slim_slice_shape(&slice, &whole, &shape));
  ck_assert(slim_shape_equal(&shape, &(slim_shape){ 3, { 2, 3, 3 } }));
  for (int i = 0; i < 18; i++) {
    part[i] = i + 1;
  }
  slim_slice_place(&slice, &whole, 4, part, data);
  for (int n = 0, next = 1; n < 60; n++) {
    const int a = n / 15, c = n % 5;
    const bool inside = a >= 1 && a < 3 && c >= 2;
    ck_assert_int_eq(data[n], inside ? next : 0);
    next += inside;
  }
  static const slim_slice bad[] = { { .rank = 2 },
                                    { .rank = 3, .start = { 1, 0, 0 }, .length = { -1, -1, -1 } },
                                    { .rank = 3, .start = { 3, 0, 0 }, .length = { 2, -1, -1 } },
                                    { .rank = 3, .start = { INT64_MAX, 0, 0 }, .length = { 1, -1, -1 } } };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ck_assert(!slim_slice_shape(&bad[i], &whole, &shape));
  }
}
END_TEST

START_TEST(missing_checkpoints_are_named)
{
  slim_checkpoint_reader *reader = NULL;
  slim_error error = { 0 };
  ck_assert_int_eq(slim_checkpoint_reader_open("/tmp/no_such_model.ckpt", &reader, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(error.text, "there is no checkpoint '/tmp/no_such_model.ckpt'");
  ck_assert_ptr_null(reader);
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_checkpoint_reader_open(test_data("image_rgb.png"), &reader, &error), SLIM_ERR_DATA);
  ck_assert_ptr_nonnull(strstr(error.text, "is not a table"));
  slim_checkpoint_reader_close(NULL);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, test_folder_make, test_folder_remove);
  tcase_add_loop_test(c, all_types_of_tensorflow_checkpoints, 0, 2);
  tcase_add_test(c, strings_are_read_one_by_one);
  tcase_add_test(c, names_and_slots_of_an_adam_checkpoint);
  tcase_add_test(c, what_is_written_is_read);
  tcase_add_test(c, many_tensors_come_back);
  tcase_add_test(c, writer_refuses_what_cannot_be_read);
  tcase_add_test(c, damage_of_the_data_file_is_seen);
  tcase_add_loop_test(c, slice_keys_are_ordered_code, 0, (int)(sizeof numbers / sizeof *numbers));
  tcase_add_test(c, slices_are_placed);
  tcase_add_test(c, missing_checkpoints_are_named);
}

TEST_MAIN("bundle", build, NULL)
