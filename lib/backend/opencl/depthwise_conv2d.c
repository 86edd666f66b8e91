#include "backend/opencl/epilogue.h"
#include "backend/opencl/ops.h"
#include "kernels/depthwise_conv2d_params.h"

/* x, weights and y of the convolution that the op is, or is a gradient of. */
static slim_depthwise_conv2d_params params_of(slim_cl_build *b, const slim_shape *x, const slim_shape *weights,
                                              const slim_shape *y)
{
  const slim_conv2d_attr *attr = b->attr;
  const int row = attr->nchw ? 2 : 1;
  slim_depthwise_conv2d_params p = { .n = x->dim[0],
                                     .h = x->dim[row],
                                     .w = x->dim[row + 1],
                                     .c = weights->dim[2],
                                     .oh = y->dim[row],
                                     .ow = y->dim[row + 1],
                                     .multiplier = weights->dim[3],
                                     .kernel_h = weights->dim[0],
                                     .kernel_w = weights->dim[1],
                                     .stride_h = attr->stride.h,
                                     .stride_w = attr->stride.w,
                                     .rate_h = attr->rate.h,
                                     .rate_w = attr->rate.w,
                                     .nchw = attr->nchw };
  p.before_h = slim_window_of(p.h, p.kernel_h, p.stride_h, p.rate_h, attr->padding).before;
  p.before_w = slim_window_of(p.w, p.kernel_w, p.stride_w, p.rate_w, attr->padding).before;
  b->step->base.flops = 2.0 * (double)slim_shape_elements(y) * p.kernel_h * p.kernel_w;
  return p;
}

static void prepare(slim_cl_build *b)
{
  const slim_cl_epilogue epilogue = slim_cl_epilogue_of(b, 2);
  slim_depthwise_conv2d_params p = params_of(b, &b->in[0].shape, &b->in[1].shape, &b->out[0].shape);
  p.epilogue = epilogue.params;
  slim_cl_begin(b, "slim_depthwise_conv2d_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, epilogue.bias);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, slim_cl_elements(&b->out[0]));
}

static void prepare_naive_gradient(slim_cl_build *b, const char *kernel, const slim_depthwise_conv2d_params *p)
{
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_range(b, slim_cl_elements(&b->out[0]));
}

static void prepare_input_gradient(slim_cl_build *b)
{
  const slim_depthwise_conv2d_params p = params_of(b, &b->out[0].shape, &b->in[1].shape, &b->in[0].shape);
  prepare_naive_gradient(b, "slim_depthwise_conv2d_input_gradient_naive_f32", &p);
}

static void prepare_weights_gradient(slim_cl_build *b)
{
  const slim_depthwise_conv2d_params p = params_of(b, &b->in[1].shape, &b->out[0].shape, &b->in[0].shape);
  prepare_naive_gradient(b, "slim_depthwise_conv2d_weights_gradient_naive_f32", &p);
}

const slim_cl_op slim_cl_op_depthwise_conv2d = { .prepare = prepare };
const slim_cl_op slim_cl_op_depthwise_conv2d_input_gradient = { .prepare = prepare_input_gradient };
const slim_cl_op slim_cl_op_depthwise_conv2d_weights_gradient = { .prepare = prepare_weights_gradient };
