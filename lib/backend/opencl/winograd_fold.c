#include "backend/opencl/winograd_fold.h"

#define CHANNELS_MOST 48 /* of a folded image, */
#define KERNEL_LEAST 7   /* and taps of a kernel's side: fewer gain nothing */

slim_conv2d_params slim_cl_winograd_fold(const slim_device *device, const slim_conv2d_params *conv, bool turned,
                                         slim_winograd_fold_params *fold)
{
  const int width = slim_cl_of(device)->vector_width;
  const int side = turned ? conv->dilate_h : conv->stride_h, across = turned ? conv->dilate_w : conv->stride_w;
  const int kernel = conv->kernel_h, taps = slim_cl_ceil_div(kernel, side), c = turned ? conv->o : conv->c;
  slim_conv2d_params to = *conv;
  *fold = (slim_winograd_fold_params){ .side = 1 };
  if (side == 1 || across != side || kernel != conv->kernel_w || kernel < KERNEL_LEAST || conv->rate_h != 1 ||
      conv->rate_w != 1 || side * side * c > CHANNELS_MOST) {
    return to;
  }
  const int grid_h = turned ? conv->h : conv->oh, grid_w = turned ? conv->w : conv->ow; /* of outputs */
  *fold = (slim_winograd_fold_params){ .side = side,
                                       .n = conv->n,
                                       .h = turned ? conv->oh : conv->h,
                                       .w = turned ? conv->ow : conv->w,
                                       .c = c,
                                       .top = turned ? kernel - 1 - conv->before_h : conv->before_h,
                                       .left = turned ? kernel - 1 - conv->before_w : conv->before_w,
                                       .fold_h = grid_h + taps - 1,
                                       .fold_w = grid_w + taps - 1,
                                       .fold_c = slim_cl_ceil_div(side * side * c, width) * width,
                                       .taps = kernel,
                                       .fold_taps = taps,
                                       .o = turned ? conv->c : conv->o };
  to.kernel_h = to.kernel_w = taps;
  to.stride_h = to.stride_w = to.dilate_h = to.dilate_w = 1;
  to.before_h = to.before_w = turned ? taps - 1 : 0;
  *(turned ? &to.oh : &to.h) = fold->fold_h;
  *(turned ? &to.ow : &to.w) = fold->fold_w;
  *(turned ? &to.o : &to.c) = fold->fold_c;
  return to;
}

size_t slim_cl_winograd_folded_image(const slim_winograd_fold_params *f)
{
  return f->side > 1 ? slim_cl_float_bytes((size_t)f->n * (size_t)f->fold_h * (size_t)(f->fold_w * f->fold_c)) : 0;
}

size_t slim_cl_winograd_folded_weights(const slim_winograd_fold_params *f)
{
  return f->side > 1 ? slim_cl_float_bytes((size_t)(f->fold_taps * f->fold_taps * f->fold_c) * (size_t)f->o) : 0;
}

static void launch(slim_cl_build *b, const char *kernel, const slim_winograd_fold_params *f, const slim_view *from,
                   const slim_view *to, int rows)
{
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, from);
  slim_cl_arg_view(b, to);
  slim_cl_arg(b, f, sizeof(*f));
  slim_cl_range_rows(b, (size_t)rows);
}

void slim_cl_winograd_fold_image(slim_cl_build *b, const slim_winograd_fold_params *f, const slim_view *from,
                                 const slim_view *to)
{
  launch(b, "slim_winograd_fold_image_f32", f, from, to, f->n * f->fold_h);
}

void slim_cl_winograd_unfold_image(slim_cl_build *b, const slim_winograd_fold_params *f, const slim_view *from,
                                   const slim_view *to)
{
  launch(b, "slim_winograd_unfold_image_f32", f, from, to, f->n * f->h);
}

void slim_cl_winograd_fold_weights(slim_cl_build *b, const slim_winograd_fold_params *f, const slim_view *from,
                                   const slim_view *to, bool once)
{
  launch(b, SLIM_CL_READING(from, "slim_winograd_fold_weights"), f, from, to, f->fold_taps * f->fold_taps * f->fold_c);
  if (once) {
    slim_cl_once(b, from);
  }
}

void slim_cl_winograd_unfold_weights(slim_cl_build *b, const slim_winograd_fold_params *f, const slim_view *from,
                                     const slim_view *to)
{
  launch(b, "slim_winograd_unfold_weights_f32", f, from, to, f->taps * f->taps * f->c);
}
