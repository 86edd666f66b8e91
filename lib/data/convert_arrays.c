/* MNIST, Fashion-MNIST and CIFAR-10: bare pixels, stored as PNG. */
#include "data/convert.h"

#include "base/file.h"
#include "formats/idx.h"
#include "formats/image.h"
#include "formats/tfrecord.h"

#include <stdio.h>
#include <stdlib.h>

#define LARGEST_IDX ((size_t)1 << 30)
#define MNIST_SIDE 28
#define CIFAR_SIDE 32
#define CIFAR_PLANE (CIFAR_SIDE * CIFAR_SIDE)
#define CIFAR_ROW (1 + 3 * CIFAR_PLANE)
#define CLASSES 10

/* A split in work. */
typedef struct split_writer {
  slim_conversion *conversion;
  slim_tfrecord_writer *writer;
  slim_bytes png;
  int64_t written;
} split_writer;

static slim_status open_split(split_writer *s, const char *split, slim_error *error)
{
  const slim_convert_options *o = s->conversion->options;
  const char *name = slim_arena_printf(s->conversion->arena, "%s_%s.tfrecord", o->dataset_name, split);
  if (!name) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory");
  }
  const char *path = slim_conversion_add(s->conversion, name, error);
  return path ? slim_tfrecord_writer_open(path, &s->writer, error) : SLIM_ERR_IO;
}

static slim_status write_pixels(split_writer *s, const slim_image *image, int64_t label, slim_error *error)
{
  s->png.size = 0;
  slim_status status = slim_image_encode_png(image, &s->png, error);
  if (status != SLIM_OK) {
    return status;
  }
  const slim_image_record record = { slim_span_of(&s->png), "png", image->height, image->width, label };
  status = slim_conversion_encode(s->conversion, &record, error);
  if (status == SLIM_OK) {
    status = slim_tfrecord_writer_write(s->writer, s->conversion->record.data, s->conversion->record.size, error);
  }
  s->written += status == SLIM_OK;
  return status;
}

/* Ends the split; what was written stays only with status SLIM_OK. */
static slim_status close_split(split_writer *s, const char *split, slim_status status, slim_error *error)
{
  slim_bytes_free(&s->png);
  if (status != SLIM_OK) {
    slim_tfrecord_writer_discard(s->writer);
    return status;
  }
  slim_conversion_count(s->conversion, split, s->written);
  return slim_tfrecord_writer_finish(s->writer, error);
}

/* Whether both splits are there already. */
static bool exists(slim_conversion *c)
{
  static const char *const splits[] = { "train", "test" };
  for (int i = 0; i < 2; i++) {
    const char *path =
        slim_arena_printf(c->arena, "%s/%s_%s.tfrecord", c->options->dataset_dir, c->options->dataset_name, splits[i]);
    if (!path || !slim_file_exists(path)) {
      return false;
    }
  }
  return true;
}

/* --- IDX ---------------------------------------------------------------------------------------------------------- */

/* The file as it is usually called, packed or not. */
static slim_status find_idx(slim_conversion *c, const char *prefix, const char *kind, const char **path,
                            slim_error *error)
{
  static const char *const endings[] = { "-ubyte", "-ubyte.gz" };
  for (int i = 0; i < 4; i++) {
    *path = slim_arena_printf(c->arena, "%s/%s%c%s%s", c->options->source_dir, prefix, i < 2 ? '-' : '.', kind,
                              endings[i % 2]);
    if (*path && slim_file_exists(*path)) {
      return SLIM_OK;
    }
  }
  return slim_error_set(error, SLIM_ERR_NOT_FOUND, "'%s' has no file %s-%s-ubyte or %s-%s-ubyte.gz",
                        c->options->source_dir, prefix, kind, prefix, kind);
}

static slim_status check_idx(const char *image_path, const slim_idx *images, const char *label_path,
                             const slim_idx *labels, slim_error *error)
{
  char text[128];
  if (images->shape.rank != 3 || images->shape.dim[1] != MNIST_SIDE || images->shape.dim[2] != MNIST_SIDE) {
    return slim_error_set(error, SLIM_ERR_DATA, "'%s' holds %s, images of 28 x 28 pixels are expected", image_path,
                          slim_shape_format(&images->shape, text, sizeof text));
  }
  if (labels->shape.rank != 1 || labels->shape.dim[0] != images->shape.dim[0]) {
    return slim_error_set(error, SLIM_ERR_DATA, "'%s' holds %s, a label for each of the %d images of '%s' is expected",
                          label_path, slim_shape_format(&labels->shape, text, sizeof text), images->shape.dim[0],
                          image_path);
  }
  for (int i = 0; i < labels->shape.dim[0]; i++) {
    if (labels->data[i] >= CLASSES) {
      return slim_error_set(error, SLIM_ERR_DATA, "'%s': label %d is %d, 0 to 9 are expected", label_path, i,
                            labels->data[i]);
    }
  }
  return SLIM_OK;
}

static slim_status write_idx(slim_conversion *c, const char *split, const slim_idx *images, const slim_idx *labels,
                             slim_error *error)
{
  split_writer s = { .conversion = c };
  slim_status status = open_split(&s, split, error);
  const int count = images->shape.dim[0];
  for (int i = 0; status == SLIM_OK && i < count; i++) {
    const slim_image image = { MNIST_SIDE, MNIST_SIDE, 1, images->data + (size_t)i * MNIST_SIDE * MNIST_SIDE };
    status = write_pixels(&s, &image, labels->data[i], error);
    slim_conversion_progress(c, split, i + 1, count);
  }
  return close_split(&s, split, status, error);
}

static slim_status convert_idx_split(slim_conversion *c, const char *split, const char *prefix, slim_error *error)
{
  char image_prefix[32], label_prefix[32];
  const char *image_path = NULL, *label_path = NULL;
  slim_idx images = { 0 }, labels = { 0 };
  (void)snprintf(image_prefix, sizeof image_prefix, "%s-images", prefix);
  (void)snprintf(label_prefix, sizeof label_prefix, "%s-labels", prefix);
  slim_status status = find_idx(c, image_prefix, "idx3", &image_path, error);
  if (status == SLIM_OK) {
    status = find_idx(c, label_prefix, "idx1", &label_path, error);
  }
  if (status == SLIM_OK) {
    status = slim_idx_read(image_path, LARGEST_IDX, &images, error);
  }
  if (status == SLIM_OK) {
    status = slim_idx_read(label_path, LARGEST_IDX, &labels, error);
  }
  if (status == SLIM_OK) {
    status = check_idx(image_path, &images, label_path, &labels, error);
  }
  if (status == SLIM_OK) {
    status = write_idx(c, split, &images, &labels, error);
  }
  slim_idx_free(&images);
  slim_idx_free(&labels);
  return status;
}

slim_status slim_convert_mnist(slim_conversion *c, const char *const *class_names, bool *done, slim_error *error)
{
  if (exists(c)) {
    return SLIM_OK;
  }
  slim_status status = convert_idx_split(c, "train", "train", error);
  if (status == SLIM_OK) {
    status = convert_idx_split(c, "test", "t10k", error);
  }
  *done = status == SLIM_OK;
  return status == SLIM_OK ? slim_conversion_labels(c, class_names, CLASSES, error) : status;
}

/* --- CIFAR-10 ----------------------------------------------------------------------------------------------------- */

static slim_status find_batch(slim_conversion *c, const char *name, const char **path, slim_error *error)
{
  static const char *const folders[] = { "", "cifar-10-batches-bin/" };
  for (int i = 0; i < 2; i++) {
    *path = slim_arena_printf(c->arena, "%s/%s%s", c->options->source_dir, folders[i], name);
    if (*path && slim_file_exists(*path)) {
      return SLIM_OK;
    }
  }
  return slim_error_set(error, SLIM_ERR_NOT_FOUND, "'%s' has no file %s (of the binary version of CIFAR-10)",
                        c->options->source_dir, name);
}

/* A label and three planes -> pixels. */
static slim_status write_cifar_row(split_writer *s, const char *path, const unsigned char *row, size_t number,
                                   slim_error *error)
{
  unsigned char pixels[3 * CIFAR_PLANE];
  if (row[0] >= CLASSES) {
    return slim_error_set(error, SLIM_ERR_DATA, "'%s': label %zu is %d, 0 to 9 are expected", path, number, row[0]);
  }
  for (int i = 0; i < 3 * CIFAR_PLANE; i++) {
    pixels[i] = row[1 + i % 3 * CIFAR_PLANE + i / 3];
  }
  const slim_image image = { CIFAR_SIDE, CIFAR_SIDE, 3, pixels };
  return write_pixels(s, &image, row[0], error);
}

static slim_status write_batch(split_writer *s, const char *split, const char *name, int64_t total, slim_error *error)
{
  const char *path = NULL;
  unsigned char *data = NULL;
  size_t size = 0;
  slim_status status = find_batch(s->conversion, name, &path, error);
  if (status == SLIM_OK) {
    status = slim_file_read(path, LARGEST_IDX, &data, &size, error);
  }
  if (status == SLIM_OK && (size == 0 || size % CIFAR_ROW != 0)) {
    status = slim_error_set(error, SLIM_ERR_DATA, "'%s' has %zu bytes, a multiple of 3073 is expected", path, size);
  }
  for (size_t i = 0; status == SLIM_OK && i < size / CIFAR_ROW; i++) {
    status = write_cifar_row(s, path, data + i * CIFAR_ROW, i, error);
    slim_conversion_progress(s->conversion, split, s->written, total);
  }
  free(data);
  return status;
}

static slim_status convert_cifar_split(slim_conversion *c, const char *split, const char *const *names,
                                       slim_error *error)
{
  split_writer s = { .conversion = c };
  int64_t total = 0;
  for (int i = 0; names[i]; i++) {
    total += 10000;
  }
  slim_status status = open_split(&s, split, error);
  for (int i = 0; status == SLIM_OK && names[i]; i++) {
    status = write_batch(&s, split, names[i], total, error);
  }
  return close_split(&s, split, status, error);
}

slim_status slim_convert_cifar10(slim_conversion *c, bool *done, slim_error *error)
{
  static const char *const train[] = { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                       "data_batch_4.bin", "data_batch_5.bin", NULL };
  static const char *const test[] = { "test_batch.bin", NULL };
  static const char *const classes[] = { "airplane", "automobile", "bird",  "cat",  "deer",
                                         "dog",      "frog",       "horse", "ship", "truck" };
  if (exists(c)) {
    return SLIM_OK;
  }
  slim_status status = convert_cifar_split(c, "train", train, error);
  if (status == SLIM_OK) {
    status = convert_cifar_split(c, "test", test, error);
  }
  *done = status == SLIM_OK;
  return status == SLIM_OK ? slim_conversion_labels(c, classes, CLASSES, error) : status;
}
