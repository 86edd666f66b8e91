/* The source of one kernel: an embedded program's text without its other kernels, so that a device compiles what is
 * used. A kernel called _f16 is the one called _f32 with weights in halves: kernels/weights.h. */
#include "backend/opencl/source.h"

#include <stdio.h>
#include <string.h>

#define KERNEL "\n__kernel " /* how a kernel's definition begins, */
#define END "\n}\n"          /* and ends */

#define HALF "_f16"

/* Does the kernel have weights in halves? name: in the source. */
static bool is_half(const char *kernel, char *name, size_t size)
{
  const size_t length = strlen(kernel), suffix = strlen(HALF);
  const bool half = length > suffix && strcmp(kernel + length - suffix, HALF) == 0;
  snprintf(name, size, "%.*s%s", (int)(half ? length - suffix : length), kernel, half ? "_f32" : "");
  return half;
}

const slim_kernel_source *slim_cl_source_of(const char *kernel)
{
  char name[96], definition[128];
  (void)is_half(kernel, name, sizeof(name));
  snprintf(definition, sizeof(definition), " void %s(", name);
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
  char name[96], definition[128], twin[256];
  if (is_half(kernel, name, sizeof(name))) {
    snprintf(twin, sizeof(twin), "#define SLIM_F16\n#define %s %s\n", name, kernel);
    slim_bytes_append(out, twin, strlen(twin));
  }
  snprintf(definition, sizeof(definition), " void %s(", name);
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
