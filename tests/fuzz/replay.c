/* Runs a target over the files of a folder: how the corpus is replayed without libFuzzer. Prints TAP. */
#include "base/file.h"
#include "fuzz_support.h"

#include <stdio.h>
#include <stdlib.h>

static int replay(const char *path)
{
  unsigned char *data = NULL;
  size_t size = 0;
  slim_error error = { 0 };
  if (slim_file_read(path, (size_t)1 << 24, &data, &size, &error) != SLIM_OK) {
    (void)fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  unsigned char *exact = malloc(size ? size : 1); /* so that a reader behind the end is seen */
  for (size_t i = 0; exact && i < size; i++) {
    exact[i] = data[i];
  }
  free(data);
  const int result = exact ? LLVMFuzzerTestOneInput(exact, size) : 1;
  free(exact);
  return result;
}

int main(int argc, char **argv)
{
  slim_file_names names;
  slim_error error = { 0 };
  int failed = 0;
  if (argc != 2 || slim_file_list(argv[1], &names, &error) != SLIM_OK || names.count == 0) {
    (void)fprintf(stderr, "usage: %s FOLDER (with files) %s\n", argv[0], error.text);
    return 2;
  }
  (void)printf("1..%zu\n", names.count);
  for (size_t i = 0; i < names.count; i++) {
    char *path = slim_file_join(argv[1], names.item[i]);
    const int result = path ? replay(path) : 1;
    (void)printf("%s %zu - %s\n", result ? "not ok" : "ok", i + 1, names.item[i]);
    failed += result != 0;
    free(path);
  }
  slim_file_names_free(&names);
  return failed != 0;
}
