#include <slim/summary.h>

#include <string.h>

#include "inspect.h"

static const char *const kinds[] = {
  [SLIM_EVENT_VERSION] = "version", [SLIM_EVENT_SCALAR] = "scalar",   [SLIM_EVENT_HISTOGRAM] = "histogram",
  [SLIM_EVENT_IMAGE] = "image",     [SLIM_EVENT_SESSION] = "session", [SLIM_EVENT_OTHER] = "other",
};

static void add_event(cJSON *events, const slim_event *event)
{
  cJSON *item = cJSON_CreateObject();
  cJSON_AddNumberToObject(item, "step", (double)event->step);
  cJSON_AddNumberToObject(item, "wall_time", event->wall_time);
  cJSON_AddStringToObject(item, "kind", kinds[event->kind]);
  if (event->tag && *event->tag) {
    cJSON_AddStringToObject(item, "tag", event->tag);
  }
  if (event->kind == SLIM_EVENT_SCALAR) {
    cli_json_number(item, "value", event->scalar);
  } else if (event->kind == SLIM_EVENT_HISTOGRAM) {
    cli_json_number(item, "min", event->histogram.min);
    cli_json_number(item, "max", event->histogram.max);
    cli_json_number(item, "num", event->histogram.num);
    cli_json_number(item, "sum", event->histogram.sum);
  } else if (event->kind == SLIM_EVENT_IMAGE) {
    cJSON_AddNumberToObject(item, "width", event->width);
    cJSON_AddNumberToObject(item, "height", event->height);
  } else if (event->text && *event->text) {
    cJSON_AddStringToObject(item, "text", event->text);
  }
  cJSON_AddItemToArray(events, item);
}

static void print_event(const slim_event *event)
{
  printf("step %-8lld %-9s %s", (long long)event->step, kinds[event->kind], event->tag ? event->tag : "");
  if (event->kind == SLIM_EVENT_SCALAR) {
    printf(" %.7g", event->scalar);
  } else if (event->kind == SLIM_EVENT_HISTOGRAM) {
    printf(" min %.6g, max %.6g, %.0f values", event->histogram.min, event->histogram.max, event->histogram.num);
  } else if (event->kind == SLIM_EVENT_IMAGE) {
    printf(" %dx%d", event->width, event->height);
  } else if (event->text) {
    printf(" %s", event->text);
  }
  fputc('\n', stdout);
}

slim_status inspect_events(const char *path, cJSON *document, slim_error *error)
{
  slim_event_reader *reader = NULL;
  slim_event event;
  cJSON *events = NULL;
  slim_status status = slim_event_reader_open(path, &reader, error);
  if (document) {
    cJSON_AddStringToObject(document, "kind", "events");
    cJSON_AddStringToObject(document, "path", path);
    events = cJSON_AddArrayToObject(document, "events");
  }
  while (status == SLIM_OK && (status = slim_event_reader_next(reader, &event, error)) == SLIM_OK) {
    if (events) {
      add_event(events, &event);
    } else {
      print_event(&event);
    }
  }
  slim_event_reader_close(reader);
  return status == SLIM_ERR_END ? SLIM_OK : status;
}
