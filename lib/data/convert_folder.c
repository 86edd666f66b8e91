/* A folder with a folder of JPEG and PNG files for each class. */
#include "data/convert.h"

#include "base/file.h"
#include "base/rng.h"
#include "base/size.h"
#include "formats/image.h"
#include "formats/tfrecord.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_FILE ((size_t)256 << 20)
#define DEFAULT_SHARDS 5

typedef struct source_image {
  char *path;
  int label;
} source_image;

typedef struct image_list {
  source_image *item;
  size_t count, room;
  char **classes;
  int num_classes;
} image_list;

static slim_status no_memory(slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_MEMORY, "no memory");
}

/* --- the list of images ------------------------------------------------------------------------------------------- */

static slim_status add_image(slim_conversion *c, image_list *list, const char *folder, const char *name, int label,
                             slim_error *error)
{
  if (list->count == list->room) {
    const size_t room = list->room ? list->room * 2 : 256;
    size_t bytes = 0;
    source_image *item = slim_size_mul(room, sizeof *item, &bytes) ? realloc(list->item, bytes) : NULL;
    if (!item) {
      return no_memory(error);
    }
    list->item = item;
    list->room = room;
  }
  char *path = slim_arena_printf(c->arena, "%s/%s", folder, name);
  list->item[list->count++] = (source_image){ path, label };
  return path ? SLIM_OK : no_memory(error);
}

/* The files of one class; names that start with a dot are left out. */
static slim_status list_class(slim_conversion *c, image_list *list, const char *folder, const char *name,
                              slim_error *error)
{
  slim_file_names names = { 0 };
  const int label = list->num_classes;
  list->classes[label] = slim_arena_strdup(c->arena, name);
  if (!list->classes[label]) {
    return no_memory(error);
  }
  list->num_classes++;
  slim_status status = slim_file_list(folder, &names, error);
  for (size_t i = 0; status == SLIM_OK && i < names.count; i++) {
    if (names.item[i][0] != '.') {
      status = add_image(c, list, folder, names.item[i], label, error);
    }
  }
  slim_file_names_free(&names);
  return status;
}

static slim_status list_images(slim_conversion *c, image_list *list, slim_error *error)
{
  slim_file_names names = { 0 };
  const char *source = c->options->source_dir;
  slim_status status = slim_file_list(source, &names, error);
  if (status == SLIM_OK) {
    list->classes = slim_arena_array(c->arena, names.count + 1, sizeof *list->classes);
    status = list->classes ? SLIM_OK : no_memory(error);
  }
  for (size_t i = 0; status == SLIM_OK && i < names.count; i++) {
    const char *folder = slim_arena_printf(c->arena, "%s/%s", source, names.item[i]);
    if (!folder) {
      status = no_memory(error);
    } else if (names.item[i][0] != '.' && slim_file_is_folder(folder)) {
      status = list_class(c, list, folder, names.item[i], error);
    }
  }
  slim_file_names_free(&names);
  if (status == SLIM_OK && list->count == 0) {
    status = slim_error_set(error, SLIM_ERR_NOT_FOUND,
                            "'%s' has no images: it should have a folder of JPEG and PNG files for each class", source);
  }
  return status;
}

static void shuffle(image_list *list, uint64_t seed)
{
  const slim_rng rng = slim_rng_make(seed, slim_hash("slim/convert"), 0);
  for (size_t i = list->count - 1; i > 0; i--) {
    const size_t j = (size_t)slim_rng_below(&rng, i, i + 1);
    const source_image t = list->item[i];
    list->item[i] = list->item[j];
    list->item[j] = t;
  }
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* Decodes the file whole, so that training meets no damaged image. */
static slim_status write_image(slim_conversion *c, slim_tfrecord_writer *writer, const source_image *source,
                               slim_error *error)
{
  unsigned char *data = NULL;
  size_t size = 0;
  slim_image image = { 0 };
  slim_error cause = { 0 };
  slim_status status = slim_file_read(source->path, LARGEST_FILE, &data, &size, error);
  if (status != SLIM_OK) {
    return status;
  }
  const slim_span file = { data, size };
  status = slim_image_decode(file, 0, 0, &image, &cause);
  if (status == SLIM_OK) {
    const bool jpeg = slim_image_sniff(file) == SLIM_IMAGE_JPEG;
    const slim_image_record record = { file, jpeg ? "jpg" : "png", image.height, image.width, source->label };
    status = slim_conversion_encode(c, &record, &cause);
  }
  if (status == SLIM_OK) {
    status = slim_tfrecord_writer_write(writer, c->record.data, c->record.size, &cause);
  }
  slim_image_free(&image);
  free(data);
  return status == SLIM_OK ? SLIM_OK : slim_error_set(error, status, "'%s': %s", source->path, cause.text);
}

static int shards_of(const slim_conversion *c)
{
  return c->options->num_shards ? c->options->num_shards : DEFAULT_SHARDS;
}

static char *shard_name(slim_conversion *c, const char *split, int shard)
{
  return slim_arena_printf(c->arena, "%s_%s_%05d-of-%05d.tfrecord", c->options->dataset_name, split, shard,
                           shards_of(c));
}

static slim_status write_shard(slim_conversion *c, const char *split, const image_list *list, int shard,
                               slim_error *error)
{
  const size_t shards = (size_t)shards_of(c), per_shard = (list->count + shards - 1) / shards;
  const size_t first = per_shard * (size_t)shard;
  slim_tfrecord_writer *writer = NULL;
  const char *name = shard_name(c, split, shard);
  if (!name) {
    return no_memory(error);
  }
  const char *path = slim_conversion_add(c, name, error);
  slim_status status = path ? slim_tfrecord_writer_open(path, &writer, error) : SLIM_ERR_IO;
  for (size_t i = first; status == SLIM_OK && i < list->count && i < first + per_shard; i++) {
    status = write_image(c, writer, &list->item[i], error);
    slim_conversion_progress(c, split, (int64_t)i + 1, (int64_t)list->count);
  }
  if (status != SLIM_OK) {
    slim_tfrecord_writer_discard(writer);
    return status;
  }
  return slim_tfrecord_writer_finish(writer, error);
}

static slim_status write_split(slim_conversion *c, const char *split, image_list list, slim_error *error)
{
  slim_status status = SLIM_OK;
  for (int shard = 0; status == SLIM_OK && shard < shards_of(c); shard++) {
    status = write_shard(c, split, &list, shard, error);
  }
  slim_conversion_count(c, split, (int64_t)list.count);
  return status;
}

static slim_status write_all(slim_conversion *c, image_list *list, slim_error *error)
{
  const int64_t asked = c->options->num_validation;
  const size_t validation = asked > 0 ? (size_t)asked : asked < 0 ? 0 : list->count / 10;
  if (validation >= list->count) {
    return slim_error_set(error, SLIM_ERR_ARG, "num_validation is %zu, but '%s' has only %zu images", validation,
                          c->options->source_dir, list->count);
  }
  shuffle(list, c->options->seed);
  image_list train = *list, rest = *list;
  rest.count = validation;
  train.item += validation;
  train.count -= validation;
  slim_status status = write_split(c, "train", train, error);
  if (status == SLIM_OK && validation > 0) {
    status = write_split(c, "validation", rest, error);
  }
  return status == SLIM_OK ? slim_conversion_labels(c, (const char *const *)list->classes, list->num_classes, error)
                           : status;
}

/* --- what is there already ---------------------------------------------------------------------------------------- */

static bool shards_exist(slim_conversion *c, const char *split)
{
  for (int shard = 0; shard < shards_of(c); shard++) {
    const char *name = shard_name(c, split, shard);
    const char *path = name ? slim_conversion_path(c, name) : NULL;
    if (!path || !slim_file_exists(path)) {
      return false;
    }
  }
  return true;
}

/* Files of another conversion under the same name would be read together with the new ones. */
static slim_status check_existing(slim_conversion *c, bool *there, slim_error *error)
{
  glob_t found;
  const char *name = slim_arena_printf(c->arena, "%s_*_*-of-*.tfrecord", c->options->dataset_name);
  const char *pattern = name ? slim_conversion_path(c, name) : NULL;
  if (!pattern) {
    return no_memory(error);
  }
  *there = shards_exist(c, "train"); /* then the rest is there too: all files appear together */
  if (*there || glob(pattern, 0, NULL, &found) != 0) {
    return SLIM_OK;
  }
  slim_error_set(error, SLIM_ERR_EXISTS, "'%s' is of another conversion; remove the files '%s' first",
                 found.gl_pathv[0], pattern);
  globfree(&found);
  return SLIM_ERR_EXISTS;
}

slim_status slim_convert_folder(slim_conversion *c, bool *done, slim_error *error)
{
  image_list list = { 0 };
  bool there = false;
  slim_status status = check_existing(c, &there, error);
  if (status != SLIM_OK || there) {
    return status;
  }
  status = list_images(c, &list, error);
  if (status == SLIM_OK) {
    status = write_all(c, &list, error);
  }
  free(list.item);
  *done = status == SLIM_OK;
  return status;
}
