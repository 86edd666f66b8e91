/* Writes one file of each format into a folder, for verify_with_tensorflow.py. Values follow from their index:
 * floats i / 8 - 3, whole numbers i * 3 - 7, as in make_tensorflow_fixtures.py. */
#include "base/file.h"
#include "checkpoint/bundle.h"
#include "checkpoint/state.h"
#include "formats/example.h"
#include "formats/image.h"
#include "formats/tfrecord.h"
#include "slim/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };

static const struct sample {
  const char *name;
  slim_dtype dtype;
  slim_shape shape;
} samples[] = {
  { "Net/conv1/weights", SLIM_FLOAT32, { 4, { 3, 3, 2, 8 } } },
  { "Net/conv1/biases", SLIM_FLOAT32, { 1, { 8 } } },
  { "a/double", SLIM_FLOAT64, { 2, { 2, 3 } } },
  { "a/int32", SLIM_INT32, { 1, { 5 } } },
  { "a/int64", SLIM_INT64, { 3, { 2, 1, 2 } } },
  { "a/uint8", SLIM_UINT8, { 1, { 9 } } },
  { "a/bool", SLIM_BOOL, { 1, { 3 } } },
  { "a/empty", SLIM_FLOAT32, { 2, { 0, 4 } } },
  { "global_step", SLIM_INT64, { 0, { 0 } } },
};

static void fill(slim_dtype dtype, size_t count, unsigned char *data)
{
  for (size_t i = 0; i < count; i++) {
    const double d = (double)i / 8 - 3;
    const float f = (float)d;
    const int64_t l = (int64_t)i * 3 - 7;
    const int32_t n = (int32_t)l;
    const unsigned char b = (unsigned char)(dtype == SLIM_BOOL ? i % 2 == 0 : i);
    const size_t size = slim_dtype_size(dtype);
    const void *from = dtype == SLIM_FLOAT64   ? (const void *)&d
                       : dtype == SLIM_FLOAT32 ? (const void *)&f
                       : dtype == SLIM_INT64   ? (const void *)&l
                       : dtype == SLIM_INT32   ? (const void *)&n
                                               : (const void *)&b;
    memcpy(data + i * size, from, size);
  }
}

static slim_status write_checkpoint(const char *folder, slim_error *error)
{
  unsigned char data[MOST];
  slim_bundle_writer *writer = NULL;
  char *prefix = slim_file_join(folder, "model.ckpt-7");
  slim_status status = slim_bundle_writer_open(prefix, &writer, error);
  for (size_t i = 0; status == SLIM_OK && i < sizeof samples / sizeof *samples; i++) {
    const size_t count = slim_shape_elements(&samples[i].shape);
    fill(samples[i].dtype, count, data);
    status = slim_bundle_writer_begin(writer, samples[i].name, samples[i].dtype, &samples[i].shape, error);
    if (status == SLIM_OK) {
      status = slim_bundle_writer_put(writer, data, count * slim_dtype_size(samples[i].dtype), error);
    }
  }
  if (status == SLIM_OK) {
    status = slim_bundle_writer_finish(writer, error);
  }
  if (status == SLIM_OK) {
    double time = 1.5e9;
    const slim_checkpoint_state state = { .latest = prefix, .all = &prefix, .count = 1, .times = &time };
    status = slim_checkpoint_state_write(folder, &state, error);
  }
  free(prefix);
  return status;
}

static slim_status write_record(slim_tfrecord_writer *writer, int i, slim_error *error)
{
  unsigned char pixels[4 * 6 * 3];
  slim_bytes record = { 0 }, png = { 0 };
  const slim_image image = { .width = 6, .height = 4, .channels = 3, .pixels = pixels };
  const int64_t labels[] = { i, -i, INT64_MIN };
  const float box[] = { 0.5f * (float)i, -1.25f };
  for (size_t k = 0; k < sizeof pixels; k++) {
    pixels[k] = (unsigned char)(k + (size_t)i);
  }
  slim_status status = slim_image_encode_png(&image, &png, error);
  const slim_span encoded = slim_span_of(&png);
  slim_example_writer example = slim_example_begin(&record);
  slim_example_put_int64s(&example, "image/class/label", labels, 3);
  slim_example_put_text(&example, "image/format", "png");
  slim_example_put_bytes(&example, "image/encoded", &encoded, 1);
  slim_example_put_floats(&example, "box", box, 2);
  slim_example_put_floats(&example, "none", NULL, 0);
  if (status == SLIM_OK && slim_example_end(&example)) {
    status = slim_tfrecord_writer_write(writer, record.data, record.size, error);
  }
  slim_bytes_free(&record);
  slim_bytes_free(&png);
  return status;
}

static slim_status write_records(const char *folder, slim_error *error)
{
  slim_tfrecord_writer *writer = NULL;
  char *path = slim_file_join(folder, "examples.tfrecord");
  slim_status status = slim_tfrecord_writer_open(path, &writer, error);
  for (int i = 0; status == SLIM_OK && i < 5; i++) {
    status = write_record(writer, i, error);
  }
  if (status == SLIM_OK) {
    status = slim_tfrecord_writer_finish(writer, error);
  }
  free(path);
  return status;
}

static slim_status write_events(const char *folder, slim_error *error)
{
  float values[100];
  unsigned char *raw = (unsigned char *)values;
  const slim_shape shape = { 4, { 2, 5, 4, 1 } };
  slim_event_writer *writer = NULL;
  slim_status status = slim_event_writer_open(folder, NULL, &writer, error);
  fill(SLIM_FLOAT32, 100, raw);
  for (int step = 0; status == SLIM_OK && step < 3; step++) {
    status = slim_event_writer_scalar(writer, step, "loss", 1.0f / (float)(step + 1), error);
    if (status == SLIM_OK) {
      status = slim_event_writer_histogram(writer, step, "weights", values, 100, error);
    }
  }
  if (status == SLIM_OK) {
    status = slim_event_writer_images(writer, 3, "pictures", SLIM_FLOAT32, &shape, values, 2, error);
  }
  if (status == SLIM_OK) {
    status = slim_event_writer_session(writer, 3, SLIM_SESSION_CHECKPOINT, "model.ckpt-7", error);
  }
  const slim_status closed = slim_event_writer_close(writer, error);
  return status == SLIM_OK ? closed : status;
}

int main(int argc, char **argv)
{
  slim_error error = { 0 };
  if (argc != 2) {
    (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  (void)slim_file_make_folders(argv[1], &error);
  if (error.status == SLIM_OK && write_checkpoint(argv[1], &error) == SLIM_OK &&
      write_records(argv[1], &error) == SLIM_OK && write_events(argv[1], &error) == SLIM_OK) {
    return 0;
  }
  (void)fprintf(stderr, "%s\n", error.text);
  return 1;
}
