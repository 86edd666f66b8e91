/* The files of a dataset, and reading records of them anywhere. */
#ifndef SLIM_DATA_FILES_H
#define SLIM_DATA_FILES_H

#include "base/bytes.h"
#include "data/order.h"

typedef struct slim_files slim_files;

/** get_data_files: each source (NULL-terminated list) is a path, or a pattern when it has one of * ? [; the files of a
 * pattern come in the order of their names. Errors: SLIM_ERR_NOT_FOUND naming the source that has no file. */
slim_status slim_files_open(const char *const *sources, slim_files **files, slim_error *error);
/** NULL is fine. */
void slim_files_close(slim_files *files);
int slim_files_count(const slim_files *files);
const char *slim_files_name(const slim_files *files, int i);
const char *const *slim_files_names(const slim_files *files);

/** Reads the record at ticket's file and offset into room (grown where needed), checksums verified. Any number of
 * threads. Errors name the file and the offset. */
slim_status slim_files_read(slim_files *files, const slim_ticket *ticket, slim_bytes *room, slim_span *record,
                            slim_error *error);
/** Counts the records by their headers. */
slim_status slim_files_count_records(slim_files *files, int64_t *count, slim_error *error);

/** Walks all records by their headers, file by file; with shuffle the files come in an order of (seed, epoch). files
 * must outlive the walk. */
slim_status slim_walk_of_files(slim_files *files, bool shuffle, uint64_t seed, slim_walk *walk, slim_error *error);

#endif
