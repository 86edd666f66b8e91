/* Records, or decoded samples, made ahead by background threads. */
#ifndef SLIM_DATA_READER_H
#define SLIM_DATA_READER_H

#include "data/files.h"
#include "slim/data.h"

/** Reads files in the order of options (resolved; start_step counts records). With owned the reader closes files, also
 * when this fails. decoder NULL: records are not decoded. */
slim_status slim_reader_create(slim_files *files, bool owned, const slim_decoder *decoder,
                               const slim_stream_options *options, slim_reader **reader, slim_error *error);
/** The next record and, with a decoder, its sample; both valid until the next call. */
slim_status slim_reader_advance(slim_reader *reader, slim_record *record, const slim_sample **sample,
                                slim_error *error);

/** "'<file>', record at offset <n>: <text of cause>" with cause's status. */
slim_status slim_record_error(const slim_files *files, const slim_ticket *ticket, const slim_error *cause,
                              slim_error *error);

#endif
