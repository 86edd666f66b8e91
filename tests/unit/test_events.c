#include "formats/image.h"
#include "formats/protobuf.h"
#include "formats/tfrecord.h"
#include "slim/summary.h"
#include "summary/event_reader.h"
#include "summary/histogram.h"
#include "test_files.h"

#include <float.h>
#include <math.h>
#include <time.h>

/* As slim_event_reader_next, with the error's text on failure. */
static void next_event(slim_event_reader *reader, slim_event *event)
{
  slim_error error = { 0 };
  ck_assert_msg(slim_event_reader_next(reader, event, &error) == SLIM_OK, "%s", error.text);
}

static slim_event_reader *open_events(const char *path)
{
  slim_event_reader *reader = NULL;
  slim_event event;
  slim_error error = { 0 };
  ck_assert_msg(slim_event_reader_open(path, &reader, &error) == SLIM_OK, "%s", error.text);
  next_event(reader, &event);
  ck_assert_int_eq(event.kind, SLIM_EVENT_VERSION);
  ck_assert_str_eq(event.text, "brain.Event:2");
  return reader;
}

static slim_event_writer *open_writer(const char *suffix)
{
  slim_event_writer *writer = NULL;
  slim_error error = { 0 };
  ck_assert_msg(slim_event_writer_open(test_folder, suffix, &writer, &error) == SLIM_OK, "%s", error.text);
  return writer;
}

START_TEST(scalars_and_sessions_come_back)
{
  slim_event_writer *writer = open_writer(NULL);
  char path[512];
  (void)snprintf(path, sizeof path, "%s", slim_event_writer_path(writer));
  ck_assert_int_eq(slim_event_writer_session(writer, 0, SLIM_SESSION_START, NULL, NULL), SLIM_OK);
  ck_assert_int_eq(slim_event_writer_scalar(writer, 7, "losses/total", 0.25f, NULL), SLIM_OK);
  ck_assert_int_eq(slim_event_writer_scalar(writer, (int64_t)1 << 40, "nan", NAN, NULL), SLIM_OK);
  ck_assert_int_eq(slim_event_writer_session(writer, 9, SLIM_SESSION_CHECKPOINT, "m-9", NULL), SLIM_OK);
  ck_assert_int_eq(slim_event_writer_flush(writer, NULL), SLIM_OK);
  slim_event_reader *reader = open_events(path); /* while the writer is still open */
  slim_event event;
  next_event(reader, &event);
  ck_assert(event.kind == SLIM_EVENT_SESSION && event.session == SLIM_SESSION_START);
  next_event(reader, &event);
  ck_assert(event.kind == SLIM_EVENT_SCALAR && event.step == 7 && event.scalar == 0.25);
  ck_assert_str_eq(event.tag, "losses/total");
  ck_assert_double_le(fabs(event.wall_time - (double)time(NULL)), 60.0);
  next_event(reader, &event);
  ck_assert(event.step == (int64_t)1 << 40 && isnan(event.scalar));
  next_event(reader, &event);
  ck_assert(event.session == SLIM_SESSION_CHECKPOINT && event.step == 9);
  ck_assert_str_eq(event.text, "m-9");
  ck_assert_int_eq(slim_event_reader_next(reader, &event, NULL), SLIM_ERR_END);
  slim_event_reader_close(reader);
  ck_assert_int_eq(slim_event_writer_close(writer, NULL), SLIM_OK);
  ck_assert_int_eq(slim_event_writer_close(NULL, NULL), SLIM_OK);
}
END_TEST

START_TEST(files_have_names_of_their_own)
{
  slim_event_writer *writer[3];
  long long seconds = 0;
  for (int i = 0; i < 3; i++) {
    writer[i] = open_writer(".eval");
    const char *name = strrchr(slim_event_writer_path(writer[i]), '/') + 1;
    ck_assert_int_eq(sscanf(name, "events.out.tfevents.%10lld.", &seconds), 1);
    ck_assert(llabs(seconds - (long long)time(NULL)) < 60);
    ck_assert_str_eq(name + strlen(name) - 5, ".eval");
    ck_assert(i == 0 || strcmp(slim_event_writer_path(writer[i]), slim_event_writer_path(writer[i - 1])) != 0);
  }
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(slim_event_writer_close(writer[i], NULL), SLIM_OK);
  }
  slim_event_writer *none = NULL;
  slim_error error = { 0 };
  ck_assert_int_ne(slim_event_writer_open("/proc/no/such", NULL, &none, &error), SLIM_OK);
  ck_assert_ptr_nonnull(strstr(error.text, "/proc/no"));
}
END_TEST

/* Counts straight from the definition: limit[i - 1] <= value < limit[i]. */
static void check_counts(const slim_histogram *h, const float *values, size_t count)
{
  double total = 0.0;
  for (size_t b = 0; b < h->buckets; b++) {
    double inside = 0.0;
    for (size_t i = 0; i < count; i++) {
      const double v = (double)values[i];
      inside += (b == 0 || v >= h->limit[b - 1]) && v < h->limit[b];
    }
    ck_assert_double_eq(h->count[b], inside);
    ck_assert(b == 0 || h->limit[b] > h->limit[b - 1]);
    ck_assert(b == 0 || h->count[b] > 0.0 || h->count[b - 1] > 0.0); /* empty ones are joined */
    total += inside;
  }
  ck_assert_double_eq(total, (double)count);
  ck_assert_double_eq(h->num, (double)count);
}

START_TEST(histograms_count)
{
  static const float values[] = { 0.0f, -0.0f, 1e-13f, -1e-13f, 1.0f, 1.0f, -3.5f, 1e20f, -FLT_MAX, FLT_MAX, 0.11f };
  static const size_t counts[] = { 11, 1, 0 };
  slim_event_writer *writer = open_writer(NULL);
  char path[512];
  (void)snprintf(path, sizeof path, "%s", slim_event_writer_path(writer));
  ck_assert_int_eq(slim_event_writer_histogram(writer, 1, "w", values, counts[_i], NULL), SLIM_OK);
  ck_assert_int_eq(slim_event_writer_close(writer, NULL), SLIM_OK);
  slim_event_reader *reader = open_events(path);
  slim_event event;
  next_event(reader, &event);
  ck_assert_int_eq(event.kind, SLIM_EVENT_HISTOGRAM);
  check_counts(&event.histogram, values, counts[_i]);
  if (counts[_i] == 11) {
    ck_assert(event.histogram.min == (double)-FLT_MAX && event.histogram.max == (double)FLT_MAX);
  } else if (counts[_i] == 0) {
    ck_assert(event.histogram.min == DBL_MAX && event.histogram.max == -DBL_MAX);
    ck_assert(event.histogram.buckets == 1 && event.histogram.limit[0] == DBL_MAX && event.histogram.count[0] == 0.0);
  }
  slim_event_reader_close(reader);
}
END_TEST

START_TEST(histograms_refuse_what_is_not_finite)
{
  const float values[] = { 1.0f, _i ? NAN : -INFINITY };
  slim_event_writer *writer = open_writer(NULL);
  slim_error error = { 0 };
  ck_assert_int_eq(slim_event_writer_histogram(writer, 1, "w", values, 2, &error), SLIM_ERR_NUMERIC);
  ck_assert_str_eq(error.text, _i ? "histogram 'w': value 1 is not a number" : "histogram 'w': value 1 is infinite");
  ck_assert_int_eq(slim_event_writer_close(writer, NULL), SLIM_OK);
}
END_TEST

static void check_pixels(const slim_event *event, const unsigned char *pixels, int height, int width, int channels)
{
  slim_image image;
  slim_error error = { 0 };
  const slim_span png = { event->image, event->image_size };
  ck_assert_int_eq(event->kind, SLIM_EVENT_IMAGE);
  ck_assert_msg(slim_image_decode(png, 0, 0, &image, &error) == SLIM_OK, "%s", error.text);
  ck_assert(image.height == height && image.width == width && image.channels == channels);
  ck_assert(event->height == height && event->width == width);
  ck_assert_mem_eq(image.pixels, pixels, (size_t)(height * width * channels));
  slim_image_free(&image);
}

START_TEST(images_are_scaled)
{
  const float pixels[4][6] = {
    { 0.0f, 0.5f, 1.0f, 0.25f, 0.75f, 0.0f },
    { -2.0f, 2.0f, 0.0f, 1.0f, -1.0f, 0.0f },
    { 0, 0, 0, 0, 0, 0 },
    { NAN, 1.0f, 0.0f, 1.0f, 2.0f, 4.0f },
  };
  const unsigned char expected[4][6] = {
    { 0, 127, 255, 63, 191, 0 }, { 1, 255, 128, 191, 64, 128 }, { 0, 0, 0, 0, 0, 0 }, { 255, 0, 0, 63, 127, 255 }
  };
  const slim_shape shape = { 4, { 4, 1, 2, 3 } };
  slim_event_writer *writer = open_writer(NULL);
  char path[512];
  (void)snprintf(path, sizeof path, "%s", slim_event_writer_path(writer));
  ck_assert_int_eq(slim_event_writer_images(writer, 2, "in", SLIM_FLOAT32, &shape, pixels, 9, NULL), SLIM_OK);
  ck_assert_int_eq(slim_event_writer_images(writer, 2, "raw", SLIM_UINT8, &shape, expected, 1, NULL), SLIM_OK);
  slim_error error = { 0 };
  const slim_shape two = { 4, { 2, 1, 6, 2 } };
  ck_assert_int_eq(slim_event_writer_images(writer, 2, "in", SLIM_UINT8, &two, expected, 1, &error), SLIM_ERR_SHAPE);
  ck_assert_str_eq(error.text, "images 'in' are [n,h,w,c] with 1, 3 or 4 channels, not [2,1,6,2]");
  ck_assert_int_eq(slim_event_writer_images(writer, 2, "in", SLIM_INT32, &shape, pixels, 1, NULL), SLIM_ERR_TYPE);
  ck_assert_int_eq(slim_event_writer_close(writer, NULL), SLIM_OK);
  slim_event_reader *reader = open_events(path);
  slim_event event;
  for (int i = 0; i < 4; i++) {
    char tag[32];
    (void)snprintf(tag, sizeof tag, "in/image/%d", i);
    next_event(reader, &event);
    ck_assert_str_eq(event.tag, tag);
    check_pixels(&event, expected[i], 1, 2, 3);
  }
  next_event(reader, &event);
  ck_assert_str_eq(event.tag, "raw/image");
  check_pixels(&event, expected[0], 1, 2, 3);
  ck_assert_int_eq(slim_event_reader_next(reader, &event, NULL), SLIM_ERR_END);
  slim_event_reader_close(reader);
}
END_TEST

/* The bytes of our HistogramProto against those that TensorFlow wrote for the same values. */
static void check_same_histogram(const slim_event *theirs, int step)
{
  float values[100];
  for (int i = 0; i < 100; i++) {
    values[i] = ((float)i / 8 - 3) * (float)step;
  }
  slim_event_writer *writer = open_writer(NULL);
  char path[512];
  (void)snprintf(path, sizeof path, "%s", slim_event_writer_path(writer));
  ck_assert_int_eq(slim_event_writer_histogram(writer, 1, "w", values, 100, NULL), SLIM_OK);
  ck_assert_int_eq(slim_event_writer_close(writer, NULL), SLIM_OK);
  slim_event_reader *reader = open_events(path);
  slim_event event;
  next_event(reader, &event);
  const slim_histogram *a = &event.histogram, *b = &theirs->histogram;
  ck_assert(a->min == b->min && a->max == b->max && a->num == b->num && a->sum == b->sum);
  ck_assert_double_eq(a->sum_squares, b->sum_squares);
  ck_assert_uint_eq(a->buckets, b->buckets);
  ck_assert_mem_eq(a->limit, b->limit, a->buckets * sizeof(double));
  ck_assert_mem_eq(a->count, b->count, a->buckets * sizeof(double));
  slim_event_reader_close(reader);
}

START_TEST(events_that_tensorflow_wrote)
{
  slim_event_reader *reader = open_events(test_data("events.tfevents"));
  slim_event event;
  int scalars = 0, histograms = 0, others = 0, images = 0, sessions = 0;
  while (slim_event_reader_next(reader, &event, NULL) == SLIM_OK) {
    if (event.kind == SLIM_EVENT_SCALAR) {
      ck_assert_str_eq(event.tag, "loss");
      ck_assert_int_eq(event.step, scalars);
      ck_assert_float_eq((float)event.scalar, 1.0f / (float)++scalars);
    } else if (event.kind == SLIM_EVENT_HISTOGRAM) {
      ck_assert_str_eq(event.tag, "weights");
      check_same_histogram(&event, histograms++);
    } else if (event.kind == SLIM_EVENT_IMAGE) {
      ck_assert(event.height == 3 && event.width == 4 && event.step == 3);
      images++;
    } else if (event.kind == SLIM_EVENT_SESSION) {
      ck_assert_str_eq(event.text, "model.ckpt-3");
      ck_assert_int_eq(event.session, SLIM_SESSION_CHECKPOINT);
      sessions++;
    } else {
      others++;
    }
  }
  ck_assert(scalars == 3 && histograms == 3 && images == 2 && sessions == 1 && others == 0);
  slim_event_reader_close(reader);
}
END_TEST

START_TEST(damaged_events_are_errors)
{
  /* summary with a value cut off; histogram with lists of two lengths; image cut off */
  static const struct {
    const char *event;
    size_t size;
  } bad[] = { { "\x2A\x03\x0A\x05\x0A", 5 },
              { "\x2A\x0E\x0A\x0C\x2A\x0A\x31\0\0\0\0\0\0\0\0\x3A", 16 },
              { "\x2A\x05\x0A\x03\x22\x01\x0A", 7 },
              { "\x09\x01", 2 } };
  slim_bytes file = { 0 };
  slim_event_reader *reader = NULL;
  slim_event event;
  slim_tfrecord_append(&file, bad[_i].event, bad[_i].size);
  ck_assert_int_eq(slim_event_reader_open_memory(slim_span_of(&file), "e", &reader, NULL), SLIM_OK);
  ck_assert_int_eq(slim_event_reader_next(reader, &event, NULL), SLIM_ERR_DATA);
  slim_event_reader_close(reader);
  slim_bytes_free(&file);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, test_folder_make, test_folder_remove);
  tcase_add_test(c, scalars_and_sessions_come_back);
  tcase_add_test(c, files_have_names_of_their_own);
  tcase_add_loop_test(c, histograms_count, 0, 3);
  tcase_add_loop_test(c, histograms_refuse_what_is_not_finite, 0, 2);
  tcase_add_test(c, images_are_scaled);
  tcase_add_test(c, events_that_tensorflow_wrote);
  tcase_add_loop_test(c, damaged_events_are_errors, 0, 4);
}

TEST_MAIN("events", build, NULL)
