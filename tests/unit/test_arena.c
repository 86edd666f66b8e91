#include "base/arena.h"
#include "test_main.h"

static bool all_bytes(const unsigned char *data, size_t size, unsigned char value)
{
  size_t k = 0;
  while (k < size && data[k] == value) {
    k++;
  }
  return k == size;
}

START_TEST(pieces_are_aligned_zeroed_and_apart)
{
  static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 1000, 1024, 5000, 70000, 3, 2000000, 40 };
  enum { COUNT = 400 };
  unsigned char *piece[COUNT];
  slim_arena *arena = slim_arena_create();
  for (int i = 0; i < COUNT; i++) {
    const size_t size = sizes[i % 13] % (i > 60 ? 3000 : 4000000);
    piece[i] = slim_arena_alloc(arena, size);
    ck_assert_ptr_nonnull(piece[i]);
    ck_assert_uint_eq((uintptr_t)piece[i] % 16, 0);
    ck_assert(all_bytes(piece[i], size, 0));
    memset(piece[i], i, size);
  }
  for (int i = 0; i < COUNT; i++) {
    const size_t size = sizes[i % 13] % (i > 60 ? 3000 : 4000000);
    ck_assert(all_bytes(piece[i], size, (unsigned char)i));
  }
  slim_arena_destroy(arena);
}
END_TEST

START_TEST(text_is_copied)
{
  slim_arena *arena = slim_arena_create();
  char text[] = "conv1";
  char *copy = slim_arena_strdup(arena, text);
  char *part = slim_arena_strndup(arena, text, 4);
  text[0] = 'x';
  ck_assert_str_eq(copy, "conv1");
  ck_assert_str_eq(part, "conv");
  ck_assert_str_eq(slim_arena_printf(arena, "%s/%d", copy, 7), "conv1/7");
  ck_assert_ptr_null(slim_arena_strdup(arena, NULL));
  slim_arena_destroy(arena);
}
END_TEST

START_TEST(impossible_sizes_give_null)
{
  slim_arena *arena = slim_arena_create();
  ck_assert_ptr_null(slim_arena_alloc(arena, SIZE_MAX));
  ck_assert_ptr_null(slim_arena_alloc(arena, SIZE_MAX - 20));
  ck_assert_ptr_null(slim_arena_array(arena, SIZE_MAX / 2, 3));
  ck_assert_ptr_null(slim_arena_alloc(NULL, 1));
  ck_assert_ptr_nonnull(slim_arena_array(arena, 3, 5));
  slim_arena_destroy(arena);
  slim_arena_destroy(NULL);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, pieces_are_aligned_zeroed_and_apart);
  tcase_add_test(c, text_is_copied);
  tcase_add_test(c, impossible_sizes_give_null);
}

TEST_MAIN("arena", build, NULL)
