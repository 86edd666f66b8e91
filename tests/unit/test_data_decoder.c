/* tf.Example records -> items: the rules of fixed and variable features, each handler, each error. */
#include "data_support.h"
#include "formats/protobuf.h"

static const slim_feature_spec specs[] = {
  { .key = "text", .dtype = SLIM_STRING, .has_default = true, .default_text = "none" },
  { .key = "label", .dtype = SLIM_INT64 },
  { .key = "pair", .dtype = SLIM_FLOAT32, .shape = { 1, { 2 } }, .has_default = true, .default_float = 0.5f },
  { .key = "list", .dtype = SLIM_INT64, .var_len = true },
  { .key = "shape", .dtype = SLIM_INT64, .var_len = true },
  { .key = "words", .dtype = SLIM_STRING, .var_len = true },
  { .key = "box/ymin", .dtype = SLIM_FLOAT32, .var_len = true },
  { .key = "box/xmin", .dtype = SLIM_FLOAT32, .var_len = true },
  { .key = "box/ymax", .dtype = SLIM_FLOAT32, .var_len = true },
  { .key = "box/xmax", .dtype = SLIM_FLOAT32, .var_len = true },
  { .key = "image/encoded", .dtype = SLIM_STRING, .has_default = true },
  { .key = "image/format", .dtype = SLIM_STRING, .has_default = true, .default_text = "png" },
};

/* The record in work: begin(), puts, decode(). */
static slim_bytes record;
static slim_example_writer writer;

static void begin(void)
{
  record.size = 0;
  writer = slim_example_begin(&record);
}

static void put_int(const char *key, int64_t value)
{
  slim_example_put_int64s(&writer, key, &value, 1);
}

static slim_decoder *make(const slim_item_handler *handlers, int count)
{
  slim_decoder *decoder = NULL;
  slim_error error = { 0 };
  const slim_status status = slim_decoder_create(specs, DATA_COUNT(specs), handlers, count, &decoder, &error);
  ck_assert_msg(status == SLIM_OK, "%s", error.text);
  return decoder;
}

static slim_status decode(const slim_decoder *decoder, slim_sample *sample, slim_error *error)
{
  ck_assert(slim_example_end(&writer));
  *error = (slim_error){ 0 };
  return slim_decoder_decode(decoder, record.data, record.size, sample, error);
}

/* Decodes a record of which only the label is put when label is set; checks the error text. */
static void expect_error(const slim_item_handler *handler, const char *text)
{
  slim_error error;
  slim_decoder *decoder = make(handler, 1);
  slim_sample *sample = slim_sample_create(decoder);
  ck_assert_int_eq(decode(decoder, sample, &error), SLIM_ERR_DATA);
  ck_assert_str_eq(error.text, text);
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
  slim_bytes_free(&record);
}

static const slim_item_handler label_handler = { .item = "label", .kind = SLIM_HANDLE_TENSOR, .keys = { "label" } };

START_TEST(tensors_have_values_defaults_and_lists)
{
  const slim_item_handler handlers[] = {
    label_handler,
    { .item = "pair", .kind = SLIM_HANDLE_TENSOR, .keys = { "pair" } },
    { .item = "list", .kind = SLIM_HANDLE_TENSOR, .keys = { "list" } },
    { .item = "text", .kind = SLIM_HANDLE_TENSOR, .keys = { "text" } },
    { .item = "words", .kind = SLIM_HANDLE_TENSOR, .keys = { "words" } },
  };
  const int64_t list[] = { 5, -6, INT64_MIN };
  const slim_span words[] = { { (const unsigned char *)"one", 3 }, { (const unsigned char *)"", 0 } };
  slim_decoder *decoder = make(handlers, 5);
  slim_sample *sample = slim_sample_create(decoder);
  slim_error error;
  begin();
  put_int("label", 7);
  slim_example_put_int64s(&writer, "list", list, 3);
  slim_example_put_bytes(&writer, "words", words, 2);
  ck_assert_msg(decode(decoder, sample, &error) == SLIM_OK, "%s", error.text);
  const slim_item *label = slim_sample_item(sample, "label"), *pair = slim_sample_item(sample, "pair");
  ck_assert_int_eq(label->shape.rank, 0);
  ck_assert_int_eq(*(int64_t *)label->data, 7);
  ck_assert_int_eq(pair->shape.dim[0], 2);
  ck_assert(((float *)pair->data)[0] == 0.5f && ((float *)pair->data)[1] == 0.5f);
  ck_assert_uint_eq(slim_item_elements(slim_sample_item(sample, "list")), 3);
  ck_assert_mem_eq(slim_sample_item(sample, "list")->data, list, sizeof list);
  const slim_string *text = slim_sample_item(sample, "text")->data;
  ck_assert(text->size == 4 && !memcmp(text->data, "none", 4));
  const slim_string *word = slim_sample_item(sample, "words")->data;
  ck_assert(word[0].size == 3 && !memcmp(word[0].data, "one", 3) && word[1].size == 0);
  ck_assert_ptr_null(slim_sample_item(sample, "nothing"));
  begin(); /* a second record in the same sample: missing list */
  put_int("label", 8);
  ck_assert_int_eq(decode(decoder, sample, &error), SLIM_OK);
  ck_assert_uint_eq(slim_item_elements(slim_sample_item(sample, "list")), 0);
  ck_assert_int_eq(slim_sample_item(sample, "list")->shape.rank, 1);
  ck_assert_int_eq(slim_decoder_num_items(decoder), 5);
  ck_assert_str_eq(slim_decoder_item_name(decoder, 4), "words");
  ck_assert_ptr_null(slim_decoder_item_name(decoder, 5));
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
  slim_bytes_free(&record);
}
END_TEST

START_TEST(a_required_feature_must_be_there)
{
  begin();
  expect_error(&label_handler, "feature 'label' is required, but the record has none");
}
END_TEST

START_TEST(a_feature_of_another_type_is_an_error)
{
  const float value = 1.0f;
  begin();
  slim_example_put_floats(&writer, "label", &value, 1);
  expect_error(&label_handler, "feature 'label' holds float32, int64 is expected");
}
END_TEST

START_TEST(a_fixed_feature_has_its_number_of_values)
{
  const int64_t values[] = { 1, 2 };
  begin();
  slim_example_put_int64s(&writer, "label", values, 2);
  expect_error(&label_handler, "feature 'label' holds 2 values, its shape [] needs 1");
}
END_TEST

START_TEST(damaged_bytes_are_no_record)
{
  static const unsigned char damaged[][4] = { { 0x0A, 0xFF, 0xFF, 0x7F }, { 0x0B, 1, 2, 3 }, { 0x0A, 2, 0x0A, 0x09 } };
  slim_decoder *decoder = make(&label_handler, 1);
  slim_sample *sample = slim_sample_create(decoder);
  slim_error error = { 0 };
  ck_assert_int_eq(slim_decoder_decode(decoder, damaged[_i], 4, sample, &error), SLIM_ERR_DATA);
  ck_assert_str_ne(error.text, "");
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
}
END_TEST

static const struct shape_case {
  const char *label;
  slim_item_handler handler;
  int64_t shape[3];
  int shape_count, values;
  slim_shape result;
  const char *error;
} shape_cases[] = {
  { "fixed", { .has_shape = true, .shape = { 2, { 2, 3 } } }, { 0 }, 0, 6, { 2, { 2, 3 } }, NULL },
  { "open", { .has_shape = true, .shape = { 2, { -1, 2 } } }, { 0 }, 0, 6, { 2, { 3, 2 } }, NULL },
  { "from keys", { .shape_keys = { "shape" } }, { 3, 1, 2 }, 3, 6, { 3, { 3, 1, 2 } }, NULL },
  { "misfit",
    { .has_shape = true, .shape = { 1, { 5 } } },
    { 0 },
    0,
    6,
    { 0, { 0 } },
    "item 'it': 6 values do not fit the shape [5]" },
  { "no multiple",
    { .has_shape = true, .shape = { 2, { -1, 4 } } },
    { 0 },
    0,
    6,
    { 0, { 0 } },
    "item 'it': 6 values do not fit the shape [?,4]" },
  { "negative",
    { .shape_keys = { "shape" } },
    { -3, -2 },
    2,
    6,
    { 0, { 0 } },
    "item 'it': its shape features hold no shape" },
  { "overflow",
    { .shape_keys = { "shape" } },
    { INT32_MAX, INT32_MAX, INT32_MAX },
    3,
    6,
    { 0, { 0 } },
    "item 'it': 6 values do not fit the shape [2147483647,2147483647,2147483647]" },
};

START_TEST(tensors_take_shapes)
{
  const struct shape_case *c = &shape_cases[_i];
  const int64_t values[] = { 1, 2, 3, 4, 5, 6 };
  slim_item_handler handler = c->handler;
  handler.item = "it";
  handler.kind = SLIM_HANDLE_TENSOR;
  handler.keys[0] = "list";
  begin();
  put_int("label", 0);
  slim_example_put_int64s(&writer, "list", values, (size_t)c->values);
  slim_example_put_int64s(&writer, "shape", c->shape, (size_t)c->shape_count);
  if (c->error) {
    expect_error(&handler, c->error);
    return;
  }
  slim_decoder *decoder = make(&handler, 1);
  slim_sample *sample = slim_sample_create(decoder);
  slim_error error;
  ck_assert_msg(decode(decoder, sample, &error) == SLIM_OK, "%s: %s", c->label, error.text);
  ck_assert(slim_shape_equal(&slim_sample_item(sample, "it")->shape, &c->result));
  ck_assert_mem_eq(slim_sample_item(sample, "it")->data, values, sizeof values);
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
  slim_bytes_free(&record);
}
END_TEST

static const struct image_case {
  const char *label;
  int channels; /* of the handler */
  slim_shape shape;
  int side, file_channels; /* of the PNG; side 0: the bytes in raw */
  const char *format, *raw;
  const char *error;
} image_cases[] = {
  { "grey", 1, { 3, { 5, 5, 1 } }, 5, 1, "png", NULL, NULL },
  { "the declared format does not matter", 1, { 3, { 5, 5, 1 } }, 5, 1, "jpg", NULL, NULL },
  { "grey to colour", 3, { 0, { 0 } }, 5, 1, "png", NULL, NULL },
  { "colour", 0, { 0, { 0 } }, 7, 3, "png", NULL, NULL },
  { "raw", 1, { 3, { 2, 3, 1 } }, 0, 0, "raw", "abcdef", NULL },
  { "RAW", 1, { 3, { 2, 3, 1 } }, 0, 0, "RAW", "abcdef", NULL },
  { "raw size", 1, { 3, { 2, 3, 1 } }, 0, 0, "raw", "abcde", "item 'image': 5 values do not fit the shape [2,3,1]" },
  { "raw without shape", 1, { 0, { 0 } }, 0, 0, "raw", "abcde", "item 'image': a raw image needs a declared shape" },
  { "other size",
    1,
    { 3, { 28, 28, 1 } },
    5,
    1,
    "png",
    NULL,
    "item 'image': the image is [5,5,1], [28,28,1] is expected" },
};

START_TEST(images_are_decoded)
{
  const struct image_case *c = &image_cases[_i];
  const slim_item_handler handler = { .item = "image",
                                      .kind = SLIM_HANDLE_IMAGE,
                                      .channels = c->channels,
                                      .has_shape = c->shape.rank > 0,
                                      .shape = c->shape };
  slim_bytes png = { 0 };
  begin();
  put_int("label", 0);
  if (c->side) {
    data_append_png(&png, c->side, c->file_channels, 9);
    const slim_span span = slim_span_of(&png);
    slim_example_put_bytes(&writer, "image/encoded", &span, 1);
  } else {
    slim_example_put_text(&writer, "image/encoded", c->raw);
  }
  slim_example_put_text(&writer, "image/format", c->format);
  slim_bytes_free(&png);
  if (c->error) {
    expect_error(&handler, c->error);
    return;
  }
  slim_decoder *decoder = make(&handler, 1);
  slim_sample *sample = slim_sample_create(decoder);
  slim_error error;
  ck_assert_msg(decode(decoder, sample, &error) == SLIM_OK, "%s: %s", c->label, error.text);
  const slim_item *image = slim_sample_item(sample, "image");
  const unsigned char *pixels = image->data;
  ck_assert_int_eq(image->dtype, SLIM_UINT8);
  ck_assert_int_eq(image->shape.dim[2], c->channels ? c->channels : 3);
  if (c->side) {
    ck_assert_int_eq(image->shape.dim[0], c->side);
    ck_assert_int_eq(pixels[0], 246);
    ck_assert_int_eq(pixels[slim_item_elements(image) - 1], 9);
  } else {
    ck_assert_mem_eq(pixels, c->raw, strlen(c->raw));
  }
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
  slim_bytes_free(&record);
}
END_TEST

START_TEST(bytes_that_are_no_image_are_an_error)
{
  static const char *const bytes[] = { "", "hello", "\x89PNG\r\n\x1a\n", "\xff\xd8\xff" };
  const slim_item_handler handler = { .item = "image", .kind = SLIM_HANDLE_IMAGE };
  slim_decoder *decoder = make(&handler, 1);
  slim_sample *sample = slim_sample_create(decoder);
  slim_error error;
  begin();
  put_int("label", 0);
  slim_example_put_text(&writer, "image/encoded", bytes[_i]);
  ck_assert_int_ne(decode(decoder, sample, &error), SLIM_OK);
  ck_assert_msg(!strncmp(error.text, "item 'image': ", 14) && strlen(error.text) > 20, "%s", error.text);
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
  slim_bytes_free(&record);
}
END_TEST

static void put_boxes(int count, int last_count)
{
  static const char *const keys[] = { "box/ymin", "box/xmin", "box/ymax", "box/xmax" };
  for (int k = 0; k < 4; k++) {
    float side[4];
    for (int i = 0; i < 4; i++) {
      side[i] = (float)(i * 4 + k);
    }
    slim_example_put_floats(&writer, keys[k], side, (size_t)(k < 3 ? count : last_count));
  }
}

START_TEST(boxes_are_interleaved)
{
  const slim_item_handler handler = { .item = "object/bbox", .kind = SLIM_HANDLE_BOUNDING_BOX, .prefix = "box/" };
  slim_decoder *decoder = make(&handler, 1);
  slim_sample *sample = slim_sample_create(decoder);
  slim_error error;
  for (int count = 0; count <= 3; count += 3) {
    begin();
    put_int("label", 0);
    put_boxes(count, count);
    ck_assert_int_eq(decode(decoder, sample, &error), SLIM_OK);
    const slim_item *boxes = slim_sample_item(sample, "object/bbox");
    ck_assert(boxes->shape.rank == 2 && boxes->shape.dim[0] == count && boxes->shape.dim[1] == 4);
    for (int i = 0; i < 4 * count; i++) {
      ck_assert(((float *)boxes->data)[i] == (float)i);
    }
  }
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
  begin();
  put_int("label", 0);
  put_boxes(3, 2);
  expect_error(&handler, "item 'object/bbox': feature 'box/xmax' has 2 values of float32, 'box/ymin' has 3");
}
END_TEST

static slim_status add_up(void *user, const slim_item *const *features, int num_features, slim_item *item,
                          slim_error *error)
{
  const slim_shape scalar = { 0, { 0 } };
  int64_t *sum = slim_item_resize(item, SLIM_INT64, &scalar, error);
  ck_assert_int_eq(num_features, 2);
  *sum = *(const int *)user + *(const int64_t *)features[1]->data;
  for (size_t i = 0; i < slim_item_elements(features[0]); i++) {
    *sum += ((const int64_t *)features[0]->data)[i];
  }
  return SLIM_OK;
}

START_TEST(a_callback_makes_its_item)
{
  int start = 1000;
  const int64_t values[] = { 1, 2, 3 };
  const slim_item_handler handler = {
    .item = "sum", .kind = SLIM_HANDLE_CALLBACK, .keys = { "list", "label" }, .callback = add_up, .user = &start
  };
  slim_decoder *decoder = make(&handler, 1);
  slim_sample *sample = slim_sample_create(decoder);
  slim_error error;
  begin();
  put_int("label", 100);
  slim_example_put_int64s(&writer, "list", values, 3);
  ck_assert_int_eq(decode(decoder, sample, &error), SLIM_OK);
  ck_assert_int_eq(*(int64_t *)slim_sample_item(sample, "sum")->data, 1106);
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
  slim_bytes_free(&record);
}
END_TEST

START_TEST(backup_serves_when_the_first_is_empty)
{
  const slim_item_handler list = { .kind = SLIM_HANDLE_TENSOR, .keys = { "list" } };
  const slim_item_handler handler = {
    .item = "it", .kind = SLIM_HANDLE_BACKUP, .first = &list, .backup = &label_handler
  };
  const int64_t value = 55;
  slim_decoder *decoder = make(&handler, 1);
  slim_sample *sample = slim_sample_create(decoder);
  slim_error error;
  for (int with_list = 0; with_list < 2; with_list++) {
    begin();
    put_int("label", 3);
    slim_example_put_int64s(&writer, "list", &value, (size_t)with_list);
    ck_assert_int_eq(decode(decoder, sample, &error), SLIM_OK);
    ck_assert_int_eq(*(int64_t *)slim_sample_item(sample, "it")->data, with_list ? 55 : 3);
  }
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
  slim_bytes_free(&record);
}
END_TEST

static const struct wrong_decoder {
  slim_feature_spec features[2];
  int num_features;
  slim_item_handler handlers[2];
  int num_handlers;
  const char *text;
} wrong_decoders[] = {
  { { { .key = "a", .dtype = SLIM_UINT8 } },
    1,
    { { 0 } },
    0,
    "decoder: feature 'a' is uint8; records hold float32, int64 and string" },
  { { { .key = "a", .dtype = SLIM_INT64 }, { .key = "a", .dtype = SLIM_INT64 } },
    2,
    { { 0 } },
    0,
    "decoder: feature 'a' is given twice" },
  { { { .key = NULL, .dtype = SLIM_INT64 } }, 1, { { 0 } }, 0, "decoder: feature 0 has no key" },
  { { { .key = "a", .dtype = SLIM_INT64 } },
    1,
    { { .item = "it", .kind = SLIM_HANDLE_TENSOR, .keys = { "b" } } },
    1,
    "decoder: item 'it' needs the feature 'b', which is not given" },
  { { { .key = "a", .dtype = SLIM_INT64 } },
    1,
    { { .item = "it", .kind = SLIM_HANDLE_IMAGE } },
    1,
    "decoder: item 'it' needs the feature 'image/encoded', which is not given" },
  { { { .key = "a", .dtype = SLIM_INT64 } },
    1,
    { { .item = "it", .kind = SLIM_HANDLE_TENSOR, .keys = { "a" } },
      { .item = "it", .kind = SLIM_HANDLE_TENSOR, .keys = { "a" } } },
    2,
    "decoder: item 'it' is given twice" },
  { { { .key = "a", .dtype = SLIM_INT64 } },
    1,
    { { .item = "it", .kind = SLIM_HANDLE_TENSOR, .keys = { "a" }, .has_shape = true, .shape_keys = { "a" } } },
    1,
    "decoder: item 'it' has both shape and shape_keys; give one" },
  { { { .key = "a", .dtype = SLIM_INT64 } },
    1,
    { { .item = "it", .kind = SLIM_HANDLE_IMAGE, .channels = 2 } },
    1,
    "decoder: item 'it' has 2 channels; 1 and 3 are possible" },
  { { { .key = "a", .dtype = SLIM_INT64 } },
    1,
    { { .item = "it", .keys = { "a" } } },
    1,
    "decoder: item 'it' has no handler of kind 0" },
  { { { .key = "a", .dtype = SLIM_INT64 } },
    1,
    { { .kind = SLIM_HANDLE_TENSOR, .keys = { "a" } } },
    1,
    "decoder: a handler has no item name" },
  { { { .key = "a", .dtype = SLIM_INT64 } },
    1,
    { { .item = "it", .kind = SLIM_HANDLE_BACKUP } },
    1,
    "decoder: item 'it' needs both first and backup" },
  { { { .key = "a", .dtype = SLIM_INT64 } },
    1,
    { { .item = "it", .kind = SLIM_HANDLE_CALLBACK, .keys = { "a" } } },
    1,
    "decoder: item 'it' has no callback" },
};

START_TEST(wrong_decoders_are_named)
{
  const struct wrong_decoder *c = &wrong_decoders[_i];
  slim_decoder *decoder = NULL;
  slim_error error = { 0 };
  ck_assert_int_eq(slim_decoder_create(c->features, c->num_features, c->handlers, c->num_handlers, &decoder, &error),
                   SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, c->text);
  ck_assert_ptr_null(decoder);
}
END_TEST

START_TEST(items_refuse_shapes_that_cannot_be)
{
  const slim_shape huge = { 4, { INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX } }, negative = { 1, { -1 } };
  slim_item item = { 0 };
  slim_error error = { 0 };
  ck_assert_ptr_null(slim_item_resize(&item, SLIM_FLOAT32, &huge, &error));
  ck_assert_int_eq(error.status, SLIM_ERR_SHAPE);
  ck_assert_ptr_null(slim_item_resize(&item, SLIM_FLOAT32, &negative, NULL));
  ck_assert_ptr_null(slim_item_resize(&item, SLIM_DTYPE_NONE, &(slim_shape){ 0, { 0 } }, NULL));
  slim_item_clear(&item);
}
END_TEST

/* --- sequences ---------------------------------------------------------------------------------------------------- */

static const slim_feature_spec lists[] = {
  { .key = "pair", .dtype = SLIM_INT64, .shape = { 1, { 2 } } },
  { .key = "ragged", .dtype = SLIM_FLOAT32, .var_len = true },
  { .key = "other", .dtype = SLIM_FLOAT32, .var_len = true },
  { .key = "ids", .dtype = SLIM_INT64, .var_len = true },
};

/* A list of steps, each a run of count[i] numbers from i on; floats or int64. */
static void put_list(slim_bytes *out, const char *key, bool floats, const int *count, int steps)
{
  const size_t entry = slim_proto_begin(out, 1);
  slim_proto_put_text(out, 1, key);
  const size_t list = slim_proto_begin(out, 2);
  for (int t = 0; t < steps; t++) {
    float values[8];
    int64_t ints[8];
    for (int i = 0; i < count[t]; i++) {
      values[i] = (float)(t + i);
      ints[i] = t + i;
    }
    const size_t feature = slim_proto_begin(out, 1);
    const size_t kind = slim_proto_begin(out, floats ? SLIM_FEATURE_FLOAT : SLIM_FEATURE_INT64);
    for (int i = 0; i < count[t]; i++) {
      if (floats) {
        slim_proto_put_float(out, 1, values[i]);
      } else {
        slim_proto_put_varint(out, 1, (uint64_t)ints[i]);
      }
    }
    slim_proto_end(out, kind);
    slim_proto_end(out, feature);
  }
  slim_proto_end(out, list);
  slim_proto_end(out, entry);
}

static const struct sequence_case {
  const char *label;
  slim_item_handler handler;
  int pair[3], ragged[3], other[3], ids[3]; /* values a step; -1: no list */
  bool pair_of_floats;
  const char *text;
} sequence_cases[] = {
  { "missing",
    { .kind = SLIM_HANDLE_TENSOR, .keys = { "pair" } },
    { -1 },
    { 1 },
    { 1 },
    { 1 },
    false,
    "feature list 'pair' is required, but the record has none" },
  { "type",
    { .kind = SLIM_HANDLE_TENSOR, .keys = { "pair" } },
    { 2, 2, 2 },
    { 1 },
    { 1 },
    { 1 },
    true,
    "feature list 'pair' holds float32 at step 0, int64 is expected" },
  { "count",
    { .kind = SLIM_HANDLE_TENSOR, .keys = { "pair" } },
    { 2, 1, 2 },
    { 1 },
    { 1 },
    { 1 },
    false,
    "feature list 'pair' holds 1 values at step 1, its shape [2] needs 2" },
  { "boxes",
    { .kind = SLIM_HANDLE_KEYPOINTS_SEQUENCE, .keys = { "ragged", "other" } },
    { 2, 2, 2 },
    { 1, 2, 1 },
    { 1, 1, 1 },
    { 1 },
    false,
    "item 'it': feature 'other' is float32 [3,1], 'ragged' has [3,2]" },
  { "dense",
    { .kind = SLIM_HANDLE_KEYPOINTS_SEQUENCE, .keys = { "ragged", "pair" } },
    { 2, 2, 2 },
    { 1, 2, 1 },
    { 1 },
    { 1 },
    false,
    "item 'it': feature 'pair' must be a list by time of any length" },
  { "number",
    { .kind = SLIM_HANDLE_NUM_BOXES_SEQUENCE, .keys = { "ragged", "other" } },
    { 2, 2, 2 },
    { 1, 2, 1 },
    { 1, 1, 2 },
    { 1 },
    false,
    "item 'it': features 'ragged' and 'other' differ in boxes by time" },
  { "order",
    { .kind = SLIM_HANDLE_SPARSE_TENSOR, .keys = { "ids", "ragged" }, .densify = true },
    { 2, 2, 2 },
    { 1, 1, 1 },
    { 1 },
    { 1, 1, 2 },
    false,
    "item 'it': feature 'ids' has 4 values of int64, 'ragged' has 3" },
  { "outside",
    { .kind = SLIM_HANDLE_SPARSE_TENSOR, .keys = { "ids", "ragged" }, .densify = true },
    { 2, 2, 2 },
    { 1, 1, 1 },
    { 1 },
    { 1, 1, 1 },
    false,
    "item 'it': the place of value 1 is outside of [3,1]" },
  { "rank",
    { .kind = SLIM_HANDLE_SPARSE_TENSOR, .keys = { "ids", "ragged" }, .has_shape = true, .shape = { 1, { 9 } } },
    { 2, 2, 2 },
    { 1, 1, 1 },
    { 1 },
    { 1, 1, 1 },
    false,
    "item 'it': its shape [9] does not fit indices of 2 dimensions" },
  { "large",
    { .kind = SLIM_HANDLE_SPARSE_TENSOR,
      .keys = { "ids", "ragged" },
      .densify = true,
      .has_shape = true,
      .shape = { 2, { 70000, 70000 } } },
    { 2, 2, 2 },
    { 1, 1, 1 },
    { 1 },
    { 1, 1, 1 },
    false,
    "item 'it': a dense value of shape [70000,70000] is too large" },
};

static void put_lists(const struct sequence_case *c)
{
  const int *const counts[] = { c->pair, c->ragged, c->other, c->ids };
  const size_t all = slim_proto_begin(&record, 2);
  for (int i = 0; i < DATA_COUNT(lists); i++) {
    const bool floats = i == 0 ? c->pair_of_floats : i < 3;
    if (counts[i][0] >= 0) {
      put_list(&record, lists[i].key, floats, counts[i], 3);
    }
  }
  slim_proto_end(&record, all);
}

START_TEST(errors_of_sequences_have_exact_text)
{
  const struct sequence_case *c = &sequence_cases[_i];
  slim_item_handler handler = c->handler;
  slim_decoder *decoder = NULL;
  slim_error error = { 0 };
  handler.item = "it";
  ck_assert_msg(slim_sequence_decoder_create(NULL, 0, lists, DATA_COUNT(lists), &handler, 1, &decoder, &error) ==
                    SLIM_OK,
                "%s", error.text);
  slim_sample *sample = slim_sample_create(decoder);
  record.size = 0;
  put_lists(c);
  ck_assert_int_eq(slim_decoder_decode(decoder, record.data, record.size, sample, &error), SLIM_ERR_DATA);
  ck_assert_str_eq(error.text, c->text);
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_decoder_decode(decoder, record.data, record.size - 3, sample, &error), SLIM_ERR_DATA);
  ck_assert_msg(strstr(error.text, "is cut off") != NULL, "%s", error.text);
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
  slim_bytes_free(&record);
}
END_TEST

START_TEST(keys_of_context_and_sequence_are_unique)
{
  slim_decoder *decoder = NULL;
  slim_error error = { 0 };
  const slim_item_handler lookup = { .item = "it", .kind = SLIM_HANDLE_LOOKUP, .keys = { "text" } };
  ck_assert_int_eq(slim_sequence_decoder_create(lists, 1, lists, 2, NULL, 0, &decoder, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "decoder: feature 'pair' is given twice");
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_decoder_create(specs, DATA_COUNT(specs), &lookup, 1, &decoder, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "decoder: item 'it' has no table to look up in");
}
END_TEST

/* Three images of one size; then one of another. */
START_TEST(images_may_be_repeated)
{
  slim_bytes png[3] = { { 0 }, { 0 }, { 0 } };
  slim_span all[3];
  slim_error error;
  const slim_feature_spec features[] = { { .key = "image/encoded", .dtype = SLIM_STRING, .var_len = true },
                                         { .key = "image/format", .dtype = SLIM_STRING, .has_default = true } };
  const slim_item_handler handler = { .item = "images", .kind = SLIM_HANDLE_IMAGE, .channels = 1, .repeated = true };
  slim_decoder *decoder = NULL;
  ck_assert_int_eq(slim_decoder_create(features, 2, &handler, 1, &decoder, NULL), SLIM_OK);
  slim_sample *sample = slim_sample_create(decoder);
  for (int last = 5; last <= 6; last++) {
    for (int i = 0; i < 3; i++) {
      png[i].size = 0;
      data_append_png(&png[i], i < 2 ? 5 : last, 1, 10 * i);
      all[i] = slim_span_of(&png[i]);
    }
    begin();
    slim_example_put_bytes(&writer, "image/encoded", all, 3);
    ck_assert_int_eq(decode(decoder, sample, &error), last == 5 ? SLIM_OK : SLIM_ERR_DATA);
    ck_assert_str_eq(error.text, last == 5 ? "" : "item 'images': image 2 is [6,6,1], the first is [5,5,1]");
    const slim_item *item = slim_sample_item(sample, "images");
    ck_assert(slim_shape_equal(&item->shape, &(slim_shape){ 4, { 3, 5, 5, 1 } }));
    ck_assert_int_eq(((unsigned char *)item->data)[25 + 7], 10);
    ck_assert(last == 6 || ((unsigned char *)item->data)[74] == 20);
  }
  begin();
  ck_assert_int_eq(decode(decoder, sample, &error), SLIM_OK);
  ck_assert_uint_eq(slim_item_elements(slim_sample_item(sample, "images")), 0);
  for (int i = 0; i < 3; i++) {
    slim_bytes_free(&png[i]);
  }
  slim_sample_destroy(sample);
  slim_decoder_destroy(decoder);
  slim_bytes_free(&record);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, errors_of_sequences_have_exact_text, 0, DATA_COUNT(sequence_cases));
  tcase_add_test(c, keys_of_context_and_sequence_are_unique);
  tcase_add_test(c, images_may_be_repeated);
  tcase_add_test(c, tensors_have_values_defaults_and_lists);
  tcase_add_test(c, a_required_feature_must_be_there);
  tcase_add_test(c, a_feature_of_another_type_is_an_error);
  tcase_add_test(c, a_fixed_feature_has_its_number_of_values);
  tcase_add_loop_test(c, damaged_bytes_are_no_record, 0, 3);
  tcase_add_loop_test(c, tensors_take_shapes, 0, DATA_COUNT(shape_cases));
  tcase_add_loop_test(c, images_are_decoded, 0, DATA_COUNT(image_cases));
  tcase_add_loop_test(c, bytes_that_are_no_image_are_an_error, 0, 4);
  tcase_add_test(c, boxes_are_interleaved);
  tcase_add_test(c, a_callback_makes_its_item);
  tcase_add_test(c, backup_serves_when_the_first_is_empty);
  tcase_add_loop_test(c, wrong_decoders_are_named, 0, DATA_COUNT(wrong_decoders));
  tcase_add_test(c, items_refuse_shapes_that_cannot_be);
}

TEST_MAIN("data_decoder", build, NULL)
