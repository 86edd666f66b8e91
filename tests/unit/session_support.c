#include "session_support.h"

#include <math.h>

slim_device *test_open_device(void)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  slim_error error = { SLIM_OK, "" };
  slim_device *device = NULL;
  ck_assert_msg(slim_device_open(name ? name : "cpu", &device, &error) == SLIM_OK, "%s", error.text);
  return device;
}

bool test_device_available(char *why, size_t size)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  slim_error error = { SLIM_OK, "" };
  slim_device *device = NULL;
  const bool yes = slim_device_open(name ? name : "cpu", &device, &error) == SLIM_OK;
  if (!yes) {
    (void)snprintf(why, size, "%s", error.text);
  }
  slim_device_close(device);
  return yes;
}

/* --- graphs ------------------------------------------------------------------------------------------------------- */

slim_tensor *test_variable(slim_graph *graph, const char *name, slim_dtype dtype, slim_shape shape, const void *values)
{
  const slim_variable_spec spec = { .name = name,
                                    .exact = true,
                                    .dtype = dtype,
                                    .shape = shape,
                                    .values = values,
                                    .initializer = SLIM_ZEROS,
                                    .trainable = true,
                                    .collections = SLIM_GLOBAL_VARIABLES };
  return slim_variable_make(graph, &spec);
}

slim_tensor *test_matmul(slim_tensor *a, slim_tensor *b)
{
  const slim_matmul_attr attr = { 0, 0 };
  return slim_op_add((slim_tensor *[]){ a, b }, 2, &slim_op_matmul, "MatMul", &attr);
}

slim_tensor *test_bias(slim_tensor *x, slim_tensor *bias)
{
  const slim_bias_attr attr = { 0 };
  return slim_op_add((slim_tensor *[]){ x, bias }, 2, &slim_op_bias_add, "BiasAdd", &attr);
}

slim_tensor *test_relu(slim_tensor *x)
{
  const slim_activation_attr attr = { SLIM_ACTIVATION_RELU };
  return slim_op_add(&x, 1, &slim_op_activation, "Relu", &attr);
}

slim_tensor *test_effect(slim_stage stage, const slim_op *op, const char *name, const void *attr,
                         slim_tensor *const *inputs, int num_inputs)
{
  slim_graph *graph = slim_graph_of(inputs[0]);
  const slim_stage before = slim_graph_set_stage(graph, stage);
  slim_tensor *result = slim_op_add(inputs, num_inputs, op, name, attr);
  slim_graph_set_stage(graph, before);
  return result;
}

/* --- the small net ------------------------------------------------------------------------------------------------ */

const float test_small_w[6] = { 1, -2, 3, 4, 5, -6 }, test_small_b[3] = { 0.5f, 1, -1 };
const float test_small_x[8] = { 1, 0.1f, -0.2f, 1, 1, 1, 0.3f, -0.4f };
const float test_small_t[12] = { 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0 };

static slim_tensor *small_train(test_small *net)
{
  slim_tensor *const variables[] = { net->w, net->b };
  const slim_tensors gradients = slim_gradients(net->loss, (slim_tensors){ 2, variables });
  const slim_apply_attr apply = { .variables = 2 };
  const slim_counter_attr count = { 1, 1 };
  net->rate = slim_op_binary_add(slim_constant(net->graph, 0.5f, "half"), slim_constant(net->graph, 0.2f, "fifth"),
                                 SLIM_BINARY_MUL);
  slim_tensor *const updated[] = { net->rate, net->w, gradients.item[0], net->b, gradients.item[1] };
  slim_tensor *descent =
      test_effect(SLIM_STAGE_OPTIMIZE, &slim_op_apply_gradient_descent, "Descent", &apply, updated, 5);
  slim_tensor *counted = test_effect(SLIM_STAGE_STEP, &slim_op_counter, "Count", &count, &net->step, 1);
  return slim_op_add((slim_tensor *[]){ net->loss, descent, counted }, 3, &slim_op_group, "train", NULL);
}

test_small test_small_make(uint64_t seed)
{
  test_small net = { .graph = slim_graph_create(seed) };
  net.x = slim_placeholder(net.graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 2), "x");
  net.t = slim_placeholder(net.graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 3), "t");
  net.w = test_variable(net.graph, "w", SLIM_FLOAT32, SLIM_SHAPE(2, 3), test_small_w);
  net.b = test_variable(net.graph, "b", SLIM_FLOAT32, SLIM_SHAPE(3), test_small_b);
  net.step = slim_create_global_step(net.graph);
  net.y = test_relu(test_bias(test_matmul(net.x, net.w), net.b));
  slim_tensor *squares = slim_op_unary_add(slim_op_binary_add(net.y, net.t, SLIM_BINARY_SUB), SLIM_UNARY_SQUARE, 0, 0);
  slim_tensor *mean = slim_op_reduce_add(squares, SLIM_REDUCE_MEAN, 3, 0);
  net.loss = slim_op_add(&mean, 1, &slim_op_finite_check, "Finite", NULL);
  net.train = small_train(&net);
  ck_assert_str_eq(slim_graph_error(net.graph), "");
  return net;
}

double test_small_step(double *w, double *b, const float *x, const float *t, int batch)
{
  double dw[6] = { 0 }, db[3] = { 0 }, loss = 0;
  for (int n = 0; n < batch; n++) {
    for (int k = 0; k < 3; k++) {
      const double z = (double)x[2 * n] * w[k] + (double)x[2 * n + 1] * w[3 + k] + b[k];
      const double error = fmax(z, 0) - (double)t[3 * n + k];
      const double dz = z > 0 ? 2 * error / (3 * batch) : 0;
      loss += error * error / (3 * batch);
      dw[k] += dz * (double)x[2 * n];
      dw[3 + k] += dz * (double)x[2 * n + 1];
      db[k] += dz;
    }
  }
  for (int i = 0; i < 6; i++) {
    w[i] -= TEST_SMALL_RATE * dw[i];
  }
  for (int i = 0; i < 3; i++) {
    b[i] -= TEST_SMALL_RATE * db[i];
  }
  return loss;
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

void test_ok(const slim_session *session, slim_status status)
{
  ck_assert_msg(status == SLIM_OK, "%s: %s", slim_status_name(status), slim_session_error(session));
}

slim_session *test_session(slim_graph *graph, slim_device *device, slim_values *values)
{
  slim_session *session = NULL;
  slim_error error = { SLIM_OK, "" };
  ck_assert_msg(slim_session_create(graph, device, values, &session, &error) == SLIM_OK, "%s", error.text);
  return session;
}

slim_status test_small_run(slim_session *session, const test_small *net, int batch, slim_tensor *fetch, void *data,
                           size_t bytes)
{
  const slim_feed feeds[] = { { net->x, test_small_x, batch }, { net->t, test_small_t, batch } };
  const slim_fetch wanted = { fetch, data, bytes };
  return slim_session_run(session, feeds, 2, &wanted, 1);
}

test_small_session test_small_open(void)
{
  test_small_session f = { .net = test_small_make(7), .device = test_open_device() };
  f.session = test_session(f.net.graph, f.device, NULL);
  return f;
}

test_small_session test_small_ready(void)
{
  test_small_session f = test_small_open();
  test_ok(f.session, slim_session_initialize(f.session));
  return f;
}

void test_small_close(test_small_session *f)
{
  slim_session_destroy(f->session);
  slim_device_close(f->device);
  slim_graph_destroy(f->net.graph);
}

void test_error(const test_small_session *f, slim_status status, slim_status wanted, const char *text)
{
  ck_assert_str_eq(slim_session_error(f->session), text);
  ck_assert_str_eq(slim_status_name(status), slim_status_name(wanted));
}
