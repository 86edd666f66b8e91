/* slimcl summary: variables, layers and multiply-accumulates of a net. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "model.h"

typedef struct summary_options {
  const char *model_name;
  int64_t num_classes, image_size, channels;
  bool json;
} summary_options;

static const flag flags[] = {
  FLAG(summary_options, model_name, STRING, "lenet", MODEL_HELP_NAME),
  FLAG(summary_options, num_classes, INT, "10", "classes of the logits", .min = 1, .max = 1 << 20),
  FLAG(summary_options, image_size, INT, NULL, "height and width, if not the net's own", .min = 1, .max = 1 << 14),
  FLAG(summary_options, channels, INT, NULL, "channels of the images, if not the net's own", .min = 1, .max = 1 << 12),
  CLI_FLAG_JSON(summary_options),
};

/* Ops in a row that share a scope, "LeNet/conv1". */
typedef struct layer {
  char name[256], op[64];
  slim_shape shape;
  int64_t macs, parameters;
} layer;

typedef struct summary {
  layer *layers;
  size_t num_layers;
  slim_tensors variables;
  int64_t parameters, trainable_parameters, macs;
} summary;

static int64_t elements_of(const slim_tensor *variable)
{
  const slim_shape shape = slim_tensor_shape(variable);
  return (int64_t)slim_shape_elements(&shape);
}

static void count_parameters(summary *s)
{
  for (size_t i = 0; i < s->variables.count; i++) {
    const slim_tensor *variable = s->variables.item[i];
    s->parameters += elements_of(variable);
    s->trainable_parameters += slim_variable_trainable(variable) ? elements_of(variable) : 0;
  }
}

/* Elements of the variables that lie straight in the scope. */
static int64_t parameters_below(const summary *s, const char *scope)
{
  const size_t length = strlen(scope);
  int64_t sum = 0;
  for (size_t i = 0; i < s->variables.count; i++) {
    const char *name = slim_variable_full_name(s->variables.item[i]);
    if (!strncmp(name, scope, length) && name[length] == '/') {
      sum += elements_of(s->variables.item[i]);
    }
  }
  return sum;
}

static bool is_source(const slim_op_info *op)
{
  return !strcmp(op->op, "placeholder") || !strcmp(op->op, "variable") || !strcmp(op->op, "constant");
}

/* Ops whose scope is that of the op before belong to one layer; its heaviest op names its kind. */
static void add_op(summary *s, const slim_op_info *op)
{
  const char *slash = strrchr(op->name, '/');
  const size_t length = slash ? (size_t)(slash - op->name) : strlen(op->name);
  layer *last = s->num_layers ? &s->layers[s->num_layers - 1] : NULL;
  if (!last || strlen(last->name) != length || strncmp(last->name, op->name, length) != 0) {
    last = &s->layers[s->num_layers++];
    (void)snprintf(last->name, sizeof last->name, "%.*s", (int)length, op->name);
    (void)snprintf(last->op, sizeof last->op, "%s", op->op);
    last->parameters = parameters_below(s, last->name);
  }
  last->shape = op->shape;
  last->macs += op->macs;
  s->macs += op->macs;
}

static slim_status summarize(const model *m, summary *s, slim_error *error)
{
  const size_t count = slim_graph_list(m->graph, NULL, 0);
  slim_op_info *ops = calloc(count, sizeof *ops);
  s->layers = calloc(count, sizeof *s->layers);
  if (!ops || !s->layers) {
    free(ops);
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a summary of %zu ops", count);
  }
  s->variables = slim_get_variables(m->graph, NULL, NULL, NULL);
  count_parameters(s);
  (void)slim_graph_list(m->graph, ops, count);
  for (size_t i = 0; i < count; i++) {
    if (!is_source(&ops[i])) {
      add_op(s, &ops[i]);
    }
  }
  free(ops);
  return SLIM_OK;
}

static int print_json(const model *m, const summary *s)
{
  cJSON *document = cJSON_CreateObject();
  cJSON_AddStringToObject(document, "model_name", m->network->name);
  cJSON_AddNumberToObject(document, "trainable_parameters", (double)s->trainable_parameters);
  cJSON_AddNumberToObject(document, "parameters", (double)s->parameters);
  cJSON_AddNumberToObject(document, "macs", (double)s->macs);
  cJSON *variables = cJSON_AddArrayToObject(document, "variables");
  for (size_t i = 0; i < s->variables.count; i++) {
    const slim_shape shape = slim_tensor_shape(s->variables.item[i]);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "name", slim_variable_full_name(s->variables.item[i]));
    cJSON_AddItemToObject(item, "shape", cli_json_shape(&shape));
    cJSON_AddBoolToObject(item, "trainable", slim_variable_trainable(s->variables.item[i]));
    cJSON_AddItemToArray(variables, item);
  }
  cJSON *layers = cJSON_AddArrayToObject(document, "layers");
  for (size_t i = 0; i < s->num_layers; i++) {
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "name", s->layers[i].name);
    cJSON_AddStringToObject(item, "op", s->layers[i].op);
    cJSON_AddItemToObject(item, "output", cli_json_shape(&s->layers[i].shape));
    cJSON_AddNumberToObject(item, "parameters", (double)s->layers[i].parameters);
    cJSON_AddNumberToObject(item, "macs", (double)s->layers[i].macs);
    cJSON_AddItemToArray(layers, item);
  }
  return cli_print_json(document);
}

static void print_text(const summary *s)
{
  char shape[96];
  printf("%-32s %-14s %-18s %12s %14s\n", "layer", "op", "output", "parameters", "macs");
  for (size_t i = 0; i < s->num_layers; i++) {
    const layer *l = &s->layers[i];
    printf("%-32s %-14s %-18s %12lld %14lld\n", l->name, l->op, slim_shape_format(&l->shape, shape, sizeof shape),
           (long long)l->parameters, (long long)l->macs);
  }
  printf("\n%-48s %-18s %s\n", "variable", "shape", "trainable");
  for (size_t i = 0; i < s->variables.count; i++) {
    const slim_shape dims = slim_tensor_shape(s->variables.item[i]);
    printf("%-48s %-18s %s\n", slim_variable_full_name(s->variables.item[i]),
           slim_shape_format(&dims, shape, sizeof shape), slim_variable_trainable(s->variables.item[i]) ? "yes" : "no");
  }
  printf("\n%lld trainable parameters of %lld, %lld multiply-accumulates an image\n", (long long)s->trainable_parameters,
         (long long)s->parameters, (long long)s->macs);
}

static int run(const void *options, operands files)
{
  const summary_options *o = options;
  slim_error error = { 0 };
  model m;
  summary s = { 0 };
  (void)files;
  const model_spec spec = { .model_name = o->model_name,
                            .synthetic = true,
                            .image_size = o->image_size,
                            .channels = (int)o->channels,
                            .num_classes = o->num_classes };
  int result = EXIT_SUCCESS;
  if (model_open(&m, &spec, &error) != SLIM_OK || summarize(&m, &s, &error) != SLIM_OK) {
    result = cli_fail(error.status, "%s", error.text);
  } else if (o->json) {
    result = print_json(&m, &s);
  } else {
    print_text(&s);
  }
  free(s.layers);
  model_close(&m);
  return result;
}

const command command_summary = {
  .name = "summary",
  .summary = "lists variables, layers and multiply-accumulates of a net",
  .flags = flags,
  .num_flags = sizeof flags / sizeof *flags,
  .options_size = sizeof(summary_options),
  .run = run,
};
