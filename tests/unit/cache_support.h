/* A cache folder of a test's own. */
#ifndef CACHE_SUPPORT_H
#define CACHE_SUPPORT_H

#include "base/file.h"
#include "test_main.h"

static char cache_home[64];

/* A cache folder of the test's own, empty. PoCL keeps its own cache where it is. */
static inline void fresh_cache(void)
{
  char pocl[256];
  const char *home = getenv("HOME");
  (void)snprintf(pocl, sizeof(pocl), "%s/.cache/pocl/kcache", home == NULL ? "/tmp" : home);
  (void)setenv("POCL_CACHE_DIR", pocl, 0);
  (void)snprintf(cache_home, sizeof(cache_home), "/tmp/slimcl-test-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(cache_home));
  ck_assert_int_eq(setenv("XDG_CACHE_HOME", cache_home, 1), 0);
}

/* The cache file there is, to be freed. */
static inline char *cache_file(void)
{
  char *folder = slim_file_join(cache_home, "slimcl"), *path = NULL;
  slim_file_names names = { 0 };
  ck_assert_int_eq(slim_file_list(folder, &names, NULL), SLIM_OK);
  for (size_t i = 0; i < names.count; i++) {
    if (strncmp(names.item[i], "opencl-", 7) == 0) {
      ck_assert_ptr_null(path);
      path = slim_file_join(folder, names.item[i]);
    }
  }
  slim_file_names_free(&names);
  free(folder);
  ck_assert_ptr_nonnull(path);
  return path;
}

static inline void remove_cache(void)
{
  char path[128], *file = cache_file();
  (void)unlink(file);
  free(file);
  (void)snprintf(path, sizeof(path), "%s/slimcl/lock", cache_home);
  (void)unlink(path);
  (void)snprintf(path, sizeof(path), "%s/slimcl", cache_home);
  (void)rmdir(path);
  (void)rmdir(cache_home);
}

#endif
