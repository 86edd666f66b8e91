#include "base/chunk.h"
#include "test_main.h"

#define MIB ((size_t)1 << 20)

/* Some share a chunk, some need one of their own, some do not fit into the rest of one. */
static const size_t sizes[] = { 0, 1, 64, 65, 3 * MIB, 40 * MIB, 100, 20 * MIB, 20 * MIB, 5 };
enum { COUNT = sizeof sizes / sizeof *sizes };

START_TEST(pieces_are_aligned_and_apart)
{
  slim_chunk *open = NULL;
  unsigned char *piece[COUNT];
  for (int i = 0; i < COUNT; i++) {
    piece[i] = slim_chunk_alloc(&open, sizes[i]);
    ck_assert_ptr_nonnull(piece[i]);
    ck_assert_uint_eq((uintptr_t)piece[i] % 64, 0);
    memset(piece[i], i + 1, sizes[i]);
  }
  for (int i = 0; i < COUNT; i++) {
    for (size_t k = 0; k < sizes[i]; k++) {
      if (piece[i][k] != i + 1) {
        ck_abort_msg("byte %zu of piece %d has changed", k, i);
      }
    }
  }
  for (int i = 0; i < COUNT; i++) { /* those of a closed chunk and of the open one */
    slim_chunk_free(piece[i]);
  }
  ck_assert_ptr_null(open);
}
END_TEST

START_TEST(the_open_chunk_lasts_as_long_as_a_piece)
{
  slim_chunk *open = NULL;
  unsigned char *first = slim_chunk_alloc(&open, 10), *second = slim_chunk_alloc(&open, 10);
  slim_chunk_free(first);
  slim_chunk_free(NULL);
  ck_assert_ptr_nonnull(open);
  unsigned char *third = slim_chunk_alloc(&open, 10);
  ck_assert_int_eq((int)(third - second), (int)(second - first));
  slim_chunk_free(second);
  slim_chunk_free(third);
  ck_assert_ptr_null(open);
}
END_TEST

START_TEST(impossible_sizes_give_null)
{
  slim_chunk *open = NULL;
  ck_assert_ptr_null(slim_chunk_alloc(&open, SIZE_MAX));
  ck_assert_ptr_null(slim_chunk_alloc(&open, SIZE_MAX - 200));
  ck_assert_ptr_null(open);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, pieces_are_aligned_and_apart);
  tcase_add_test(c, the_open_chunk_lasts_as_long_as_a_piece);
  tcase_add_test(c, impossible_sizes_give_null);
}

TEST_MAIN("chunk", build, NULL)
