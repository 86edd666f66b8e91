#include "checkpoint/state.h"

#include "base/file.h"
#include "base/size.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_FILE ((size_t)16 << 20)
#define LONGEST_NUMBER 63

typedef struct parser {
  const unsigned char *at, *end;
  int line;
  const char *folder, *name;
  slim_checkpoint_state *state;
  size_t path_capacity, time_count, time_capacity;
  slim_bytes text; /* the string last read */
  bool no_memory;
} parser;

static void skip_space(parser *p)
{
  for (; p->at < p->end; p->at++) {
    if (*p->at == '#') {
      while (p->at < p->end && *p->at != '\n') {
        p->at++;
      }
    }
    if (p->at == p->end || !strchr(" \t\r\n,;", *p->at) || *p->at == '\0') {
      return;
    }
    p->line += *p->at == '\n';
  }
}

static bool is_word(unsigned char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("_+-.", c);
}

static slim_span word(parser *p)
{
  const unsigned char *begin = p->at;
  while (p->at < p->end && *p->at != '\0' && is_word(*p->at)) {
    p->at++;
  }
  return (slim_span){ begin, (size_t)(p->at - begin) };
}

static int digit_value(unsigned char c)
{
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : 99;
}

/* Up to most digits of a base behind the backslash. */
static bool numeric_escape(parser *p, int base, int most)
{
  int value = 0, digits = 0;
  for (; digits < most && p->at < p->end && digit_value(*p->at) < base; digits++, p->at++) {
    value = value * base + digit_value(*p->at);
  }
  slim_bytes_append_u8(&p->text, (unsigned)value & 255);
  return digits > 0 && value < 256;
}

static bool escape(parser *p)
{
  static const char from[] = "abfnrtv\\'\"?", to[] = "\a\b\f\n\r\t\v\\'\"?";
  if (p->at == p->end) {
    return false;
  }
  if (digit_value(*p->at) < 8) {
    return numeric_escape(p, 8, 3);
  }
  const unsigned char c = *p->at++;
  if (c == 'x' || c == 'X') {
    return numeric_escape(p, 16, 2);
  }
  const char *found = c ? strchr(from, c) : NULL;
  slim_bytes_append_u8(&p->text, found ? (unsigned char)to[found - from] : 0);
  return found != NULL;
}

/* A quoted string; several side by side are one. */
static bool quoted(parser *p)
{
  p->text.size = 0;
  for (skip_space(p); p->at < p->end && (*p->at == '"' || *p->at == '\''); skip_space(p)) {
    const unsigned char quote = *p->at++;
    while (p->at < p->end && *p->at != quote && *p->at != '\n') {
      const unsigned char c = *p->at++;
      if (c == '\\' && !escape(p)) {
        return false;
      }
      if (c != '\\') {
        slim_bytes_append_u8(&p->text, c);
      }
    }
    if (p->at == p->end || *p->at++ != quote) {
      return false;
    }
  }
  p->no_memory = p->no_memory || p->text.failed;
  return !p->text.failed && (p->text.size == 0 || !memchr(p->text.data, 0, p->text.size));
}

static char *resolve(parser *p)
{
  slim_arena *arena = p->state->arena;
  const char *text = slim_arena_strndup(arena, (const char *)p->text.data, p->text.size);
  char *joined = text ? slim_file_join(p->folder, text) : NULL;
  char *path = slim_arena_strdup(arena, joined);
  p->no_memory = p->no_memory || !path;
  free(joined);
  return path;
}

/* Room for one more element of a list that lives in the arena. */
static bool grow(parser *p, void **list, size_t count, size_t *capacity, size_t element)
{
  if (count < *capacity) {
    return true;
  }
  const size_t larger = *capacity ? *capacity * 2 : 8;
  void *copy = slim_arena_array(p->state->arena, larger, element);
  if (!copy) {
    p->no_memory = true;
    return false;
  }
  if (count > 0) {
    memcpy(copy, *list, count * element);
  }
  *list = copy;
  *capacity = larger;
  return true;
}

static bool add_path(parser *p)
{
  void *list = p->state->all;
  char *path = resolve(p);
  if (!path || !grow(p, &list, p->state->count, &p->path_capacity, sizeof path)) {
    return false;
  }
  p->state->all = list;
  p->state->all[p->state->count++] = path;
  return true;
}

static bool add_time(parser *p, double time)
{
  void *list = p->state->times;
  if (!grow(p, &list, p->time_count, &p->time_capacity, sizeof time)) {
    return false;
  }
  p->state->times = list;
  p->state->times[p->time_count++] = time;
  return true;
}

static bool is(slim_span text, const char *name)
{
  return text.size == strlen(name) && memcmp(text.data, name, text.size) == 0;
}

/* Plain numbers of text protobufs; the decimal point is a point in every locale. */
static bool parse_number(slim_span text, double *value)
{
  char copy[LONGEST_NUMBER + 1];
  if (text.size == 0 || text.size > LONGEST_NUMBER) {
    return false;
  }
  memcpy(copy, text.data, text.size);
  copy[text.size] = '\0';
  char *point = strchr(copy, '.');
  if (point) {
    *point = localeconv()->decimal_point[0];
  }
  char *end = NULL;
  *value = strtod(copy, &end);
  return *end == '\0';
}

static bool parse_scalar(parser *p, slim_span key)
{
  double value = 0.0;
  const slim_span text = word(p);
  const bool times = is(key, "all_model_checkpoint_timestamps"), preserved = is(key, "last_preserved_timestamp");
  if (!times && !preserved) {
    return text.size > 0; /* a field of a later version */
  }
  if (!parse_number(text, &value)) {
    return false;
  }
  if (preserved) {
    p->state->last_preserved = value;
  }
  return !times || add_time(p, value);
}

static bool parse_field(parser *p)
{
  const slim_span key = word(p);
  skip_space(p);
  if (key.size == 0 || p->at == p->end || *p->at++ != ':') {
    return false;
  }
  skip_space(p);
  if (p->at == p->end || (*p->at != '"' && *p->at != '\'')) {
    return parse_scalar(p, key);
  }
  if (!quoted(p)) {
    return false;
  }
  if (is(key, "model_checkpoint_path")) {
    p->state->latest = resolve(p);
    return p->state->latest != NULL;
  }
  return !is(key, "all_model_checkpoint_paths") || add_path(p);
}

static bool parse_all(parser *p)
{
  for (skip_space(p); p->at < p->end; skip_space(p)) {
    if (!parse_field(p)) {
      return false;
    }
  }
  if (p->time_count != p->state->count) {
    p->state->times = NULL;
  }
  return true;
}

slim_status slim_checkpoint_state_parse(slim_span text, const char *folder, const char *name,
                                        slim_checkpoint_state *state, slim_error *error)
{
  *state = (slim_checkpoint_state){ .arena = slim_arena_create() };
  parser p = { .at = text.data,
               .end = text.size ? text.data + text.size : text.data,
               .line = 1,
               .folder = folder,
               .name = name,
               .state = state,
               .no_memory = !state->arena };
  const bool good = !p.no_memory && parse_all(&p);
  slim_bytes_free(&p.text);
  if (p.no_memory) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "'%s': no memory", name);
  }
  return good ? SLIM_OK : slim_error_set(error, SLIM_ERR_DATA, "'%s', line %d: not a checkpoint state", name, p.line);
}

slim_status slim_checkpoint_state_read(const char *folder, slim_checkpoint_state *state, slim_error *error)
{
  unsigned char *data = NULL;
  size_t size = 0;
  *state = (slim_checkpoint_state){ 0 };
  char *path = slim_file_join(folder, "checkpoint");
  if (!path) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "'%s': no memory", folder);
  }
  slim_status status = slim_file_read(path, LARGEST_FILE, &data, &size, error);
  if (status == SLIM_OK) {
    status = slim_checkpoint_state_parse((slim_span){ data, size }, folder, path, state, error);
  }
  free(data);
  free(path);
  return status;
}

void slim_checkpoint_state_free(slim_checkpoint_state *state)
{
  slim_arena_destroy(state->arena);
  *state = (slim_checkpoint_state){ 0 };
}

/* As protobuf's text form escapes: printable ASCII as it is, the rest in octal. */
static void put_string(slim_bytes *out, const char *text)
{
  slim_bytes_append_u8(out, '"');
  for (; *text; text++) {
    const unsigned char c = (unsigned char)*text;
    char octal[8];
    if (strchr("\"'\\", c)) {
      slim_bytes_append_u8(out, '\\');
      slim_bytes_append_u8(out, c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      slim_bytes_append_text(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else if (c >= 32 && c < 127) {
      slim_bytes_append_u8(out, c);
    } else {
      (void)snprintf(octal, sizeof octal, "\\%03o", c);
      slim_bytes_append_text(out, octal);
    }
  }
  slim_bytes_append_u8(out, '"');
}

/* The path as seen from folder: its rest if it lies inside, else an absolute one. New memory; NULL without. */
static char *relative(const char *folder, const char *path)
{
  size_t length = strlen(folder);
  while (length > 1 && folder[length - 1] == '/') {
    length--;
  }
  if (length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/') {
    return strdup(path + length + 1);
  }
  if (path[0] == '/' || length == 0 || strcmp(folder, ".") == 0) {
    return strdup(path);
  }
  char *current = getcwd(NULL, 0);
  char *joined = current ? slim_file_join(current, path) : NULL;
  free(current);
  return joined;
}

static void put_path(slim_bytes *out, const char *key, const char *folder, const char *path)
{
  char *shown = relative(folder, path);
  out->failed = out->failed || !shown;
  slim_bytes_append_text(out, key);
  slim_bytes_append_text(out, ": ");
  put_string(out, shown ? shown : "");
  slim_bytes_append_u8(out, '\n');
  free(shown);
}

static void put_time(slim_bytes *out, const char *key, double value)
{
  char text[96];
  (void)snprintf(text, sizeof text, "%s: %.17g\n", key, value);
  char *comma = strchr(text, localeconv()->decimal_point[0]);
  if (comma) {
    *comma = '.';
  }
  slim_bytes_append_text(out, text);
}

slim_status slim_checkpoint_state_write(const char *folder, const slim_checkpoint_state *state, slim_error *error)
{
  slim_bytes out = { 0 };
  char *path = slim_file_join(folder, "checkpoint");
  if (state->latest) {
    put_path(&out, "model_checkpoint_path", folder, state->latest);
  }
  for (size_t i = 0; i < state->count; i++) {
    put_path(&out, "all_model_checkpoint_paths", folder, state->all[i]);
  }
  for (size_t i = 0; state->times && i < state->count; i++) {
    put_time(&out, "all_model_checkpoint_timestamps", state->times[i]);
  }
  if (state->last_preserved > 0.0) {
    put_time(&out, "last_preserved_timestamp", state->last_preserved);
  }
  const slim_status status = !path || out.failed ? slim_error_set(error, SLIM_ERR_MEMORY, "'%s': no memory", folder)
                                                 : slim_file_write(path, out.data, out.size, error);
  slim_bytes_free(&out);
  free(path);
  return status;
}
