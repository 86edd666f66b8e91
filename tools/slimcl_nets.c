/* slimcl nets: what --model_name can name, and how large each is. */
#include <stdlib.h>

#include "cli.h"
#include "model.h"

typedef struct nets_options {
  bool json;
} nets_options;

static const flag flags[] = { CLI_FLAG_JSON(nets_options) };

/* The i-th net's sizes, with the classes of its own. */
static slim_status count(const slim_network *network, model_counts *counts, slim_error *error)
{
  model m;
  const model_spec spec = { .model_name = network->name, .synthetic = true };
  slim_status status = model_open(&m, &spec, error);
  if (status == SLIM_OK) {
    status = model_count(&m, counts, error);
  }
  model_close(&m);
  return status;
}

static void add_json(cJSON *list, const slim_network *network, const model_counts *counts)
{
  cJSON *item = cJSON_CreateObject();
  cJSON_AddStringToObject(item, "model_name", network->name);
  cJSON_AddNumberToObject(item, "image_size", network->default_image_size);
  cJSON_AddNumberToObject(item, "channels", network->channels);
  cJSON_AddNumberToObject(item, "num_classes", network->default_num_classes);
  cJSON_AddNumberToObject(item, "parameters", (double)counts->parameters);
  cJSON_AddNumberToObject(item, "trainable_parameters", (double)counts->trainable_parameters);
  cJSON_AddNumberToObject(item, "macs", (double)counts->macs);
  cJSON_AddItemToArray(list, item);
}

static void print_text(const slim_network *network, const model_counts *counts)
{
  printf("%-20s %6dx%dx%d %8d %12lld %10.1f\n", network->name, network->default_image_size, network->default_image_size,
         network->channels, network->default_num_classes, (long long)counts->parameters, (double)counts->macs * 1e-6);
}

static int run(const void *options, operands files)
{
  const nets_options *o = options;
  const slim_network *network = NULL;
  cJSON *document = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(document, "nets");
  (void)files;
  if (!o->json) {
    printf("%-20s %12s %8s %12s %10s\n", "net", "images", "classes", "parameters", "Mmacs");
  }
  for (size_t i = 0; (network = slim_network_at(i)); i++) {
    model_counts counts;
    slim_error error = { 0 };
    if (count(network, &counts, &error) != SLIM_OK) {
      cJSON_Delete(document);
      return cli_fail(error.status, "%s", error.text);
    }
    if (o->json) {
      add_json(list, network, &counts);
    } else {
      print_text(network, &counts);
    }
  }
  if (o->json) {
    return cli_print_json(document);
  }
  cJSON_Delete(document);
  return EXIT_SUCCESS;
}

const command command_nets = {
  .name = "nets",
  .summary = "lists the nets that --model_name can name, and their sizes",
  .flags = flags,
  .num_flags = sizeof flags / sizeof *flags,
  .options_size = sizeof(nets_options),
  .run = run,
};
