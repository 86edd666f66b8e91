/* Timing runs of a session. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench.h"

enum {
  WARM_RUNS = 3,
  LEAST_RUNS = 10,
  LEAST_HOST_RUNS = 3,
  MOST_HOST_RUNS = 25,
  MOST_RUNS = 1000,
  MOST_AT_ONCE = 100,
  PROFILE_RUNS = 3
};
#define WARM_MS 100.0
#define TIME_MS 500.0
#define AT_ONCE_MS 2.0 /* a wait costs some 0.1 ms on OpenCL */

static double clock_ms(clockid_t clock)
{
  struct timespec t;
  (void)clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

double bench_now_ms(void)
{
  return clock_ms(CLOCK_MONOTONIC);
}

float *bench_numbers(size_t n)
{
  float *numbers = malloc((n ? n : 1) * sizeof *numbers);
  for (size_t i = 0; i < n && numbers; i++) {
    numbers[i] = (float)((uint32_t)i * 2654435761u >> 8 & 1023) / 512.0f - 1.0f;
  }
  return numbers;
}

/* --- one run ------------------------------------------------------------------------------------------------------ */

static slim_status run_without_wait(bench_work *w)
{
  const slim_fetch fetch = { w->fetch.tensor, NULL, 0 };
  return slim_session_run(w->session, w->feeds, w->num_feeds, &fetch, 1);
}

static slim_status renew(bench_work *w)
{
  if (!w->changing) {
    return SLIM_OK;
  }
  const slim_status status = slim_session_set_variable(w->session, w->changing, w->changing_data, w->changing_bytes);
  return status == SLIM_OK ? slim_session_finish(w->session) : status;
}

/* Milliseconds of one of count runs to the end of the last. */
static slim_status time_runs(bench_work *w, int count, double *ms)
{
  slim_status status = renew(w);
  const double start = bench_now_ms();
  for (int i = 0; i < count && status == SLIM_OK; i++) {
    status = slim_session_run(w->session, w->feeds, w->num_feeds, &w->fetch, 1);
  }
  if (status == SLIM_OK && !w->fetch.data) {
    status = slim_session_finish(w->session);
  }
  *ms = (bench_now_ms() - start) / count;
  if (status == SLIM_OK && w->outputs) {
    (void)fwrite(w->fetch.data, 1, w->fetch.bytes, w->outputs);
  }
  return status;
}

/* --- many runs ---------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *numbers, int64_t count)
{
  qsort(numbers, (size_t)count, sizeof *numbers, compare);
  return numbers[count / 2];
}

static slim_status warm_up(bench_work *w, double least_ms, double *ms)
{
  const double start = bench_now_ms();
  slim_status status = SLIM_OK;
  for (int i = 0; status == SLIM_OK && (i < WARM_RUNS || bench_now_ms() - start < least_ms); i++) {
    status = time_runs(w, 1, ms);
  }
  return status;
}

static slim_status time_all(bench_work *w, int64_t runs, bench_result *r)
{
  double times[MOST_RUNS], ms = 0;
  slim_status status = warm_up(w, runs ? 0 : WARM_MS, &ms);
  const double fitting = AT_ONCE_MS / (ms > 1e-6 ? ms : 1e-6);
  const bool alone = w->changing || w->fetch.data || fitting < 2;
  const int at_once = alone ? 1 : fitting > MOST_AT_ONCE ? MOST_AT_ONCE : (int)fitting;
  const double start = bench_now_ms();
  const int64_t least = runs ? runs : LEAST_RUNS, most = runs ? runs : MOST_RUNS;
  while (status == SLIM_OK && r->runs < most && (r->runs < least || bench_now_ms() - start < TIME_MS)) {
    status = time_runs(w, at_once, &times[r->runs]);
    r->runs++;
  }
  if (status == SLIM_OK) {
    r->median_ms = median(times, r->runs);
    r->best_ms = times[0];
  }
  return status;
}

/* --- the host's part ---------------------------------------------------------------------------------------------- */

static double kernels_ms(slim_session *session)
{
  slim_plan_step_info step;
  double sum = 0;
  for (size_t i = 0; slim_session_plan_step(session, i, &step); i++) {
    sum += step.ms > 0 ? step.ms : 0;
  }
  return sum;
}

/* Of a run without a wait: less its feeds, and its kernels where they run in the caller. */
static slim_status time_host_run(bench_work *w, bool here, double *ms, double *feed_ms)
{
  const clockid_t clock = here ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
  slim_plan_info plan = { 0 };
  const double start = clock_ms(clock);
  const slim_status status = run_without_wait(w);
  *ms = clock_ms(clock) - start;
  (void)slim_session_plan_info(w->session, &plan);
  *feed_ms = plan.feed_ms;
  *ms -= plan.feed_ms + (here ? kernels_ms(w->session) : 0);
  return status == SLIM_OK ? slim_session_finish(w->session) : status;
}

static slim_status time_host(bench_work *w, bench_result *r)
{
  const bool here = !strcmp(slim_device_get_info(slim_session_device(w->session))->selector, "cpu");
  double ms[MOST_HOST_RUNS], feed_ms[MOST_HOST_RUNS];
  int runs = 0;
  slim_status status = time_host_run(w, here, ms, feed_ms); /* makes the plan */
  slim_session_profile(w->session, here);
  const double start = bench_now_ms();
  while (status == SLIM_OK && runs < MOST_HOST_RUNS && (runs < LEAST_HOST_RUNS || bench_now_ms() - start < TIME_MS)) {
    status = time_host_run(w, here, &ms[runs], &feed_ms[runs]);
    runs++;
  }
  slim_session_profile(w->session, false);
  if (status != SLIM_OK) {
    return status;
  }
  r->feed_ms = median(feed_ms, runs);
  const double of_steps = fmax(median(ms, runs), 0); /* feeds take longer than processor time where others run too */
  r->host_us = of_steps * 1e3 / (r->plan.steps ? r->plan.steps : 1);
  return SLIM_OK;
}

size_t bench_process_bytes(void)
{
  char line[128];
  unsigned long long kib = 0;
  struct rusage usage;
  FILE *status = fopen("/proc/self/status", "r"); /* getrusage counts what ran before exec too */
  while (status && !kib && fgets(line, sizeof line, status)) {
    (void)sscanf(line, "VmHWM: %llu", &kib);
  }
  if (status) {
    (void)fclose(status);
  } else if (!getrusage(RUSAGE_SELF, &usage)) {
    kib = (unsigned long long)usage.ru_maxrss;
  }
  return (size_t)kib * 1024;
}

/* Of the process; of a device with memory of its own, what the plan and its variables take. */
static size_t peak_bytes(const bench_work *w, const bench_result *r)
{
  return slim_device_get_info(slim_session_device(w->session))->unified_memory
             ? bench_process_bytes()
             : r->plan.arena_bytes + r->plan.variable_bytes;
}

/* --- outside ------------------------------------------------------------------------------------------------------ */

static slim_status measure(bench_work *w, int64_t runs, bench_result *r)
{
  double ms;
  slim_status status = time_runs(w, 1, &ms);
  r->first_ms = bench_now_ms();
  if (status == SLIM_OK) {
    status = time_all(w, runs, r);
  }
  if (status == SLIM_OK) {
    status = slim_session_plan_info(w->session, &r->plan);
    r->peak_bytes = peak_bytes(w, r);
    r->flops = w->flops > 0 ? w->flops : r->plan.flops;
  }
  return status == SLIM_OK ? time_host(w, r) : status;
}

slim_status bench_measure(bench_work *work, int64_t runs, bench_result *result, slim_error *error)
{
  *result = (bench_result){ 0 };
  const slim_status status = measure(work, runs, result);
  return status == SLIM_OK ? SLIM_OK : slim_error_set(error, status, "%s", slim_session_error(work->session));
}

slim_status bench_profile(bench_work *work, slim_error *error)
{
  slim_status status = SLIM_OK;
  double ms;
  slim_session_profile(work->session, true);
  for (int i = 0; i < PROFILE_RUNS && status == SLIM_OK; i++) {
    status = time_runs(work, 1, &ms);
  }
  return status == SLIM_OK ? SLIM_OK : slim_error_set(error, status, "%s", slim_session_error(work->session));
}

void bench_release(bench_work *work)
{
  slim_session_destroy(work->session);
  slim_graph_destroy(work->graph);
  for (size_t i = 0; i < work->num_feeds; i++) {
    free((void *)(uintptr_t)work->feeds[i].data);
  }
  free(work->fetch.data);
  free(work->changing_data);
  *work = (bench_work){ 0 };
}
