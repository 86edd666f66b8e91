#include "layers/layer.h"

#include "base/rng.h"

const slim_layer_info slim_layer_dropout = { slim_dropout,
                                             "dropout",
                                             { SLIM_LAYER_PLAIN, SLIM_OPTION(keep_prob), SLIM_OPTION(noise_shape),
                                               SLIM_OPTION(is_training), SLIM_OPTION(training), SLIM_OPTION(seed) } };

/* The option, of the input's rank or unset, with the input's sizes in it; whether they fit, the op says. */
static slim_shape noise_of(const slim_args *a)
{
  slim_shape noise = a->noise_shape;
  for (int i = 0; i < noise.rank; i++) {
    noise.dim[i] = noise.dim[i] == 0 ? a->input->shape.dim[i] : noise.dim[i];
  }
  return noise;
}

slim_tensor *(slim_dropout)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_dropout, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "Dropout");
  const slim_args *a = &call.args;
  const float keep_prob = slim_option_float(a->keep_prob, 0.5f);
  if (!(keep_prob > 0.0f && keep_prob <= 1.0f)) {
    return slim_fail(&call, SLIM_ERR_ARG, "keep_prob %g must be above 0 and at most 1", (double)keep_prob);
  }
  const int rank = a->input->shape.rank;
  if (a->noise_shape.rank != 0 && a->noise_shape.rank != rank) {
    return slim_fail(&call, SLIM_ERR_SHAPE, "noise_shape has rank %d, must have rank %d as the input",
                     a->noise_shape.rank, rank);
  }
  if (!slim_layer_training(&call)) {
    return slim_layer_refuse(&call);
  }
  if (!a->training && !slim_flag_or(a->is_training, true)) {
    return slim_call_close(&call, a->input);
  }
  const uint64_t hash =
      a->has_seed ? slim_hash_bytes(&a->seed, sizeof a->seed) : slim_hash(slim_name_scope_current(call.graph));
  const slim_dropout_attr attr = {
    .keep_prob = keep_prob, .hash_low = (uint32_t)hash, .hash_high = (uint32_t)(hash >> 32), .noise = noise_of(a)
  };
  slim_tensor *net = slim_op_add(&a->input, 1, &slim_op_dropout, "dropout", &attr);
  return slim_call_close(&call, a->training ? slim_layer_chosen(&call, net, a->input) : net);
}
