#include "formats/protobuf.h"

#include <string.h>

#define GROUP_START 3
#define GROUP_END 4
#define DEEPEST_GROUP 64

static bool damage(slim_proto *proto)
{
  proto->damaged = true;
  proto->at = proto->end;
  return false;
}

bool slim_proto_varint(slim_proto *proto, uint64_t *value)
{
  if (proto->damaged || proto->at == proto->end) {
    return false;
  }
  uint64_t result = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (proto->at == proto->end) {
      return damage(proto);
    }
    const unsigned char byte = *proto->at++;
    result |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) {
      *value = result;
      return true;
    }
  }
  return damage(proto);
}

static bool fixed(slim_proto *proto, size_t size, uint64_t *value)
{
  if ((size_t)(proto->end - proto->at) < size) {
    return damage(proto);
  }
  *value = size == 4 ? slim_load_u32(proto->at) : slim_load_u64(proto->at);
  proto->at += size;
  return true;
}

static bool length_delimited(slim_proto *proto, slim_span *bytes)
{
  uint64_t size = 0;
  if (!slim_proto_varint(proto, &size) || size > (uint64_t)(proto->end - proto->at)) {
    return damage(proto);
  }
  *bytes = (slim_span){ proto->at, (size_t)size };
  proto->at += size;
  return true;
}

static bool payload(slim_proto *proto, unsigned wire, slim_proto_field *field)
{
  switch (wire) {
  case SLIM_WIRE_VARINT:
    return slim_proto_varint(proto, &field->value) || damage(proto);
  case SLIM_WIRE_FIXED64:
    return fixed(proto, 8, &field->value);
  case SLIM_WIRE_FIXED32:
    return fixed(proto, 4, &field->value);
  case SLIM_WIRE_BYTES:
    return length_delimited(proto, &field->bytes);
  default:
    return damage(proto);
  }
}

bool slim_proto_next(slim_proto *proto, slim_proto_field *field)
{
  int depth = 0;
  for (uint64_t tag = 0; slim_proto_varint(proto, &tag);) {
    const unsigned wire = (unsigned)(tag & 7);
    if (tag >> 3 == 0 || tag >> 32 != 0) {
      return damage(proto);
    }
    if (wire == GROUP_START || wire == GROUP_END) {
      depth += wire == GROUP_START ? 1 : -1;
      if (depth < 0 || depth > DEEPEST_GROUP) {
        return damage(proto);
      }
      continue;
    }
    *field = (slim_proto_field){ .number = (uint32_t)(tag >> 3), .wire = (slim_wire)wire };
    if (!payload(proto, wire, field)) {
      return false;
    }
    if (depth == 0) {
      return true;
    }
  }
  return depth == 0 ? false : damage(proto);
}

bool slim_proto_take(slim_proto_field *field, slim_wire wire, uint64_t *value, bool *damaged)
{
  if (field->wire != SLIM_WIRE_BYTES) {
    if (field->wire != wire) {
      *damaged = true;
      return false;
    }
    *value = field->value;
    *field = (slim_proto_field){ .wire = SLIM_WIRE_BYTES }; /* taken: an empty list is left */
    return true;
  }
  slim_proto list = slim_proto_of(field->bytes);
  if (field->bytes.size == 0) {
    return false;
  }
  const bool got = wire == SLIM_WIRE_VARINT ? slim_proto_varint(&list, value)
                                            : fixed(&list, wire == SLIM_WIRE_FIXED32 ? 4 : 8, value);
  *damaged = *damaged || !got;
  field->bytes = (slim_span){ list.at, (size_t)(list.end - list.at) };
  return got;
}

float slim_proto_float(uint64_t bits)
{
  const uint32_t word = (uint32_t)bits;
  float value = 0.0f;
  memcpy(&value, &word, sizeof value);
  return value;
}

double slim_proto_double(uint64_t bits)
{
  double value = 0.0;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static size_t encode_varint(unsigned char raw[10], uint64_t value)
{
  size_t n = 0;
  for (; value >= 128; value >>= 7) {
    raw[n++] = (unsigned char)(value | 128);
  }
  raw[n++] = (unsigned char)value;
  return n;
}

void slim_proto_put_raw_varint(slim_bytes *out, uint64_t value)
{
  unsigned char raw[10];
  slim_bytes_append(out, raw, encode_varint(raw, value));
}

static void put_tag(slim_bytes *out, uint32_t number, slim_wire wire)
{
  slim_proto_put_raw_varint(out, (uint64_t)number << 3 | (uint64_t)wire);
}

void slim_proto_put_varint(slim_bytes *out, uint32_t number, uint64_t value)
{
  put_tag(out, number, SLIM_WIRE_VARINT);
  slim_proto_put_raw_varint(out, value);
}

void slim_proto_put_fixed32(slim_bytes *out, uint32_t number, uint32_t value)
{
  put_tag(out, number, SLIM_WIRE_FIXED32);
  slim_bytes_append_u32(out, value);
}

void slim_proto_put_float(slim_bytes *out, uint32_t number, float value)
{
  uint32_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  slim_proto_put_fixed32(out, number, bits);
}

void slim_proto_put_double(slim_bytes *out, uint32_t number, double value)
{
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  put_tag(out, number, SLIM_WIRE_FIXED64);
  slim_bytes_append_u64(out, bits);
}

void slim_proto_put_bytes(slim_bytes *out, uint32_t number, const void *data, size_t size)
{
  put_tag(out, number, SLIM_WIRE_BYTES);
  slim_proto_put_raw_varint(out, size);
  slim_bytes_append(out, data, size);
}

void slim_proto_put_text(slim_bytes *out, uint32_t number, const char *text)
{
  slim_proto_put_bytes(out, number, text, strlen(text));
}

size_t slim_proto_begin(slim_bytes *out, uint32_t number)
{
  put_tag(out, number, SLIM_WIRE_BYTES);
  return out->size;
}

/* The length is known only now: the message moves up to make room for it. */
void slim_proto_end(slim_bytes *out, size_t begin)
{
  unsigned char raw[10];
  const size_t size = out->size - begin;
  const size_t extra = encode_varint(raw, size);
  if (slim_bytes_reserve(out, extra)) {
    memmove(out->data + begin + extra, out->data + begin, size);
    memcpy(out->data + begin, raw, extra);
    out->size += extra;
  }
}
