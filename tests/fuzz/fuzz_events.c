/* Event files: the input as it is, and as the one record of a file. */
#include "formats/tfrecord.h"
#include "fuzz_support.h"
#include "summary/event_reader.h"

#include <stdlib.h>
#include <string.h>

static void read_all(slim_span file)
{
  slim_event_reader *reader = NULL;
  slim_event event;
  double sum = 0.0;
  slim_status status = slim_event_reader_open_memory(file, "fuzz", &reader, NULL);
  while (status == SLIM_OK && (status = slim_event_reader_next(reader, &event, NULL)) == SLIM_OK) {
    for (size_t i = 0; i < event.histogram.buckets; i++) {
      sum += event.histogram.limit[i] * event.histogram.count[i];
    }
    if (strlen(event.tag) > file.size || strlen(event.text) > file.size) {
      abort();
    }
  }
  (void)sum;
  slim_event_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  slim_bytes framed = { 0 };
  read_all((slim_span){ data, size });
  slim_tfrecord_append(&framed, data, size);
  read_all(slim_span_of(&framed));
  slim_bytes_free(&framed);
  return 0;
}
