/* Pieces that work is cut into. */
#ifndef SLIM_CPU_PIECES_H
#define SLIM_CPU_PIECES_H

/* How many of a size, the last of which may be smaller. */
static inline int pieces(int total, int size)
{
  return (total + size - 1) / size;
}

static inline int at_most(int a, int b)
{
  return a < b ? a : b;
}

static inline int at_least(int a, int b)
{
  return a > b ? a : b;
}

#endif
