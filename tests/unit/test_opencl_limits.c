/* Convolutions on small devices: what plans ask for, on a device that is none, and that a session runs within limits. */
#include "session_support.h"

#include "backend/opencl/tile.h"
#include "backend/opencl/tuning.h"
#include "backend/opencl/winograd.h"
#include "opencl_support.h"
#include "slim/layers.h"
#include "test_worse.h"

#define MIB ((size_t)1 << 20)

/* --- plans -------------------------------------------------------------------------------------------------------- */

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
                                       .global_memory = memory,
                                       .is_gpu = true };
  f->device.impl = &f->cl;
  slim_cl_tuning_open(&f->device);
  ck_assert_int_eq(unsetenv("SLIM_KNOBS"), 0);
}

static void fake_close(fake *f)
{
  slim_cl_tuning_close(&f->device);
}

static slim_conv2d_params conv_of(int n, int side, int c, int o)
{
  return (slim_conv2d_params){ .n = n, .h = side, .w = side, .c = c, .oh = side, .ow = side, .o = o, .kernel_h = 3,
                               .kernel_w = 3, .stride_h = 1, .stride_w = 1, .rate_h = 1, .rate_w = 1, .dilate_h = 1,
                               .dilate_w = 1, .before_h = 1, .before_w = 1 };
}

/* @return how many of its passes are by Winograd's transforms, with weights that stay as one more. */
static int assert_fits(const fake *f, const slim_conv2d_params *conv)
{
  const size_t most = f->device.info.max_allocation;
  const size_t weights = (size_t)36 * (size_t)conv->c * (size_t)conv->o * sizeof(float);
  slim_cl_winograd w;
  slim_cl_winograd_gradient g;
  int count = 0;
  for (int i = 0; i < 3; i++) { /* forward, gradient by the input, forward with weights that stay */
    if (slim_cl_winograd_plan(&f->device, conv, i == 1, i == 2, false, &w)) {
      ck_assert_uint_le(slim_cl_winograd_workspace(&f->device, &w), most);
      ck_assert_uint_le(w.kept ? weights : 0, most);
      count++;
    }
  }
  if (slim_cl_winograd_gradient_plan(&f->device, conv, &g)) {
    ck_assert_uint_le(slim_cl_winograd_gradient_workspace(&f->device, &g), most);
    ck_assert(g.batch.p.slices == 1 || (size_t)g.batch.p.slices * weights <= 64 * MIB);
    count++;
  }
  return count;
}

/* SLIM_KNOBS from 0 on. */
START_TEST(transforms_fit_in_an_allocation)
{
  static const size_t allocations[] = { MIB, 2 * MIB, 13 * MIB, 40 * MIB, 128 * MIB, 2048 * MIB };
  static const int channels[] = { 64, 128, 256, 512, 1024 };
  static const int sides[] = { 30, 56, 170, 224 };
  int done = 0, asked = 0;
  fake f;
  fake_open(&f, 0, 0, _i);
  for (int i = 0; i < 6 * 5 * 5 * 4; i++) {
    const slim_conv2d_params conv = conv_of(1 + i % 3, sides[i / 150], channels[i / 30 % 5], channels[i / 6 % 5]);
    f.device.info.max_allocation = allocations[i % 6];
    f.device.info.global_memory = (i / 6 % 2 ? 2048 : 65536) * MIB;
    done += assert_fits(&f, &conv);
    asked += 4;
  }
  fake_close(&f);
  ck_assert_int_gt(done, asked / 2);
  ck_assert_int_lt(done, asked); /* weights of 1024 by 1024 channels take 144 MiB */
}
END_TEST

START_TEST(blocks_leave_room_for_weights)
{
  const slim_conv2d_params conv = conv_of(1, 170, 256, 256);
  fake f;
  fake_open(&f, 128 * MIB, 65536 * MIB, 0);
  ck_assert_int_eq(assert_fits(&f, &conv), 4);
  f.device.info.max_allocation = 12 * MIB; /* 9 MiB of weights leave room for 42 tiles */
  ck_assert_int_eq(assert_fits(&f, &conv), 1);
  f.device.info.max_allocation = 14 * MIB;
  ck_assert_int_eq(assert_fits(&f, &conv), 4);
  fake_close(&f);
}
END_TEST

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

/* A processor whose cores have vectors of 16 and 2 MB of cache each. */
static void fake_cpu_open(fake *f)
{
  fake_open(f, 2048 * MIB, 65536 * MIB, 0);
  f->device.info.device_class = SLIM_CLASS_CPU;
  f->device.info.is_gpu = false;
  f->device.info.local_memory = MIB;
  f->cl.vector_width = 16;
  f->cl.caches = (slim_caches){ .nearest = (size_t)48 << 10, .second = 2 * MIB };
}

/* A slice of the tiles that had none would add what its memory held before. */
START_TEST(slices_of_tiles_have_runs)
{
  int sliced = 0;
  fake f;
  fake_cpu_open(&f);
  for (int units = 1; units <= 128; units++) {
    f.device.info.compute_units = units;
    for (int n = 1; n <= 80; n++) {
      const slim_conv2d_params conv = conv_of(n, n % 2 == 0 ? 56 : 28, 64 - n % 3 / 2 * 16, 64);
      slim_cl_winograd_gradient g;
      if (slim_cl_winograd_gradient_plan(&f.device, &conv, &g) && g.slices.count > 0) {
        ck_assert_int_le(g.slices.count, slim_cl_ceil_div(g.sums.tiles, g.sums.block));
        sliced++;
      }
    }
  }
  fake_close(&f);
  ck_assert_int_gt(sliced, 1000);
}
END_TEST

/* No work-item takes more turns of loops than llvmpipe does before it ends them. */
START_TEST(slices_are_short_where_turns_are_counted)
{
  fake f;
  for (int knobs = 0; knobs <= 10; knobs++) {
    fake_open(&f, 2048 * MIB, 65536 * MIB, knobs);
    f.device.info.is_gpu = false;
    ck_assert_int_le(slim_cl_tile_slice(&f.device, 1, 144, 96, 17654), 1536);
    ck_assert_int_le(slim_cl_tile_slice(&f.device, 36, 64, 64, 9000), 1536);
    ck_assert_int_eq(slim_cl_tile_slice_most(&f.device, 1000), 1000);
    fake_close(&f);
  }
}
END_TEST

/* --- a session ---------------------------------------------------------------------------------------------------- */

enum { BATCH = 7, HEIGHT = 19, WIDTH = 17, CHANNELS = 64 };
enum { X = BATCH * HEIGHT * WIDTH * CHANNELS, WEIGHTS = 9 * CHANNELS * CHANNELS };

/* A convolution y, and the gradients by its input and weights of half its squares. */
typedef struct world {
  slim_graph *graph;
  slim_tensor *x, *y, *weights, *by_input, *by_weights;
  slim_device *device;
  slim_session *session;
} world;

static void world_open(world *w, slim_device *device)
{
  w->graph = slim_graph_create(5);
  w->x = slim_placeholder(w->graph, SLIM_FLOAT32, SLIM_SHAPE(-1, HEIGHT, WIDTH, CHANNELS), "x");
  w->y = slim_conv2d(w->x, CHANNELS, SLIM_HW(3, 3), .activation = slim_identity, .scope = "conv");
  w->weights = slim_get_unique_variable(w->graph, "conv/weights");
  slim_tensor *loss = slim_op_reduce_add(w->y, SLIM_REDUCE_HALF_SQUARES, 15u, 0);
  const slim_tensors by = slim_gradients(loss, SLIM_TENSORS(w->x, w->weights));
  w->by_input = by.item[0];
  w->by_weights = by.item[1];
  ck_assert_str_eq(slim_graph_error(w->graph), "");
  w->device = device;
  w->session = test_session(w->graph, device, NULL);
  test_ok(w->session, slim_session_initialize(w->session));
}

static void world_close(world *w)
{
  slim_session_destroy(w->session);
  slim_device_close(w->device);
  slim_graph_destroy(w->graph);
}

static slim_plan_info run(const world *w, slim_tensor *what, float *out, size_t n)
{
  static float x[X];
  slim_plan_info info;
  for (int i = 0; i < X; i++) {
    x[i] = (float)(i * 37 % 101) / 50.0f - 1.0f;
  }
  const slim_feed feed = { w->x, x, BATCH };
  const slim_fetch fetch = { what, out, n * sizeof(float) };
  test_ok(w->session, slim_session_run(w->session, &feed, 1, &fetch, 1));
  test_ok(w->session, slim_session_plan_info(w->session, &info));
  return info;
}

static void set_weights(const world *w, unsigned seed)
{
  static float values[WEIGHTS];
  for (unsigned i = 0; i < WEIGHTS; i++) {
    values[i] = (float)((i + seed) * 2654435761u >> 8 & 1023u) / 512.0f - 1.0f;
  }
  test_ok(w->session, slim_session_set_variable(w->session, w->weights, values, sizeof values));
}

static slim_plan_info assert_same(const world *small, slim_tensor *what, const world *cpu, slim_tensor *same, size_t n)
{
  static float got[X], want[X];
  const slim_plan_info info = run(small, what, got, n);
  (void)run(cpu, same, want, n);
  double largest = 0.0, off = 0.0;
  for (size_t i = 0; i < n; i++) {
    largest = test_worse(largest, fabs((double)want[i]));
    off = test_worse(off, fabs((double)got[i] - (double)want[i]));
  }
  ck_assert_msg(off <= 2e-5 * largest, "%s: off by %g of %g", slim_tensor_name(what), off, largest);
  return info;
}

/* All passes in blocks of tiles; weights that stay are transformed again when they change. */
START_TEST(a_session_runs_within_an_allocation)
{
  world small, cpu;
  slim_device *host = NULL;
  ck_assert_int_eq(setenv("SLIM_DEVICE_LIMITS", "wg=64,local=16384,alloc=2M", 1), 0);
  world_open(&small, cl_test_open());
  ck_assert_int_eq(unsetenv("SLIM_DEVICE_LIMITS"), 0);
  ck_assert_int_eq(slim_device_open("cpu", &host, NULL), SLIM_OK);
  world_open(&cpu, host);
  for (unsigned seed = 1; seed < 4; seed++) {
    set_weights(&small, seed);
    set_weights(&cpu, seed);
    for (int again = 0; again < 2; again++) {
      const slim_plan_info info = assert_same(&small, small.y, &cpu, cpu.y, X);
      ck_assert_int_eq(info.cpu_steps, 0);
      ck_assert_uint_ge(info.packed_bytes, (size_t)36 * CHANNELS * CHANNELS * sizeof(float));
      ck_assert_uint_le(info.workspace_bytes, 2 * MIB);
    }
  }
  (void)assert_same(&small, small.by_input, &cpu, cpu.by_input, X);
  (void)assert_same(&small, small.by_weights, &cpu, cpu.by_weights, WEIGHTS);
  world_close(&small);
  world_close(&cpu);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, transforms_fit_in_an_allocation, 0, 11);
  tcase_add_test(c, blocks_leave_room_for_weights);
  tcase_add_test(c, slices_are_no_more_than_pay);
  tcase_add_test(c, slices_of_tiles_have_runs);
  tcase_add_test(c, slices_are_short_where_turns_are_counted);
  tcase_add_test(c, a_session_runs_within_an_allocation);
}

TEST_MAIN("opencl_limits", build, cl_test_available)
