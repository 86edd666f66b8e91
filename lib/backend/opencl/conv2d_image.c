#include "backend/opencl/conv2d.h"

#include "backend/opencl/gemm.h"

#define RUN_MOST 48     /* floats of a row of a window; longer ones are copied well */
#define WINDOW_MOST 256 /* floats of a window */
#define BAND_BYTES_MOST (48u << 10)
#define BAND_PIXELS 256 /* of a band of the weights' gradient */
#define COLUMNS_MOST 256
#define GROUPS_A_UNIT 4

static int rows_of(const slim_conv2d_params *p, int band)
{
  return (band - 1) * p->stride_h + (p->kernel_h - 1) * p->rate_h + 1;
}

static size_t band_bytes(const slim_conv2d_params *p, const slim_conv2d_image_params *g)
{
  return (size_t)rows_of(p, g->band) * (size_t)g->length * sizeof(float);
}

/* Cuts the rows of the result into bands of at most band rows that fit; false when one row does not. */
static bool cut(const slim_device *device, const slim_conv2d_params *p, int band, slim_conv2d_image_params *g)
{
  const int run = p->kernel_w * p->c, columns = slim_cl_gemm_columns(device);
  if (run > RUN_MOST || run * p->kernel_h > WINDOW_MOST || p->rate_w != 1 || p->dilate_h != 1 || p->dilate_w != 1) {
    return false;
  }
  const int wide = (p->o + columns - 1) / columns * columns;
  *g = (slim_conv2d_image_params){ .band = slim_cl_ceil_div(p->oh, slim_cl_ceil_div(p->oh, band)) };
  g->length = ((p->ow - 1) * p->stride_w + p->kernel_w) * p->c;
  while (g->band > 1 && band_bytes(p, g) > BAND_BYTES_MOST) {
    g->band = (g->band + 1) / 2;
  }
  g->rows = rows_of(p, g->band);
  g->block_n = wide < COLUMNS_MOST ? wide : COLUMNS_MOST;
  return band_bytes(p, g) <= BAND_BYTES_MOST;
}

static bool fits(const slim_device *device, const slim_conv2d_params *p, const slim_conv2d_image_params *g, int depth)
{
  return band_bytes(p, g) + (size_t)depth * (size_t)g->block_n * sizeof(float) <= device->info.local_memory;
}

bool slim_cl_conv2d_bands(const slim_device *device, const slim_conv2d_params *p, slim_conv2d_image_params *g)
{
  const int wanted = device->info.compute_units * GROUPS_A_UNIT;
  const int bands = slim_cl_ceil_div(wanted, p->n), band = slim_cl_ceil_div(p->oh, bands < p->oh ? bands : p->oh);
  return cut(device, p, band, g) && fits(device, p, g, p->kernel_h * p->kernel_w * p->c);
}

bool slim_cl_conv2d_bands_gradient(const slim_device *device, const slim_conv2d_params *p, slim_conv2d_image_params *g)
{
  const int band = p->ow < BAND_PIXELS ? BAND_PIXELS / p->ow : 1;
  if (!cut(device, p, band, g) || !fits(device, p, g, g->band * p->ow)) {
    return false;
  }
  const int wanted = device->info.compute_units * GROUPS_A_UNIT;
  g->bands = slim_cl_ceil_div(p->n * slim_cl_ceil_div(p->oh, g->band), wanted);
  return true;
}

void slim_cl_conv2d_image_range(slim_cl_build *b, const slim_conv2d_params *p, const slim_conv2d_image_params *g,
                                int tasks, int depth)
{
  slim_cl_arg_local(b, band_bytes(p, g));
  slim_cl_arg_local(b, (size_t)depth * (size_t)g->block_n * sizeof(float));
  slim_cl_range_dealt(b, (const size_t[3]){ (size_t)tasks, (size_t)slim_cl_ceil_div(p->o, g->block_n), 1 });
}
