/* The `checkpoint` state file. */
#include "checkpoint/state.h"
#include "fuzz_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  slim_checkpoint_state state;
  (void)slim_checkpoint_state_parse((slim_span){ data, size }, "dir", "dir/checkpoint", &state, NULL);
  slim_checkpoint_state_free(&state);
  return 0;
}
