#include "backend/opencl/tile.h"

#include "backend/opencl/tuning.h"

#define ITEMS ((size_t)64) /* of a group, as SLIM_TILE_ITEMS in kernels/tile.h */
#define TILE_GPU 64        /* rows and columns, as SLIM_TILE */
#define TILE_SMALL 32
#define DEPTH_GPU 16 /* as SLIM_TILE_DEPTH */
#define DEPTH_SMALL 8
#define GROUPS_A_UNIT 6 /* that run at the same time */
#define SLICE_LEAST 256 /* of k */
#define SLICE_MOST 1536 /* where turns of loops are counted */
#define SLICES_MOST 1024
#define SLICES_BYTES ((size_t)64 << 20) /* of their sums */
#define ADDING 0.03                     /* what a slice of a tile costs more, in terms of its sum */
#define PAYS 0.96                       /* twice as many must take less than this part of the time */

static bool is_gpu(const slim_device *device)
{
  return device->info.device_class == SLIM_CLASS_GPU;
}

static int tile_of(const slim_device *device)
{
  return is_gpu(device) ? TILE_GPU : TILE_SMALL;
}

static int depth_of(const slim_device *device)
{
  return is_gpu(device) ? DEPTH_GPU : DEPTH_SMALL;
}

bool slim_cl_tile_usable(const slim_device *device)
{
  const size_t blocks = (size_t)(2 * depth_of(device) * (tile_of(device) + 4)) * sizeof(float);
  return device->info.device_class != SLIM_CLASS_CPU && device->info.max_work_group >= ITEMS &&
         device->info.local_memory >= blocks;
}

/* llvmpipe, which is no GPU, ends a work-item's loops after 65535 turns of all of them together; a block of k takes up
 * to 550. */
int slim_cl_tile_slice_most(const slim_device *device, int k)
{
  return device->info.is_gpu || k < SLICE_MOST ? slim_cl_larger(k, 1) : SLICE_MOST;
}

static int tiles(const slim_device *device, int n)
{
  return slim_cl_ceil_div(n, tile_of(device));
}

static const slim_cl_knob knob_slices = SLIM_CL_KNOB("tile.slices", 1, 2, 3, 4, 6, 8, 12, 16, 24, 32);

/* How many sums of slices there is memory for, beside so many bytes in one allocation. */
static int slices_that_fit(const slim_device *device, int results, int m, int n, size_t beside)
{
  const size_t left = slim_cl_room_beside(device, beside);
  const size_t bytes = (size_t)results * (size_t)m * (size_t)n * sizeof(float);
  const size_t fit = (left < SLICES_BYTES ? left : SLICES_BYTES) / (bytes > 0 ? bytes : 1);
  return fit < 1 ? 1 : fit < SLICES_MOST ? (int)fit : SLICES_MOST;
}

/* The slices, at most so many, of so many tiles that take the least time: rounds of groups, each of a slice, and adding
 * up. */
static int fastest_slices(const slim_device *device, int there, int k, int most, double *least)
{
  const int at_once = device->info.compute_units * GROUPS_A_UNIT;
  int best = 1;
  *least = 1.0;
  for (int slices = 2; there < at_once && slices <= most && k / slices >= SLICE_LEAST; slices++) {
    const double rounds = slim_cl_ceil_div(there * slices, at_once);
    const double time = rounds / slices + ADDING * there * slices / k;
    best = time < *least ? slices : best;
    *least = time < *least ? time : *least;
  }
  return best;
}

/* Those, or half as many or fewer where they take little longer. */
static int best_slices(const slim_device *device, int there, int k, int most)
{
  double least, time;
  const int fastest = fastest_slices(device, there, k, most, &least);
  const int fewer = fastest_slices(device, there, k, fastest / 2, &time);
  return PAYS * time < least ? fewer : fastest;
}

int slim_cl_tile_slice_beside(const slim_device *device, int results, int m, int n, int k, size_t beside)
{
  const int there = results * tiles(device, m) * tiles(device, n), depth = depth_of(device);
  const int most = slices_that_fit(device, results, m, n, beside), best = best_slices(device, there, k, most);
  const int wanted = slim_cl_tuned(device, &knob_slices, SLIM_CL_DIMS(results, m, n, k), best);
  const int slices = slim_cl_larger(wanted, slim_cl_ceil_div(k, slim_cl_tile_slice_most(device, k)));
  return slim_cl_ceil_div(slim_cl_ceil_div(k, slices < most ? slices : most), depth) * depth;
}

int slim_cl_tile_slice(const slim_device *device, int results, int m, int n, int k)
{
  return slim_cl_tile_slice_beside(device, results, m, n, k, 0);
}

size_t slim_cl_tile_workspace(int m, int n, int k, int slice)
{
  const int slices = slim_cl_ceil_div(k, slice);
  return slices > 1 ? (size_t)slices * (size_t)m * (size_t)n * sizeof(float) : 0;
}

void slim_cl_tile_range(slim_cl_build *b, int m, int n, int slices)
{
  const size_t groups[3] = { (size_t)tiles(b->device, m), (size_t)tiles(b->device, n), (size_t)slices };
  slim_cl_range_3d(b, groups, (const size_t[3]){ ITEMS, 1, 1 });
}

void slim_cl_tile_products(slim_cl_build *build, const slim_view *a, const slim_view *b, const slim_view *y,
                           const slim_matmul_params *p, const slim_matmul_tile_params *t, int pairs)
{
  static const slim_view none = { 0 };
  slim_cl_begin(build, "slim_matmul_tile_v4_f32");
  slim_cl_arg_view(build, a);
  slim_cl_arg_view(build, b);
  slim_cl_arg_view(build, &none);
  slim_cl_arg_view(build, y);
  slim_cl_arg(build, p, sizeof(*p));
  slim_cl_arg(build, t, sizeof(*t));
  slim_cl_tile_range(build, p->m, p->n, pairs * t->slices);
}

void slim_cl_tile_add(slim_cl_build *b, size_t parts_at, const slim_cl_epilogue *epilogue, const slim_view *y, int m,
                      int n, int slices)
{
  const slim_matmul_params p = { .m = m, .n = n, .epilogue = epilogue->params };
  slim_cl_begin(b, "slim_matmul_slices_tile_f32");
  slim_cl_arg_view_at(b, b->workspace, parts_at);
  slim_cl_arg_view(b, epilogue->bias);
  slim_cl_arg_view(b, epilogue->residual);
  slim_cl_arg_view(b, y);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_arg(b, &slices, sizeof(slices));
  slim_cl_range(b, (size_t)m * (size_t)n);
}
