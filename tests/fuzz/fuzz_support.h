/* Building files with right checksums around fuzzed contents: a fuzzer does not guess a checksum. */
#ifndef FUZZ_SUPPORT_H
#define FUZZ_SUPPORT_H

#include "base/bytes.h"
#include "formats/table.h"

#include <stddef.h>
#include <stdint.h>

/** What each target defines. @return 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The next count bytes of in, or what is left. */
static inline slim_span fuzz_take(slim_span *in, size_t count)
{
  const slim_span taken = { in->data, count < in->size ? count : in->size };
  in->data += taken.size;
  in->size -= taken.size;
  return taken;
}

/** A number of two bytes, high byte first. */
static inline size_t fuzz_number(slim_span *in)
{
  const slim_span raw = fuzz_take(in, 2);
  return raw.size == 2 ? (size_t)raw.data[0] << 8 | raw.data[1] : 0;
}

/** A table of the entries that the input lists: length of the key, key, length of the value, value. */
static inline slim_table_writer fuzz_table(slim_span in)
{
  slim_table_writer writer = { 0 };
  while (in.size > 0) {
    const slim_span key = fuzz_take(&in, fuzz_number(&in));
    const slim_span value = fuzz_take(&in, fuzz_number(&in));
    slim_table_writer_add(&writer, key, value);
  }
  (void)slim_table_writer_finish(&writer);
  return writer;
}

#endif
