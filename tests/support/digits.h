/* Drawn digits: a 5x7 glyph three times as big at a random place, of random brightness, on noise. Easy to learn, and the same
 * on every machine. */
#ifndef TEST_DIGITS_H
#define TEST_DIGITS_H

#include <stdint.h>

enum { DIGITS_SIDE = 28, DIGITS_PIXELS = DIGITS_SIDE * DIGITS_SIDE };

/* Paints one digit; state is the random state, not 0, and moves on. @return the digit, 0 to 9. */
int digits_paint(uint32_t *state, uint8_t pixels[DIGITS_PIXELS]);

#endif
