#include "base/bytes.h"
#include "base/file.h"
#include "test_files.h"

#include <sys/stat.h>

static char *in_folder(const char *name)
{
  return slim_file_join(test_folder, name);
}

START_TEST(what_is_written_is_read)
{
  static const size_t sizes[] = { 0, 1, 65534, 65535, 65536, 200000 };
  const size_t size = sizes[_i];
  unsigned char *data = malloc(size + 1), *back = NULL;
  for (size_t i = 0; i < size; i++) {
    data[i] = (unsigned char)(i * 31);
  }
  char *path = in_folder("some.bin");
  slim_error error = { 0 };
  size_t got = 0;
  ck_assert_int_eq(slim_file_write(path, data, size, &error), SLIM_OK);
  ck_assert_int_eq(slim_file_read(path, size, &back, &got, &error), SLIM_OK);
  ck_assert_uint_eq(got, size);
  ck_assert(memcmp(back, data, size) == 0 && back[size] == '\0');
  free(back);
  if (size > 0) {
    ck_assert_int_eq(slim_file_read(path, size - 1, &back, &got, &error), SLIM_ERR_DATA);
    ck_assert_ptr_null(back);
    ck_assert_ptr_nonnull(strstr(error.text, "larger than the limit"));
  }
  free(data);
  free(path);
}
END_TEST

START_TEST(nothing_is_left_of_a_discarded_file)
{
  char *path = in_folder("kept");
  slim_file_writer *writer = NULL;
  slim_file_names names;
  ck_assert_int_eq(slim_file_write(path, "old", 3, NULL), SLIM_OK);
  ck_assert_int_eq(slim_file_writer_open(path, &writer, NULL), SLIM_OK);
  ck_assert_int_eq(slim_file_writer_write(writer, "new", 3, NULL), SLIM_OK);
  slim_file_writer_discard(writer);
  ck_assert_int_eq(slim_file_list(test_folder, &names, NULL), SLIM_OK);
  ck_assert_uint_eq(names.count, 1);
  ck_assert_str_eq(names.item[0], "kept");
  slim_file_names_free(&names);
  unsigned char *data = NULL;
  size_t size = 0;
  ck_assert_int_eq(slim_file_read(path, 100, &data, &size, NULL), SLIM_OK);
  ck_assert_str_eq((char *)data, "old");
  free(data);
  free(path);
  slim_file_writer_discard(NULL);
}
END_TEST

START_TEST(errors_name_the_file)
{
  slim_error error = { 0 };
  unsigned char *data = NULL;
  size_t size = 0;
  ck_assert_int_eq(slim_file_read("/no/such/file", 10, &data, &size, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(error.text, "cannot open '/no/such/file': No such file or directory");
  error = (slim_error){ 0 };
  ck_assert_int_ne(slim_file_read(test_folder, 10, &data, &size, &error), SLIM_OK);
  ck_assert_ptr_nonnull(strstr(error.text, "Is a directory"));
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_file_write("/no/such/file", "x", 1, &error), SLIM_ERR_NOT_FOUND);
  error = (slim_error){ 0 };
  slim_file_names names;
  ck_assert_int_eq(slim_file_list("/no/such", &names, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(error.text, "cannot list '/no/such': No such file or directory");
}
END_TEST

START_TEST(folders_are_made_and_listed_in_order)
{
  char path[128];
  (void)snprintf(path, sizeof path, "%s/a//b/c/", test_folder);
  ck_assert_int_eq(slim_file_make_folders(path, NULL), SLIM_OK);
  ck_assert_int_eq(slim_file_make_folders(path, NULL), SLIM_OK);
  ck_assert(slim_file_is_folder(path) && !slim_file_exists(path));
  static const char *const written[] = { "model-2", "model-10", "A" };
  for (int i = 0; i < 3; i++) {
    char *file = in_folder(written[i]);
    ck_assert_int_eq(slim_file_write(file, "", 0, NULL), SLIM_OK);
    ck_assert(slim_file_exists(file));
    free(file);
  }
  static const char *const sorted[] = { "A", "a", "model-10", "model-2" };
  slim_file_names names;
  ck_assert_int_eq(slim_file_list(test_folder, &names, NULL), SLIM_OK);
  ck_assert_uint_eq(names.count, 4);
  for (size_t i = 0; i < 4; i++) {
    ck_assert_str_eq(names.item[i], sorted[i]);
  }
  slim_file_names_free(&names);
  for (int i = 0; i < 3; i++) {
    static const char *const inner[] = { "a/b/c", "a/b", "a" };
    char *made = in_folder(inner[i]);
    ck_assert_int_eq(remove(made), 0);
    free(made);
  }
  slim_error error = { 0 };
  (void)snprintf(path, sizeof path, "%s/A/b", test_folder);
  ck_assert_int_ne(slim_file_make_folders(path, &error), SLIM_OK);
  ck_assert_ptr_nonnull(strstr(error.text, "cannot make the folder"));
}
END_TEST

static void check_text(char *text, const char *expected)
{
  ck_assert_str_eq(text, expected);
  free(text);
}

START_TEST(paths_come_apart_and_together)
{
  check_text(slim_file_folder_of("a/b/c"), "a/b");
  check_text(slim_file_folder_of("c"), ".");
  check_text(slim_file_folder_of("/c"), "/");
  check_text(slim_file_join("a", "b"), "a/b");
  check_text(slim_file_join("a/", "b"), "a/b");
  check_text(slim_file_join("a", "/b"), "/b");
  check_text(slim_file_join("", "b"), "b");
  check_text(slim_file_join(".", "b"), "b");
}
END_TEST

START_TEST(bytes_grow)
{
  slim_bytes bytes = { 0 };
  for (uint32_t i = 0; i < 1000; i++) {
    slim_bytes_append_u32(&bytes, i);
  }
  slim_bytes_append_u64(&bytes, 0x0102030405060708u);
  slim_bytes_append_u8(&bytes, 200);
  slim_bytes_append_text(&bytes, "end");
  ck_assert_uint_eq(bytes.size, 4012);
  for (uint32_t i = 0; i < 1000; i++) {
    ck_assert_uint_eq(slim_load_u32(bytes.data + 4 * (size_t)i), i);
  }
  ck_assert(slim_load_u64(bytes.data + 4000) == 0x0102030405060708u && bytes.data[4000] == 8);
  ck_assert_mem_eq(bytes.data + 4008, "\310end", 4);
  ck_assert_ptr_null(slim_bytes_reserve(&bytes, SIZE_MAX));
  ck_assert(bytes.failed);
  slim_bytes_append_u8(&bytes, 1);
  ck_assert_uint_eq(bytes.size, 4012);
  slim_bytes_free(&bytes);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, test_folder_make, test_folder_remove);
  tcase_add_loop_test(c, what_is_written_is_read, 0, 6);
  tcase_add_test(c, nothing_is_left_of_a_discarded_file);
  tcase_add_test(c, errors_name_the_file);
  tcase_add_test(c, folders_are_made_and_listed_in_order);
  tcase_add_test(c, paths_come_apart_and_together);
  tcase_add_test(c, bytes_grow);
}

TEST_MAIN("file", build, NULL)
