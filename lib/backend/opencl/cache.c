/* One file per device with program binaries: a magic, then entries of key, size, checksum and data, oldest first. A
 * lock file serialises writers; the cache file itself is replaced whole. */
#include "backend/opencl/opencl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/rng.h"

#define MAGIC "SLIMCL01"
#define MAGIC_SIZE 8u
#define HEADER_SIZE 28u /* key, size, checksum of these and the data */
#define CHECKED_SIZE 24u
#define FILE_MOST ((size_t)128 << 20)

/* The folder for caches, into new memory; NULL when the environment names none. */
static char *cache_folder(void)
{
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (cache != NULL && cache[0] == '/') {
    return slim_file_join(cache, "slimcl");
  }
  return home != NULL && home[0] == '/' ? slim_file_join(home, ".cache/slimcl") : NULL;
}

/* The device's cache file, into new memory. */
static char *cache_path(const slim_device *device)
{
  char identity[512], name[64];
  const slim_device_info *info = &device->info;
  snprintf(identity, sizeof(identity), "%s|%s|%s|%s", info->name, info->vendor, info->version, info->driver);
  snprintf(name, sizeof(name), "opencl-%016llx.bin", (unsigned long long)slim_hash(identity));
  char *folder = cache_folder();
  char *path = folder == NULL ? NULL : slim_file_join(folder, name);
  free(folder);
  return path;
}

/* The whole entry (header and data) at the start of rest; empty at the end or when it is damaged. */
static slim_span entry_at(slim_span rest)
{
  const slim_span none = { NULL, 0 };
  if (rest.size < HEADER_SIZE) {
    return none;
  }
  const uint64_t bytes = slim_load_u64(rest.data + 16);
  if (bytes > rest.size - HEADER_SIZE) {
    return none;
  }
  const uint32_t sum = slim_crc32c(slim_crc32c(0, rest.data, CHECKED_SIZE), rest.data + HEADER_SIZE, (size_t)bytes);
  return sum == slim_load_u32(rest.data + CHECKED_SIZE) ? (slim_span){ rest.data, HEADER_SIZE + (size_t)bytes } : none;
}

static bool entry_is(slim_span entry, const uint64_t key[2])
{
  return slim_load_u64(entry.data) == key[0] && slim_load_u64(entry.data + 8) == key[1];
}

/* What is behind the magic of the cache file; *data is to be freed. */
static slim_span read_entries(const char *path, unsigned char **data)
{
  size_t size = 0;
  *data = NULL;
  if (slim_file_read(path, 2 * FILE_MOST, data, &size, NULL) != SLIM_OK || size < MAGIC_SIZE ||
      memcmp(*data, MAGIC, MAGIC_SIZE) != 0) {
    return (slim_span){ NULL, 0 };
  }
  return (slim_span){ *data + MAGIC_SIZE, size - MAGIC_SIZE };
}

static slim_span behind(slim_span rest, slim_span entry)
{
  return (slim_span){ rest.data + entry.size, rest.size - entry.size };
}

bool slim_cl_cache_find(const slim_device *device, slim_cl_cache_entry *entry)
{
  unsigned char *data = NULL;
  char *path = cache_path(device);
  slim_span rest = path == NULL ? (slim_span){ NULL, 0 } : read_entries(path, &data);
  slim_span at = entry_at(rest);
  while (at.size > 0 && !entry_is(at, entry->key)) {
    rest = behind(rest, at);
    at = entry_at(rest);
  }
  entry->data = NULL;
  entry->bytes = 0;
  if (at.size > HEADER_SIZE && (entry->data = malloc(at.size - HEADER_SIZE)) != NULL) {
    entry->bytes = at.size - HEADER_SIZE;
    memcpy(entry->data, at.data + HEADER_SIZE, entry->bytes);
  }
  free(data);
  free(path);
  return entry->data != NULL;
}

static void append_entry(slim_bytes *file, const slim_cl_cache_entry *entry)
{
  unsigned char header[HEADER_SIZE];
  slim_store_u64(header, entry->key[0]);
  slim_store_u64(header + 8, entry->key[1]);
  slim_store_u64(header + 16, entry->bytes);
  slim_store_u32(header + CHECKED_SIZE, slim_crc32c(slim_crc32c(0, header, CHECKED_SIZE), entry->data, entry->bytes));
  slim_bytes_append(file, header, sizeof(header));
  slim_bytes_append(file, entry->data, entry->bytes);
}

static bool is_replaced(slim_span entry, const slim_cl_cache_entry *entries, size_t count)
{
  bool replaced = false;
  for (size_t i = 0; i < count && !replaced; i++) {
    replaced = entry_is(entry, entries[i].key);
  }
  return replaced;
}

/* Old entries that are not replaced, leaving out the oldest that would make the file too large, then the new ones. */
static void merge(slim_bytes *file, slim_span old, const slim_cl_cache_entry *entries, size_t count)
{
  size_t total = old.size;
  for (size_t i = 0; i < count; i++) {
    total += HEADER_SIZE + entries[i].bytes;
  }
  slim_bytes_append(file, MAGIC, MAGIC_SIZE);
  for (slim_span at = entry_at(old); at.size > 0; at = entry_at(old)) {
    const bool dropped = total > FILE_MOST;
    if (dropped || is_replaced(at, entries, count)) {
      total -= at.size;
    } else {
      slim_bytes_append(file, at.data, at.size);
    }
    old = behind(old, at);
  }
  for (size_t i = 0; i < count; i++) {
    append_entry(file, &entries[i]);
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

void slim_cl_cache_store(const slim_device *device, const slim_cl_cache_entry *entries, size_t count)
{
  char *path = cache_path(device);
  const int lock = path == NULL ? -1 : lock_beside(path);
  if (lock >= 0) {
    unsigned char *data = NULL;
    const slim_span old = read_entries(path, &data);
    slim_bytes file = { 0 };
    merge(&file, old, entries, count);
    if (!file.failed) {
      slim_file_write(path, file.data, file.size, NULL);
    }
    slim_bytes_free(&file);
    free(data);
    close(lock);
  }
  free(path);
}
