#include "backend/opencl/sweep.h"

#define GROUP_GPU 256 /* as SLIM_GROUP in kernels/group.h */
#define GROUP_SMALL 64
#define LOCAL_A_ITEM ((size_t)36) /* bytes that a kernel takes at most: two vectors and a number */
#define VECTOR 4
#define ACROSS_LEAST 2    /* what memory gives at once */
#define ACROSS_MOST 16    /* 256 bytes of a row; more where rows are few */
#define ITEMS_A_UNIT 1024 /* that keep a compute unit busy, with ROWS_AT_ONCE loads each */
#define ROWS_AT_ONCE 4
#define ROWS_AN_ITEM 1024 /* most: they are summed in float32 */

static int group_of(const slim_device *device)
{
  return device->info.device_class == SLIM_CLASS_GPU ? GROUP_GPU : GROUP_SMALL;
}

bool slim_cl_groups(const slim_device *device)
{
  const size_t group = (size_t)group_of(device);
  return device->info.device_class != SLIM_CLASS_CPU && device->info.max_work_group >= group &&
         device->info.local_memory >= group * LOCAL_A_ITEM;
}

bool slim_cl_sweeps(const slim_device *device, int c)
{
  return c > 0 && c % VECTOR == 0 && slim_cl_groups(device);
}

int slim_cl_sweep_across(const slim_device *device, int rows)
{
  const int group = group_of(device);
  int across = ACROSS_LEAST;
  while (across < group && group / across > rows) {
    across *= 2;
  }
  return across;
}

slim_cl_sweep slim_cl_sweep_of(const slim_device *device, int rows, int c)
{
  const int group = group_of(device), few = slim_cl_sweep_across(device, rows);
  slim_cl_sweep s = { .across = 1, .pieces = 1 };
  while (s.across < (few > ACROSS_MOST ? few : ACROSS_MOST) && s.across * VECTOR < c) {
    s.across *= 2;
  }
  const int down = group / s.across;
  const int wanted = ITEMS_A_UNIT / group * device->info.compute_units, there = slim_cl_ceil_div(c, VECTOR * s.across);
  const int share = slim_cl_ceil_div(rows, wanted > there ? wanted / there : 1);
  const int blocks = slim_cl_ceil_div(share, ROWS_AT_ONCE * down), most = ROWS_AN_ITEM / ROWS_AT_ONCE;
  s.length = (blocks < 1 ? 1 : blocks < most ? blocks : most) * ROWS_AT_ONCE * down;
  s.pieces = rows > s.length ? slim_cl_ceil_div(rows, s.length) : 1;
  return s;
}

void slim_cl_range_whole_groups(slim_cl_build *b, size_t groups)
{
  slim_cl_range_groups(b, groups, (size_t)group_of(b->device));
}

void slim_cl_range_sweep(slim_cl_build *b, int c, int across, int pieces)
{
  const size_t groups[3] = { (size_t)slim_cl_ceil_div(c, VECTOR * across), (size_t)pieces, 1 };
  slim_cl_range_3d(b, groups, (const size_t[3]){ (size_t)group_of(b->device), 1, 1 });
}
