/* slimcl bench --model_name: a net on images of random numbers. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "train.h"

static slim_status build(const bench_options *o, bool training, model *m, slim_error *error)
{
  const model_spec spec = { .model_name = o->model_name,
                            .synthetic = true,
                            .image_size = o->image_size,
                            .num_classes = o->num_classes,
                            .weight_decay = o->weight_decay,
                            .dropout_keep_prob = o->dropout_keep_prob,
                            .is_training = training,
                            .seed = (uint64_t)o->seed };
  return model_open(m, &spec, error);
}

/* What is fetched: the logits, or the loss, which trains. */
static slim_status choose_fetch(const bench_options *o, bool training, const model *m, slim_fetch *fetch,
                                slim_error *error)
{
  train_graph graph = { 0 };
  const train_options train = { .optimizer = "momentum",
                                .momentum = o->momentum,
                                .learning_rate_decay_type = "fixed",
                                .learning_rate = o->learning_rate,
                                .num_epochs_per_decay = 1,
                                .batch_size = o->batch_size };
  if (training && train_build(&train, m, o->batch_size, &graph, error) != SLIM_OK) {
    return error->status;
  }
  fetch->tensor = training ? graph.train_op : m->logits;
  fetch->bytes = sizeof(float) * (training ? 1 : (size_t)o->batch_size * (size_t)o->num_classes);
  fetch->data = malloc(fetch->bytes);
  return fetch->data ? SLIM_OK : slim_error_set(error, SLIM_ERR_MEMORY, "no memory for results");
}

static slim_status fill(const bench_options *o, bool training, const model *m, bench_work *w, slim_error *error)
{
  float *pixels = bench_numbers((size_t)o->batch_size * (size_t)m->size * (size_t)m->size * (size_t)m->channels);
  int64_t *labels = malloc((size_t)o->batch_size * sizeof *labels);
  for (int64_t i = 0; i < o->batch_size && labels; i++) {
    labels[i] = i % o->num_classes;
  }
  w->feeds[0] = (slim_feed){ m->images, pixels, (int)o->batch_size };
  w->feeds[1] = (slim_feed){ m->labels, labels, (int)o->batch_size };
  w->num_feeds = 2;
  if (!pixels || !labels) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for %lld images", (long long)o->batch_size);
  }
  if (!training) { /* no run reads labels */
    free(labels);
    w->num_feeds = 1;
  }
  return SLIM_OK;
}

static slim_status restore(const bench_options *o, bench_work *w, slim_error *error)
{
  slim_saver *saver = NULL;
  char path[4096];
  slim_status status = slim_saver_create(w->graph, (slim_tensors){ 0, NULL }, -1, &saver, error);
  if (status == SLIM_OK && o->checkpoint_path) {
    status = slim_saver_restore(saver, w->session, o->checkpoint_path, error);
  }
  if (status == SLIM_OK && (status = slim_session_initialize(w->session)) != SLIM_OK) {
    status = slim_error_set(error, status, "%s", slim_session_error(w->session));
  }
  if (status == SLIM_OK && o->save_path) {
    status = slim_saver_save(saver, w->session, o->save_path, -1, path, sizeof path, error);
  }
  slim_saver_destroy(saver);
  return status;
}

slim_status bench_open_net(const bench_options *options, slim_device *device, bench_work *work, slim_error *error)
{
  const bool training = !strcmp(options->mode, "train");
  model m;
  slim_status status = build(options, training, &m, error);
  work->graph = m.graph;
  if (status == SLIM_OK && (status = choose_fetch(options, training, &m, &work->fetch, error)) == SLIM_OK &&
      (status = fill(options, training, &m, work, error)) == SLIM_OK &&
      (status = slim_session_create(m.graph, device, NULL, &work->session, error)) == SLIM_OK) {
    (void)slim_session_recompute(work->session, options->recompute);
    if (options->half_weights) {
      (void)slim_session_half_weights(work->session);
    }
    status = restore(options, work, error);
  }
  return status;
}
