/* Files: reading whole ones, writing so that they appear whole or not at all, folders. */
#ifndef SLIM_BASE_FILE_H
#define SLIM_BASE_FILE_H

#include "slim/base.h"

/** The whole file into new memory (free it), with a NUL behind its end. Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_IO,
 * SLIM_ERR_DATA when it is larger than limit bytes, SLIM_ERR_MEMORY. */
slim_status slim_file_read(const char *path, size_t limit, unsigned char **data, size_t *size, slim_error *error);
/** True for a file that is not a folder. */
bool slim_file_exists(const char *path);
bool slim_file_is_folder(const char *path);

/** A file that takes its name only when it is complete. */
typedef struct slim_file_writer slim_file_writer;
/** Opens a temporary file beside path. */
slim_status slim_file_writer_open(const char *path, slim_file_writer **out, slim_error *error);
slim_status slim_file_writer_write(slim_file_writer *writer, const void *data, size_t size, slim_error *error);
/** Flush, fsync, rename to path, fsync of the folder. Frees writer in any case. */
slim_status slim_file_writer_commit(slim_file_writer *writer, slim_error *error);
/** Removes the temporary file and frees writer. NULL is fine. */
void slim_file_writer_discard(slim_file_writer *writer);

/** The three steps above at once. */
slim_status slim_file_write(const char *path, const void *data, size_t size, slim_error *error);

/** Makes the folder and those above it; fine when it exists. */
slim_status slim_file_make_folders(const char *path, slim_error *error);

/** Sorted names of a folder without "." and "..". */
typedef struct slim_file_names {
  char **item;
  size_t count;
} slim_file_names;
slim_status slim_file_list(const char *folder, slim_file_names *names, slim_error *error);
void slim_file_names_free(slim_file_names *names);

/** "a/b/c" -> "a/b", "c" -> ".", "/c" -> "/", into new memory (free it); NULL without memory. */
char *slim_file_folder_of(const char *path);
/** folder + "/" + name into new memory (free it), name alone if it is absolute or folder is empty or "."; NULL without
 * memory. */
char *slim_file_join(const char *folder, const char *name);

#endif
