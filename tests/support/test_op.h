/*
 * One op, or a group of fused ops, on the device named by SLIM_TEST_DEVICE ("cpu" without it): arrays in, arrays out, by
 * way of the backend's own table. The arrays come from and go to the test, which compares them with loops in double.
 */
#ifndef TEST_OP_H
#define TEST_OP_H

#include "backend/backend.h"
#include "test_main.h"

#define TEST_OP_MAX 16

/* data: elements of dtype in host memory; of an output NULL: nobody reads it. Variables among the inputs are read back. */
typedef struct test_tensor {
  slim_dtype dtype;
  slim_shape shape;
  void *data;
} test_tensor;

typedef struct test_op {
  const slim_op *op;
  const void *attr;
  int num_in, num_out;
  test_tensor in[TEST_OP_MAX], out[TEST_OP_MAX];
  int folded; /* input that is as a plan has weights it folded: they stay, and the step may keep them packed; 0: none */
  slim_shape unpooled; /* of what a max_pool2d that ends a group takes; rank 0: none does */
  bool least; /* nothing smaller runs the same kernels: it is not left out where it takes long */
} test_op;

/* Ops to fuse behind the first: each takes the result of the one before as input chain; its other inputs stand in in[]
 * behind those of the ops before. */
typedef struct test_fused {
  const slim_op *op;
  const void *attr;
  int inputs, chain;
} test_fused;

/* For TEST_OP_MAIN: is the device there? And the end of the one that all tests of a program share without forks: not at
 * exit, when some drivers have already let go of what they need for it. */
bool test_op_available(char *why, size_t size);
void test_op_close(void);

/* TEST_MAIN of a program whose tests run ops on the device. */
#define TEST_OP_MAIN(name_, build_)                                                                                    \
  int main(void)                                                                                                       \
  {                                                                                                                    \
    const int status = test_main(name_, build_, test_op_available);                                                    \
    test_op_close();                                                                                                   \
    return status;                                                                                                     \
  }

/* Is the device the CPU backend? */
bool test_op_on_cpu(void);
/* Is it, or an OpenCL device, of the class of CPUs? */
bool test_op_like_cpu(void);
/* Is it left out on the device, where it would take minutes? */
bool test_op_takes_too_long(const test_op *t);
/* Runs the op and fills out[].data. Fails the test when the shape rule gives other shapes than out[], when bytes around
 * an output or the workspace change, when an output stays unwritten, or when a second run gives other bits.
 * @return false when the device has no kernel for it (then the session would run it on the CPU), or it is left out. */
bool test_op_run(test_op *t, const slim_run *run);
/* The same for t->op with more ops fused behind. Also false when the device does not fuse them. */
bool test_op_run_fused(test_op *t, const test_fused *more, int count, const slim_run *run);
/* Sets, or reads and clears, the device's finite flag; the device is kept for all tests of a program. */
void test_op_flag_clear(void);
bool test_op_flag_read(void);

/* n numbers in [-1, 1), the same for the same seed. Free them. */
float *test_floats(size_t n, unsigned seed);
/* The next number of a series: *state starts as the seed. */
uint32_t test_random(uint32_t *state);
size_t test_elements(slim_shape shape);
/* A float32 tensor of random numbers; data is to be freed. */
test_tensor test_random_tensor(slim_shape shape, unsigned seed);
/* Rounds a float32 tensor to numbers that halves can be, and makes it such halves. */
void test_round_to_halves(test_tensor *tensor);
void test_make_halves(test_tensor *tensor);
/* A float32 output; data is to be freed. */
test_tensor test_output(slim_shape shape);
void test_op_free(test_op *t);

/* |got - want| <= tolerance * scale, where scale is the largest |want|. */
void test_assert_near(const float *got, const double *want, size_t n, double tolerance, const char *label);
/* |got[i] - want[i]| <= tolerance * scale[i]. scale: what was added up, in absolute values. */
void test_assert_sums(const float *got, const double *want, const double *scale, size_t n, double tolerance,
                      const char *label);
/* The tolerance of a sum of k products in float32: rounding errors of 2^-24 each, which add up like a random walk. */
double test_sum_tolerance(size_t k);

#endif
