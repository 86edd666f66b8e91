#include "test_net.h"

#include "slim/ops.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TRIED 16 /* elements of a tensor that get a difference */

static const char *device_name(void)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  return name && *name ? name : "cpu";
}

bool test_net_available(char *why, size_t size)
{
  slim_error error = { SLIM_OK, "" };
  slim_device *device = NULL;
  if (slim_device_open(device_name(), &device, &error) != SLIM_OK) {
    (void)snprintf(why, size, "%s", error.text);
    return false;
  }
  slim_device_close(device);
  return true;
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

static uint32_t next_random(uint32_t *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

float *test_numbers(size_t n, unsigned seed)
{
  float *x = malloc((n ? n : 1) * sizeof *x);
  uint32_t state = seed * 2654435761u + 12345u;
  ck_assert_ptr_nonnull(x);
  for (size_t i = 0; i < n; i++) {
    const size_t k = next_random(&state) % (i + 1);
    x[i] = x[k];
    const double even = ((double)(2 * i) + 1.2) / (double)n - 1.0; /* in (-1, 1) */
    x[k] = (float)(even < 0 ? 0.95 * even - 0.05 : 0.95 * even + 0.05);
  }
  return x;
}

/* --- a net -------------------------------------------------------------------------------------------------------- */

test_net test_open_shape(slim_shape shape, unsigned seed)
{
  test_net net = { .graph = slim_graph_create(seed), .batch = shape.dim[0], .elements = slim_shape_elements(&shape) };
  slim_error error = { SLIM_OK, "" };
  ck_assert_msg(slim_device_open(device_name(), &net.device, &error) == SLIM_OK, "%s", error.text);
  net.data = test_numbers(net.elements, seed);
  shape.dim[0] = -1;
  net.input = slim_placeholder(net.graph, SLIM_FLOAT32, shape, "input");
  net.feeds[net.num_feeds++] = (slim_feed){ net.input, net.data, net.batch };
  return net;
}

test_net test_open(const int in[4], unsigned seed)
{
  return test_open_shape(SLIM_SHAPE(in[0], in[1], in[2], in[3]), seed);
}

void test_close(test_net *net)
{
  slim_session_destroy(net->session);
  slim_device_close(net->device);
  slim_graph_destroy(net->graph);
  free(net->data);
}

void test_feed(test_net *net, slim_tensor *placeholder, const void *data)
{
  ck_assert_uint_lt(net->num_feeds, TEST_NET_FEEDS);
  net->feeds[net->num_feeds++] = (slim_feed){ placeholder, data, net->batch };
}

static void check(const test_net *net, slim_status status)
{
  ck_assert_msg(status == SLIM_OK, "%s: %s", slim_status_name(status), slim_session_error(net->session));
}

static void make_ready(test_net *net)
{
  ck_assert_str_eq(slim_graph_error(net->graph), "");
  if (!net->session) {
    slim_error error = { SLIM_OK, "" };
    ck_assert_msg(slim_session_create(net->graph, net->device, NULL, &net->session, &error) == SLIM_OK, "%s",
                  error.text);
  }
  check(net, slim_session_initialize(net->session));
}

size_t test_net_elements(const test_net *net, const slim_tensor *tensor)
{
  slim_shape shape = slim_tensor_shape(tensor);
  if (shape.rank > 0 && shape.dim[0] < 0) {
    shape.dim[0] = net->batch;
  }
  return slim_shape_elements(&shape);
}

static void fetch(test_net *net, slim_tensor *tensor, void *data, size_t bytes)
{
  const slim_fetch wanted = { tensor, data, bytes };
  check(net, slim_session_run(net->session, net->feeds, net->num_feeds, &wanted, 1));
}

void *test_run(test_net *net, slim_tensor *tensor)
{
  const size_t bytes = test_net_elements(net, tensor) * slim_dtype_size(slim_tensor_dtype(tensor));
  void *data = malloc(bytes ? bytes : 1);
  ck_assert_ptr_nonnull(data);
  make_ready(net);
  fetch(net, tensor, data, bytes);
  return data;
}

void test_run_effects(test_net *net, slim_tensor *tensor)
{
  make_ready(net);
  fetch(net, tensor, NULL, 0);
  check(net, slim_session_finish(net->session));
}

void test_set_variable(test_net *net, slim_tensor *variable, const float *values, size_t count)
{
  make_ready(net);
  check(net, slim_session_set_variable(net->session, variable, values, count * sizeof *values));
}

float *test_get_variable(test_net *net, slim_tensor *variable)
{
  const size_t bytes = test_net_elements(net, variable) * sizeof(float);
  float *values = malloc(bytes);
  ck_assert_ptr_nonnull(values);
  make_ready(net);
  check(net, slim_session_get_variable(net->session, variable, values, bytes));
  return values;
}

/* --- gradients ---------------------------------------------------------------------------------------------------- */

typedef struct probe {
  test_net *net;
  slim_tensor *y, *x; /* x: the input or a variable */
  const float *p;     /* the projection, one factor per element of y */
  float *values;      /* of x, count of them */
  size_t count;
} probe;

/* sum(p * y), added up in double. */
static double project(const probe *q)
{
  const size_t n = test_net_elements(q->net, q->y);
  float *y = test_run(q->net, q->y);
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    sum += (double)q->p[i] * (double)y[i];
  }
  free(y);
  return sum;
}

static double project_at(const probe *q, size_t i, float value)
{
  const float kept = q->values[i];
  q->values[i] = value;
  if (q->x != q->net->input) {
    test_set_variable(q->net, q->x, q->values, q->count);
  }
  const double f = project(q);
  q->values[i] = kept;
  return f;
}

static double difference(const probe *q, size_t i, float step)
{
  const float above = q->values[i] + step, below = q->values[i] - step;
  return (project_at(q, i, above) - project_at(q, i, below)) / ((double)above - (double)below);
}

static void assert_one(const probe *q, const float *gradient, float step, float tolerance)
{
  const size_t tried = q->count < TRIED ? q->count : TRIED;
  double largest = 1e-3;
  for (size_t i = 0; i < q->count; i++) {
    const double size = fabs((double)gradient[i]); /* gcc 12 for AArch64 breaks down over fmax here */
    largest = size > largest ? size : largest;
  }
  for (size_t k = 0; k < tried; k++) {
    const size_t i = k * q->count / tried;
    const double wanted = difference(q, i, step);
    ck_assert_msg(fabs((double)gradient[i] - wanted) <= (double)tolerance * largest,
                  "gradient of %s by %s, element %zu: %g, by differences %g (largest %g)", slim_tensor_name(q->y),
                  slim_tensor_name(q->x), i, (double)gradient[i], wanted, largest);
  }
  if (q->x != q->net->input) {
    test_set_variable(q->net, q->x, q->values, q->count);
  }
}

/* All factors lie between 0.5 and 1 in size: each element of y counts. */
static float *make_projection(size_t n, unsigned seed)
{
  float *p = test_numbers(n, seed);
  for (size_t i = 0; i < n; i++) {
    p[i] = p[i] < 0 ? 0.5f * p[i] - 0.5f : 0.5f * p[i] + 0.5f;
  }
  return p;
}

/* sum(p * y) as a node; p is fed, for its batch may be open. */
static slim_tensor *projection_node(test_net *net, slim_tensor *y, const float *p)
{
  slim_tensor *factors = slim_placeholder(net->graph, SLIM_FLOAT32, slim_tensor_shape(y), "projection");
  test_feed(net, factors, p);
  return slim_reduce_sum(slim_mul(y, factors), SLIM_ALL_AXES, false);
}

/* The input and the trainable variables that y depends on. */
static slim_tensor **list_sources(test_net *net, size_t *count)
{
  const slim_tensors variables = slim_get_trainable_variables(net->graph, NULL, NULL);
  slim_tensor **list = calloc(variables.count + 1, sizeof *list);
  ck_assert_ptr_nonnull(list);
  list[0] = net->input;
  for (size_t i = 0; i < variables.count; i++) {
    list[i + 1] = variables.item[i];
  }
  *count = variables.count + 1;
  return list;
}

void test_assert_gradient(test_net *net, slim_tensor *y, float step, float tolerance)
{
  const double epsilon = cbrt((double)FLT_EPSILON);
  step = step > 0 ? step : (float)epsilon;
  tolerance = tolerance > 0 ? tolerance : (float)(40 * epsilon * epsilon);
  slim_get_or_create_global_step(net->graph); /* it stays 0: random ops do the same in each run */
  size_t count = 0, found = 0;
  slim_tensor **xs = list_sources(net, &count);
  float *p = make_projection(test_net_elements(net, y), 99);
  const slim_tensors gradients = slim_gradients(projection_node(net, y, p), (slim_tensors){ count, xs });
  ck_assert_str_eq(slim_graph_error(net->graph), "");
  for (size_t i = 0; i < count; i++) {
    if (gradients.item[i]) {
      probe q = { net, y, xs[i], p, i == 0 ? net->data : test_get_variable(net, xs[i]), test_net_elements(net, xs[i]) };
      float *gradient = test_run(net, gradients.item[i]);
      assert_one(&q, gradient, step, tolerance);
      free(gradient);
      if (i > 0) {
        free(q.values);
      }
      found++;
    }
  }
  ck_assert_msg(found > 0, "%s depends on neither the input nor a variable", slim_tensor_name(y));
  net->num_feeds--;
  free(p);
  free(xs);
}

const char *test_dims(slim_shape shape, int from)
{
  static char text[2][100];
  static int turn;
  size_t at = 0;
  turn = !turn;
  text[turn][0] = '\0';
  for (int i = from; i < shape.rank; i++) {
    at += (size_t)snprintf(text[turn] + at, sizeof text[turn] - at, "%s%d", i > from ? "x" : "", shape.dim[i]);
  }
  return text[turn];
}
