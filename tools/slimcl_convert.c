/* slimcl convert: a dataset as it is published -> TFRecord files. */
#include <slim/data.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "progress.h"

typedef struct convert_options {
  const char *dataset_name, *source_dir, *dataset_dir;
  int64_t num_shards, num_validation, seed;
  bool json;
} convert_options;

static const flag flags[] = {
  FLAG(convert_options, dataset_name, STRING, NULL,
       "mnist, fashion_mnist, cifar10, or any name for a folder with a folder of images per class"),
  FLAG(convert_options, source_dir, STRING, NULL,
       "where the IDX files (.gz or not), the CIFAR-10 binary batches or the class folders are"),
  FLAG(convert_options, dataset_dir, STRING, NULL, "where the records and labels.txt go"),
  FLAG(convert_options, num_shards, INT, "5", "files per split (folders only)", .min = 1, .max = 99999),
  FLAG(convert_options, num_validation, INT, "0",
       "images for the split 'validation' (folders only); 0: a tenth, -1: no such split", .min = -1, .max = 1e12),
  CLI_FLAG_SEED(convert_options),
  CLI_FLAG_JSON(convert_options),
};

static int require(const char *name, const char *value)
{
  return value && *value ? 0 : cli_usage("--%s is missing", name);
}

typedef struct display {
  char split[32];
  progress bar;
} display;

static void show_progress(void *user, const char *split, int64_t done, int64_t total)
{
  display *s = user;
  if (strcmp(s->split, split) != 0) {
    (void)snprintf(s->split, sizeof s->split, "%s", split);
    s->bar = progress_make(s->split, total, 1, 0);
  }
  progress_step(&s->bar, done, NAN);
}

static int report(const convert_options *o, const slim_convert_result *result)
{
  if (!o->json) {
    if (result->existed) {
      printf("%s is in %s already; nothing was done\n", o->dataset_name, o->dataset_dir);
    }
    for (int i = 0; i < result->num_splits; i++) {
      printf("%s: %lld images of %d classes\n", result->splits[i].name, (long long)result->splits[i].samples,
             result->num_classes);
    }
    return EXIT_SUCCESS;
  }
  cJSON *document = cJSON_CreateObject();
  cJSON_AddStringToObject(document, "dataset", o->dataset_name);
  cJSON_AddStringToObject(document, "dataset_dir", o->dataset_dir);
  cJSON_AddBoolToObject(document, "existed", result->existed);
  if (!result->existed) {
    cJSON_AddNumberToObject(document, "classes", result->num_classes);
    cJSON *splits = cJSON_AddObjectToObject(document, "splits");
    for (int i = 0; i < result->num_splits; i++) {
      cJSON_AddNumberToObject(splits, result->splits[i].name, (double)result->splits[i].samples);
    }
  }
  return cli_print_json(document);
}

static int run(const void *options, operands files)
{
  const convert_options *o = options;
  slim_convert_result result;
  slim_error error = { 0 };
  display shown = { .split = "" };
  (void)files;
  if (require("dataset_name", o->dataset_name) || require("source_dir", o->source_dir) ||
      require("dataset_dir", o->dataset_dir)) {
    return EXIT_USAGE;
  }
  const slim_convert_options convert = { .dataset_name = o->dataset_name,
                                         .source_dir = o->source_dir,
                                         .dataset_dir = o->dataset_dir,
                                         .num_shards = (int)o->num_shards,
                                         .num_validation = o->num_validation,
                                         .seed = (uint64_t)o->seed,
                                         .progress = show_progress,
                                         .user = &shown };
  if (slim_convert(&convert, &result, &error) != SLIM_OK) {
    return cli_fail(error.status, "%s", error.text);
  }
  return report(o, &result);
}

const command command_convert = {
  .name = "convert",
  .summary = "makes TFRecord files of a dataset as it is published",
  .flags = flags,
  .num_flags = sizeof flags / sizeof *flags,
  .options_size = sizeof(convert_options),
  .run = run,
};
