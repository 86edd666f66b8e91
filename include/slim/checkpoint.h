/* Checkpoints: reading TensorFlow's V2 bundles and V1 files by name, finding the latest one of a folder, and saving and
 * restoring the variables of a session. */
#ifndef SLIM_CHECKPOINT_H
#define SLIM_CHECKPOINT_H

#include "slim/session.h"

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

/** Opens a checkpoint by its prefix ("model.ckpt-1200": V2), by its file or the prefix of its shards (V1), or by a
 * folder: its latest. So do all that take a checkpoint's path below.
 * Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_IO, SLIM_ERR_DATA (damaged), SLIM_ERR_UNSUPPORTED (big-endian, rank over 6). */
SLIM_API slim_status slim_checkpoint_reader_open(const char *path, slim_checkpoint_reader **out, slim_error *error);
/** NULL is fine. */
SLIM_API void slim_checkpoint_reader_close(slim_checkpoint_reader *reader);
/** 1 or 2. */
SLIM_API int slim_checkpoint_reader_version(const slim_checkpoint_reader *reader);
/** How many entries it has. */
SLIM_API size_t slim_checkpoint_reader_count(const slim_checkpoint_reader *reader);
/** Entry i in the order of names, NULL outside; valid until close. */
SLIM_API const slim_checkpoint_entry *slim_checkpoint_reader_entry(const slim_checkpoint_reader *reader, size_t i);
/** The entry of that name, NULL if there is none. */
SLIM_API const slim_checkpoint_entry *slim_checkpoint_reader_find(const slim_checkpoint_reader *reader,
                                                                  const char *name);
/** Reads the values of a tensor, row-major, into data; bytes must be those of its entry. Partitioned variables are
 * joined, checksums verified. data NULL: the values are only checked. Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_ARG (another size), SLIM_ERR_DATA, SLIM_ERR_IO,
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

/* --- variables of a session --------------------------------------------------------------------------------------- */

/** Saves and restores a fixed list of variables. Not for use by two threads at once. */
typedef struct slim_saver slim_saver;

/** variables { 0 }: SLIM_GLOBAL_VARIABLES of the graph as they are now. max_to_keep: how many checkpoints of a folder
 * stay (0: 5; negative: all). Errors: SLIM_ERR_ARG when there is none or two have one name, SLIM_ERR_MEMORY. */
SLIM_API slim_status slim_saver_create(slim_graph *graph, slim_tensors variables, int max_to_keep, slim_saver **out,
                                       slim_error *error);
/** NULL is fine. */
SLIM_API void slim_saver_destroy(slim_saver *saver);
/**
 * Writes prefix-step ("logs/model.ckpt", 1200: "logs/model.ckpt-1200"; step below 0: prefix alone), which appears whole
 * or not at all, then the folder's `checkpoint` file, then removes the oldest beyond max_to_keep. The folder is made if
 * need be. path (may be NULL) gets the checkpoint's prefix. Errors: those of the session, SLIM_ERR_IO, SLIM_ERR_ARG
 * when path has no room.
 */
SLIM_API slim_status slim_saver_save(slim_saver *saver, slim_session *session, const char *prefix, int64_t step,
                                     char *path, size_t size, slim_error *error);
/** Gives every variable of the saver its value in the checkpoint path. Errors: as slim_assign_from_checkpoint. */
SLIM_API slim_status slim_saver_restore(slim_saver *saver, slim_session *session, const char *path, slim_error *error);
/** The same from the newest checkpoint of folder that is whole; damaged ones are passed over with a warning in the log.
 * path (may be NULL) gets its prefix. Errors: SLIM_ERR_NOT_FOUND when the folder has none, SLIM_ERR_DATA when none of
 * them is whole. */
SLIM_API slim_status slim_saver_restore_latest(slim_saver *saver, slim_session *session, const char *folder, char *path,
                                               size_t size, slim_error *error);

/** One variable and its name in a checkpoint. */
typedef struct slim_restore {
  const char *name; /* NULL: the variable's full name */
  slim_tensor *variable;
} slim_restore;

/** An item for each variable, under its full name: variables.count of them, owned by the graph. NULL without variables.
 */
SLIM_API const slim_restore *slim_restore_list(slim_tensors variables);

enum slim_restore_flags {
  SLIM_RESTORE_IGNORE_MISSING = 1, /* a variable that the checkpoint lacks keeps its value, with a warning in the log */
  SLIM_RESTORE_RESHAPE = 2         /* another shape with as many elements is taken over */
};

/** Gives variables their values in the checkpoint path. Nothing is changed unless all names, types and shapes fit.
 * Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_SHAPE with both shapes, SLIM_ERR_TYPE, SLIM_ERR_ARG when there is no variable,
 * those of slim_checkpoint_reader_open and slim_checkpoint_reader_read. */
SLIM_API slim_status slim_assign_from_checkpoint(slim_session *session, const char *path, const slim_restore *items,
                                                 size_t count, unsigned flags, slim_error *error);

/** A restore, or values to be given, later: what slim_learning_train's init_fn is for. */
typedef struct slim_assignment slim_assignment;

/** Looks at once whether the checkpoint has what is asked for; *out is NULL, with a warning in the log, when nothing is
 * left to restore. Names are copied. Errors: as slim_assign_from_checkpoint. */
SLIM_API slim_status slim_assign_from_checkpoint_fn(const char *path, const slim_restore *items, size_t count,
                                                    unsigned flags, slim_assignment **out, slim_error *error);
/** user is the slim_assignment (NULL does nothing): hand this function over as init_fn. */
SLIM_API slim_status slim_assignment_run(slim_session *session, void *user, slim_error *error);
/** NULL is fine. */
SLIM_API void slim_assignment_destroy(slim_assignment *assignment);

/** Values by full name of a global variable; the shape may differ, the number of bytes must not. */
typedef struct slim_named_values {
  const char *name;
  const void *data;
  size_t bytes;
} slim_named_values;

/** Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_ARG for another size; then nothing is changed. */
SLIM_API slim_status slim_assign_from_values(slim_session *session, slim_graph *graph, const slim_named_values *values,
                                             size_t count, slim_error *error);
/** The same for slim_assignment_run to do later; the values are copied. Errors: as slim_assign_from_values, at once. */
SLIM_API slim_status slim_assign_from_values_fn(slim_graph *graph, const slim_named_values *values, size_t count,
                                                slim_assignment **out, slim_error *error);

#ifdef __cplusplus
}
#endif
#endif
