#include "checkpoint/entries.h"

#include "base/size.h"
#include "formats/tensor_proto.h"

#include <stdlib.h>
#include <string.h>

slim_checkpoint_item *slim_checkpoint_items_add(slim_checkpoint_items *items)
{
  if (items->count == items->capacity) {
    const size_t capacity = items->capacity ? items->capacity * 2 : 64;
    size_t bytes = 0;
    slim_checkpoint_item *item = slim_size_mul(capacity, sizeof *item, &bytes) ? realloc(items->item, bytes) : NULL;
    if (!item) {
      return NULL;
    }
    items->item = item;
    items->capacity = capacity;
  }
  slim_checkpoint_item *item = &items->item[items->count++];
  *item = (slim_checkpoint_item){ 0 };
  return item;
}

static int by_key(const void *a, const void *b)
{
  const slim_span x = ((const slim_checkpoint_item *)a)->key, y = ((const slim_checkpoint_item *)b)->key;
  const size_t common = x.size < y.size ? x.size : y.size;
  const int order = common ? memcmp(x.data, y.data, common) : 0;
  return order ? order : (x.size > y.size) - (x.size < y.size);
}

void slim_checkpoint_items_sort(slim_checkpoint_items *items)
{
  if (items->count > 1) {
    qsort(items->item, items->count, sizeof *items->item, by_key);
  }
}

slim_checkpoint_item *slim_checkpoint_items_find(const slim_checkpoint_items *items, slim_span key)
{
  const slim_checkpoint_item wanted = { .key = key };
  return items->count ? bsearch(&wanted, items->item, items->count, sizeof wanted, by_key) : NULL;
}

slim_checkpoint_item *slim_checkpoint_items_get(const slim_checkpoint_items *items, const char *name,
                                                const char *prefix, slim_error *error)
{
  const slim_span key = { (const unsigned char *)name, strlen(name) };
  slim_checkpoint_item *item = slim_checkpoint_items_find(items, key);
  if (!item) {
    slim_error_set(error, SLIM_ERR_NOT_FOUND, "checkpoint '%s' has no tensor '%s'", prefix, name);
  }
  return item;
}

void slim_checkpoint_items_free(slim_checkpoint_items *items)
{
  free(items->item);
  *items = (slim_checkpoint_items){ 0 };
}

slim_status slim_checkpoint_entry_set(slim_checkpoint_entry *entry, uint32_t type, const slim_shape *shape,
                                      slim_error *error)
{
  size_t count = 0;
  entry->dtype = (slim_dtype)type;
  entry->type_name = slim_tensor_type_name(type);
  entry->shape = *shape;
  if (!slim_tensor_shape_count(shape, slim_tensor_type_size(type), &count, &entry->bytes)) {
    return slim_error_set(error, SLIM_ERR_DATA, "tensor '%s' is too large", entry->name);
  }
  return SLIM_OK;
}

slim_status slim_checkpoint_entry_check(const slim_checkpoint_entry *entry, size_t bytes, slim_error *error)
{
  if (entry->dtype == SLIM_STRING) {
    return slim_error_set(error, SLIM_ERR_UNSUPPORTED, "'%s' is a string tensor: read it string by string",
                          entry->name);
  }
  if (bytes == entry->bytes) {
    return SLIM_OK;
  }
  char text[96];
  return slim_error_set(error, SLIM_ERR_ARG, "'%s' is a %s tensor %s of %zu bytes, not of %zu", entry->name,
                        entry->type_name, slim_shape_format(&entry->shape, text, sizeof text), entry->bytes, bytes);
}
