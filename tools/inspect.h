/* What slimcl inspect shows of one kind of file; each writes text to stdout or, with a document, fills that. */
#ifndef SLIMCL_INSPECT_H
#define SLIMCL_INSPECT_H

#include "cli.h"

typedef struct inspect_options {
  const char *tensor, *feature, *output;
  int64_t record;
  bool json;
} inspect_options;

/** prefix: of a checkpoint. document NULL: text to stdout. */
slim_status inspect_checkpoint(const char *prefix, const inspect_options *options, cJSON *document, slim_error *error);
/** path: a TFRecord file of tf.Examples. */
slim_status inspect_records(const char *path, const inspect_options *options, cJSON *document, slim_error *error);
/** path: an event file. */
slim_status inspect_events(const char *path, cJSON *document, slim_error *error);

#endif
