#include "data/files.h"

#include "base/crc32c.h"
#include "base/rng.h"
#include "base/size.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_OPEN 64 /* files; further ones are opened for each read, so that many shards do not use up descriptors */
#define HEADER 12
#define FOOTER 4
#define SCAN_BYTES 65536
#define SMALL_RECORD 8192

typedef struct open_file {
  int fd;
  uint64_t size;
} open_file;

struct slim_files {
  char **names; /* NULL-terminated */
  int count, capacity;
  int num_kept;
  open_file kept[KEPT_OPEN];
};

/* --- the list of files -------------------------------------------------------------------------------------------- */

static slim_status add_name(slim_files *f, const char *name, slim_error *error)
{
  if (f->count + 1 >= f->capacity) {
    const int capacity = f->capacity ? f->capacity * 2 : 16;
    size_t bytes = 0;
    char **names = slim_size_mul((size_t)capacity, sizeof *names, &bytes) ? realloc(f->names, bytes) : NULL;
    if (!names) {
      return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for %d file names", capacity);
    }
    f->names = names;
    f->capacity = capacity;
  }
  f->names[f->count] = strdup(name);
  if (!f->names[f->count]) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for the file name '%s'", name);
  }
  f->names[++f->count] = NULL;
  return SLIM_OK;
}

static slim_status add_pattern(slim_files *f, const char *pattern, slim_error *error)
{
  glob_t found;
  const int result = glob(pattern, 0, NULL, &found);
  slim_status status = SLIM_OK;
  if (result == GLOB_NOMATCH) {
    status = slim_error_set(error, SLIM_ERR_NOT_FOUND, "no file matches '%s'", pattern);
  } else if (result != 0) {
    return slim_error_set(error, SLIM_ERR_IO, "cannot list the files of '%s'", pattern);
  }
  for (size_t i = 0; status == SLIM_OK && i < found.gl_pathc; i++) {
    status = add_name(f, found.gl_pathv[i], error);
  }
  globfree(&found);
  return status;
}

static slim_status open_one(const char *name, open_file *file, slim_error *error)
{
  struct stat info;
  file->fd = open(name, O_RDONLY | O_CLOEXEC);
  if (file->fd < 0) {
    const slim_status status = errno == ENOENT || errno == ENOTDIR ? SLIM_ERR_NOT_FOUND : SLIM_ERR_IO;
    return slim_error_set(error, status, "cannot open '%s': %s", name, strerror(errno));
  }
  if (fstat(file->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(file->fd);
    return slim_error_set(error, SLIM_ERR_IO, "'%s' is not a file of records", name);
  }
  file->size = (uint64_t)info.st_size;
  return SLIM_OK;
}

slim_status slim_files_open(const char *const *sources, slim_files **files, slim_error *error)
{
  *files = NULL;
  if (!sources || !sources[0]) {
    return slim_error_set(error, SLIM_ERR_ARG, "no data source is given");
  }
  slim_files *f = calloc(1, sizeof *f);
  if (!f) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a list of files");
  }
  slim_status status = SLIM_OK;
  for (int i = 0; status == SLIM_OK && sources[i]; i++) {
    status = strpbrk(sources[i], "*?[") ? add_pattern(f, sources[i], error) : add_name(f, sources[i], error);
  }
  while (status == SLIM_OK && f->num_kept < f->count && f->num_kept < KEPT_OPEN) {
    status = open_one(f->names[f->num_kept], &f->kept[f->num_kept], error);
    f->num_kept += status == SLIM_OK;
  }
  if (status != SLIM_OK) {
    slim_files_close(f);
    return status;
  }
  *files = f;
  return SLIM_OK;
}

char **slim_get_data_files(const char *const *data_sources, int *count, slim_error *error)
{
  slim_files *f = NULL;
  if (slim_error_held(error) || slim_files_open(data_sources, &f, error) != SLIM_OK) {
    return NULL;
  }
  const size_t table = ((size_t)f->count + 1) * sizeof(char *);
  size_t bytes = table;
  for (int i = 0; i < f->count; i++) {
    bytes += strlen(f->names[i]) + 1;
  }
  char **list = malloc(bytes), *text = (char *)list + table;
  for (int i = 0; list && i < f->count; i++) {
    const size_t size = strlen(f->names[i]) + 1;
    list[i] = memcpy(text, f->names[i], size);
    text += size;
  }
  if (list) {
    list[f->count] = NULL;
  } else {
    slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a list of files");
  }
  if (count) {
    *count = list ? f->count : 0;
  }
  slim_files_close(f);
  return list;
}

void slim_files_close(slim_files *f)
{
  if (!f) {
    return;
  }
  for (int i = 0; i < f->num_kept; i++) {
    close(f->kept[i].fd);
  }
  for (int i = 0; i < f->count; i++) {
    free(f->names[i]);
  }
  free(f->names);
  free(f);
}

int slim_files_count(const slim_files *f)
{
  return f->count;
}

const char *slim_files_name(const slim_files *f, int i)
{
  return f->names[i];
}

const char *const *slim_files_names(const slim_files *f)
{
  return (const char *const *)f->names;
}

/* --- records ------------------------------------------------------------------------------------------------------ */

static slim_status acquire(const slim_files *f, int i, open_file *file, slim_error *error)
{
  if (i < f->num_kept) {
    *file = f->kept[i];
    return SLIM_OK;
  }
  return open_one(f->names[i], file, error);
}

static void release(const slim_files *f, int i, const open_file *file)
{
  if (i >= f->num_kept && file->fd >= 0) {
    close(file->fd);
  }
}

static slim_status damaged(const char *name, uint64_t offset, const char *what, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_DATA, "'%s', record at offset %" PRIu64 ": %s", name, offset, what);
}

/* Up to size bytes; *got is less only at the end of the file. */
static slim_status read_at(const char *name, int fd, uint64_t offset, void *data, size_t size, size_t *got,
                           slim_error *error)
{
  *got = 0;
  while (*got < size) {
    const ssize_t n = pread(fd, (char *)data + *got, size - *got, (off_t)(offset + *got));
    if (n < 0 && errno != EINTR) {
      return slim_error_set(error, SLIM_ERR_IO, "cannot read '%s' at offset %" PRIu64 ": %s", name, offset + *got,
                            strerror(errno));
    }
    if (n == 0) {
      break;
    }
    *got += n > 0 ? (size_t)n : 0;
  }
  return SLIM_OK;
}

/* The length that a record's header states, checked against its checksum and the file's size. */
static slim_status parse_header(const char *name, uint64_t file_size, uint64_t offset, const unsigned char *header,
                                uint64_t *length, slim_error *error)
{
  *length = slim_load_u64(header);
  if (slim_crc32c_masked(header, 8) != slim_load_u32(header + 8)) {
    return damaged(name, offset, "the checksum of the length is wrong; the file is damaged or no TFRecord file", error);
  }
  const uint64_t from = offset + HEADER;
  const uint64_t left = file_size > from ? file_size - from : 0;
  if (left < FOOTER || *length > left - FOOTER) {
    return slim_error_set(error, SLIM_ERR_DATA,
                          "'%s', record at offset %" PRIu64 ": %" PRIu64
                          " bytes and a checksum should follow, the file "
                          "has %" PRIu64,
                          name, offset, *length, left);
  }
  return SLIM_OK;
}

static slim_status read_record(const char *name, const open_file *file, uint64_t offset, slim_bytes *room,
                               slim_span *record, slim_error *error)
{
  unsigned char header[HEADER];
  uint64_t length = 0;
  size_t got = 0;
  slim_status status = read_at(name, file->fd, offset, header, HEADER, &got, error);
  if (status == SLIM_OK && got < HEADER) {
    status = damaged(name, offset, "the file ends inside its header", error);
  }
  if (status == SLIM_OK) {
    status = parse_header(name, file->size, offset, header, &length, error);
  }
  if (status != SLIM_OK) {
    return status;
  }
  const size_t size = (size_t)length + FOOTER;
  room->size = 0;
  unsigned char *data = size > length ? slim_bytes_reserve(room, size) : NULL;
  if (!data) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "'%s': no memory for a record of %" PRIu64 " bytes", name, length);
  }
  status = read_at(name, file->fd, offset + HEADER, data, size, &got, error);
  if (status == SLIM_OK && got < size) {
    status = damaged(name, offset, "the file ends inside it", error);
  }
  if (status == SLIM_OK && slim_crc32c_masked(data, (size_t)length) != slim_load_u32(data + length)) {
    status = damaged(name, offset, "the checksum of its data is wrong", error);
  }
  *record = (slim_span){ data, (size_t)length };
  return status;
}

slim_status slim_files_read(slim_files *f, const slim_ticket *ticket, slim_bytes *room, slim_span *record,
                            slim_error *error)
{
  open_file file = { .fd = -1 };
  slim_status status = acquire(f, (int)ticket->file, &file, error);
  if (status == SLIM_OK) {
    status = read_record(f->names[ticket->file], &file, ticket->offset, room, record, error);
    release(f, (int)ticket->file, &file);
  }
  return status;
}

/* --- walking by headers ------------------------------------------------------------------------------------------- */

typedef struct file_walk {
  slim_files *files;
  bool shuffle;
  uint64_t seed;
  uint32_t *turn; /* order of the files in this epoch */
  int at;         /* index into turn of the file that comes next, or of the open one plus 1 */
  open_file file; /* fd -1: none */
  int file_index;
  uint64_t offset;
  /* what was read around offset */
  unsigned char *scan;
  uint64_t scan_offset;
  size_t scan_size;
  bool small; /* the last record was small: read many headers at once */
} file_walk;

static void leave_file(file_walk *w)
{
  if (w->file.fd >= 0) {
    release(w->files, w->file_index, &w->file);
    w->file.fd = -1;
  }
}

static slim_status begin_files(void *self, uint64_t epoch, slim_error *error)
{
  file_walk *w = self;
  (void)error;
  leave_file(w);
  w->at = 0;
  const uint32_t count = (uint32_t)w->files->count;
  for (uint32_t i = 0; i < count; i++) {
    w->turn[i] = i;
  }
  const slim_rng rng = slim_rng_make(w->seed, slim_hash("slim/files"), epoch);
  for (uint32_t i = count - 1; w->shuffle && i > 0; i--) {
    const uint32_t j = (uint32_t)slim_rng_below(&rng, i, (uint64_t)i + 1);
    const uint32_t t = w->turn[i];
    w->turn[i] = w->turn[j];
    w->turn[j] = t;
  }
  return SLIM_OK;
}

/* Stands on a record, in this file or a later one. */
static slim_status find_record(file_walk *w, slim_error *error)
{
  while (w->file.fd < 0 || w->offset >= w->file.size) {
    leave_file(w);
    if (w->at == w->files->count) {
      return SLIM_ERR_END;
    }
    w->file_index = (int)w->turn[w->at++];
    const slim_status status = acquire(w->files, w->file_index, &w->file, error);
    if (status != SLIM_OK) {
      w->file.fd = -1;
      return status;
    }
    w->offset = 0;
    w->scan_size = 0;
  }
  return SLIM_OK;
}

static slim_status load_header(file_walk *w, const unsigned char **header, slim_error *error)
{
  const char *name = w->files->names[w->file_index];
  const bool there =
      w->scan_size >= HEADER && w->offset >= w->scan_offset && w->offset - w->scan_offset <= w->scan_size - HEADER;
  if (!there) {
    const slim_status status =
        read_at(name, w->file.fd, w->offset, w->scan, w->small ? SCAN_BYTES : HEADER, &w->scan_size, error);
    if (status != SLIM_OK) {
      return status;
    }
    if (w->scan_size < HEADER) {
      return damaged(name, w->offset, "the file ends inside its header", error);
    }
    w->scan_offset = w->offset;
  }
  *header = w->scan + (w->offset - w->scan_offset);
  return SLIM_OK;
}

static slim_status next_record(void *self, slim_ticket *ticket, slim_error *error)
{
  file_walk *w = self;
  const unsigned char *header = NULL;
  uint64_t length = 0;
  slim_status status = find_record(w, error);
  if (status == SLIM_OK) {
    status = load_header(w, &header, error);
  }
  if (status == SLIM_OK) {
    status = parse_header(w->files->names[w->file_index], w->file.size, w->offset, header, &length, error);
  }
  if (status != SLIM_OK) {
    return status;
  }
  ticket->file = (uint32_t)w->file_index;
  ticket->offset = w->offset;
  w->offset += HEADER + length + FOOTER;
  w->small = length < SMALL_RECORD;
  return SLIM_OK;
}

static void destroy_files(void *self)
{
  file_walk *w = self;
  if (w) {
    leave_file(w);
    free(w->turn);
    free(w->scan);
    free(w);
  }
}

slim_status slim_walk_of_files(slim_files *files, bool shuffle, uint64_t seed, slim_walk *walk, slim_error *error)
{
  file_walk *w = calloc(1, sizeof *w);
  if (w) {
    w->files = files;
    w->shuffle = shuffle;
    w->seed = seed;
    w->file.fd = -1;
    w->turn = calloc((size_t)files->count, sizeof *w->turn);
    w->scan = malloc(SCAN_BYTES);
  }
  if (!w || !w->turn || !w->scan) {
    destroy_files(w);
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory to walk over %d files", files->count);
  }
  *walk = (slim_walk){ w, begin_files, next_record, destroy_files };
  return SLIM_OK;
}

slim_status slim_files_count_records(slim_files *files, int64_t *count, slim_error *error)
{
  slim_walk walk = { 0 };
  slim_ticket ticket = { 0 };
  *count = 0;
  slim_status status = slim_walk_of_files(files, false, 0, &walk, error);
  if (status != SLIM_OK || !walk.self) {
    return status;
  }
  status = walk.begin(walk.self, 0, error);
  while (status == SLIM_OK) {
    status = walk.next(walk.self, &ticket, error);
    *count += status == SLIM_OK;
  }
  walk.destroy(walk.self);
  return status == SLIM_ERR_END ? SLIM_OK : status;
}
