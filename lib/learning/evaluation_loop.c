/* Evaluating each new checkpoint of a folder. */
#include "learning/train.h"

#include "base/log.h"

#include <string.h>

#define INTERVAL 60.0

/* Evaluations until max_number_of_evaluations, the end of the walk, or an error. */
static slim_status evaluate_each(slim_evaluation_args *args, slim_checkpoint_walk *walk)
{
  slim_status status = SLIM_OK;
  for (int64_t done = 0; status == SLIM_OK; done++) {
    if ((args->max_number_of_evaluations && done == args->max_number_of_evaluations) ||
        !slim_checkpoints_iterator(walk)) {
      break;
    }
    args->checkpoint_path = walk->path;
    status = slim_evaluate_at(args, -1);
  }
  const bool stopped = status == SLIM_OK && args->stop && *args->stop;
  return stopped ? slim_error_set(args->error, SLIM_ERR_STOPPED, "evaluation stopped on request") : status;
}

slim_status(slim_evaluation_loop)(const slim_evaluation_args *given)
{
  slim_error own = { SLIM_OK, "" };
  slim_evaluation_args args = { .struct_size = 0 };
  slim_event_writer *writer = NULL;
  const size_t size = given->struct_size ? given->struct_size : sizeof args;
  memcpy(&args, given, size < sizeof args ? size : sizeof args);
  args.struct_size = sizeof args;
  args.error = args.error ? args.error : &own;
  if (slim_error_held(args.error)) {
    return args.error->status;
  }
  if (!args.checkpoint_path || args.max_number_of_evaluations < 0) {
    return slim_error_set(args.error, SLIM_ERR_ARG, "evaluation_loop: %s",
                          args.checkpoint_path ? "max_number_of_evaluations must not be negative"
                                               : "checkpoint_path, a folder, is missing");
  }
  slim_checkpoint_walk walk = { .folder = args.checkpoint_path,
                                .min_interval_secs =
                                    args.eval_interval_secs != 0.0 ? args.eval_interval_secs : INTERVAL,
                                .timeout = args.timeout,
                                .timeout_fn = args.timeout_fn,
                                .timeout_user = args.timeout_user,
                                .stop = args.stop };
  slim_status status = SLIM_OK;
  if (args.logdir && !args.summary_writer) {
    status = slim_event_writer_open(args.logdir, NULL, &writer, args.error);
    args.summary_writer = writer;
  }
  status = status == SLIM_OK ? evaluate_each(&args, &walk) : status;
  const slim_status closed = slim_event_writer_close(writer, status == SLIM_OK ? args.error : NULL);
  return status == SLIM_OK ? closed : status;
}
