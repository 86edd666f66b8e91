#include "flags.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 63, MAX_FLAGS = 96 };

static const char help_flag[] = "help";

static size_t min3(size_t a, size_t b, size_t c)
{
  const size_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Levenshtein distance of two names; a name longer than NAME_MAX_LENGTH is far from everything. */
static size_t distance(const char *a, const char *b)
{
  const size_t na = strlen(a), nb = strlen(b);
  size_t row[NAME_MAX_LENGTH + 1];
  if (na > NAME_MAX_LENGTH || nb > NAME_MAX_LENGTH) {
    return NAME_MAX_LENGTH;
  }
  for (size_t j = 0; j <= nb; j++) {
    row[j] = j;
  }
  for (size_t i = 1; i <= na; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= nb; j++) {
      const size_t above = row[j];
      row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
      diagonal = above;
    }
  }
  return row[nb];
}

const char *flags_nearest(const char *name, const char *const *names, size_t count)
{
  const char *best = NULL;
  size_t least = strlen(name) / 3 + 2; /* further away than this, a guess is no help */
  for (size_t i = 0; i < count; i++) {
    const size_t d = distance(name, names[i]);
    if (d < least) {
      least = d;
      best = names[i];
    }
  }
  return best;
}

static const flag *find(const command *cmd, const char *name)
{
  for (size_t i = 0; i < cmd->num_flags; i++) {
    if (!strcmp(cmd->flags[i].name, name)) {
      return &cmd->flags[i];
    }
  }
  return NULL;
}

static bool word_among(const char *word, const char *choices)
{
  const size_t length = strlen(word);
  for (const char *p = choices; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
    if (length == strcspn(p, " ") && !strncmp(p, word, length)) {
      return true;
    }
  }
  return false;
}

static bool parse_bool(const char *text, bool *value)
{
  *value = word_among(text, "true 1 yes t y on");
  return *value || word_among(text, "false 0 no f n off");
}

static bool parse_int(const char *text, int64_t *value)
{
  char *end;
  errno = 0;
  *value = strtoll(text, &end, 10);
  return end != text && !*end && !errno;
}

static bool parse_float(const char *text, double *value)
{
  char *end;
  *value = strtod(text, &end);
  return end != text && !*end && isfinite(*value);
}

static bool in_range(const flag *f, double value)
{
  return (f->min == 0 && f->max == 0) || (value >= f->min && value <= f->max);
}

/* Stores text as the value of f. Without text the value stays zero. @return false if text does not fit. */
static bool store(const flag *f, const char *text, void *options)
{
  void *place = (char *)options + f->offset;
  if (!text) {
    return true;
  }
  switch (f->type) {
  case FLAG_BOOL:
    return parse_bool(text, place);
  case FLAG_INT:
    return parse_int(text, place) && in_range(f, (double)*(int64_t *)place);
  case FLAG_FLOAT:
    return parse_float(text, place) && in_range(f, *(double *)place);
  case FLAG_STRING:
    *(const char **)place = text;
    return !f->choices || word_among(text, f->choices);
  }
  return false;
}

/* "must be an integer from 1 to 1024": what store() accepts for f. */
static void describe_wanted(const flag *f, char *text, size_t size)
{
  const bool number = f->type == FLAG_INT || f->type == FLAG_FLOAT;
  const char *kind = f->type == FLAG_INT ? "an integer" : f->type == FLAG_FLOAT ? "a number" : "true or false";
  if (number && (f->min != 0 || f->max != 0)) {
    (void)snprintf(text, size, "must be %s from %.12g to %.12g", kind, f->min, f->max);
  } else if (f->type == FLAG_STRING) {
    (void)snprintf(text, size, "must be one of: %s", f->choices ? f->choices : "");
  } else {
    (void)snprintf(text, size, "must be %s", kind);
  }
}

static flags_result wrong_value(const flag *f, const char *value, char *text, size_t size)
{
  char wanted[512];
  describe_wanted(f, wanted, sizeof wanted);
  (void)snprintf(text, size, "--%s: '%s' will not do, it %s", f->name, value, wanted);
  return FLAGS_USAGE;
}

static flags_result unknown(const command *cmd, const char *name, char *text, size_t size)
{
  const char *names[MAX_FLAGS + 1];
  const size_t count = cmd->num_flags < MAX_FLAGS ? cmd->num_flags : MAX_FLAGS;
  for (size_t i = 0; i < count; i++) {
    names[i] = cmd->flags[i].name;
  }
  names[count] = help_flag;
  const char *near = flags_nearest(name, names, count + 1);
  (void)snprintf(text, size, "unknown flag --%s%s%s%s", name, near ? "; did you mean --" : "", near ? near : "",
                 near ? "?" : "");
  return FLAGS_USAGE;
}

/* Copies the name of "--some-name=value" with underscores. @return the value after '=', NULL without one. */
static const char *split(const char *argument, char name[NAME_MAX_LENGTH + 1])
{
  const char *start = argument + strspn(argument, "-");
  const size_t length = strcspn(start, "=");
  const size_t kept = length < NAME_MAX_LENGTH ? length : NAME_MAX_LENGTH;
  for (size_t i = 0; i < kept; i++) {
    name[i] = start[i];
    if (name[i] == '-') {
      name[i] = '_';
    }
  }
  name[kept] = '\0';
  return start[length] == '=' ? start + length + 1 : NULL;
}

static bool is_flag(const char *argument)
{
  return argument[0] == '-' && argument[1];
}

/* Takes the flag at argv[*i] and, where it stands apart, its value. */
static flags_result take(const command *cmd, int argc, const char **argv, int *i, void *options, char *text, size_t size)
{
  char name[NAME_MAX_LENGTH + 1];
  const char *value = split(argv[*i], name);
  const flag *f = find(cmd, name);
  if (!f && (!strcmp(name, help_flag) || !strcmp(argv[*i], "-h"))) {
    return FLAGS_HELP;
  }
  const flag *negated = !f && !strncmp(name, "no", 2) ? find(cmd, name + (name[2] == '_' ? 3 : 2)) : NULL;
  if (negated && negated->type == FLAG_BOOL && !value) {
    f = negated;
    value = "false";
  } else if (f && f->type == FLAG_BOOL && !value) {
    value = "true";
  }
  if (!f) {
    return unknown(cmd, name, text, size);
  }
  if (!value) {
    if (*i + 1 >= argc) {
      (void)snprintf(text, size, "--%s needs a value", f->name);
      return FLAGS_USAGE;
    }
    value = argv[++*i];
  }
  return store(f, value, options) ? FLAGS_RUN : wrong_value(f, value, text, size);
}

static flags_result check_operands(const command *cmd, const operands *files, char *text, size_t size)
{
  if (files->count > cmd->max_operands) {
    (void)snprintf(text, size, "'%s' is one operand too many%s%s", files->item[cmd->max_operands],
                   cmd->operands ? ": it takes " : "; flags start with --", cmd->operands ? cmd->operands : "");
    return FLAGS_USAGE;
  }
  if (files->count < cmd->min_operands) {
    (void)snprintf(text, size, "%s is missing", cmd->operands);
    return FLAGS_USAGE;
  }
  return FLAGS_RUN;
}

flags_result flags_parse(const command *cmd, int argc, const char **argv, void *options, operands *files, char *text,
                         size_t size)
{
  size_t kept = 0;
  bool only_operands = false;
  memset(options, 0, cmd->options_size);
  for (size_t i = 0; i < cmd->num_flags; i++) {
    (void)store(&cmd->flags[i], cmd->flags[i].initial, options);
  }
  for (int i = 0; i < argc; i++) {
    if (only_operands || !is_flag(argv[i])) {
      argv[kept++] = argv[i];
    } else if (!strcmp(argv[i], "--")) {
      only_operands = true;
    } else {
      const flags_result result = take(cmd, argc, argv, &i, options, text, size);
      if (result != FLAGS_RUN) {
        return result;
      }
    }
  }
  *files = (operands){ argv, kept };
  return check_operands(cmd, files, text, size);
}

static void print_flag(const flag *f, FILE *out)
{
  static const char *const values[] = { [FLAG_BOOL] = "", [FLAG_INT] = "=N", [FLAG_FLOAT] = "=X", [FLAG_STRING] = "=S" };
  char left[80];
  (void)snprintf(left, sizeof left, "--%s%s", f->name, values[f->type]);
  fprintf(out, "  %-36s  %s", left, f->help);
  if (f->choices) {
    fprintf(out, ": %s", f->choices);
  }
  if (f->initial) {
    fprintf(out, " (%s)", *f->initial ? f->initial : "''");
  }
  fputc('\n', out);
}

void flags_help(const command *cmd, FILE *out)
{
  fprintf(out, "usage: slimcl %s [--flag=value ...]%s%s\n%s.\n\nflags (default):\n", cmd->name, cmd->operands ? " " : "",
          cmd->operands ? cmd->operands : "", cmd->summary);
  for (size_t i = 0; i < cmd->num_flags; i++) {
    print_flag(&cmd->flags[i], out);
  }
  fprintf(out, "  %-36s  %s\n", "--help", "this text");
}
