/* The vtable: finds the op, hands it a builder. */
#include "backend/opencl/backend.h"

#include <stdlib.h>
#include <string.h>

#include "backend/chain.h"
#include "backend/opencl/chain.h"
#include "backend/opencl/epilogue.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/tuning.h"

#define ELEMENTS_MOST ((size_t)INT32_MAX) /* kernels index with 32 bits */

static const slim_cl_op *find_op(const slim_group *group)
{
  static const slim_cl_op *const table[SLIM_OP_COUNT] = {
#define ENTRY(name_) [SLIM_OP_ID_##name_] = &slim_cl_op_##name_,
    SLIM_CL_OP_MAP(ENTRY)
#undef ENTRY
  };
  const int id = slim_op_id_of(group->nodes[0]->op);
  return slim_chain_is(group) ? &slim_cl_op_chain : id < 0 ? NULL : table[id];
}

static bool all_fit(const slim_view *views, int count)
{
  bool fit = true;
  for (int i = 0; i < count && fit; i++) {
    fit = slim_shape_elements(&views[i].shape) <= ELEMENTS_MOST;
  }
  return fit;
}

/* halves: bit i for a view that may have them. */
static bool all_float(const slim_view *views, int count, unsigned halves)
{
  bool all = true;
  for (int i = 0; i < count && all; i++) {
    const bool half = i < 32 && (halves >> i & 1u) != 0;
    all = views[i].dtype == SLIM_FLOAT32 || (half && views[i].dtype == SLIM_FLOAT16);
  }
  return all;
}

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  const slim_cl_op *op = find_op(group);
  if (op == NULL || !all_fit(in, group->num_in) || !all_fit(out, group->num_out)) {
    return false;
  }
  if (group->count > 1 && !slim_chain_is(group) && !slim_cl_epilogue_fits(device, group)) {
    return false;
  }
  return op->supports != NULL ? op->supports(device, group, in, out)
                              : all_float(in, group->num_in, op->halves) && all_float(out, group->num_out, op->halves);
}

/* Copies of views, in memory of some kind. */
static void with_memory(slim_cl *cl, const slim_view *from, int count, slim_view *to)
{
  for (int i = 0; i < count; i++) {
    to[i] = from[i];
    to[i].buffer = from[i].buffer == NULL ? &cl->flag : from[i].buffer;
  }
}

/* Prepares the step, but for what it would make, so that all of a plan's kernels are known before one is built. An op of
 * the user's is not asked, who may count its launches. */
static void expect_kernels(slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  const slim_cl_op *op = find_op(group);
  slim_cl *cl = slim_cl_of(device);
  slim_view *views = calloc((size_t)(group->num_in + group->num_out) + 1, sizeof(*views));
  slim_cl_step none = { .count = 0 };
  const slim_view scratch = { .dtype = SLIM_UINT8, .buffer = &cl->flag };
  if (views != NULL && op != NULL && op != &slim_cl_op_custom) {
    with_memory(cl, in, group->num_in, views);
    with_memory(cl, out, group->num_out, views + group->num_in);
    slim_cl_build build = { .device = device,
                            .cl = cl,
                            .group = group,
                            .in = views,
                            .out = views + group->num_in,
                            .workspace = &scratch,
                            .attr = group->nodes[0]->attr,
                            .step = &none,
                            .naming = true };
    op->prepare(&build);
  }
  free(views);
}

/* Asked once of each step of a plan, before any is prepared. */
static size_t workspace(slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  const slim_cl_op *op = find_op(group);
  expect_kernels(device, group, in, out);
  return op == NULL || op->workspace == NULL ? 0 : op->workspace(device, group, in, out);
}

static bool can_fuse(const slim_device *device, const slim_group *group, const slim_node *node)
{
  return slim_chain_fits(group, node) || slim_cl_epilogue_can_fuse(device, group, node);
}

static int packs(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  const slim_cl_op *op = find_op(group);
  return op != NULL && op->packs != NULL ? op->packs(device, group, in, out) : 0;
}

static int overwrites(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  const slim_cl_op *op = find_op(group);
  return op != NULL && op->overwrites != NULL ? op->overwrites(device, group, in, out) : 0;
}

static double bytes_of(const slim_view *views, int count)
{
  double bytes = 0.0;
  for (int i = 0; i < count; i++) {
    bytes += views[i].buffer == NULL ? 0.0 : (double)slim_cl_bytes(&views[i]);
  }
  return bytes;
}

/* A step is known by its last kernel: what comes before packs or prepares. */
static void name_step(slim_cl_step *step)
{
  const char *name = step->count > 0 ? step->launches[step->count - 1].name : "none";
  step->base.kernel = strncmp(name, "slim_", 5) == 0 ? name + 5 : name;
}

static slim_status prepare(slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out,
                           const slim_view *scratch, slim_step **step)
{
  *step = NULL;
  const slim_cl_op *op = find_op(group);
  if (op == NULL) {
    return slim_cl_fail(device, SLIM_ERR_UNSUPPORTED, "%s: has no kernel for %s", device->info.selector,
                        group->nodes[0]->op->name);
  }
  slim_cl_step *s = calloc(1, sizeof(*s));
  if (s == NULL) {
    return slim_cl_fail(device, SLIM_ERR_MEMORY, "%s: out of memory", device->info.selector);
  }
  slim_cl_build build = { .device = device,
                          .cl = slim_cl_of(device),
                          .group = group,
                          .in = in,
                          .out = out,
                          .workspace = scratch,
                          .attr = group->nodes[0]->attr,
                          .step = s };
  slim_cl_search_step_begin(device);
  s->base.bytes = bytes_of(in, group->num_in) + bytes_of(out, group->num_out);
  op->prepare(&build);
  if (build.status != SLIM_OK) {
    slim_cl_step_release(device, &s->base);
    return build.status;
  }
  slim_cl_search_step_made(device, &s->base);
  name_step(s);
  *step = &s->base;
  return SLIM_OK;
}

static void *address(slim_device *device, slim_buffer *buffer)
{
  (void)device;
  (void)buffer;
  return NULL;
}

const slim_backend slim_backend_opencl = {
  .name = "opencl",
  .describe = slim_cl_device_describe,
  .open = slim_cl_device_open,
  .close = slim_cl_device_close,
  .alloc = slim_cl_alloc,
  .release = slim_cl_release,
  .address = address,
  .upload = slim_cl_upload,
  .lend = slim_cl_lend,
  .map = slim_cl_map,
  .unmap = slim_cl_unmap,
  .download = slim_cl_download,
  .supports = supports,
  .workspace = workspace,
  .prepare = prepare,
  .release_step = slim_cl_step_release,
  .enqueue = slim_cl_step_enqueue,
  .flush = slim_cl_device_flush,
  .finish = slim_cl_device_finish,
  .flag_clear = slim_cl_flag_clear,
  .flag_read = slim_cl_flag_read,
  .profile = slim_cl_device_profile,
  .step_ms = slim_cl_step_ms,
  .can_fuse = can_fuse,
  .packs = packs,
  .overwrites = overwrites,
  .tuner = &slim_cl_tuner,
};
