#include "base/crc32c.h"
#include "base/file.h"
#include "checkpoint/bundle.h"
#include "formats/protobuf.h"
#include "formats/table.h"
#include "formats/tensor_proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_SHARDS = 1, HEADER_VERSION = 3, VERSION_PRODUCER = 1 };
enum { ENTRY_DTYPE = 1, ENTRY_SHAPE = 2, ENTRY_OFFSET = 4, ENTRY_SIZE = 5, ENTRY_CRC = 6 };

struct slim_bundle_writer {
  slim_arena *arena;
  char *prefix;
  slim_file_writer *data;
  uint64_t offset;
  slim_checkpoint_items items;
};

static slim_status no_memory(const char *prefix, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_MEMORY, "checkpoint '%s': no memory", prefix);
}

char *slim_bundle_path(const char *prefix, const char *suffix)
{
  const size_t size = strlen(prefix) + strlen(suffix) + 2;
  char *path = malloc(size);
  if (path) {
    (void)snprintf(path, size, "%s.%s", prefix, suffix);
  }
  return path;
}

slim_status slim_bundle_writer_open(const char *prefix, slim_bundle_writer **out, slim_error *error)
{
  *out = NULL;
  slim_bundle_writer *w = calloc(1, sizeof *w);
  char *path = slim_bundle_path(prefix, "data-00000-of-00001");
  if (w) {
    w->arena = slim_arena_create();
    w->prefix = slim_arena_strdup(w->arena, prefix);
  }
  if (!w || !w->prefix || !path) {
    slim_bundle_writer_discard(w);
    free(path);
    return no_memory(prefix, error);
  }
  const slim_status status = slim_file_writer_open(path, &w->data, error);
  free(path);
  if (status != SLIM_OK) {
    slim_bundle_writer_discard(w);
    return status;
  }
  *out = w;
  return SLIM_OK;
}

static void free_writer(slim_bundle_writer *w)
{
  slim_checkpoint_items_free(&w->items);
  slim_arena_destroy(w->arena);
  free(w);
}

void slim_bundle_writer_discard(slim_bundle_writer *w)
{
  if (w) {
    slim_file_writer_discard(w->data);
    free_writer(w);
  }
}

slim_status slim_bundle_writer_begin(slim_bundle_writer *w, const char *name, slim_dtype dtype,
                                     const slim_shape *shape, slim_error *error)
{
  size_t count = 0, bytes = 0;
  const size_t element = slim_tensor_type_size(dtype);
  if (!name[0] || element == 0 || !slim_tensor_shape_count(shape, element, &count, &bytes)) {
    char text[96];
    return slim_error_set(error, SLIM_ERR_ARG, "cannot save '%s', a %s tensor %s: name, type or shape is not fixed",
                          name, slim_tensor_type_name(dtype), slim_shape_format(shape, text, sizeof text));
  }
  slim_checkpoint_item *item = slim_checkpoint_items_add(&w->items);
  char *copy = item ? slim_arena_strdup(w->arena, name) : NULL;
  if (!copy) {
    return no_memory(w->prefix, error);
  }
  item->entry.name = copy;
  item->key = (slim_span){ (const unsigned char *)copy, strlen(copy) };
  item->entry.dtype = dtype;
  item->entry.shape = *shape;
  item->offset = w->offset;
  item->size = bytes;
  return SLIM_OK;
}

/* The item's checksum is masked when it is written. */
slim_status slim_bundle_writer_put(slim_bundle_writer *w, const void *data, size_t bytes, slim_error *error)
{
  slim_checkpoint_item *item = &w->items.item[w->items.count - 1];
  item->crc32c = slim_crc32c(item->crc32c, data, bytes);
  w->offset += bytes;
  return slim_file_writer_write(w->data, data, bytes, error);
}

static void put_header(slim_bytes *out)
{
  slim_proto_put_varint(out, HEADER_SHARDS, 1);
  const size_t version = slim_proto_begin(out, HEADER_VERSION);
  slim_proto_put_varint(out, VERSION_PRODUCER, 1);
  slim_proto_end(out, version);
}

/* As proto3 has it, a zero is left out. */
static void put_entry(slim_bytes *out, const slim_checkpoint_item *item)
{
  slim_proto_put_varint(out, ENTRY_DTYPE, (uint64_t)item->entry.dtype);
  slim_tensor_shape_put(out, ENTRY_SHAPE, &item->entry.shape);
  if (item->offset > 0) {
    slim_proto_put_varint(out, ENTRY_OFFSET, item->offset);
  }
  if (item->size > 0) {
    slim_proto_put_varint(out, ENTRY_SIZE, item->size);
  }
  slim_proto_put_fixed32(out, ENTRY_CRC, slim_crc32c_mask(item->crc32c));
}

static slim_status check_names(slim_bundle_writer *w, slim_error *error)
{
  slim_checkpoint_items_sort(&w->items);
  for (size_t i = 1; i < w->items.count; i++) {
    const char *name = w->items.item[i].entry.name;
    if (strcmp(name, w->items.item[i - 1].entry.name) == 0) {
      return slim_error_set(error, SLIM_ERR_EXISTS, "checkpoint '%s': tensor '%s' was added twice", w->prefix, name);
    }
  }
  return SLIM_OK;
}

static bool build_index(const slim_bundle_writer *w, slim_table_writer *table)
{
  slim_bytes record = { 0 };
  put_header(&record);
  slim_table_writer_add(table, (slim_span){ 0 }, slim_span_of(&record));
  for (size_t i = 0; i < w->items.count; i++) {
    record.size = 0;
    put_entry(&record, &w->items.item[i]);
    slim_table_writer_add(table, w->items.item[i].key, slim_span_of(&record));
  }
  const bool good = slim_table_writer_finish(table) && !record.failed;
  slim_bytes_free(&record);
  return good;
}

/* The old index goes before the new data come: at no time does an index describe data of another save. */
static slim_status commit(slim_bundle_writer *w, const slim_table_writer *table, slim_error *error)
{
  char *path = slim_bundle_path(w->prefix, "index");
  if (!path) {
    return no_memory(w->prefix, error);
  }
  (void)remove(path);
  slim_status status = slim_file_writer_commit(w->data, error);
  w->data = NULL;
  if (status == SLIM_OK) {
    status = slim_file_write(path, table->out.data, table->out.size, error);
  }
  free(path);
  return status;
}

slim_status slim_bundle_writer_finish(slim_bundle_writer *w, slim_error *error)
{
  slim_table_writer table = { 0 };
  slim_status status = check_names(w, error);
  if (status == SLIM_OK && !build_index(w, &table)) {
    status = no_memory(w->prefix, error);
  }
  if (status == SLIM_OK) {
    status = commit(w, &table, error);
  }
  slim_table_writer_free(&table);
  slim_bundle_writer_discard(w);
  return status;
}
