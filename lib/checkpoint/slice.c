#include "checkpoint/slice.h"

#include "formats/protobuf.h"

#include <string.h>

enum { SLICE_EXTENT = 1, EXTENT_START = 1, EXTENT_LENGTH = 2 };

static bool parse_extent(slim_span message, int64_t *start, int64_t *length)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  *start = 0;
  *length = -1;
  while (slim_proto_next(&in, &field)) {
    if (field.wire == SLIM_WIRE_VARINT && field.number == EXTENT_START) {
      *start = slim_proto_int(&field);
    } else if (field.wire == SLIM_WIRE_VARINT && field.number == EXTENT_LENGTH) {
      *length = slim_proto_int(&field);
    }
  }
  return !in.damaged && *start >= 0 && *length >= -1;
}

bool slim_slice_parse(slim_span message, slim_slice *slice)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  *slice = (slim_slice){ 0 };
  while (slim_proto_next(&in, &field)) {
    if (field.number != SLICE_EXTENT || field.wire != SLIM_WIRE_BYTES) {
      continue;
    }
    if (slice->rank == SLIM_MAX_RANK ||
        !parse_extent(field.bytes, &slice->start[slice->rank], &slice->length[slice->rank])) {
      return false;
    }
    slice->rank++;
  }
  return !in.damaged;
}

static void put_big_endian(slim_bytes *out, uint64_t value, int bytes)
{
  while (bytes-- > 0) {
    slim_bytes_append_u8(out, (unsigned)(value >> (8 * bytes)) & 255);
  }
}

/* Count of significant bytes, then these. */
static void put_number(slim_bytes *out, uint64_t value)
{
  int bytes = 0;
  while (bytes < 8 && value >> (8 * bytes) != 0) {
    bytes++;
  }
  slim_bytes_append_u8(out, (unsigned)bytes);
  put_big_endian(out, value, bytes);
}

/* n bytes hold [-2^(7n-1), 2^(7n-1)): two's complement with the header's n leading ones xored in. */
static void put_signed(slim_bytes *out, int64_t value)
{
  const uint64_t magnitude = (uint64_t)(value < 0 ? ~value : value);
  int n = 1;
  while (n < 10 && magnitude >> (7 * n - 1) != 0) {
    n++;
  }
  unsigned char raw[10];
  for (int i = 0; i < n; i++) {
    const int shift = 8 * (n - 1 - i);
    const uint64_t sign = value < 0 ? 255 : 0;
    raw[i] = (unsigned char)((shift < 64 ? (uint64_t)value >> shift : sign) & 255);
  }
  const unsigned header = 0xFFFFu & ~(0xFFFFu >> n);
  raw[0] = (unsigned char)(raw[0] ^ header >> 8);
  if (n > 1) {
    raw[1] = (unsigned char)(raw[1] ^ header);
  }
  slim_bytes_append(out, raw, (size_t)n);
}

static void put_string(slim_bytes *out, const char *text)
{
  for (; *text; text++) {
    slim_bytes_append_u8(out, (unsigned char)*text);
    if ((unsigned char)*text == 255) {
      slim_bytes_append_u8(out, 0);
    }
  }
  slim_bytes_append(out, "\0\1", 2);
}

void slim_slice_put_key(slim_bytes *out, const char *name, const slim_slice *slice)
{
  put_number(out, 0);
  put_string(out, name);
  put_number(out, (uint64_t)slice->rank);
  for (int i = 0; i < slice->rank; i++) {
    put_signed(out, slice->start[i]);
    put_signed(out, slice->length[i]);
  }
}

bool slim_slice_shape(const slim_slice *slice, const slim_shape *whole, slim_shape *part)
{
  *part = *whole;
  if (slice->rank != whole->rank) {
    return false;
  }
  for (int i = 0; i < slice->rank; i++) {
    if (slice->length[i] < 0 && slice->start[i] == 0) {
      continue;
    }
    if (slice->length[i] < 0 || slice->start[i] > whole->dim[i] || slice->length[i] > whole->dim[i] - slice->start[i]) {
      return false;
    }
    part->dim[i] = (int)slice->length[i];
  }
  return true;
}

void slim_slice_place(const slim_slice *slice, const slim_shape *whole, size_t element, const void *part, void *data)
{
  slim_shape shape;
  size_t stride[SLIM_MAX_RANK] = { 0 }, offset = 0, rows = 1, row = element;
  (void)slim_slice_shape(slice, whole, &shape);
  const int last = shape.rank - 1;
  for (int i = last; i >= 0; i--) {
    stride[i] = i == last ? element : stride[i + 1] * (size_t)whole->dim[i + 1];
    offset += stride[i] * (size_t)slice->start[i];
    rows *= i == last ? 1 : (size_t)shape.dim[i];
  }
  row *= last >= 0 ? (size_t)shape.dim[last] : 1;
  if (row == 0) {
    return;
  }
  int at[SLIM_MAX_RANK] = { 0 };
  const unsigned char *from = part;
  for (size_t r = 0; r < rows; r++, from += row) {
    size_t to = offset;
    for (int i = 0; i < last; i++) {
      to += stride[i] * (size_t)at[i];
    }
    memcpy((unsigned char *)data + to, from, row);
    for (int i = last - 1; i >= 0 && ++at[i] == shape.dim[i]; i--) {
      at[i] = 0;
    }
  }
}
