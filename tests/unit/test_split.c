/* Variables larger than a buffer of the device: training with them in parts gives what it gives with them in one piece.
 */
#include "session_support.h"
#include "slim/slim.h"

#include <math.h>
#include <string.h>

enum { BATCH = 2, HEIGHT = 11, WIDTH = 9, DEPTH = 16, STEPS = 3, VARIABLES_MOST = 1500000 };
#define LIMIT "alloc=64K"

static const struct net_case {
  const char *label;
  slim_hw kernel, stride, rate;
  slim_padding padding;
  int optimizer;
  float clip; /* of gradients' norms; 0: none */
} cases[] = {
  { "valid", { 5, 4 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0, 0.0f },
  { "same", { 6, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 1, 0.0f },
  { "strides", { 5, 4 }, { 2, 3 }, { 1, 1 }, SLIM_SAME, 2, 0.5f },
  { "rate", { 5, 3 }, { 1, 1 }, { 2, 2 }, SLIM_VALID, 0, 0.5f },
  { "whole_image", { 11, 9 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0, 0.0f },
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct outcome {
  size_t count;
  float number[VARIABLES_MOST];
  slim_plan_info info;
} outcome;

static slim_optimizer *optimizer_of(slim_graph *graph, int kind)
{
  slim_tensor *rate = slim_constant(graph, 0.01f, "rate");
  return kind == 0   ? slim_momentum_optimizer(rate, 0.9f)
         : kind == 1 ? slim_adam_optimizer(rate, .epsilon = 0.1f)
                     : slim_rms_prop_optimizer(rate);
}

/* The second convolution's and the first product's weights take more than LIMIT. */
static slim_tensor *net_of(slim_tensor *x, const struct net_case *c)
{
  slim_tensor *net = slim_conv2d(x, DEPTH, SLIM_HW(1, 1));
  net = slim_conv2d(net, 80, c->kernel, .stride = c->stride, .rate = c->rate, .padding = c->padding,
                    .weights_regularizer = SLIM_L2(0.01f), .scope = "large");
  net = slim_fully_connected(slim_flatten(net), 40, .weights_regularizer = SLIM_L1(0.001f));
  return slim_fully_connected(net, 3, .activation = slim_identity);
}

static void collect(slim_session *session, slim_graph *graph, outcome *o)
{
  const slim_tensors variables = slim_get_variables(graph, NULL, NULL, NULL);
  for (size_t i = 0; i < variables.count; i++) {
    const size_t n = slim_shape_elements(&variables.item[i]->shape);
    if (variables.item[i]->dtype == SLIM_FLOAT32) {
      ck_assert_uint_le(o->count + n, VARIABLES_MOST);
      test_ok(session, slim_session_get_variable(session, variables.item[i], o->number + o->count, n * sizeof(float)));
      o->count += n;
    }
  }
}

/* Trains with the limit, "" for none. The loss comes first, then a variable as fetched, then all variables. */
static void train(const struct net_case *c, const char *limit, outcome *o)
{
  static float data[BATCH * HEIGHT * WIDTH * DEPTH];
  slim_graph *graph = slim_graph_create(5);
  slim_tensor *x = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, HEIGHT, WIDTH, DEPTH), "x");
  (void)slim_add_loss(slim_op_reduce_add(slim_square(net_of(x, c)), SLIM_REDUCE_MEAN, 3, 0));
  slim_tensor *train_op = slim_learning_create_train_op(
      slim_get_total_loss(graph, true, NULL), optimizer_of(graph, c->optimizer), .clip_gradient_norm = c->clip);
  const slim_tensors large = slim_get_variables(graph, "large/weights", NULL, NULL);
  ck_assert_str_eq(slim_graph_error(graph), "");
  ck_assert_int_eq(setenv("SLIM_DEVICE_LIMITS", limit, 1), 0);
  slim_device *device = test_open_device();
  slim_session *session = test_session(graph, device, NULL);
  test_ok(session, slim_session_initialize(session));
  for (int i = 0; i < BATCH * HEIGHT * WIDTH * DEPTH; i++) {
    data[i] = (float)((unsigned)i * 2654435761u >> 8 & 1023u) / 512.0f - 1.0f;
  }
  const slim_feed feed = { x, data, BATCH };
  const size_t n = slim_shape_elements(&large.item[0]->shape);
  const slim_fetch fetches[] = { { train_op, o->number, sizeof(float) },
                                 { large.item[0], o->number + 1, n * sizeof(float) } };
  for (int i = 0; i < STEPS; i++) {
    test_ok(session, slim_session_run(session, &feed, 1, fetches, 2));
  }
  test_ok(session, slim_session_plan_info(session, &o->info));
  o->count = 1 + n;
  collect(session, graph, o);
  slim_session_destroy(session);
  slim_device_close(device);
  slim_graph_destroy(graph);
}

START_TEST(parts_train_as_the_whole_does)
{
  static outcome parts, whole;
  train(&cases[_i], "", &whole);
  train(&cases[_i], LIMIT, &parts);
  ck_assert_uint_eq(parts.count, whole.count);
  ck_assert_int_gt(parts.info.steps, whole.info.steps);
  ck_assert_int_eq(parts.info.cpu_steps, 0);
  for (size_t i = 0; i < whole.count; i++) {
    if (!(fabsf(parts.number[i] - whole.number[i]) <= 1e-4f * (fabsf(whole.number[i]) + 0.1f))) {
      ck_abort_msg("%s: number %zu is %g, not %g", cases[_i].label, i, (double)parts.number[i],
                   (double)whole.number[i]);
    }
  }
}
END_TEST

/* What has no rule says so. */
START_TEST(what_cannot_run_in_parts_is_an_error)
{
  slim_graph *graph = slim_graph_create(5);
  slim_tensor *v = test_variable(graph, "v", SLIM_FLOAT32, SLIM_SHAPE(1024, 32), NULL);
  slim_tensor *y = slim_op_reduce_add(v, SLIM_REDUCE_MAX, 3, 0);
  ck_assert_int_eq(setenv("SLIM_DEVICE_LIMITS", LIMIT, 1), 0);
  slim_device *device = test_open_device();
  slim_session *session = test_session(graph, device, NULL);
  float value = 0.0f;
  const slim_fetch fetch = { y, &value, sizeof value };
  test_ok(session, slim_session_initialize(session));
  ck_assert_int_eq(slim_session_run(session, NULL, 0, &fetch, 1), SLIM_ERR_UNSUPPORTED);
  ck_assert_str_eq(slim_session_error(session),
                   "reduce 'Max': cannot run in parts, and with 131072 bytes a tensor of it does not fit into one "
                   "buffer, for which the device allows 65536");
  slim_session_destroy(session);
  slim_device_close(device);
  slim_graph_destroy(graph);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, parts_train_as_the_whole_does, 0, CASES);
  tcase_add_test(c, what_cannot_run_in_parts_is_an_error);
}

/* Scratch memory of the CPU backend, whose buffers have no limit, does not fit into so little. */
static bool limited_device_available(char *why, size_t size)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  if (!name || strcmp(name, "cpu") == 0) {
    (void)snprintf(why, size, "buffers of the CPU backend have no limit");
    return false;
  }
  return test_device_available(why, size);
}

TEST_MAIN("split", build, limited_device_available)
