/* Sessions on every device. */
#include "session_support.h"

#include <math.h>

START_TEST(a_run_feeds_computes_and_fetches)
{
  test_small_session f = test_small_ready();
  const float x[] = { 1, 0, 0, 1, 1, 1 };
  const float wanted[] = { 1.5f, 0, 2, 4.5f, 6, 0, 5.5f, 4, 0 };
  for (int batch = 3; batch > 0; batch--) {
    float y[9] = { 0 };
    const slim_feed feed = { f.net.x, x, batch };
    const slim_fetch fetch = { f.net.y, y, (size_t)batch * 3 * sizeof *y };
    test_ok(f.session, slim_session_run(f.session, &feed, 1, &fetch, 1));
    for (int i = 0; i < 9; i++) {
      ck_assert_float_eq_tol(y[i], i < 3 * batch ? wanted[i] : 0, 1e-6f);
    }
  }
  test_small_close(&f);
}
END_TEST

START_TEST(training_follows_a_loop_in_double)
{
  test_small_session f = test_small_ready();
  double w[6], b[3];
  for (int i = 0; i < 6; i++) {
    w[i] = (double)test_small_w[i];
    b[i % 3] = (double)test_small_b[i % 3];
  }
  for (int step = 0; step < 30; step++) {
    const int batch = step % 3 == 2 ? 3 : 4; /* plans of two batch sizes take turns on one set of weights */
    const double wanted = test_small_step(w, b, test_small_x, test_small_t, batch);
    float loss = 0;
    test_ok(f.session, test_small_run(f.session, &f.net, batch, f.net.train, &loss, sizeof loss));
    ck_assert_double_eq_tol((double)loss, wanted, 1e-5 * (1 + wanted));
  }
  float got[6];
  int64_t steps = 0;
  slim_plan_info info;
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, got, sizeof got));
  test_ok(f.session, slim_session_get_variable(f.session, f.net.step, &steps, sizeof steps));
  test_ok(f.session, slim_session_plan_info(f.session, &info));
  for (int i = 0; i < 6; i++) {
    ck_assert_double_eq_tol((double)got[i], w[i], 1e-5);
  }
  ck_assert_int_eq(steps, 30);
  ck_assert_int_eq(info.cpu_steps, 0);
  ck_assert_int_gt(info.steps, 4);
  ck_assert_uint_eq(info.variable_bytes, 9 * sizeof(float) + sizeof(int64_t));
  test_small_close(&f);
}
END_TEST

START_TEST(a_loop_without_fetches_trains_the_same)
{
  test_small_session f = test_small_ready(), g = test_small_ready();
  float a[6], b[6], loss = 0;
  for (int step = 0; step < 25; step++) {
    test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, NULL, 0));
    test_ok(g.session, test_small_run(g.session, &g.net, 4, g.net.train, &loss, sizeof loss));
  }
  test_ok(f.session, slim_session_finish(f.session));
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, a, sizeof a));
  test_ok(g.session, slim_session_get_variable(g.session, g.net.w, b, sizeof b));
  ck_assert_mem_eq(a, b, sizeof a);
  test_small_close(&f);
  test_small_close(&g);
}
END_TEST

/* A run without fetches has taken its feeds when it returns, though it may be computed later: the next batch goes to the
 * device meanwhile. */
START_TEST(feeds_may_change_as_soon_as_a_run_returns)
{
  enum { RUNS = 11, BATCH = 4 };
  test_small_session f = test_small_ready();
  double w[6], b[3];
  float x[2 * BATCH], now[6];
  for (int i = 0; i < 6; i++) {
    w[i] = (double)test_small_w[i];
    b[i % 3] = (double)test_small_b[i % 3];
  }
  for (int i = 0; i < RUNS; i++) {
    for (int k = 0; k < 2 * BATCH; k++) {
      x[k] = test_small_x[k] * (float)(i + 1) / RUNS;
    }
    const slim_feed feeds[] = { { f.net.x, x, BATCH }, { f.net.t, test_small_t, BATCH } };
    const slim_fetch fetch = { f.net.train, NULL, 0 };
    (void)test_small_step(w, b, x, test_small_t, BATCH);
    test_ok(f.session, slim_session_run(f.session, feeds, 2, &fetch, 1));
    memset(x, 0xff, sizeof x); /* not a number */
  }
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, now, sizeof now));
  for (int i = 0; i < 6; i++) {
    ck_assert_float_eq_tol(now[i], (float)w[i], 1e-5f);
  }
  test_small_close(&f);
}
END_TEST

START_TEST(a_fetched_variable_is_the_one_after_the_run)
{
  test_small_session f = test_small_ready();
  const slim_feed feeds[] = { { f.net.x, test_small_x, 4 }, { f.net.t, test_small_t, 4 } };
  float w[6] = { 0 }, after[6];
  int64_t step = 0;
  const slim_fetch fetches[] = { { f.net.train, NULL, 0 },
                                 { f.net.w, w, sizeof w },
                                 { f.net.step, &step, sizeof step } };
  test_ok(f.session, slim_session_run(f.session, feeds, 2, fetches, 3));
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, after, sizeof after));
  ck_assert_mem_eq(w, after, sizeof w);
  ck_assert_float_ne(w[0], test_small_w[0]);
  ck_assert_int_eq(step, 1);
  test_small_close(&f);
}
END_TEST

/* The rate is a counter on the host: 0.1 * 0.5^step. The update reads it, the counter changes it after that. */
START_TEST(a_host_variable_may_be_the_rate)
{
  test_small net = test_small_make(1);
  slim_device *device = test_open_device();
  const float start = 0.1f;
  const slim_variable_spec spec = { .name = "rate",
                                    .exact = true,
                                    .dtype = SLIM_FLOAT32,
                                    .shape = SLIM_SCALAR,
                                    .values = &start,
                                    .host = true,
                                    .collections = SLIM_GLOBAL_VARIABLES };
  slim_tensor *rate = slim_variable_make(net.graph, &spec);
  slim_tensor *const both[] = { net.b };
  const slim_tensors gradient = slim_gradients(net.loss, (slim_tensors){ 1, both });
  const slim_apply_attr apply = { .variables = 1 };
  const slim_counter_attr half = { 0.5, 0 };
  slim_tensor *const inputs[] = { rate, net.b, gradient.item[0] };
  slim_tensor *descent = test_effect(SLIM_STAGE_OPTIMIZE, &slim_op_apply_gradient_descent, "D", &apply, inputs, 3);
  slim_tensor *halved = test_effect(SLIM_STAGE_STEP, &slim_op_counter, "H", &half, &rate, 1);
  slim_session *session = test_session(net.graph, device, NULL);
  test_ok(session, slim_session_initialize(session));
  float b[3], wanted[3], g[3], now = 0;
  for (int step = 0; step < 4; step++) {
    const slim_feed feeds[] = { { net.x, test_small_x, 4 }, { net.t, test_small_t, 4 } };
    const slim_fetch fetches[] = { { descent, NULL, 0 }, { halved, NULL, 0 }, { gradient.item[0], g, sizeof g } };
    test_ok(session, slim_session_get_variable(session, net.b, wanted, sizeof wanted));
    test_ok(session, slim_session_run(session, feeds, 2, fetches, 3));
    test_ok(session, slim_session_get_variable(session, net.b, b, sizeof b));
    for (int i = 0; i < 3; i++) {
      ck_assert_float_eq_tol(b[i], wanted[i] - 0.1f / (float)(1 << step) * g[i], 1e-6f);
    }
  }
  test_ok(session, slim_session_get_variable(session, rate, &now, sizeof now));
  ck_assert_float_eq(now, 0.1f / 16);
  slim_session_destroy(session);
  slim_device_close(device);
  slim_graph_destroy(net.graph);
}
END_TEST

/* --- errors ------------------------------------------------------------------------------------------------------- */

START_TEST(what_is_missing_is_named)
{
  test_small_session f = test_small_open();
  float loss = 0, y[12];
  const slim_fetch fetch = { f.net.loss, &loss, sizeof loss }, all = { f.net.y, y, sizeof y };
  const slim_fetch small = { f.net.y, y, 40 }, nothing = { NULL, y, sizeof y };
  const slim_feed x = { f.net.x, test_small_x, 4 }, t = { f.net.t, test_small_t, 3 },
                  none = { f.net.x, test_small_x, 0 };
  const slim_feed no_data = { f.net.x, NULL, 4 }, wrong = { f.net.w, test_small_x, 4 };
  const slim_feed both[] = { x, t };
  slim_session *s = f.session;
  test_error(&f, slim_session_run(s, &x, 1, &all, 1), SLIM_ERR_STATE,
               "variable 'w' has no value: call slim_session_initialize or restore a checkpoint");
  test_ok(s, slim_session_initialize(s));
  test_error(&f, slim_session_run(s, &x, 1, &fetch, 1), SLIM_ERR_ARG,
               "session: placeholder 't' is neither fed nor attached to a queue");
  test_error(&f, slim_session_run(s, &none, 1, &all, 1), SLIM_ERR_ARG,
               "session: placeholder 'x' is fed with batch 0, not 1 or more");
  test_error(&f, slim_session_run(s, &no_data, 1, &all, 1), SLIM_ERR_ARG,
               "session: placeholder 'x' is fed without data");
  test_error(&f, slim_session_run(s, &wrong, 1, &all, 1), SLIM_ERR_ARG,
               "session: feed 0 ('w:0') is no placeholder of this graph");
  test_error(&f, slim_session_run(s, both, 2, &fetch, 1), SLIM_ERR_SHAPE,
               "session: placeholder 'x' has a batch of 4, placeholder 't' of 3");
  test_error(&f, slim_session_run(s, &x, 1, &small, 1), SLIM_ERR_ARG,
               "session: fetch 'Relu:0' [4,3] has 48 bytes, there is room for 40");
  test_error(&f, slim_session_run(s, &x, 1, NULL, 0), SLIM_ERR_ARG, "session: nothing to fetch");
  test_error(&f, slim_session_run(s, &x, 1, &nothing, 1), SLIM_ERR_ARG,
               "session: fetch 0 ('(null)') is no tensor of this graph");
  test_ok(s, slim_session_run(s, &x, 1, &all, 1));
  ck_assert_str_eq(slim_session_error(s), "");
  test_small_close(&f);
}
END_TEST

static void assert_not_created(slim_graph *graph, slim_device *device, slim_values *values, const char *text)
{
  slim_error error = { SLIM_OK, "" };
  slim_session *session = NULL;
  ck_assert_int_eq(slim_session_create(graph, device, values, &session, &error), SLIM_ERR_ARG);
  ck_assert_ptr_null(session);
  ck_assert_str_eq(error.text, text);
}

START_TEST(a_session_needs_a_graph_and_a_device_and_values_there)
{
  char text[128];
  test_small_session f = test_small_open();
  slim_device *other = NULL;
  ck_assert_int_eq(slim_device_open("cpu", &other, NULL), SLIM_OK);
  slim_values *values = slim_values_create(other);
  (void)snprintf(text, sizeof text, "session: the values given are on device 'cpu', the session is on '%s'",
                 slim_device_get_info(f.device)->selector);
  assert_not_created(NULL, f.device, NULL, "session: no graph given");
  assert_not_created(f.net.graph, NULL, NULL, "session: no device given");
  assert_not_created(f.net.graph, f.device, values, text);
  slim_values_destroy(values);
  slim_device_close(other);
  test_small_close(&f);
}
END_TEST

START_TEST(variables_are_checked)
{
  test_small_session f = test_small_open();
  float w[7] = { 0 };
  test_error(&f, slim_session_get_variable(f.session, f.net.w, w, 24), SLIM_ERR_STATE,
               "variable 'w' has no value: call slim_session_initialize or restore a checkpoint");
  test_error(&f, slim_session_set_variable(f.session, f.net.w, w, 28), SLIM_ERR_ARG,
               "session: variable 'w' has 24 bytes, not 28");
  test_error(&f, slim_session_get_variable(f.session, f.net.y, w, 24), SLIM_ERR_ARG,
               "session: 'Relu:0' is not a variable of this session's graph");
  w[3] = 5;
  test_ok(f.session, slim_session_set_variable(f.session, f.net.w, w, 24));
  test_ok(f.session, slim_session_initialize(f.session)); /* keeps what has a value */
  float got[6];
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, got, sizeof got));
  ck_assert_mem_eq(got, w, sizeof got);
  test_small_close(&f);
}
END_TEST

START_TEST(a_broken_graph_gives_its_own_error)
{
  slim_graph *graph = slim_graph_create(1);
  slim_device *device = test_open_device();
  slim_session *session = NULL;
  slim_error error = { SLIM_OK, "" };
  slim_get_unique_variable(graph, "missing");
  ck_assert_int_eq(slim_session_create(graph, device, NULL, &session, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(error.text, slim_graph_error(graph));
  ck_assert_ptr_null(session);
  slim_device_close(device);
  slim_graph_destroy(graph);
}
END_TEST

/* --- the finite check --------------------------------------------------------------------------------------------- */

START_TEST(a_loss_that_is_not_finite_changes_nothing)
{
  test_small_session f = test_small_ready();
  const float bad[] = { 1, 2, INFINITY, 4 };
  const slim_feed feeds[] = { { f.net.x, bad, 2 }, { f.net.t, test_small_t, 2 } };
  float loss = 0, w[6];
  const bool fetched = _i == 0;
  const slim_fetch fetch = { f.net.train, fetched ? &loss : NULL, sizeof loss };
  const slim_feed *next = feeds;
  slim_status status = slim_session_run(f.session, feeds, 2, &fetch, 1);
  for (int late = 0; late < 6 && status == SLIM_OK && !fetched; late++) { /* noticed late, when nothing is waited for */
    status = slim_session_run(f.session, next, 2, &fetch, 1);
  }
  test_error(&f, status, SLIM_ERR_NUMERIC,
               "session: finite check 'Finite' failed, variables were left as they were; "
               "slim_session_trace_numerics names the first op that is not finite");
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, w, sizeof w));
  ck_assert_mem_eq(w, test_small_w, sizeof w);
  ck_assert_str_eq(slim_session_trace_numerics(f.session, feeds, 2, &fetch, 1),
                   "placeholder 'x:0' [2,2]: 1 of 4 elements not finite, number 2 is inf");
  test_ok(f.session, slim_session_finish(f.session));
  test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, &loss, sizeof loss));
  ck_assert_float_finite(loss);
  test_small_close(&f);
}
END_TEST

START_TEST(the_trace_names_the_first_op)
{
  test_small_session f = test_small_ready();
  slim_tensor *log = slim_op_unary_add(f.net.y, SLIM_UNARY_LOG, 1, 0);
  slim_tensor *mean = slim_op_reduce_add(log, SLIM_REDUCE_MEAN, 3, 0);
  const slim_feed feed = { f.net.x, test_small_x, 4 };
  float value = 0;
  const slim_fetch fetch = { mean, &value, sizeof value }, fine = { f.net.y, &value, sizeof value };
  const char *text = slim_session_trace_numerics(f.session, &feed, 1, &fetch, 1);
  ck_assert_msg(strncmp(text, "unary '", 7) == 0, "%s", text);
  ck_assert_msg(strstr(text, "[4,3]") && strstr(text, "is -inf"), "%s", text);
  ck_assert_str_eq(slim_session_trace_numerics(f.session, &feed, 1, &fine, 1), "");
  test_small_close(&f);
}
END_TEST

START_TEST(the_trace_names_a_label_that_is_no_class)
{
  test_small_session f = test_small_ready();
  slim_tensor *labels = slim_placeholder(f.net.graph, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  slim_tensor *rows = slim_op_add((slim_tensor *[]){ f.net.y, labels }, 2, &slim_op_sparse_softmax_cross_entropy,
                                  "xentropy", NULL);
  slim_tensor *mean = slim_op_reduce_add(rows, SLIM_REDUCE_MEAN, 1, 0);
  const int64_t given[] = { 0, 2, 3, 1 };
  const slim_feed feeds[] = { { f.net.x, test_small_x, 4 }, { labels, given, 4 } };
  float value = 0;
  const slim_fetch fetch = { mean, &value, sizeof value };
  const char *text = slim_session_trace_numerics(f.session, feeds, 2, &fetch, 1);
  ck_assert_msg(strstr(text, "1 of 4 elements not finite, number 2 is ") &&
                    strstr(text, "nan, its label is 3 and there are 3 classes"),
                "%s", text);
  test_small_close(&f);
}
END_TEST

/* --- update ops --------------------------------------------------------------------------------------------------- */

START_TEST(update_ops_come_with_gradients)
{
  test_small_session f = test_small_open();
  const float zero = 0, one = 1;
  slim_tensor *mark = test_variable(f.net.graph, "mark", SLIM_FLOAT32, SLIM_SHAPE(1), &zero);
  slim_tensor *value = slim_constant_tensor(f.net.graph, SLIM_FLOAT32, SLIM_SHAPE(1), &one, "one");
  slim_tensor *update =
      test_effect(SLIM_STAGE_UPDATE, &slim_op_assign, "Mark", NULL, (slim_tensor *[]){ mark, value }, 2);
  slim_add_to_collection(SLIM_UPDATE_OPS, update);
  if (_i == 1) {
    slim_add_to_collection(SLIM_OWN_UPDATE_OPS, f.net.train);
  }
  float loss = 0, got = -1;
  test_ok(f.session, slim_session_initialize(f.session));
  test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.loss, &loss, sizeof loss));
  test_ok(f.session, slim_session_get_variable(f.session, mark, &got, sizeof got));
  ck_assert_float_eq(got, 0);
  test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, &loss, sizeof loss));
  test_ok(f.session, slim_session_get_variable(f.session, mark, &got, sizeof got));
  ck_assert_float_eq(got, _i == 1 ? 0 : 1);
  test_small_close(&f);
}
END_TEST

START_TEST(an_update_op_added_later_runs_too)
{
  test_small_session f = test_small_ready();
  const float zero = 0;
  float loss = 0, got = -1;
  test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, &loss, sizeof loss));
  slim_tensor *mark = test_variable(f.net.graph, "mark", SLIM_FLOAT32, SLIM_SCALAR, &zero);
  slim_tensor *update =
      test_effect(SLIM_STAGE_UPDATE, &slim_op_assign, "Mark", NULL, (slim_tensor *[]){ mark, f.net.loss }, 2);
  slim_add_to_collection(SLIM_UPDATE_OPS, update);
  test_ok(f.session, slim_session_initialize(f.session));
  test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, &loss, sizeof loss));
  test_ok(f.session, slim_session_get_variable(f.session, mark, &got, sizeof got));
  ck_assert_float_eq(got, loss);
  test_small_close(&f);
}
END_TEST

/* --- randomness --------------------------------------------------------------------------------------------------- */

START_TEST(dropout_depends_on_seed_and_step)
{
  test_small_session f = test_small_ready();
  const slim_dropout_attr attr = { .keep_prob = 0.5f, .hash_low = 11, .hash_high = 12 };
  slim_tensor *x = slim_placeholder(f.net.graph, SLIM_FLOAT32, SLIM_SHAPE(64), "ones");
  slim_tensor *y = slim_op_add(&x, 1, &slim_op_dropout, "Dropout", &attr);
  float ones[64], masks[3][64];
  for (int i = 0; i < 64; i++) {
    ones[i] = 1;
  }
  const slim_feed feed = { x, ones, 0 };
  for (int k = 0; k < 3; k++) { /* the step goes on between the second and the third */
    const slim_fetch fetch = { y, masks[k], sizeof masks[k] };
    test_ok(f.session, slim_session_run(f.session, &feed, 1, &fetch, 1));
    if (k == 1) {
      test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, NULL, 0));
    }
  }
  ck_assert_mem_eq(masks[0], masks[1], sizeof masks[0]);
  ck_assert_mem_ne(masks[0], masks[2], sizeof masks[0]);
  test_small_close(&f);
}
END_TEST

/* --- describe ----------------------------------------------------------------------------------------------------- */

/* A change leaves no plan behind, and the numbers as they are. */
START_TEST(recomputing_may_change_between_runs)
{
  static const bool on[] = { false, true, true, false };
  test_small_session f = test_small_ready(), never = test_small_ready();
  for (int i = 0; i < 4; i++) {
    float loss = 0, wanted = 1;
    slim_plan_info info;
    test_ok(f.session, slim_session_recompute(f.session, on[i]));
    ck_assert_int_eq(slim_session_plan_info(f.session, &info), i > 0 && on[i] == on[i - 1] ? SLIM_OK : SLIM_ERR_STATE);
    test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, &loss, sizeof loss));
    test_ok(never.session, test_small_run(never.session, &never.net, 4, never.net.train, &wanted, sizeof wanted));
    ck_assert_float_eq(loss, wanted);
  }
  test_small_close(&f);
  test_small_close(&never);
}
END_TEST

START_TEST(the_plan_can_print_itself)
{
  test_small_session f = test_small_ready();
  float loss = 0;
  char text[4096], cut[40];
  slim_plan_info info;
  ck_assert_uint_eq(slim_session_describe(f.session, text, sizeof text), 0);
  ck_assert_int_eq(slim_session_plan_info(f.session, &info), SLIM_ERR_STATE);
  slim_session_profile(f.session, true);
  test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, &loss, sizeof loss));
  const size_t length = slim_session_describe(f.session, text, sizeof text);
  ck_assert_uint_eq(length, strlen(text));
  ck_assert_uint_eq(slim_session_describe(f.session, cut, sizeof cut), length);
  ck_assert_uint_eq(strlen(cut), sizeof cut - 1);
  test_ok(f.session, slim_session_plan_info(f.session, &info));
  int lines = 0;
  for (const char *c = text; *c; c++) {
    lines += *c == '\n';
  }
  ck_assert_int_eq(lines, info.steps + 1);
  ck_assert_msg(strstr(text, " MatMul") && strstr(text, "-> [4,3]") && strstr(text, "MFLOP"), "%s", text);
  test_small_close(&f);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, a_run_feeds_computes_and_fetches);
  tcase_add_test(c, training_follows_a_loop_in_double);
  tcase_add_test(c, a_loop_without_fetches_trains_the_same);
  tcase_add_test(c, feeds_may_change_as_soon_as_a_run_returns);
  tcase_add_test(c, a_fetched_variable_is_the_one_after_the_run);
  tcase_add_test(c, a_host_variable_may_be_the_rate);
  tcase_add_test(c, what_is_missing_is_named);
  tcase_add_test(c, a_session_needs_a_graph_and_a_device_and_values_there);
  tcase_add_test(c, variables_are_checked);
  tcase_add_test(c, a_broken_graph_gives_its_own_error);
  tcase_add_loop_test(c, a_loss_that_is_not_finite_changes_nothing, 0, 2);
  tcase_add_test(c, the_trace_names_the_first_op);
  tcase_add_test(c, the_trace_names_a_label_that_is_no_class);
  tcase_add_loop_test(c, update_ops_come_with_gradients, 0, 2);
  tcase_add_test(c, an_update_op_added_later_runs_too);
  tcase_add_test(c, dropout_depends_on_seed_and_step);
  tcase_add_test(c, recomputing_may_change_between_runs);
  tcase_add_test(c, the_plan_can_print_itself);
}

TEST_MAIN("session", build, test_device_available)
