#include "formats/image_codec.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#define MOST_SCANS 200 /* a progressive image of many tiny scans would take for ever */
#define COEFFICIENT_MEMORY (1l << 30)

/* All that lives across longjmp is in here, on the heap. */
typedef struct state {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf escape;
  unsigned char *row; /* a line as the library decodes it */
  bool cut_off;
  slim_error error;
} state;

static void on_error(j_common_ptr jpeg)
{
  state *s = jpeg->client_data;
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  slim_error_set(&s->error, SLIM_ERR_DATA, "damaged JPEG: %s", text);
  longjmp(s->escape, 1);
}

static void fail(state *s, const char *text)
{
  slim_error_set(&s->error, SLIM_ERR_DATA, "damaged JPEG: %s", text);
  longjmp(s->escape, 1);
}

/* Warnings are counted by the library and the image is used, as TensorFlow does; only an early end is an error. */
static void on_message(j_common_ptr jpeg, int level)
{
  state *s = jpeg->client_data;
  s->cut_off = s->cut_off || (level < 0 && jpeg->err->msg_code == JWRN_JPEG_EOF);
  jpeg->err->num_warnings += level < 0;
}

static void print_nothing(j_common_ptr jpeg)
{
  (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
  state *s = jpeg->client_data;
  if (s->jpeg.input_scan_number > MOST_SCANS) {
    fail(s, "too many scans");
  }
}

static void check_end(state *s)
{
  if (s->cut_off) {
    fail(s, "the file is cut off");
  }
}

/* CMYK with black stored as 255 (plain) or as 0 (with Adobe's marker). */
static void cmyk_to_rgb(const unsigned char *in, unsigned char *out, int width, bool adobe)
{
  for (int x = 0; x < width; x++, in += 4, out += 3) {
    const int k = adobe ? in[3] : 255 - in[3];
    for (int c = 0; c < 3; c++) {
      const int ink = adobe ? in[c] : 255 - in[c];
      out[c] = (unsigned char)(k * ink / 255);
    }
  }
}

static int output_channels(J_COLOR_SPACE space)
{
  return space == JCS_GRAYSCALE ? 1 : space == JCS_RGB ? 3 : 4;
}

/* From the library's line of have channels to the image's of want channels. */
static void put_line(const state *s, unsigned char *out, int width, int want)
{
  const J_COLOR_SPACE space = s->jpeg.out_color_space;
  const unsigned char *in = s->row;
  unsigned char *rgb = out;
  if (space == JCS_CMYK) {
    cmyk_to_rgb(in, s->row, width, s->jpeg.saw_Adobe_marker);
  }
  if (want == 1 && space == JCS_CMYK) {
    for (int x = 0; x < width; x++, in += 3) {
      out[x] = (unsigned char)((in[0] * 299 + in[1] * 587 + in[2] * 114 + 500) / 1000);
    }
    return;
  }
  if (want != 4) {
    memcpy(out, in, (size_t)width * (size_t)want);
    return;
  }
  for (int x = 0; x < width; x++, in += 3, rgb += 4) {
    memcpy(rgb, in, 3);
    rgb[3] = 255;
  }
}

static void choose_output(state *s, int channels)
{
  struct jpeg_decompress_struct *jpeg = &s->jpeg;
  const bool cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
  jpeg->out_color_space = cmyk ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg->dct_method = JDCT_IFAST; /* TensorFlow's choice: the same pixels, bit for bit */
  jpeg->do_fancy_upsampling = TRUE;
}

static void decode_lines(state *s, const slim_image_request *request, slim_image *image)
{
  struct jpeg_decompress_struct *jpeg = &s->jpeg;
  const size_t line = (size_t)image->width * (size_t)image->channels;
  choose_output(s, image->channels);
  if (slim_image_allocate(image, request->limit, "JPEG", &s->error) != SLIM_OK) {
    longjmp(s->escape, 1);
  }
  jpeg_start_decompress(jpeg);
  s->row = malloc((size_t)image->width * (size_t)output_channels(jpeg->out_color_space));
  if (!s->row || jpeg->output_components != output_channels(jpeg->out_color_space)) {
    fail(s, s->row ? "unexpected number of components" : "no memory");
  }
  while (jpeg->output_scanline < jpeg->output_height) {
    unsigned char *out = image->pixels + line * jpeg->output_scanline;
    if (jpeg_read_scanlines(jpeg, &s->row, 1) != 1) {
      fail(s, "a line is missing");
    }
    put_line(s, out, image->width, image->channels);
    check_end(s);
  }
  jpeg_finish_decompress(jpeg);
  check_end(s);
}

static void decode(state *s, const slim_image_request *request, slim_image *image)
{
  struct jpeg_decompress_struct *jpeg = &s->jpeg;
  jpeg_create_decompress(jpeg);
  jpeg->client_data = s;
  jpeg->progress = &s->progress;
  jpeg->mem->max_memory_to_use = COEFFICIENT_MEMORY;
  jpeg_mem_src(jpeg, request->file.data, (unsigned long)request->file.size);
  jpeg_read_header(jpeg, TRUE);
  image->width = (int)jpeg->image_width;
  image->height = (int)jpeg->image_height;
  image->channels = request->channels ? request->channels : jpeg->num_components < 3 ? jpeg->num_components : 3;
  if (request->channels == 0 && image->channels == 2) {
    fail(s, "two components");
  }
  if (!request->inspect) {
    decode_lines(s, request, image);
  }
}

slim_status slim_jpeg_decode(const slim_image_request *request, slim_image *image, slim_error *error)
{
  state *const s = calloc(1, sizeof *s);
  if (!s) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a JPEG decoder");
  }
  s->jpeg.err = jpeg_std_error(&s->errors);
  s->jpeg.client_data = s;
  s->errors.error_exit = on_error;
  s->errors.emit_message = on_message;
  s->errors.output_message = print_nothing;
  s->progress.progress_monitor = on_progress;
  if (setjmp(s->escape) == 0) {
    decode(s, request, image);
  }
  jpeg_destroy_decompress(&s->jpeg);
  const slim_status status = s->error.status;
  if (status != SLIM_OK) {
    slim_error_set(error, status, "%s", s->error.text);
  }
  free(s->row);
  free(s);
  return status;
}
