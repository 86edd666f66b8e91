/* tf.train.Example: named lists of bytes, floats or int64. Parsing copies nothing. */
#ifndef SLIM_FORMATS_EXAMPLE_H
#define SLIM_FORMATS_EXAMPLE_H

#include "base/bytes.h"
#include "slim/base.h"

/** Numbers are those of the fields of Feature. */
typedef enum slim_feature_kind {
  SLIM_FEATURE_NONE,
  SLIM_FEATURE_BYTES,
  SLIM_FEATURE_FLOAT,
  SLIM_FEATURE_INT64
} slim_feature_kind;

/** A view into the record: the key, what the list holds and how many values. */
typedef struct slim_feature {
  slim_span key;
  slim_feature_kind kind;
  size_t count;
  slim_span lists; /* what holds the values, checked */
} slim_feature;

/** The features of a record. Zero-initialise; parse as often as wanted; free at the end. */
typedef struct slim_example {
  slim_feature *item;
  size_t count, capacity;
} slim_example;

/** Views into record, which must outlive them. Errors: SLIM_ERR_DATA, SLIM_ERR_MEMORY. */
slim_status slim_example_parse(slim_example *example, slim_span record, slim_error *error);
void slim_example_free(slim_example *example);
/** The feature of that key, NULL if the record has none; of several the last, as protobuf maps have it. */
const slim_feature *slim_example_find(const slim_example *example, const char *key);

/** A feature list of a tf.train.SequenceExample: a feature for each step of time. */
typedef struct slim_feature_list {
  slim_span key;
  size_t begin, count; /* in slim_feature_lists.step */
} slim_feature_list;

/** The feature lists of a record. Zero-initialise; parse as often as wanted; free at the end. */
typedef struct slim_feature_lists {
  slim_feature_list *item;
  size_t count, capacity;
  slim_feature *step;
  size_t num_steps, step_capacity;
} slim_feature_lists;

/** Of a tf.train.SequenceExample, whose context slim_example_parse takes from the same bytes. Views into record, which
 * must outlive them. Errors: SLIM_ERR_DATA, SLIM_ERR_MEMORY. */
slim_status slim_feature_lists_parse(slim_feature_lists *lists, slim_span record, slim_error *error);
void slim_feature_lists_free(slim_feature_lists *lists);
/** The list of that key, NULL if the record has none; of several the last. */
const slim_feature_list *slim_feature_lists_find(const slim_feature_lists *lists, const char *key);

/** The first values of a feature of that kind, at most most. @return how many were written; 0 for another kind. */
size_t slim_feature_read_bytes(const slim_feature *feature, slim_span *values, size_t most);
size_t slim_feature_read_floats(const slim_feature *feature, float *values, size_t most);
size_t slim_feature_read_int64s(const slim_feature *feature, int64_t *values, size_t most);

/** Builds a record in out: begin, put features, end. Features are written in the order of the calls. */
typedef struct slim_example_writer {
  slim_bytes *out;
  size_t features;
} slim_example_writer;
slim_example_writer slim_example_begin(slim_bytes *out);
void slim_example_put_bytes(slim_example_writer *writer, const char *key, const slim_span *values, size_t count);
void slim_example_put_text(slim_example_writer *writer, const char *key, const char *text);
void slim_example_put_floats(slim_example_writer *writer, const char *key, const float *values, size_t count);
void slim_example_put_int64s(slim_example_writer *writer, const char *key, const int64_t *values, size_t count);
/** @return false without memory. */
bool slim_example_end(slim_example_writer *writer);

#endif
