/* slimcl bench --op and --suite: single ops on tensors that stay on the device. */
#include <slim/slim.h>

#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* --- which op ----------------------------------------------------------------------------------------------------- */

/* Reads count numbers from 1 on, with commas between, and nothing else. */
static bool parse_numbers(const char *text, int count, int *numbers)
{
  for (int i = 0; i < count; i++) {
    char *end;
    const long n = strtol(text, &end, 10);
    if (end == text || n < 1 || n > 1 << 24 || *end != (i + 1 < count ? ',' : '\0')) {
      return false;
    }
    numbers[i] = (int)n;
    text = end + 1;
  }
  return true;
}

slim_status bench_parse_op(const bench_options *options, bench_op *op, slim_error *error)
{
  *op = (bench_op){ .op = options->op,
                    .pass = options->pass,
                    .stride = (int)options->stride,
                    .padding = !strcmp(options->padding, "VALID") ? SLIM_VALID : SLIM_SAME };
  if (!parse_numbers(options->input, 4, op->input)) {
    return slim_error_set(error, SLIM_ERR_ARG, "--input=%s: must be four numbers, like 8,56,56,64", options->input);
  }
  if (!parse_numbers(options->filter, 4, op->filter)) {
    return slim_error_set(error, SLIM_ERR_ARG, "--filter=%s: must be four numbers, like 3,3,64,64", options->filter);
  }
  if (op->filter[2] != op->input[3]) {
    return slim_error_set(error, SLIM_ERR_ARG, "--filter=%s wants %d channels, --input=%s has %d", options->filter,
                          op->filter[2], options->input, op->input[3]);
  }
  return SLIM_OK;
}

static const bench_op suite[] = {
#define CONV2D(h_, w_, c_, kh_, kw_, o_, s_)                                                                           \
  { .op = "conv2d", .input = { 1, (h_), (w_), (c_) }, .filter = { (kh_), (kw_), (c_), (o_) }, .stride = (s_) },
#define DEPTHWISE(h_, w_, c_, kh_, kw_, s_)                                                                            \
  { .op = "depthwise", .input = { 1, (h_), (w_), (c_) }, .filter = { (kh_), (kw_), (c_), 1 }, .stride = (s_) },
#include "bench_suite.def"
};
enum { SUITE = sizeof suite / sizeof *suite, PASSES = 3 };

bool bench_suite_row(const bench_options *options, size_t i, bench_op *op)
{
  static const char *const passes[PASSES] = { "forward", "input_gradient", "weights_gradient" };
  const size_t half = SUITE * PASSES;
  if (i >= (options->batch_size ? half : 2 * half)) {
    return false;
  }
  *op = suite[i % half / PASSES];
  op->pass = passes[i % PASSES];
  op->padding = SLIM_SAME;
  op->input[0] = options->batch_size ? (int)options->batch_size : i < half ? 8 : 1;
  return true;
}

/* --- the op as a graph -------------------------------------------------------------------------------------------- */

static slim_tensor *add_conv2d(const bench_op *op, slim_tensor *x)
{
  return slim_conv2d(x, op->filter[3], SLIM_HW(op->filter[0], op->filter[1]), .stride = { op->stride, op->stride },
                     .padding = op->padding, .activation = slim_identity, .biases_initializer = SLIM_NO_INIT);
}

static slim_tensor *add_depthwise(const bench_op *op, slim_tensor *x)
{
  return slim_separable_conv2d(x, 0, SLIM_HW(op->filter[0], op->filter[1]), .stride = { op->stride, op->stride },
                               .padding = op->padding, .depth_multiplier = op->filter[3], .activation = slim_identity,
                               .biases_initializer = SLIM_NO_INIT);
}

static slim_tensor *add_max_pool2d(const bench_op *op, slim_tensor *x)
{
  return slim_max_pool2d(x, SLIM_HW(op->filter[0], op->filter[1]), .stride = { op->stride, op->stride },
                         .padding = op->padding);
}

static slim_tensor *add_avg_pool2d(const bench_op *op, slim_tensor *x)
{
  return slim_avg_pool2d(x, SLIM_HW(op->filter[0], op->filter[1]), .stride = { op->stride, op->stride },
                         .padding = op->padding);
}

static slim_tensor *add_batch_norm(const bench_op *op, slim_tensor *x)
{
  (void)op;
  return slim_batch_norm(x, .scale = SLIM_YES);
}

static slim_tensor *add_fully_connected(const bench_op *op, slim_tensor *x)
{
  return slim_fully_connected(x, op->filter[3], .activation = slim_identity, .biases_initializer = SLIM_NO_INIT);
}

static const struct op_kind {
  const char *name;
  slim_tensor *(*add)(const bench_op *op, slim_tensor *x);
  const char *weights;  /* leaf name; NULL: none */
  bool products, dense; /* its work is multiply-adds; each output takes all channels */
} kinds[] = {
  { "conv2d", add_conv2d, "weights", true, true },
  { "depthwise", add_depthwise, "depthwise_weights", true, false },
  { "max_pool2d", add_max_pool2d, NULL, false, false },
  { "avg_pool2d", add_avg_pool2d, NULL, false, false },
  { "batch_norm", add_batch_norm, "gamma", false, false },
  { "fully_connected", add_fully_connected, "weights", true, true },
};

static const struct op_kind *find_kind(const char *name)
{
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (!strcmp(kinds[i].name, name)) {
      return &kinds[i];
    }
  }
  return NULL;
}

static double flops_of(const struct op_kind *kind, const bench_op *op, const slim_tensor *y)
{
  const slim_shape shape = slim_tensor_shape(y);
  const double taps = (double)op->filter[0] * op->filter[1] * (kind->dense ? op->filter[2] : 1);
  return kind->products ? 2 * taps * (double)slim_shape_elements(&shape) : 0;
}

/* What the pass computes: the result, or its gradient. */
static slim_tensor *choose_result(const bench_op *op, slim_tensor *x, slim_tensor *weights, slim_tensor *y)
{
  slim_tensor *by = !strcmp(op->pass, "input_gradient") ? x : !strcmp(op->pass, "weights_gradient") ? weights : NULL;
  const slim_tensors gradients = by ? slim_gradients(y, (slim_tensors){ 1, &by }) : (slim_tensors){ 0, NULL };
  return gradients.count ? gradients.item[0] : y;
}

static slim_status build(const bench_op *op, bench_work *w, slim_error *error)
{
  const struct op_kind *kind = find_kind(op->op);
  if (!kind || (!kind->weights && !strcmp(op->pass, "weights_gradient"))) {
    return slim_error_set(error, SLIM_ERR_UNSUPPORTED, "%s has no pass %s", op->op, op->pass);
  }
  slim_graph *g = w->graph = slim_graph_create(1);
  const int *in = op->input;
  slim_tensor *x =
      slim_variable(g, "input", SLIM_SHAPE(in[0], in[1], in[2], in[3]), .initializer = SLIM_RANDOM_UNIFORM(-1, 1));
  slim_tensor *y = kind->add(op, x);
  slim_tensor *weights = kind->weights ? slim_get_variables_by_suffix(g, kind->weights, NULL).item[0] : NULL;
  w->fetch.tensor = choose_result(op, x, weights, y);
  w->flops = flops_of(kind, op, y);
  w->changing = !strcmp(op->pass, "input_gradient") ? weights : NULL;
  return slim_graph_status(g) == SLIM_OK ? SLIM_OK
                                         : slim_error_set(error, slim_graph_status(g), "%s", slim_graph_error(g));
}

static slim_status set_changing(bench_work *w, slim_error *error)
{
  if (!w->changing) {
    return SLIM_OK;
  }
  const slim_shape shape = slim_tensor_shape(w->changing);
  w->changing_bytes = slim_shape_elements(&shape) * sizeof(float);
  w->changing_data = bench_numbers(slim_shape_elements(&shape));
  return w->changing_data ? SLIM_OK : slim_error_set(error, SLIM_ERR_MEMORY, "no memory for weights");
}

slim_status bench_open_op(const bench_op *op, slim_device *device, bench_work *work, slim_error *error)
{
  slim_status status = build(op, work, error);
  if (status == SLIM_OK && (status = set_changing(work, error)) == SLIM_OK &&
      (status = slim_session_create(work->graph, device, NULL, &work->session, error)) == SLIM_OK &&
      (status = slim_session_initialize(work->session)) != SLIM_OK) {
    status = slim_error_set(error, status, "%s", slim_session_error(work->session));
  }
  return status;
}
