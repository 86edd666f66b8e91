/* What TF-Slim's decoders make of the records of tests/data: tests/parity/make_data.py. */
#include "formats/tfrecord.h"
#include "test_files.h"
#include "test_fixture.h"

#include "slim/data.h"

enum { MOST = 64 };

static const slim_feature_spec context[] = { { .key = "id", .dtype = SLIM_INT64 },
                                             { .key = "words", .dtype = SLIM_STRING, .var_len = true } };

#define RAGGED(key_, dtype_)                                                                                           \
  {                                                                                                                    \
    .key = (key_), .dtype = (dtype_), .var_len = true                                                                  \
  }
static const slim_feature_spec lists[] = {
  RAGGED("box/ymin", SLIM_FLOAT32),
  RAGGED("box/xmin", SLIM_FLOAT32),
  RAGGED("box/ymax", SLIM_FLOAT32),
  RAGGED("box/xmax", SLIM_FLOAT32),
  RAGGED("point/y", SLIM_FLOAT32),
  RAGGED("point/x", SLIM_FLOAT32),
  RAGGED("class", SLIM_STRING),
  RAGGED("ids", SLIM_INT64),
  { .key = "pair", .dtype = SLIM_INT64, .shape = { 1, { 2 } }, .has_default = true },
};

static const char *const classes[] = { "cat", "dog", "bird", "a", "" };
static const int64_t numbers[] = { 10, 11, 12, 13, 14 };
static const slim_lookup_table table = { classes, numbers, 5, -1 };

static const slim_item_handler sequence_handlers[] = {
  { .item = "id", .kind = SLIM_HANDLE_TENSOR, .keys = { "id" } },
  { .item = "boxes", .kind = SLIM_HANDLE_BOUNDING_BOX_SEQUENCE, .prefix = "box/" },
  { .item = "boxes_half",
    .kind = SLIM_HANDLE_BOUNDING_BOX_SEQUENCE,
    .keys = { "xmin", "ymin", "xmax", "ymax" },
    .prefix = "box/",
    .has_default = true,
    .default_value = 0.5 },
  { .item = "num_boxes", .kind = SLIM_HANDLE_NUM_BOXES_SEQUENCE, .keys = { "box/ymin", "box/xmax" } },
  { .item = "keypoints", .kind = SLIM_HANDLE_KEYPOINTS_SEQUENCE, .prefix = "point/" },
  { .item = "pair", .kind = SLIM_HANDLE_TENSOR, .keys = { "pair" } },
  { .item = "ids", .kind = SLIM_HANDLE_TENSOR, .keys = { "ids" } },
  { .item = "ids_seven", .kind = SLIM_HANDLE_TENSOR, .keys = { "ids" }, .has_default = true, .default_value = -7 },
  { .item = "class", .kind = SLIM_HANDLE_LOOKUP, .keys = { "class" }, .table = &table },
  { .item = "placed",
    .kind = SLIM_HANDLE_SPARSE_TENSOR,
    .keys = { "ids", "box/ymin" },
    .has_shape = true,
    .shape = { 2, { 3, 6 } },
    .densify = true,
    .has_default = true,
    .default_value = -1 },
  { .item = "placed_sparse",
    .kind = SLIM_HANDLE_SPARSE_TENSOR,
    .keys = { "ids", "box/ymin" },
    .has_shape = true,
    .shape = { 2, { 3, 6 } } },
};

static const slim_feature_spec sparse_features[] = {
  RAGGED("indices", SLIM_INT64),
  RAGGED("values", SLIM_FLOAT32),
  RAGGED("list", SLIM_INT64),
  RAGGED("other", SLIM_INT64),
  { .key = "size", .dtype = SLIM_INT64, .shape = { 1, { 1 } } },
  { .key = "shape", .dtype = SLIM_INT64, .shape = { 1, { 2 } } },
  { .key = "class", .dtype = SLIM_STRING },
};

static const slim_item_handler other = { .kind = SLIM_HANDLE_TENSOR, .keys = { "other" } };
static const slim_item_handler list = { .kind = SLIM_HANDLE_TENSOR, .keys = { "list" } };
static const slim_item_handler sparse_handlers[] = {
  { .item = "sparse", .kind = SLIM_HANDLE_SPARSE_TENSOR, .has_shape = true, .shape = { 1, { 10 } } },
  { .item = "dense", .kind = SLIM_HANDLE_SPARSE_TENSOR, .has_shape = true, .shape = { 1, { 10 } }, .densify = true },
  { .item = "dense_half",
    .kind = SLIM_HANDLE_SPARSE_TENSOR,
    .shape_keys = { "size" },
    .densify = true,
    .has_default = true,
    .default_value = 0.5 },
  { .item = "class", .kind = SLIM_HANDLE_LOOKUP, .keys = { "class" }, .table = &table },
  { .item = "list", .kind = SLIM_HANDLE_TENSOR, .keys = { "list" }, .shape_keys = { "shape" } },
  { .item = "backup", .kind = SLIM_HANDLE_BACKUP, .first = &other, .backup = &list },
};

#define COUNT(array_) (int)(sizeof(array_) / sizeof *(array_))

static void compare(const char *name, const char *item, const char *what, const float *values, size_t count)
{
  char key[64];
  (void)snprintf(key, sizeof key, "%s.%s", item, what);
  if (count) {
    (void)test_fixture_compare(name, key, values, count, 1e-7);
  }
}

static void compare_shape(const char *name, const char *item, const char *what, const slim_shape *shape)
{
  float dims[SLIM_MAX_RANK];
  for (int i = 0; i < shape->rank; i++) {
    dims[i] = (float)shape->dim[i];
  }
  compare(name, item, what, dims, (size_t)shape->rank);
}

static void compare_item(const char *name, const char *item, const slim_item *value)
{
  float values[MOST];
  const size_t count = slim_item_elements(value);
  ck_assert_uint_le(count, MOST);
  for (size_t i = 0; i < count; i++) {
    values[i] =
        value->dtype == SLIM_FLOAT32 ? ((const float *)value->data)[i] : (float)((const int64_t *)value->data)[i];
  }
  compare_shape(name, item, "shape", &value->shape);
  compare(name, item, "values", values, count);
  if (slim_item_is_sparse(value)) {
    const size_t places = count * (size_t)value->dense_shape.rank;
    for (size_t i = 0; i < places; i++) {
      values[i] = (float)value->indices[i];
    }
    compare_shape(name, item, "dense", &value->dense_shape);
    compare(name, item, "indices", values, places);
  }
}

/* Each record of the file, twice: a sample is used again. */
static void compare_records(const char *file, const char *label, const slim_decoder *decoder)
{
  slim_sample *sample = slim_sample_create(decoder);
  slim_reader *reader = NULL;
  slim_record record;
  slim_error error = { 0 };
  int count = 0;
  for (int round = 0; round < 2; round++) {
    ck_assert_int_eq(slim_single_pass_read((const char *const[]){ test_data(file), NULL }, &reader, NULL), SLIM_OK);
    for (count = 0; slim_reader_next(reader, &record, NULL) == SLIM_OK; count++) {
      char name[32];
      (void)snprintf(name, sizeof name, "%s%d", label, count);
      const slim_status status = slim_decoder_decode(decoder, record.data, record.size, sample, &error);
      ck_assert_msg(status == SLIM_OK, "%s: %s", name, error.text);
      for (int i = 0; i < slim_decoder_num_items(decoder); i++) {
        const char *item = slim_decoder_item_name(decoder, i);
        compare_item(name, item, slim_sample_item(sample, item));
      }
    }
    slim_reader_destroy(reader);
  }
  ck_assert_int_eq(count, 3);
  slim_sample_destroy(sample);
}

START_TEST(sequence_examples_decode_as_the_originals)
{
  slim_decoder *decoder = NULL;
  slim_error error = { 0 };
  ck_assert_msg(slim_sequence_decoder_create(context, COUNT(context), lists, COUNT(lists), sequence_handlers,
                                             COUNT(sequence_handlers), &decoder, &error) == SLIM_OK,
                "%s", error.text);
  compare_records("sequences.tfrecord", "sequence", decoder);
  slim_decoder_destroy(decoder);
}
END_TEST

START_TEST(sparse_tensors_and_lookups_decode_as_the_originals)
{
  slim_decoder *decoder = NULL;
  slim_error error = { 0 };
  ck_assert_msg(slim_decoder_create(sparse_features, COUNT(sparse_features), sparse_handlers, COUNT(sparse_handlers),
                                    &decoder, &error) == SLIM_OK,
                "%s", error.text);
  compare_records("sparse.tfrecord", "sparse", decoder);
  slim_decoder_destroy(decoder);
}
END_TEST

/* A dataset of sequences reads them too. */
START_TEST(datasets_may_be_of_sequences)
{
  slim_dataset *dataset = NULL;
  slim_provider *provider = NULL;
  const slim_sample *sample = NULL;
  slim_error error = { 0 };
  const slim_dataset_options options = { .data_sources = (const char *const[]){ test_data("sequences.tfrecord"), NULL },
                                         .features = context,
                                         .num_features = COUNT(context),
                                         .sequence_features = lists,
                                         .num_sequence_features = COUNT(lists),
                                         .handlers = sequence_handlers,
                                         .num_handlers = COUNT(sequence_handlers) };
  const slim_stream_options once = { .num_epochs = 1 };
  ck_assert_msg(slim_dataset_create(&options, &dataset, &error) == SLIM_OK, "%s", error.text);
  ck_assert_int_eq(slim_provider_create(dataset, &once, &provider, &error), SLIM_OK);
  for (int i = 0; i < 3; i++) {
    char name[32];
    (void)snprintf(name, sizeof name, "sequence%d", i);
    ck_assert_msg(slim_provider_next(provider, &sample, &error) == SLIM_OK, "%s", error.text);
    compare_item(name, "boxes", slim_sample_item(sample, "boxes"));
  }
  slim_provider_destroy(provider);
  slim_dataset_destroy(dataset);
}
END_TEST

static void read_fixture(void)
{
  test_fixture_read("tests/parity/data.txt");
}

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_test(c, sequence_examples_decode_as_the_originals);
  tcase_add_test(c, sparse_tensors_and_lookups_decode_as_the_originals);
  tcase_add_test(c, datasets_may_be_of_sequences);
}

TEST_MAIN("data_parity", build, NULL)
