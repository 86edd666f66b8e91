/* Messages of the library; they go to the function set by slim_log_set and nowhere else. */
#ifndef SLIM_BASE_LOG_H
#define SLIM_BASE_LOG_H

#include "slim/base.h"

/** One line, without a newline at the end; cut after SLIM_ERROR_TEXT bytes. */
void slim_log_write(slim_log_level level, const char *format, ...) SLIM_PRINTF(2, 3);

#endif
