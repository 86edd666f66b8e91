/* Convolution over one, two or three axes. */
#include "layers/convolution.h"

const slim_layer_info slim_layer_convolution_any = { slim_convolution,
                                                     "convolution",
                                                     { SLIM_LAYER_CONVOLUTION, SLIM_OPTION(depth) } };

slim_tensor *slim_layer_convolve(const slim_layer_info *info, const slim_args *args, int rank)
{
  slim_call call;
  if (!slim_layer_open(&call, info, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "Conv");
  const bool fits = rank ? slim_layer_rank_is(&call, rank) : slim_layer_spatial(&call);
  if (!fits || !slim_layer_outputs(&call) || !slim_layer_kernel(&call)) {
    return slim_layer_refuse(&call);
  }
  const int axes = call.args.input->shape.rank - 2;
  slim_tensor *net = axes == 1   ? slim_layer_convolve_row(&call)
                     : axes == 2 ? slim_layer_convolve_image(&call)
                                 : slim_layer_convolve_volume(&call);
  return slim_layer_finish(&call, net, slim_relu);
}

slim_tensor *(slim_convolution)(const slim_args *args)
{
  return slim_layer_convolve(&slim_layer_convolution_any, args, 0);
}
