/* Attributes of every op and the functions that add them to a graph. Inputs and outputs are listed per op. */
#ifndef SLIM_OPS_H
#define SLIM_OPS_H

#include "graph/graph.h"
#include "slim/custom_op.h"

typedef enum slim_op_id {
#define SLIM_OP(name_) SLIM_OP_ID_##name_,
#include "ops/ops.def"
#undef SLIM_OP
  SLIM_OP_COUNT
} slim_op_id;

#define SLIM_OP(name_) extern const slim_op slim_op_##name_;
#include "ops/ops.def"
#undef SLIM_OP

extern const slim_op *const slim_op_table[SLIM_OP_COUNT];
/* Id of an op of the table, SLIM_OP_ID_custom for one registered at run time, -1 for any other. */
int slim_op_id_of(const slim_op *op);

/* conv2d(x [n,h,w,c], weights [kh,kw,c,o]) -> [n,oh,ow,o].
 * conv2d_input_gradient(dy, weights, [x: shape only]) -> like x; without x it is the transposed convolution of dy, and
 * sizes are SAME: in * stride; VALID: in * stride + max(kernel - stride, 0). conv2d_weights_gradient(dy, x, weights: shape only).
 * depthwise_conv2d(x [n,h,w,c], weights [kh,kw,c,m]) -> [n,oh,ow,c*m], output channel k*m + i from channel k by kernel i;
 * gradients as conv2d's.
 * Padding is kept as SAME or VALID because SAME depends on the size that arrives; nchw: x and y are [n,c,h,w]. */
typedef struct slim_conv2d_attr {
  slim_hw stride, rate;
  slim_padding padding;
  int nchw;
  slim_hw before; /* of a conv2d of a plan's, VALID: rows and columns of zeros before x, and after it as many as y asks for */
} slim_conv2d_attr;

/* max_pool2d(x) -> y, indices int32 (within an image: (row * w + column) * c + channel of the input).
 * max_pool2d_gradient(dy, indices, x: shape only). avg_pool2d(x) -> y; avg_pool2d_gradient(dy, x: shape only). */
typedef struct slim_pool2d_attr {
  slim_hw kernel, stride;
  slim_padding padding;
  int nchw;
} slim_pool2d_attr;

/* Geometry of one axis of a window op: size out, and pixels of padding before. out < 1: the window does not fit. */
typedef struct slim_window {
  int out, before;
} slim_window;
slim_window slim_window_of(int in, int kernel, int stride, int rate, slim_padding padding);
/* Along one axis, the taps that an output meets: count of them, first, first + step, ... of the kernel. The first reads
 * begin pixels from the output's own place, each next one distance further. */
typedef struct slim_taps {
  int count, first, step, begin, distance;
} slim_taps;
/* Along one axis of the input gradient, the pixels first, first + stride, ...: count of them, which the same taps meet,
 * in ascending order of what they read. */
typedef struct slim_phase {
  int first, count;
  slim_taps taps;
} slim_phase;
slim_phase slim_phase_of(int number, int kernel, int stride, int rate, int before, int size);

/* matmul(a [m,k], b [k,n]) -> [m,n]; transpose_a: a is [k,m]; transpose_b: b is [n,k]. a may have more dimensions,
 * all but its last count as rows (then the result keeps them). */
typedef struct slim_matmul_attr {
  int transpose_a, transpose_b;
} slim_matmul_attr;

/* bias_add(x, bias [c]); bias_add_gradient(dy) -> [c]. channel axis: the last, or 1 if nchw (rank 3 or more). */
typedef struct slim_bias_attr {
  int nchw;
} slim_bias_attr;

/* activation(x) -> y; activation_gradient(dy, y) -> dx (all of these have gradients in terms of y). */
typedef enum slim_activation_kind {
  SLIM_ACTIVATION_NONE,
  SLIM_ACTIVATION_RELU,
  SLIM_ACTIVATION_RELU6,
  SLIM_ACTIVATION_SIGMOID,
  SLIM_ACTIVATION_TANH,
  SLIM_ACTIVATION_ELU
} slim_activation_kind;
typedef struct slim_activation_attr {
  slim_activation_kind kind;
} slim_activation_attr;

/* batch_norm(x, gamma [c], beta [c], mean [c], variance [c]) -> y, mean [c], variance [c], inv_stddev [c].
 * training: batch statistics (the inputs mean and variance give only shape); output 2 is the variance for the moving
 * average, times N/(N-1) if unbiased; outputs 1 and 3 are kept for the gradient. Not training: normalises with the
 * inputs; outputs 1 to 3 are then the inputs mean and variance and 1 / sqrt(variance + epsilon).
 * batch_norm_gradient(dy, x, gamma, mean, inv_stddev, [beta]) -> dx, dgamma, dbeta, with the same attributes: not training,
 * mean and inv_stddev are constants. With beta, dy is the gradient of activation(y), relu or relu6: sessions make it so. */
/* batch_norm_fold(weights, gamma [c], beta [c], mean [c], variance [c]) -> weights, bias [c]: what a convolution or
 * product needs to give its batch norm's result, not training. The last c elements of weights go with the channels.
 * A plan's may make output 0 a vector: the factor alone, which a conv2d of the plan's takes as a third input. */
typedef struct slim_batch_norm_attr {
  float epsilon;
  int training, unbiased, nchw;
  slim_activation_kind activation; /* of batch_norm_gradient with beta */
} slim_batch_norm_attr;


/* unary(x): y = f(x); scale_add: y = x * a + b. */
typedef enum slim_unary_kind {
  SLIM_UNARY_NEGATE,
  SLIM_UNARY_ABS,
  SLIM_UNARY_SIGN,
  SLIM_UNARY_SQUARE,
  SLIM_UNARY_SQRT,
  SLIM_UNARY_RSQRT,
  SLIM_UNARY_EXP,
  SLIM_UNARY_LOG,
  SLIM_UNARY_RECIPROCAL,
  SLIM_UNARY_SCALE_ADD,
  SLIM_UNARY_NOT_ZERO /* 1 where x != 0, else 0 */
} slim_unary_kind;
typedef struct slim_unary_attr {
  slim_unary_kind kind;
  float a, b;
} slim_unary_attr;

/* binary(a, b) with numpy broadcasting (dimensions aligned at the end). Comparisons give float32 0 or 1.
 * DIV_NO_NAN: 0 where b is 0. EQUAL also takes int32 and int64. */
typedef enum slim_binary_kind {
  SLIM_BINARY_ADD,
  SLIM_BINARY_SUB,
  SLIM_BINARY_MUL,
  SLIM_BINARY_DIV,
  SLIM_BINARY_DIV_NO_NAN,
  SLIM_BINARY_MAX,
  SLIM_BINARY_MIN,
  SLIM_BINARY_GREATER,
  SLIM_BINARY_EQUAL
} slim_binary_kind;
typedef struct slim_binary_attr {
  slim_binary_kind kind;
} slim_binary_attr;
/* lower_bound(x, bound): binary's MAX with a gradient by x alone, which also passes below the bound where it is
 * negative, for then x grows. */
extern const slim_op slim_op_lower_bound;

/* dropout(x): keeps an element with probability keep_prob and divides it by keep_prob. The mask depends on the run's
 * seed, hash and the run's step alone: element i is kept when Philox word i < keep_prob * 2^32. noise dims of 1 are
 * shared (rank 0: none shared). Its gradient is dropout(dy) with the same attributes. */
typedef struct slim_dropout_attr {
  float keep_prob;
  uint32_t hash_low, hash_high;
  slim_shape noise;
} slim_dropout_attr;

/* truncated_normal(x: shape only) -> like x: normal numbers, mean 0, drawn within two standard deviations. Element i
 * depends on the run's seed, hash, the run's step and i alone. */
typedef struct slim_truncated_normal_attr {
  float stddev;
  uint32_t hash_low, hash_high;
} slim_truncated_normal_attr;

typedef struct slim_cast_attr {
  slim_dtype to;
} slim_cast_attr;

/* reshape(x, [like: shape only]): to shape (one -1 allowed; 0 keeps the dimension), or to the shape of like. */
typedef struct slim_reshape_attr {
  slim_shape shape;
} slim_reshape_attr;
/* transpose(x): output axis i is input axis axis[i]. */
typedef struct slim_transpose_attr {
  int rank, axis[SLIM_MAX_RANK];
} slim_transpose_attr;
/* concat(x0, x1, ...) along axis. */
typedef struct slim_concat_attr {
  int axis;
} slim_concat_attr;
/* slice(x, [like, before...: shapes only]): size[i] elements from begin[i]; size -1: all up to the end. With like the
 * sizes are like's, and begin along axis grows by the sizes of all before (concat's gradient: each input is a piece
 * behind those before it). */
typedef struct slim_slice_attr {
  int rank, begin[SLIM_MAX_RANK], size[SLIM_MAX_RANK];
  int axis;
} slim_slice_attr;
/* Where a slice begins, with the shapes of its inputs bound. */
void slim_slice_begin(const slim_slice_attr *attr, const slim_shape *in, int inputs, int begin[SLIM_MAX_RANK]);
/* pad(x, [like: shape only]) with zeros; with like, what follows after x is what is left of like's size. The gradient
 * is slice. A kernel needs before and the shapes alone. */
typedef struct slim_pad_attr {
  int rank, before[SLIM_MAX_RANK], after[SLIM_MAX_RANK];
} slim_pad_attr;

/* reduce(x) over the axes of the mask (bit i: axis i). MEAN divides by the number of elements that arrive.
 * HALF_SQUARES: half the sum of squares, the L2 penalty. */
typedef enum slim_reduce_kind {
  SLIM_REDUCE_SUM,
  SLIM_REDUCE_MEAN,
  SLIM_REDUCE_MAX,
  SLIM_REDUCE_HALF_SQUARES
} slim_reduce_kind;
typedef struct slim_reduce_attr {
  slim_reduce_kind kind;
  unsigned axes;
  int keep_dims;
} slim_reduce_attr;
/* broadcast_like(x, like: shape only): x, whose reduced axes (mask) are 1 or left out, repeated to like's shape; mean:
 * divided by the number of repetitions. */
typedef struct slim_broadcast_attr {
  unsigned axes;
  int mean;
} slim_broadcast_attr;

/* argmax(x) over axis -> int64 (the first of equals). */
typedef struct slim_argmax_attr {
  int axis;
} slim_argmax_attr;
/* one_hot(labels int32 or int64, any shape) -> labels' shape + [classes]; out of range: all off. */
typedef struct slim_one_hot_attr {
  int classes;
  float on_value, off_value;
} slim_one_hot_attr;
/* in_top_k(predictions [n,c], labels [n]) -> float32 [n], 1 if the label is among the k largest (ties count as in). */
typedef struct slim_in_top_k_attr {
  int k;
} slim_in_top_k_attr;

/* top_k(x [..., n]) -> values [..., k] of the last axis, the largest first, and their places, int32; of equals the first
 * comes first, NaN counts as the smallest. */
typedef struct slim_top_k_attr {
  int k;
} slim_top_k_attr;
/* cumsum(x): element i along axis is the sum of elements 0 to i; exclusive: to i - 1; reverse: from the end. */
typedef struct slim_cumsum_attr {
  int axis, exclusive, reverse;
} slim_cumsum_attr;

/* softmax(x) over the last axis; softmax_gradient(dy, y).
 * softmax_cross_entropy(logits [n,c], labels [n,c]) -> loss [n], backprop [n,c] = softmax * sum(labels) - labels.
 * sparse_softmax_cross_entropy(logits [n,c], labels int [n]) -> the same (a label out of range gives NaN).
 * sigmoid_cross_entropy(logits, labels) -> elementwise loss. */

/* finite_check(x float scalar): sets the run's flag when x is not finite; outputs x. While the flag is set, every
 * assign and apply op leaves its variables as they are. */
/* assign(variable, value) -> value. assign_moving_average(variable, value): v -= (v - value) * (1 - decay). */
typedef struct slim_assign_attr {
  float decay; /* of assign_moving_average */
} slim_assign_attr;

/* apply_*(hyper-parameters as host scalars ..., then per variable: variable, slots ..., gradient). One node updates
 * all variables, so that a device can do it in few launches. No outputs of interest: output 0 is a host scalar, 0.
 * Hyper-parameters are lr; of apply_adam: lr, beta1_power, beta2_power. Slots: gradient_descent none; momentum accum;
 * adagrad accum; adadelta accum, accum_update; adam m, v; ftrl accum, linear; rms_prop ms, mom (centered: ms, mg, mom);
 * proximal_gradient_descent none; proximal_adagrad accum. */
typedef struct slim_apply_attr {
  int variables; /* how many groups of inputs follow the hyper-parameters */
  int nesterov, centered;
  float momentum, beta1, beta2, epsilon;
  float decay;                       /* of averages */
  float learning_rate_power, l1, l2; /* FTRL and proximal rules */
  const float *decay_of; /* of each variable: so much of it counts as more gradient; NULL: of none */
} slim_apply_attr;
/* How many hyper-parameters an apply op begins with; 0: it is another op. */
int slim_apply_hyper(const slim_op *op);
/* How many slots each of its variables has. */
int slim_apply_slots(const slim_op *op, const slim_apply_attr *attr);

/* schedule(step int64 host) -> float32 host scalar. Computed in double; the formulas: learning rates, slim/optimizers.h. */
typedef enum slim_schedule_kind {
  SLIM_SCHEDULE_EXPONENTIAL,
  SLIM_SCHEDULE_NATURAL_EXP,
  SLIM_SCHEDULE_INVERSE_TIME,
  SLIM_SCHEDULE_POLYNOMIAL,
  SLIM_SCHEDULE_COSINE,
  SLIM_SCHEDULE_PIECEWISE_CONSTANT,
  SLIM_SCHEDULE_KINDS
} slim_schedule_kind;
typedef struct slim_schedule_attr {
  slim_schedule_kind kind;
  double learning_rate, decay_steps, end_learning_rate, power;
  double factor; /* decay_rate; COSINE: alpha */
  int staircase, cycle;
  const int64_t *boundaries; /* PIECEWISE_CONSTANT: pieces - 1, ascending */
  const double *values;
  int pieces;
} slim_schedule_attr;

/* counter(variable, host): v = v * multiply + add after the step (global_step: 1, 1; beta1_power: beta1, 0). */
typedef struct slim_counter_attr {
  double multiply, add;
} slim_counter_attr;

/* Host ops read all their inputs on the host.
 * streaming_mean(values, [weights: like values or a scalar], total, count: local host variables, float64) -> float32
 * host scalar: adds the sum of values (times weights) to total and their number (sum of weights) to count, gives the
 * mean so far, 0 while count is 0. streaming_sum(values, total: of values' shape, a host variable, float64) -> float32 on
 * the host: adds values to total, gives the sums so far. streaming_value(total, [count]) -> the sums (means) so far,
 * without adding. */
/* group(x, ...): runs all its inputs; output 0 is input 0.
 * scale_gradient(x, multiplier) -> x; the gradient by x is dy * multiplier. */

/* custom: ops registered at run time (slim/custom_op.h). The table has one, whose kernels run them all; op of their nodes
 * is the first member of this. */
typedef struct slim_custom {
  slim_op op;
  slim_custom_op spec; /* its texts belong to the graph */
  struct slim_custom *next;
} slim_custom_entry;
const slim_custom_op *slim_custom_spec(const slim_node *node);

/* --- adding ops: each adds one node under its TF op name and returns output 0 ------------------------------------- */

slim_tensor *slim_op_add(slim_tensor *const *inputs, int num_inputs, const slim_op *op, const char *name,
                         const void *attr);
slim_tensor *slim_op_unary_add(slim_tensor *x, slim_unary_kind kind, float a, float b);
slim_tensor *slim_op_activation_add(slim_tensor *x, slim_activation_kind kind);
slim_tensor *slim_op_cast_add(slim_tensor *x, slim_dtype to); /* x itself if it has the type */
slim_tensor *slim_op_binary_add(slim_tensor *a, slim_tensor *b, slim_binary_kind kind);
slim_tensor *slim_op_reduce_add(slim_tensor *x, slim_reduce_kind kind, unsigned axes, int keep_dims);
slim_tensor *slim_op_reshape_add(slim_tensor *x, slim_shape shape);
slim_tensor *slim_op_reshape_like_add(slim_tensor *x, slim_tensor *like);
slim_tensor *slim_op_broadcast_like_add(slim_tensor *x, slim_tensor *like, unsigned axes, int mean);

#endif
