/*
 * The main of a test program. Prints TAP; the environment's CK_FORK=no and CK_RUN_CASE work as check describes.
 *
 *   static void build(TCase *c)
 *   {
 *     tcase_add_test(c, one_thing);
 *     tcase_add_loop_test(c, many_things, 0, 12);
 *   }
 *   TEST_MAIN("rng", build, NULL)
 *
 * The third argument is NULL or a function that tells whether the program can run here, for example whether the device
 * of SLIM_TEST_DEVICE exists. It is called in a child process of its own, because OpenCL does not survive a later fork;
 * what it writes into why is printed after "# SKIP".
 */
#ifndef TEST_MAIN_H
#define TEST_MAIN_H

#include <check.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void (*test_build_fn)(TCase *tcase);
typedef bool (*test_available_fn)(char *why, size_t size);

/* Asks available in a child process; its reason comes back through a pipe. A child that dies counts as available. */
static inline bool test_available(test_available_fn available, char *why, size_t size)
{
  int ends[2];
  if (!available || pipe(ends) != 0) {
    return true;
  }
  (void)fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const bool yes = available(why, size);
    const ssize_t wrote = write(ends[1], why, strlen(why));
    _exit(yes || wrote < 0 ? 0 : 77);
  }
  close(ends[1]);
  const ssize_t got = read(ends[0], why, size - 1);
  why[got > 0 ? got : 0] = '\0';
  close(ends[0]);
  int status = 0;
  return child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 77;
}

static inline int test_main(const char *name, test_build_fn build, test_available_fn available)
{
  char why[256] = "";
  if (!test_available(available, why, sizeof why)) {
    (void)printf("1..0 # SKIP %s\n", why);
    return EXIT_SUCCESS;
  }
  Suite *suite = suite_create(name);
  TCase *tcase = tcase_create(name);
  tcase_set_timeout(tcase, 0); /* none but the one of meson for the program, which meson test -t multiplies */
  build(tcase);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_set_tap(runner, "-");
  srunner_run_all(runner, CK_SILENT);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define TEST_MAIN(name_, build_, available_)                                                                           \
  int main(void)                                                                                                       \
  {                                                                                                                    \
    return test_main(name_, build_, available_);                                                                       \
  }

#endif
