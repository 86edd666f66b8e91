/* The parts of a partitioned variable: where each lies in the whole tensor. */
#ifndef SLIM_CHECKPOINT_SLICE_H
#define SLIM_CHECKPOINT_SLICE_H

#include "base/bytes.h"
#include "slim/base.h"

/** Per dimension where it starts and how long it is; length -1 means the whole dimension. */
typedef struct slim_slice {
  int rank;
  int64_t start[SLIM_MAX_RANK], length[SLIM_MAX_RANK];
} slim_slice;

/** TensorSliceProto. @return false when it is damaged. */
bool slim_slice_parse(slim_span message, slim_slice *slice);
/** Appends the key under which a V2 checkpoint keeps the slice's data (ordered code of name and slice). */
void slim_slice_put_key(slim_bytes *out, const char *name, const slim_slice *slice);
/** The shape of the part. @return false when it does not lie inside the whole. */
bool slim_slice_shape(const slim_slice *slice, const slim_shape *whole, slim_shape *part);
/** Copies a part's values, row-major, to their places in the whole tensor. slim_slice_shape was true for it. */
void slim_slice_place(const slim_slice *slice, const slim_shape *whole, size_t element, const void *part, void *data);

#endif
