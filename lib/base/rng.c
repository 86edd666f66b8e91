/* Compiled with -ffp-contract=off: a fused multiply-add would change the bits from machine to machine. */
#include "base/rng.h"

#include <math.h>
#include <string.h>

#define ROUNDS 10
#define RETRY_SHIFT 48 /* attempt number in the high bits of the block number */
#define TWO_POW_MINUS_24 5.9604644775390625e-8f

uint64_t slim_hash_bytes(const void *data, size_t size)
{
  const unsigned char *p = data;
  uint64_t hash = 0xCBF29CE484222325u;
  for (size_t i = 0; i < size; i++) {
    hash = (hash ^ p[i]) * 0x100000001B3u;
  }
  return hash;
}

uint64_t slim_hash(const char *text)
{
  return slim_hash_bytes(text, strlen(text));
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
  hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 32;
}

uint64_t slim_hash_words(const void *data, size_t size)
{
  const unsigned char *p = data;
  uint64_t hash = mix(0, size), word = 0;
  for (; size >= sizeof word; size -= sizeof word, p += sizeof word) {
    memcpy(&word, p, sizeof word);
    hash = mix(hash, word);
  }
  word = 0;
  memcpy(&word, p, size);
  return mix(hash, word);
}

void slim_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < ROUNDS; round++) {
    const uint64_t a = (uint64_t)0xD2511F53u * c0;
    const uint64_t b = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)b;
    c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

slim_rng slim_rng_make(uint64_t seed, uint64_t name_hash, uint64_t step)
{
  const uint32_t both[4] = { (uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)name_hash, (uint32_t)(name_hash >> 32) };
  const uint32_t no_key[2] = { 0, 0 };
  uint32_t mixed[4];
  slim_philox(both, no_key, mixed);
  return (slim_rng){ .key = { mixed[0], mixed[1] }, .step = { (uint32_t)step, (uint32_t)(step >> 32) } };
}

static void draw(const slim_rng *rng, uint64_t block, uint32_t out[4])
{
  const uint32_t counter[4] = { (uint32_t)block, (uint32_t)(block >> 32), rng->step[0], rng->step[1] };
  slim_philox(counter, rng->key, out);
}

uint32_t slim_rng_u32(const slim_rng *rng, uint64_t i)
{
  uint32_t word[4];
  draw(rng, i / 4, word);
  return word[i % 4];
}

static float unit(uint32_t word)
{
  return (float)(word >> 8) * TWO_POW_MINUS_24;
}

float slim_rng_uniform(const slim_rng *rng, uint64_t i)
{
  return unit(slim_rng_u32(rng, i));
}

/* The product's high 64 bits of 64 random bits and bound; the bias is below bound / 2^64. */
uint64_t slim_rng_below(const slim_rng *rng, uint64_t i, uint64_t bound)
{
  uint32_t word[4];
  draw(rng, i / 2, word);
  const uint64_t high = word[i % 2 * 2], low = word[i % 2 * 2 + 1];
  const uint64_t b_high = bound >> 32, b_low = bound & 0xFFFFFFFFu;
  const uint64_t middle = high * b_low + (low * b_low >> 32);
  const uint64_t cross = low * b_high + (middle & 0xFFFFFFFFu);
  return high * b_high + (middle >> 32) + (cross >> 32);
}

/* Natural logarithm of x in (0, 1], to about 1 ulp: x = m * 2^e, m near 1, and ln m = 2 atanh((m - 1) / (m + 1)). */
static double natural_log(double x)
{
  static const double term[] = { 1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                                 1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3 };
  int e = 0;
  double m = frexp(x, &e); /* exact */
  if (m < 0.70710678118654752) {
    m *= 2.0;
    e--;
  }
  const double f = (m - 1.0) / (m + 1.0);
  const double f2 = f * f;
  double sum = 0.0;
  for (int k = 0; k < 11; k++) {
    sum = (sum + term[k]) * f2;
  }
  return (double)e * 0.69314718055994531 + 2.0 * (f + f * sum);
}

/* Sine and cosine of 2 pi turn / 2^32: the quarter turn is cut off in whole numbers, the rest is a Taylor series. */
static void sine_cosine(uint32_t turn, double *sine, double *cosine)
{
  static const double sine_term[] = { 1.0 / (16 * 17), 1.0 / (14 * 15), 1.0 / (12 * 13), 1.0 / (10 * 11),
                                      1.0 / (8 * 9),   1.0 / (6 * 7),   1.0 / (4 * 5),   1.0 / (2 * 3) };
  static const double cosine_term[] = { 1.0 / (16 * 15), 1.0 / (14 * 13), 1.0 / (12 * 11), 1.0 / (10 * 9),
                                        1.0 / (8 * 7),   1.0 / (6 * 5),   1.0 / (4 * 3),   1.0 / (2 * 1) };
  const uint32_t quarter = (turn + 0x20000000u) >> 30;
  const double rest = (double)(int32_t)(turn - (quarter << 30));
  const double x = rest * (1.5707963267948966 / 1073741824.0), x2 = x * x;
  double s = 1.0, c = 1.0;
  for (int k = 0; k < 8; k++) {
    s = 1.0 - s * (x2 * sine_term[k]);
    c = 1.0 - c * (x2 * cosine_term[k]);
  }
  s *= x;
  *sine = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
  *cosine = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
}

static void box_muller(uint32_t a, uint32_t b, float out[2])
{
  const double u = ((double)a + 1.0) / 4294967296.0; /* (0, 1] */
  const double radius = sqrt(-2.0 * natural_log(u));
  double sine = 0.0, cosine = 0.0;
  sine_cosine(b, &sine, &cosine);
  out[0] = (float)(radius * cosine);
  out[1] = (float)(radius * sine);
}

static float normal_of_attempt(const slim_rng *rng, uint64_t i, uint64_t attempt)
{
  uint32_t word[4];
  float pair[2];
  draw(rng, i / 4 + (attempt << RETRY_SHIFT), word);
  const size_t at = i % 4 / 2 * 2;
  box_muller(word[at], word[at + 1], pair);
  return pair[i % 2];
}

float slim_rng_normal(const slim_rng *rng, uint64_t i)
{
  return normal_of_attempt(rng, i, 0);
}

static float within_two(const slim_rng *rng, uint64_t i, float first)
{
  float value = first;
  for (uint64_t attempt = 1; fabsf(value) > 2.0f; attempt++) {
    value = normal_of_attempt(rng, i, attempt);
  }
  return value;
}

float slim_rng_truncated_normal(const slim_rng *rng, uint64_t i)
{
  return within_two(rng, i, normal_of_attempt(rng, i, 0));
}

void slim_rng_fill_uniform(const slim_rng *rng, float low, float high, float *out, size_t count)
{
  const float range = high - low;
  uint32_t word[4] = { 0 };
  for (size_t i = 0; i < count; i++) {
    if (i % 4 == 0) {
      draw(rng, i / 4, word);
    }
    const float value = low + range * unit(word[i % 4]);
    out[i] = value < high || range <= 0.0f ? value : low; /* rounding may reach high */
  }
}

/* Four normals of block i / 4. */
static void normal_block(const slim_rng *rng, size_t i, float four[4])
{
  uint32_t word[4];
  draw(rng, i / 4, word);
  box_muller(word[0], word[1], four);
  box_muller(word[2], word[3], four + 2);
}

void slim_rng_fill_normal(const slim_rng *rng, float mean, float stddev, float *out, size_t count)
{
  float four[4] = { 0 };
  for (size_t i = 0; i < count; i++) {
    if (i % 4 == 0) {
      normal_block(rng, i, four);
    }
    out[i] = mean + stddev * four[i % 4];
  }
}

void slim_rng_fill_truncated_normal(const slim_rng *rng, float mean, float stddev, float *out, size_t count)
{
  float four[4] = { 0 };
  for (size_t i = 0; i < count; i++) {
    if (i % 4 == 0) {
      normal_block(rng, i, four);
    }
    out[i] = mean + stddev * within_two(rng, i, four[i % 4]);
  }
}
