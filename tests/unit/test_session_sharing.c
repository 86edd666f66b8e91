/* What sessions share, and the queues that feed them. */
#include "session/session.h"
#include "session_support.h"
#include "slim/data.h"

#include <pthread.h>
#include <string.h>

/* --- values ------------------------------------------------------------------------------------------------------- */

START_TEST(sessions_share_values)
{
  test_small_session f = test_small_ready();
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
  test_small_close(&f);
}
END_TEST

static const struct other_case {
  slim_dtype dtype;
  slim_shape shape;
  slim_status status;
  const char *text;
} others[] = {
  { SLIM_FLOAT32, { 2, { 3, 2 } }, SLIM_ERR_SHAPE,
    "variable 'w' has shape [3,2] here, the shared values hold it as [2,3]" },
  { SLIM_INT32, { 2, { 2, 3 } }, SLIM_ERR_TYPE, "variable 'w' is int32 here, the shared values hold it as float32" },
};

START_TEST(shared_values_have_one_type_and_shape)
{
  const struct other_case *o = &others[_i];
  test_small_session f = test_small_ready();
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *w = test_variable(graph, "w", o->dtype, o->shape, NULL);
  slim_session *other = test_session(graph, f.device, slim_session_values(f.session));
  float data[6];
  ck_assert_int_eq(slim_session_get_variable(other, w, data, sizeof data), o->status);
  ck_assert_str_eq(slim_session_error(other), o->text);
  slim_session_destroy(other);
  slim_graph_destroy(graph);
  test_small_close(&f);
}
END_TEST

enum { SHARED_RUNS = 30 };

static void *train_many(void *user)
{
  test_small_session *f = user;
  for (int i = 0; i < SHARED_RUNS; i++) {
    if (test_small_run(f->session, &f->net, 4, f->net.train, NULL, 0) != SLIM_OK) {
      return f;
    }
  }
  return NULL;
}

START_TEST(two_threads_may_share_a_device_and_values)
{
  test_small_session f = test_small_ready();
  test_small_session g = { .net = test_small_make(7), .device = f.device };
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
  ck_assert_int_eq(steps, _i == 0 ? SHARED_RUNS : 2 * SHARED_RUNS);
  slim_session_destroy(g.session);
  slim_graph_destroy(g.net.graph);
  test_small_close(&f);
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
  test_small_session f = test_small_open();
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
  test_small_close(&f);
}
END_TEST

/* --- queues ------------------------------------------------------------------------------------------------------- */

typedef struct filler {
  int checks;           /* calls without data */
  float *data;          /* of the last call with */
  slim_status whole, read; /* answers without and with data */
} filler;

static slim_status fill(void *user, void *data, slim_error *error)
{
  filler *f = user;
  f->checks += !data;
  f->data = data ? data : f->data;
  for (int i = 0; i < 6 && data; i++) {
    f->data[i] = (float)i;
  }
  const slim_status status = data ? f->read : f->whole;
  return status == SLIM_OK ? SLIM_OK : slim_error_set(error, status, "no values");
}

static slim_status fill_w(const test_small_session *f, filler *by)
{
  return slim_session_fill_variable(f->session, f->net.w, 6 * sizeof(float), fill, by, NULL);
}

START_TEST(values_on_the_host_are_filled_where_they_lie)
{
  test_small_session f = test_small_open();
  const bool host = strcmp(slim_device_get_info(f.device)->selector, "cpu") == 0;
  const float other[6] = { 9, 9, 9 };
  float w[6];
  filler by = { 0 };
  ck_assert_int_eq(fill_w(&f, &by), SLIM_OK); /* there is nothing to lose yet */
  ck_assert_int_eq(by.checks, 0);
  const float *first = by.data;
  ck_assert_int_eq(fill_w(&f, &by), SLIM_OK);
  ck_assert_int_eq(by.checks, host);
  ck_assert(!host || by.data == first);
  test_ok(f.session, slim_session_set_variable(f.session, f.net.w, other, sizeof other));
  by.whole = by.read = SLIM_ERR_DATA;
  ck_assert_int_eq(fill_w(&f, &by), SLIM_ERR_DATA);
  test_ok(f.session, slim_session_get_variable(f.session, f.net.w, w, sizeof w));
  ck_assert_mem_eq(w, other, sizeof w);
  by.whole = SLIM_OK; /* whole when it was checked, and not any more */
  ck_assert_int_eq(fill_w(&f, &by), SLIM_ERR_DATA);
  ck_assert_int_eq(slim_session_get_variable(f.session, f.net.w, w, sizeof w), host ? SLIM_ERR_STATE : SLIM_OK);
  test_small_close(&f);
}
END_TEST

enum { LARGE = 1 << 17 };

static slim_status fill_large(void *user, void *data, slim_error *error)
{
  const filler *f = user;
  for (int i = 0; i < LARGE && data; i++) {
    ((float *)data)[i] = (float)i;
  }
  return f->read == SLIM_OK ? SLIM_OK : slim_error_set(error, f->read, "no values");
}

/* One that has none may be filled where it lies, also on a device. */
START_TEST(a_large_value_that_cannot_be_filled_is_none)
{
  static float got[LARGE];
  slim_graph *graph = slim_graph_create(1);
  slim_device *device = test_open_device();
  slim_tensor *v = test_variable(graph, "v", SLIM_FLOAT32, SLIM_SHAPE(LARGE), NULL);
  slim_session *session = test_session(graph, device, NULL);
  filler by = { .read = SLIM_ERR_DATA };
  slim_error error = { SLIM_OK, "" };
  ck_assert_int_eq(slim_session_fill_variable(session, v, sizeof got, fill_large, &by, &error), SLIM_ERR_DATA);
  ck_assert_str_eq(error.text, "no values");
  ck_assert_int_eq(slim_session_get_variable(session, v, got, sizeof got), SLIM_ERR_STATE);
  for (int round = 0; round < 2; round++) {
    by.read = SLIM_OK;
    ck_assert_int_eq(slim_session_fill_variable(session, v, sizeof got, fill_large, &by, NULL), SLIM_OK);
    test_ok(session, slim_session_get_variable(session, v, got, sizeof got));
    ck_assert_float_eq(got[LARGE - 1], LARGE - 1);
  }
  slim_session_destroy(session);
  slim_graph_destroy(graph);
  slim_device_close(device);
}
END_TEST

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
  test_small_session f = test_small_ready();
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
  test_small_close(&f);
}
END_TEST

START_TEST(a_short_batch_is_not_fed_to_a_placeholder_of_fixed_rows)
{
  test_small_session f = test_small_open();
  slim_tensor *three = slim_placeholder(f.net.graph, SLIM_FLOAT32, SLIM_SHAPE(3, 2), "three");
  slim_tensor *doubled = slim_op_unary_add(three, SLIM_UNARY_SCALE_ADD, 2, 0);
  slim_queue *queue = open_queue(test_small_x, test_small_t, 4, 3);
  float got[6];
  const slim_fetch fetch = { doubled, got, sizeof got };
  test_ok(f.session, slim_session_attach(f.session, three, queue, 0));
  test_ok(f.session, slim_session_run(f.session, NULL, 0, &fetch, 1));
  ck_assert_float_eq(got[5], 2 * test_small_x[5]);
  test_error(&f, slim_session_run(f.session, NULL, 0, &fetch, 1), SLIM_ERR_SHAPE,
               "session: placeholder 'three' has 3 rows, the data has 1");
  slim_session_destroy(f.session);
  f.session = NULL;
  slim_queue_destroy(queue);
  test_small_close(&f);
}
END_TEST

START_TEST(what_does_not_fit_is_not_attached)
{
  test_small_session f = test_small_open();
  slim_queue *queue = open_queue(test_small_x, test_small_t, 4, 2);
  slim_tensor *labels = slim_placeholder(f.net.graph, SLIM_INT64, SLIM_SHAPE(-1, 2), "labels");
  test_error(&f, slim_session_attach(f.session, labels, queue, 0), SLIM_ERR_TYPE,
               "session: placeholder 'labels' is int64, item 'x' of the queue is float32");
  test_error(&f, slim_session_attach(f.session, f.net.x, queue, 1), SLIM_ERR_SHAPE,
               "session: placeholder 'x' has shape [?,2], item 't' of the queue [?,3]");
  test_error(&f, slim_session_attach(f.session, f.net.x, queue, 2), SLIM_ERR_ARG,
               "session: placeholder 'x': the queue has 2 items, no item 2");
  test_error(&f, slim_session_attach(f.session, f.net.y, queue, 0), SLIM_ERR_ARG,
               "session: 'Relu:0' is no placeholder of this session's graph");
  slim_queue_destroy(queue);
  test_small_close(&f);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, sessions_share_values);
  tcase_add_loop_test(c, shared_values_have_one_type_and_shape, 0, 2);
  tcase_add_loop_test(c, two_threads_may_share_a_device_and_values, 0, 2);
  tcase_add_test(c, initial_values_depend_on_seed_and_name_alone);
  tcase_add_test(c, local_variables_can_be_reset);
  tcase_add_test(c, values_on_the_host_are_filled_where_they_lie);
  tcase_add_test(c, a_large_value_that_cannot_be_filled_is_none);
  tcase_add_test(c, an_attached_queue_feeds_to_its_end);
  tcase_add_test(c, a_short_batch_is_not_fed_to_a_placeholder_of_fixed_rows);
  tcase_add_test(c, what_does_not_fit_is_not_attached);
}

TEST_MAIN("session_sharing", build, test_device_available)
