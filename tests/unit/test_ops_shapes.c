/* Shape rules of the ops: results with a bound and an open batch, and every refusal in full. */
#include "test_main.h"

#include "ops/ops.h"

/* initialisers of a slim_shape */
#define S(...)                                                                                                         \
  {                                                                                                                    \
    (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), { __VA_ARGS__ }                                               \
  }
#define SCALAR                                                                                                         \
  {                                                                                                                    \
    0, { 0 }                                                                                                           \
  }
#define F SLIM_FLOAT32
#define I32 SLIM_INT32
#define I64 SLIM_INT64

static const slim_conv2d_attr same_1 = { .stride = { 1, 1 }, .rate = { 1, 1 }, .padding = SLIM_SAME };
static const slim_conv2d_attr same_2 = { .stride = { 2, 2 }, .rate = { 1, 1 }, .padding = SLIM_SAME };
static const slim_conv2d_attr valid_1 = { .stride = { 1, 1 }, .rate = { 1, 1 }, .padding = SLIM_VALID };
static const slim_conv2d_attr valid_dilated = { .stride = { 1, 1 }, .rate = { 2, 3 }, .padding = SLIM_VALID };
static const slim_conv2d_attr nchw_2 = { .stride = { 2, 1 }, .rate = { 1, 1 }, .padding = SLIM_SAME, .nchw = 1 };
static const slim_conv2d_attr both_steps = { .stride = { 2, 1 }, .rate = { 2, 1 }, .padding = SLIM_SAME };
static const slim_conv2d_attr no_stride = { .stride = { 0, 1 }, .rate = { 1, 1 }, .padding = SLIM_SAME };
static const slim_conv2d_attr no_rate = { .stride = { 1, 1 }, .rate = { 1, 0 }, .padding = SLIM_SAME };
static const slim_pool2d_attr pool_2 = { { 2, 2 }, { 2, 2 }, SLIM_VALID, 0 };
static const slim_pool2d_attr pool_3_same = { { 3, 3 }, { 2, 2 }, SLIM_SAME, 0 };
static const slim_pool2d_attr pool_nchw = { { 2, 3 }, { 1, 1 }, SLIM_VALID, 1 };
static const slim_pool2d_attr pool_0 = { { 0, 2 }, { 2, 2 }, SLIM_VALID, 0 };
static const slim_matmul_attr plain = { 0, 0 }, left = { 1, 0 }, right = { 0, 1 };
static const slim_bias_attr nhwc = { 0 }, nchw = { 1 };
static const slim_batch_norm_attr norm = { 0.001f, 1, 1, 0, SLIM_ACTIVATION_NONE };
static const slim_activation_attr relu = { SLIM_ACTIVATION_RELU }, no_activation = { SLIM_ACTIVATION_NONE };
static const slim_unary_attr square = { SLIM_UNARY_SQUARE, 0, 0 };
static const slim_binary_attr add = { SLIM_BINARY_ADD }, equal = { SLIM_BINARY_EQUAL };
static const slim_dropout_attr half = { 0.5f, 1, 2, { 0 } }, rows = { 0.5f, 1, 2, { 2, { -1, 1 } } };
static const slim_dropout_attr never = { 0.0f, 1, 2, { 0 } };
static const slim_cast_attr to_float = { SLIM_FLOAT32 }, to_text = { SLIM_STRING };
static const slim_reshape_attr flat = { { 2, { 0, -1 } } }, whole = { { 1, { -1 } } }, fixed = { { 2, { 4, 6 } } };
static const slim_reshape_attr image = { { 4, { -1, 2, 2, 3 } } }, late = { { 2, { 3, -1 } } };
static const slim_reshape_attr column = { { 2, { 0, 1 } } }, twice = { { 2, { -1, -1 } } };
static const slim_reshape_attr unused = { { 0 } };
static const slim_transpose_attr to_nchw = { 4, { 0, 3, 1, 2 } }, doubled = { 2, { 1, 1 } }, swap = { 2, { 1, 0 } };
static const slim_concat_attr channels = { 3 }, batch = { 0 };
static const slim_slice_attr box = { 2, { 1, 0 }, { -1, 2 }, 0 }, behind = { .rank = 2, .axis = 0 };
static const slim_pad_attr frame = { 2, { 0, 1 }, { 0, 2 } }, shifted = { 2, { 1, 0 }, { 0, 0 } };
static const slim_reduce_attr over_all = { SLIM_REDUCE_MEAN, 3, 0 }, kept = { SLIM_REDUCE_SUM, 2, 1 };
static const slim_reduce_attr too_far = { SLIM_REDUCE_SUM, 4, 0 };
static const slim_broadcast_attr spread = { 2, 0 }, spread_all = { 3, 1 };
static const slim_argmax_attr last = { 1 };
static const slim_one_hot_attr ten = { 10, 1, 0 }, none = { 0, 1, 0 };
static const slim_in_top_k_attr top_5 = { 5 }, top_0 = { 0 };
static const slim_top_k_attr largest_3 = { 3 }, largest_0 = { 0 };
static const slim_cumsum_attr running = { 1, 0, 0 };
static const slim_assign_attr average = { 0.9f }, wild = { 1.5f };
static const slim_apply_attr one_variable = { .variables = 1 }, two_variables = { .variables = 2 };
static const slim_apply_attr centered = { .variables = 1, .centered = 1 };
static const slim_schedule_attr decay = { .kind = SLIM_SCHEDULE_EXPONENTIAL, .decay_steps = 10 };
static const slim_schedule_attr no_decay = { .kind = SLIM_SCHEDULE_EXPONENTIAL };
static const slim_schedule_attr unsorted = { .kind = SLIM_SCHEDULE_PIECEWISE_CONSTANT,
                                             .boundaries = (const int64_t[]){ 5, 5 },
                                             .pieces = 3 };
static const slim_counter_attr count_up = { 1, 1 };

#define MAX_IN 5
static const struct rule_case {
  const slim_op *op;
  const void *attr;
  int inputs;
  slim_shape in[MAX_IN];
  slim_dtype type[MAX_IN];
  slim_shape out; /* of output 0 */
  slim_dtype out_type;
  const char *error; /* NULL: none */
} cases[] = {
  /* conv2d */
  { &slim_op_conv2d, &same_1, 2, { S(-1, 28, 28, 1), S(5, 5, 1, 32) }, { F, F }, S(-1, 28, 28, 32), F, NULL },
  { &slim_op_conv2d, &same_2, 2, { S(2, 7, 8, 3), S(3, 3, 3, 4) }, { F, F }, S(2, 4, 4, 4), F, NULL },
  { &slim_op_conv2d, &valid_1, 2, { S(2, 7, 8, 3), S(7, 2, 3, 4) }, { F, F }, S(2, 1, 7, 4), F, NULL },
  { &slim_op_conv2d, &valid_dilated, 2, { S(2, 7, 9, 3), S(3, 3, 3, 4) }, { F, F }, S(2, 3, 3, 4), F, NULL },
  { &slim_op_conv2d, &nchw_2, 2, { S(2, 3, 7, 8), S(3, 3, 3, 4) }, { F, F }, S(2, 4, 4, 8), F, NULL },
  { &slim_op_conv2d, &valid_1, 2, { S(32, 6, 6, 512), S(7, 7, 512, 9) }, { F, F }, SCALAR, F,
    "kernel [7,7] with VALID padding does not fit the input [32,6,6,512]" },
  { &slim_op_conv2d, &same_1, 2, { S(1, 4, 4, 3), S(1, 1, 2, 4) }, { F, F }, SCALAR, F,
    "the input [1,4,4,3] has 3 channels, the weights [1,1,2,4] want 2" },
  { &slim_op_conv2d, &both_steps, 2, { S(1, 4, 4, 3), S(1, 1, 3, 4) }, { F, F }, SCALAR, F,
    "stride [2,1] and rate [2,1] cannot both be above 1" },
  { &slim_op_conv2d, &no_stride, 2, { S(1, 4, 4, 3), S(1, 1, 3, 4) }, { F, F }, SCALAR, F,
    "stride [0,1] must be at least 1" },
  { &slim_op_conv2d, &no_rate, 2, { S(1, 4, 4, 3), S(1, 1, 3, 4) }, { F, F }, SCALAR, F,
    "rate [1,0] must be at least 1" },
  { &slim_op_conv2d, &same_1, 2, { S(1, 4, 3), S(1, 1, 3, 4) }, { F, F }, SCALAR, F,
    "input [1,4,3] has rank 3, must have rank 4" },
  { &slim_op_conv2d, &same_1, 2, { S(1, 4, 4, 3), S(1, 1, 3, 4) }, { I32, F }, SCALAR, F,
    "input has type int32, must be float32" },
  { &slim_op_conv2d_input_gradient, &same_2, 3, { S(-1, 4, 4, 4), S(3, 3, 3, 4), S(-1, 7, 8, 3) }, { F, F, F },
    S(-1, 7, 8, 3), F, NULL },
  { &slim_op_conv2d_input_gradient, &same_2, 3, { S(2, 5, 4, 4), S(3, 3, 3, 4), S(2, 7, 8, 3) }, { F, F, F }, SCALAR, F,
    "gradient [2,5,4,4] must have the shape [2,4,4,4]" },
  { &slim_op_conv2d_input_gradient, &same_2, 2, { S(-1, 4, 5, 4), S(3, 3, 6, 4) }, { F, F }, S(-1, 8, 10, 6), F, NULL },
  { &slim_op_conv2d_input_gradient, &valid_1, 2, { S(2, 4, 5, 4), S(3, 2, 6, 4) }, { F, F }, S(2, 6, 6, 6), F, NULL },
  { &slim_op_conv2d_input_gradient, &nchw_2, 2, { S(2, 4, 4, 5), S(3, 3, 6, 4) }, { F, F }, S(2, 6, 8, 5), F, NULL },
  { &slim_op_conv2d_input_gradient, &same_2, 2, { S(2, 4, 5, 4), S(3, 3, 6, 4) }, { I32, F }, SCALAR, F,
    "input has type int32, must be float32" },
  { &slim_op_conv2d_input_gradient, &no_stride, 2, { S(2, 4, 5, 4), S(3, 3, 6, 4) }, { F, F }, SCALAR, F,
    "stride [0,1] must be at least 1" },
  { &slim_op_conv2d_weights_gradient, &same_2, 3, { S(-1, 4, 4, 4), S(-1, 7, 8, 3), S(3, 3, 3, 4) }, { F, F, F },
    S(3, 3, 3, 4), F, NULL },
  /* depthwise_conv2d */
  { &slim_op_depthwise_conv2d, &same_1, 2, { S(-1, 28, 28, 3), S(5, 5, 3, 4) }, { F, F }, S(-1, 28, 28, 12), F, NULL },
  { &slim_op_depthwise_conv2d, &same_2, 2, { S(2, 7, 8, 3), S(3, 3, 3, 1) }, { F, F }, S(2, 4, 4, 3), F, NULL },
  { &slim_op_depthwise_conv2d, &nchw_2, 2, { S(2, 3, 7, 8), S(3, 3, 3, 2) }, { F, F }, S(2, 6, 4, 8), F, NULL },
  { &slim_op_depthwise_conv2d, &valid_1, 2, { S(32, 6, 6, 512), S(7, 7, 512, 1) }, { F, F }, SCALAR, F,
    "kernel [7,7] with VALID padding does not fit the input [32,6,6,512]" },
  { &slim_op_depthwise_conv2d, &same_1, 2, { S(1, 4, 4, 3), S(1, 1, 2, 4) }, { F, F }, SCALAR, F,
    "the input [1,4,4,3] has 3 channels, the weights [1,1,2,4] want 2" },
  { &slim_op_depthwise_conv2d, &same_1, 2, { S(1, 4, 4, 65536), S(1, 1, 65536, 65536) }, { F, F }, SCALAR, F,
    "the weights [1,1,65536,65536] give too many channels" },
  { &slim_op_depthwise_conv2d, &both_steps, 2, { S(1, 4, 4, 3), S(1, 1, 3, 4) }, { F, F }, SCALAR, F,
    "stride [2,1] and rate [2,1] cannot both be above 1" },
  { &slim_op_depthwise_conv2d, &same_1, 2, { S(1, 4, 4, 3), S(1, 3, 4) }, { F, F }, SCALAR, F,
    "weights [1,3,4] has rank 3, must have rank 4" },
  { &slim_op_depthwise_conv2d_input_gradient, &same_2, 3, { S(-1, 4, 4, 6), S(3, 3, 3, 2), S(-1, 7, 8, 3) },
    { F, F, F }, S(-1, 7, 8, 3), F, NULL },
  { &slim_op_depthwise_conv2d_input_gradient, &same_2, 3, { S(2, 4, 4, 3), S(3, 3, 3, 2), S(2, 7, 8, 3) }, { F, F, F },
    SCALAR, F, "gradient [2,4,4,3] must have the shape [2,4,4,6]" },
  { &slim_op_depthwise_conv2d_weights_gradient, &same_2, 3, { S(-1, 4, 4, 6), S(-1, 7, 8, 3), S(3, 3, 3, 2) },
    { F, F, F }, S(3, 3, 3, 2), F, NULL },
  /* matmul */
  { &slim_op_matmul, &plain, 2, { S(-1, 3), S(3, 4) }, { F, F }, S(-1, 4), F, NULL },
  { &slim_op_matmul, &plain, 2, { S(-1, 7, 3), S(3, 4) }, { F, F }, S(-1, 7, 4), F, NULL },
  { &slim_op_matmul, &left, 2, { S(-1, 3), S(-1, 4) }, { F, F }, S(3, 4), F, NULL },
  { &slim_op_matmul, &right, 2, { S(-1, 3), S(4, 3) }, { F, F }, S(-1, 4), F, NULL },
  { &slim_op_matmul, &plain, 2, { S(2, 3), S(4, 3) }, { F, F }, SCALAR, F, "inner sizes of [2,3] and [4,3] differ" },
  { &slim_op_matmul, &left, 2, { S(2, 5, 3), S(5, 3) }, { F, F }, SCALAR, F, "input [2,5,3] must have rank 2" },
  { &slim_op_matmul, &plain, 2, { S(3), S(3, 4) }, { F, F }, SCALAR, F, "input [3] must have rank 2 or more" },
  /* pools */
  { &slim_op_max_pool2d, &pool_2, 1, { S(-1, 28, 27, 8) }, { F }, S(-1, 14, 13, 8), F, NULL },
  { &slim_op_max_pool2d, &pool_3_same, 1, { S(1, 5, 6, 8) }, { F }, S(1, 3, 3, 8), F, NULL },
  { &slim_op_avg_pool2d, &pool_nchw, 1, { S(1, 5, 6, 8) }, { F }, S(1, 5, 5, 6), F, NULL },
  { &slim_op_avg_pool2d, &pool_0, 1, { S(1, 5, 6, 8) }, { F }, SCALAR, F, "kernel [0,2] must be at least 1" },
  { &slim_op_max_pool2d, &pool_2, 1, { S(1, 1, 6, 8) }, { F }, SCALAR, F,
    "kernel [2,2] with VALID padding does not fit the input [1,1,6,8]" },
  { &slim_op_max_pool2d_gradient, &pool_2, 3, { S(-1, 2, 3, 1), S(-1, 2, 3, 1), S(-1, 4, 7, 1) }, { F, I32, F },
    S(-1, 4, 7, 1), F, NULL },
  { &slim_op_avg_pool2d_gradient, &pool_2, 2, { S(-1, 2, 2, 1), S(-1, 4, 7, 1) }, { F, F }, SCALAR, F,
    "gradient [?,2,2,1] must have the shape [?,2,3,1]" },
  /* channels */
  { &slim_op_batch_norm, &norm, 5, { S(-1, 2, 2, 3), S(3), S(3), S(3), S(3) }, { F, F, F, F, F }, S(-1, 2, 2, 3), F,
    NULL },
  { &slim_op_batch_norm, &norm, 5, { S(-1, 2, 2, 3), S(3), S(2), S(3), S(3) }, { F, F, F, F, F }, SCALAR, F,
    "beta [2] must have the shape [3]" },
  { &slim_op_bias_add, &nhwc, 2, { S(-1, 2, 5), S(5) }, { F, F }, S(-1, 2, 5), F, NULL },
  { &slim_op_bias_add, &nchw, 2, { S(-1, 2, 5, 5), S(2) }, { F, F }, S(-1, 2, 5, 5), F, NULL },
  { &slim_op_bias_add, &nchw, 2, { S(-1, 5), S(5) }, { F, F }, SCALAR, F, "input [?,5] must have rank 3 or more" },
  { &slim_op_bias_add, &nhwc, 2, { S(-1, 5), S(4) }, { F, F }, SCALAR, F, "bias [4] must have the shape [5]" },
  { &slim_op_bias_add_gradient, &nchw, 1, { S(-1, 2, 5, 5) }, { F }, S(2), F, NULL },
  /* elementwise */
  { &slim_op_activation, &relu, 1, { S(-1, 3) }, { F }, S(-1, 3), F, NULL },
  { &slim_op_activation, &no_activation, 1, { S(3) }, { F }, SCALAR, F, "there is no activation number 0" },
  { &slim_op_unary, &square, 1, { SCALAR }, { F }, SCALAR, F, NULL },
  { &slim_op_unary, &square, 1, { S(3) }, { I64 }, SCALAR, F, "input has type int64, must be float32" },
  { &slim_op_binary, &add, 2, { S(-1, 4, 3), S(3) }, { F, F }, S(-1, 4, 3), F, NULL },
  { &slim_op_binary, &add, 2, { S(-1, 1), S(1, 5) }, { F, F }, S(-1, 5), F, NULL },
  { &slim_op_binary, &add, 2, { SCALAR, S(2, 1) }, { F, F }, S(2, 1), F, NULL },
  { &slim_op_binary, &equal, 2, { S(-1), S(-1) }, { I64, I64 }, S(-1), F, NULL },
  { &slim_op_binary, &add, 2, { S(2, 3), S(2) }, { F, F }, SCALAR, F,
    "[2,3] and [2] do not broadcast: axis 1 is different" },
  { &slim_op_binary, &add, 2, { S(-1), S(-1, 10) }, { F, F }, SCALAR, F,
    "[?] and [?,10] do not broadcast: axis 1 is an open batch in only one of them" },
  { &slim_op_binary, &equal, 2, { S(2), S(2) }, { I64, I32 }, SCALAR, F,
    "the inputs have types int64 and int32, must have the same" },
  { &slim_op_binary, &add, 2, { S(2), S(2) }, { I64, I64 }, SCALAR, F, "input has type int64, must be float32" },
  { &slim_op_add_n, NULL, 3, { S(-1, 2), S(4, 2), S(-1, 2) }, { F, F, F }, S(4, 2), F, NULL },
  { &slim_op_add_n, NULL, 2, { S(1, 2), S(4, 2) }, { F, F }, SCALAR, F,
    "input [1,2] and input [4,2] must have the same shape" },
  { &slim_op_dropout, &half, 1, { S(-1, 9) }, { F }, S(-1, 9), F, NULL },
  { &slim_op_dropout, &rows, 1, { S(-1, 9) }, { F }, S(-1, 9), F, NULL },
  { &slim_op_dropout, &rows, 1, { S(-1, 9, 1) }, { F }, SCALAR, F,
    "the noise shape [?,1] must have the rank of the input [?,9,1]" },
  { &slim_op_dropout, &never, 1, { S(3) }, { F }, SCALAR, F, "keep_prob 0 must be above 0 and at most 1" },
  { &slim_op_cast, &to_float, 1, { S(-1) }, { I32 }, S(-1), F, NULL },
  { &slim_op_cast, &to_text, 1, { S(-1) }, { I32 }, SCALAR, F, "int32 cannot become string" },
  /* shape */
  { &slim_op_reshape, &flat, 1, { S(-1, 7, 7, 64) }, { F }, S(-1, 3136), F, NULL },
  { &slim_op_reshape, &flat, 1, { S(3, 4) }, { I64 }, S(3, 4), I64, NULL },
  { &slim_op_reshape, &whole, 1, { S(-1, 4) }, { F }, S(-1), F, NULL },
  { &slim_op_reshape, &whole, 1, { S(5, 4) }, { F }, S(20), F, NULL },
  { &slim_op_reshape, &fixed, 1, { S(3, 8) }, { F }, S(4, 6), F, NULL },
  { &slim_op_reshape, &image, 1, { S(-1, 12) }, { F }, S(-1, 2, 2, 3), F, NULL },
  { &slim_op_reshape, &column, 1, { S(-1) }, { F }, S(-1, 1), F, NULL },
  { &slim_op_reshape, &fixed, 1, { S(3, 7) }, { F }, SCALAR, F, "[3,7] cannot become [4,6]" },
  { &slim_op_reshape, &image, 1, { S(5, 7) }, { F }, SCALAR, F, "[5,7] cannot become [?,2,2,3]" },
  { &slim_op_reshape, &late, 1, { S(-1, 12) }, { F }, SCALAR, F, "[?,12] cannot become [3,?]" },
  { &slim_op_reshape, &twice, 1, { S(4, 12) }, { F }, SCALAR, F, "[4,12] cannot become [?,?]" },
  { &slim_op_reshape, &column, 1, { S(3, 2) }, { F }, SCALAR, F, "[3,2] cannot become [0,1]" },
  { &slim_op_reshape, &unused, 2, { S(-1, 12), S(-1, 3, 4) }, { F, F }, S(-1, 3, 4), F, NULL },
  { &slim_op_reshape, &unused, 2, { S(2, 12), S(3, 4) }, { F, F }, SCALAR, F, "[2,12] cannot become [3,4]" },
  { &slim_op_transpose, &to_nchw, 1, { S(-1, 4, 5, 6) }, { F }, S(-1, 6, 4, 5), F, NULL },
  { &slim_op_transpose, &doubled, 1, { S(2, 3) }, { F }, SCALAR, F, "axis 1 is named twice" },
  { &slim_op_transpose, &swap, 1, { S(2, 3, 4) }, { F }, SCALAR, F, "2 axes for the input [2,3,4]" },
  { &slim_op_concat, &channels, 3, { S(-1, 2, 2, 3), S(-1, 2, 2, 1), S(-1, 2, 2, 4) }, { F, F, F }, S(-1, 2, 2, 8), F,
    NULL },
  { &slim_op_concat, &batch, 2, { S(-1, 2), S(3, 2) }, { F, F }, S(-1, 2), F, NULL },
  { &slim_op_concat, &batch, 2, { S(3, 2), S(3, 1) }, { F, F }, SCALAR, F,
    "input 1, float32 [3,1], does not continue float32 [3,2] along axis 0" },
  { &slim_op_slice, &box, 1, { S(4, 5) }, { F }, S(3, 2), F, NULL },
  { &slim_op_slice, &box, 1, { S(-1, 5) }, { F }, S(-1, 2), F, NULL },
  { &slim_op_slice, &box, 1, { S(4, 1) }, { F }, SCALAR, F,
    "2 elements from 0 on axis 1 are not inside of the input [4,1]" },
  { &slim_op_slice, &behind, 4, { S(9, 2), S(4, 2), S(3, 2), S(2, 2) }, { F, F, F, F }, S(4, 2), F, NULL },
  { &slim_op_slice, &behind, 3, { S(-1, 2), S(4, 2), S(-1, 2) }, { F, F, F }, S(4, 2), F, NULL },
  { &slim_op_slice, &behind, 3, { S(6, 2), S(4, 2), S(3, 2) }, { F, F, F }, SCALAR, F,
    "4 elements from 3 on axis 0 are not inside of the input [6,2]" },
  { &slim_op_pad, &frame, 1, { S(-1, 5) }, { F }, S(-1, 8), F, NULL },
  { &slim_op_pad, &shifted, 2, { S(3, 5), S(6, 5) }, { F, F }, S(6, 5), F, NULL },
  { &slim_op_pad, &shifted, 2, { S(3, 5), S(3, 5) }, { F, F }, SCALAR, F,
    "1 zeros before and -1 after axis 0 of the input [3,5] are not possible" },
  { &slim_op_broadcast_like, &spread, 2, { S(-1, 1), S(-1, 7) }, { F, F }, S(-1, 7), F, NULL },
  { &slim_op_broadcast_like, &spread, 2, { S(-1), S(-1, 7) }, { F, F }, S(-1, 7), F, NULL },
  { &slim_op_broadcast_like, &spread_all, 2, { SCALAR, S(-1, 7) }, { F, F }, S(-1, 7), F, NULL },
  { &slim_op_broadcast_like, &spread, 2, { S(2), S(3, 7) }, { F, F }, SCALAR, F, "[2] cannot be repeated to [3,7]" },
  /* reductions and classes */
  { &slim_op_reduce, &over_all, 1, { S(-1, 4) }, { F }, SCALAR, F, NULL },
  { &slim_op_reduce, &kept, 1, { S(-1, 4, 5) }, { F }, S(-1, 1, 5), F, NULL },
  { &slim_op_reduce, &too_far, 1, { S(2, 3) }, { F }, SCALAR, F, "axes beyond the rank of the input [2,3]" },
  { &slim_op_argmax, &last, 1, { S(-1, 10) }, { F }, S(-1), I64, NULL },
  { &slim_op_argmax, &last, 1, { S(10) }, { F }, SCALAR, F, "axis 1 is outside of the input [10]" },
  { &slim_op_one_hot, &ten, 1, { S(-1, 2) }, { I32 }, S(-1, 2, 10), F, NULL },
  { &slim_op_one_hot, &none, 1, { S(-1) }, { I64 }, SCALAR, F, "0 classes, must be at least 1" },
  { &slim_op_one_hot, &ten, 1, { S(-1) }, { F }, SCALAR, F, "labels has type float32, must be int32 or int64" },
  { &slim_op_in_top_k, &top_5, 2, { S(-1, 10), S(-1) }, { F, I64 }, S(-1), F, NULL },
  { &slim_op_in_top_k, &top_0, 2, { S(-1, 10), S(-1) }, { F, I64 }, SCALAR, F, "k is 0, must be at least 1" },
  { &slim_op_in_top_k, &top_5, 2, { S(3, 10), S(4) }, { F, I64 }, SCALAR, F,
    "predictions [3,10] and labels [4] differ in the batch" },
  { &slim_op_top_k, &largest_3, 1, { S(-1, 2, 10) }, { F }, S(-1, 2, 3), F, NULL },
  { &slim_op_top_k, &largest_3, 1, { S(4, 2) }, { F }, SCALAR, F,
    "k is 3, must be from 1 to the last dimension of [4,2]" },
  { &slim_op_top_k, &largest_0, 1, { S(4, 2) }, { F }, SCALAR, F,
    "k is 0, must be from 1 to the last dimension of [4,2]" },
  { &slim_op_top_k, &largest_3, 1, { SCALAR }, { F }, SCALAR, F, "input [] has rank 0, must have rank 1 or more" },
  { &slim_op_top_k, &largest_3, 1, { S(4, 5) }, { I64 }, SCALAR, F, "input has type int64, must be float32" },
  { &slim_op_cumsum, &running, 1, { S(-1, 10) }, { F }, S(-1, 10), F, NULL },
  { &slim_op_cumsum, &running, 1, { S(7) }, { F }, SCALAR, F, "axis 1 is outside of the input [7]" },
  { &slim_op_softmax, NULL, 1, { S(-1, 3, 10) }, { F }, S(-1, 3, 10), F, NULL },
  { &slim_op_softmax, NULL, 1, { SCALAR }, { F }, SCALAR, F, "input [] has no last axis of known size" },
  { &slim_op_softmax_cross_entropy, NULL, 2, { S(-1, 10), S(-1, 10) }, { F, F }, S(-1), F, NULL },
  { &slim_op_softmax_cross_entropy, NULL, 2, { S(2, 10), S(2, 9) }, { F, F }, SCALAR, F,
    "logits [2,10] and labels [2,9] must have the same shape" },
  { &slim_op_sparse_softmax_cross_entropy, NULL, 2, { S(-1, 10), S(5) }, { F, I64 }, S(5), F, NULL },
  { &slim_op_sparse_softmax_cross_entropy, NULL, 2, { S(4, 10), S(5) }, { F, I64 }, SCALAR, F,
    "logits [4,10] and labels [5] differ in the batch" },
  { &slim_op_sigmoid_cross_entropy, NULL, 2, { S(-1, 10), S(-1, 10) }, { F, F }, S(-1, 10), F, NULL },
  /* training and the host lane */
  { &slim_op_finite_check, NULL, 1, { S(2) }, { F }, SCALAR, F, "input [2] has rank 1, must have rank 0" },
  { &slim_op_assign, &average, 2, { S(3), S(3) }, { I64, I64 }, S(3), I64, NULL },
  { &slim_op_assign, &average, 2, { S(3), S(3) }, { F, I64 }, SCALAR, F,
    "a value of type int64 cannot go into a variable of type float32" },
  { &slim_op_assign_moving_average, &wild, 2, { S(3), S(3) }, { F, F }, SCALAR, F, "decay 1.5 must be from 0 to 1" },
  { &slim_op_apply_gradient_descent, &two_variables, 5, { SCALAR, S(3), S(3), S(2), S(2) }, { F, F, F, F, F }, SCALAR,
    F, NULL },
  { &slim_op_apply_momentum, &one_variable, 4, { SCALAR, S(3), S(3), S(2) }, { F, F, F, F }, SCALAR, F,
    "variable [3] and gradient [2] must have the same shape" },
  { &slim_op_apply_rms_prop, &centered, 5, { SCALAR, S(3), S(3), S(3), S(3) }, { F, F, F, F, F }, SCALAR, F,
    "5 inputs for 1 variables, must be 1 and 5 for each variable" },
  { &slim_op_schedule, &decay, 1, { SCALAR }, { I64 }, SCALAR, F, NULL },
  { &slim_op_schedule, &no_decay, 1, { SCALAR }, { I64 }, SCALAR, F, "decay_steps 0 must be above 0" },
  { &slim_op_schedule, &unsorted, 1, { SCALAR }, { I64 }, SCALAR, F,
    "boundary 1, step 5, must be above the one before, step 5" },
  { &slim_op_counter, &count_up, 1, { SCALAR }, { I64 }, SCALAR, I64, NULL },
  { &slim_op_streaming_mean, NULL, 3, { S(-1), SCALAR, SCALAR }, { F, SLIM_FLOAT64, SLIM_FLOAT64 }, SCALAR, F, NULL },
  { &slim_op_streaming_mean, NULL, 4, { S(3), S(2), SCALAR, SCALAR }, { F, F, SLIM_FLOAT64, SLIM_FLOAT64 }, SCALAR, F,
    "values [3] and weights [2] must have the same shape" },
  { &slim_op_streaming_value, NULL, 2, { SCALAR, SCALAR }, { F, SLIM_FLOAT64 }, SCALAR, F,
    "total has type float32, must be float64" },
  { &slim_op_streaming_sum, NULL, 2, { S(2, 3), S(2, 3) }, { F, SLIM_FLOAT64 }, S(2, 3), F, NULL },
  { &slim_op_streaming_sum, NULL, 2, { S(2, 3), S(2) }, { F, SLIM_FLOAT64 }, SCALAR, F,
    "values [2,3] and total [2] must have the same shape" },
  { &slim_op_streaming_sum, NULL, 2, { S(2), S(2) }, { F, F }, SCALAR, F, "total has type float32, must be float64" },
  { &slim_op_streaming_value, NULL, 1, { S(4, 4) }, { SLIM_FLOAT64 }, S(4, 4), F, NULL },
  { &slim_op_group, NULL, 2, { S(-1, 2), S(9) }, { I32, F }, S(-1, 2), I32, NULL },
};

START_TEST(rule_gives_shape_or_says_why)
{
  const struct rule_case *c = &cases[_i];
  slim_shape out[8] = { { 0 } };
  slim_dtype out_type[8];
  slim_error error = { 0 };
  for (int i = 0; i < 8; i++) {
    out_type[i] = c->inputs ? c->type[0] : SLIM_FLOAT32;
  }
  slim_inference question = { .attr = c->attr, .inputs = c->inputs, .in = c->in, .in_type = c->type, .out = out,
                              .out_type = out_type, .error = &error };
  const bool good = c->op->infer(&question);
  ck_assert_str_eq(error.text, c->error ? c->error : "");
  ck_assert_int_eq(good, c->error == NULL);
  if (!c->error) {
    char got[100], want[100];
    ck_assert_str_eq(slim_shape_format(&out[0], got, sizeof got), slim_shape_format(&c->out, want, sizeof want));
    ck_assert_int_eq(out_type[0], c->out_type);
  }
}
END_TEST

START_TEST(every_op_has_name_rule_and_outputs)
{
  for (int i = 0; i < SLIM_OP_COUNT; i++) {
    const slim_op *op = slim_op_table[i];
    ck_assert_msg(op->name && op->infer && op->outputs >= 1, "op %d", i);
    ck_assert_int_eq(slim_op_id_of(op), i);
    for (int k = 0; k < i; k++) {
      ck_assert_str_ne(op->name, slim_op_table[k]->name);
    }
  }
  const slim_op other = { .name = "other" };
  ck_assert_int_eq(slim_op_id_of(&other), -1);
}
END_TEST

static const struct window_case {
  int in, kernel, stride, rate;
  slim_padding padding;
  int out, before;
} windows[] = {
  { 28, 5, 1, 1, SLIM_SAME, 28, 2 },  { 224, 3, 2, 1, SLIM_SAME, 112, 0 }, { 7, 3, 2, 1, SLIM_SAME, 4, 1 },
  { 5, 1, 2, 1, SLIM_SAME, 3, 0 },    { 9, 3, 1, 4, SLIM_SAME, 9, 4 },     { 1, 7, 1, 1, SLIM_SAME, 1, 3 },
  { 28, 5, 1, 1, SLIM_VALID, 24, 0 }, { 6, 7, 1, 1, SLIM_VALID, 0, 0 },    { 10, 3, 3, 1, SLIM_VALID, 3, 0 },
  { 9, 3, 1, 4, SLIM_VALID, 1, 0 },   { 1, INT32_MAX, 1, INT32_MAX, SLIM_VALID, 0, 0 },
};

START_TEST(window_follows_tensorflow)
{
  const struct window_case *c = &windows[_i];
  const slim_window w = slim_window_of(c->in, c->kernel, c->stride, c->rate, c->padding);
  ck_assert_int_eq(w.out, c->out);
  ck_assert_int_eq(w.before, c->before);
}
END_TEST

START_TEST(slice_begins_behind_the_parts_before)
{
  const slim_slice_attr attr = { .rank = 2, .begin = { 1, 2 }, .axis = 1 };
  const slim_shape in[] = { S(4, 20), S(4, 3), S(4, 5), S(4, 6) };
  int begin[SLIM_MAX_RANK] = { 0 };
  slim_slice_begin(&attr, in, 4, begin);
  ck_assert_int_eq(begin[0], 1);
  ck_assert_int_eq(begin[1], 2 + 5 + 6);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, rule_gives_shape_or_says_why, 0, sizeof cases / sizeof *cases);
  tcase_add_test(c, every_op_has_name_rule_and_outputs);
  tcase_add_loop_test(c, window_follows_tensorflow, 0, sizeof windows / sizeof *windows);
  tcase_add_test(c, slice_begins_behind_the_parts_before);
}
TEST_MAIN("ops_shapes", build, NULL)
