/*
 * Ordered work on many threads: rows come from a source one after another, worker threads fill them in parallel into
 * slots, and the taker gets the slots in order. What is in a slot never depends on timing.
 */
#ifndef SLIM_DATA_PIPELINE_H
#define SLIM_DATA_PIPELINE_H

#include "slim/base.h"

/* Where a sample comes from. */
typedef struct slim_ticket {
  uint64_t sample; /* its number in the stream, all epochs counted */
  uint64_t offset; /* in the file; of an array: the row */
  uint32_t file;
} slim_ticket;

typedef struct slim_pipeline_spec {
  int slots, rows;           /* at least 1 each; rows: samples in a slot */
  int threads;               /* at least 1 */
  bool drop_partial;         /* the last slot is left out unless it is full */
  bool deliver_before_error; /* the rows before the first error of a slot are delivered; else the slot is the error */
  void *user;
  /** The next row. Calls come one at a time. SLIM_ERR_END when there are no more. */
  slim_status (*next)(void *user, slim_ticket *ticket, slim_error *error);
  /** Fills a row. Called by many threads, worker being the caller's number. */
  slim_status (*fill)(void *user, int worker, const slim_ticket *ticket, int slot, int row, slim_error *error);
} slim_pipeline_spec;

typedef struct slim_pipeline slim_pipeline;

/** Starts the threads. */
slim_status slim_pipeline_create(const slim_pipeline_spec *spec, slim_pipeline **pipeline, slim_error *error);
/** Stops and joins them. NULL is fine. */
void slim_pipeline_destroy(slim_pipeline *pipeline);
/** Stops and joins the threads of a pipeline that something was taken of, so that its source can begin again and then
 * slim_pipeline_restart. When nothing was taken yet all goes on and *paused is false. Errors: SLIM_ERR_STATE while a
 * thread is inside of slim_pipeline_take. */
slim_status slim_pipeline_pause(slim_pipeline *pipeline, bool *paused, slim_error *error);
/** Begins anew after slim_pipeline_pause; slots that are with the taker count as given back. An error stays with the
 * pipeline: slim_pipeline_take returns it too. */
slim_status slim_pipeline_restart(slim_pipeline *pipeline);
/** The next slot and how many rows it has. Errors: SLIM_ERR_END; the first error, by row order, of next or fill. */
slim_status slim_pipeline_take(slim_pipeline *pipeline, int *slot, int *rows, slim_error *error);
void slim_pipeline_give_back(slim_pipeline *pipeline, int slot);
/** Slots that are complete and not taken yet. */
int slim_pipeline_ready(slim_pipeline *pipeline);

#endif
