#include "backend/opencl/separable_conv2d.h"

#include "backend/opencl/conv2d.h"
#include "backend/opencl/epilogue.h"
#include "backend/opencl/gemm.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/strassen.h"
#include "backend/separable.h"
#include "kernels/separable_conv2d_params.h"

bool slim_cl_separable_fits(const slim_device *device, const slim_group *group, const slim_node *node)
{
  const slim_node *first = group->nodes[0];
  if (first->op != &slim_op_depthwise_conv2d || !slim_cl_gemm_usable(device) || !slim_separable_fits(group, node)) {
    return false;
  }
  const slim_shape *weights = &first->inputs[1]->shape;
  return !((const slim_conv2d_attr *)first->attr)->nchw && weights->dim[3] == 1 &&
         weights->dim[2] % slim_cl_of(device)->vector_width == 0;
}

int slim_cl_separable_packs(const slim_device *device, const slim_group *group, const slim_view *in,
                            const slim_view *out)
{
  const int pointwise = slim_separable_node(group), input = slim_separable_input(group);
  (void)device;
  (void)out;
  return pointwise > 0 && slim_cl_conv2d_owns(group->nodes[pointwise], &in[input]) ? input : 0;
}

/* The 1x1 convolution, of sums with the shape out. */
static slim_conv2d_params pointwise_params(const slim_shape *weights, const slim_shape *out)
{
  return (slim_conv2d_params){ .n = out->dim[0],
                               .h = out->dim[1],
                               .w = out->dim[2],
                               .c = weights->dim[2],
                               .oh = out->dim[1],
                               .ow = out->dim[2],
                               .o = weights->dim[3],
                               .kernel_h = 1,
                               .kernel_w = 1,
                               .stride_h = 1,
                               .stride_w = 1,
                               .rate_h = 1,
                               .rate_w = 1,
                               .dilate_h = 1,
                               .dilate_w = 1 };
}

void slim_cl_separable(slim_cl_build *b, const slim_view *bias, const slim_depthwise_conv2d_params *sums)
{
  const int pointwise = slim_separable_node(b->group), input = slim_separable_input(b->group);
  const slim_view *weights = &b->in[input];
  const slim_cl_epilogue epilogue = slim_cl_epilogue_between(b, pointwise + 1, b->group->count, input + 1);
  const slim_conv2d_params product = pointwise_params(&weights->shape, &b->out[0].shape);
  const slim_separable_conv2d_params p = { *sums, product.o, epilogue.params };
  const bool packed = slim_cl_conv2d_owns(b->group->nodes[pointwise], weights);
  const int pixels = slim_cl_conv2d_pixels(&product);
  const slim_gemm_params g = packed && slim_cl_strassen_fits(b->device, &product)
                                 ? slim_cl_gemm_halves(b->device, pixels, p.o, sums->c)
                                 : slim_cl_gemm_made(b->device, pixels, p.o, sums->c, packed);
  cl_mem made = packed ? slim_cl_conv2d_pack(b, weights, &product, &g) : NULL;
  slim_cl_begin(b, packed ? "slim_separable_conv2d_packed_f32" : SLIM_CL_READING(weights, "slim_separable_conv2d_cpu"));
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, bias);
  if (packed) {
    slim_cl_arg_memory(b, made);
  } else {
    slim_cl_arg_view(b, weights);
  }
  slim_cl_arg_view(b, epilogue.bias);
  slim_cl_arg_view(b, epilogue.residual);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_arg(b, &g, sizeof(g));
  (packed ? slim_cl_gemm_range_packed : slim_cl_gemm_range)(b, &g, pixels, p.o);
  b->step->base.flops += 2.0 * pixels * sums->c * p.o;
}
