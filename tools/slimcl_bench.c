/* slimcl bench: how fast a net, an op or a list of ops runs, and what it takes. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "model.h"

#define O bench_options
static const flag flags[] = {
  FLAG(O, model_name, STRING, NULL, MODEL_HELP_NAME),
  FLAG(O, op, STRING, NULL, "one op instead of a net", .choices = BENCH_OPS),
  FLAG(O, suite, STRING, NULL, "a list of ops instead: conv, the convolutions that networks spend their time in",
       .choices = "conv"),
  CLI_FLAG_DEVICE(O),
  CLI_FLAG_JSON(O),
  FLAG(O, profile, BOOL, "false", "also a table of layers and their kernels"),
  FLAG(O, batch_size, INT, NULL, "images a run: 1 for a net, 8 and then 1 for a suite", .min = 1, .max = 1 << 16),
  FLAG(O, runs, INT, NULL, "timed runs, whose median counts; 10 or more without it", .min = 1, .max = 1000),
  FLAG(O, mode, STRING, "inference", "net: inference, or train: a step of SGD with momentum",
       .choices = "inference train"),
  FLAG(O, num_classes, INT, "1000", "net: classes of the logits", .min = 1, .max = 1 << 20),
  FLAG(O, image_size, INT, NULL, "net: height and width, if not its own", .min = 1, .max = 1 << 14),
  FLAG(O, dropout_keep_prob, FLOAT, NULL, "net: for dropout, if not its own", .min = 0, .max = 1),
  FLAG(O, weight_decay, FLOAT, "0", "net: scale of the L2 penalty", .min = 0, .max = 1e6),
  FLAG(O, learning_rate, FLOAT, "0.01", "net: of a training step", .min = 0, .max = 1e6),
  FLAG(O, momentum, FLOAT, "0.9", "net: of a training step", .min = 0, .max = 1),
  FLAG(O, half_weights, BOOL, "false", "net: inference with weights kept as 16-bit floats"),
  FLAG(O, recompute, BOOL, "false", "net: training takes less memory and more time"),
  FLAG(O, checkpoint_path, STRING, NULL, "net: checkpoint to take the variables from; random ones without it"),
  FLAG(O, save_path, STRING, NULL, "net: write the variables to this checkpoint before the first run"),
  FLAG(O, output_path, STRING, NULL, "net: write the logits, or losses, of every run to this file, as float32"),
  FLAG(O, input, STRING, "8,56,56,64", "op: images, height, width, channels of the input"),
  FLAG(O, filter, STRING, "3,3,64,64", "op: height, width, input channels and outputs of the filter or window"),
  FLAG(O, stride, INT, "1", "op: pixels between windows, both ways", .min = 1, .max = 1 << 10),
  FLAG(O, padding, STRING, "SAME", "op: padding at the edges", .choices = "SAME VALID"),
  FLAG(O, pass, STRING, "forward", "op: what is computed", .choices = BENCH_PASSES),
  CLI_FLAG_SEED(O),
};
#undef O

/* What all reports are made of. */
typedef struct bench {
  const bench_options *o;
  slim_device *device;
  const slim_device_info *info;
  double start_ms, peak_gflops; /* peak_gflops 0: not known */
  size_t empty_bytes;           /* most memory of the process before there was a graph */
  const char *isa;
  cJSON *document; /* NULL: text */
} bench;

static double gflops_of(const bench_result *r)
{
  return r->median_ms > 0 ? r->flops * 1e-6 / r->median_ms : 0;
}

static double percent_of_peak(const bench *b, const bench_result *r)
{
  return b->peak_gflops > 0 ? 100 * gflops_of(r) / b->peak_gflops : 0;
}

static void add_known(cJSON *object, const char *name, double value)
{
  (void)(value > 0 ? cJSON_AddNumberToObject(object, name, value) : cJSON_AddNullToObject(object, name));
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

/* "conv1/Conv2D" and "gradients/conv1/Conv2D_grad/Conv2DBackpropFilter" belong to the layer "conv1". */
static void layer_name(const char *step, char *name, size_t size)
{
  const char *start = strncmp(step, "gradients/", 10) ? step : step + 10;
  (void)snprintf(name, size, "%s", start);
  char *slash = strrchr(name, '/');
  if (slash) {
    *slash = '\0';
  }
  const size_t length = strlen(name);
  if (length > 5 && !strcmp(name + length - 5, "_grad")) {
    slash = strrchr(name, '/');
    *(slash ? slash : name + length - 5) = '\0';
  }
}

static void report_step(cJSON *list, const slim_plan_step_info *step, double sum)
{
  char layer[256];
  layer_name(step->name, layer, sizeof layer);
  if (list) {
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "layer", layer);
    cJSON_AddStringToObject(item, "name", step->name);
    cJSON_AddStringToObject(item, "kernel", step->kernel);
    cJSON_AddBoolToObject(item, "cpu", step->cpu);
    add_known(item, "ms", step->ms);
    cJSON_AddNumberToObject(item, "flops", step->flops);
    cJSON_AddNumberToObject(item, "bytes", step->bytes);
    cJSON_AddItemToArray(list, item);
    return;
  }
  const double ms = step->ms > 0 ? step->ms : 0, per_ms = ms > 0 ? 1 / ms : 0;
  printf("%-44s %-28s %9.3f ms %5.1f %% %8.1f GFLOP/s %7.2f GB/s%s\n", layer, step->kernel, ms, 100 * ms / sum,
         step->flops * 1e-6 * per_ms, step->bytes * 1e-6 * per_ms, step->cpu ? " (on the CPU)" : "");
}

/* A line a step, in the order in which they run. */
static slim_status report_profile(const bench *b, bench_work *w, slim_error *error)
{
  slim_plan_step_info step;
  double sum = 0;
  if (bench_profile(w, error) != SLIM_OK) {
    return error->status;
  }
  for (size_t i = 0; slim_session_plan_step(w->session, i, &step); i++) {
    sum += step.ms > 0 ? step.ms : 0;
  }
  cJSON *list = b->document ? cJSON_AddArrayToObject(b->document, "layers") : NULL;
  for (size_t i = 0; slim_session_plan_step(w->session, i, &step); i++) {
    report_step(list, &step, sum > 0 ? sum : 1);
  }
  return SLIM_OK;
}

/* --- one measurement ---------------------------------------------------------------------------------------------- */

static void report_device(const bench *b)
{
  cJSON_AddStringToObject(b->document, "device", b->info->selector);
  cJSON_AddStringToObject(b->document, "device_name", b->info->name);
  cJSON_AddStringToObject(b->document, "driver", b->info->driver);
  add_known(b->document, "peak_gflops", b->peak_gflops);
  cJSON_AddStringToObject(b->document, "peak_isa", b->isa);
}

static void add_result(const bench *b, cJSON *object, const bench_result *r)
{
  cJSON_AddNumberToObject(object, "median_ms", r->median_ms);
  cJSON_AddNumberToObject(object, "best_ms", r->best_ms);
  cJSON_AddNumberToObject(object, "runs", r->runs);
  add_known(object, "gflops", gflops_of(r));
  add_known(object, "percent_of_peak", percent_of_peak(b, r));
  cJSON_AddNumberToObject(object, "flops", r->flops);
  cJSON_AddNumberToObject(object, "bytes", r->plan.bytes);
  cJSON_AddNumberToObject(object, "steps", r->plan.steps);
  cJSON_AddNumberToObject(object, "cpu_steps", r->plan.cpu_steps);
  cJSON_AddNumberToObject(object, "arena_bytes", (double)r->plan.arena_bytes);
  cJSON_AddNumberToObject(object, "variable_bytes", (double)r->plan.variable_bytes);
  cJSON_AddNumberToObject(object, "workspace_bytes", (double)r->plan.workspace_bytes);
  cJSON_AddNumberToObject(object, "peak_bytes", (double)r->peak_bytes);
  cJSON_AddNumberToObject(object, "empty_bytes", (double)b->empty_bytes);
  cJSON_AddNumberToObject(object, "first_ms", r->first_ms - b->start_ms);
  cJSON_AddNumberToObject(object, "host_us_per_step", r->host_us);
  cJSON_AddNumberToObject(object, "feed_ms", r->feed_ms);
}

static void print_result(const bench *b, const bench_result *r)
{
  printf("  median %.3f ms, best %.3f ms of %d runs; first result after %.0f ms\n", r->median_ms, r->best_ms, r->runs,
         r->first_ms - b->start_ms);
  if (r->flops > 0) {
    printf("  %.1f GFLOP/s", gflops_of(r));
    printf(b->peak_gflops > 0 ? ", %.1f %% of this machine's %.1f (%s)\n" : "\n", percent_of_peak(b, r), b->peak_gflops,
           b->isa);
  }
  printf("  %d steps, %d of them on the CPU for want of a kernel; %.2f microseconds of the host a step, %.3f ms for feeds\n",
         r->plan.steps, r->plan.cpu_steps, r->host_us, r->feed_ms);
  printf("  a run moves %.1f MB; arenas %.1f MB, variables %.1f MB, largest workspace %.1f MB, peak memory %.1f MB\n",
         r->plan.bytes * 1e-6, (double)r->plan.arena_bytes * 1e-6, (double)r->plan.variable_bytes * 1e-6,
         (double)r->plan.workspace_bytes * 1e-6, (double)r->peak_bytes * 1e-6);
}

/* Times an opened work. */
static slim_status measure(bench *b, bench_work *work, bench_result *r, slim_error *error)
{
  const slim_status status = bench_measure(work, b->o->runs, r, error);
  if (status == SLIM_OK && b->peak_gflops == 0) { /* not before the first result, whose time counts from the start */
    b->peak_gflops = bench_peak_gflops(b->info, &b->isa);
  }
  return status;
}

/* --- a net -------------------------------------------------------------------------------------------------------- */

static void report_net(const bench *b, const bench_result *r)
{
  const bench_options *o = b->o;
  const double per_s = (double)o->batch_size * 1e3 / r->median_ms;
  if (!b->document) {
    printf("%s, %s, batch %lld, on %s: %.2f images/s\n", o->model_name, o->mode, (long long)o->batch_size,
           b->info->name, per_s);
    print_result(b, r);
    return;
  }
  cJSON_AddStringToObject(b->document, "model_name", o->model_name);
  cJSON_AddStringToObject(b->document, "mode", o->mode);
  cJSON_AddNumberToObject(b->document, "batch_size", (double)o->batch_size);
  cJSON_AddNumberToObject(b->document, "images_per_s", per_s);
  add_result(b, b->document, r);
}

static slim_status bench_net(bench *b, slim_error *error)
{
  const bench_options *o = b->o;
  bench_work work = { 0 };
  bench_result r;
  slim_status status = bench_open_net(o, b->device, &work, error);
  if (status == SLIM_OK && o->output_path && !(work.outputs = fopen(o->output_path, "wb"))) {
    status = slim_error_set(error, SLIM_ERR_IO, "cannot write %s", o->output_path);
  }
  if (status == SLIM_OK && (status = measure(b, &work, &r, error)) == SLIM_OK) {
    report_net(b, &r);
    status = o->profile ? report_profile(b, &work, error) : SLIM_OK;
  }
  if (work.outputs && fclose(work.outputs) && status == SLIM_OK) {
    status = slim_error_set(error, SLIM_ERR_IO, "cannot write %s", o->output_path);
  }
  bench_release(&work);
  return status;
}

/* --- ops ---------------------------------------------------------------------------------------------------------- */

static void report_op(const bench *b, cJSON *object, const bench_op *op, const bench_result *r)
{
  const int *f = op->filter;
  if (!object) {
    printf("%-15s [%d,%d,%d,%d] %dx%d s%d ->%d %-16s %9.3f ms %8.1f GFLOP/s", op->op, op->input[0], op->input[1],
           op->input[2], op->input[3], f[0], f[1], op->stride, f[3], op->pass, r->median_ms, gflops_of(r));
    printf(b->peak_gflops > 0 ? " %5.1f %% of peak\n" : "\n", percent_of_peak(b, r));
    return;
  }
  cJSON_AddStringToObject(object, "op", op->op);
  cJSON_AddItemToObject(object, "input", cJSON_CreateIntArray(op->input, 4));
  cJSON_AddItemToObject(object, "filter", cJSON_CreateIntArray(f, 4));
  cJSON_AddNumberToObject(object, "stride", op->stride);
  cJSON_AddStringToObject(object, "padding", op->padding == SLIM_VALID ? "VALID" : "SAME");
  cJSON_AddStringToObject(object, "pass", op->pass);
  add_result(b, object, r);
}

static slim_status bench_one(bench *b, cJSON *object, const bench_op *op, bench_result *r, slim_error *error)
{
  bench_work work = { 0 };
  slim_status status = bench_open_op(op, b->device, &work, error);
  if (status == SLIM_OK && (status = measure(b, &work, r, error)) == SLIM_OK) {
    report_op(b, object, op, r);
    status = b->o->profile ? report_profile(b, &work, error) : SLIM_OK;
  }
  bench_release(&work);
  return status;
}

static slim_status bench_single(bench *b, slim_error *error)
{
  bench_op op;
  bench_result r;
  const slim_status status = bench_parse_op(b->o, &op, error);
  return status == SLIM_OK ? bench_one(b, b->document, &op, &r, error) : status;
}

static slim_status bench_suite(bench *b, slim_error *error)
{
  cJSON *rows = b->document ? cJSON_AddArrayToObject(b->document, "rows") : NULL;
  slim_status status = SLIM_OK;
  bench_op op;
  bench_result r;
  int steps = 0, cpu_steps = 0;
  for (size_t i = 0; status == SLIM_OK && bench_suite_row(b->o, i, &op); i++) {
    cJSON *row = rows ? cJSON_CreateObject() : NULL;
    (void)cJSON_AddItemToArray(rows, row);
    status = bench_one(b, row, &op, &r, error);
    steps += r.plan.steps;
    cpu_steps += r.plan.cpu_steps;
  }
  if (b->document && status == SLIM_OK) {
    cJSON_AddStringToObject(b->document, "suite", b->o->suite);
    cJSON_AddNumberToObject(b->document, "steps", steps);
    cJSON_AddNumberToObject(b->document, "cpu_steps", cpu_steps);
    cJSON_AddNumberToObject(b->document, "peak_bytes", (double)r.peak_bytes);
  }
  return status;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static slim_status run_all(bench *b, slim_error *error)
{
  if (slim_device_open(b->o->device, &b->device, error) != SLIM_OK) {
    return error->status;
  }
  b->info = slim_device_get_info(b->device);
  b->empty_bytes = bench_process_bytes();
  b->document = b->o->json ? cJSON_CreateObject() : NULL;
  const slim_status status = b->o->suite ? bench_suite(b, error)
                             : b->o->op  ? bench_single(b, error)
                                         : bench_net(b, error);
  if (b->document && status == SLIM_OK) {
    report_device(b);
  }
  return status;
}

static int run(const void *options, operands files)
{
  bench_options o = *(const bench_options *)options;
  bench b = { .o = &o, .start_ms = bench_now_ms(), .isa = "" };
  slim_error error = { 0 };
  (void)files;
  if (!o.model_name + !o.op + !o.suite != 2) {
    return cli_usage("give one of --model_name, --op and --suite");
  }
  if (!o.suite && !o.batch_size) {
    o.batch_size = 1;
  }
  const slim_status status = run_all(&b, &error);
  slim_device_close(b.device);
  if (status != SLIM_OK) {
    cJSON_Delete(b.document);
    return cli_fail(status, "%s", error.text);
  }
  return b.document ? cli_print_json(b.document) : EXIT_SUCCESS;
}

const command command_bench = {
  .name = "bench",
  .summary = "times a net, an op or a list of ops",
  .flags = flags,
  .num_flags = sizeof flags / sizeof *flags,
  .options_size = sizeof(bench_options),
  .run = run,
};
