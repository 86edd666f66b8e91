#include "data/order.h"

#include "base/rng.h"
#include "base/size.h"

#include <stdlib.h>

#define DEFAULT_WINDOW 65536

typedef struct place {
  uint64_t offset;
  uint32_t file;
} place;

struct slim_order {
  slim_walk walk;
  bool shuffle;
  uint64_t seed, num_epochs; /* 0: endless */
  size_t window;

  bool open;   /* inside an epoch */
  bool walked; /* the walk of this epoch is at its end */
  uint64_t epoch, sample;
  uint64_t drawn;      /* samples of this epoch so far */
  uint64_t epoch_size; /* samples of an epoch, 0 until one was walked */
  slim_rng rng;
  place *places;
  size_t count, capacity; /* places in the window */

  uint64_t start; /* samples that are left out at the start of the stream */
  uint64_t skip;  /* still to leave out */
};

static slim_status grow(slim_order *o, slim_error *error)
{
  const size_t capacity = o->capacity ? o->capacity * 2 : 1024;
  size_t bytes = 0;
  place *places = slim_size_mul(capacity, sizeof *places, &bytes) ? realloc(o->places, bytes) : NULL;
  if (!places) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "shuffling: no memory for %zu positions", capacity);
  }
  o->places = places;
  o->capacity = capacity;
  return SLIM_OK;
}

/* Walks on until the window is full or the epoch ends. */
static slim_status fill_window(slim_order *o, slim_error *error)
{
  while (!o->walked && o->count < o->window) {
    slim_ticket t = { 0 };
    const slim_status status = o->walk.next(o->walk.self, &t, error);
    if (status == SLIM_ERR_END) {
      o->walked = true;
    } else if (status != SLIM_OK) {
      return status;
    } else if (o->count == o->capacity && grow(o, error) != SLIM_OK) {
      return error->status;
    } else {
      o->places[o->count++] = (place){ t.offset, t.file };
    }
  }
  return SLIM_OK;
}

static slim_status begin_epoch(slim_order *o, slim_error *error)
{
  const slim_status status = o->walk.begin(o->walk.self, o->epoch, error);
  o->open = status == SLIM_OK;
  o->walked = false;
  o->count = 0;
  o->drawn = 0;
  o->rng = slim_rng_make(o->seed, slim_hash("slim/shuffle"), o->epoch);
  return status;
}

/* The next place of the epoch; SLIM_ERR_END at its end. */
static slim_status draw(slim_order *o, slim_ticket *ticket, slim_error *error)
{
  if (!o->shuffle) {
    return o->walk.next(o->walk.self, ticket, error);
  }
  const slim_status status = fill_window(o, error);
  if (status != SLIM_OK) {
    return status;
  }
  if (o->count == 0) {
    return SLIM_ERR_END;
  }
  const size_t i = (size_t)slim_rng_below(&o->rng, o->drawn, o->count);
  ticket->offset = o->places[i].offset;
  ticket->file = o->places[i].file;
  o->places[i] = o->places[--o->count];
  return SLIM_OK;
}

/* After the last sample of an epoch. */
static slim_status end_epoch(slim_order *o, slim_error *error)
{
  o->epoch_size = o->drawn;
  o->open = false;
  o->epoch++;
  if (o->epoch_size == 0 && o->num_epochs == 0) {
    return slim_error_set(error, SLIM_ERR_DATA, "the input has no record at all, so an endless stream of it cannot be");
  }
  if (o->epoch_size > 0 && o->skip > 0) { /* whole epochs need no walk */
    o->epoch += o->skip / o->epoch_size;
    o->sample += o->skip / o->epoch_size * o->epoch_size;
    o->skip %= o->epoch_size;
  }
  return SLIM_OK;
}

static slim_status next_place(slim_order *o, slim_ticket *ticket, slim_error *error)
{
  for (;;) {
    if (o->num_epochs && o->epoch >= o->num_epochs) {
      return SLIM_ERR_END;
    }
    slim_status status = o->open ? SLIM_OK : begin_epoch(o, error);
    if (status == SLIM_OK) {
      status = draw(o, ticket, error);
    }
    if (status == SLIM_ERR_END) {
      status = end_epoch(o, error);
    } else if (status == SLIM_OK) {
      o->drawn++;
      ticket->sample = o->sample++;
      return SLIM_OK;
    }
    if (status != SLIM_OK) {
      return status;
    }
  }
}

slim_status slim_order_next(slim_order *o, slim_ticket *ticket, slim_error *error)
{
  slim_error local = { 0 };
  slim_status status = SLIM_OK;
  while (o->skip > 0 && status == SLIM_OK) {
    o->skip--;
    status = next_place(o, ticket, &local);
  }
  if (status == SLIM_OK) {
    status = next_place(o, ticket, &local);
  }
  return status == SLIM_OK || status == SLIM_ERR_END ? status : slim_error_set(error, status, "%s", local.text);
}

slim_status slim_order_create(slim_walk walk, const slim_stream_options *options, uint64_t skip, slim_order **order,
                              slim_error *error)
{
  slim_order *o = calloc(1, sizeof *o);
  *order = o;
  if (!o) {
    walk.destroy(walk.self);
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for the order of samples");
  }
  o->walk = walk;
  o->shuffle = options->shuffle;
  o->seed = options->seed;
  o->num_epochs = (uint64_t)options->num_epochs;
  o->window = options->shuffle_records > 0 ? (size_t)options->shuffle_records : DEFAULT_WINDOW;
  o->start = o->skip = skip;
  return SLIM_OK;
}

void slim_order_restart(slim_order *o)
{
  o->open = false;
  o->epoch = o->sample = 0;
  o->skip = o->start;
}

bool slim_order_endless(const slim_order *o)
{
  return o->num_epochs == 0;
}

void slim_order_destroy(slim_order *o)
{
  if (o) {
    o->walk.destroy(o->walk.self);
    free(o->places);
    free(o);
  }
}

typedef struct row_walk {
  uint64_t rows, row;
} row_walk;

static slim_status begin_rows(void *self, uint64_t epoch, slim_error *error)
{
  (void)epoch;
  (void)error;
  ((row_walk *)self)->row = 0;
  return SLIM_OK;
}

static slim_status next_row(void *self, slim_ticket *ticket, slim_error *error)
{
  row_walk *w = self;
  (void)error;
  if (w->row == w->rows) {
    return SLIM_ERR_END;
  }
  ticket->file = 0;
  ticket->offset = w->row++;
  return SLIM_OK;
}

slim_status slim_walk_of_rows(uint64_t rows, slim_walk *walk, slim_error *error)
{
  row_walk *w = calloc(1, sizeof *w);
  if (!w) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for the order of rows");
  }
  w->rows = rows;
  *walk = (slim_walk){ w, begin_rows, next_row, free };
  return SLIM_OK;
}
