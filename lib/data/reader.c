#include "data/reader.h"

#include "data/queue.h"

#include <inttypes.h>
#include <stdlib.h>

#define ROWS 16 /* records of a slot */

typedef struct reader_row {
  slim_ticket ticket;
  slim_bytes room;
  slim_span record;
  slim_sample *sample;
} reader_row;

struct slim_reader {
  slim_files *files;
  bool owned;
  const slim_decoder *decoder;
  slim_order *order;
  slim_pipeline *pipeline;
  reader_row *rows; /* slots * ROWS */
  int num_rows;
  int64_t produced;    /* records delivered */
  int slot, count, at; /* the slot that records are delivered from: -1 for none, its rows, the next one */
};

slim_status slim_record_error(const slim_files *files, const slim_ticket *ticket, const slim_error *cause,
                              slim_error *error)
{
  return slim_error_set(error, cause->status, "'%s', record at offset %" PRIu64 ": %s",
                        slim_files_name(files, (int)ticket->file), ticket->offset, cause->text);
}

static slim_status next(void *user, slim_ticket *ticket, slim_error *error)
{
  return slim_order_next(((slim_reader *)user)->order, ticket, error);
}

static slim_status fill(void *user, int worker, const slim_ticket *ticket, int slot, int row, slim_error *error)
{
  slim_reader *r = user;
  (void)worker;
  reader_row *to = &r->rows[slot * ROWS + row];
  to->ticket = *ticket;
  slim_status status = slim_files_read(r->files, ticket, &to->room, &to->record, error);
  if (status == SLIM_OK && r->decoder) {
    slim_error cause = { 0 };
    status = slim_decoder_decode(r->decoder, to->record.data, to->record.size, to->sample, &cause);
    if (status != SLIM_OK) {
      slim_record_error(r->files, ticket, &cause, error);
    }
  }
  return status;
}

static slim_status make_rows(slim_reader *r, int slots, slim_error *error)
{
  const bool fits = slots < INT32_MAX / ROWS;
  r->num_rows = fits ? slots * ROWS : 1;
  r->rows = calloc((size_t)r->num_rows, sizeof *r->rows);
  bool ok = fits && r->rows;
  for (int i = 0; ok && r->decoder && i < r->num_rows; i++) {
    r->rows[i].sample = slim_sample_create(r->decoder);
    ok = r->rows[i].sample != NULL;
  }
  return ok ? SLIM_OK
            : slim_error_set(error, SLIM_ERR_MEMORY, "reader: no memory for %d times %d records", slots, ROWS);
}

static slim_status start(slim_reader *r, const slim_stream_options *options, slim_error *error)
{
  const slim_pipeline_spec spec = { .slots = options->capacity + 1, /* one is with the caller */
                                    .rows = ROWS,
                                    .threads = options->num_threads,
                                    .deliver_before_error = true,
                                    .user = r,
                                    .next = next,
                                    .fill = fill };
  slim_walk walk = { 0 };
  slim_status status = slim_walk_of_files(r->files, options->shuffle, options->seed, &walk, error);
  if (status == SLIM_OK) {
    status = slim_order_create(walk, options, (uint64_t)options->start_step, &r->order, error);
  }
  if (status == SLIM_OK) {
    status = make_rows(r, spec.slots, error);
  }
  return status == SLIM_OK ? slim_pipeline_create(&spec, &r->pipeline, error) : status;
}

slim_status slim_reader_create(slim_files *files, bool owned, const slim_decoder *decoder,
                               const slim_stream_options *options, slim_reader **reader, slim_error *error)
{
  *reader = NULL;
  slim_reader *r = calloc(1, sizeof *r);
  if (!r) {
    slim_files_close(owned ? files : NULL);
    return slim_error_set(error, SLIM_ERR_MEMORY, "reader: no memory");
  }
  r->files = files;
  r->owned = owned;
  r->decoder = decoder;
  r->slot = -1;
  const slim_status status = start(r, options, error);
  if (status != SLIM_OK) {
    slim_reader_destroy(r);
    return status;
  }
  *reader = r;
  return SLIM_OK;
}

void slim_reader_destroy(slim_reader *r)
{
  if (!r) {
    return;
  }
  slim_pipeline_destroy(r->pipeline);
  slim_order_destroy(r->order);
  for (int i = 0; r->rows && i < r->num_rows; i++) {
    slim_bytes_free(&r->rows[i].room);
    slim_sample_destroy(r->rows[i].sample);
  }
  free(r->rows);
  slim_files_close(r->owned ? r->files : NULL);
  free(r);
}

slim_status slim_reader_advance(slim_reader *r, slim_record *record, const slim_sample **sample, slim_error *error)
{
  if (r->slot >= 0 && r->at == r->count) {
    slim_pipeline_give_back(r->pipeline, r->slot);
    r->slot = -1;
  }
  if (r->slot < 0) {
    const slim_status status = slim_pipeline_take(r->pipeline, &r->slot, &r->count, error);
    if (status != SLIM_OK) {
      r->slot = -1;
      return status;
    }
    r->at = 0;
  }
  const reader_row *row = &r->rows[r->slot * ROWS + r->at++];
  *record = (slim_record){ .data = row->record.data,
                           .size = row->record.size,
                           .file = slim_files_name(r->files, (int)row->ticket.file),
                           .offset = row->ticket.offset };
  *sample = row->sample;
  r->produced++;
  return SLIM_OK;
}

int64_t slim_reader_num_records_produced(const slim_reader *r)
{
  return r ? r->produced : 0;
}

slim_status slim_reader_next(slim_reader *r, slim_record *record, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  const slim_sample *sample = NULL;
  return slim_reader_advance(r, record, &sample, error);
}

slim_status slim_parallel_read(const char *const *sources, const slim_stream_options *options, slim_reader **reader,
                               slim_error *error)
{
  *reader = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_stream_options resolved;
  slim_files *files = NULL;
  slim_status status = slim_stream_resolve(options, &resolved, error);
  if (status == SLIM_OK) {
    status = slim_files_open(sources, &files, error);
  }
  return status == SLIM_OK ? slim_reader_create(files, true, NULL, &resolved, reader, error) : status;
}

slim_status slim_single_pass_read(const char *const *sources, slim_reader **reader, slim_error *error)
{
  const slim_stream_options options = { .num_epochs = 1, .num_threads = 1 };
  return slim_parallel_read(sources, &options, reader, error);
}
