/* Small graphs made of bare ops, for tests of the session. */
#ifndef SESSION_SUPPORT_H
#define SESSION_SUPPORT_H

#include "ops/ops.h"
#include "slim/session.h"
#include "test_main.h"

#include <stdlib.h>

static inline slim_device *test_open_device(void)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  slim_error error = { SLIM_OK, "" };
  slim_device *device = NULL;
  ck_assert_msg(slim_device_open(name ? name : "cpu", &device, &error) == SLIM_OK, "%s", error.text);
  return device;
}

static inline bool test_device_available(char *why, size_t size)
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

static inline slim_tensor *test_variable(slim_graph *graph, const char *name, slim_dtype dtype, slim_shape shape,
                                         const void *values)
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

static inline slim_tensor *test_matmul(slim_tensor *a, slim_tensor *b)
{
  const slim_matmul_attr attr = { 0, 0 };
  return slim_op_add((slim_tensor *[]){ a, b }, 2, &slim_op_matmul, "MatMul", &attr);
}

static inline slim_tensor *test_bias(slim_tensor *x, slim_tensor *bias)
{
  const slim_bias_attr attr = { 0 };
  return slim_op_add((slim_tensor *[]){ x, bias }, 2, &slim_op_bias_add, "BiasAdd", &attr);
}

static inline slim_tensor *test_relu(slim_tensor *x)
{
  const slim_activation_attr attr = { SLIM_ACTIVATION_RELU };
  return slim_op_add(&x, 1, &slim_op_activation, "Relu", &attr);
}

#endif
