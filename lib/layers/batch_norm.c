#include "layers/batch_norm.h"

#include <math.h>
#include <string.h>

const slim_layer_info slim_layer_batch_norm = { slim_batch_norm,
                                                "batch_norm",
                                                { SLIM_LAYER_COMMON,
                                                  SLIM_OPTION(decay),
                                                  SLIM_OPTION(center),
                                                  SLIM_OPTION(scale),
                                                  SLIM_OPTION(epsilon),
                                                  SLIM_OPTION(activation),
                                                  SLIM_OPTION(is_training),
                                                  SLIM_OPTION(training),
                                                  SLIM_OPTION(batch_weights),
                                                  SLIM_OPTION(fused),
                                                  SLIM_OPTION(data_format),
                                                  SLIM_OPTION(beta_initializer),
                                                  SLIM_OPTION(gamma_initializer),
                                                  SLIM_OPTION(moving_mean_initializer),
                                                  SLIM_OPTION(moving_variance_initializer),
                                                  SLIM_OPTION(beta_regularizer),
                                                  SLIM_OPTION(gamma_regularizer),
                                                  SLIM_OPTION(updates_collections),
                                                  SLIM_OPTION(zero_debias_moving_mean),
                                                  SLIM_OPTION(renorm),
                                                  SLIM_OPTION(renorm_decay),
                                                  SLIM_OPTION(renorm_clipping) } };

#define FUSED_EPSILON 1.001e-5f /* cuDNN's least, which TensorFlow applies on every device */

typedef struct parts {
  slim_tensor *input[SLIM_NORM_INPUTS];
} parts;

static parts make_variables(slim_call *call, int channels)
{
  const slim_args *a = &call->args;
  const slim_shape shape = { 1, { channels } };
  parts p = { { a->input } };
  p.input[1] =
      slim_flag_or(a->scale, false)
          ? slim_layer_variable_add(call, "gamma", shape, slim_option_initializer(a->gamma_initializer, SLIM_ONES),
                                    a->gamma_regularizer, true)
          : slim_layer_filled(call, shape, 1.0f, "Const");
  p.input[2] =
      slim_flag_or(a->center, true)
          ? slim_layer_variable_add(call, "beta", shape, slim_option_initializer(a->beta_initializer, SLIM_ZEROS),
                                    a->beta_regularizer, true)
          : slim_layer_filled(call, shape, 0.0f, "Const");
  p.input[3] = slim_layer_variable_add(
      call, "moving_mean", shape, slim_option_initializer(a->moving_mean_initializer, SLIM_ZEROS), SLIM_NO_REG, false);
  p.input[4] =
      slim_layer_variable_add(call, "moving_variance", shape,
                              slim_option_initializer(a->moving_variance_initializer, SLIM_ONES), SLIM_NO_REG, false);
  return p;
}

/* --- updates ------------------------------------------------------------------------------------------------------ */

static slim_tensor *effect(slim_call *call, const slim_op *op, const char *name, slim_tensor *variable,
                           slim_tensor *value, float decay)
{
  const slim_assign_attr attr = { decay };
  slim_tensor *inputs[] = { variable, call->args.training ? slim_layer_chosen(call, value, variable) : value };
  const slim_stage before = slim_graph_set_stage(call->graph, SLIM_STAGE_UPDATE);
  slim_tensor *result = slim_op_add(inputs, 2, op, name, &attr);
  (void)slim_graph_set_stage(call->graph, before);
  return result;
}

slim_tensor *slim_layer_average(slim_call *call, slim_tensor *moving, slim_tensor *batch, float decay)
{
  return effect(call, &slim_op_assign_moving_average, "AssignMovingAvg", moving, batch, decay);
}

slim_tensor *slim_layer_assign(slim_call *call, slim_tensor *variable, slim_tensor *value)
{
  return effect(call, &slim_op_assign, "Assign", variable, value, 0.0f);
}

slim_tensor *slim_layer_updates(slim_call *call, slim_tensor *net, slim_tensor *const *updates, int count)
{
  const char *collections = call->args.updates_collections ? call->args.updates_collections : SLIM_UPDATE_OPS;
  if (!*collections) {
    return slim_group(net, (slim_tensors){ (size_t)count, updates });
  }
  for (int i = 0; i < count; i++) {
    (void)slim_add_to_collection(collections, updates[i]);
  }
  return net;
}

/* A variable beside the moving one, in TensorFlow's place: its full name below the scope. Saved, but not of the model.
 */
static slim_tensor *beside(slim_call *call, const slim_tensor *moving, const char *leaf, slim_shape shape)
{
  const char *name = slim_arena_printf(call->graph->arena, "%s/%s", slim_variable_full_name(moving), leaf);
  return name ? (slim_variable)(SLIM_ARGS(.graph = call->graph, .name = name, .shape = shape, .initializer = SLIM_ZEROS,
                                          .trainable = SLIM_NO))
              : slim_graph_fail(call->graph, SLIM_ERR_MEMORY, "%s: out of memory", call->layer);
}

/* The mean of all batches so far, weighed by decay, without the share that the first value, 0, still has in biased:
 * biased / (1 - decay^step). */
static slim_tensor *debiased_update(slim_call *call, slim_tensor *moving, slim_tensor *batch, float decay)
{
  slim_tensor *biased = beside(call, moving, "biased", moving->shape);
  slim_tensor *step = beside(call, moving, "local_step", SLIM_SCALAR), *next = slim_scale(step, 1.0f, 1.0f);
  slim_tensor *sum = slim_add(slim_scale(biased, decay, 0.0f), slim_scale(batch, 1.0f - decay, 0.0f));
  slim_tensor *left = slim_exp(slim_scale(next, logf(decay), 0.0f));
  slim_tensor *updates[] = { slim_layer_assign(call, biased, sum), slim_layer_assign(call, step, next) };
  slim_tensor *update = slim_layer_assign(call, moving, slim_div(sum, slim_scale(left, -1.0f, 1.0f)));
  return slim_group(update, (slim_tensors){ 2, updates });
}

static slim_tensor *add_updates(slim_call *call, const parts *p, slim_tensor *net, slim_moments batch)
{
  const float decay = slim_option_float(call->args.decay, 0.999f);
  slim_tensor *mean = p->input[SLIM_NORM_MEAN];
  const bool debiased = slim_flag_or(call->args.zero_debias_moving_mean, false);
  slim_tensor *updates[] = { debiased ? debiased_update(call, mean, batch.mean, decay)
                                      : slim_layer_average(call, mean, batch.mean, decay),
                             slim_layer_average(call, p->input[SLIM_NORM_VARIANCE], batch.variance, decay) };
  return slim_layer_updates(call, net, updates, 2);
}

/* --- the layer ---------------------------------------------------------------------------------------------------- */

/* TF-Slim's rule for renorm; and its deviations start as the root of a constant. */
static bool renorm_usable(slim_call *call)
{
  const slim_args *a = &call->args;
  const bool updates = a->updates_collections && strcmp(a->updates_collections, SLIM_UPDATE_OPS) != 0;
  if (updates || a->batch_weights || slim_flag_or(a->zero_debias_moving_mean, false)) {
    (void)slim_fail(call, SLIM_ERR_ARG,
                    "renorm is not supported with batch_weights, updates_collections or zero_debias_moving_mean");
    return false;
  }
  const slim_initializer_kind kind = a->moving_variance_initializer.kind;
  if (kind != SLIM_INIT_UNSET && kind != SLIM_INIT_CONSTANT) {
    (void)slim_fail(call, SLIM_ERR_ARG, "moving_variance_initializer must be a constant with renorm");
    return false;
  }
  return true;
}

/* By the moments of the batch, which the variables then follow. */
static slim_tensor *train(slim_call *call, const slim_batch_norm_attr *attr, const parts *p, const slim_renorm *renorm)
{
  if (renorm) {
    return slim_layer_renorm(call, attr, p->input, renorm);
  }
  if (call->args.batch_weights) {
    const slim_moments batch = slim_layer_weighted_moments(call);
    return add_updates(call, p, slim_layer_normalize_by(call, p->input, batch, attr->epsilon), batch);
  }
  slim_tensor *net = slim_op_add(p->input, SLIM_NORM_INPUTS, &slim_op_batch_norm, "FusedBatchNorm", attr);
  return slim_is_poison(net)
             ? net
             : add_updates(call, p, net, (slim_moments){ slim_tensor_output(net, 1), slim_tensor_output(net, 2) });
}

static slim_tensor *normalize(slim_call *call, slim_batch_norm_attr attr, const parts *p, const slim_renorm *renorm)
{
  slim_tensor *training = NULL, *inference = NULL;
  if (attr.training || call->args.training) {
    attr.training = 1;
    training = train(call, &attr, p, renorm);
  }
  if (!training || call->args.training) {
    attr.training = 0;
    inference = slim_op_add(p->input, SLIM_NORM_INPUTS, &slim_op_batch_norm, "FusedBatchNorm", &attr);
  }
  return training && inference ? slim_layer_chosen(call, training, inference) : training ? training : inference;
}

/* TensorFlow's rule. */
static bool is_fused(const slim_args *a)
{
  const int rank = a->input->shape.rank;
  return (rank == 2 || rank == 4) && slim_flag_or(a->fused, true) && !slim_flag_or(a->renorm, false) &&
         !a->batch_weights;
}

slim_tensor *(slim_batch_norm)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_batch_norm, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "BatchNorm");
  if (!slim_layer_rank(&call, 2) || (slim_layer_nchw(&call) && !slim_layer_image(&call)) ||
      !slim_layer_training(&call) || !slim_layer_batch_weights(&call)) {
    return slim_layer_refuse(&call);
  }
  const bool renorm = slim_flag_or(call.args.renorm, false), fused = is_fused(&call.args);
  if (renorm && !renorm_usable(&call)) {
    return slim_layer_refuse(&call);
  }
  const float epsilon = slim_option_float(call.args.epsilon, 0.001f);
  const slim_batch_norm_attr attr = { .epsilon = fused && epsilon < FUSED_EPSILON ? FUSED_EPSILON : epsilon,
                                      .training = slim_flag_or(call.args.is_training, true),
                                      .unbiased = fused,
                                      .nchw = slim_layer_nchw(&call) };
  const int channels = slim_layer_channels(&call, call.args.input);
  const parts p = make_variables(&call, channels);
  slim_renorm beside_them = { NULL, NULL, NULL };
  if (renorm) {
    beside_them = slim_layer_renorm_variables(&call, SLIM_SHAPE(channels));
  }
  return slim_layer_activate(&call, normalize(&call, attr, &p, renorm ? &beside_them : NULL), NULL);
}
