#include "data/queue.h"

#include "base/arena.h"
#include "base/size.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

typedef struct batch_slot {
  slim_batch batch;
  slim_batch_item *items;
  unsigned char *memory;
} batch_slot;

struct slim_queue {
  slim_arena *arena; /* names and tables */
  slim_sample_source source;
  slim_order *order;
  slim_pipeline *pipeline;
  int batch_size, capacity, num_items;
  slim_batch_item *items; /* shape [-1, ...] */
  size_t *row_bytes;
  size_t *item_offset; /* in a slot's memory */
  size_t slot_bytes;
  batch_slot *slots;
  void ***rows; /* per worker: where each item goes */
};

slim_status slim_stream_resolve(const slim_stream_options *options, slim_stream_options *out, slim_error *error)
{
  *out = options ? *options : (slim_stream_options){ 0 };
  const struct {
    const char *name;
    int64_t value;
  } numbers[] = { { "num_epochs", out->num_epochs },
                  { "start_step", out->start_step },
                  { "shuffle_records", out->shuffle_records },
                  { "num_threads", out->num_threads },
                  { "capacity", out->capacity } };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (numbers[i].value < 0) {
      return slim_error_set(error, SLIM_ERR_ARG, "queue: %s is %lld, it must be 0 (the default) or more",
                            numbers[i].name, (long long)numbers[i].value);
    }
  }
  out->num_threads = out->num_threads ? out->num_threads : 2;
  out->capacity = out->capacity ? out->capacity : 8;
  return SLIM_OK;
}

/* --- creation ----------------------------------------------------------------------------------------------------- */

static slim_status no_memory(const slim_queue *q, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_MEMORY, "queue: no memory for %d batches of %d samples", q->capacity,
                        q->batch_size);
}

/* Shape, bytes and place of an item in a slot. */
static slim_status lay_out_item(slim_queue *q, int i, const slim_array *item, slim_error *error)
{
  const size_t elements = slim_shape_elements(&item->shape);
  const size_t element = slim_dtype_size(item->dtype);
  size_t bytes = 0;
  if (elements == 0 || element == 0 || item->shape.rank + 1 > SLIM_MAX_RANK) {
    char text[128];
    return slim_error_set(error, SLIM_ERR_ARG, "queue: item '%s' of %s %s cannot be batched", item->name,
                          slim_dtype_name(item->dtype), slim_shape_format(&item->shape, text, sizeof text));
  }
  q->items[i] = (slim_batch_item){ .name = slim_arena_strdup(q->arena, item->name), .dtype = item->dtype };
  q->items[i].shape.rank = item->shape.rank + 1;
  q->items[i].shape.dim[0] = -1;
  memcpy(q->items[i].shape.dim + 1, item->shape.dim, (size_t)item->shape.rank * sizeof(int));
  q->item_offset[i] = q->slot_bytes;
  if (!q->items[i].name || !slim_size_mul(elements, element, &q->row_bytes[i]) ||
      !slim_size_mul(q->row_bytes[i], (size_t)q->batch_size, &bytes) || !slim_size_add(q->slot_bytes, bytes, &bytes) ||
      !slim_size_round_up(bytes, ALIGNMENT, &q->slot_bytes)) {
    return no_memory(q, error);
  }
  return SLIM_OK;
}

static slim_status make_slot(slim_queue *q, int index, slim_error *error)
{
  batch_slot *s = &q->slots[index];
  s->items = slim_arena_array(q->arena, (size_t)q->num_items, sizeof *s->items);
  s->memory = aligned_alloc(ALIGNMENT, q->slot_bytes);
  if (!s->items || !s->memory) {
    return no_memory(q, error);
  }
  for (int i = 0; i < q->num_items; i++) {
    s->items[i] = q->items[i];
    s->items[i].data = s->memory + q->item_offset[i];
  }
  s->batch = (slim_batch){ .num_items = q->num_items, .items = s->items, .slot = index };
  return SLIM_OK;
}

static slim_status make_tables(slim_queue *q, const slim_array *items, int num_threads, slim_error *error)
{
  q->items = slim_arena_array(q->arena, (size_t)q->num_items, sizeof *q->items);
  q->row_bytes = slim_arena_array(q->arena, (size_t)q->num_items, sizeof *q->row_bytes);
  q->item_offset = slim_arena_array(q->arena, (size_t)q->num_items, sizeof *q->item_offset);
  q->rows = slim_arena_array(q->arena, (size_t)num_threads, sizeof *q->rows);
  batch_slot *slots = slim_arena_array(q->arena, (size_t)q->capacity, sizeof *slots);
  if (!q->items || !q->row_bytes || !q->item_offset || !q->rows || !slots) {
    return no_memory(q, error);
  }
  for (int i = 0; i < q->num_items; i++) {
    if (lay_out_item(q, i, &items[i], error) != SLIM_OK) {
      return error->status;
    }
  }
  for (int i = 0; i < num_threads; i++) {
    q->rows[i] = slim_arena_array(q->arena, (size_t)q->num_items, sizeof **q->rows);
    if (!q->rows[i]) {
      return no_memory(q, error);
    }
  }
  q->slots = slots;
  for (int i = 0; i < q->capacity; i++) {
    if (make_slot(q, i, error) != SLIM_OK) {
      return error->status;
    }
  }
  return SLIM_OK;
}

static slim_status next(void *user, slim_ticket *ticket, slim_error *error)
{
  return slim_order_next(((slim_queue *)user)->order, ticket, error);
}

static slim_status fill(void *user, int worker, const slim_ticket *ticket, int slot, int row, slim_error *error)
{
  slim_queue *q = user;
  void **rows = q->rows[worker];
  for (int i = 0; i < q->num_items; i++) {
    rows[i] = q->slots[slot].memory + q->item_offset[i] + (size_t)row * q->row_bytes[i];
  }
  return q->source.fill(q->source.user, worker, ticket, rows, error);
}

static slim_status start(slim_queue *q, const slim_stream_options *options, slim_error *error)
{
  const slim_pipeline_spec spec = { .slots = q->capacity,
                                    .rows = q->batch_size,
                                    .threads = options->num_threads,
                                    .drop_partial = options->drop_partial,
                                    .user = q,
                                    .next = next,
                                    .fill = fill };
  const slim_status status = make_tables(q, q->source.items, options->num_threads, error);
  return status == SLIM_OK ? slim_pipeline_create(&spec, &q->pipeline, error) : status;
}

slim_status slim_queue_create(slim_sample_source source, slim_walk walk, int batch_size,
                              const slim_stream_options *options, slim_queue **queue, slim_error *error)
{
  slim_error local = { 0 };
  slim_queue *q = calloc(1, sizeof *q);
  slim_arena *arena = slim_arena_create();
  *queue = NULL;
  if (!q || !arena) {
    walk.destroy(walk.self);
    source.destroy(source.user);
    slim_arena_destroy(arena);
    free(q);
    return slim_error_set(error, SLIM_ERR_MEMORY, "queue: no memory");
  }
  q->arena = arena;
  q->source = source;
  q->num_items = source.num_items;
  q->batch_size = batch_size;
  q->capacity = options->capacity;
  size_t skip = 0;
  if (!slim_size_mul((size_t)options->start_step, (size_t)batch_size, &skip)) {
    slim_error_set(&local, SLIM_ERR_ARG, "queue: start_step %lld is out of range", (long long)options->start_step);
  }
  const slim_status created = slim_order_create(walk, options, skip, &q->order, &local);
  if (created != SLIM_OK || local.status != SLIM_OK || start(q, options, &local) != SLIM_OK) {
    slim_queue_destroy(q);
    return slim_error_set(error, local.status, "%s", local.text);
  }
  *queue = q;
  return SLIM_OK;
}

void slim_queue_destroy(slim_queue *q)
{
  if (!q) {
    return;
  }
  slim_pipeline_destroy(q->pipeline);
  slim_order_destroy(q->order);
  q->source.destroy(q->source.user);
  for (int i = 0; q->slots && i < q->capacity; i++) {
    free(q->slots[i].memory);
  }
  slim_arena_destroy(q->arena);
  free(q);
}

/* --- use ---------------------------------------------------------------------------------------------------------- */

slim_status slim_queue_take(slim_queue *q, const slim_batch **batch, slim_error *error)
{
  *batch = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  int slot = 0, rows = 0;
  const slim_status status = slim_pipeline_take(q->pipeline, &slot, &rows, error);
  if (status != SLIM_OK) {
    return status;
  }
  batch_slot *s = &q->slots[slot];
  s->batch.size = rows;
  for (int i = 0; i < q->num_items; i++) {
    s->items[i].shape.dim[0] = rows;
  }
  *batch = &s->batch;
  return SLIM_OK;
}

void slim_queue_give_back(slim_queue *q, const slim_batch *batch)
{
  if (batch) {
    slim_pipeline_give_back(q->pipeline, batch->slot);
  }
}

slim_status slim_queue_restart(slim_queue *q, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  bool paused = false;
  slim_status status = slim_pipeline_pause(q->pipeline, &paused, error);
  if (status != SLIM_OK || !paused) {
    return status;
  }
  slim_order_restart(q->order);
  status = slim_pipeline_restart(q->pipeline);
  return status == SLIM_OK ? status : slim_error_set(error, status, "queue: it cannot begin again, no thread is left");
}

bool slim_queue_endless(const slim_queue *q)
{
  return slim_order_endless(q->order);
}

int slim_queue_num_items(const slim_queue *q)
{
  return q->num_items;
}

const slim_batch_item *slim_queue_item(const slim_queue *q, int item)
{
  return item >= 0 && item < q->num_items ? &q->items[item] : NULL;
}

int slim_queue_batch_size(const slim_queue *q)
{
  return q->batch_size;
}

int slim_queue_ready(const slim_queue *q, int *capacity)
{
  if (capacity) {
    *capacity = q->capacity;
  }
  return slim_pipeline_ready(q->pipeline);
}

/* --- arrays in memory --------------------------------------------------------------------------------------------- */

typedef struct array_source {
  int count;
  size_t *row_bytes;
  const void **data;
} array_source;

static slim_status fill_from_arrays(void *user, int worker, const slim_ticket *ticket, void *const *rows,
                                    slim_error *error)
{
  const array_source *a = user;
  (void)worker;
  (void)error;
  for (int i = 0; i < a->count; i++) {
    memcpy(rows[i], (const char *)a->data[i] + ticket->offset * a->row_bytes[i], a->row_bytes[i]);
  }
  return SLIM_OK;
}

static void destroy_arrays(void *user)
{
  array_source *a = user;
  if (a) {
    free(a->row_bytes);
    free(a->data);
    free(a);
  }
}

static array_source *wrap_arrays(const slim_array *arrays, int count)
{
  array_source *a = calloc(1, sizeof *a);
  if (!a) {
    return NULL;
  }
  a->count = count;
  a->row_bytes = calloc((size_t)count, sizeof *a->row_bytes);
  a->data = calloc((size_t)count, sizeof *a->data);
  if (!a->row_bytes || !a->data) {
    destroy_arrays(a);
    return NULL;
  }
  for (int i = 0; i < count; i++) {
    a->row_bytes[i] = slim_shape_elements(&arrays[i].shape) * slim_dtype_size(arrays[i].dtype);
    a->data[i] = arrays[i].data;
  }
  return a;
}

/* A queue over the rows 0 .. samples - 1; takes over the source. */
static slim_status open_rows(slim_sample_source source, int64_t samples, int batch_size,
                             const slim_stream_options *options, slim_queue **queue, slim_error *error)
{
  slim_stream_options resolved;
  slim_walk walk = { 0 };
  slim_status status = slim_stream_resolve(options, &resolved, error);
  status = status == SLIM_OK ? slim_walk_of_rows((uint64_t)samples, &walk, error) : status;
  if (status != SLIM_OK) {
    source.destroy(source.user);
    return status;
  }
  return slim_queue_create(source, walk, batch_size, &resolved, queue, error);
}

static slim_status check_sizes(int num_items, int64_t samples, int batch_size, slim_error *error)
{
  return num_items > 0 && samples > 0 && batch_size > 0
             ? SLIM_OK
             : slim_error_set(error, SLIM_ERR_ARG,
                              "queue: %d arrays of %lld samples in batches of %d: all must be 1 or more", num_items,
                              (long long)samples, batch_size);
}

slim_status slim_queue_of_arrays(const slim_array *arrays, int num_arrays, int64_t samples, int batch_size,
                                 const slim_stream_options *options, slim_queue **queue, slim_error *error)
{
  *queue = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  if (check_sizes(num_arrays, samples, batch_size, error) != SLIM_OK) {
    return SLIM_ERR_ARG;
  }
  array_source *source = wrap_arrays(arrays, num_arrays);
  if (!source) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "queue: no memory");
  }
  const slim_sample_source spec = {
    .items = arrays, .num_items = num_arrays, .user = source, .fill = fill_from_arrays, .destroy = destroy_arrays
  };
  return open_rows(spec, samples, batch_size, options, queue, error);
}

/* --- a function of the caller's ----------------------------------------------------------------------------------- */

typedef struct made_source {
  slim_fill_fn make;
  void *user;
} made_source;

static slim_status fill_by_function(void *user, int worker, const slim_ticket *ticket, void *const *rows,
                                    slim_error *error)
{
  const made_source *m = user;
  return m->make(m->user, worker, (int64_t)ticket->offset, rows, error);
}

slim_status slim_prefetch_queue(const slim_array *items, int num_items, int64_t samples, slim_fill_fn make, void *user,
                                int batch_size, const slim_stream_options *options, slim_queue **queue,
                                slim_error *error)
{
  *queue = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  if (check_sizes(num_items, samples, batch_size, error) != SLIM_OK) {
    return SLIM_ERR_ARG;
  }
  made_source *source = make ? malloc(sizeof *source) : NULL;
  if (!source) {
    return slim_error_set(error, make ? SLIM_ERR_MEMORY : SLIM_ERR_ARG, "queue: %s",
                          make ? "no memory" : "there is no function to fill it with");
  }
  *source = (made_source){ make, user };
  const slim_sample_source spec = {
    .items = items, .num_items = num_items, .user = source, .fill = fill_by_function, .destroy = free
  };
  return open_rows(spec, samples, batch_size, options, queue, error);
}
