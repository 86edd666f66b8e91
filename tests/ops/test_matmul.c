/* matmul against a triple loop in double, in every transposition. */
#include "test_op.h"

#include <math.h>
#include <stdlib.h>

static const struct matmul_case {
  const char *label;
  int m, n, k;
} cases[] = {
  { "one", 1, 1, 1 },
  { "row", 1, 37, 65 },
  { "long_row", 1, 1003, 403 },
  { "column", 37, 1, 65 },
  { "outer", 13, 29, 1 },
  { "odd", 7, 11, 13 },
  { "tile", 14, 32, 64 },
  { "past_tile", 15, 33, 65 },
  { "thin", 64, 70, 300 },
  { "classes", 64, 10, 129 },
  { "tall", 301, 40, 19 },
  { "deep", 20, 17, 1500 },
  { "two_slices", 64, 48, 2100 },
  { "shallow", 24, 130, 10 },
  { "power_of_two", 20, 12, 1024 },
  { "copied_rows", 31, 70, 1024 },
  { "square", 200, 210, 220 },
  { "sliced", 47, 38, 5001 },
  { "sliced_tall", 112, 29, 2101 },
  { "narrow_last_panel", 61, 176, 700 },
  { "many_tiles", 523, 144, 530 },
  { "parts_of_rows", 520, 130, 530 },
  { "streamed", 1800, 1760, 3 },
  { "few_rows", 9, 1037, 2050 },
  { "few_whole_rows", 32, 528, 1001 },
  { "few_columns", 2, 4096, 517 },
  { "rows_of_fours", 3, 68, 524 },
  { "columns_of_fours", 68, 36, 521 },
};
#define CASES ((int)(sizeof cases / sizeof *cases))
#define ROWS 27 /* twice the rows of the highest tile, less one */

/* x or its transpose as rows of doubles, [rows][k]. */
static double *rows_of(const test_tensor *x, int rows, int k, int transposed)
{
  const float *data = x->data;
  double *out = malloc(sizeof(double) * (size_t)rows * (size_t)k);
  ck_assert_ptr_nonnull(out);
  for (int r = 0; r < rows; r++) {
    for (int i = 0; i < k; i++) {
      out[r * k + i] = (double)data[transposed ? i * rows + r : r * k + i];
    }
  }
  return out;
}

static void naive(const test_op *t, const slim_matmul_attr *attr, int k, double *want, double *scale)
{
  const int m = t->out[0].shape.dim[0], n = t->out[0].shape.dim[1];
  double *a = rows_of(&t->in[0], m, k, attr->transpose_a), *b = rows_of(&t->in[1], n, k, !attr->transpose_b);
  for (int r = 0; r < m; r++) {
    for (int c = 0; c < n; c++) {
      const double *p = &a[r * k], *q = &b[c * k];
      double sum = 0.0, size = 0.0;
      for (int i = 0; i < k; i++) {
        sum += p[i] * q[i];
        size += fabs(p[i] * q[i]);
      }
      want[r * n + c] = sum;
      scale[r * n + c] = size;
    }
  }
  free(a);
  free(b);
}

static void assert_loops(const struct matmul_case *c, slim_matmul_attr attr)
{
  test_op t = { .op = &slim_op_matmul, .attr = &attr, .num_in = 2, .num_out = 1 };
  const size_t n = (size_t)c->m * (size_t)c->n;
  double *want = malloc(n * sizeof *want), *scale = malloc(n * sizeof *scale);
  t.in[0] = test_random_tensor(attr.transpose_a ? SLIM_SHAPE(c->k, c->m) : SLIM_SHAPE(c->m, c->k), 1);
  t.in[1] = test_random_tensor(attr.transpose_b ? SLIM_SHAPE(c->n, c->k) : SLIM_SHAPE(c->k, c->n), 2);
  t.out[0] = test_output(SLIM_SHAPE(c->m, c->n));
  naive(&t, &attr, c->k, want, scale);
  if (test_op_run(&t, NULL)) {
    test_assert_sums(t.out[0].data, want, scale, n, test_sum_tolerance((size_t)c->k), c->label);
  }
  free(want);
  free(scale);
  test_op_free(&t);
}

START_TEST(matches_loops)
{
  assert_loops(&cases[_i / 4], (slim_matmul_attr){ .transpose_a = _i & 1, .transpose_b = _i >> 1 & 1 });
}
END_TEST

/* Tiles of every height, whole panels and a narrow one behind them. */
START_TEST(any_number_of_rows)
{
  const struct matmul_case c = { "rows", 2 + _i / 2, 35, 21 };
  assert_loops(&c, (slim_matmul_attr){ .transpose_a = _i & 1 });
}
END_TEST

/* OpenCL reads whole panels in place, and so few of them the transposed rows too, where these are whole tiles. */
START_TEST(whole_panels)
{
  static const int rows[] = { 18, 20, 22, 28 };
  assert_loops(&(struct matmul_case){ "panels", rows[_i % 4], 32 + _i / 4 * 32, 21 }, (slim_matmul_attr){ 1, 0 });
}
END_TEST

/* Where the depth is enough for slices to keep two units busy, a block has all rows of an a that is read in place. */
START_TEST(deep_whole_panels)
{
  assert_loops(&(struct matmul_case){ "deep panels", 172, 64, 8197 }, (slim_matmul_attr){ 1, 0 });
}
END_TEST

/* OpenCL shares few rows among groups of columns: here 63 of 1024, and one column, whose vector begins before it. */
START_TEST(a_column_behind_whole_groups)
{
  const struct matmul_case c = { "column behind", 15, 64513, 33 };
  assert_loops(&c, (slim_matmul_attr){ 0 });
}
END_TEST

START_TEST(more_dimensions_count_as_rows)
{
  const slim_matmul_attr attr = { 0 };
  test_op t = { .op = &slim_op_matmul, .attr = &attr, .num_in = 2, .num_out = 1 };
  double want[2 * 3 * 5], scale[2 * 3 * 5];
  t.in[0] = test_random_tensor(SLIM_SHAPE(6, 4), 1);
  t.in[1] = test_random_tensor(SLIM_SHAPE(4, 5), 2);
  t.out[0] = test_output(SLIM_SHAPE(6, 5));
  naive(&t, &attr, 4, want, scale);
  t.in[0].shape = SLIM_SHAPE(2, 3, 4);
  t.out[0].shape = SLIM_SHAPE(2, 3, 5);
  if (test_op_run(&t, NULL)) {
    test_assert_sums(t.out[0].data, want, scale, 30, test_sum_tolerance(4), "[2,3,4]");
  }
  test_op_free(&t);
}
END_TEST

/* With a bias and an activation fused behind: tanh, or relu for every other case. */
START_TEST(epilogue_matches_loops)
{
  const struct matmul_case *c = &cases[_i / 2];
  const slim_matmul_attr attr = { .transpose_a = _i & 1 };
  const slim_bias_attr bias = { 0 };
  const bool clamps = _i / 2 % 2 != 0;
  const slim_activation_attr activation = { clamps ? SLIM_ACTIVATION_RELU : SLIM_ACTIVATION_TANH };
  const test_fused more[] = { { &slim_op_bias_add, &bias, 2, 0 }, { &slim_op_activation, &activation, 1, 0 } };
  test_op t = { .op = &slim_op_matmul, .attr = &attr, .num_in = 3, .num_out = 1 };
  const size_t n = (size_t)c->m * (size_t)c->n;
  double *want = malloc(n * sizeof *want), *scale = malloc(n * sizeof *scale);
  t.in[0] = test_random_tensor(attr.transpose_a ? SLIM_SHAPE(c->k, c->m) : SLIM_SHAPE(c->m, c->k), 1);
  t.in[1] = test_random_tensor(SLIM_SHAPE(c->k, c->n), 2);
  t.in[2] = test_random_tensor(SLIM_SHAPE(c->n), 3);
  t.out[0] = test_output(SLIM_SHAPE(c->m, c->n));
  naive(&t, &attr, c->k, want, scale);
  const float *biases = t.in[2].data;
  for (size_t i = 0; i < n; i++) {
    const double sum = want[i] + (double)biases[i % (size_t)c->n];
    want[i] = !clamps ? tanh(sum) : sum < 0.0 ? 0.0 : sum;
    scale[i] += 2.0;
  }
  if (test_op_run_fused(&t, more, 2, NULL)) {
    test_assert_sums(t.out[0].data, want, scale, n, test_sum_tolerance((size_t)c->k), c->label);
  }
  free(want);
  free(scale);
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, matches_loops, 0, 4 * CASES);
  tcase_add_loop_test(tcase, any_number_of_rows, 0, 2 * ROWS);
  tcase_add_loop_test(tcase, whole_panels, 0, 12);
  tcase_add_test(tcase, deep_whole_panels);
  tcase_add_test(tcase, a_column_behind_whole_groups);
  tcase_add_loop_test(tcase, epilogue_matches_loops, 0, 2 * CASES);
  tcase_add_test(tcase, more_dimensions_count_as_rows);
}

TEST_OP_MAIN("matmul", build)
