/* Waiting for new checkpoints. */
#include "learning/train.h"

#include "base/log.h"

#include <string.h>
#include <time.h>

#define POLL_SECONDS 1.0 /* between looks at a folder */

static void sleep_for(double seconds)
{
  const struct timespec pause = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
  (void)nanosleep(&pause, NULL);
}

slim_status slim_wait_for_new_checkpoint(const char *folder, const char *last, double seconds_to_sleep, double timeout,
                                         const volatile sig_atomic_t *stop, char *path, size_t size)
{
  const double begun = slim_learning_now();
  slim_log_write(SLIM_LOG_INFO, "Waiting for new checkpoint at %s", folder);
  for (;;) {
    const slim_status status = slim_latest_checkpoint(folder, path, size);
    if (status == SLIM_OK && (!last || strcmp(path, last) != 0)) {
      slim_log_write(SLIM_LOG_INFO, "Found new checkpoint at %s", path);
      return SLIM_OK;
    }
    if (status == SLIM_ERR_ARG) {
      return status;
    }
    if (stop && *stop) {
      return SLIM_ERR_STOPPED;
    }
    if (timeout >= 0.0 && slim_learning_now() - begun + seconds_to_sleep > timeout) {
      return SLIM_ERR_NOT_FOUND;
    }
    sleep_for(seconds_to_sleep);
  }
}

/* Waits until interval seconds after the last one was found. */
static bool keep_interval(const slim_checkpoint_walk *walk)
{
  const volatile sig_atomic_t *stop = walk->stop;
  double left = walk->path[0] ? walk->begun + walk->min_interval_secs - slim_learning_now() : 0.0;
  while (left > 0.0 && !(stop && *stop)) {
    sleep_for(left < POLL_SECONDS ? left : POLL_SECONDS);
    left = walk->begun + walk->min_interval_secs - slim_learning_now();
  }
  return !(stop && *stop);
}

bool slim_checkpoints_iterator(slim_checkpoint_walk *walk)
{
  const double timeout = walk->timeout > 0.0 ? walk->timeout : -1.0;
  const double poll = timeout > 0.0 && timeout < POLL_SECONDS ? timeout / 4 : POLL_SECONDS;
  char path[sizeof walk->path];
  slim_status status = keep_interval(walk) ? SLIM_ERR_NOT_FOUND : SLIM_ERR_STOPPED;
  while (status == SLIM_ERR_NOT_FOUND) {
    status = slim_wait_for_new_checkpoint(walk->folder, walk->path[0] ? walk->path : NULL, poll, timeout, walk->stop,
                                          path, sizeof path);
    if (status == SLIM_ERR_NOT_FOUND && !walk->timeout_fn) {
      slim_log_write(SLIM_LOG_INFO, "Timed-out waiting for a checkpoint.");
      return false;
    }
    if (status == SLIM_ERR_NOT_FOUND && walk->timeout_fn(walk->timeout_user)) {
      return false;
    }
  }
  if (status != SLIM_OK) {
    return false;
  }
  memcpy(walk->path, path, sizeof path);
  walk->begun = slim_learning_now();
  return true;
}
