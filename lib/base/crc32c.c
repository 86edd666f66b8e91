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
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc, const unsigned char *p, size_t size)
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
