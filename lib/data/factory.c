/* Datasets by name: file patterns, splits and features as TF-Slim has them. */
#include "data/dataset.h"

#include "base/arena.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#define MOST_SPLITS 16
#define SPLIT_LENGTH 64

typedef struct known_dataset {
  const char *name;
  const char *splits[3];
  int num_classes;
  int size, channels;
  const char *default_format, *preprocessing;
} known_dataset;

static const known_dataset known[] = {
  { "mnist", { "train", "test" }, 10, 28, 1, "raw", "lenet" },
  { "fashion_mnist", { "train", "test" }, 10, 28, 1, "raw", "lenet" },
  { "cifar10", { "train", "test" }, 10, 32, 3, "png", "cifarnet" },
};

static const slim_item_description descriptions[] = {
  { "image", "A colour or grey image of uint8 pixels, [height, width, channels]." },
  { "label", "The class of the image, from 0." },
};

static const known_dataset *find_known(const char *name)
{
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (!strcmp(known[i].name, name)) {
      return &known[i];
    }
  }
  return NULL;
}

const char *slim_dataset_preprocessing(const char *name)
{
  const known_dataset *k = find_known(name);
  return k ? k->preprocessing : NULL;
}

/* The folder with a backslash before what a pattern would take for a wildcard. */
static const char *escape(slim_arena *arena, const char *folder)
{
  char *text = strpbrk(folder, "*?[") ? slim_arena_array(arena, strlen(folder) + 1, 2) : NULL;
  size_t used = 0;
  if (!text) {
    return folder;
  }
  for (const char *p = folder; *p; p++) {
    if (strchr("*?[\\", *p)) {
      text[used++] = '\\';
    }
    text[used++] = *p;
  }
  return text; /* zeroed memory ends it */
}

/* The splits there are, joined for an error text. */
typedef struct split_list {
  char name[MOST_SPLITS][SPLIT_LENGTH];
  int count;
} split_list;

static void add_split(split_list *list, const char *name, size_t length)
{
  if (length == 0 || length >= SPLIT_LENGTH || list->count == MOST_SPLITS) {
    return;
  }
  for (int i = 0; i < list->count; i++) {
    if (strlen(list->name[i]) == length && !memcmp(list->name[i], name, length)) {
      return;
    }
  }
  memcpy(list->name[list->count], name, length);
  list->name[list->count++][length] = '\0';
}

/* Of a folder dataset: what stands between "<name>_" and "_<shard>-of-<shards>.tfrecord" in the names of its files. */
static void find_splits(const char *pattern, const char *name, split_list *list)
{
  glob_t found;
  if (glob(pattern, 0, NULL, &found) != 0) {
    return;
  }
  for (size_t i = 0; i < found.gl_pathc; i++) {
    const char *slash = strrchr(found.gl_pathv[i], '/');
    const char *split = (slash ? slash + 1 : found.gl_pathv[i]) + strlen(name) + 1;
    const char *end = strrchr(split, '_');
    if (end) {
      add_split(list, split, (size_t)(end - split));
    }
  }
  globfree(&found);
}

static bool has_split(const split_list *list, const char *split)
{
  for (int i = 0; i < list->count; i++) {
    if (!strcmp(list->name[i], split)) {
      return true;
    }
  }
  return false;
}

static slim_status wrong_split(const char *name, const char *split, const split_list *list, slim_error *error)
{
  char text[MOST_SPLITS * (SPLIT_LENGTH + 2) + 1] = "";
  size_t used = 0;
  for (int i = 0; i < list->count; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", list->name[i]);
  }
  return slim_error_set(error, SLIM_ERR_ARG, "dataset '%s' has no split '%s'; its splits are: %s", name, split, text);
}

static slim_status not_converted(const char *name, const char *pattern, const char *folder, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_NOT_FOUND,
                        "no file matches '%s'; make it with: slimcl convert --dataset_name=%s --source_dir=SOURCE "
                        "--dataset_dir=%s",
                        pattern, name, folder);
}

static bool any_file(const char *pattern)
{
  glob_t found;
  const int result = glob(pattern, 0, NULL, &found);
  if (result == 0) {
    globfree(&found);
  }
  return result == 0;
}

static slim_status open_files(const known_dataset *k, const char *pattern, const char *labels, slim_dataset **dataset,
                              slim_error *error)
{
  const char *const sources[] = { pattern, NULL };
  const slim_feature_spec features[] = {
    { .key = "image/encoded", .dtype = SLIM_STRING, .has_default = true },
    { .key = "image/format",
      .dtype = SLIM_STRING,
      .has_default = true,
      .default_text = k ? k->default_format : "jpeg" },
    { .key = "image/class/label", .dtype = SLIM_INT64, .has_default = true },
  };
  const slim_item_handler handlers[] = {
    { .item = "image",
      .kind = SLIM_HANDLE_IMAGE,
      .has_shape = k != NULL,
      .shape = { 3, { k ? k->size : 0, k ? k->size : 0, k ? k->channels : 0 } },
      .channels = k ? k->channels : 3 },
    { .item = "label", .kind = SLIM_HANDLE_TENSOR, .keys = { "image/class/label" } },
  };
  const slim_dataset_options options = { .data_sources = sources,
                                         .features = features,
                                         .num_features = sizeof features / sizeof *features,
                                         .handlers = handlers,
                                         .num_handlers = sizeof handlers / sizeof *handlers,
                                         .num_classes = k ? k->num_classes : 0,
                                         .labels_file = labels,
                                         .items_to_descriptions = descriptions,
                                         .num_descriptions = sizeof descriptions / sizeof *descriptions };
  return slim_dataset_create(&options, dataset, error);
}

static slim_status open_dataset(slim_arena *arena, const char *name, const char *split, const char *folder,
                                slim_dataset **dataset, slim_error *error)
{
  const known_dataset *k = find_known(name);
  split_list splits = { .count = 0 };
  const char *labels = slim_arena_printf(arena, "%s/labels.txt", folder);
  const char *escaped = escape(arena, folder);
  const char *pattern = k ? slim_arena_printf(arena, "%s/%s_%s.tfrecord", escaped, name, split)
                          : slim_arena_printf(arena, "%s/%s_%s_*.tfrecord", escaped, name, split);
  const char *all = slim_arena_printf(arena, "%s/%s_*_*-of-*.tfrecord", escaped, name);
  if (!labels || !pattern || !all) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "dataset '%s': no memory", name);
  }
  for (int i = 0; k && k->splits[i]; i++) {
    add_split(&splits, k->splits[i], strlen(k->splits[i]));
  }
  if (!k) {
    find_splits(all, name, &splits);
  }
  if (splits.count > 0 && !has_split(&splits, split)) {
    return wrong_split(name, split, &splits, error);
  }
  return any_file(pattern) ? open_files(k, pattern, labels, dataset, error)
                           : not_converted(name, pattern, folder, error);
}

slim_status slim_dataset_open(const char *name, const char *split, const char *dataset_dir, slim_dataset **dataset,
                              slim_error *error)
{
  *dataset = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  if (!name || !*name || !split || !*split || !dataset_dir || !*dataset_dir || strpbrk(name, "/*?[") ||
      strpbrk(split, "/*?[")) {
    return slim_error_set(error, SLIM_ERR_ARG, "dataset '%s', split '%s' in folder '%s': all three must be given",
                          name ? name : "", split ? split : "", dataset_dir ? dataset_dir : "");
  }
  slim_arena *arena = slim_arena_create();
  const slim_status status = open_dataset(arena, name, split, dataset_dir, dataset, error);
  slim_arena_destroy(arena);
  return status;
}
