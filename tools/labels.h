/* The names of classes: a labels.txt with a line "<id>:<name>" for each. */
#ifndef SLIMCL_LABELS_H
#define SLIMCL_LABELS_H

#include <slim/base.h>

typedef struct labels {
  char **name; /* by id; NULL where the file has none */
  size_t count;
} labels;

/** Errors: SLIM_ERR_IO, and SLIM_ERR_DATA for a line that is none or an id beyond 2^20, with its number. */
slim_status labels_read(labels *l, const char *path, slim_error *error);
/** NULL if the id has no name. */
const char *labels_name(const labels *l, int64_t id);
void labels_free(labels *l);

#endif
