#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };
static const double redraw_seconds = 0.1;

static double now(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

progress progress_make(const char *unit, int64_t total, int64_t per_step, int64_t every)
{
  return (progress){
    .unit = unit, .total = total, .per_step = per_step, .every = every, .terminal = isatty(STDERR_FILENO) == 1
  };
}

/* ", 5400 images/s, 0:31 left" as far as it is known. */
static void describe_rate(const progress *p, int64_t step, char *text, size_t size)
{
  text[0] = '\0';
  if (p->rate <= 0) {
    return;
  }
  const int used = snprintf(text, size, ", %.0f images/s", p->rate * (double)p->per_step);
  if (p->total > step && used > 0 && (size_t)used < size) {
    const int64_t left = (int64_t)ceil((double)(p->total - step) / p->rate);
    (void)snprintf(text + used, size - (size_t)used, ", %lld:%02d left", (long long)(left / 60), (int)(left % 60));
  }
}

static void draw_bar(const progress *p, int64_t step, const char *loss, const char *rate)
{
  char bar[BAR_WIDTH + 1];
  const int done = p->total > 0 && step < p->total ? (int)(step * BAR_WIDTH / p->total) : p->total > 0 ? BAR_WIDTH : 0;
  memset(bar, ' ', BAR_WIDTH);
  memset(bar, '=', (size_t)done);
  bar[BAR_WIDTH] = '\0';
  fprintf(stderr, "\r\033[K[%s] %s %lld", bar, p->unit, (long long)step);
  if (p->total > 0) {
    fprintf(stderr, "/%lld", (long long)p->total);
  }
  fprintf(stderr, "%s%s", loss, rate);
  if (step == p->total) {
    fputc('\n', stderr);
  }
  (void)fflush(stderr);
}

static bool due(const progress *p, int64_t step, double time)
{
  if (p->terminal) {
    return step == p->total || time - p->last_time >= redraw_seconds;
  }
  return p->every > 0 && step % p->every == 0;
}

void progress_step(progress *p, int64_t step, double loss)
{
  const double time = now();
  if (!p->started) {
    p->started = true;
    p->last_step = step;
    p->last_time = time;
  }
  if (!due(p, step, time)) {
    return;
  }
  const double seconds = time - p->last_time;
  if (step > p->last_step && seconds > 0) {
    const double fresh = (double)(step - p->last_step) / seconds;
    p->rate = p->rate > 0 && p->terminal ? 0.8 * p->rate + 0.2 * fresh : fresh;
  }
  char rate[64], text[48] = "";
  describe_rate(p, step, rate, sizeof rate);
  if (!isnan(loss)) {
    (void)snprintf(text, sizeof text, p->terminal ? ", loss %.4f" : ": loss = %.4f", loss);
  }
  if (p->terminal) {
    draw_bar(p, step, text, rate);
  } else if (p->rate > 0) {
    fprintf(stderr, "%s %lld%s (%.3f sec/step%s)\n", p->unit, (long long)step, text, 1 / p->rate, rate);
  } else {
    fprintf(stderr, "%s %lld%s\n", p->unit, (long long)step, text);
  }
  p->last_step = step;
  p->last_time = time;
}

void progress_clear(const progress *p)
{
  if (p->terminal && p->started) {
    fputs("\r\033[K", stderr);
  }
}
