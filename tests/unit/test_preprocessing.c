/* Preprocessing against loops in double that share no code with it, and its random choices. */
#include "data_support.h"
#include "test_worse.h"

#include <math.h>

#define LARGEST (80 * 120 * 3)

static uint8_t pixels[LARGEST];
static float out[LARGEST], again[LARGEST];
static double expected[LARGEST];

static void fill_pixels(void)
{
  unsigned state = 12345;
  for (int i = 0; i < LARGEST; i++) {
    state = state * 1664525u + 1013904223u;
    pixels[i] = (uint8_t)(state >> 24);
  }
}

static slim_preprocess_call make_call(int h, int w, int c, int out_h, int out_w)
{
  fill_pixels();
  return (slim_preprocess_call){ .pixels = pixels, .h = h, .w = w, .c = c, .out_h = out_h, .out_w = out_w, .seed = 3 };
}

static int elements(const slim_preprocess_call *call)
{
  return call->out_h * call->out_w * (call->use_grayscale ? 1 : call->c);
}

static void run_into(const char *name, const slim_preprocess_call *call, float *to)
{
  slim_error error = { 0 };
  slim_preprocessing function = slim_get_preprocessing(name, &error);
  ck_assert_msg(function != NULL, "%s", error.text);
  for (int i = 0; i < LARGEST; i++) {
    to[i] = NAN;
  }
  ck_assert_msg(function(call, to, &error) == SLIM_OK, "%s", error.text);
  int wrong = 0;
  for (int i = 0; i < LARGEST; i++) { /* all of the output is written, and nothing behind it */
    wrong += isnan(to[i]) != (i >= elements(call));
  }
  ck_assert_int_eq(wrong, 0);
}

/* A pixel of the image, grey when wanted; 0 outside. */
static double pixel(const slim_preprocess_call *call, int y, int x, int k)
{
  if (y < 0 || y >= call->h || x < 0 || x >= call->w) {
    return 0.0;
  }
  const uint8_t *p = pixels + ((size_t)y * (size_t)call->w + (size_t)x) * (size_t)call->c;
  return call->use_grayscale && call->c == 3 ? 0.2989 * p[0] + 0.5870 * p[1] + 0.1140 * p[2] : p[k];
}

static void assert_close(const slim_preprocess_call *call, double tolerance)
{
  double largest = 0.0, worst = 0.0;
  for (int i = 0; i < elements(call); i++) {
    const double size = fabs(expected[i]), off = fabs(expected[i] - (double)out[i]);
    largest = test_worse(largest, size);
    worst = test_worse(worst, off);
  }
  ck_assert_msg(worst <= tolerance * largest, "difference %g of %g", worst, largest);
}

static const struct size_case {
  int h, w, c, out_h, out_w;
  bool grey;
} sizes[] = {
  { 28, 28, 1, 28, 28, false }, { 28, 28, 3, 28, 28, true }, { 40, 33, 3, 28, 28, false }, { 20, 31, 1, 28, 28, false },
  { 1, 1, 3, 5, 4, true },      { 31, 20, 3, 28, 29, true }, { 7, 50, 1, 28, 9, false },
};

static slim_preprocess_call size_call(int i)
{
  slim_preprocess_call call = make_call(sizes[i].h, sizes[i].w, sizes[i].c, sizes[i].out_h, sizes[i].out_w);
  call.use_grayscale = sizes[i].grey;
  return call;
}

/* The central crop or padding, 0 .. 255. */
static void expect_centre(const slim_preprocess_call *call)
{
  const int channels = call->use_grayscale ? 1 : call->c;
  const int up = call->h > call->out_h ? (call->h - call->out_h) / 2 : -((call->out_h - call->h) / 2);
  const int left = call->w > call->out_w ? (call->w - call->out_w) / 2 : -((call->out_w - call->w) / 2);
  for (int i = 0; i < elements(call); i++) {
    const int y = i / channels / call->out_w, x = i / channels % call->out_w;
    expected[i] = pixel(call, y + up, x + left, i % channels);
  }
}

START_TEST(lenet_crops_or_pads_and_scales)
{
  const slim_preprocess_call call = size_call(_i);
  expect_centre(&call);
  for (int i = 0; i < elements(&call); i++) {
    expected[i] = (expected[i] - 128.0) / 128.0;
  }
  run_into("lenet", &call, out);
  assert_close(&call, 1e-6);
}
END_TEST

START_TEST(cifarnet_standardises)
{
  const slim_preprocess_call call = size_call(_i);
  const int n = elements(&call);
  double mean = 0.0, variance = 0.0;
  expect_centre(&call);
  for (int i = 0; i < n; i++) {
    mean += expected[i] / n;
  }
  for (int i = 0; i < n; i++) {
    variance += (expected[i] - mean) * (expected[i] - mean) / n;
  }
  for (int i = 0; i < n; i++) {
    expected[i] = (expected[i] - mean) / fmax(sqrt(variance), 1.0 / sqrt(n));
  }
  run_into("cifarnet", &call, out);
  assert_close(&call, 1e-5);
}
END_TEST

/* Bilinear: position = index * in / out. */
static double interpolate(const slim_preprocess_call *call, int top, int left, int in_h, int in_w, double y, double x,
                          int k)
{
  const int y0 = (int)y, x0 = (int)x;
  const int y1 = y0 + 1 < in_h ? y0 + 1 : in_h - 1, x1 = x0 + 1 < in_w ? x0 + 1 : in_w - 1;
  const double a = pixel(call, top + y0, left + x0, k), b = pixel(call, top + y0, left + x1, k);
  const double c = pixel(call, top + y1, left + x0, k), d = pixel(call, top + y1, left + x1, k);
  const double upper = a + (b - a) * (x - x0), lower = c + (d - c) * (x - x0);
  return upper + (lower - upper) * (y - y0);
}

START_TEST(inception_takes_the_middle_and_resizes)
{
  const slim_preprocess_call call = size_call(_i);
  const int channels = call.use_grayscale ? 1 : call.c;
  const int top = (int)((call.h - call.h * 0.875) / 2), left = (int)((call.w - call.w * 0.875) / 2);
  const int h = call.h - 2 * top, w = call.w - 2 * left;
  for (int i = 0; i < elements(&call); i++) {
    const double y = (double)(i / channels / call.out_w) * h / call.out_h;
    const double x = (double)(i / channels % call.out_w) * w / call.out_w;
    expected[i] = (interpolate(&call, top, left, h, w, y, x, i % channels) / 255.0 - 0.5) * 2.0;
  }
  run_into("inception_v3", &call, out);
  assert_close(&call, 1e-5);
}
END_TEST

START_TEST(vgg_resizes_crops_and_subtracts_the_means)
{
  static const double means[] = { 123.68, 116.78, 103.94 };
  const slim_preprocess_call call = make_call(_i ? 64 : 80, _i ? 80 : 64, 3, 60, 90);
  const int h = _i ? 256 : 320, w = _i ? 320 : 256; /* the smaller side is 256 */
  const int top = (h - 60) / 2, left = (w - 90) / 2;
  for (int i = 0; i < elements(&call); i++) {
    const double y = (top + i / 3 / 90) / 4.0, x = (left + i / 3 % 90) / 4.0;
    expected[i] = interpolate(&call, 0, 0, call.h, call.w, y, x, i % 3) - means[i % 3];
  }
  run_into("vgg_16", &call, out);
  assert_close(&call, 1e-5);
}
END_TEST

/* Training: the same sample gives the same image, others give others. */
START_TEST(random_choices_depend_on_seed_and_sample)
{
  static const char *const names[] = { "cifarnet", "resnet_v1_50", "mobilenet_v1" };
  slim_preprocess_call call = make_call(40, 44, 3, 32, 32);
  int different = 0;
  call.is_training = true;
  for (uint64_t sample = 0; sample < 20; sample++) {
    call.sample = sample;
    run_into(names[_i], &call, out);
    run_into(names[_i], &call, again);
    ck_assert_mem_eq(out, again, (size_t)elements(&call) * sizeof *out);
    call.sample = sample + 1;
    run_into(names[_i], &call, again);
    different += memcmp(out, again, (size_t)elements(&call) * sizeof *out) != 0;
    call.seed++;
  }
  ck_assert_int_eq(different, 20);
}
END_TEST

START_TEST(cifarnet_training_crops_within_a_margin_of_four)
{
  slim_preprocess_call call = make_call(9, 9, 1, 9, 9);
  bool seen[9][9] = { { false } };
  int places = 0;
  memset(pixels, 0, sizeof pixels);
  pixels[4 * 9 + 4] = 255; /* a bright point in the middle of black */
  call.is_training = true;
  for (call.sample = 0; call.sample < 2000; call.sample++) {
    int brightest = 0;
    run_into("cifarnet", &call, out);
    for (int i = 1; i < 81; i++) {
      brightest = out[i] > out[brightest] ? i : brightest;
    }
    seen[brightest / 9][brightest % 9] = true;
  }
  for (int i = 0; i < 81; i++) { /* it comes to stand everywhere: offsets from -4 to 4 */
    places += seen[i / 9][i % 9];
  }
  ck_assert_int_eq(places, 81);
}
END_TEST

START_TEST(half_of_the_images_are_flipped)
{
  static const char *const names[] = { "vgg", "inception" };
  slim_preprocess_call call = make_call(32, 32, 1, 32, 32);
  int flipped = 0;
  for (int i = 0; i < 32 * 32; i++) { /* dark left, bright right */
    pixels[i] = (uint8_t)(i % 32 * 8);
  }
  call.is_training = true;
  for (call.sample = 0; call.sample < 400; call.sample++) {
    run_into(names[_i], &call, out);
    flipped += out[0] > out[31];
  }
  ck_assert_msg(flipped > 150 && flipped < 250, "%d of 400", flipped);
}
END_TEST

START_TEST(inception_training_stays_in_range)
{
  slim_preprocess_call call = make_call(50, 70, 3, 40, 40);
  call.is_training = true;
  for (int grey = 0; grey < 2; grey++) {
    call.use_grayscale = grey == 1;
    for (call.sample = 0; call.sample < 100; call.sample++) {
      run_into("inception", &call, out);
      int outside = 0;
      for (int i = 0; i < elements(&call); i++) {
        outside += !(out[i] >= -1.0f && out[i] <= 1.0f);
      }
      ck_assert_int_eq(outside, 0);
    }
  }
}
END_TEST

START_TEST(images_that_are_too_small_are_refused)
{
  static const struct {
    const char *name;
    bool training;
    const char *text;
  } cases[] = {
    { "vgg", false, "vgg: the image of 10 x 10 becomes 256 x 256, too small for a crop of 299 x 20" },
    { "cifarnet", true, "cifarnet: the image of 10 x 10 with a margin of 4 has no crop of 299 x 20" },
  };
  slim_preprocess_call call = make_call(10, 10, 3, 299, 20);
  slim_error error = { 0 };
  call.is_training = cases[_i].training;
  ck_assert_int_eq(slim_get_preprocessing(cases[_i].name, NULL)(&call, out, &error), SLIM_ERR_SHAPE);
  ck_assert_str_eq(error.text, cases[_i].text);
}
END_TEST

static const struct name_case {
  const char *name, *same;
} name_cases[] = {
  { "resnet_v2_101", "vgg" },       { "vgg_19", "vgg_a" },
  { "inception_v4", "inception" },  { "mobilenet_v3_large", "inception" },
  { "pnasnet_large", "inception" }, { "mobilenet_edgetpu_075", "inception" },
};

START_TEST(names_of_nets_select_a_function)
{
  slim_preprocessing function = slim_get_preprocessing(name_cases[_i].name, NULL);
  ck_assert(function && function == slim_get_preprocessing(name_cases[_i].same, NULL));
}
END_TEST

START_TEST(unknown_names_get_the_list)
{
  static const char *const names[] = { "alexnet_v2", "", "lene", "lenets", "nasnet_cifar", "mobilenet_v1_075" };
  slim_error error = { 0 };
  ck_assert(!slim_get_preprocessing(names[_i], &error));
  ck_assert_int_eq(error.status, SLIM_ERR_NOT_FOUND);
  ck_assert(strstr(error.text, names[_i]) && strstr(error.text, ": lenet cifarnet vgg vgg_a") &&
            strstr(error.text, "pnasnet_large"));
}
END_TEST

START_TEST(a_file_is_prepared)
{
  slim_bytes png = { 0 };
  slim_error error = { 0 };
  const slim_preprocessing lenet = slim_get_preprocessing("lenet", NULL);
  const slim_preprocess_call call = { .out_h = 12, .out_w = 12 };
  data_open_folder();
  data_append_png(&png, 12, 3, 64);
  data_write_file("image.png", png.data, png.size);
  ck_assert_int_eq(slim_preprocess_file(lenet, data_path("image.png"), 1, &call, out, &error), SLIM_OK);
  ck_assert(out[143] == -0.5f && out[0] > 0.0f);
  ck_assert_int_eq(slim_preprocess_file(lenet, data_path("image.png"), 4, &call, out, &error), SLIM_ERR_ARG);
  error = (slim_error){ 0 };
  data_write_file("text.png", "hello", 5);
  ck_assert_int_ne(slim_preprocess_file(lenet, data_path("text.png"), 1, &call, out, &error), SLIM_OK);
  ck_assert_ptr_nonnull(strstr(error.text, "/text.png': "));
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_preprocess_file(lenet, data_path("none.png"), 1, &call, out, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_int_eq(slim_preprocess_file(NULL, data_path("image.png"), 1, &call, out, NULL), SLIM_ERR_ARG);
  slim_bytes_free(&png);
  data_close_folder();
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, lenet_crops_or_pads_and_scales, 0, DATA_COUNT(sizes));
  tcase_add_loop_test(c, cifarnet_standardises, 0, DATA_COUNT(sizes));
  tcase_add_loop_test(c, inception_takes_the_middle_and_resizes, 0, DATA_COUNT(sizes));
  tcase_add_loop_test(c, vgg_resizes_crops_and_subtracts_the_means, 0, 2);
  tcase_add_loop_test(c, random_choices_depend_on_seed_and_sample, 0, 3);
  tcase_add_test(c, cifarnet_training_crops_within_a_margin_of_four);
  tcase_add_loop_test(c, half_of_the_images_are_flipped, 0, 2);
  tcase_add_test(c, inception_training_stays_in_range);
  tcase_add_loop_test(c, images_that_are_too_small_are_refused, 0, 2);
  tcase_add_loop_test(c, names_of_nets_select_a_function, 0, DATA_COUNT(name_cases));
  tcase_add_loop_test(c, unknown_names_get_the_list, 0, 6);
  tcase_add_test(c, a_file_is_prepared);
}

TEST_MAIN("preprocessing", build, NULL)
