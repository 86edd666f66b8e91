#include "backend/opencl/conv2d_tile.h"

#include "backend/opencl/conv2d.h"
#include "backend/opencl/tile.h"

/* The name of a kernel for channels, or outputs only, that come in fours, at multiples of 16 bytes, as all tensors
 * begin; or for any. */
static const char *kernel_of(const slim_conv2d_params *p, const char *all, const char *outputs, const char *any)
{
  return p->nchw || p->o % 4 != 0 ? any : p->c % 4 == 0 ? all : outputs;
}

/* A result that lies together. */
static slim_tile_params place_of(const slim_conv2d_params *p)
{
  const int channels = p->nchw ? 1 : p->o;
  return (slim_tile_params){
    .image = p->oh * p->ow * p->o, .row = p->ow * channels, .pixel = channels, .channel = p->nchw ? p->oh * p->ow : 1
  };
}

/* All of it where channels come first: slices are added up as pixels of channels. */
static int slice_of(const slim_device *device, const slim_conv2d_params *p, size_t parts_at)
{
  const int window = slim_cl_conv2d_window(p);
  return p->nchw ? window : slim_cl_tile_slice_beside(device, 1, slim_cl_conv2d_pixels(p), p->o, window, parts_at);
}

size_t slim_cl_conv2d_tile_workspace(const slim_device *device, const slim_conv2d_params *p, size_t parts_at)
{
  const int slice = slice_of(device, p, parts_at);
  return slim_cl_tile_workspace(slim_cl_conv2d_pixels(p), p->o, slim_cl_conv2d_window(p), slice);
}

/* y NULL: the slices' sums. */
static void launch(slim_cl_build *b, const slim_view *x, const slim_view *weights, size_t weights_at,
                   const slim_cl_epilogue *epilogue, const slim_view *y, size_t parts_at, const slim_conv2d_params *p,
                   const slim_tile_params *t, int slices)
{
  slim_cl_begin(b, kernel_of(p, SLIM_CL_READING(weights, "slim_conv2d_tile_v4"),
                             SLIM_CL_READING(weights, "slim_conv2d_tile_o4"),
                             SLIM_CL_READING(weights, "slim_conv2d_tile")));
  slim_cl_arg_view(b, x);
  slim_cl_arg_view_at(b, weights, weights_at);
  slim_cl_arg_view(b, epilogue->bias);
  slim_cl_arg_view(b, epilogue->residual);
  if (y != NULL) {
    slim_cl_arg_view(b, y);
  } else {
    slim_cl_arg_view_at(b, b->workspace, parts_at);
  }
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_arg(b, t, sizeof(*t));
  slim_cl_tile_range(b, slim_cl_conv2d_pixels(p), p->o, slices);
}

/* How a part of the sums ends: it is added to those before, the last part with all that the result ends with. */
static slim_cl_epilogue epilogue_of_part(const slim_cl_epilogue *all, const slim_view *y, bool first, bool last)
{
  slim_cl_epilogue e = *all;
  if (!last) {
    e.params = (slim_epilogue_params){ .has_residual = all->params.has_residual };
  }
  if (!first) {
    e.residual = y;
    e.params.has_residual = true;
  }
  return e;
}

/* Without slices: part by part of the windows where a work-item may not sum all. */
static void launch_parts(slim_cl_build *b, const slim_view *x, const slim_view *weights, size_t weights_at,
                         const slim_cl_epilogue *epilogue, const slim_view *y, const slim_conv2d_params *p,
                         const slim_tile_params *t)
{
  const int window = slim_cl_conv2d_window(p);
  slim_tile_params part = *t;
  slim_conv2d_params each = *p;
  part.slice = slim_cl_tile_slice_most(b->device, window);
  do {
    const slim_cl_epilogue e = epilogue_of_part(epilogue, y, part.begin == 0, part.begin + part.slice >= window);
    each.epilogue = e.params;
    launch(b, x, weights, weights_at, &e, y, 0, &each, &part, 1);
    part.begin += part.slice;
  } while (part.begin < window);
}

void slim_cl_conv2d_tile(slim_cl_build *b, const slim_view *x, const slim_view *weights, size_t weights_at,
                         const slim_cl_epilogue *epilogue, const slim_view *y, const slim_conv2d_params *p,
                         size_t parts_at)
{
  slim_tile_params t = place_of(p);
  slim_conv2d_params each = *p;
  t.slice = slice_of(b->device, p, parts_at);
  const int slices = slim_cl_ceil_div(slim_cl_conv2d_window(p), t.slice);
  if (slices <= 1) {
    launch_parts(b, x, weights, weights_at, epilogue, y, p, &t);
    return;
  }
  each.epilogue = (slim_epilogue_params){ 0 };
  launch(b, x, weights, weights_at, epilogue, NULL, parts_at, &each, &t, slices);
  slim_cl_tile_add(b, parts_at, epilogue, y, slim_cl_conv2d_pixels(p), p->o, slices);
}

void slim_cl_conv2d_tile_at(slim_cl_build *b, const slim_view *x, const slim_view *weights, size_t weights_at,
                            const slim_cl_epilogue *epilogue, const slim_view *y, const slim_conv2d_params *p,
                            const slim_tile_params *t)
{
  launch_parts(b, x, weights, weights_at, epilogue, y, p, t);
}

/* --- the gradient by the weights: windows transposed by dy -------------------------------------------------------- */

static int gradient_slice_of(const slim_device *device, const slim_conv2d_params *p)
{
  return slim_cl_tile_slice(device, 1, slim_cl_conv2d_window(p), p->o, slim_cl_conv2d_pixels(p));
}

size_t slim_cl_conv2d_tile_weights_gradient_workspace(const slim_device *device, const slim_conv2d_params *p)
{
  return slim_cl_tile_workspace(slim_cl_conv2d_window(p), p->o, slim_cl_conv2d_pixels(p),
                                gradient_slice_of(device, p));
}

void slim_cl_conv2d_tile_weights_gradient(slim_cl_build *b, const slim_conv2d_params *p)
{
  const slim_cl_epilogue none = slim_cl_epilogue_of(b, 2);
  const int slice = gradient_slice_of(b->device, p), slices = slim_cl_ceil_div(slim_cl_conv2d_pixels(p), slice);
  slim_cl_begin(b, kernel_of(p, "slim_conv2d_weights_gradient_tile_v4_f32", "slim_conv2d_weights_gradient_tile_o4_f32",
                             "slim_conv2d_weights_gradient_tile_f32"));
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, slices > 1 ? b->workspace : &b->out[0]);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_arg(b, &slice, sizeof(slice));
  slim_cl_tile_range(b, slim_cl_conv2d_window(p), p->o, slices);
  if (slices > 1) {
    slim_cl_tile_add(b, 0, &none, &b->out[0], slim_cl_conv2d_window(p), p->o, slices);
  }
}
