#include "test_fixture.h"

#include "test_main.h"

#include <math.h>

static char *fixture;

float test_fixture_number(size_t i, unsigned seed)
{
  const uint64_t word = ((uint64_t)i + (uint64_t)seed * 1000003u) * 2654435761u % 4294967296u;
  return (float)((double)word / 2147483648.0 - 1.0);
}

void test_fixture_read(const char *path)
{
  char full[4096];
  const char *root = getenv("SLIM_SOURCE_ROOT");
  (void)snprintf(full, sizeof full, "%s/%s", root ? root : ".", path);
  FILE *file = fopen(full, "r");
  ck_assert_msg(file != NULL, "cannot open %s", full);
  ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
  const long size = ftell(file);
  ck_assert_int_gt(size, 0);
  rewind(file);
  fixture = malloc((size_t)size + 1);
  ck_assert_ptr_nonnull(fixture);
  ck_assert_uint_eq(fread(fixture, 1, (size_t)size, file), (size_t)size);
  fixture[size] = '\0';
  (void)fclose(file);
}

void test_fixture_free(void)
{
  free(fixture);
  fixture = NULL;
}

/* What follows "name key " in its line, of *length; NULL if there is none. */
static const char *rest_of(const char *name, const char *key, size_t *length)
{
  char start[400];
  (void)snprintf(start, sizeof start, "%s %s ", name, key);
  for (const char *line = fixture; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    if (strncmp(line, start, strlen(start)) == 0) {
      *length = strcspn(line, "\n") - strlen(start);
      return line + strlen(start);
    }
  }
  return NULL;
}

char *test_fixture_text(const char *name, const char *key)
{
  size_t length = 0;
  const char *text = rest_of(name, key, &length);
  char *copy = text ? malloc(length + 1) : NULL;
  if (copy) {
    memcpy(copy, text, length);
    copy[length] = '\0';
  }
  return copy;
}

void test_fixture_expect_text(const char *name, const char *key, const char *got)
{
  size_t length = 0;
  const char *want = rest_of(name, key, &length);
  ck_assert_msg(want != NULL, "the fixture has no %s %s", name, key);
  ck_assert_msg(strlen(got) == length && memcmp(got, want, length) == 0, "%s %s: is '%s', must be '%.*s'", name, key,
                got, (int)length, want);
}

/* The values of "name key ...", NULL if there are none; to be freed. */
static double *expected(const char *name, const char *key, size_t *count)
{
  size_t length = 0;
  const char *text = rest_of(name, key, &length), *at = text;
  if (!text) {
    return NULL;
  }
  double *values = malloc((length + 1) * sizeof *values);
  ck_assert_ptr_nonnull(values);
  for (*count = 0; at < text + length; (*count)++) {
    char *next = NULL;
    values[*count] = strtod(at, &next);
    ck_assert_ptr_ne(next, at);
    at = next + strspn(next, " ");
  }
  return values;
}

double test_fixture_compare(const char *name, const char *key, const float *got, size_t count, double tolerance)
{
  size_t known = 0;
  double *want = expected(name, key, &known);
  ck_assert_msg(want != NULL, "the fixture has no %s %s", name, key);
  ck_assert_msg(known == count, "%s %s: %zu values, must be %zu", name, key, count, known);
  double largest = 0, difference = 0;
  for (size_t i = 0; i < count; i++) {
    largest = fmax(largest, fabs(want[i]));
  }
  for (size_t i = 0; i < count; i++) {
    const double d = fabs((double)got[i] - want[i]);
    ck_assert_msg(d <= tolerance * largest + 1e-7, "%s %s: value %zu is %.9g, must be %.9g", name, key, i,
                  (double)got[i], want[i]);
    difference = fmax(difference, d);
  }
  free(want);
  return largest > 0 ? difference / largest : 0;
}
