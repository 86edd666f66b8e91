/* Debug mode: input far outside of the range that a placeholder was declared with. */
#include "learning_support.h"
#include "slim/nets.h"

enum { BATCH = 4 };

static char messages[4096];
static int warnings;

static void keep_log(void *user, slim_log_level level, const char *text)
{
  (void)user;
  warnings += level == SLIM_LOG_WARNING;
  strncat(messages, text, sizeof messages - strlen(messages) - 1);
}

static void setup(void)
{
  *messages = '\0';
  warnings = 0;
  (void)unsetenv("SLIM_DEBUG");
  slim_log_set(keep_log, NULL);
}

typedef struct world {
  slim_graph *graph;
  slim_device *device;
  slim_session *session;
  slim_tensor *x, *y;
} world;

static world world_make(float low, float high)
{
  world w = { .graph = slim_graph_create(1), .device = test_open_device() };
  w.x = slim_placeholder(w.graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 100), "images");
  w.y = test_relu(w.x);
  ck_assert_int_eq(slim_declare_range(w.x, low, high), SLIM_OK);
  return w;
}

static void world_close(world *w)
{
  slim_session_destroy(w->session);
  slim_device_close(w->device);
  slim_graph_destroy(w->graph);
}

/* Runs on a batch whose first values are bad, the others in the middle. */
static void run(world *w, int num_bad, float bad)
{
  static float values[BATCH * 100], result[BATCH * 100];
  for (int i = 0; i < BATCH * 100; i++) {
    values[i] = i < num_bad ? bad : (float)(i % 3) * 0.25f;
  }
  const slim_feed feed = { w->x, values, BATCH };
  const slim_fetch fetch = { w->y, result, sizeof result };
  test_ok(w->session, slim_session_run(w->session, &feed, 1, &fetch, 1));
}

static const struct guard_case {
  int num_bad;
  float bad;
  bool warns;
} cases[] = { { 400, 255, true }, { 5, 3.01f, true },  { 4, 255, false }, { 400, 3, false },
              { 400, -3, false }, { 5, -3.01f, true }, { 0, 0, false } };

START_TEST(values_far_outside_are_told)
{
  const struct guard_case *c = &cases[_i];
  world w = world_make(-1, 1);
  w.session = test_session(w.graph, w.device, NULL);
  slim_session_debug(w.session, true);
  run(&w, c->num_bad, c->bad);
  ck_assert_int_eq(warnings, c->warns);
  world_close(&w);
}
END_TEST

START_TEST(they_are_told_once)
{
  world w = world_make(-1, 1);
  w.session = test_session(w.graph, w.device, NULL);
  run(&w, 100, 255);
  ck_assert_int_eq(warnings, 0); /* not in debug mode */
  slim_session_debug(w.session, true);
  run(&w, 100, 255);
  run(&w, 400, 128);
  ck_assert_int_eq(warnings, 1);
  ck_assert_str_eq(messages, "placeholder 'images': 25 % of its values are far outside of the declared range [-1, 1], "
                             "they go from 0 to 255; was preprocessing left out?");
  world_close(&w);
  setup();
  (void)setenv("SLIM_DEBUG", "1", 1);
  w = world_make(-1, 1);
  w.session = test_session(w.graph, w.device, NULL);
  run(&w, 400, 255);
  ck_assert_int_eq(warnings, 1);
  slim_session_debug(w.session, false);
  world_close(&w);
}
END_TEST

START_TEST(what_a_queue_gives_is_looked_at)
{
  static float pixels[8][100];
  const slim_array array = { "images", SLIM_FLOAT32, SLIM_SHAPE(100), pixels };
  float result[BATCH * 100];
  slim_queue *queue = NULL;
  world w = world_make(-1, 1);
  for (int i = 0; i < 800; i++) {
    pixels[i / 100][i % 100] = (float)(i % 256);
  }
  w.session = test_session(w.graph, w.device, NULL);
  slim_session_debug(w.session, true);
  ck_assert_int_eq(slim_queue_of_arrays(&array, 1, 8, BATCH, NULL, &queue, NULL), SLIM_OK);
  test_ok(w.session, slim_session_attach(w.session, w.x, queue, 0));
  const slim_fetch fetch = { w.y, result, sizeof result };
  test_ok(w.session, slim_session_run(w.session, NULL, 0, &fetch, 1));
  ck_assert_int_eq(warnings, 1);
  world_close(&w);
  slim_queue_destroy(queue);
}
END_TEST

/* A net by name declares what its preprocessing gives. */
START_TEST(nets_declare_their_range)
{
  static float pixels[28 * 28], logits[10];
  slim_graph *g = slim_graph_create(1);
  slim_device *device = test_open_device();
  slim_tensor *images = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 28, 28, 1), "images");
  slim_tensor *net = slim_build_network("lenet", images, 0, &(slim_net_args){ .num_classes = 10 });
  slim_session *session = test_session(g, device, NULL);
  slim_session_debug(session, true);
  test_ok(session, slim_session_initialize(session));
  for (int i = 0; i < 28 * 28; i++) {
    pixels[i] = _i == 0 ? (float)(i % 256) : (float)(i % 256 - 128) / 128;
  }
  const slim_feed feed = { images, pixels, 1 };
  const slim_fetch fetch = { net, logits, sizeof logits };
  test_ok(session, slim_session_run(session, &feed, 1, &fetch, 1));
  ck_assert_int_eq(warnings, _i == 0);
  slim_session_destroy(session);
  slim_device_close(device);
  slim_graph_destroy(g);
}
END_TEST

START_TEST(ranges_are_of_placeholders_and_known_names)
{
  float low = 7, high = 7;
  world w = world_make(-1, 1);
  ck_assert_int_eq(slim_declare_range(w.y, -1, 1), SLIM_ERR_ARG);
  ck_assert_int_eq(slim_declare_range(w.x, 1, 1), SLIM_ERR_ARG);
  ck_assert_int_eq(slim_declare_range(NULL, 0, 1), SLIM_ERR_ARG);
  ck_assert_str_eq(slim_graph_error(w.graph), "");
  ck_assert(!slim_preprocessing_range("alexnet_v2", &low, &high) && !slim_preprocessing_range(NULL, &low, &high));
  ck_assert_float_eq(low, 7);
  ck_assert(slim_preprocessing_range("resnet_v1_50", &low, &high));
  ck_assert_float_eq(low, -123.68f);
  ck_assert_float_eq(high, 151.061f);
  world_close(&w);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, NULL);
  tcase_add_loop_test(c, values_far_outside_are_told, 0, sizeof cases / sizeof *cases);
  tcase_add_test(c, they_are_told_once);
  tcase_add_test(c, what_a_queue_gives_is_looked_at);
  tcase_add_loop_test(c, nets_declare_their_range, 0, 2);
  tcase_add_test(c, ranges_are_of_placeholders_and_known_names);
}

TEST_MAIN("guard", build, test_device_available)
