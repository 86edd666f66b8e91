/* Files in tests: the fixtures of tests/data, a folder that goes away, whole files in memory. Needs headers of lib/. */
#ifndef TEST_FILES_H
#define TEST_FILES_H

#include "base/bytes.h"
#include "base/file.h"
#include "test_main.h"

/* Path of a file of tests/data; valid until the next call but three. */
static inline const char *test_data(const char *name)
{
  static char paths[4][1024];
  static int turn;
  char *path = paths[turn++ % 4];
  const char *folder = getenv("SLIM_TEST_DATA");
  (void)snprintf(path, sizeof paths[0], "%s/%s", folder ? folder : "tests/data", name);
  return path;
}

/* A whole file; free the data. */
static inline slim_span test_read(const char *path)
{
  unsigned char *data = NULL;
  size_t size = 0;
  slim_error error = { 0 };
  ck_assert_msg(slim_file_read(path, (size_t)1 << 30, &data, &size, &error) == SLIM_OK, "%s", error.text);
  return (slim_span){ data, size };
}

static inline void test_free(slim_span bytes)
{
  free((void *)(uintptr_t)bytes.data);
}

/* A folder for one test: test_folder_make and test_folder_remove are a checked fixture. */
static char test_folder[64];

static inline void test_folder_make(void)
{
  (void)snprintf(test_folder, sizeof test_folder, "/tmp/slim_test_XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(test_folder));
}

static inline void test_folder_remove(void)
{
  slim_file_names names;
  if (slim_file_list(test_folder, &names, NULL) == SLIM_OK) {
    for (size_t i = 0; i < names.count; i++) {
      char *path = slim_file_join(test_folder, names.item[i]);
      (void)remove(path);
      free(path);
    }
    slim_file_names_free(&names);
  }
  (void)remove(test_folder);
}

/* Path of a file of that folder; valid until the next call but three. */
static inline const char *test_path(const char *name)
{
  static char paths[4][256];
  static int turn;
  char *path = paths[turn++ % 4];
  (void)snprintf(path, sizeof paths[0], "%s/%s", test_folder, name);
  return path;
}

#endif
