#include "backend/opencl/winograd_tiles.h"

#include <stdlib.h>

#include "backend/opencl/gemm.h"

#define TILES_LEAST 4
#define SAVES 10       /* larger tiles are taken where they save a part in so many of the work */
#define WEIGHTS_ROWS 5 /* to transform the weights of a point takes as long as so many tiles' products with them */

static bool switched_off(void)
{
  const char *given = getenv("SLIM_WINOGRAD");
  return given != NULL && given[0] == '0' && given[1] == '\0';
}

bool slim_cl_winograd_allowed(const slim_conv2d_params *conv)
{
  const bool unit = conv->stride_h == 1 && conv->stride_w == 1 && conv->rate_h == 1 && conv->rate_w == 1 &&
                    conv->dilate_h == 1 && conv->dilate_w == 1;
  return unit && !conv->nchw && !switched_off();
}

bool slim_cl_winograd_suits(const slim_device *device, const slim_conv2d_params *conv)
{
  const int width = slim_cl_of(device)->vector_width;
  return device->info.device_class == SLIM_CLASS_CPU && slim_cl_winograd_allowed(conv) && conv->c % width == 0 &&
         conv->o % width == 0 && conv->c > 0 && conv->o > 0;
}

/* Cuts the results into tiles of so many points along an axis. */
static void cut(slim_winograd_params *p, int side)
{
  p->m = side + 1 - p->taps;
  p->down = slim_cl_ceil_div(p->oh, p->m);
  p->across = slim_cl_ceil_div(p->ow, p->m);
  p->tiles = p->n * p->down * p->across;
  p->order.below = p->n * (p->down - p->oh / p->m) * (p->ow / p->m);
  p->order.whole = p->order.below + p->n * (p->oh / p->m) * (p->ow / p->m);
  p->order.right = p->order.below + p->n * (p->oh / p->m) * p->across;
}

/* So many tiles in blocks of rows, of which the last is as high as a loop of products is (kernels/winograd.h). The
 * lowest loop waits for weights, and takes as long as the next one. */
static int rounded(const slim_device *device, int tiles, int rows)
{
  const int most = slim_cl_gemm_rows(device), some = most > 6 ? 8 : 4, rest = tiles % rows;
  const int fewer = most < SLIM_WINOGRAD_FEWER_ROWS ? most : SLIM_WINOGRAD_FEWER_ROWS;
  return tiles - rest + (rest > fewer ? most : rest > some ? fewer : rest > 0 ? some : 0);
}

int slim_cl_winograd_rows(const slim_device *device, int tiles)
{
  const int most = slim_cl_gemm_rows(device);
  const bool fewer = most > SLIM_WINOGRAD_FEWER_ROWS &&
                     rounded(device, tiles, SLIM_WINOGRAD_FEWER_ROWS) < rounded(device, tiles, most);
  return fewer ? SLIM_WINOGRAD_FEWER_ROWS : most;
}

/* For each channel and output, products of the transformed tiles, in blocks of rows, or summed, tile by tile: those of
 * most points, and those of the points at infinity along an axis, and along both. Weights that are transformed count as
 * products. */
static double work_of(const slim_device *device, const slim_winograd_params *p, bool summed)
{
  const slim_winograd_order *o = &p->order;
  const int finite = slim_cl_winograd_side(p) - 1, points[] = { finite * finite, finite, finite, 1 };
  const int tiles[] = { p->tiles, o->right - o->below, o->whole, o->whole - o->below };
  const int rows = slim_cl_winograd_rows(device, p->tiles);
  double sum = WEIGHTS_ROWS * (double)slim_cl_winograd_points(p);
  for (int i = 0; i < 4; i++) {
    sum += (double)points[i] * (summed ? tiles[i] : rounded(device, tiles[i], rows));
  }
  return sum;
}

bool slim_cl_winograd_cut(const slim_device *device, const slim_conv2d_params *conv, bool summed,
                          slim_winograd_params *p)
{
  const int k = conv->kernel_h;
  if (k != conv->kernel_w || k < 3 || k > 5) {
    return false;
  }
  *p = (slim_winograd_params){ .n = conv->n,
                               .h = conv->h,
                               .w = conv->w,
                               .c = conv->c,
                               .oh = conv->oh,
                               .ow = conv->ow,
                               .o = conv->o,
                               .live = conv->c,
                               .taps = k,
                               .panels = 1,
                               .before_h = conv->before_h,
                               .before_w = conv->before_w,
                               .epilogue = conv->epilogue };
  cut(p, SLIM_CL_WINOGRAD_SIDE_MOST);
  const double most = work_of(device, p, summed);
  cut(p, SLIM_CL_WINOGRAD_SIDE_LEAST);
  const bool saves = most <= work_of(device, p, summed) * (SAVES - 1) / SAVES;
  if (k == 4 || (saves && conv->epilogue.pooled_h == 0)) {
    cut(p, SLIM_CL_WINOGRAD_SIDE_MOST);
  }
  return p->tiles >= TILES_LEAST;
}

slim_view slim_cl_winograd_behind(const slim_cl_build *b, size_t bytes)
{
  slim_view view = *b->workspace;
  view.offset += bytes;
  view.dtype = SLIM_FLOAT32;
  return view;
}

cl_mem slim_cl_winograd_zeros(slim_cl_build *b, int count)
{
  float *zeros = calloc((size_t)count, sizeof(*zeros));
  if (zeros == NULL && b->status == SLIM_OK) {
    b->status = slim_cl_fail(b->device, SLIM_ERR_MEMORY, "%s: out of memory", b->device->info.selector);
  }
  cl_mem table = slim_cl_table(b, zeros, (size_t)count * sizeof(*zeros));
  free(zeros);
  return table;
}
