/* slimcl classify IMAGE...: the most likely classes of images. */
#include <slim/slim.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "labels.h"
#include "model.h"

enum { TOP = 5 };

typedef struct classify_options {
  const char *checkpoint_path, *model_name, *preprocessing_name, *labels, *device;
  int64_t image_size, num_classes, labels_offset;
  bool use_grayscale, half_weights, json;
} classify_options;

#define O classify_options
static const flag flags[] = {
  FLAG(O, model_name, STRING, "inception_v3", MODEL_HELP_NAME),
  FLAG(O, checkpoint_path, STRING, "/tmp/tfmodel", "checkpoint, or folder whose latest is taken"),
  FLAG(O, labels, STRING, NULL, "labels.txt that 'slimcl convert' wrote: lines '<id>:<name>'"),
  FLAG(O, num_classes, INT, NULL, "classes of the logits, without --labels", .min = 1, .max = 1 << 20),
  FLAG(O, labels_offset, INT, "0", "class 0 of the net is this label", .min = 0, .max = 1 << 20),
  FLAG(O, preprocessing_name, STRING, NULL, "preprocessing, if not the net's own"),
  FLAG(O, image_size, INT, NULL, "height and width, if not the net's own", .min = 1, .max = 1 << 14),
  FLAG(O, use_grayscale, BOOL, "false", "turn images grey"),
  FLAG(O, half_weights, BOOL, "false", MODEL_HELP_HALF),
  CLI_FLAG_DEVICE(O),
  CLI_FLAG_JSON(O),
};
#undef O

typedef struct classifier {
  const classify_options *o;
  labels names;
  model m;
  slim_tensor *probabilities;
  slim_device *device;
  slim_session *session;
  float *pixels, *scores; /* of one image */
  int classes;
} classifier;

static void release(classifier *c)
{
  slim_session_destroy(c->session);
  slim_device_close(c->device);
  model_close(&c->m);
  labels_free(&c->names);
  free(c->pixels);
  free(c->scores);
}

static slim_status build(classifier *c, slim_error *error)
{
  const classify_options *o = c->o;
  if (o->labels && labels_read(&c->names, o->labels, error) != SLIM_OK) {
    return error->status;
  }
  const int64_t classes = o->num_classes ? o->num_classes : (int64_t)c->names.count - o->labels_offset;
  if (classes < 1) {
    return slim_error_set(error, SLIM_ERR_ARG, "the number of classes is not known; give --labels or --num_classes");
  }
  const model_spec spec = { .model_name = o->model_name,
                            .preprocessing_name = o->preprocessing_name,
                            .image_size = o->image_size,
                            .num_classes = classes,
                            .use_grayscale = o->use_grayscale };
  if (model_open(&c->m, &spec, error) != SLIM_OK) {
    return error->status;
  }
  c->classes = (int)classes;
  c->probabilities = slim_softmax(c->m.logits);
  c->pixels = calloc((size_t)c->m.size * (size_t)c->m.size * (size_t)c->m.channels, sizeof *c->pixels);
  c->scores = calloc((size_t)classes, sizeof *c->scores);
  return c->pixels && c->scores ? SLIM_OK : slim_error_set(error, SLIM_ERR_MEMORY, "no memory for an image");
}

static slim_status restore(classifier *c, slim_error *error)
{
  const slim_tensors variables = slim_get_model_variables(c->m.graph, NULL, NULL);
  return slim_assign_from_checkpoint(c->session, c->o->checkpoint_path, slim_restore_list(variables), variables.count, 0,
                                     error);
}

static slim_status prepare(classifier *c, slim_error *error)
{
  if (build(c, error) != SLIM_OK || slim_device_open(c->o->device, &c->device, error) != SLIM_OK ||
      slim_session_create(c->m.graph, c->device, NULL, &c->session, error) != SLIM_OK) {
    return error->status;
  }
  if (c->o->half_weights) {
    (void)slim_session_half_weights(c->session);
  }
  return restore(c, error);
}

static slim_status score(classifier *c, const char *path, slim_error *error)
{
  const slim_preprocess_call call = { .out_h = c->m.size, .out_w = c->m.size, .use_grayscale = c->o->use_grayscale };
  const int file_channels = c->o->use_grayscale ? 3 : c->m.channels;
  if (slim_preprocess_file(c->m.preprocessing, path, file_channels, &call, c->pixels, error) != SLIM_OK) {
    return error->status;
  }
  const slim_feed feed = { c->m.images, c->pixels, 1 };
  const slim_fetch fetch = { c->probabilities, c->scores, (size_t)c->classes * sizeof *c->scores };
  const slim_status status = slim_session_run(c->session, &feed, 1, &fetch, 1);
  return status == SLIM_OK ? SLIM_OK : slim_error_set(error, status, "%s: %s", path, slim_session_error(c->session));
}

/* The next best class: the best whose score was not taken; taken scores become negative. */
static int take_best(classifier *c, float *probability)
{
  int best = 0;
  for (int i = 1; i < c->classes; i++) {
    best = c->scores[i] > c->scores[best] ? i : best;
  }
  *probability = c->scores[best];
  c->scores[best] = -1;
  return best;
}

/* Prints the best classes, or adds them to the array images. */
static void show(classifier *c, const char *path, cJSON *images)
{
  cJSON *classes = NULL;
  if (images) {
    cJSON *image = cJSON_CreateObject();
    cJSON_AddItemToArray(images, image);
    cJSON_AddStringToObject(image, "image", path);
    classes = cJSON_AddArrayToObject(image, "classes");
  } else {
    printf("%s\n", path);
  }
  for (int i = 0; i < TOP && i < c->classes; i++) {
    float probability = 0;
    const int64_t id = take_best(c, &probability) + c->o->labels_offset;
    const char *name = labels_name(&c->names, id);
    if (!images) {
      printf("  %.4f  %lld %s\n", (double)probability, (long long)id, name ? name : "");
      continue;
    }
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(classes, item);
    cJSON_AddNumberToObject(item, "class", (double)id);
    if (name) {
      cJSON_AddStringToObject(item, "name", name);
    }
    cli_json_float(item, "probability", probability);
  }
}

static int run(const void *options, operands files)
{
  classifier c = { .o = options };
  slim_error error = { 0 };
  cJSON *document = c.o->json ? cJSON_CreateObject() : NULL;
  cJSON *images = document ? cJSON_AddArrayToObject(document, "images") : NULL;
  slim_status status = prepare(&c, &error);
  for (size_t i = 0; i < files.count && status == SLIM_OK; i++) {
    status = score(&c, files.item[i], &error);
    if (status == SLIM_OK) {
      show(&c, files.item[i], images);
    }
  }
  int result = EXIT_SUCCESS;
  if (status != SLIM_OK) {
    cJSON_Delete(document);
    result = cli_fail(status, "%s", error.text);
  } else if (document) {
    result = cli_print_json(document);
  }
  release(&c);
  return result;
}

const command command_classify = {
  .name = "classify",
  .summary = "names the five most likely classes of images",
  .operands = "IMAGE...",
  .min_operands = 1,
  .max_operands = SIZE_MAX,
  .flags = flags,
  .num_flags = sizeof flags / sizeof *flags,
  .options_size = sizeof(classify_options),
  .run = run,
};
