/* Every layer of the library that arg scopes can name, one row each. */
#include "layers/variable.h"

const slim_layer_info *const slim_layer_table[] = {
  &slim_layer_variable,
  &slim_layer_model_variable,
  NULL,
};
