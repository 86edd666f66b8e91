/* What every benchmark needs: the time, the device of SLIM_TEST_DEVICE, a way to give up. */
#ifndef BENCH_TIME_H
#define BENCH_TIME_H

#include "slim/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static inline double bench_now_ms(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* For qsort over doubles. */
static inline int bench_compare(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static inline void bench_die(const char *what)
{
  (void)fprintf(stderr, "%s\n", what);
  exit(EXIT_FAILURE);
}

/* Threads of peers spin between their jobs and would take our cores: from a new start of the program on they do so for
 * a third of a millisecond, enough for the gaps of their own work and less than the pause between entries. All sides
 * get the same number of threads, each on a core of its own: Linux may leave two on one for milliseconds, which halves
 * a peer. Its binding of this thread is undone, or our threads would inherit it. Call it first in main. */
static inline void bench_settle(char **argv)
{
  char threads[16];
  (void)snprintf(threads, sizeof threads, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
  const char *const settings[][2] = { { "GOMP_SPINCOUNT", "20000" },       /* pauses of some 64 cycles */
                                      { "OPENBLAS_THREAD_TIMEOUT", "20" }, /* 2^20 cycles */
                                      { "OMP_NUM_THREADS", threads },
                                      { "OMP_PROC_BIND", "true" },
                                      { "OMP_PLACES", "cores" },
                                      { "POCL_AFFINITY", "1" },
                                      { "OPENBLAS_NUM_THREADS", threads } };
  if (getenv("BENCH_SETTLED")) {
    unsigned long all_cores[16];
    memset(all_cores, 0xff, sizeof all_cores);
    (void)syscall(SYS_sched_setaffinity, 0, sizeof all_cores, all_cores);
    return;
  }
  (void)setenv("BENCH_SETTLED", "1", 1);
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    (void)setenv(settings[i][0], settings[i][1], 0);
  }
  (void)execv("/proc/self/exe", argv);
  bench_die("cannot start anew with settings for the threads of peers");
}

/* Seconds of CPU time that other programs took so far, of all processors together; 0 where /proc/stat does not say. */
static inline double bench_foreign_seconds(void)
{
  struct timespec own;
  double ticks[8] = { 0 };
  FILE *file = fopen("/proc/stat", "r");
  if (file) {
    (void)!fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4],
                  &ticks[5], &ticks[6], &ticks[7]);
    (void)fclose(file);
  }
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  const double busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]; /* 3, 4: idle */
  return busy / (double)sysconf(_SC_CLK_TCK) - (double)own.tv_sec - (double)own.tv_nsec * 1e-9;
}

static inline slim_device *bench_device(void)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  slim_error error = { 0 };
  slim_device *device = NULL;
  if (slim_device_open(name ? name : "cpu", &device, &error) != SLIM_OK) {
    bench_die(error.text);
  }
  return device;
}

#endif
