/*
 * Training, with evaluation on the way.
 *
 *   slim_tensor *loss = slim_get_total_loss(g, true, NULL);
 *   slim_tensor *train_op = slim_learning_create_train_op(loss, slim_adam_optimizer(slim_constant(g, 0.001f, NULL)));
 *   ... a session; queues attached to the placeholders ...
 *   status = slim_learning_train(session, train_op, "logs", .number_of_steps = 2000, .result = &result, .error =
 * &error);
 */
#ifndef SLIM_LEARNING_H
#define SLIM_LEARNING_H

#include "slim/evaluation.h"
#include "slim/optimizers.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- the train op ------------------------------------------------------------------------------------------------- */

typedef struct slim_train_op_args {
  size_t struct_size; /* set by the macro */
  slim_tensor *total_loss;
  slim_optimizer *optimizer;
  const struct slim_options_must_be_named *guard_;
  slim_tensor *global_step;        /* NULL: the graph's, made if need be */
  slim_flag increment_global_step; /* yes */
  slim_tensors update_ops;         /* item NULL: SLIM_UPDATE_OPS; missing some of those draws a warning */
  slim_tensors variables_to_train; /* { 0 }: SLIM_TRAINABLE_VARIABLES; an empty list is SLIM_ERR_ARG */
  const slim_gradient_multiplier *gradient_multipliers;
  size_t num_gradient_multipliers; /* multiplied first, */
  float clip_gradient_norm;        /* then each gradient clipped by its own norm; 0: not */
  slim_flag summarize_gradients;   /* no; slim_training_add_gradients_summaries in the name scope "summarize_grads" */
  slim_flag check_numerics;        /* yes: a run fails with SLIM_ERR_NUMERIC when the loss is not finite */
  slim_transform_grads_fn transform_grads_fn; /* after the multipliers and the clipping */
  void *transform_user;
  slim_tensor *variable_averages; /* slim_moving_average_apply: once a step, whatever the number of replicas */
  int replicas_to_aggregate;      /* 1; more: as tf.train.SyncReplicasOptimizer with so many on one process */
} slim_train_op_args;

/**
 * Adds gradients, their optimizer, update ops and the step. The result is in SLIM_TRAIN_OP.
 * @return a scalar: the total loss before the update. Fetching it trains.
 * With replicas_to_aggregate above 1 a step takes so many batches, one after another: their gradients, each clipped for
 * itself, are averaged. Sums are kept in local variables "<variable>/sync_replicas". slim_learning_train runs what a
 * step takes; a loop of your own runs each of slim_accumulate_ops, update ops with it, and then the train op. Errors:
 * SLIM_ERR_SHAPE unless the loss is a scalar, those of slim_compute_gradients and slim_apply_gradients.
 */
SLIM_API slim_tensor *slim_learning_create_train_op(const slim_train_op_args *args);

/** What a step runs before train_op, in this order; count 0 without replicas to aggregate. */
SLIM_API slim_tensors slim_accumulate_ops(slim_tensor *train_op);

#ifndef __cplusplus
#define slim_learning_create_train_op(loss_, ...)                                                                      \
  (slim_learning_create_train_op)(&(slim_train_op_args){                                                               \
      .struct_size = sizeof(slim_train_op_args), .total_loss = (loss_), .optimizer = __VA_ARGS__ })
#endif

/* --- optimize_loss ------------------------------------------------------------------------------------------------ */

/** What optimize_loss makes summaries of, in the scope: "learning_rate" (of one that decays), "loss",
 * "gradients/<variable>_0", "gradient_norm/<variable>_0", "global_norm/gradient_norm" and, with clipping,
 * "global_norm/clipped_gradient_norm". */
enum slim_optimizer_summaries {
  SLIM_SUMMARY_LEARNING_RATE = 1,
  SLIM_SUMMARY_LOSS = 2,
  SLIM_SUMMARY_GRADIENTS = 4,
  SLIM_SUMMARY_GRADIENT_NORM = 8,
  SLIM_SUMMARY_GLOBAL_GRADIENT_NORM = 16,
  SLIM_SUMMARY_NONE = 32
};

typedef struct slim_optimize_loss_args {
  size_t struct_size; /* set by the macro */
  slim_tensor *loss;
  slim_tensor *global_step; /* NULL: the graph's, if there is one */
  float learning_rate;      /* the first value of the variable "<scope>/learning_rate"; 0: none, SLIM_ZERO: zero */
  const char *optimizer;    /* "Adagrad", "Adam", "Ftrl", "Momentum" (0.9), "RMSProp", "SGD" */
  const struct slim_options_must_be_named *guard_;
  slim_tensor *learning_rate_tensor;                                       /* in the place of learning_rate */
  slim_optimizer *optimizer_instance;                                      /* in the place of optimizer */
  slim_optimizer *(*optimizer_fn)(slim_tensor *learning_rate, void *user); /* the same; learning_rate may be NULL */
  slim_tensor *(*learning_rate_decay_fn)(slim_tensor *learning_rate, slim_tensor *global_step, void *user);
  void *user;                 /* of the two functions above */
  float gradient_noise_scale; /* adds normal noise within two standard deviations of so much, at first; 0: none */
  const slim_gradient_multiplier *gradient_multipliers; /* then multiplies, */
  size_t num_gradient_multipliers;
  float clip_gradients;                      /* then clips by the global norm; 0: not */
  slim_transform_grads_fn clip_gradients_fn; /* in its place: slim_adaptive_clipping_fn, or your own */
  void *clip_user;
  slim_tensors update_ops;         /* item NULL: SLIM_UPDATE_OPS */
  slim_tensors variables;          /* count 0: SLIM_TRAINABLE_VARIABLES */
  const char *name;                /* of the variable scope; "OptimizeLoss" */
  unsigned summaries;              /* of slim_optimizer_summaries; 0: loss, learning rate and global gradient norm */
  slim_flag increment_global_step; /* yes */
} slim_optimize_loss_args;

/**
 * A train op in one call, as TF-Slim's layers.optimize_loss. Slots and the learning rate are variables in the scope.
 * @return the loss before the update; fetching it trains. Errors: SLIM_ERR_SHAPE unless the loss is a scalar;
 * SLIM_ERR_ARG for an unknown optimizer, a missing or negative learning rate, a decay without a global step;
 * SLIM_ERR_TYPE for a global step that is none.
 */
SLIM_API slim_tensor *slim_optimize_loss(const slim_optimize_loss_args *args);

#ifndef __cplusplus
#define slim_optimize_loss(loss_, step_, rate_, ...)                                                                   \
  (slim_optimize_loss)(&(slim_optimize_loss_args){ .struct_size = sizeof(slim_optimize_loss_args),                     \
                                                   .loss = (loss_),                                                    \
                                                   .global_step = (step_),                                             \
                                                   .learning_rate = (rate_),                                           \
                                                   .optimizer = __VA_ARGS__ })
#endif

/** Options of slim_adaptive_clipping_fn; zero means unset. */
typedef struct slim_adaptive_clipping {
  float std_factor;         /* 2 */
  float decay;              /* 0.95 */
  float static_max_norm;    /* a limit besides; 0: none */
  slim_tensor *global_step; /* n: decay is at most n / (n + 1); NULL: constant */
  slim_flag report_summary; /* no; "global_norm/adaptive_max_gradient_norm" */
  float epsilon;            /* 1e-8 */
  const char *name;         /* of the variable scope; "AdaptiveMaxNorm" */
} slim_adaptive_clipping;

/**
 * Clips gradients by their history: averages of the logarithm of their common norm and of its square, the variables
 * mean and sq_mean, give a mean m and a deviation s; from exp(m + std_factor * s) on the norm becomes exp(m). A
 * slim_transform_grads_fn; options points to a slim_adaptive_clipping (NULL: none set).
 * Source: Chorowski et al., "End-to-end Continuous Speech Recognition using Attention-based Recurrent NN", 2014.
 */
SLIM_API slim_gradient_list slim_adaptive_clipping_fn(slim_gradient_list gradients, void *options);

/* --- summaries: what slim_learning_train writes to event files ---------------------------------------------------- */

/** A number for each time that slim_learning_train writes summaries. name NULL: that of the tensor's op. The tag is
 * TensorFlow's, the name made unique in the name scope as if of an op: of an op "Mean" it is "Mean_1".
 * Errors of all of these: SLIM_ERR_TYPE, also on the graph, for a tensor of another type or shape. */
SLIM_API slim_status slim_add_scalar_summary(slim_tensor *tensor, const char *name);
/** The same for a float32 tensor of any shape, as a histogram. */
SLIM_API slim_status slim_add_histogram_summary(slim_tensor *tensor, const char *name);
/** The same for float32 images [n,h,w,c], of which three are written; scaled as slim_event_writer_images does. */
SLIM_API slim_status slim_add_image_summary(slim_tensor *tensor, const char *name);
/** The share of zeros in tensor, "<name>/Fraction_of_Zero_Values". */
SLIM_API slim_status slim_add_zero_fraction_summary(slim_tensor *tensor, const char *name);
/** slim_add_scalar_summary of each, under "<prefix>/<op>", or the op's name with prefix NULL. */
SLIM_API slim_status slim_add_scalar_summaries(slim_tensors tensors, const char *prefix);
/** slim_add_histogram_summary of each, named as in slim_add_scalar_summaries. */
SLIM_API slim_status slim_add_histogram_summaries(slim_tensors tensors, const char *prefix);
/** slim_add_image_summary of each, named as in slim_add_scalar_summaries. */
SLIM_API slim_status slim_add_image_summaries(slim_tensors tensors, const char *prefix);
/** slim_add_zero_fraction_summary of each, named as in slim_add_scalar_summaries. */
SLIM_API slim_status slim_add_zero_fraction_summaries(slim_tensors tensors, const char *prefix);
/** The histogram "<variable>/gradient" and the norm "<variable>/gradient_norm" of each gradient. */
SLIM_API void slim_add_gradients_summaries(slim_gradient_list gradients);
/** The same, "<variable>_gradient" and "<variable>_gradient_norm", as TF-Slim's module training names them. */
SLIM_API void slim_training_add_gradients_summaries(slim_gradient_list gradients);

/** What adds the summaries of a tensor. */
typedef slim_status (*slim_summarizer)(slim_tensor *tensor);
/** "<op>_summary", a number for a scalar, else a histogram. A tensor that is not float32 is passed over. */
SLIM_API slim_status slim_summarize_tensor(slim_tensor *tensor);
/** The histogram "<op>/activation"; of relu and relu6 also the share of inputs below 0, "<op>/zeros", and of relu6 that
 * of inputs above 6, "<op>/sixes". */
SLIM_API slim_status slim_summarize_activation(slim_tensor *tensor);
/** summarizer (NULL: slim_summarize_tensor) of each. */
SLIM_API slim_status slim_summarize_tensors(slim_tensors tensors, slim_summarizer summarizer);
/** The same of what slim_get_collection gives. */
SLIM_API slim_status slim_summarize_collection(slim_graph *graph, const char *collection, const char *name_filter,
                                               slim_summarizer summarizer);
/** slim_summarize_tensor of SLIM_GLOBAL_VARIABLES. */
SLIM_API slim_status slim_summarize_variables(slim_graph *graph, const char *name_filter);
/** slim_summarize_tensor of SLIM_WEIGHTS, which layers fill that have it in variables_collections. */
SLIM_API slim_status slim_summarize_weights(slim_graph *graph, const char *name_filter);
/** slim_summarize_tensor of SLIM_BIASES. */
SLIM_API slim_status slim_summarize_biases(slim_graph *graph, const char *name_filter);
/** slim_summarize_activation of SLIM_ACTIVATIONS, which layers fill that have it in outputs_collections. */
SLIM_API slim_status slim_summarize_activations(slim_graph *graph, const char *name_filter);

/* --- training ----------------------------------------------------------------------------------------------------- */

/** What a run has come to. */
typedef struct slim_train_progress {
  int64_t step, number_of_steps;              /* number_of_steps 0: endless */
  float loss, learning_rate;                  /* learning_rate NaN when none was given */
  double seconds_per_step, images_per_second; /* since the progress before; 0 without batch_size */
} slim_train_progress;

typedef struct slim_train_result {
  int64_t step;      /* global step at the end */
  int64_t steps_run; /* of this call */
  float loss;        /* total loss of the last step that was read; NaN without one */
  double seconds, images_per_second;
  char checkpoint[1024]; /* last one written, "" without */
} slim_train_result;

/** One step as slim_learning_train asks for it: TF-Slim's train_step_fn with its keyword arguments. */
typedef struct slim_train_step_call {
  slim_session *session;
  slim_tensor *train_op;
  /* What a step runs: train_op with room for the total loss, and what is told or written after this step. */
  const slim_fetch *fetches;
  size_t num_fetches;
  const slim_feed *feeds;
  size_t num_feeds;
  slim_tensors accumulate_ops; /* to be run before: slim_accumulate_ops of train_op */
  int64_t step;                /* the global step so far */
  void *user;
  bool should_stop; /* set by the function: training ends after this step, as at number_of_steps */
} slim_train_step_call;

/** Runs the accumulate_ops, then the fetches, with the feeds. A step function of your own calls it, once or more, among
 * what else it does. Errors: the session's, as text too. */
SLIM_API slim_status slim_train_step(slim_train_step_call *call, slim_error *error);

typedef struct slim_train_args {
  size_t struct_size; /* set by the macro */
  slim_session *session;
  slim_tensor *train_op;
  const char *logdir; /* checkpoints and event files; NULL: neither */
  const struct slim_options_must_be_named *guard_;
  int64_t number_of_steps;   /* absolute: a resumed run counts the steps before it; 0: until the input ends or a stop */
  int log_every_n_steps;     /* 1 */
  double save_interval_secs; /* 600; negative: only at the end */
  double save_summaries_secs; /* 600, besides the first and the last step; negative: none */
  int max_to_keep;            /* checkpoints: 5; negative: all */
  slim_saver *saver;          /* NULL: one of SLIM_GLOBAL_VARIABLES */
  /* Called after initialisation when logdir has no checkpoint, to start from other weights. */
  slim_status (*init_fn)(slim_session *session, void *user, slim_error *error);
  void *init_user;
  const slim_feed *feeds; /* the same each step; queues attached to the session need none */
  size_t num_feeds;
  int batch_size;                                                    /* for images_per_second */
  slim_tensor *learning_rate;                                        /* scalar to report; NULL: none */
  void (*progress)(void *user, const slim_train_progress *progress); /* each log_every_n_steps and at number_of_steps */
  void *progress_user;
  const volatile sig_atomic_t *stop; /* becomes not 0 (in a signal handler, say): ends the run after the current step */
  slim_train_result *result;
  slim_error *error;
  const slim_evaluation_args *evaluation; /* SLIM_EVALUATION(...): what is evaluated on the way; NULL: nothing */
  int64_t eval_interval_steps; /* the global steps that it is a multiple of, and the last one; 0: only the last */
  /* slim_train_step; with another each step is waited for, and the step is what global_step says after it. */
  slim_status (*train_step_fn)(slim_train_step_call *call, slim_error *error);
  void *train_step_user;
  const slim_hook *hooks; /* beside each step */
  size_t num_hooks;
  int64_t save_summaries_steps; /* also at the global steps that it is a multiple of; 0: none */
  int64_t trace_every_n_steps;  /* "<logdir>/tf_trace-<step>.json" for chrome://tracing, at such steps; 0: none */
} slim_train_args;

/**
 * Trains until global_step is number_of_steps. When logdir has a checkpoint, all goes on from the newest whole one and
 * init_fn is not called; otherwise variables without a value are initialised. Local variables start anew. Checkpoints
 * "model.ckpt-<step>" are written every save_interval_secs and at the end, also when the input ends (SLIM_OK) or stop
 * is set. The library installs no signal handlers. The device is waited for only when something is reported, evaluated
 * or saved. Event files also tell how full the queues are, "queue/<item>/fraction_of_<capacity>_full".
 *
 * An evaluation on the way needs no second process and no checkpoint: its session shares the values of the training
 * session, its graph is the net with is_training off. It leaves training as it is: the weights after each step are
 * those of a run without it.
 *
 *   slim_session_create(eval_graph, slim_session_device(session), slim_session_values(session), &eval, &error);
 *   slim_learning_train(session, train_op, "logs", .number_of_steps = 2000, .eval_interval_steps = 500,
 *                       .evaluation = SLIM_EVALUATION(eval, .eval_ops = SLIM_TENSORS(accuracy.update),
 *                                                     .final_ops = SLIM_TENSORS(accuracy.value)));
 *
 * The queues it takes from begin again each time, so in one graph with what trains (session: the training session) it
 * must have inputs of its own. Its event files go to "<logdir>/eval" unless it names another folder ("": none). With
 * restore its session has values of its own, which get those of the training session's variables of these names: so
 * moving averages are evaluated. When an evaluation fails, a checkpoint is saved and training ends with its error.
 *
 * @return SLIM_OK; SLIM_ERR_STOPPED when stop was set; SLIM_ERR_NUMERIC "LossTensor is inf or nan" with the first op
 * whose result is not finite, and then nothing is saved; SLIM_ERR_ARG; what the session, checkpoints and event files
 * report.
 */
SLIM_API slim_status slim_learning_train(const slim_train_args *args);

#ifndef __cplusplus
#define slim_learning_train(session_, train_op_, ...)                                                                  \
  (slim_learning_train)(&(slim_train_args){                                                                            \
      .struct_size = sizeof(slim_train_args), .session = (session_), .train_op = (train_op_), .logdir = __VA_ARGS__ })
#endif

#ifdef __cplusplus
}
#endif
#endif
