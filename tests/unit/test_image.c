#include "formats/idx.h"
#include "formats/image.h"
#include "test_files.h"

/* NAME.pixels holds what TensorFlow decodes: channels asked for, height, width, channels, pixels; three times. */
static const char *const images[] = { "image_grey.png", "image_grey_alpha.png", "image_rgb.png",
                                      "image_rgba.png", "image_rgb16.png",      "image_rgb.jpg",
                                      "image_grey.jpg", "image_progressive.jpg" };

START_TEST(pixels_are_those_of_tensorflow)
{
  char name[64];
  (void)snprintf(name, sizeof name, "%s.pixels", images[_i]);
  const slim_span file = test_read(test_data(images[_i])), expected = test_read(test_data(name));
  size_t at = 0;
  for (; at < expected.size;) {
    const unsigned char *head = expected.data + at;
    const size_t bytes = (size_t)head[1] * head[2] * head[3];
    slim_image image;
    slim_error error = { 0 };
    ck_assert_msg(slim_image_decode(file, head[0], 0, &image, &error) == SLIM_OK, "%s", error.text);
    ck_assert_int_eq(image.height, head[1]);
    ck_assert_int_eq(image.width, head[2]);
    ck_assert_int_eq(image.channels, head[3]);
    ck_assert_mem_eq(image.pixels, head + 4, bytes);
    slim_image_free(&image);
    at += 4 + bytes;
  }
  ck_assert_uint_eq(at, expected.size);
  test_free(file);
  test_free(expected);
}
END_TEST

START_TEST(alpha_is_added_and_size_told)
{
  const slim_span file = test_read(test_data(images[_i]));
  slim_image image, rgb;
  ck_assert_int_eq(slim_image_inspect(file, &image, NULL), SLIM_OK);
  ck_assert(image.width >= 7 && image.height >= 5 && image.channels >= 1 && image.channels <= 4 && !image.pixels);
  const int channels = image.channels;
  ck_assert_int_eq(slim_image_decode(file, 4, 0, &image, NULL), SLIM_OK);
  ck_assert_int_eq(slim_image_decode(file, 3, 0, &rgb, NULL), SLIM_OK);
  for (int i = 0; i < image.width * image.height; i++) {
    ck_assert(memcmp(image.pixels + 4 * (size_t)i, rgb.pixels + 3 * (size_t)i, 3) == 0);
    ck_assert(channels == 2 || channels == 4 || image.pixels[4 * i + 3] == 255);
  }
  slim_image_free(&image);
  slim_image_free(&rgb);
  test_free(file);
}
END_TEST

START_TEST(cut_images_are_errors)
{
  const slim_span file = test_read(test_data(images[_i]));
  for (size_t cut = 0; cut < file.size; cut += cut < 64 ? 1 : 7) {
    unsigned char *copy = malloc(cut ? cut : 1);
    memcpy(copy, file.data, cut);
    slim_image image;
    slim_error error = { 0 };
    const slim_status status = slim_image_decode((slim_span){ copy, cut }, 0, 0, &image, &error);
    ck_assert_msg(status == SLIM_ERR_DATA || status == SLIM_ERR_UNSUPPORTED, "cut at %zu of %zu: %s", cut, file.size,
                  slim_status_name(status));
    ck_assert_ptr_null(image.pixels);
    free(copy);
  }
  test_free(file);
}
END_TEST

START_TEST(limits_and_arguments_are_checked)
{
  const slim_span file = test_read(test_data(images[_i]));
  slim_image image;
  slim_error error = { 0 };
  ck_assert_int_eq(slim_image_decode(file, 3, 5 * 7 * 3 - 1, &image, &error), SLIM_ERR_DATA);
  ck_assert_ptr_nonnull(strstr(error.text, "pixels is over the limit of 104 bytes"));
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_image_decode(file, 2, 0, &image, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "image channels must be 0, 1, 3 or 4, not 2");
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_image_decode((slim_span){ (const unsigned char *)"GIF89a", 6 }, 0, 0, &image, &error),
                   SLIM_ERR_UNSUPPORTED);
  ck_assert_str_eq(error.text, "image of 6 bytes is neither PNG nor JPEG");
  test_free(file);
}
END_TEST

START_TEST(a_png_comes_back)
{
  const int channels = _i + 1;
  unsigned char pixels[5 * 3 * 4];
  for (size_t i = 0; i < sizeof pixels; i++) {
    pixels[i] = (unsigned char)(i * 41);
  }
  const slim_image image = { .width = 5, .height = 3, .channels = channels, .pixels = pixels };
  slim_image back;
  slim_bytes out = { 0 };
  slim_error error = { 0 };
  ck_assert_msg(slim_image_encode_png(&image, &out, &error) == SLIM_OK, "%s", error.text);
  ck_assert_int_eq(slim_image_sniff(slim_span_of(&out)), SLIM_IMAGE_PNG);
  ck_assert_msg(slim_image_decode(slim_span_of(&out), 0, 0, &back, &error) == SLIM_OK, "%s", error.text);
  ck_assert(back.width == 5 && back.height == 3 && back.channels == channels);
  ck_assert_mem_eq(back.pixels, pixels, (size_t)(15 * channels));
  slim_image_free(&back);
  slim_bytes_free(&out);
  const slim_image none = { .width = 0, .height = 3, .channels = channels };
  ck_assert_int_eq(slim_image_encode_png(&none, &out, &error), SLIM_ERR_ARG);
}
END_TEST

static const unsigned char idx_file[] = { 0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6 };

START_TEST(idx_files_are_read)
{
  slim_idx idx;
  slim_error error = { 0 };
  const slim_span file = { idx_file, sizeof idx_file };
  ck_assert_msg(slim_idx_read_memory(file, "i", 6, &idx, &error) == SLIM_OK, "%s", error.text);
  ck_assert(idx.shape.rank == 2 && idx.shape.dim[0] == 2 && idx.shape.dim[1] == 3 && idx.size == 6);
  ck_assert_mem_eq(idx.data, idx_file + 12, 6);
  slim_idx_free(&idx);
  for (size_t cut = 0; cut < sizeof idx_file; cut++) {
    ck_assert_int_eq(slim_idx_read_memory((slim_span){ idx_file, cut }, "i", 6, &idx, &error), SLIM_ERR_DATA);
    ck_assert_ptr_null(idx.data);
  }
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_idx_read_memory(file, "i", 5, &idx, &error), SLIM_ERR_DATA);
  ck_assert_str_eq(error.text, "IDX file 'i': more than the limit of 5 bytes");
}
END_TEST

START_TEST(damaged_idx_files_are_refused)
{
  static const struct {
    size_t at;
    unsigned char value;
    slim_status status;
  } changes[] = { { 0, 1, SLIM_ERR_DATA },   { 3, 7, SLIM_ERR_DATA },   { 2, 13, SLIM_ERR_UNSUPPORTED },
                  { 4, 255, SLIM_ERR_DATA }, { 8, 127, SLIM_ERR_DATA }, { 11, 4, SLIM_ERR_DATA } };
  unsigned char copy[sizeof idx_file];
  slim_idx idx;
  memcpy(copy, idx_file, sizeof copy);
  copy[changes[_i].at] = changes[_i].value;
  ck_assert_int_eq(slim_idx_read_memory((slim_span){ copy, sizeof copy }, "i", (size_t)1 << 40, &idx, NULL),
                   changes[_i].status);
}
END_TEST

static void build(TCase *c)
{
  const int count = (int)(sizeof images / sizeof *images);
  tcase_add_loop_test(c, pixels_are_those_of_tensorflow, 0, count);
  tcase_add_loop_test(c, alpha_is_added_and_size_told, 0, count);
  tcase_add_loop_test(c, cut_images_are_errors, 0, count);
  tcase_add_loop_test(c, limits_and_arguments_are_checked, 0, count);
  tcase_add_loop_test(c, a_png_comes_back, 0, 4);
  tcase_add_test(c, idx_files_are_read);
  tcase_add_loop_test(c, damaged_idx_files_are_refused, 0, 6);
}

TEST_MAIN("image", build, NULL)
