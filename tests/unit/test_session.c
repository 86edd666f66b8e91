#include "session_support.h"

/* relu(x w + b), x [?,2] */
typedef struct net {
  slim_graph *graph;
  slim_device *device;
  slim_session *session;
  slim_tensor *x, *w, *b, *y;
} net;

static const float w_values[] = { 1, -2, 3, 4, 5, -6 }, b_values[] = { 0.5f, 1, -1 };

static net net_open(void)
{
  net n = { .graph = slim_graph_create(7), .device = test_open_device() };
  slim_error error = { SLIM_OK, "" };
  n.x = slim_placeholder(n.graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 2), "x");
  n.w = test_variable(n.graph, "w", SLIM_FLOAT32, SLIM_SHAPE(2, 3), w_values);
  n.b = test_variable(n.graph, "b", SLIM_FLOAT32, SLIM_SHAPE(3), b_values);
  n.y = test_relu(test_bias(test_matmul(n.x, n.w), n.b));
  ck_assert_str_eq(slim_graph_error(n.graph), "");
  ck_assert_msg(slim_session_create(n.graph, n.device, NULL, &n.session, &error) == SLIM_OK, "%s", error.text);
  return n;
}

static void net_close(net *n)
{
  slim_session_destroy(n->session);
  slim_device_close(n->device);
  slim_graph_destroy(n->graph);
}

START_TEST(a_run_feeds_computes_and_fetches)
{
  net n = net_open();
  ck_assert_msg(slim_session_initialize(n.session) == SLIM_OK, "%s", slim_session_error(n.session));
  const float x[] = { 1, 0, 0, 1, 1, 1 };
  const float wanted[] = { 1.5f, 0, 2, 4.5f, 6, 0, 5.5f, 4, 0 };
  for (int batch = 3; batch > 0; batch--) {
    float y[9] = { 0 };
    const slim_feed feed = { n.x, x, batch };
    const slim_fetch fetch = { n.y, y, (size_t)batch * 3 * sizeof *y };
    ck_assert_msg(slim_session_run(n.session, &feed, 1, &fetch, 1) == SLIM_OK, "%s", slim_session_error(n.session));
    for (int i = 0; i < 9; i++) {
      ck_assert_float_eq_tol(y[i], i < 3 * batch ? wanted[i] : 0, 1e-6f);
    }
  }
  net_close(&n);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, a_run_feeds_computes_and_fetches);
}

TEST_MAIN("session", build, test_device_available)
