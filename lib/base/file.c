#include "base/file.h"

#include "base/size.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_READ 65536u

struct slim_file_writer {
  FILE *file;
  char *path, *temporary;
};

static slim_status failed(slim_error *error, const char *what, const char *path)
{
  const int code = errno;
  const slim_status status = code == ENOENT || code == ENOTDIR ? SLIM_ERR_NOT_FOUND : SLIM_ERR_IO;
  slim_error_set(error, status, "cannot %s '%s': %s", what, path, strerror(code));
  return status;
}

static slim_status no_memory(slim_error *error, const char *path)
{
  slim_error_set(error, SLIM_ERR_MEMORY, "no memory for '%s'", path);
  return SLIM_ERR_MEMORY;
}

/* Grows by doubling: a file's stated size is not trusted, it may be a pipe or change. */
static slim_status read_all(FILE *file, const char *path, size_t limit, unsigned char **data, size_t *size,
                            slim_error *error)
{
  size_t capacity = FIRST_READ, used = 0;
  unsigned char *all = malloc(capacity);
  while (all) {
    used += fread(all + used, 1, capacity - 1 - used, file);
    if (used > limit) {
      free(all);
      return slim_error_set(error, SLIM_ERR_DATA, "'%s' is larger than the limit of %zu bytes", path, limit);
    }
    if (used < capacity - 1) {
      all[used] = '\0';
      *data = all;
      *size = used;
      return SLIM_OK;
    }
    unsigned char *more = slim_size_mul(capacity, 2, &capacity) ? realloc(all, capacity) : NULL;
    if (!more) {
      free(all);
    }
    all = more;
  }
  return no_memory(error, path);
}

slim_status slim_file_read(const char *path, size_t limit, unsigned char **data, size_t *size, slim_error *error)
{
  *data = NULL;
  *size = 0;
  FILE *file = fopen(path, "rb");
  if (!file) {
    return failed(error, "open", path);
  }
  errno = 0;
  slim_status status = read_all(file, path, limit, data, size, error);
  if (status == SLIM_OK && ferror(file)) {
    status = failed(error, "read", path);
    free(*data);
    *data = NULL;
    *size = 0;
  }
  (void)fclose(file);
  return status;
}

bool slim_file_exists(const char *path)
{
  struct stat info;
  return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

bool slim_file_is_folder(const char *path)
{
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void free_writer(slim_file_writer *writer)
{
  free(writer->path);
  free(writer->temporary);
  free(writer);
}

/* A name that no other process and no other writer of this one uses. */
static char *temporary_name(const char *path)
{
  static atomic_uint counter;
  const size_t size = strlen(path) + 48;
  char *name = malloc(size);
  if (name) {
    (void)snprintf(name, size, "%s.tmp%ld-%u", path, (long)getpid(), atomic_fetch_add(&counter, 1));
  }
  return name;
}

slim_status slim_file_writer_open(const char *path, slim_file_writer **out, slim_error *error)
{
  *out = NULL;
  slim_file_writer *writer = calloc(1, sizeof *writer);
  if (!writer || !(writer->path = strdup(path)) || !(writer->temporary = temporary_name(path))) {
    if (writer) {
      free_writer(writer);
    }
    return no_memory(error, path);
  }
  writer->file = fopen(writer->temporary, "wb");
  if (!writer->file) {
    const slim_status status = failed(error, "create", writer->temporary);
    free_writer(writer);
    return status;
  }
  *out = writer;
  return SLIM_OK;
}

slim_status slim_file_writer_write(slim_file_writer *writer, const void *data, size_t size, slim_error *error)
{
  if (size > 0 && fwrite(data, 1, size, writer->file) != size) {
    return failed(error, "write", writer->temporary);
  }
  return SLIM_OK;
}

static slim_status sync_folder(const char *path, slim_error *error)
{
  char *folder = slim_file_folder_of(path);
  if (!folder) {
    return no_memory(error, path);
  }
  slim_status status = SLIM_OK;
  const int handle = open(folder, O_RDONLY);
  /* some file systems cannot sync a folder and say EINVAL */
  if (handle < 0 || (fsync(handle) != 0 && errno != EINVAL)) {
    status = failed(error, "sync", folder);
  }
  if (handle >= 0) {
    close(handle);
  }
  free(folder);
  return status;
}

slim_status slim_file_writer_commit(slim_file_writer *writer, slim_error *error)
{
  slim_status status = SLIM_OK;
  if (fflush(writer->file) != 0 || fsync(fileno(writer->file)) != 0) {
    status = failed(error, "write", writer->temporary);
  }
  if (fclose(writer->file) != 0 && status == SLIM_OK) {
    status = failed(error, "close", writer->temporary);
  }
  if (status == SLIM_OK && rename(writer->temporary, writer->path) != 0) {
    status = failed(error, "rename to", writer->path);
  }
  if (status != SLIM_OK) {
    (void)remove(writer->temporary);
  } else {
    status = sync_folder(writer->path, error);
  }
  free_writer(writer);
  return status;
}

void slim_file_writer_discard(slim_file_writer *writer)
{
  if (writer) {
    (void)fclose(writer->file);
    (void)remove(writer->temporary);
    free_writer(writer);
  }
}

slim_status slim_file_write(const char *path, const void *data, size_t size, slim_error *error)
{
  slim_file_writer *writer = NULL;
  slim_status status = slim_file_writer_open(path, &writer, error);
  if (status != SLIM_OK) {
    return status;
  }
  status = slim_file_writer_write(writer, data, size, error);
  if (status != SLIM_OK) {
    slim_file_writer_discard(writer);
    return status;
  }
  return slim_file_writer_commit(writer, error);
}

slim_status slim_file_make_folders(const char *path, slim_error *error)
{
  char *part = strdup(path);
  if (!part) {
    return no_memory(error, path);
  }
  slim_status status = SLIM_OK;
  for (char *at = part; status == SLIM_OK && *at;) {
    at += strspn(at, "/");
    at += strcspn(at, "/");
    const char kept = *at;
    *at = '\0';
    if (mkdir(part, 0777) != 0 && !slim_file_is_folder(part)) {
      status = failed(error, "make the folder", part);
    }
    *at = kept;
  }
  free(part);
  return status;
}

static int compare_names(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_name(slim_file_names *names, size_t *capacity, const char *name)
{
  if (names->count == *capacity) {
    const size_t larger = *capacity ? *capacity * 2 : 16;
    size_t bytes = 0;
    char **item = slim_size_mul(larger, sizeof *item, &bytes) ? realloc(names->item, bytes) : NULL;
    if (!item) {
      return false;
    }
    names->item = item;
    *capacity = larger;
  }
  names->item[names->count] = strdup(name);
  return names->item[names->count] && ++names->count;
}

slim_status slim_file_list(const char *folder, slim_file_names *names, slim_error *error)
{
  *names = (slim_file_names){ 0 };
  DIR *open_folder = opendir(folder);
  if (!open_folder) {
    return failed(error, "list", folder);
  }
  size_t capacity = 0;
  slim_status status = SLIM_OK;
  for (const struct dirent *entry; status == SLIM_OK && (entry = readdir(open_folder));) {
    const bool self = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (!self && !add_name(names, &capacity, entry->d_name)) {
      status = no_memory(error, folder);
    }
  }
  closedir(open_folder);
  if (status != SLIM_OK) {
    slim_file_names_free(names);
  } else if (names->count > 1) {
    qsort(names->item, names->count, sizeof *names->item, compare_names);
  }
  return status;
}

void slim_file_names_free(slim_file_names *names)
{
  for (size_t i = 0; i < names->count; i++) {
    free(names->item[i]);
  }
  free(names->item);
  *names = (slim_file_names){ 0 };
}

char *slim_file_folder_of(const char *path)
{
  const char *slash = strrchr(path, '/');
  if (!slash) {
    return strdup(".");
  }
  const size_t length = slash == path ? 1 : (size_t)(slash - path);
  return strndup(path, length);
}

char *slim_file_join(const char *folder, const char *name)
{
  if (name[0] == '/' || folder[0] == '\0' || strcmp(folder, ".") == 0) {
    return strdup(name);
  }
  const size_t length = strlen(folder);
  const size_t size = length + strlen(name) + 2;
  char *joined = malloc(size);
  if (joined) {
    (void)snprintf(joined, size, "%s%s%s", folder, folder[length - 1] == '/' ? "" : "/", name);
  }
  return joined;
}
