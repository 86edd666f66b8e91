/* Tuning: plans prepared with other parameters, run in turn with what they are compared with. */
#include "slim/tune.h"
#include "session/session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUDGET_SECS 60.0
#define RUNS_LEAST 3 /* of a plan; the least time of a step counts */
#define RUNS_MOST 50
#define RUN_SECS 0.02 /* more runs while a plan has taken less */
#define FINAL_PAIRS 3
#define FINAL_SHARE 0.25 /* of the budget is left for the end at most, if a pair fits */

typedef struct tuning {
  slim_tune_args args;
  slim_session *session;
  slim_device *device;
  const slim_tuner *tuner;
  double begun, longest; /* seconds a plan took */
  size_t steps;
  double *ms; /* by step of the plan that runs */
  slim_tune_result result;
  slim_error *error;
} tuning;

static double now_secs(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* --- one plan ----------------------------------------------------------------------------------------------------- */

static bool is_tuned(const tuning *t, const slim_plan_step *step)
{
  return step->kind == SLIM_STEP_RUN && step->device == t->device;
}

/* Keeps the least time of each step. */
static slim_status note_steps(tuning *t)
{
  slim_session_lock(t->session);
  const slim_plan *plan = t->session->last;
  if (!t->ms) {
    t->steps = plan->num_run;
    t->ms = calloc(t->steps + 1, sizeof *t->ms);
  }
  for (size_t i = 0; t->ms && i < t->steps; i++) {
    const double ms = is_tuned(t, &plan->steps[i]) ? t->device->backend->step_ms(t->device, plan->steps[i].step) : 0;
    t->ms[i] = t->ms[i] == 0 || ms < t->ms[i] ? ms : t->ms[i];
  }
  slim_session_unlock(t->session);
  return t->ms ? SLIM_OK : slim_error_set(t->error, SLIM_ERR_MEMORY, "tune: out of memory");
}

static void report_steps(tuning *t)
{
  slim_session_lock(t->session);
  const slim_plan *plan = t->session->last;
  for (size_t i = 0; i < t->steps; i++) {
    if (t->ms[i] > 0) {
      t->tuner->report(t->device, plan->steps[i].step, t->ms[i]);
    }
  }
  slim_session_unlock(t->session);
}

static void drop_plans(tuning *t)
{
  (void)slim_session_finish(t->session);
  slim_session_lock(t->session);
  slim_session_drop_programs(t->session);
  slim_session_unlock(t->session);
  free(t->ms);
  t->ms = NULL;
}

static slim_status run_once(tuning *t, double *secs)
{
  const double start = now_secs();
  slim_status status =
      slim_session_run(t->session, t->args.feeds, t->args.num_feeds, t->args.fetches, t->args.num_fetches);
  status = status == SLIM_OK ? slim_session_finish(t->session) : status;
  *secs = now_secs() - start;
  return status;
}

/* Prepares a plan with what was chosen last and runs it; the first run does not count. ms: of a run, at least. */
static slim_status run_plan(tuning *t, double *ms)
{
  const double start = now_secs();
  double least = 1e9, secs = 0;
  drop_plans(t);
  slim_status status = run_once(t, &secs);
  const double first = secs;
  for (int i = 0; status == SLIM_OK && i < RUNS_MOST && (i < RUNS_LEAST || now_secs() - start < RUN_SECS); i++) {
    status = run_once(t, &secs);
    least = secs < least ? secs : least;
    status = status == SLIM_OK ? note_steps(t) : status;
  }
  if (status == SLIM_OK) {
    report_steps(t);
  }
  *ms = least * 1e3;
  const double took = now_secs() - start - (t->longest > 0 ? 0 : first); /* once programs are built */
  t->longest = took > t->longest ? took : t->longest;
  return status;
}

static slim_status run_choice(tuning *t, slim_tuner_choice choice, double *ms)
{
  (void)t->tuner->choose(t->device, choice);
  const slim_status status = run_plan(t, ms);
  return status == SLIM_OK ? SLIM_OK : slim_error_set(t->error, status, "%s", slim_session_error(t->session));
}

/* --- the search --------------------------------------------------------------------------------------------------- */

static bool is_stopped(const tuning *t)
{
  return t->args.stop && *t->args.stop;
}

/* Is there time for one more pair, and the end? */
static bool has_time(const tuning *t)
{
  const double left = t->args.budget_secs - (now_secs() - t->begun), most = t->args.budget_secs * FINAL_SHARE;
  const double pair = 2 * t->longest, pairs = FINAL_PAIRS * pair, end = pairs < most ? pairs : most;
  return !is_stopped(t) && left > pair + (end > pair ? end : pair);
}

static slim_status search(tuning *t)
{
  double ms = 0;
  slim_status status = run_choice(t, SLIM_TUNER_BEST, &ms);
  t->result.before_ms = t->result.after_ms = ms;
  t->result.found = t->tuner->decide(t->device, SLIM_TUNER_BEST);
  while (status == SLIM_OK && has_time(t) && t->tuner->choose(t->device, SLIM_TUNER_TRIAL) > 0) {
    (void)run_plan(t, &ms); /* one that fails is not taken */
    status = run_choice(t, SLIM_TUNER_BEST, &ms);
    t->result.found = t->tuner->decide(t->device, SLIM_TUNER_TRIAL);
    t->result.rounds++;
    t->result.seconds = now_secs() - t->begun;
    if (t->args.progress) {
      t->args.progress(t->args.progress_user, &t->result);
    }
  }
  return status;
}

/* What is built in and the best in turn. */
static slim_status compare(tuning *t)
{
  slim_status status = SLIM_OK;
  for (int i = 0; i < FINAL_PAIRS && status == SLIM_OK; i++) {
    double before = 0, after = 0;
    status = run_choice(t, SLIM_TUNER_BUILT_IN, &before);
    status = status == SLIM_OK ? run_choice(t, SLIM_TUNER_BEST, &after) : status;
    t->result.before_ms = i == 0 || before < t->result.before_ms ? before : t->result.before_ms;
    t->result.after_ms = i == 0 || after < t->result.after_ms ? after : t->result.after_ms;
    if (now_secs() - t->begun + 2 * t->longest > t->args.budget_secs) {
      break;
    }
  }
  return status;
}

static slim_status tune(tuning *t)
{
  slim_status status = t->tuner->begin(t->device);
  if (status != SLIM_OK) {
    return slim_device_blame(t->device, status, t->error, "tune");
  }
  slim_session_profile(t->session, true);
  status = search(t);
  if (status == SLIM_OK && t->result.found > 0) {
    status = compare(t);
    t->result.found = t->tuner->decide(t->device, SLIM_TUNER_BUILT_IN);
  }
  const bool pays = t->result.found > 0 && t->result.after_ms < t->result.before_ms;
  const slim_status ended = t->tuner->end(t->device, status == SLIM_OK && (pays || t->result.found == 0));
  (void)slim_device_blame(t->device, ended, t->error, "tune");
  if (!pays) {
    t->result.found = 0;
    t->result.after_ms = t->result.before_ms;
  }
  drop_plans(t);
  slim_session_profile(t->session, false);
  return status == SLIM_OK ? ended : status;
}

slim_status(slim_tune)(const slim_tune_args *args)
{
  slim_error own = { SLIM_OK, "" };
  tuning t = { .begun = now_secs() };
  const size_t given = args->struct_size ? args->struct_size : sizeof t.args;
  memcpy(&t.args, args, given < sizeof t.args ? given : sizeof t.args);
  t.error = t.args.error ? t.args.error : &own;
  t.args.budget_secs = t.args.budget_secs > 0 ? t.args.budget_secs : BUDGET_SECS;
  t.session = t.args.session;
  slim_status status = SLIM_OK;
  if (slim_error_held(t.error)) {
    return t.error->status;
  }
  if (!t.session) {
    return slim_error_set(t.error, SLIM_ERR_ARG, "tune: session is missing");
  }
  t.device = t.session->device;
  t.tuner = t.device->backend->tuner;
  status = t.tuner ? tune(&t)
                   : slim_error_set(t.error, SLIM_ERR_UNSUPPORTED, "tune: the %s backend has nothing to tune",
                                    t.device->backend->name);
  t.result.seconds = now_secs() - t.begun;
  if (t.args.result) {
    *t.args.result = t.result;
  }
  return status;
}

/* --- export and import -------------------------------------------------------------------------------------------- */

static slim_status nothing_kept(const slim_device *device, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_UNSUPPORTED, "the %s backend keeps nothing for a device",
                        device->backend->name);
}

slim_status slim_device_export(slim_device *device, const char *path, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  const slim_tuner *tuner = device->backend->tuner;
  if (!tuner) {
    return nothing_kept(device, error);
  }
  const slim_status status = device->backend->finish(device);
  return slim_device_blame(device, status == SLIM_OK ? tuner->export_cache(device, path) : status, error, "export");
}

slim_status slim_device_import(slim_device *device, const char *path, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  const slim_tuner *tuner = device->backend->tuner;
  return tuner ? slim_device_blame(device, tuner->import_cache(device, path), error, "import")
               : nothing_kept(device, error);
}
