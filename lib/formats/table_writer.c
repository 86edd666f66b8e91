#include "base/crc32c.h"
#include "formats/protobuf.h"
#include "formats/table.h"

#define TARGET_BLOCK_SIZE 262144u /* TensorFlow's */
#define RESTART_INTERVAL 16u
#define MAGIC 0xDB4775248B80FB57u

static size_t shared_prefix(slim_span a, slim_span b)
{
  size_t n = 0;
  while (n < a.size && n < b.size && a.data[n] == b.data[n]) {
    n++;
  }
  return n;
}

static void put_entry(slim_bytes *block, size_t shared, slim_span key, slim_span value)
{
  slim_proto_put_raw_varint(block, shared);
  slim_proto_put_raw_varint(block, key.size - shared);
  slim_proto_put_raw_varint(block, value.size);
  if (key.size > shared) {
    slim_bytes_append(block, key.data + shared, key.size - shared);
  }
  slim_bytes_append(block, value.data, value.size);
}

/* Appends restarts, type and checksum; writes the block to out and its handle to handle. */
static void flush_block(slim_bytes *out, slim_bytes *block, slim_bytes *restarts, slim_bytes *handle)
{
  if (restarts->size == 0) {
    slim_bytes_append_u32(restarts, 0);
  }
  const uint32_t count = (uint32_t)(restarts->size / 4);
  slim_bytes_append(block, restarts->data, restarts->size);
  slim_bytes_append_u32(block, count);
  slim_proto_put_raw_varint(handle, out->size);
  slim_proto_put_raw_varint(handle, block->size);
  slim_bytes_append_u8(block, 0);
  slim_bytes_append_u32(block, slim_crc32c_masked(block->data, block->size));
  slim_bytes_append(out, block->data, block->size);
  out->failed = out->failed || block->failed || restarts->failed || handle->failed;
  block->size = 0;
  restarts->size = 0;
}

/* The index key of a block is its last key; each entry of the index is a restart. */
static void flush_data(slim_table_writer *w)
{
  slim_bytes handle = { 0 };
  if (w->entries == 0) {
    return;
  }
  flush_block(&w->out, &w->block, &w->restarts, &handle);
  slim_bytes_append_u32(&w->index_restarts, (uint32_t)w->index.size);
  put_entry(&w->index, 0, slim_span_of(&w->last_key), slim_span_of(&handle));
  slim_bytes_free(&handle);
  w->entries = 0;
}

void slim_table_writer_add(slim_table_writer *w, slim_span key, slim_span value)
{
  if (w->block.size >= TARGET_BLOCK_SIZE) {
    flush_data(w);
  }
  const bool restart = w->entries % RESTART_INTERVAL == 0;
  if (restart) {
    slim_bytes_append_u32(&w->restarts, (uint32_t)w->block.size);
  }
  put_entry(&w->block, restart ? 0 : shared_prefix(slim_span_of(&w->last_key), key), key, value);
  w->last_key.size = 0;
  slim_bytes_append(&w->last_key, key.data, key.size);
  w->entries++;
}

bool slim_table_writer_finish(slim_table_writer *w)
{
  slim_bytes footer = { 0 }, empty = { 0 }, no_restarts = { 0 };
  flush_data(w);
  flush_block(&w->out, &empty, &no_restarts, &footer);
  flush_block(&w->out, &w->index, &w->index_restarts, &footer);
  while (footer.size < 40 && !footer.failed) {
    slim_bytes_append_u8(&footer, 0);
  }
  slim_bytes_append_u64(&footer, MAGIC);
  slim_bytes_append(&w->out, footer.data, footer.size);
  const bool good = !w->out.failed && !w->last_key.failed && !footer.failed;
  slim_bytes_free(&footer);
  slim_bytes_free(&empty);
  slim_bytes_free(&no_restarts);
  return good;
}

void slim_table_writer_free(slim_table_writer *w)
{
  slim_bytes_free(&w->out);
  slim_bytes_free(&w->block);
  slim_bytes_free(&w->restarts);
  slim_bytes_free(&w->index);
  slim_bytes_free(&w->index_restarts);
  slim_bytes_free(&w->last_key);
}
