/* One training step, and what it took as a file for chrome://tracing. */
#include "learning/train.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

slim_status slim_train_step(slim_train_step_call *call, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  const slim_tensors before = call->accumulate_ops;
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < before.count && status == SLIM_OK; i++) {
    const slim_fetch fetch = { before.item[i], NULL, 0 };
    status = slim_session_run(call->session, call->feeds, call->num_feeds, &fetch, 1);
  }
  if (status == SLIM_OK) {
    status = slim_session_run(call->session, call->feeds, call->num_feeds, call->fetches, call->num_fetches);
  }
  return status == SLIM_OK || status == SLIM_ERR_END
             ? status
             : slim_error_set(error, status, "%s", slim_session_error(call->session));
}

/* Microseconds since the first step began; the steps of a plan run one after another. */
static slim_status write_steps(slim_session *session, slim_file_writer *file, slim_error *error)
{
  slim_plan_step_info info;
  slim_status status = slim_file_writer_write(file, "{\"traceEvents\":[", 16, error);
  double at = 0.0;
  for (size_t i = 0; status == SLIM_OK && slim_session_plan_step(session, i, &info); i++) {
    char event[1024];
    const double took = info.ms > 0.0 ? 1e3 * info.ms : 0.0;
    const int size =
        snprintf(event, sizeof event,
                 "%s\n{\"ph\":\"X\",\"pid\":0,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"name\":\"%.300s\",\"cat\":\"Op\","
                 "\"args\":{\"kernel\":\"%.300s\",\"flops\":%.0f,\"bytes\":%.0f}}",
                 i ? "," : "", info.cpu ? 1 : 0, at, took, info.name, info.kernel, info.flops, info.bytes);
    status = slim_file_writer_write(file, event, (size_t)size, error);
    at += took;
  }
  return status == SLIM_OK ? slim_file_writer_write(file, "\n]}\n", 4, error) : status;
}

slim_status slim_train_write_trace(slim_session *session, const char *logdir, int64_t step, slim_error *error)
{
  char name[64];
  slim_file_writer *file = NULL;
  (void)snprintf(name, sizeof name, "tf_trace-%lld.json", (long long)step);
  char *path = slim_file_join(logdir, name);
  slim_status status =
      path ? slim_file_writer_open(path, &file, error) : slim_error_set(error, SLIM_ERR_MEMORY, "train: out of memory");
  free(path);
  if (status != SLIM_OK) {
    return status;
  }
  status = write_steps(session, file, error);
  if (status != SLIM_OK) {
    slim_file_writer_discard(file);
    return status;
  }
  return slim_file_writer_commit(file, error);
}
