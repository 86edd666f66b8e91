/*
 * A graph with one fed input, on the device named by SLIM_TEST_DEVICE ("cpu" without it), through the public headers:
 *
 *   test_net net = test_open((const int[4]){ 2, 5, 5, 3 }, 1);
 *   slim_tensor *y = slim_conv2d(net.input, 4, SLIM_HW(3, 3));
 *   float *values = test_run(&net, y);
 *   test_assert_gradient(&net, y, 0, 0);
 *   free(values);
 *   test_close(&net);
 *
 * A failed call fails the test with the library's text.
 */
#ifndef TEST_NET_H
#define TEST_NET_H

#include "slim/graph.h"
#include "slim/session.h"
#include "test_main.h"

#define TEST_NET_FEEDS 8

typedef struct test_net {
  slim_graph *graph;
  slim_device *device;
  slim_session *session; /* made by the first run */
  slim_tensor *input;    /* float32 placeholder with an open batch */
  int batch;
  float *data; /* what the input is fed: of test_numbers */
  size_t elements;
  slim_feed feeds[TEST_NET_FEEDS]; /* the input first */
  size_t num_feeds;
} test_net;

/* For TEST_MAIN: is the device there? */
bool test_net_available(char *why, size_t size);

/* in: the input's n, h, w, c. seed: of the graph and the data. */
test_net test_open(const int in[4], unsigned seed);
/* The same for any shape; dim[0] is the batch. */
test_net test_open_shape(slim_shape shape, unsigned seed);
void test_close(test_net *net);

/* Feeds one more placeholder from now on; data is borrowed. */
void test_feed(test_net *net, slim_tensor *placeholder, const void *data);
/* Variables get their initial values where they have none. A tensor may have any type. @return its values, to be freed.
 */
void *test_run(test_net *net, slim_tensor *tensor);
/* Runs tensors for their effects. */
void test_run_effects(test_net *net, slim_tensor *tensor);
/* Elements of the tensor with the batch bound. */
size_t test_net_elements(const test_net *net, const slim_tensor *tensor);
/* A float32 variable's value: set (count elements), get (to be freed). */
void test_set_variable(test_net *net, slim_tensor *variable, const float *values, size_t count);
float *test_get_variable(test_net *net, slim_tensor *variable);

/* n different numbers in (-1, 1), at least 0.05 in size, in an order that depends on the seed; to be freed. */
float *test_numbers(size_t n, unsigned seed);

/* Compares the gradients of sum(p * y), p random and fixed, by the input and by each trainable variable with central
 * differences of size step. A difference is an error when it is above tolerance times the largest gradient of the
 * tensor. step 0, tolerance 0: what float32 allows, its epsilon to the power 1/3, and 40 times that to 2/3.
 * More than 16 elements: 16 of them are tried. */
void test_assert_gradient(test_net *net, slim_tensor *y, float step, float tolerance);

/* "5x5x1x32", from dimension number from on; two results of it live at a time. */
const char *test_dims(slim_shape shape, int from);

#endif
