/* Several batches a step: tf.train.SyncReplicasOptimizer on one process. */
#include "training_world.h"
#include "slim/ops.h"

#include <math.h>

#define ASSERT_OK(x_, status_) ck_assert_msg((status_) == SLIM_OK, "%s", (x_)->error.text)

static void get(world *x, const slim_tensor *variable, float *values, size_t bytes)
{
  test_ok(x->session, slim_session_get_variable(x->session, variable, values, bytes));
}

/* Three batches a step: w and b follow the mean of their gradients. Batch k of a step is the data times k + 1. */
static slim_status feed_replicas(slim_train_step_call *call, slim_error *error)
{
  static float x[3][2 * BATCH], t[3][3 * BATCH];
  const slim_feed *given = call->feeds;
  slim_status status = SLIM_OK;
  for (size_t k = 0; k < 3 && status == SLIM_OK; k++) {
    for (size_t i = 0; i < 3 * BATCH; i++) {
      x[k][i % (2 * BATCH)] = test_small_x[i % (2 * BATCH)] * (float)(k + 1);
      t[k][i] = test_small_t[i] * (float)(k + 1);
    }
    const slim_feed feeds[] = { { given[0].tensor, x[k], BATCH }, { given[1].tensor, t[k], BATCH } };
    const slim_fetch fetch = { k < 2 ? call->accumulate_ops.item[k] : call->train_op, NULL, 0 };
    status = slim_session_run(call->session, feeds, 2, k < 2 ? &fetch : call->fetches, k < 2 ? 1 : call->num_fetches);
  }
  return status == SLIM_OK ? status : slim_error_set(error, status, "%s", slim_session_error(call->session));
}

START_TEST(replicas_are_aggregated)
{
  world x = world_make();
  const slim_tensors both = { 2, (slim_tensor *const[]){ x.net.w, x.net.b } };
  double w[6], b[3];
  float now[6], mean = 0;
  const float zero = 0;
  slim_tensor *runs = slim_global_variable(x.net.graph, "runs", SLIM_FLOAT32, SLIM_SCALAR, &zero);
  const slim_stage before = slim_graph_set_stage(x.net.graph, SLIM_STAGE_UPDATE);
  (void)slim_add_to_collection(SLIM_UPDATE_OPS, slim_op_add((slim_tensor *[]){ runs, slim_scale(runs, 1, 1) }, 2,
                                                            &slim_op_assign, "Count", &(slim_assign_attr){ 0 }));
  (void)slim_graph_set_stage(x.net.graph, before);
  slim_tensor *average = slim_moving_average_apply((slim_tensors){ 1, &x.net.w }, 0.0f);
  x.train = slim_learning_create_train_op(x.loss, descent(&x), .variables_to_train = both, .replicas_to_aggregate = 3,
                                          .variable_averages = average);
  const slim_tensors accumulate = slim_accumulate_ops(x.train);
  ck_assert_uint_eq(accumulate.count, 2);
  ck_assert_ptr_ne(accumulate.item[0], accumulate.item[1]);
  world_start(&x);
  ASSERT_OK(&x, slim_learning_train(x.session, x.train, NULL, .number_of_steps = 4, .train_step_fn = feed_replicas,
                                    .feeds = x.feeds, .num_feeds = 2, .result = &x.result, .error = &x.error));
  for (int i = 0; i < 6; i++) {
    w[i] = (double)test_small_w[i];
    b[i / 2] = (double)test_small_b[i / 2];
  }
  for (int step = 0; step < 4; step++) {
    double sum[9] = { 0 };
    for (int k = 0; k < 3; k++) {
      float xs[2 * BATCH], ts[3 * BATCH];
      double own[6], bias[3];
      memcpy(own, w, sizeof own);
      memcpy(bias, b, sizeof bias);
      for (int i = 0; i < 3 * BATCH; i++) {
        xs[i % (2 * BATCH)] = test_small_x[i % (2 * BATCH)] * (float)(k + 1);
        ts[i] = test_small_t[i] * (float)(k + 1);
      }
      (void)test_small_step(own, bias, xs, ts, BATCH);
      for (int i = 0; i < 9; i++) {
        sum[i] += i < 6 ? own[i] - w[i] : bias[i - 6] - b[i - 6];
      }
    }
    for (int i = 0; i < 9; i++) {
      *(i < 6 ? &w[i] : &b[i - 6]) += sum[i] / 3;
    }
  }
  ck_assert_int_eq(x.result.step, 4);
  get(&x, x.net.w, now, sizeof now);
  for (int i = 0; i < 6; i++) {
    ck_assert_float_eq_tol(now[i], (float)w[i], 1e-4f * fmaxf(1, fabsf((float)w[i])));
  }
  get(&x, runs, &mean, sizeof mean);
  ck_assert_float_eq(mean, 12); /* update ops run with each batch */
  float shadow[6];
  get(&x, slim_moving_average_of(x.net.w), shadow, sizeof shadow);
  ck_assert_mem_eq(shadow, now, sizeof now);
  ck_assert_uint_eq(slim_get_variables(x.net.graph, ".*sync_replicas", NULL, NULL).count, 0); /* in no checkpoint */
  world_close(&x);
}
END_TEST

/* Batches of 5 that are aggregated two at a time, and batches of 10 of the same samples: the same steps. */
START_TEST(aggregated_batches_are_one_large_batch)
{
  float w[2][6];
  for (int large = 0; large < 2; large++) {
    world x = world_make();
    slim_queue *queue = test_small_queue(large ? 10 : 5, 0);
    const slim_tensors both = { 2, (slim_tensor *const[]){ x.net.w, x.net.b } };
    x.train = slim_learning_create_train_op(x.loss, descent(&x), .variables_to_train = both,
                                            .replicas_to_aggregate = large ? 0 : 2);
    world_start(&x);
    test_attach(x.session, &x.net, queue);
    ASSERT_OK(&x, slim_learning_train(x.session, x.train, NULL, .number_of_steps = 3, .batch_size = 5,
                                      .result = &x.result, .error = &x.error));
    ck_assert_int_eq(x.result.steps_run, 3);
    get(&x, x.net.w, w[large], sizeof w[large]);
    world_close(&x);
    slim_queue_destroy(queue);
  }
  for (int i = 0; i < 6; i++) {
    ck_assert_float_eq_tol(w[0][i], w[1][i], 1e-4f * fmaxf(1, fabsf(w[1][i])));
  }
}
END_TEST

START_TEST(the_number_of_replicas_is_checked)
{
  world x = world_make();
  ck_assert(slim_is_poison(slim_learning_create_train_op(x.loss, descent(&x), .replicas_to_aggregate = -2)));
  ck_assert_str_eq(slim_graph_error(x.net.graph), "create_train_op: replicas_to_aggregate -2 must not be negative");
  ck_assert_uint_eq(slim_accumulate_ops(NULL).count, 0);
  world_close(&x);
}
END_TEST

/*
 * What TF-Slim itself gives: TensorFlow 2.12.1, tf_slim 1.1.0, create_train_op(loss, SyncReplicasOptimizer(
 * GradientDescentOptimizer(0.01), replicas_to_aggregate=3, total_num_replicas=1), clip_gradient_norm=5) with the loss
 * mean((x w - 1)^2), four steps of x, 2 x and 3 x; each batch's gradient is clipped for itself.
 */
START_TEST(weights_are_the_originals)
{
  static const float x[4][2] = { { 1, 2 }, { 3, 4 }, { -1, 0.5f }, { 2, -2 } }, begin[2] = { 0.5f, -0.25f };
  static const float wanted[2] = { 0.39736164f, -0.13443545f };
  static float xs[3][4][2];
  float now[2];
  slim_graph *g = slim_graph_create(1);
  slim_device *device = test_open_device();
  slim_tensor *input = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 2), "x");
  slim_tensor *w = test_variable(g, "w", SLIM_FLOAT32, SLIM_SHAPE(2, 1), begin);
  slim_tensor *loss = slim_reduce_mean(slim_square(slim_scale(test_matmul(input, w), 1, -1)), SLIM_ALL_AXES, false);
  slim_tensor *train_op = slim_learning_create_train_op(
      loss, slim_gradient_descent_optimizer(slim_constant(g, 0.01f, NULL)), .variables_to_train = { 1, &w },
      .clip_gradient_norm = 5, .replicas_to_aggregate = 3);
  for (int i = 0; i < 24; i++) {
    xs[i / 8][i % 8 / 2][i % 2] = x[i % 8 / 2][i % 2] * (float)(i / 8 + 1);
  }
  const slim_array array = { "x", SLIM_FLOAT32, SLIM_SHAPE(2), xs };
  slim_queue *queue = NULL;
  slim_error error = { 0 };
  ck_assert_int_eq(slim_queue_of_arrays(&array, 1, 12, 4, NULL, &queue, NULL), SLIM_OK);
  slim_session *session = test_session(g, device, NULL);
  test_ok(session, slim_session_attach(session, input, queue, 0));
  const slim_status status = slim_learning_train(session, train_op, NULL, .number_of_steps = 4, .error = &error);
  ck_assert_msg(status == SLIM_OK, "%s", error.text);
  test_ok(session, slim_session_get_variable(session, w, now, sizeof now));
  for (int i = 0; i < 2; i++) {
    ck_assert_float_eq_tol(now[i], wanted[i], 1e-5f);
  }
  slim_session_destroy(session);
  slim_queue_destroy(queue);
  slim_device_close(device);
  slim_graph_destroy(g);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, replicas_are_aggregated);
  tcase_add_test(c, aggregated_batches_are_one_large_batch);
  tcase_add_test(c, the_number_of_replicas_is_checked);
  tcase_add_test(c, weights_are_the_originals);
}

TEST_MAIN("sync_replicas", build, test_device_available)
