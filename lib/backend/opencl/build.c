/* How ops build steps: launches whose arguments are set once. */
#include "backend/opencl/opencl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/deal_params.h"
#include "kernels/kernels.h"

#define ROW_GROUP 32u

static void check(slim_cl_build *b, cl_int code, const char *what)
{
  if (b->status == SLIM_OK) {
    b->status = slim_cl_check(b->device, code, what);
  }
}

/* Is a step in the making? Not after a failure, nor while kernels are only named. */
static bool making(const slim_cl_build *b)
{
  return b->status == SLIM_OK && !b->naming;
}

/* The launch in the making. */
static slim_cl_launch *current(slim_cl_build *b)
{
  return &b->step->launches[b->step->count - 1];
}

/* Room for count + 1 items behind list; list is unchanged and the build fails without memory. */
static void *grow(slim_cl_build *b, void *list, int count, size_t item)
{
  void *grown = realloc(list, ((size_t)count + 1) * item);
  if (grown == NULL) {
    b->status = slim_cl_fail(b->device, SLIM_ERR_MEMORY, "%s: out of memory", b->device->info.selector);
    return list;
  }
  memset((char *)grown + (size_t)count * item, 0, item);
  return grown;
}

/* Adds a launch to the step. @return NULL: none is in the making. */
static slim_cl_launch *add_launch(slim_cl_build *b, const char *name)
{
  slim_cl_step *s = b->step;
  if (making(b)) {
    s->launches = grow(b, s->launches, s->count, sizeof(slim_cl_launch));
    s->count += b->status == SLIM_OK;
  }
  if (!making(b)) {
    return NULL;
  }
  current(b)->name = name;
  return current(b);
}

void slim_cl_begin_source(slim_cl_build *b, const slim_kernel_source *source, const char *kernel)
{
  if (b->naming && source == NULL) {
    (void)slim_cl_kernel_expect(b->device, kernel);
  }
  slim_cl_launch *l = add_launch(b, kernel);
  if (l != NULL) {
    b->status = source == NULL ? slim_cl_kernel_create(b->device, kernel, &l->kernel, &l->program)
                               : slim_cl_kernel_create_of(b->device, source, kernel, &l->kernel, &l->program);
  }
}

void slim_cl_begin(slim_cl_build *b, const char *kernel)
{
  slim_cl_begin_source(b, NULL, kernel);
}

void slim_cl_arg(slim_cl_build *b, const void *value, size_t bytes)
{
  if (making(b)) {
    slim_cl_launch *l = current(b);
    check(b, b->cl->api->SetKernelArg(l->kernel, l->args++, bytes, value), l->name);
  }
}

void slim_cl_args_expect(slim_cl_build *b, int count)
{
  cl_uint takes = 0;
  if (!making(b)) {
    return;
  }
  const slim_cl_launch *l = current(b);
  check(b, b->cl->api->GetKernelInfo(l->kernel, CL_KERNEL_NUM_ARGS, sizeof(takes), &takes, NULL), l->name);
  if (b->status == SLIM_OK && takes != (cl_uint)count) {
    b->status = slim_cl_fail(b->device, SLIM_ERR_DEVICE, "%s '%s': kernel %s takes %u arguments, must take %d",
                             b->device->info.selector, b->device->info.name, l->name, takes, count);
  }
}

void slim_cl_arg_memory(slim_cl_build *b, cl_mem memory)
{
  slim_cl_arg(b, &memory, sizeof(cl_mem));
  if (making(b)) {
    current(b)->last = memory;
  }
}

static void arg_buffer(slim_cl_build *b, const slim_view *view)
{
  cl_mem other = making(b) && current(b)->last != NULL ? current(b)->last : b->cl->flag.memory;
  slim_cl_arg_memory(b, view->buffer != NULL ? view->buffer->memory : other);
}

static cl_uint place_of(const slim_view *view, size_t bytes)
{
  return view->buffer != NULL ? (cl_uint)((view->offset + bytes) / SLIM_ALIGNMENT) : 0;
}

void slim_cl_arg_view_at(slim_cl_build *b, const slim_view *view, size_t bytes)
{
  const cl_uint at = place_of(view, bytes);
  arg_buffer(b, view);
  slim_cl_arg(b, &at, sizeof(at));
}

void slim_cl_arg_placed(slim_cl_build *b, const slim_view *view)
{
  arg_buffer(b, view);
  if (making(b)) {
    slim_cl_launch *l = current(b);
    assert(l->num_places < SLIM_CL_PLACES);
    l->places[l->num_places++] = place_of(view, 0);
  }
}

void slim_cl_arg_places(slim_cl_build *b)
{
  if (making(b)) {
    slim_cl_launch *l = current(b);
    slim_cl_arg(b, l->places, sizeof(l->places));
  }
}

void slim_cl_arg_view(slim_cl_build *b, const slim_view *view)
{
  slim_cl_arg_view_at(b, view, 0);
}

void slim_cl_arg_local(slim_cl_build *b, size_t bytes)
{
  if (!making(b)) {
    return;
  }
  slim_cl_launch *l = current(b);
  const slim_device_info *info = &b->device->info;
  l->local_bytes += bytes;
  if (l->local_bytes > info->local_memory) { /* some drivers crash when it runs */
    b->status = slim_cl_fail(b->device, SLIM_ERR_STATE,
                             "%s '%s': kernel %s takes %zu bytes of local memory, the device has %zu", info->selector,
                             info->name, l->name, l->local_bytes, info->local_memory);
  }
  slim_cl_arg(b, NULL, bytes);
}

void slim_cl_arg_host(slim_cl_build *b, const slim_view *view)
{
  if (!making(b)) {
    return;
  }
  slim_cl_launch *l = current(b);
  if (l->num_host == SLIM_CL_HOST_ARGS || view->host == NULL) {
    b->status = slim_cl_fail(b->device, SLIM_ERR_STATE, "%s: %s: a host scalar is not on the host",
                             b->device->info.selector, l->name);
    return;
  }
  l->host[l->num_host].arg = l->args++;
  l->host[l->num_host].value = view->host;
  l->num_host++;
}

void slim_cl_arg_key(slim_cl_build *b, uint64_t hash)
{
  if (making(b)) {
    slim_cl_launch *l = current(b);
    l->keyed = true;
    l->hash = hash;
    l->key_arg = l->args++;
  }
}

/* What the driver allows for this kernel. */
static size_t group_limit(const slim_cl_build *b, const slim_cl_launch *l)
{
  size_t most = 0;
  const cl_int code =
      b->cl->api->GetKernelWorkGroupInfo(l->kernel, b->cl->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof(most), &most, NULL);
  return code == CL_SUCCESS && most > 0 ? most : 1;
}

void slim_cl_range_groups(slim_cl_build *b, size_t groups, size_t local)
{
  slim_cl_range_3d(b, (const size_t[3]){ groups, 1, 1 }, (const size_t[3]){ local, 1, 1 });
}

void slim_cl_range_3d(slim_cl_build *b, const size_t groups[3], const size_t local[3])
{
  if (!making(b)) {
    return;
  }
  slim_cl_launch *l = current(b);
  for (int i = 0; i < 3; i++) {
    l->local[i] = local[i];
    l->global[i] = (groups[i] == 0 ? 1 : groups[i]) * local[i];
  }
  l->dims = l->global[2] > 1 ? 3 : l->global[1] > 1 ? 2 : 1;
}

static int one_at_least(size_t n)
{
  return n == 0 ? 1 : (int)n;
}

void slim_cl_range_dealt(slim_cl_build *b, const size_t tasks[3])
{
  const slim_deal_params deal = { one_at_least(tasks[0]), one_at_least(tasks[1]), one_at_least(tasks[2]) };
  const size_t units = (size_t)b->device->info.compute_units, all = (size_t)(deal.x * deal.y * deal.z);
  slim_cl_arg_memory(b, b->cl->dealt);
  slim_cl_arg(b, &deal, sizeof(deal));
  slim_cl_range_groups(b, all < units ? all : units, 1);
}

void slim_cl_range_items(slim_cl_build *b, const size_t items[3], const size_t *local)
{
  if (!making(b)) {
    return;
  }
  const size_t most = group_limit(b, current(b));
  const size_t chosen[3] = { b->cl->group_1d < most ? b->cl->group_1d : most, 1, 1 };
  size_t groups[3], size[3];
  for (int i = 0; i < 3; i++) {
    const size_t wanted = local == NULL ? chosen[i] : local[i];
    size[i] = wanted > 0 ? wanted : 1;
    groups[i] = (items[i] + size[i] - 1) / size[i];
  }
  slim_cl_range_3d(b, groups, size);
}

void slim_cl_range_grid(slim_cl_build *b, const size_t items[3])
{
  if (making(b)) {
    const size_t limit = group_limit(b, current(b)), most = b->cl->group_1d < limit ? b->cl->group_1d : limit;
    size_t group = 1;
    while (2 * group <= most && group < items[0]) {
      group *= 2;
    }
    slim_cl_range_items(b, items, (const size_t[3]){ group, 1, 1 });
  }
}

static void range_of(slim_cl_build *b, size_t n, size_t local)
{
  if (making(b)) {
    const size_t most = group_limit(b, current(b));
    local = local > most ? most : local < 1 ? 1 : local;
    slim_cl_range_groups(b, (n + local - 1) / local, local);
  }
}

/* The largest power of two that is not above n. */
static size_t round_down_power(size_t n)
{
  size_t power = 1;
  while (power <= n / 2) {
    power *= 2;
  }
  return power;
}

void slim_cl_range(slim_cl_build *b, size_t n)
{
  range_of(b, n, b->cl->group_1d);
}

void slim_cl_range_vectors(slim_cl_build *b, size_t n)
{
  const size_t width = (size_t)b->cl->vector_width;
  const size_t vectors = (n + width - 1) / width, share = vectors / ((size_t)b->device->info.compute_units * 2) + 1;
  range_of(b, vectors, b->cl->group_1d < share ? b->cl->group_1d : round_down_power(share));
}

void slim_cl_range_rows(slim_cl_build *b, size_t rows)
{
  const size_t least = b->cl->group_1d < ROW_GROUP ? b->cl->group_1d : ROW_GROUP;
  range_of(b, rows, b->device->info.device_class == SLIM_CLASS_CPU ? 1 : least);
}

void slim_cl_copy(slim_cl_build *b, const slim_view *from, const slim_view *to, size_t bytes)
{
  slim_cl_launch *l = add_launch(b, "copy");
  if (l != NULL) {
    l->from = from->buffer->memory;
    l->from_at = from->offset;
    l->to = to->buffer->memory;
    l->to_at = to->offset;
    l->bytes = bytes;
  }
}

void slim_cl_zero(slim_cl_build *b, const slim_view *view, size_t bytes)
{
  slim_cl_launch *l = add_launch(b, "zero");
  if (l != NULL) {
    l->to = view->buffer->memory;
    l->to_at = view->offset;
    l->bytes = bytes;
  }
}

void slim_cl_call(slim_cl_build *b, const char *name, slim_cl_call_fn fn, const slim_cl_product *product)
{
  slim_cl_launch *l = add_launch(b, name);
  if (l != NULL) {
    l->call = fn;
    l->product = *product;
  }
}

static cl_mem buffer_of(slim_cl_build *b, size_t bytes)
{
  if (!making(b)) {
    return b->naming ? b->cl->flag.memory : NULL;
  }
  slim_cl_step *s = b->step;
  s->tables = grow(b, s->tables, s->num_tables, sizeof(cl_mem));
  if (!making(b)) {
    return NULL;
  }
  cl_int code = CL_SUCCESS;
  cl_mem buffer = slim_cl_create_part(b->device, bytes, &code);
  check(b, code, "allocating memory of a step");
  if (code == CL_SUCCESS) {
    s->tables[s->num_tables++] = buffer;
    s->base.own_bytes += bytes;
  }
  return buffer;
}

cl_mem slim_cl_table(slim_cl_build *b, const void *data, size_t bytes)
{
  cl_mem table = buffer_of(b, bytes);
  if (making(b)) {
    check(b, b->cl->api->EnqueueWriteBuffer(b->cl->queue, table, CL_TRUE, 0, bytes, data, 0, NULL, NULL),
          "uploading a table");
  }
  return table;
}

cl_mem slim_cl_kept(slim_cl_build *b, size_t bytes)
{
  return buffer_of(b, bytes);
}

void slim_cl_once(slim_cl_build *b, const slim_view *view)
{
  if (making(b)) {
    current(b)->version = view->version;
  }
}
