#include "backend/cpu/cpu.h"

#include "backend/chain.h"
#include "backend/cpu/isa.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LARGE ((size_t)64 << 10) /* buffers of so many bytes begin at different places of pages */
#define PAGE ((size_t)4096)

struct slim_buffer {
  unsigned char *memory, *allocated;
};

static slim_cpu_device *impl_of(const slim_device *device)
{
  return device->impl;
}

/* --- the device --------------------------------------------------------------------------------------------------- */

static bool describe(int index, slim_device_info *info)
{
  if (index != 0) {
    return false;
  }
  slim_cpu_describe(info);
  return true;
}

static slim_status open_device(slim_device *device, int index)
{
  (void)index;
  slim_cpu_device *cpu = calloc(1, sizeof *cpu);
  device->impl = cpu;
  if (!cpu) {
    return slim_error_set(&device->error, SLIM_ERR_MEMORY, "cpu: no memory for the device");
  }
  cpu->table = slim_cpu_choose(&device->error);
  cpu->caches = slim_caches_find();
  cpu->threads = cpu->table ? slim_threads_create(0) : NULL;
  if (!cpu->threads) {
    free(cpu);
    device->impl = NULL;
    slim_error_set(&device->error, SLIM_ERR_MEMORY, "cpu: no memory for the threads");
    return device->error.status;
  }
  device->info.compute_units = slim_threads_count(cpu->threads);
  return SLIM_OK;
}

static void close_device(slim_device *device)
{
  slim_cpu_device *cpu = impl_of(device);
  if (cpu) {
    slim_threads_destroy(cpu->threads);
    free(cpu);
    device->impl = NULL;
  }
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

/* How far into a page a buffer begins. Were all at the begin of one, tensors that are read side by side would meet in the
 * same sets of L1: pixels of 512 channels have only two of them. */
static size_t shift_of(slim_cpu_device *cpu, size_t bytes)
{
  return bytes < LARGE ? 0 : atomic_fetch_add(&cpu->large_buffers, 1) * SLIM_ALIGNMENT % PAGE;
}

static slim_status alloc_buffer(slim_device *device, size_t bytes, slim_buffer **out)
{
  slim_buffer *buffer = bytes <= device->info.max_allocation ? malloc(sizeof *buffer) : NULL;
  const size_t shift = shift_of(impl_of(device), bytes);
  unsigned char *memory = buffer ? slim_memory_alloc(bytes + shift, bytes < LARGE ? SLIM_ALIGNMENT : PAGE) : NULL;
  *out = NULL;
  if (!memory) {
    free(buffer);
    return slim_error_set(&device->error, SLIM_ERR_MEMORY, "cpu: no memory for a buffer of %zu bytes", bytes);
  }
  *buffer = (slim_buffer){ .memory = memory + shift, .allocated = memory };
  *out = buffer;
  return SLIM_OK;
}

static void release_buffer(slim_device *device, slim_buffer *buffer)
{
  (void)device;
  if (buffer) {
    free(buffer->allocated);
    free(buffer);
  }
}

static void *address(slim_device *device, slim_buffer *buffer)
{
  (void)device;
  return buffer->memory;
}

#define COPY_BYTES ((size_t)64 << 10) /* of a copy, at a time: what a worker copies, its next step finds near */

typedef struct copy {
  unsigned char *to;
  const unsigned char *from;
  size_t bytes;
} copy;

static void copy_piece(void *user, int number, int worker)
{
  const copy *c = user;
  const size_t begin = (size_t)number * COPY_BYTES, left = c->bytes - begin;
  (void)worker;
  memcpy(c->to + begin, c->from + begin, left < COPY_BYTES ? left : COPY_BYTES);
}

static slim_status upload(slim_device *device, slim_buffer *dst, size_t offset, const void *src, size_t bytes)
{
  copy c = { dst->memory + offset, src, bytes };
  slim_threads_run(impl_of(device)->threads, (int)((bytes + COPY_BYTES - 1) / COPY_BYTES), copy_piece, &c);
  return SLIM_OK;
}

static slim_status download(slim_device *device, void *dst, slim_buffer *src, size_t offset, size_t bytes)
{
  (void)device;
  memcpy(dst, src->memory + offset, bytes);
  return SLIM_OK;
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static bool bind(slim_cpu_step *step, const slim_device *device, const slim_group *group, const slim_view *in,
                 const slim_view *out)
{
  memset(step, 0, sizeof *step);
  step->device = impl_of(device);
  step->group = *group;
  step->attr = group->nodes[0]->attr;
  step->in = in;
  step->out = out;
  step->num_in = group->num_in;
  step->num_out = group->num_out;
  step->op = slim_cpu_op_of(step->device->table, group);
  step->ms = -1.0;
  return step->op != NULL;
}

static bool takes_halves(const slim_cpu_step *step)
{
  bool takes = true;
  for (int i = 0; i < step->num_in && takes; i++) {
    takes = step->in[i].dtype != SLIM_FLOAT16 || (i < 32 && (step->op->halves >> i & 1u));
  }
  return takes;
}

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  slim_cpu_step step;
  return bind(&step, device, group, in, out) && takes_halves(&step) && (!step.op->supports || step.op->supports(&step));
}

static bool can_fuse(const slim_device *device, const slim_group *group, const slim_node *node)
{
  const slim_cpu_op *op = slim_cpu_op_of(impl_of(device)->table, group);
  const bool fits = op && op->can_fuse && op->can_fuse(group, node);
  return group->count < SLIM_GROUP_MAX && (fits || slim_chain_fits(group, node));
}

static int packs(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  slim_cpu_step step;
  return bind(&step, device, group, in, out) && step.op->packs ? step.op->packs(&step) : 0;
}

static bool scales(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  slim_cpu_step step;
  return bind(&step, device, group, in, out) && step.op->scales && step.op->scales(&step);
}

static int overwrites(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  slim_cpu_step step;
  return bind(&step, device, group, in, out) && step.op->overwrites ? step.op->overwrites(&step) : 0;
}

static size_t workspace_bytes(slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  slim_cpu_step step;
  return bind(&step, device, group, in, out) && step.op->workspace ? step.op->workspace(&step) : 0;
}

static double view_bytes(const slim_view *views, int count)
{
  double total = 0.0;
  for (int i = 0; i < count; i++) {
    total += (double)slim_shape_elements(&views[i].shape) * (double)slim_dtype_size(views[i].dtype);
  }
  return total;
}

static void measure(slim_cpu_step *step)
{
  step->base.kernel = step->op->kernel ? step->op->kernel : step->group.nodes[0]->op->name;
  step->base.bytes = view_bytes(step->in, step->num_in) + view_bytes(step->out, step->num_out);
  step->base.flops = step->op->flops ? step->op->flops(step)
                     : step->num_out ? (double)slim_shape_elements(&step->out[0].shape)
                                     : 0.0;
}

static void copy_views(slim_cpu_step *step, slim_view *to, const slim_view *in, const slim_view *out)
{
  memcpy(to, in, (size_t)step->num_in * sizeof *to);
  memcpy(to + step->num_in, out, (size_t)step->num_out * sizeof *to);
  step->in = to;
  step->out = to + step->num_in;
  for (slim_view *v = to; v < to + step->num_in + step->num_out; v++) {
    if (v->buffer) {
      v->host = v->buffer->memory + v->offset;
    }
  }
}

static void release_step(slim_device *device, slim_step *base)
{
  slim_cpu_step *step = (slim_cpu_step *)base;
  (void)device;
  if (step) {
    if (step->op->release) {
      step->op->release(step);
    }
    free(step->state);
    free(step);
  }
}

static slim_status prepare(slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out,
                           const slim_view *workspace, slim_step **base)
{
  slim_cpu_step bound;
  *base = NULL;
  if (!bind(&bound, device, group, in, out)) {
    return slim_error_set(&device->error, SLIM_ERR_UNSUPPORTED, "cpu: no function for op '%s' of node '%s'",
                          group->nodes[0]->op->name, group->nodes[0]->name);
  }
  const size_t views = (size_t)(bound.num_in + bound.num_out) * sizeof(slim_view);
  slim_cpu_step *step = malloc(sizeof *step + views);
  void *state = step ? calloc(1, bound.op->state_bytes + 1) : NULL;
  if (!state) {
    free(step);
    return slim_error_set(&device->error, SLIM_ERR_MEMORY, "cpu: no memory to prepare '%s'", group->nodes[0]->name);
  }
  *step = bound;
  step->state = state;
  copy_views(step, (slim_view *)(step + 1), in, out);
  step->workspace = !workspace ? NULL
                    : workspace->buffer ? workspace->buffer->memory + workspace->offset
                                        : workspace->host;
  measure(step);
  if (step->op->prepare && !step->op->prepare(step)) {
    release_step(device, &step->base);
    return slim_error_set(&device->error, SLIM_ERR_MEMORY, "cpu: no memory to prepare '%s'", group->nodes[0]->name);
  }
  *base = &step->base;
  return SLIM_OK;
}

static double now_ms(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* What the next step begins with is fetched before a step runs, which leaves nothing of it in the caches. */
static slim_status enqueue(slim_device *device, slim_step *const *steps, size_t count, const slim_run *run, size_t *failed)
{
  const bool profiling = impl_of(device)->profiling;
  slim_cpu_step *next = (slim_cpu_step *)steps[0];
  const slim_cpu_op *then = next->op;
  (void)failed;
  for (size_t i = 0; i < count; i++) {
    slim_cpu_step *step = next;
    const slim_cpu_op *op = then;
    const double start = profiling ? now_ms() : 0.0;
    next = (slim_cpu_step *)steps[i + 1 < count ? i + 1 : 0];
    then = next->op;
    op->run(step, run);
    if (profiling) {
      step->ms = now_ms() - start;
    }
  }
  return SLIM_OK;
}

static slim_status flush(slim_device *device)
{
  (void)device;
  return SLIM_OK;
}

/* --- the finite flag, profiles ------------------------------------------------------------------------------------ */

static slim_status flag_clear(slim_device *device)
{
  atomic_store(&impl_of(device)->not_finite, false);
  return SLIM_OK;
}

static slim_status flag_read(slim_device *device, bool wait, bool *set)
{
  (void)wait;
  *set = atomic_load(&impl_of(device)->not_finite);
  return SLIM_OK;
}

static void profile(slim_device *device, bool on)
{
  impl_of(device)->profiling = on;
}

static double step_ms(slim_device *device, slim_step *step)
{
  (void)device;
  return ((const slim_cpu_step *)step)->ms;
}

const slim_backend slim_backend_cpu = {
  .name = "cpu",
  .describe = describe,
  .open = open_device,
  .close = close_device,
  .alloc = alloc_buffer,
  .release = release_buffer,
  .address = address,
  .upload = upload,
  .download = download,
  .supports = supports,
  .workspace = workspace_bytes,
  .prepare = prepare,
  .release_step = release_step,
  .enqueue = enqueue,
  .flush = flush,
  .finish = flush,
  .flag_clear = flag_clear,
  .flag_read = flag_read,
  .profile = profile,
  .step_ms = step_ms,
  .can_fuse = can_fuse,
  .packs = packs,
  .scales = scales,
  .overwrites = overwrites,
};
