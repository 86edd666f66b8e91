/*
 * The convolutions of tools/bench_suite.def in their three passes against oneDNN, whose results are compared too.
 *   bench_conv [--list|--tuned] [WORD...]: only lines that contain every word: bench_conv conv2d 3x3 b8 weights
 * With --list their names alone; with --tuned beside the same device without what slimcl tune found for it, in place of
 * oneDNN.
 * Constant weights are packed once, as in inference; a gradient packs what it needs each time. oneDNN runs on its best
 * layout, with nothing to convert, by the algorithm that it chooses; "asked" is its Winograd, which it runs when asked.
 * Device: SLIM_TEST_DEVICE.
 */
#include "bench.h"
#include "onednn.h"

#include <math.h>

/* Of the largest value: what 25,000 products in another order, and Winograd's transforms, may differ by. */
#define TOLERANCE 1e-4

static const char *const pass_names[NUM_PASSES] = { "forward", "input_gradient", "weights_gradient" };

#define CONV2D(h_, w_, c_, kh_, kw_, o_, s_)                                                                           \
  { .h = (h_), .w = (w_), .c = (c_), .kh = (kh_), .kw = (kw_), .o = (o_), .stride = (s_) },
#define DEPTHWISE(h_, w_, c_, kh_, kw_, s_)                                                                            \
  { .depthwise = true, .h = (h_), .w = (w_), .c = (c_), .kh = (kh_), .kw = (kw_), .o = (c_), .stride = (s_) },
static const conv_shape suite[] = {
#include "bench_suite.def"
};
enum { SUITE = sizeof suite / sizeof *suite };

/* One line: what runs, and how it went. */
typedef struct row {
  conv_shape shape;
  slim_conv2d_attr attr;
  int pass;
  char label[96];
  double slim_ms, peer_ms, asked_ms, difference,
      foreign; /* foreign: part of one processor that other programs took meanwhile */
  const char *kernel, *peer_kernel;
} row;

static row row_of(const conv_shape *of, int batch, int pass)
{
  row r = { .shape = *of, .pass = pass };
  conv_shape *s = &r.shape;
  const slim_window h = slim_window_of(s->h, s->kh, s->stride, 1, SLIM_SAME);
  const slim_window w = slim_window_of(s->w, s->kw, s->stride, 1, SLIM_SAME);
  s->n = batch;
  s->oh = h.out;
  s->ow = w.out;
  s->before_h = h.before;
  s->before_w = w.before;
  (void)snprintf(r.label, sizeof r.label, "b%d %s %dx%d s%d %dx%dx%d->%d %s", batch,
                 s->depthwise ? "depthwise" : "conv2d", s->kh, s->kw, s->stride, s->h, s->w, s->c, s->o,
                 pass_names[pass]);
  return r;
}

static double gflop(const conv_shape *s)
{
  return 2e-9 * s->n * s->oh * s->ow * s->kh * s->kw * s->o * (s->depthwise ? 1 : s->c);
}

/* --- our side ----------------------------------------------------------------------------------------------------- */

static const slim_op *op_of(const row *r)
{
  static const slim_op *const ops[2][NUM_PASSES] = {
    { &slim_op_conv2d, &slim_op_conv2d_input_gradient, &slim_op_conv2d_weights_gradient },
    { &slim_op_depthwise_conv2d, &slim_op_depthwise_conv2d_input_gradient, &slim_op_depthwise_conv2d_weights_gradient },
  };
  return ops[r->shape.depthwise][r->pass];
}

static void prepare(bench_step *b, slim_device *device, row *r, const slim_op *op)
{
  static const uint64_t constant = 1; /* the version of weights that never change */
  const conv_shape *s = &r->shape;
  r->attr = (slim_conv2d_attr){ .stride = { s->stride, s->stride }, .rate = { 1, 1 }, .padding = SLIM_SAME };
  const slim_shape x = SLIM_SHAPE(s->n, s->h, s->w, s->c), y = SLIM_SHAPE(s->n, s->oh, s->ow, s->o);
  const slim_shape weights = SLIM_SHAPE(s->kh, s->kw, s->c, s->depthwise ? 1 : s->o);
  const slim_shape *const order[NUM_PASSES][3] = { { &x, &weights, &y }, { &y, &weights, &x }, { &y, &x, &weights } };
  b->in[0] = bench_tensor(device, *order[r->pass][0]);
  b->in[1] = bench_tensor(device, *order[r->pass][1]);
  b->out[0] = bench_tensor(device, *order[r->pass][2]);
  if (r->pass == PASS_FORWARD) {
    b->in[1].version = &constant;
  } else {
    b->in[2] = (slim_view){ .dtype = SLIM_FLOAT32, .shape = *order[r->pass][2] };
  }
  bench_prepare(b, device, op, &r->attr, r->pass == PASS_FORWARD ? 2 : 3, 1);
}

/* --- both sides --------------------------------------------------------------------------------------------------- */

/* The largest difference, as part of the largest value. */
static double difference(const float *a, const float *b, size_t n)
{
  double most = 0, scale = 0;
  for (size_t i = 0; i < n; i++) {
    most = fmax(most, fabs((double)a[i] - (double)b[i]));
    scale = fmax(scale, fabs((double)b[i]));
    if (isnan(a[i])) {
      return INFINITY;
    }
  }
  return most / scale;
}

static void compare(row *r, slim_device *device, const bench_step *b, onednn_conv *const *peers)
{
  const size_t n = slim_shape_elements(&b->out[0].shape);
  float *ours = bench_copy(device, &b->out[0]), *theirs = malloc(n * sizeof *theirs);
  if (!theirs) {
    bench_die("out of memory");
  }
  for (int way = 0; way < ONEDNN_WAYS; way++) {
    if (peers[way]) {
      onednn_conv_result(peers[way], theirs);
      r->difference = fmax(r->difference, difference(ours, theirs, n));
    }
  }
  free(ours);
  free(theirs);
}

static void measure(row *r, slim_device *device, bench_step *b)
{
  float *in[2] = { bench_copy(device, &b->in[0]), bench_copy(device, &b->in[1]) };
  onednn_conv *peers[ONEDNN_WAYS];
  bench_entry entries[1 + ONEDNN_WAYS] = { { .fn = bench_step_run, .user = b } };
  int count = 1;
  for (int way = 0; way < ONEDNN_WAYS; way++) {
    peers[way] = onednn_conv_create(&r->shape, r->pass, (onednn_way)way, (const float *const *)in);
    if (peers[way]) {
      entries[count++] =
          (bench_entry){ .name = onednn_conv_kernel(peers[way]), .fn = onednn_conv_run, .user = peers[way] };
    }
  }
  const double start = bench_now_ms(), foreign = bench_foreign_seconds();
  bench_run(entries, count);
  r->foreign = (bench_foreign_seconds() - foreign) * 1e3 / (bench_now_ms() - start);
  r->slim_ms = entries[0].median;
  r->peer_ms = INFINITY;
  for (int e = 1; e < count; e++) {
    if (entries[e].user == peers[ONEDNN_WINOGRAD]) {
      r->asked_ms = entries[e].median;
    } else if (entries[e].median < r->peer_ms) {
      r->peer_ms = entries[e].median;
      r->peer_kernel = entries[e].name;
    }
  }
  compare(r, device, b, peers);
  for (int i = 0; i < ONEDNN_WAYS; i++) {
    onednn_conv_destroy(peers[i]);
  }
  free(in[0]);
  free(in[1]);
}

static void run_row(row *r, slim_device *device, const slim_op *op)
{
  bench_step b = { 0 };
  prepare(&b, device, r, op);
  measure(r, device, &b);
  const double mflop = gflop(&r->shape) * 1e3;
  (void)printf("%-50s %8.3f ms  slim %7.1f GFLOP/s  onednn %7.1f  asked %7.1f  ratio %5.2f  %s | %s%s\n", r->label,
               r->slim_ms, mflop / r->slim_ms, mflop / r->peer_ms, r->asked_ms > 0 ? mflop / r->asked_ms : 0,
               r->peer_ms / r->slim_ms, b.step->kernel ? b.step->kernel : op->name,
               r->peer_kernel ? r->peer_kernel : "", r->difference <= TOLERANCE ? "" : "  DIFFERENT RESULTS");
  if (r->foreign > 0.1) {
    (void)printf("  not alone: other programs took %.0f %% of a processor\n", r->foreign * 100);
  }
  (void)fflush(stdout);
  bench_release(&b);
}

/* --- a tuned device and an untuned one --------------------------------------------------------------------------- */

static void measure_tuned(row *r, bench_step *tuned, bench_step *untuned)
{
  bench_entry entries[] = { { .fn = bench_step_run, .user = tuned }, { .fn = bench_step_run, .user = untuned } };
  bench_run(entries, 2);
  r->slim_ms = entries[0].median;
  r->peer_ms = entries[1].median;
  float *ours = bench_copy(tuned->device, &tuned->out[0]), *theirs = bench_copy(untuned->device, &untuned->out[0]);
  r->difference = difference(ours, theirs, slim_shape_elements(&tuned->out[0].shape));
  free(ours);
  free(theirs);
}

static void run_tuned(row *r, slim_device *tuned, slim_device *untuned)
{
  const slim_op *op = op_of(r);
  bench_step steps[2] = { 0 };
  prepare(&steps[0], tuned, r, op);
  prepare(&steps[1], untuned, r, op);
  measure_tuned(r, &steps[0], &steps[1]);
  (void)printf("%-50s %8.3f ms  untuned %8.3f ms  ratio %5.2f  difference %.1e\n", r->label, r->slim_ms, r->peer_ms,
               r->peer_ms / r->slim_ms, r->difference);
  (void)fflush(stdout);
  bench_release(&steps[0]);
  bench_release(&steps[1]);
}

/* --- geometric means ---------------------------------------------------------------------------------------------- */

static const char *const group_names[] = { "3x3", "other", "first layer", "depthwise", "all" };
enum { GROUPS = sizeof group_names / sizeof *group_names, ALL = GROUPS - 1 };

static int group_of(const conv_shape *s)
{
  return s->depthwise ? 3 : s->c < 8 ? 2 : s->kh == 3 && s->kw == 3 && s->stride == 1 ? 0 : 1;
}

static void print_means(const row *rows, int count, int batch)
{
  for (int k = 0; k < GROUPS * NUM_PASSES; k++) {
    const int group = k / NUM_PASSES, pass = k % NUM_PASSES;
    double sum = 0, least = INFINITY;
    int n = 0;
    for (int i = 0; i < count; i++) {
      const conv_shape *s = &rows[i].shape;
      if (s->n == batch && rows[i].pass == pass && (group == ALL || group_of(s) == group)) {
        const double ratio = rows[i].peer_ms / rows[i].slim_ms;
        sum += log(ratio);
        least = fmin(least, ratio);
        n++;
      }
    }
    if (n > 1) {
      (void)printf("b%d %-11s %-16s geometric mean %5.2f  least %5.2f  of %d\n", batch, group_names[group],
                   pass_names[pass], exp(sum / n), least, n);
    }
  }
}

/* --- the program -------------------------------------------------------------------------------------------------- */

static bool wanted(const row *r, int num_words, char **words)
{
  for (int i = 0; i < num_words; i++) {
    if (!strstr(r->label, words[i])) {
      return false;
    }
  }
  return true;
}

/* @return how many rows hold all words. */
static int choose(row *rows, int num_words, char **words)
{
  static const int batches[] = { 8, 1 };
  int count = 0;
  for (int k = 0; k < 2 * SUITE * NUM_PASSES; k++) {
    row *r = &rows[count];
    *r = row_of(&suite[k / NUM_PASSES % SUITE], batches[k / NUM_PASSES / SUITE], k % NUM_PASSES);
    count += wanted(r, num_words, words);
  }
  return count;
}

static slim_device *untuned_device(void)
{
  (void)setenv("SLIM_KNOBS", "0", 1);
  slim_device *device = bench_device();
  (void)unsetenv("SLIM_KNOBS");
  return device;
}

/* @return whether both sides compute the same. */
static bool run_rows(row *rows, int count, bool tuned)
{
  slim_device *device = bench_device(), *untuned = tuned ? untuned_device() : NULL;
  bool same = true;
  (void)printf("device %s, %s\n", device->info.name, device->info.driver);
  for (int i = 0; i < count; i++) {
    if (tuned) {
      run_tuned(&rows[i], device, untuned);
    } else {
      run_row(&rows[i], device, op_of(&rows[i]));
    }
    same = same && rows[i].difference <= TOLERANCE;
  }
  print_means(rows, count, 8);
  print_means(rows, count, 1);
  slim_device_close(untuned);
  slim_device_close(device);
  return same;
}

int main(int argc, char **argv)
{
  static row rows[2 * SUITE * NUM_PASSES + 1]; /* the last is never chosen */
  bench_settle(argv);
  const bool list = argc > 1 && strcmp(argv[1], "--list") == 0, tuned = argc > 1 && strcmp(argv[1], "--tuned") == 0;
  const int words = 1 + (list || tuned), count = choose(rows, argc - words, argv + words);
  for (int i = 0; i < count && list; i++) {
    (void)puts(rows[i].label);
  }
  return count && (list || run_rows(rows, count, tuned)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
