/*
 * Batch norm on GPUs and small devices, channels last and a multiple of 4, by groups as group.h has them. Numbers of a
 * piece are rows of c in partial, as in batch_norm_cpu.cl; groups of few vectors and all pieces merge them. The second
 * sweep goes from the last row to the first: those read last may still be in a cache.
 */
#include "common.h"
#include "batch_norm.h"
#include "batch_norm_params.h"
#include "group.h"

#if SLIM_CLASS != 0
/* Mean and sum of squared distances from it, of so many numbers. */
typedef struct moments {
  float4 mean, spread;
  float count;
} moments;

static inline moments joined(const moments a, const moments b)
{
  const float count = a.count + b.count, share = b.count / fmax(count, 1.0f);
  const float4 delta = b.mean - a.mean;
  const moments both = { a.mean + delta * share, a.spread + b.spread + delta * delta * (a.count * share), count };
  return both;
}

static inline moments moments_of(const float4 v)
{
  const moments one = { v, (float4)(0.0f), 1.0f };
  return one;
}

static inline moments moments_of_four(const float4 a, const float4 b, const float4 c, const float4 d)
{
  const float4 mean = (a + b + (c + d)) * 0.25f, da = a - mean, db = b - mean, dc = c - mean, dd = d - mean;
  const moments four = { mean, da * da + db * db + (dc * dc + dd * dd), 4.0f };
  return four;
}

static inline void moments_keep(const moments own, __local float4 *means, __local float4 *spreads,
                                __local float *counts, const int at)
{
  means[at] = own.mean;
  spreads[at] = own.spread;
  counts[at] = own.count;
}

static inline moments moments_kept(__local const float4 *means, __local const float4 *spreads,
                                   __local const float *counts, const int at)
{
  const moments kept = { means[at], spreads[at], counts[at] };
  return kept;
}

/* As slim_group_sum. */
static inline moments joined_group(moments own, __local float4 *means, __local float4 *spreads, __local float *counts,
                                   const int me, const int across)
{
  SLIM_GROUP_FOLD(across, moments_keep(own, means, spreads, counts, me),
                  own = joined(own, moments_kept(means, spreads, counts, me + rest)))
  return own;
}

__kernel SLIM_GROUPED void slim_batch_norm_group_pieces_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, partial),
                                                            const slim_batch_norm_params p)
{
  __local float4 means[SLIM_GROUP], spreads[SLIM_GROUP];
  __local float counts[SLIM_GROUP];
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, partial);
  SLIM_SWEEP(p.c, p.across, p.length, p.outer);
  __global const float4 *from = SLIM_CONST_VECTORS(x) + k;
  moments all = { (float4)(0.0f), (float4)(0.0f), 0.0f };
  int r = k < wide ? first : end;
  for (; r + 3 * down < end; r += 4 * down) {
    const int at = r * wide, step = down * wide;
    all = joined(all, moments_of_four(from[at], from[at + step], from[at + 2 * step], from[at + 3 * step]));
  }
  for (; r < end; r += down) {
    all = joined(all, moments_of(from[r * wide]));
  }
  all = joined_group(all, means, spreads, counts, me, p.across);
  if (me < p.across && k < wide) {
    __global float4 *to = SLIM_VECTORS(partial) + (int)get_group_id(1) * wide + k;
    to[0] = all.mean;
    to[p.slices * wide] = all.spread;
  }
}

__kernel SLIM_GROUPED void slim_batch_norm_group_merge_f32(SLIM_TENSOR(const float, partial), SLIM_TENSOR(float, mean),
                                                           SLIM_TENSOR(float, variance), SLIM_TENSOR(float, inverse),
                                                           const slim_batch_norm_params p)
{
  __local float4 means[SLIM_GROUP], spreads[SLIM_GROUP];
  __local float counts[SLIM_GROUP];
  SLIM_OPEN(const float, partial);
  SLIM_OPEN(float, mean);
  SLIM_OPEN(float, variance);
  SLIM_OPEN(float, inverse);
  SLIM_SWEEP(p.c, p.across, p.slices, p.slices);
  __global const float4 *from = SLIM_CONST_VECTORS(partial) + k;
  moments all = { (float4)(0.0f), (float4)(0.0f), 0.0f };
  for (int s = k < wide ? first : end; s < end; s += down) {
    const moments piece = { from[s * wide], from[(p.slices + s) * wide], (float)min(p.length, p.outer - s * p.length) };
    all = joined(all, piece);
  }
  all = joined_group(all, means, spreads, counts, me, p.across);
  if (me < p.across && k < wide) {
    const float4 v = all.spread / (float)p.outer;
    SLIM_VECTORS(mean)[k] = all.mean;
    SLIM_VECTORS(inverse)[k] = 1.0f / sqrt(v + p.epsilon);
    if (p.want & 4) {
      SLIM_VECTORS(variance)[k] = v * p.unbias;
    }
  }
}

/* What the sweeps over elements know of a vector of channels. */
typedef struct channels {
  float4 mean, inverse, scale, shift;
} channels;

static inline channels channels_at(__global const float *mean, __global const float *inverse,
                                   __global const float *gamma, __global const float *beta, const bool shifts,
                                   const int k)
{
  const float4 inv = SLIM_CONST_VECTORS(inverse)[k];
  const channels n = { SLIM_CONST_VECTORS(mean)[k], inv, inv * SLIM_CONST_VECTORS(gamma)[k],
                       shifts ? SLIM_CONST_VECTORS(beta)[k] : (float4)(0.0f) };
  return n;
}

static inline float4 normal(const float4 v, const float4 more, const channels n, const slim_batch_norm_params p)
{
  const float4 z = SLIM_NORMAL(v - n.mean, n.scale, n.shift) + more;
  return SLIM_CLAMP(float4, z, p.activation);
}

__kernel SLIM_GROUPED void slim_batch_norm_group_f32(SLIM_BATCH_NORM_TENSORS, const slim_batch_norm_params p)
{
  SLIM_BATCH_NORM_OPEN;
  SLIM_SWEEP(p.c, p.across, p.length, p.outer);
  if (k >= wide || first >= end) {
    return;
  }
  const channels n = channels_at(mean, inverse, gamma, beta, true, k);
  const float4 none = (float4)(0.0f);
  __global const float4 *from = SLIM_CONST_VECTORS(x) + k, *more = SLIM_CONST_VECTORS(residual) + k;
  __global float4 *to = SLIM_VECTORS(y) + k;
  const int step = down * wide;
  int r = first + (end - 1 - first) / down * down;
  for (; r - 3 * down >= first; r -= 4 * down) {
    const int i0 = r * wide, i1 = i0 - step, i2 = i1 - step, i3 = i2 - step;
    const float4 v0 = from[i0], v1 = from[i1], v2 = from[i2], v3 = from[i3];
    const float4 m0 = p.has_residual ? more[i0] : none, m1 = p.has_residual ? more[i1] : none;
    const float4 m2 = p.has_residual ? more[i2] : none, m3 = p.has_residual ? more[i3] : none;
    to[i0] = normal(v0, m0, n, p);
    to[i1] = normal(v1, m1, n, p);
    to[i2] = normal(v2, m2, n, p);
    to[i3] = normal(v3, m3, n, p);
  }
  for (; r >= first; r -= down) {
    to[r * wide] = normal(from[r * wide], p.has_residual ? more[r * wide] : none, n, p);
  }
}

/* --- the gradient ------------------------------------------------------------------------------------------------- */

/* dy where the activation passes it. */
static inline float4 passed(const float4 above, const float4 away, const channels n, const slim_batch_norm_params p)
{
  return SLIM_PASSED(float4, above, away, n.scale, n.shift, p.activation);
}

__kernel SLIM_GROUPED void slim_batch_norm_gradient_group_pieces_f32(SLIM_BATCH_NORM_GRADIENT_TENSORS,
                                                                     SLIM_TENSOR(float, partial),
                                                                     const slim_batch_norm_params p)
{
  __local float4 sums[SLIM_GROUP], dots[SLIM_GROUP];
  SLIM_BATCH_NORM_GRADIENT_OPEN;
  SLIM_OPEN(float, partial);
  SLIM_SWEEP(p.c, p.across, p.length, p.outer);
  const channels n = channels_at(mean, inverse, gamma, beta, p.activation != 0, min(k, wide - 1));
  __global const float4 *from = SLIM_CONST_VECTORS(x) + k, *back = SLIM_CONST_VECTORS(dy) + k;
  float4 sum = (float4)(0.0f), dot = sum;
  int r = k < wide ? first : end;
  for (; r + 3 * down < end; r += 4 * down) {
    const int step = down * wide, i0 = r * wide, i1 = i0 + step, i2 = i1 + step, i3 = i2 + step;
    const float4 a0 = from[i0] - n.mean, a1 = from[i1] - n.mean, a2 = from[i2] - n.mean, a3 = from[i3] - n.mean;
    const float4 d0 = passed(back[i0], a0, n, p), d1 = passed(back[i1], a1, n, p);
    const float4 d2 = passed(back[i2], a2, n, p), d3 = passed(back[i3], a3, n, p);
    sum += d0 + d1 + (d2 + d3);
    dot += d0 * a0 + d1 * a1 + (d2 * a2 + d3 * a3);
  }
  for (; r < end; r += down) {
    const float4 away = from[r * wide] - n.mean, d = passed(back[r * wide], away, n, p);
    sum += d;
    dot += d * away;
  }
  sum = slim_group_sum(sum, sums, me, p.across);
  dot = slim_group_sum(dot, dots, me, p.across);
  if (me < p.across && k < wide) {
    __global float4 *to = SLIM_VECTORS(partial) + (int)get_group_id(1) * wide + k;
    to[0] = sum;
    to[p.slices * wide] = dot * n.inverse;
  }
}

/* As slim_batch_norm_gradient_finish_f32. */
__kernel SLIM_GROUPED void slim_batch_norm_gradient_group_merge_f32(SLIM_TENSOR(const float, partial),
                                                                    SLIM_TENSOR(float, sums),
                                                                    SLIM_TENSOR(float, dgamma),
                                                                    SLIM_TENSOR(float, dbeta),
                                                                    const slim_batch_norm_params p)
{
  __local float4 all_sums[SLIM_GROUP], all_dots[SLIM_GROUP];
  SLIM_OPEN(const float, partial);
  SLIM_OPEN(float, sums);
  SLIM_OPEN(float, dgamma);
  SLIM_OPEN(float, dbeta);
  SLIM_SWEEP(p.c, p.across, p.slices, p.slices);
  __global const float4 *from = SLIM_CONST_VECTORS(partial) + k;
  float4 sum = (float4)(0.0f), dot = sum;
  for (int s = k < wide ? first : end; s < end; s += down) {
    sum += from[s * wide];
    dot += from[(p.slices + s) * wide];
  }
  sum = slim_group_sum(sum, all_sums, me, p.across);
  dot = slim_group_sum(dot, all_dots, me, p.across);
  if (me < p.across && k < wide) {
    SLIM_VECTORS(sums)[k] = sum;
    SLIM_VECTORS(sums)[wide + k] = dot;
    if (p.want & 2) {
      SLIM_VECTORS(dgamma)[k] = dot;
    }
    if (p.want & 4) {
      SLIM_VECTORS(dbeta)[k] = sum;
    }
  }
}

/* a, b: what statistics of the batch take from dy, the same for all rows and by a distance from the mean. Other
 * statistics take nothing, which infinite sums by 0 are not. */
static inline float4 pulled(const float4 v, const float4 above, const float4 a, const float4 b, const channels n,
                            const slim_batch_norm_params p)
{
  const float4 away = v - n.mean, d = passed(above, away, n, p);
  return (p.training ? d - (a + away * b) : d) * n.scale;
}

__kernel SLIM_GROUPED void slim_batch_norm_gradient_group_f32(SLIM_BATCH_NORM_GRADIENT_TENSORS,
                                                              SLIM_TENSOR(const float, sums), SLIM_TENSOR(float, dx),
                                                              const slim_batch_norm_params p)
{
  SLIM_BATCH_NORM_GRADIENT_OPEN;
  SLIM_OPEN(const float, sums);
  SLIM_OPEN(float, dx);
  SLIM_SWEEP(p.c, p.across, p.length, p.outer);
  if (k >= wide || first >= end) {
    return;
  }
  const channels n = channels_at(mean, inverse, gamma, beta, p.activation != 0, k);
  const float share = 1.0f / (float)p.outer;
  const float4 a = SLIM_CONST_VECTORS(sums)[k] * share, b = n.inverse * SLIM_CONST_VECTORS(sums)[wide + k] * share;
  __global const float4 *from = SLIM_CONST_VECTORS(x) + k, *back = SLIM_CONST_VECTORS(dy) + k;
  __global float4 *to = SLIM_VECTORS(dx) + k;
  const int step = down * wide;
  int r = first + (end - 1 - first) / down * down;
  for (; r - 3 * down >= first; r -= 4 * down) {
    const int i0 = r * wide, i1 = i0 - step, i2 = i1 - step, i3 = i2 - step;
    const float4 v0 = from[i0], v1 = from[i1], v2 = from[i2], v3 = from[i3];
    const float4 d0 = back[i0], d1 = back[i1], d2 = back[i2], d3 = back[i3];
    to[i0] = pulled(v0, d0, a, b, n, p);
    to[i1] = pulled(v1, d1, a, b, n, p);
    to[i2] = pulled(v2, d2, a, b, n, p);
    to[i3] = pulled(v3, d3, a, b, n, p);
  }
  for (; r >= first; r -= down) {
    to[r * wide] = pulled(from[r * wide], back[r * wide], a, b, n, p);
  }
}
#endif
