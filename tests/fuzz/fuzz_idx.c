/* IDX files, plain and compressed. */
#include "formats/idx.h"
#include "fuzz_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  slim_idx idx;
  if (slim_idx_read_memory((slim_span){ data, size }, "fuzz", (size_t)1 << 22, &idx, NULL) == SLIM_OK) {
    slim_idx_free(&idx);
  }
  return 0;
}
