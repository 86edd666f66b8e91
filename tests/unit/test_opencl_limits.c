/* What plans ask for on devices of little memory, on one that is none. */
#include "test_main.h"

#include "backend/opencl/tile.h"
#include "backend/opencl/tuning.h"
#include "opencl_support.h"

#define MIB ((size_t)1 << 20)

typedef struct fake {
  slim_device device;
  slim_cl cl;
} fake;

/* A GPU of so much memory; knobs: as SLIM_KNOBS. */
static void fake_open(fake *f, size_t allocation, size_t memory, int knobs)
{
  char text[16];
  (void)snprintf(text, sizeof text, "%d", knobs);
  ck_assert_int_eq(setenv("SLIM_KNOBS", text, 1), 0);
  memset(f, 0, sizeof *f);
  f->device.info = (slim_device_info){ .selector = "opencl:9",
                                       .name = "nothing",
                                       .device_class = SLIM_CLASS_GPU,
                                       .compute_units = 132,
                                       .max_work_group = 1024,
                                       .local_memory = (size_t)48 << 10,
                                       .max_allocation = allocation,
                                       .global_memory = memory };
  f->device.impl = &f->cl;
  slim_cl_tuning_open(&f->device);
  ck_assert_int_eq(unsetenv("SLIM_KNOBS"), 0);
}

static void fake_close(fake *f)
{
  slim_cl_tuning_close(&f->device);
}

START_TEST(slices_are_no_more_than_pay)
{
  fake f;
  for (int knobs = 0; knobs <= 10; knobs++) {
    fake_open(&f, 2048 * MIB, 65536 * MIB, knobs);
    const int slice = slim_cl_tile_slice(&f.device, 1, 3200, 512, 32768);
    ck_assert_uint_le(slim_cl_tile_workspace(3200, 512, 32768, slice), 64 * MIB);
    ck_assert_int_gt(slim_cl_ceil_div(32768, slice), knobs != 1);
    const int beside = slim_cl_tile_slice_beside(&f.device, 1, 3200, 512, 32768, 2030 * MIB);
    ck_assert_uint_le(slim_cl_tile_workspace(3200, 512, 32768, beside), 18 * MIB);
    fake_close(&f);
  }
  fake_open(&f, 2048 * MIB, 65536 * MIB, 0);
  /* 15 would save 3 % of the time; 98 save half of what 49 take */
  ck_assert_int_eq(slim_cl_ceil_div(4608, slim_cl_tile_slice(&f.device, 1, 784, 512, 4608)), 7);
  ck_assert_int_eq(slim_cl_ceil_div(25088, slim_cl_tile_slice(&f.device, 1, 64, 64, 25088)), 98);
  fake_close(&f);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, slices_are_no_more_than_pay);
}

TEST_MAIN("opencl_limits", build, cl_test_available)
