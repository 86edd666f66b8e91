#include "formats/table.h"

#include "base/arena.h"
#include "base/crc32c.h"
#include "formats/protobuf.h"
#include "formats/snappy.h"

#include <stdlib.h>
#include <string.h>

#define FOOTER_SIZE 48u
#define TRAILER_SIZE 5u
#define MAGIC 0xDB4775248B80FB57u
#define SNAPPY 1

typedef struct handle {
  uint64_t offset, size;
} handle;

/* Entries of one block and the key built so far. */
typedef struct block {
  slim_proto entries;
  slim_bytes key; /* at the start of a block still the last key of the block before it */
  bool fresh, any;
} block;

struct slim_table {
  slim_span file;
  char *name;
  slim_arena *arena; /* decompressed blocks */
  block index, data;
  uint64_t next_offset; /* blocks may not overlap: the next begins here or later */
};

static slim_status damaged(const slim_table *table, const char *what, uint64_t offset, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_DATA, "table '%s': %s at byte %llu", table->name, what,
                        (unsigned long long)offset);
}

static slim_status no_memory(const slim_table *table, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_MEMORY, "table '%s': no memory", table->name);
}

bool slim_table_sniff(slim_span file)
{
  return file.size >= FOOTER_SIZE && slim_load_u64(file.data + file.size - 8) == MAGIC;
}

static bool parse_handle(slim_proto *at, handle *h)
{
  return slim_proto_varint(at, &h->offset) && slim_proto_varint(at, &h->size);
}

static slim_status unpack(slim_table *table, slim_span packed, uint64_t offset, slim_span *contents, slim_error *error)
{
  size_t size = 0;
  if (!slim_snappy_size(packed, &size)) {
    return damaged(table, "snappy block with a wrong length", offset, error);
  }
  unsigned char *data = slim_arena_alloc(table->arena, size);
  if (!data) {
    return no_memory(table, error);
  }
  if (!slim_snappy_decompress(packed, data, size)) {
    return damaged(table, "damaged snappy block", offset, error);
  }
  *contents = (slim_span){ data, size };
  return SLIM_OK;
}

static slim_status read_contents(slim_table *table, handle h, slim_span *contents, slim_error *error)
{
  const uint64_t room = table->file.size - FOOTER_SIZE;
  if (h.size > room || room - h.size < TRAILER_SIZE || h.offset > room - h.size - TRAILER_SIZE) {
    return damaged(table, "block outside of the file", h.offset, error);
  }
  const slim_span raw = { table->file.data + h.offset, (size_t)h.size };
  const uint32_t stored = slim_load_u32(raw.data + raw.size + 1);
  if (slim_crc32c_masked(raw.data, raw.size + 1) != stored) {
    return damaged(table, "checksum does not match the block", h.offset, error);
  }
  const unsigned type = raw.data[raw.size];
  if (type == SNAPPY) {
    return unpack(table, raw, h.offset, contents, error);
  }
  *contents = raw;
  return type == 0 ? SLIM_OK : damaged(table, "block of an unknown compression", h.offset, error);
}

/* Entries end where the restart array begins. */
static slim_status open_block(slim_table *table, handle h, block *b, slim_error *error)
{
  slim_span contents = { 0 };
  const slim_status status = read_contents(table, h, &contents, error);
  if (status != SLIM_OK) {
    return status;
  }
  if (contents.size < 4) {
    return damaged(table, "block without restarts", h.offset, error);
  }
  const uint64_t restarts = slim_load_u32(contents.data + contents.size - 4);
  if (restarts > (contents.size - 4) / 4) {
    return damaged(table, "block with too many restarts", h.offset, error);
  }
  contents.size -= (size_t)(4 * restarts + 4);
  b->entries = slim_proto_of(contents);
  b->fresh = true;
  return SLIM_OK;
}

static int compare(slim_span a, slim_span b)
{
  const size_t common = a.size < b.size ? a.size : b.size;
  const int order = common ? memcmp(a.data, b.data, common) : 0;
  return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Replaces all but the first shared bytes of the key; the new key must be larger than the old one. */
static bool next_key(block *b, size_t shared, slim_span suffix)
{
  if (shared > b->key.size || (b->fresh && shared > 0)) {
    return false;
  }
  const slim_span old = { shared ? b->key.data + shared : b->key.data, b->key.size - shared };
  if (b->any && compare(old, suffix) >= 0) {
    return false;
  }
  b->fresh = false;
  b->any = true;
  b->key.size = shared;
  slim_bytes_append(&b->key, suffix.data, suffix.size);
  return !b->key.failed;
}

/* The next entry of a block; false at its end, with entries.damaged when it is cut off or out of order. */
static bool next_entry(block *b, slim_span *value)
{
  uint64_t shared = 0, more = 0, size = 0;
  slim_proto *in = &b->entries;
  if (in->at == in->end) {
    return false;
  }
  if (!slim_proto_varint(in, &shared) || !slim_proto_varint(in, &more) || !slim_proto_varint(in, &size) ||
      shared > b->key.size || more > (uint64_t)(in->end - in->at) || size > (uint64_t)(in->end - in->at) - more ||
      !next_key(b, (size_t)shared, (slim_span){ in->at, (size_t)more })) {
    in->damaged = true;
    return false;
  }
  in->at += more;
  *value = (slim_span){ in->at, (size_t)size };
  in->at += size;
  return true;
}

static slim_status open_index(slim_table *table, slim_error *error)
{
  const size_t footer = table->file.size - FOOTER_SIZE;
  slim_proto in = slim_proto_of((slim_span){ table->file.data + footer, FOOTER_SIZE - 8 });
  handle meta = { 0 }, index = { 0 };
  if (!parse_handle(&in, &meta) || !parse_handle(&in, &index)) {
    return damaged(table, "damaged footer", footer, error);
  }
  return open_block(table, index, &table->index, error);
}

slim_status slim_table_open(slim_span file, const char *name, slim_table **out, slim_error *error)
{
  *out = NULL;
  if (!slim_table_sniff(file)) {
    return slim_error_set(error, SLIM_ERR_DATA, "'%s' is not a table: no magic number at its end", name);
  }
  slim_table *table = calloc(1, sizeof *table);
  if (!table || !(table->arena = slim_arena_create()) || !(table->name = slim_arena_strdup(table->arena, name))) {
    slim_table_close(table);
    return slim_error_set(error, SLIM_ERR_MEMORY, "table '%s': no memory", name);
  }
  table->file = file;
  const slim_status status = open_index(table, error);
  if (status != SLIM_OK) {
    slim_table_close(table);
    return status;
  }
  *out = table;
  return SLIM_OK;
}

void slim_table_close(slim_table *table)
{
  if (table) {
    slim_bytes_free(&table->index.key);
    slim_bytes_free(&table->data.key);
    slim_arena_destroy(table->arena);
    free(table);
  }
}

static slim_status entry_failed(slim_table *table, const block *b, slim_error *error)
{
  if (b->key.failed) {
    return no_memory(table, error);
  }
  return damaged(table, "entry cut off or out of order in the block", table->next_offset, error);
}

/* Opens the block of the next index entry: OK or SLIM_ERR_END. */
static slim_status next_block(slim_table *table, slim_error *error)
{
  slim_span value = { 0 };
  handle h = { 0 };
  if (!next_entry(&table->index, &value)) {
    const bool end = !table->index.entries.damaged && !table->index.key.failed;
    return end ? SLIM_ERR_END : entry_failed(table, &table->index, error);
  }
  slim_proto in = slim_proto_of(value);
  if (!parse_handle(&in, &h) || h.offset < table->next_offset) {
    return damaged(table, "damaged block handle behind the block", table->next_offset, error);
  }
  const slim_status status = open_block(table, h, &table->data, error);
  table->next_offset = h.offset + h.size + TRAILER_SIZE;
  return status;
}

slim_status slim_table_next(slim_table *table, slim_span *key, slim_span *value, slim_error *error)
{
  while (!next_entry(&table->data, value)) {
    if (table->data.entries.damaged || table->data.key.failed) {
      return entry_failed(table, &table->data, error);
    }
    const slim_status status = next_block(table, error);
    if (status != SLIM_OK) {
      return status;
    }
  }
  *key = slim_span_of(&table->data.key);
  return SLIM_OK;
}
