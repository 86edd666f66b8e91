/* Small graphs made of bare ops, for tests of the session. */
#ifndef SESSION_SUPPORT_H
#define SESSION_SUPPORT_H

#include "ops/ops.h"
#include "slim/session.h"
#include "test_main.h"

#include <stdlib.h>

/* The device named by SLIM_TEST_DEVICE, "cpu" without it. */
slim_device *test_open_device(void);
bool test_device_available(char *why, size_t size);

slim_tensor *test_variable(slim_graph *graph, const char *name, slim_dtype dtype, slim_shape shape, const void *values);
slim_tensor *test_matmul(slim_tensor *a, slim_tensor *b);
slim_tensor *test_bias(slim_tensor *x, slim_tensor *bias);
slim_tensor *test_relu(slim_tensor *x);
slim_tensor *test_effect(slim_stage stage, const slim_op *op, const char *name, const void *attr,
                         slim_tensor *const *inputs, int num_inputs);

/* y = relu(x w + b) with x [?,2] and w [2,3]; loss = mean((y - t)^2), checked to be finite; train: the loss, after
 * plain gradient descent with rate 0.5 * 0.2 and a step of global_step. */
typedef struct test_small {
  slim_graph *graph;
  slim_tensor *x, *t, *w, *b, *y, *loss, *rate, *step, *train;
} test_small;

#define TEST_SMALL_RATE 0.1
extern const float test_small_w[6], test_small_b[3];

test_small test_small_make(uint64_t seed);
/* Data of four samples: x [4,2], t [4,3]. */
extern const float test_small_x[8], test_small_t[12];
/* One step of the same in double: w and b change, the loss comes back. */
double test_small_step(double *w, double *b, const float *x, const float *t, int batch);

/* Fails the test with the session's text unless status is SLIM_OK. */
void test_ok(const slim_session *session, slim_status status);
slim_session *test_session(slim_graph *graph, slim_device *device, slim_values *values);
/* Runs small with its data; data NULL: for the effect. */
slim_status test_small_run(slim_session *session, const test_small *net, int batch, slim_tensor *fetch, void *data,
                           size_t bytes);

/* The small net with a session on the device under test; ready: its variables have their initial values. */
typedef struct test_small_session {
  test_small net;
  slim_device *device;
  slim_session *session;
} test_small_session;

test_small_session test_small_open(void);
test_small_session test_small_ready(void);
void test_small_close(test_small_session *f);
/* status is wanted, and the session says text. */
void test_error(const test_small_session *f, slim_status status, slim_status wanted, const char *text);

#endif
