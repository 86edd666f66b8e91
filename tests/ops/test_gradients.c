/* The gradient of every differentiable op against central differences, through sessions, at odd sizes. */
#include "slim/layers.h"
#include "slim/losses.h"
#include "slim/ops.h"
#include "test_net.h"

typedef slim_tensor *(*build_fn)(test_net *net, slim_tensor *x);

typedef struct gradient_case {
  const char *label;
  int in[4];
  build_fn build;
  float step, tolerance; /* 0: what float32 allows */
} gradient_case;

/* --- helpers ------------------------------------------------------------------------------------------------------ */

/* A variable of different numbers: gradients reach it too. */
static slim_tensor *parameter(test_net *net, const char *name, slim_shape shape)
{
  return slim_variable(net->graph, name, shape, .initializer = SLIM_RANDOM_UNIFORM(-1.0f, 1.0f));
}

/* Above 0.2 everywhere. */
static slim_tensor *positive(slim_tensor *x)
{
  return slim_scale(slim_square(x), 1, 0.2f);
}

/* --- elementwise -------------------------------------------------------------------------------------------------- */

#define BINARY_CASE(op_)                                                                                               \
  static slim_tensor *op_##_same(test_net *net, slim_tensor *x)                                                        \
  {                                                                                                                    \
    (void)net;                                                                                                         \
    return slim_##op_(x, positive(slim_scale(x, 0.5f, 0.3f)));                                                         \
  }                                                                                                                    \
  static slim_tensor *op_##_channel(test_net *net, slim_tensor *x)                                                     \
  {                                                                                                                    \
    return slim_##op_(x, positive(parameter(net, "p", SLIM_SHAPE(3))));                                                \
  }                                                                                                                    \
  static slim_tensor *op_##_outer(test_net *net, slim_tensor *x)                                                       \
  {                                                                                                                    \
    return slim_##op_(parameter(net, "p", SLIM_SHAPE(5, 1, 1)), positive(x));                                          \
  }
BINARY_CASE(add)
BINARY_CASE(sub)
BINARY_CASE(mul)
BINARY_CASE(div)
BINARY_CASE(div_no_nan)

/* Above, below or at 0, where no element of x comes near: no kink is close. */
static slim_tensor *apart(test_net *net, slim_shape shape)
{
  const float values[] = { 1.5f, -1.5f, 0, -1.5f, 1.5f };
  slim_tensor *levels = slim_constant_tensor(net->graph, SLIM_FLOAT32, shape, values, "levels");
  return slim_mul(levels, slim_scale(parameter(net, "p", shape), 0.1f, 1));
}

#define CHOICE_CASE(op_)                                                                                               \
  static slim_tensor *op_##_same(test_net *net, slim_tensor *x)                                                        \
  {                                                                                                                    \
    (void)net;                                                                                                         \
    return slim_##op_(slim_square(x), slim_scale(x, 2, 0));                                                            \
  }                                                                                                                    \
  static slim_tensor *op_##_channel(test_net *net, slim_tensor *x)                                                     \
  {                                                                                                                    \
    return slim_##op_(x, apart(net, SLIM_SHAPE(3)));                                                                   \
  }                                                                                                                    \
  static slim_tensor *op_##_outer(test_net *net, slim_tensor *x)                                                       \
  {                                                                                                                    \
    return slim_##op_(apart(net, SLIM_SHAPE(5, 1, 1)), x);                                                             \
  }
CHOICE_CASE(maximum)
CHOICE_CASE(minimum)

#define UNARY_CASE(op_, ...)                                                                                           \
  static slim_tensor *op_##_case(test_net *net, slim_tensor *x)                                                        \
  {                                                                                                                    \
    (void)net;                                                                                                         \
    return slim_##op_(__VA_ARGS__);                                                                                    \
  }
UNARY_CASE(negate, x)
UNARY_CASE(abs, x)
UNARY_CASE(square, x)
UNARY_CASE(sqrt, positive(x))
UNARY_CASE(rsqrt, positive(x))
UNARY_CASE(exp, x)
UNARY_CASE(log, positive(x))
UNARY_CASE(reciprocal, positive(x))
UNARY_CASE(scale, x, -1.5f, 0.25f)
UNARY_CASE(relu, x)
UNARY_CASE(sigmoid, slim_scale(x, 3, 0))
UNARY_CASE(tanh, x)
UNARY_CASE(softmax, slim_scale(x, 3, 0))
UNARY_CASE(flatten, slim_square(x))
UNARY_CASE(l2_loss, x)

/* Channels between the kinks, above 6, and around 0. */
static slim_tensor *relu6_case(test_net *net, slim_tensor *x)
{
  const float levels[] = { 4, 8.5f, 0 };
  slim_tensor *offsets = slim_constant_tensor(net->graph, SLIM_FLOAT32, SLIM_SHAPE(3), levels, "offsets");
  return slim_relu6(slim_add(slim_scale(x, 2, 0), offsets));
}

static slim_tensor *dropout_case(test_net *net, slim_tensor *x)
{
  (void)net;
  return slim_dropout(slim_square(x), .keep_prob = 0.6f);
}

static slim_tensor *add_n_case(test_net *net, slim_tensor *x)
{
  slim_tensor *const parts[] = { x, slim_square(x), parameter(net, "p", SLIM_SHAPE(3, 5, 3, 3)), x };
  return slim_add_n(parts, 4);
}

static slim_tensor *top_k_case(test_net *net, slim_tensor *x)
{
  (void)net;
  return slim_square(slim_top_k(x, 2));
}

static slim_tensor *cumsum_case(test_net *net, slim_tensor *x)
{
  (void)net;
  return slim_square(slim_cumsum(x, 1, false, false));
}

static slim_tensor *cumsum_back_case(test_net *net, slim_tensor *x)
{
  (void)net;
  return slim_square(slim_cumsum(x, -2, true, true));
}

/* --- shape and reductions ----------------------------------------------------------------------------------------- */

static slim_tensor *reshape_case(test_net *net, slim_tensor *x)
{
  slim_tensor *flat = slim_reshape(slim_square(x), SLIM_SHAPE(0, 3, 15));
  return slim_mul(flat, parameter(net, "p", SLIM_SHAPE(3, 15)));
}

static slim_tensor *transpose_case(test_net *net, slim_tensor *x)
{
  slim_tensor *turned = slim_transpose(slim_square(x), (const int[]){ 0, 3, 1, 2 }, 4);
  return slim_mul(turned, parameter(net, "p", SLIM_SHAPE(3, 5, 3)));
}

static slim_tensor *concat_case(test_net *net, slim_tensor *x)
{
  slim_tensor *const parts[] = { x, slim_square(x), slim_tanh(x) };
  (void)net;
  return slim_concat(parts, 3, -1);
}

static slim_tensor *concat_rows_case(test_net *net, slim_tensor *x)
{
  slim_tensor *const parts[] = { slim_square(x), parameter(net, "p", SLIM_SHAPE(3, 2, 3, 3)) };
  return slim_concat(parts, 2, 1);
}

static slim_tensor *slice_case(test_net *net, slim_tensor *x)
{
  (void)net;
  return slim_slice(slim_square(x), (const int[]){ 0, 1, 2, 0 }, (const int[]){ -1, 3, 1, 2 });
}

static slim_tensor *pad_case(test_net *net, slim_tensor *x)
{
  (void)net;
  return slim_square(slim_pad(slim_square(x), (const int[]){ 0, 1, 0, 2 }, (const int[]){ 0, 0, 3, 1 }));
}

#define REDUCE_CASE(name_, op_, axes_, keep_)                                                                          \
  static slim_tensor *name_(test_net *net, slim_tensor *x)                                                             \
  {                                                                                                                    \
    (void)net;                                                                                                         \
    return slim_square(op_(slim_square(x), axes_, keep_));                                                             \
  }
REDUCE_CASE(sum_all, slim_reduce_sum, SLIM_ALL_AXES, false)
REDUCE_CASE(sum_spatial, slim_reduce_sum, SLIM_AXIS(1) | SLIM_AXIS(2), true)
REDUCE_CASE(sum_batch, slim_reduce_sum, SLIM_AXIS(0), false)
REDUCE_CASE(mean_all, slim_reduce_mean, SLIM_ALL_AXES, false)
REDUCE_CASE(mean_last, slim_reduce_mean, SLIM_AXIS(3), false)
REDUCE_CASE(mean_outer, slim_reduce_mean, SLIM_AXIS(0) | SLIM_AXIS(3), true)

/* --- heavy ops ---------------------------------------------------------------------------------------------------- */

#define CONV_CASE(name_, outputs_, ...)                                                                                \
  static slim_tensor *name_(test_net *net, slim_tensor *x)                                                             \
  {                                                                                                                    \
    (void)net;                                                                                                         \
    return slim_conv2d(x, outputs_, __VA_ARGS__, .activation = slim_tanh,                                              \
                       .biases_initializer = SLIM_RANDOM_UNIFORM(-0.2f, 0.2f));                                        \
  }
CONV_CASE(conv_same, 5, SLIM_HW(3, 3))
CONV_CASE(conv_valid, 2, SLIM_HW(3, 2), .padding = SLIM_VALID)
CONV_CASE(conv_point, 7, SLIM_HW(1, 1))
CONV_CASE(conv_stride, 4, SLIM_HW(3, 3), .stride = SLIM_HW(2, 3))
CONV_CASE(conv_stride_gap, 3, SLIM_HW(1, 1), .stride = SLIM_HW(2, 2))
CONV_CASE(conv_rate, 3, SLIM_HW(2, 3), .rate = SLIM_HW(2, 1))
CONV_CASE(conv_large, 2, SLIM_HW(5, 7))
CONV_CASE(conv_many, 33, SLIM_HW(3, 3))
CONV_CASE(conv_nchw, 4, SLIM_HW(3, 3), .data_format = SLIM_NCHW)

/* A relu behind, away from its kink: the bias is large against all that the weights add up to. */
#define SEPARABLE_CASE(name_, outputs_, ...)                                                                           \
  static slim_tensor *name_(test_net *net, slim_tensor *x)                                                             \
  {                                                                                                                    \
    (void)net;                                                                                                         \
    return slim_separable_conv2d(x, outputs_, __VA_ARGS__, .activation = slim_tanh);                                   \
  }
SEPARABLE_CASE(separable, 5, SLIM_HW(3, 3))
SEPARABLE_CASE(separable_multiplier, 4, SLIM_HW(3, 2), .depth_multiplier = 3, .padding = SLIM_VALID)
SEPARABLE_CASE(depthwise, 0, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2))
SEPARABLE_CASE(depthwise_rate, 0, SLIM_HW(3, 3), .rate = SLIM_HW(2, 3))
SEPARABLE_CASE(depthwise_nchw, 0, SLIM_HW(5, 5), .depth_multiplier = 2, .data_format = SLIM_NCHW)

static slim_tensor *conv_relu(test_net *net, slim_tensor *x)
{
  (void)net;
  return slim_conv2d(x, 5, SLIM_HW(3, 3), .biases_initializer = SLIM_RANDOM_UNIFORM(8, 9));
}

static slim_tensor *connected(test_net *net, slim_tensor *x)
{
  (void)net;
  return slim_fully_connected(slim_flatten(x), 7, .activation = slim_sigmoid);
}

static slim_tensor *connected_wide(test_net *net, slim_tensor *x)
{
  (void)net;
  return slim_fully_connected(x, 37, .activation = slim_tanh, .biases_initializer = SLIM_NO_INIT);
}

static slim_tensor *bias_nchw(test_net *net, slim_tensor *x)
{
  (void)net;
  return slim_tanh(slim_bias_add(x, .data_format = SLIM_NCHW, .biases_initializer = SLIM_RANDOM_UNIFORM(-1, 1)));
}

#define POOL_CASE(name_, op_, ...)                                                                                     \
  static slim_tensor *name_(test_net *net, slim_tensor *x)                                                             \
  {                                                                                                                    \
    (void)net;                                                                                                         \
    return slim_##op_(x, __VA_ARGS__);                                                                                 \
  }
POOL_CASE(max_pool, max_pool2d, SLIM_HW(2, 2))
POOL_CASE(max_pool_over, max_pool2d, SLIM_HW(3, 3), .stride = SLIM_HW(1, 2), .padding = SLIM_SAME)
POOL_CASE(max_pool_nchw, max_pool2d, SLIM_HW(2, 2), .data_format = SLIM_NCHW)
POOL_CASE(avg_pool, avg_pool2d, SLIM_HW(2, 2))
POOL_CASE(avg_pool_over, avg_pool2d, SLIM_HW(3, 3), .stride = SLIM_HW(2, 1), .padding = SLIM_SAME)
POOL_CASE(avg_pool_nchw, avg_pool2d, SLIM_HW(2, 3), .data_format = SLIM_NCHW)

#define NORM_CASE(name_, ...)                                                                                          \
  static slim_tensor *name_(test_net *net, slim_tensor *x)                                                             \
  {                                                                                                                    \
    (void)net;                                                                                                         \
    return slim_tanh(slim_batch_norm(x, .scale = SLIM_YES, .gamma_initializer = SLIM_RANDOM_UNIFORM(0.5f, 1.5f),       \
                                     .beta_initializer = SLIM_RANDOM_UNIFORM(-0.5f, 0.5f), __VA_ARGS__));              \
  }
NORM_CASE(norm_training, .is_training = SLIM_YES)
NORM_CASE(norm_nchw, .data_format = SLIM_NCHW)
NORM_CASE(norm_inference, .is_training = SLIM_NO, .moving_mean_initializer = SLIM_CONSTANT(0.3f))

/* --- losses ------------------------------------------------------------------------------------------------------- */

static slim_tensor *logits_of(slim_tensor *x)
{
  return slim_fully_connected(slim_flatten(x), 5, .activation = slim_identity);
}

static const float one_hot[15] = { 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0.25f, 0, 0.75f, 0, 0 };
static const int32_t classes[3] = { 1, 4, 2 };

static slim_tensor *softmax_loss(test_net *net, slim_tensor *x)
{
  slim_tensor *labels = slim_constant_tensor(net->graph, SLIM_FLOAT32, SLIM_SHAPE(3, 5), one_hot, "labels");
  return slim_softmax_cross_entropy(logits_of(x), labels, .label_smoothing = 0.1f);
}

static slim_tensor *sparse_loss(test_net *net, slim_tensor *x)
{
  slim_tensor *labels = slim_constant_tensor(net->graph, SLIM_INT32, SLIM_SHAPE(3), classes, "labels");
  return slim_sparse_softmax_cross_entropy(logits_of(x), labels);
}

static slim_tensor *sigmoid_loss(test_net *net, slim_tensor *x)
{
  slim_tensor *labels = slim_constant_tensor(net->graph, SLIM_FLOAT32, SLIM_SHAPE(3, 5), one_hot, "labels");
  return slim_sigmoid_cross_entropy(logits_of(x), labels);
}

static slim_tensor *squared_loss(test_net *net, slim_tensor *x)
{
  slim_tensor *labels = slim_constant_tensor(net->graph, SLIM_FLOAT32, SLIM_SHAPE(3, 5), one_hot, "labels");
  const float factors[3] = { 0.5f, 0, 2 };
  slim_tensor *weights = slim_constant_tensor(net->graph, SLIM_FLOAT32, SLIM_SHAPE(3), factors, "weights");
  return slim_mean_squared_error(logits_of(x), labels, .weights = weights);
}

static slim_tensor *penalty(test_net *net, slim_tensor *x)
{
  slim_tensor *y =
      slim_fully_connected(slim_flatten(x), 4, .activation = slim_tanh, .weights_regularizer = SLIM_L2(0.3f));
  const slim_tensors penalties = slim_get_regularization_losses(net->graph, NULL);
  return slim_add(slim_reduce_sum(y, SLIM_ALL_AXES, false), penalties.item[0]);
}

/* A net of several of them: gradients add up where paths meet. */
static slim_tensor *residual(test_net *net, slim_tensor *x)
{
  slim_tensor *y = slim_conv2d(x, 3, SLIM_HW(3, 3), .activation = slim_tanh);
  (void)net;
  y = slim_tanh(slim_add(x, slim_conv2d(y, 3, SLIM_HW(1, 1), .activation = slim_identity)));
  return slim_avg_pool2d(y, SLIM_HW(2, 2));
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

#define SMALL                                                                                                          \
  {                                                                                                                    \
    3, 5, 3, 3                                                                                                         \
  }
#define BINARY_ROWS(op_)                                                                                               \
  { #op_, SMALL, op_##_same, 0, 0 }, { #op_ "_channel", SMALL, op_##_channel, 0, 0 },                                  \
  {                                                                                                                    \
#op_ "_outer", SMALL, op_##_outer, 0, 0                                                                            \
  }
#define UNARY_ROW(op_)                                                                                                 \
  {                                                                                                                    \
#op_, SMALL, op_##_case, 0, 0                                                                                      \
  }
static const gradient_case cases[] = {
  BINARY_ROWS(add),
  BINARY_ROWS(sub),
  BINARY_ROWS(mul),
  BINARY_ROWS(div),
  BINARY_ROWS(div_no_nan),
  BINARY_ROWS(maximum),
  BINARY_ROWS(minimum),
  UNARY_ROW(negate),
  UNARY_ROW(abs),
  UNARY_ROW(square),
  UNARY_ROW(sqrt),
  UNARY_ROW(rsqrt),
  UNARY_ROW(exp),
  UNARY_ROW(log),
  UNARY_ROW(reciprocal),
  UNARY_ROW(scale),
  UNARY_ROW(relu),
  UNARY_ROW(relu6),
  UNARY_ROW(sigmoid),
  UNARY_ROW(tanh),
  UNARY_ROW(softmax),
  UNARY_ROW(flatten),
  UNARY_ROW(l2_loss),
  UNARY_ROW(dropout),
  UNARY_ROW(add_n),
  UNARY_ROW(reshape),
  UNARY_ROW(transpose),
  UNARY_ROW(concat),
  UNARY_ROW(concat_rows),
  UNARY_ROW(slice),
  UNARY_ROW(pad),
  UNARY_ROW(top_k),
  UNARY_ROW(cumsum),
  UNARY_ROW(cumsum_back),
  { "sum_all", SMALL, sum_all, 0, 0 },
  { "sum_spatial", SMALL, sum_spatial, 0, 0 },
  { "sum_batch", SMALL, sum_batch, 0, 0 },
  { "mean_all", SMALL, mean_all, 0, 0 },
  { "mean_last", SMALL, mean_last, 0, 0 },
  { "mean_outer", SMALL, mean_outer, 0, 0 },
  { "conv_same", { 2, 7, 5, 3 }, conv_same, 0, 0 },
  { "conv_valid", { 3, 5, 6, 2 }, conv_valid, 0, 0 },
  { "conv_point", { 2, 3, 5, 5 }, conv_point, 0, 0 },
  { "conv_one_pixel", { 1, 1, 1, 1 }, conv_same, 0, 0 },
  { "conv_stride", { 2, 9, 7, 3 }, conv_stride, 0, 0 },
  { "conv_stride_gap", { 2, 5, 5, 3 }, conv_stride_gap, 0, 0 },
  { "conv_rate", { 2, 7, 5, 3 }, conv_rate, 0, 0 },
  { "conv_large", { 1, 6, 6, 1 }, conv_large, 0, 0 },
  { "conv_many", { 1, 5, 3, 17 }, conv_many, 0, 0 },
  { "conv_nchw", { 2, 3, 5, 7 }, conv_nchw, 0, 0 },
  { "separable", { 2, 7, 5, 3 }, separable, 0, 0 },
  { "separable_multiplier", { 2, 5, 6, 3 }, separable_multiplier, 0, 0 },
  { "depthwise", { 2, 9, 7, 17 }, depthwise, 0, 0 },
  { "depthwise_rate", { 2, 7, 9, 3 }, depthwise_rate, 0, 0 },
  { "depthwise_nchw", { 2, 3, 5, 7 }, depthwise_nchw, 0, 0 },
  { "conv_relu", { 2, 5, 5, 3 }, conv_relu, 0, 0 },
  { "connected", { 3, 3, 1, 5 }, connected, 0, 0 },
  { "connected_wide", { 2, 3, 1, 19 }, connected_wide, 0, 0 },
  { "bias_nchw", { 2, 3, 5, 3 }, bias_nchw, 0, 0 },
  { "max_pool", { 1, 5, 7, 3 }, max_pool, 0.003f, 0 },
  { "max_pool_over", { 1, 5, 5, 3 }, max_pool_over, 0.003f, 0 },
  { "max_pool_nchw", { 1, 3, 5, 5 }, max_pool_nchw, 0.003f, 0 },
  { "avg_pool", { 2, 5, 7, 3 }, avg_pool, 0, 0 },
  { "avg_pool_over", { 2, 5, 5, 3 }, avg_pool_over, 0, 0 },
  { "avg_pool_nchw", { 2, 3, 5, 5 }, avg_pool_nchw, 0, 0 },
  { "norm_training", { 3, 5, 3, 3 }, norm_training, 0, 0 },
  { "norm_nchw", { 3, 3, 5, 3 }, norm_nchw, 0, 0 },
  { "norm_inference", { 3, 5, 3, 3 }, norm_inference, 0, 0 },
  { "softmax_loss", { 3, 3, 1, 5 }, softmax_loss, 0, 0 },
  { "sparse_loss", { 3, 3, 1, 5 }, sparse_loss, 0, 0 },
  { "sigmoid_loss", { 3, 3, 1, 5 }, sigmoid_loss, 0, 0 },
  { "squared_loss", { 3, 3, 1, 5 }, squared_loss, 0, 0 },
  { "penalty", { 3, 3, 1, 5 }, penalty, 0, 0 },
  { "residual", { 2, 5, 5, 3 }, residual, 0, 0 },
};

START_TEST(gradient_matches_central_differences)
{
  const gradient_case *c = &cases[_i];
  test_net net = test_open(c->in, (unsigned)_i + 1);
  slim_tensor *y = c->build(&net, net.input);
  ck_assert_msg(slim_graph_status(net.graph) == SLIM_OK, "%s: %s", c->label, slim_graph_error(net.graph));
  test_assert_gradient(&net, y, c->step, c->tolerance);
  test_close(&net);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, gradient_matches_central_differences, 0, (int)(sizeof cases / sizeof *cases));
}

TEST_MAIN("gradients", build, test_net_available)
