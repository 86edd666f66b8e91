#include "formats/image_codec.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_CHUNK (8u << 20)
#define LARGEST_SIDE 65535

/* All that lives across longjmp is in here, on the heap. */
typedef struct state {
  png_structp png;
  png_infop info;
  slim_span in;
  slim_bytes *out;
  png_bytep *rows;
  slim_error error;
} state;

static void on_error(png_structp png, png_const_charp text)
{
  state *s = png_get_error_ptr(png);
  slim_error_set(&s->error, SLIM_ERR_DATA, "damaged PNG: %s", text);
  longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep data, size_t size)
{
  state *s = png_get_io_ptr(png);
  if (size > s->in.size) {
    png_error(png, "the file is cut off");
  }
  memcpy(data, s->in.data, size);
  s->in.data += size;
  s->in.size -= size;
}

static void set_grey_or_colour(state *s, int channels)
{
  const bool grey = !(png_get_color_type(s->png, s->info) & PNG_COLOR_MASK_COLOR);
  if (grey && png_get_bit_depth(s->png, s->info) < 8) {
    png_set_expand_gray_1_2_4_to_8(s->png);
  }
  if (channels < 3 && !grey) {
    png_set_rgb_to_gray(s->png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
  } else if (channels >= 3 && grey) {
    png_set_gray_to_rgb(s->png);
  }
}

static void set_alpha(state *s, int channels)
{
  const bool transparency = png_get_valid(s->png, s->info, PNG_INFO_tRNS) != 0;
  const bool alpha = (png_get_color_type(s->png, s->info) & PNG_COLOR_MASK_ALPHA) != 0;
  if (channels % 2 != 0) {
    png_set_strip_alpha(s->png);
  } else if (transparency) {
    png_set_tRNS_to_alpha(s->png);
  } else if (!alpha) {
    const unsigned opaque = png_get_bit_depth(s->png, s->info) == 16 ? 0xFFFF : 0xFF;
    png_set_add_alpha(s->png, opaque, PNG_FILLER_AFTER);
  }
}

static int channels_of_file(const state *s)
{
  const bool transparency = png_get_valid(s->png, s->info, PNG_INFO_tRNS) != 0;
  if (png_get_color_type(s->png, s->info) == PNG_COLOR_TYPE_PALETTE) {
    return transparency ? 4 : 3;
  }
  return png_get_channels(s->png, s->info);
}

static void decode(state *s, const slim_image_request *request, slim_image *image)
{
  png_set_user_limits(s->png, LARGEST_SIDE, LARGEST_SIDE);
  png_set_chunk_malloc_max(s->png, LARGEST_CHUNK);
  png_set_read_fn(s->png, s, read_bytes);
  png_read_info(s->png, s->info);
  image->width = (int)png_get_image_width(s->png, s->info);
  image->height = (int)png_get_image_height(s->png, s->info);
  image->channels = request->channels ? request->channels : channels_of_file(s);
  if (request->inspect) {
    return;
  }
  if (png_get_color_type(s->png, s->info) == PNG_COLOR_TYPE_PALETTE) {
    png_set_palette_to_rgb(s->png);
  }
  png_set_strip_16(s->png);
  set_grey_or_colour(s, image->channels);
  set_alpha(s, image->channels);
  png_set_interlace_handling(s->png);
  png_read_update_info(s->png, s->info);
  const size_t row = (size_t)image->width * (size_t)image->channels;
  if (png_get_rowbytes(s->png, s->info) != row) {
    png_error(s->png, "rows of an unexpected length");
  }
  if (slim_image_allocate(image, request->limit, "PNG", &s->error) != SLIM_OK ||
      !(s->rows = calloc((size_t)image->height, sizeof *s->rows))) {
    png_error(s->png, "no memory"); /* an earlier error text stays */
  }
  for (int y = 0; y < image->height; y++) {
    s->rows[y] = image->pixels + row * (size_t)y;
  }
  png_read_image(s->png, s->rows);
  png_read_end(s->png, NULL);
}

/* Frees s; its error, if any, goes to error. */
static slim_status close_state(state *s, slim_error *error)
{
  const slim_status status = s->error.status;
  if (status != SLIM_OK) {
    slim_error_set(error, status, "%s", s->error.text);
  }
  free(s->rows);
  free(s);
  return status;
}

slim_status slim_png_decode(const slim_image_request *request, slim_image *image, slim_error *error)
{
  state *const s = calloc(1, sizeof *s);
  if (s) {
    s->in = request->file;
    s->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, s, on_error, on_warning);
    s->info = s->png ? png_create_info_struct(s->png) : NULL;
  }
  if (!s || !s->info) {
    if (s) {
      png_destroy_read_struct(&s->png, NULL, NULL);
    }
    free(s);
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a PNG decoder");
  }
  if (setjmp(png_jmpbuf(s->png)) == 0) {
    decode(s, request, image);
  }
  png_destroy_read_struct(&s->png, &s->info, NULL);
  return close_state(s, error);
}

static void write_bytes(png_structp png, png_bytep data, size_t size)
{
  state *s = png_get_io_ptr(png);
  slim_bytes_append(s->out, data, size);
}

static void flush_nothing(png_structp png)
{
  (void)png;
}

static void encode(state *s, const slim_image *image)
{
  static const int types[] = { PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                               PNG_COLOR_TYPE_RGB_ALPHA };
  png_set_write_fn(s->png, s, write_bytes, flush_nothing);
  png_set_IHDR(s->png, s->info, (png_uint_32)image->width, (png_uint_32)image->height, 8, types[image->channels - 1],
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(s->png, s->info);
  const size_t row = (size_t)image->width * (size_t)image->channels;
  for (int y = 0; y < image->height; y++) {
    png_write_row(s->png, image->pixels + row * (size_t)y);
  }
  png_write_end(s->png, s->info);
}

slim_status slim_image_encode_png(const slim_image *image, slim_bytes *out, slim_error *error)
{
  if (image->width < 1 || image->height < 1 || image->channels < 1 || image->channels > 4) {
    return slim_error_set(error, SLIM_ERR_ARG, "cannot write a PNG of %d x %d pixels with %d channels", image->width,
                          image->height, image->channels);
  }
  state *const s = calloc(1, sizeof *s);
  if (s) {
    s->out = out;
    s->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, s, on_error, on_warning);
    s->info = s->png ? png_create_info_struct(s->png) : NULL;
  }
  if (!s || !s->info) {
    if (s) {
      png_destroy_write_struct(&s->png, NULL);
    }
    free(s);
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a PNG encoder");
  }
  if (setjmp(png_jmpbuf(s->png)) == 0) {
    encode(s, image);
  }
  png_destroy_write_struct(&s->png, &s->info);
  const slim_status status = close_state(s, error);
  return out->failed ? slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a PNG") : status;
}
