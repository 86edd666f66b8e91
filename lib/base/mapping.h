/* A file seen as memory. It must not be cut by others while it is mapped. */
#ifndef SLIM_BASE_MAPPING_H
#define SLIM_BASE_MAPPING_H

#include "base/bytes.h"
#include "slim/base.h"

/** Maps a whole file for reading; an empty file gives an empty span. Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_IO. */
slim_status slim_mapping_open(const char *path, slim_span *bytes, slim_error *error);
/** An empty span is fine. */
void slim_mapping_close(slim_span bytes);

#endif
