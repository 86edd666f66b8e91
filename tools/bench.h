/* slimcl bench in parts: what is timed (a net, an op), how, and what the machine can do. */
#ifndef SLIMCL_BENCH_H
#define SLIMCL_BENCH_H

#include <slim/session.h>

#include <stdio.h>

#include "cli.h"

typedef struct bench_options {
  const char *model_name, *op, *suite, *mode, *pass, *input, *filter, *padding, *device;
  const char *checkpoint_path, *save_path, *output_path;
  int64_t batch_size, stride, runs, num_classes, image_size, seed;
  double weight_decay, learning_rate, momentum, dropout_keep_prob;
  bool half_weights, recompute, profile, json;
} bench_options;

/* --- timing ------------------------------------------------------------------------------------------------------- */

/** A graph in a session, and the run that is timed. */
typedef struct bench_work {
  slim_graph *graph;
  slim_session *session;
  slim_feed feeds[2]; /* their data is freed with the work */
  size_t num_feeds;
  slim_fetch fetch; /* data, freed with the work: a run ends when it is there. NULL: when the device has finished */
  /* Weights that a training step would have changed: set anew, to these values, before each timed run; NULL: none. */
  slim_tensor *changing;
  void *changing_data;
  size_t changing_bytes;
  double flops;  /* of a run, counted as the direct algorithms do; 0: as the plan counts */
  FILE *outputs; /* gets the data of each run, warm-up included; NULL: nothing */
} bench_work;

typedef struct bench_result {
  int runs;
  double median_ms, best_ms;
  double first_ms; /* from the start of the command to the first result */
  /* Microseconds a step that the host takes for a run while nothing is waited for: processor time of the thread that
   * runs; on the CPU backend, which computes in that thread, what a run takes beyond its kernels. Without feed_ms: the
   * copying of what is fed, which depends on its size. Each the median of up to 25 runs. */
  double host_us, feed_ms;
  size_t peak_bytes;
  double flops;
  slim_plan_info plan;
} bench_result;

double bench_now_ms(void);
/** The most memory this process had at once. */
size_t bench_process_bytes(void);
/** n numbers in [-1, 1), always the same; NULL without memory. */
float *bench_numbers(size_t n);
/** Warms up, then times runs runs, up to 1000; 0: at least 10, and more until half a second is over. Without fetched
 * data and changing weights, several short runs are timed as one, so that the wait at their end weighs little. */
slim_status bench_measure(bench_work *work, int64_t runs, bench_result *result, slim_error *error);
/** Turns profiling on, for good, and runs a few times. */
slim_status bench_profile(bench_work *work, slim_error *error);
void bench_release(bench_work *work);

/* --- what is timed ------------------------------------------------------------------------------------------------ */

/** Builds the net of the options and gives its variables their values. work is to be released in any case. */
slim_status bench_open_net(const bench_options *options, slim_device *device, bench_work *work, slim_error *error);

/** The names that --op and --pass take. */
#define BENCH_OPS "conv2d depthwise max_pool2d avg_pool2d batch_norm fully_connected"
#define BENCH_PASSES "forward input_gradient weights_gradient"

/** One op on tensors of its own. */
typedef struct bench_op {
  const char *op, *pass;
  int input[4];  /* n, h, w, c */
  int filter[4]; /* kh, kw, in, out; depthwise: out is the multiplier; pooling: the first two */
  int stride;
  slim_padding padding;
} bench_op;

/** The op of --op, --input, --filter and so on. */
slim_status bench_parse_op(const bench_options *options, bench_op *op, slim_error *error);
/** Row i of --suite, batch 8 and then 1, or of --batch_size. @return false behind the last. */
bool bench_suite_row(const bench_options *options, size_t i, bench_op *op);
slim_status bench_open_op(const bench_op *op, slim_device *device, bench_work *work, slim_error *error);

/* --- what the machine can do -------------------------------------------------------------------------------------- */

/** Measured GFLOP/s of multiply-adds in registers, on as many threads as the device has units, by the fastest vectors
 * of this processor, whose name goes to isa. 0 for a GPU: nothing here can be measured then. */
double bench_peak_gflops(const slim_device_info *info, const char **isa);

#endif
