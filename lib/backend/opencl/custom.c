/* Ops registered at run time: their source behind what custom.cl has for them, and the launches they ask for. */
#include "backend/opencl/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "kernels/kernels.h"

typedef struct launches {
  slim_custom_launches seen; /* first: what opencl_launch gets is this */
  slim_cl_build *build;
  const slim_custom_op *spec;
  slim_kernel_source source;
} launches;

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)device;
  (void)in;
  (void)out;
  return slim_custom_spec(group->nodes[0])->opencl_source != NULL;
}

static const slim_kernel_source *preamble(void)
{
  size_t i = 0;
  while (i < slim_kernel_source_count && strcmp(slim_kernel_sources[i].name, "custom") != 0) {
    i++;
  }
  return i < slim_kernel_source_count ? &slim_kernel_sources[i] : NULL;
}

/* The whole source into new memory; lines count from the op's own first one. */
static bool whole_source(const slim_custom_op *spec, slim_bytes *text)
{
  char line[128];
  const slim_kernel_source *before = preamble();
  snprintf(line, sizeof(line), "#line 1 \"%.100s\"\n", spec->name);
  slim_bytes_append(text, before == NULL ? "" : before->text, before == NULL ? 0 : before->size);
  slim_bytes_append(text, line, strlen(line));
  slim_bytes_append(text, spec->opencl_source, strlen(spec->opencl_source) + 1);
  return !text->failed;
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */

static bool is_read(const slim_custom_op *spec, int input)
{
  return ((spec->shape_only >> (input < 31 ? input : 31)) & 1u) == 0;
}

/* A tensor takes two arguments; n and params follow. */
static int count_args(const launches *l, size_t params)
{
  int count = 2 * l->seen.outputs + 1 + (params > 0);
  for (int i = 0; i < l->seen.inputs; i++) {
    count += is_read(l->spec, i) ? 2 : 0;
  }
  return count;
}

static void pass_output(slim_cl_build *b, const slim_view *view)
{
  const cl_uint missing = ~0u;
  if (slim_cl_wanted(view)) {
    slim_cl_arg_view(b, view);
  } else {
    slim_cl_arg_memory(b, b->cl->flag.memory);
    slim_cl_arg(b, &missing, sizeof(missing));
  }
}

static void add(slim_custom_launches *seen, const char *kernel, const size_t global[3], const size_t local[3],
                const void *params, size_t bytes)
{
  const launches *l = (const launches *)seen;
  slim_cl_build *b = l->build;
  const cl_uint n = (cl_uint)global[0];
  slim_cl_begin_source(b, &l->source, kernel);
  slim_cl_args_expect(b, count_args(l, bytes));
  for (int i = 0; i < seen->inputs; i++) {
    if (is_read(l->spec, i)) {
      slim_cl_arg_view(b, &b->in[i]);
    }
  }
  for (int k = 0; k < seen->outputs; k++) {
    pass_output(b, &b->out[k]);
  }
  slim_cl_arg(b, &n, sizeof(n));
  if (bytes > 0) {
    slim_cl_arg(b, params, bytes);
  }
  slim_cl_range_items(b, global, local);
}

static void add_default(launches *l)
{
  const size_t global[3] = { slim_cl_elements(&l->build->out[0]), 1, 1 };
  add(&l->seen, l->spec->opencl_kernel, global, NULL, l->build->attr, l->spec->attr_size);
}

static void prepare(slim_cl_build *b)
{
  launches l = { .build = b, .spec = slim_custom_spec(b->group->nodes[0]) };
  const int count = b->group->num_in + b->group->num_out;
  slim_custom_array *arrays = calloc((size_t)count + 1, sizeof(*arrays));
  slim_bytes text = { 0 };
  if (arrays == NULL || !whole_source(l.spec, &text)) {
    b->status = slim_cl_fail(b->device, SLIM_ERR_MEMORY, "%s: out of memory", b->device->info.selector);
  } else {
    for (int i = 0; i < count; i++) {
      const slim_view *view = i < b->group->num_in ? &b->in[i] : &b->out[i - b->group->num_in];
      arrays[i] = (slim_custom_array){ NULL, view->dtype, view->shape };
    }
    l.source = (slim_kernel_source){ l.spec->name, (const char *)text.data, text.size - 1 };
    l.seen = (slim_custom_launches){ b->attr, b->group->num_in,          b->group->num_out,
                                     arrays,  arrays + b->group->num_in, &b->device->info,
                                     add };
    if (l.spec->opencl_launch != NULL) {
      l.spec->opencl_launch(&l.seen);
    } else {
      add_default(&l);
    }
  }
  slim_bytes_free(&text);
  free(arrays);
}

const slim_cl_op slim_cl_op_custom = { .prepare = prepare, .supports = supports };
