/* slimcl devices: what --device can name. */
#include <slim/device.h>

#include <stdlib.h>

#include "cli.h"

typedef struct devices_options {
  bool json;
} devices_options;

static const flag flags[] = { CLI_FLAG_JSON(devices_options) };

static const char *const classes[] = { [SLIM_CLASS_CPU] = "cpu", [SLIM_CLASS_GPU] = "gpu", [SLIM_CLASS_MOBILE] = "mobile" };

static int print_json(const slim_device_info *infos, size_t count)
{
  cJSON *document = cJSON_CreateObject();
  cJSON *list = cJSON_AddArrayToObject(document, "devices");
  for (size_t i = 0; i < count; i++) {
    const slim_device_info *d = &infos[i];
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "device", d->selector);
    cJSON_AddStringToObject(item, "name", d->name);
    cJSON_AddStringToObject(item, "vendor", d->vendor);
    cJSON_AddStringToObject(item, "version", d->version);
    cJSON_AddStringToObject(item, "driver", d->driver);
    cJSON_AddStringToObject(item, "class", classes[d->device_class]);
    cJSON_AddNumberToObject(item, "compute_units", d->compute_units);
    cJSON_AddNumberToObject(item, "max_work_group", (double)d->max_work_group);
    cJSON_AddNumberToObject(item, "local_memory", (double)d->local_memory);
    cJSON_AddNumberToObject(item, "max_allocation", (double)d->max_allocation);
    cJSON_AddNumberToObject(item, "global_memory", (double)d->global_memory);
    cJSON_AddBoolToObject(item, "gpu", d->is_gpu);
    cJSON_AddBoolToObject(item, "unified_memory", d->unified_memory);
    cJSON_AddBoolToObject(item, "fp16", d->fp16);
    cJSON_AddBoolToObject(item, "images", d->images);
    cJSON_AddItemToArray(list, item);
  }
  return cli_print_json(document);
}

static void print_text(const slim_device_info *infos, size_t count)
{
  printf("%-10s %-6s %5s %10s  %s\n", "device", "class", "units", "memory", "name, version");
  for (size_t i = 0; i < count; i++) {
    const slim_device_info *d = &infos[i];
    printf("%-10s %-6s %5d %6.1f GiB  %s, %s\n", d->selector, classes[d->device_class], d->compute_units,
           (double)d->global_memory / (1 << 30), d->name, d->version);
  }
}

static int run(const void *options, operands files)
{
  const devices_options *o = options;
  (void)files;
  const size_t room = slim_device_list(NULL, 0);
  slim_device_info *infos = calloc(room ? room : 1, sizeof *infos);
  if (!infos) {
    return cli_fail(SLIM_ERR_MEMORY, "no memory for a list of %zu devices", room);
  }
  const size_t found = slim_device_list(infos, room);
  const size_t count = found < room ? found : room;
  int status = EXIT_SUCCESS;
  if (o->json) {
    status = print_json(infos, count);
  } else {
    print_text(infos, count);
  }
  free(infos);
  return status;
}

const command command_devices = {
  .name = "devices",
  .summary = "lists the devices that --device can name",
  .flags = flags,
  .num_flags = sizeof flags / sizeof *flags,
  .options_size = sizeof(devices_options),
  .run = run,
};
