/* The source of one kernel: an embedded program's text without its other kernels, so that a device compiles what is
 * used. */
#include "backend/opencl/source.h"

#include <stdio.h>
#include <string.h>

#define KERNEL "\n__kernel " /* how a kernel's definition begins, */
#define END "\n}\n"          /* and ends */

const slim_kernel_source *slim_cl_source_of(const char *kernel)
{
  char definition[128];
  snprintf(definition, sizeof(definition), " void %s(", kernel);
  size_t i = 0;
  while (i < slim_kernel_source_count && strstr(slim_kernel_sources[i].text, definition) == NULL) {
    i++;
  }
  return i < slim_kernel_source_count ? &slim_kernel_sources[i] : NULL;
}

/* Is the kernel whose definition stands between from and end the one of this name? */
static bool defines(const char *from, const char *end, const char *definition)
{
  const char *found = strstr(from, definition);
  return found != NULL && found < end;
}

/* Only line ends, so that the numbers in build logs stay right. */
static void append_lines(slim_bytes *out, const char *from, const char *end)
{
  for (const char *p = from; p < end; p++) {
    if (*p == '\n') {
      slim_bytes_append(out, p, 1);
    }
  }
}

bool slim_cl_source_cut(const slim_kernel_source *source, const char *kernel, slim_bytes *out)
{
  const char *at = source->text, *next = NULL;
  char definition[128];
  snprintf(definition, sizeof(definition), " void %s(", kernel);
  while ((next = strstr(at, KERNEL)) != NULL) {
    const char *close = strstr(next, END), *end = close == NULL ? next + strlen(next) : close + strlen(END) - 1;
    slim_bytes_append(out, at, (size_t)(next - at));
    if (defines(next, end, definition)) {
      slim_bytes_append(out, next, (size_t)(end - next));
    } else {
      append_lines(out, next, end);
    }
    at = end;
  }
  slim_bytes_append(out, at, strlen(at) + 1);
  return !out->failed;
}
