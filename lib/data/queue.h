/* Queues of batches over any source of samples. */
#ifndef SLIM_DATA_QUEUE_H
#define SLIM_DATA_QUEUE_H

#include "data/order.h"
#include "slim/data.h"

/* What fills a queue: the items of one sample, and how to make them. */
typedef struct slim_sample_source {
  const slim_array *items; /* name, dtype, shape of one sample; copied */
  int num_items;
  void *user;
  /** Writes each item of a sample to rows[item]. Called by many threads; worker is less than the threads' number. */
  slim_status (*fill)(void *user, int worker, const slim_ticket *ticket, void *const *rows, slim_error *error);
  void (*destroy)(void *user);
} slim_sample_source;

/** *out = *options (NULL: all defaults) with the defaults filled in. Errors: SLIM_ERR_ARG naming a negative option. */
slim_status slim_stream_resolve(const slim_stream_options *options, slim_stream_options *out, slim_error *error);

/** Takes over source.user and walk, also when it fails. options must be resolved. */
slim_status slim_queue_create(slim_sample_source source, slim_walk walk, int batch_size,
                              const slim_stream_options *options, slim_queue **queue, slim_error *error);

#endif
