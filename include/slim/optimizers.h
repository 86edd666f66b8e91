/*
 * Optimizers, learning rates, and what may be done to gradients in between.
 *
 *   slim_tensor *rate = slim_exponential_decay(0.01, slim_get_or_create_global_step(g), 1000, 0.94, true);
 *   slim_optimizer *optimizer = slim_momentum_optimizer(rate, 0.9f, .use_nesterov = SLIM_YES);
 *   slim_tensor *train_op = slim_learning_create_train_op(loss, optimizer);
 *
 * An optimizer belongs to the graph of its learning rate. Its slots are variables named as TensorFlow's,
 * "<variable>/Adam",
 * "<variable>/Adam_1", in the variable scope that is open when gradients are applied; they are in SLIM_GLOBAL_VARIABLES
 * and so in checkpoints.
 */
#ifndef SLIM_OPTIMIZERS_H
#define SLIM_OPTIMIZERS_H

#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct slim_optimizer slim_optimizer;

/** What an optimizer takes; zero means unset, SLIM_ZERO is zero. */
typedef struct slim_optimizer_args {
  size_t struct_size;         /* set by the macros */
  slim_tensor *learning_rate; /* float32 scalar: slim_constant, a decay below, or a float32 host variable */
  float momentum;             /* momentum optimizer: required */
  const struct slim_options_must_be_named *guard_;
  slim_flag use_nesterov; /* momentum: no */
  slim_flag centered;     /* RMSProp: no */
  float beta1, beta2;     /* Adam: 0.9, 0.999 */
  float decay;            /* RMSProp: 0.9 */
  float epsilon;          /* Adam: 1e-8, outside of the root; Adadelta: 1e-8, RMSProp: 1e-10, inside of it */
  const char *name;       /* "GradientDescent", "Momentum", "Adagrad", "Adadelta", "Adam", "Ftrl", "RMSProp",
                             "ProximalGradientDescent", "ProximalAdagrad": names the slots too */
  float rho;              /* Adadelta: 0.95 */
  float initial_accumulator_value;  /* Adagrad, FTRL, proximal Adagrad: 0.1 */
  float learning_rate_power;        /* FTRL: -0.5; at most 0 */
  float l1_regularization_strength; /* FTRL and the proximal ones: 0 */
  float l2_regularization_strength; /* the same */
} slim_optimizer_args;

/** w -= lr * g */
SLIM_API slim_optimizer *slim_gradient_descent_optimizer(const slim_optimizer_args *args);
/** a = momentum * a + g; w -= lr * a, or with use_nesterov w -= lr * (g + momentum * a). Slot Momentum. */
SLIM_API slim_optimizer *slim_momentum_optimizer(const slim_optimizer_args *args);
/** a += g^2; w -= lr * g / sqrt(a). Slot Adagrad, which starts at initial_accumulator_value, above 0. Source: Duchi,
 * Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011. */
SLIM_API slim_optimizer *slim_adagrad_optimizer(const slim_optimizer_args *args);
/** a = rho * a + (1 - rho) * g^2; u = g * sqrt(b + epsilon) / sqrt(a + epsilon); b = rho * b + (1 - rho) * u^2;
 * w -= lr * u. Slots Adadelta (a), Adadelta_1 (b). Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012. */
SLIM_API slim_optimizer *slim_adadelta_optimizer(const slim_optimizer_args *args);
/** m, v: averages of g and g^2; w -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon). Slots Adam and
 * Adam_1, variables beta1_power and beta2_power. */
SLIM_API slim_optimizer *slim_adam_optimizer(const slim_optimizer_args *args);
/** ms = decay * ms + (1 - decay) * g^2; mom = momentum * mom + lr * g / sqrt(ms + epsilon); w -= mom. Slots RMSProp
 * (starts at 1) and RMSProp_1; centered subtracts the squared mean of g from ms: RMSProp, RMSProp_1 (mean), RMSProp_2.
 */
SLIM_API slim_optimizer *slim_rms_prop_optimizer(const slim_optimizer_args *args);
/** n = a + g^2; z += g - (n^-power - a^-power) / lr * w; w = 0 where |z| <= l1, else (sign(z) * l1 - z) /
 * (n^-power / lr + 2 * l2); a = n. Slots Ftrl (a, which starts at initial_accumulator_value, 0 or above) and Ftrl_1 (z).
 * Source: McMahan et al., "Ad Click Prediction: a View from the Trenches", 2013. */
SLIM_API slim_optimizer *slim_ftrl_optimizer(const slim_optimizer_args *args);
/** p = w - lr * g; w = sign(p) * max(|p| - lr * l1, 0) / (1 + lr * l2). Source: Duchi, Singer, "Efficient Learning using
 * Forward-Backward Splitting", 2009. */
SLIM_API slim_optimizer *slim_proximal_gradient_descent_optimizer(const slim_optimizer_args *args);
/** The same with lr / sqrt(a) in the place of lr, a += g^2. Slot ProximalAdagrad, as Adagrad's. */
SLIM_API slim_optimizer *slim_proximal_adagrad_optimizer(const slim_optimizer_args *args);
/* All of them return NULL without a learning rate, or with the graph's error set: SLIM_ERR_ARG for a number out of range.
 */

#ifndef __cplusplus
#define SLIM_OPTIMIZER_(...) (&(slim_optimizer_args){ .struct_size = sizeof(slim_optimizer_args), __VA_ARGS__ })
#define slim_gradient_descent_optimizer(...)                                                                           \
  (slim_gradient_descent_optimizer)(SLIM_OPTIMIZER_(.learning_rate = __VA_ARGS__))
#define slim_momentum_optimizer(rate_, ...)                                                                            \
  (slim_momentum_optimizer)(SLIM_OPTIMIZER_(.learning_rate = (rate_), .momentum = __VA_ARGS__))
#define slim_adam_optimizer(...) (slim_adam_optimizer)(SLIM_OPTIMIZER_(.learning_rate = __VA_ARGS__))
#define slim_adagrad_optimizer(...) (slim_adagrad_optimizer)(SLIM_OPTIMIZER_(.learning_rate = __VA_ARGS__))
#define slim_adadelta_optimizer(...) (slim_adadelta_optimizer)(SLIM_OPTIMIZER_(.learning_rate = __VA_ARGS__))
#define slim_ftrl_optimizer(...) (slim_ftrl_optimizer)(SLIM_OPTIMIZER_(.learning_rate = __VA_ARGS__))
#define slim_proximal_gradient_descent_optimizer(...)                                                                  \
  (slim_proximal_gradient_descent_optimizer)(SLIM_OPTIMIZER_(.learning_rate = __VA_ARGS__))
#define slim_proximal_adagrad_optimizer(...)                                                                           \
  (slim_proximal_adagrad_optimizer)(SLIM_OPTIMIZER_(.learning_rate = __VA_ARGS__))
#define slim_rms_prop_optimizer(...) (slim_rms_prop_optimizer)(SLIM_OPTIMIZER_(.learning_rate = __VA_ARGS__))
#endif

/** The scalar that the optimizer was made with. NULL for NULL. */
SLIM_API slim_tensor *slim_optimizer_learning_rate(const slim_optimizer *optimizer);
/** "Adam" */
SLIM_API const char *slim_optimizer_name(const slim_optimizer *optimizer);
/** Names of the slots that variable has, i from 0: "Adam"; NULL behind the last. */
SLIM_API const char *slim_optimizer_slot_name(const slim_optimizer *optimizer, size_t i);
/** The slot of a variable that the optimizer updates, NULL if there is none. */
SLIM_API slim_tensor *slim_optimizer_slot(const slim_optimizer *optimizer, const slim_tensor *variable,
                                          const char *slot);

/* --- gradients ---------------------------------------------------------------------------------------------------- */

typedef struct slim_gradient {
  slim_tensor *gradient; /* NULL: the loss does not depend on the variable */
  slim_tensor *variable;
} slim_gradient;

/** A list owned by the graph. */
typedef struct slim_gradient_list {
  size_t count;
  const slim_gradient *item;
} slim_gradient_list;

/** Gradients of loss by variables ({ 0 }: SLIM_TRAINABLE_VARIABLES). Errors: SLIM_ERR_ARG when there is none. */
SLIM_API slim_gradient_list slim_compute_gradients(slim_optimizer *optimizer, slim_tensor *loss,
                                                   slim_tensors variables);
/**
 * Adds the node that updates all variables of the list that have a gradient, and adds 1 to global_step if it is not
 * NULL. @return what to run; its value is of no interest.
 * Errors: SLIM_ERR_ARG when no variable has a gradient, or a learning rate is of another graph.
 */
SLIM_API slim_tensor *slim_apply_gradients(slim_optimizer *optimizer, slim_gradient_list gradients,
                                           slim_tensor *global_step);
/** Both of the above. */
SLIM_API slim_tensor *slim_minimize(slim_optimizer *optimizer, slim_tensor *loss, slim_tensor *global_step,
                                    slim_tensors variables);

/** Each gradient by itself: g * max_norm / max(|g|, max_norm), |g| its l2 norm. Errors: SLIM_ERR_ARG unless max_norm >
 * 0. */
SLIM_API slim_gradient_list slim_clip_gradient_norms(slim_gradient_list gradients, float max_norm);

/** What is done to gradients before they are applied. @return the list to apply; count 0 after an error. */
typedef slim_gradient_list (*slim_transform_grads_fn)(slim_gradient_list gradients, void *user);
/** slim_clip_gradient_norms as such a function; max_norm points to the norm, a float. */
SLIM_API slim_gradient_list slim_clip_gradient_norms_fn(slim_gradient_list gradients, void *max_norm);

/** The l2 norm of all gradients of the list together, a scalar; NULL when there is none. */
SLIM_API slim_tensor *slim_global_norm(slim_gradient_list gradients);
/** All gradients by their common norm n: g * clip_norm / max(n, clip_norm). Errors: SLIM_ERR_ARG unless clip_norm > 0. */
SLIM_API slim_gradient_list slim_clip_by_global_norm(slim_gradient_list gradients, float clip_norm);

typedef struct slim_gradient_multiplier {
  const char *variable; /* full name */
  float factor;
} slim_gradient_multiplier;

/** Multiplies the gradients of the named variables; others stay. Errors: SLIM_ERR_ARG for an empty list, or a name
 * whose gradient is NULL. Names that are not in the list of gradients are passed over. */
SLIM_API slim_gradient_list slim_multiply_gradients(slim_gradient_list gradients,
                                                    const slim_gradient_multiplier *multipliers, size_t count);

/* --- learning rates ----------------------------------------------------------------------------------------------- */

/* Each gives a float32 scalar, computed in double on the host. Errors: SLIM_ERR_ARG unless decay_steps > 0; NULL for
 * NULL. */

/** rate * decay_rate^(step / decay_steps), the exponent rounded down if staircase. */
SLIM_API slim_tensor *slim_exponential_decay(double rate, slim_tensor *global_step, double decay_steps,
                                             double decay_rate, bool staircase);
/** rate * exp(-decay_rate * step / decay_steps), the quotient rounded down if staircase. */
SLIM_API slim_tensor *slim_natural_exp_decay(double rate, slim_tensor *global_step, double decay_steps,
                                             double decay_rate, bool staircase);
/** rate / (1 + decay_rate * step / decay_steps), the quotient rounded down if staircase. */
SLIM_API slim_tensor *slim_inverse_time_decay(double rate, slim_tensor *global_step, double decay_steps,
                                              double decay_rate, bool staircase);
/** (rate - end_rate) * (1 - s / decay_steps)^power + end_rate with s = min(step, decay_steps); cycle: decay_steps grows
 * to the next multiple beyond step instead. TensorFlow's defaults: end_rate 0.0001, power 1, cycle false. */
SLIM_API slim_tensor *slim_polynomial_decay(double rate, slim_tensor *global_step, double decay_steps, double end_rate,
                                            double power, bool cycle);
/** rate * ((1 - alpha) * (1 + cos(pi * s / decay_steps)) / 2 + alpha) with s = min(step, decay_steps); TensorFlow's
 * default alpha is 0. Source: Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017. */
SLIM_API slim_tensor *slim_cosine_decay(double rate, slim_tensor *global_step, double decay_steps, double alpha);
/** values[0] up to step boundary[0] inclusive, values[i] above boundary[i-1] up to boundary[i], values[boundaries] above
 * them all. Errors: SLIM_ERR_ARG unless the boundaries ascend. */
SLIM_API slim_tensor *slim_piecewise_constant(slim_tensor *global_step, size_t boundaries, const int64_t *boundary,
                                              const double *values);

/* --- moving averages ---------------------------------------------------------------------------------------------- */

/**
 * Keeps averages of variables: shadow -= (1 - decay) * (shadow - variable), after the optimizer. A shadow is named
 * "<variable>/ExponentialMovingAverage" and starts where its variable starts; both are collected, the shadow in
 * SLIM_GLOBAL_VARIABLES, the variable in SLIM_MOVING_AVERAGE_VARIABLES. @return what to run with the train step (hand
 * it to .update_ops or add it to SLIM_UPDATE_OPS). Errors: SLIM_ERR_ARG unless 0 <= decay <= 1. NULL without variables.
 */
SLIM_API slim_tensor *slim_moving_average_apply(slim_tensors variables, float decay);
/** The same with the decay min(decay, (1 + n) / (10 + n)), n being num_updates (the global step, say): averages follow
 * quickly at first. NULL: as above. */
SLIM_API slim_tensor *slim_moving_average_apply_counted(slim_tensors variables, float decay, slim_tensor *num_updates);
/** The shadow of a variable, NULL if it has none. */
SLIM_API slim_tensor *slim_moving_average_of(const slim_tensor *variable);

#ifdef __cplusplus
}
#endif
#endif
