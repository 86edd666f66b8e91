/* Ops that work element by element: activation and its gradient, unary, binary, add_n, bias_add, sigmoid cross entropy. */
#include "test_op.h"

#include <math.h>

#define FEW 1e-6 /* a few roundings */

static const int lengths[] = { 1, 3, 16, 17, 1000, 40001 };
#define KINDS 5 /* of activations */
#define LENGTHS ((int)(sizeof lengths / sizeof *lengths))

static double activate(slim_activation_kind kind, double x)
{
  switch (kind) {
  case SLIM_ACTIVATION_RELU:
    return x > 0.0 ? x : 0.0;
  case SLIM_ACTIVATION_RELU6:
    return x < 0.0 ? 0.0 : x > 6.0 ? 6.0 : x;
  case SLIM_ACTIVATION_SIGMOID:
    return 1.0 / (1.0 + exp(-x));
  case SLIM_ACTIVATION_TANH:
    return tanh(x);
  case SLIM_ACTIVATION_ELU:
    return x > 0.0 ? x : expm1(x);
  default:
    return x;
  }
}

/* The derivative where the result is y. */
static double slope(slim_activation_kind kind, double y)
{
  switch (kind) {
  case SLIM_ACTIVATION_RELU:
    return y > 0.0 ? 1.0 : 0.0;
  case SLIM_ACTIVATION_RELU6:
    return y > 0.0 && y < 6.0 ? 1.0 : 0.0;
  case SLIM_ACTIVATION_SIGMOID:
    return y * (1.0 - y);
  case SLIM_ACTIVATION_TANH:
    return 1.0 - y * y;
  case SLIM_ACTIVATION_ELU:
    return y > 0.0 ? 1.0 : y + 1.0;
  default:
    return 1.0;
  }
}

static test_tensor scaled(slim_shape shape, unsigned seed, float by)
{
  test_tensor t = test_random_tensor(shape, seed);
  for (size_t i = 0; i < test_elements(shape); i++) {
    ((float *)t.data)[i] *= by;
  }
  return t;
}

typedef double (*expect_fn)(const test_op *t, size_t i);

static double in(const test_op *t, int k, size_t i)
{
  return (double)((const float *)t->in[k].data)[i];
}

static void run_each(test_op *t, expect_fn expect, double tolerance, const char *label)
{
  const size_t n = test_elements(t->in[0].shape);
  double *want = malloc(n * sizeof *want);
  t->num_out = 1;
  t->out[0] = test_output(t->in[0].shape);
  for (size_t i = 0; i < n; i++) {
    want[i] = expect(t, i);
  }
  if (test_op_run(t, NULL)) {
    for (size_t i = 0; i < n; i++) {
      test_assert_near((const float *)t->out[0].data + i, want + i, 1, tolerance, label);
    }
  }
  free(want);
  test_op_free(t);
}

static double expect_activation(const test_op *t, size_t i)
{
  return activate(((const slim_activation_attr *)t->attr)->kind, in(t, 0, i));
}

START_TEST(activation_matches_libm)
{
  const slim_activation_attr attr = { (slim_activation_kind)(1 + _i % KINDS) };
  test_op t = { .op = &slim_op_activation, .attr = &attr, .num_in = 1 };
  t.in[0] = scaled(SLIM_SHAPE(lengths[_i / KINDS]), 1, 12.0f);
  run_each(&t, expect_activation, FEW, "activation");
}
END_TEST

START_TEST(activation_keeps_extremes)
{
  static const float extremes[] = { 0.0f, 1e-30f, -1e-20f, 1e-5f, 200.0f, -200.0f, 88.0f, -88.0f };
  const slim_activation_attr attr = { (slim_activation_kind)(_i + 1) };
  test_op t = { .op = &slim_op_activation, .attr = &attr, .num_in = 1 };
  t.in[0] = test_random_tensor(SLIM_SHAPE(8), 1);
  memcpy(t.in[0].data, extremes, sizeof extremes);
  run_each(&t, expect_activation, FEW, "extremes");
}
END_TEST

static double expect_gradient(const test_op *t, size_t i)
{
  return in(t, 0, i) * slope(((const slim_activation_attr *)t->attr)->kind, in(t, 1, i));
}

START_TEST(activation_gradient_matches_loops)
{
  const slim_activation_attr attr = { (slim_activation_kind)(1 + _i % KINDS) };
  const bool bounded = attr.kind >= SLIM_ACTIVATION_SIGMOID;
  test_op t = { .op = &slim_op_activation_gradient, .attr = &attr, .num_in = 2 };
  t.in[0] = scaled(SLIM_SHAPE(lengths[_i / KINDS]), 1, 2.0f);
  t.in[1] = scaled(SLIM_SHAPE(lengths[_i / KINDS]), 2, bounded ? 0.9f : 9.0f);
  run_each(&t, expect_gradient, 3e-6, "activation_gradient");
}
END_TEST

static double expect_unary(const test_op *t, size_t i)
{
  const slim_unary_attr *a = t->attr;
  const double x = in(t, 0, i);
  const double values[] = { -x,     fabs(x), (x > 0.0) - (x < 0.0), x * x, sqrt(x), 1.0 / sqrt(x), exp(x),
                            log(x), 1.0 / x, x * (double)a->a + (double)a->b, x != 0.0 };
  return values[a->kind];
}

START_TEST(unary_matches_libm)
{
  const slim_unary_attr attr = { (slim_unary_kind)(_i % 11), 1.5f, 0.25f };
  const bool positive = attr.kind == SLIM_UNARY_SQRT || attr.kind == SLIM_UNARY_RSQRT || attr.kind == SLIM_UNARY_LOG;
  test_op t = { .op = &slim_op_unary, .attr = &attr, .num_in = 1 };
  t.in[0] = scaled(SLIM_SHAPE(lengths[_i / 11]), 3, 10.0f);
  float *x = t.in[0].data;
  for (int i = 0; i < lengths[_i / 11]; i++) {
    x[i] = positive ? fabsf(x[i]) + 1.5f : attr.kind == SLIM_UNARY_SCALE_ADD ? fabsf(x[i]) : i % 7 == 3 && attr.kind == SLIM_UNARY_NOT_ZERO ? 0.0f : x[i];
  }
  run_each(&t, expect_unary, 3e-6, "unary");
}
END_TEST

static double binary(slim_binary_kind kind, double a, double b)
{
  switch (kind) {
  case SLIM_BINARY_ADD:
    return a + b;
  case SLIM_BINARY_SUB:
    return a - b;
  case SLIM_BINARY_MUL:
    return a * b;
  case SLIM_BINARY_DIV:
    return a / b;
  case SLIM_BINARY_DIV_NO_NAN:
    return b == 0.0 ? 0.0 : a / b;
  case SLIM_BINARY_MAX:
    return a > b ? a : b;
  case SLIM_BINARY_MIN:
    return a < b ? a : b;
  case SLIM_BINARY_GREATER:
    return a > b;
  default:
    return a == b;
  }
}

static const struct broadcast_case {
  slim_shape a, b, out;
} broadcasts[] = {
  { { 1, { 37 } }, { 1, { 37 } }, { 1, { 37 } } },
  { { 2, { 5, 7 } }, { 0, { 0 } }, { 2, { 5, 7 } } },
  { { 0, { 0 } }, { 0, { 0 } }, { 0, { 0 } } },
  { { 4, { 2, 3, 4, 19 } }, { 1, { 19 } }, { 4, { 2, 3, 4, 19 } } },
  { { 2, { 6, 10 } }, { 2, { 6, 1 } }, { 2, { 6, 10 } } },
  { { 3, { 4, 1, 5 } }, { 3, { 1, 3, 5 } }, { 3, { 4, 3, 5 } } },
  { { 2, { 1, 9 } }, { 2, { 8, 1 } }, { 2, { 8, 9 } } },
  { { 4, { 3, 1, 1, 8 } }, { 4, { 3, 5, 6, 8 } }, { 4, { 3, 5, 6, 8 } } },
  { { 3, { 3, 100, 101 } }, { 3, { 3, 100, 101 } }, { 3, { 3, 100, 101 } } },
};
#define BROADCASTS ((int)(sizeof broadcasts / sizeof *broadcasts))

/* The element of an input that meets element i of the output. */
static size_t meets(const slim_shape *shape, const slim_shape *out, size_t i)
{
  size_t at = 0, stride = 1;
  for (int d = out->rank - 1; d >= 0; d--) {
    const int own = d - (out->rank - shape->rank);
    const size_t index = i % (size_t)out->dim[d];
    i /= (size_t)out->dim[d];
    if (own >= 0) {
      at += (shape->dim[own] == 1 ? 0 : index) * stride;
      stride *= (size_t)shape->dim[own];
    }
  }
  return at;
}

START_TEST(binary_broadcasts)
{
  const struct broadcast_case *c = &broadcasts[_i / 9];
  const slim_binary_attr attr = { (slim_binary_kind)(_i % 9) };
  test_op t = { .op = &slim_op_binary, .attr = &attr, .num_in = 2, .num_out = 1 };
  t.in[0] = test_random_tensor(c->a, 1);
  t.in[1] = test_random_tensor(c->b, 2);
  ((float *)t.in[1].data)[test_elements(c->b) / 2] = attr.kind == SLIM_BINARY_DIV_NO_NAN ? 0.0f : 0.5f;
  ((float *)t.in[0].data)[test_elements(c->a) / 2] = 0.5f;
  t.out[0] = test_output(c->out);
  if (test_op_run(&t, NULL)) {
    for (size_t i = 0; i < test_elements(c->out); i++) {
      const double want = binary(attr.kind, in(&t, 0, meets(&c->a, &c->out, i)), in(&t, 1, meets(&c->b, &c->out, i)));
      test_assert_near((const float *)t.out[0].data + i, &want, 1, FEW, "binary");
    }
  }
  test_op_free(&t);
}
END_TEST

START_TEST(equal_takes_integers)
{
  const slim_binary_attr attr = { SLIM_BINARY_EQUAL };
  const slim_dtype type = _i ? SLIM_INT64 : SLIM_INT32;
  int64_t wide[2][3] = { { 5, -1, (int64_t)1 << 40 }, { 5, 1, ((int64_t)1 << 40) + 1 } };
  int32_t narrow[2][3] = { { 5, -1, 1 << 30 }, { 5, 1, (1 << 30) + 1 } };
  test_op t = { .op = &slim_op_binary, .attr = &attr, .num_in = 2, .num_out = 1 };
  float y[3];
  for (int k = 0; k < 2; k++) {
    t.in[k] = (test_tensor){ type, SLIM_SHAPE(3), _i ? (void *)wide[k] : (void *)narrow[k] };
  }
  t.out[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SHAPE(3), y };
  if (test_op_run(&t, NULL)) {
    ck_assert(y[0] == 1.0f && y[1] == 0.0f && y[2] == 0.0f);
  }
}
END_TEST

static double expect_sum(const test_op *t, size_t i)
{
  double sum = 0.0;
  for (int k = 0; k < t->num_in; k++) {
    sum += in(t, k, i) + 2.0 * (double)(k == 0);
  }
  return sum;
}

START_TEST(add_n_adds)
{
  test_op t = { .op = &slim_op_add_n, .num_in = 1 + _i % 4 };
  for (int k = 0; k < t.num_in; k++) {
    t.in[k] = test_random_tensor(SLIM_SHAPE(lengths[_i / KINDS]), (unsigned)k);
  }
  float *first = t.in[0].data;
  for (int i = 0; i < lengths[_i / KINDS]; i++) {
    first[i] += 0.0f;
  }
  const size_t n = test_elements(t.in[0].shape);
  double *want = malloc(n * sizeof *want), *scale = malloc(n * sizeof *scale);
  t.num_out = 1;
  t.out[0] = test_output(t.in[0].shape);
  for (size_t i = 0; i < n; i++) {
    want[i] = expect_sum(&t, i) - 2.0;
    scale[i] = (double)t.num_in;
  }
  if (test_op_run(&t, NULL)) {
    test_assert_sums(t.out[0].data, want, scale, n, test_sum_tolerance(4), "add_n");
  }
  free(want);
  free(scale);
  test_op_free(&t);
}
END_TEST

static double expect_cross_entropy(const test_op *t, size_t i)
{
  const double x = in(t, 0, i), label = in(t, 1, i);
  return (x > 0.0 ? x : 0.0) - x * label + log1p(exp(-fabs(x)));
}

START_TEST(sigmoid_cross_entropy_matches_libm)
{
  test_op t = { .op = &slim_op_sigmoid_cross_entropy, .num_in = 2 };
  t.in[0] = scaled(SLIM_SHAPE(lengths[_i]), 1, 40.0f);
  t.in[1] = test_random_tensor(SLIM_SHAPE(lengths[_i]), 2);
  float *label = t.in[1].data;
  for (int i = 0; i < lengths[_i]; i++) {
    label[i] = -fabsf(label[i]); /* no terms that cancel */
    label[i] = ((float *)t.in[0].data)[i] < 0.0f ? -label[i] : label[i];
  }
  run_each(&t, expect_cross_entropy, 3e-6, "sigmoid_cross_entropy");
}
END_TEST

/* --- chains ------------------------------------------------------------------------------------------------------- */

typedef struct chain_case {
  slim_shape in[8]; /* of the chain's inputs, in order; rank -1: the result's */
  const slim_op *first;
  const void *attr;
  int count, fused;
  test_fused more[7];
} chain_case;

#define ALL { -1, { 0 } }
#define ONE { 2, { 1, 1 } }

static const slim_unary_attr scaled_by = { SLIM_UNARY_SCALE_ADD, 0.5f, 2.0f }, halved = { SLIM_UNARY_SCALE_ADD, 0.5f, -0.25f },
                             square = { SLIM_UNARY_SQUARE, 0, 0 }, exponential = { SLIM_UNARY_EXP, 0, 0 },
                             logarithm = { SLIM_UNARY_LOG, 0, 0 }, root = { SLIM_UNARY_SQRT, 0, 0 };
static const slim_binary_attr plus = { SLIM_BINARY_ADD }, minus = { SLIM_BINARY_SUB }, by = { SLIM_BINARY_MUL },
                              over = { SLIM_BINARY_DIV }, larger = { SLIM_BINARY_MAX }, above = { SLIM_BINARY_GREATER };
static const slim_activation_attr relu = { SLIM_ACTIVATION_RELU }, bent = { SLIM_ACTIVATION_TANH },
                                  elu = { SLIM_ACTIVATION_ELU };

static const chain_case chains[] = {
  /* local response normalization: (x^2 / 2 + 2)^-3/4 times another */
  { { ALL, ALL }, &slim_op_unary, &square, 2, 5, { { &slim_op_unary, &scaled_by, 1, 0 }, { &slim_op_unary, &logarithm, 1, 0 },
      { &slim_op_unary, &halved, 1, 0 }, { &slim_op_unary, &exponential, 1, 0 }, { &slim_op_binary, &by, 2, 0 } } },
  /* a residual of which a part is added, then relu */
  { { ALL, ALL }, &slim_op_unary, &halved, 2, 2, { { &slim_op_binary, &plus, 2, 1 }, { &slim_op_activation, &relu, 1, 0 } } },
  /* other operands first, single elements on either side, three of add_n */
  { { ONE, ALL, ONE, ALL, ALL, ONE, ALL }, &slim_op_binary, &minus, 7, 6, { { &slim_op_binary, &minus, 2, 1 },
      { &slim_op_add_n, NULL, 3, 1 }, { &slim_op_binary, &larger, 2, 0 }, { &slim_op_activation, &bent, 1, 0 },
      { &slim_op_activation_gradient, &elu, 2, 1 }, { &slim_op_unary, &halved, 1, 0 } } },
  /* dy of relu, divided, compared */
  { { ALL, ALL, ALL, ALL }, &slim_op_activation_gradient, &relu, 4, 3, { { &slim_op_binary, &over, 2, 0 },
      { &slim_op_activation, &elu, 1, 0 }, { &slim_op_binary, &above, 2, 1 } } },
  /* as long as a group may be */
  { { ALL, ALL }, &slim_op_add_n, NULL, 2, 7, { { &slim_op_unary, &square, 1, 0 }, { &slim_op_unary, &scaled_by, 1, 0 },
      { &slim_op_unary, &root, 1, 0 }, { &slim_op_activation, &bent, 1, 0 }, { &slim_op_unary, &exponential, 1, 0 },
      { &slim_op_unary, &logarithm, 1, 0 }, { &slim_op_unary, &halved, 1, 0 } } },
};
#define CHAINS ((int)(sizeof chains / sizeof *chains))

static double chain_input(const test_op *t, int k, size_t i)
{
  return in(t, k, test_elements(t->in[k].shape) == 1 ? 0 : i);
}

/* One node: v is its operand number chain, the others are the inputs from *next on. */
static double link_of(const test_op *t, const slim_op *op, const void *attr, int inputs, int chain, double v, int *next, size_t i)
{
  double x[4];
  for (int k = 0; k < inputs; k++) {
    x[k] = k == chain ? v : chain_input(t, (*next)++, i);
  }
  if (op == &slim_op_unary) {
    const slim_unary_attr *a = attr;
    return a->kind == SLIM_UNARY_SQUARE  ? x[0] * x[0]
           : a->kind == SLIM_UNARY_SQRT ? sqrt(x[0])
           : a->kind == SLIM_UNARY_EXP  ? exp(x[0])
           : a->kind == SLIM_UNARY_LOG  ? log(x[0])
                                        : x[0] * (double)a->a + (double)a->b;
  }
  if (op == &slim_op_activation) {
    return activate(((const slim_activation_attr *)attr)->kind, x[0]);
  }
  if (op == &slim_op_activation_gradient) {
    return x[0] * slope(((const slim_activation_attr *)attr)->kind, x[1]);
  }
  return op == &slim_op_binary ? binary(((const slim_binary_attr *)attr)->kind, x[0], x[1])
                               : x[0] + x[1] + (inputs > 2 ? x[2] : 0.0);
}

static int inputs_of(const slim_op *op)
{
  return op == &slim_op_unary || op == &slim_op_activation ? 1 : 2;
}

static double expect_chain(const test_op *t, const chain_case *c, size_t i)
{
  int next = 1;
  double v = link_of(t, c->first, c->attr, inputs_of(c->first), 0, chain_input(t, 0, i), &next, i);
  for (int k = 0; k < c->fused; k++) {
    v = link_of(t, c->more[k].op, c->more[k].attr, c->more[k].inputs, c->more[k].chain, v, &next, i);
  }
  return v;
}

START_TEST(chains_match_loops)
{
  const chain_case *c = &chains[_i / LENGTHS];
  const int n = lengths[_i % LENGTHS];
  test_op t = { .op = c->first, .attr = c->attr, .num_in = c->count, .num_out = 1 };
  for (int k = 0; k < c->count; k++) {
    const bool all = c->in[k].rank < 0;
    t.in[k] = test_random_tensor(all ? SLIM_SHAPE(n, 1) : c->in[k], (unsigned)k + 5);
  }
  t.out[0] = test_output(SLIM_SHAPE(n, 1));
  ck_assert_msg(test_op_run_fused(&t, c->more, c->fused, NULL), "the device does not take chain %d", _i / LENGTHS);
  double *want = malloc((size_t)n * sizeof *want);
  for (size_t i = 0; i < (size_t)n; i++) {
    want[i] = expect_chain(&t, c, i);
  }
  test_assert_near(t.out[0].data, want, (size_t)n, 3e-6, "chain");
  free(want);
  test_op_free(&t);
}
END_TEST

/* What would be wrong in a chain: a sum of one term, a broadcast along an axis. */
START_TEST(no_chain_of_these)
{
  const test_fused one_term = { &slim_op_add_n, NULL, 1, 0 }, rows = { &slim_op_binary, &by, 2, 0 };
  test_op t = { .op = &slim_op_unary, .attr = &square, .num_in = 1 + _i, .num_out = 1 };
  t.in[0] = test_random_tensor(SLIM_SHAPE(5, 7), 1);
  t.in[1] = test_random_tensor(SLIM_SHAPE(7), 2);
  t.out[0] = test_output(SLIM_SHAPE(5, 7));
  ck_assert(!test_op_run_fused(&t, _i == 0 ? &one_term : &rows, 1, NULL));
  free(t.in[0].data);
  free(t.in[1].data);
  free(t.out[0].data);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, activation_matches_libm, 0, KINDS * LENGTHS);
  tcase_add_loop_test(tcase, activation_keeps_extremes, 0, KINDS);
  tcase_add_loop_test(tcase, activation_gradient_matches_loops, 0, KINDS * LENGTHS);
  tcase_add_loop_test(tcase, unary_matches_libm, 0, 11 * LENGTHS);
  tcase_add_loop_test(tcase, binary_broadcasts, 0, 9 * BROADCASTS);
  tcase_add_loop_test(tcase, equal_takes_integers, 0, 2);
  tcase_add_loop_test(tcase, add_n_adds, 0, 4 * LENGTHS);
  tcase_add_loop_test(tcase, sigmoid_cross_entropy_matches_libm, 0, LENGTHS);
  tcase_add_loop_test(tcase, chains_match_loops, 0, CHAINS * LENGTHS);
  tcase_add_loop_test(tcase, no_chain_of_these, 0, 2);
}

TEST_OP_MAIN("elementwise", build)
