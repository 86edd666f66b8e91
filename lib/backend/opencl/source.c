/* The source of some kernels: the embedded programs' texts without their other kernels, so that a device compiles what
 * is used. Twins are made of the same text. */
#include "backend/opencl/source.h"

#include "backend/opencl/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL "\n__kernel " /* how a kernel's definition begins, */
#define END "\n}\n"          /* and ends */

#define NAME_MOST 96

/* What a kernel's name has in a twin's, for what else, and what then stands before the text: with weights in halves
 * (kernels/weights.h), by tiles of 7 x 7 points, with 4 or 5 taps along an axis, or 7 in a line (kernels/winograd.h), of
 * whole tiles (kernels/winograd_panels.cl), of numbers, or of outputs only, in fours (kernels/tile.h). */
static const struct twin {
  const char *part, *instead, *define;
} twins[] = { { "_f16", "_f32", "#define SLIM_F16\n" },
              { "_n7_", "_", "#define SLIM_WINOGRAD_N 7\n" },
              { "_t4_", "_", "#define SLIM_WINOGRAD_TAPS 4\n" },
              { "_t5_", "_", "#define SLIM_WINOGRAD_TAPS 5\n" },
              { "_t7_", "_", "#define SLIM_WINOGRAD_TAPS 7\n" },
              { "_whole_", "_", "#define SLIM_WINOGRAD_WHOLE\n" },
              { "_v4_", "_", "#define SLIM_TILE_V4\n" },
              { "_o4_", "_", "#define SLIM_TILE_V4\n#define SLIM_TILE_O4\n" } };

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
  const bool chain = slim_cl_chain_is(kernel);
  name_in_source(kernel, name, NULL);
  snprintf(definition, sizeof(definition), " void %s(", name);
  size_t i = 0;
  while (i < slim_kernel_source_count && (chain ? strcmp(slim_kernel_sources[i].name, "chain") != 0
                                                : strstr(slim_kernel_sources[i].text, definition) == NULL)) {
    i++;
  }
  return i < slim_kernel_source_count ? &slim_kernel_sources[i] : NULL;
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

/* Is the kernel whose definition begins here one of these of the source? */
static bool defines_one(const char *definition, const slim_kernel_source *source, const char *const *kernels,
                        const slim_kernel_source *const *of, size_t count)
{
  const char *at = strstr(definition, " void ");
  bool found = false;
  for (size_t i = 0; at != NULL && i < count && !found; i++) {
    char name[NAME_MOST];
    name_in_source(kernels[i], name, NULL);
    const size_t length = strlen(name);
    found = of[i] == source && strncmp(at + strlen(" void "), name, length) == 0 && at[strlen(" void ") + length] == '(';
  }
  return found;
}

/* The source's text with these kernels alone; nothing when it holds none of them. */
static void append_cut(slim_bytes *out, const slim_kernel_source *source, const char *const *kernels,
                       const slim_kernel_source *const *of, size_t count)
{
  const char *at = source->text, *next = NULL;
  size_t held = 0;
  while (held < count && of[held] != source) {
    held++;
  }
  while (held < count && (next = strstr(at, KERNEL)) != NULL) {
    const char *close = strstr(next, END), *end = close == NULL ? next + strlen(next) : close + strlen(END) - 1;
    slim_bytes_append(out, at, (size_t)(next - at));
    if (defines_one(next, source, kernels, of, count)) {
      slim_bytes_append(out, next, (size_t)(end - next));
    } else {
      append_lines(out, next, end);
    }
    at = end;
  }
  if (held < count) {
    slim_bytes_append_text(out, at);
  }
}

bool slim_cl_source_alike(const char *kernel, const char *other)
{
  char name[NAME_MOST];
  slim_bytes a = { 0 }, b = { 0 };
  name_in_source(kernel, name, &a);
  name_in_source(other, name, &b);
  const bool alike = a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
  slim_bytes_free(&a);
  slim_bytes_free(&b);
  return alike;
}

bool slim_cl_source_join(const char *const *kernels, size_t count, slim_bytes *out)
{
  char name[NAME_MOST], rename[3 * NAME_MOST];
  const slim_kernel_source **of = calloc(count + 1, sizeof(*of));
  for (size_t i = 0; i < count && of != NULL; i++) {
    of[i] = slim_cl_source_of(kernels[i]);
    name_in_source(kernels[i], name, i == 0 ? out : NULL);
    if (strcmp(name, kernels[i]) != 0) {
      snprintf(rename, sizeof(rename), "#define %s %s\n", name, kernels[i]);
      slim_bytes_append_text(out, rename);
    }
  }
  for (size_t i = 0; i < slim_kernel_source_count && of != NULL; i++) {
    append_cut(out, &slim_kernel_sources[i], kernels, of, count);
  }
  for (size_t i = 0; i < count && of != NULL; i++) {
    if (slim_cl_chain_is(kernels[i])) {
      slim_cl_chain_append(kernels[i], out);
    }
  }
  slim_bytes_append(out, "", 1);
  const bool made = of != NULL && !out->failed;
  free(of);
  return made;
}
