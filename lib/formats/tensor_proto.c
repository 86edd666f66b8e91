#include "formats/tensor_proto.h"

#include "base/size.h"
#include "formats/protobuf.h"

#include <limits.h>
#include <string.h>

enum { TENSOR_CONTENT = 4, SHAPE_DIM = 2, SHAPE_UNKNOWN_RANK = 3, DIM_SIZE = 1 };

/* Name, element size, field of TensorProto that lists values, how one is stored there, numbers an element. */
static const struct type_row {
  const char *name;
  size_t size;
  uint32_t field;
  slim_wire wire;
  int parts;
} types[] = {
  [1] = { "float32", 4, 5, SLIM_WIRE_FIXED32, 1 },  [2] = { "float64", 8, 6, SLIM_WIRE_FIXED64, 1 },
  [3] = { "int32", 4, 7, SLIM_WIRE_VARINT, 1 },     [4] = { "uint8", 1, 7, SLIM_WIRE_VARINT, 1 },
  [5] = { "int16", 2, 7, SLIM_WIRE_VARINT, 1 },     [6] = { "int8", 1, 7, SLIM_WIRE_VARINT, 1 },
  [7] = { "string", 0, 0, SLIM_WIRE_BYTES, 0 },     [8] = { "complex64", 8, 9, SLIM_WIRE_FIXED32, 2 },
  [9] = { "int64", 8, 10, SLIM_WIRE_VARINT, 1 },    [10] = { "bool", 1, 11, SLIM_WIRE_VARINT, 1 },
  [11] = { "qint8", 1, 7, SLIM_WIRE_VARINT, 1 },    [12] = { "quint8", 1, 7, SLIM_WIRE_VARINT, 1 },
  [13] = { "qint32", 4, 7, SLIM_WIRE_VARINT, 1 },   [14] = { "bfloat16", 2, 13, SLIM_WIRE_VARINT, 1 },
  [15] = { "qint16", 2, 7, SLIM_WIRE_VARINT, 1 },   [16] = { "quint16", 2, 7, SLIM_WIRE_VARINT, 1 },
  [17] = { "uint16", 2, 7, SLIM_WIRE_VARINT, 1 },   [18] = { "complex128", 16, 12, SLIM_WIRE_FIXED64, 2 },
  [19] = { "float16", 2, 13, SLIM_WIRE_VARINT, 1 }, [20] = { "resource", 0, 0, SLIM_WIRE_BYTES, 0 },
  [21] = { "variant", 0, 0, SLIM_WIRE_BYTES, 0 },   [22] = { "uint32", 4, 16, SLIM_WIRE_VARINT, 1 },
  [23] = { "uint64", 8, 17, SLIM_WIRE_VARINT, 1 },
};

static const struct type_row *row_of(uint32_t type)
{
  return type > 0 && type < sizeof types / sizeof *types ? &types[type] : NULL;
}

size_t slim_tensor_type_size(uint32_t type)
{
  const struct type_row *row = row_of(type);
  return row ? row->size : 0;
}

const char *slim_tensor_type_name(uint32_t type)
{
  const struct type_row *row = row_of(type);
  return row ? row->name : "unknown";
}

bool slim_tensor_shape_count(const slim_shape *shape, size_t element, size_t *count, size_t *bytes)
{
  *count = 1;
  for (int i = 0; i < shape->rank; i++) {
    if (shape->dim[i] < 0 || !slim_size_mul(*count, (size_t)shape->dim[i], count)) {
      return false;
    }
  }
  return slim_size_mul(*count, element, bytes);
}

static bool parse_dim(slim_span message, int64_t *size)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  *size = 0;
  while (slim_proto_next(&in, &field)) {
    if (field.number == DIM_SIZE && field.wire == SLIM_WIRE_VARINT) {
      *size = slim_proto_int(&field);
    }
  }
  return !in.damaged && *size >= 0;
}

slim_status slim_tensor_shape_parse(slim_span message, const char *name, slim_shape *shape, slim_error *error)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  *shape = (slim_shape){ 0 };
  while (slim_proto_next(&in, &field)) {
    int64_t size = 0;
    if (field.number == SHAPE_UNKNOWN_RANK && field.wire == SLIM_WIRE_VARINT && field.value != 0) {
      return slim_error_set(error, SLIM_ERR_DATA, "tensor '%s' has no known rank", name);
    }
    if (field.number != SHAPE_DIM || field.wire != SLIM_WIRE_BYTES) {
      continue;
    }
    if (!parse_dim(field.bytes, &size)) {
      return slim_error_set(error, SLIM_ERR_DATA, "tensor '%s' has a damaged shape", name);
    }
    if (shape->rank == SLIM_MAX_RANK || size > INT_MAX) {
      return slim_error_set(error, SLIM_ERR_UNSUPPORTED, "tensor '%s' has over %d dimensions or one over %d", name,
                            SLIM_MAX_RANK, INT_MAX);
    }
    shape->dim[shape->rank++] = (int)size;
  }
  return in.damaged ? slim_error_set(error, SLIM_ERR_DATA, "tensor '%s' has a damaged shape", name) : SLIM_OK;
}

void slim_tensor_shape_put(slim_bytes *out, uint32_t number, const slim_shape *shape)
{
  const size_t message = slim_proto_begin(out, number);
  for (int i = 0; i < shape->rank; i++) {
    const size_t dim = slim_proto_begin(out, SHAPE_DIM);
    if (shape->dim[i] != 0) {
      slim_proto_put_varint(out, DIM_SIZE, (uint64_t)shape->dim[i]);
    }
    slim_proto_end(out, dim);
  }
  slim_proto_end(out, message);
}

static void store(unsigned char *at, size_t size, uint64_t value)
{
  for (size_t i = 0; i < size; i++) {
    at[i] = (unsigned char)(value >> (8 * i));
  }
}

/* Numbers of one field occurrence behind those already there. */
static bool take_numbers(slim_proto_field *field, const struct type_row *row, unsigned char *data, size_t numbers,
                         size_t *have)
{
  const size_t part = row->size / (size_t)row->parts;
  bool damaged = false;
  uint64_t value = 0;
  if (field->wire == SLIM_WIRE_BYTES && row->wire != SLIM_WIRE_VARINT) { /* packed fixed numbers lie as in memory */
    if (field->bytes.size % part != 0 || field->bytes.size / part > numbers - *have) {
      return false;
    }
    if (field->bytes.size > 0) {
      memcpy(data + *have * part, field->bytes.data, field->bytes.size);
    }
    *have += field->bytes.size / part;
    return true;
  }
  while (slim_proto_take(field, row->wire, &value, &damaged)) {
    if (*have == numbers) {
      return false;
    }
    store(data + (*have)++ * part, part, value);
  }
  return !damaged;
}

bool slim_tensor_proto_read(slim_span message, uint32_t type, void *data, size_t count)
{
  const struct type_row *row = row_of(type);
  size_t bytes = 0, have = 0;
  if (!row || row->size == 0 || !slim_size_mul(count, row->size, &bytes)) {
    return false;
  }
  const size_t numbers = count * (size_t)row->parts;
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  while (slim_proto_next(&in, &field)) {
    if (field.number == TENSOR_CONTENT && field.wire == SLIM_WIRE_BYTES && field.bytes.size > 0) {
      if (field.bytes.size != bytes) {
        return false;
      }
      memcpy(data, field.bytes.data, bytes);
      have = numbers;
    } else if (field.number == row->field && !take_numbers(&field, row, data, numbers, &have)) {
      return false;
    }
  }
  return !in.damaged && have == numbers;
}
