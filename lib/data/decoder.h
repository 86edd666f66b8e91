/* Item handlers, resolved against the features of a decoder. */
#ifndef SLIM_DATA_DECODER_H
#define SLIM_DATA_DECODER_H

#include "slim/data.h"

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
} slim_handler;

/** The handler of an item, NULL if there is none. */
const slim_handler *slim_decoder_handler(const slim_decoder *decoder, const char *item);

/** Makes the item from the features of a record. */
slim_status slim_handler_run(const slim_handler *handler, const slim_item *features, slim_item *item,
                             slim_error *error);

/** A copy of from in another shape of as many elements. */
slim_status slim_item_copy(slim_item *to, const slim_item *from, const slim_shape *shape, slim_error *error);

#endif
