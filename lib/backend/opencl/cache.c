#include "backend/opencl/cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "backend/opencl/opencl.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/mapping.h"
#include "base/rng.h"

#define MAGIC "SLIMCL02"
#define MAGIC_SIZE 8u
#define START_SIZE 16u  /* magic, identity */
#define HEADER_SIZE 28u /* key, size, checksum of these and the data */
#define CHECKED_SIZE 24u
#define FILE_MOST ((size_t)128 << 20)

/* --- the format --------------------------------------------------------------------------------------------------- */

uint64_t slim_cl_cache_identity(const slim_device *device)
{
  char text[sizeof device->info.name + sizeof device->info.vendor + sizeof device->info.version +
            sizeof device->info.driver];
  const slim_device_info *info = &device->info;
  snprintf(text, sizeof(text), "%s|%s|%s|%s", info->name, info->vendor, info->version, info->driver);
  return slim_hash(text);
}

slim_span slim_cl_cache_entries(slim_span file, uint64_t identity)
{
  const bool ours = file.size >= START_SIZE && memcmp(file.data, MAGIC, MAGIC_SIZE) == 0 &&
                    slim_load_u64(file.data + MAGIC_SIZE) == identity;
  return ours ? (slim_span){ file.data + START_SIZE, file.size - START_SIZE } : (slim_span){ NULL, 0 };
}

/* The entry (header and data) at the start of rest, by its size alone; empty at the end. */
static slim_span entry_at(slim_span rest)
{
  const slim_span none = { NULL, 0 };
  if (rest.size < HEADER_SIZE) {
    return none;
  }
  const uint64_t bytes = slim_load_u64(rest.data + 16);
  return bytes > rest.size - HEADER_SIZE ? none : (slim_span){ rest.data, HEADER_SIZE + (size_t)bytes };
}

static slim_span data_of(slim_span entry)
{
  return (slim_span){ entry.data + HEADER_SIZE, entry.size - HEADER_SIZE };
}

static bool is_whole(slim_span entry)
{
  const slim_span data = data_of(entry);
  const uint32_t sum = slim_crc32c(slim_crc32c(0, entry.data, CHECKED_SIZE), data.data, data.size);
  return sum == slim_load_u32(entry.data + CHECKED_SIZE);
}

static bool entry_is(slim_span entry, const uint64_t key[2])
{
  return slim_load_u64(entry.data) == key[0] && slim_load_u64(entry.data + 8) == key[1];
}

static slim_span behind(slim_span rest, slim_span entry)
{
  return (slim_span){ rest.data + entry.size, rest.size - entry.size };
}

slim_span slim_cl_cache_data(slim_span entries, const uint64_t key[2])
{
  slim_span at = entry_at(entries);
  while (at.size > 0 && !(entry_is(at, key) && is_whole(at))) {
    entries = behind(entries, at);
    at = entry_at(entries);
  }
  return at.size > 0 ? data_of(at) : (slim_span){ NULL, 0 };
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

/* The folder for caches, into new memory; NULL when the environment names none. */
static char *cache_folder(void)
{
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (cache != NULL && cache[0] == '/') {
    return slim_file_join(cache, "slimcl");
  }
  return home != NULL && home[0] == '/' ? slim_file_join(home, ".cache/slimcl") : NULL;
}

/* The device's file, into new memory. */
static char *cache_path(const slim_device *device)
{
  char name[64];
  snprintf(name, sizeof(name), "opencl-%016llx.bin", (unsigned long long)slim_cl_cache_identity(device));
  char *folder = cache_folder();
  char *path = folder == NULL ? NULL : slim_file_join(folder, name);
  free(folder);
  return path;
}

bool slim_cl_cache_find(const slim_device *device, slim_cl_cache_entry *entry)
{
  slim_span file = { NULL, 0 };
  char *path = cache_path(device);
  if (path != NULL) {
    (void)slim_mapping_open(path, &file, NULL);
  }
  const slim_span data = slim_cl_cache_data(slim_cl_cache_entries(file, slim_cl_cache_identity(device)), entry->key);
  entry->data = data.size > 0 ? malloc(data.size) : NULL;
  entry->bytes = entry->data == NULL ? 0 : data.size;
  if (entry->data != NULL) {
    memcpy(entry->data, data.data, data.size);
  }
  slim_mapping_close(file);
  free(path);
  return entry->data != NULL;
}

/* --- merging ------------------------------------------------------------------------------------------------------ */

static void append_entry(slim_bytes *file, const uint64_t key[2], slim_span data)
{
  unsigned char header[HEADER_SIZE];
  slim_store_u64(header, key[0]);
  slim_store_u64(header + 8, key[1]);
  slim_store_u64(header + 16, data.size);
  slim_store_u32(header + CHECKED_SIZE, slim_crc32c(slim_crc32c(0, header, CHECKED_SIZE), data.data, data.size));
  slim_bytes_append(file, header, sizeof(header));
  slim_bytes_append(file, data.data, data.size);
}

static void append_merged(slim_bytes *file, slim_span old, const slim_cl_cache_entry *entry)
{
  const slim_span own = { entry->data, entry->bytes };
  if (entry->merge == NULL) {
    append_entry(file, entry->key, own);
    return;
  }
  slim_bytes both = { 0 };
  entry->merge(slim_cl_cache_data(old, entry->key), own, &both);
  file->failed |= both.failed;
  append_entry(file, entry->key, slim_span_of(&both));
  slim_bytes_free(&both);
}

static bool is_replaced(slim_span entry, const slim_cl_cache_entry *entries, size_t count)
{
  bool replaced = false;
  for (size_t i = 0; i < count && !replaced; i++) {
    replaced = entry_is(entry, entries[i].key);
  }
  return replaced;
}

/* Old entries that are whole and not replaced, leaving out the oldest that would make the file too large, then the new
 * ones. */
static void merge(slim_bytes *file, slim_span old, const slim_cl_cache_entry *entries, size_t count)
{
  size_t total = old.size;
  slim_span rest = old;
  for (size_t i = 0; i < count; i++) {
    total += HEADER_SIZE + entries[i].bytes;
  }
  for (slim_span at = entry_at(rest); at.size > 0; at = entry_at(rest)) {
    if (total > FILE_MOST || is_replaced(at, entries, count) || !is_whole(at)) {
      total -= at.size;
    } else {
      slim_bytes_append(file, at.data, at.size);
    }
    rest = behind(rest, at);
  }
  for (size_t i = 0; i < count; i++) {
    append_merged(file, old, &entries[i]);
  }
}

/* Locks the file beside path that writers agree on. @return its descriptor, -1 when it cannot be had. */
static int lock_beside(const char *path)
{
  char *folder = slim_file_folder_of(path);
  char *lock =
      folder != NULL && slim_file_make_folders(folder, NULL) == SLIM_OK ? slim_file_join(folder, "lock") : NULL;
  const int fd = lock == NULL ? -1 : open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  free(lock);
  free(folder);
  if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

static slim_status write_merged(slim_device *device, const char *path, const slim_cl_cache_entry *entries, size_t count)
{
  const uint64_t identity = slim_cl_cache_identity(device);
  slim_span old = { NULL, 0 };
  slim_bytes file = { 0 };
  (void)slim_mapping_open(path, &old, NULL);
  slim_bytes_append(&file, MAGIC, MAGIC_SIZE);
  slim_bytes_append_u64(&file, identity);
  merge(&file, slim_cl_cache_entries(old, identity), entries, count);
  slim_error error = { SLIM_OK, "" };
  slim_status status = file.failed ? slim_error_set(&error, SLIM_ERR_MEMORY, "cache: out of memory")
                                   : slim_file_write(path, file.data, file.size, &error);
  slim_bytes_free(&file);
  slim_mapping_close(old);
  return status == SLIM_OK ? SLIM_OK : slim_cl_fail(device, status, "%s", error.text);
}

slim_status slim_cl_cache_store(slim_device *device, const slim_cl_cache_entry *entries, size_t count)
{
  char *path = cache_path(device);
  const int lock = path == NULL ? -1 : lock_beside(path);
  const slim_status status = lock >= 0 ? write_merged(device, path, entries, count)
                                       : slim_cl_fail(device, SLIM_ERR_IO, "cache: cannot lock the folder of '%s'",
                                                      path == NULL ? "$XDG_CACHE_HOME/slimcl" : path);
  if (lock >= 0) {
    close(lock);
  }
  free(path);
  return status;
}

/* --- export and import -------------------------------------------------------------------------------------------- */

slim_status slim_cl_cache_export(slim_device *device, const char *path)
{
  slim_error error = { SLIM_OK, "" };
  slim_span file = { NULL, 0 };
  char *own = cache_path(device);
  slim_status status = own == NULL
                           ? slim_error_set(&error, SLIM_ERR_NOT_FOUND, "cache: the environment names no folder")
                           : slim_mapping_open(own, &file, &error);
  if (status == SLIM_OK) {
    status = slim_file_write(path, file.data, file.size, &error);
  }
  slim_mapping_close(file);
  free(own);
  return status == SLIM_OK ? SLIM_OK : slim_cl_fail(device, status, "%s", error.text);
}

/* Lists the whole entries of a file; their data is borrowed from it. */
static slim_cl_cache_entry *list_entries(slim_span rest, const slim_cl_cache_entry *merged, size_t *count)
{
  size_t most = 0;
  for (slim_span r = rest, at = entry_at(r); at.size > 0; r = behind(r, at), at = entry_at(r)) {
    most++;
  }
  slim_cl_cache_entry *entries = calloc(most + 1, sizeof(*entries));
  for (slim_span at = entry_at(rest); at.size > 0 && entries != NULL; rest = behind(rest, at), at = entry_at(rest)) {
    if (is_whole(at)) {
      slim_cl_cache_entry *e = &entries[(*count)++];
      *e = (slim_cl_cache_entry){ { slim_load_u64(at.data), slim_load_u64(at.data + 8) },
                                  (unsigned char *)(uintptr_t)data_of(at).data,
                                  data_of(at).size,
                                  entry_is(at, merged->key) ? merged->merge : slim_cl_binaries_merge };
    }
  }
  return entries;
}

slim_status slim_cl_cache_import(slim_device *device, const char *path, const slim_cl_cache_entry *merged)
{
  slim_error error = { SLIM_OK, "" };
  slim_span file = { NULL, 0 };
  slim_status status = slim_mapping_open(path, &file, &error);
  const slim_span entries = slim_cl_cache_entries(file, slim_cl_cache_identity(device));
  if (status != SLIM_OK) {
    return slim_cl_fail(device, status, "%s", error.text);
  }
  if (entries.data == NULL) {
    const bool other = file.size >= START_SIZE && memcmp(file.data, MAGIC, MAGIC_SIZE) == 0;
    status = slim_cl_fail(device, SLIM_ERR_DATA, "'%s' is %s", path,
                          other ? "of another device or driver" : "no file of tuned parameters and programs");
  } else {
    size_t count = 0;
    slim_cl_cache_entry *list = list_entries(entries, merged, &count);
    status = list == NULL ? slim_cl_fail(device, SLIM_ERR_MEMORY, "cache: out of memory")
                          : slim_cl_cache_store(device, list, count);
    free(list);
  }
  slim_mapping_close(file);
  return status;
}
