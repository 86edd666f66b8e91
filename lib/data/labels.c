#include "data/dataset.h"

#include "base/file.h"
#include "base/size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_FILE ((size_t)16 << 20)

/* "<id>:<name>", split at the first colon. */
static slim_status parse_line(const char *path, char *line, size_t number, slim_labels *labels, slim_error *error)
{
  char *end = NULL;
  errno = 0;
  const long long id = strtoll(line, &end, 10);
  if (end == line || *end != ':' || errno != 0 || id < 0) {
    return slim_error_set(error, SLIM_ERR_DATA, "'%s', line %zu: '%.40s' is not '<id>:<name>'", path, number, line);
  }
  if (slim_labels_find(labels, id)) {
    return slim_error_set(error, SLIM_ERR_DATA, "'%s', line %zu: class %lld has a name already", path, number, id);
  }
  labels->row[labels->count].id = id;
  labels->row[labels->count++].name = end + 1;
  return SLIM_OK;
}

static slim_status parse_lines(const char *path, slim_labels *labels, slim_error *error)
{
  slim_status status = SLIM_OK;
  char *line = labels->text;
  for (size_t number = 1; status == SLIM_OK && *line; number++) {
    char *end = line + strcspn(line, "\n");
    char *following = *end ? end + 1 : end;
    *end = '\0';
    if (end > line && end[-1] == '\r') {
      end[-1] = '\0';
    }
    if (*line) {
      status = parse_line(path, line, number, labels, error);
    }
    line = following;
  }
  return status;
}

slim_status slim_labels_read(const char *path, slim_labels *labels, slim_error *error)
{
  *labels = (slim_labels){ 0 };
  unsigned char *data = NULL;
  size_t size = 0, lines = 1, bytes = 0;
  if (!path || !slim_file_exists(path)) {
    return SLIM_OK;
  }
  slim_status status = slim_file_read(path, LARGEST_FILE, &data, &size, error);
  if (status != SLIM_OK) {
    return status;
  }
  labels->text = (char *)data;
  for (size_t i = 0; i < size; i++) {
    lines += data[i] == '\n';
  }
  labels->row = slim_size_mul(lines, sizeof *labels->row, &bytes) ? calloc(1, bytes) : NULL;
  status = labels->row ? parse_lines(path, labels, error)
                       : slim_error_set(error, SLIM_ERR_MEMORY, "'%s': no memory for %zu names", path, lines);
  if (status != SLIM_OK) {
    slim_labels_free(labels);
  }
  return status;
}

void slim_labels_free(slim_labels *labels)
{
  free(labels->row);
  free(labels->text);
  *labels = (slim_labels){ 0 };
}

const char *slim_labels_find(const slim_labels *labels, int64_t id)
{
  if (id >= 0 && (uint64_t)id < labels->count && labels->row[id].id == id) {
    return labels->row[id].name; /* the usual file is sorted */
  }
  for (size_t i = 0; i < labels->count; i++) {
    if (labels->row[i].id == id) {
      return labels->row[i].name;
    }
  }
  return NULL;
}
