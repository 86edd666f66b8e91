/*
 * Winograd's convolutions: their error bounds (lib/backend/cpu/winograd.h), extreme values, and the switch. The loops
 * in double look at some outputs only.
 */
#include "base/caches.h"
#include "test_op.h"
#include "test_worse.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define SAMPLES 400
/* The largest error over the root mean square: of tiles of 7 x 7 inputs, and of the others. */
#define SEVENS 6e-5
#define OTHERS 2e-5

static const struct winograd_case {
  const char *label;
  int n, h, w, c, outputs, kh, kw;
  bool positive; /* x and dy, not the weights */
  double bound;
  int stride;
} cases[] = {
  { "3x3_64", 2, 13, 15, 64, 64, 3, 3, false, SEVENS, 1 },
  { "3x3_64_positive", 2, 13, 15, 64, 64, 3, 3, true, SEVENS, 1 },
  { "3x3_256", 1, 9, 13, 256, 38, 3, 3, false, SEVENS, 1 },
  { "3x3_256_positive", 1, 9, 11, 256, 37, 3, 3, true, SEVENS, 1 },
  { "3x3_512", 1, 7, 7, 512, 36, 3, 3, false, OTHERS, 1 },
  { "3x3_odd_channels", 2, 10, 13, 35, 51, 3, 3, false, SEVENS, 1 },
  { "3x3_last_channel", 2, 9, 11, 65, 33, 3, 3, false, SEVENS, 1 },
  { "3x3_many_odd_channels", 1, 9, 10, 259, 37, 3, 3, false, SEVENS, 1 },
  { "3x3_few_channels", 2, 12, 9, 9, 41, 3, 3, false, SEVENS, 1 },
  { "5x5_32", 2, 9, 10, 32, 64, 5, 5, false, SEVENS, 1 },
  { "5x5_odd_channels", 3, 9, 7, 19, 50, 5, 5, false, SEVENS, 1 },
  { "5x5_many_channels", 1, 7, 9, 160, 59, 5, 5, true, SEVENS, 1 },
  { "3x3_small", 1, 8, 9, 16, 32, 3, 3, false, SEVENS, 1 },
  { "5x5_small", 1, 6, 7, 16, 32, 5, 5, false, SEVENS, 1 },
  { "1x7_192", 2, 11, 17, 192, 36, 1, 7, false, OTHERS, 1 },
  { "7x1_192", 2, 17, 11, 192, 37, 7, 1, false, OTHERS, 1 },
  { "1x7_384_positive", 1, 9, 14, 384, 32, 1, 7, true, OTHERS, 1 },
  { "7x1_odd_channels", 3, 5, 13, 67, 51, 7, 1, false, OTHERS, 1 },
  { "1x7_small", 1, 3, 5, 67, 50, 1, 7, false, OTHERS, 1 },
  { "1x3_256", 2, 8, 9, 256, 40, 1, 3, false, OTHERS, 1 },
  { "3x1_odd_channels", 2, 13, 7, 67, 35, 3, 1, true, OTHERS, 1 },
  { "3x3_four_tiles", 1, 8, 7, 130, 75, 3, 3, false, OTHERS, 1 },
  { "3x3_four_images", 4, 3, 4, 97, 107, 3, 3, true, OTHERS, 1 },
  { "3x3_four_tiles_vectors", 1, 7, 8, 144, 80, 3, 3, false, OTHERS, 1 },
  { "3x3_pairs", 8, 7, 7, 240, 128, 3, 3, false, OTHERS, 1 },
  { "3x3_four_images_vectors", 4, 3, 4, 512, 48, 3, 3, false, OTHERS, 1 },
  { "3x3_many_tiles", 2, 61, 45, 16, 48, 3, 3, false, SEVENS, 1 },
  { "3x3_many_images", 290, 3, 3, 97, 96, 3, 3, false, OTHERS, 1 },
  { "3x3_past_the_caches", 2, 97, 91, 16, 96, 3, 3, false, SEVENS, 1 },
  { "5x5_many_tiles", 3, 33, 23, 16, 16, 5, 5, false, SEVENS, 1 },
  { "3x3_512_sevens", 1, 10, 9, 512, 36, 3, 3, false, SEVENS, 1 },
  { "5x5_256_sevens", 1, 9, 6, 256, 35, 5, 5, false, SEVENS, 1 },
  { "3x3_256_sixes", 1, 8, 12, 256, 37, 3, 3, true, OTHERS, 1 },
  { "3x3_odd_sixes", 2, 11, 16, 35, 51, 3, 3, false, OTHERS, 1 },
  { "3x3_many_sixes", 3, 28, 32, 16, 48, 3, 3, false, OTHERS, 1 },
  { "1x3_many_tiles", 2, 9, 14, 40, 48, 1, 3, false, OTHERS, 1 },
  { "3x1_many_tiles", 3, 13, 9, 67, 35, 3, 1, false, OTHERS, 1 },
  { "1x7_many_tiles", 2, 21, 23, 40, 50, 1, 7, false, OTHERS, 1 },
  { "3x3_staged_sixes", 2, 8, 12, 48, 64, 3, 3, false, OTHERS, 1 },
  { "5x5_sixes", 4, 4, 4, 32, 48, 5, 5, true, OTHERS, 1 },
  { "5x5_many_sixes", 65, 4, 4, 16, 32, 5, 5, false, OTHERS, 1 },
  { "3x3_sevens_in_runs", 4, 61, 45, 64, 80, 3, 3, false, SEVENS, 1 },
  { "3x3_sixes_in_runs", 8, 28, 32, 64, 80, 3, 3, false, OTHERS, 1 },
  { "3x3_sevens_in_slices", 4, 61, 45, 16, 48, 3, 3, false, SEVENS, 1 },
  { "3x3_sixes_in_slices", 9, 28, 31, 32, 80, 3, 3, true, OTHERS, 1 },
  { "3x3_sixes_in_parts", 9, 28, 31, 96, 112, 3, 3, false, OTHERS, 1 },
  { "5x5_in_parts", 7, 29, 22, 35, 90, 5, 5, true, SEVENS, 1 },
  { "5x5_in_slices", 4, 29, 22, 32, 64, 5, 5, false, SEVENS, 1 },
  { "3x3_copied_taps", 1, 8, 12, 272, 80, 3, 3, false, OTHERS, 1 },
  { "3x3_copied_taps_sevens", 1, 9, 11, 144, 112, 3, 3, false, SEVENS, 1 },
  { "3x3_cut_below", 3, 7, 8, 130, 99, 3, 3, false, OTHERS, 1 },
  { "3x3_cut_right", 3, 8, 7, 130, 99, 3, 3, false, OTHERS, 1 },
  { "3x3_cut_sevens", 9, 14, 14, 128, 80, 3, 3, false, SEVENS, 1 },
  { "3x3_cut_in_blocks", 40, 7, 7, 32, 48, 3, 3, false, OTHERS, 1 },
  { "3x3_cut_fused", 70, 7, 7, 16, 32, 3, 3, true, OTHERS, 1 },
  { "3x3_cut_many_images", 36, 1, 3, 48, 80, 3, 3, false, OTHERS, 1 },
  { "1x7_in_runs", 5, 16, 19, 32, 48, 1, 7, false, OTHERS, 1 },
  { "7x1_in_runs", 3, 21, 23, 48, 32, 7, 1, true, OTHERS, 1 },
  { "3x1_in_runs", 4, 18, 21, 32, 80, 3, 1, false, OTHERS, 1 },
  { "1x3_tall", 1, 41, 6, 48, 32, 1, 3, false, OTHERS, 1 },
  { "7x1_least", 2, 1, 33, 32, 32, 7, 1, false, OTHERS, 1 },
  { "3x1_least", 2, 2, 33, 32, 32, 3, 1, false, OTHERS, 1 },
  { "3x3_4_channels_more", 1, 9, 11, 68, 35, 3, 3, false, SEVENS, 1 },
  { "3x3_5_channels_more", 1, 9, 11, 69, 35, 3, 3, false, SEVENS, 1 },
  { "3x3_6_channels_more", 1, 9, 11, 70, 35, 3, 3, false, SEVENS, 1 },
  { "3x3_7_channels_more", 1, 9, 11, 71, 35, 3, 3, false, SEVENS, 1 },
  { "4x4_32", 2, 11, 9, 32, 48, 4, 4, false, SEVENS, 1 },
  { "4x4_many_channels", 1, 13, 14, 80, 130, 4, 4, true, SEVENS, 1 },
  { "7x7_by_2", 2, 29, 31, 3, 64, 7, 7, false, SEVENS, 2 },
  { "7x7_by_2_positive", 1, 32, 30, 3, 41, 7, 7, true, SEVENS, 2 },
  { "7x7_by_2_in_slices", 8, 60, 43, 3, 48, 7, 7, false, SEVENS, 2 },
  { "7x7_by_2_staged", 1, 17, 18, 4, 608, 7, 7, false, SEVENS, 2 },
  { "8x8_by_2", 3, 20, 17, 4, 32, 8, 8, false, SEVENS, 2 },
  { "9x9_by_2", 2, 19, 24, 8, 32, 9, 9, false, SEVENS, 2 },
  { "7x7_by_3", 2, 25, 32, 4, 48, 7, 7, false, SEVENS, 3 },
  { "11x11_by_4", 2, 67, 63, 3, 64, 11, 11, false, SEVENS, 4 },
  { "1x1_512", 1, 9, 13, 512, 192, 1, 1, false, OTHERS, 1 },
  { "1x1_256", 1, 11, 11, 256, 128, 1, 1, false, OTHERS, 1 },
  { "1x1_2048", 1, 8, 14, 2048, 64, 1, 1, false, OTHERS, 1 },
  { "1x1_256_turned", 1, 17, 19, 256, 288, 1, 1, false, OTHERS, 1 },
  { "1x1_576_turned", 1, 16, 17, 576, 256, 1, 1, true, OTHERS, 1 },
  { "1x1_512_positive", 3, 9, 7, 512, 128, 1, 1, true, OTHERS, 1 },
};
#define CASES ((int)(sizeof cases / sizeof *cases))
#define STRASSEN (CASES - 1) /* a product of halves, where the weights stay */

/* Forward, with weights that stay as they are: those of many channels are transformed in advance. */
static const struct winograd_case kept_cases[] = {
  { "3x3_kept_sixes", 1, 32, 28, 130, 145, 3, 3, false, OTHERS, 1 },
  { "3x3_kept_sevens", 1, 30, 29, 98, 123, 3, 3, true, SEVENS, 1 },
  { "3x3_kept_staged_sixes", 1, 27, 26, 272, 70, 3, 3, false, OTHERS, 1 },
  { "3x3_kept_staged_sevens", 1, 24, 32, 512, 41, 3, 3, false, SEVENS, 1 },
  { "3x3_kept_one_panel", 1, 27, 27, 400, 32, 3, 3, false, OTHERS, 1 },
  { "5x5_kept", 1, 20, 17, 96, 112, 5, 5, false, SEVENS, 1 },
  { "3x3_kept_vectors", 1, 25, 28, 48, 144, 3, 3, false, SEVENS, 1 },
  { "3x3_kept_vectors_sixes", 1, 27, 24, 128, 80, 3, 3, true, OTHERS, 1 },
  { "3x3_kept_vectors_staged", 1, 27, 26, 272, 80, 3, 3, false, OTHERS, 1 },
  { "3x3_kept_vectors_staged_sevens", 1, 30, 29, 144, 112, 3, 3, false, SEVENS, 1 },
  { "3x3_kept_vectors_many_tiles", 1, 58, 63, 144, 48, 3, 3, true, SEVENS, 1 },
  { "4x4_kept_vectors_staged", 1, 24, 23, 144, 80, 4, 4, false, SEVENS, 1 },
  { "5x5_kept_vectors_staged", 1, 20, 17, 144, 48, 5, 5, true, SEVENS, 1 },
  { "5x5_kept_vectors_staged_sixes", 1, 4, 44, 144, 48, 5, 5, false, OTHERS, 1 },
  { "3x3_kept_whole_tiles", 1, 8, 8, 144, 80, 3, 3, false, OTHERS, 1 },
  { "3x3_kept_nine_tiles", 1, 12, 11, 144, 112, 3, 3, false, OTHERS, 1 },
  { "3x3_kept_few_tiles", 1, 14, 14, 256, 80, 3, 3, false, OTHERS, 1 },
  { "3x3_kept_far_sevens", 1, 40, 39, 192, 128, 3, 3, false, SEVENS, 1 },
  { "3x3_kept_groups", 1, 27, 26, 272, 128, 3, 3, false, OTHERS, 1 },
  { "3x3_kept_groups_uneven", 1, 27, 26, 400, 144, 3, 3, false, OTHERS, 1 },
  { "3x3_kept_far", 1, 44, 48, 256, 240, 3, 3, false, OTHERS, 1 },
  { "1x1_kept_512", 1, 9, 13, 512, 576, 1, 1, false, OTHERS, 1 },
  { "1x1_kept_2048_positive", 1, 8, 14, 2048, 256, 1, 1, true, OTHERS, 1 },
};
#define KEPT_CASES ((int)(sizeof kept_cases / sizeof *kept_cases))

/* The least that run each kernel for vectors of 16, on one unit; weights that stay have a kernel of their own for many
 * tiles, which others need more of. */
static const struct winograd_case least_cases[] = {
  { "3x3_least_four_tiles", 1, 7, 7, 16, 16, 3, 3, false, OTHERS, 1 },
  { "3x3_least_whole_tiles", 1, 8, 8, 16, 16, 3, 3, false, OTHERS, 1 },
  { "3x3_least_sixes", 1, 8, 9, 16, 16, 3, 3, false, OTHERS, 1 },
  { "3x3_least_sevens", 1, 5, 29, 16, 16, 3, 3, false, SEVENS, 1 },
  { "4x4_least", 1, 8, 8, 16, 16, 4, 4, false, SEVENS, 1 },
  { "5x5_least_sixes", 1, 4, 4, 16, 16, 5, 5, false, OTHERS, 1 },
  { "5x5_least_sevens", 1, 9, 9, 16, 16, 5, 5, false, SEVENS, 1 },
  { "7x7_by_2_least", 1, 17, 18, 4, 16, 7, 7, false, SEVENS, 2 },
  { "3x3_least_tiles_sixes", 1, 13, 31, 16, 16, 3, 3, false, OTHERS, 1 },
  { "3x3_least_tiles_sevens", 1, 17, 37, 16, 16, 3, 3, false, SEVENS, 1 },
  { "4x4_least_tiles", 1, 16, 32, 16, 16, 4, 4, false, SEVENS, 1 },
  { "5x5_least_tiles_sixes", 1, 4, 31, 16, 16, 5, 5, false, OTHERS, 1 },
  { "5x5_least_tiles_sevens", 1, 4, 46, 16, 16, 5, 5, false, SEVENS, 1 },
};
#define LEAST_CASES ((int)(sizeof least_cases / sizeof *least_cases))
/* The same of the gradient by weights in slices: many tiles, but few pixels. */
static const struct winograd_case least_sliced[] = {
  { "3x3_least_slices_sixes", 56, 1, 6, 16, 16, 3, 3, false, OTHERS, 1 },
  { "3x3_least_slices_sevens", 56, 1, 9, 16, 16, 3, 3, false, SEVENS, 1 },
  { "4x4_least_slices", 56, 1, 5, 16, 16, 4, 4, false, SEVENS, 1 },
  { "5x5_least_slices_sixes", 38, 1, 5, 16, 16, 5, 5, false, OTHERS, 1 },
  { "5x5_least_slices_sevens", 56, 1, 5, 16, 16, 5, 5, false, SEVENS, 1 },
};
#define LEAST_SLICED ((int)(sizeof least_sliced / sizeof *least_sliced))

static slim_window rows_of(const struct winograd_case *c)
{
  return slim_window_of(c->h, c->kh, c->stride, 1, SLIM_SAME);
}

static slim_window columns_of(const struct winograd_case *c)
{
  return slim_window_of(c->w, c->kw, c->stride, 1, SLIM_SAME);
}

static void set_up(test_op *t, const struct winograd_case *c, int pass)
{
  static const slim_conv2d_attr attrs[] = { { .stride = { 1, 1 }, .rate = { 1, 1 }, .padding = SLIM_SAME },
                                            { .stride = { 2, 2 }, .rate = { 1, 1 }, .padding = SLIM_SAME },
                                            { .stride = { 3, 3 }, .rate = { 1, 1 }, .padding = SLIM_SAME },
                                            { .stride = { 4, 4 }, .rate = { 1, 1 }, .padding = SLIM_SAME } };
  static const slim_op *const ops[] = { &slim_op_conv2d, &slim_op_conv2d_input_gradient,
                                        &slim_op_conv2d_weights_gradient };
  const slim_shape x = SLIM_SHAPE(c->n, c->h, c->w, c->c);
  const slim_shape y = SLIM_SHAPE(c->n, rows_of(c).out, columns_of(c).out, c->outputs);
  const slim_shape w = SLIM_SHAPE(c->kh, c->kw, c->c, c->outputs);
  *t = (test_op){ .op = ops[pass], .attr = &attrs[c->stride - 1], .num_in = pass == 0 ? 2 : 3, .num_out = 1 };
  t->in[0] = test_random_tensor(pass == 0 ? x : y, 1);
  t->in[1] = test_random_tensor(pass == 2 ? x : w, 2);
  t->in[2] = (test_tensor){ SLIM_FLOAT32, pass == 1 ? x : w, NULL };
  t->out[0] = test_output(pass == 0 ? y : pass == 1 ? x : w);
  t->folded = pass == 0 && c->kh * c->kw == 1;
  for (int i = 0; c->positive && i < (pass == 2 ? 2 : 1); i++) {
    float *data = t->in[i].data;
    for (size_t k = 0; k < test_elements(t->in[i].shape); k++) {
      data[k] = fabsf(data[k]);
    }
  }
}

static void scale(test_tensor *t, float factor)
{
  for (size_t i = 0; i < test_elements(t->shape); i++) {
    ((float *)t->data)[i] *= factor;
  }
}

/* The value of pixel [n][y][x][k] of an image tensor, 0 outside. */
static double pixel(const test_tensor *t, int n, int y, int x, int k)
{
  const int *dim = t->shape.dim;
  const bool inside = y >= 0 && y < dim[1] && x >= 0 && x < dim[2];
  return inside ? (double)((const float *)
                               t->data)[(((size_t)n * (size_t)dim[1] + (size_t)y) * (size_t)dim[2] + (size_t)x) *
                                            (size_t)dim[3] +
                                        (size_t)k]
                : 0.0;
}

/* Element i of the result: the sum, and in *sum of the absolute products. */
static double want(const test_op *t, const struct winograd_case *c, int pass, size_t i, double *sum)
{
  const int *dim = t->out[0].shape.dim, taps = c->kh * c->kw;
  const slim_window rows = rows_of(c), columns = columns_of(c);
  const int last = (int)(i % (size_t)dim[3]), x = (int)(i / (size_t)dim[3] % (size_t)dim[2]);
  const int y = (int)(i / (size_t)dim[3] / (size_t)dim[2] % (size_t)dim[1]);
  const int n = (int)(i / (size_t)dim[3] / (size_t)dim[2] / (size_t)dim[1]);
  double total = 0.0;
  *sum = 0.0;
  if (pass == 2) { /* [y][x] is the tap, n the input channel: dim is kh, kw, c, o */
    const int ci = x, kx = y, ky = n;
    for (int p = 0; p < c->n * rows.out * columns.out; p++) {
      const int image = p / (rows.out * columns.out), py = p / columns.out % rows.out, px = p % columns.out;
      const int from_y = py * c->stride + ky - rows.before, from_x = px * c->stride + kx - columns.before;
      const double product = pixel(&t->in[0], image, py, px, last) * pixel(&t->in[1], image, from_y, from_x, ci);
      total += product;
      *sum += fabs(product);
    }
    return total;
  }
  const int channels = pass == 0 ? c->c : c->outputs;
  for (int p = 0; p < taps * channels; p++) {
    const int tap = p / channels, k = p % channels;
    const int dy = tap / c->kw - rows.before, dx = tap % c->kw - columns.before;
    const int ci = pass == 0 ? k : last, o = pass == 0 ? last : k;
    const double weight =
        (double)((const float *)t->in[1]
                     .data)[((size_t)tap * (size_t)c->c + (size_t)ci) * (size_t)c->outputs + (size_t)o];
    if (pass == 1 && ((y - dy) % c->stride != 0 || (x - dx) % c->stride != 0)) {
      continue; /* no output is there */
    }
    const double product = weight * (pass == 0 ? pixel(&t->in[0], n, y * c->stride + dy, x * c->stride + dx, k)
                                               : pixel(&t->in[0], n, (y - dy) / c->stride, (x - dx) / c->stride, k));
    total += product;
    *sum += fabs(product);
  }
  return total;
}

static void check_error(const struct winograd_case *c, int pass, int folded, bool least)
{
  test_op t;
  set_up(&t, c, pass);
  t.folded = folded;
  t.least = least;
  if (test_op_run(&t, NULL)) {
    const size_t n = test_elements(t.out[0].shape);
    double most = 0.0, squares = 0.0, sum;
    uint32_t state = 7;
    for (int s = 0; s < SAMPLES; s++) {
      const size_t i = s == 0 ? n - 1 : test_random(&state) % n;
      const double right = want(&t, c, pass, i, &sum);
      most = test_worse(most, fabs((double)((float *)t.out[0].data)[i] - right));
      squares += right * right;
    }
    const double error = most / sqrt(squares / SAMPLES);
    ck_assert_msg(error <= c->bound, "%s pass %d: error %g of root mean square, allowed %g", c->label, pass, error,
                  c->bound);
  }
  test_op_free(&t);
}

START_TEST(error_is_within_the_bound)
{
  check_error(&cases[_i / 3], _i % 3, 0, false);
}
END_TEST

START_TEST(error_with_packed_weights_is_within_the_bound)
{
  check_error(&kept_cases[_i], 0, 1, false);
}
END_TEST

/* Also with weights that stay. */
START_TEST(error_of_least_shapes_is_within_the_bound)
{
  check_error(&least_cases[_i / 4], _i % 4 % 3, _i % 4 == 3, true);
}
END_TEST

START_TEST(error_of_least_slices_is_within_the_bound)
{
  check_error(&least_sliced[_i], 2, 0, true);
}
END_TEST

/* Powers of two on the inputs change no bit of the mantissas: nothing is lost at either end of the range. */
START_TEST(scale_changes_no_bit)
{
  static const struct {
    int a, b;
  } powers[] = { { 100, -90 }, { -60, -40 } };
  static const int number[] = { 5, 10, 17, STRASSEN };
  const struct winograd_case *c = &cases[number[_i % 4]];
  const int pass = _i / 4 % 3, a = powers[_i / 12].a, b = powers[_i / 12].b;
  test_op t, scaled;
  set_up(&t, c, pass);
  set_up(&scaled, c, pass);
  scale(&scaled.in[0], ldexpf(1.0f, a));
  scale(&scaled.in[1], ldexpf(1.0f, b));
  if (test_op_run(&t, NULL) && test_op_run(&scaled, NULL)) {
    scale(&t.out[0], ldexpf(1.0f, a + b));
    const float *got = scaled.out[0].data, *right = t.out[0].data;
    for (size_t i = 0; i < test_elements(t.out[0].shape); i++) {
      if (got[i] != right[i]) {
        ck_abort_msg("%s pass %d scaled by 2^%d and 2^%d: element %zu is %.9g, not %.9g", c->label, pass, a, b, i,
                     (double)got[i], (double)right[i]);
      }
    }
  }
  test_op_free(&t);
  test_op_free(&scaled);
}
END_TEST

/* One pixel in a million's proportion: all outputs of its tile carry rounding errors of its size, and no larger ones.
 */
START_TEST(huge_pixel_rounds_its_tile_only)
{
  static const int number[] = { 0, 9, 14, 4, STRASSEN };
  const struct winograd_case *c = &cases[number[_i % 5]];
  const int pass = _i / 5;
  test_op t;
  set_up(&t, c, pass);
  const float huge = 1e6f;
  ((float *)t.in[0].data)[(size_t)((c->h / 2 * c->w + c->w / 2) * t.in[0].shape.dim[3] + 3)] = huge;
  if (test_op_run(&t, NULL)) {
    uint32_t state = 11;
    double sum;
    for (int s = 0; s < SAMPLES; s++) {
      const size_t i = test_random(&state) % test_elements(t.out[0].shape);
      const double right = want(&t, c, pass, i, &sum);
      const double error = fabs((double)((float *)t.out[0].data)[i] - right),
                   allowed = (c->kw == 7 || c->bound == SEVENS ? 1e-5 : 4e-6) * (double)huge;
      ck_assert_msg(error <= allowed, "%s pass %d: element %zu is off by %g, allowed %g", c->label, pass, i, error,
                    allowed);
    }
  }
  test_op_free(&t);
}
END_TEST

static float *run_with(const char *value, const struct winograd_case *c, int pass)
{
  test_op t;
  set_up(&t, c, pass);
  setenv("SLIM_WINOGRAD", value, 1);
  const bool ran = test_op_run(&t, NULL);
  unsetenv("SLIM_WINOGRAD");
  float *result = t.out[0].data;
  t.out[0].data = NULL;
  test_op_free(&t);
  if (!ran) {
    free(result);
    return NULL;
  }
  return result;
}

START_TEST(switch_gives_the_direct_sum)
{
  const char *device = getenv("SLIM_TEST_DEVICE");
  const struct winograd_case *c = &cases[_i == 3 ? STRASSEN : 0];
  const int pass = _i % 3;
  test_op t;
  set_up(&t, c, pass);
  const size_t n = test_elements(t.out[0].shape);
  float *on = run_with("1", c, pass), *off = run_with("0", c, pass);
  const bool made_faster = _i < 3 || slim_caches_find().second < SLIM_LARGE_CACHE; /* Strassen: not with large ones */
  if (on && off && made_faster && (!device || !strcmp(device, "cpu"))) {
    ck_assert_msg(memcmp(on, off, n * sizeof *on) != 0, "pass %d: SLIM_WINOGRAD=0 changes nothing", pass);
  }
  for (size_t i = 0; off && i < n; i += n / SAMPLES) {
    double sum;
    const double right = want(&t, c, pass, i, &sum), error = fabs((double)off[i] - right);
    const double allowed = test_sum_tolerance(2048) * sum;
    ck_assert_msg(error <= allowed, "pass %d: element %zu is off by %g, allowed %g", pass, i, error, allowed);
  }
  free(on);
  free(off);
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, error_is_within_the_bound, 0, 3 * CASES);
  tcase_add_loop_test(tcase, error_with_packed_weights_is_within_the_bound, 0, KEPT_CASES);
  tcase_add_loop_test(tcase, error_of_least_shapes_is_within_the_bound, 0, 4 * LEAST_CASES);
  tcase_add_loop_test(tcase, error_of_least_slices_is_within_the_bound, 0, LEAST_SLICED);
  tcase_add_loop_test(tcase, scale_changes_no_bit, 0, 24);
  tcase_add_loop_test(tcase, huge_pixel_rounds_its_tile_only, 0, 15);
  tcase_add_loop_test(tcase, switch_gives_the_direct_sum, 0, 4);
}

TEST_OP_MAIN("winograd", build)
