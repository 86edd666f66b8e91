#include "backend/opencl/tile.h"

#include "backend/opencl/tuning.h"

#define SIDE_GPU ((size_t)16) /* as SLIM_TILE_SIDE in kernels/tile.h */
#define SIDE_SMALL ((size_t)8)
#define GROUPS_A_UNIT 4
#define SLICE_LEAST 512                                                     /* a slice's sum pays for adding it up */
#define LOCAL_NEEDED(side_) ((size_t)8 * (side_) * (side_) * sizeof(float)) /* two tiles, as deep as the side */

static size_t side_of(const slim_device *device)
{
  return device->info.device_class == SLIM_CLASS_GPU ? SIDE_GPU : SIDE_SMALL;
}

bool slim_cl_tile_usable(const slim_device *device)
{
  const size_t side = side_of(device);
  return device->info.device_class != SLIM_CLASS_CPU && device->info.max_work_group >= side * side &&
         device->info.local_memory >= LOCAL_NEEDED(side);
}

static int tiles(const slim_device *device, int n)
{
  const int tile = 4 * (int)side_of(device);
  return (n + tile - 1) / tile;
}

static const slim_cl_knob knob_slices = SLIM_CL_KNOB("tile.slices", 1, 2, 3, 4, 6, 8, 12, 16, 24, 32);

int slim_cl_tile_slice(const slim_device *device, int m, int n, int k)
{
  const int wanted = device->info.compute_units * GROUPS_A_UNIT, there = tiles(device, m) * tiles(device, n);
  int slices = there > 0 && there < wanted ? (wanted + there - 1) / there : 1;
  while (slices > 1 && k / slices < SLICE_LEAST) {
    slices--;
  }
  slices = slim_cl_tuned(device, &knob_slices, SLIM_CL_DIMS(m, n, k), slices);
  return k < 1 ? 1 : (k + slices - 1) / slices;
}

void slim_cl_tile_range(slim_cl_build *b, int m, int n, int slices)
{
  const size_t side = side_of(b->device);
  const size_t groups[3] = { (size_t)tiles(b->device, m), (size_t)tiles(b->device, n), (size_t)slices };
  slim_cl_range_3d(b, groups, (const size_t[3]){ side, side, 1 });
}
