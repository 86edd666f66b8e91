/* Ops that move elements: reshape, transpose, concat, slice, pad, broadcast_like, cast; in every element size. */
#include "test_op.h"

static const slim_dtype types[] = { SLIM_FLOAT32, SLIM_INT64, SLIM_UINT8 };
#define TYPES 3

/* Element i holds the number i (modulo the type). */
static test_tensor numbered(slim_dtype type, slim_shape shape)
{
  const size_t n = test_elements(shape);
  test_tensor t = { type, shape, calloc(n + 1, 8) };
  for (size_t i = 0; i < n; i++) {
    if (type == SLIM_FLOAT32) {
      ((float *)t.data)[i] = (float)i;
    } else if (type == SLIM_INT64) {
      ((int64_t *)t.data)[i] = (int64_t)i;
    } else {
      ((uint8_t *)t.data)[i] = (uint8_t)i;
    }
  }
  return t;
}

static test_tensor blank(slim_dtype type, slim_shape shape)
{
  return (test_tensor){ type, shape, calloc(test_elements(shape) + 1, 8) };
}

/* Element i is the number want (-1: zero), modulo the type. */
static void assert_number(const test_tensor *t, size_t i, int64_t want, const char *label)
{
  const int64_t expected = want < 0 ? 0 : t->dtype == SLIM_UINT8 ? want % 256 : want;
  const int64_t got = t->dtype == SLIM_FLOAT32 ? (int64_t)((const float *)t->data)[i]
                      : t->dtype == SLIM_INT64 ? ((const int64_t *)t->data)[i]
                                               : ((const uint8_t *)t->data)[i];
  ck_assert_msg(got == expected, "%s: element %zu is %lld, want %lld", label, i, (long long)got, (long long)expected);
}

static void split(const slim_shape *shape, size_t i, int *index)
{
  for (int d = shape->rank - 1; d >= 0; d--) {
    index[d] = (int)(i % (size_t)shape->dim[d]);
    i /= (size_t)shape->dim[d];
  }
}

/* -1 outside. */
static int64_t join(const slim_shape *shape, const int *index)
{
  int64_t i = 0;
  for (int d = 0; d < shape->rank; d++) {
    if (index[d] < 0 || index[d] >= shape->dim[d]) {
      return -1;
    }
    i = i * shape->dim[d] + index[d];
  }
  return i;
}

static const struct transpose_case {
  slim_shape shape;
  int axis[SLIM_MAX_RANK];
} transposes[] = {
  { { 1, { 7 } }, { 0 } },
  { { 2, { 5, 9 } }, { 1, 0 } },
  { { 4, { 2, 5, 7, 3 } }, { 0, 3, 1, 2 } },
  { { 4, { 2, 3, 5, 7 } }, { 0, 2, 3, 1 } },
  { { 5, { 2, 3, 1, 4, 5 } }, { 4, 2, 0, 3, 1 } },
  { { 3, { 40, 50, 60 } }, { 2, 0, 1 } },
};

START_TEST(transpose_moves_axes)
{
  const struct transpose_case *c = &transposes[_i / TYPES];
  const slim_dtype type = types[_i % TYPES];
  slim_transpose_attr attr = { .rank = c->shape.rank };
  slim_shape out = c->shape;
  for (int d = 0; d < c->shape.rank; d++) {
    attr.axis[d] = c->axis[d];
    out.dim[d] = c->shape.dim[c->axis[d]];
  }
  test_op t = { .op = &slim_op_transpose, .attr = &attr, .num_in = 1, .num_out = 1 };
  t.in[0] = numbered(type, c->shape);
  t.out[0] = blank(type, out);
  if (test_op_run(&t, NULL)) {
    for (size_t i = 0; i < test_elements(out); i++) {
      int to[SLIM_MAX_RANK], from[SLIM_MAX_RANK];
      split(&out, i, to);
      for (int d = 0; d < out.rank; d++) {
        from[c->axis[d]] = to[d];
      }
      assert_number(&t.out[0], i, join(&c->shape, from), "transpose");
    }
  }
  test_op_free(&t);
}
END_TEST

/* Whole vectors lie together in the last four, and elements in the two before. */
static const struct box_case {
  slim_shape small, large;
  int begin[SLIM_MAX_RANK];
} boxes[] = {
  { { 4, { 2, 3, 4, 5 } }, { 4, { 4, 3, 9, 6 } }, { 1, 0, 3, 1 } },
  { { 1, { 13 } }, { 1, { 20 } }, { 4 } },
  { { 1, { 333 } }, { 1, { 391 } }, { 57 } },
  { { 4, { 2, 3, 14, 3 } }, { 4, { 2, 5, 17, 3 } }, { 0, 1, 2, 0 } },
  { { 4, { 2, 5, 7, 8 } }, { 4, { 2, 8, 9, 8 } }, { 0, 1, 1, 0 } },
  { { 4, { 3, 1, 5, 12 } }, { 4, { 4, 4, 5, 12 } }, { 1, 2, 0, 0 } },
  { { 4, { 1, 5, 7, 8 } }, { 4, { 3, 5, 9, 8 } }, { 2, 0, 2, 0 } },
  { { 2, { 6, 36 } }, { 2, { 9, 44 } }, { 2, 4 } },
};
#define BOXES ((int)(sizeof boxes / sizeof *boxes))

START_TEST(slice_and_pad_move_a_box)
{
  const slim_dtype type = types[_i % TYPES];
  const bool pad = _i / TYPES % 2;
  const struct box_case *c = &boxes[_i / TYPES / 2];
  const slim_shape small = c->small, large = c->large;
  const int *begin = c->begin;
  slim_slice_attr slice = { .rank = small.rank };
  slim_pad_attr edge = { .rank = small.rank };
  for (int d = 0; d < small.rank; d++) {
    slice.begin[d] = edge.before[d] = begin[d];
    slice.size[d] = small.dim[d];
    edge.after[d] = large.dim[d] - small.dim[d] - begin[d];
  }
  test_op t = { .op = pad ? &slim_op_pad : &slim_op_slice, .num_in = 1, .num_out = 1 };
  t.attr = pad ? (const void *)&edge : (const void *)&slice;
  t.in[0] = numbered(type, pad ? small : large);
  t.out[0] = blank(type, pad ? large : small);
  if (test_op_run(&t, NULL)) {
    for (size_t i = 0; i < test_elements(t.out[0].shape); i++) {
      int index[SLIM_MAX_RANK];
      split(&t.out[0].shape, i, index);
      for (int d = 0; d < small.rank; d++) {
        index[d] += pad ? -begin[d] : begin[d];
      }
      assert_number(&t.out[0], i, join(&t.in[0].shape, index), pad ? "pad" : "slice");
    }
  }
  test_op_free(&t);
}
END_TEST

START_TEST(concat_joins_along_an_axis)
{
  const slim_dtype type = types[_i % TYPES];
  const slim_concat_attr attr = { _i / TYPES };
  slim_shape out = SLIM_SHAPE(3, 4, 5);
  test_op t = { .op = &slim_op_concat, .attr = &attr, .num_in = 3, .num_out = 1 };
  int begin[4] = { 0 };
  for (int k = 0; k < 3; k++) {
    slim_shape part = SLIM_SHAPE(3, 4, 5);
    part.dim[attr.axis] = 1 + 3 * k;
    begin[k + 1] = begin[k] + part.dim[attr.axis];
    t.in[k] = numbered(type, part);
  }
  out.dim[attr.axis] = begin[3];
  t.out[0] = blank(type, out);
  if (test_op_run(&t, NULL)) {
    for (size_t i = 0; i < test_elements(out); i++) {
      int index[SLIM_MAX_RANK], k = 0;
      split(&out, i, index);
      while (index[attr.axis] >= begin[k + 1]) {
        k++;
      }
      index[attr.axis] -= begin[k];
      assert_number(&t.out[0], i, join(&t.in[k].shape, index), "concat");
    }
  }
  test_op_free(&t);
}
END_TEST

/* Of rows that are long, of up to six tensors. */
START_TEST(concat_joins_rows)
{
  static const int runs[] = { 32, 17, 40, 129, 16, 65 };
  const slim_concat_attr attr = { 2 };
  const int count = 2 + _i;
  test_op t = { .op = &slim_op_concat, .attr = &attr, .num_in = count, .num_out = 1 };
  int begin[7] = { 0 };
  for (int k = 0; k < count; k++) {
    begin[k + 1] = begin[k] + runs[k];
    t.in[k] = test_random_tensor(SLIM_SHAPE(5, 13, runs[k]), (unsigned)k);
  }
  t.out[0] = test_output(SLIM_SHAPE(5, 13, begin[count]));
  if (test_op_run(&t, NULL)) {
    const float *got = t.out[0].data;
    for (int row = 0; row < 5 * 13; row++) {
      for (int k = 0; k < count; k++) {
        const float *want = (const float *)t.in[k].data + row * runs[k];
        ck_assert_mem_eq(got + row * begin[count] + begin[k], want, (size_t)runs[k] * sizeof(float));
      }
    }
  }
  test_op_free(&t);
}
END_TEST

START_TEST(reshape_keeps_the_order)
{
  const slim_reshape_attr attr = { { 2, { 0, -1 } } };
  const slim_dtype type = types[_i];
  test_op t = { .op = &slim_op_reshape, .attr = &attr, .num_in = 1, .num_out = 1 };
  t.in[0] = numbered(type, SLIM_SHAPE(3, 4, 5));
  t.out[0] = blank(type, SLIM_SHAPE(3, 20));
  if (test_op_run(&t, NULL)) {
    for (size_t i = 0; i < 60; i++) {
      assert_number(&t.out[0], i, (int64_t)i, "reshape");
    }
  }
  test_op_free(&t);
}
END_TEST

START_TEST(broadcast_like_repeats)
{
  static const unsigned masks[] = { 0, 1, 2, 4, 6, 9, 15, 10 };
  const unsigned axes = masks[_i / 2];
  const slim_broadcast_attr attr = { axes, _i % 2 };
  const slim_shape like = SLIM_SHAPE(3, 4, 5, 18);
  slim_shape from = like;
  int repeats = 1;
  for (int d = 0; d < 4; d++) {
    if (axes >> d & 1u) {
      repeats *= like.dim[d];
      from.dim[d] = 1;
    }
  }
  test_op t = { .op = &slim_op_broadcast_like, .attr = &attr, .num_in = 2, .num_out = 1 };
  t.in[0] = numbered(SLIM_FLOAT32, from);
  t.in[1] = (test_tensor){ SLIM_FLOAT32, like, NULL };
  t.out[0] = test_output(like);
  if (test_op_run(&t, NULL)) {
    for (size_t i = 0; i < test_elements(like); i++) {
      int index[SLIM_MAX_RANK];
      split(&like, i, index);
      for (int d = 0; d < 4; d++) {
        index[d] = from.dim[d] == 1 ? 0 : index[d];
      }
      const double want = (double)join(&from, index) / (attr.mean ? repeats : 1);
      test_assert_near((const float *)t.out[0].data + i, &want, 1, 1e-6, "broadcast_like");
    }
  }
  test_op_free(&t);
}
END_TEST

START_TEST(cast_converts)
{
  const slim_cast_attr attr = { types[_i / TYPES] };
  const slim_dtype from = types[_i % TYPES];
  test_op t = { .op = &slim_op_cast, .attr = &attr, .num_in = 1, .num_out = 1 };
  t.in[0] = numbered(from, SLIM_SHAPE(200));
  t.out[0] = blank(attr.to, SLIM_SHAPE(200));
  if (test_op_run(&t, NULL)) {
    for (size_t i = 0; i < 200; i++) {
      assert_number(&t.out[0], i, (int64_t)i, "cast");
    }
  }
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, transpose_moves_axes, 0, 6 * TYPES);
  tcase_add_loop_test(tcase, slice_and_pad_move_a_box, 0, 2 * BOXES * TYPES);
  tcase_add_loop_test(tcase, concat_joins_along_an_axis, 0, 3 * TYPES);
  tcase_add_loop_test(tcase, concat_joins_rows, 0, 5);
  tcase_add_loop_test(tcase, reshape_keeps_the_order, 0, TYPES);
  tcase_add_loop_test(tcase, broadcast_like_repeats, 0, 16);
  tcase_add_loop_test(tcase, cast_converts, 0, TYPES * TYPES);
}

TEST_OP_MAIN("shapes", build)
