#include "backend/backend.h"
#include "test_main.h"

#include <stdint.h>
#include <string.h>

enum { BUFFERS = 20, PAGE = 4096 };

static slim_device *device;

static void setup(void)
{
  ck_assert_int_eq(slim_device_open("cpu", &device, NULL), SLIM_OK);
}

static void teardown(void)
{
  slim_device_close(device);
}

/* Where a buffer of bytes begins; all of it can be written. */
static uintptr_t begin_of(size_t bytes, slim_buffer **buffer)
{
  ck_assert_int_eq(device->backend->alloc(device, bytes, buffer), SLIM_OK);
  unsigned char *address = device->backend->address(device, *buffer);
  memset(address, 1, bytes);
  ck_assert_uint_eq((uintptr_t)address % SLIM_ALIGNMENT, 0);
  return (uintptr_t)address;
}

/* Tensors read side by side do not meet in the same sets of a cache: sixteen places of a page, by turns. */
START_TEST(large_buffers_begin_at_different_places_of_a_page)
{
  const size_t sizes[] = { (size_t)64 << 10, ((size_t)2 << 20) + 4, (size_t)4 << 20 };
  slim_buffer *buffers[BUFFERS];
  uintptr_t begin[BUFFERS];
  for (int i = 0; i < BUFFERS; i++) {
    begin[i] = begin_of(sizes[i % 3], &buffers[i]);
  }
  for (int i = 0; i < BUFFERS; i++) {
    for (int k = i + 1; k < BUFFERS && k < i + PAGE / SLIM_ALIGNMENT; k++) {
      ck_assert_msg(begin[i] % PAGE != begin[k] % PAGE, "buffers %d and %d", i, k);
    }
    device->backend->release(device, buffers[i]);
  }
}
END_TEST

START_TEST(small_buffers_are_aligned)
{
  for (size_t bytes = 1; bytes <= PAGE; bytes += 1365) {
    slim_buffer *buffer = NULL;
    begin_of(bytes, &buffer);
    device->backend->release(device, buffer);
  }
}
END_TEST

START_TEST(too_large_a_buffer_is_an_error)
{
  slim_buffer *buffer = NULL;
  ck_assert_int_eq(device->backend->alloc(device, SIZE_MAX - 100, &buffer), SLIM_ERR_MEMORY);
  ck_assert_ptr_null(buffer);
  ck_assert_ptr_nonnull(strstr(device->error.text, "no memory for a buffer of 18446744073709551515 bytes"));
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, large_buffers_begin_at_different_places_of_a_page);
  tcase_add_test(c, small_buffers_are_aligned);
  tcase_add_test(c, too_large_a_buffer_is_an_error);
}

TEST_MAIN("cpu_memory", build, NULL)
