/* TFRecord files: a sequence of records, each with its length and two checksums. Event files are framed alike. */
#ifndef SLIM_FORMATS_TFRECORD_H
#define SLIM_FORMATS_TFRECORD_H

#include "base/bytes.h"
#include "slim/base.h"

#define SLIM_TFRECORD_HEAD 12 /* length, its checksum */
#define SLIM_TFRECORD_TAIL 4  /* checksum of the data */

typedef struct slim_tfrecord_reader slim_tfrecord_reader;

/** Opens a file; whole-file gzip and zlib compression are detected. */
slim_status slim_tfrecord_reader_open(const char *path, slim_tfrecord_reader **out, slim_error *error);
/** The same over bytes that outlive the reader; name is for error texts. */
slim_status slim_tfrecord_reader_open_memory(slim_span bytes, const char *name, slim_tfrecord_reader **out,
                                             slim_error *error);
/** NULL is fine. */
void slim_tfrecord_reader_close(slim_tfrecord_reader *reader);
/** The next record, valid until the next call. SLIM_ERR_END at the clean end; SLIM_ERR_DATA for a wrong checksum or a
 * record cut off. */
slim_status slim_tfrecord_reader_next(slim_tfrecord_reader *reader, slim_span *record, slim_error *error);
/** Passes over the next record without looking at its data. */
slim_status slim_tfrecord_reader_skip(slim_tfrecord_reader *reader, slim_error *error);
/** Where the next record starts, to come back to with seek. Counts decompressed bytes. */
uint64_t slim_tfrecord_reader_position(const slim_tfrecord_reader *reader);
slim_status slim_tfrecord_reader_seek(slim_tfrecord_reader *reader, uint64_t position, slim_error *error);

/** The bytes before and after a record's data, for writers of their own. */
void slim_tfrecord_head(size_t size, unsigned char head[SLIM_TFRECORD_HEAD]);
void slim_tfrecord_tail(const void *data, size_t size, unsigned char tail[SLIM_TFRECORD_TAIL]);
/** Appends a framed record. */
void slim_tfrecord_append(slim_bytes *out, const void *data, size_t size);

/** Writes a file that appears at path when it is complete. */
typedef struct slim_tfrecord_writer slim_tfrecord_writer;
slim_status slim_tfrecord_writer_open(const char *path, slim_tfrecord_writer **out, slim_error *error);
slim_status slim_tfrecord_writer_write(slim_tfrecord_writer *writer, const void *data, size_t size, slim_error *error);
/** Completes the file and frees writer. */
slim_status slim_tfrecord_writer_finish(slim_tfrecord_writer *writer, slim_error *error);
/** Leaves no file behind. NULL is fine. */
void slim_tfrecord_writer_discard(slim_tfrecord_writer *writer);

#endif
