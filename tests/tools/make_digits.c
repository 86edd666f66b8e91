/*
 * make_digits DIR TRAIN TEST: writes IDX files as MNIST has them, with so many samples of drawn digits: a 5x7 glyph three
 * times as big, at a random place, of random brightness, on noise. Easy to learn, and the same on every machine.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, SCALE = 3, GLYPH_W = 5, GLYPH_H = 7 };

static const unsigned char glyphs[10][GLYPH_H] = {
  { 14, 17, 19, 21, 25, 17, 14 }, { 4, 12, 4, 4, 4, 4, 14 },     { 14, 17, 1, 2, 4, 8, 31 },   { 31, 2, 4, 2, 1, 17, 14 },
  { 2, 6, 10, 18, 31, 2, 2 },     { 31, 16, 30, 1, 1, 17, 14 },  { 6, 8, 16, 30, 17, 17, 14 }, { 31, 1, 2, 4, 8, 8, 8 },
  { 14, 17, 17, 14, 17, 17, 14 }, { 14, 17, 17, 15, 1, 2, 12 },
};

static uint32_t state = 2463534242u;

static unsigned draw(unsigned below)
{
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % below;
}

static void paint(int digit, unsigned char pixels[SIDE * SIDE])
{
  const unsigned top = draw(SIDE - GLYPH_H * SCALE + 1), left = draw(SIDE - GLYPH_W * SCALE + 1);
  const unsigned ink = 160 + draw(64);
  for (unsigned i = 0; i < SIDE * SIDE; i++) {
    pixels[i] = (unsigned char)draw(32);
  }
  for (unsigned y = 0; y < GLYPH_H * SCALE; y++) {
    for (unsigned x = 0; x < GLYPH_W * SCALE; x++) {
      if (glyphs[digit][y / SCALE] >> (GLYPH_W - 1 - x / SCALE) & 1) {
        pixels[(top + y) * SIDE + left + x] = (unsigned char)(ink + draw(32));
      }
    }
  }
}

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
  put_be32(images, SIDE);
  put_be32(images, SIDE);
  put_be32(labels, 0x801);
  put_be32(labels, samples);
  for (uint32_t i = 0; i < samples; i++) {
    unsigned char pixels[SIDE * SIDE];
    const int digit = (int)draw(10);
    paint(digit, pixels);
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
