/* The source of one kernel: an embedded program's text without its other kernels, so that a device compiles what is
 * used. Twins are made of the same text. */
#include "backend/opencl/source.h"

#include <stdio.h>
#include <string.h>

#define KERNEL "\n__kernel " /* how a kernel's definition begins, */
#define END "\n}\n"          /* and ends */

#define NAME_MOST 96

/* What a kernel's name has in a twin's, for what else, and what then stands before the text: with weights in halves
 * (kernels/weights.h), by tiles of 7 x 7 points, with 4 or 5 taps along an axis, or 7 in a line (kernels/winograd.h).
 */
static const struct twin {
  const char *part, *instead, *define;
} twins[] = { { "_f16", "_f32", "#define SLIM_F16\n" },
              { "_n7_", "_", "#define SLIM_WINOGRAD_N 7\n" },
              { "_t4_", "_", "#define SLIM_WINOGRAD_TAPS 4\n" },
              { "_t5_", "_", "#define SLIM_WINOGRAD_TAPS 5\n" },
              { "_t7_", "_", "#define SLIM_WINOGRAD_TAPS 7\n" } };

/* The kernel's name in the source. defines: gets what its twin needs; NULL: not asked. */
static void name_in_source(const char *kernel, char name[NAME_MOST], slim_bytes *defines)
{
  snprintf(name, NAME_MOST, "%s", kernel);
  for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++) {
    const struct twin *t = &twins[i];
    char *at = strstr(name, t->part), rest[NAME_MOST];
    if (at == NULL) {
      continue;
    }
    snprintf(rest, sizeof(rest), "%s%s", t->instead, at + strlen(t->part));
    snprintf(at, NAME_MOST - (size_t)(at - name), "%s", rest);
    if (defines != NULL) {
      slim_bytes_append(defines, t->define, strlen(t->define));
    }
  }
}

const slim_kernel_source *slim_cl_source_of(const char *kernel)
{
  char name[NAME_MOST], definition[NAME_MOST + 8];
  name_in_source(kernel, name, NULL);
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
  char name[NAME_MOST], definition[NAME_MOST + 8], rename[3 * NAME_MOST];
  name_in_source(kernel, name, out);
  if (strcmp(name, kernel) != 0) {
    snprintf(rename, sizeof(rename), "#define %s %s\n", name, kernel);
    slim_bytes_append(out, rename, strlen(rename));
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
