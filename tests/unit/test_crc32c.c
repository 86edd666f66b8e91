#include "base/crc32c.h"
#include "test_main.h"

/* One bit at a time, straight from the definition. */
static uint32_t naive(const unsigned char *data, size_t size)
{
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; i++) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
    }
  }
  return ~crc;
}

START_TEST(known_values)
{
  ck_assert_uint_eq(slim_crc32c(0, "123456789", 9), 0xE3069283u);
  ck_assert_uint_eq(slim_crc32c_portable(0, "123456789", 9), 0xE3069283u);
  ck_assert_uint_eq(slim_crc32c(0, "", 0), 0);
  unsigned char data[32] = { 0 };
  ck_assert_uint_eq(slim_crc32c(0, data, 32), 0x8A9136AAu); /* RFC 3720, B.4 */
  memset(data, 0xFF, sizeof data);
  ck_assert_uint_eq(slim_crc32c(0, data, 32), 0x62A8AB43u);
}
END_TEST

START_TEST(all_lengths_and_offsets_match_the_definition)
{
  unsigned char data[160];
  for (size_t i = 0; i < sizeof data; i++) {
    data[i] = (unsigned char)(i * 167 + 13);
  }
  const size_t offset = (size_t)_i;
  for (size_t size = 0; size + offset <= sizeof data; size++) {
    const uint32_t expected = naive(data + offset, size);
    ck_assert_uint_eq(slim_crc32c(0, data + offset, size), expected);
    ck_assert_uint_eq(slim_crc32c_portable(0, data + offset, size), expected);
    const size_t half = size / 3;
    ck_assert_uint_eq(slim_crc32c(slim_crc32c(0, data + offset, half), data + offset + half, size - half), expected);
  }
}
END_TEST

START_TEST(long_data_match_the_definition)
{
  static unsigned char data[40000];
  for (size_t i = 0; i < sizeof data; i++) {
    data[i] = (unsigned char)(i * i * 167 + i / 251);
  }
  for (size_t size = 12280; size <= sizeof data; size += size % 3 == 0 ? 4099 : 7) {
    const uint32_t expected = naive(data, size);
    ck_assert_uint_eq(slim_crc32c(0, data, size), expected);
    ck_assert_uint_eq(slim_crc32c(slim_crc32c(0, data, size / 5), data + size / 5, size - size / 5), expected);
  }
}
END_TEST

START_TEST(mask_and_unmask)
{
  const uint32_t crc = slim_crc32c(0, "123456789", 9);
  ck_assert_uint_ne(slim_crc32c_mask(crc), crc);
  ck_assert_uint_eq(slim_crc32c_unmask(slim_crc32c_mask(crc)), crc);
  ck_assert_uint_eq(slim_crc32c_mask(0), 0xA282EAD8u);
  ck_assert_uint_eq(slim_crc32c_masked("123456789", 9), slim_crc32c_mask(crc));
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, known_values);
  tcase_add_loop_test(c, all_lengths_and_offsets_match_the_definition, 0, 9);
  tcase_add_test(c, long_data_match_the_definition);
  tcase_add_test(c, mask_and_unmask);
}

TEST_MAIN("crc32c", build, NULL)
