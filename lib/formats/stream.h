/* Reading a file front to back, decompressed on the way if it is a gzip or zlib stream. */
#ifndef SLIM_FORMATS_STREAM_H
#define SLIM_FORMATS_STREAM_H

#include "base/bytes.h"
#include "slim/base.h"

typedef struct slim_stream slim_stream;

/** Opens path; gzip and zlib streams are known by their first bytes, unless these are the head of a TFRecord. */
slim_status slim_stream_open(const char *path, slim_stream **out, slim_error *error);
/** The same over bytes that must outlive the stream; name is for error texts. */
slim_status slim_stream_open_memory(slim_span bytes, const char *name, slim_stream **out, slim_error *error);
/** NULL is fine. */
void slim_stream_close(slim_stream *stream);
const char *slim_stream_name(const slim_stream *stream);

/** Up to size bytes; *got below size means the end. Errors: SLIM_ERR_IO, SLIM_ERR_DATA (damaged compression). */
slim_status slim_stream_read(slim_stream *stream, void *data, size_t size, size_t *got, slim_error *error);
/** Position in the decompressed bytes. */
uint64_t slim_stream_position(const slim_stream *stream);
/** Goes to a position; a compressed stream is read up to it, from its start when that lies behind. */
slim_status slim_stream_seek(slim_stream *stream, uint64_t position, slim_error *error);

#endif
