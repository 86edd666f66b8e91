/* Tables: the input is a data block and an index block, which get checksums and a footer. */
#include "base/crc32c.h"
#include "formats/protobuf.h"
#include "fuzz_support.h"

static void put_block(slim_bytes *file, slim_span contents, unsigned type, slim_bytes *footer)
{
  const size_t at = file->size;
  slim_bytes_append(file, contents.data, contents.size);
  slim_bytes_append_u8(file, type);
  slim_bytes_append_u32(file, slim_crc32c_masked(file->data + at, contents.size + 1));
  slim_proto_put_raw_varint(footer, at);
  slim_proto_put_raw_varint(footer, contents.size);
}

static void read_all(slim_span file)
{
  slim_table *table = NULL;
  slim_span key, value;
  slim_status status = slim_table_open(file, "fuzz", &table, NULL);
  while (status == SLIM_OK) {
    status = slim_table_next(table, &key, &value, NULL);
  }
  slim_table_close(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  slim_bytes file = { 0 }, footer = { 0 };
  slim_span in = { data, size };
  read_all(in);
  const unsigned types = (unsigned)fuzz_number(&in);
  const slim_span block = fuzz_take(&in, fuzz_number(&in));
  put_block(&file, block, types & 3, &footer);
  put_block(&file, in, types >> 2 & 3, &footer);
  while (footer.size < 40) {
    slim_bytes_append_u8(&footer, 0);
  }
  slim_bytes_append_u64(&footer, 0xDB4775248B80FB57u);
  slim_bytes_append(&file, footer.data, footer.size);
  read_all(slim_span_of(&file));
  slim_bytes_free(&file);
  slim_bytes_free(&footer);
  return 0;
}
