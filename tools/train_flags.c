#include "train.h"

#include <string.h>

#define O train_options
const flag train_flags[TRAIN_NUM_FLAGS] = {
  FLAG(O, dataset_name, STRING, "imagenet", MODEL_HELP_DATASET),
  FLAG(O, dataset_dir, STRING, NULL, "folder of the converted data set; required"),
  FLAG(O, dataset_split_name, STRING, "train", "split to train on"),
  FLAG(O, model_name, STRING, "inception_v3", MODEL_HELP_NAME),
  FLAG(O, preprocessing_name, STRING, NULL, "preprocessing, if not the net's own"),
  FLAG(O, train_dir, STRING, "/tmp/tfmodel", "folder for checkpoints and event files; a run there is taken up again"),
  CLI_FLAG_DEVICE(O),
  CLI_FLAG_SEED(O),
  CLI_FLAG_JSON(O),
  FLAG(O, max_number_of_steps, INT, NULL, "stop at this global step; endless without it", .min = 0, .max = 1e15),
  FLAG(O, batch_size, INT, "32", "images a step", .min = 1, .max = 1 << 20),
  FLAG(O, eval_interval_steps, INT, "0", "evaluate at every so many global steps and at the last one; 0: never", .min = 0,
       .max = 1e15),
  FLAG(O, eval_split_name, STRING, NULL, "split to evaluate; validation without it, or else test"),
  FLAG(O, eval_max_num_batches, INT, NULL, "evaluate at most so many batches of it; all without it", .min = 1, .max = 1e12),
  FLAG(O, train_image_size, INT, NULL, "height and width, if not the net's own", .min = 1, .max = 1 << 14),
  FLAG(O, use_grayscale, BOOL, "false", "turn images grey"),
  FLAG(O, labels_offset, INT, "0", "subtracted from labels and from the number of classes", .min = 0, .max = 1 << 20),
  FLAG(O, label_smoothing, FLOAT, "0.0", "label smoothing", .min = 0, .max = 1),
  FLAG(O, weight_decay, FLOAT, "0.00004", "weight decay of the net", .min = 0, .max = 1e6),
  FLAG(O, optimizer, STRING, "rmsprop", "one of", .choices = "adadelta adagrad adam ftrl momentum sgd rmsprop"),
  FLAG(O, learning_rate, FLOAT, "0.01", "initial learning rate", .min = 0, .max = 1e6),
  FLAG(O, learning_rate_decay_type, STRING, "exponential", "one of", .choices = "fixed exponential polynomial"),
  FLAG(O, learning_rate_decay_factor, FLOAT, "0.94", "exponential: factor", .min = 0, .max = 1e6),
  FLAG(O, num_epochs_per_decay, FLOAT, "2.0", "epochs until the learning rate decays", .min = 0, .max = 1e9),
  FLAG(O, end_learning_rate, FLOAT, "0.0001", "polynomial: the learning rate at the end", .min = 0, .max = 1e6),
  FLAG(O, warmup_epochs, FLOAT, "0", "epochs over which the learning rate rises to its value", .min = 0, .max = 1e9),
  FLAG(O, opt_epsilon, FLOAT, "1.0", "epsilon of adadelta, adam, rmsprop", .min = 0, .max = 1e6),
  FLAG(O, momentum, FLOAT, "0.9", "momentum", .min = 0, .max = 1),
  FLAG(O, adam_beta1, FLOAT, "0.9", "adam: decay of the first moment", .min = 0, .max = 1),
  FLAG(O, adam_beta2, FLOAT, "0.999", "adam: decay of the second moment", .min = 0, .max = 1),
  FLAG(O, rmsprop_momentum, FLOAT, "0.9", "rmsprop: momentum", .min = 0, .max = 1),
  FLAG(O, rmsprop_decay, FLOAT, "0.9", "rmsprop: decay", .min = 0, .max = 1),
  FLAG(O, adadelta_rho, FLOAT, "0.95", "adadelta: decay", .min = 0, .max = 1),
  FLAG(O, adagrad_initial_accumulator_value, FLOAT, "0.1", "adagrad: initial accumulator", .min = 0, .max = 1e6),
  FLAG(O, ftrl_learning_rate_power, FLOAT, "-0.5", "ftrl: learning-rate power", .min = -1e6, .max = 0),
  FLAG(O, ftrl_initial_accumulator_value, FLOAT, "0.1", "ftrl: initial accumulator", .min = 0, .max = 1e6),
  FLAG(O, ftrl_l1, FLOAT, "0.0", "ftrl: l1", .min = 0, .max = 1e6),
  FLAG(O, ftrl_l2, FLOAT, "0.0", "ftrl: l2", .min = 0, .max = 1e6),
  FLAG(O, moving_average_decay, FLOAT, NULL, "moving averages of the model variables", .min = 0, .max = 1),
  FLAG(O, checkpoint_path, STRING, NULL, "checkpoint, or folder of checkpoints, to start from"),
  FLAG(O, checkpoint_exclude_scopes, STRING, NULL, "a,b: variables that are not taken from it, by start of name"),
  FLAG(O, trainable_scopes, STRING, NULL, "a,b: only variables that match are trained"),
  FLAG(O, ignore_missing_vars, BOOL, "false", "start although the checkpoint lacks some variables"),
  FLAG(O, recompute, BOOL, "false", "take less memory and more time: gradients make again what they need"),
  FLAG(O, log_every_n_steps, INT, "10", "steps between lines", .min = 1, .max = 1e9),
  FLAG(O, save_summaries_secs, INT, "600", "seconds between summaries; 0: none", .min = 0, .max = 1e9),
  FLAG(O, save_interval_secs, INT, "600", "seconds between checkpoints; 0: only the last", .min = 0, .max = 1e9),
  FLAG(O, num_preprocessing_threads, INT, "4", "threads that decode and prepare images", .min = 1, .max = 256),
  FLAG(O, num_readers, INT, "4", "more readers than preprocessing threads add threads", .min = 1, .max = 256),
  FLAG(O, quantize_delay, INT, "-1", "only -1: quantisation is not supported", .min = -1, .max = 1e15),
  FLAG(O, num_clones, INT, "1", "only 1: one device", .min = 1, .max = 1024),
  FLAG(O, clone_on_cpu, BOOL, "false", "use --device=cpu"),
  FLAG(O, master, STRING, "", "ignored"),
  FLAG(O, worker_replicas, INT, "1", "only 1", .min = 1, .max = 1e6),
  FLAG(O, num_ps_tasks, INT, "0", "ignored", .min = 0, .max = 1e6),
  FLAG(O, task, INT, "0", "ignored", .min = 0, .max = 1e6),
  FLAG(O, sync_replicas, BOOL, "false", "a step takes the mean gradient of --replicas_to_aggregate batches"),
  FLAG(O, replicas_to_aggregate, INT, "1", "batches, one after another; without --sync_replicas ignored", .min = 1, .max = 1e6),
};
#undef O

int64_t train_batches_of_step(const train_options *o)
{
  return o->sync_replicas ? o->replicas_to_aggregate : 1;
}

static void say_what_is_ignored(const train_options *o)
{
  const struct {
    const char *name;
    bool given;
  } ignored[] = {
    { "master", *o->master != '\0' },
    { "num_ps_tasks", o->num_ps_tasks != 0 },
    { "task", o->task != 0 },
    { "replicas_to_aggregate", o->replicas_to_aggregate != 1 && !o->sync_replicas },
    { "clone_on_cpu", o->clone_on_cpu },
  };
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
    if (ignored[i].given) {
      cli_message("--%s has no meaning here and is ignored", ignored[i].name);
    }
  }
}

int train_check(const train_options *o)
{
  if (o->quantize_delay >= 0) {
    return cli_usage("--quantize_delay=%lld: quantisation is not supported", (long long)o->quantize_delay);
  }
  if (o->num_clones > 1 || o->worker_replicas > 1) {
    return cli_usage("--%s is above 1: training on several devices is not supported",
                     o->num_clones > 1 ? "num_clones" : "worker_replicas");
  }
  if (!o->dataset_dir) {
    return cli_usage("--dataset_dir is missing: the folder that 'slimcl convert' wrote to");
  }
  say_what_is_ignored(o);
  return 0;
}
