/* tf.train.Example: what parsing counted must be what reading gives. */
#include "formats/example.h"
#include "fuzz_support.h"

#include <stdlib.h>

static void check(const slim_feature *feature)
{
  const size_t room = feature->count + 1;
  slim_span *bytes = malloc(room * sizeof *bytes);
  int64_t *ints = malloc(room * sizeof *ints);
  float *floats = malloc(room * sizeof *floats);
  if (bytes && ints && floats &&
      slim_feature_read_bytes(feature, bytes, room) + slim_feature_read_int64s(feature, ints, room) +
              slim_feature_read_floats(feature, floats, room) !=
          feature->count) {
    abort();
  }
  free(bytes);
  free(ints);
  free(floats);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  slim_example example = { 0 };
  if (slim_example_parse(&example, (slim_span){ data, size }, NULL) == SLIM_OK) {
    for (size_t i = 0; i < example.count; i++) {
      check(&example.item[i]);
    }
    (void)slim_example_find(&example, "image/encoded");
  }
  slim_example_free(&example);
  return 0;
}
