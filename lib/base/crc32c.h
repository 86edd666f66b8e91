/* CRC-32C (Castagnoli), the checksum of TFRecords, tables and checkpoints. */
#ifndef SLIM_BASE_CRC32C_H
#define SLIM_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/** The checksum of all bytes so far and these; crc is 0 at the start, else the value of the call before. */
uint32_t slim_crc32c(uint32_t crc, const void *data, size_t size);

/** The same by tables alone, for machines without the instruction. */
uint32_t slim_crc32c_portable(uint32_t crc, const void *data, size_t size);

/** The form that is stored in files, so that a checksum of bytes that hold a checksum stays a good one. */
static inline uint32_t slim_crc32c_mask(uint32_t crc)
{
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

static inline uint32_t slim_crc32c_unmask(uint32_t masked)
{
  const uint32_t r = masked - 0xA282EAD8u;
  return (r >> 17) | (r << 15);
}

/** slim_crc32c_mask(slim_crc32c(0, data, size)). */
uint32_t slim_crc32c_masked(const void *data, size_t size);

#endif
