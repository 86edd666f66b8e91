#include "summary/event_reader.h"

#include "formats/protobuf.h"
#include "formats/tfrecord.h"
#include "summary/event_fields.h"

#include <stdlib.h>
#include <string.h>

struct slim_event_reader {
  slim_tfrecord_reader *records;
  slim_proto values; /* of the summary at hand */
  double wall_time;
  int64_t step;
  slim_bytes tag, text, limits, counts;
};

static slim_status wrap(slim_tfrecord_reader *records, slim_event_reader **out, slim_error *error)
{
  slim_event_reader *reader = calloc(1, sizeof *reader);
  if (!reader) {
    slim_tfrecord_reader_close(records);
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for an event reader");
  }
  reader->records = records;
  *out = reader;
  return SLIM_OK;
}

slim_status slim_event_reader_open(const char *path, slim_event_reader **out, slim_error *error)
{
  *out = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_tfrecord_reader *records = NULL;
  const slim_status status = slim_tfrecord_reader_open(path, &records, error);
  return status == SLIM_OK ? wrap(records, out, error) : status;
}

slim_status slim_event_reader_open_memory(slim_span bytes, const char *name, slim_event_reader **out, slim_error *error)
{
  slim_tfrecord_reader *records = NULL;
  *out = NULL;
  const slim_status status = slim_tfrecord_reader_open_memory(bytes, name, &records, error);
  return status == SLIM_OK ? wrap(records, out, error) : status;
}

void slim_event_reader_close(slim_event_reader *reader)
{
  if (reader) {
    slim_tfrecord_reader_close(reader->records);
    slim_bytes_free(&reader->tag);
    slim_bytes_free(&reader->text);
    slim_bytes_free(&reader->limits);
    slim_bytes_free(&reader->counts);
    free(reader);
  }
}

/* Ended by a NUL, in a buffer of the reader. */
static const char *keep_text(slim_bytes *buffer, slim_span text)
{
  buffer->size = 0;
  slim_bytes_append(buffer, text.data, text.size);
  slim_bytes_append_u8(buffer, 0);
  return buffer->failed ? "" : (const char *)buffer->data;
}

/* Appends the doubles of a field, packed or not. */
static bool keep_doubles(slim_bytes *list, slim_proto_field *field)
{
  uint64_t bits = 0;
  bool damaged = false;
  while (slim_proto_take(field, SLIM_WIRE_FIXED64, &bits, &damaged)) {
    const double value = slim_proto_double(bits);
    slim_bytes_append(list, &value, sizeof value);
  }
  return !damaged && !list->failed;
}

static bool parse_histogram(slim_event_reader *reader, slim_span message, slim_histogram *h)
{
  double *const number[] = { NULL, &h->min, &h->max, &h->num, &h->sum, &h->sum_squares };
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  reader->limits.size = reader->counts.size = 0;
  while (slim_proto_next(&in, &field)) {
    if (field.number <= HISTOGRAM_SUM_SQUARES && field.wire == SLIM_WIRE_FIXED64) {
      *number[field.number] = slim_proto_double(field.value);
    } else if (field.number == HISTOGRAM_LIMIT || field.number == HISTOGRAM_BUCKET) {
      if (!keep_doubles(field.number == HISTOGRAM_LIMIT ? &reader->limits : &reader->counts, &field)) {
        return false;
      }
    }
  }
  h->buckets = reader->limits.size / sizeof(double);
  h->limit = (const double *)(const void *)reader->limits.data;
  h->count = (const double *)(const void *)reader->counts.data;
  return !in.damaged && reader->limits.size == reader->counts.size;
}

static int small_int(uint64_t value)
{
  return value > INT32_MAX ? 0 : (int)value;
}

static bool parse_image(slim_span message, slim_event *event)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  while (slim_proto_next(&in, &field)) {
    if (field.number == IMAGE_HEIGHT && field.wire == SLIM_WIRE_VARINT) {
      event->height = small_int(field.value);
    } else if (field.number == IMAGE_WIDTH && field.wire == SLIM_WIRE_VARINT) {
      event->width = small_int(field.value);
    } else if (field.number == IMAGE_ENCODED && field.wire == SLIM_WIRE_BYTES) {
      event->image = field.bytes.data;
      event->image_size = field.bytes.size;
    }
  }
  return !in.damaged;
}

static bool parse_value(slim_event_reader *reader, slim_span message, slim_event *event)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  bool good = true;
  event->kind = SLIM_EVENT_OTHER;
  while (good && slim_proto_next(&in, &field)) {
    const bool bytes = field.wire == SLIM_WIRE_BYTES;
    if (field.number == VALUE_TAG && bytes) {
      event->tag = keep_text(&reader->tag, field.bytes);
    } else if (field.number == VALUE_SIMPLE && field.wire == SLIM_WIRE_FIXED32) {
      event->kind = SLIM_EVENT_SCALAR;
      event->scalar = (double)slim_proto_float(field.value);
    } else if (field.number == VALUE_HISTOGRAM && bytes) {
      event->kind = SLIM_EVENT_HISTOGRAM;
      good = parse_histogram(reader, field.bytes, &event->histogram);
    } else if (field.number == VALUE_IMAGE && bytes) {
      event->kind = SLIM_EVENT_IMAGE;
      good = parse_image(field.bytes, event);
    }
  }
  return good && !in.damaged;
}

static bool parse_session(slim_event_reader *reader, slim_span message, slim_event *event)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  event->kind = SLIM_EVENT_SESSION;
  while (slim_proto_next(&in, &field)) {
    if (field.number == SESSION_STATUS && field.wire == SLIM_WIRE_VARINT) {
      event->session = (slim_session_status)small_int(field.value);
    } else if (field.number == SESSION_CHECKPOINT_PATH && field.wire == SLIM_WIRE_BYTES) {
      event->text = keep_text(&reader->text, field.bytes);
    }
  }
  return !in.damaged;
}

/* The event's time and step and the field that is its content; number 0 without one. */
static bool parse_event(slim_event_reader *reader, slim_span record, slim_proto_field *content)
{
  slim_proto in = slim_proto_of(record);
  slim_proto_field field;
  *content = (slim_proto_field){ 0 };
  reader->wall_time = 0.0;
  reader->step = 0;
  while (slim_proto_next(&in, &field)) {
    if (field.number == EVENT_WALL_TIME && field.wire == SLIM_WIRE_FIXED64) {
      reader->wall_time = slim_proto_double(field.value);
    } else if (field.number == EVENT_STEP && field.wire == SLIM_WIRE_VARINT) {
      reader->step = slim_proto_int(&field);
    } else if (field.wire == SLIM_WIRE_BYTES && field.number != EVENT_SOURCE_METADATA) {
      *content = field;
    }
  }
  return !in.damaged;
}

static void start_event(const slim_event_reader *reader, slim_event *event)
{
  *event = (slim_event){ .wall_time = reader->wall_time, .step = reader->step, .tag = "", .text = "" };
}

/* The next value of the summary at hand; false when there is none left. */
static bool next_value(slim_event_reader *reader, slim_event *event, bool *damaged)
{
  slim_proto_field field;
  while (slim_proto_next(&reader->values, &field)) {
    if (field.number == SUMMARY_VALUE && field.wire == SLIM_WIRE_BYTES) {
      start_event(reader, event);
      *damaged = !parse_value(reader, field.bytes, event);
      return true;
    }
  }
  *damaged = reader->values.damaged;
  return *damaged;
}

static slim_status damaged_event(const slim_event_reader *reader, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_DATA, "damaged event before byte %llu",
                        (unsigned long long)slim_tfrecord_reader_position(reader->records));
}

slim_status slim_event_reader_next(slim_event_reader *reader, slim_event *event, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  bool damaged = false;
  slim_proto_field content;
  slim_span record = { 0 };
  for (;;) {
    if (next_value(reader, event, &damaged)) {
      return damaged ? damaged_event(reader, error) : SLIM_OK;
    }
    const slim_status status = slim_tfrecord_reader_next(reader->records, &record, error);
    if (status != SLIM_OK) {
      return status;
    }
    if (!parse_event(reader, record, &content)) {
      return damaged_event(reader, error);
    }
    if (content.number == EVENT_SUMMARY) {
      reader->values = slim_proto_of(content.bytes);
      continue;
    }
    start_event(reader, event);
    event->kind = SLIM_EVENT_OTHER;
    if (content.number == EVENT_FILE_VERSION) {
      event->kind = SLIM_EVENT_VERSION;
      event->text = keep_text(&reader->text, content.bytes);
    } else if (content.number == EVENT_SESSION_LOG && !parse_session(reader, content.bytes, event)) {
      return damaged_event(reader, error);
    }
    return SLIM_OK;
  }
}
