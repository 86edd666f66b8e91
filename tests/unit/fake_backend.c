#include "fake_backend.h"

#include <stdlib.h>
#include <string.h>

#define VIEWS 64
#define QUEUE 4096

struct slim_buffer {
  unsigned char *memory;
};

/* A group runs as one step of the CPU backend per node, with memory of its own in between. */
typedef struct fake_step {
  slim_step base;
  int count;
  slim_step *cpu[SLIM_GROUP_MAX];
  void *between[SLIM_GROUP_MAX];
  int num_in;
  const void *host_in[VIEWS]; /* where the session keeps a host-lane scalar */
  unsigned char scalar[VIEWS][8];
} fake_step;

typedef struct entry {
  fake_step *step; /* NULL: an upload */
  slim_run run;
  unsigned char scalar[VIEWS][8];
  unsigned char *to;
  const void *data;
  void *own; /* the copy that data is; NULL: data is lent */
  size_t bytes;
} entry;

typedef struct fake_impl {
  slim_device *cpu;
  fake_options options;
  fake_counts counts;
  entry *queue;
  int queued;
} fake_impl;

static fake_impl *impl(const slim_device *device)
{
  return device->impl;
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static slim_status fake_alloc(slim_device *device, size_t bytes, slim_buffer **out)
{
  if (impl(device)->options.max_allocation != 0 && bytes > impl(device)->options.max_allocation) {
    return slim_error_set(&device->error, SLIM_ERR_MEMORY, "fake: %zu bytes are too many", bytes);
  }
  *out = malloc(sizeof **out);
  (*out)->memory = malloc(bytes);
  memset((*out)->memory, 0xFF, bytes); /* NaN */
  impl(device)->counts.buffers++;
  return SLIM_OK;
}

static void fake_release(slim_device *device, slim_buffer *buffer)
{
  impl(device)->counts.buffers--;
  free(buffer->memory);
  free(buffer);
}

static void *fake_address(slim_device *device, slim_buffer *buffer)
{
  (void)device;
  (void)buffer;
  return NULL;
}

/* --- the queue ---------------------------------------------------------------------------------------------------- */

static entry *push(slim_device *device)
{
  fake_impl *f = impl(device);
  f->counts.waiting = f->queued + 1 > f->counts.waiting ? f->queued + 1 : f->counts.waiting;
  return f->queued < QUEUE ? &f->queue[f->queued++] : NULL;
}

static slim_status run_entry(fake_impl *f, entry *e)
{
  if (!e->step) {
    memcpy(e->to, e->data, e->bytes);
    free(e->own);
    return SLIM_OK;
  }
  memcpy(e->step->scalar, e->scalar, sizeof e->scalar);
  slim_status status = SLIM_OK;
  for (int k = 0; k < e->step->count && status == SLIM_OK; k++) {
    status = slim_step_enqueue(f->cpu, e->step->cpu[k], &e->run);
  }
  return status;
}

static slim_status drain(slim_device *device)
{
  fake_impl *f = impl(device);
  slim_status status = SLIM_OK;
  for (int i = 0; i < f->queued; i++) {
    const slim_status one = run_entry(f, &f->queue[i]);
    status = status == SLIM_OK ? one : status;
  }
  f->queued = 0;
  return status;
}

static slim_status push_bytes(slim_device *device, unsigned char *to, const void *data, void *own, size_t bytes)
{
  entry *e = push(device);
  if (!e) {
    return slim_error_set(&device->error, SLIM_ERR_DEVICE, "fake: the queue is full");
  }
  *e = (entry){ .to = to, .data = data, .own = own, .bytes = bytes };
  return SLIM_OK;
}

static slim_status fake_upload(slim_device *device, slim_buffer *dst, size_t offset, const void *src, size_t bytes)
{
  void *own = malloc(bytes);
  memcpy(own, src, bytes);
  impl(device)->counts.uploads++;
  return push_bytes(device, dst->memory + offset, own, own, bytes);
}

static slim_status fake_lend(slim_device *device, slim_buffer *dst, size_t offset, const void *src, size_t bytes)
{
  impl(device)->counts.lent++;
  return push_bytes(device, dst->memory + offset, src, NULL, bytes);
}

static slim_status fake_download(slim_device *device, void *dst, slim_buffer *src, size_t offset, size_t bytes)
{
  const slim_status status = drain(device);
  memcpy(dst, src->memory + offset, bytes);
  impl(device)->counts.downloads++;
  return status;
}

static slim_status fake_finish(slim_device *device)
{
  impl(device)->counts.finishes++;
  return drain(device);
}

static slim_status fake_flush(slim_device *device)
{
  (void)device;
  return SLIM_OK;
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static bool fake_supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  const fake_impl *f = impl(device);
  slim_group first = *group;
  first.count = 1;
  for (int i = 0; i < group->count; i++) {
    if (f->options.unsupported && strcmp(group->nodes[i]->op->name, f->options.unsupported) == 0) {
      return false;
    }
  }
  return (group->nodes[0]->op->flags & SLIM_OP_HOST) == 0 && f->cpu->backend->supports(f->cpu, &first, in, out);
}

static size_t fake_workspace(slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  slim_group first = *group;
  first.count = 1;
  return impl(device)->cpu->backend->workspace(impl(device)->cpu, &first, in, out);
}

/* The same view as the CPU backend may read it. */
static slim_view translate(const slim_view *view)
{
  slim_view v = *view;
  v.buffer = NULL;
  v.host = view->buffer ? view->buffer->memory + view->offset : view->host;
  return v;
}

/* Node k as a group of its own: its inputs from views, the result of the node before where the chain is. */
static slim_status prepare_node(fake_impl *f, fake_step *s, const slim_group *group, int k, const slim_view **views,
                                const slim_view *results, const slim_view *scratch)
{
  const slim_node *node = group->nodes[k];
  const bool last = k == group->count - 1;
  const slim_group one = { .count = 1, .nodes = { node }, .num_in = node->num_inputs, .num_out = node->op->outputs };
  slim_view in[VIEWS], out[VIEWS];
  for (int i = 0; i < node->num_inputs; i++) {
    if (k > 0 && i == group->chain[k]) {
      in[i] = results[0]; /* the ops fused here keep the shape */
      in[i].host = s->between[k - 1];
    } else {
      in[i] = *(*views)++;
    }
  }
  memcpy(out, results, (size_t)group->num_out * sizeof *out);
  if (!last) {
    s->between[k] = malloc(slim_shape_elements(&results[0].shape) * sizeof(float));
    out[0].host = s->between[k];
  }
  s->count++;
  return f->cpu->backend->prepare(f->cpu, &one, in, out, k == 0 ? scratch : NULL, &s->cpu[k]);
}

static slim_status fake_prepare(slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out,
                                const slim_view *workspace, slim_step **step)
{
  fake_impl *f = impl(device);
  slim_view views[VIEWS], results[VIEWS], scratch = { 0 };
  const slim_view *next = views;
  fake_step *s = calloc(1, sizeof *s);
  s->num_in = group->num_in;
  for (int i = 0; i < group->num_in; i++) {
    views[i] = translate(&in[i]);
    if (!in[i].buffer && in[i].host) {
      s->host_in[i] = in[i].host;
      views[i].host = s->scalar[i];
    }
  }
  for (int i = 0; i < group->num_out; i++) {
    results[i] = translate(&out[i]);
  }
  if (workspace) {
    scratch = translate(workspace);
  }
  slim_status status = SLIM_OK;
  for (int k = 0; k < group->count && status == SLIM_OK; k++) {
    status = prepare_node(f, s, group, k, &next, results, workspace ? &scratch : NULL);
  }
  s->base = *s->cpu[0];
  f->counts.steps++;
  f->counts.largest_group = group->count > f->counts.largest_group ? group->count : f->counts.largest_group;
  *step = &s->base;
  return status;
}

static void fake_release_step(slim_device *device, slim_step *step)
{
  fake_impl *f = impl(device);
  fake_step *s = (fake_step *)step;
  for (int k = 0; k < s->count; k++) {
    f->cpu->backend->release_step(f->cpu, s->cpu[k]);
    free(s->between[k]);
  }
  f->counts.steps--;
  free(s);
}

static slim_status enqueue_one(slim_device *device, fake_step *s, const slim_run *run)
{
  impl(device)->counts.enqueued++;
  entry *e = impl(device)->counts.enqueued == impl(device)->options.refused ? NULL : push(device);
  if (!e) {
    return slim_error_set(&device->error, SLIM_ERR_DEVICE, "fake: the queue is full");
  }
  *e = (entry){ .step = s, .run = *run };
  for (int i = 0; i < s->num_in; i++) {
    if (s->host_in[i]) {
      memcpy(e->scalar[i], s->host_in[i], 4);
    }
  }
  return SLIM_OK;
}

static slim_status fake_enqueue(slim_device *device, slim_step *const *steps, size_t count, const slim_run *run,
                                size_t *failed)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < count && status == SLIM_OK; i++) {
    status = enqueue_one(device, (fake_step *)steps[i], run);
    *failed = i;
  }
  return status;
}

static slim_status fake_flag_clear(slim_device *device)
{
  (void)drain(device);
  return impl(device)->cpu->backend->flag_clear(impl(device)->cpu);
}

/* Without a wait it knows only of work that has run. */
static slim_status fake_flag_read(slim_device *device, bool wait, bool *set)
{
  if (wait) {
    (void)drain(device);
  }
  return impl(device)->cpu->backend->flag_read(impl(device)->cpu, wait, set);
}

static void fake_profile(slim_device *device, bool on)
{
  (void)device;
  (void)on;
}

static double fake_step_ms(slim_device *device, slim_step *step)
{
  (void)device;
  (void)step;
  return -1;
}

static bool fake_can_fuse(const slim_device *device, const slim_group *group, const slim_node *node)
{
  const fake_impl *f = impl(device);
  const bool heavy = strcmp(group->nodes[0]->op->name, "matmul") == 0;
  const bool simple = strcmp(node->op->name, "bias_add") == 0 || strcmp(node->op->name, "activation") == 0;
  return f->options.fuses && heavy && simple;
}

static const slim_backend fake_backend = {
  .name = "fake",
  .alloc = fake_alloc,
  .release = fake_release,
  .address = fake_address,
  .upload = fake_upload,
  .lend = fake_lend,
  .download = fake_download,
  .supports = fake_supports,
  .workspace = fake_workspace,
  .prepare = fake_prepare,
  .release_step = fake_release_step,
  .enqueue = fake_enqueue,
  .flush = fake_flush,
  .finish = fake_finish,
  .flag_clear = fake_flag_clear,
  .flag_read = fake_flag_read,
  .profile = fake_profile,
  .step_ms = fake_step_ms,
  .can_fuse = fake_can_fuse,
};

slim_device *fake_open(fake_options options)
{
  slim_device *device = calloc(1, sizeof *device);
  fake_impl *f = calloc(1, sizeof *f);
  f->options = options;
  f->queue = calloc(QUEUE, sizeof *f->queue);
  device->backend = &fake_backend;
  device->impl = f;
  device->info = (slim_device_info){ .selector = "fake", .name = "fake", .max_allocation = options.max_allocation };
  if (slim_device_open("cpu", &f->cpu, NULL) != SLIM_OK) {
    abort();
  }
  return device;
}

fake_counts fake_get(const slim_device *device)
{
  return impl(device)->counts;
}

void fake_close(slim_device *device)
{
  slim_device_close(impl(device)->cpu);
  free(impl(device)->queue);
  free(impl(device));
  free(device);
}
