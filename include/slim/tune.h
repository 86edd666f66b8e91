/* Tuning: a search for better parameters of the kernels that a run uses, kept for this device in a file that all
 * programs of the user share ($XDG_CACHE_HOME/slimcl). Nothing is ever tuned unasked. */
#ifndef SLIM_TUNE_H
#define SLIM_TUNE_H

#include <signal.h>

#include "slim/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct slim_tune_result {
  int rounds;                 /* plans that were tried */
  int found;                  /* parameters kept that differ from those built in */
  double before_ms, after_ms; /* a run with what is built in, and with what is kept: the least of several */
  double seconds;
} slim_tune_result;

typedef struct slim_tune_args {
  size_t struct_size; /* set by the macro */
  slim_session *session;
  const slim_fetch *fetches;
  size_t num_fetches;
  const struct slim_options_must_be_named *guard_;
  const slim_feed *feeds; /* as for slim_session_run */
  size_t num_feeds;
  double budget_secs;                                             /* 60 */
  void (*progress)(void *user, const slim_tune_result *progress); /* after each round */
  void *progress_user;
  const volatile sig_atomic_t *stop; /* becomes not 0: ends the search as the budget does */
  slim_tune_result *result;
  slim_error *error;
} slim_tune_args;

/**
 * Runs the fetches again and again with other parameters, for as long as the budget allows, and keeps what makes their
 * steps faster; what does not is left as it is built in. Parameters change the order of sums, not what is computed:
 * results stay within each op's error bound, and equal from run to run. Variables change as those runs change them.
 * Errors: SLIM_ERR_UNSUPPORTED on the CPU backend, which has nothing to tune; SLIM_ERR_STATE while another search is
 * under way on the device; SLIM_ERR_IO when what was found cannot be kept; those of slim_session_run.
 */
SLIM_API slim_status slim_tune(const slim_tune_args *args);

#ifndef __cplusplus
#define slim_tune(session_, fetches_, ...)                                                                             \
  (slim_tune)(&(slim_tune_args){ .struct_size = sizeof(slim_tune_args),                                                \
                                 .session = (session_),                                                                \
                                 .fetches = (fetches_),                                                                \
                                 .num_fetches = __VA_ARGS__ })
#endif

/** Writes what this user keeps for the device, tuned parameters and compiled programs, to a file. Errors:
 * SLIM_ERR_NOT_FOUND when there is nothing yet, SLIM_ERR_IO, SLIM_ERR_UNSUPPORTED on the CPU backend. */
SLIM_API slim_status slim_device_export(slim_device *device, const char *path, slim_error *error);
/** Merges such a file; take it from where you would take programs. Errors: SLIM_ERR_DATA when it is damaged from its
 * start, or of another device or driver; damaged entries are left out. */
SLIM_API slim_status slim_device_import(slim_device *device, const char *path, slim_error *error);

#ifdef __cplusplus
}
#endif
#endif
