/* slim_tune in a session on an OpenCL device that is seen as a GPU, whose kernels have knobs on every driver, and on CPUs
 * as what it is. */
#include "session_support.h"

#include "cache_support.h"
#include "slim/layers.h"
#include "slim/ops.h"
#include "slim/tune.h"
#include "test_worse.h"

#include <math.h>

enum { BATCH = 3, SIDE = 9, CHANNELS = 20, WEIGHTS = 3 * 3 * CHANNELS * 6 };

typedef struct world {
  slim_graph *graph;
  slim_tensor *x, *gradient; /* of a convolution's weights */
  slim_device *device;
  slim_session *session;
  float data[BATCH * SIDE * SIDE * CHANNELS];
} world;

/* Sees the device as a GPU (0) or as it is (1). @return false where that is neither a CPU nor the CPU backend. */
static bool see_as(int view)
{
  if (view == 0) {
    return setenv("SLIM_DEVICE_LIMITS", "class=gpu", 1) == 0;
  }
  (void)unsetenv("SLIM_DEVICE_LIMITS");
  slim_device *device = test_open_device();
  const bool is_cpu = slim_device_get_info(device)->device_class == SLIM_CLASS_CPU;
  slim_device_close(device);
  return is_cpu;
}

static void world_open(world *w)
{
  for (int i = 0; i < BATCH * SIDE * SIDE * CHANNELS; i++) {
    w->data[i] = (float)((i * 37) % 101) / 50.0f - 1.0f;
  }
  w->graph = slim_graph_create(5);
  w->x = slim_placeholder(w->graph, SLIM_FLOAT32, SLIM_SHAPE(-1, SIDE, SIDE, CHANNELS), "x");
  slim_tensor *y = slim_conv2d(w->x, 6, SLIM_HW(3, 3), .scope = "conv");
  slim_tensor *weights = slim_get_unique_variable(w->graph, "conv/weights");
  w->gradient = slim_gradients(slim_reduce_sum(slim_square(y), SLIM_ALL_AXES, false), SLIM_TENSORS(weights)).item[0];
  ck_assert_str_eq(slim_graph_error(w->graph), "");
  w->device = test_open_device();
  w->session = test_session(w->graph, w->device, NULL);
  test_ok(w->session, slim_session_initialize(w->session));
}

static void world_close(world *w)
{
  slim_session_destroy(w->session);
  slim_device_close(w->device);
  slim_graph_destroy(w->graph);
}

static void run(world *w, float *out)
{
  const slim_feed feed = { w->x, w->data, BATCH };
  const slim_fetch fetch = { w->gradient, out, WEIGHTS * sizeof(float) };
  test_ok(w->session, slim_session_run(w->session, &feed, 1, &fetch, 1));
}

/* Over [3,3,5,6] weights: what a sum of other order may differ by, of the largest. */
static void assert_close(const float *a, const float *b)
{
  double largest = 0, difference = 0;
  for (int i = 0; i < WEIGHTS; i++) {
    largest = test_worse(largest, (double)fabsf(b[i]));
    difference = test_worse(difference, (double)fabsf(a[i] - b[i]));
  }
  ck_assert_msg(difference <= 1e-5 * largest, "differs by %g of %g", difference, largest);
}

static int rounds_seen;
static void count_rounds(void *user, const slim_tune_result *progress)
{
  ck_assert_ptr_null(user);
  ck_assert_int_eq(progress->rounds, ++rounds_seen);
}

static bool on_cpu(const world *w)
{
  return strcmp(slim_device_get_info(w->device)->selector, "cpu") == 0;
}

START_TEST(a_search_ends_and_changes_no_result)
{
  static world w;
  static float before[WEIGHTS], after[WEIGHTS], again[WEIGHTS];
  slim_tune_result r = { 0 };
  slim_error error = { SLIM_OK, "" };
  if (!see_as(_i)) {
    return;
  }
  fresh_cache();
  world_open(&w);
  run(&w, before);
  const slim_feed feed = { w.x, w.data, BATCH };
  const slim_fetch fetch = { w.gradient, NULL, 0 };
  rounds_seen = 0;
  const slim_status status = slim_tune(w.session, &fetch, 1, .feeds = &feed, .num_feeds = 1, .budget_secs = 1e5,
                                       .progress = count_rounds, .result = &r, .error = &error);
  if (on_cpu(&w)) {
    ck_assert_int_eq(status, SLIM_ERR_UNSUPPORTED);
    ck_assert_str_eq(error.text, "tune: the cpu backend has nothing to tune");
    ck_assert_int_eq(slim_device_export(w.device, "/tmp/x", NULL), SLIM_ERR_UNSUPPORTED);
    (void)rmdir(cache_home);
  } else {
    ck_assert_msg(status == SLIM_OK, "%s", error.text);
    ck_assert_int_ge(r.rounds, 1); /* slices of the gradient */
    ck_assert_int_eq(r.rounds, rounds_seen);
    ck_assert(r.before_ms > 0 && r.after_ms > 0 && r.seconds > 0);
    run(&w, after);
    run(&w, again);
    assert_close(after, before);
    ck_assert_mem_eq(after, again, sizeof after);
  }
  const bool kept = !on_cpu(&w);
  world_close(&w);
  if (kept) {
    remove_cache();
  }
}
END_TEST

/* Every value of every knob, as SLIM_KNOBS forces it. */
START_TEST(no_value_of_a_knob_changes_the_result)
{
  static world w;
  static float built_in[WEIGHTS], forced[WEIGHTS], again[WEIGHTS];
  char text[16];
  if (!see_as(_i)) {
    return;
  }
  ck_assert_int_eq(setenv("SLIM_KNOBS", "0", 1), 0);
  world_open(&w);
  run(&w, built_in);
  world_close(&w);
  for (int i = 1; i <= 10; i++) {
    (void)snprintf(text, sizeof text, "%d", i);
    ck_assert_int_eq(setenv("SLIM_KNOBS", text, 1), 0);
    world_open(&w);
    run(&w, forced);
    run(&w, again);
    world_close(&w);
    assert_close(forced, built_in);
    ck_assert_mem_eq(forced, again, sizeof forced);
  }
  ck_assert_int_eq(unsetenv("SLIM_KNOBS"), 0);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, a_search_ends_and_changes_no_result, 0, 2);
  tcase_add_loop_test(c, no_value_of_a_knob_changes_the_result, 0, 2);
}

TEST_MAIN("session_tune", build, test_device_available)
