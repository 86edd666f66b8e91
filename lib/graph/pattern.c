/*
 * Name filters. TF-Slim's are Python regular expressions; ours are POSIX extended ones after a small translation, so
 * that what filters are made of means the same: prefixes, . * + ? {m,n} | ( ) [ ] ^ $, (?: ), lazy quantifiers (*? +?
 * ??), \d \D \w \W \s \S in and outside of brackets, \Z, and \ before punctuation. Other escapes of letters (\b,
 * look-around, back references) are refused.
 */
#include "graph/state.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

struct slim_pattern {
  regex_t regex;
};

/* What stands for \x; inside: the part between brackets. NULL for an escape that has no translation. */
static const char *class_of(char letter, bool inside)
{
  switch (letter) {
  case 'd':
    return inside ? "0-9" : "[0-9]";
  case 'w':
    return inside ? "A-Za-z0-9_" : "[A-Za-z0-9_]";
  case 's':
    return inside ? "[:space:]" : "[[:space:]]";
  case 'D':
    return inside ? NULL : "[^0-9]";
  case 'W':
    return inside ? NULL : "[^A-Za-z0-9_]";
  case 'S':
    return inside ? NULL : "[^[:space:]]";
  case 'Z':
    return inside ? NULL : "$";
  default:
    return NULL;
  }
}

typedef struct translation {
  const char *in;
  char *out;   /* room for LONGEST times the input */
  bool inside; /* brackets */
} translation;

enum { LONGEST = 14 };

static void put(translation *t, const char *text)
{
  const size_t length = strlen(text);
  memcpy(t->out, text, length);
  t->out += length;
}

static bool put_escape(translation *t)
{
  const char letter = t->in[1];
  const char *class = class_of(letter, t->inside);
  if (class) {
    put(t, class);
  } else if (letter == '\0' || isalnum((unsigned char)letter)) {
    return false;
  } else if (t->inside) {
    *t->out++ = letter;
  } else {
    *t->out++ = '\\';
    *t->out++ = letter;
  }
  t->in += 2;
  return true;
}

/* A bracket: its ^ and a ] that comes first belong to it. */
static void enter_bracket(translation *t)
{
  *t->out++ = *t->in++;
  if (*t->in == '^') {
    *t->out++ = *t->in++;
  }
  if (*t->in == ']') {
    *t->out++ = *t->in++;
  }
  t->inside = true;
}

/* Writes the POSIX form of text behind "^(" or "(". false: an escape without a translation. */
static bool translate(const char *text, bool anchored, char *out)
{
  translation t = { text, out, false };
  if (!*text) {
    memcpy(out, "^", 2); /* an empty group is not POSIX */
    return true;
  }
  put(&t, anchored ? "^(" : "(");
  while (*t.in) {
    if (*t.in == '\\') {
      if (!put_escape(&t)) {
        return false;
      }
    } else if (!t.inside && *t.in == '[') {
      enter_bracket(&t);
    } else if (!t.inside && *t.in == '(' && t.in[1] == '?') {
      if (t.in[2] != ':') {
        return false;
      }
      *t.out++ = '(';
      t.in += 3;
    } else {
      const bool quantifier = !t.inside && strchr("*+?}", *t.in);
      t.inside = t.inside && *t.in != ']';
      *t.out++ = *t.in++;
      t.in += quantifier && *t.in == '?';
    }
  }
  put(&t, ")");
  *t.out = '\0';
  return true;
}

slim_pattern *slim_pattern_create(slim_graph *graph, const char *text, bool anchored)
{
  slim_pattern *pattern = calloc(1, sizeof *pattern);
  char *posix = calloc(strlen(text) + 2, LONGEST);
  if (!pattern || !posix) {
    (void)slim_graph_no_memory(graph);
  } else if (!translate(text, anchored, posix)) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "filter '%s': an escape or group that is not supported", text);
  } else {
    const int code = regcomp(&pattern->regex, posix, REG_EXTENDED | REG_NOSUB);
    if (code == 0) {
      free(posix);
      return pattern;
    }
    char reason[128];
    (void)regerror(code, &pattern->regex, reason, sizeof reason);
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "filter '%s': %s", text, reason);
  }
  free(pattern);
  free(posix);
  return NULL;
}

void slim_pattern_destroy(slim_pattern *pattern)
{
  if (pattern) {
    regfree(&pattern->regex);
    free(pattern);
  }
}

bool slim_pattern_matches(const slim_pattern *pattern, const char *name)
{
  return pattern && regexec(&pattern->regex, name, 0, NULL, 0) == 0;
}
