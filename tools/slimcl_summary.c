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
  FLAG(summary_options, num_classes, INT, NULL, "classes of the logits, if not the net's own", .min = 1, .max = 1 << 20),
  FLAG(summary_options, image_size, INT, NULL, "height and width, if not the net's own", .min = 1, .max = 1 << 14),
  FLAG(summary_options, channels, INT, NULL, "channels of the images, if not the net's own", .min = 1, .max = 1 << 12),
  CLI_FLAG_JSON(summary_options),
};

/* Ops in a row of one layer, "LeNet/conv1". */
typedef struct layer {
  char name[256], op[64];
  slim_shape shape;
  int64_t macs, parameters;
} layer;

typedef struct summary {
  layer *layers;
  size_t num_layers;
  slim_tensors variables;
  model_counts counts;
} summary;

static int64_t elements_of(const slim_tensor *variable)
{
  const slim_shape shape = slim_tensor_shape(variable);
  return (int64_t)slim_shape_elements(&shape);
}

/* The part of a variable's name behind a scope of so many characters, NULL of one that lies elsewhere. */
static const char *name_below(const slim_tensor *variable, const char *scope, size_t length)
{
  const char *name = slim_variable_full_name(variable);
  return !strncmp(name, scope, length) && name[length] == '/' ? name + length + 1 : NULL;
}

/* Has the scope variables of its own, as "conv1" has "conv1/weights"? */
static bool is_layer(const summary *s, const char *scope, size_t length)
{
  for (size_t i = 0; i < s->variables.count; i++) {
    const char *name = name_below(s->variables.item[i], scope, length);
    if (name && !strchr(name, '/')) {
      return true;
    }
  }
  return false;
}

/* How much of an op's name is its layer's: of "conv1/BatchNorm/..." the outermost scope with variables of its own,
 * without one the op's scope. */
static size_t layer_length(const summary *s, const char *name)
{
  for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
    if (is_layer(s, name, (size_t)(slash - name))) {
      return (size_t)(slash - name);
    }
  }
  const char *last = strrchr(name, '/');
  return last ? (size_t)(last - name) : strlen(name);
}

/* Elements of a layer's variables, its normalizer's among them. */
static int64_t parameters_of(const summary *s, const char *scope)
{
  const size_t length = strlen(scope);
  int64_t sum = 0;
  for (size_t i = 0; i < s->variables.count && is_layer(s, scope, length); i++) {
    if (name_below(s->variables.item[i], scope, length)) {
      sum += elements_of(s->variables.item[i]);
    }
  }
  return sum;
}

static bool is_source(const slim_op_info *op)
{
  return !strcmp(op->op, "placeholder") || !strcmp(op->op, "variable") || !strcmp(op->op, "constant");
}

/* Ops of the layer that the op before belongs to are part of it; its first op names its kind. */
static void add_op(summary *s, const slim_op_info *op)
{
  const size_t length = layer_length(s, op->name);
  layer *last = s->num_layers ? &s->layers[s->num_layers - 1] : NULL;
  if (!last || strlen(last->name) != length || strncmp(last->name, op->name, length) != 0) {
    last = &s->layers[s->num_layers++];
    (void)snprintf(last->name, sizeof last->name, "%.*s", (int)length, op->name);
    (void)snprintf(last->op, sizeof last->op, "%s", op->op);
    last->parameters = parameters_of(s, last->name);
  }
  last->shape = op->shape;
  last->macs += op->macs;
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
  (void)slim_graph_list(m->graph, ops, count);
  for (size_t i = 0; i < count; i++) {
    if (!is_source(&ops[i])) {
      add_op(s, &ops[i]);
    }
  }
  free(ops);
  return model_count(m, &s->counts, error);
}

static int print_json(const model *m, const summary *s)
{
  cJSON *document = cJSON_CreateObject();
  cJSON_AddStringToObject(document, "model_name", m->network->name);
  cJSON_AddNumberToObject(document, "trainable_parameters", (double)s->counts.trainable_parameters);
  cJSON_AddNumberToObject(document, "parameters", (double)s->counts.parameters);
  cJSON_AddNumberToObject(document, "macs", (double)s->counts.macs);
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

/* Of the longest name of a layer or variable. */
static int name_width(const summary *s)
{
  size_t width = 0;
  for (size_t i = 0; i < s->num_layers; i++) {
    const size_t length = strlen(s->layers[i].name);
    width = length > width ? length : width;
  }
  for (size_t i = 0; i < s->variables.count; i++) {
    const size_t length = strlen(slim_variable_full_name(s->variables.item[i]));
    width = length > width ? length : width;
  }
  return (int)width;
}

static void print_text(const summary *s)
{
  char shape[96];
  const int width = name_width(s);
  printf("%-*s %-16s %-18s %12s %14s\n", width, "layer", "op", "output", "parameters", "macs");
  for (size_t i = 0; i < s->num_layers; i++) {
    const layer *l = &s->layers[i];
    printf("%-*s %-16s %-18s %12lld %14lld\n", width, l->name, l->op, slim_shape_format(&l->shape, shape, sizeof shape),
           (long long)l->parameters, (long long)l->macs);
  }
  printf("\n%-*s %-18s %s\n", width, "variable", "shape", "trainable");
  for (size_t i = 0; i < s->variables.count; i++) {
    const slim_shape dims = slim_tensor_shape(s->variables.item[i]);
    printf("%-*s %-18s %s\n", width, slim_variable_full_name(s->variables.item[i]),
           slim_shape_format(&dims, shape, sizeof shape), slim_variable_trainable(s->variables.item[i]) ? "yes" : "no");
  }
  printf("\n%lld trainable parameters of %lld, %lld multiply-accumulates an image\n", (long long)s->counts.trainable_parameters,
         (long long)s->counts.parameters, (long long)s->counts.macs);
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
