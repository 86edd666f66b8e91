/* Lists of files, and records read in order, shuffled, and from damaged files. */
#include "data/files.h"
#include "data_support.h"

#define RECORDS 500

/* Files part-0 .. part-<files - 1> of RECORDS records in all: record n is the text of n. */
static void write_numbers(int files)
{
  char name[32], text[16];
  for (int f = 0; f < files; f++) {
    slim_bytes all = { 0 };
    for (int n = f * RECORDS / files; n < (f + 1) * RECORDS / files; n++) {
      const int size = snprintf(text, sizeof text, "%d", n);
      slim_tfrecord_append(&all, text, (size_t)size);
    }
    (void)snprintf(name, sizeof name, "part-%d", f);
    data_write_file(name, all.data, all.size);
    slim_bytes_free(&all);
  }
}

static const char *const *all_parts(void)
{
  static char pattern[128];
  static const char *sources[2];
  (void)snprintf(pattern, sizeof pattern, "%s/part-*", data_folder);
  sources[0] = pattern;
  return sources;
}

static slim_reader *open_parts(const slim_stream_options *options)
{
  slim_reader *reader = NULL;
  slim_error error = { 0 };
  const slim_status status = options ? slim_parallel_read(all_parts(), options, &reader, &error)
                                     : slim_single_pass_read(all_parts(), &reader, &error);
  ck_assert_msg(status == SLIM_OK, "%s", error.text);
  return reader;
}

static int number_of(const slim_record *record)
{
  char text[16] = "";
  ck_assert_uint_lt(record->size, sizeof text);
  memcpy(text, record->data, record->size);
  return atoi(text);
}

static int read_all(slim_reader *reader, int *out, int limit, slim_error *error)
{
  slim_record record;
  int count = 0;
  while (count < limit && slim_reader_next(reader, &record, error) == SLIM_OK) {
    out[count++] = number_of(&record);
  }
  return count;
}

START_TEST(single_pass_is_in_order)
{
  static const int files[] = { 1, 3, 9, 70 }; /* 70 files are more than stay open */
  static int got[RECORDS + 1];
  slim_error error = { 0 };
  data_open_folder();
  write_numbers(files[_i]);
  slim_reader *reader = open_parts(NULL);
  ck_assert_int_eq(slim_reader_num_records_produced(reader), 0);
  ck_assert_int_eq(read_all(reader, got, RECORDS + 1, &error), RECORDS);
  ck_assert_int_eq(error.status, SLIM_ERR_END);
  ck_assert_int_eq(slim_reader_num_records_produced(reader), RECORDS);
  for (int i = 0; files[_i] < 10 && i < RECORDS; i++) { /* part-10 comes before part-2 */
    ck_assert_int_eq(got[i], i);
  }
  slim_reader_destroy(reader);
  data_close_folder();
}
END_TEST

/* A list of a path and a pattern; the block is freed as a whole. */
START_TEST(data_files_are_listed)
{
  char first[300], pattern[300];
  int count = -1;
  slim_error error = { 0 };
  data_open_folder();
  write_numbers(3);
  (void)snprintf(first, sizeof first, "%s", data_path("part-2"));
  (void)snprintf(pattern, sizeof pattern, "%s", data_path("part-*"));
  char **files = slim_get_data_files((const char *const[]){ first, pattern, NULL }, &count, &error);
  ck_assert_msg(files != NULL, "%s", error.text);
  ck_assert_int_eq(count, 4);
  ck_assert_str_eq(files[0], first);
  ck_assert_str_eq(files[1], data_path("part-0"));
  ck_assert_str_eq(files[3], first);
  ck_assert_ptr_null(files[4]);
  free(files);
  ck_assert_ptr_null(slim_get_data_files((const char *const[]){ data_path("none-*"), NULL }, &count, &error));
  ck_assert_int_eq(error.status, SLIM_ERR_NOT_FOUND);
  ck_assert_msg(strstr(error.text, "none-*") != NULL, "%s", error.text);
  data_close_folder();
}
END_TEST

START_TEST(shuffled_epochs_are_complete_and_differ)
{
  static int got[3 * RECORDS + 1];
  slim_error error = { 0 };
  const slim_stream_options options = { .shuffle = true, .seed = 4, .num_epochs = 3, .shuffle_records = 20 };
  data_open_folder();
  write_numbers(7);
  slim_reader *reader = open_parts(&options);
  ck_assert_int_eq(read_all(reader, got, 3 * RECORDS + 1, &error), 3 * RECORDS);
  for (int epoch = 0; epoch < 3; epoch++) {
    int seen[RECORDS] = { 0 };
    for (int i = 0; i < RECORDS; i++) {
      ck_assert_int_eq(seen[got[epoch * RECORDS + i]]++, 0);
    }
  }
  /* the files themselves change places: the first sample of an epoch is not always of the first file */
  bool other_file = false;
  for (int epoch = 0; epoch < 3; epoch++) {
    other_file = other_file || got[epoch * RECORDS] >= RECORDS / 7 + 20;
  }
  ck_assert(other_file);
  slim_reader_destroy(reader);
  data_close_folder();
}
END_TEST

START_TEST(order_is_the_same_for_any_number_of_threads)
{
  static int expected[2000], got[2000];
  slim_stream_options options = { .shuffle = true, .seed = 12, .num_threads = 1 };
  data_open_folder();
  write_numbers(5);
  slim_reader *reader = open_parts(&options);
  ck_assert_int_eq(read_all(reader, expected, 2000, NULL), 2000);
  slim_reader_destroy(reader);
  for (int threads = 2; threads <= 4; threads += 2) {
    options.num_threads = threads;
    reader = open_parts(&options);
    ck_assert_int_eq(read_all(reader, got, 2000, NULL), 2000);
    ck_assert_mem_eq(got, expected, sizeof got);
    slim_reader_destroy(reader);
  }
  options.start_step = 1234; /* records */
  reader = open_parts(&options);
  ck_assert_int_eq(read_all(reader, got, 500, NULL), 500);
  ck_assert_mem_eq(got, expected + 1234, 500 * sizeof *got);
  slim_reader_destroy(reader);
  data_close_folder();
}
END_TEST

START_TEST(file_order_of_a_seed_is_pinned)
{
  static const int golden[5] = { 3, 2, 1, 0, 4 };
  static int got[RECORDS];
  const slim_stream_options options = { .shuffle = true, .seed = 21, .num_epochs = 1, .shuffle_records = 1 };
  data_open_folder();
  write_numbers(5);
  slim_reader *reader = open_parts(&options);
  ck_assert_int_eq(read_all(reader, got, RECORDS, NULL), RECORDS);
  for (int f = 0; f < 5; f++) { /* a window of 1 leaves the records of a file in order */
    for (int i = 0; i < 100; i++) {
      ck_assert_int_eq(got[f * 100 + i], golden[f] * 100 + i);
    }
  }
  slim_reader_destroy(reader);
  data_close_folder();
}
END_TEST

/* Where in a file of records "0", "1", ... a byte is damaged, and what is said. */
static const struct damage {
  const char *label;
  int offset_in_record;
  const char *text;
  int good; /* records delivered before the error, unshuffled */
} damages[] = {
  { "length", 0, "the checksum of the length is wrong; the file is damaged or no TFRecord file", 250 },
  { "length checksum", 9, "the checksum of the length is wrong; the file is damaged or no TFRecord file", 250 },
  { "data", 12, "the checksum of its data is wrong", 250 },
  { "data checksum", 16, "the checksum of its data is wrong", 250 },
};

/* The offset of record 250 of part-0: 10 of 1 digit, 90 of 2, 150 of 3 digits before it. */
#define OFFSET_250 (250 * 16 + 10 + 180 + 450)

START_TEST(damage_is_found_where_it_is)
{
  static int got[RECORDS];
  char expected[300];
  slim_error error = { 0 };
  slim_record record;
  data_open_folder();
  write_numbers(1);
  data_damage("part-0", OFFSET_250 + damages[_i].offset_in_record);
  slim_reader *reader = open_parts(NULL);
  ck_assert_int_eq(read_all(reader, got, RECORDS, &error), damages[_i].good);
  (void)snprintf(expected, sizeof expected, "'%s', record at offset %d: %s", data_path("part-0"), OFFSET_250,
                 damages[_i].text);
  ck_assert_int_eq(error.status, SLIM_ERR_DATA);
  ck_assert_str_eq(error.text, expected);
  ck_assert_int_eq(slim_reader_next(reader, &record, NULL), SLIM_ERR_DATA); /* repeats */
  slim_reader_destroy(reader);
  data_close_folder();
}
END_TEST

START_TEST(a_file_cut_off_is_found)
{
  static const int cuts[] = { OFFSET_250 + 5, OFFSET_250 + 12, OFFSET_250 + 14, OFFSET_250 + 18 };
  static int got[RECORDS];
  char where[300];
  slim_error error = { 0 };
  data_open_folder();
  write_numbers(1);
  ck_assert_int_eq(truncate(data_path("part-0"), cuts[_i]), 0);
  slim_reader *reader = open_parts(NULL);
  ck_assert_int_eq(read_all(reader, got, RECORDS, &error), 250);
  (void)snprintf(where, sizeof where, "'%s', record at offset %d: ", data_path("part-0"), OFFSET_250);
  ck_assert_int_eq(error.status, SLIM_ERR_DATA);
  ck_assert_msg(!strncmp(error.text, where, strlen(where)), "%s", error.text);
  slim_reader_destroy(reader);
  data_close_folder();
}
END_TEST

START_TEST(a_huge_length_allocates_nothing)
{
  slim_bytes all = { 0 };
  unsigned char head[SLIM_TFRECORD_HEAD];
  slim_record record;
  slim_error error = { 0 };
  data_open_folder();
  slim_tfrecord_head((size_t)1 << 62, head);
  slim_bytes_append(&all, head, sizeof head);
  slim_bytes_append(&all, "abcdefgh", 8);
  data_write_file("part-0", all.data, all.size);
  slim_bytes_free(&all);
  slim_reader *reader = open_parts(NULL);
  ck_assert_int_eq(slim_reader_next(reader, &record, &error), SLIM_ERR_DATA);
  ck_assert_ptr_nonnull(strstr(error.text, "4611686018427387904 bytes and a checksum should follow, the file has 8"));
  slim_reader_destroy(reader);
  data_close_folder();
}
END_TEST

START_TEST(empty_files_are_passed_over)
{
  static int got[RECORDS + 1];
  data_open_folder();
  write_numbers(3);
  data_write_file("part-00", "", 0);
  data_write_file("part-9", "", 0);
  slim_reader *reader = open_parts(NULL);
  ck_assert_int_eq(read_all(reader, got, RECORDS + 1, NULL), RECORDS);
  slim_reader_destroy(reader);
  data_close_folder();
}
END_TEST

START_TEST(only_empty_files_end_or_fail)
{
  slim_record record;
  slim_error error = { 0 };
  const slim_stream_options endless = { .shuffle = _i == 1 };
  data_open_folder();
  data_write_file("part-0", "", 0);
  slim_reader *reader = open_parts(NULL);
  ck_assert_int_eq(slim_reader_next(reader, &record, NULL), SLIM_ERR_END);
  slim_reader_destroy(reader);
  reader = open_parts(&endless);
  ck_assert_int_eq(slim_reader_next(reader, &record, &error), SLIM_ERR_DATA);
  ck_assert_str_eq(error.text, "the input has no record at all, so an endless stream of it cannot be");
  slim_reader_destroy(reader);
  data_close_folder();
}
END_TEST

START_TEST(missing_files_are_named)
{
  char expected[300];
  slim_reader *reader = NULL;
  slim_error error = { 0 };
  data_open_folder();
  ck_assert_int_eq(slim_single_pass_read(all_parts(), &reader, &error), SLIM_ERR_NOT_FOUND);
  (void)snprintf(expected, sizeof expected, "no file matches '%s'", all_parts()[0]);
  ck_assert_str_eq(error.text, expected);
  const char *const plain[] = { data_path("nothing"), NULL };
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_single_pass_read(plain, &reader, &error), SLIM_ERR_NOT_FOUND);
  (void)snprintf(expected, sizeof expected, "cannot open '%s': No such file or directory", data_path("nothing"));
  ck_assert_str_eq(error.text, expected);
  const char *const a_folder[] = { data_folder, NULL };
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_single_pass_read(a_folder, &reader, &error), SLIM_ERR_IO);
  const char *const none[] = { NULL };
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_single_pass_read(none, &reader, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "no data source is given");
  data_close_folder();
}
END_TEST

START_TEST(records_are_counted_by_their_headers)
{
  slim_files *files = NULL;
  int64_t count = -1;
  data_open_folder();
  write_numbers(4);
  ck_assert_int_eq(slim_files_open(all_parts(), &files, NULL), SLIM_OK);
  ck_assert_int_eq(slim_files_count(files), 4);
  ck_assert_int_eq(slim_files_count_records(files, &count, NULL), SLIM_OK);
  ck_assert_int_eq(count, RECORDS);
  slim_files_close(files);
  data_close_folder();
}
END_TEST

START_TEST(large_records_are_read)
{
  static const size_t sizes[] = { 70000, 3, 8192, 65536, 0, 300000, 1 };
  slim_bytes all = { 0 };
  slim_record record;
  unsigned char *data = malloc(300000);
  data_open_folder();
  for (int i = 0; i < DATA_COUNT(sizes); i++) {
    memset(data, i + 1, sizes[i]);
    slim_tfrecord_append(&all, data, sizes[i]);
  }
  data_write_file("part-0", all.data, all.size);
  slim_reader *reader = open_parts(NULL);
  for (int i = 0; i < DATA_COUNT(sizes); i++) {
    memset(data, i + 1, sizes[i]);
    ck_assert_int_eq(slim_reader_next(reader, &record, NULL), SLIM_OK);
    ck_assert_uint_eq(record.size, sizes[i]);
    ck_assert(sizes[i] == 0 || memcmp(record.data, data, sizes[i]) == 0);
  }
  slim_reader_destroy(reader);
  slim_bytes_free(&all);
  free(data);
  data_close_folder();
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, single_pass_is_in_order, 0, 4);
  tcase_add_test(c, data_files_are_listed);
  tcase_add_test(c, shuffled_epochs_are_complete_and_differ);
  tcase_add_test(c, order_is_the_same_for_any_number_of_threads);
  tcase_add_test(c, file_order_of_a_seed_is_pinned);
  tcase_add_loop_test(c, damage_is_found_where_it_is, 0, DATA_COUNT(damages));
  tcase_add_loop_test(c, a_file_cut_off_is_found, 0, 4);
  tcase_add_test(c, a_huge_length_allocates_nothing);
  tcase_add_test(c, empty_files_are_passed_over);
  tcase_add_loop_test(c, only_empty_files_end_or_fail, 0, 2);
  tcase_add_test(c, missing_files_are_named);
  tcase_add_test(c, records_are_counted_by_their_headers);
  tcase_add_test(c, large_records_are_read);
}

TEST_MAIN("data_reader", build, NULL)
