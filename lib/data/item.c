/* Decoded values. */
#include "data/decoder.h"

#include "base/size.h"

#include <stdlib.h>
#include <string.h>

size_t slim_item_element_size(slim_dtype dtype)
{
  return dtype == SLIM_STRING ? sizeof(slim_string) : slim_dtype_size(dtype);
}

/* Room for bytes in *memory, which grows. */
static bool grow(void **memory, size_t *capacity, size_t bytes)
{
  if (bytes > *capacity || !*memory) {
    void *data = malloc(bytes ? bytes : 1);
    if (!data) {
      return false;
    }
    free(*memory);
    *memory = data;
    *capacity = bytes;
  }
  return true;
}

void *slim_item_resize(slim_item *item, slim_dtype dtype, const slim_shape *shape, slim_error *error)
{
  if (slim_error_held(error)) {
    return NULL;
  }
  size_t bytes = slim_item_element_size(dtype);
  bool ok = bytes > 0 && shape->rank >= 0 && shape->rank <= SLIM_MAX_RANK;
  for (int i = 0; ok && i < shape->rank; i++) {
    ok = shape->dim[i] >= 0 && slim_size_mul(bytes, (size_t)shape->dim[i], &bytes);
  }
  if (!ok) {
    char text[128];
    slim_error_set(error, SLIM_ERR_SHAPE, "a value of %s %s cannot be", slim_dtype_name(dtype),
                   slim_shape_format(shape, text, sizeof text));
    return NULL;
  }
  if (!grow(&item->data, &item->capacity, bytes)) {
    slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a value of %zu bytes", bytes);
    return NULL;
  }
  item->dtype = dtype;
  item->shape = *shape;
  item->dense_shape = (slim_shape){ 0, { 0 } };
  return item->data;
}

void *slim_item_resize_sparse(slim_item *item, slim_dtype dtype, size_t count, const slim_shape *dense_shape,
                              slim_error *error)
{
  const slim_shape shape = { 1, { (int)count } };
  size_t bytes = 0;
  void *room = item->indices;
  if (count > INT32_MAX || !slim_item_resize(item, dtype, &shape, error)) {
    slim_error_set(error, SLIM_ERR_SHAPE, "a sparse value of %zu elements cannot be", count);
    return NULL;
  }
  if (!slim_size_mul(count, (size_t)dense_shape->rank * sizeof *item->indices, &bytes) ||
      !grow(&room, &item->indices_capacity, bytes)) {
    slim_error_set(error, SLIM_ERR_MEMORY, "no memory for the places of %zu values", count);
    return NULL;
  }
  item->indices = room;
  item->dense_shape = *dense_shape;
  return item->data;
}

bool slim_item_is_sparse(const slim_item *item)
{
  return item->dense_shape.rank > 0;
}

size_t slim_item_elements(const slim_item *item)
{
  return slim_shape_elements(&item->shape);
}

void slim_item_fill(slim_item *item, const char *text, float real, int64_t integer)
{
  const size_t count = slim_item_elements(item);
  const slim_string string = { text, strlen(text) };
  for (size_t i = 0; i < count; i++) {
    if (item->dtype == SLIM_STRING) {
      ((slim_string *)item->data)[i] = string;
    } else if (item->dtype == SLIM_FLOAT32) {
      ((float *)item->data)[i] = real;
    } else {
      ((int64_t *)item->data)[i] = integer;
    }
  }
}

void slim_item_clear(slim_item *item)
{
  free(item->data);
  free(item->indices);
  *item = (slim_item){ 0 };
}

slim_status slim_item_copy(slim_item *to, const slim_item *from, const slim_shape *shape, slim_error *error)
{
  slim_error local = { 0 };
  void *data = slim_item_resize(to, from->dtype, shape, &local);
  if (!data) {
    return slim_error_set(error, local.status, "%s", local.text);
  }
  memcpy(data, from->data, slim_shape_elements(shape) * slim_item_element_size(from->dtype));
  return SLIM_OK;
}
