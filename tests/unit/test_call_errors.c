/* What calls refuse beside the layers' own rules, in full: values that cannot be meant, losses, scopes, variables, ops
 * and optimizers. */
#include "test_main.h"

#include "graph/graph.h"
#include "slim/slim.h"

#include <limits.h>
#include <math.h>

static slim_graph *graph;
static slim_tensor *images, *labels, *wide, *scalar, *deep, *many;

#define REFUSAL(name_, ...)                                                                                            \
  static void name_(void)                                                                                              \
  {                                                                                                                    \
    (void)__VA_ARGS__;                                                                                                 \
  }

/* --- values ------------------------------------------------------------------------------------------------------- */

REFUSAL(unknown_padding, slim_conv2d(images, 4, { 3 }, .padding = (slim_padding)7, .scope = "a"))
REFUSAL(unknown_format, slim_max_pool2d(images, { 2 }, .data_format = (slim_data_format)3))
REFUSAL(unknown_reduction, slim_mean_squared_error(wide, wide, .reduction = (slim_reduction)9))
REFUSAL(unknown_reuse, slim_fully_connected(wide, 4, .reuse = (slim_reuse)4))
REFUSAL(unknown_flag, slim_batch_norm(images, .center = SLIM_FLAG_INIT_(3)))
REFUSAL(unknown_initializer, slim_fully_connected(wide, 4, .weights_initializer = { .kind = (slim_initializer_kind)9 }))
REFUSAL(unknown_fan,
        slim_fully_connected(wide, 4, .weights_initializer = SLIM_VARIANCE_SCALING(2, (slim_fan_mode)3, 1)))
REFUSAL(unknown_regularizer, slim_fully_connected(wide, 4, .biases_regularizer = { .kind = 5 }))
REFUSAL(endless_decay, slim_batch_norm(images, .decay = INFINITY, .scope = "n"))
REFUSAL(no_number, slim_dropout(images, .keep_prob = NAN))
REFUSAL(endless_penalty, slim_conv2d(images, 4, { 3 }, .weights_regularizer = SLIM_L2(INFINITY)))
REFUSAL(endless_clipping, slim_batch_norm(images, .renorm = SLIM_YES, .renorm_clipping = { .rmax = INFINITY }))
REFUSAL(endless_weight, slim_log_loss(wide, wide, .weight = -INFINITY))
REFUSAL(no_rank, slim_dropout(images, .noise_shape = { 9, { 1 } }))

static void scope_of_no_number(void)
{
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_batch_norm), .epsilon = NAN) {
  }
}

static void layer_of_itself(void)
{
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .normalizer = slim_conv2d,
                  .normalizer_args = SLIM_ARGS(.num_outputs = 2, .kernel = { 1 })) {
    (void)slim_conv2d(images, 4, SLIM_HW(1, 1), .scope = "a");
  }
}

/* --- shapes ------------------------------------------------------------------------------------------------------- */

REFUSAL(flat_scalar, slim_flatten(scalar))
REFUSAL(flat_giant, slim_flatten(slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 1 << 20, 1 << 20), "giant")))
REFUSAL(filled_giant, slim_batch_norm(many))
REFUSAL(positions_giant,
        slim_spatial_softmax(slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(1, 1 << 16, 1 << 16, 1), "giant")))
REFUSAL(hot_depth, slim_one_hot_encoding(deep, 3))
REFUSAL(long_row, slim_concat(SLIM_TENSORS(many, many).item, 2, 1))
REFUSAL(rank_of_seven, slim_placeholder(graph, SLIM_FLOAT32, (slim_shape){ 7, { 1, 1, 1, 1, 1, 1 } }, "p"))
REFUSAL(reshaped_to_seven, slim_reshape(wide, (slim_shape){ 7, { 1, 1, 1, 1, 1, 1 } }))
REFUSAL(placed_string, slim_placeholder(graph, SLIM_STRING, SLIM_SHAPE(1), NULL))
REFUSAL(constant_without_values, slim_constant_tensor(graph, SLIM_FLOAT32, SLIM_SHAPE(3), NULL, "c"))
REFUSAL(negative_variable, (slim_variable)(SLIM_ARGS(.graph = graph, .name = "v", .shape = SLIM_SHAPE(3, -4))))
REFUSAL(unknown_type, slim_cast(wide, (slim_dtype)99))
REFUSAL(cast_to_text, slim_cast(wide, SLIM_STRING))

/* --- repeat and losses -------------------------------------------------------------------------------------------- */

REFUSAL(stacked_nothing, slim_stack(images, slim_conv2d, (slim_rows){ NULL, 2 }))
REFUSAL(stacked_no_input, (slim_stack)(SLIM_ARGS(.graph = graph, .layer = slim_conv2d)))
REFUSAL(no_losses, (slim_compute_weighted_loss)(SLIM_ARGS(.graph = graph, .scope = "w")))
REFUSAL(no_loss_added, (slim_add_loss)(SLIM_ARGS(.graph = graph)))
REFUSAL(no_predictions, (slim_log_loss)(SLIM_ARGS(.labels = wide)))
REFUSAL(logits_of_one, slim_softmax_cross_entropy(labels, labels, .scope = "s"))
REFUSAL(pairwise_scalars, slim_mean_pairwise_squared_error(scalar, scalar))
REFUSAL(sparse_of_others,
        slim_sparse_softmax_cross_entropy(slim_reshape(wide, SLIM_SHAPE(4, 6)), slim_reshape(labels, SLIM_SHAPE(5))))
REFUSAL(weights_of_text,
        slim_mean_squared_error(wide, wide, .weights = slim_placeholder(graph, SLIM_FLOAT64, SLIM_SCALAR, "w")))
REFUSAL(logits_of_double,
        slim_softmax_cross_entropy(slim_placeholder(graph, SLIM_FLOAT64, SLIM_SHAPE(4, 6), "x"), wide, .scope = "s"))
REFUSAL(giant_batch, slim_triplet_semihard_loss(slim_placeholder(graph, SLIM_INT64, SLIM_SHAPE(5000), "l"),
                                                slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(5000, 2), "e")))

static void other_graph(void)
{
  slim_graph *other = slim_graph_create(2);
  (void)slim_mean_squared_error(wide, slim_constant(other, 1.0f, "elsewhere"), .scope = "s");
  slim_graph_destroy(other);
}

/* --- scopes and lists --------------------------------------------------------------------------------------------- */

REFUSAL(scope_without_name, slim_variable_scope_begin(graph, NULL, NULL, SLIM_REUSE_UNSET))
REFUSAL(reuse_without_name, slim_variable_scope_begin(graph, NULL, "Net", SLIM_REUSE_YES))
REFUSAL(scope_of_blanks, slim_name_scope_begin(graph, "a b\nc"))
REFUSAL(registered_nothing, slim_add_arg_scope(graph, NULL, "mine", NULL))
REFUSAL(collected_nowhere, slim_add_to_collection(NULL, wide))
REFUSAL(bad_filter, slim_get_losses(slim_graph_of(slim_add_loss(scalar)), "(a", NULL))
REFUSAL(bad_escape, slim_get_losses(slim_graph_of(slim_add_loss(scalar)), "a\\b", NULL))
REFUSAL(no_model_variable, slim_add_model_variable(wide))
REFUSAL(no_such_variable, slim_get_unique_variable(graph, "net/w"))
REFUSAL(op_without_description, slim_custom(NULL, "mine", NULL, SLIM_TENSORS(wide)))
REFUSAL(no_such_output, slim_tensor_output(slim_relu(wide), 1))

/* --- gradients and optimizers ------------------------------------------------------------------------------------- */

static slim_optimizer *descent(float rate)
{
  return slim_gradient_descent_optimizer(slim_constant(graph, rate, NULL));
}

REFUSAL(slope_of_labels, slim_gradients(labels, SLIM_TENSORS(wide)))
REFUSAL(slope_by_nothing, slim_gradients(wide, SLIM_TENSORS(NULL)))
REFUSAL(nothing_to_train,
        slim_minimize(descent(0.1f), slim_reduce_sum(wide, SLIM_ALL_AXES, false), NULL, (slim_tensors){ 0, NULL }))
REFUSAL(no_optimizer, slim_compute_gradients(NULL, wide, (slim_tensors){ 0, NULL }))
REFUSAL(updated_input,
        slim_apply_gradients(descent(0.1f), (slim_gradient_list){ 1, &(slim_gradient){ wide, wide } }, NULL))
REFUSAL(rate_of_many, slim_gradient_descent_optimizer(wide))
REFUSAL(negative_momentum, slim_momentum_optimizer(slim_constant(graph, 0.1f, NULL), -0.5f))
REFUSAL(endless_average, slim_moving_average_apply(SLIM_TENSORS(wide), INFINITY))
REFUSAL(average_of_input, slim_moving_average_apply(SLIM_TENSORS(wide), 0.5f))
REFUSAL(no_decay_steps, slim_exponential_decay(0.1, slim_get_or_create_global_step(graph), 0, 0.5, false))
REFUSAL(constant_backwards, slim_piecewise_constant(slim_get_or_create_global_step(graph), 2, (const int64_t[]){ 5, 5 },
                                                    (const double[]){ 1, 2, 3 }))

static const struct text_case {
  void (*build)(void);
  slim_status status;
  const char *text;
} texts[] = {
#define UNMEANT(layer_, option_) layer_ ": the option " option_ " is not finite or has a value that does not exist"
  { unknown_padding, SLIM_ERR_ARG, UNMEANT("conv2d 'a'", "padding") },
  { unknown_format, SLIM_ERR_ARG, UNMEANT("max_pool2d", "data_format") },
  { unknown_reduction, SLIM_ERR_ARG, UNMEANT("mean_squared_error", "reduction") },
  { unknown_reuse, SLIM_ERR_ARG, UNMEANT("fully_connected", "reuse") },
  { unknown_flag, SLIM_ERR_ARG, UNMEANT("batch_norm", "center") },
  { unknown_initializer, SLIM_ERR_ARG, UNMEANT("fully_connected", "weights_initializer") },
  { unknown_fan, SLIM_ERR_ARG, UNMEANT("fully_connected", "weights_initializer") },
  { unknown_regularizer, SLIM_ERR_ARG, UNMEANT("fully_connected", "biases_regularizer") },
  { endless_decay, SLIM_ERR_ARG, UNMEANT("batch_norm 'n'", "decay") },
  { no_number, SLIM_ERR_ARG, UNMEANT("dropout", "keep_prob") },
  { endless_penalty, SLIM_ERR_ARG, UNMEANT("conv2d", "weights_regularizer") },
  { endless_clipping, SLIM_ERR_ARG, UNMEANT("batch_norm", "renorm_clipping") },
  { endless_weight, SLIM_ERR_ARG, UNMEANT("log_loss", "weight") },
  { no_rank, SLIM_ERR_ARG, UNMEANT("dropout", "noise_shape") },
  { scope_of_no_number, SLIM_ERR_ARG, UNMEANT("arg_scope", "epsilon") },
#undef UNMEANT
  { layer_of_itself, SLIM_ERR_STATE,
    "model_variable: called within 64 scopes; an arg scope may make a layer its own normalizer or activation, in "
    "'a/Conv/Conv/Conv/Conv/Co...'" },
  { flat_scalar, SLIM_ERR_SHAPE, "flatten 'Flatten': a scalar cannot be flattened" },
  { flat_giant, SLIM_ERR_SHAPE, "flatten 'Flatten': 1099511627776 elements a sample are too many" },
  { filled_giant, SLIM_ERR_SHAPE,
    "batch_norm 'BatchNorm': a constant of shape [1073741824] is too large; the input has too many channels" },
  { positions_giant, SLIM_ERR_SHAPE,
    "spatial_softmax 'spatial_softmax': input [1,65536,65536,1] has too many pixels or channels" },
  { hot_depth, SLIM_ERR_SHAPE, "one_hot_encoding 'OneHotEncoding': labels [1,1,1,1,1,1] have too many dimensions" },
  { long_row, SLIM_ERR_SHAPE, "concat 'concat': the result is longer than 2147483647 along axis 1" },
  { rank_of_seven, SLIM_ERR_SHAPE, "placeholder 'p': output 0 cannot have the shape [rank 7]" },
  { reshaped_to_seven, SLIM_ERR_SHAPE, "reshape 'Reshape': [?,6] cannot become [rank 7]" },
  { placed_string, SLIM_ERR_TYPE, "placeholder 'Placeholder': a tensor cannot have the type string" },
  { constant_without_values, SLIM_ERR_ARG, "constant 'c': no values of type float32 and shape [3]" },
  { negative_variable, SLIM_ERR_SHAPE,
    "variable 'v' cannot be float32 of shape [3,?]; its sizes must be known and above 0" },
  { unknown_type, SLIM_ERR_TYPE, "cast 'Cast': float32 cannot become unknown" },
  { cast_to_text, SLIM_ERR_TYPE, "cast 'Cast': float32 cannot become string" },
  { stacked_nothing, SLIM_ERR_ARG, "stack: the rows are missing" },
  { stacked_no_input, SLIM_ERR_ARG, "stack: the input is missing" },
  { no_losses, SLIM_ERR_ARG, "compute_weighted_loss 'w': the losses are missing" },
  { no_loss_added, SLIM_ERR_ARG, "add_loss: the loss is missing" },
  { no_predictions, SLIM_ERR_ARG, "log_loss: the predictions are missing" },
  { logits_of_one, SLIM_ERR_SHAPE, "softmax_cross_entropy 's': logits [?] have rank 1, must have rank 2 or more" },
  { pairwise_scalars, SLIM_ERR_SHAPE,
    "mean_pairwise_squared_error 'mean_pairwise_squared_error': predictions [] have rank 0, must have rank 1 or more" },
  { sparse_of_others, SLIM_ERR_SHAPE,
    "sparse_softmax_cross_entropy 'sparse_softmax_cross_entropy_loss': logits [4,6] and labels [5] differ in the "
    "batch" },
  { weights_of_text, SLIM_ERR_TYPE, "mean_squared_error 'mean_squared_error': float64 cannot become float32" },
  { logits_of_double, SLIM_ERR_TYPE, "softmax_cross_entropy 's': float64 cannot become float32" },
  { giant_batch, SLIM_ERR_SHAPE,
    "triplet_semihard_loss: a batch of 5000 cannot be compared with itself, 4096 is the most" },
  { other_graph, SLIM_ERR_ARG, "mean_squared_error 's': 'elsewhere:0' comes from another graph" },
  { scope_without_name, SLIM_ERR_ARG, "variable scope: neither name nor default name is given" },
  { reuse_without_name, SLIM_ERR_ARG, "variable scope 'Net': reuse needs a scope name" },
  { scope_of_blanks, SLIM_ERR_ARG, "scope: 'a b?c' is not a valid name (letters, digits and _.-/)" },
  { registered_nothing, SLIM_ERR_ARG, "add_arg_scope 'mine': the layer is NULL" },
  { collected_nowhere, SLIM_ERR_ARG, "collection of 'wide:0': no key" },
  { bad_filter, SLIM_ERR_ARG, "filter '(a': Unmatched ( or \\(" },
  { bad_escape, SLIM_ERR_ARG, "filter 'a\\b': an escape or group that is not supported" },
  { no_model_variable, SLIM_ERR_ARG, "add_model_variable: 'wide:0' is not a variable" },
  { no_such_variable, SLIM_ERR_NOT_FOUND, "variable 'net/w' does not exist" },
  { op_without_description, SLIM_ERR_ARG, "custom op: the description is missing" },
  { no_such_output, SLIM_ERR_ARG, "activation 'Relu': there is no output 1, it has 1" },
  { slope_of_labels, SLIM_ERR_TYPE, "gradients of 'labels:0': it is int64, must be float32" },
  { slope_by_nothing, SLIM_ERR_ARG, "gradients of 'wide:0': x 1 of 1 is not of the same graph" },
  { nothing_to_train, SLIM_ERR_ARG, "optimizer GradientDescent: there is no trainable variable" },
  { no_optimizer, SLIM_ERR_ARG, "compute_gradients of 'wide:0': the optimizer is NULL" },
  { updated_input, SLIM_ERR_ARG, "optimizer GradientDescent: 'wide:0' is not a variable" },
  { rate_of_many, SLIM_ERR_SHAPE,
    "optimizer GradientDescent: learning rate 'wide:0' is float32 [?,6], must be a float32 scalar" },
  { negative_momentum, SLIM_ERR_ARG, "optimizer Momentum: momentum -0.5 must be at least 0 and below 1e+30" },
  { endless_average, SLIM_ERR_ARG, "moving average: decay inf must be from 0 to 1" },
  { average_of_input, SLIM_ERR_ARG, "moving average: 'wide:0' is not a variable" },
  { no_decay_steps, SLIM_ERR_ARG, "schedule 'ExponentialDecay': decay_steps 0 must be above 0" },
  { constant_backwards, SLIM_ERR_ARG,
    "schedule 'PiecewiseConstant': boundary 1, step 5, must be above the one before, step 5" },
};

START_TEST(a_call_says_what_was_wrong)
{
  const struct text_case *c = &texts[_i];
  graph = slim_graph_create(1);
  images = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 8, 8, 3), "images");
  labels = slim_placeholder(graph, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  wide = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 6), "wide");
  scalar = slim_constant(graph, 1.0f, "scalar");
  deep = slim_placeholder(graph, SLIM_INT64, SLIM_SHAPE(1, 1, 1, 1, 1, 1), "deep");
  many = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(1, 1 << 30), "many");
  c->build();
  ck_assert_str_eq(slim_graph_error(graph), c->text);
  ck_assert_int_eq(slim_graph_status(graph), c->status);
  slim_graph_destroy(graph);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, a_call_says_what_was_wrong, 0, sizeof texts / sizeof *texts);
}
TEST_MAIN("call_errors", build, NULL)
