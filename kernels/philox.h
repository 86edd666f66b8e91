/* Philox 4x32-10, the same numbers as lib/base/rng.h. */
#ifndef SLIM_KERNEL_PHILOX_H
#define SLIM_KERNEL_PHILOX_H

/* Block number block of a stream; key: two words of key, two of step. */
static inline uint4 slim_philox(const ulong block, const uint4 key)
{
  uint4 c = (uint4)((uint)block, (uint)(block >> 32), key.z, key.w);
  uint k0 = key.x, k1 = key.y;
  for (int round = 0; round < 10; round++) {
    const ulong a = (ulong)0xD2511F53u * c.x, b = (ulong)0xCD9E8D57u * c.z;
    c = (uint4)((uint)(b >> 32) ^ c.y ^ k0, (uint)b, (uint)(a >> 32) ^ c.w ^ k1, (uint)a);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

static inline uint slim_philox_word(const uint i, const uint4 key)
{
  uint words[4];
  vstore4(slim_philox(i / 4, key), 0, words);
  return words[i % 4];
}

#endif
