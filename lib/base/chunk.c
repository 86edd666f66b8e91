#include "base/chunk.h"

#include "base/memory.h"
#include "base/size.h"

#include <stdlib.h>

#define LINE ((size_t)64)
#define PAGE ((size_t)2 << 20)   /* whole huge pages: the rest of the last one is for other pieces */
#define CHUNK ((size_t)32 << 20) /* takes memory as it is filled; large, as part of a page is lost where one ends */

struct slim_chunk {
  slim_chunk **open; /* where it stands while pieces are cut off it */
  size_t used, bytes;
  size_t pieces;
};

/* In the line before each piece. */
typedef struct header {
  slim_chunk *chunk;
} header;

_Static_assert(sizeof(slim_chunk) <= LINE && sizeof(header) <= LINE, "each has a line");

static slim_chunk *chunk_create(slim_chunk **open, size_t room)
{
  size_t bytes = 0;
  if (!slim_size_add(room, LINE, &bytes) || !slim_size_round_up(bytes < CHUNK ? CHUNK : bytes, PAGE, &bytes)) {
    return NULL;
  }
  slim_chunk *chunk = slim_memory_alloc(bytes, LINE);
  if (chunk) {
    *chunk = (slim_chunk){ .open = open, .used = LINE, .bytes = bytes };
    *open = chunk;
  }
  return chunk;
}

void *slim_chunk_alloc(slim_chunk **open, size_t bytes)
{
  size_t room = 0;
  if (!slim_size_add(bytes, LINE, &room) || !slim_size_round_up(room, LINE, &room)) {
    return NULL;
  }
  slim_chunk *chunk = *open;
  if (!chunk || chunk->bytes - chunk->used < room) {
    chunk = chunk_create(open, room);
  }
  if (!chunk) {
    return NULL;
  }
  header *head = (header *)((unsigned char *)chunk + chunk->used);
  head->chunk = chunk;
  chunk->used += room;
  chunk->pieces++;
  return (unsigned char *)head + LINE;
}

void slim_chunk_free(void *piece)
{
  slim_chunk *chunk = piece ? ((header *)((unsigned char *)piece - LINE))->chunk : NULL;
  if (!chunk || --chunk->pieces > 0) {
    return;
  }
  if (*chunk->open == chunk) {
    *chunk->open = NULL;
  }
  free(chunk);
}
