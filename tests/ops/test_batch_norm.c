/* batch_norm and its gradient, training and not, against loops in double. */
#include "test_op.h"

#include <math.h>

static const struct norm_case {
  const char *label;
  int n, h, w, c, nchw, rank;
} cases[] = {
  { "one_channel", 2, 1, 3, 1, 0, 4 },
  { "odd", 3, 5, 7, 19, 0, 4 },
  { "many_rows", 4, 33, 31, 3, 0, 4 },
  { "many_channels", 2, 3, 3, 300, 0, 4 },
  { "dense", 37, 1, 1, 11, 0, 2 },
  { "vectors", 3, 9, 7, 64, 0, 4 },
  { "wide", 2, 5, 3, 1040, 0, 4 },
  { "one_vector", 5, 9, 7, 4, 0, 4 },
  { "tall", 3, 37, 41, 20, 0, 4 },
  { "nchw", 3, 5, 7, 6, 1, 4 },
};
#define CASES ((int)(sizeof cases / sizeof *cases))
#define EPSILON 1e-3f

static slim_shape shape_of(const struct norm_case *c)
{
  return c->rank == 2 ? SLIM_SHAPE(c->n, c->c)
         : c->nchw    ? SLIM_SHAPE(c->n, c->c, c->h, c->w)
                      : SLIM_SHAPE(c->n, c->h, c->w, c->c);
}

static int channel_of(const struct norm_case *c, size_t i)
{
  return (int)(c->nchw ? i / (size_t)(c->h * c->w) % (size_t)c->c : i % (size_t)c->c);
}

/* Positive numbers around 1, or, for x, far from 0, where a careless variance loses its digits. */
static test_tensor shifted(slim_shape shape, unsigned seed, float by)
{
  test_tensor t = test_random_tensor(shape, seed);
  for (size_t i = 0; i < test_elements(shape); i++) {
    ((float *)t.data)[i] += by;
  }
  return t;
}

static void statistics(const struct norm_case *c, const float *x, size_t n, double *mean, double *variance)
{
  const double count = (double)n / c->c;
  for (int k = 0; k < c->c; k++) {
    mean[k] = variance[k] = 0.0;
  }
  for (size_t i = 0; i < n; i++) {
    mean[channel_of(c, i)] += (double)x[i] / count;
  }
  for (size_t i = 0; i < n; i++) {
    const double d = (double)x[i] - mean[channel_of(c, i)];
    variance[channel_of(c, i)] += d * d / count;
  }
}

static double clamp(slim_activation_kind kind, double v)
{
  return kind == SLIM_ACTIVATION_NONE ? v : v < 0.0 ? 0.0 : kind == SLIM_ACTIVATION_RELU6 && v > 6.0 ? 6.0 : v;
}

/* With what is fused behind: residual, NULL for none, and an activation. */
static void assert_forward(const struct norm_case *c, const test_op *t, const slim_batch_norm_attr *attr,
                           const float *residual, slim_activation_kind kind)
{
  const size_t n = test_elements(t->in[0].shape), channels = (size_t)c->c;
  const float *x = t->in[0].data, *gamma = t->in[1].data, *beta = t->in[2].data;
  double *mean = malloc(4 * channels * sizeof *mean), *variance = mean + channels, *inv = variance + channels;
  double *unbiased = inv + channels, *y = malloc(n * sizeof *y);
  const double count = (double)n / c->c;
  statistics(c, x, n, mean, variance);
  for (size_t k = 0; k < channels; k++) {
    mean[k] = attr->training ? mean[k] : (double)((float *)t->in[3].data)[k];
    variance[k] = attr->training ? variance[k] : (double)((float *)t->in[4].data)[k];
    inv[k] = 1.0 / sqrt(variance[k] + (double)EPSILON);
    unbiased[k] = attr->training && attr->unbiased ? variance[k] * count / (count - 1.0) : variance[k];
  }
  for (size_t i = 0; i < n; i++) {
    const int k = channel_of(c, i);
    const double z = ((double)x[i] - mean[k]) * inv[k] * (double)gamma[k] + (double)beta[k];
    y[i] = clamp(kind, residual ? z + (double)residual[i] : z);
  }
  test_assert_near(t->out[0].data, y, n, 4e-5, c->label);
  test_assert_near(t->out[1].data, mean, channels, 1e-6, "mean");
  test_assert_near(t->out[2].data, unbiased, channels, 1e-5, "variance");
  test_assert_near(t->out[3].data, inv, channels, 1e-5, "inv_stddev");
  free(mean);
  free(y);
}

static void check_forward(const struct norm_case *c, const slim_batch_norm_attr *attr, bool adds,
                          slim_activation_kind kind)
{
  const slim_shape channels = SLIM_SHAPE(c->c);
  const slim_binary_attr add = { SLIM_BINARY_ADD };
  const slim_activation_attr activation = { kind };
  test_fused more[2];
  int count = 0;
  test_op t = { .op = &slim_op_batch_norm, .attr = attr, .num_in = 5 + adds, .num_out = 4 };
  t.in[0] = shifted(shape_of(c), 1, 5.0f);
  t.in[1] = shifted(channels, 2, kind == SLIM_ACTIVATION_RELU6 ? 8.5f : 1.5f);
  t.in[2] = test_random_tensor(channels, 3);
  t.in[3] = shifted(channels, 4, 5.0f);
  t.in[4] = shifted(channels, 5, 1.5f);
  if (adds) {
    t.in[5] = test_random_tensor(shape_of(c), 6);
    more[count++] = (test_fused){ &slim_op_binary, &add, 2, 1 };
  }
  if (kind) {
    more[count++] = (test_fused){ &slim_op_activation, &activation, 1, 0 };
  }
  t.out[0] = test_output(shape_of(c));
  for (int i = 1; i < 4; i++) {
    t.out[i] = test_output(channels);
  }
  if (test_op_run_fused(&t, more, count, NULL)) {
    assert_forward(c, &t, attr, adds ? t.in[5].data : NULL, kind);
  }
  test_op_free(&t);
}

START_TEST(forward_matches_loops)
{
  const struct norm_case *c = &cases[_i / 3];
  const slim_batch_norm_attr attr = { EPSILON, _i % 3 > 0, _i % 3 > 1, c->nchw, SLIM_ACTIVATION_NONE };
  check_forward(c, &attr, false, SLIM_ACTIVATION_NONE);
}
END_TEST

/* An addition, an activation, or both fused behind. */
START_TEST(fused_matches_loops)
{
  const struct norm_case *c = &cases[_i / 5];
  const slim_batch_norm_attr attr = { EPSILON, 1, 0, c->nchw, SLIM_ACTIVATION_NONE };
  check_forward(c, &attr, (_i % 5 + 1) % 2 != 0, (slim_activation_kind)((_i % 5 + 1) / 2));
}
END_TEST

/* dx = gamma * inv * (dy - mean(dy) - xhat * mean(dy * xhat)); with constant statistics gamma * inv * dy. */
static void assert_gradient(const struct norm_case *c, const test_op *t, const float *dy, int training)
{
  const size_t n = test_elements(t->in[0].shape), channels = (size_t)c->c;
  const float *x = t->in[1].data, *gamma = t->in[2].data, *mean = t->in[3].data, *inv = t->in[4].data;
  double *dgamma = calloc(2 * channels, sizeof *dgamma), *dbeta = dgamma + channels, *dx = malloc(n * sizeof *dx);
  const double count = (double)n / c->c;
  for (size_t i = 0; i < n; i++) {
    const int k = channel_of(c, i);
    dgamma[k] += (double)dy[i] * ((double)x[i] - (double)mean[k]) * (double)inv[k];
    dbeta[k] += (double)dy[i];
  }
  for (size_t i = 0; i < n; i++) {
    const int k = channel_of(c, i);
    const double xhat = ((double)x[i] - (double)mean[k]) * (double)inv[k];
    const double centred = training ? (dbeta[k] + xhat * dgamma[k]) / count : 0.0;
    dx[i] = (double)gamma[k] * (double)inv[k] * ((double)dy[i] - centred);
  }
  test_assert_near(t->out[0].data, dx, n, 2e-5, c->label);
  test_assert_near(t->out[1].data, dgamma, channels, 2e-5, "dgamma");
  test_assert_near(t->out[2].data, dbeta, channels, 2e-5, "dbeta");
  free(dgamma);
  free(dx);
}

/* dy where the activation passes it; where rounding could decide, dy is 0. */
static float *passed(const struct norm_case *c, test_op *t, slim_activation_kind kind)
{
  const size_t n = test_elements(t->in[0].shape);
  float *dy = t->in[0].data, *inside = malloc(n * sizeof *inside);
  const float *x = t->in[1].data, *gamma = t->in[2].data, *mean = t->in[3].data, *inv = t->in[4].data;
  const float *beta = kind ? t->in[5].data : NULL;
  for (size_t i = 0; i < n; i++) {
    const int k = channel_of(c, i);
    const double z = kind ? ((double)x[i] - (double)mean[k]) * (double)inv[k] * (double)gamma[k] + (double)beta[k]
                          : 1.0;
    const double top = kind == SLIM_ACTIVATION_RELU6 ? 6.0 : HUGE_VAL;
    dy[i] = fabs(z) < 1e-4 || fabs(z - top) < 1e-4 ? 0.0f : dy[i];
    inside[i] = z > 0.0 && z < top ? dy[i] : 0.0f;
  }
  return inside;
}

START_TEST(gradient_matches_loops)
{
  const struct norm_case *c = &cases[_i / 6];
  const slim_activation_kind kind = (slim_activation_kind)(_i / 2 % 3);
  const slim_batch_norm_attr attr = { EPSILON, _i % 2, 0, c->nchw, kind };
  const slim_shape channels = SLIM_SHAPE(c->c);
  test_op t = { .op = &slim_op_batch_norm_gradient, .attr = &attr, .num_in = kind ? 6 : 5, .num_out = 3 };
  t.in[0] = shifted(shape_of(c), 1, 0.25f);
  t.in[1] = shifted(shape_of(c), 2, 2.0f);
  t.in[2] = shifted(channels, 3, kind == SLIM_ACTIVATION_RELU6 ? 8.5f : 1.5f);
  t.in[3] = shifted(channels, 4, 2.0f);
  t.in[4] = shifted(channels, 5, 1.5f);
  if (kind) {
    t.in[5] = test_random_tensor(channels, 6);
  }
  t.out[0] = test_output(shape_of(c));
  t.out[1] = test_output(channels);
  t.out[2] = test_output(channels);
  float *dy = passed(c, &t, kind);
  if (test_op_run(&t, NULL)) {
    assert_gradient(c, &t, dy, attr.training);
  }
  free(dy);
  test_op_free(&t);
}
END_TEST

/* Outside of training dx is gamma * inv * dy, even where dy's sums are more than float32 holds. */
START_TEST(infinite_sums_stay_out_of_dx)
{
  const struct norm_case *c = &cases[_i];
  const slim_batch_norm_attr attr = { .epsilon = EPSILON, .nchw = c->nchw };
  const slim_shape channels = SLIM_SHAPE(c->c);
  const size_t n = test_elements(shape_of(c));
  test_op t = { .op = &slim_op_batch_norm_gradient, .attr = &attr, .num_in = 5, .num_out = 3 };
  double *dx = malloc(n * sizeof *dx);
  for (int i = 0; i < 5; i++) {
    t.in[i] = shifted(i < 2 ? shape_of(c) : channels, (unsigned)i + 1, 1.5f);
  }
  float *dy = t.in[0].data;
  const float *gamma = t.in[2].data, *inv = t.in[4].data;
  for (size_t i = 0; i < n; i++) {
    const int k = channel_of(c, i);
    dy[i] *= 2e37f;
    dx[i] = (double)gamma[k] * (double)inv[k] * (double)dy[i];
  }
  t.out[0] = test_output(shape_of(c));
  t.out[1] = test_output(channels);
  t.out[2] = test_output(channels);
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, dx, n, 2e-5, c->label);
  }
  free(dx);
  test_op_free(&t);
}
END_TEST

/* The same as batch norm behind a product. */
START_TEST(folding_matches_loops)
{
  static const struct {
    slim_shape weights;
    int channels;
  } folds[] = { { { 4, { 1, 1, 1, 1 } }, 1 }, { { 4, { 3, 3, 5, 19 } }, 19 }, { { 4, { 3, 3, 7, 2 } }, 14 },
                { { 2, { 300, 33 } }, 33 } };
  const slim_batch_norm_attr attr = { .epsilon = EPSILON };
  const slim_shape channels = SLIM_SHAPE(folds[_i].channels);
  const size_t n = test_elements(folds[_i].weights), c = (size_t)folds[_i].channels;
  test_op t = { .op = &slim_op_batch_norm_fold, .attr = &attr, .num_in = 5, .num_out = 2 };
  double *weights = malloc((n + c) * sizeof *weights), *bias = weights + n;
  t.in[0] = test_random_tensor(folds[_i].weights, 1);
  for (unsigned i = 1; i < 5; i++) {
    t.in[i] = shifted(channels, i + 1, 1.5f);
  }
  t.out[0] = test_output(folds[_i].weights);
  t.out[1] = test_output(channels);
  const float *const *in = (const float *[]){ t.in[0].data, t.in[1].data, t.in[2].data, t.in[3].data, t.in[4].data };
  for (size_t i = 0; i < n; i++) {
    const size_t k = i % c;
    const double factor = (double)in[1][k] / sqrt((double)in[4][k] + (double)EPSILON);
    weights[i] = (double)in[0][i] * factor;
    bias[k] = (double)in[2][k] - (double)in[3][k] * factor;
  }
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, weights, n, 1e-6, "weights");
    test_assert_near(t.out[1].data, bias, c, 1e-6, "bias");
  }
  free(weights);
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, folding_matches_loops, 0, 4);
  tcase_add_loop_test(tcase, fused_matches_loops, 0, 5 * CASES);
  tcase_add_loop_test(tcase, forward_matches_loops, 0, 3 * CASES);
  tcase_add_loop_test(tcase, gradient_matches_loops, 0, 6 * CASES);
  tcase_add_loop_test(tcase, infinite_sums_stay_out_of_dx, 0, CASES);
}

TEST_OP_MAIN("batch_norm", build)
