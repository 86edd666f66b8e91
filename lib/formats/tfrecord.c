#include "formats/tfrecord.h"

#include "base/crc32c.h"
#include "base/file.h"
#include "formats/stream.h"

#include <stdlib.h>

#define LARGEST_RECORD 0x7FFFFFFFu /* as large as a protobuf may be */
#define PIECE (1u << 20)           /* memory grows with what really arrives, not with the stated length */

struct slim_tfrecord_reader {
  slim_stream *stream;
  uint64_t next; /* start of the next record */
  slim_bytes record;
};

static slim_status wrap(slim_stream *stream, slim_tfrecord_reader **out, slim_error *error)
{
  slim_tfrecord_reader *reader = calloc(1, sizeof *reader);
  if (!reader) {
    slim_stream_close(stream);
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a TFRecord reader");
  }
  reader->stream = stream;
  *out = reader;
  return SLIM_OK;
}

slim_status slim_tfrecord_reader_open(const char *path, slim_tfrecord_reader **out, slim_error *error)
{
  slim_stream *stream = NULL;
  *out = NULL;
  const slim_status status = slim_stream_open(path, &stream, error);
  return status == SLIM_OK ? wrap(stream, out, error) : status;
}

slim_status slim_tfrecord_reader_open_memory(slim_span bytes, const char *name, slim_tfrecord_reader **out,
                                             slim_error *error)
{
  slim_stream *stream = NULL;
  *out = NULL;
  const slim_status status = slim_stream_open_memory(bytes, name, &stream, error);
  return status == SLIM_OK ? wrap(stream, out, error) : status;
}

void slim_tfrecord_reader_close(slim_tfrecord_reader *reader)
{
  if (reader) {
    slim_stream_close(reader->stream);
    slim_bytes_free(&reader->record);
    free(reader);
  }
}

static slim_status damaged(const slim_tfrecord_reader *reader, const char *what, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_DATA, "TFRecord '%s': %s in the record at byte %llu",
                        slim_stream_name(reader->stream), what, (unsigned long long)reader->next);
}

/* Length of the next record: OK or SLIM_ERR_END. */
static slim_status read_head(slim_tfrecord_reader *reader, uint64_t *length, slim_error *error)
{
  unsigned char head[SLIM_TFRECORD_HEAD];
  size_t got = 0;
  const slim_status status = slim_stream_read(reader->stream, head, sizeof head, &got, error);
  if (status != SLIM_OK) {
    return status;
  }
  if (got == 0) {
    return SLIM_ERR_END;
  }
  if (got < sizeof head) {
    return damaged(reader, "file ends", error);
  }
  if (slim_load_u32(head + 8) != slim_crc32c_masked(head, 8)) {
    return damaged(reader, "wrong checksum of the length", error);
  }
  *length = slim_load_u64(head);
  return *length > LARGEST_RECORD ? damaged(reader, "length over 2 GiB", error) : SLIM_OK;
}

static slim_status read_body(slim_tfrecord_reader *reader, size_t size, slim_error *error)
{
  slim_bytes *record = &reader->record;
  record->size = 0;
  while (record->size < size) {
    const size_t left = size - record->size;
    const size_t want = left < PIECE ? left : PIECE;
    unsigned char *at = slim_bytes_reserve(record, want);
    if (!at) {
      return slim_error_set(error, SLIM_ERR_MEMORY, "TFRecord '%s': no memory for a record of %zu bytes",
                            slim_stream_name(reader->stream), size - SLIM_TFRECORD_TAIL);
    }
    size_t got = 0;
    const slim_status status = slim_stream_read(reader->stream, at, want, &got, error);
    if (status != SLIM_OK) {
      return status;
    }
    if (got < want) {
      return damaged(reader, "file ends", error);
    }
    record->size += got;
  }
  return SLIM_OK;
}

slim_status slim_tfrecord_reader_next(slim_tfrecord_reader *reader, slim_span *record, slim_error *error)
{
  uint64_t length = 0;
  slim_status status = read_head(reader, &length, error);
  if (status == SLIM_OK) {
    status = read_body(reader, (size_t)length + SLIM_TFRECORD_TAIL, error);
  }
  if (status != SLIM_OK) {
    return status;
  }
  const unsigned char *data = reader->record.data;
  if (slim_load_u32(data + length) != slim_crc32c_masked(data, (size_t)length)) {
    return damaged(reader, "wrong checksum of the data", error);
  }
  reader->next += SLIM_TFRECORD_HEAD + length + SLIM_TFRECORD_TAIL;
  *record = (slim_span){ data, (size_t)length };
  return SLIM_OK;
}

slim_status slim_tfrecord_reader_skip(slim_tfrecord_reader *reader, slim_error *error)
{
  uint64_t length = 0;
  const slim_status status = read_head(reader, &length, error);
  return status == SLIM_OK
             ? slim_tfrecord_reader_seek(reader, reader->next + SLIM_TFRECORD_HEAD + length + SLIM_TFRECORD_TAIL, error)
             : status;
}

uint64_t slim_tfrecord_reader_position(const slim_tfrecord_reader *reader)
{
  return reader->next;
}

slim_status slim_tfrecord_reader_seek(slim_tfrecord_reader *reader, uint64_t position, slim_error *error)
{
  const slim_status status = slim_stream_seek(reader->stream, position, error);
  if (status == SLIM_OK) {
    reader->next = position;
  }
  return status;
}

void slim_tfrecord_head(size_t size, unsigned char head[SLIM_TFRECORD_HEAD])
{
  slim_store_u64(head, size);
  slim_store_u32(head + 8, slim_crc32c_masked(head, 8));
}

void slim_tfrecord_tail(const void *data, size_t size, unsigned char tail[SLIM_TFRECORD_TAIL])
{
  slim_store_u32(tail, slim_crc32c_masked(data, size));
}

void slim_tfrecord_append(slim_bytes *out, const void *data, size_t size)
{
  unsigned char head[SLIM_TFRECORD_HEAD], tail[SLIM_TFRECORD_TAIL];
  slim_tfrecord_head(size, head);
  slim_tfrecord_tail(data, size, tail);
  slim_bytes_append(out, head, sizeof head);
  slim_bytes_append(out, data, size);
  slim_bytes_append(out, tail, sizeof tail);
}

struct slim_tfrecord_writer {
  slim_file_writer *file;
};

slim_status slim_tfrecord_writer_open(const char *path, slim_tfrecord_writer **out, slim_error *error)
{
  *out = NULL;
  slim_tfrecord_writer *writer = calloc(1, sizeof *writer);
  if (!writer) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory to write '%s'", path);
  }
  const slim_status status = slim_file_writer_open(path, &writer->file, error);
  if (status != SLIM_OK) {
    free(writer);
    return status;
  }
  *out = writer;
  return SLIM_OK;
}

slim_status slim_tfrecord_writer_write(slim_tfrecord_writer *writer, const void *data, size_t size, slim_error *error)
{
  unsigned char head[SLIM_TFRECORD_HEAD], tail[SLIM_TFRECORD_TAIL];
  if (size > LARGEST_RECORD) {
    return slim_error_set(error, SLIM_ERR_ARG, "a record of %zu bytes is over 2 GiB", size);
  }
  slim_tfrecord_head(size, head);
  slim_tfrecord_tail(data, size, tail);
  slim_status status = slim_file_writer_write(writer->file, head, sizeof head, error);
  if (status == SLIM_OK) {
    status = slim_file_writer_write(writer->file, data, size, error);
  }
  return status == SLIM_OK ? slim_file_writer_write(writer->file, tail, sizeof tail, error) : status;
}

slim_status slim_tfrecord_writer_finish(slim_tfrecord_writer *writer, slim_error *error)
{
  const slim_status status = slim_file_writer_commit(writer->file, error);
  free(writer);
  return status;
}

void slim_tfrecord_writer_discard(slim_tfrecord_writer *writer)
{
  if (writer) {
    slim_file_writer_discard(writer->file);
    free(writer);
  }
}
