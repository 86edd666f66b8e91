#define _GNU_SOURCE /* for sched_getaffinity; NOLINT(bugprone-reserved-identifier) */
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 1024
#define CACHE_LINE 64
#define SPINS 5000       /* pauses before sleeping, some 100 to 250 microseconds */
#define CLOSED (1 << 30) /* bit of entrants: the job takes no more workers */
#define PROBED_JOBS 64   /* jobs from one look at how far cores are apart to the next */
#define PROBED_LINES 32
#define PINGS 6          /* of a look; the fastest counts */
#define PING_LOADS 16384 /* that an answer is waited for */
#define APART_NS 18      /* to write a line that both have read: 6 to 12 within a cache, 27 and more between two (Zen 4) */
#define MOST_KEPT_CLEAR 16 /* threads of a pool whose workers keep off the caller's core */

/* A worker's part of the job's tasks, on a cache line of its own. */
typedef struct part {
  _Alignas(CACHE_LINE) atomic_int next;
  int end;
} part;

/* What both cores read before one writes it. */
typedef struct line {
  _Alignas(CACHE_LINE) atomic_int value;
} line;

typedef struct worker {
  struct slim_threads *pool;
  pthread_t thread;
  int index;
} worker;

struct slim_threads {
  int count; /* with the caller */
  worker *workers;
  part *parts;
  pthread_mutex_t run_lock; /* held by the caller of a job */
  pthread_mutex_t lock;     /* guards the two conditions */
  pthread_cond_t wake, left;
  atomic_uint generation; /* grows with each job and at the end */
  atomic_int sleepers;    /* workers in wake */
  atomic_int entrants;    /* workers inside the job, and CLOSED */
  atomic_bool waiting;    /* the caller is in left */
  atomic_bool quit;
#ifdef __linux__
  cpu_set_t allowed; /* cores of the process when the pool was made */
  int kept_clear;    /* core that no worker may run on, the caller's; -1: none yet, -2: never any */
#endif
  line lines[PROBED_LINES];
  atomic_int ping; /* odd: from the caller, even: the answer; negative: given up */
  atomic_bool apart;
  bool told_apart; /* by the environment */
  unsigned jobs;
  /* the job; written while CLOSED and no worker is inside */
  slim_task_fn fn;
  void *user;
  bool probing; /* its caller and its last worker look how far they are apart */
};

static _Thread_local int inside = -1; /* worker number of the job that this thread is in */

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* First its own part, so that it finds in its core's caches what it had in earlier jobs; then what others have left. */
static void work(slim_threads *pool, int index)
{
  const int outer = inside;
  inside = index;
  for (int i = 0; i < pool->count; i++) {
    part *p = &pool->parts[(index + i) % pool->count];
    for (int task; (task = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->end;) {
      pool->fn(pool->user, task, index);
    }
  }
  inside = outer;
}

/* --- how far cores are apart: hosts move those of virtual machines -------------------------------------------------- */

static bool await_ping(slim_threads *pool, int wanted)
{
  int ping = 0;
  for (int i = 0; i < PING_LOADS && ping >= 0; i++) {
    ping = atomic_load_explicit(&pool->ping, memory_order_acquire);
    if (ping == wanted) {
      return true;
    }
  }
  return false;
}

static void read_lines(slim_threads *pool)
{
  for (int i = 0; i < PROBED_LINES; i++) {
    (void)atomic_load_explicit(&pool->lines[i].value, memory_order_relaxed);
  }
}

static void write_lines(slim_threads *pool, int value)
{
  for (int i = 0; i < PROBED_LINES; i++) {
    atomic_store_explicit(&pool->lines[i].value, value, memory_order_relaxed);
  }
  atomic_thread_fence(memory_order_seq_cst);
}

static void answer_pings(slim_threads *pool)
{
  for (int i = 0; i < PINGS && await_ping(pool, 2 * i + 1); i++) {
    int ping = 2 * i + 1;
    read_lines(pool);
    (void)atomic_compare_exchange_strong(&pool->ping, &ping, ping + 1);
  }
}

static int64_t now_ns(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Leaves what is known as it is when the worker does not answer. */
static void send_pings(slim_threads *pool)
{
  int64_t least = INT64_MAX;
  for (int i = 0; i < PINGS; i++) {
    read_lines(pool);
    atomic_store_explicit(&pool->ping, 2 * i + 1, memory_order_release);
    if (!await_ping(pool, 2 * i + 2)) {
      atomic_store(&pool->ping, -1);
      return;
    }
    const int64_t start = now_ns();
    write_lines(pool, i);
    const int64_t ns = now_ns() - start;
    least = ns < least ? ns : least;
  }
  atomic_store(&pool->apart, least > (int64_t)APART_NS * PROBED_LINES);
}

/* The first job wakes workers up. */
static bool may_probe(slim_threads *pool)
{
  return pool->jobs++ % PROBED_JOBS == 1 && !pool->told_apart;
}

static void read_apart(slim_threads *pool)
{
  const char *text = getenv("SLIM_CORES_APART");
  pool->told_apart = text != NULL;
  atomic_init(&pool->apart, text != NULL && strtol(text, NULL, 10) != 0);
}

bool slim_threads_apart(const slim_threads *threads)
{
  return threads && atomic_load(&threads->apart);
}

/* Takes part in the job at hand unless it is closed already; a job never waits for a worker that comes late. */
static void join_job(slim_threads *pool, int index)
{
  if (!(atomic_fetch_add(&pool->entrants, 1) & CLOSED)) {
    if (pool->probing && index == pool->count - 1) {
      answer_pings(pool);
    }
    work(pool, index);
  }
  atomic_fetch_sub(&pool->entrants, 1);
  if (atomic_load(&pool->waiting)) {
    pthread_mutex_lock(&pool->lock);
    pthread_cond_signal(&pool->left);
    pthread_mutex_unlock(&pool->lock);
  }
}

/* Waits for a generation other than seen: first spinning, then asleep. */
static unsigned await_generation(slim_threads *pool, unsigned seen)
{
  for (int i = 0; i < SPINS; i++) {
    const unsigned now = atomic_load_explicit(&pool->generation, memory_order_acquire);
    if (now != seen) {
      return now;
    }
    relax();
  }
  pthread_mutex_lock(&pool->lock);
  atomic_fetch_add(&pool->sleepers, 1);
  while (atomic_load(&pool->generation) == seen) {
    pthread_cond_wait(&pool->wake, &pool->lock);
  }
  atomic_fetch_sub(&pool->sleepers, 1);
  const unsigned now = atomic_load(&pool->generation);
  pthread_mutex_unlock(&pool->lock);
  return now;
}

static void *worker_main(void *argument)
{
  const worker *self = argument;
  unsigned seen = 0;
  for (;;) {
    seen = await_generation(self->pool, seen);
    if (atomic_load(&self->pool->quit)) {
      return NULL;
    }
    join_job(self->pool, self->index);
  }
}

static void announce(slim_threads *pool)
{
  atomic_fetch_add(&pool->generation, 1);
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
  }
}

static bool anyone_inside(slim_threads *pool)
{
  return atomic_load(&pool->entrants) != CLOSED;
}

static void await_workers(slim_threads *pool)
{
  for (int i = 0; i < SPINS && anyone_inside(pool); i++) {
    relax();
  }
  if (!anyone_inside(pool)) {
    return;
  }
  pthread_mutex_lock(&pool->lock);
  (void)atomic_exchange(&pool->waiting, true); /* QEMU lets loads of AArch64 pass a mere store */
  while (anyone_inside(pool)) {
    pthread_cond_wait(&pool->left, &pool->lock);
  }
  atomic_store(&pool->waiting, false);
  pthread_mutex_unlock(&pool->lock);
}

static void run_serially(int tasks, slim_task_fn fn, void *user, int index)
{
  for (int task = 0; task < tasks; task++) {
    fn(user, task, index);
  }
}

int slim_threads_count(const slim_threads *threads)
{
  return threads ? threads->count : 1;
}

#ifdef __linux__
/* A woken worker may be put on the caller's core, behind the caller, for milliseconds while another core idles: Linux
 * moves a running thread late. So workers may run on any core but the caller's. Costs nothing until the caller moves. */
static void keep_clear(slim_threads *pool)
{
  const int core = sched_getcpu();
  if (pool->kept_clear == -2 || core < 0 || core == pool->kept_clear) {
    return;
  }
  cpu_set_t others = pool->allowed;
  CPU_CLR((unsigned)core, &others);
  for (int i = 1; i < pool->count; i++) {
    (void)pthread_setaffinity_np(pool->workers[i].thread, sizeof others, &others);
  }
  pool->kept_clear = core;
}

/* Only where each thread can have a core of its own; many cores are spread well by the system. */
static void plan_cores(slim_threads *pool)
{
  const bool known = sched_getaffinity(0, sizeof pool->allowed, &pool->allowed) == 0;
  const bool apart = known && pool->count > 1 && pool->count <= MOST_KEPT_CLEAR;
  pool->kept_clear = apart && CPU_COUNT(&pool->allowed) >= pool->count ? -1 : -2;
}
#else
static void keep_clear(slim_threads *pool)
{
  (void)pool;
}

static void plan_cores(slim_threads *pool)
{
  (void)pool;
}
#endif

/* Neighbouring tasks to the same worker: they mostly read neighbouring memory. */
static void deal(slim_threads *pool, int tasks)
{
  for (int i = 0, begin = 0; i < pool->count; i++) {
    part *p = &pool->parts[i];
    atomic_store_explicit(&p->next, begin, memory_order_relaxed);
    begin = p->end = (int)((int64_t)tasks * (i + 1) / pool->count);
  }
}

void slim_threads_run(slim_threads *threads, int tasks, slim_task_fn fn, void *user)
{
  if (!threads || threads->count == 1 || tasks <= 1 || inside >= 0) {
    run_serially(tasks, fn, user, inside >= 0 ? inside : 0);
    return;
  }
  pthread_mutex_lock(&threads->run_lock);
  keep_clear(threads);
  threads->fn = fn;
  threads->user = user;
  threads->probing = may_probe(threads);
  atomic_store(&threads->ping, 0);
  deal(threads, tasks);
  atomic_fetch_and(&threads->entrants, ~CLOSED);
  announce(threads);
  if (threads->probing) {
    send_pings(threads);
  }
  work(threads, 0);
  atomic_fetch_or(&threads->entrants, CLOSED);
  await_workers(threads);
  pthread_mutex_unlock(&threads->run_lock);
}

static int cores(void)
{
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
    return CPU_COUNT(&set);
  }
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

static int wanted(int n)
{
  if (n < 1) {
    const char *text = getenv("SLIM_NUM_THREADS");
    n = text ? (int)strtol(text, NULL, 10) : 0;
  }
  if (n < 1) {
    n = cores();
  }
  return n < MOST_THREADS ? n : MOST_THREADS;
}

slim_threads *slim_threads_create(int n)
{
  n = wanted(n);
  slim_threads *pool = aligned_alloc(CACHE_LINE, sizeof *pool);
  worker *workers = calloc((size_t)n, sizeof *workers);
  part *parts = aligned_alloc(CACHE_LINE, (size_t)n * sizeof *parts);
  if (!pool || !workers || !parts) {
    free(pool);
    free(workers);
    free(parts);
    return NULL;
  }
  memset(pool, 0, sizeof *pool);
  pool->parts = parts;
  pool->workers = workers;
  pool->count = 1;
  atomic_init(&pool->entrants, CLOSED);
  read_apart(pool);
  pthread_mutex_init(&pool->run_lock, NULL);
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->wake, NULL);
  pthread_cond_init(&pool->left, NULL);
  for (int i = 1; i < n; i++) {
    workers[i] = (worker){ .pool = pool, .index = i };
    if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) != 0) {
      break;
    }
    pool->count = i + 1;
  }
  plan_cores(pool);
  return pool;
}

void slim_threads_destroy(slim_threads *threads)
{
  if (!threads) {
    return;
  }
  atomic_store(&threads->quit, true);
  announce(threads);
  for (int i = 1; i < threads->count; i++) {
    pthread_join(threads->workers[i].thread, NULL);
  }
  pthread_cond_destroy(&threads->wake);
  pthread_cond_destroy(&threads->left);
  pthread_mutex_destroy(&threads->lock);
  pthread_mutex_destroy(&threads->run_lock);
  free(threads->parts);
  free(threads->workers);
  free(threads);
}
