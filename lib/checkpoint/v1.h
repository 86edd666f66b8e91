/* Checkpoint V1, the format of the 2016 slim releases: one table file, or shards PREFIX-00000-of-00002. Reading only.
 */
#ifndef SLIM_CHECKPOINT_V1_H
#define SLIM_CHECKPOINT_V1_H

#include "base/file.h"
#include "checkpoint/entries.h"

typedef struct slim_v1_reader slim_v1_reader;

/** Opens the file prefix, or all shards of that prefix when there is no such file. */
slim_status slim_v1_reader_open(const char *prefix, slim_v1_reader **out, slim_error *error);
/** The same over the bytes of one file, which must outlive the reader. */
slim_status slim_v1_reader_open_memory(slim_span file, const char *name, slim_v1_reader **out, slim_error *error);
/** NULL is fine. */
void slim_v1_reader_close(slim_v1_reader *reader);
/** Sorted by name. */
const slim_checkpoint_items *slim_v1_reader_items(const slim_v1_reader *reader);
/** Reads the values of a tensor, joining slices; bytes must be those of the entry. data NULL: they are only checked. */
slim_status slim_v1_read(slim_v1_reader *reader, const char *name, void *data, size_t bytes, slim_error *error);

/** The files PREFIX-00000-of-00002 and so on, sorted; none is no error. */
slim_status slim_v1_list_shards(const char *prefix, slim_file_names *names, slim_error *error);

#endif
