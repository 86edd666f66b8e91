#include "backend/opencl/gemm.h"

#define DEPTH 256      /* as SLIM_GEMM_DEPTH in kernels/gemm.h */
#define STRIDE (DEPTH + 16)
#define ROWS_MOST 384  /* of a group's block */
#define COLUMNS_MOST 256
#define GROUPS_A_UNIT 4
#define LOCAL_LEAST ((size_t)16 << 10)

int slim_cl_gemm_rows(const slim_device *device)
{
  return slim_cl_of(device)->vector_width == 16 ? 12 : 6;
}

int slim_cl_gemm_columns(const slim_device *device)
{
  return 2 * slim_cl_of(device)->vector_width;
}

static size_t tile_bytes(const slim_device *device)
{
  return (size_t)slim_cl_gemm_rows(device) * STRIDE * sizeof(float);
}

bool slim_cl_gemm_usable(const slim_device *device)
{
  return device->info.device_class == SLIM_CLASS_CPU && device->info.local_memory >= tile_bytes(device) + LOCAL_LEAST;
}

static int ceil_div(int a, int b)
{
  return (a + b - 1) / b;
}

/* The largest even cut of n into parts of at most most, each a multiple of unit. */
static int even_part(int n, int most, int unit)
{
  const int parts = ceil_div(n, most < unit ? unit : most);
  return ceil_div(ceil_div(n, parts < 1 ? 1 : parts), unit) * unit;
}

slim_gemm_params slim_cl_gemm_blocks(const slim_device *device, int m, int n, int k)
{
  const int rows = slim_cl_gemm_rows(device), columns = slim_cl_gemm_columns(device);
  const size_t room = (device->info.local_memory - tile_bytes(device)) / sizeof(float);
  slim_gemm_params g = { .block_k = even_part(k, DEPTH, 1) };
  const int fit = (int)(room / (size_t)g.block_k) / columns * columns;
  const int most_n = fit < columns ? columns : fit < COLUMNS_MOST ? fit : COLUMNS_MOST;
  while ((size_t)g.block_k * (size_t)columns > room) {
    g.block_k = (g.block_k + 1) / 2;
  }
  g.block_n = even_part(n, most_n, columns);
  const int across = ceil_div(n, g.block_n), wanted = device->info.compute_units * GROUPS_A_UNIT;
  const int down = ceil_div(wanted, across);
  const int most_m = ceil_div(m, down);
  g.block_m = even_part(m, most_m < ROWS_MOST ? most_m : ROWS_MOST, rows);
  return g;
}

void slim_cl_gemm_range(slim_cl_build *b, const slim_gemm_params *g, int m, int n)
{
  slim_cl_arg_local(b, tile_bytes(b->device));
  slim_cl_arg_local(b, (size_t)g->block_k * (size_t)g->block_n * sizeof(float));
  const size_t groups[2] = { (size_t)ceil_div(m, g->block_m), (size_t)ceil_div(n, g->block_n) }, local[2] = { 1, 1 };
  slim_cl_range_2d(b, groups, local);
}
