/* slimcl tune: looks for better parameters of a device's kernels, and keeps them for all programs of the user. */
#include <slim/tune.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "model.h"

/* A row's part of the budget left, at most: rows without parameters, half of them, take next to nothing. */
#define SHARES_A_ROW 2

typedef struct tune_options {
  const char *model_name, *suite, *mode, *device, *budget, *export_path, *import_path;
  int64_t batch_size, num_classes, image_size, seed;
  bool json;
} tune_options;

#define O tune_options
static const flag flags[] = {
  FLAG(O, model_name, STRING, NULL, MODEL_HELP_NAME),
  FLAG(O, suite, STRING, NULL, "a list of ops instead: conv, as of slimcl bench", .choices = "conv"),
  CLI_FLAG_DEVICE(O),
  CLI_FLAG_JSON(O),
  FLAG(O, budget, STRING, "60s", "how long to search: seconds, or 90s, 5m, 1h"),
  FLAG(O, batch_size, INT, NULL, "images a run: 1 for a net, 8 and then 1 for a suite", .min = 1, .max = 1 << 16),
  FLAG(O, mode, STRING, "inference", "net: inference, or train: a step of SGD with momentum",
       .choices = "inference train"),
  FLAG(O, num_classes, INT, "1000", "net: classes of the logits", .min = 1, .max = 1 << 20),
  FLAG(O, image_size, INT, NULL, "net: height and width, if not its own", .min = 1, .max = 1 << 14),
  FLAG(O, export_path, STRING, NULL, "write what is kept for the device, compiled programs too, to this file"),
  FLAG(O, import_path, STRING, NULL, "first take over what such a file holds"),
  CLI_FLAG_SEED(O),
};
#undef O

typedef struct tuner {
  const tune_options *o;
  bench_options bench;
  slim_device *device;
  const volatile sig_atomic_t *stop;
  double budget_secs, begun_ms;
  bool terminal;
  slim_tune_result all;
  cJSON *rows; /* of a suite; NULL: text */
} tuner;

/* Seconds of "60", "60s", "1.5m", "2h"; 0: it is none of these. */
static double parse_budget(const char *text)
{
  char *unit = NULL;
  const double number = strtod(text, &unit);
  const double scale = !*unit || !strcmp(unit, "s") ? 1 : !strcmp(unit, "m") ? 60 : !strcmp(unit, "h") ? 3600 : 0;
  return unit != text && number > 0 && number <= 1e6 ? number * scale : 0;
}

static void show(void *user, const slim_tune_result *r)
{
  const tuner *t = user;
  if (t->terminal) {
    fprintf(stderr, "\r%5.0f s  %d plans tried, %d parameters found ", (bench_now_ms() - t->begun_ms) * 1e-3,
            t->all.rounds + r->rounds, t->all.found + r->found);
  }
}

static void add_up(tuner *t, const slim_tune_result *r)
{
  t->all.rounds += r->rounds;
  t->all.found += r->found;
  t->all.before_ms += r->before_ms;
  t->all.after_ms += r->after_ms;
}

static void report(cJSON *object, const slim_tune_result *r)
{
  cJSON_AddNumberToObject(object, "rounds", r->rounds);
  cJSON_AddNumberToObject(object, "found", r->found);
  cJSON_AddNumberToObject(object, "before_ms", r->before_ms);
  cJSON_AddNumberToObject(object, "after_ms", r->after_ms);
}

static slim_status tune_work(tuner *t, bench_work *w, double budget_secs, slim_tune_result *r, slim_error *error)
{
  const slim_status status =
      slim_tune(w->session, &w->fetch, 1, .feeds = w->feeds, .num_feeds = w->num_feeds, .budget_secs = budget_secs,
                .progress = show, .progress_user = t, .stop = t->stop, .result = r, .error = error);
  if (t->terminal) {
    fputs("\r\033[K", stderr);
  }
  add_up(t, r);
  return status;
}

/* --- a net, a list of ops ----------------------------------------------------------------------------------------- */

static slim_status tune_net(tuner *t, slim_error *error)
{
  bench_work work = { 0 };
  slim_tune_result r = { 0 };
  slim_status status = bench_open_net(&t->bench, t->device, &work, error);
  if (status == SLIM_OK) {
    status = tune_work(t, &work, t->budget_secs, &r, error);
  }
  bench_release(&work);
  return status;
}

static void report_row(tuner *t, const bench_op *op, const slim_tune_result *r)
{
  if (!t->rows) {
    printf("%-16s [%d,%d,%d,%d] %dx%d s%d ->%d %-16s %9.3f ms -> %9.3f ms, %d found in %d plans\n", op->op,
           op->input[0], op->input[1], op->input[2], op->input[3], op->filter[0], op->filter[1], op->stride,
           op->filter[3], op->pass, r->before_ms, r->after_ms, r->found, r->rounds);
    return;
  }
  cJSON *row = cJSON_CreateObject();
  cJSON_AddStringToObject(row, "op", op->op);
  cJSON_AddItemToObject(row, "input", cJSON_CreateIntArray(op->input, 4));
  cJSON_AddItemToObject(row, "filter", cJSON_CreateIntArray(op->filter, 4));
  cJSON_AddNumberToObject(row, "stride", op->stride);
  cJSON_AddStringToObject(row, "pass", op->pass);
  report(row, r);
  (void)cJSON_AddItemToArray(t->rows, row);
}

/* What is left of the budget is shared by the rows that are left. */
static slim_status tune_suite(tuner *t, slim_error *error)
{
  bench_op op;
  size_t rows = 0;
  slim_status status = SLIM_OK;
  while (bench_suite_row(&t->bench, rows, &op)) {
    rows++;
  }
  for (size_t i = 0; i < rows && status == SLIM_OK && !*t->stop; i++) {
    const double shares = i + SHARES_A_ROW < rows ? (double)(rows - i) / SHARES_A_ROW : 1;
    bench_work work = { 0 };
    slim_tune_result r = { 0 };
    const double left = t->budget_secs - (bench_now_ms() - t->begun_ms) * 1e-3;
    (void)bench_suite_row(&t->bench, i, &op);
    status = left <= 0 ? SLIM_OK : bench_open_op(&op, t->device, &work, error);
    if (status == SLIM_OK && left > 0 &&
        (status = tune_work(t, &work, left / shares, &r, error)) == SLIM_OK) {
      report_row(t, &op, &r);
    }
    bench_release(&work);
  }
  return status;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static slim_status tune_all(tuner *t, slim_error *error)
{
  const tune_options *o = t->o;
  slim_status status = slim_device_open(o->device, &t->device, error);
  if (status == SLIM_OK && o->import_path) {
    status = slim_device_import(t->device, o->import_path, error);
  }
  if (status == SLIM_OK && (o->suite || o->model_name)) {
    status = o->suite ? tune_suite(t, error) : tune_net(t, error);
  }
  if (status == SLIM_OK && o->export_path) {
    status = slim_device_export(t->device, o->export_path, error);
  }
  return status;
}

static int print_result(const tuner *t, cJSON *document)
{
  const tune_options *o = t->o;
  const slim_device_info *info = slim_device_get_info(t->device);
  const bool tuned = o->suite || o->model_name;
  const double seconds = (bench_now_ms() - t->begun_ms) * 1e-3;
  if (document) {
    cJSON_AddStringToObject(document, "device", info->selector);
    cJSON_AddStringToObject(document, "device_name", info->name);
    cJSON_AddStringToObject(document, "driver", info->driver);
    cJSON_AddNumberToObject(document, "seconds", seconds);
    if (tuned) {
      report(document, &t->all);
    }
    return cli_print_json(document);
  }
  if (tuned) {
    printf("%s on %s: %.3f ms -> %.3f ms a run; %d parameters found in %d plans and %.0f s\n",
           o->suite ? o->suite : o->model_name, info->name, t->all.before_ms, t->all.after_ms, t->all.found,
           t->all.rounds, seconds);
  }
  return EXIT_SUCCESS;
}

static int run(const void *options, operands files)
{
  const tune_options *o = options;
  tuner t = { .o = o, .begun_ms = bench_now_ms(), .terminal = isatty(STDERR_FILENO) };
  slim_error error = { 0 };
  (void)files;
  t.budget_secs = parse_budget(o->budget);
  if (t.budget_secs == 0) {
    return cli_usage("--budget=%s is no time: seconds, or 90s, 5m, 1h", o->budget);
  }
  if (o->model_name && o->suite) {
    return cli_usage("give one of --model_name and --suite");
  }
  if (!o->model_name && !o->suite && !o->export_path && !o->import_path) {
    return cli_usage("give --model_name or --suite, or --export_path or --import_path");
  }
  t.bench = (bench_options){ .model_name = o->model_name,
                             .suite = o->suite,
                             .mode = o->mode,
                             .batch_size = o->batch_size   ? o->batch_size
                                           : o->model_name ? 1
                                                           : 0,
                             .num_classes = o->num_classes,
                             .image_size = o->image_size,
                             .seed = o->seed,
                             .learning_rate = 1e-4,
                             .momentum = 0.9 };
  t.stop = cli_stop_on_signals();
  cJSON *document = o->json ? cJSON_CreateObject() : NULL;
  t.rows = o->json && o->suite ? cJSON_AddArrayToObject(document, "rows") : NULL;
  const slim_status status = tune_all(&t, &error);
  int code = EXIT_FAILURE;
  if (status == SLIM_OK) {
    code = print_result(&t, document);
  } else {
    cJSON_Delete(document);
    code = cli_fail(status, "%s", error.text);
  }
  slim_device_close(t.device);
  return code;
}

const command command_tune = {
  .name = "tune",
  .summary = "looks for better parameters of a device's kernels",
  .flags = flags,
  .num_flags = sizeof flags / sizeof *flags,
  .options_size = sizeof(tune_options),
  .run = run,
};
