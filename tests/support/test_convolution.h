/* Convolutions and depthwise convolutions in all three passes, with what loops in double make of them. */
#ifndef TEST_CONVOLUTION_H
#define TEST_CONVOLUTION_H

#include "test_op.h"

typedef enum test_pass { TEST_FORWARD, TEST_INPUT_GRADIENT, TEST_WEIGHTS_GRADIENT } test_pass;
#define TEST_PASSES 3

/* Weights are [kernel.h, kernel.w, c, outputs]; of a depthwise convolution outputs counts those of each channel. */
typedef struct test_convolution {
  const char *label;
  int n, h, w, c, outputs;
  slim_hw kernel, stride, rate;
  slim_padding padding;
  int nchw;
} test_convolution;

/* The op of a pass: forward, gradient by input, gradient by weights. */
typedef struct test_convolution_ops {
  bool depthwise;
  const slim_op *op[TEST_PASSES];
} test_convolution_ops;

/* Channels of the result. */
int test_convolution_channels(const test_convolution *c, bool depthwise);
/* Fills t in with random inputs. attr must live as long as t. */
void test_convolution_open(test_op *t, const test_convolution *c, const test_convolution_ops *ops, test_pass pass,
                           const slim_conv2d_attr *attr);
/* The result of a pass over the inputs of t, and for each element the sum of its products' absolute values. Free both. */
void test_convolution_loops(const test_op *t, const test_convolution *c, bool depthwise, test_pass pass, double **want,
                            double **scale);
/* Products in the longest sum of a pass. */
size_t test_convolution_terms(const test_op *t, const test_convolution *c, bool depthwise, test_pass pass);

#endif
