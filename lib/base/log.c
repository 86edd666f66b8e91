#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  slim_log_fn log;
  void *user;
} sink;

void slim_log_set(slim_log_fn log, void *user)
{
  pthread_mutex_lock(&lock);
  sink.log = log;
  sink.user = user;
  pthread_mutex_unlock(&lock);
}

void slim_log_write(slim_log_level level, const char *format, ...)
{
  pthread_mutex_lock(&lock);
  const slim_log_fn log = sink.log;
  void *user = sink.user;
  pthread_mutex_unlock(&lock);
  if (!log) {
    return;
  }
  char text[SLIM_ERROR_TEXT];
  va_list list;
  va_start(list, format);
  (void)vsnprintf(text, sizeof text, format, list);
  va_end(list);
  log(user, level, text);
}
