/* make_digits DIR TRAIN TEST: writes IDX files as MNIST has them, with so many samples of drawn digits. */
#include "digits.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t state = 2463534242u;

static void put_be32(FILE *file, uint32_t value)
{
  for (int shift = 24; shift >= 0; shift -= 8) {
    fputc((int)(value >> shift & 255), file);
  }
}

static FILE *create(const char *dir, const char *split, const char *rest)
{
  char path[4096];
  (void)snprintf(path, sizeof path, "%s/%s-%s", dir, split, rest);
  FILE *file = fopen(path, "wb");
  if (!file) {
    fprintf(stderr, "make_digits: cannot write %s\n", path);
    exit(EXIT_FAILURE);
  }
  return file;
}

static void write_split(const char *dir, const char *split, uint32_t samples)
{
  FILE *images = create(dir, split, "images-idx3-ubyte"), *labels = create(dir, split, "labels-idx1-ubyte");
  put_be32(images, 0x803);
  put_be32(images, samples);
  put_be32(images, DIGITS_SIDE);
  put_be32(images, DIGITS_SIDE);
  put_be32(labels, 0x801);
  put_be32(labels, samples);
  for (uint32_t i = 0; i < samples; i++) {
    uint8_t pixels[DIGITS_PIXELS];
    const int digit = digits_paint(&state, pixels);
    (void)fwrite(pixels, 1, sizeof pixels, images);
    fputc(digit, labels);
  }
  if (fclose(images) != 0 || fclose(labels) != 0) {
    fprintf(stderr, "make_digits: cannot write to %s\n", dir);
    exit(EXIT_FAILURE);
  }
}

int main(int argc, char **argv)
{
  if (argc != 4) {
    fputs("usage: make_digits DIR TRAIN TEST\n", stderr);
    return 2;
  }
  write_split(argv[1], "train", (uint32_t)strtoul(argv[2], NULL, 10));
  write_split(argv[1], "t10k", (uint32_t)strtoul(argv[3], NULL, 10));
  return EXIT_SUCCESS;
}
