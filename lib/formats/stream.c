#include "formats/stream.h"

#include "base/crc32c.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BUFFER_SIZE 65536u
#define LARGEST_PIECE ((size_t)1 << 26) /* that zlib gets at once */
#define RECORD_HEAD 12u

struct slim_stream {
  FILE *file; /* NULL over memory */
  slim_span memory;
  size_t memory_at;
  char *name;
  uint64_t position;
  bool compressed, ended; /* ended: the compressed stream is complete */
  z_stream z;
  size_t at, size; /* in buffer */
  unsigned char buffer[BUFFER_SIZE];
};

static slim_status io_failed(const slim_stream *s, const char *what, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_IO, "cannot %s '%s': %s", what, s->name, strerror(errno));
}

/* Bytes as they are stored; fewer than size at the end. */
static slim_status read_stored(slim_stream *s, void *data, size_t size, size_t *got, slim_error *error)
{
  if (!s->file) {
    const size_t left = s->memory.size - s->memory_at;
    *got = size < left ? size : left;
    if (*got > 0) {
      memcpy(data, s->memory.data + s->memory_at, *got);
      s->memory_at += *got;
    }
    return SLIM_OK;
  }
  errno = 0;
  *got = fread(data, 1, size, s->file);
  return ferror(s->file) ? io_failed(s, "read", error) : SLIM_OK;
}

static slim_status fill(slim_stream *s, slim_error *error)
{
  s->at = 0;
  return read_stored(s, s->buffer, BUFFER_SIZE, &s->size, error);
}

/* A record's length of 120 bytes starts like a zlib stream; the checksum behind it decides. */
static bool is_compressed(const unsigned char *head, size_t size)
{
  if (size < 2 || (size >= RECORD_HEAD && slim_load_u32(head + 8) == slim_crc32c_masked(head, 8))) {
    return false;
  }
  const bool gzip = head[0] == 0x1F && head[1] == 0x8B;
  const bool zlib_stream = (head[0] & 15) == 8 && head[0] >> 4 <= 7 && (head[0] * 256 + head[1]) % 31 == 0;
  return gzip || zlib_stream;
}

static slim_status start(slim_stream *s, slim_error *error)
{
  const slim_status status = fill(s, error);
  if (status != SLIM_OK) {
    return status;
  }
  s->compressed = is_compressed(s->buffer, s->size);
  if (s->compressed && inflateInit2(&s->z, 15 + 32) != Z_OK) { /* + 32: gzip or zlib by the header */
    s->compressed = false;
    return slim_error_set(error, SLIM_ERR_MEMORY, "'%s': no memory to decompress", s->name);
  }
  return SLIM_OK;
}

static slim_status open_any(FILE *file, slim_span bytes, const char *name, slim_stream **out, slim_error *error)
{
  slim_stream *s = calloc(1, sizeof *s);
  if (!s || !(s->name = strdup(name))) {
    free(s);
    if (file) {
      (void)fclose(file);
    }
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory to read '%s'", name);
  }
  s->file = file;
  s->memory = bytes;
  const slim_status status = start(s, error);
  if (status != SLIM_OK) {
    slim_stream_close(s);
    return status;
  }
  *out = s;
  return SLIM_OK;
}

slim_status slim_stream_open(const char *path, slim_stream **out, slim_error *error)
{
  *out = NULL;
  FILE *file = fopen(path, "rb");
  if (!file) {
    const slim_status status = errno == ENOENT || errno == ENOTDIR ? SLIM_ERR_NOT_FOUND : SLIM_ERR_IO;
    return slim_error_set(error, status, "cannot open '%s': %s", path, strerror(errno));
  }
  return open_any(file, (slim_span){ 0 }, path, out, error);
}

slim_status slim_stream_open_memory(slim_span bytes, const char *name, slim_stream **out, slim_error *error)
{
  *out = NULL;
  return open_any(NULL, bytes, name, out, error);
}

void slim_stream_close(slim_stream *s)
{
  if (!s) {
    return;
  }
  if (s->compressed) {
    inflateEnd(&s->z);
  }
  if (s->file) {
    (void)fclose(s->file);
  }
  free(s->name);
  free(s);
}

const char *slim_stream_name(const slim_stream *s)
{
  return s->name;
}

uint64_t slim_stream_position(const slim_stream *s)
{
  return s->position;
}

static slim_status read_plain(slim_stream *s, unsigned char *data, size_t size, size_t *got, slim_error *error)
{
  const size_t left = s->size - s->at;
  const size_t first = size < left ? size : left;
  memcpy(data, s->buffer + s->at, first);
  s->at += first;
  *got = first;
  if (first == size) {
    return SLIM_OK;
  }
  slim_status status = SLIM_OK;
  size_t more = 0;
  if (size - first >= BUFFER_SIZE) {
    s->at = s->size = 0;
    status = read_stored(s, data + first, size - first, &more, error);
  } else {
    status = fill(s, error);
    more = size - first < s->size ? size - first : s->size;
    memcpy(data + first, s->buffer, more);
    s->at = more;
  }
  *got += more;
  return status;
}

static slim_status inflate_failed(const slim_stream *s, int code, slim_error *error)
{
  if (code == Z_MEM_ERROR) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "'%s': no memory to decompress", s->name);
  }
  const char *why = s->z.msg ? s->z.msg : code == Z_BUF_ERROR ? "the file is cut off" : "wrong data";
  return slim_error_set(error, SLIM_ERR_DATA, "'%s': damaged compressed data behind byte %llu: %s", s->name,
                        (unsigned long long)s->position, why);
}

/* Input for inflate; at the end of a stream a further one may follow, as gzip allows. */
static slim_status next_input(slim_stream *s, slim_error *error)
{
  if (s->at == s->size) {
    const slim_status status = fill(s, error);
    if (status != SLIM_OK) {
      return status;
    }
  }
  if (s->ended && s->at < s->size) {
    inflateReset(&s->z);
    s->ended = false;
  }
  return SLIM_OK;
}

static slim_status read_compressed(slim_stream *s, unsigned char *data, size_t size, size_t *got, slim_error *error)
{
  *got = 0;
  while (*got < size) {
    const slim_status status = next_input(s, error);
    if (status != SLIM_OK || s->ended) {
      return status;
    }
    const size_t room = size - *got < LARGEST_PIECE ? size - *got : LARGEST_PIECE;
    s->z.next_in = s->buffer + s->at;
    s->z.avail_in = (uInt)(s->size - s->at);
    s->z.next_out = data + *got;
    s->z.avail_out = (uInt)room;
    const int code = inflate(&s->z, Z_NO_FLUSH);
    s->at = s->size - s->z.avail_in;
    *got += room - s->z.avail_out;
    s->ended = code == Z_STREAM_END;
    if (code != Z_OK && code != Z_STREAM_END) {
      return inflate_failed(s, code, error);
    }
  }
  return SLIM_OK;
}

slim_status slim_stream_read(slim_stream *s, void *data, size_t size, size_t *got, slim_error *error)
{
  const slim_status status =
      s->compressed ? read_compressed(s, data, size, got, error) : read_plain(s, data, size, got, error);
  s->position += *got;
  return status;
}

static slim_status seek_stored(slim_stream *s, uint64_t position, slim_error *error)
{
  s->at = s->size = 0;
  if (!s->file) {
    s->memory_at = position < s->memory.size ? (size_t)position : s->memory.size;
    return SLIM_OK;
  }
  return position > INT64_MAX || fseeko(s->file, (off_t)position, SEEK_SET) != 0 ? io_failed(s, "seek in", error)
                                                                                 : SLIM_OK;
}

static slim_status skip_to(slim_stream *s, uint64_t position, slim_error *error)
{
  unsigned char waste[4096];
  while (s->position < position) {
    const uint64_t left = position - s->position;
    const size_t want = left < sizeof waste ? (size_t)left : sizeof waste;
    size_t got = 0;
    const slim_status status = slim_stream_read(s, waste, want, &got, error);
    if (status != SLIM_OK || got < want) {
      return status;
    }
  }
  return SLIM_OK;
}

slim_status slim_stream_seek(slim_stream *s, uint64_t position, slim_error *error)
{
  if (s->compressed && position >= s->position) {
    return skip_to(s, position, error);
  }
  const uint64_t buffer_start = s->position - s->at;
  if (!s->compressed && position >= buffer_start && position - buffer_start <= s->size) {
    s->at = (size_t)(position - buffer_start);
    s->position = position;
    return SLIM_OK;
  }
  const slim_status status = seek_stored(s, s->compressed ? 0 : position, error);
  if (status != SLIM_OK) {
    return status;
  }
  if (!s->compressed) {
    s->position = position;
    return SLIM_OK;
  }
  inflateReset(&s->z);
  s->ended = false;
  s->position = 0;
  return skip_to(s, position, error);
}
