/*
 * The order of samples: which one is number n of the stream. It depends on (seed, epoch) alone.
 *
 * An epoch is a walk over all positions. Shuffling draws each next sample uniformly among a window of positions that
 * the walk keeps full; at the end of the epoch the window runs empty, so each sample comes once an epoch, and a set no
 * larger than the window is permuted as a whole. The window holds positions, never data.
 */
#ifndef SLIM_DATA_ORDER_H
#define SLIM_DATA_ORDER_H

#include "data/pipeline.h"
#include "slim/data.h"

/* Positions in their stored order. */
typedef struct slim_walk {
  void *self;
  /** Goes to the start of an epoch. */
  slim_status (*begin)(void *self, uint64_t epoch, slim_error *error);
  /** The next position (file, offset); SLIM_ERR_END at the end of the epoch. */
  slim_status (*next)(void *self, slim_ticket *ticket, slim_error *error);
  void (*destroy)(void *self);
} slim_walk;

typedef struct slim_order slim_order;

/** Takes over walk, also when it fails. options: shuffle, seed, num_epochs, shuffle_records. skip: samples that are
 * left out at the start of the stream. */
slim_status slim_order_create(slim_walk walk, const slim_stream_options *options, uint64_t skip, slim_order **order,
                              slim_error *error);
void slim_order_destroy(slim_order *order);
/** The next sample is the first of the stream again. */
void slim_order_restart(slim_order *order);
bool slim_order_endless(const slim_order *order);
/** The next sample's place. Errors: SLIM_ERR_END after the last epoch, the walk's own; SLIM_ERR_DATA for an endless
 * stream without any sample. */
slim_status slim_order_next(slim_order *order, slim_ticket *ticket, slim_error *error);

/** Walks rows 0 .. rows - 1 of arrays: offset is the row. */
slim_status slim_walk_of_rows(uint64_t rows, slim_walk *walk, slim_error *error);

#endif
