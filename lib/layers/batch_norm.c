#include "layers/layer.h"

const slim_layer_info slim_layer_batch_norm = {
  slim_batch_norm, "batch_norm",
  SLIM_LAYER_COMMON | SLIM_OPTION(decay) | SLIM_OPTION(center) | SLIM_OPTION(scale) | SLIM_OPTION(epsilon) |
      SLIM_OPTION(activation) | SLIM_OPTION(is_training) | SLIM_OPTION(data_format) | SLIM_OPTION(beta_initializer) |
      SLIM_OPTION(gamma_initializer) | SLIM_OPTION(moving_mean_initializer) | SLIM_OPTION(moving_variance_initializer) |
      SLIM_OPTION(beta_regularizer) | SLIM_OPTION(gamma_regularizer) | SLIM_OPTION(updates_collections)
};

#define FUSED_EPSILON 1.001e-5f /* cuDNN's least, which TensorFlow applies on every device */

/* The inputs of the op: net, gamma, beta, moving mean, moving variance. */
typedef struct parts {
  slim_tensor *input[5];
} parts;

/* value in every channel, for a layer without gamma or beta. */
static slim_tensor *constant(slim_call *call, int channels, float value, const char *name)
{
  float *values = slim_arena_array(call->graph->arena, (size_t)channels, sizeof *values);
  if (!values) {
    return slim_graph_fail(call->graph, SLIM_ERR_MEMORY, "batch_norm: out of memory");
  }
  for (int i = 0; i < channels; i++) {
    values[i] = value;
  }
  return slim_constant_tensor(call->graph, SLIM_FLOAT32, (slim_shape){ 1, { channels } }, values, name);
}

static parts make_variables(slim_call *call, int channels)
{
  const slim_args *a = &call->args;
  const slim_shape shape = { 1, { channels } };
  parts p = { { a->input } };
  p.input[1] =
      slim_option_flag(a->scale, false)
          ? slim_layer_variable_add(call, "gamma", shape, slim_option_initializer(a->gamma_initializer, SLIM_ONES),
                                    a->gamma_regularizer, true)
          : constant(call, channels, 1.0f, "Const");
  p.input[2] =
      slim_option_flag(a->center, true)
          ? slim_layer_variable_add(call, "beta", shape, slim_option_initializer(a->beta_initializer, SLIM_ZEROS),
                                    a->beta_regularizer, true)
          : constant(call, channels, 0.0f, "Const");
  p.input[3] = slim_layer_variable_add(
      call, "moving_mean", shape, slim_option_initializer(a->moving_mean_initializer, SLIM_ZEROS), SLIM_NO_REG, false);
  p.input[4] =
      slim_layer_variable_add(call, "moving_variance", shape,
                              slim_option_initializer(a->moving_variance_initializer, SLIM_ONES), SLIM_NO_REG, false);
  return p;
}

/* Moves a moving statistic towards the batch's. */
static slim_tensor *update(slim_call *call, slim_tensor *moving, slim_tensor *batch)
{
  const slim_assign_attr attr = { slim_option_float(call->args.decay, 0.999f) };
  slim_tensor *inputs[] = { moving, batch };
  const slim_stage before = slim_graph_set_stage(call->graph, SLIM_STAGE_UPDATE);
  slim_tensor *result = slim_op_add(inputs, 2, &slim_op_assign_moving_average, "AssignMovingAvg", &attr);
  (void)slim_graph_set_stage(call->graph, before);
  return result;
}

/* Puts the updates into their collections. @return net, with the updates tied to it if they run in place. */
static slim_tensor *add_updates(slim_call *call, const parts *p, slim_tensor *net)
{
  const char *collections = call->args.updates_collections ? call->args.updates_collections : SLIM_UPDATE_OPS;
  slim_tensor *updates[] = { net, update(call, p->input[3], slim_tensor_output(net, 1)),
                             update(call, p->input[4], slim_tensor_output(net, 2)) };
  if (!*collections) {
    return slim_op_add(updates, 3, &slim_op_group, "Identity", NULL);
  }
  (void)slim_add_to_collection(collections, updates[1]);
  (void)slim_add_to_collection(collections, updates[2]);
  return net;
}

slim_tensor *(slim_batch_norm)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_batch_norm, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "BatchNorm");
  const slim_shape *in = &call.args.input->shape;
  if (!slim_layer_rank(&call, 2) || (slim_layer_nchw(&call) && !slim_layer_image(&call))) {
    return slim_layer_refuse(&call);
  }
  const bool fused = in->rank == 2 || in->rank == 4, training = slim_option_flag(call.args.is_training, true);
  const float epsilon = slim_option_float(call.args.epsilon, 0.001f);
  const slim_batch_norm_attr attr = { .epsilon = fused && epsilon < FUSED_EPSILON ? FUSED_EPSILON : epsilon,
                                      .training = training,
                                      .unbiased = fused,
                                      .nchw = slim_layer_nchw(&call) };
  const parts p = make_variables(&call, slim_layer_channels(&call, call.args.input));
  slim_tensor *net = slim_op_add(p.input, 5, &slim_op_batch_norm, "FusedBatchNorm", &attr);
  if (training && !slim_is_poison(net)) {
    net = add_updates(&call, &p, net);
  }
  return slim_layer_activate(&call, net, NULL);
}
