#include "backend/opencl/conv2d.h"

#include "backend/opencl/gemm.h"

#define RUN_MOST 48     /* floats of a row of a window; longer ones are copied well */
#define WINDOW_MOST 256 /* floats of a window */
#define BAND_BYTES_MOST (48u << 10)
#define PART_CHANNELS 32 /* of a task of the weights' gradient of more channels, */
#define PARTED_MOST 128  /* but few enough that the sums of a part are deep */
#define PART_BYTES_MOST (128u << 10)
#define BAND_PIXELS 256 /* of a band of the weights' gradient */
#define COLUMNS_MOST 256
#define SLICE_BANDS_LEAST 4 /* of a slice of the sums by parts */
#define GROUPS_A_UNIT 4

static int rows_of(const slim_conv2d_params *p, int band)
{
  return (band - 1) * p->stride_h + (p->kernel_h - 1) * p->rate_h + 1;
}

static size_t band_bytes(const slim_conv2d_params *p, const slim_conv2d_image_params *g)
{
  return (size_t)rows_of(p, g->band) * (size_t)g->length * sizeof(float);
}

/* Can windows be read from a band, of so many channels that copying them would take long? */
static bool reads_bands(const slim_conv2d_params *p, int channels)
{
  const int run = p->kernel_w * channels;
  const bool overlap = p->kernel_w > p->stride_w && p->kernel_h > p->stride_h;
  const bool few = channels == p->c && run <= RUN_MOST && run * p->kernel_h <= WINDOW_MOST;
  return (few || (channels < p->c && overlap)) && p->rate_w == 1 && p->dilate_h == 1 && p->dilate_w == 1;
}

/* Cuts the rows of the result into bands of at most band rows, and bytes bytes; false when one row is more. */
static bool cut(const slim_device *device, const slim_conv2d_params *p, int channels, int band, size_t bytes,
                slim_conv2d_image_params *g)
{
  const int columns = slim_cl_gemm_columns(device), wide = (p->o + columns - 1) / columns * columns;
  if (!reads_bands(p, channels)) {
    return false;
  }
  *g = (slim_conv2d_image_params){ .band = slim_cl_ceil_div(p->oh, slim_cl_ceil_div(p->oh, band)),
                                   .channels = channels };
  g->length = ((p->ow - 1) * p->stride_w + p->kernel_w) * channels;
  while (g->band > 1 && band_bytes(p, g) > bytes) {
    g->band = (g->band + 1) / 2;
  }
  g->rows = rows_of(p, g->band);
  g->block_n = wide < COLUMNS_MOST ? wide : COLUMNS_MOST;
  return band_bytes(p, g) <= bytes;
}

static bool fits(const slim_device *device, const slim_conv2d_params *p, const slim_conv2d_image_params *g, int depth)
{
  return band_bytes(p, g) + (size_t)depth * (size_t)g->block_n * sizeof(float) <= device->info.local_memory;
}

bool slim_cl_conv2d_bands(const slim_device *device, const slim_conv2d_params *p, slim_conv2d_image_params *g)
{
  const int wanted = device->info.compute_units * GROUPS_A_UNIT;
  const int bands = slim_cl_ceil_div(wanted, p->n), band = slim_cl_ceil_div(p->oh, bands < p->oh ? bands : p->oh);
  return cut(device, p, p->c, band, BAND_BYTES_MOST, g) && fits(device, p, g, p->kernel_h * p->kernel_w * p->c);
}

bool slim_cl_conv2d_bands_gradient(const slim_device *device, const slim_conv2d_params *p, slim_conv2d_image_params *g)
{
  const bool parts = p->c % PART_CHANNELS == 0 && p->c > PART_CHANNELS && p->c <= PARTED_MOST;
  const int band = p->ow < BAND_PIXELS ? BAND_PIXELS / p->ow : 1, channels = parts ? PART_CHANNELS : p->c;
  if (!cut(device, p, channels, band, parts ? PART_BYTES_MOST : BAND_BYTES_MOST, g) ||
      !fits(device, p, g, g->band * p->ow)) {
    return false;
  }
  const int bands = p->n * slim_cl_ceil_div(p->oh, g->band);
  const int tasks = p->c / channels * slim_cl_ceil_div(p->o, g->block_n);
  const int wanted = slim_cl_ceil_div(device->info.compute_units * GROUPS_A_UNIT, tasks);
  g->bands = parts && bands < SLICE_BANDS_LEAST * wanted ? bands : slim_cl_ceil_div(bands, wanted);
  return true;
}

void slim_cl_conv2d_image_range(slim_cl_build *b, const slim_conv2d_params *p, const slim_conv2d_image_params *g,
                                int tasks, int depth)
{
  slim_cl_arg_local(b, band_bytes(p, g));
  slim_cl_arg_local(b, (size_t)depth * (size_t)g->block_n * sizeof(float));
  slim_cl_range_dealt(
      b, (const size_t[3]){ (size_t)tasks, (size_t)slim_cl_ceil_div(p->o, g->block_n), (size_t)(p->c / g->channels) });
}
