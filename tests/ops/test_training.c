/* Ops of a train step: dropout, bias_add and its gradient, fused epilogues, the finite flag, assign, optimizers, and the
 * host lane. */
#include "test_op.h"

#include "base/rng.h"

#include <math.h>

/* --- dropout ------------------------------------------------------------------------------------------------------ */

static const float keeps[] = { 0.5f, 0.9f, 0.1f, 1.0f };

START_TEST(dropout_follows_philox)
{
  static const int lengths[] = { 1, 63, 257, 20000 };
  const uint64_t hash = slim_hash("LeNet/dropout3");
  const slim_dropout_attr attr = { keeps[_i % 4], (uint32_t)hash, (uint32_t)(hash >> 32), { 0, { 0 } } };
  const slim_run run = { .seed = 12345, .step = 7 + ((int64_t)_i << 33) };
  const slim_rng rng = slim_rng_make(run.seed, hash, (uint64_t)run.step);
  const int n = lengths[_i / 4];
  test_op t = { .op = &slim_op_dropout, .attr = &attr, .num_in = 1, .num_out = 1 };
  t.in[0] = test_random_tensor(SLIM_SHAPE(n), 1);
  t.out[0] = test_output(SLIM_SHAPE(n));
  if (test_op_run(&t, &run)) {
    for (int i = 0; i < n; i++) {
      const bool kept = (double)slim_rng_u32(&rng, (uint64_t)i) < (double)attr.keep_prob * 4294967296.0;
      const double want = kept ? (double)((float *)t.in[0].data)[i] / (double)attr.keep_prob : 0.0;
      test_assert_near((float *)t.out[0].data + i, &want, 1, 1e-6, "dropout");
    }
  }
  test_op_free(&t);
}
END_TEST

START_TEST(dropout_shares_a_noise_shape)
{
  const slim_dropout_attr attr = { 0.5f, 3, 4, { 3, { 6, 1, 5 } } };
  const slim_run run = { .seed = 9, .step = 2 };
  const slim_rng rng = slim_rng_make(9, (uint64_t)4 << 32 | 3, 2);
  test_op t = { .op = &slim_op_dropout, .attr = &attr, .num_in = 1, .num_out = 1 };
  t.in[0] = test_random_tensor(SLIM_SHAPE(6, 7, 5), 1);
  t.out[0] = test_output(SLIM_SHAPE(6, 7, 5));
  if (test_op_run(&t, &run)) {
    for (int i = 0; i < 210; i++) {
      const bool kept = slim_rng_u32(&rng, (uint64_t)(i / 35 * 5 + i % 5)) < 0x80000000u;
      ck_assert_msg(((float *)t.out[0].data)[i] == (kept ? ((float *)t.in[0].data)[i] / 0.5f : 0.0f), "element %d", i);
    }
  }
  test_op_free(&t);
}
END_TEST

/* --- bias --------------------------------------------------------------------------------------------------------- */

static const struct bias_case {
  slim_shape shape;
  int nchw;
} biases[] = {
  { { 2, { 1, 1 } }, 0 },         { { 2, { 64, 1024 } }, 0 },      { { 4, { 3, 5, 7, 33 } }, 0 },
  { { 4, { 8, 30, 31, 3 } }, 0 }, { { 4, { 3, 5, 7, 9 } }, 1 },
};
#define BIASES ((int)(sizeof biases / sizeof *biases))

static int channel_of(const struct bias_case *c, size_t i)
{
  const slim_shape *s = &c->shape;
  return (int)(c->nchw ? i / (size_t)(s->dim[2] * s->dim[3]) % (size_t)s->dim[1] : i % (size_t)s->dim[s->rank - 1]);
}

START_TEST(bias_matches_loops)
{
  const struct bias_case *c = &biases[_i / 2];
  const bool gradient = _i % 2;
  const slim_bias_attr attr = { c->nchw };
  const int channels = c->shape.dim[c->nchw ? 1 : c->shape.rank - 1];
  const size_t n = test_elements(c->shape), m = gradient ? (size_t)channels : n;
  test_op t = { .op = gradient ? &slim_op_bias_add_gradient : &slim_op_bias_add, .attr = &attr, .num_in = gradient ? 1 : 2, .num_out = 1 };
  double *want = calloc(m, sizeof *want), *scale = calloc(m, sizeof *scale);
  t.in[0] = test_random_tensor(c->shape, 1);
  t.in[1] = gradient ? (test_tensor){ 0 } : test_random_tensor(SLIM_SHAPE(channels), 2);
  t.out[0] = test_output(gradient ? SLIM_SHAPE(channels) : c->shape);
  for (size_t i = 0; i < n; i++) {
    const int k = channel_of(c, i);
    const size_t to = gradient ? (size_t)k : i;
    want[to] += (double)((float *)t.in[0].data)[i] + (gradient ? 0.0 : (double)((float *)t.in[1].data)[k]);
    scale[to] += gradient ? fabs((double)((float *)t.in[0].data)[i]) : 2.0;
  }
  if (test_op_run(&t, NULL)) {
    test_assert_sums(t.out[0].data, want, scale, m, test_sum_tolerance(n / (size_t)channels), "bias");
  }
  free(want);
  free(scale);
  test_op_free(&t);
}
END_TEST

/* --- epilogues: matmul or conv2d with bias, residual and activation fused ----------------------------------------- */

static double activate(int kind, double v)
{
  return kind == SLIM_ACTIVATION_RELU      ? (v > 0.0 ? v : 0.0)
         : kind == SLIM_ACTIVATION_RELU6   ? (v < 0.0 ? 0.0 : v > 6.0 ? 6.0 : v)
         : kind == SLIM_ACTIVATION_SIGMOID ? 1.0 / (1.0 + exp(-v))
         : kind == SLIM_ACTIVATION_TANH    ? tanh(v)
                                           : v;
}

/* parts: bit 0 bias, 1 residual, the rest the activation's kind. conv: the same product as a 1x1 convolution. */
static void check_epilogue(int m, int n, int k, int parts, bool conv)
{
  const slim_matmul_attr matmul = { 0 };
  const slim_conv2d_attr conv2d = { .stride = { 1, 1 }, .rate = { 1, 1 }, .padding = SLIM_SAME };
  const slim_bias_attr bias = { 0 };
  const slim_binary_attr add = { SLIM_BINARY_ADD };
  const slim_activation_attr activation = { (slim_activation_kind)(parts >> 2) };
  const slim_shape y = conv ? SLIM_SHAPE(1, m, 1, n) : SLIM_SHAPE(m, n);
  test_op t = { .op = conv ? &slim_op_conv2d : &slim_op_matmul, .num_in = 2, .num_out = 1 };
  test_fused more[3];
  int count = 0;
  t.attr = conv ? (const void *)&conv2d : (const void *)&matmul;
  t.in[0] = test_random_tensor(conv ? SLIM_SHAPE(1, m, 1, k) : SLIM_SHAPE(m, k), 1);
  t.in[1] = test_random_tensor(conv ? SLIM_SHAPE(1, 1, k, n) : SLIM_SHAPE(k, n), 2);
  const float *a = t.in[0].data, *b = t.in[1].data, *c = NULL, *r = NULL;
  if (parts & 1) {
    more[count++] = (test_fused){ &slim_op_bias_add, &bias, 2, 0 };
    t.in[t.num_in] = test_random_tensor(SLIM_SHAPE(n), 3);
    c = t.in[t.num_in++].data;
  }
  if (parts & 2) {
    more[count++] = (test_fused){ &slim_op_binary, &add, 2, 1 };
    t.in[t.num_in] = test_random_tensor(y, 4);
    r = t.in[t.num_in++].data;
  }
  if (parts >> 2) {
    more[count++] = (test_fused){ &slim_op_activation, &activation, 1, 0 };
  }
  t.out[0] = test_output(y);
  double *want = malloc((size_t)(2 * m * n) * sizeof *want), *scale = want + m * n;
  for (int i = 0; i < m * n; i++) {
    double sum = (c ? (double)c[i % n] : 0.0) + (r ? (double)r[i] : 0.0);
    scale[i] = 2.0 + (parts >> 2 >= SLIM_ACTIVATION_SIGMOID);
    for (int j = 0; j < k; j++) {
      const double product = (double)a[i / n * k + j] * (double)b[j * n + i % n];
      sum += product;
      scale[i] += fabs(product);
    }
    want[i] = activate(parts >> 2, sum);
  }
  if (test_op_run_fused(&t, more, count, NULL)) {
    test_assert_sums(t.out[0].data, want, scale, (size_t)(m * n), test_sum_tolerance((size_t)k), "epilogue");
  }
  free(want);
  test_op_free(&t);
}

START_TEST(epilogues_match_loops)
{
  static const int sizes[][3] = { { 1, 1, 1 }, { 15, 33, 40 }, { 64, 32, 600 }, { 20, 10, 2100 } };
  const int *s = sizes[_i / 40];
  check_epilogue(s[0], s[1], s[2], _i / 2 % 20, _i % 2);
}
END_TEST

/* --- the finite flag, assign -------------------------------------------------------------------------------------- */

static const float specials[] = { 1.0f, INFINITY, -INFINITY, NAN };

static void check_finite(float x)
{
  float y = 0.0f;
  test_op t = { .op = &slim_op_finite_check, .num_in = 1, .num_out = 1 };
  t.in[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SCALAR, &x };
  t.out[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SCALAR, &y };
  (void)test_op_run(&t, NULL);
  ck_assert_int_eq(memcmp(&x, &y, sizeof x), 0);
}

START_TEST(finite_check_sets_the_flag)
{
  test_op_flag_clear();
  ck_assert(!test_op_flag_read());
  check_finite(specials[_i]);
  ck_assert_int_eq(test_op_flag_read(), _i > 0);
  test_op_flag_clear();
  ck_assert(!test_op_flag_read());
}
END_TEST

START_TEST(assign_waits_for_the_flag)
{
  const slim_assign_attr attr = { 0.75f };
  const bool average = _i / 2, flagged = _i % 2;
  float v[3] = { 1.0f, 2.0f, -4.0f }, value[3] = { 5.0f, -2.0f, 4.0f }, out[3];
  const float assigned[3] = { 5.0f, -2.0f, 4.0f }, averaged[3] = { 2.0f, 1.0f, -2.0f }, kept[3] = { 1.0f, 2.0f, -4.0f };
  test_op t = { .op = average ? &slim_op_assign_moving_average : &slim_op_assign, .attr = &attr, .num_in = 2, .num_out = 1 };
  t.in[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SHAPE(3), v };
  t.in[1] = (test_tensor){ SLIM_FLOAT32, SLIM_SHAPE(3), value };
  t.out[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SHAPE(3), out };
  test_op_flag_clear();
  if (flagged) {
    check_finite(NAN);
  }
  if (test_op_run(&t, NULL)) {
    const float *want = flagged ? kept : average ? averaged : assigned;
    for (int i = 0; i < 3; i++) {
      ck_assert_msg(v[i] == want[i], "element %d is %g, want %g", i, (double)v[i], (double)want[i]);
    }
  }
  test_op_flag_clear();
}
END_TEST

/* Types of one byte, whose tensors need not be whole words. */
START_TEST(bytes_are_assigned)
{
  const slim_assign_attr attr = { 0 };
  const bool flagged = _i % 2;
  const int n = _i / 2 == 0 ? 7 : 8;
  uint8_t v[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, value[8] = { 200, 0, 255, 9, 9, 17, 33, 44 }, out[8];
  const uint8_t kept[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  test_op t = { .op = &slim_op_assign, .attr = &attr, .num_in = 2, .num_out = 1 };
  t.in[0] = (test_tensor){ SLIM_UINT8, SLIM_SHAPE(n), v };
  t.in[1] = (test_tensor){ SLIM_UINT8, SLIM_SHAPE(n), value };
  t.out[0] = (test_tensor){ SLIM_UINT8, SLIM_SHAPE(n), out };
  test_op_flag_clear();
  if (flagged) {
    check_finite(NAN);
  }
  if (test_op_run(&t, NULL)) {
    ck_assert_mem_eq(v, flagged ? kept : value, (size_t)n);
    ck_assert_mem_eq(out, value, (size_t)n);
  }
  test_op_flag_clear();
}
END_TEST

/* --- optimizers: two variables of different sizes ----------------------------------------------------------------- */

typedef struct numbers {
  double var, a, b, c, g; /* the variable, its slots in order, the gradient */
} numbers;

static void expect_ftrl(const slim_apply_attr *attr, double lr, double g, numbers *x)
{
  const double p = -(double)attr->learning_rate_power, l1 = (double)attr->l1, n = x->a + g * g;
  x->b += g - (pow(n, p) - pow(x->a, p)) / lr * x->var;
  const double pull = x->b > 0.0 ? l1 : -l1;
  x->var = fabs(x->b) <= l1 ? 0.0 : (pull - x->b) / (pow(n, p) / lr + 2.0 * (double)attr->l2);
  x->a = n;
}

static double proximal(const slim_apply_attr *attr, double w, double rate)
{
  const double rest = fabs(w) - rate * (double)attr->l1;
  return rest <= 0.0 ? 0.0 : (w > 0.0 ? rest : -rest) / (1.0 + rate * (double)attr->l2);
}

static void expect_step(const slim_op *op, const slim_apply_attr *attr, double decay, const double *hyper, numbers *x)
{
  const double lr = hyper[0], m = (double)attr->momentum, d = (double)attr->decay, e = (double)attr->epsilon;
  const double g = x->g + decay * x->var;
  if (op == &slim_op_apply_gradient_descent) {
    x->var -= lr * g;
  } else if (op == &slim_op_apply_momentum) {
    x->a = m * x->a + g;
    x->var -= lr * (attr->nesterov ? g + m * x->a : x->a);
  } else if (op == &slim_op_apply_adam) {
    const double b1 = (double)attr->beta1, b2 = (double)attr->beta2;
    x->a = b1 * x->a + (1.0 - b1) * g;
    x->b = b2 * x->b + (1.0 - b2) * g * g;
    x->var -= lr * sqrt(1.0 - hyper[2]) / (1.0 - hyper[1]) * x->a / (sqrt(x->b) + e);
  } else if (op == &slim_op_apply_adagrad) {
    x->a += g * g;
    x->var -= lr * g / sqrt(x->a);
  } else if (op == &slim_op_apply_adadelta) {
    x->a = d * x->a + (1.0 - d) * g * g;
    const double update = g * sqrt(x->b + e) / sqrt(x->a + e);
    x->b = d * x->b + (1.0 - d) * update * update;
    x->var -= lr * update;
  } else if (op == &slim_op_apply_ftrl) {
    expect_ftrl(attr, lr, g, x);
  } else if (op == &slim_op_apply_proximal_gradient_descent) {
    x->var = proximal(attr, x->var - lr * g, lr);
  } else if (op == &slim_op_apply_proximal_adagrad) {
    x->a += g * g;
    x->var = proximal(attr, x->var - lr * g / sqrt(x->a), lr / sqrt(x->a));
  } else if (attr->centered) {
    x->a = d * x->a + (1.0 - d) * g * g;
    x->b = d * x->b + (1.0 - d) * g;
    x->c = m * x->c + lr * g / sqrt(x->a - x->b * x->b + e);
    x->var -= x->c;
  } else {
    x->a = d * x->a + (1.0 - d) * g * g;
    x->b = m * x->b + lr * g / sqrt(x->a + e);
    x->var -= x->b;
  }
}

static const struct apply_case {
  const slim_op *op;
  int hypers, arrays, nesterov, centered;
  float power;
} applies[] = {
  { &slim_op_apply_gradient_descent, 1, 2, 0, 0, 0 },
  { &slim_op_apply_momentum, 1, 3, 0, 0, 0 },
  { &slim_op_apply_momentum, 1, 3, 1, 0, 0 },
  { &slim_op_apply_adagrad, 1, 3, 0, 0, 0 },
  { &slim_op_apply_adadelta, 1, 4, 0, 0, 0 },
  { &slim_op_apply_adam, 3, 4, 0, 0, 0 },
  { &slim_op_apply_ftrl, 1, 4, 0, 0, -0.5f },
  { &slim_op_apply_ftrl, 1, 4, 0, 0, -0.75f },
  { &slim_op_apply_rms_prop, 1, 4, 0, 0, 0 },
  { &slim_op_apply_rms_prop, 1, 5, 0, 1, 0 },
  { &slim_op_apply_proximal_gradient_descent, 1, 2, 0, 0, 0 },
  { &slim_op_apply_proximal_adagrad, 1, 3, 0, 0, 0 },
};
#define APPLIES ((int)(sizeof applies / sizeof *applies))

static double *slot(numbers *x, int k, int arrays)
{
  double *in_order[] = { &x->var, &x->a, &x->b, &x->c };
  return k == arrays - 1 ? &x->g : in_order[k];
}

START_TEST(optimizers_match_loops)
{
  const struct apply_case *c = &applies[_i / 3];
  const bool flagged = _i % 3 == 1, decays = _i % 3 == 2;
  static const int sizes[2] = { 5, 40001 };
  float hyper[3] = { 0.01f, 0.5f, 0.25f };
  const double hyper_d[3] = { (double)hyper[0], 0.5, 0.25 };
  const float decay_of[2] = { 0.25f, 0.0625f };
  const slim_apply_attr attr = { .variables = 2,
                                 .nesterov = c->nesterov,
                                 .centered = c->centered,
                                 .momentum = 0.9f,
                                 .beta1 = 0.9f,
                                 .beta2 = 0.999f,
                                 .epsilon = 1e-3f,
                                 .decay = 0.9f,
                                 .learning_rate_power = c->power,
                                 .l1 = 0.2f,
                                 .l2 = 0.3f,
                                 .decay_of = decays ? decay_of : NULL };
  test_op t = { .op = c->op, .attr = &attr, .num_in = c->hypers + 2 * c->arrays, .num_out = 1 };
  float *before[TEST_OP_MAX] = { NULL };
  for (int i = 0; i < c->hypers; i++) {
    t.in[i] = (test_tensor){ SLIM_FLOAT32, SLIM_SCALAR, &hyper[i] };
  }
  for (int i = c->hypers; i < t.num_in; i++) {
    const int n = sizes[(i - c->hypers) / c->arrays], role = (i - c->hypers) % c->arrays;
    t.in[i] = test_random_tensor(SLIM_SHAPE(n), (unsigned)i);
    for (int k = 0; k < n && role > 0 && role < c->arrays - 1; k++) {
      /* mean squares are above the squared means */
      ((float *)t.in[i].data)[k] = fabsf(((float *)t.in[i].data)[k]) * (role == 1 ? 1.0f : 0.1f) + (role == 1 ? 1.5f : 0.0f);
    }
    before[i] = test_floats((size_t)n, 1);
    memcpy(before[i], t.in[i].data, (size_t)n * sizeof(float));
  }
  t.out[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SCALAR, NULL };
  test_op_flag_clear();
  if (flagged) {
    check_finite(NAN);
  }
  /* FTRL divides a difference of roots by the rate, or of powers, which OpenCL lets be wrong by 16 units */
  const double units = attr.learning_rate_power == -0.5f ? 0.25 : 16 * 0.06 * 1.5;
  const double tolerance = c->op == &slim_op_apply_ftrl ? 1e-6 / hyper_d[0] * units : 1e-6;
  const bool ran = test_op_run(&t, NULL);
  for (int v = 0; ran && v < 2; v++) {
    const int first = c->hypers + v * c->arrays;
    for (int i = 0; i < sizes[v]; i++) {
      numbers x = { 0 };
      for (int k = 0; k < c->arrays; k++) {
        *slot(&x, k, c->arrays) = (double)before[first + k][i];
      }
      if (!flagged) {
        expect_step(c->op, &attr, decays ? (double)decay_of[v] : 0.0, hyper_d, &x);
      }
      for (int k = 0; k < c->arrays; k++) {
        const double want = *slot(&x, k, c->arrays), got = (double)((float *)t.in[first + k].data)[i];
        if (!(fabs(got - want) <= (flagged ? 0.0 : tolerance * (fabs(want) + 1.0)))) {
          ck_abort_msg("%s: array %d element %d is %.9g, want %.9g", c->op->name, k, i, got, want);
        }
      }
    }
  }
  test_op_flag_clear();
  for (int i = c->hypers; i < t.num_in; i++) {
    free(t.in[i].data);
    free(before[i]);
  }
}
END_TEST

/* --- the host lane, which every session runs on the CPU backend --------------------------------------------------- */

static float run_schedule(const slim_schedule_attr *attr, int64_t step)
{
  float rate = -1.0f;
  test_op t = { .op = &slim_op_schedule, .attr = attr, .num_in = 1, .num_out = 1 };
  t.in[0] = (test_tensor){ SLIM_INT64, SLIM_SCALAR, &step };
  t.out[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SCALAR, &rate };
  return test_op_run(&t, NULL) ? rate : NAN;
}

static void assert_rate(float got, double want)
{
  ck_assert_msg(isnan(got) || fabs((double)got - want) <= 1e-7 * fabs(want), "%.9g, want %.9g", (double)got, want);
}

START_TEST(schedules_follow_their_formulas)
{
  slim_schedule_attr e = { .kind = SLIM_SCHEDULE_EXPONENTIAL, .learning_rate = 0.1, .decay_steps = 100, .factor = 0.9 };
  assert_rate(run_schedule(&e, 250), 0.1 * pow(0.9, 2.5));
  e.staircase = 1;
  assert_rate(run_schedule(&e, 250), 0.1 * pow(0.9, 2.0));
  slim_schedule_attr p = { .kind = SLIM_SCHEDULE_POLYNOMIAL, .learning_rate = 0.1, .decay_steps = 100, .end_learning_rate = 0.01, .power = 2.0 };
  assert_rate(run_schedule(&p, 25), 0.09 * 0.75 * 0.75 + 0.01);
  assert_rate(run_schedule(&p, 250), 0.01);
  p.cycle = 1;
  assert_rate(run_schedule(&p, 250), 0.09 * (1.0 - 250.0 / 300.0) * (1.0 - 250.0 / 300.0) + 0.01);
  assert_rate(run_schedule(&p, 0), 0.1);
}
END_TEST

START_TEST(other_schedules_follow_their_formulas)
{
  slim_schedule_attr e = { .kind = SLIM_SCHEDULE_NATURAL_EXP, .learning_rate = 0.1, .decay_steps = 100, .factor = 0.5 };
  assert_rate(run_schedule(&e, 250), 0.1 * exp(-1.25));
  e.kind = SLIM_SCHEDULE_INVERSE_TIME;
  assert_rate(run_schedule(&e, 250), 0.1 / 2.25);
  e.staircase = 1;
  assert_rate(run_schedule(&e, 250), 0.1 / 2.0);
  e.kind = SLIM_SCHEDULE_NATURAL_EXP;
  assert_rate(run_schedule(&e, 250), 0.1 * exp(-1.0));
  const slim_schedule_attr c = {
    .kind = SLIM_SCHEDULE_COSINE, .learning_rate = 0.1, .decay_steps = 100, .factor = 0.25
  };
  assert_rate(run_schedule(&c, 50), 0.1 * (0.75 * 0.5 + 0.25));
  assert_rate(run_schedule(&c, 900), 0.025);
  const slim_schedule_attr p = { .kind = SLIM_SCHEDULE_PIECEWISE_CONSTANT,
                                 .boundaries = (const int64_t[]){ 10, 20 },
                                 .values = (const double[]){ 1.0, 0.5, 0.25 },
                                 .pieces = 3 };
  assert_rate(run_schedule(&p, 0), 1.0);
  assert_rate(run_schedule(&p, 10), 1.0);
  assert_rate(run_schedule(&p, 11), 0.5);
  assert_rate(run_schedule(&p, 21), 0.25);
}
END_TEST

START_TEST(counters_count)
{
  int64_t step = 41;
  int32_t small = 41, copy = 0;
  float power = 0.9f;
  const slim_counter_attr next = { 1.0, 1.0 }, shrink = { 0.5, 0.0 };
  test_op t = { .op = &slim_op_counter, .attr = &next, .num_in = 1, .num_out = 1 };
  t.in[0] = (test_tensor){ SLIM_INT64, SLIM_SCALAR, &step };
  t.out[0] = (test_tensor){ SLIM_INT64, SLIM_SCALAR, NULL };
  if (test_op_run(&t, NULL)) {
    ck_assert_int_eq(step, 42);
  }
  t.attr = &shrink;
  t.in[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SCALAR, &power };
  t.out[0].dtype = SLIM_FLOAT32;
  if (test_op_run(&t, NULL)) {
    ck_assert(power == 0.45f);
  }
  t.attr = &next;
  t.in[0] = (test_tensor){ SLIM_INT32, SLIM_SCALAR, &small };
  t.out[0] = (test_tensor){ SLIM_INT32, SLIM_SCALAR, &copy };
  if (test_op_run(&t, NULL)) {
    ck_assert_int_eq(small, 42);
    ck_assert_int_eq(copy, 42);
  }
}
END_TEST

START_TEST(streaming_mean_accumulates)
{
  float values[4] = { 1.0f, 2.0f, 3.0f, 6.0f }, weights[4] = { 1.0f, 0.0f, 1.0f, 2.0f }, mean = -1.0f;
  double total = 10.0, count = 4.0;
  test_op t = { .op = &slim_op_streaming_mean, .num_in = _i ? 4 : 3, .num_out = 1 };
  t.in[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SHAPE(4), values };
  t.in[1] = (test_tensor){ SLIM_FLOAT32, SLIM_SHAPE(4), weights };
  t.in[_i ? 2 : 1] = (test_tensor){ SLIM_FLOAT64, SLIM_SCALAR, &total };
  t.in[_i ? 3 : 2] = (test_tensor){ SLIM_FLOAT64, SLIM_SCALAR, &count };
  t.out[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SCALAR, &mean };
  if (test_op_run(&t, NULL)) {
    ck_assert(total == (_i ? 26.0 : 22.0) && count == 8.0);
    ck_assert(mean == (float)(total / count));
  }
}
END_TEST

START_TEST(streaming_sum_accumulates)
{
  float values[6] = { 1.0f, 2.0f, 0.25f, 6.0f, -1.0f, 0.0f }, sums[6], means[6];
  double total[6] = { 1e9, 1.0, 2.0, 3.0, 4.0, 5.0 }, count[6] = { 2.0, 4.0, 0.0, 1.0, 1.0, 1.0 };
  const double start[6] = { 1e9, 1.0, 2.0, 3.0, 4.0, 5.0 };
  test_op t = { .op = &slim_op_streaming_sum, .num_in = 2, .num_out = 1 };
  t.in[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SHAPE(2, 3), values };
  t.in[1] = (test_tensor){ SLIM_FLOAT64, SLIM_SHAPE(2, 3), total };
  t.out[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SHAPE(2, 3), sums };
  test_op read = { .op = &slim_op_streaming_value, .num_in = 1 + _i, .num_out = 1 };
  read.in[0] = t.in[1];
  read.in[1] = (test_tensor){ SLIM_FLOAT64, SLIM_SHAPE(2, 3), count };
  read.out[0] = (test_tensor){ SLIM_FLOAT32, SLIM_SHAPE(2, 3), means };
  if (test_op_run(&t, NULL) && test_op_run(&read, NULL)) {
    for (int i = 0; i < 6; i++) {
      ck_assert(total[i] == start[i] + (double)values[i] && sums[i] == (float)total[i]);
      ck_assert(means[i] == (_i == 0 ? sums[i] : i == 2 ? 0.0f : (float)(total[i] / count[i])));
    }
  }
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, streaming_sum_accumulates, 0, 2);
  tcase_add_loop_test(tcase, dropout_follows_philox, 0, 16);
  tcase_add_test(tcase, dropout_shares_a_noise_shape);
  tcase_add_loop_test(tcase, bias_matches_loops, 0, 2 * BIASES);
  tcase_add_loop_test(tcase, epilogues_match_loops, 0, 160);
  tcase_add_loop_test(tcase, finite_check_sets_the_flag, 0, 4);
  tcase_add_loop_test(tcase, assign_waits_for_the_flag, 0, 4);
  tcase_add_loop_test(tcase, bytes_are_assigned, 0, 4);
  tcase_add_loop_test(tcase, optimizers_match_loops, 0, 3 * APPLIES);
  tcase_add_test(tcase, schedules_follow_their_formulas);
  tcase_add_test(tcase, other_schedules_follow_their_formulas);
  tcase_add_test(tcase, counters_count);
  tcase_add_loop_test(tcase, streaming_mean_accumulates, 0, 2);
}

TEST_OP_MAIN("training", build)
