/* slimcl train in parts: its flags, its graph, its evaluations, its run. */
#ifndef SLIMCL_TRAIN_H
#define SLIMCL_TRAIN_H

#include <slim/slim.h>

#include "cli.h"
#include "evaluation.h"

/* The flags of TF-Slim's train_image_classifier, and --device, --seed, --recompute, --json, --eval_... */
typedef struct train_options {
  const char *master, *train_dir, *device, *optimizer, *learning_rate_decay_type;
  const char *dataset_name, *dataset_split_name, *dataset_dir, *model_name, *preprocessing_name;
  const char *checkpoint_path, *checkpoint_exclude_scopes, *trainable_scopes, *eval_split_name;
  int64_t num_clones, worker_replicas, num_ps_tasks, task, replicas_to_aggregate, num_readers, num_preprocessing_threads;
  int64_t log_every_n_steps, save_summaries_secs, save_interval_secs, quantize_delay, labels_offset, batch_size;
  int64_t train_image_size, max_number_of_steps, seed, eval_interval_steps, eval_max_num_batches;
  double warmup_epochs, weight_decay, adadelta_rho, adagrad_initial_accumulator_value, adam_beta1, adam_beta2;
  double opt_epsilon, ftrl_learning_rate_power, ftrl_initial_accumulator_value, ftrl_l1, ftrl_l2, momentum;
  double rmsprop_momentum, rmsprop_decay, learning_rate, end_learning_rate, label_smoothing;
  double learning_rate_decay_factor, num_epochs_per_decay, moving_average_decay;
  bool clone_on_cpu, sync_replicas, use_grayscale, ignore_missing_vars, recompute, json;
} train_options;

enum { TRAIN_NUM_FLAGS = 58 };
extern const flag train_flags[TRAIN_NUM_FLAGS];

/** Says which flags are ignored. @return 0, or EXIT_USAGE after naming a flag that is missing or a value that is not
 * supported. */
int train_check(const train_options *options);

/** Batches that a step takes: --replicas_to_aggregate with --sync_replicas. */
int64_t train_batches_of_step(const train_options *options);

typedef struct train_graph {
  slim_tensor *learning_rate, *total_loss, *train_op;
} train_graph;

/** Adds losses, learning rate, optimizer and update ops for num_samples images an epoch. */
slim_status train_build(const train_options *options, const model *m, int64_t num_samples, train_graph *graph,
                        slim_error *error);

/** What --eval_interval_steps asks for: the net without training, on the values of the training session. */
typedef struct train_evaluation {
  slim_dataset *dataset;
  model m;
  metrics measured;
  slim_queue *queue;
  slim_session *session;
  slim_evaluation_args args; /* for slim_learning_train */
  cJSON *done;               /* a list of the results */
} train_evaluation;

/** What was made before an error is to be closed too. */
slim_status train_evaluation_open(train_evaluation *evaluation, const train_options *options, slim_session *session,
                                  slim_error *error);
/** Tells and keeps a result. */
void train_evaluation_keep(train_evaluation *evaluation, const slim_evaluation_result *result, const float *values);
void train_evaluation_close(train_evaluation *evaluation);

#endif
