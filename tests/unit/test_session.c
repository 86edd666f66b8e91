/* Sessions on every device. */
#include "session_support.h"
#include "slim/data.h"

#include <math.h>
#include <pthread.h>

typedef struct fixture {
  test_small net;
  slim_device *device;
  slim_session *session;
} fixture;

static fixture fixture_open(void)
{
  fixture f = { .net = test_small_make(7), .device = test_open_device() };
  f.session = test_session(f.net.graph, f.device, NULL);
  return f;
}

static fixture fixture_ready(void)
{
  fixture f = fixture_open();
  test_ok(f.session, slim_session_initialize(f.session));
  return f;
}

static void fixture_close(fixture *f)
{
  slim_session_destroy(f->session);
  slim_device_close(f->device);
  slim_graph_destroy(f->net.graph);
}

static void assert_error(const fixture *f, slim_status status, slim_status wanted, const char *text)
{
  ck_assert_str_eq(slim_session_error(f->session), text);
  ck_assert_str_eq(slim_status_name(status), slim_status_name(wanted));
}

START_TEST(a_run_feeds_computes_and_fetches)
{
  fixture f = fixture_ready();
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
  fixture_close(&f);
}
END_TEST

START_TEST(training_follows_a_loop_in_double)
{
  fixture f = fixture_ready();
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
  fixture_close(&f);
}
END_TEST

START_TEST(a_loop_without_fetches_trains_the_same)
{
  fixture f = fixture_ready(), g = fixture_ready();
  float a[6], b[6], loss = 0;
  for (int step = 0; step < 25; step++) {
    test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, NULL, 0));
    test_ok(g.session, test_small_run(g.session, &g.net, 4, g.net.train, &loss, sizeof loss));
  }
  test_ok(f.session, slim_session_finish(f.session));
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, a, sizeof a));
  test_ok(g.session, slim_session_get_variable(g.session, g.net.w, b, sizeof b));
  ck_assert_mem_eq(a, b, sizeof a);
  fixture_close(&f);
  fixture_close(&g);
}
END_TEST

START_TEST(a_fetched_variable_is_the_one_after_the_run)
{
  fixture f = fixture_ready();
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
  fixture_close(&f);
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

/* --- errors ---------------------------------------------------------------------------------------------------------
 */

START_TEST(what_is_missing_is_named)
{
  fixture f = fixture_open();
  float loss = 0, y[12];
  const slim_fetch fetch = { f.net.loss, &loss, sizeof loss }, all = { f.net.y, y, sizeof y };
  const slim_fetch small = { f.net.y, y, 40 };
  const slim_feed x = { f.net.x, test_small_x, 4 }, t = { f.net.t, test_small_t, 3 },
                  none = { f.net.x, test_small_x, 0 };
  const slim_feed no_data = { f.net.x, NULL, 4 }, wrong = { f.net.w, test_small_x, 4 };
  const slim_feed both[] = { x, t };
  slim_session *s = f.session;
  assert_error(&f, slim_session_run(s, &x, 1, &all, 1), SLIM_ERR_STATE,
               "variable 'w' has no value: call slim_session_initialize or restore a checkpoint");
  test_ok(s, slim_session_initialize(s));
  assert_error(&f, slim_session_run(s, &x, 1, &fetch, 1), SLIM_ERR_ARG,
               "session: placeholder 't' is neither fed nor attached to a queue");
  assert_error(&f, slim_session_run(s, &none, 1, &all, 1), SLIM_ERR_ARG,
               "session: placeholder 'x' is fed with batch 0, not 1 or more");
  assert_error(&f, slim_session_run(s, &no_data, 1, &all, 1), SLIM_ERR_ARG,
               "session: placeholder 'x' is fed without data");
  assert_error(&f, slim_session_run(s, &wrong, 1, &all, 1), SLIM_ERR_ARG,
               "session: feed 0 ('w:0') is no placeholder of this graph");
  assert_error(&f, slim_session_run(s, both, 2, &fetch, 1), SLIM_ERR_SHAPE,
               "session: placeholder 'x' has a batch of 4, placeholder 't' of 3");
  assert_error(&f, slim_session_run(s, &x, 1, &small, 1), SLIM_ERR_ARG,
               "session: fetch 'Relu:0' [4,3] has 48 bytes, there is room for 40");
  assert_error(&f, slim_session_run(s, &x, 1, NULL, 0), SLIM_ERR_ARG, "session: nothing to fetch");
  test_ok(s, slim_session_run(s, &x, 1, &all, 1));
  ck_assert_str_eq(slim_session_error(s), "");
  fixture_close(&f);
}
END_TEST

START_TEST(variables_are_checked)
{
  fixture f = fixture_open();
  float w[7] = { 0 };
  assert_error(&f, slim_session_get_variable(f.session, f.net.w, w, 24), SLIM_ERR_STATE,
               "variable 'w' has no value: call slim_session_initialize or restore a checkpoint");
  assert_error(&f, slim_session_set_variable(f.session, f.net.w, w, 28), SLIM_ERR_ARG,
               "session: variable 'w' has 24 bytes, not 28");
  assert_error(&f, slim_session_get_variable(f.session, f.net.y, w, 24), SLIM_ERR_ARG,
               "session: 'Relu:0' is not a variable of this session's graph");
  w[3] = 5;
  test_ok(f.session, slim_session_set_variable(f.session, f.net.w, w, 24));
  test_ok(f.session, slim_session_initialize(f.session)); /* keeps what has a value */
  float got[6];
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, got, sizeof got));
  ck_assert_mem_eq(got, w, sizeof got);
  fixture_close(&f);
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

/* --- the finite check -----------------------------------------------------------------------------------------------
 */

START_TEST(a_loss_that_is_not_finite_changes_nothing)
{
  fixture f = fixture_ready();
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
  assert_error(&f, status, SLIM_ERR_NUMERIC,
               "session: finite check 'Finite' failed, variables were left as they were; "
               "slim_session_trace_numerics names the first op that is not finite");
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, w, sizeof w));
  ck_assert_mem_eq(w, test_small_w, sizeof w);
  ck_assert_str_eq(slim_session_trace_numerics(f.session, feeds, 2, &fetch, 1),
                   "placeholder 'x:0' [2,2]: 1 of 4 elements not finite, number 2 is inf");
  test_ok(f.session, slim_session_finish(f.session));
  test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, &loss, sizeof loss));
  ck_assert_float_finite(loss);
  fixture_close(&f);
}
END_TEST

START_TEST(the_trace_names_the_first_op)
{
  fixture f = fixture_ready();
  slim_tensor *log = slim_op_unary_add(f.net.y, SLIM_UNARY_LOG, 1, 0);
  slim_tensor *mean = slim_op_reduce_add(log, SLIM_REDUCE_MEAN, 3, 0);
  const slim_feed feed = { f.net.x, test_small_x, 4 };
  float value = 0;
  const slim_fetch fetch = { mean, &value, sizeof value }, fine = { f.net.y, &value, sizeof value };
  const char *text = slim_session_trace_numerics(f.session, &feed, 1, &fetch, 1);
  ck_assert_msg(strncmp(text, "unary '", 7) == 0, "%s", text);
  ck_assert_msg(strstr(text, "[4,3]") && strstr(text, "is -inf"), "%s", text);
  ck_assert_str_eq(slim_session_trace_numerics(f.session, &feed, 1, &fine, 1), "");
  fixture_close(&f);
}
END_TEST

/* --- values ---------------------------------------------------------------------------------------------------------
 */

START_TEST(sessions_share_values)
{
  fixture f = fixture_ready();
  slim_session *other = test_session(f.net.graph, f.device, slim_session_values(f.session));
  float before[12], after[12];
  const slim_feed feed = { f.net.x, test_small_x, 4 };
  const slim_fetch first = { f.net.y, before, sizeof before }, second = { f.net.y, after, sizeof after };
  test_ok(other, slim_session_run(other, &feed, 1, &first, 1));
  test_ok(f.session, test_small_run(f.session, &f.net, 4, f.net.train, NULL, 0));
  slim_session_destroy(f.session);
  f.session = other;
  test_ok(other, slim_session_run(other, &feed, 1, &second, 1));
  ck_assert_mem_ne(before, after, sizeof before);
  slim_values_destroy(NULL);
  fixture_close(&f);
}
END_TEST

START_TEST(shared_values_have_one_shape)
{
  fixture f = fixture_ready();
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *w = test_variable(graph, "w", SLIM_FLOAT32, SLIM_SHAPE(3, 2), NULL);
  slim_session *other = test_session(graph, f.device, slim_session_values(f.session));
  float data[6];
  ck_assert_int_eq(slim_session_get_variable(other, w, data, sizeof data), SLIM_ERR_SHAPE);
  ck_assert_str_eq(slim_session_error(other), "variable 'w' has shape [3,2] here, the shared values hold it as [2,3]");
  slim_session_destroy(other);
  slim_graph_destroy(graph);
  fixture_close(&f);
}
END_TEST

static void *train_many(void *user)
{
  fixture *f = user;
  for (int i = 0; i < 200; i++) {
    if (test_small_run(f->session, &f->net, 4, f->net.train, NULL, 0) != SLIM_OK) {
      return f;
    }
  }
  return NULL;
}

START_TEST(two_threads_may_share_a_device_and_values)
{
  fixture f = fixture_ready();
  fixture g = { .net = test_small_make(7), .device = f.device };
  g.session = test_session(g.net.graph, f.device, _i == 0 ? NULL : slim_session_values(f.session));
  test_ok(g.session, slim_session_initialize(g.session));
  pthread_t thread;
  void *failed = NULL;
  ck_assert_int_eq(pthread_create(&thread, NULL, train_many, &g), 0);
  ck_assert_ptr_null(train_many(&f));
  pthread_join(thread, &failed);
  ck_assert_ptr_null(failed);
  int64_t steps = 0;
  test_ok(f.session, slim_session_get_variable(f.session, f.net.step, &steps, sizeof steps));
  ck_assert_int_eq(steps, _i == 0 ? 200 : 400);
  slim_session_destroy(g.session);
  slim_graph_destroy(g.net.graph);
  fixture_close(&f);
}
END_TEST

START_TEST(initial_values_depend_on_seed_and_name_alone)
{
  slim_device *device = test_open_device();
  float values[2][12];
  for (int k = 0; k < 2; k++) {
    slim_graph *graph = slim_graph_create(5);
    const slim_variable_spec spec = { .name = "v",
                                      .exact = true,
                                      .dtype = SLIM_FLOAT32,
                                      .shape = SLIM_SHAPE(3, 4),
                                      .initializer = SLIM_XAVIER,
                                      .collections = SLIM_GLOBAL_VARIABLES };
    for (int before = 0; before < 3 * k; before++) {
      const char *const names[] = { "p", "q", "r" };
      test_variable(graph, names[before], SLIM_FLOAT32, SLIM_SHAPE(7), NULL);
    }
    slim_tensor *v = slim_variable_make(graph, &spec);
    slim_session *session = test_session(graph, device, NULL);
    test_ok(session, slim_session_initialize(session));
    test_ok(session, slim_session_get_variable(session, v, values[k], sizeof values[k]));
    slim_session_destroy(session);
    slim_graph_destroy(graph);
  }
  ck_assert_mem_eq(values[0], values[1], sizeof values[0]);
  ck_assert_float_ne(values[0][0], values[0][1]);
  slim_device_close(device);
}
END_TEST

START_TEST(local_variables_can_be_reset)
{
  fixture f = fixture_open();
  const float start[] = { 1, 2 };
  slim_tensor *local = slim_local_variable(f.net.graph, "total", SLIM_FLOAT32, SLIM_SHAPE(2), start);
  float value[2] = { 9, 9 }, w[6] = { 3 };
  test_ok(f.session, slim_session_initialize(f.session));
  test_ok(f.session, slim_session_set_variable(f.session, local, value, sizeof value));
  test_ok(f.session, slim_session_set_variable(f.session, f.net.w, w, sizeof w));
  test_ok(f.session, slim_session_initialize_local(f.session));
  test_ok(f.session, slim_session_get_variable(f.session, local, value, sizeof value));
  ck_assert_mem_eq(value, start, sizeof value);
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, w, sizeof w));
  ck_assert_float_eq(w[0], 3);
  fixture_close(&f);
}
END_TEST

/* --- update ops -----------------------------------------------------------------------------------------------------
 */

START_TEST(update_ops_come_with_gradients)
{
  fixture f = fixture_open();
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
  fixture_close(&f);
}
END_TEST

START_TEST(an_update_op_added_later_runs_too)
{
  fixture f = fixture_ready();
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
  fixture_close(&f);
}
END_TEST

/* --- randomness -----------------------------------------------------------------------------------------------------
 */

START_TEST(dropout_depends_on_seed_and_step)
{
  fixture f = fixture_ready();
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
  fixture_close(&f);
}
END_TEST

/* --- queues ---------------------------------------------------------------------------------------------------------
 */

static slim_queue *open_queue(const float *x, const float *t, int64_t samples, int batch)
{
  const slim_array arrays[] = { { "x", SLIM_FLOAT32, SLIM_SHAPE(2), x }, { "t", SLIM_FLOAT32, SLIM_SHAPE(3), t } };
  const slim_stream_options options = { .num_epochs = 1 };
  slim_queue *queue = NULL;
  slim_error error = { SLIM_OK, "" };
  ck_assert_msg(slim_queue_of_arrays(arrays, 2, samples, batch, &options, &queue, &error) == SLIM_OK, "%s", error.text);
  return queue;
}

START_TEST(an_attached_queue_feeds_to_its_end)
{
  fixture f = fixture_ready();
  float x[22], t[33] = { 0 }, got[8];
  for (int i = 0; i < 22; i++) {
    x[i] = (float)i;
  }
  slim_queue *queue = open_queue(x, t, 11, 4);
  slim_tensor *doubled = slim_op_unary_add(f.net.x, SLIM_UNARY_SCALE_ADD, 2, 0);
  test_ok(f.session, slim_session_attach(f.session, f.net.x, queue, 0));
  test_ok(f.session, slim_session_attach(f.session, f.net.t, queue, 1));
  const slim_fetch fetches[] = { { doubled, got, sizeof got }, { f.net.loss, NULL, 0 } };
  for (int first = 0; first < 11; first += 4) {
    test_ok(f.session, slim_session_run(f.session, NULL, 0, fetches, 2));
    for (int i = 0; i < 8 && 2 * first + i < 22; i++) {
      ck_assert_float_eq(got[i], (float)(2 * (2 * first + i)));
    }
  }
  ck_assert_int_eq(slim_session_run(f.session, NULL, 0, fetches, 2), SLIM_ERR_END);
  ck_assert_int_eq(slim_session_run(f.session, NULL, 0, fetches, 2), SLIM_ERR_END);
  const slim_feed feeds[] = { { f.net.x, x, 1 }, { f.net.t, t, 1 } };
  test_ok(f.session, slim_session_run(f.session, feeds, 2, fetches, 2));
  slim_session_destroy(f.session);
  f.session = NULL;
  slim_queue_destroy(queue);
  fixture_close(&f);
}
END_TEST

START_TEST(what_does_not_fit_is_not_attached)
{
  fixture f = fixture_open();
  slim_queue *queue = open_queue(test_small_x, test_small_t, 4, 2);
  assert_error(&f, slim_session_attach(f.session, f.net.x, queue, 1), SLIM_ERR_SHAPE,
               "session: placeholder 'x' has shape [?,2], item 't' of the queue [?,3]");
  assert_error(&f, slim_session_attach(f.session, f.net.x, queue, 2), SLIM_ERR_ARG,
               "session: placeholder 'x': the queue has 2 items, no item 2");
  assert_error(&f, slim_session_attach(f.session, f.net.y, queue, 0), SLIM_ERR_ARG,
               "session: 'Relu:0' is no placeholder of this session's graph");
  slim_queue_destroy(queue);
  fixture_close(&f);
}
END_TEST

/* --- describe -------------------------------------------------------------------------------------------------------
 */

START_TEST(the_plan_can_print_itself)
{
  fixture f = fixture_ready();
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
  fixture_close(&f);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, a_run_feeds_computes_and_fetches);
  tcase_add_test(c, training_follows_a_loop_in_double);
  tcase_add_test(c, a_loop_without_fetches_trains_the_same);
  tcase_add_test(c, a_fetched_variable_is_the_one_after_the_run);
  tcase_add_test(c, a_host_variable_may_be_the_rate);
  tcase_add_test(c, what_is_missing_is_named);
  tcase_add_test(c, variables_are_checked);
  tcase_add_test(c, a_broken_graph_gives_its_own_error);
  tcase_add_loop_test(c, a_loss_that_is_not_finite_changes_nothing, 0, 2);
  tcase_add_test(c, the_trace_names_the_first_op);
  tcase_add_test(c, sessions_share_values);
  tcase_add_test(c, shared_values_have_one_shape);
  tcase_add_loop_test(c, two_threads_may_share_a_device_and_values, 0, 2);
  tcase_add_test(c, initial_values_depend_on_seed_and_name_alone);
  tcase_add_test(c, local_variables_can_be_reset);
  tcase_add_loop_test(c, update_ops_come_with_gradients, 0, 2);
  tcase_add_test(c, an_update_op_added_later_runs_too);
  tcase_add_test(c, dropout_depends_on_seed_and_step);
  tcase_add_test(c, an_attached_queue_feeds_to_its_end);
  tcase_add_test(c, what_does_not_fit_is_not_attached);
  tcase_add_test(c, the_plan_can_print_itself);
}

TEST_MAIN("session", build, test_device_available)
