#include "base/log.h"
#include "base/size.h"
#include "test_main.h"

#include <limits.h>

static const struct type_case {
  slim_dtype dtype;
  const char *name;
  size_t size;
} types[] = {
  { SLIM_FLOAT32, "float32", 4 },   { SLIM_FLOAT64, "float64", 8 }, { SLIM_INT32, "int32", 4 },
  { SLIM_UINT8, "uint8", 1 },       { SLIM_STRING, "string", 0 },   { SLIM_INT64, "int64", 8 },
  { SLIM_BOOL, "bool", 1 },         { SLIM_FLOAT16, "float16", 2 }, { SLIM_DTYPE_NONE, "unknown", 0 },
  { (slim_dtype)99, "unknown", 0 },
};

START_TEST(types_have_names_and_sizes)
{
  ck_assert_str_eq(slim_dtype_name(types[_i].dtype), types[_i].name);
  ck_assert_uint_eq(slim_dtype_size(types[_i].dtype), types[_i].size);
}
END_TEST

static const struct shape_case {
  slim_shape shape;
  const char *text;
  size_t elements;
} shapes[] = {
  { { 0, { 0 } }, "[]", 1 },
  { { 1, { 7 } }, "[7]", 7 },
  { { 4, { 32, 28, 28, 1 } }, "[32,28,28,1]", 25088 },
  { { 2, { -1, 10 } }, "[?,10]", 0 },
  { { 2, { 3, 0 } }, "[3,0]", 0 },
  { { 3, { INT_MAX, INT_MAX, INT_MAX } }, "[2147483647,2147483647,2147483647]", 0 },
  { { 7, { 1, 1, 1, 1, 1, 1 } }, "[rank 7]", 0 },
  { { -1, { 1 } }, "[rank -1]", 0 },
};

START_TEST(shapes_count_and_print)
{
  char text[128];
  ck_assert_str_eq(slim_shape_format(&shapes[_i].shape, text, sizeof text), shapes[_i].text);
  ck_assert_uint_eq(slim_shape_elements(&shapes[_i].shape), shapes[_i].elements);
}
END_TEST

START_TEST(shapes_compare_by_their_rank_only)
{
  const slim_shape a = { 2, { 3, 4, 9 } }, b = { 2, { 3, 4, 8 } }, c = { 2, { 3, 5 } }, d = { 3, { 3, 4, 9 } };
  ck_assert(slim_shape_equal(&a, &b));
  ck_assert(!slim_shape_equal(&a, &c));
  ck_assert(!slim_shape_equal(&a, &d));
  ck_assert(slim_shape_equal(&(slim_shape){ 0, { 1 } }, &(slim_shape){ 0, { 2 } }));
}
END_TEST

START_TEST(shape_text_is_cut_to_the_buffer)
{
  char text[5];
  ck_assert_str_eq(slim_shape_format(&shapes[2].shape, text, sizeof text), "[32,");
}
END_TEST

START_TEST(first_error_stays)
{
  slim_error error = { 0 };
  ck_assert_int_eq(slim_error_set(&error, SLIM_ERR_IO, "file %d", 1), SLIM_ERR_IO);
  ck_assert_int_eq(slim_error_set(&error, SLIM_ERR_ARG, "file %d", 2), SLIM_ERR_ARG);
  ck_assert_int_eq(error.status, SLIM_ERR_IO);
  ck_assert_str_eq(error.text, "file 1");
  ck_assert_int_eq(slim_error_set(NULL, SLIM_ERR_ARG, "x"), SLIM_ERR_ARG);
  ck_assert_str_eq(slim_status_name(SLIM_ERR_SHAPE), "SLIM_ERR_SHAPE");
  ck_assert_str_eq(slim_status_text(SLIM_ERR_SHAPE), "shapes do not fit");
  ck_assert_str_eq(slim_status_name((slim_status)1000), "unknown status");
}
END_TEST

START_TEST(sizes_report_overflow)
{
  size_t out = 1;
  ck_assert(slim_size_mul(SIZE_MAX / 3, 3, &out) && out == SIZE_MAX / 3 * 3);
  ck_assert(!slim_size_mul(SIZE_MAX / 3 + 1, 3, &out) && out == SIZE_MAX / 3 * 3);
  ck_assert(slim_size_mul(5, 0, &out) && out == 0);
  ck_assert(slim_size_add(SIZE_MAX - 1, 1, &out) && out == SIZE_MAX);
  ck_assert(!slim_size_add(SIZE_MAX, 1, &out));
  ck_assert(slim_size_round_up(17, 16, &out) && out == 32);
  ck_assert(slim_size_round_up(32, 16, &out) && out == 32);
  ck_assert(!slim_size_round_up(SIZE_MAX, 16, &out));
}
END_TEST

typedef struct heard {
  int count;
  slim_log_level level;
  char text[64];
} heard;

static void hear(void *user, slim_log_level level, const char *text)
{
  heard *h = user;
  h->count++;
  h->level = level;
  (void)snprintf(h->text, sizeof h->text, "%s", text);
}

START_TEST(log_goes_to_the_function_that_was_set)
{
  heard h = { 0 };
  slim_log_write(SLIM_LOG_INFO, "nobody hears");
  slim_log_set(hear, &h);
  slim_log_write(SLIM_LOG_WARNING, "device %s", "gone");
  slim_log_set(NULL, NULL);
  slim_log_write(SLIM_LOG_ERROR, "nobody hears");
  ck_assert_int_eq(h.count, 1);
  ck_assert_int_eq(h.level, SLIM_LOG_WARNING);
  ck_assert_str_eq(h.text, "device gone");
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, types_have_names_and_sizes, 0, (int)(sizeof types / sizeof *types));
  tcase_add_loop_test(c, shapes_count_and_print, 0, (int)(sizeof shapes / sizeof *shapes));
  tcase_add_test(c, shapes_compare_by_their_rank_only);
  tcase_add_test(c, shape_text_is_cut_to_the_buffer);
  tcase_add_test(c, first_error_stays);
  tcase_add_test(c, sizes_report_overflow);
  tcase_add_test(c, log_goes_to_the_function_that_was_set);
}

TEST_MAIN("base", build, NULL)
