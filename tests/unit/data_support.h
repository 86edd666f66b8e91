/* A folder for a test's files, and TFRecord files in it. */
#ifndef DATA_SUPPORT_H
#define DATA_SUPPORT_H

#include "base/bytes.h"
#include "base/file.h"
#include "formats/example.h"
#include "formats/image.h"
#include "formats/tfrecord.h"
#include "slim/data.h"
#include "test_main.h"

#include <inttypes.h>

#define DATA_COUNT(array_) (int)(sizeof(array_) / sizeof *(array_))

static char data_folder[64];
static char data_path_text[256];

static inline void data_open_folder(void)
{
  (void)snprintf(data_folder, sizeof data_folder, "/tmp/slim_data_XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(data_folder));
}

static inline void data_remove(const char *path)
{
  slim_file_names names = { 0 };
  if (slim_file_is_folder(path) && slim_file_list(path, &names, NULL) == SLIM_OK) {
    for (size_t i = 0; i < names.count; i++) {
      char *inner = slim_file_join(path, names.item[i]);
      data_remove(inner);
      free(inner);
    }
    slim_file_names_free(&names);
  }
  (void)remove(path);
}

static inline void data_close_folder(void)
{
  data_remove(data_folder);
}

/* The path of name in the folder; valid until the next call. */
static inline const char *data_path(const char *name)
{
  (void)snprintf(data_path_text, sizeof data_path_text, "%s/%s", data_folder, name);
  return data_path_text;
}

static inline void data_write_file(const char *name, const void *data, size_t size)
{
  slim_error error = { 0 };
  ck_assert_msg(slim_file_write(data_path(name), data, size, &error) == SLIM_OK, "%s", error.text);
}

/* A side x side image of that colour as PNG; its first pixel is 255 - value. */
static inline void data_append_png(slim_bytes *out, int side, int channels, int value)
{
  static unsigned char pixels[64 * 64 * 3];
  slim_error error = { 0 };
  memset(pixels, value, sizeof pixels);
  memset(pixels, 255 - value, (size_t)channels);
  const slim_image image = { side, side, channels, pixels };
  ck_assert_msg(slim_image_encode_png(&image, out, &error) == SLIM_OK, "%s", error.text);
}

/* What data_write_records writes; -1 leaves the label out. */
typedef struct data_records {
  int count, first_label, label_step;
  int side, channels;
} data_records;

static inline void data_append_example(slim_bytes *out, const data_records *r, int i)
{
  slim_bytes png = { 0 };
  const int64_t label = r->first_label + (int64_t)i * r->label_step;
  data_append_png(&png, r->side, r->channels, i % 256);
  const slim_span encoded = slim_span_of(&png);
  slim_example_writer writer = slim_example_begin(out);
  if (label >= 0) {
    slim_example_put_int64s(&writer, "image/class/label", &label, 1);
  }
  slim_example_put_bytes(&writer, "image/encoded", &encoded, 1);
  slim_example_put_text(&writer, "image/format", "png");
  ck_assert(slim_example_end(&writer));
  slim_bytes_free(&png);
}

/* A file of examples; image i is of colour i. @return the offset of the record at index. */
static inline uint64_t data_write_records(const char *name, const data_records *r, int index)
{
  slim_bytes all = { 0 }, one = { 0 };
  uint64_t offset = 0;
  for (int i = 0; i < r->count; i++) {
    one.size = 0;
    data_append_example(&one, r, i);
    offset = i == index ? all.size : offset;
    slim_tfrecord_append(&all, one.data, one.size);
  }
  data_write_file(name, all.data, all.size);
  slim_bytes_free(&all);
  slim_bytes_free(&one);
  return offset;
}

/* Changes a byte of a file. */
static inline void data_damage(const char *name, uint64_t offset)
{
  FILE *file = fopen(data_path(name), "r+b");
  ck_assert_ptr_nonnull(file);
  ck_assert_int_eq(fseek(file, (long)offset, SEEK_SET), 0);
  const int byte = fgetc(file);
  ck_assert_int_eq(fseek(file, (long)offset, SEEK_SET), 0);
  ck_assert_int_ne(fputc(byte ^ 0x40, file), EOF);
  ck_assert_int_eq(fclose(file), 0);
}

#endif
