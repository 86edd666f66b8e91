/* TensorFlow's element types, shapes and TensorProto, as checkpoints and graphs store them. */
#ifndef SLIM_FORMATS_TENSOR_PROTO_H
#define SLIM_FORMATS_TENSOR_PROTO_H

#include "base/bytes.h"
#include "slim/base.h"

/** Bytes of one element of TensorFlow's type number; 0 for strings, resources and unknown numbers. */
size_t slim_tensor_type_size(uint32_t type);
/** "float32", "bfloat16", ...; "unknown" otherwise. */
const char *slim_tensor_type_name(uint32_t type);
/** Number of elements and bytes. @return false when a dimension is open or a product does not fit. */
bool slim_tensor_shape_count(const slim_shape *shape, size_t element, size_t *count, size_t *bytes);

/** TensorShapeProto. Errors: SLIM_ERR_DATA, SLIM_ERR_UNSUPPORTED (rank over SLIM_MAX_RANK, a dimension over 2^31 - 1);
 * name is for the text. */
slim_status slim_tensor_shape_parse(slim_span message, const char *name, slim_shape *shape, slim_error *error);
void slim_tensor_shape_put(slim_bytes *out, uint32_t number, const slim_shape *shape);

/** The values of a TensorProto as count elements of type into data; dtype and shape inside the message are not looked
 * at.
 * @return false unless the message holds exactly count values, raw or in the list of the type. */
bool slim_tensor_proto_read(slim_span message, uint32_t type, void *data, size_t count);

#endif
