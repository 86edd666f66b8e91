/* TFRecord files; the first byte chooses the bytes as they are or framed as one record. */
#include "formats/tfrecord.h"
#include "fuzz_support.h"

static void read_all(slim_span file)
{
  slim_tfrecord_reader *reader = NULL;
  slim_span record;
  if (slim_tfrecord_reader_open_memory(file, "fuzz", &reader, NULL) == SLIM_OK) {
    while (slim_tfrecord_reader_next(reader, &record, NULL) == SLIM_OK) {
    }
    (void)slim_tfrecord_reader_seek(reader, 16, NULL);
    while (slim_tfrecord_reader_skip(reader, NULL) == SLIM_OK) {
    }
  }
  slim_tfrecord_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  slim_bytes framed = { 0 };
  slim_span in = { data, size };
  const slim_span choice = fuzz_take(&in, 1);
  if (choice.size == 0 || choice.data[0] % 2 == 0) {
    read_all(in);
  } else {
    slim_tfrecord_append(&framed, in.data, in.size);
    slim_bytes_append(&framed, in.data, in.size);
    read_all(slim_span_of(&framed));
  }
  slim_bytes_free(&framed);
  return 0;
}
