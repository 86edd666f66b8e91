/* The linear parts of convolutions; each returns poison with the error recorded when the call's numbers do not fit. */
#ifndef SLIM_LAYERS_CONVOLUTION_H
#define SLIM_LAYERS_CONVOLUTION_H

#include "layers/layer.h"

slim_tensor *slim_layer_convolve_row(slim_call *call);
slim_tensor *slim_layer_convolve_image(slim_call *call);
slim_tensor *slim_layer_convolve_volume(slim_call *call);
/* A whole layer for inputs of the rank; 0: of ranks 3 to 5. */
slim_tensor *slim_layer_convolve(const slim_layer_info *info, const slim_args *args, int rank);

#define SLIM_LAYER_CONVOLUTION SLIM_LAYER_LINEAR, SLIM_LAYER_KERNEL, SLIM_OPTION(rate), SLIM_OPTION(data_format)

/* A number along the depth, or the height's. */
static inline int slim_option_depth(int depth, int otherwise)
{
  return depth ? depth : otherwise;
}

#endif
