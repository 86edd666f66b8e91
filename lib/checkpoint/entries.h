/* A growing list of checkpoint entries, sorted by key when complete. */
#ifndef SLIM_CHECKPOINT_ENTRIES_H
#define SLIM_CHECKPOINT_ENTRIES_H

#include "base/arena.h"
#include "base/bytes.h"
#include "slim/checkpoint.h"

/** An entry with what its reader needs to find the data. */
typedef struct slim_checkpoint_item {
  slim_checkpoint_entry entry;
  slim_span key;          /* the name's bytes; of a V2 slice its encoded key */
  slim_span record;       /* V2: BundleEntryProto */
  uint32_t shard, crc32c; /* V2 */
  uint64_t offset, size;  /* V2: where the bytes lie */
  bool sliced;            /* V2: the data lie under slice keys */
} slim_checkpoint_item;

typedef struct slim_checkpoint_items {
  slim_checkpoint_item *item;
  size_t count, capacity;
} slim_checkpoint_items;

/** Room for one more, zeroed; NULL without memory. */
slim_checkpoint_item *slim_checkpoint_items_add(slim_checkpoint_items *items);
/** By key, bytewise. */
void slim_checkpoint_items_sort(slim_checkpoint_items *items);
/** By key, after sorting; NULL if there is none. */
slim_checkpoint_item *slim_checkpoint_items_find(const slim_checkpoint_items *items, slim_span key);
/** As find; the error is SLIM_ERR_NOT_FOUND. prefix is for its text. */
slim_checkpoint_item *slim_checkpoint_items_get(const slim_checkpoint_items *items, const char *name,
                                                const char *prefix, slim_error *error);
void slim_checkpoint_items_free(slim_checkpoint_items *items);

/** Fills type, shape and bytes of an entry. Errors: SLIM_ERR_DATA when the shape is too large. */
slim_status slim_checkpoint_entry_set(slim_checkpoint_entry *entry, uint32_t type, const slim_shape *shape,
                                      slim_error *error);
/** "'name' is a ... tensor of ... bytes, not of ..." unless bytes are the entry's. */
slim_status slim_checkpoint_entry_check(const slim_checkpoint_entry *entry, size_t bytes, slim_error *error);

#endif
