/* Raw snappy blocks, as tables may hold them. Reading only. */
#ifndef SLIM_FORMATS_SNAPPY_H
#define SLIM_FORMATS_SNAPPY_H

#include "base/bytes.h"

/** The length after decompression. @return false when the block is damaged or claims more than snappy can pack. */
bool slim_snappy_size(slim_span block, size_t *size);
/** Decompresses into out, whose size is that of slim_snappy_size. @return false when the block is damaged. */
bool slim_snappy_decompress(slim_span block, unsigned char *out, size_t size);

#endif
