/* Reading and writing the protobuf wire format, field by field, without schemas and without copies. */
#ifndef SLIM_FORMATS_PROTOBUF_H
#define SLIM_FORMATS_PROTOBUF_H

#include "base/bytes.h"

typedef enum slim_wire {
  SLIM_WIRE_VARINT = 0,
  SLIM_WIRE_FIXED64 = 1,
  SLIM_WIRE_BYTES = 2,
  SLIM_WIRE_FIXED32 = 5
} slim_wire;

/** Walks over the fields of a message. Start with slim_proto_of. */
typedef struct slim_proto {
  const unsigned char *at, *end;
  bool damaged; /* a field was cut off or no field at all; nothing more is read */
} slim_proto;

/** One field as it stands in the message. */
typedef struct slim_proto_field {
  uint32_t number;
  slim_wire wire;
  uint64_t value;  /* VARINT, FIXED64, FIXED32 */
  slim_span bytes; /* BYTES */
} slim_proto_field;

static inline slim_proto slim_proto_of(slim_span message)
{
  return (slim_proto){ message.data, message.size ? message.data + message.size : message.data, false };
}

/** The next field; groups are passed over. @return false at the end or when damaged is set. */
bool slim_proto_next(slim_proto *proto, slim_proto_field *field);

/** The next number of a run of varints (a packed list). @return false at the end or when damaged is set. */
bool slim_proto_varint(slim_proto *proto, uint64_t *value);

/** Takes the next number off a repeated scalar field, packed or not: call with the field until it returns false. wire
 * is how one number is stored. A field of another wire type, or cut off inside, sets *damaged. */
bool slim_proto_take(slim_proto_field *field, slim_wire wire, uint64_t *value, bool *damaged);

/** The field's value as int64, float, double, bool; the caller knows which it is. */
static inline int64_t slim_proto_int(const slim_proto_field *field)
{
  return (int64_t)field->value;
}
float slim_proto_float(uint64_t bits);
double slim_proto_double(uint64_t bits);

/* Writing. Numbers equal to 0 are written too: leave the call out where proto3 would. */

void slim_proto_put_raw_varint(slim_bytes *out, uint64_t value);
void slim_proto_put_varint(slim_bytes *out, uint32_t number, uint64_t value);
void slim_proto_put_fixed32(slim_bytes *out, uint32_t number, uint32_t value);
void slim_proto_put_float(slim_bytes *out, uint32_t number, float value);
void slim_proto_put_double(slim_bytes *out, uint32_t number, double value);
void slim_proto_put_bytes(slim_bytes *out, uint32_t number, const void *data, size_t size);
void slim_proto_put_text(slim_bytes *out, uint32_t number, const char *text);
/** Opens a nested message (or packed list); what is appended until the matching end belongs to it. */
size_t slim_proto_begin(slim_bytes *out, uint32_t number);
void slim_proto_end(slim_bytes *out, size_t begin);

#endif
