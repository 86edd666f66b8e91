#include "base/crc32c.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82F63B78u

static uint32_t table[8][256]; /* written once, by fill_table */
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void fill_table(void)
{
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) {
      crc = (crc >> 1) ^ ((crc & 1) ? POLYNOMIAL : 0);
    }
    table[0][i] = crc;
  }
  for (int k = 1; k < 8; k++) {
    for (int i = 0; i < 256; i++) {
      table[k][i] = (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 255];
    }
  }
}

/* Slicing by 8: eight table look-ups for eight bytes that do not wait for each other. */
static uint32_t crc_tables(uint32_t crc, const unsigned char *p, size_t size)
{
  pthread_once(&table_once, fill_table);
  for (; size >= 8; size -= 8, p += 8) {
    crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    crc = table[7][crc & 255] ^ table[6][(crc >> 8) & 255] ^ table[5][(crc >> 16) & 255] ^ table[4][crc >> 24] ^
          table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
  }
  for (; size > 0; size--, p++) {
    crc = (crc >> 8) ^ table[0][(crc ^ *p) & 255];
  }
  return crc;
}

#if defined(__x86_64__) && defined(__GNUC__)
#define BLOCK ((size_t)4096) /* of three that are summed side by side: the instruction takes three cycles, and one starts in each */

static uint32_t behind_block[4][256]; /* what each byte of a sum becomes behind a block of zeros; written once */
static pthread_once_t behind_once = PTHREAD_ONCE_INIT;

__attribute__((target("sse4.2"))) static uint32_t crc_of_few(uint32_t crc, const unsigned char *p, size_t size)
{
  unsigned long long wide = crc;
  for (; size >= 8; size -= 8, p += 8) {
    unsigned long long word = 0;
    memcpy(&word, p, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  crc = (uint32_t)wide;
  for (; size > 0; size--, p++) {
    crc = __builtin_ia32_crc32qi(crc, *p);
  }
  return crc;
}

/* Sums are linear: that of a byte is the exclusive or of those of its bits. */
static void fill_behind(void)
{
  static const unsigned char zeros[BLOCK];
  for (int k = 0; k < 4; k++) {
    for (unsigned byte = 1; byte < 256; byte++) {
      const unsigned low = byte & -byte;
      behind_block[k][byte] =
          byte == low ? crc_of_few(byte << 8 * k, zeros, BLOCK) : behind_block[k][low] ^ behind_block[k][byte ^ low];
    }
  }
}

static uint32_t skip_block(uint32_t crc)
{
  return behind_block[0][crc & 255] ^ behind_block[1][crc >> 8 & 255] ^ behind_block[2][crc >> 16 & 255] ^
         behind_block[3][crc >> 24];
}

__attribute__((target("sse4.2"))) static uint32_t crc_of_blocks(uint32_t crc, const unsigned char *p)
{
  unsigned long long sums[3] = { crc, 0, 0 }, words[3];
  for (size_t i = 0; i < BLOCK; i += sizeof words[0]) {
    for (size_t k = 0; k < 3; k++) {
      memcpy(&words[k], p + k * BLOCK + i, sizeof words[0]);
      sums[k] = __builtin_ia32_crc32di(sums[k], words[k]);
    }
  }
  return skip_block(skip_block((uint32_t)sums[0]) ^ (uint32_t)sums[1]) ^ (uint32_t)sums[2];
}

static uint32_t crc_sse42(uint32_t crc, const unsigned char *p, size_t size)
{
  if (size >= 3 * BLOCK) {
    pthread_once(&behind_once, fill_behind);
  }
  for (; size >= 3 * BLOCK; size -= 3 * BLOCK, p += 3 * BLOCK) {
    crc = crc_of_blocks(crc, p);
  }
  return crc_of_few(crc, p, size);
}

static uint32_t crc_any(uint32_t crc, const unsigned char *p, size_t size)
{
  return __builtin_cpu_supports("sse4.2") ? crc_sse42(crc, p, size) : crc_tables(crc, p, size);
}
#else
static uint32_t crc_any(uint32_t crc, const unsigned char *p, size_t size)
{
  return crc_tables(crc, p, size);
}
#endif

uint32_t slim_crc32c(uint32_t crc, const void *data, size_t size)
{
  return ~crc_any(~crc, data, size);
}

uint32_t slim_crc32c_portable(uint32_t crc, const void *data, size_t size)
{
  return ~crc_tables(~crc, data, size);
}

uint32_t slim_crc32c_masked(const void *data, size_t size)
{
  return slim_crc32c_mask(slim_crc32c(0, data, size));
}
