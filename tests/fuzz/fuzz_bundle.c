/* The index of V2 checkpoints, made from the entries of the input; the data file is missing. */
#include "checkpoint/bundle.h"
#include "fuzz_support.h"

#include <stdlib.h>

static void read_all(slim_span index)
{
  slim_bundle_reader *reader = NULL;
  if (slim_bundle_reader_open_memory(index, "/nowhere/fuzz", &reader, NULL) == SLIM_OK) {
    const slim_checkpoint_items *items = slim_bundle_reader_items(reader);
    for (size_t i = 0; i < items->count && i < 100; i++) {
      const slim_checkpoint_entry *entry = &items->item[i].entry;
      const size_t bytes = entry->bytes < 65536 ? entry->bytes : 0;
      char *data = malloc(bytes + 1), *text = NULL;
      size_t size = 0;
      if (data && bytes == entry->bytes) {
        (void)slim_bundle_read(reader, entry->name, data, bytes, NULL);
      }
      (void)slim_bundle_read_string(reader, entry->name, 0, &text, &size, NULL);
      free(text);
      free(data);
    }
  }
  slim_bundle_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const slim_span in = { data, size };
  slim_table_writer table = fuzz_table(in);
  read_all(in);
  read_all(slim_span_of(&table.out));
  slim_table_writer_free(&table);
  return 0;
}
