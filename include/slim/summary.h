/* Event files for TensorBoard: scalars, histograms and images by step. */
#ifndef SLIM_SUMMARY_H
#define SLIM_SUMMARY_H

#include "slim/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Writes one event file. Not for use by two threads at once. */
typedef struct slim_event_writer slim_event_writer;

/** Makes the folder if need be and a new file "events.out.tfevents.<seconds>.<host><suffix>" in it; suffix may be NULL.
 * An existing file is never touched. Errors: SLIM_ERR_IO, SLIM_ERR_MEMORY. */
SLIM_API slim_status slim_event_writer_open(const char *folder, const char *suffix, slim_event_writer **out,
                                            slim_error *error);
/** Flushes, closes and frees, in any case. NULL is fine. */
SLIM_API slim_status slim_event_writer_close(slim_event_writer *writer, slim_error *error);
/** Hands all that was written to the system. */
SLIM_API slim_status slim_event_writer_flush(slim_event_writer *writer, slim_error *error);
/** The file's path, valid until close. */
SLIM_API const char *slim_event_writer_path(const slim_event_writer *writer);

/** One number of a step. */
SLIM_API slim_status slim_event_writer_scalar(slim_event_writer *writer, int64_t step, const char *tag, float value,
                                              slim_error *error);
/** A histogram over TensorFlow's default buckets. Errors: SLIM_ERR_NUMERIC naming the first NaN or infinity. */
SLIM_API slim_status slim_event_writer_histogram(slim_event_writer *writer, int64_t step, const char *tag,
                                                 const float *values, size_t count, slim_error *error);
/** Up to most of the images of a batch, [n, h, w, c] with 1, 3 or 4 channels, tagged "name/image/0" and so on, or
 * "name/image" when most is 1. uint8 is written as it is; float32 is scaled per image: to 255 for its largest value, or
 * around 128 when it has negative ones; pixels that are not finite become red. Errors: SLIM_ERR_SHAPE, SLIM_ERR_TYPE.
 */
SLIM_API slim_status slim_event_writer_images(slim_event_writer *writer, int64_t step, const char *name,
                                              slim_dtype dtype, const slim_shape *shape, const void *pixels, int most,
                                              slim_error *error);

typedef enum slim_session_status {
  SLIM_SESSION_START = 1,
  SLIM_SESSION_STOP = 2,
  SLIM_SESSION_CHECKPOINT = 3
} slim_session_status;
/** Marks a start, a stop or a checkpoint (with its path; else NULL). TensorBoard drops events behind a restart's step.
 */
SLIM_API slim_status slim_event_writer_session(slim_event_writer *writer, int64_t step, slim_session_status status,
                                               const char *checkpoint, slim_error *error);

/** Reads one event file. */
typedef struct slim_event_reader slim_event_reader;

typedef enum slim_event_kind {
  SLIM_EVENT_VERSION,   /* text: "brain.Event:2" */
  SLIM_EVENT_SCALAR,    /* tag, scalar */
  SLIM_EVENT_HISTOGRAM, /* tag, histogram */
  SLIM_EVENT_IMAGE,     /* tag, width, height */
  SLIM_EVENT_SESSION,   /* session; text: the checkpoint */
  SLIM_EVENT_OTHER      /* tag, or "" */
} slim_event_kind;

typedef struct slim_histogram {
  double min, max, num, sum, sum_squares;
  size_t buckets;
  const double *limit, *count; /* bucket i: limit[i - 1] <= value < limit[i] */
} slim_histogram;

/** One value; strings and lists are valid until the next call. */
typedef struct slim_event {
  double wall_time; /* seconds since 1970 */
  int64_t step;
  slim_event_kind kind;
  const char *tag, *text;
  double scalar;
  slim_histogram histogram;
  int width, height;
  const unsigned char *image; /* PNG */
  size_t image_size;
  slim_session_status session;
} slim_event;

/** Opens an event file. Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_IO. */
SLIM_API slim_status slim_event_reader_open(const char *path, slim_event_reader **out, slim_error *error);
/** NULL is fine. */
SLIM_API void slim_event_reader_close(slim_event_reader *reader);
/** The next value. SLIM_ERR_END behind the last; SLIM_ERR_DATA at a damaged or half-written record. */
SLIM_API slim_status slim_event_reader_next(slim_event_reader *reader, slim_event *event, slim_error *error);

#ifdef __cplusplus
}
#endif
#endif
