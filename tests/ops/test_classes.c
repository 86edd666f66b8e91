/* Reductions and ops over classes: reduce, argmax, one_hot, in_top_k, top_k, cumsum, softmax, cross entropies. */
#include "test_op.h"

#include <math.h>

static const struct reduce_case {
  slim_shape shape;
  unsigned axes;
} reductions[] = {
  { { 1, { 1 } }, 1 },
  { { 1, { 100003 } }, 1 },
  { { 2, { 37, 53 } }, 1 },
  { { 2, { 37, 53 } }, 2 },
  { { 2, { 700, 3 } }, 1 },
  { { 2, { 3001, 36 } }, 1 },
  { { 3, { 40, 51, 140 } }, 3 },
  { { 3, { 5, 6, 70 } }, 2 },
  { { 4, { 3, 7, 5, 19 } }, 6 },
  { { 4, { 3, 7, 5, 19 } }, 15 },
  { { 4, { 3, 7, 5, 19 } }, 13 },
  { { 4, { 3, 7, 5, 19 } }, 10 },
  { { 4, { 3, 1, 5, 1 } }, 8 },
};
#define REDUCTIONS ((int)(sizeof reductions / sizeof *reductions))

/* The output element that element i of the input goes to. */
static size_t goes_to(const struct reduce_case *c, size_t i)
{
  size_t at = 0, stride = 1;
  for (int d = c->shape.rank - 1; d >= 0; d--) {
    const size_t dim = (size_t)c->shape.dim[d];
    if (!(c->axes >> d & 1u)) {
      at += i % dim * stride;
      stride *= dim;
    }
    i /= dim;
  }
  return at;
}

static slim_shape reduced(const struct reduce_case *c, bool keep)
{
  slim_shape out = { 0 };
  for (int d = 0; d < c->shape.rank; d++) {
    if (!(c->axes >> d & 1u)) {
      out.dim[out.rank++] = c->shape.dim[d];
    } else if (keep) {
      out.dim[out.rank++] = 1;
    }
  }
  return out;
}

START_TEST(reduce_matches_loops)
{
  const struct reduce_case *c = &reductions[_i / 8];
  const slim_reduce_attr attr = { (slim_reduce_kind)(_i % 8 / 2), c->axes, _i % 2 };
  const size_t n = test_elements(c->shape);
  test_op t = { .op = &slim_op_reduce, .attr = &attr, .num_in = 1, .num_out = 1 };
  t.in[0] = test_random_tensor(c->shape, 3);
  t.out[0] = test_output(reduced(c, attr.keep_dims));
  const size_t m = test_elements(t.out[0].shape);
  double *want = malloc(m * sizeof *want), *scale = calloc(m, sizeof *scale);
  for (size_t i = 0; i < m; i++) {
    want[i] = attr.kind == SLIM_REDUCE_MAX ? -INFINITY : 0.0;
  }
  for (size_t i = 0; i < n; i++) {
    const double x = (double)((float *)t.in[0].data)[i], count = (double)(n / m);
    const double part = attr.kind == SLIM_REDUCE_MEAN ? x / count : attr.kind == SLIM_REDUCE_HALF_SQUARES ? x * x / 2 : x;
    const size_t to = goes_to(c, i);
    want[to] = attr.kind != SLIM_REDUCE_MAX ? want[to] + part : x > want[to] ? x : want[to];
    scale[to] += fabs(part);
  }
  if (test_op_run(&t, NULL)) {
    test_assert_sums(t.out[0].data, want, scale, m, test_sum_tolerance(n / m), "reduce");
  }
  free(want);
  free(scale);
  test_op_free(&t);
}
END_TEST

START_TEST(argmax_takes_the_first)
{
  const slim_shape shape = SLIM_SHAPE(4, 6, 5);
  const slim_argmax_attr attr = { _i };
  slim_shape out = { 2, { _i == 0 ? 6 : 4, _i == 2 ? 6 : 5 } };
  test_op t = { .op = &slim_op_argmax, .attr = &attr, .num_in = 1, .num_out = 1 };
  t.in[0] = test_random_tensor(shape, 1);
  float *x = t.in[0].data;
  for (int i = 0; i < 120; i++) {
    x[i] = (float)(int)(x[i] * 3.0f);
  }
  t.out[0] = (test_tensor){ SLIM_INT64, out, calloc(test_elements(out), 8) };
  if (test_op_run(&t, NULL)) {
    const int stride = _i == 0 ? 30 : _i == 1 ? 5 : 1, n = shape.dim[_i];
    for (int i = 0; i < 120 / n; i++) {
      const float *from = x + i / stride * stride * n + i % stride;
      int best = 0;
      for (int k = 1; k < n; k++) {
        best = from[k * stride] > from[best * stride] ? k : best;
      }
      ck_assert_int_eq(((int64_t *)t.out[0].data)[i], best);
    }
  }
  test_op_free(&t);
}
END_TEST

static test_tensor labels(slim_dtype type, int n, int classes)
{
  test_tensor t = { type, SLIM_SHAPE(n), calloc((size_t)n, 8) };
  for (int i = 0; i < n; i++) {
    const int label = (i * 7 + 1) % classes;
    if (type == SLIM_INT64) {
      ((int64_t *)t.data)[i] = label;
    } else {
      ((int32_t *)t.data)[i] = label;
    }
  }
  return t;
}

static int label_of(const test_tensor *t, int i)
{
  return t->dtype == SLIM_INT64 ? (int)((int64_t *)t->data)[i] : ((int32_t *)t->data)[i];
}

START_TEST(one_hot_marks_the_label)
{
  const slim_one_hot_attr attr = { 7, 2.5f, -0.5f };
  test_op t = { .op = &slim_op_one_hot, .attr = &attr, .num_in = 1, .num_out = 1 };
  t.in[0] = labels(_i ? SLIM_INT64 : SLIM_INT32, 20, 8); /* 7 is out of range */
  t.out[0] = test_output(SLIM_SHAPE(20, 7));
  if (test_op_run(&t, NULL)) {
    for (int i = 0; i < 140; i++) {
      const float want = i % 7 == label_of(&t.in[0], i / 7) ? 2.5f : -0.5f;
      ck_assert_msg(((float *)t.out[0].data)[i] == want, "element %d", i);
    }
  }
  test_op_free(&t);
}
END_TEST

START_TEST(in_top_k_counts_ties_as_in)
{
  const slim_in_top_k_attr attr = { 1 + _i };
  test_op t = { .op = &slim_op_in_top_k, .attr = &attr, .num_in = 2, .num_out = 1 };
  t.in[0] = test_random_tensor(SLIM_SHAPE(50, 9), 4);
  t.in[1] = labels(_i % 2 ? SLIM_INT32 : SLIM_INT64, 50, 9);
  float *x = t.in[0].data;
  for (int i = 0; i < 450; i++) {
    x[i] = (float)(int)(x[i] * 4.0f);
  }
  t.out[0] = test_output(SLIM_SHAPE(50));
  if (test_op_run(&t, NULL)) {
    for (int i = 0; i < 50; i++) {
      int larger = 0;
      for (int k = 0; k < 9; k++) {
        larger += x[i * 9 + k] > x[i * 9 + label_of(&t.in[1], i)];
      }
      ck_assert_msg(((float *)t.out[0].data)[i] == (larger <= _i ? 1.0f : 0.0f), "row %d of top %d", i, attr.k);
    }
  }
  test_op_free(&t);
}
END_TEST

static const struct top_case {
  slim_shape shape;
  int k;
  int wanted; /* bit i: output i is read */
} tops[] = {
  { { 1, { 1 } }, 1, 3 },       { { 1, { 9 } }, 9, 3 },      { { 2, { 50, 9 } }, 4, 3 },
  { { 2, { 37, 101 } }, 5, 2 }, { { 3, { 3, 5, 7 } }, 2, 1 }, { { 2, { 2, 1000 } }, 3, 3 },
};
#define TOPS ((int)(sizeof tops / sizeof *tops))

/* How many of a row come before element i: those that are larger, and equal ones in front of it. */
static int before(const float *x, int n, int i)
{
  int count = 0;
  for (int k = 0; k < n; k++) {
    count += x[k] > x[i] || (x[k] == x[i] && k < i) || (isnan(x[i]) && !isnan(x[k])) ||
             (isnan(x[i]) && isnan(x[k]) && k < i);
  }
  return count;
}

START_TEST(top_k_sorts_the_largest)
{
  const struct top_case *c = &tops[_i];
  const slim_top_k_attr attr = { c->k };
  const int n = c->shape.dim[c->shape.rank - 1];
  slim_shape out = c->shape;
  out.dim[out.rank - 1] = c->k;
  test_op t = { .op = &slim_op_top_k, .attr = &attr, .num_in = 1, .num_out = 2 };
  t.in[0] = test_random_tensor(c->shape, 5);
  float *x = t.in[0].data;
  const int all = (int)test_elements(c->shape);
  for (int i = 0; i < all; i++) {
    x[i] = i % 23 == 5 ? NAN : i % 29 == 7 ? INFINITY : (float)(int)(x[i] * 9.0f); /* with ties */
  }
  t.out[0] = c->wanted & 1 ? test_output(out) : (test_tensor){ SLIM_FLOAT32, out, NULL };
  t.out[1] = (test_tensor){ SLIM_INT32, out, c->wanted & 2 ? calloc(test_elements(out), 4) : NULL };
  if (test_op_run(&t, NULL)) {
    for (int i = 0; i < all; i++) {
      const int row = i / n, place = before(x + row * n, n, i % n);
      if (place < c->k && c->wanted & 1) {
        const float got = ((float *)t.out[0].data)[row * c->k + place];
        ck_assert_msg(got == x[i] || (isnan(got) && isnan(x[i])), "value %d of row %d", place, row);
      }
      if (place < c->k && c->wanted & 2) {
        ck_assert_int_eq(((int32_t *)t.out[1].data)[row * c->k + place], i % n);
      }
    }
  }
  test_op_free(&t);
}
END_TEST

static const struct cumsum_case {
  slim_shape shape;
  int axis;
} cumsums[] = {
  { { 1, { 1 } }, 0 },          { { 1, { 1003 } }, 0 },         { { 2, { 37, 53 } }, 0 },
  { { 2, { 37, 53 } }, 1 },     { { 3, { 5, 6, 70 } }, 1 },     { { 4, { 3, 7, 5, 19 } }, 2 },
};
#define CUMSUMS ((int)(sizeof cumsums / sizeof *cumsums))

START_TEST(cumsum_matches_loops)
{
  const struct cumsum_case *c = &cumsums[_i / 4];
  const slim_cumsum_attr attr = { c->axis, _i % 2, _i / 2 % 2 };
  const size_t count = test_elements(c->shape), n = (size_t)c->shape.dim[c->axis];
  size_t inner = 1;
  for (int i = c->axis + 1; i < c->shape.rank; i++) {
    inner *= (size_t)c->shape.dim[i];
  }
  test_op t = { .op = &slim_op_cumsum, .attr = &attr, .num_in = 1, .num_out = 1 };
  t.in[0] = test_random_tensor(c->shape, 6);
  t.out[0] = test_output(c->shape);
  double *want = calloc(count, sizeof *want), *scale = calloc(count, sizeof *scale);
  for (size_t i = 0; i < count; i++) {
    const size_t at = i / inner % n;
    for (size_t k = 0; k < n; k++) {
      const bool in = (attr.reverse ? k > at : k < at) || (k == at && !attr.exclusive);
      const double x = (double)((float *)t.in[0].data)[i - at * inner + k * inner];
      want[i] += in ? x : 0.0;
      scale[i] += in ? fabs(x) : 0.0;
    }
  }
  if (test_op_run(&t, NULL)) {
    test_assert_sums(t.out[0].data, want, scale, count, test_sum_tolerance(n), "cumsum");
  }
  free(want);
  free(scale);
  test_op_free(&t);
}
END_TEST

static const struct rows_case {
  int rows, classes;
  float scale;
} rows[] = { { 1, 1, 1.0f }, { 5, 10, 1.0f }, { 64, 10, 30.0f }, { 3, 1001, 5.0f }, { 130, 33, 100.0f } };
#define ROWS ((int)(sizeof rows / sizeof *rows))

static test_tensor logits_of(const struct rows_case *c)
{
  test_tensor t = test_random_tensor(SLIM_SHAPE(c->rows, c->classes), 8);
  for (int i = 0; i < c->rows * c->classes; i++) {
    ((float *)t.data)[i] *= c->scale;
  }
  return t;
}

/* Softmax of a row; @return the logarithm of its sum, relative to x[0]. */
static double softmax(const float *x, int n, double *y)
{
  double max = -INFINITY, sum = 0.0;
  for (int k = 0; k < n; k++) {
    max = (double)x[k] > max ? (double)x[k] : max;
  }
  for (int k = 0; k < n; k++) {
    sum += y[k] = exp((double)x[k] - max);
  }
  for (int k = 0; k < n; k++) {
    y[k] /= sum;
  }
  return log(sum) + max;
}

START_TEST(softmax_matches_libm)
{
  const struct rows_case *c = &rows[_i];
  const size_t n = (size_t)(c->rows * c->classes);
  test_op t = { .op = &slim_op_softmax, .num_in = 1, .num_out = 1 };
  double *want = malloc(n * sizeof *want);
  t.in[0] = logits_of(c);
  t.out[0] = test_output(t.in[0].shape);
  for (int r = 0; r < c->rows; r++) {
    (void)softmax((float *)t.in[0].data + r * c->classes, c->classes, want + r * c->classes);
  }
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, want, n, 1e-5, "softmax");
  }
  free(want);
  test_op_free(&t);
}
END_TEST

START_TEST(softmax_gradient_matches_loops)
{
  const struct rows_case *c = &rows[_i];
  const size_t n = (size_t)(c->rows * c->classes);
  test_op t = { .op = &slim_op_softmax_gradient, .num_in = 2, .num_out = 1 };
  double *want = malloc(n * sizeof *want);
  t.in[0] = test_random_tensor(SLIM_SHAPE(c->rows, c->classes), 1);
  t.in[1] = test_random_tensor(SLIM_SHAPE(c->rows, c->classes), 2);
  t.out[0] = test_output(t.in[0].shape);
  for (int r = 0; r < c->rows; r++) {
    const float *dy = (float *)t.in[0].data + r * c->classes, *y = (float *)t.in[1].data + r * c->classes;
    double sum = 0.0;
    for (int k = 0; k < c->classes; k++) {
      sum += (double)dy[k] * (double)y[k];
    }
    for (int k = 0; k < c->classes; k++) {
      want[r * c->classes + k] = ((double)dy[k] - sum) * (double)y[k];
    }
  }
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, want, n, test_sum_tolerance((size_t)c->classes), "softmax_gradient");
  }
  free(want);
  test_op_free(&t);
}
END_TEST

/* Dense labels are a mixture that does not sum to one. */
static double weight(const test_op *t, bool dense, int r, int k, int n)
{
  return dense ? (double)((float *)t->in[1].data)[r * n + k] : label_of(&t->in[1], r) == k;
}

START_TEST(cross_entropy_matches_libm)
{
  const struct rows_case *c = &rows[_i / 4];
  const bool dense = _i / 2 % 2, gradient = _i % 2;
  const int n = c->classes;
  const size_t all = (size_t)(c->rows * n);
  test_op t = { .op = dense ? &slim_op_softmax_cross_entropy : &slim_op_sparse_softmax_cross_entropy, .num_in = 2, .num_out = 2 };
  double *y = malloc((all + (size_t)c->rows) * sizeof *y), *loss = y + all;
  t.in[0] = logits_of(c);
  t.in[1] = dense ? test_random_tensor(SLIM_SHAPE(c->rows, n), 5) : labels(SLIM_INT64, c->rows, n);
  t.out[0] = test_output(SLIM_SHAPE(c->rows));
  t.out[1] = test_output(SLIM_SHAPE(c->rows, n));
  if (!gradient) {
    free(t.out[1].data);
    t.out[1].data = NULL;
  }
  for (int r = 0; r < c->rows; r++) {
    const float *x = (float *)t.in[0].data + r * n;
    const double log_sum = softmax(x, n, y + r * n);
    double total = 0.0;
    loss[r] = 0.0;
    for (int k = 0; k < n; k++) {
      total += weight(&t, dense, r, k, n);
      loss[r] += weight(&t, dense, r, k, n) * (log_sum - (double)x[k]);
    }
    for (int k = 0; k < n; k++) {
      y[r * n + k] = y[r * n + k] * total - weight(&t, dense, r, k, n);
    }
  }
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, loss, (size_t)c->rows, 1e-5, "loss");
    if (gradient) {
      test_assert_near(t.out[1].data, y, all, 1e-5, "backprop");
    }
  }
  free(y);
  test_op_free(&t);
}
END_TEST

START_TEST(label_out_of_range_gives_nan)
{
  test_op t = { .op = &slim_op_sparse_softmax_cross_entropy, .num_in = 2, .num_out = 2 };
  t.in[0] = test_random_tensor(SLIM_SHAPE(3, 4), 1);
  t.in[1] = labels(SLIM_INT64, 3, 4);
  ((int64_t *)t.in[1].data)[1] = _i ? 4 : -1;
  t.out[0] = test_output(SLIM_SHAPE(3));
  t.out[1] = test_output(SLIM_SHAPE(3, 4));
  if (test_op_run(&t, NULL)) {
    const float *loss = t.out[0].data;
    ck_assert(isfinite(loss[0]) && isnan(loss[1]) && isfinite(loss[2]));
  }
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, reduce_matches_loops, 0, 8 * REDUCTIONS);
  tcase_add_loop_test(tcase, argmax_takes_the_first, 0, 3);
  tcase_add_loop_test(tcase, one_hot_marks_the_label, 0, 2);
  tcase_add_loop_test(tcase, in_top_k_counts_ties_as_in, 0, 4);
  tcase_add_loop_test(tcase, top_k_sorts_the_largest, 0, TOPS);
  tcase_add_loop_test(tcase, cumsum_matches_loops, 0, 4 * CUMSUMS);
  tcase_add_loop_test(tcase, softmax_matches_libm, 0, ROWS);
  tcase_add_loop_test(tcase, softmax_gradient_matches_loops, 0, ROWS);
  tcase_add_loop_test(tcase, cross_entropy_matches_libm, 0, 4 * ROWS);
  tcase_add_loop_test(tcase, label_out_of_range_gives_nan, 0, 2);
}

TEST_OP_MAIN("classes", build)
