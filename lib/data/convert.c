#include "data/convert.h"

#include "base/file.h"
#include "formats/example.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRESS_EVERY 500

static const char *const mnist_names[] = { "zero", "one", "two",   "three", "four",
                                           "five", "six", "seven", "eight", "nine" };
static const char *const fashion_names[] = { "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                             "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot" };

static slim_status no_memory(slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_MEMORY, "no memory");
}

static slim_status failed(const char *what, const char *path, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_IO, "cannot %s '%s': %s", what, path, strerror(errno));
}

/* --- the files of a conversion ------------------------------------------------------------------------------------ */

char *slim_conversion_path(slim_conversion *c, const char *name)
{
  return slim_arena_printf(c->arena, "%s/%s", c->options->dataset_dir, name);
}

static slim_status make_folder(slim_conversion *c, slim_error *error)
{
  const char *target = c->options->dataset_dir;
  const slim_status status = slim_file_make_folders(target, error);
  if (status != SLIM_OK) {
    return status;
  }
  char *folder = slim_arena_printf(c->arena, "%s/.%s-converting-XXXXXX", target, c->options->dataset_name);
  if (!folder) {
    return no_memory(error);
  }
  if (!mkdtemp(folder)) {
    return failed("make a folder in", target, error);
  }
  c->folder = folder;
  return SLIM_OK;
}

static bool keep_name(slim_conversion *c, const char *name)
{
  if (c->num_names == c->room) {
    const int room = c->room ? 2 * c->room : 16;
    char **names = slim_arena_array(c->arena, (size_t)room, sizeof *names);
    if (!names) {
      return false;
    }
    for (int i = 0; i < c->num_names; i++) {
      names[i] = c->names[i];
    }
    c->names = names;
    c->room = room;
  }
  c->names[c->num_names] = slim_arena_strdup(c->arena, name);
  return c->names[c->num_names++] != NULL;
}

char *slim_conversion_add(slim_conversion *c, const char *name, slim_error *error)
{
  if (!c->folder && make_folder(c, error) != SLIM_OK) {
    return NULL;
  }
  char *path = keep_name(c, name) ? slim_arena_printf(c->arena, "%s/%s", c->folder, name) : NULL;
  if (!path) {
    no_memory(error);
  }
  return path;
}

/* Moves the first count files between the temporary folder and their places. @return how many it moved. */
static int move_files(slim_conversion *c, int count, bool back, slim_error *error)
{
  for (int i = 0; i < count; i++) {
    const char *target = slim_conversion_path(c, c->names[i]);
    const char *made = slim_arena_printf(c->arena, "%s/%s", c->folder, c->names[i]);
    if (!target || !made) {
      no_memory(error);
      return i;
    }
    if (rename(back ? target : made, back ? made : target) != 0) {
      failed("write", target, error);
      return i;
    }
  }
  return count;
}

/* Each file is on disk already; after the renames the folder goes there too. */
static slim_status publish(slim_conversion *c, slim_error *error)
{
  slim_error local = { 0 };
  const int moved = move_files(c, c->num_names, false, &local);
  if (moved < c->num_names) {
    (void)move_files(c, moved, true, NULL);
    return slim_error_set(error, local.status, "%s", local.text);
  }
  const int fd = open(c->options->dataset_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool ok = fd >= 0 && fsync(fd) == 0;
  const slim_status status = ok ? SLIM_OK : failed("write", c->options->dataset_dir, error);
  if (fd >= 0) {
    close(fd);
  }
  return status;
}

/* Removes the temporary folder and what is left in it. */
static void sweep(slim_conversion *c)
{
  slim_file_names left = { 0 };
  if (!c->folder) {
    return;
  }
  if (slim_file_list(c->folder, &left, NULL) == SLIM_OK) {
    for (size_t i = 0; i < left.count; i++) {
      char *path = slim_file_join(c->folder, left.item[i]);
      if (path) {
        (void)unlink(path);
      }
      free(path);
    }
    slim_file_names_free(&left);
  }
  (void)rmdir(c->folder);
}

/* --- what converters share ---------------------------------------------------------------------------------------- */

slim_status slim_conversion_encode(slim_conversion *c, const slim_image_record *image, slim_error *error)
{
  const int64_t height = image->height, width = image->width;
  c->record.size = 0;
  slim_example_writer writer = slim_example_begin(&c->record);
  slim_example_put_int64s(&writer, "image/class/label", &image->label, 1);
  slim_example_put_bytes(&writer, "image/encoded", &image->encoded, 1);
  slim_example_put_text(&writer, "image/format", image->format);
  slim_example_put_int64s(&writer, "image/height", &height, 1);
  slim_example_put_int64s(&writer, "image/width", &width, 1);
  return slim_example_end(&writer) ? SLIM_OK : no_memory(error);
}

slim_status slim_conversion_labels(slim_conversion *c, const char *const *names, int count, slim_error *error)
{
  slim_bytes text = { 0 };
  char number[32];
  for (int i = 0; i < count; i++) {
    (void)snprintf(number, sizeof number, "%d:", i);
    slim_bytes_append_text(&text, number);
    slim_bytes_append_text(&text, names[i]);
    slim_bytes_append_text(&text, "\n");
  }
  c->result->num_classes = count;
  const char *path = slim_conversion_add(c, "labels.txt", error);
  slim_status status = SLIM_ERR_IO;
  if (path) {
    status = text.failed ? no_memory(error) : slim_file_write(path, text.data, text.size, error);
  }
  slim_bytes_free(&text);
  return status;
}

void slim_conversion_count(slim_conversion *c, const char *split, int64_t samples)
{
  slim_convert_result *r = c->result;
  if (r->num_splits < (int)(sizeof r->splits / sizeof *r->splits)) {
    (void)snprintf(r->splits[r->num_splits].name, sizeof r->splits[0].name, "%s", split);
    r->splits[r->num_splits++].samples = samples;
  }
}

void slim_conversion_progress(const slim_conversion *c, const char *split, int64_t done, int64_t total)
{
  if (c->options->progress && (done % PROGRESS_EVERY == 0 || done == total)) {
    c->options->progress(c->options->user, split, done, total);
  }
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static slim_status run(slim_conversion *c, bool *done, slim_error *error)
{
  const char *name = c->options->dataset_name;
  if (!strcmp(name, "mnist")) {
    return slim_convert_mnist(c, mnist_names, done, error);
  }
  if (!strcmp(name, "fashion_mnist")) {
    return slim_convert_mnist(c, fashion_names, done, error);
  }
  if (!strcmp(name, "cifar10")) {
    return slim_convert_cifar10(c, done, error);
  }
  return slim_convert_folder(c, done, error);
}

static slim_status check(const slim_convert_options *o, slim_error *error)
{
  const struct {
    const char *name, *value;
  } texts[] = { { "dataset_name", o->dataset_name },
                { "source_dir", o->source_dir },
                { "dataset_dir", o->dataset_dir } };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (!texts[i].value || !*texts[i].value) {
      return slim_error_set(error, SLIM_ERR_ARG, "%s is not given", texts[i].name);
    }
  }
  if (strpbrk(o->dataset_name, "/*?[")) {
    return slim_error_set(error, SLIM_ERR_ARG, "dataset_name '%s' goes into file names: no / * ? [ in it",
                          o->dataset_name);
  }
  if (!slim_file_is_folder(o->source_dir)) {
    return slim_error_set(error, SLIM_ERR_NOT_FOUND, "source_dir '%s' is not a folder", o->source_dir);
  }
  if (o->num_shards < 0 || o->num_shards > 99999 || o->num_validation < -1) {
    return slim_error_set(error, SLIM_ERR_ARG, "num_shards %d, num_validation %lld are out of range", o->num_shards,
                          (long long)o->num_validation);
  }
  return SLIM_OK;
}

slim_status slim_convert(const slim_convert_options *options, slim_convert_result *result, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  bool done = false;
  *result = (slim_convert_result){ 0 };
  slim_status status = check(options, error);
  if (status != SLIM_OK) {
    return status;
  }
  slim_conversion c = { .options = options, .result = result, .arena = slim_arena_create() };
  status = c.arena ? run(&c, &done, error) : no_memory(error);
  if (status == SLIM_OK && done) {
    status = publish(&c, error);
  }
  result->existed = status == SLIM_OK && !done;
  if (c.arena) {
    sweep(&c);
  }
  slim_bytes_free(&c.record);
  slim_arena_destroy(c.arena);
  return status;
}
