/* Every op of the OpenCL backend against the CPU backend, step by step, without graph or session. */
#include "test_main.h"

#include "opencl_support.h"

#include <math.h>

#define MOST 8
#define TOLERANCE 2e-5f

/* What an input is filled with. */
enum fill { NORMAL, POSITIVE, LABELS, SCALAR };

typedef struct op_case {
  const char *label;
  const slim_op *op;
  const void *attr;
  int inputs;
  slim_shape in[MOST];
  slim_dtype type[MOST]; /* none: float32 */
  enum fill fill[MOST];
} op_case;

#define S4(n_, h_, w_, c_)                                                                                             \
  {                                                                                                                    \
    4,                                                                                                                 \
    {                                                                                                                  \
      n_, h_, w_, c_                                                                                                   \
    }                                                                                                                  \
  }
#define S2(m_, n_)                                                                                                     \
  {                                                                                                                    \
    2,                                                                                                                 \
    {                                                                                                                  \
      m_, n_                                                                                                           \
    }                                                                                                                  \
  }
#define S1(n_)                                                                                                         \
  {                                                                                                                    \
    1,                                                                                                                 \
    {                                                                                                                  \
      n_                                                                                                               \
    }                                                                                                                  \
  }
#define S0                                                                                                             \
  {                                                                                                                    \
    0,                                                                                                                 \
    {                                                                                                                  \
      0                                                                                                                \
    }                                                                                                                  \
  }
#define CONV(kh_, kw_, sh_, sw_, r_, pad_)                                                                             \
  &(const slim_conv2d_attr)                                                                                            \
  {                                                                                                                    \
    .stride = { sh_, sw_ }, .rate = { r_, r_ }, .padding = pad_                                                        \
  }
#define POOL(k_, s_, pad_)                                                                                             \
  &(const slim_pool2d_attr)                                                                                            \
  {                                                                                                                    \
    { k_, k_ }, { s_, s_ }, pad_, 0                                                                                    \
  }

static const slim_activation_attr relu = { SLIM_ACTIVATION_RELU };
static const op_case cases[] = {
  { "relu", &slim_op_activation, &relu, 1, .in = { S2(37, 53) } },
  { "relu6", &slim_op_activation, &(const slim_activation_attr){ SLIM_ACTIVATION_RELU6 }, 1, .in = { S2(3, 5) } },
  { "sigmoid", &slim_op_activation, &(const slim_activation_attr){ SLIM_ACTIVATION_SIGMOID }, 1, .in = { S1(1000) } },
  { "tanh", &slim_op_activation, &(const slim_activation_attr){ SLIM_ACTIVATION_TANH }, 1, .in = { S1(1) } },
  { "relu gradient", &slim_op_activation_gradient, &relu, 2, .in = { S2(37, 53), S2(37, 53) } },
  { "tanh gradient", &slim_op_activation_gradient, &(const slim_activation_attr){ SLIM_ACTIVATION_TANH }, 2,
    .in = { S1(77), S1(77) } },
  { "sqrt", &slim_op_unary, &(const slim_unary_attr){ SLIM_UNARY_SQRT, 0, 0 }, 1, .in = { S1(300) },
    .fill = { POSITIVE } },
  { "scale_add", &slim_op_unary, &(const slim_unary_attr){ SLIM_UNARY_SCALE_ADD, 3.0f, -1.5f }, 1, .in = { S1(300) } },
  { "exp", &slim_op_unary, &(const slim_unary_attr){ SLIM_UNARY_EXP, 0, 0 }, 1, .in = { S1(300) } },
  { "log", &slim_op_unary, &(const slim_unary_attr){ SLIM_UNARY_LOG, 0, 0 }, 1, .in = { S1(300) },
    .fill = { POSITIVE } },
  { "add", &slim_op_binary, &(const slim_binary_attr){ SLIM_BINARY_ADD }, 2, .in = { S4(2, 3, 4, 5), S4(2, 3, 4, 5) } },
  { "mul by channel", &slim_op_binary, &(const slim_binary_attr){ SLIM_BINARY_MUL }, 2,
    .in = { S4(2, 3, 4, 5), S1(5) } },
  { "div middle", &slim_op_binary, &(const slim_binary_attr){ SLIM_BINARY_DIV }, 2,
    .in = { S4(2, 1, 4, 1), S4(2, 3, 1, 5) }, .fill = { NORMAL, POSITIVE } },
  { "sub scalar", &slim_op_binary, &(const slim_binary_attr){ SLIM_BINARY_SUB }, 2, .in = { S0, S2(7, 3) } },
  { "equal",
    &slim_op_binary,
    &(const slim_binary_attr){ SLIM_BINARY_EQUAL },
    2,
    .in = { S1(90), S1(90) },
    { SLIM_INT64, SLIM_INT64 },
    { LABELS, LABELS } },
  { "add_n", &slim_op_add_n, NULL, 6, .in = { S2(5, 7), S2(5, 7), S2(5, 7), S2(5, 7), S2(5, 7), S2(5, 7) } },
  { "dropout", &slim_op_dropout, &(const slim_dropout_attr){ .keep_prob = 0.5f, .hash_low = 77, .hash_high = 3 }, 1,
    .in = { S2(33, 41) } },
  { "dropout by row", &slim_op_dropout,
    &(const slim_dropout_attr){ .keep_prob = 0.3f, .hash_low = 5, .noise = { 2, { 33, 1 } } }, 1,
    .in = { S2(33, 41) } },
  { "truncated_normal", &slim_op_truncated_normal, &(const slim_truncated_normal_attr){ 0.5f, 5, 6 }, 1,
    .in = { S2(33, 41) } },
  { "cast", &slim_op_cast, &(const slim_cast_attr){ SLIM_FLOAT32 }, 1, .in = { S1(99) }, { SLIM_INT64 }, { LABELS } },
  { "cast back", &slim_op_cast, &(const slim_cast_attr){ SLIM_INT32 }, 1, .in = { S1(99) } },
  { "bias_add", &slim_op_bias_add, &(const slim_bias_attr){ 0 }, 2, .in = { S4(2, 5, 3, 7), S1(7) } },
  { "bias_add nchw", &slim_op_bias_add, &(const slim_bias_attr){ 1 }, 2, .in = { S4(2, 7, 5, 3), S1(7) } },
  { "bias gradient", &slim_op_bias_add_gradient, &(const slim_bias_attr){ 0 }, 1, .in = { S4(9, 28, 28, 3) } },
  { "bias gradient nchw", &slim_op_bias_add_gradient, &(const slim_bias_attr){ 1 }, 1, .in = { S4(9, 3, 28, 28) } },
  { "bias_add vectors", &slim_op_bias_add, &(const slim_bias_attr){ 0 }, 2, .in = { S4(2, 5, 3, 32), S1(32) } },
  { "bias gradient vectors", &slim_op_bias_add_gradient, &(const slim_bias_attr){ 0 }, 1, .in = { S4(9, 28, 28, 32) } },
  { "mul scalar", &slim_op_binary, &(const slim_binary_attr){ SLIM_BINARY_MUL }, 2, .in = { S2(9, 11), S0 } },
  { "greater", &slim_op_binary, &(const slim_binary_attr){ SLIM_BINARY_GREATER }, 2, .in = { S2(9, 11), S2(9, 11) } },
  { "max of columns", &slim_op_reduce, &(const slim_reduce_attr){ SLIM_REDUCE_MAX, 1u, 0 }, 1, .in = { S2(700, 32) } },
  { "mean of rows", &slim_op_reduce, &(const slim_reduce_attr){ SLIM_REDUCE_MEAN, 2u, 0 }, 1, .in = { S2(40, 301) } },
  { "avg_pool2d vectors", &slim_op_avg_pool2d, POOL(3, 2, SLIM_SAME), 1, .in = { S4(2, 9, 8, 32) } },
  { "avg_pool2d gradient vectors", &slim_op_avg_pool2d_gradient, POOL(3, 2, SLIM_SAME), 2,
    .in = { S4(2, 5, 4, 32), S4(2, 9, 8, 32) } },
  { "batch_norm vectors", &slim_op_batch_norm, &(const slim_batch_norm_attr){ 1e-3f, 1, 1, 0, SLIM_ACTIVATION_NONE }, 5,
    .in = { S4(8, 14, 14, 32), S1(32), S1(32), S1(32), S1(32) } },
  { "batch_norm gradient vectors", &slim_op_batch_norm_gradient, &(const slim_batch_norm_attr){ 1e-3f, 1, 1, 0, SLIM_ACTIVATION_NONE }, 5,
    .in = { S4(8, 14, 14, 32), S4(8, 14, 14, 32), S1(32), S1(32), S1(32) } },
  { "reshape", &slim_op_reshape, &(const slim_reshape_attr){ { 2, { 6, -1 } } }, 1, .in = { S4(2, 3, 4, 5) } },
  { "transpose", &slim_op_transpose, &(const slim_transpose_attr){ 4, { 0, 3, 1, 2 } }, 1, .in = { S4(2, 3, 4, 5) } },
  { "transpose 2", &slim_op_transpose, &(const slim_transpose_attr){ 2, { 1, 0 } }, 1, .in = { S2(19, 23) } },
  { "concat", &slim_op_concat, &(const slim_concat_attr){ 3 }, 3,
    .in = { S4(2, 3, 4, 5), S4(2, 3, 4, 1), S4(2, 3, 4, 7) } },
  { "slice", &slim_op_slice, &(const slim_slice_attr){ 4, { 1, 0, 2, 1 }, { 1, -1, 2, 3 }, 0 }, 1,
    .in = { S4(2, 3, 4, 5) } },
  { "pad", &slim_op_pad, &(const slim_pad_attr){ 4, { 0, 1, 2, 0 }, { 0, 3, 1, 1 } }, 1, .in = { S4(2, 3, 4, 5) } },
  { "broadcast_like", &slim_op_broadcast_like, &(const slim_broadcast_attr){ 6u, 1 }, 2,
    .in = { S4(2, 1, 1, 5), S4(2, 3, 4, 5) } },
  { "concat rows", &slim_op_concat, &(const slim_concat_attr){ 3 }, 3,
    .in = { S4(2, 9, 7, 37), S4(2, 9, 7, 16), S4(2, 9, 7, 64) } },
  { "slice rows", &slim_op_slice, &(const slim_slice_attr){ 4, { 1, 0, 2, 1 }, { 2, -1, 5, 33 }, 0 }, 1,
    .in = { S4(3, 5, 8, 40) } },
  { "slice of images", &slim_op_slice, &(const slim_slice_attr){ 4, { 1, 0, 0, 0 }, { 2, -1, -1, -1 }, 0 }, 1,
    .in = { S4(4, 9, 8, 80) } },
  { "pad rows", &slim_op_pad, &(const slim_pad_attr){ 4, { 0, 1, 2, 0 }, { 0, 3, 1, 0 } }, 1, .in = { S4(2, 7, 9, 19) } },
  { "broadcast_like rows", &slim_op_broadcast_like, &(const slim_broadcast_attr){ 6u, 1 }, 2,
    .in = { S4(2, 1, 1, 43), S4(2, 7, 6, 43) } },
  { "sum of all", &slim_op_reduce, &(const slim_reduce_attr){ SLIM_REDUCE_SUM, 3u, 0 }, 1, .in = { S2(301, 203) } },
  { "mean of images", &slim_op_reduce, &(const slim_reduce_attr){ SLIM_REDUCE_MEAN, 6u, 1 }, 1,
    .in = { S4(3, 8, 9, 5) } },
  { "max of rows", &slim_op_reduce, &(const slim_reduce_attr){ SLIM_REDUCE_MAX, 2u, 0 }, 1, .in = { S2(40, 30) } },
  { "half squares", &slim_op_reduce, &(const slim_reduce_attr){ SLIM_REDUCE_HALF_SQUARES, 15u, 0 }, 1,
    .in = { S4(5, 5, 32, 64) } },
  { "argmax", &slim_op_argmax, &(const slim_argmax_attr){ 1 }, 1, .in = { S2(32, 10) } },
  { "argmax middle", &slim_op_argmax, &(const slim_argmax_attr){ 1 }, 1, .in = { { 3, { 4, 9, 5 } } } },
  { "one_hot",
    &slim_op_one_hot,
    &(const slim_one_hot_attr){ 8, 0.9f, 0.1f },
    1,
    .in = { S1(32) },
    { SLIM_INT64 },
    { LABELS } },
  { "in_top_k",
    &slim_op_in_top_k,
    &(const slim_in_top_k_attr){ 3 },
    2,
    .in = { S2(32, 10), S1(32) },
    { SLIM_DTYPE_NONE, SLIM_INT64 },
    { NORMAL, LABELS } },
  { "top_k", &slim_op_top_k, &(const slim_top_k_attr){ 3 }, 1, .in = { S2(32, 10) } },
  { "cumsum", &slim_op_cumsum, &(const slim_cumsum_attr){ 1, 1, 0 }, 1, .in = { { 3, { 4, 9, 5 } } } },
  { "softmax", &slim_op_softmax, NULL, 1, .in = { S2(32, 10) } },
  { "softmax gradient", &slim_op_softmax_gradient, NULL, 2, .in = { S2(32, 10), S2(32, 10) } },
  { "softmax cross entropy", &slim_op_softmax_cross_entropy, NULL, 2, .in = { S2(32, 10), S2(32, 10) },
    .fill = { NORMAL, POSITIVE } },
  { "sparse cross entropy",
    &slim_op_sparse_softmax_cross_entropy,
    NULL,
    2,
    .in = { S2(32, 10), S1(32) },
    { SLIM_DTYPE_NONE, SLIM_INT64 },
    { NORMAL, LABELS } },
  { "sigmoid cross entropy", &slim_op_sigmoid_cross_entropy, NULL, 2, .in = { S2(32, 10), S2(32, 10) } },
  { "finite_check", &slim_op_finite_check, NULL, 1, .in = { S0 } },
  { "assign", &slim_op_assign, &(const slim_assign_attr){ 0 }, 2, .in = { S1(70), S1(70) } },
  { "assign int64",
    &slim_op_assign,
    &(const slim_assign_attr){ 0 },
    2,
    .in = { S1(7), S1(7) },
    { SLIM_INT64, SLIM_INT64 },
    { LABELS, LABELS } },
  { "moving average", &slim_op_assign_moving_average, &(const slim_assign_attr){ 0.9f }, 2, .in = { S1(70), S1(70) } },
  { "gradient descent", &slim_op_apply_gradient_descent, &(const slim_apply_attr){ .variables = 2 }, 5,
    .in = { S0, S2(100, 60), S2(100, 60), S1(3), S1(3) }, .fill = { SCALAR } },
  { "momentum", &slim_op_apply_momentum, &(const slim_apply_attr){ .variables = 1, .momentum = 0.9f }, 4,
    .in = { S0, S1(5000), S1(5000), S1(5000) }, .fill = { SCALAR } },
  { "nesterov", &slim_op_apply_momentum, &(const slim_apply_attr){ .variables = 1, .momentum = 0.9f, .nesterov = 1 }, 4,
    .in = { S0, S1(50), S1(50), S1(50) }, .fill = { SCALAR } },
  { "adam", &slim_op_apply_adam,
    &(const slim_apply_attr){ .variables = 1, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-3f }, 7,
    .in = { S0, S0, S0, S2(70, 90), S2(70, 90), S2(70, 90), S2(70, 90) },
    .fill = { SCALAR, SCALAR, SCALAR, NORMAL, NORMAL, POSITIVE } },
  { "adagrad", &slim_op_apply_adagrad, &(const slim_apply_attr){ .variables = 1 }, 4,
    .in = { S0, S1(5000), S1(5000), S1(5000) }, .fill = { SCALAR, NORMAL, POSITIVE } },
  { "adadelta", &slim_op_apply_adadelta, &(const slim_apply_attr){ .variables = 1, .decay = 0.9f, .epsilon = 1e-2f }, 5,
    .in = { S0, S1(50), S1(50), S1(50), S1(50) }, .fill = { SCALAR, NORMAL, POSITIVE, POSITIVE } },
  { "ftrl", &slim_op_apply_ftrl,
    &(const slim_apply_attr){ .variables = 1, .learning_rate_power = -0.75f, .l1 = 0.1f, .l2 = 0.2f }, 5,
    .in = { S0, S1(50), S1(50), S1(50), S1(50) }, .fill = { SCALAR, NORMAL, POSITIVE } },
  { "proximal gradient descent", &slim_op_apply_proximal_gradient_descent,
    &(const slim_apply_attr){ .variables = 1, .l1 = 0.1f, .l2 = 0.2f }, 3, .in = { S0, S1(50), S1(50) },
    .fill = { SCALAR } },
  { "proximal adagrad", &slim_op_apply_proximal_adagrad, &(const slim_apply_attr){ .variables = 1, .l1 = 0.1f, .l2 = 0.2f },
    4, .in = { S0, S1(50), S1(50), S1(50) }, .fill = { SCALAR, NORMAL, POSITIVE } },
  { "rms_prop centered", &slim_op_apply_rms_prop,
    &(const slim_apply_attr){ .variables = 1, .momentum = 0.5f, .decay = 0.9f, .epsilon = 8.0f, .centered = 1 }, 6,
    .in = { S0, S1(50), S1(50), S1(50), S1(50), S1(50) }, .fill = { SCALAR, NORMAL, POSITIVE } },
  { "rms_prop", &slim_op_apply_rms_prop,
    &(const slim_apply_attr){ .variables = 1, .momentum = 0.9f, .decay = 0.9f, .epsilon = 1e-2f }, 5,
    .in = { S0, S1(50), S1(50), S1(50), S1(50) }, .fill = { SCALAR, NORMAL, POSITIVE } },
  { "max_pool2d", &slim_op_max_pool2d, POOL(2, 2, SLIM_VALID), 1, .in = { S4(2, 9, 8, 5) } },
  { "max_pool2d same", &slim_op_max_pool2d, POOL(3, 2, SLIM_SAME), 1, .in = { S4(2, 9, 8, 5) } },
  { "max_pool2d lenet", &slim_op_max_pool2d, POOL(2, 2, SLIM_VALID), 1, .in = { S4(8, 28, 28, 32) } },
  { "max_pool2d nchw", &slim_op_max_pool2d, &(const slim_pool2d_attr){ { 2, 3 }, { 2, 1 }, SLIM_SAME, 1 }, 1,
    .in = { S4(2, 5, 9, 8) } },
  { "avg_pool2d", &slim_op_avg_pool2d, POOL(3, 2, SLIM_SAME), 1, .in = { S4(2, 9, 8, 5) } },
  { "avg_pool2d gradient", &slim_op_avg_pool2d_gradient, POOL(3, 2, SLIM_SAME), 2,
    .in = { S4(2, 5, 4, 5), S4(2, 9, 8, 5) } },
  { "batch_norm", &slim_op_batch_norm, &(const slim_batch_norm_attr){ 1e-3f, 1, 1, 0, SLIM_ACTIVATION_NONE }, 5,
    .in = { S4(8, 14, 14, 19), S1(19), S1(19), S1(19), S1(19) } },
  { "batch_norm nchw", &slim_op_batch_norm, &(const slim_batch_norm_attr){ 1e-3f, 1, 0, 1, SLIM_ACTIVATION_NONE }, 5,
    .in = { S4(8, 19, 14, 14), S1(19), S1(19), S1(19), S1(19) } },
  { "batch_norm given", &slim_op_batch_norm, &(const slim_batch_norm_attr){ 1e-3f, 0, 0, 0, SLIM_ACTIVATION_NONE }, 5,
    .in = { S4(2, 3, 3, 19), S1(19), S1(19), S1(19), S1(19) }, .fill = { 0, 0, 0, 0, POSITIVE } },
  { "batch_norm gradient", &slim_op_batch_norm_gradient, &(const slim_batch_norm_attr){ 1e-3f, 1, 1, 0, SLIM_ACTIVATION_NONE }, 5,
    .in = { S4(8, 14, 14, 19), S4(8, 14, 14, 19), S1(19), S1(19), S1(19) } },
  { "batch_norm gradient given", &slim_op_batch_norm_gradient, &(const slim_batch_norm_attr){ 1e-3f, 0, 0, 0, SLIM_ACTIVATION_NONE }, 5,
    .in = { S4(2, 3, 3, 19), S4(2, 3, 3, 19), S1(19), S1(19), S1(19) } },
  { "matmul", &slim_op_matmul, &(const slim_matmul_attr){ 0, 0 }, 2, .in = { S2(37, 53), S2(53, 29) } },
  { "matmul a^T", &slim_op_matmul, &(const slim_matmul_attr){ 1, 0 }, 2, .in = { S2(53, 37), S2(53, 29) } },
  { "matmul b^T", &slim_op_matmul, &(const slim_matmul_attr){ 0, 1 }, 2, .in = { S2(37, 53), S2(29, 53) } },
  { "matmul a^T b^T", &slim_op_matmul, &(const slim_matmul_attr){ 1, 1 }, 2, .in = { S2(53, 37), S2(29, 53) } },
  { "matmul 1", &slim_op_matmul, &(const slim_matmul_attr){ 0, 0 }, 2, .in = { S2(1, 1), S2(1, 1) } },
  { "matmul 300", &slim_op_matmul, &(const slim_matmul_attr){ 0, 0 }, 2, .in = { S2(300, 515), S2(515, 257) } },
  { "matmul a^T 300", &slim_op_matmul, &(const slim_matmul_attr){ 1, 0 }, 2, .in = { S2(515, 300), S2(515, 257) } },
  { "matmul b^T 300", &slim_op_matmul, &(const slim_matmul_attr){ 0, 1 }, 2, .in = { S2(300, 515), S2(257, 515) } },
  { "matmul rows", &slim_op_matmul, &(const slim_matmul_attr){ 0, 0 }, 2, .in = { S4(2, 3, 4, 20), S2(20, 10) } },
  { "conv2d first", &slim_op_conv2d, CONV(5, 5, 1, 1, 1, SLIM_SAME), 2, .in = { S4(3, 28, 28, 1), S4(5, 5, 1, 32) } },
  { "conv2d second", &slim_op_conv2d, CONV(5, 5, 1, 1, 1, SLIM_SAME), 2,
    .in = { S4(3, 14, 14, 32), S4(5, 5, 32, 64) } },
  { "conv2d 1x1", &slim_op_conv2d, CONV(1, 1, 1, 1, 1, SLIM_VALID), 2, .in = { S4(2, 7, 7, 40), S4(1, 1, 40, 24) } },
  { "conv2d stride", &slim_op_conv2d, CONV(3, 3, 2, 2, 1, SLIM_SAME), 2, .in = { S4(2, 15, 12, 5), S4(3, 3, 5, 7) } },
  { "conv2d rate", &slim_op_conv2d, CONV(3, 3, 1, 1, 2, SLIM_VALID), 2, .in = { S4(2, 15, 12, 5), S4(3, 3, 5, 7) } },
  { "conv2d 7x7", &slim_op_conv2d, CONV(7, 7, 2, 2, 1, SLIM_SAME), 2, .in = { S4(1, 33, 31, 3), S4(7, 7, 3, 17) } },
  { "conv2d nchw", &slim_op_conv2d, &(const slim_conv2d_attr){ .stride = { 2, 1 }, .rate = { 1, 1 }, .padding = SLIM_SAME, .nchw = 1 }, 2,
    .in = { S4(2, 5, 15, 12), S4(3, 2, 5, 7) } },
  { "input gradient", &slim_op_conv2d_input_gradient, CONV(5, 5, 1, 1, 1, SLIM_SAME), 3,
    .in = { S4(3, 14, 14, 64), S4(5, 5, 32, 64), S4(3, 14, 14, 32) } },
  { "input gradient stride", &slim_op_conv2d_input_gradient, CONV(3, 3, 2, 2, 1, SLIM_SAME), 3,
    .in = { S4(2, 8, 6, 7), S4(3, 3, 5, 7), S4(2, 15, 12, 5) } },
  { "input gradient rate", &slim_op_conv2d_input_gradient, CONV(3, 3, 1, 1, 2, SLIM_VALID), 3,
    .in = { S4(2, 11, 8, 7), S4(3, 3, 5, 7), S4(2, 15, 12, 5) } },
  { "weights gradient", &slim_op_conv2d_weights_gradient, CONV(5, 5, 1, 1, 1, SLIM_SAME), 3,
    .in = { S4(3, 14, 14, 64), S4(3, 14, 14, 32), S4(5, 5, 32, 64) } },
  { "weights gradient first", &slim_op_conv2d_weights_gradient, CONV(5, 5, 1, 1, 1, SLIM_SAME), 3,
    .in = { S4(9, 28, 28, 32), S4(9, 28, 28, 1), S4(5, 5, 1, 32) } },
  { "weights gradient stride", &slim_op_conv2d_weights_gradient, CONV(3, 3, 2, 2, 1, SLIM_SAME), 3,
    .in = { S4(2, 8, 6, 7), S4(2, 15, 12, 5), S4(3, 3, 5, 7) } },
  { "weights gradient rate", &slim_op_conv2d_weights_gradient, CONV(3, 3, 1, 1, 2, SLIM_VALID), 3,
    .in = { S4(2, 11, 8, 7), S4(2, 15, 12, 5), S4(3, 3, 5, 7) } },
  { "depthwise", &slim_op_depthwise_conv2d, CONV(3, 3, 1, 1, 1, SLIM_SAME), 2,
    .in = { S4(2, 15, 22, 32), S4(3, 3, 32, 1) } },
  { "depthwise stride", &slim_op_depthwise_conv2d, CONV(3, 3, 2, 2, 1, SLIM_SAME), 2,
    .in = { S4(2, 15, 12, 48), S4(3, 3, 48, 1) } },
  { "depthwise multiplier", &slim_op_depthwise_conv2d, CONV(5, 5, 1, 1, 2, SLIM_SAME), 2,
    .in = { S4(2, 15, 12, 5), S4(5, 5, 5, 3) } },
  { "depthwise nchw", &slim_op_depthwise_conv2d, &(const slim_conv2d_attr){ .stride = { 2, 1 }, .rate = { 1, 1 }, .padding = SLIM_SAME, .nchw = 1 }, 2,
    .in = { S4(2, 5, 15, 12), S4(3, 2, 5, 2) } },
  { "depthwise input gradient", &slim_op_depthwise_conv2d_input_gradient, CONV(3, 3, 1, 1, 1, SLIM_SAME), 3,
    .in = { S4(2, 15, 22, 32), S4(3, 3, 32, 1), S4(2, 15, 22, 32) } },
  { "depthwise input gradient stride", &slim_op_depthwise_conv2d_input_gradient, CONV(3, 3, 2, 2, 1, SLIM_SAME), 3,
    .in = { S4(2, 8, 6, 21), S4(3, 3, 7, 3), S4(2, 15, 12, 7) } },
  { "depthwise weights gradient", &slim_op_depthwise_conv2d_weights_gradient, CONV(3, 3, 1, 1, 1, SLIM_SAME), 3,
    .in = { S4(9, 15, 22, 32), S4(9, 15, 22, 32), S4(3, 3, 32, 1) } },
  { "depthwise weights gradient stride", &slim_op_depthwise_conv2d_weights_gradient, CONV(3, 3, 2, 2, 1, SLIM_SAME), 3,
    .in = { S4(2, 8, 6, 21), S4(2, 15, 12, 7), S4(3, 3, 7, 3) } },
};
#define CASES ((int)(sizeof(cases) / sizeof(cases[0])))

/* One step on one device: inputs in, every output and every input (an op may write variables) out. */
typedef struct run_result {
  unsigned char *data[2 * MOST];
  size_t bytes[2 * MOST];
  slim_dtype type[2 * MOST];
  int count;
} run_result;

static unsigned random_next(unsigned *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static void fill_view(const slim_view *v, enum fill fill, unsigned seed, void *data)
{
  const size_t n = slim_shape_elements(&v->shape);
  unsigned state = seed;
  for (size_t i = 0; i < n; i++) {
    const float unit = (float)random_next(&state) / 16777216.0f;
    if (v->dtype == SLIM_INT64) {
      ((int64_t *)data)[i] = (int64_t)(random_next(&state) % 11) - 1;
    } else if (v->dtype == SLIM_INT32) {
      ((int32_t *)data)[i] = (int32_t)(random_next(&state) % 11) - 1;
    } else {
      ((float *)data)[i] = fill == NORMAL ? 4.0f * unit - 2.0f : fill == SCALAR ? 0.01f : unit + 0.25f;
    }
  }
}

static void infer_outputs(const op_case *c, slim_view *in, slim_view *out)
{
  slim_shape shapes[MOST], results[MOST] = { { 0 } };
  slim_dtype types[MOST], result_types[MOST];
  slim_error error = { 0 };
  for (int i = 0; i < MOST; i++) {
    shapes[i] = in[i].shape;
    types[i] = in[i].dtype;
    result_types[i] = types[0];
  }
  slim_inference q = { .attr = c->attr,
                       .inputs = c->inputs,
                       .in = shapes,
                       .in_type = types,
                       .out = results,
                       .out_type = result_types,
                       .error = &error };
  ck_assert_msg(c->op->infer(&q), "%s: %s", c->label, error.text);
  for (int i = 0; i < c->op->outputs; i++) {
    out[i] = (slim_view){ .dtype = result_types[i], .shape = results[i] };
  }
}

static size_t bytes_of(const slim_view *v)
{
  return slim_shape_elements(&v->shape) * slim_dtype_size(v->dtype);
}

/* Memory for the view on the device, or on the host for a host scalar. */
static void place(slim_device *device, slim_view *v, bool host)
{
  const size_t bytes = bytes_of(v);
  if (host) {
    v->host = calloc(1, bytes + 1);
    return;
  }
  v->offset = 2u * SLIM_ALIGNMENT;
  ck_assert_int_eq(device->backend->alloc(device, bytes + v->offset, &v->buffer), SLIM_OK);
  char *address = device->backend->address(device, v->buffer);
  v->host = address == NULL ? NULL : address + v->offset;
}

static void fetch(slim_device *device, const slim_view *v, run_result *result)
{
  const int k = result->count++;
  result->bytes[k] = bytes_of(v);
  result->type[k] = v->dtype;
  result->data[k] = calloc(1, result->bytes[k] + 1);
  ck_assert_int_eq(device->backend->download(device, result->data[k], v->buffer, v->offset, result->bytes[k]), SLIM_OK);
}

static void free_view(slim_device *device, slim_view *v)
{
  if (v->buffer == NULL) {
    free(v->host);
  }
  device->backend->release(device, v->buffer);
}

static void fill_input(slim_device *device, slim_view *v, enum fill fill, unsigned seed)
{
  void *data = calloc(1, bytes_of(v) + 1);
  fill_view(v, fill, seed, data);
  if (v->buffer == NULL) {
    memcpy(v->host, data, bytes_of(v));
  } else {
    ck_assert_int_eq(device->backend->upload(device, v->buffer, v->offset, data, bytes_of(v)), SLIM_OK);
  }
  free(data);
}

static void run_step(slim_device *device, const slim_group *group, slim_view *in, slim_view *out)
{
  const slim_backend *backend = device->backend;
  slim_view workspace = { 0 };
  slim_step *step = NULL;
  const slim_run run = { .seed = 1234567890123u, .step = 42 };
  ck_assert_msg(backend->supports(device, group, in, out), "%s not supported", group->nodes[0]->op->name);
  const size_t bytes = backend->workspace(device, group, in, out);
  if (bytes > 0) {
    workspace = (slim_view){ .dtype = SLIM_UINT8, .shape = { 1, { (int)bytes } } };
    place(device, &workspace, false);
  }
  const slim_status status = backend->prepare(device, group, in, out, bytes > 0 ? &workspace : NULL, &step);
  ck_assert_msg(status == SLIM_OK, "%s", device->error.text);
  for (int i = 0; i < 2; i++) { /* the second run must not depend on the first, unless it writes variables */
    ck_assert_int_eq(slim_step_enqueue(device, step, &run), SLIM_OK);
    if ((group->nodes[0]->op->flags & SLIM_OP_EFFECT) != 0) {
      break;
    }
  }
  ck_assert_int_eq(backend->finish(device), SLIM_OK);
  backend->release_step(device, step);
  if (bytes > 0) {
    free_view(device, &workspace);
  }
}

static run_result run_case(slim_device *device, const op_case *c)
{
  slim_view in[MOST] = { { 0 } }, out[MOST] = { { 0 } };
  run_result result = { .count = 0 };
  const slim_node node = { .op = c->op, .attr = c->attr, .name = c->label, .num_inputs = c->inputs };
  const slim_group group = { .count = 1, .nodes = { &node }, .num_in = c->inputs, .num_out = c->op->outputs };
  for (int i = 0; i < c->inputs; i++) {
    in[i].shape = c->in[i];
    in[i].dtype = c->type[i] == SLIM_DTYPE_NONE ? SLIM_FLOAT32 : c->type[i];
    place(device, &in[i], (c->op->host_inputs >> i & 1u) != 0);
    fill_input(device, &in[i], c->fill[i], 17u + (unsigned)i);
  }
  infer_outputs(c, in, out);
  const bool writes = (c->op->flags & SLIM_OP_EFFECT) != 0;
  for (int i = 0; i < c->op->outputs; i++) {
    place(device, &out[i], writes);
  }
  run_step(device, &group, in, out);
  for (int i = 0; i < c->op->outputs && !writes; i++) {
    fetch(device, &out[i], &result);
  }
  for (int i = 0; i < c->inputs && writes; i++) {
    if (in[i].buffer != NULL) {
      fetch(device, &in[i], &result);
    }
  }
  for (int i = 0; i < MOST; i++) {
    free_view(device, &in[i]);
    free_view(device, &out[i]);
  }
  return result;
}

static void compare_floats(const char *label, int k, const float *got, const float *want, size_t n)
{
  float most = 0.0f, worst = 0.0f;
  size_t where = 0;
  for (size_t i = 0; i < n; i++) {
    if (isnan(want[i])) {
      ck_assert_msg(isnan(got[i]), "%s: output %d[%zu] is %g, not NaN", label, k, i, (double)got[i]);
      continue;
    }
    const float distance = fabsf(got[i] - want[i]);
    most = fmaxf(most, fabsf(want[i]));
    if (distance > worst || isnan(distance)) {
      worst = distance;
      where = i;
    }
  }
  ck_assert_msg(worst <= TOLERANCE * most, "%s: output %d[%zu] is %.9g, not %.9g (largest %g)", label, k, where,
                (double)got[where], (double)want[where], (double)most);
}

START_TEST(as_the_cpu_backend)
{
  const op_case *c = &cases[_i];
  slim_device *cl = cl_test_open(), *cpu = NULL;
  ck_assert_int_eq(slim_device_open("cpu", &cpu, NULL), SLIM_OK);
  run_result got = run_case(cl, c), want = run_case(cpu, c);
  ck_assert_int_eq(got.count, want.count);
  for (int k = 0; k < got.count; k++) {
    if (got.type[k] == SLIM_FLOAT32) {
      compare_floats(c->label, k, (const float *)got.data[k], (const float *)want.data[k], got.bytes[k] / 4);
    } else {
      ck_assert_msg(memcmp(got.data[k], want.data[k], got.bytes[k]) == 0, "%s: output %d differs", c->label, k);
    }
    free(got.data[k]);
    free(want.data[k]);
  }
  slim_device_close(cpu);
  slim_device_close(cl);
}
END_TEST

/* x, factors and bias through a heavy op, bias_add and relu: fused into one step, or one by one. */
static void run_chain(slim_device *device, const slim_op *op, const void *attr, const slim_shape *shapes, bool fused,
                      run_result *result)
{
  const slim_bias_attr along = { 0 };
  const slim_node nodes[] = { { .op = op, .attr = attr, .name = "heavy", .num_inputs = 2 },
                              { .op = &slim_op_bias_add, .attr = &along, .name = "bias", .num_inputs = 2 },
                              { .op = &slim_op_activation, .attr = &relu, .name = "relu", .num_inputs = 1 } };
  slim_view in[3] = { { 0 } }, out = { .dtype = SLIM_FLOAT32, .shape = shapes[3] };
  for (int i = 0; i < 3; i++) {
    in[i] = (slim_view){ .dtype = SLIM_FLOAT32, .shape = shapes[i] };
    place(device, &in[i], false);
    fill_input(device, &in[i], NORMAL, 3u + (unsigned)i);
  }
  place(device, &out, false);
  slim_group group = { .count = 1, .nodes = { &nodes[0] }, .num_in = 2, .num_out = 1 };
  for (int i = 1; i < 3 && fused; i++, group.count++) {
    ck_assert(device->backend->can_fuse(device, &group, &nodes[i]));
    group.nodes[i] = &nodes[i];
  }
  ck_assert(!fused || !device->backend->can_fuse(device, &group, &nodes[1]));
  group.num_in = fused ? 3 : 2;
  run_step(device, &group, in, &out);
  for (int i = 1; i < 3 && !fused; i++) {
    const slim_view again[2] = { out, in[2] };
    const slim_group one = { .count = 1, .nodes = { &nodes[i] }, .num_in = 3 - i, .num_out = 1 };
    slim_step *step = NULL;
    const slim_run run = { 0 };
    ck_assert_int_eq(device->backend->prepare(device, &one, again, &out, NULL, &step), SLIM_OK);
    ck_assert_int_eq(slim_step_enqueue(device, step, &run), SLIM_OK);
    device->backend->release_step(device, step);
  }
  fetch(device, &out, result);
  for (int i = 0; i < 3; i++) {
    free_view(device, &in[i]);
  }
  free_view(device, &out);
}

START_TEST(an_epilogue_gives_what_its_ops_give)
{
  static const slim_matmul_attr plain = { 0, 0 };
  static const slim_conv2d_attr same = { .stride = { 1, 1 }, .rate = { 1, 1 }, .padding = SLIM_SAME };
  static const struct {
    const slim_op *op;
    const void *attr;
    slim_shape shape[4];
  } chains[] = {
    { &slim_op_matmul, &plain, { S2(45, 300), S2(300, 70), S1(70), S2(45, 70) } },
    { &slim_op_conv2d, &same, { S4(2, 9, 9, 16), S4(3, 3, 16, 37), S1(37), S4(2, 9, 9, 37) } },
    { &slim_op_conv2d, &same, { S4(2, 9, 9, 1), S4(5, 5, 1, 32), S1(32), S4(2, 9, 9, 32) } },
    { &slim_op_depthwise_conv2d, &same, { S4(2, 9, 9, 37), S4(3, 3, 37, 1), S1(37), S4(2, 9, 9, 37) } },
    { &slim_op_depthwise_conv2d, &same, { S4(2, 9, 9, 32), S4(3, 3, 32, 1), S1(32), S4(2, 9, 9, 32) } },
  };
  slim_device *device = cl_test_open();
  run_result fused = { .count = 0 }, apart = { .count = 0 };
  run_chain(device, chains[_i].op, chains[_i].attr, chains[_i].shape, true, &fused);
  run_chain(device, chains[_i].op, chains[_i].attr, chains[_i].shape, false, &apart);
  compare_floats("chain", 0, (const float *)fused.data[0], (const float *)apart.data[0], fused.bytes[0] / 4);
  free(fused.data[0]);
  free(apart.data[0]);
  slim_device_close(device);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, an_epilogue_gives_what_its_ops_give, 0, 5);
  tcase_add_loop_test(c, as_the_cpu_backend, 0, CASES);
}

TEST_MAIN("opencl_ops", build, cl_test_available)
