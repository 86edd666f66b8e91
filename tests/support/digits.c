#include "digits.h"

enum { SCALE = 3, GLYPH_W = 5, GLYPH_H = 7 };

static const uint8_t glyphs[10][GLYPH_H] = {
  { 14, 17, 19, 21, 25, 17, 14 }, { 4, 12, 4, 4, 4, 4, 14 },     { 14, 17, 1, 2, 4, 8, 31 },   { 31, 2, 4, 2, 1, 17, 14 },
  { 2, 6, 10, 18, 31, 2, 2 },     { 31, 16, 30, 1, 1, 17, 14 },  { 6, 8, 16, 30, 17, 17, 14 }, { 31, 1, 2, 4, 8, 8, 8 },
  { 14, 17, 17, 14, 17, 17, 14 }, { 14, 17, 17, 15, 1, 2, 12 },
};

/* xorshift32 */
static unsigned draw(uint32_t *state, unsigned below)
{
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state % below;
}

int digits_paint(uint32_t *state, uint8_t pixels[DIGITS_PIXELS])
{
  const int digit = (int)draw(state, 10);
  const unsigned top = draw(state, DIGITS_SIDE - GLYPH_H * SCALE + 1);
  const unsigned left = draw(state, DIGITS_SIDE - GLYPH_W * SCALE + 1), ink = 160 + draw(state, 64);
  for (unsigned i = 0; i < DIGITS_PIXELS; i++) {
    pixels[i] = (uint8_t)draw(state, 32);
  }
  for (unsigned y = 0; y < GLYPH_H * SCALE; y++) {
    for (unsigned x = 0; x < GLYPH_W * SCALE; x++) {
      if (glyphs[digit][y / SCALE] >> (GLYPH_W - 1 - x / SCALE) & 1) {
        pixels[(top + y) * DIGITS_SIDE + left + x] = (uint8_t)(ink + draw(state, 32));
      }
    }
  }
  return digit;
}
