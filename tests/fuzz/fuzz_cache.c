/* The cache file of an OpenCL device: its entries, and what searches found. The checksum of the first entry is put
 * right: a fuzzer does not guess it. */
#include "backend/opencl/cache.h"
#include "backend/opencl/tuning.h"
#include "base/crc32c.h"
#include "fuzz_support.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  unsigned char *copy = malloc(size ? size : 1);
  if (!copy) {
    return 0;
  }
  memcpy(copy, data, size);
  if (size >= 16 + 28) {
    const uint64_t bytes = slim_load_u64(copy + 32);
    const size_t summed = bytes < size - 44 ? (size_t)bytes : size - 44;
    slim_store_u32(copy + 40, slim_crc32c(slim_crc32c(0, copy + 16, 24), copy + 44, summed));
  }
  const uint64_t identity = size >= 16 ? slim_load_u64(copy + 8) : 0;
  const slim_span entries = slim_cl_cache_entries((slim_span){ copy, size }, identity);
  const uint64_t keys[2][2] = {
    { 1, 2 }, { size >= 32 ? slim_load_u64(copy + 16) : 0, size >= 32 ? slim_load_u64(copy + 24) : 0 }
  };
  for (int i = 0; i < 2; i++) {
    slim_cl_findings findings;
    const slim_span found = slim_cl_cache_data(entries, keys[i]);
    (void)slim_cl_findings_parse(found, &findings);
    free(findings.item);
  }
  free(copy);
  return 0;
}
