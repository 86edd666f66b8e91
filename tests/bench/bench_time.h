/* What every benchmark needs: the time, the device of SLIM_TEST_DEVICE, a way to give up. */
#ifndef BENCH_TIME_H
#define BENCH_TIME_H

#include "slim/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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
