/* Values that another program computed: a text file of lines "case key value value ...". A difference fails the test.
 */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include <stddef.h>

/* Number i of a series in [-1, 1): the same as numbers() in tests/parity makes. */
float test_fixture_number(size_t i, unsigned seed);

/* Reads the file, a path below the source folder; for a checked fixture, with test_fixture_free at its end. */
void test_fixture_read(const char *path);
void test_fixture_free(void);
/* What follows "name key " in its line, to be freed; NULL if there is none. */
char *test_fixture_text(const char *name, const char *key);
/* The line "name key" must go on with this text. */
void test_fixture_expect_text(const char *name, const char *key, const char *got);
/* max|got - want| <= tolerance * max|want|, of the count values that the line "name key" must have.
 * @return max|got - want| / max|want|. */
double test_fixture_compare(const char *name, const char *key, const float *got, size_t count, double tolerance);

#endif
