/* What lib shares of the event reader besides its public part. */
#ifndef SLIM_SUMMARY_EVENT_READER_H
#define SLIM_SUMMARY_EVENT_READER_H

#include "base/bytes.h"
#include "slim/summary.h"

/** As slim_event_reader_open, over bytes that outlive the reader. */
slim_status slim_event_reader_open_memory(slim_span bytes, const char *name, slim_event_reader **out,
                                          slim_error *error);

#endif
