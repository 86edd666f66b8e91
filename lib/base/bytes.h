/* A span of foreign bytes, and a buffer that grows. */
#ifndef SLIM_BASE_BYTES_H
#define SLIM_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Borrowed bytes. */
typedef struct slim_span {
  const unsigned char *data;
  size_t size;
} slim_span;

/** A growable buffer; zero-initialise it. After running out of memory failed is set and further writes do nothing, so
 * that a writer checks once at its end. */
typedef struct slim_bytes {
  unsigned char *data;
  size_t size, capacity;
  bool failed;
} slim_bytes;

void slim_bytes_free(slim_bytes *bytes);
/** Makes room for more bytes behind the end. @return where they start, NULL without memory. The size stays. */
unsigned char *slim_bytes_reserve(slim_bytes *bytes, size_t more);
void slim_bytes_append(slim_bytes *bytes, const void *data, size_t size);
void slim_bytes_append_text(slim_bytes *bytes, const char *text);
void slim_bytes_append_u8(slim_bytes *bytes, unsigned value);
/** Little-endian. */
void slim_bytes_append_u32(slim_bytes *bytes, uint32_t value);
void slim_bytes_append_u64(slim_bytes *bytes, uint64_t value);

static inline slim_span slim_span_of(const slim_bytes *bytes)
{
  return (slim_span){ bytes->data, bytes->size };
}

/** Little-endian numbers from memory of any alignment. */
static inline uint32_t slim_load_u32(const unsigned char *p)
{
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t slim_load_u64(const unsigned char *p)
{
  return (uint64_t)slim_load_u32(p) | (uint64_t)slim_load_u32(p + 4) << 32;
}

static inline void slim_store_u32(unsigned char *p, uint32_t value)
{
  for (int i = 0; i < 4; i++) {
    p[i] = (unsigned char)(value >> (8 * i));
  }
}

static inline void slim_store_u64(unsigned char *p, uint64_t value)
{
  slim_store_u32(p, (uint32_t)value);
  slim_store_u32(p + 4, (uint32_t)(value >> 32));
}

#endif
