/* Evaluations on the way of a training run. */
#include "learning/train.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

/* "<logdir>/eval" unless the evaluation names its own; "" and a run without a folder: none. */
static slim_status open_writer(slim_train_evaluation *e, const char *logdir, slim_error *error)
{
  const char *own = e->args.logdir;
  e->args.logdir = NULL; /* one file for all evaluations, not one each */
  if (e->args.summary_writer || (own ? !*own : !logdir)) {
    return SLIM_OK;
  }
  char *folder = own ? NULL : slim_file_join(logdir, "eval");
  if (!own && !folder) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "train: out of memory");
  }
  const slim_status status = slim_event_writer_open(own ? own : folder, NULL, &e->writer, error);
  e->args.summary_writer = e->writer;
  free(folder);
  return status;
}

slim_status slim_train_evaluation_open(slim_train_evaluation *e, const slim_train_args *train, slim_error *error)
{
  *e = (slim_train_evaluation){ .train = train->session, .graph = slim_graph_of(train->train_op) };
  if (!train->evaluation) {
    return SLIM_OK;
  }
  const size_t given = train->evaluation->struct_size ? train->evaluation->struct_size : sizeof e->args;
  memcpy(&e->args, train->evaluation, given < sizeof e->args ? given : sizeof e->args);
  e->args.struct_size = sizeof e->args;
  e->args.checkpoint_path = NULL;
  e->args.stop = e->args.stop ? e->args.stop : train->stop;
  e->interval = train->eval_interval_steps;
  e->done = -1;
  e->wanted = true;
  if (e->args.num_restore && slim_session_values(e->args.session) == slim_session_values(e->train)) {
    return slim_error_set(error, SLIM_ERR_ARG,
                          "train: an evaluation with restore needs values of its own, "
                          "its session shares the trained ones");
  }
  return open_writer(e, train->logdir, error);
}

/* A variable of the evaluation takes the value of the training session's variable of this name. */
static slim_status take_value(const slim_train_evaluation *e, const slim_restore *item, slim_error *error)
{
  const char *name = item->name ? item->name : slim_variable_full_name(item->variable);
  slim_tensor *from = slim_graph_find(e->graph, name);
  const slim_shape shape = slim_tensor_shape(item->variable);
  const size_t bytes = slim_shape_elements(&shape) * slim_dtype_size(slim_tensor_dtype(item->variable));
  if (!slim_is_variable(from)) {
    return slim_error_set(error, SLIM_ERR_NOT_FOUND, "evaluate: the trained graph has no variable '%s'", name);
  }
  void *data = malloc(bytes ? bytes : 1);
  slim_status status = data ? slim_session_get_variable(e->train, from, data, bytes)
                            : slim_error_set(error, SLIM_ERR_MEMORY, "evaluate: no memory for '%s'", name);
  const slim_session *session = e->train;
  if (status == SLIM_OK) {
    session = e->args.session;
    status = slim_session_set_variable(e->args.session, item->variable, data, bytes);
  }
  free(data);
  return status == SLIM_OK ? status : slim_error_set(error, status, "%s", slim_session_error(session));
}

slim_status slim_train_evaluation_run(slim_train_evaluation *e, int64_t step, slim_error *error)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < e->args.num_restore && status == SLIM_OK; i++) {
    status = take_value(e, &e->args.restore[i], error);
  }
  e->args.error = error;
  e->done = step;
  return status == SLIM_OK ? slim_evaluate_at(&e->args, step) : status;
}

bool slim_train_evaluation_due(const slim_train_evaluation *e, int64_t step, bool last)
{
  return e->wanted && step != e->done && (last || (e->interval > 0 && step % e->interval == 0));
}

slim_status slim_train_evaluation_close(slim_train_evaluation *e, slim_error *error)
{
  return slim_event_writer_close(e->writer, error);
}
