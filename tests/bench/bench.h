/* Times single steps of a device and of peers, in turn, so that noise of the machine falls on all alike. */
#ifndef BENCH_H
#define BENCH_H

#include "backend/backend.h"
#include "bench_time.h"

#include <string.h>

/* One thing to time: fn(user) must have finished its work when it returns. */
typedef struct bench_entry {
  const char *name;
  void (*fn)(void *user);
  void *user;
  double best, median; /* milliseconds */
} bench_entry;

#define BENCH_ROUNDS 11
#define BENCH_WARM_MS 8.0 /* until threads that were asleep run on cores of their own */
#define BENCH_TIME_MS 4.0

/* Idle time lets the spinning threads of another library go to sleep; see bench_settle. */
static inline void bench_pause(void)
{
  const struct timespec pause = { 0, 10000000 };
  (void)nanosleep(&pause, NULL);
}

/* Milliseconds of a run, of as many as fit into so many milliseconds, but one. */
static inline double bench_burst(const bench_entry *entry, double ms)
{
  const double start = bench_now_ms();
  double taken;
  int runs = 0;
  do {
    entry->fn(entry->user);
    runs++;
    taken = bench_now_ms() - start;
  } while (taken < ms);
  return taken / runs;
}

/* With BENCH_TURNS in the environment every round waits for a line of stdin and answers it when it is over: between
 * them it is the turn of other programs. */
static inline void bench_await_turn(void)
{
  char line[16];
  if (getenv("BENCH_TURNS") && !fgets(line, sizeof line, stdin)) {
    bench_die("stdin ended before the last turn");
  }
}

static inline void bench_end_turn(void)
{
  if (getenv("BENCH_TURNS")) {
    (void)printf("turn\n");
    (void)fflush(stdout);
  }
}

/* Rounds over all entries, each from the next one on. */
static inline void bench_run(bench_entry *entries, int count)
{
  double times[16][BENCH_ROUNDS];
  for (int r = 0; r < BENCH_ROUNDS; r++) {
    bench_await_turn();
    for (int i = 0; i < count; i++) {
      const int e = (i + r) % count;
      bench_pause();
      (void)bench_burst(&entries[e], BENCH_WARM_MS);
      times[e][r] = bench_burst(&entries[e], BENCH_TIME_MS);
    }
    bench_end_turn();
  }
  for (int e = 0; e < count; e++) {
    qsort(times[e], BENCH_ROUNDS, sizeof times[e][0], bench_compare);
    entries[e].best = times[e][0];
    entries[e].median = times[e][BENCH_ROUNDS / 2];
  }
}

/* A step of one op with tensors of random numbers. */
typedef struct bench_step {
  slim_device *device;
  slim_node node;
  slim_group group;
  slim_view in[8], out[4];
  slim_view workspace;
  slim_step *step;
} bench_step;

static inline slim_view bench_view(slim_device *device, size_t bytes)
{
  slim_view view = { 0 };
  float *data = malloc(bytes + 4);
  if (!data || device->backend->alloc(device, bytes ? bytes : 4, &view.buffer) != SLIM_OK) {
    bench_die("out of memory");
  }
  for (size_t i = 0; i < bytes / 4; i++) {
    data[i] = (float)((i * 2654435761u >> 8) % 1024) / 512.0f - 1.0f;
  }
  (void)device->backend->upload(device, view.buffer, 0, data, bytes);
  view.host = device->backend->address(device, view.buffer);
  free(data);
  return view;
}

static inline slim_view bench_tensor(slim_device *device, slim_shape shape)
{
  slim_view view = bench_view(device, slim_shape_elements(&shape) * sizeof(float));
  view.dtype = SLIM_FLOAT32;
  view.shape = shape;
  return view;
}

/* The elements of a float32 tensor in host memory of their own, to be freed. */
static inline float *bench_copy(slim_device *device, const slim_view *view)
{
  const size_t bytes = slim_shape_elements(&view->shape) * sizeof(float);
  float *data = malloc(bytes);
  if (!data || device->backend->download(device, data, view->buffer, view->offset, bytes) != SLIM_OK) {
    bench_die("no copy of a tensor");
  }
  return data;
}

/* b->in and b->out are filled in by the caller. */
static inline void bench_prepare(bench_step *b, slim_device *device, const slim_op *op, const void *attr, int num_in,
                                 int num_out)
{
  const slim_backend *backend = device->backend;
  b->device = device;
  b->node = (slim_node){ .op = op, .attr = attr, .name = op->name };
  b->group = (slim_group){ .count = 1, .nodes = { &b->node }, .num_in = num_in, .num_out = num_out };
  const size_t bytes = backend->workspace(device, &b->group, b->in, b->out);
  if (bytes) {
    b->workspace = bench_view(device, bytes);
  }
  if (backend->prepare(device, &b->group, b->in, b->out, bytes ? &b->workspace : NULL, &b->step) != SLIM_OK) {
    bench_die(device->error.text);
  }
}

static inline void bench_step_run(void *user)
{
  bench_step *b = user;
  const slim_run run = { 0 };
  (void)slim_step_enqueue(b->device, b->step, &run);
  (void)b->device->backend->finish(b->device);
}

static inline void bench_release(bench_step *b)
{
  const slim_backend *backend = b->device->backend;
  backend->release_step(b->device, b->step);
  for (int i = 0; i < b->group.num_in; i++) {
    backend->release(b->device, b->in[i].buffer);
  }
  for (int i = 0; i < b->group.num_out; i++) {
    backend->release(b->device, b->out[i].buffer);
  }
  backend->release(b->device, b->workspace.buffer);
}

#endif
