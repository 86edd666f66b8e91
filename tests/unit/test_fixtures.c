/* Real files from elsewhere, in the folder SLIM_FIXTURES (../shared/fixtures beside the source without it): checkpoints
 * and records read to their end, images decode or say why not. Skipped where the folder is missing. */
#include "formats/example.h"
#include "formats/image.h"
#include "formats/tfrecord.h"
#include "slim/checkpoint.h"
#include "test_files.h"

static const char *fixtures(void)
{
  static char path[1024];
  const char *set = getenv("SLIM_FIXTURES"), *root = getenv("SLIM_SOURCE_ROOT");
  (void)snprintf(path, sizeof path, "%s%s", set ? set : root ? root : ".", set ? "" : "/../shared/fixtures");
  return path;
}

static bool available(char *why, size_t size)
{
  (void)snprintf(why, size, "no folder %s", fixtures());
  return slim_file_is_folder(fixtures());
}

/* Calls check for each file of a folder of fixtures; some must be there. */
static void for_each(const char *folder, void (*check)(const char *path))
{
  char *path = slim_file_join(fixtures(), folder);
  slim_file_names names;
  ck_assert_int_eq(slim_file_list(path, &names, NULL), SLIM_OK);
  ck_assert_uint_gt(names.count, 0);
  for (size_t i = 0; i < names.count; i++) {
    char *file = slim_file_join(path, names.item[i]);
    check(file);
    free(file);
  }
  slim_file_names_free(&names);
  free(path);
}

static void read_checkpoint(const char *prefix)
{
  slim_checkpoint_reader *reader = NULL;
  slim_error error = { 0 };
  ck_assert_msg(slim_checkpoint_reader_open(prefix, &reader, &error) == SLIM_OK, "%s", error.text);
  ck_assert_uint_gt(slim_checkpoint_reader_count(reader), 0);
  for (size_t i = 0; i < slim_checkpoint_reader_count(reader); i++) {
    const slim_checkpoint_entry *entry = slim_checkpoint_reader_entry(reader, i);
    char *data = malloc(entry->bytes + 1);
    size_t size = 0;
    slim_status status = SLIM_OK;
    if (entry->dtype == SLIM_STRING) {
      free(data);
      status = slim_checkpoint_reader_read_string(reader, entry->name, 0, &data, &size, &error);
    } else {
      status = slim_checkpoint_reader_read(reader, entry->name, data, entry->bytes, &error);
    }
    ck_assert_msg(status == SLIM_OK, "%s", error.text);
    free(data);
  }
  slim_checkpoint_reader_close(reader);
}

/* Data files are read through their index. */
static void read_v2(const char *path)
{
  char *prefix = strdup(path);
  char *end = strstr(prefix, ".index");
  if (end) {
    *end = '\0';
    read_checkpoint(prefix);
  }
  free(prefix);
}

START_TEST(checkpoints_read)
{
  for_each("checkpoint-v1", read_checkpoint);
  for_each("checkpoint-v2", read_v2);
}
END_TEST

START_TEST(values_of_a_sharded_v1_checkpoint)
{
  char *prefix = slim_file_join(fixtures(), "checkpoint-v1/half_plus_two_sharded");
  slim_checkpoint_reader *reader = NULL;
  float a = 0.0f, b = 0.0f;
  ck_assert_int_eq(slim_checkpoint_reader_open(prefix, &reader, NULL), SLIM_OK);
  ck_assert_int_eq(slim_checkpoint_reader_version(reader), 1);
  ck_assert_int_eq(slim_checkpoint_reader_read(reader, "a", &a, 4, NULL), SLIM_OK);
  ck_assert_int_eq(slim_checkpoint_reader_read(reader, "b", &b, 4, NULL), SLIM_OK);
  ck_assert(a == 0.5f && b == 2.0f);
  slim_checkpoint_reader_close(reader);
  free(prefix);
}
END_TEST

static void decode_image(const char *path)
{
  const slim_span file = test_read(path);
  const bool corrupt = strstr(path, "corrupt") != NULL;
  static const int channels[] = { 0, 1, 3, 4 };
  for (size_t i = 0; i < 4; i++) {
    slim_image image;
    slim_error error = { 0 };
    const slim_status status = slim_image_decode(file, channels[i], 0, &image, &error);
    ck_assert_msg(status == (corrupt ? SLIM_ERR_DATA : SLIM_OK), "%s: %s %s", path, slim_status_name(status),
                  error.text);
    ck_assert((image.pixels == NULL) == corrupt && (error.text[0] == '\0') == !corrupt);
    slim_image_free(&image);
  }
  test_free(file);
}

START_TEST(images_decode_or_say_why_not)
{
  for_each("jpeg", decode_image);
  for_each("png", decode_image);
}
END_TEST

static void read_records(const char *path)
{
  slim_tfrecord_reader *reader = NULL;
  slim_example example = { 0 };
  slim_span record, file;
  slim_error error = { 0 };
  slim_status status = slim_tfrecord_reader_open(path, &reader, &error);
  int count = 0;
  while (status == SLIM_OK) {
    status = slim_tfrecord_reader_next(reader, &record, &error);
    if (status == SLIM_OK) {
      slim_image image;
      ck_assert_msg(slim_example_parse(&example, record, &error) == SLIM_OK, "%s", error.text);
      const slim_feature *encoded = slim_example_find(&example, "image/encoded");
      ck_assert(encoded && slim_feature_read_bytes(encoded, &file, 1) == 1);
      ck_assert_msg(slim_image_decode(file, 3, 0, &image, &error) == SLIM_OK, "%s", error.text);
      slim_image_free(&image);
      count++;
    }
  }
  ck_assert_msg(status == SLIM_ERR_END, "%s", error.text);
  ck_assert_int_ge(count, 5);
  slim_tfrecord_reader_close(reader);
  slim_example_free(&example);
}

START_TEST(records_parse)
{
  for_each("tfrecord", read_records);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, checkpoints_read);
  tcase_add_test(c, values_of_a_sharded_v1_checkpoint);
  tcase_add_test(c, images_decode_or_say_why_not);
  tcase_add_test(c, records_parse);
}

TEST_MAIN("fixtures", build, available)
