/* IDX files, the format of MNIST and Fashion-MNIST; gzip is unpacked on the way. */
#ifndef SLIM_FORMATS_IDX_H
#define SLIM_FORMATS_IDX_H

#include "base/bytes.h"
#include "slim/base.h"

/** An array of bytes (type code 0x08), row-major. */
typedef struct slim_idx {
  slim_shape shape;
  unsigned char *data;
  size_t size;
} slim_idx;

/** Reads a whole file of at most limit bytes of data. Free with slim_idx_free. Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_IO,
 * SLIM_ERR_DATA (no IDX file, cut off, over the limit), SLIM_ERR_UNSUPPORTED (elements that are not bytes). */
slim_status slim_idx_read(const char *path, size_t limit, slim_idx *idx, slim_error *error);
slim_status slim_idx_read_memory(slim_span bytes, const char *name, size_t limit, slim_idx *idx, slim_error *error);
void slim_idx_free(slim_idx *idx);

#endif
