#include "checkpoint/v1.h"

#include "base/file.h"
#include "base/mapping.h"
#include "base/size.h"
#include "checkpoint/slice.h"
#include "formats/protobuf.h"
#include "formats/table.h"
#include "formats/tensor_proto.h"

#include <stdlib.h>
#include <string.h>

enum { SLICES_META = 1, SLICES_DATA = 2, META_TENSOR = 1 };
enum { TENSOR_NAME = 1, TENSOR_SHAPE = 2, TENSOR_TYPE = 3 };
enum { SLICE_NAME = 1, SLICE_PLACE = 2, SLICE_DATA = 3 };
enum { FIRST_REFERENCE_TYPE = 101 };

/* Values of a tensor or of a part of it; views into a table. */
typedef struct piece {
  slim_span name, place, data;
} piece;

typedef struct shard {
  slim_span mapping; /* empty when the bytes are the caller's */
  slim_table *table;
} shard;

struct slim_v1_reader {
  slim_arena *arena;
  char *prefix;
  shard *shards;
  size_t shard_count;
  slim_checkpoint_items items;
  piece *pieces; /* sorted by name */
  size_t piece_count, piece_capacity;
};

static slim_status damaged(const slim_v1_reader *r, const char *what, const char *name, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_DATA, "checkpoint '%s': %s '%s'", r->prefix, what, name);
}

static slim_status no_memory(const char *prefix, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_MEMORY, "checkpoint '%s': no memory", prefix);
}

static int compare(slim_span a, slim_span b)
{
  const size_t common = a.size < b.size ? a.size : b.size;
  const int order = common ? memcmp(a.data, b.data, common) : 0;
  return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_name(const void *a, const void *b)
{
  return compare(((const piece *)a)->name, ((const piece *)b)->name);
}

/* --- the index ---------------------------------------------------------------------------------------------------- */

static slim_status add_tensor(slim_v1_reader *r, slim_span message, slim_error *error)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  slim_span name = { 0 }, shape_message = { 0 };
  slim_shape shape;
  uint64_t type = 0;
  while (slim_proto_next(&in, &field)) {
    if (field.number == TENSOR_NAME && field.wire == SLIM_WIRE_BYTES) {
      name = field.bytes;
    } else if (field.number == TENSOR_SHAPE && field.wire == SLIM_WIRE_BYTES) {
      shape_message = field.bytes;
    } else if (field.number == TENSOR_TYPE && field.wire == SLIM_WIRE_VARINT) {
      type = field.value;
    }
  }
  slim_checkpoint_item *item = slim_checkpoint_items_add(&r->items);
  char *text = item ? slim_arena_strndup(r->arena, (const char *)name.data, name.size) : NULL;
  if (!text) {
    return no_memory(r->prefix, error);
  }
  item->entry.name = text;
  item->key = (slim_span){ (const unsigned char *)text, name.size };
  if (in.damaged || strlen(text) != name.size || type > UINT32_MAX) {
    return damaged(r, "damaged description of", text, error);
  }
  const slim_status status = slim_tensor_shape_parse(shape_message, text, &shape, error);
  type -= type >= FIRST_REFERENCE_TYPE ? FIRST_REFERENCE_TYPE - 1 : 0;
  return status == SLIM_OK ? slim_checkpoint_entry_set(&item->entry, (uint32_t)type, &shape, error) : status;
}

static slim_status add_meta(slim_v1_reader *r, slim_span message, slim_error *error)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  while (slim_proto_next(&in, &field)) {
    if (field.number == META_TENSOR && field.wire == SLIM_WIRE_BYTES) {
      const slim_status status = add_tensor(r, field.bytes, error);
      if (status != SLIM_OK) {
        return status;
      }
    }
  }
  return in.damaged ? damaged(r, "damaged list of tensors of", r->prefix, error) : SLIM_OK;
}

static piece *new_piece(slim_v1_reader *r)
{
  if (r->piece_count == r->piece_capacity) {
    const size_t capacity = r->piece_capacity ? r->piece_capacity * 2 : 64;
    size_t bytes = 0;
    piece *pieces = slim_size_mul(capacity, sizeof *pieces, &bytes) ? realloc(r->pieces, bytes) : NULL;
    if (!pieces) {
      return NULL;
    }
    r->pieces = pieces;
    r->piece_capacity = capacity;
  }
  piece *p = &r->pieces[r->piece_count++];
  *p = (piece){ 0 };
  return p;
}

static slim_status add_piece(slim_v1_reader *r, slim_span message, slim_error *error)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  piece *p = new_piece(r);
  if (!p) {
    return no_memory(r->prefix, error);
  }
  while (slim_proto_next(&in, &field)) {
    if (field.wire != SLIM_WIRE_BYTES) {
      continue;
    }
    if (field.number == SLICE_NAME) {
      p->name = field.bytes;
    } else if (field.number == SLICE_PLACE) {
      p->place = field.bytes;
    } else if (field.number == SLICE_DATA) {
      p->data = field.bytes;
    }
  }
  return in.damaged ? damaged(r, "damaged values in", r->prefix, error) : SLIM_OK;
}

/* SavedTensorSlices: the list of tensors under the empty key, values under all others. */
static slim_status add_record(slim_v1_reader *r, slim_span message, slim_error *error)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  slim_status status = SLIM_OK;
  while (status == SLIM_OK && slim_proto_next(&in, &field)) {
    if (field.wire == SLIM_WIRE_BYTES && field.number == SLICES_META) {
      status = add_meta(r, field.bytes, error);
    } else if (field.wire == SLIM_WIRE_BYTES && field.number == SLICES_DATA) {
      status = add_piece(r, field.bytes, error);
    }
  }
  return status == SLIM_OK && in.damaged ? damaged(r, "damaged record in", r->prefix, error) : status;
}

static slim_status read_shard(slim_v1_reader *r, slim_span file, const char *name, shard *s, slim_error *error)
{
  slim_span key = { 0 }, value = { 0 };
  slim_status status = slim_table_open(file, name, &s->table, error);
  while (status == SLIM_OK) {
    status = slim_table_next(s->table, &key, &value, error);
    if (status == SLIM_OK) {
      status = add_record(r, value, error);
    }
  }
  return status == SLIM_ERR_END ? SLIM_OK : status;
}

/* Each shard lists its own tensors; one that is spread over shards stands in several lists. */
static slim_status merge_items(slim_v1_reader *r, slim_error *error)
{
  slim_checkpoint_items *all = &r->items;
  slim_checkpoint_items_sort(all);
  if (r->piece_count > 1) {
    qsort(r->pieces, r->piece_count, sizeof *r->pieces, by_name);
  }
  size_t kept = 0;
  for (size_t i = 0; i < all->count; i++) {
    const slim_checkpoint_item *item = &all->item[i];
    const slim_checkpoint_item *last = kept ? &all->item[kept - 1] : NULL;
    if (!last || strcmp(last->entry.name, item->entry.name) != 0) {
      all->item[kept++] = *item;
    } else if (last->entry.dtype != item->entry.dtype || !slim_shape_equal(&last->entry.shape, &item->entry.shape)) {
      return damaged(r, "two different descriptions of", item->entry.name, error);
    }
  }
  all->count = kept;
  return SLIM_OK;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static slim_v1_reader *new_reader(const char *prefix, size_t shards, slim_error *error)
{
  slim_v1_reader *r = calloc(1, sizeof *r);
  if (r) {
    r->arena = slim_arena_create();
    r->prefix = slim_arena_strdup(r->arena, prefix);
    r->shards = slim_arena_array(r->arena, shards, sizeof *r->shards);
    r->shard_count = r->shards ? shards : 0;
  }
  if (!r || !r->prefix || !r->shards) {
    slim_v1_reader_close(r);
    no_memory(prefix, error);
    return NULL;
  }
  return r;
}

static slim_status complete(slim_v1_reader *r, slim_status status, slim_v1_reader **out, slim_error *error)
{
  if (status == SLIM_OK) {
    status = merge_items(r, error);
  }
  if (status != SLIM_OK) {
    slim_v1_reader_close(r);
    return status;
  }
  *out = r;
  return SLIM_OK;
}

slim_status slim_v1_reader_open_memory(slim_span file, const char *name, slim_v1_reader **out, slim_error *error)
{
  *out = NULL;
  slim_v1_reader *r = new_reader(name, 1, error);
  return r ? complete(r, read_shard(r, file, name, &r->shards[0], error), out, error) : SLIM_ERR_MEMORY;
}

static slim_status open_shard(slim_v1_reader *r, const char *path, shard *s, slim_error *error)
{
  const slim_status status = slim_mapping_open(path, &s->mapping, error);
  return status == SLIM_OK ? read_shard(r, s->mapping, path, s, error) : status;
}

static slim_status open_files(const char *prefix, const char *const *paths, size_t count, slim_v1_reader **out,
                              slim_error *error)
{
  slim_status status = SLIM_OK;
  slim_v1_reader *r = new_reader(prefix, count, error);
  if (!r) {
    return SLIM_ERR_MEMORY;
  }
  for (size_t i = 0; i < count && status == SLIM_OK; i++) {
    status = open_shard(r, paths[i], &r->shards[i], error);
  }
  return complete(r, status, out, error);
}

/* "-00000-of-00002" */
static bool is_shard_suffix(const char *text)
{
  const char *pattern = "-#####-of-#####";
  for (; *pattern; pattern++, text++) {
    const bool digit = *text >= '0' && *text <= '9';
    if (*pattern == '#' ? !digit : *text != *pattern) {
      return false;
    }
  }
  return *text == '\0';
}

slim_status slim_v1_list_shards(const char *prefix, slim_file_names *names, slim_error *error)
{
  char *folder = slim_file_folder_of(prefix);
  const char *slash = strrchr(prefix, '/');
  const char *base = slash ? slash + 1 : prefix;
  const size_t length = strlen(base);
  slim_status status = folder ? slim_file_list(folder, names, error) : no_memory(prefix, error);
  size_t kept = 0;
  for (size_t i = 0; status == SLIM_OK && i < names->count; i++) {
    char *name = names->item[i];
    names->item[i] = NULL;
    if (strncmp(name, base, length) == 0 && is_shard_suffix(name + length)) {
      names->item[kept] = slim_file_join(folder, name);
      status = names->item[kept++] ? SLIM_OK : no_memory(prefix, error);
    }
    free(name);
  }
  if (status == SLIM_OK) {
    names->count = kept;
  }
  free(folder);
  return status;
}

slim_status slim_v1_reader_open(const char *prefix, slim_v1_reader **out, slim_error *error)
{
  *out = NULL;
  if (slim_file_exists(prefix)) {
    return open_files(prefix, &prefix, 1, out, error);
  }
  slim_file_names names = { 0 };
  slim_status status = slim_v1_list_shards(prefix, &names, error);
  if (status == SLIM_OK) {
    status = names.count ? open_files(prefix, (const char *const *)names.item, names.count, out, error)
                         : slim_error_set(error, SLIM_ERR_NOT_FOUND, "there is no checkpoint '%s'", prefix);
  }
  slim_file_names_free(&names);
  return status;
}

void slim_v1_reader_close(slim_v1_reader *r)
{
  if (!r) {
    return;
  }
  for (size_t i = 0; i < r->shard_count; i++) {
    slim_table_close(r->shards[i].table);
    slim_mapping_close(r->shards[i].mapping);
  }
  slim_checkpoint_items_free(&r->items);
  free(r->pieces);
  slim_arena_destroy(r->arena);
  free(r);
}

const slim_checkpoint_items *slim_v1_reader_items(const slim_v1_reader *r)
{
  return &r->items;
}

/* --- the data ----------------------------------------------------------------------------------------------------- */

static piece *first_piece(const slim_v1_reader *r, slim_span name)
{
  size_t low = 0, high = r->piece_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (compare(r->pieces[middle].name, name) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return r->pieces + low;
}

/* The smallest possible encodings bound the values that a message can hold, so nothing large is allocated for nothing.
 */
static slim_status read_part(const slim_v1_reader *r, const slim_checkpoint_entry *entry, const piece *p,
                             const slim_slice *slice, const slim_shape *shape, void *data, slim_error *error)
{
  const size_t element = slim_tensor_type_size(entry->dtype);
  size_t count = 0, bytes = 0;
  if (!slim_tensor_shape_count(shape, element, &count, &bytes) || count > p->data.size) {
    return damaged(r, "too few values of", entry->name, error);
  }
  void *values = malloc(bytes ? bytes : 1);
  if (!values) {
    return no_memory(r->prefix, error);
  }
  const bool good = slim_tensor_proto_read(p->data, entry->dtype, values, count);
  if (good) {
    slim_slice_place(slice, &entry->shape, element, values, data);
  }
  free(values);
  return good ? SLIM_OK : damaged(r, "damaged values of", entry->name, error);
}

/* A piece that is the whole tensor goes straight to its place. */
static slim_status read_piece(const slim_v1_reader *r, const slim_checkpoint_entry *entry, const piece *p, void *data,
                              size_t *have, slim_error *error)
{
  slim_slice slice;
  slim_shape shape;
  size_t count = 0, bytes = 0;
  if (!slim_slice_parse(p->place, &slice) || !slim_slice_shape(&slice, &entry->shape, &shape) ||
      !slim_tensor_shape_count(&shape, slim_tensor_type_size(entry->dtype), &count, &bytes) ||
      bytes > entry->bytes - *have) {
    return damaged(r, "wrong slice of", entry->name, error);
  }
  *have += bytes;
  if (!slim_shape_equal(&shape, &entry->shape)) {
    return read_part(r, entry, p, &slice, &shape, data, error);
  }
  const bool good = slim_tensor_proto_read(p->data, entry->dtype, data, count);
  return good ? SLIM_OK : damaged(r, "damaged values of", entry->name, error);
}

static slim_status read_pieces(const slim_v1_reader *r, const slim_checkpoint_item *item, void *data,
                               slim_error *error)
{
  size_t have = 0;
  memset(data, 0, item->entry.bytes);
  const piece *end = r->pieces + r->piece_count;
  for (const piece *p = first_piece(r, item->key); p < end && compare(p->name, item->key) == 0; p++) {
    const slim_status status = read_piece(r, &item->entry, p, data, &have, error);
    if (status != SLIM_OK) {
      return status;
    }
  }
  return have == item->entry.bytes ? SLIM_OK : damaged(r, "slices do not cover", item->entry.name, error);
}

slim_status slim_v1_read(slim_v1_reader *r, const char *name, void *data, size_t bytes, slim_error *error)
{
  const slim_checkpoint_item *item = slim_checkpoint_items_get(&r->items, name, r->prefix, error);
  if (!item) {
    return SLIM_ERR_NOT_FOUND;
  }
  slim_status status = slim_checkpoint_entry_check(&item->entry, bytes, error);
  if (status != SLIM_OK) {
    return status;
  }
  void *room = data ? NULL : malloc(bytes ? bytes : 1);
  if (!data && !room) {
    return no_memory(r->prefix, error);
  }
  status = read_pieces(r, item, data ? data : room, error);
  free(room);
  return status;
}
