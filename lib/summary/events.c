#include "base/file.h"
#include "formats/image.h"
#include "formats/protobuf.h"
#include "formats/tfrecord.h"
#include "slim/summary.h"
#include "summary/event_fields.h"
#include "summary/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_NAMES 1000 /* files of one folder, host and second */

struct slim_event_writer {
  FILE *file;
  char *path;
  slim_bytes event, framed;
  slim_histogram_counter histogram;
};

static slim_status io_failed(const char *what, const char *path, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_IO, "cannot %s event file '%s': %s", what, path, strerror(errno));
}

static double now(void)
{
  struct timespec t = { 0 };
  (void)clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Starts an event; the caller appends its one content and calls end_event. */
static slim_bytes *begin_event(slim_event_writer *writer, int64_t step)
{
  writer->event.size = 0;
  slim_proto_put_double(&writer->event, EVENT_WALL_TIME, now());
  if (step != 0) {
    slim_proto_put_varint(&writer->event, EVENT_STEP, (uint64_t)step);
  }
  return &writer->event;
}

static slim_status end_event(slim_event_writer *writer, slim_error *error)
{
  writer->framed.size = 0;
  slim_tfrecord_append(&writer->framed, writer->event.data, writer->event.size);
  if (writer->event.failed || writer->framed.failed) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for an event of '%s'", writer->path);
  }
  if (fwrite(writer->framed.data, 1, writer->framed.size, writer->file) != writer->framed.size) {
    return io_failed("write", writer->path, error);
  }
  return SLIM_OK;
}

static void free_writer(slim_event_writer *writer)
{
  slim_bytes_free(&writer->event);
  slim_bytes_free(&writer->framed);
  free(writer->path);
  free(writer);
}

/* Creates a file that does not exist yet; further ones of the same second get a number. */
static FILE *create(const char *folder, const char *suffix, char **path)
{
  char host[256] = "localhost", name[400];
  (void)gethostname(host, sizeof host - 1);
  const long long seconds = (long long)time(NULL);
  for (int i = 0; i < MOST_NAMES; i++) {
    char number[16] = "";
    if (i > 0) {
      (void)snprintf(number, sizeof number, ".%d", i);
    }
    (void)snprintf(name, sizeof name, "events.out.tfevents.%010lld.%s%s%.64s", seconds, host, number, suffix);
    free(*path);
    *path = slim_file_join(folder, name);
    FILE *file = *path ? fopen(*path, "wbx") : NULL;
    if (file || !*path || errno != EEXIST) {
      return file;
    }
  }
  return NULL;
}

slim_status slim_event_writer_open(const char *folder, const char *suffix, slim_event_writer **out, slim_error *error)
{
  *out = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_status status = slim_file_make_folders(folder, error);
  if (status != SLIM_OK) {
    return status;
  }
  slim_event_writer *writer = calloc(1, sizeof *writer);
  if (!writer) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for an event file in '%s'", folder);
  }
  writer->file = create(folder, suffix ? suffix : "", &writer->path);
  if (!writer->file) {
    status = io_failed("create", writer->path ? writer->path : folder, error);
    free_writer(writer);
    return status;
  }
  slim_histogram_counter_init(&writer->histogram);
  slim_proto_put_text(begin_event(writer, 0), EVENT_FILE_VERSION, "brain.Event:2");
  status = end_event(writer, error);
  if (status != SLIM_OK) {
    (void)slim_event_writer_close(writer, NULL);
    return status;
  }
  *out = writer;
  return SLIM_OK;
}

slim_status slim_event_writer_flush(slim_event_writer *writer, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  return fflush(writer->file) == 0 ? SLIM_OK : io_failed("write", writer->path, error);
}

slim_status slim_event_writer_close(slim_event_writer *writer, slim_error *error)
{
  if (!writer) {
    return SLIM_OK;
  }
  const slim_status status = fclose(writer->file) == 0 ? SLIM_OK : io_failed("write", writer->path, error);
  free_writer(writer);
  return status;
}

const char *slim_event_writer_path(const slim_event_writer *writer)
{
  return writer->path;
}

/* A summary of one value is open at two levels. */
typedef struct open_value {
  size_t summary, value;
} open_value;

static open_value begin_value(slim_event_writer *writer, int64_t step, const char *tag)
{
  slim_bytes *out = begin_event(writer, step);
  open_value open = { .summary = slim_proto_begin(out, EVENT_SUMMARY) };
  open.value = slim_proto_begin(out, SUMMARY_VALUE);
  slim_proto_put_text(out, VALUE_TAG, tag);
  return open;
}

static slim_status end_value(slim_event_writer *writer, open_value open, slim_error *error)
{
  slim_proto_end(&writer->event, open.value);
  slim_proto_end(&writer->event, open.summary);
  return end_event(writer, error);
}

slim_status slim_event_writer_scalar(slim_event_writer *writer, int64_t step, const char *tag, float value,
                                     slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  const open_value open = begin_value(writer, step, tag);
  slim_proto_put_float(&writer->event, VALUE_SIMPLE, value);
  return end_value(writer, open, error);
}

slim_status slim_event_writer_histogram(slim_event_writer *writer, int64_t step, const char *tag, const float *values,
                                        size_t count, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_histogram_counter_clear(&writer->histogram);
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(values[i])) {
      return slim_error_set(error, SLIM_ERR_NUMERIC, "histogram '%s': value %zu is %s", tag, i,
                            isnan(values[i]) ? "not a number" : "infinite");
    }
    slim_histogram_counter_add(&writer->histogram, (double)values[i]);
  }
  const open_value open = begin_value(writer, step, tag);
  const size_t histogram = slim_proto_begin(&writer->event, VALUE_HISTOGRAM);
  slim_histogram_counter_put(&writer->histogram, &writer->event);
  slim_proto_end(&writer->event, histogram);
  return end_value(writer, open, error);
}

slim_status slim_event_writer_session(slim_event_writer *writer, int64_t step, slim_session_status status,
                                      const char *checkpoint, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_bytes *out = begin_event(writer, step);
  const size_t session = slim_proto_begin(out, EVENT_SESSION_LOG);
  slim_proto_put_varint(out, SESSION_STATUS, (uint64_t)status);
  if (checkpoint) {
    slim_proto_put_text(out, SESSION_CHECKPOINT_PATH, checkpoint);
  }
  slim_proto_end(out, session);
  return end_event(writer, error);
}

/* --- images ------------------------------------------------------------------------------------------------------- */

/* Scale and shift that bring an image's finite values to 0 .. 255. */
static void find_scale(const float *in, size_t count, float *scale, float *shift)
{
  float low = 0.0f, high = 0.0f;
  bool any = false;
  for (size_t i = 0; i < count; i++) {
    if (isfinite(in[i])) {
      low = !any || in[i] < low ? in[i] : low;
      high = !any || in[i] > high ? in[i] : high;
      any = true;
    }
  }
  const bool negative = low < 0.0f;
  const float largest = negative && -low > high ? -low : high;
  *scale = largest < 1e-6f ? 0.0f : (negative ? 127.0f : 255.0f) / largest;
  *shift = negative ? 128.0f : 0.0f;
}

static void scale_image(const float *in, int pixels, int channels, unsigned char *out)
{
  static const unsigned char bad[] = { 255, 0, 0, 255 };
  float scale = 0.0f, shift = 0.0f;
  find_scale(in, (size_t)pixels * (size_t)channels, &scale, &shift);
  for (int p = 0; p < pixels; p++, in += channels, out += channels) {
    bool finite = true;
    for (int c = 0; c < channels; c++) {
      finite = finite && isfinite(in[c]);
    }
    for (int c = 0; c < channels; c++) {
      out[c] = finite ? (unsigned char)(in[c] * scale + shift) : bad[c];
    }
  }
}

static slim_status put_image(slim_event_writer *writer, int64_t step, const char *tag, const slim_image *image,
                             slim_error *error)
{
  slim_bytes png = { 0 };
  slim_status status = slim_image_encode_png(image, &png, error);
  if (status == SLIM_OK) {
    const open_value open = begin_value(writer, step, tag);
    const size_t message = slim_proto_begin(&writer->event, VALUE_IMAGE);
    slim_proto_put_varint(&writer->event, IMAGE_HEIGHT, (uint64_t)image->height);
    slim_proto_put_varint(&writer->event, IMAGE_WIDTH, (uint64_t)image->width);
    slim_proto_put_varint(&writer->event, IMAGE_COLORSPACE, (uint64_t)image->channels);
    slim_proto_put_bytes(&writer->event, IMAGE_ENCODED, png.data, png.size);
    slim_proto_end(&writer->event, message);
    status = end_value(writer, open, error);
  }
  slim_bytes_free(&png);
  return status;
}

static slim_status check_images(const char *name, slim_dtype dtype, const slim_shape *shape, slim_error *error)
{
  const int channels = shape->rank == 4 ? shape->dim[3] : 0;
  const size_t pixels = slim_shape_elements(shape);
  if (shape->rank != 4 || (channels != 1 && channels != 3 && channels != 4) || pixels == 0 || pixels > INT32_MAX) {
    char text[96];
    return slim_error_set(error, SLIM_ERR_SHAPE, "images '%s' are [n,h,w,c] with 1, 3 or 4 channels, not %s", name,
                          slim_shape_format(shape, text, sizeof text));
  }
  if (dtype != SLIM_UINT8 && dtype != SLIM_FLOAT32) {
    return slim_error_set(error, SLIM_ERR_TYPE, "images '%s' are uint8 or float32, not %s", name,
                          slim_dtype_name(dtype));
  }
  return SLIM_OK;
}

slim_status slim_event_writer_images(slim_event_writer *writer, int64_t step, const char *name, slim_dtype dtype,
                                     const slim_shape *shape, const void *pixels, int most, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_status status = check_images(name, dtype, shape, error);
  if (status != SLIM_OK) {
    return status;
  }
  slim_image image = { .height = shape->dim[1], .width = shape->dim[2], .channels = shape->dim[3] };
  const int each = image.height * image.width;
  const size_t bytes = (size_t)each * (size_t)image.channels;
  const size_t tag_size = strlen(name) + 32;
  char *tag = malloc(tag_size);
  image.pixels = malloc(bytes);
  if (!tag || !image.pixels) {
    slim_error_set(error, SLIM_ERR_MEMORY, "no memory for the images '%s'", name);
    status = SLIM_ERR_MEMORY;
  }
  for (int i = 0; status == SLIM_OK && i < shape->dim[0] && i < most; i++) {
    if (dtype == SLIM_UINT8) {
      memcpy(image.pixels, (const unsigned char *)pixels + bytes * (size_t)i, bytes);
    } else {
      scale_image((const float *)pixels + bytes * (size_t)i, each, image.channels, image.pixels);
    }
    (void)snprintf(tag, tag_size, most == 1 ? "%s/image" : "%s/image/%d", name, i);
    status = put_image(writer, step, tag, &image, error);
  }
  slim_image_free(&image);
  free(tag);
  return status;
}
