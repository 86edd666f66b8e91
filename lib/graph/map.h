/* Text keys to values, in order of insertion; and a growing list of pointers. Both live in an arena. */
#ifndef SLIM_GRAPH_MAP_H
#define SLIM_GRAPH_MAP_H

#include "base/arena.h"

typedef struct slim_map_entry {
  const char *key;
  uint64_t hash;
  long count;
  void *value;
} slim_map_entry;

/* Zero-initialise it. */
typedef struct slim_map {
  size_t used, capacity, slots;
  slim_map_entry *entry; /* used of them, in order of insertion; moves when the map grows */
  uint32_t *slot;        /* index of an entry plus 1, 0 free */
} slim_map;

/* The entry of key, NULL if there is none. */
slim_map_entry *slim_map_find(const slim_map *map, const char *key);
/* The entry of key, made (count 0, value NULL, key copied) if there is none. @return NULL without memory. */
slim_map_entry *slim_map_add(slim_arena *arena, slim_map *map, const char *key);
/* The value of key, NULL if there is none. */
void *slim_map_get(const slim_map *map, const char *key);

/* Zero-initialise it. */
typedef struct slim_list {
  size_t count, capacity;
  void **item;
} slim_list;

bool slim_list_push(slim_arena *arena, slim_list *list, void *item);

#endif
