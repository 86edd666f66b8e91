/* Sessions whose weights are halves: as float32 within what rounding changes, in half the memory; and what they refuse. */
#include "session_support.h"
#include "slim/slim.h"

#include "base/half.h"
#include "test_worse.h"

#include <math.h>
#include <string.h>

enum { MOST = 1 << 21 }; /* elements of a variable, of a result */

/* The same graph with float32 weights and with halves of them. */
typedef struct pair {
  slim_graph *graph;
  slim_device *device;
  slim_tensor *x;
  slim_session *whole, *half;
  float *data;
  int batch;
} pair;

static pair pair_begin(slim_shape shape)
{
  pair p = { .graph = slim_graph_create(7), .device = test_open_device(), .batch = shape.dim[0] };
  const size_t n = slim_shape_elements(&shape);
  p.data = malloc(n * sizeof *p.data);
  ck_assert_ptr_nonnull(p.data);
  for (size_t i = 0; i < n; i++) {
    p.data[i] = (float)((unsigned)i * 2654435761u >> 8 & 1023u) / 512.0f - 1.0f;
  }
  shape.dim[0] = -1;
  p.x = slim_placeholder(p.graph, SLIM_FLOAT32, shape, "x");
  return p;
}

/* Initial values for both. */
static void pair_open(pair *p)
{
  ck_assert_str_eq(slim_graph_error(p->graph), "");
  p->whole = test_session(p->graph, p->device, NULL);
  p->half = test_session(p->graph, p->device, NULL);
  test_ok(p->half, slim_session_half_weights(p->half));
  test_ok(p->whole, slim_session_initialize(p->whole));
  test_ok(p->half, slim_session_initialize(p->half));
}

static void pair_close(pair *p)
{
  slim_session_destroy(p->half);
  slim_session_destroy(p->whole);
  slim_device_close(p->device);
  slim_graph_destroy(p->graph);
  free(p->data);
}

static slim_status run(const pair *p, slim_session *session, slim_tensor *y, float *out, size_t bytes)
{
  const slim_feed feed = { p->x, p->data, p->batch };
  const slim_fetch fetch = { y, out, bytes };
  return slim_session_run(session, &feed, 1, &fetch, 1);
}

/* Fails unless the results differ by at most bound times the largest. */
static void assert_alike(const pair *p, slim_tensor *y, size_t count, double bound)
{
  float *want = calloc(count, sizeof *want), *got = calloc(count, sizeof *got);
  double most = 0, off = 0;
  test_ok(p->whole, run(p, p->whole, y, want, count * sizeof *want));
  test_ok(p->half, run(p, p->half, y, got, count * sizeof *got));
  for (size_t i = 0; i < count; i++) {
    most = test_worse(most, fabs((double)want[i]));
    off = test_worse(off, fabs((double)want[i] - (double)got[i]));
  }
  ck_assert_msg(most > 0 && off <= bound * most, "%s: off by %.3g of the largest", slim_tensor_name(y), off / most);
  free(want);
  free(got);
}

/* --- nets ---------------------------------------------------------------------------------------------------------- */

/* Each layer adds an error of 2^-12 and less; bound: of the largest logit. */
static const struct net {
  const char *name;
  int size, channels;
  double bound;
} nets[] = { { "lenet", 28, 1, 2e-3 }, { "mobilenet_v1", 64, 3, 2e-2 }, { "resnet_v1_50", 64, 3, 5e-3 } };

START_TEST(nets_give_nearly_the_same_in_half_the_memory)
{
  const struct net *n = &nets[_i];
  pair p = pair_begin(SLIM_SHAPE(2, n->size, n->size, n->channels));
  slim_tensor *logits = slim_build_network(n->name, p.x, 0.0f, &(slim_net_args){ .num_classes = 10 });
  slim_plan_info whole, half;
  pair_open(&p);
  assert_alike(&p, logits, 20, n->bound);
  test_ok(p.whole, slim_session_plan_info(p.whole, &whole));
  test_ok(p.half, slim_session_plan_info(p.half, &half));
  ck_assert_msg((double)half.variable_bytes <= 0.51 * (double)whole.variable_bytes + 2e5, "variables take %zu bytes, %zu as float32",
                half.variable_bytes, whole.variable_bytes);
  ck_assert_msg(half.variable_bytes + half.peak_bytes < whole.variable_bytes + whole.peak_bytes,
                "%zu bytes in all, %zu as float32", half.variable_bytes + half.peak_bytes,
                whole.variable_bytes + whole.peak_bytes);
  ck_assert_int_eq(half.steps, whole.steps); /* nothing is cast */
  pair_close(&p);
}
END_TEST

/* --- variables ----------------------------------------------------------------------------------------------------- */

START_TEST(weights_are_rounded_and_come_back_as_float32)
{
  const float given[6] = { 1.0f, 0.1f, -65504.0f, 1e-7f, 3.14159265f, 0.0f }, biases[3] = { 0.1f, 0.2f, 0.3f };
  pair p = pair_begin(SLIM_SHAPE(1, 2));
  slim_tensor *w = test_variable(p.graph, "w", SLIM_FLOAT32, SLIM_SHAPE(2, 3), given);
  slim_tensor *b = test_variable(p.graph, "b", SLIM_FLOAT32, SLIM_SHAPE(3), biases);
  slim_tensor *flat = slim_reshape(w, SLIM_SHAPE(6));
  float got[6];
  pair_open(&p);
  const slim_fetch fetches[] = { { w, got, sizeof got }, { flat, got, sizeof got } };
  for (int how = 0; how < 3; how++) {
    memset(got, 0, sizeof got);
    test_ok(p.half, how == 0 ? slim_session_get_variable(p.half, w, got, sizeof got)
                             : slim_session_run(p.half, NULL, 0, &fetches[how - 1], 1));
    for (int i = 0; i < 6; i++) {
      ck_assert_float_eq(got[i], slim_half_to_float(slim_half_of(given[i])));
    }
  }
  test_ok(p.half, slim_session_get_variable(p.half, b, got, sizeof biases));
  ck_assert_mem_eq(got, biases, sizeof biases);
  ck_assert_int_eq(slim_session_set_variable(p.half, w, given, 12), SLIM_ERR_ARG);
  ck_assert_str_eq(slim_session_error(p.half), "session: variable 'w' has 24 bytes, not 12");
  pair_close(&p);
}
END_TEST

START_TEST(numbers_that_no_half_can_hold_are_refused)
{
  const float good[4] = { 1, 2, 3, 4 };
  float bad[4] = { 1, 2, -70000.0f, 4 }, got[4];
  pair p = pair_begin(SLIM_SHAPE(1, 2));
  slim_tensor *w = test_variable(p.graph, "fc/weights", SLIM_FLOAT32, SLIM_SHAPE(2, 2), good);
  pair_open(&p);
  ck_assert_int_eq(slim_session_set_variable(p.half, w, bad, sizeof bad), SLIM_ERR_NUMERIC);
  ck_assert_str_eq(slim_session_error(p.half), "variable 'fc/weights': element 2 is -70000, a half is 65504 at most: weights "
                                               "of this net cannot be kept as halves");
  bad[2] = (float)NAN;
  ck_assert_int_eq(slim_session_set_variable(p.half, w, bad, sizeof bad), SLIM_ERR_NUMERIC);
  test_ok(p.half, slim_session_get_variable(p.half, w, got, sizeof got));
  ck_assert_mem_eq(got, good, sizeof good); /* as it was */
  pair_close(&p);
}
END_TEST

START_TEST(values_that_hold_something_stay_float32)
{
  pair p = pair_begin(SLIM_SHAPE(1, 2));
  (void)slim_fully_connected(p.x, 3);
  pair_open(&p);
  ck_assert_int_eq(slim_session_half_weights(p.whole), SLIM_ERR_STATE);
  ck_assert_str_eq(slim_session_error(p.whole),
                   "session: there are variables already; ask for half weights before they are read, set or restored");
  test_ok(p.half, slim_session_half_weights(p.half)); /* as they are */
  pair_close(&p);
}
END_TEST

/* --- plans --------------------------------------------------------------------------------------------------------- */

START_TEST(training_is_refused)
{
  float loss;
  slim_device *device = test_open_device();
  test_small net = test_small_make(3);
  slim_session *session = test_session(net.graph, device, NULL);
  test_ok(session, slim_session_half_weights(session));
  test_ok(session, slim_session_initialize(session));
  test_ok(session, test_small_run(session, &net, 4, net.loss, &loss, sizeof loss));
  ck_assert_int_eq(test_small_run(session, &net, 4, net.train, &loss, sizeof loss), SLIM_ERR_STATE);
  ck_assert_str_eq(slim_session_error(session), "apply_gradient_descent 'Descent': variable 'w' is kept as halves, which is "
                                                "for inference: it cannot be written");
  slim_session_destroy(session);
  slim_device_close(device);
  slim_graph_destroy(net.graph);
}
END_TEST

/* A batch norm that is folded into weights may make them too large: now, or when its variables change. */
START_TEST(folded_weights_that_are_too_large_are_refused)
{
  pair p = pair_begin(SLIM_SHAPE(2, 6, 6, 4));
  slim_tensor *y = slim_conv2d(p.x, 8, SLIM_HW(3, 3), .normalizer = slim_batch_norm,
                               .normalizer_args = SLIM_ARGS(.scale = SLIM_YES, .is_training = SLIM_NO), .scope = "conv");
  const slim_tensors gamma = slim_get_variables(p.graph, "conv/BatchNorm/gamma", NULL, NULL);
  float large[8] = { 0 }, one[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
  float out[2 * 6 * 6 * 8];
  pair_open(&p);
  ck_assert_uint_eq(gamma.count, 1);
  assert_alike(&p, y, 2 * 6 * 6 * 8, 2e-3);
  large[3] = 1e7f;
  test_ok(p.half, slim_session_set_variable(p.half, gamma.item[0], large, sizeof large));
  for (int i = 0; i < 2; i++) { /* again and again */
    ck_assert_int_eq(run(&p, p.half, y, out, sizeof out), SLIM_ERR_NUMERIC);
    ck_assert_str_eq(slim_session_error(p.half),
                     "batch_norm 'conv/BatchNorm/FusedBatchNorm': 'conv/weights' times its factor is more than a half can be, "
                     "65504: weights of this net cannot be kept as halves");
  }
  test_ok(p.half, slim_session_set_variable(p.half, gamma.item[0], one, sizeof one));
  assert_alike(&p, y, 2 * 6 * 6 * 8, 2e-3);
  pair_close(&p);
}
END_TEST

/* Ops without kernels for halves get float32: here elements, a transposed product, gradients by inputs. */
START_TEST(other_ops_read_casts)
{
  pair p = pair_begin(SLIM_SHAPE(2, 5, 5, 8));
  static float values[40 * 8];
  for (int i = 0; i < 40 * 8; i++) {
    values[i] = (float)(i % 17) * 0.0625f - 0.5f;
  }
  slim_tensor *w = test_variable(p.graph, "w", SLIM_FLOAT32, SLIM_SHAPE(5, 8), values);
  slim_tensor *v = test_variable(p.graph, "v", SLIM_FLOAT32, SLIM_SHAPE(40, 8), values);
  slim_tensor *net = slim_conv2d(p.x, 8, SLIM_HW(3, 3), .padding = SLIM_VALID);
  net = slim_separable_conv2d(net, 8, SLIM_HW(3, 3), .scope = "separable");
  const slim_matmul_attr transposed = { .transpose_b = 1 };
  slim_tensor *flat = slim_reshape(net, SLIM_SHAPE(18, 8));
  slim_tensor *product = slim_op_add((slim_tensor *[]){ flat, v }, 2, &slim_op_matmul, "Product", &transposed);
  slim_tensor *squares = slim_op_unary_add(slim_op_binary_add(w, w, SLIM_BINARY_MUL), SLIM_UNARY_SQUARE, 0, 0);
  slim_tensor *sum = slim_op_reduce_add(net, SLIM_REDUCE_SUM, 15, 0);
  const slim_tensors dx = slim_gradients(sum, (slim_tensors){ 1, (slim_tensor *[]){ p.x } });
  pair_open(&p);
  assert_alike(&p, product, (size_t)18 * 40, 2e-3);
  assert_alike(&p, squares, 40, 2e-3);
  assert_alike(&p, dx.item[0], (size_t)2 * 5 * 5 * 8, 2e-3);
  pair_close(&p);
}
END_TEST

/* Weights larger than a buffer of the device can be; those of the CPU backend have no limit. */
START_TEST(parts_are_halves_too)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  if (!name || strcmp(name, "cpu") == 0) {
    return;
  }
  ck_assert_int_eq(setenv("SLIM_DEVICE_LIMITS", "alloc=64K", 1), 0);
  pair p = pair_begin(SLIM_SHAPE(2, 700));
  slim_tensor *y = slim_fully_connected(p.x, 130, .scope = "large");
  pair_open(&p);
  ck_assert_int_eq(unsetenv("SLIM_DEVICE_LIMITS"), 0);
  assert_alike(&p, y, 260, 2e-3);
  float *whole = calloc(700 * 130, sizeof *whole), *half = calloc(700 * 130, sizeof *half);
  const slim_tensors weights = slim_get_variables(p.graph, "large/weights", NULL, NULL);
  test_ok(p.whole, slim_session_get_variable(p.whole, weights.item[0], whole, sizeof(float) * 700 * 130));
  test_ok(p.half, slim_session_get_variable(p.half, weights.item[0], half, sizeof(float) * 700 * 130));
  for (int i = 0; i < 700 * 130; i++) {
    if (half[i] != slim_half_to_float(slim_half_of(whole[i]))) {
      ck_abort_msg("weight %d is %g, in whole %g", i, (double)half[i], (double)whole[i]);
    }
  }
  free(whole);
  free(half);
  pair_close(&p);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, nets_give_nearly_the_same_in_half_the_memory, 0, (int)(sizeof nets / sizeof *nets));
  tcase_add_test(tcase, weights_are_rounded_and_come_back_as_float32);
  tcase_add_test(tcase, numbers_that_no_half_can_hold_are_refused);
  tcase_add_test(tcase, values_that_hold_something_stay_float32);
  tcase_add_test(tcase, training_is_refused);
  tcase_add_test(tcase, folded_weights_that_are_too_large_are_refused);
  tcase_add_test(tcase, other_ops_read_casts);
  tcase_add_test(tcase, parts_are_halves_too);
}

TEST_MAIN("half_weights", build, test_device_available)
