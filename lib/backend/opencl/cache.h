/*
 * One file per device, in $XDG_CACHE_HOME/slimcl: program binaries, which of them holds a kernel, and tuned parameters. A
 * start (magic, identity of device and driver), then entries of key, size, checksum and data, oldest first; numbers are
 * little-endian. A key names all that the data depends on, so that what is stale is never found. Readers take what is
 * whole; the file is replaced at once, and writers agree on a lock file beside it.
 */
#ifndef SLIM_OPENCL_CACHE_H
#define SLIM_OPENCL_CACHE_H

#include "backend/backend.h"
#include "base/bytes.h"

typedef struct slim_cl_cache_entry {
  uint64_t key[2];
  unsigned char *data;
  size_t bytes;
  /* Appends to out what old and this entry's data make together; NULL: this entry's data alone. */
  void (*merge)(slim_span old, slim_span own, slim_bytes *out);
} slim_cl_cache_entry;

/** The data kept for entry->key, to be freed. @return false when there is none or it is damaged. */
bool slim_cl_cache_find(const slim_device *device, slim_cl_cache_entry *entry);
/** Merges entries into the device's file. Errors (device->error): SLIM_ERR_IO, SLIM_ERR_MEMORY. */
slim_status slim_cl_cache_store(slim_device *device, const slim_cl_cache_entry *entries, size_t count);

/** Copies the device's file. Errors: SLIM_ERR_NOT_FOUND when there is none yet, SLIM_ERR_IO. */
slim_status slim_cl_cache_export(slim_device *device, const char *path);
/** Merges the whole entries of a file that export wrote: that of merged's key by its merge, the others, programs, by
 * slim_cl_binaries_merge. Errors: SLIM_ERR_DATA for a file that is none, or of another device or driver; SLIM_ERR_IO. */
slim_status slim_cl_cache_import(slim_device *device, const char *path, const slim_cl_cache_entry *merged);

/** A file's entries, when it starts as one of this device does; empty otherwise. */
slim_span slim_cl_cache_entries(slim_span file, uint64_t identity);
/** The data of the entry of this key; data NULL when there is none, or it is damaged. */
slim_span slim_cl_cache_data(slim_span entries, const uint64_t key[2]);
uint64_t slim_cl_cache_identity(const slim_device *device);

#endif
