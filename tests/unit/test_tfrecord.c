#include "formats/example.h"
#include "formats/tfrecord.h"
#include "test_files.h"

#include <zlib.h>

enum { COUNT = 40 };

/* Record i has length(i) bytes of i. */
static size_t length(int i)
{
  static const size_t lengths[] = { 0, 1, 120, 70000, 5 };
  return lengths[i % 5];
}

static void write_records(const char *path)
{
  slim_tfrecord_writer *writer = NULL;
  unsigned char *data = malloc(70000);
  slim_error error = { 0 };
  ck_assert_msg(slim_tfrecord_writer_open(path, &writer, &error) == SLIM_OK, "%s", error.text);
  for (int i = 0; i < COUNT; i++) {
    memset(data, i, 70000);
    ck_assert_int_eq(slim_tfrecord_writer_write(writer, data, length(i), &error), SLIM_OK);
  }
  ck_assert(!slim_file_exists(path));
  ck_assert_msg(slim_tfrecord_writer_finish(writer, &error) == SLIM_OK, "%s", error.text);
  free(data);
}

static void compress_file(const char *from, const char *to, int window)
{
  const slim_span in = test_read(from);
  z_stream z = { 0 };
  ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  const size_t room = deflateBound(&z, in.size);
  unsigned char *out = malloc(room);
  z.next_in = (unsigned char *)(uintptr_t)in.data;
  z.avail_in = (uInt)in.size;
  z.next_out = out;
  z.avail_out = (uInt)room;
  ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
  ck_assert_int_eq(slim_file_write(to, out, room - z.avail_out, NULL), SLIM_OK);
  deflateEnd(&z);
  free(out);
  test_free(in);
}

/* The records from number first on. */
static void check_records(slim_tfrecord_reader *reader, int first)
{
  slim_span record;
  slim_error error = { 0 };
  for (int i = first; i < COUNT; i++) {
    ck_assert_msg(slim_tfrecord_reader_next(reader, &record, &error) == SLIM_OK, "%s", error.text);
    ck_assert_uint_eq(record.size, length(i));
    ck_assert(record.size == 0 || (record.data[0] == i && record.data[record.size - 1] == i));
  }
  ck_assert_int_eq(slim_tfrecord_reader_next(reader, &record, &error), SLIM_ERR_END);
}

START_TEST(records_come_back_plain_and_compressed)
{
  const char *path = test_path("a.tfrecord");
  write_records(path);
  if (_i > 0) {
    compress_file(path, test_path("b.tfrecord"), _i == 1 ? 15 + 16 : 15);
    path = test_path("b.tfrecord");
  }
  slim_tfrecord_reader *reader = NULL;
  slim_error error = { 0 };
  ck_assert_msg(slim_tfrecord_reader_open(path, &reader, &error) == SLIM_OK, "%s", error.text);
  check_records(reader, 0);
  ck_assert_int_eq(slim_tfrecord_reader_seek(reader, 0, &error), SLIM_OK);
  for (int i = 0; i < 17; i++) {
    ck_assert_int_eq(slim_tfrecord_reader_skip(reader, &error), SLIM_OK);
  }
  const uint64_t position = slim_tfrecord_reader_position(reader);
  check_records(reader, 17);
  ck_assert_int_eq(slim_tfrecord_reader_seek(reader, position, &error), SLIM_OK);
  check_records(reader, 17);
  slim_tfrecord_reader_close(reader);
  ck_assert_int_eq(slim_tfrecord_reader_open(path, &reader, &error), SLIM_OK);
  ck_assert_int_eq(slim_tfrecord_reader_seek(reader, position, &error), SLIM_OK);
  check_records(reader, 17);
  slim_tfrecord_reader_close(reader);
}
END_TEST

static slim_status read_all(slim_span file, int *records, slim_error *error)
{
  slim_tfrecord_reader *reader = NULL;
  slim_span record;
  slim_status status = slim_tfrecord_reader_open_memory(file, "m", &reader, error);
  for (*records = 0; status == SLIM_OK; *records += status == SLIM_OK) {
    status = slim_tfrecord_reader_next(reader, &record, error);
  }
  slim_tfrecord_reader_close(reader);
  return status;
}

START_TEST(each_changed_byte_and_each_cut_is_seen)
{
  slim_bytes file = { 0 };
  slim_error error = { 0 };
  int records = 0;
  slim_tfrecord_append(&file, "one", 3);
  slim_tfrecord_append(&file, "two more", 8);
  ck_assert_int_eq(read_all(slim_span_of(&file), &records, &error), SLIM_ERR_END);
  ck_assert_int_eq(records, 2);
  for (size_t i = 0; i < file.size; i++) {
    file.data[i] ^= 0x40;
    ck_assert_int_eq(read_all(slim_span_of(&file), &records, &error), SLIM_ERR_DATA);
    ck_assert_int_eq(records, i < 19 ? 0 : 1);
    file.data[i] ^= 0x40;
  }
  for (size_t cut = 1; cut < file.size; cut++) {
    const slim_status status = read_all((slim_span){ file.data, cut }, &records, &error);
    ck_assert_int_eq(status, cut == 19 ? SLIM_ERR_END : SLIM_ERR_DATA);
  }
  slim_bytes_free(&file);
}
END_TEST

START_TEST(errors_name_file_and_place)
{
  slim_bytes file = { 0 };
  slim_error error = { 0 };
  int records = 0;
  slim_tfrecord_append(&file, "one", 3);
  slim_tfrecord_append(&file, "two", 3);
  file.data[19 + 12] ^= 1;
  ck_assert_int_eq(read_all(slim_span_of(&file), &records, &error), SLIM_ERR_DATA);
  ck_assert_str_eq(error.text, "TFRecord 'm': wrong checksum of the data in the record at byte 19");
  slim_bytes_free(&file);
  slim_tfrecord_reader *reader = NULL;
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_tfrecord_reader_open("/no/such", &reader, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(error.text, "cannot open '/no/such': No such file or directory");
}
END_TEST

/* A length that its own checksum confirms, with nothing behind it: memory must not follow the claim. */
START_TEST(a_false_length_allocates_little)
{
  unsigned char head[SLIM_TFRECORD_HEAD];
  slim_error error = { 0 };
  int records = 0;
  slim_tfrecord_head(0x7FFFFFFF, head);
  ck_assert_int_eq(read_all((slim_span){ head, sizeof head }, &records, &error), SLIM_ERR_DATA);
  slim_tfrecord_head((size_t)1 << 40, head);
  ck_assert_int_eq(read_all((slim_span){ head, sizeof head }, &records, &error), SLIM_ERR_DATA);
}
END_TEST

static slim_span span_of(const char *text)
{
  return (slim_span){ (const unsigned char *)text, strlen(text) };
}

START_TEST(examples_come_back)
{
  static const float floats[] = { 0.5f, -1e30f, 0.0f };
  static const int64_t ints[] = { 0, -1, INT64_MIN, INT64_MAX, 300 };
  const slim_span texts[] = { span_of("one"), span_of(""), span_of("three") };
  slim_bytes out = { 0 };
  slim_example_writer writer = slim_example_begin(&out);
  slim_example_put_floats(&writer, "f", floats, 3);
  slim_example_put_int64s(&writer, "i", ints, 5);
  slim_example_put_bytes(&writer, "b", texts, 3);
  slim_example_put_text(&writer, "t", "png");
  slim_example_put_int64s(&writer, "none", NULL, 0);
  ck_assert(slim_example_end(&writer));
  slim_example example = { 0 };
  ck_assert_int_eq(slim_example_parse(&example, slim_span_of(&out), NULL), SLIM_OK);
  ck_assert_uint_eq(example.count, 5);
  float f[4];
  int64_t i[6];
  slim_span b[4];
  ck_assert_uint_eq(slim_feature_read_floats(slim_example_find(&example, "f"), f, 4), 3);
  ck_assert_mem_eq(f, floats, sizeof floats);
  ck_assert_uint_eq(slim_feature_read_int64s(slim_example_find(&example, "i"), i, 6), 5);
  ck_assert_mem_eq(i, ints, sizeof ints);
  ck_assert_uint_eq(slim_feature_read_int64s(slim_example_find(&example, "i"), i, 2), 2);
  ck_assert_uint_eq(slim_feature_read_bytes(slim_example_find(&example, "b"), b, 4), 3);
  ck_assert(b[0].size == 3 && b[1].size == 0 && memcmp(b[2].data, "three", 5) == 0);
  ck_assert_uint_eq(slim_feature_read_floats(slim_example_find(&example, "i"), f, 4), 0);
  ck_assert_uint_eq(slim_example_find(&example, "none")->count, 0);
  ck_assert_ptr_null(slim_example_find(&example, "absent"));
  slim_example_free(&example);
  slim_bytes_free(&out);
}
END_TEST

/* Unpacked lists, several lists, the last of two kinds, the last of two equal keys. */
static const struct odd_case {
  const char *record;
  size_t size;
  slim_feature_kind kind;
  size_t count;
} odd[] = {
  { "\x0A\x0D\x0A\x0B\x0A\x01k\x12\x06\x1A\x04\x08\x05\x08\x07", 15, SLIM_FEATURE_INT64, 2 },
  { "\x0A\x10\x0A\x0E\x0A\x01k\x12\x09\x1A\x02\x08\x05\x1A\x03\x0A\x01\x07", 18, SLIM_FEATURE_INT64, 2 },
  { "\x0A\x0F\x0A\x0D\x0A\x01k\x12\x08\x1A\x02\x08\x05\x0A\x02\x0A\x00", 17, SLIM_FEATURE_BYTES, 1 },
  { "\x0A\x18\x0A\x09\x0A\x01k\x12\x04\x1A\x02\x08\x05\x0A\x0B\x0A\x01k\x12\x06\x1A\x04\x0A\x02\x05\x06", 26,
    SLIM_FEATURE_INT64, 2 },
  { "\x0A\x07\x0A\x05\x0A\x01k\x12\x00", 9, SLIM_FEATURE_NONE, 0 },
  { "\x0A\x05\x0A\x03\x0A\x01k", 7, SLIM_FEATURE_NONE, 0 },
};

START_TEST(odd_but_valid_examples_parse)
{
  slim_example example = { 0 };
  slim_error error = { 0 };
  const slim_span record = { (const unsigned char *)odd[_i].record, odd[_i].size };
  ck_assert_msg(slim_example_parse(&example, record, &error) == SLIM_OK, "%s", error.text);
  const slim_feature *feature = slim_example_find(&example, "k");
  ck_assert_ptr_nonnull(feature);
  ck_assert_int_eq(feature->kind, odd[_i].kind);
  ck_assert_uint_eq(feature->count, odd[_i].count);
  slim_example_free(&example);
}
END_TEST

START_TEST(cut_examples_are_errors_or_shorter)
{
  slim_bytes out = { 0 };
  static const float floats[] = { 0.5f, 1.0f };
  slim_example_writer writer = slim_example_begin(&out);
  slim_example_put_floats(&writer, "f", floats, 2);
  slim_example_put_text(&writer, "t", "png");
  ck_assert(slim_example_end(&writer));
  slim_example example = { 0 };
  for (size_t cut = 1; cut < out.size; cut++) {
    ck_assert_int_eq(slim_example_parse(&example, (slim_span){ out.data, cut }, NULL), SLIM_ERR_DATA);
  }
  slim_example_free(&example);
  slim_bytes_free(&out);
}
END_TEST

/* Records that TensorFlow wrote: see make_tensorflow_fixtures.py. */
START_TEST(tensorflow_records_parse)
{
  static const char *const names[] = { "examples.tfrecord", "examples.tfrecord.gz", "examples.tfrecord.zlib" };
  slim_tfrecord_reader *reader = NULL;
  slim_example example = { 0 };
  slim_span record, text[2];
  slim_error error = { 0 };
  ck_assert_msg(slim_tfrecord_reader_open(test_data(names[_i]), &reader, &error) == SLIM_OK, "%s", error.text);
  for (int i = 0; i < 5; i++) {
    int64_t label[3];
    float box[2];
    ck_assert_msg(slim_tfrecord_reader_next(reader, &record, &error) == SLIM_OK, "%s", error.text);
    ck_assert_msg(slim_example_parse(&example, record, &error) == SLIM_OK, "%s", error.text);
    ck_assert_uint_eq(slim_feature_read_int64s(slim_example_find(&example, "image/class/label"), label, 3), 3);
    ck_assert(label[0] == i && label[1] == -i && label[2] == (int64_t)1 << 40);
    ck_assert_uint_eq(slim_feature_read_floats(slim_example_find(&example, "box"), box, 2), 2);
    ck_assert(box[0] == 0.5f * (float)i && box[1] == -1.25f);
    ck_assert_uint_eq(slim_feature_read_bytes(slim_example_find(&example, "image/encoded"), text, 2), 2);
    ck_assert(text[0].size == 20 && text[0].data[0] == i && text[0].data[19] == i + 19 && text[1].size == 0);
    ck_assert_int_eq(slim_example_find(&example, "nothing")->kind, SLIM_FEATURE_NONE);
    ck_assert_uint_eq(slim_example_find(&example, "empty")->count, 0);
  }
  ck_assert_int_eq(slim_tfrecord_reader_next(reader, &record, &error), SLIM_ERR_END);
  slim_tfrecord_reader_close(reader);
  slim_example_free(&example);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, test_folder_make, test_folder_remove);
  tcase_add_loop_test(c, records_come_back_plain_and_compressed, 0, 3);
  tcase_add_test(c, each_changed_byte_and_each_cut_is_seen);
  tcase_add_test(c, errors_name_file_and_place);
  tcase_add_test(c, a_false_length_allocates_little);
  tcase_add_test(c, examples_come_back);
  tcase_add_loop_test(c, odd_but_valid_examples_parse, 0, (int)(sizeof odd / sizeof *odd));
  tcase_add_test(c, cut_examples_are_errors_or_shorter);
  tcase_add_loop_test(c, tensorflow_records_parse, 0, 3);
}

TEST_MAIN("tfrecord", build, NULL)
