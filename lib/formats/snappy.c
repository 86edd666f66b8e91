#include "formats/snappy.h"

#include "formats/protobuf.h"

#include <string.h>

#define LARGEST_RATIO 64u /* one copy element of 2 bytes or more gives at most 64 bytes */

bool slim_snappy_size(slim_span block, size_t *size)
{
  slim_proto head = slim_proto_of(block);
  uint64_t value = 0;
  if (!slim_proto_varint(&head, &value) || value / LARGEST_RATIO > block.size) {
    return false;
  }
  *size = (size_t)value;
  return true;
}

typedef struct writer {
  unsigned char *out;
  size_t used, size;
} writer;

static bool put_literal(writer *w, slim_proto *in, unsigned tag)
{
  size_t length = (tag >> 2) + 1;
  if (length > 60) {
    const size_t bytes = length - 60;
    if ((size_t)(in->end - in->at) < bytes) {
      return false;
    }
    length = 1;
    for (size_t i = 0; i < bytes; i++) {
      length += (size_t)*in->at++ << (8 * i);
    }
  }
  if (length > (size_t)(in->end - in->at) || length > w->size - w->used) {
    return false;
  }
  memcpy(w->out + w->used, in->at, length);
  in->at += length;
  w->used += length;
  return true;
}

static bool put_copy(writer *w, slim_proto *in, unsigned tag)
{
  static const size_t offset_bytes[] = { 0, 1, 2, 4 };
  const size_t bytes = offset_bytes[tag & 3];
  if ((size_t)(in->end - in->at) < bytes) {
    return false;
  }
  size_t length = (tag >> 2) + 1, offset = 0;
  for (size_t i = 0; i < bytes; i++) {
    offset |= (size_t)*in->at++ << (8 * i);
  }
  if ((tag & 3) == 1) {
    length = 4 + ((tag >> 2) & 7);
    offset |= (size_t)(tag >> 5) << 8;
  }
  if (offset == 0 || offset > w->used || length > w->size - w->used) {
    return false;
  }
  for (size_t i = 0; i < length; i++, w->used++) { /* source and target may overlap: byte by byte */
    w->out[w->used] = w->out[w->used - offset];
  }
  return true;
}

bool slim_snappy_decompress(slim_span block, unsigned char *out, size_t size)
{
  slim_proto in = slim_proto_of(block);
  writer w = { .out = out, .size = size };
  uint64_t stated = 0;
  if (!slim_proto_varint(&in, &stated) || stated != size) {
    return false;
  }
  while (in.at < in.end) {
    const unsigned tag = *in.at++;
    if (!((tag & 3) == 0 ? put_literal(&w, &in, tag) : put_copy(&w, &in, tag))) {
      return false;
    }
  }
  return w.used == size;
}
