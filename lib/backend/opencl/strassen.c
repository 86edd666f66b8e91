#include "backend/opencl/strassen.h"

#include "backend/opencl/conv2d.h"
#include "backend/opencl/gemm.h"
#include "backend/opencl/winograd_tiles.h"

#define PRODUCTS 7
#define SUMS 4 /* of tiles, a group */
/* Measured: with fewer tiles of rows, less depth, fewer pairs of panels or fewer weights the sums do not repay. */
#define LEAST_TILES 8
#define LEAST_DEPTH 512
#define LEAST_PAIRS 4
#define LEAST_WEIGHTS (1 << 18)

static size_t packed_bytes(const slim_device *device, int c, int o)
{
  const size_t tile = (size_t)slim_cl_gemm_rows(device) * (size_t)slim_cl_gemm_columns(device);
  const size_t sums = (size_t)device->info.compute_units * SUMS * tile;
  return ((size_t)c * (size_t)o / 4 * PRODUCTS + sums) * sizeof(float);
}

bool slim_cl_strassen_fits(const slim_device *device, const slim_conv2d_params *p)
{
  const int columns = slim_cl_gemm_columns(device), rows = slim_cl_gemm_rows(device);
  const bool product = p->kernel_h == 1 && p->kernel_w == 1 && slim_cl_winograd_suits(device, p);
  const bool small_caches = slim_cl_of(device)->caches.second < SLIM_LARGE_CACHE;
  return product && small_caches && slim_cl_gemm_halves_tiles(device) > 0 &&
         slim_cl_conv2d_pixels(p) >= LEAST_TILES * rows && p->o % (2 * columns) == 0 &&
         p->o >= 2 * columns * LEAST_PAIRS && p->c % columns == 0 && p->c >= LEAST_DEPTH &&
         p->c * p->o >= LEAST_WEIGHTS && packed_bytes(device, p->c, p->o) <= device->info.max_allocation;
}

cl_mem slim_cl_strassen_pack(slim_cl_build *b, const slim_view *weights, int c, int o, int block_k)
{
  cl_mem packed = slim_cl_kept(b, packed_bytes(b->device, c, o));
  slim_cl_begin(b, "slim_strassen_pack_f32");
  slim_cl_arg_view(b, weights);
  slim_cl_arg_memory(b, packed);
  slim_cl_arg(b, &c, sizeof(c));
  slim_cl_arg(b, &o, sizeof(o));
  slim_cl_arg(b, &block_k, sizeof(block_k));
  slim_cl_range_rows(b, (size_t)(c / 2));
  slim_cl_once(b, weights);
  return packed;
}
