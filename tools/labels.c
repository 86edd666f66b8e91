#include "labels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLASSES = 1 << 20, MAX_LINE = 4096 };

/* Room for id; the new places are empty. */
static bool grow(labels *l, size_t id)
{
  if (id < l->count) {
    return true;
  }
  char **bigger = realloc(l->name, (id + 1) * sizeof *bigger);
  if (!bigger) {
    return false;
  }
  memset(bigger + l->count, 0, (id + 1 - l->count) * sizeof *bigger);
  l->name = bigger;
  l->count = id + 1;
  return true;
}

static slim_status add_line(labels *l, char *line, const char *path, int number, slim_error *error)
{
  char *end = NULL;
  line[strcspn(line, "\r\n")] = '\0';
  if (!*line) {
    return SLIM_OK;
  }
  const long id = strtol(line, &end, 10);
  if (end == line || *end != ':' || id < 0 || id >= MOST_CLASSES) {
    return slim_error_set(error, SLIM_ERR_DATA, "%s, line %d: '%.40s' is not <id>:<name>", path, number, line);
  }
  if (!grow(l, (size_t)id)) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for %ld labels", id + 1);
  }
  free(l->name[id]);
  l->name[id] = strdup(end + 1);
  return l->name[id] ? SLIM_OK : slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a label");
}

slim_status labels_read(labels *l, const char *path, slim_error *error)
{
  char line[MAX_LINE];
  FILE *file = fopen(path, "r");
  *l = (labels){ 0 };
  if (!file) {
    return slim_error_set(error, SLIM_ERR_IO, "cannot read the labels in %s: %s", path, strerror(errno));
  }
  slim_status status = SLIM_OK;
  for (int number = 1; status == SLIM_OK && fgets(line, sizeof line, file); number++) {
    status = add_line(l, line, path, number, error);
  }
  if (status == SLIM_OK && ferror(file)) {
    status = slim_error_set(error, SLIM_ERR_IO, "cannot read the labels in %s: %s", path, strerror(errno));
  }
  (void)fclose(file);
  return status;
}

const char *labels_name(const labels *l, int64_t id)
{
  return id >= 0 && (uint64_t)id < l->count ? l->name[id] : NULL;
}

void labels_free(labels *l)
{
  for (size_t i = 0; i < l->count; i++) {
    free(l->name[i]);
  }
  free(l->name);
  *l = (labels){ 0 };
}
