#include "common.h"
#include "philox.h"
#include "strides.h"
#include "dropout_params.h"

/* Any shape of noise. */
__kernel void slim_dropout_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const uint4 key,
                                     const slim_dropout_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    const bool keep = p.keep_all || slim_philox_word((uint)slim_strides_at(p.strides, i).x, key) < p.limit;
    y[i] = keep ? x[i] / p.keep_prob : 0.0f;
  }
}

/* A random word for each element: a block of four a work-item. */
__kernel void slim_dropout_block_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const uint4 key,
                                     const slim_dropout_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  const uint at = i * 4;
  if (at + 4 <= p.n) {
    const int4 keep = (slim_philox(i, key) < (uint4)p.limit) | (int4)(p.keep_all != 0 ? -1 : 0);
    vstore4(select((float4)0.0f, vload4(i, x) / p.keep_prob, keep), i, y);
  } else {
    for (uint k = at; k < p.n; k++) {
      y[k] = p.keep_all || slim_philox_word(k, key) < p.limit ? x[k] / p.keep_prob : 0.0f;
    }
  }
}

#if SLIM_CLASS == 0
/* Words of sixteen blocks, as slim_philox makes them one by one. */
static inline void philox_16(const uint first, const uint4 key, uint16 *w0, uint16 *w1, uint16 *w2, uint16 *w3)
{
  uint16 c0 = (uint16)(first) + (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  uint16 c1 = (uint16)(0), c2 = (uint16)(key.z), c3 = (uint16)(key.w);
  uint k0 = key.x, k1 = key.y;
  for (int round = 0; round < 10; round++) {
    const ulong16 a = convert_ulong16(c0) * (ulong16)(0xD2511F53u), b = convert_ulong16(c2) * (ulong16)(0xCD9E8D57u);
    c0 = convert_uint16(b >> 32) ^ c1 ^ k0;
    c1 = convert_uint16(b);
    c2 = convert_uint16(a >> 32) ^ c3 ^ k1;
    c3 = convert_uint16(a);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  *w0 = c0;
  *w1 = c1;
  *w2 = c2;
  *w3 = c3;
}

/* Sixteen blocks a work-item. */
__kernel void slim_dropout_cpu_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const uint4 key,
                                   const slim_dropout_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0) * 64;
  if (i >= p.n) {
    return;
  }
  uint16 w0, w1, w2, w3;
  uint word[64];
  philox_16(i / 4, key, &w0, &w1, &w2, &w3);
  vstore16((uint16)(w0.s0, w1.s0, w2.s0, w3.s0, w0.s1, w1.s1, w2.s1, w3.s1, w0.s2, w1.s2, w2.s2, w3.s2, w0.s3, w1.s3,
                    w2.s3, w3.s3),
           0, word);
  vstore16((uint16)(w0.s4, w1.s4, w2.s4, w3.s4, w0.s5, w1.s5, w2.s5, w3.s5, w0.s6, w1.s6, w2.s6, w3.s6, w0.s7, w1.s7,
                    w2.s7, w3.s7),
           1, word);
  vstore16((uint16)(w0.s8, w1.s8, w2.s8, w3.s8, w0.s9, w1.s9, w2.s9, w3.s9, w0.sa, w1.sa, w2.sa, w3.sa, w0.sb, w1.sb,
                    w2.sb, w3.sb),
           2, word);
  vstore16((uint16)(w0.sc, w1.sc, w2.sc, w3.sc, w0.sd, w1.sd, w2.sd, w3.sd, w0.se, w1.se, w2.se, w3.se, w0.sf, w1.sf,
                    w2.sf, w3.sf),
           3, word);
  const uint count = min(p.n - i, 64u);
  for (uint k = 0; k < count / 16; k++) {
    const int16 keep = (vload16(k, word) < (uint16)(p.limit)) | (int16)(p.keep_all ? -1 : 0);
    vstore16(keep ? vload16(k, x + i) / (float16)(p.keep_prob) : (float16)(0.0f), k, y + i);
  }
  for (uint k = count / 16 * 16; k < count; k++) {
    y[i + k] = p.keep_all || word[k] < p.limit ? x[i + k] / p.keep_prob : 0.0f;
  }
}
#endif
