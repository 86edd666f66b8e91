#include "checkpoint/bundle.h"

#include "base/crc32c.h"
#include "base/file.h"
#include "base/size.h"
#include "checkpoint/slice.h"
#include "formats/protobuf.h"
#include "formats/table.h"
#include "formats/tensor_proto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_INDEX ((size_t)1 << 30)
#define MOST_SHARDS 99999u
#define PIECE ((size_t)1 << 18) /* of values, that is read at once */
#define KEYS_PER_INDEX_BYTE 64u /* common prefixes shorten keys; hostile ones far more than real ones */

enum { HEADER_SHARDS = 1, HEADER_ENDIANNESS = 2 };
enum {
  ENTRY_DTYPE = 1,
  ENTRY_SHAPE = 2,
  ENTRY_SHARD = 3,
  ENTRY_OFFSET = 4,
  ENTRY_SIZE = 5,
  ENTRY_CRC = 6,
  ENTRY_SLICES = 7
};

struct slim_bundle_reader {
  slim_arena *arena;
  char *prefix;
  unsigned char *index;
  slim_table *table;
  slim_checkpoint_items items, parts; /* parts: slices of partitioned variables */
  uint32_t shards;
  size_t key_bytes, most_key_bytes;
  int handle; /* of the data file of open_shard, -1 without */
  uint32_t open_shard;
};

static slim_status damaged(const slim_bundle_reader *r, const char *what, const char *name, slim_error *error)
{
  slim_error_set(error, SLIM_ERR_DATA, "checkpoint '%s': %s '%s'", r->prefix, what, name);
  return SLIM_ERR_DATA;
}

static slim_status no_memory(const char *prefix, slim_error *error)
{
  slim_error_set(error, SLIM_ERR_MEMORY, "checkpoint '%s': no memory", prefix);
  return SLIM_ERR_MEMORY;
}

/* --- the index ---------------------------------------------------------------------------------------------------- */

static slim_status parse_header(slim_bundle_reader *r, slim_span message, slim_error *error)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  while (slim_proto_next(&in, &field)) {
    if (field.number == HEADER_SHARDS && field.wire == SLIM_WIRE_VARINT) {
      r->shards = field.value <= MOST_SHARDS ? (uint32_t)field.value : 0;
    } else if (field.number == HEADER_ENDIANNESS && field.wire == SLIM_WIRE_VARINT && field.value != 0) {
      return slim_error_set(error, SLIM_ERR_UNSUPPORTED, "checkpoint '%s' is big-endian", r->prefix);
    }
  }
  return in.damaged || r->shards == 0 ? damaged(r, "damaged header of", r->prefix, error) : SLIM_OK;
}

static void parse_number(slim_checkpoint_item *item, const slim_proto_field *field, uint32_t *type)
{
  switch (field->number) {
  case ENTRY_DTYPE:
    *type = field->value > UINT32_MAX ? 0 : (uint32_t)field->value;
    break;
  case ENTRY_SHARD:
    item->shard = field->value > UINT32_MAX ? UINT32_MAX : (uint32_t)field->value;
    break;
  case ENTRY_OFFSET:
    item->offset = field->value;
    break;
  case ENTRY_SIZE:
    item->size = field->value;
    break;
  case ENTRY_CRC:
    item->crc32c = (uint32_t)field->value;
    break;
  default:
    break;
  }
}

/* The size must be that of shape and type, so that readers need to check only one of them. */
static slim_status parse_entry(slim_bundle_reader *r, slim_checkpoint_item *item, slim_error *error)
{
  slim_proto in = slim_proto_of(item->record);
  slim_proto_field field;
  slim_shape shape = { 0 };
  uint32_t type = 0;
  while (slim_proto_next(&in, &field)) {
    if (field.number == ENTRY_SHAPE && field.wire == SLIM_WIRE_BYTES) {
      const slim_status status = slim_tensor_shape_parse(field.bytes, item->entry.name, &shape, error);
      if (status != SLIM_OK) {
        return status;
      }
    } else if (field.number == ENTRY_SLICES && field.wire == SLIM_WIRE_BYTES) {
      item->sliced = true;
    } else if (field.wire != SLIM_WIRE_BYTES) {
      parse_number(item, &field, &type);
    }
  }
  if (in.damaged || (!item->sliced && item->shard >= r->shards)) {
    return damaged(r, "damaged entry of", item->entry.name, error);
  }
  const slim_status status = slim_checkpoint_entry_set(&item->entry, type, &shape, error);
  if (status != SLIM_OK || item->sliced) {
    return status;
  }
  if (slim_tensor_type_size(type) == 0) { /* strings and unknown types: as stored */
    item->entry.bytes = item->size <= SIZE_MAX ? (size_t)item->size : 0;
  }
  return item->entry.bytes == item->size ? SLIM_OK : damaged(r, "wrong size of", item->entry.name, error);
}

static slim_status add_entry(slim_bundle_reader *r, slim_span key, slim_span value, slim_error *error)
{
  const bool is_part = key.data[0] == 0;
  slim_checkpoint_item *item = slim_checkpoint_items_add(is_part ? &r->parts : &r->items);
  r->key_bytes += key.size;
  if (r->key_bytes > r->most_key_bytes) {
    return damaged(r, "keys far too long in the index of", r->prefix, error);
  }
  char *name = item ? slim_arena_strndup(r->arena, (const char *)key.data, key.size) : NULL;
  if (!name) {
    return no_memory(r->prefix, error);
  }
  item->key = (slim_span){ (const unsigned char *)name, key.size };
  item->entry.name = is_part ? "a slice" : name;
  item->record = value;
  if (!is_part && strlen(name) != key.size) {
    return damaged(r, "zero byte in the name", name, error);
  }
  return parse_entry(r, item, error);
}

static slim_status read_index(slim_bundle_reader *r, slim_error *error)
{
  slim_span key = { 0 }, value = { 0 };
  slim_status status = slim_table_next(r->table, &key, &value, error);
  if (status == SLIM_ERR_END || (status == SLIM_OK && key.size != 0)) {
    return damaged(r, "no header in the index of", r->prefix, error);
  }
  if (status == SLIM_OK) {
    status = parse_header(r, value, error);
  }
  while (status == SLIM_OK) {
    status = slim_table_next(r->table, &key, &value, error);
    if (status == SLIM_OK) {
      status = add_entry(r, key, value, error);
    }
  }
  return status == SLIM_ERR_END ? SLIM_OK : status; /* the table's order is the order of keys */
}

slim_status slim_bundle_reader_open_memory(slim_span index, const char *prefix, slim_bundle_reader **out,
                                           slim_error *error)
{
  *out = NULL;
  slim_bundle_reader *r = calloc(1, sizeof *r);
  if (r) {
    r->handle = -1;
    r->arena = slim_arena_create();
    r->prefix = slim_arena_strdup(r->arena, prefix);
  }
  if (!r || !r->prefix) {
    slim_bundle_reader_close(r);
    return no_memory(prefix, error);
  }
  r->most_key_bytes = index.size > SIZE_MAX / KEYS_PER_INDEX_BYTE ? SIZE_MAX : index.size * KEYS_PER_INDEX_BYTE;
  slim_status status = slim_table_open(index, prefix, &r->table, error);
  if (status == SLIM_OK) {
    status = read_index(r, error);
  }
  if (status != SLIM_OK) {
    slim_bundle_reader_close(r);
    return status;
  }
  *out = r;
  return SLIM_OK;
}

slim_status slim_bundle_reader_open(const char *prefix, slim_bundle_reader **out, slim_error *error)
{
  unsigned char *data = NULL;
  size_t size = 0;
  *out = NULL;
  char *path = slim_bundle_path(prefix, "index");
  if (!path) {
    return no_memory(prefix, error);
  }
  slim_status status = slim_file_read(path, LARGEST_INDEX, &data, &size, error);
  free(path);
  if (status == SLIM_OK) {
    status = slim_bundle_reader_open_memory((slim_span){ data, size }, prefix, out, error);
  }
  if (status != SLIM_OK) {
    free(data);
    return status;
  }
  (*out)->index = data;
  return SLIM_OK;
}

void slim_bundle_reader_close(slim_bundle_reader *r)
{
  if (!r) {
    return;
  }
  if (r->handle >= 0) {
    close(r->handle);
  }
  slim_checkpoint_items_free(&r->items);
  slim_checkpoint_items_free(&r->parts);
  slim_table_close(r->table);
  slim_arena_destroy(r->arena);
  free(r->index);
  free(r);
}

const slim_checkpoint_items *slim_bundle_reader_items(const slim_bundle_reader *r)
{
  return &r->items;
}

/* --- the data ----------------------------------------------------------------------------------------------------- */

static slim_status io_failed(const slim_bundle_reader *r, uint32_t shard, const char *what, slim_error *error)
{
  const slim_status status = errno == ENOENT ? SLIM_ERR_NOT_FOUND : SLIM_ERR_IO;
  return slim_error_set(error, status, "cannot %s '%s.data-%05u-of-%05u': %s", what, r->prefix, shard, r->shards,
                        strerror(errno));
}

static slim_status open_shard(slim_bundle_reader *r, uint32_t shard, slim_error *error)
{
  if (r->handle >= 0 && r->open_shard == shard) {
    return SLIM_OK;
  }
  char suffix[48];
  (void)snprintf(suffix, sizeof suffix, "data-%05u-of-%05u", shard, r->shards);
  char *path = slim_bundle_path(r->prefix, suffix);
  if (!path) {
    return no_memory(r->prefix, error);
  }
  if (r->handle >= 0) {
    close(r->handle);
  }
  r->handle = open(path, O_RDONLY);
  r->open_shard = shard;
  free(path);
  return r->handle < 0 ? io_failed(r, shard, "open", error) : SLIM_OK;
}

/* item->size bytes of the data file; the file is asked first, so that nothing is allocated or read for a false size. */
static slim_status check_extent(slim_bundle_reader *r, const slim_checkpoint_item *item, slim_error *error)
{
  struct stat info;
  const slim_status status = open_shard(r, item->shard, error);
  if (status != SLIM_OK) {
    return status;
  }
  if (fstat(r->handle, &info) != 0) {
    return io_failed(r, item->shard, "read", error);
  }
  const uint64_t size = (uint64_t)info.st_size;
  if (item->size > size || item->offset > size - item->size) {
    return damaged(r, "the data file is too short for", item->entry.name, error);
  }
  return SLIM_OK;
}

/* bytes of an item from byte at on, which check_extent has let through. */
static slim_status read_stored(slim_bundle_reader *r, const slim_checkpoint_item *item, size_t at, void *data,
                               size_t bytes, slim_error *error)
{
  size_t have = 0;
  while (have < bytes) {
    const ssize_t got =
        pread(r->handle, (unsigned char *)data + have, bytes - have, (off_t)(item->offset + at + have));
    if (got == 0) {
      return damaged(r, "the data file is too short for", item->entry.name, error);
    }
    if (got < 0 && errno != EINTR) {
      return io_failed(r, item->shard, "read", error);
    }
    have += got > 0 ? (size_t)got : 0;
  }
  return SLIM_OK;
}

/* data NULL: they are only checked. In pieces, whose sums are made while they are in the cache. */
static slim_status read_values(slim_bundle_reader *r, const slim_checkpoint_item *item, unsigned char *data,
                               slim_error *error)
{
  uint32_t crc = 0;
  slim_status status = check_extent(r, item, error);
  unsigned char *room = data ? NULL : malloc(PIECE);
  if (!data && !room) {
    return no_memory(r->prefix, error);
  }
  for (size_t at = 0, n = 0; at < item->size && status == SLIM_OK; at += n) {
    unsigned char *to = data ? data + at : room;
    n = item->size - at < PIECE ? (size_t)item->size - at : PIECE;
    status = read_stored(r, item, at, to, n, error);
    crc = status == SLIM_OK ? slim_crc32c(crc, to, n) : 0;
  }
  free(room);
  return status != SLIM_OK || slim_crc32c_mask(crc) == item->crc32c
             ? status
             : damaged(r, "wrong checksum of the values of", item->entry.name, error);
}

/* The slice's own entry, which must have the type and shape that the whole says. */
static const slim_checkpoint_item *find_part(const slim_bundle_reader *r, const slim_checkpoint_item *whole,
                                             const slim_slice *slice)
{
  slim_bytes key = { 0 };
  slim_shape shape;
  const slim_checkpoint_item *item = NULL;
  slim_slice_put_key(&key, whole->entry.name, slice);
  if (!key.failed && slim_slice_shape(slice, &whole->entry.shape, &shape)) {
    item = slim_checkpoint_items_find(&r->parts, slim_span_of(&key));
  }
  slim_bytes_free(&key);
  const bool fits =
      item && !item->sliced && item->entry.dtype == whole->entry.dtype && slim_shape_equal(&item->entry.shape, &shape);
  return fits ? item : NULL;
}

static slim_status read_part(slim_bundle_reader *r, const slim_checkpoint_item *whole, slim_span message, void *data,
                             size_t *have, slim_error *error)
{
  slim_slice slice;
  const slim_checkpoint_item *item = slim_slice_parse(message, &slice) ? find_part(r, whole, &slice) : NULL;
  if (!item || item->entry.bytes > whole->entry.bytes - *have) {
    return damaged(r, "missing or wrong slice of", whole->entry.name, error);
  }
  *have += item->entry.bytes;
  if (!data) {
    return read_values(r, item, NULL, error);
  }
  slim_status status = check_extent(r, item, error);
  if (status != SLIM_OK) {
    return status;
  }
  void *values = malloc(item->entry.bytes ? item->entry.bytes : 1);
  if (!values) {
    return no_memory(r->prefix, error);
  }
  status = read_values(r, item, values, error);
  if (status == SLIM_OK) {
    slim_slice_place(&slice, &whole->entry.shape, slim_tensor_type_size(whole->entry.dtype), values, data);
  }
  free(values);
  return status;
}

static slim_status read_parts(slim_bundle_reader *r, const slim_checkpoint_item *whole, void *data, slim_error *error)
{
  slim_proto in = slim_proto_of(whole->record);
  slim_proto_field field;
  size_t have = 0;
  if (data) {
    memset(data, 0, whole->entry.bytes);
  }
  while (slim_proto_next(&in, &field)) {
    if (field.number == ENTRY_SLICES && field.wire == SLIM_WIRE_BYTES) {
      const slim_status status = read_part(r, whole, field.bytes, data, &have, error);
      if (status != SLIM_OK) {
        return status;
      }
    }
  }
  return have == whole->entry.bytes ? SLIM_OK : damaged(r, "slices do not cover", whole->entry.name, error);
}

slim_status slim_bundle_read(slim_bundle_reader *r, const char *name, void *data, size_t bytes, slim_error *error)
{
  const slim_checkpoint_item *item = slim_checkpoint_items_get(&r->items, name, r->prefix, error);
  if (!item) {
    return SLIM_ERR_NOT_FOUND;
  }
  const slim_status status = slim_checkpoint_entry_check(&item->entry, bytes, error);
  if (status != SLIM_OK) {
    return status;
  }
  return item->sliced ? read_parts(r, item, data, error) : read_values(r, item, data, error);
}

/* --- strings: varint lengths, masked checksum of the lengths, then the bytes -------------------------------------- */

/* A length enters checksums as four bytes, or as eight when it needs them. */
static uint32_t add_length(uint32_t crc, uint64_t length)
{
  unsigned char raw[8];
  slim_store_u64(raw, length);
  return slim_crc32c(crc, raw, length <= UINT32_MAX ? 4 : 8);
}

/* Where element wanted lies among the stored bytes; all checksums are verified. */
static bool find_string(const slim_checkpoint_item *item, slim_span stored, size_t count, size_t wanted,
                        slim_span *text)
{
  slim_proto in = slim_proto_of(stored);
  uint64_t length = 0, total = 0, before = 0, size = 0;
  uint32_t crc = 0;
  for (size_t i = 0; i < count; i++) {
    if (!slim_proto_varint(&in, &length) || length > stored.size || total > stored.size) {
      return false;
    }
    before = i == wanted ? total : before;
    size = i == wanted ? length : size;
    total += length;
    crc = add_length(crc, length);
  }
  const size_t left = (size_t)(in.end - in.at);
  if (left < 4 || left - 4 != total || slim_load_u32(in.at) != slim_crc32c_mask(crc)) {
    return false;
  }
  *text = (slim_span){ in.at + 4 + before, (size_t)size };
  return slim_crc32c_mask(slim_crc32c(crc, in.at, left)) == item->crc32c;
}

static slim_status copy_string(slim_bundle_reader *r, const slim_checkpoint_item *item, slim_span stored, size_t i,
                               char **text, size_t *size, slim_error *error)
{
  slim_span found = { 0 };
  if (!find_string(item, stored, slim_shape_elements(&item->entry.shape), i, &found)) {
    return damaged(r, "damaged strings of", item->entry.name, error);
  }
  *text = malloc(found.size + 1);
  if (!*text) {
    return no_memory(r->prefix, error);
  }
  memcpy(*text, found.data, found.size);
  (*text)[found.size] = '\0';
  *size = found.size;
  return SLIM_OK;
}

slim_status slim_bundle_read_string(slim_bundle_reader *r, const char *name, size_t i, char **text, size_t *size,
                                    slim_error *error)
{
  *text = NULL;
  *size = 0;
  const slim_checkpoint_item *item = slim_checkpoint_items_get(&r->items, name, r->prefix, error);
  if (!item) {
    return SLIM_ERR_NOT_FOUND;
  }
  if (item->entry.dtype != SLIM_STRING || item->sliced || i >= slim_shape_elements(&item->entry.shape)) {
    return slim_error_set(error, SLIM_ERR_ARG, "'%s' is a %s tensor and has no string %zu", name, item->entry.type_name,
                          i);
  }
  slim_status status = check_extent(r, item, error);
  if (status != SLIM_OK) {
    return status;
  }
  unsigned char *stored = calloc(1, item->entry.bytes ? item->entry.bytes : 1);
  if (!stored) {
    return no_memory(r->prefix, error);
  }
  status = read_stored(r, item, 0, stored, item->entry.bytes, error);
  if (status == SLIM_OK) {
    status = copy_string(r, item, (slim_span){ stored, item->entry.bytes }, i, text, size, error);
  }
  free(stored);
  return status;
}
