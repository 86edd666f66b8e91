/* slimcl inspect PATH: what is in a checkpoint, an event file or a TFRecord file. */
#include <slim/checkpoint.h>
#include <slim/data.h>
#include <slim/summary.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "inspect.h"

enum { MAX_PATH = 4096 };

static const flag flags[] = {
  FLAG(inspect_options, tensor, STRING, NULL, "checkpoint: show the values of this tensor"),
  FLAG(inspect_options, record, INT, "0", "TFRecord: show this record", .min = 0, .max = 9e15),
  FLAG(inspect_options, feature, STRING, NULL, "TFRecord: show this feature of the record"),
  FLAG(inspect_options, output, STRING, NULL, "TFRecord: write the bytes of the feature to this file"),
  CLI_FLAG_JSON(inspect_options),
};

/* Cuts ".index" or ".data-00000-of-00001" off, so that any file of a checkpoint names it. */
static void cut_suffix(char *path)
{
  const size_t length = strlen(path);
  char *data = strstr(path, ".data-");
  if (length > 6 && !strcmp(path + length - 6, ".index")) {
    path[length - 6] = '\0';
  } else if (data && !strchr(data, '/')) {
    *data = '\0';
  }
}

/* The first record has a checksum of its own, so what reads as a record is one. */
static bool is_records(const char *path)
{
  slim_reader *reader = NULL;
  slim_record record;
  slim_error unused = { 0 };
  const bool is = slim_single_pass_read((const char *const[]){ path, NULL }, &reader, &unused) == SLIM_OK &&
                  slim_reader_next(reader, &record, &unused) == SLIM_OK;
  slim_reader_destroy(reader);
  return is;
}

/* An event file is a record file whose first record says that it is one. */
static bool is_events(const char *path)
{
  slim_event_reader *reader = NULL;
  slim_event event = { 0 };
  slim_error unused = { 0 };
  const bool is = slim_event_reader_open(path, &reader, &unused) == SLIM_OK &&
                  slim_event_reader_next(reader, &event, &unused) == SLIM_OK && event.kind == SLIM_EVENT_VERSION;
  slim_event_reader_close(reader);
  return is;
}

static slim_status inspect(const char *path, const inspect_options *o, cJSON *document, slim_error *error)
{
  char prefix[MAX_PATH];
  struct stat info;
  if (strlen(path) >= sizeof prefix) {
    return slim_error_set(error, SLIM_ERR_ARG, "the path is longer than %zu bytes", sizeof prefix - 1);
  }
  strcpy(prefix, path);
  if (!stat(path, &info) && S_ISDIR(info.st_mode)) {
    if (slim_latest_checkpoint(path, prefix, sizeof prefix) != SLIM_OK) {
      return slim_error_set(error, SLIM_ERR_NOT_FOUND, "%s: the folder has no checkpoint", path);
    }
  } else if (is_events(path)) {
    return inspect_events(path, document, error);
  } else if (is_records(path)) {
    return inspect_records(path, o, document, error);
  } else {
    cut_suffix(prefix);
  }
  if (!slim_checkpoint_exists(prefix)) {
    return slim_error_set(error, SLIM_ERR_NOT_FOUND, "%s: no such file, folder or checkpoint", path);
  }
  slim_error inner = { 0 };
  if (inspect_checkpoint(prefix, o, document, &inner) == SLIM_ERR_DATA && !strcmp(prefix, path)) {
    return slim_error_set(error, SLIM_ERR_DATA, "%s is neither a TFRecord file, an event file nor a checkpoint: %s", path, inner.text);
  }
  return inner.status == SLIM_OK ? SLIM_OK : slim_error_set(error, inner.status, "%s", inner.text);
}

static int run(const void *options, operands files)
{
  const inspect_options *o = options;
  slim_error error = { 0 };
  cJSON *document = o->json ? cJSON_CreateObject() : NULL;
  if (inspect(files.item[0], o, document, &error) != SLIM_OK) {
    cJSON_Delete(document);
    return cli_fail(error.status, "%s", error.text);
  }
  return document ? cli_print_json(document) : EXIT_SUCCESS;
}

const command command_inspect = {
  .name = "inspect",
  .summary = "shows what is in a checkpoint, an event file or a TFRecord file",
  .operands = "PATH",
  .min_operands = 1,
  .max_operands = 1,
  .flags = flags,
  .num_flags = sizeof flags / sizeof *flags,
  .options_size = sizeof(inspect_options),
  .run = run,
};
