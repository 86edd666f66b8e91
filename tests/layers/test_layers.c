/* What layers and metrics do over several runs: moving statistics, dropout masks, metrics over short batches. */
#include "test_net.h"

#include "slim/slim.h"

#include <math.h>

START_TEST(updates_in_place_run_with_the_layer)
{
  test_net net = test_open((const int[]){ 4, 3, 2, 2 }, 5);
  slim_tensor *y = slim_batch_norm(net.input, .decay = 0.5f, .updates_collections = "", .scope = "b");
  double mean[2] = { 0 }, square[2] = { 0 };
  const double n = 4 * 3 * 2;
  for (size_t i = 0; i < net.elements; i++) {
    mean[i % 2] += (double)net.data[i] / n;
    square[i % 2] += (double)net.data[i] * (double)net.data[i] / n;
  }
  free(test_run(&net, y));
  free(test_run(&net, y));
  float *moving = test_get_variable(&net, slim_graph_find(net.graph, "b/moving_mean"));
  float *variance = test_get_variable(&net, slim_graph_find(net.graph, "b/moving_variance"));
  for (int c = 0; c < 2; c++) {
    const double unbiased = (square[c] - mean[c] * mean[c]) * n / (n - 1);
    ck_assert_double_eq_tol((double)moving[c], 0.75 * mean[c], 1e-6);
    ck_assert_double_eq_tol((double)variance[c], 0.25 + 0.75 * unbiased, 1e-6);
  }
  free(moving);
  free(variance);
  test_close(&net);
}
END_TEST

/* Without the share of its start, the average of one batch over and over is that batch's mean. */
START_TEST(zero_debiased_means_are_the_batchs_at_once)
{
  test_net net = test_open((const int[]){ 4, 3, 2, 2 }, 5);
  slim_tensor *y = slim_batch_norm(net.input, .decay = 0.9f, .zero_debias_moving_mean = SLIM_YES,
                                   .updates_collections = "", .scope = "b");
  double mean[2] = { 0 };
  for (size_t i = 0; i < net.elements; i++) {
    mean[i % 2] += (double)net.data[i] / (4 * 3 * 2);
  }
  for (int i = 0; i < 3; i++) {
    free(test_run(&net, y));
    float *moving = test_get_variable(&net, slim_graph_find(net.graph, "b/moving_mean"));
    ck_assert_double_eq_tol((double)moving[0], mean[0], 1e-6);
    ck_assert_double_eq_tol((double)moving[1], mean[1], 1e-6);
    free(moving);
  }
  float *steps = test_get_variable(&net, slim_graph_find(net.graph, "b/b/moving_mean/local_step"));
  ck_assert_float_eq(*steps, 3.0f);
  free(steps);
  test_close(&net);
}
END_TEST

START_TEST(collected_updates_wait_until_they_are_run)
{
  test_net net = test_open((const int[]){ 4, 3, 2, 2 }, 5);
  slim_tensor *y = slim_batch_norm(net.input, .decay = 0.5f, .scope = "b");
  free(test_run(&net, y));
  float *moving = test_get_variable(&net, slim_graph_find(net.graph, "b/moving_mean"));
  ck_assert_float_eq(moving[0], 0.0f);
  free(moving);
  test_close(&net);
}
END_TEST

START_TEST(dropout_shares_its_noise_in_runs_that_train)
{
  enum { N = 40, H = 3, C = 5 };
  test_net net = test_open_shape(SLIM_SHAPE(N, H, C), 1);
  unsigned char trains = 1;
  slim_tensor *training = slim_placeholder(net.graph, SLIM_BOOL, SLIM_SCALAR, "training");
  test_feed(&net, training, &trains);
  slim_tensor *y = slim_dropout(net.input, .noise_shape = { 3, { 0, 1, 0 } }, .training = training);
  float *dropped = test_run(&net, y);
  int kept = 0;
  for (int i = 0; i < N * H * C; i++) {
    const bool first = dropped[i / (H * C) * H * C + i % C] != 0.0f;
    if (dropped[i] != (first ? net.data[i] * 2.0f : 0.0f)) {
      ck_abort_msg("element %d of %g is %g", i, (double)net.data[i], (double)dropped[i]);
    }
    kept += first;
  }
  ck_assert_int_gt(kept, N * H * C / 3);
  ck_assert_int_lt(kept, N * H * C * 2 / 3);
  trains = 0;
  float *whole = test_run(&net, y);
  ck_assert_mem_eq(whole, net.data, net.elements * sizeof *whole);
  free(whole);
  free(dropped);
  test_close(&net);
}
END_TEST

START_TEST(dropout_keeps_its_share_and_scales_it)
{
  test_net net = test_open((const int[]){ 8, 32, 32, 1 }, 7);
  slim_tensor *y = slim_dropout(net.input, .keep_prob = 0.75f, .scope = "d");
  slim_tensor *other = slim_dropout(net.input, .keep_prob = 0.75f, .scope = "e");
  slim_tensor *seeded = slim_dropout(net.input, .keep_prob = 0.75f, .seed = 9);
  float *a = test_run(&net, y), *b = test_run(&net, other), *c = test_run(&net, seeded);
  size_t kept = 0, same = 0, alike = 0;
  for (size_t i = 0; i < net.elements; i++) {
    kept += a[i] != 0.0f;
    same += (a[i] != 0.0f) == (b[i] != 0.0f);
    alike += (a[i] != 0.0f) == (c[i] != 0.0f);
    ck_assert(a[i] == 0.0f || fabsf(a[i] - net.data[i] / 0.75f) <= 1e-6f * fabsf(a[i]));
  }
  /* six standard deviations of a share of n */
  const double n = (double)net.elements, spread = 6 * sqrt(0.75 * 0.25 / n);
  ck_assert_double_eq_tol((double)kept / n, 0.75, spread);
  ck_assert_double_eq_tol((double)same / n, 0.625, spread * 1.2);
  ck_assert_double_eq_tol((double)alike / n, 0.625, spread * 1.2);
  free(a);
  free(b);
  free(c);
  test_close(&net);
}
END_TEST

/* Runs one metric over rows of a short last batch. */
static float run_batch(test_net *net, slim_tensor *tensor, slim_tensor *scores, const float *x, slim_tensor *labels,
                       const int64_t *y, int rows)
{
  float value = -1;
  const slim_feed feeds[] = { { scores, x, rows }, { labels, y, rows } };
  const slim_fetch fetch = { tensor, &value, sizeof value };
  ck_assert_msg(slim_session_run(net->session, feeds, 2, &fetch, 1) == SLIM_OK, "%s", slim_session_error(net->session));
  return value;
}

START_TEST(metrics_count_short_batches_rightly)
{
  enum { ROWS = 10, CLASSES = 4, FULL = 4 };
  static const int64_t y[ROWS] = { 0, 1, 2, 3, 0, 1, 2, 3, 3, 3 };
  test_net net = test_open_shape((slim_shape){ 2, { FULL, CLASSES } }, 3);
  slim_tensor *labels = slim_placeholder(net.graph, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  const slim_metric accuracy = slim_streaming_accuracy(slim_argmax(net.input, 1), labels);
  const slim_metric recall = slim_streaming_recall_at_k(net.input, labels, 2);
  float *x = test_numbers(ROWS * CLASSES, 3);
  int hits = 0, near = 0;
  for (int i = 0; i < ROWS; i++) {
    int above = 0;
    for (int k = 0; k < CLASSES; k++) {
      above += x[i * CLASSES + k] > x[i * CLASSES + y[i]];
    }
    hits += above == 0;
    near += above < 2;
  }
  slim_error error = { SLIM_OK, "" };
  ck_assert_int_eq(slim_session_create(net.graph, net.device, NULL, &net.session, &error), SLIM_OK);
  ck_assert_int_eq(slim_session_initialize(net.session), SLIM_OK);
  ck_assert_float_eq(run_batch(&net, accuracy.value, net.input, x, labels, y, FULL), 0.0f);
  float got = 0, top = 0;
  for (int at = 0; at < ROWS; at += FULL) {
    const int rows = ROWS - at < FULL ? ROWS - at : FULL;
    got = run_batch(&net, accuracy.update, net.input, x + at * CLASSES, labels, y + at, rows);
    top = run_batch(&net, recall.update, net.input, x + at * CLASSES, labels, y + at, rows);
  }
  ck_assert_float_eq(got, (float)hits / ROWS);
  ck_assert_float_eq(top, (float)near / ROWS);
  ck_assert_float_eq(run_batch(&net, accuracy.value, net.input, x, labels, y, FULL), got);
  ck_assert_int_eq(slim_session_initialize_local(net.session), SLIM_OK);
  ck_assert_float_eq(run_batch(&net, recall.value, net.input, x, labels, y, FULL), 0.0f);
  free(x);
  test_close(&net);
}
END_TEST

START_TEST(weighted_mean_divides_by_the_weights)
{
  test_net net = test_open_shape((slim_shape){ 1, { 5 } }, 3);
  static const float weights[5] = { 0, 1, 2, 0, 0.5f };
  slim_tensor *w = slim_placeholder(net.graph, SLIM_FLOAT32, SLIM_SHAPE(-1), "weights");
  const slim_metric mean = slim_streaming_mean(net.input, .weights = w);
  test_feed(&net, w, weights);
  double sum = 0;
  for (int i = 0; i < 5; i++) {
    sum += (double)weights[i] * (double)net.data[i];
  }
  float *value = test_run(&net, mean.update);
  ck_assert_double_eq_tol((double)*value, sum / 3.5, 1e-6);
  free(value);
  test_close(&net);
}
END_TEST

START_TEST(loss_averages_over_what_arrives)
{
  test_net net = test_open_shape((slim_shape){ 2, { 3, 4 } }, 3);
  slim_tensor *zeros = slim_scale(net.input, 0.0f, 0.0f);
  slim_tensor *loss = slim_mean_squared_error(net.input, zeros);
  double sum = 0;
  for (int i = 0; i < 8; i++) {
    sum += (double)net.data[i] * (double)net.data[i];
  }
  net.feeds[0].batch = 2;
  float *value = test_run(&net, loss);
  ck_assert_double_eq_tol((double)*value, sum / 8, 1e-6);
  free(value);
  test_close(&net);
}
END_TEST

START_TEST(nchw_computes_what_nhwc_computes)
{
  test_net net = test_open((const int[]){ 2, 6, 5, 3 }, 11);
  slim_tensor *turned = slim_transpose(net.input, (const int[]){ 0, 3, 1, 2 }, 4);
  slim_tensor *y[2] = { net.input, turned };
  const slim_data_format formats[2] = { SLIM_NHWC, SLIM_NCHW };
  for (int k = 0; k < 2; k++) {
    const slim_reuse reuse = k ? SLIM_REUSE_YES : SLIM_REUSE_NO;
    SLIM_ARG_SCOPE (net.graph, SLIM_OPS(slim_conv2d, slim_separable_conv2d, slim_batch_norm, slim_max_pool2d, slim_avg_pool2d),
                    .data_format = formats[k]) {
      y[k] = slim_conv2d(y[k], 4, SLIM_HW(3, 3), .scope = "a", .reuse = reuse);
      y[k] = slim_max_pool2d(y[k], SLIM_HW(2, 2), .stride = SLIM_HW(1, 1));
      y[k] = slim_conv2d(y[k], 3, SLIM_HW(3, 3), .normalizer = slim_batch_norm, .scope = "b", .reuse = reuse);
      y[k] = slim_separable_conv2d(y[k], 5, SLIM_HW(3, 3), .depth_multiplier = 2, .scope = "s", .reuse = reuse);
      y[k] = slim_avg_pool2d(y[k], SLIM_HW(2, 2));
    }
  }
  y[1] = slim_transpose(y[1], (const int[]){ 0, 2, 3, 1 }, 4);
  float *a = test_run(&net, y[0]), *b = test_run(&net, y[1]);
  for (size_t i = 0; i < test_net_elements(&net, y[0]); i++) {
    ck_assert_float_eq_tol(a[i], b[i], 1e-5f);
  }
  free(a);
  free(b);
  test_close(&net);
}
END_TEST

/* The same as one convolution by the products of both weights. */
START_TEST(separable_conv2d_is_a_convolution)
{
  enum { C = 3, M = 2, O = 4, TAPS = 6 };
  test_net net = test_open((const int[]){ 2, 7, 5, C }, 13);
  slim_tensor *y = slim_separable_conv2d(net.input, O, SLIM_HW(2, 3), .depth_multiplier = M, .stride = SLIM_HW(2, 2),
                                         .scope = "s");
  slim_tensor *z = slim_conv2d(net.input, O, SLIM_HW(2, 3), .stride = SLIM_HW(2, 2), .scope = "c");
  free(test_run(&net, z)); /* gives the variables their first values */
  free(test_run(&net, y));
  float *depthwise = test_get_variable(&net, slim_graph_find(net.graph, "s/depthwise_weights"));
  float *pointwise = test_get_variable(&net, slim_graph_find(net.graph, "s/pointwise_weights"));
  float weights[TAPS * C * O] = { 0 };
  for (int i = 0; i < TAPS * C * M * O; i++) {
    const int o = i % O, m = i / O % M, c = i / O / M % C, tap = i / O / M / C;
    weights[(tap * C + c) * O + o] += depthwise[(tap * C + c) * M + m] * pointwise[(c * M + m) * O + o];
  }
  test_set_variable(&net, slim_graph_find(net.graph, "c/weights"), weights, TAPS * C * O);
  float *a = test_run(&net, y), *b = test_run(&net, z);
  for (size_t i = 0; i < test_net_elements(&net, y); i++) {
    ck_assert_float_eq_tol(a[i], b[i], 1e-5f);
  }
  free(depthwise);
  free(pointwise);
  free(a);
  free(b);
  test_close(&net);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, updates_in_place_run_with_the_layer);
  tcase_add_test(c, zero_debiased_means_are_the_batchs_at_once);
  tcase_add_test(c, collected_updates_wait_until_they_are_run);
  tcase_add_test(c, dropout_keeps_its_share_and_scales_it);
  tcase_add_test(c, dropout_shares_its_noise_in_runs_that_train);
  tcase_add_test(c, metrics_count_short_batches_rightly);
  tcase_add_test(c, weighted_mean_divides_by_the_weights);
  tcase_add_test(c, loss_averages_over_what_arrives);
  tcase_add_test(c, nchw_computes_what_nhwc_computes);
  tcase_add_test(c, separable_conv2d_is_a_convolution);
}
TEST_MAIN("layers", build, test_net_available)
