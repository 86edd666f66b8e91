#include "base/arena.h"

#include "base/size.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16u
#define FIRST_BLOCK 4096u
#define LARGEST_BLOCK (1u << 20)

typedef struct block {
  struct block *next;
  size_t used, size;
  alignas(ALIGNMENT) unsigned char data[];
} block;

struct slim_arena {
  block *head; /* the block in use; larger ones stand behind it */
  size_t next_size;
};

slim_arena *slim_arena_create(void)
{
  slim_arena *arena = calloc(1, sizeof *arena);
  if (arena) {
    arena->next_size = FIRST_BLOCK;
  }
  return arena;
}

void slim_arena_destroy(slim_arena *arena)
{
  if (!arena) {
    return;
  }
  for (block *b = arena->head; b;) {
    block *next = b->next;
    free(b);
    b = next;
  }
  free(arena);
}

static block *block_create(size_t size)
{
  size_t bytes = 0;
  if (!slim_size_add(size, sizeof(block), &bytes)) {
    return NULL;
  }
  block *b = calloc(1, bytes); /* malloc's boundary is 16 wherever max_align_t is; the header keeps it */
  if (b) {
    b->size = size;
  }
  return b;
}

/* A large piece gets a block of its own behind the head, so that the rest of the head is not lost. */
static void *alloc_large(slim_arena *arena, size_t bytes)
{
  block *b = block_create(bytes);
  if (!b) {
    return NULL;
  }
  b->used = bytes;
  if (arena->head) {
    b->next = arena->head->next;
    arena->head->next = b;
  } else {
    arena->head = b;
  }
  return b->data;
}

static bool grow(slim_arena *arena)
{
  block *b = block_create(arena->next_size);
  if (!b) {
    return false;
  }
  b->next = arena->head;
  arena->head = b;
  if (arena->next_size < LARGEST_BLOCK) {
    arena->next_size *= 2;
  }
  return true;
}

void *slim_arena_alloc(slim_arena *arena, size_t bytes)
{
  size_t rounded = 0;
  if (!arena || !slim_size_round_up(bytes ? bytes : 1, ALIGNMENT, &rounded)) {
    return NULL;
  }
  if (rounded > arena->next_size / 4) {
    return alloc_large(arena, rounded);
  }
  if ((!arena->head || arena->head->size - arena->head->used < rounded) && !grow(arena)) {
    return NULL;
  }
  void *at = arena->head->data + arena->head->used;
  arena->head->used += rounded;
  return at;
}

void *slim_arena_array(slim_arena *arena, size_t count, size_t element)
{
  size_t bytes = 0;
  return slim_size_mul(count, element, &bytes) ? slim_arena_alloc(arena, bytes) : NULL;
}

void *slim_arena_copy(slim_arena *arena, const void *data, size_t bytes)
{
  void *copy = slim_arena_alloc(arena, bytes);
  if (copy && bytes > 0) {
    memcpy(copy, data, bytes);
  }
  return copy;
}

char *slim_arena_strdup(slim_arena *arena, const char *text)
{
  return text ? slim_arena_copy(arena, text, strlen(text) + 1) : NULL;
}

char *slim_arena_strndup(slim_arena *arena, const char *text, size_t size)
{
  size_t bytes = 0;
  char *copy = slim_size_add(size, 1, &bytes) ? slim_arena_alloc(arena, bytes) : NULL;
  if (copy && size > 0) {
    memcpy(copy, text, size);
  }
  return copy;
}

char *slim_arena_vprintf(slim_arena *arena, const char *format, va_list list)
{
  va_list again;
  va_copy(again, list);
  const int length = vsnprintf(NULL, 0, format, list);
  char *text = length < 0 ? NULL : slim_arena_alloc(arena, (size_t)length + 1);
  if (text) {
    (void)vsnprintf(text, (size_t)length + 1, format, again);
  }
  va_end(again);
  return text;
}

char *slim_arena_printf(slim_arena *arena, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  char *text = slim_arena_vprintf(arena, format, list);
  va_end(list);
  return text;
}
