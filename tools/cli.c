#include "cli.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
  const char *name;
  FILE *json; /* the real stdout with --json, else NULL */
} cli;

void cli_begin(const char *name, bool json)
{
  cli.name = name;
  if (json) {
    const int kept = dup(STDOUT_FILENO);
    cli.json = kept < 0 ? NULL : fdopen(kept, "w");
    (void)dup2(STDERR_FILENO, STDOUT_FILENO);
  }
}

void cli_message(const char *format, ...)
{
  char text[SLIM_ERROR_TEXT + 256];
  va_list list;
  va_start(list, format);
  (void)vsnprintf(text, sizeof text, format, list);
  va_end(list);
  fprintf(stderr, "slimcl %s: %s\n", cli.name, text);
}

int cli_usage(const char *format, ...)
{
  char text[SLIM_ERROR_TEXT];
  va_list list;
  va_start(list, format);
  (void)vsnprintf(text, sizeof text, format, list);
  va_end(list);
  cli_message("%s ('slimcl %s --help' lists its flags)", text, cli.name);
  return EXIT_USAGE;
}

int cli_print_json(cJSON *document)
{
  char *text = cJSON_Print(document);
  bool done = text && cli.json && fprintf(cli.json, "%s\n", text) > 0 && !fflush(cli.json);
  if (!done) {
    cli_message(text ? "cannot write the JSON document to stdout" : "no memory for the JSON document");
  }
  cJSON_free(text);
  cJSON_Delete(document);
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

int cli_fail(slim_status status, const char *format, ...)
{
  char text[SLIM_ERROR_TEXT + 256];
  va_list list;
  va_start(list, format);
  (void)vsnprintf(text, sizeof text, format, list);
  va_end(list);
  cli_message("%s", text);
  if (cli.json) {
    cJSON *document = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(document, "error");
    cJSON_AddStringToObject(error, "status", slim_status_name(status));
    cJSON_AddStringToObject(error, "text", text);
    (void)cli_print_json(document);
  }
  return EXIT_FAILURE;
}

static volatile sig_atomic_t stop;

static void ask_to_stop(int signal_number)
{
  stop = signal_number;
}

const volatile sig_atomic_t *cli_stop_on_signals(void)
{
  struct sigaction action = { .sa_handler = ask_to_stop, .sa_flags = (int)SA_RESETHAND };
  (void)sigemptyset(&action.sa_mask);
  (void)sigaction(SIGINT, &action, NULL);
  (void)sigaction(SIGTERM, &action, NULL);
  return &stop;
}

void cli_json_number(cJSON *object, const char *name, double value)
{
  cJSON_AddItemToObject(object, name, isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void cli_json_float(cJSON *object, const char *name, float value)
{
  char text[32] = "";
  for (int digits = 6; digits <= 9 && strtof(text, NULL) != value; digits++) {
    (void)snprintf(text, sizeof text, "%.*g", digits, (double)value);
  }
  cli_json_number(object, name, isfinite(value) ? strtod(text, NULL) : (double)value);
}

cJSON *cli_json_shape(const slim_shape *shape)
{
  cJSON *array = cJSON_CreateArray();
  for (int i = 0; i < shape->rank; i++) {
    cJSON_AddItemToArray(array, shape->dim[i] < 0 ? cJSON_CreateNull() : cJSON_CreateNumber(shape->dim[i]));
  }
  return array;
}
