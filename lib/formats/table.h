/* Sorted tables (LevelDB's SSTable): the index of V2 checkpoints and the whole of V1 checkpoints. */
#ifndef SLIM_FORMATS_TABLE_H
#define SLIM_FORMATS_TABLE_H

#include "base/bytes.h"
#include "slim/base.h"

/** True when the bytes end in a table's footer. */
bool slim_table_sniff(slim_span file);

/** Walks over a table's entries in order. */
typedef struct slim_table slim_table;
/** file stays the caller's and must outlive the table; name is for error texts. */
slim_status slim_table_open(slim_span file, const char *name, slim_table **out, slim_error *error);
/** NULL is fine. */
void slim_table_close(slim_table *table);
/** The next entry: OK, SLIM_ERR_END behind the last, SLIM_ERR_DATA. Each block's checksum is verified. key is valid
 * until the next call, value until slim_table_close. */
slim_status slim_table_next(slim_table *table, slim_span *key, slim_span *value, slim_error *error);

/** Builds a table in memory. Zero-initialise; free out when done. */
typedef struct slim_table_writer {
  slim_bytes out; /* the finished table after slim_table_writer_finish */
  slim_bytes block, restarts, index, index_restarts, last_key;
  size_t entries; /* in block */
} slim_table_writer;
/** Keys must come in strictly increasing order of their bytes. */
void slim_table_writer_add(slim_table_writer *writer, slim_span key, slim_span value);
/** Completes out. @return false without memory. */
bool slim_table_writer_finish(slim_table_writer *writer);
void slim_table_writer_free(slim_table_writer *writer);

#endif
