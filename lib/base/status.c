#include "slim/base.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
  const char *name, *text;
} statuses[] = {
#define ROW(name_, text_) { "SLIM_" #name_, text_ },
  SLIM_STATUS_MAP(ROW)
#undef ROW
};

static bool known(slim_status status)
{
  return (size_t)status < sizeof statuses / sizeof *statuses;
}

const char *slim_status_name(slim_status status)
{
  return known(status) ? statuses[status].name : "unknown status";
}

const char *slim_status_text(slim_status status)
{
  return known(status) ? statuses[status].text : "unknown status";
}

bool slim_error_held(const slim_error *error)
{
  return error && error->status != SLIM_OK;
}

slim_status slim_error_set(slim_error *error, slim_status status, const char *format, ...)
{
  if (error && !slim_error_held(error)) {
    va_list list;
    va_start(list, format);
    error->status = status;
    (void)vsnprintf(error->text, sizeof error->text, format, list);
    va_end(list);
  }
  return status;
}
