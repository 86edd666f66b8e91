#include "base/rng.h"
#include "test_main.h"

#include <math.h>

/* Known answers of the Random123 distribution for philox4x32, 10 rounds. */
static const struct answer {
  uint32_t counter[4], key[2], out[4];
} answers[] = {
  { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627E8D5u, 0xE169C58Du, 0xBC57AC4Cu, 0x9B00DBD8u } },
  { { 0xFFFFFFFFu, 0xFFFFFFFFu, 0xFFFFFFFFu, 0xFFFFFFFFu },
    { 0xFFFFFFFFu, 0xFFFFFFFFu },
    { 0x408F276Du, 0x41C83B0Eu, 0xA20BC7C6u, 0x6D5451FDu } },
  { { 0x243F6A88u, 0x85A308D3u, 0x13198A2Eu, 0x03707344u },
    { 0xA4093822u, 0x299F31D0u },
    { 0xD16CFE09u, 0x94FDCCEBu, 0x5001E420u, 0x24126EA1u } },
};

START_TEST(philox_matches_the_published_vectors)
{
  uint32_t out[4];
  slim_philox(answers[_i].counter, answers[_i].key, out);
  ck_assert_mem_eq(out, answers[_i].out, sizeof out);
}
END_TEST

START_TEST(hash_is_fnv1a)
{
  ck_assert(slim_hash("") == 0xCBF29CE484222325u);
  ck_assert(slim_hash("a") == 0xAF63DC4C8601EC8Cu);
  ck_assert(slim_hash("foobar") == 0x85944171F73967E8u);
}
END_TEST

/* Every byte counts, wherever it lies, and so does the length. */
START_TEST(hash_of_words_sees_all_bytes)
{
  unsigned char text[35] = { 0 };
  uint64_t seen[sizeof text * 2];
  size_t count = 0;
  for (size_t i = 0; i < sizeof text; i++) {
    seen[count++] = slim_hash_words(text, i);
    text[i] = 1;
    seen[count++] = slim_hash_words(text, sizeof text);
    text[i] = 0;
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < i; k++) {
      ck_assert_msg(seen[i] != seen[k], "%zu and %zu", i, k);
    }
  }
}
END_TEST

START_TEST(streams_differ_by_seed_name_and_step)
{
  const slim_rng base = slim_rng_make(1, slim_hash("conv1"), 0);
  const slim_rng other[] = { slim_rng_make(2, slim_hash("conv1"), 0), slim_rng_make(1, slim_hash("conv2"), 0),
                             slim_rng_make(1, slim_hash("conv1"), 1), slim_rng_make(1, slim_hash("conv1"), 1ull << 32),
                             slim_rng_make(1ull << 32, slim_hash("conv1"), 0) };
  int same = 0;
  for (uint64_t i = 0; i < 64; i++) {
    same += slim_rng_u32(&base, i) == slim_rng_u32(&other[_i], i);
  }
  ck_assert_int_le(same, 1);
}
END_TEST

START_TEST(numbers_are_fixed_for_ever)
{
  const slim_rng rng = slim_rng_make(42, slim_hash("LeNet/conv1/weights"), 0);
  static const uint32_t words[] = { 0x0643DE68u, 0x2B57076Cu, 0x200E13EEu, 0x023C83C5u, 0xF21C353Bu, 0x1030328Cu };
  static const uint32_t normal_bits[] = {
    0x3FA9531Du, 0x401866AEu, 0x4002445Au, 0x3DE509B7u, 0x3E9DB226u, 0x3E0459ACu
  };
  for (uint64_t i = 0; i < 6; i++) {
    const float normal = slim_rng_normal(&rng, i);
    uint32_t bits = 0;
    memcpy(&bits, &normal, sizeof bits);
    ck_assert_uint_eq(slim_rng_u32(&rng, i), words[i]);
    ck_assert_uint_eq(bits, normal_bits[i]);
  }
}
END_TEST

enum { MANY = 200000 };

typedef struct moments {
  double mean, variance, low, high;
} moments;

static moments measure(const float *x, size_t count)
{
  moments m = { .low = x[0], .high = x[0] };
  for (size_t i = 0; i < count; i++) {
    m.mean += x[i] / (double)count;
    m.low = fmin(m.low, x[i]);
    m.high = fmax(m.high, x[i]);
  }
  for (size_t i = 0; i < count; i++) {
    m.variance += (x[i] - m.mean) * (x[i] - m.mean) / (double)count;
  }
  return m;
}

/* Bounds of five standard errors. */
START_TEST(distributions_have_their_moments)
{
  float *x = malloc(MANY * sizeof *x);
  const slim_rng rng = slim_rng_make(7, slim_hash("moments"), (uint64_t)_i);
  slim_rng_fill_uniform(&rng, -1.0f, 3.0f, x, MANY);
  moments m = measure(x, MANY);
  ck_assert_double_le(fabs(m.mean - 1.0), 5.0 * 1.1547 / sqrt(MANY));
  ck_assert_double_le(fabs(m.variance - 4.0 / 3.0), 5.0 * 1.2 / sqrt(MANY));
  ck_assert(m.low >= -1.0 && m.high < 3.0 && m.low < -0.999 && m.high > 2.999);
  slim_rng_fill_normal(&rng, 2.0f, 3.0f, x, MANY);
  m = measure(x, MANY);
  ck_assert_double_le(fabs(m.mean - 2.0), 5.0 * 3.0 / sqrt(MANY));
  ck_assert_double_le(fabs(m.variance - 9.0), 5.0 * 9.0 * 1.4143 / sqrt(MANY));
  ck_assert(m.low < -7.0 && m.high > 11.0);
  slim_rng_fill_truncated_normal(&rng, 0.0f, 1.0f, x, MANY);
  m = measure(x, MANY);
  ck_assert_double_le(fabs(m.mean), 5.0 * 0.88 / sqrt(MANY));
  ck_assert_double_le(fabs(m.variance - 0.774131), 5.0 * 0.8 / sqrt(MANY)); /* variance of N(0, 1) cut at 2 */
  ck_assert(m.low >= -2.0 && m.high <= 2.0 && m.low < -1.99 && m.high > 1.99);
  free(x);
}
END_TEST

START_TEST(filling_equals_one_by_one)
{
  float u[11], n[11], t[11];
  const slim_rng rng = slim_rng_make(3, 4, 5);
  slim_rng_fill_uniform(&rng, 0.0f, 1.0f, u, 11);
  slim_rng_fill_normal(&rng, 0.0f, 1.0f, n, 11);
  slim_rng_fill_truncated_normal(&rng, 0.0f, 1.0f, t, 11);
  for (uint64_t i = 0; i < 11; i++) {
    ck_assert_float_eq(u[i], slim_rng_uniform(&rng, i));
    ck_assert_float_eq(n[i], slim_rng_normal(&rng, i));
    ck_assert_float_eq(t[i], slim_rng_truncated_normal(&rng, i));
  }
}
END_TEST

/* Against libm: the radius and angle are rebuilt from the same words. */
START_TEST(normal_is_box_muller)
{
  const slim_rng rng = slim_rng_make(11, 12, 13);
  for (uint64_t i = 0; i < 20000; i += 2) {
    const double u = (slim_rng_u32(&rng, i) + 1.0) / 4294967296.0, angle = slim_rng_u32(&rng, i + 1) / 4294967296.0;
    const double radius = sqrt(-2.0 * log(u)), turn = 6.283185307179586 * angle;
    if (!(fabs(slim_rng_normal(&rng, i) - radius * cos(turn)) <= 4e-7) ||
        !(fabs(slim_rng_normal(&rng, i + 1) - radius * sin(turn)) <= 4e-7)) {
      ck_abort_msg("numbers %d and the next are off", (int)i);
    }
  }
}
END_TEST

START_TEST(below_is_uniform)
{
  static const uint64_t bounds[] = { 1, 2, 3, 7, 10, 1000 };
  const uint64_t bound = bounds[_i];
  const slim_rng rng = slim_rng_make(1, 2, bound);
  uint32_t seen[1000] = { 0 };
  for (uint64_t i = 0; i < MANY; i++) {
    const uint64_t value = slim_rng_below(&rng, i, bound);
    if (value >= bound) {
      ck_abort_msg("number %d is %d", (int)i, (int)value);
    }
    seen[value]++;
  }
  const double expected = (double)MANY / (double)bound;
  for (uint64_t v = 0; v < bound; v++) {
    ck_assert_double_le(fabs(seen[v] - expected), 6.0 * sqrt(expected));
  }
  ck_assert_uint_lt(slim_rng_below(&rng, 0, UINT64_MAX), UINT64_MAX);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, philox_matches_the_published_vectors, 0, 3);
  tcase_add_test(c, hash_is_fnv1a);
  tcase_add_test(c, hash_of_words_sees_all_bytes);
  tcase_add_loop_test(c, streams_differ_by_seed_name_and_step, 0, 5);
  tcase_add_test(c, numbers_are_fixed_for_ever);
  tcase_add_loop_test(c, distributions_have_their_moments, 0, 3);
  tcase_add_test(c, filling_equals_one_by_one);
  tcase_add_test(c, normal_is_box_muller);
  tcase_add_loop_test(c, below_is_uniform, 0, 6);
}

TEST_MAIN("rng", build, NULL)
