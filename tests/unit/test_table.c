#include "base/crc32c.h"
#include "formats/protobuf.h"
#include "formats/snappy.h"
#include "formats/table.h"
#include "test_files.h"

static slim_span text_span(const char *text)
{
  return (slim_span){ (const unsigned char *)text, strlen(text) };
}

static void key_of(int i, char key[64])
{
  (void)snprintf(key, 64, "net/layer_%05d/%s", i / 2, i % 2 ? "weights" : "biases");
}

/* count entries behind an empty key; every value is size bytes that tell its number. */
static void make_table(slim_table_writer *writer, int count, size_t size)
{
  unsigned char *value = malloc(size + 1);
  slim_table_writer_add(writer, (slim_span){ 0 }, text_span("header"));
  for (int i = 0; i < count; i++) {
    char key[64];
    key_of(i, key);
    memset(value, i, size);
    slim_table_writer_add(writer, text_span(key), (slim_span){ value, size });
  }
  ck_assert(slim_table_writer_finish(writer));
  free(value);
}

static const struct table_case {
  int count;
  size_t size;
} cases[] = { { 0, 0 }, { 1, 0 }, { 15, 3 }, { 16, 3 }, { 17, 3 }, { 1000, 20 }, { 300, 5000 }, { 3, 400000 } };

START_TEST(entries_come_back_in_order)
{
  slim_table_writer writer = { 0 };
  slim_table *table = NULL;
  slim_span key, value;
  slim_error error = { 0 };
  make_table(&writer, cases[_i].count, cases[_i].size);
  ck_assert_msg(slim_table_open(slim_span_of(&writer.out), "t", &table, &error) == SLIM_OK, "%s", error.text);
  ck_assert_int_eq(slim_table_next(table, &key, &value, &error), SLIM_OK);
  ck_assert(key.size == 0 && value.size == 6 && memcmp(value.data, "header", 6) == 0);
  for (int i = 0; i < cases[_i].count; i++) {
    char expected[64];
    key_of(i, expected);
    ck_assert_msg(slim_table_next(table, &key, &value, &error) == SLIM_OK, "%s", error.text);
    ck_assert(key.size == strlen(expected) && memcmp(key.data, expected, key.size) == 0);
    ck_assert_uint_eq(value.size, cases[_i].size);
    ck_assert(value.size == 0 || (value.data[0] == (i & 255) && value.data[value.size - 1] == (i & 255)));
  }
  ck_assert_int_eq(slim_table_next(table, &key, &value, &error), SLIM_ERR_END);
  ck_assert_int_eq(slim_table_next(table, &key, &value, &error), SLIM_ERR_END);
  slim_table_close(table);
  slim_table_writer_free(&writer);
}
END_TEST

static slim_status read_all(slim_span file, slim_error *error)
{
  slim_table *table = NULL;
  slim_span key, value;
  slim_status status = slim_table_open(file, "t", &table, error);
  while (status == SLIM_OK) {
    status = slim_table_next(table, &key, &value, error);
  }
  slim_table_close(table);
  return status;
}

START_TEST(each_changed_byte_and_each_cut_is_seen)
{
  slim_table_writer writer = { 0 };
  make_table(&writer, 20, 7);
  unsigned char *data = writer.out.data;
  const size_t size = writer.out.size;
  slim_error error = { 0 };
  slim_proto footer = slim_proto_of((slim_span){ data + size - 48, 40 });
  uint64_t meta = 0, meta_size = 0;
  ck_assert(slim_proto_varint(&footer, &meta) && slim_proto_varint(&footer, &meta_size));
  ck_assert_int_eq(read_all(slim_span_of(&writer.out), &error), SLIM_ERR_END);
  for (size_t i = 0; i < size; i++) {
    data[i] ^= 1;
    const slim_status status = read_all((slim_span){ data, size }, &error);
    data[i] ^= 1;
    /* the metaindex, its handle and the padding are not looked at */
    const bool unread = (i >= meta && i < meta + meta_size + 5) || (i >= size - 48 && i < size - 8);
    ck_assert_msg(status == SLIM_ERR_DATA || (unread && status == SLIM_ERR_END), "byte %zu of %zu: %s", i, size,
                  slim_status_name(status));
  }
  for (size_t cut = 0; cut < size; cut++) {
    ck_assert_int_eq(read_all((slim_span){ data, cut }, &error), SLIM_ERR_DATA);
  }
  slim_table_writer_free(&writer);
}
END_TEST

START_TEST(keys_out_of_order_are_an_error)
{
  static const char *const keys[][2] = { { "b", "a" }, { "a", "a" }, { "ab", "a" } };
  slim_table_writer writer = { 0 };
  slim_error error = { 0 };
  slim_table_writer_add(&writer, text_span(keys[_i][0]), text_span("1"));
  slim_table_writer_add(&writer, text_span(keys[_i][1]), text_span("2"));
  ck_assert(slim_table_writer_finish(&writer));
  ck_assert_int_eq(read_all(slim_span_of(&writer.out), &error), SLIM_ERR_DATA);
  ck_assert_ptr_nonnull(strstr(error.text, "out of order"));
  slim_table_writer_free(&writer);
}
END_TEST

START_TEST(other_files_are_refused_by_name)
{
  slim_error error = { 0 };
  slim_table *table = NULL;
  ck_assert_int_eq(
      slim_table_open(text_span("no table, but longer than its footer of 48 bytes is"), "x.index", &table, &error),
      SLIM_ERR_DATA);
  ck_assert_str_eq(error.text, "'x.index' is not a table: no magic number at its end");
  ck_assert_ptr_null(table);
  slim_table_close(NULL);
}
END_TEST

/* "abcdabcdabcdabcdxyz" three ways: literals, a copy with a short offset, one with a long offset. */
static const struct snappy_case {
  const char *packed;
  size_t size;
} packed[] = {
  { "\x13\x48"
    "abcdabcdabcdabcdxyz",
    21 },
  { "\x13\x0C"
    "abcd"
    "\x11\x04\x01\x04\x08"
    "xyz",
    14 },
  { "\x13\x0C"
    "abcd"
    "\x2E\x04\x00"
    "\x08"
    "xyz",
    13 },
  { "\x13\x0C"
    "abcd"
    "\x2F\x04\x00\x00\x00"
    "\xF0\x02"
    "xyz",
    16 },
};

START_TEST(snappy_blocks_unpack)
{
  unsigned char out[19];
  size_t size = 0;
  const slim_span block = { (const unsigned char *)packed[_i].packed, packed[_i].size };
  ck_assert(slim_snappy_size(block, &size) && size == sizeof out);
  ck_assert(slim_snappy_decompress(block, out, size));
  ck_assert_mem_eq(out, "abcdabcdabcdabcdxyz", 19);
  for (size_t cut = 1; cut < block.size; cut++) {
    unsigned char *copy = malloc(cut);
    memcpy(copy, block.data, cut);
    ck_assert(!slim_snappy_decompress((slim_span){ copy, cut }, out, size));
    free(copy);
  }
}
END_TEST

START_TEST(damaged_snappy_blocks_are_refused)
{
  static const struct snappy_case bad[] = {
    { "\xFF\xFF\xFF\xFF\x0F\x00"
      "a",
      7 }, /* 4 GiB from 7 bytes */
    { "\x05\x00"
      "a"
      "\x01\x02",
      5 }, /* offset before the start */
    { "\x05\x00"
      "a"
      "\x01\x00",
      5 }, /* offset 0 */
    { "\x02\x08"
      "abc",
      5 }, /* longer than stated */
    { "\x05\x08"
      "abc",
      5 }, /* shorter than stated */
  };
  unsigned char out[8];
  size_t size = 0;
  const slim_span block = { (const unsigned char *)bad[_i].packed, bad[_i].size };
  ck_assert(!slim_snappy_size(block, &size) || !slim_snappy_decompress(block, out, size));
}
END_TEST

/* A table with its data block in snappy, built by hand. */
START_TEST(tables_may_hold_snappy_blocks)
{
  /* block of one entry "k" -> "v", one restart: 12 bytes as one literal */
  static const unsigned char block[] = { 13, 12 << 2, 0, 1, 1, 'k', 'v', 0, 0, 0, 0, 1, 0, 0, 0 };
  slim_bytes file = { 0 }, index = { 0 };
  slim_bytes_append(&file, block, sizeof block);
  slim_bytes_append_u8(&file, 1);
  slim_bytes_append_u32(&file, slim_crc32c_masked(file.data, file.size));
  const unsigned char entry[] = { 0, 1, 2, 'k', 0, sizeof block, 0, 0, 0, 0, 1, 0, 0, 0 };
  slim_bytes_append(&index, entry, sizeof entry);
  const size_t index_at = file.size;
  slim_bytes_append(&file, index.data, index.size);
  slim_bytes_append_u8(&file, 0);
  slim_bytes_append_u32(&file, slim_crc32c_masked(file.data + index_at, index.size + 1));
  unsigned char footer[48] = { 0, 0, (unsigned char)index_at, (unsigned char)index.size };
  slim_store_u64(footer + 40, 0xDB4775248B80FB57u);
  slim_bytes_append(&file, footer, sizeof footer);
  slim_table *table = NULL;
  slim_span key, value;
  slim_error error = { 0 };
  ck_assert_msg(slim_table_open(slim_span_of(&file), "s", &table, &error) == SLIM_OK, "%s", error.text);
  ck_assert_msg(slim_table_next(table, &key, &value, &error) == SLIM_OK, "%s", error.text);
  ck_assert(key.size == 1 && key.data[0] == 'k' && value.size == 1 && value.data[0] == 'v');
  ck_assert_int_eq(slim_table_next(table, &key, &value, &error), SLIM_ERR_END);
  slim_table_close(table);
  slim_bytes_free(&file);
  slim_bytes_free(&index);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, entries_come_back_in_order, 0, (int)(sizeof cases / sizeof *cases));
  tcase_add_test(c, each_changed_byte_and_each_cut_is_seen);
  tcase_add_loop_test(c, keys_out_of_order_are_an_error, 0, 3);
  tcase_add_test(c, other_files_are_refused_by_name);
  tcase_add_loop_test(c, snappy_blocks_unpack, 0, 4);
  tcase_add_loop_test(c, damaged_snappy_blocks_are_refused, 0, 5);
  tcase_add_test(c, tables_may_hold_snappy_blocks);
}

TEST_MAIN("table", build, NULL)
