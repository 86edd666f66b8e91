/*
 * Median milliseconds of a LeNet train step with Adam, the counterpart of peers/torch_lenet.py:
 *   bench_lenet [batch] [steps], on the device of SLIM_TEST_DEVICE. "-v" as third argument prints the plan with times.
 */
#include "bench_time.h"

#include "slim/slim.h"

#include <string.h>

enum { SIDE = 28, CLASSES = 10, WARM = 8, MAX_STEPS = 1000 };

typedef struct lenet {
  slim_graph *graph;
  slim_device *device;
  slim_session *session;
  slim_tensor *images, *labels, *train_op;
  slim_feed feeds[2];
} lenet;

static void require(slim_status status, const char *text)
{
  if (status != SLIM_OK) {
    bench_die(text);
  }
}

static void build(lenet *net)
{
  slim_graph *g = net->graph = slim_graph_create(1);
  net->images = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, SIDE, SIDE, 1), "images");
  net->labels = slim_placeholder(g, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  slim_tensor *logits =
      slim_build_network("lenet", net->images, 0, &(slim_net_args){ .num_classes = CLASSES, .is_training = true });
  (void)slim_sparse_softmax_cross_entropy(logits, net->labels);
  slim_optimizer *adam = slim_adam_optimizer(slim_constant(g, 0.001f, "rate"));
  net->train_op = slim_minimize(adam, slim_get_total_loss(g, true, NULL), slim_get_or_create_global_step(g),
                                (slim_tensors){ 0, NULL });
  require(slim_graph_status(g), slim_graph_error(g));
}

static void fill(lenet *net, int batch)
{
  float *pixels = malloc(sizeof *pixels * (size_t)batch * SIDE * SIDE);
  int64_t *labels = malloc(sizeof *labels * (size_t)batch);
  if (!pixels || !labels) {
    bench_die("out of memory");
  }
  for (int i = 0; i < batch * SIDE * SIDE; i++) {
    pixels[i] = (float)((unsigned)i * 2654435761u >> 8 & 1023) / 512.0f - 1.0f;
  }
  for (int i = 0; i < batch; i++) {
    labels[i] = i % CLASSES;
  }
  net->feeds[0] = (slim_feed){ net->images, pixels, batch };
  net->feeds[1] = (slim_feed){ net->labels, labels, batch };
}

static double step_ms(lenet *net)
{
  const slim_fetch fetch = { net->train_op, NULL, 0 };
  const double start = bench_now_ms();
  require(slim_session_run(net->session, net->feeds, 2, &fetch, 1), slim_session_error(net->session));
  require(slim_session_finish(net->session), slim_session_error(net->session));
  return bench_now_ms() - start;
}

static void print_plan(slim_session *session)
{
  const size_t size = slim_session_describe(session, NULL, 0) + 1;
  char *text = malloc(size);
  if (text) {
    (void)slim_session_describe(session, text, size);
    (void)fputs(text, stdout);
  }
  free(text);
}

int main(int argc, char **argv)
{
  static double times[MAX_STEPS];
  const int batch = argc > 1 ? atoi(argv[1]) : 64, asked = argc > 2 ? atoi(argv[2]) : 40;
  const int steps = asked < 1 ? 1 : asked > MAX_STEPS ? MAX_STEPS : asked;
  const bool verbose = argc > 3 && !strcmp(argv[3], "-v");
  slim_error error = { 0 };
  lenet net = { .device = bench_device() };
  build(&net);
  fill(&net, batch < 1 ? 1 : batch);
  require(slim_session_create(net.graph, net.device, NULL, &net.session, &error), error.text);
  require(slim_session_initialize(net.session), slim_session_error(net.session));
  slim_session_profile(net.session, verbose);
  for (int i = -WARM; i < steps; i++) {
    const double ms = step_ms(&net);
    if (i >= 0) {
      times[i] = ms;
    }
  }
  qsort(times, (size_t)steps, sizeof *times, bench_compare);
  if (verbose) {
    print_plan(net.session);
  }
  (void)printf("slim %s lenet batch %d: best of %d %.2f ms\nmedian %.2f ms\n", slim_device_get_info(net.device)->name,
               net.feeds[0].batch, steps, times[0], times[steps / 2]);
  slim_session_destroy(net.session);
  slim_device_close(net.device);
  slim_graph_destroy(net.graph);
  free((void *)net.feeds[0].data);
  free((void *)net.feeds[1].data);
  return EXIT_SUCCESS;
}
