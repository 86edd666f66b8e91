/* What a dataset keeps. */
#ifndef SLIM_DATA_DATASET_H
#define SLIM_DATA_DATASET_H

#include "data/files.h"
#include "slim/data.h"

slim_files *slim_dataset_file_set(slim_dataset *dataset);
/** The size that all images have. @return whether it is known. */
bool slim_dataset_image_size(const slim_dataset *dataset, int *h, int *w);
/** The preprocessing that goes with a known dataset, NULL for others. */
const char *slim_dataset_preprocessing(const char *name);

/** Names of classes, from lines "<id>:<name>". */
typedef struct slim_labels {
  struct {
    int64_t id;
    char *name;
  } * row;
  size_t count;
  char *text; /* the names lie in it */
} slim_labels;

/** A missing file gives no names. Errors: SLIM_ERR_DATA naming file and line. */
slim_status slim_labels_read(const char *path, slim_labels *labels, slim_error *error);
void slim_labels_free(slim_labels *labels);
const char *slim_labels_find(const slim_labels *labels, int64_t id);

#endif
