#include "graph/map.h"

#include "base/rng.h"

#include <string.h>

static uint32_t *slot_of(const slim_map *map, const char *key, uint64_t hash)
{
  for (size_t i = hash & (map->slots - 1);; i = (i + 1) & (map->slots - 1)) {
    const uint32_t at = map->slot[i];
    if (!at || (map->entry[at - 1].hash == hash && strcmp(map->entry[at - 1].key, key) == 0)) {
      return &map->slot[i];
    }
  }
}

/* Slots are four for three entries or more, so that a search always meets a free one. */
static bool grow(slim_arena *arena, slim_map *map)
{
  const size_t capacity = map->capacity ? map->capacity * 2 : 8;
  slim_map_entry *entry = slim_arena_array(arena, capacity, sizeof *entry);
  uint32_t *slot = slim_arena_array(arena, capacity * 2, sizeof *slot);
  if (!entry || !slot || capacity > UINT32_MAX / 2) {
    return false;
  }
  if (map->entry) {
    memcpy(entry, map->entry, map->used * sizeof *entry);
  }
  *map = (slim_map){ .used = map->used, .capacity = capacity, .slots = capacity * 2, .entry = entry, .slot = slot };
  for (size_t i = 0; i < map->used; i++) {
    *slot_of(map, entry[i].key, entry[i].hash) = (uint32_t)(i + 1);
  }
  return true;
}

slim_map_entry *slim_map_find(const slim_map *map, const char *key)
{
  if (!map->slots) {
    return NULL;
  }
  const uint32_t at = *slot_of(map, key, slim_hash(key));
  return at ? &map->entry[at - 1] : NULL;
}

slim_map_entry *slim_map_add(slim_arena *arena, slim_map *map, const char *key)
{
  slim_map_entry *found = slim_map_find(map, key);
  if (found) {
    return found;
  }
  const char *copy = slim_arena_strdup(arena, key);
  if (!copy || (map->used == map->capacity && !grow(arena, map))) {
    return NULL;
  }
  const uint64_t hash = slim_hash(key);
  uint32_t *slot = slot_of(map, key, hash);
  map->entry[map->used] = (slim_map_entry){ .key = copy, .hash = hash };
  *slot = (uint32_t)++map->used;
  return &map->entry[map->used - 1];
}

void *slim_map_get(const slim_map *map, const char *key)
{
  const slim_map_entry *found = slim_map_find(map, key);
  return found ? found->value : NULL;
}

bool slim_list_push(slim_arena *arena, slim_list *list, void *item)
{
  if (list->count == list->capacity) {
    const size_t capacity = list->capacity ? list->capacity * 2 : 8;
    void **items = slim_arena_array(arena, capacity, sizeof *items);
    if (!items) {
      return false;
    }
    if (list->item) {
      memcpy(items, list->item, list->count * sizeof *items);
    }
    list->item = items;
    list->capacity = capacity;
  }
  list->item[list->count++] = item;
  return true;
}
