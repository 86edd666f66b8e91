#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In options of the library zero means unset; a flag always says what it means. */
static float given(double value)
{
  return value == 0 ? SLIM_ZERO : (float)value;
}

static void add_losses(const train_options *o, const model *m)
{
  const int classes = slim_tensor_shape(m->logits).dim[1];
  slim_tensor *labels = slim_one_hot_encoding(m->labels, classes);
  slim_tensor *aux = slim_end_point(m->graph, SLIM_END_POINTS, "AuxLogits");
  if (aux) {
    (void)slim_softmax_cross_entropy(aux, labels, .label_smoothing = (float)o->label_smoothing, .weight = 0.4f,
                                     .scope = "aux_loss");
  }
  (void)slim_softmax_cross_entropy(m->logits, labels, .label_smoothing = (float)o->label_smoothing);
}

static slim_tensor *make_learning_rate(const train_options *o, slim_graph *g, slim_tensor *step, int64_t num_samples)
{
  const double steps_per_epoch = (double)num_samples / (double)(o->batch_size * train_batches_of_step(o));
  const double decay_steps = fmax(1, floor(steps_per_epoch * o->num_epochs_per_decay));
  slim_tensor *rate = NULL;
  if (!strcmp(o->learning_rate_decay_type, "exponential")) {
    rate = slim_exponential_decay(o->learning_rate, step, decay_steps, o->learning_rate_decay_factor, true);
  } else if (!strcmp(o->learning_rate_decay_type, "polynomial")) {
    rate = slim_polynomial_decay(o->learning_rate, step, decay_steps, o->end_learning_rate, 1, false);
  } else {
    rate = slim_constant(g, (float)o->learning_rate, "fixed_learning_rate");
  }
  if (o->warmup_epochs > 0) {
    const double warmup_steps = fmax(1, steps_per_epoch * o->warmup_epochs);
    rate = slim_minimum(slim_polynomial_decay(0, step, warmup_steps, o->learning_rate, 1, false), rate);
  }
  return rate;
}

static slim_optimizer *make_optimizer(const train_options *o, slim_tensor *rate)
{
  if (!strcmp(o->optimizer, "adam")) {
    return slim_adam_optimizer(rate, .beta1 = given(o->adam_beta1), .beta2 = given(o->adam_beta2),
                               .epsilon = given(o->opt_epsilon));
  }
  if (!strcmp(o->optimizer, "adagrad")) {
    return slim_adagrad_optimizer(rate, .initial_accumulator_value = given(o->adagrad_initial_accumulator_value));
  }
  if (!strcmp(o->optimizer, "adadelta")) {
    return slim_adadelta_optimizer(rate, .rho = given(o->adadelta_rho), .epsilon = given(o->opt_epsilon));
  }
  if (!strcmp(o->optimizer, "ftrl")) {
    return slim_ftrl_optimizer(rate, .learning_rate_power = given(o->ftrl_learning_rate_power),
                               .initial_accumulator_value = given(o->ftrl_initial_accumulator_value),
                               .l1_regularization_strength = given(o->ftrl_l1),
                               .l2_regularization_strength = given(o->ftrl_l2));
  }
  if (!strcmp(o->optimizer, "momentum")) {
    return slim_momentum_optimizer(rate, given(o->momentum), .name = "Momentum");
  }
  if (!strcmp(o->optimizer, "rmsprop")) {
    return slim_rms_prop_optimizer(rate, .decay = given(o->rmsprop_decay), .momentum = given(o->rmsprop_momentum),
                                   .epsilon = given(o->opt_epsilon));
  }
  return slim_gradient_descent_optimizer(rate);
}

/* Variables that match any of a comma list of scopes, each once; count 0: no scopes were given. */
typedef struct chosen {
  slim_tensor **item;
  size_t count;
} chosen;

static void choose(chosen *list, slim_tensors found)
{
  for (size_t i = 0; i < found.count; i++) {
    size_t k = 0;
    while (k < list->count && list->item[k] != found.item[i]) {
      k++;
    }
    if (k == list->count) {
      list->item[list->count++] = found.item[i];
    }
  }
}

static slim_status choose_trainable(const train_options *o, slim_graph *g, chosen *list, slim_error *error)
{
  if (!o->trainable_scopes) {
    return SLIM_OK;
  }
  const size_t room = slim_get_trainable_variables(g, NULL, NULL).count;
  char *scopes = strdup(o->trainable_scopes);
  list->item = calloc(room ? room : 1, sizeof(slim_tensor *));
  if (!scopes || !list->item) {
    free(scopes);
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a list of %zu variables", room);
  }
  for (char *rest = NULL, *scope = strtok_r(scopes, ", ", &rest); scope; scope = strtok_r(NULL, ", ", &rest)) {
    choose(list, slim_get_trainable_variables(g, scope, NULL));
  }
  free(scopes);
  return list->count ? SLIM_OK
                     : slim_error_set(error, SLIM_ERR_NOT_FOUND, "no trainable variable matches --trainable_scopes=%s",
                                      o->trainable_scopes);
}

static void add_summaries(slim_graph *g, const train_graph *out)
{
  const slim_tensors losses = slim_get_losses(g, NULL, NULL), variables = slim_get_model_variables(g, NULL, NULL);
  (void)slim_add_scalar_summary(out->total_loss, "total_loss");
  (void)slim_add_scalar_summary(out->learning_rate, "learning_rate");
  for (size_t i = 0; i < losses.count; i++) {
    char tag[512];
    const char *name = slim_tensor_name(losses.item[i]);
    (void)snprintf(tag, sizeof tag, "losses/%.*s", (int)strcspn(name, ":"), name);
    (void)slim_add_scalar_summary(losses.item[i], tag);
  }
  for (size_t i = 0; i < variables.count; i++) {
    (void)slim_add_histogram_summary(variables.item[i], slim_variable_full_name(variables.item[i]));
  }
}

slim_status train_build(const train_options *o, const model *m, int64_t num_samples, train_graph *out, slim_error *error)
{
  slim_graph *g = m->graph;
  chosen trainable = { NULL, 0 };
  slim_tensor *step = slim_get_or_create_global_step(g);
  add_losses(o, m);
  out->learning_rate = make_learning_rate(o, g, step, num_samples);
  slim_tensor *average = NULL;
  if (o->moving_average_decay > 0) {
    average = slim_moving_average_apply(slim_get_model_variables(g, NULL, NULL), (float)o->moving_average_decay);
  }
  out->total_loss = slim_get_total_loss(g, true, NULL);
  slim_status status = choose_trainable(o, g, &trainable, error);
  if (status == SLIM_OK) {
    out->train_op = slim_learning_create_train_op(out->total_loss, make_optimizer(o, out->learning_rate),
                                                  .variables_to_train = { trainable.count, trainable.item },
                                                  .variable_averages = average,
                                                  .replicas_to_aggregate = (int)train_batches_of_step(o));
    add_summaries(g, out);
    status = slim_graph_status(g) == SLIM_OK ? SLIM_OK : slim_error_set(error, slim_graph_status(g), "%s", slim_graph_error(g));
  }
  free(trainable.item);
  return status;
}
