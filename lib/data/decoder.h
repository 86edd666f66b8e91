/* Item handlers, resolved against the features of a decoder. */
#ifndef SLIM_DATA_DECODER_H
#define SLIM_DATA_DECODER_H

#include "formats/example.h"
#include "slim/data.h"

/* A row of a lookup table, sorted by key. */
typedef struct slim_lookup_entry {
  slim_string key;
  int64_t value;
} slim_lookup_entry;

typedef struct slim_handler {
  slim_handler_kind kind;
  const char *item;
  int keys[SLIM_HANDLER_KEYS], num_keys; /* indices of features */
  const char *key_names[SLIM_HANDLER_KEYS];
  int shape_keys[SLIM_MAX_RANK], num_shape_keys;
  bool has_shape;
  slim_shape shape;
  int channels;
  slim_item_callback callback;
  void *user;
  struct slim_handler *first, *backup;
  bool repeated, densify, check_consistency;
  double default_value;
  const char *default_text;
  slim_lookup_entry *table;
  size_t table_size;
  int64_t table_default;
} slim_handler;

/** The handler of an item, NULL if there is none. */
const slim_handler *slim_decoder_handler(const slim_decoder *decoder, const char *item);

/** Makes the item from the features of a record. */
slim_status slim_handler_run(const slim_handler *handler, const slim_item *features, slim_item *item,
                             slim_error *error);

/** The shape that the handler's shape features hold, one number or list each, in order. */
slim_status slim_handler_shape(const slim_handler *handler, const slim_item *features, slim_shape *shape,
                               slim_error *error);

/* handlers_sparse.c */
slim_status slim_handler_run_sparse(const slim_handler *handler, const slim_item *features, slim_item *item,
                                    slim_error *error);
slim_status slim_handler_run_coordinates(const slim_handler *handler, const slim_item *features, slim_item *item,
                                         slim_error *error);
slim_status slim_handler_run_num_boxes(const slim_handler *handler, const slim_item *features, slim_item *item,
                                       slim_error *error);
/** A sparse value as a dense one, with the handler's default elsewhere. */
slim_status slim_handler_densify(const slim_handler *handler, const slim_item *sparse, slim_item *item,
                                 slim_error *error);
/** The numbers of strings in the handler's table. */
slim_status slim_handler_look_up(const slim_handler *handler, const slim_item *text, slim_item *item,
                                 slim_error *error);
void slim_lookup_sort(slim_lookup_entry *entries, size_t count);

/* features.c: one feature of the record (NULL: it has none) as its spec wants it: TensorFlow's rules for
 * FixedLenFeature and VarLenFeature. */
slim_status slim_feature_load(const slim_feature_spec *spec, const slim_feature *found, slim_item *value,
                              slim_error *error);
/* The same for a list of features by time: FixedLenSequenceFeature and VarLenFeature. */
slim_status slim_feature_load_list(const slim_feature_spec *spec, const slim_feature *step, size_t steps, bool missing,
                                   slim_item *value, slim_error *error);

/** Bytes of an element; of a string those of slim_string. */
size_t slim_item_element_size(slim_dtype dtype);
/** Every element becomes text, real or integer, by the item's type (string, float32, int64). text is borrowed. */
void slim_item_fill(slim_item *item, const char *text, float real, int64_t integer);
/** A copy of from in another shape of as many elements. */
slim_status slim_item_copy(slim_item *to, const slim_item *from, const slim_shape *shape, slim_error *error);

#endif
