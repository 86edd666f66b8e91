/* Event files of a training run. */
#include "base/log.h"
#include "base/size.h"
#include "learning/train.h"
#include "slim/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { IMAGES = 3 }; /* of a batch that are written, as TensorFlow does */

double slim_learning_now(void)
{
  struct timespec now = { 0 };
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* "losses/LeNet/loss" for a loss; the alias of a summary. NULL without memory. */
static char *tag_of(slim_graph *graph, const char *collection, size_t i)
{
  const char *alias = slim_end_point_alias(graph, collection, i);
  const char *folder = strcmp(collection, SLIM_LOSSES) == 0 ? "losses/" : "";
  const size_t size = strlen(alias) + strlen(folder) + 1;
  char *tag = malloc(size);
  if (tag) {
    (void)snprintf(tag, size, "%s%s", folder, alias);
  }
  return tag;
}

static bool add_watch(slim_reporter *reporter, slim_tensor *tensor, char *tag, bool image, int batch)
{
  slim_shape shape = slim_tensor_shape(tensor);
  if (shape.rank && shape.dim[0] == -1) {
    shape.dim[0] = batch;
  }
  const size_t count = slim_shape_elements(&shape);
  size_t bytes = 0;
  if (count == 0) {
    slim_log_write(SLIM_LOG_WARNING, "summary '%s' has an open batch: it needs .batch_size and is left out", tag);
    free(tag);
    return true;
  }
  float *data = slim_size_mul(count, sizeof *data, &bytes) ? malloc(bytes) : NULL;
  reporter->watch[reporter->count++] = (slim_watch){ tensor, tag, shape, image, count, data };
  return data != NULL;
}

static bool watch_collection(slim_reporter *reporter, slim_graph *graph, const char *key, int batch)
{
  const slim_tensors all = slim_get_collection(graph, key, NULL);
  bool good = true;
  for (size_t i = 0; i < all.count && good; i++) {
    char *tag = tag_of(graph, key, i);
    good = tag && add_watch(reporter, all.item[i], tag, strcmp(key, SLIM_IMAGE_SUMMARIES) == 0, batch);
  }
  return good;
}

slim_status slim_reporter_collect(slim_reporter *reporter, slim_graph *graph, const char *const *keys, int num_keys,
                                  int batch, slim_error *error)
{
  size_t room = 1;
  for (int k = 0; k < num_keys; k++) {
    room += slim_get_collection(graph, keys[k], NULL).count;
  }
  *reporter = (slim_reporter){ .watch = calloc(room, sizeof(slim_watch)) };
  bool good = reporter->watch != NULL;
  for (int k = 0; k < num_keys && good; k++) {
    good = watch_collection(reporter, graph, keys[k], batch);
  }
  return good ? SLIM_OK : slim_error_set(error, SLIM_ERR_MEMORY, "train: no memory for summaries");
}

slim_status slim_reporter_choose(slim_reporter *reporter, slim_tensors tensors, int batch, slim_error *error)
{
  *reporter = (slim_reporter){ .watch = calloc(tensors.count + 1, sizeof(slim_watch)) };
  bool good = reporter->watch != NULL;
  for (size_t i = 0; i < tensors.count && good; i++) {
    const char *name = slim_tensor_name(tensors.item[i]);
    char *tag = strndup(name, strcspn(name, ":"));
    good = tag && add_watch(reporter, tensors.item[i], tag, false, batch);
  }
  return good ? SLIM_OK : slim_error_set(error, SLIM_ERR_MEMORY, "evaluate: no memory for summaries");
}

slim_status slim_reporter_open(slim_reporter *reporter, slim_graph *graph, const char *folder, int batch, int64_t step,
                               slim_error *error)
{
  static const char *const keys[] = { SLIM_LOSSES, SLIM_SUMMARIES, SLIM_IMAGE_SUMMARIES };
  slim_status status = slim_reporter_collect(reporter, graph, keys, sizeof keys / sizeof *keys, batch, error);
  status = status == SLIM_OK ? slim_event_writer_open(folder, NULL, &reporter->writer, error) : status;
  return status == SLIM_OK ? slim_event_writer_session(reporter->writer, step, SLIM_SESSION_START, NULL, error)
                           : status;
}

void slim_reporter_fetches(const slim_reporter *reporter, slim_fetch *fetches)
{
  for (size_t i = 0; i < reporter->count; i++) {
    const slim_watch *w = &reporter->watch[i];
    fetches[i] = (slim_fetch){ w->tensor, w->data, w->count * sizeof *w->data };
  }
}

/* A histogram with a number that is not finite cannot be written: it is left out. */
static slim_status write_watch(slim_event_writer *writer, int64_t step, const slim_watch *w, slim_error *error)
{
  if (w->shape.rank == 0) {
    return slim_event_writer_scalar(writer, step, w->tag, w->data[0], error);
  }
  if (w->image) {
    return slim_event_writer_images(writer, step, w->tag, SLIM_FLOAT32, &w->shape, w->data, IMAGES, error);
  }
  slim_error one = { SLIM_OK, "" };
  const slim_status status = slim_event_writer_histogram(writer, step, w->tag, w->data, w->count, &one);
  if (status == SLIM_ERR_NUMERIC) {
    slim_log_write(SLIM_LOG_WARNING, "%s", one.text);
    return SLIM_OK;
  }
  return status == SLIM_OK ? status : slim_error_set(error, status, "%s", one.text);
}

slim_status slim_reporter_write_watches(const slim_reporter *reporter, slim_event_writer *writer, int64_t step,
                                        slim_error *error)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < reporter->count && status == SLIM_OK; i++) {
    status = write_watch(writer, step, &reporter->watch[i], error);
  }
  return status == SLIM_OK ? slim_event_writer_flush(writer, error) : status;
}

/* How full the queues are: below a half the input is what a run waits for. */
static slim_status write_queues(slim_event_writer *writer, int64_t step, slim_session *session, slim_error *error)
{
  slim_status status = SLIM_OK;
  slim_queue *queue = NULL;
  for (size_t i = 0; status == SLIM_OK && (queue = slim_session_queue(session, i)) != NULL; i++) {
    char tag[256];
    int capacity = 0;
    const int ready = slim_queue_ready(queue, &capacity);
    (void)snprintf(tag, sizeof tag, "queue/%.200s/fraction_of_%d_full", slim_queue_item(queue, 0)->name, capacity);
    status = slim_event_writer_scalar(writer, step, tag, (float)ready / (float)capacity, error);
  }
  return status;
}

slim_status slim_reporter_write(slim_reporter *reporter, slim_session *session, const slim_train_progress *progress,
                                double steps_per_second, slim_error *error)
{
  slim_event_writer *writer = reporter->writer;
  const int64_t step = progress->step;
  slim_status status = slim_event_writer_scalar(writer, step, "total_loss", progress->loss, error);
  if (status == SLIM_OK && !isnan(progress->learning_rate)) {
    status = slim_event_writer_scalar(writer, step, "learning_rate", progress->learning_rate, error);
  }
  if (status == SLIM_OK && steps_per_second >= 0.0) {
    status = slim_event_writer_scalar(writer, step, "global_step/sec", (float)steps_per_second, error);
  }
  status = status == SLIM_OK ? write_queues(writer, step, session, error) : status;
  return status == SLIM_OK ? slim_reporter_write_watches(reporter, writer, step, error) : status;
}

slim_status slim_reporter_close(slim_reporter *reporter, int64_t step, slim_error *error)
{
  slim_status status = SLIM_OK;
  if (reporter->writer) {
    status = slim_event_writer_session(reporter->writer, step, SLIM_SESSION_STOP, NULL, error);
    const slim_status closed = slim_event_writer_close(reporter->writer, error);
    status = status == SLIM_OK ? closed : status;
  }
  for (size_t i = 0; i < reporter->count; i++) {
    free(reporter->watch[i].tag);
    free(reporter->watch[i].data);
  }
  free(reporter->watch);
  *reporter = (slim_reporter){ 0 };
  return status;
}
