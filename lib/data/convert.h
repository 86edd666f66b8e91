/* Conversion: where the records go, and the converters of each kind of source. */
#ifndef SLIM_DATA_CONVERT_H
#define SLIM_DATA_CONVERT_H

#include "base/arena.h"
#include "base/bytes.h"
#include "slim/data.h"

/* The files of a conversion. They are written in a folder of their own and take their places together at the end. */
typedef struct slim_conversion {
  const slim_convert_options *options;
  slim_convert_result *result;
  slim_arena *arena;
  char *folder; /* the temporary one; NULL until the first file */
  char **names; /* of the files, in the order they were made */
  int num_names, room;
  slim_bytes record; /* the record in work */
} slim_conversion;

/* One example with the five features of TF-Slim's image datasets. */
typedef struct slim_image_record {
  slim_span encoded;
  const char *format; /* "png", "jpg" */
  int height, width;
  int64_t label;
} slim_image_record;

/** The path of a file of that name in the dataset's folder, NULL without memory. */
char *slim_conversion_path(slim_conversion *c, const char *name);
/** Where a file of that name is written now; it takes its place when the conversion ends. NULL with error set. */
char *slim_conversion_add(slim_conversion *c, const char *name, slim_error *error);
/** Serialises an image record into c->record. */
slim_status slim_conversion_encode(slim_conversion *c, const slim_image_record *image, slim_error *error);
/** labels.txt: "<id>:<name>" a line. */
slim_status slim_conversion_labels(slim_conversion *c, const char *const *names, int count, slim_error *error);
/** Notes the samples of a split for the result. */
void slim_conversion_count(slim_conversion *c, const char *split, int64_t samples);
void slim_conversion_progress(const slim_conversion *c, const char *split, int64_t done, int64_t total);

/** The converters. *done is false when the result was there already. */
slim_status slim_convert_mnist(slim_conversion *c, const char *const *class_names, bool *done, slim_error *error);
slim_status slim_convert_cifar10(slim_conversion *c, bool *done, slim_error *error);
slim_status slim_convert_folder(slim_conversion *c, bool *done, slim_error *error);

#endif
