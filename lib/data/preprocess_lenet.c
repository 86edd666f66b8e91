/* LeNet: central crop or zero padding to the size, then (x - 128) / 128. */
#include "data/preprocess.h"

slim_status slim_preprocess_lenet(const slim_preprocess_call *call, float *out, slim_error *error)
{
  (void)error;
  slim_preprocess_crop(call, slim_preprocess_centre(call), out);
  slim_preprocess_scale(call, -128.0f, 1.0f / 128.0f, out);
  return SLIM_OK;
}
