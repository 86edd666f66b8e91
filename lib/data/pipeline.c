#include "data/pipeline.h"

#include "base/size.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 8 /* rows that a worker claims at once */
#define ENDLESS UINT64_MAX

typedef struct slot {
  bool busy;   /* being filled, ready, or with the taker */
  bool closed; /* no more rows will be claimed in it */
  int claimed, filled;
  int error_row; /* of error; the lowest one wins */
  slim_error error;
} slot;

struct slim_pipeline {
  slim_pipeline_spec spec;
  pthread_t *threads;
  int num_threads;
  slot *slots;

  pthread_mutex_t claim_lock; /* guards claiming; taken before lock */
  uint64_t claim_slot;        /* number of the slot that rows go into; its place is the remainder by spec.slots */
  int claim_row;
  bool exhausted;
  int next_worker;

  pthread_mutex_t lock; /* guards the slots and all below */
  pthread_cond_t freed, ready;
  bool quit;
  int takers;     /* threads inside of slim_pipeline_take */
  uint64_t taken; /* slots delivered */
  uint64_t total; /* slots there are, ENDLESS until known */
  slim_error failed;
};

typedef struct claim {
  slim_ticket tickets[CHUNK];
  int slot, first_row, count;
} claim;

static void put_error(slot *s, int row, const slim_error *error)
{
  if (error->status != SLIM_OK && (s->error.status == SLIM_OK || row < s->error_row)) {
    s->error = *error;
    s->error_row = row;
  }
}

/* Waits until the slot to claim from is free. @return false when the pipeline ends. */
static bool open_slot(slim_pipeline *p, slot *s)
{
  pthread_mutex_lock(&p->lock);
  while (!p->quit && s->busy) {
    pthread_cond_wait(&p->freed, &p->lock);
  }
  const bool ok = !p->quit;
  if (ok) {
    *s = (slot){ .busy = true };
  }
  pthread_mutex_unlock(&p->lock);
  return ok;
}

/* After the last row of a slot was claimed, or the source ended or failed. */
static void close_slot(slim_pipeline *p, slot *s, const slim_error *error)
{
  pthread_mutex_lock(&p->lock);
  s->claimed = p->claim_row;
  s->closed = true;
  if (error->status == SLIM_OK) {
    p->claim_slot++;
    p->claim_row = 0;
  } else {
    const bool partial = p->claim_row > 0 && !(p->spec.drop_partial && error->status == SLIM_ERR_END);
    p->exhausted = true;
    p->total = p->claim_slot + (partial || error->status != SLIM_ERR_END ? 1 : 0);
    if (error->status != SLIM_ERR_END) {
      put_error(s, p->claim_row, error);
    }
  }
  pthread_cond_broadcast(&p->ready);
  pthread_mutex_unlock(&p->lock);
}

/* Claims some rows of one slot; called with claim_lock held. @return false when there are no more. */
static bool claim_rows(slim_pipeline *p, claim *c)
{
  c->count = 0;
  if (p->exhausted) {
    return false;
  }
  c->slot = (int)(p->claim_slot % (uint64_t)p->spec.slots);
  c->first_row = p->claim_row;
  slot *s = &p->slots[c->slot];
  if (p->claim_row == 0 && !open_slot(p, s)) {
    return false;
  }
  slim_error error = { 0 };
  while (c->count < CHUNK && p->claim_row < p->spec.rows && error.status == SLIM_OK) {
    const slim_status status = p->spec.next(p->spec.user, &c->tickets[c->count], &error);
    if (status != SLIM_OK) {
      slim_error_set(&error, status, "%s", slim_status_text(status));
    } else {
      c->count++;
      p->claim_row++;
    }
  }
  if (p->claim_row == p->spec.rows || error.status != SLIM_OK) {
    close_slot(p, s, &error);
  }
  return true;
}

static void fill_rows(slim_pipeline *p, int worker, const claim *c)
{
  slim_error first = { 0 };
  int first_row = 0;
  for (int i = 0; i < c->count && first.status == SLIM_OK; i++) {
    first_row = c->first_row + i;
    const slim_status status = p->spec.fill(p->spec.user, worker, &c->tickets[i], c->slot, first_row, &first);
    if (status != SLIM_OK) {
      slim_error_set(&first, status, "%s", slim_status_text(status));
    }
  }
  pthread_mutex_lock(&p->lock);
  slot *s = &p->slots[c->slot];
  put_error(s, first_row, &first);
  s->filled += c->count;
  if (s->closed && s->filled == s->claimed) {
    pthread_cond_broadcast(&p->ready);
  }
  pthread_mutex_unlock(&p->lock);
}

static void *worker_main(void *argument)
{
  slim_pipeline *p = argument;
  pthread_mutex_lock(&p->claim_lock);
  const int worker = p->next_worker++;
  pthread_mutex_unlock(&p->claim_lock);
  for (;;) {
    claim c;
    pthread_mutex_lock(&p->claim_lock);
    const bool more = claim_rows(p, &c);
    pthread_mutex_unlock(&p->claim_lock);
    if (!more) {
      return NULL;
    }
    fill_rows(p, worker, &c);
  }
}

/* Whether the slot number n, the next to deliver, is complete; called with lock held. */
static bool complete(const slim_pipeline *p, uint64_t n)
{
  const slot *s = &p->slots[n % (uint64_t)p->spec.slots];
  return n < p->total && s->busy && s->closed && s->filled == s->claimed;
}

/* Called with lock held on a complete slot. @return false when there is only its error to deliver. */
static bool deliver(slim_pipeline *p, slot *s, int *rows)
{
  *rows = s->claimed;
  if (s->error.status != SLIM_OK) {
    p->failed = s->error;
    *rows = p->spec.deliver_before_error ? s->error_row : 0;
  }
  if (*rows > 0) {
    s->closed = false; /* so that it is not complete for a second taker */
    p->taken++;
  }
  return *rows > 0;
}

slim_status slim_pipeline_take(slim_pipeline *p, int *slot_index, int *rows, slim_error *error)
{
  pthread_mutex_lock(&p->lock);
  p->takers++;
  while (p->failed.status == SLIM_OK && p->taken < p->total && !complete(p, p->taken)) {
    pthread_cond_wait(&p->ready, &p->lock);
  }
  p->takers--;
  if (p->failed.status == SLIM_OK && p->taken >= p->total) {
    slim_error_set(&p->failed, SLIM_ERR_END, "end of input");
  }
  const uint64_t place = p->taken % (uint64_t)p->spec.slots;
  slim_status status = p->failed.status;
  if (status == SLIM_OK) {
    *slot_index = (int)place;
    status = deliver(p, &p->slots[place], rows) ? SLIM_OK : p->failed.status;
  }
  if (status != SLIM_OK) {
    slim_error_set(error, status, "%s", p->failed.text);
  }
  pthread_cond_broadcast(&p->ready);
  pthread_mutex_unlock(&p->lock);
  return status;
}

void slim_pipeline_give_back(slim_pipeline *p, int slot_index)
{
  pthread_mutex_lock(&p->lock);
  p->slots[slot_index].busy = false;
  pthread_cond_broadcast(&p->freed);
  pthread_mutex_unlock(&p->lock);
}

int slim_pipeline_ready(slim_pipeline *p)
{
  int count = 0;
  pthread_mutex_lock(&p->lock);
  while (count < p->spec.slots && complete(p, p->taken + (uint64_t)count)) {
    count++;
  }
  pthread_mutex_unlock(&p->lock);
  return count;
}

static void free_pipeline(slim_pipeline *p)
{
  pthread_cond_destroy(&p->freed);
  pthread_cond_destroy(&p->ready);
  pthread_mutex_destroy(&p->lock);
  pthread_mutex_destroy(&p->claim_lock);
  free(p->slots);
  free(p->threads);
  free(p);
}

static slim_pipeline *new_pipeline(const slim_pipeline_spec *spec)
{
  slim_pipeline *p = calloc(1, sizeof *p);
  if (!p) {
    return NULL;
  }
  p->spec = *spec;
  p->total = ENDLESS;
  p->slots = calloc((size_t)spec->slots, sizeof *p->slots);
  p->threads = calloc((size_t)spec->threads, sizeof *p->threads);
  pthread_mutex_init(&p->claim_lock, NULL);
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->freed, NULL);
  pthread_cond_init(&p->ready, NULL);
  if (!p->slots || !p->threads) {
    free_pipeline(p);
    return NULL;
  }
  return p;
}

static slim_status start_threads(slim_pipeline *p, slim_error *error)
{
  p->num_threads = 0;
  while (p->num_threads < p->spec.threads && pthread_create(&p->threads[p->num_threads], NULL, worker_main, p) == 0) {
    p->num_threads++; /* fewer threads do the same work */
  }
  return p->num_threads ? SLIM_OK
                        : slim_error_set(error, SLIM_ERR_MEMORY, "queue: the system gives no thread to read with");
}

static void join_threads(slim_pipeline *p)
{
  pthread_mutex_lock(&p->lock);
  p->quit = true;
  pthread_cond_broadcast(&p->freed);
  pthread_mutex_unlock(&p->lock);
  for (int i = 0; i < p->num_threads; i++) {
    pthread_join(p->threads[i], NULL);
  }
}

slim_status slim_pipeline_create(const slim_pipeline_spec *spec, slim_pipeline **pipeline, slim_error *error)
{
  *pipeline = NULL;
  slim_pipeline *p = new_pipeline(spec);
  if (!p) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "queue: no memory for %d slots", spec->slots);
  }
  const slim_status status = start_threads(p, error);
  if (status != SLIM_OK) {
    free_pipeline(p);
    return status;
  }
  *pipeline = p;
  return SLIM_OK;
}

slim_status slim_pipeline_pause(slim_pipeline *p, bool *paused, slim_error *error)
{
  pthread_mutex_lock(&p->lock);
  const bool awaited = p->takers > 0;
  *paused = !awaited && (p->taken > 0 || p->failed.status != SLIM_OK);
  pthread_mutex_unlock(&p->lock);
  if (*paused) {
    join_threads(p);
  }
  return awaited
             ? slim_error_set(error, SLIM_ERR_STATE, "queue: it cannot begin again while a thread waits for a batch")
             : SLIM_OK;
}

slim_status slim_pipeline_restart(slim_pipeline *p)
{
  memset(p->slots, 0, (size_t)p->spec.slots * sizeof *p->slots);
  p->claim_slot = p->taken = 0;
  p->claim_row = p->next_worker = 0;
  p->exhausted = p->quit = false;
  p->total = ENDLESS;
  p->failed = (slim_error){ SLIM_OK, "" };
  return start_threads(p, &p->failed);
}

void slim_pipeline_destroy(slim_pipeline *p)
{
  if (p) {
    join_threads(p);
    free_pipeline(p);
  }
}
