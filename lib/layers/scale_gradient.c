#include "layers/layer.h"

slim_tensor *slim_scale_gradient(slim_tensor *net, slim_tensor *gradient_multiplier)
{
  slim_tensor *inputs[] = { net, gradient_multiplier };
  return slim_op_add(inputs, 2, &slim_op_scale_gradient, "scale_gradient", NULL);
}
