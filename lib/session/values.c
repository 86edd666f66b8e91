#include "session/values.h"

#include "base/arena.h"
#include "base/rng.h"
#include "base/size.h"
#include "graph/graph.h"
#include "session/halves.h"

#include <stdlib.h>
#include <string.h>

enum {
  BUCKETS = 1024,
  PIECE = 1 << 20 /* bytes that are given, or go to a device, at once */
};

typedef struct chunk {
  slim_buffer *buffer;
  struct chunk *next;
} chunk;

struct slim_values {
  slim_device *device;
  slim_lane *lane;
  slim_arena *arena; /* names, values, chunks and host memory */
  chunk *chunks;
  size_t bytes;
  bool halves;
  int references; /* guarded by the lane's lock */
  uint64_t changes;
  slim_value *bucket[BUCKETS];
};

slim_values *slim_values_create(slim_device *device)
{
  slim_values *values = calloc(1, sizeof *values);
  if (!values) {
    return NULL;
  }
  values->device = device;
  values->references = 1;
  values->changes = 1;
  values->arena = slim_arena_create();
  values->lane = slim_lane_acquire(device);
  if (!values->arena || !values->lane) {
    slim_arena_destroy(values->arena);
    slim_lane_release(values->lane);
    free(values);
    return NULL;
  }
  return values;
}

static void values_free(slim_values *values)
{
  for (chunk *c = values->chunks; c; c = c->next) {
    values->device->backend->release(values->device, c->buffer);
  }
  slim_arena_destroy(values->arena);
}

void slim_values_destroy(slim_values *values)
{
  if (!values) {
    return;
  }
  pthread_mutex_lock(&values->lane->lock);
  const bool last = --values->references == 0;
  if (last) {
    values_free(values);
  }
  pthread_mutex_unlock(&values->lane->lock);
  if (last) {
    slim_lane_release(values->lane);
    free(values);
  }
}

slim_values *slim_values_share(slim_values *values)
{
  pthread_mutex_lock(&values->lane->lock);
  values->references++;
  pthread_mutex_unlock(&values->lane->lock);
  return values;
}

slim_device *slim_values_device(const slim_values *values)
{
  return values->device;
}

size_t slim_values_bytes(const slim_values *values)
{
  return values->bytes;
}

void slim_values_keep_halves(slim_values *values)
{
  values->halves = true;
}

bool slim_values_keeps_halves(const slim_values *values)
{
  return values->halves;
}

slim_value *slim_values_find(const slim_values *values, const char *name)
{
  slim_value *value = values->bucket[slim_hash(name) % BUCKETS];
  while (value && strcmp(value->name, name) != 0) {
    value = value->next;
  }
  return value;
}

/* --- declaring ---------------------------------------------------------------------------------------------------- */

/* The type in memory. */
static slim_dtype dtype_of(const slim_values *values, const slim_tensor *variable)
{
  const bool weights = variable->dtype == SLIM_FLOAT32 && variable->shape.rank > 1 && !variable->node->variable->host;
  return values->halves && weights ? SLIM_FLOAT16 : variable->dtype;
}

static slim_status check_same(const slim_value *value, const slim_tensor *variable, slim_dtype dtype, slim_error *error)
{
  char had[64], wanted[64];
  slim_shape_format(&value->view.shape, had, sizeof had);
  slim_shape_format(&variable->shape, wanted, sizeof wanted);
  if (value->view.dtype != dtype) {
    return slim_error_set(error, SLIM_ERR_TYPE, "variable '%s' is %s here, the shared values hold it as %s",
                          value->name, slim_dtype_name(variable->dtype), slim_dtype_name(value->view.dtype));
  }
  if (!slim_shape_equal(&value->view.shape, &variable->shape)) {
    return slim_error_set(error, SLIM_ERR_SHAPE, "variable '%s' has shape %s here, the shared values hold it as %s",
                          value->name, wanted, had);
  }
  return SLIM_OK;
}

static slim_status no_memory(slim_error *error, const char *name, size_t bytes)
{
  return slim_error_set(error, SLIM_ERR_MEMORY, "variable '%s': no memory for %zu bytes", name, bytes);
}

/* Bytes a value takes in a chunk. 0: too large for a size. */
static size_t padded_bytes(const slim_value *value)
{
  size_t padded = 0;
  return slim_size_round_up(value->bytes, SLIM_ALIGNMENT, &padded) ? padded : 0;
}

int slim_parts_of(const slim_shape *shape, slim_dtype dtype, size_t limit)
{
  const size_t bytes = slim_shape_elements(shape) * slim_dtype_size(dtype),
               most = limit / SLIM_ALIGNMENT * SLIM_ALIGNMENT;
  const size_t rows = shape->rank > 0 ? (size_t)shape->dim[0] : 0, rows_most = rows > 0 ? most / (bytes / rows) : 0;
  return limit == 0 || bytes <= most || rows_most == 0 ? 0 : (int)((rows + rows_most - 1) / rows_most);
}

slim_shape slim_part_shape(const slim_shape *shape, int parts, int k, int *begin)
{
  slim_shape part = *shape;
  *begin = (int)((int64_t)shape->dim[0] * k / parts);
  part.dim[0] = (int)((int64_t)shape->dim[0] * (k + 1) / parts) - *begin;
  return part;
}

static bool parts_make(slim_values *values, slim_value *value)
{
  const slim_view *whole = &value->view;
  const int count = slim_parts_of(&whole->shape, whole->dtype, values->device->info.max_allocation);
  value->parts = slim_arena_array(values->arena, (size_t)count, sizeof *value->parts);
  value->num_parts = value->parts ? count : 0;
  for (int k = 0, begin = 0; k < value->num_parts; k++) {
    slim_value *part = &value->parts[k];
    part->name = value->name;
    part->view = (slim_view){ .dtype = whole->dtype, .version = &part->version };
    part->view.shape = slim_part_shape(&whole->shape, count, k, &begin);
    part->bytes = slim_shape_elements(&part->view.shape) * slim_dtype_size(whole->dtype);
  }
  return value->parts != NULL;
}

static slim_value *value_make(slim_values *values, const slim_tensor *variable, slim_error *error)
{
  const char *name = variable->node->variable->full_name;
  slim_value *value = slim_arena_alloc(values->arena, sizeof *value);
  size_t bytes = 0;
  const slim_dtype dtype = dtype_of(values, variable);
  if (!value || !slim_size_mul(slim_shape_elements(&variable->shape), slim_dtype_size(dtype), &bytes) || bytes == 0) {
    no_memory(error, name, bytes);
    return NULL;
  }
  value->name = slim_arena_strdup(values->arena, name);
  value->bytes = bytes;
  value->view = (slim_view){ .dtype = dtype, .shape = variable->shape, .version = &value->version };
  const bool host = variable->node->variable->host;
  if (!value->name || padded_bytes(value) == 0 || (!host && !parts_make(values, value))) {
    no_memory(error, name, bytes);
    return NULL;
  }
  return value;
}

static void value_link(slim_values *values, slim_value *value)
{
  slim_value **bucket = &values->bucket[slim_hash(value->name) % BUCKETS];
  value->next = *bucket;
  *bucket = value;
  values->bytes += padded_bytes(value);
}

/* One buffer for values[0..count), of which each knows its offset. */
static slim_status chunk_make(slim_values *values, slim_value *const *list, size_t count, size_t bytes,
                              slim_error *error)
{
  slim_device *device = values->device;
  chunk *c = slim_arena_alloc(values->arena, sizeof *c);
  if (!c) {
    return no_memory(error, list[0]->name, bytes);
  }
  const slim_status status = device->backend->alloc(device, bytes, &c->buffer);
  if (status != SLIM_OK) {
    return slim_device_blame(device, status, error, list[0]->name);
  }
  c->next = values->chunks;
  values->chunks = c;
  char *address = device->backend->address(device, c->buffer);
  for (size_t i = 0; i < count; i++) {
    list[i]->view.buffer = c->buffer;
    list[i]->view.host = address ? address + list[i]->view.offset : NULL;
  }
  return SLIM_OK;
}

/* Fills chunks up to the largest allocation the device allows. */
static slim_status place_on_device(slim_values *values, slim_value *const *list, size_t count, slim_error *error)
{
  const size_t most = values->device->info.max_allocation;
  slim_status status = SLIM_OK;
  for (size_t begin = 0, end = 0; begin < count && status == SLIM_OK; begin = end) {
    size_t bytes = 0;
    for (end = begin; end < count; end++) {
      size_t sum = 0;
      if (!slim_size_add(bytes, padded_bytes(list[end]), &sum) || (most != 0 && sum > most)) {
        break;
      }
      list[end]->view.offset = bytes;
      bytes = sum;
    }
    if (end == begin) {
      return slim_error_set(error, SLIM_ERR_MEMORY, "variable '%s' has %zu bytes, the device allows %zu in one buffer",
                            list[begin]->name, list[begin]->bytes, most);
    }
    status = chunk_make(values, list + begin, end - begin, bytes, error);
    for (size_t i = begin; i < end && status == SLIM_OK; i++) {
      value_link(values, list[i]);
    }
  }
  return status;
}

/* Each part has a buffer of its own. */
static slim_status place_parts(slim_values *values, slim_value *value, slim_error *error)
{
  slim_status status = SLIM_OK;
  for (int k = 0; k < value->num_parts && status == SLIM_OK; k++) {
    slim_value *part = &value->parts[k];
    status = chunk_make(values, &part, 1, padded_bytes(part), error);
  }
  if (status == SLIM_OK) {
    value_link(values, value);
  }
  return status;
}

static slim_status place_on_host(slim_values *values, slim_value *value, slim_error *error)
{
  value->view.host = slim_arena_alloc(values->arena, padded_bytes(value));
  if (!value->view.host) {
    return no_memory(error, value->name, value->bytes);
  }
  value_link(values, value);
  return SLIM_OK;
}

slim_status slim_values_declare(slim_values *values, slim_tensor *const *variables, size_t count, slim_error *error)
{
  slim_value **fresh = calloc(count ? count : 1, sizeof *fresh);
  size_t num_fresh = 0;
  slim_status status = fresh ? SLIM_OK : no_memory(error, "all", count * sizeof *fresh);
  for (size_t i = 0; i < count && status == SLIM_OK; i++) {
    const slim_variable_info *info = variables[i]->node->variable;
    slim_value *value = slim_values_find(values, info->full_name);
    if (value) {
      status = check_same(value, variables[i], dtype_of(values, variables[i]), error);
    } else if (!(value = value_make(values, variables[i], error))) {
      status = SLIM_ERR_MEMORY;
    } else if (info->host) {
      status = place_on_host(values, value, error);
    } else if (value->num_parts > 0) {
      status = place_parts(values, value, error);
    } else {
      fresh[num_fresh++] = value;
    }
  }
  if (status == SLIM_OK) {
    status = place_on_device(values, fresh, num_fresh, error);
  }
  free(fresh);
  return status;
}

uint64_t *slim_values_changes(slim_values *values)
{
  return &values->changes;
}

/* --- reading and writing ------------------------------------------------------------------------------------------ */

/* To a device in pieces, of which one is copied while the next is prepared. */
static slim_status upload(slim_device *device, const slim_value *value, size_t at, const void *data, size_t bytes)
{
  if (value->view.buffer) {
    slim_status status = SLIM_OK;
    for (size_t i = 0, n = 0; i < bytes && status == SLIM_OK; i += n) {
      n = bytes - i < PIECE ? bytes - i : PIECE;
      status = device->backend->upload(device, value->view.buffer, value->view.offset + at + i, (const char *)data + i, n);
    }
    return status;
  }
  memcpy((char *)value->view.host + at, data, bytes);
  return SLIM_OK;
}

static slim_status download(slim_device *device, const slim_value *value, size_t at, void *data, size_t bytes)
{
  if (value->view.buffer) {
    return device->backend->download(device, data, value->view.buffer, value->view.offset + at, bytes);
  }
  memcpy(data, (const char *)value->view.host + at, bytes);
  return SLIM_OK;
}

size_t slim_value_data_bytes(const slim_value *value)
{
  return value->bytes * (value->view.dtype == SLIM_FLOAT16 ? sizeof(float) / sizeof(uint16_t) : 1);
}

static slim_status write_one(slim_device *device, slim_value *value, const void *data)
{
  const slim_status status = value->view.dtype == SLIM_FLOAT16 ? slim_halves_write(device, value, data)
                                                               : upload(device, value, 0, data, value->bytes);
  value->version++;
  return status;
}

slim_status slim_value_write(slim_values *values, slim_value *value, const void *data, slim_error *error)
{
  if (value->view.dtype == SLIM_FLOAT16 && slim_halves_check(value, data, error) != SLIM_OK) {
    return SLIM_ERR_NUMERIC;
  }
  const char *from = data;
  slim_status status = value->num_parts == 0 ? write_one(values->device, value, data) : SLIM_OK;
  for (int k = 0; k < value->num_parts && status == SLIM_OK; from += slim_value_data_bytes(&value->parts[k++])) {
    status = write_one(values->device, &value->parts[k], from);
  }
  values->changes++;
  value->ready |= status == SLIM_OK;
  return slim_device_blame(values->device, status, error, value->name);
}

/* bytes of what the host sees, from byte at on. */
static slim_status read_piece(slim_device *device, const slim_value *value, size_t at, void *data, size_t bytes)
{
  return value->view.dtype == SLIM_FLOAT16
             ? slim_halves_read(device, value, at / sizeof(float), data, bytes / sizeof(float))
             : download(device, value, at, data, bytes);
}

/* What a value lies in: so many parts, or itself. */
static int count_parts(const slim_value *value)
{
  return value->num_parts > 0 ? value->num_parts : 1;
}

static const slim_value *part_of(const slim_value *value, int k)
{
  return value->num_parts > 0 ? &value->parts[k] : value;
}

slim_status slim_value_read(slim_values *values, const slim_value *value, void *data, slim_error *error)
{
  char *to = data;
  slim_status status = SLIM_OK;
  for (int k = 0; k < count_parts(value) && status == SLIM_OK; to += slim_value_data_bytes(part_of(value, k++))) {
    status = read_piece(values->device, part_of(value, k), 0, to, slim_value_data_bytes(part_of(value, k)));
  }
  return slim_device_blame(values->device, status, error, value->name);
}

/* Where a value's numbers lie as the host has them; NULL where they do not: on a device, in parts, as halves. */
static void *numbers_in_place(const slim_value *value)
{
  return value->num_parts == 0 && value->view.dtype != SLIM_FLOAT16 ? value->view.host : NULL;
}

/* One that is in one piece. room: PIECE bytes. */
static slim_status give_one(slim_values *values, const slim_value *value, void *room, slim_value_put_fn put, void *user,
                            slim_error *error)
{
  const size_t bytes = slim_value_data_bytes(value);
  slim_status status = SLIM_OK;
  for (size_t at = 0, n = 0; at < bytes && status == SLIM_OK; at += n) {
    n = bytes - at < PIECE ? bytes - at : PIECE;
    status = slim_device_blame(values->device, read_piece(values->device, value, at, room, n), error, value->name);
    status = status == SLIM_OK ? put(user, room, n, error) : status;
  }
  return status;
}

slim_status slim_value_give(slim_values *values, const slim_value *value, slim_value_put_fn put, void *user,
                            slim_error *error)
{
  void *room = malloc(PIECE);
  slim_status status = room ? SLIM_OK : no_memory(error, value->name, PIECE);
  for (int k = 0; k < count_parts(value) && status == SLIM_OK; k++) {
    status = give_one(values, part_of(value, k), room, put, user, error);
  }
  free(room);
  return status;
}

static slim_status fill_in_place(slim_values *values, slim_value *value, void *place, slim_value_fill_fn fill,
                                 void *user, slim_error *error)
{
  slim_status status = value->ready ? fill(user, NULL, error) : SLIM_OK;
  if (status == SLIM_OK) {
    status = fill(user, place, error);
    value->version++;
    values->changes++;
    value->ready = status == SLIM_OK;
  }
  return status;
}

/* Where the numbers of one without a value can be put on the device; NULL where they cannot, or need not. */
static void *map_numbers(const slim_values *values, const slim_value *value)
{
  slim_device *device = values->device;
  const bool may = value->num_parts == 0 && value->view.dtype != SLIM_FLOAT16 && value->view.buffer && !value->ready;
  return may && device->backend->map
             ? device->backend->map(device, value->view.buffer, value->view.offset, value->bytes)
             : NULL;
}

static slim_status fill_mapped(slim_values *values, slim_value *value, void *place, slim_value_fill_fn fill, void *user,
                               slim_error *error)
{
  slim_device *device = values->device;
  const slim_status filled = fill_in_place(values, value, place, fill, user, error),
                    status = device->backend->unmap(device, value->view.buffer, place);
  value->ready &= status == SLIM_OK;
  return filled == SLIM_OK ? slim_device_blame(device, status, error, value->name) : filled;
}

slim_status slim_value_fill(slim_values *values, slim_value *value, slim_value_fill_fn fill, void *user,
                            slim_error *error)
{
  void *place = numbers_in_place(value);
  if (place) {
    return fill_in_place(values, value, place, fill, user, error);
  }
  place = map_numbers(values, value);
  if (place) {
    return fill_mapped(values, value, place, fill, user, error);
  }
  void *data = malloc(slim_value_data_bytes(value));
  if (!data) {
    return no_memory(error, value->name, slim_value_data_bytes(value));
  }
  slim_status status = fill(user, data, error);
  if (status == SLIM_OK) {
    status = slim_value_write(values, value, data, error);
  }
  free(data);
  return status;
}

static slim_status initial_value(void *user, void *data, slim_error *error)
{
  (void)error;
  if (data) {
    slim_variable_initial_value(user, data);
  }
  return SLIM_OK;
}

slim_status slim_value_initialize(slim_values *values, slim_tensor *variable, slim_error *error)
{
  slim_value *value = slim_values_find(values, variable->node->variable->full_name);
  return slim_value_fill(values, value, initial_value, variable, error);
}
