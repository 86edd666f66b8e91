/* Hooks: what runs beside a loop, and the two that TF-Slim comes with. */
#include "learning/train.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* An error without a text gets one. */
static slim_status told(slim_status status, slim_error *error)
{
  return status == SLIM_OK ? status : slim_error_set(error, status, "a hook failed: %s", slim_status_text(status));
}

slim_status slim_hooks_tell(slim_hooks hooks, slim_hook_event event, slim_session *session, slim_error *error)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < hooks.count && status == SLIM_OK; i++) {
    const slim_hook *h = &hooks.item[i];
    slim_status (*const tell)(void *, slim_session *, slim_error *) = event == SLIM_HOOK_BEGIN ? h->begin
                                                                      : event == SLIM_HOOK_END
                                                                          ? h->end
                                                                          : h->after_create_session;
    status = tell ? told(tell(h->user, session, error), error) : SLIM_OK;
  }
  return status;
}

slim_status slim_hooks_before_run(slim_hooks hooks, slim_hook_run *run, slim_error *error)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < hooks.count && status == SLIM_OK; i++) {
    const slim_hook *h = &hooks.item[i];
    status = h->before_run ? told(h->before_run(h->user, run, error), error) : SLIM_OK;
  }
  return status;
}

slim_status slim_hooks_after_run(slim_hooks hooks, slim_hook_run *run, slim_error *error)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < hooks.count && status == SLIM_OK; i++) {
    const slim_hook *h = &hooks.item[i];
    status = h->after_run ? told(h->after_run(h->user, run, error), error) : SLIM_OK;
  }
  return status;
}

size_t slim_hooks_fetches(slim_hooks hooks, slim_fetch *fetches)
{
  size_t count = 0;
  for (size_t i = 0; i < hooks.count; i++) {
    const slim_hook *h = &hooks.item[i];
    if (fetches && h->num_fetches) {
      memcpy(fetches + count, h->fetches, h->num_fetches * sizeof *fetches);
    }
    count += h->num_fetches;
  }
  return count;
}

/* --- StopAfterNEvalsHook ------------------------------------------------------------------------------------------ */

/* All of few, every tenth part of many, and the last. */
static void log_progress(int64_t done, int64_t all)
{
  const int64_t every = all < 20 ? 1 : all / 10;
  if (all == 0) {
    slim_log_write(SLIM_LOG_INFO, "Evaluation [%lld]", (long long)done);
  } else if (done % every == 0 || done == all) {
    slim_log_write(SLIM_LOG_INFO, "Evaluation [%lld/%lld]", (long long)done, (long long)all);
  }
}

static slim_status count_evals(void *user, slim_hook_run *run, slim_error *error)
{
  const slim_stop_after_n_evals *o = user;
  (void)error;
  if (slim_flag_or(o->log_progress, true)) {
    log_progress(run->step, o->num_evals);
  }
  run->stop |= o->num_evals > 0 && run->step >= o->num_evals;
  return SLIM_OK;
}

slim_hook slim_stop_after_n_evals_hook(slim_stop_after_n_evals *options)
{
  return (slim_hook){ .user = options, .after_run = count_evals };
}

/* --- SummaryAtEndHook --------------------------------------------------------------------------------------------- */

static slim_status fetch_watches(slim_session *session, const slim_summary_at_end *o, const slim_reporter *reporter,
                                 slim_error *error)
{
  slim_fetch *fetches = calloc(reporter->count, sizeof *fetches);
  if (!fetches) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "evaluate: no memory for summaries");
  }
  slim_reporter_fetches(reporter, fetches);
  slim_status status = slim_session_restart_queues(session, fetches, reporter->count, NULL);
  if (status == SLIM_OK) {
    status = slim_session_run(session, o->feeds, o->num_feeds, fetches, reporter->count);
  }
  free(fetches);
  return status == SLIM_OK ? status : slim_error_set(error, status, "%s", slim_session_error(session));
}

slim_status slim_summaries_at_end(slim_session *session, const slim_summary_at_end *o, slim_event_writer *writer,
                                  int64_t step, slim_error *error)
{
  static const char *const keys[] = { SLIM_SUMMARIES, SLIM_IMAGE_SUMMARIES };
  slim_reporter reporter;
  slim_status status = o->summary_op.count ? slim_reporter_choose(&reporter, o->summary_op, o->batch_size, error)
                                           : slim_reporter_collect(&reporter, slim_session_graph(session), keys, 2,
                                                                   o->batch_size, error);
  if (status == SLIM_OK && reporter.count) {
    status = fetch_watches(session, o, &reporter, error);
    status = status == SLIM_OK ? slim_reporter_write_watches(&reporter, writer, step, error) : status;
  }
  (void)slim_reporter_close(&reporter, step, NULL);
  return status;
}

static slim_status check_folder(void *user, slim_session *session, slim_error *error)
{
  const slim_summary_at_end *o = user;
  (void)session;
  return o->log_dir || o->summary_writer
             ? SLIM_OK
             : slim_error_set(error, SLIM_ERR_ARG, "summary_at_end: one of log_dir or summary_writer should be used");
}

static slim_status write_summaries(void *user, slim_session *session, slim_error *error)
{
  const slim_summary_at_end *o = user;
  slim_event_writer *writer = o->summary_writer;
  slim_status status = writer ? SLIM_OK : slim_event_writer_open(o->log_dir, NULL, &writer, error);
  int64_t step = 0;
  if (status == SLIM_OK) {
    status = slim_learning_read_step(session, &step, error);
  }
  status = status == SLIM_OK ? slim_summaries_at_end(session, o, writer, step, error) : status;
  const slim_status closed = o->summary_writer ? SLIM_OK : slim_event_writer_close(writer, error);
  return status == SLIM_OK ? closed : status;
}

slim_hook slim_summary_at_end_hook(slim_summary_at_end *options)
{
  return (slim_hook){ .user = options, .begin = check_folder, .end = write_summaries };
}
