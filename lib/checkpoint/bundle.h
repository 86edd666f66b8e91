/* Checkpoint V2, the "tensor bundle": PREFIX.index and PREFIX.data-00000-of-00001. */
#ifndef SLIM_CHECKPOINT_BUNDLE_H
#define SLIM_CHECKPOINT_BUNDLE_H

#include "checkpoint/entries.h"

typedef struct slim_bundle_reader slim_bundle_reader;

slim_status slim_bundle_reader_open(const char *prefix, slim_bundle_reader **out, slim_error *error);
/** The same with the bytes of the index at hand; data files are still found by prefix. */
slim_status slim_bundle_reader_open_memory(slim_span index, const char *prefix, slim_bundle_reader **out,
                                           slim_error *error);
/** NULL is fine. */
void slim_bundle_reader_close(slim_bundle_reader *reader);
/** Sorted by name. */
const slim_checkpoint_items *slim_bundle_reader_items(const slim_bundle_reader *reader);
/** Reads the values of a tensor, joining slices; bytes must be those of the entry. data NULL: they are only checked. */
slim_status slim_bundle_read(slim_bundle_reader *reader, const char *name, void *data, size_t bytes, slim_error *error);
/** Element i of a string tensor; free() text. */
slim_status slim_bundle_read_string(slim_bundle_reader *reader, const char *name, size_t i, char **text, size_t *size,
                                    slim_error *error);

/** PREFIX.SUFFIX in new memory; NULL without. */
char *slim_bundle_path(const char *prefix, const char *suffix);

/** Writes a bundle of one shard. Nothing is seen at its place before finish. */
typedef struct slim_bundle_writer slim_bundle_writer;
slim_status slim_bundle_writer_open(const char *prefix, slim_bundle_writer **out, slim_error *error);
/** Begins a tensor of a type with a fixed size; its row-major values follow in pieces, all of them before the next
 * begins. Errors: SLIM_ERR_ARG (empty name, open shape, type), SLIM_ERR_MEMORY. */
slim_status slim_bundle_writer_begin(slim_bundle_writer *writer, const char *name, slim_dtype dtype,
                                     const slim_shape *shape, slim_error *error);
/** Errors: SLIM_ERR_IO. */
slim_status slim_bundle_writer_put(slim_bundle_writer *writer, const void *data, size_t bytes, slim_error *error);
/** Completes both files and frees writer in any case. Errors: SLIM_ERR_EXISTS for a name added twice, SLIM_ERR_IO. */
slim_status slim_bundle_writer_finish(slim_bundle_writer *writer, slim_error *error);
/** Leaves no file behind. NULL is fine. */
void slim_bundle_writer_discard(slim_bundle_writer *writer);

#endif
