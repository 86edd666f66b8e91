#include "base/bytes.h"

#include "base/size.h"

#include <stdlib.h>
#include <string.h>

void slim_bytes_free(slim_bytes *bytes)
{
  free(bytes->data);
  *bytes = (slim_bytes){ 0 };
}

unsigned char *slim_bytes_reserve(slim_bytes *bytes, size_t more)
{
  size_t need = 0;
  if (bytes->failed || !slim_size_add(bytes->size, more, &need)) {
    bytes->failed = true;
    return NULL;
  }
  if (need > bytes->capacity || !bytes->data) {
    size_t capacity = bytes->capacity < 64 ? 64 : bytes->capacity;
    while (capacity < need) {
      capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    }
    unsigned char *data = realloc(bytes->data, capacity);
    if (!data) {
      bytes->failed = true;
      return NULL;
    }
    bytes->data = data;
    bytes->capacity = capacity;
  }
  return bytes->data + bytes->size;
}

void slim_bytes_append(slim_bytes *bytes, const void *data, size_t size)
{
  unsigned char *at = slim_bytes_reserve(bytes, size);
  if (at && size > 0) {
    memcpy(at, data, size);
    bytes->size += size;
  }
}

void slim_bytes_append_text(slim_bytes *bytes, const char *text)
{
  slim_bytes_append(bytes, text, strlen(text));
}

void slim_bytes_append_u8(slim_bytes *bytes, unsigned value)
{
  const unsigned char byte = (unsigned char)value;
  slim_bytes_append(bytes, &byte, 1);
}

void slim_bytes_append_u32(slim_bytes *bytes, uint32_t value)
{
  unsigned char raw[4];
  slim_store_u32(raw, value);
  slim_bytes_append(bytes, raw, sizeof raw);
}

void slim_bytes_append_u64(slim_bytes *bytes, uint64_t value)
{
  unsigned char raw[8];
  slim_store_u64(raw, value);
  slim_bytes_append(bytes, raw, sizeof raw);
}
