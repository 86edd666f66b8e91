#include "formats/idx.h"

#include "base/size.h"
#include "formats/stream.h"

#include <limits.h>
#include <stdlib.h>

#define TYPE_BYTE 8
#define PIECE (1u << 20) /* memory grows with what really arrives */

static slim_status damaged(const slim_stream *stream, const char *what, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_DATA, "IDX file '%s': %s", slim_stream_name(stream), what);
}

static slim_status read_exactly(slim_stream *stream, void *data, size_t size, slim_error *error)
{
  size_t got = 0;
  const slim_status status = slim_stream_read(stream, data, size, &got, error);
  return status == SLIM_OK && got < size ? damaged(stream, "the file is cut off", error) : status;
}

static slim_status read_shape(slim_stream *stream, slim_shape *shape, slim_error *error)
{
  unsigned char head[4];
  slim_status status = read_exactly(stream, head, sizeof head, error);
  if (status != SLIM_OK) {
    return status;
  }
  if (head[0] != 0 || head[1] != 0 || head[3] > SLIM_MAX_RANK) {
    return damaged(stream, "does not start with an IDX magic number", error);
  }
  if (head[2] != TYPE_BYTE) {
    return slim_error_set(error, SLIM_ERR_UNSUPPORTED, "IDX file '%s': element type 0x%02X, only bytes (0x08) are read",
                          slim_stream_name(stream), head[2]);
  }
  shape->rank = head[3];
  for (int i = 0; i < shape->rank; i++) {
    status = read_exactly(stream, head, sizeof head, error);
    if (status != SLIM_OK) {
      return status;
    }
    const uint32_t size = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
    if (size > INT_MAX) {
      return damaged(stream, "a dimension over 2147483647", error);
    }
    shape->dim[i] = (int)size;
  }
  return SLIM_OK;
}

static bool count_bytes(const slim_shape *shape, size_t limit, size_t *bytes)
{
  *bytes = 1;
  for (int i = 0; i < shape->rank; i++) {
    if (!slim_size_mul(*bytes, (size_t)shape->dim[i], bytes)) {
      return false;
    }
  }
  return *bytes <= limit;
}

static slim_status read_data(slim_stream *stream, size_t size, slim_bytes *data, slim_error *error)
{
  do {
    const size_t left = size - data->size;
    const size_t want = left < PIECE ? left : PIECE;
    unsigned char *at = slim_bytes_reserve(data, want);
    if (!at) {
      return slim_error_set(error, SLIM_ERR_MEMORY, "IDX file '%s': no memory for %zu bytes", slim_stream_name(stream),
                            size);
    }
    const slim_status status = read_exactly(stream, at, want, error);
    if (status != SLIM_OK) {
      return status;
    }
    data->size += want;
  } while (data->size < size);
  return SLIM_OK;
}

static slim_status read_stream(slim_stream *stream, size_t limit, slim_idx *idx, slim_error *error)
{
  size_t size = 0;
  slim_bytes data = { 0 };
  slim_status status = read_shape(stream, &idx->shape, error);
  if (status == SLIM_OK && !count_bytes(&idx->shape, limit, &size)) {
    status = slim_error_set(error, SLIM_ERR_DATA, "IDX file '%s': more than the limit of %zu bytes",
                            slim_stream_name(stream), limit);
  }
  if (status == SLIM_OK) {
    status = read_data(stream, size, &data, error);
  }
  slim_stream_close(stream);
  if (status != SLIM_OK) {
    slim_bytes_free(&data);
    *idx = (slim_idx){ 0 };
    return status;
  }
  idx->data = data.data;
  idx->size = data.size;
  return SLIM_OK;
}

slim_status slim_idx_read(const char *path, size_t limit, slim_idx *idx, slim_error *error)
{
  slim_stream *stream = NULL;
  *idx = (slim_idx){ 0 };
  const slim_status status = slim_stream_open(path, &stream, error);
  return status == SLIM_OK ? read_stream(stream, limit, idx, error) : status;
}

slim_status slim_idx_read_memory(slim_span bytes, const char *name, size_t limit, slim_idx *idx, slim_error *error)
{
  slim_stream *stream = NULL;
  *idx = (slim_idx){ 0 };
  const slim_status status = slim_stream_open_memory(bytes, name, &stream, error);
  return status == SLIM_OK ? read_stream(stream, limit, idx, error) : status;
}

void slim_idx_free(slim_idx *idx)
{
  free(idx->data);
  *idx = (slim_idx){ 0 };
}
