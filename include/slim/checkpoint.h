/* Checkpoints: reading TensorFlow's V2 bundles and V1 files by name, and finding the latest one of a folder. */
#ifndef SLIM_CHECKPOINT_H
#define SLIM_CHECKPOINT_H

#include "slim/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A checkpoint opened for reading. Not for use by two threads at once. */
typedef struct slim_checkpoint_reader slim_checkpoint_reader;

/** One tensor of a checkpoint. */
typedef struct slim_checkpoint_entry {
  const char *name;
  slim_dtype dtype;      /* TensorFlow's number, also for types that graphs do not have */
  const char *type_name; /* "float32", "bfloat16", ... */
  slim_shape shape;
  size_t bytes; /* of the values in memory; of a string tensor: as stored */
} slim_checkpoint_entry;

/** Opens a checkpoint by its prefix ("model.ckpt-1200": V2) or by its file or the prefix of its shards (V1).
 * Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_IO, SLIM_ERR_DATA (damaged), SLIM_ERR_UNSUPPORTED (big-endian, rank over 6). */
SLIM_API slim_status slim_checkpoint_reader_open(const char *prefix, slim_checkpoint_reader **out, slim_error *error);
/** NULL is fine. */
SLIM_API void slim_checkpoint_reader_close(slim_checkpoint_reader *reader);
/** 1 or 2. */
SLIM_API int slim_checkpoint_reader_version(const slim_checkpoint_reader *reader);
SLIM_API size_t slim_checkpoint_reader_count(const slim_checkpoint_reader *reader);
/** Entry i in the order of names, NULL outside; valid until close. */
SLIM_API const slim_checkpoint_entry *slim_checkpoint_reader_entry(const slim_checkpoint_reader *reader, size_t i);
/** The entry of that name, NULL if there is none. */
SLIM_API const slim_checkpoint_entry *slim_checkpoint_reader_find(const slim_checkpoint_reader *reader,
                                                                  const char *name);
/** Reads the values of a tensor, row-major, into data; bytes must be those of its entry. Partitioned variables are
 * joined, checksums verified. Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_ARG (another size), SLIM_ERR_DATA, SLIM_ERR_IO,
 * SLIM_ERR_UNSUPPORTED (strings). */
SLIM_API slim_status slim_checkpoint_reader_read(slim_checkpoint_reader *reader, const char *name, void *data,
                                                 size_t bytes, slim_error *error);
/** Element i of a string tensor into new memory, ended by a NUL that size does not count; free() it. V2 only. */
SLIM_API slim_status slim_checkpoint_reader_read_string(slim_checkpoint_reader *reader, const char *name, size_t i,
                                                        char **text, size_t *size, slim_error *error);

/** True when the files of a checkpoint with this prefix are there. */
SLIM_API bool slim_checkpoint_exists(const char *prefix);
/** The prefix that the folder's `checkpoint` file names as the latest, if its files exist, into path.
 * Errors: SLIM_ERR_NOT_FOUND (path is ""), SLIM_ERR_DATA (damaged file), SLIM_ERR_ARG (size too small). */
SLIM_API slim_status slim_latest_checkpoint(const char *folder, char *path, size_t size);

#ifdef __cplusplus
}
#endif
#endif
