#include "base/threads.h"
#include "test_main.h"

#include <pthread.h>
#include <stdatomic.h>

enum { TASKS = 1000, MOST_WORKERS = 8 };

typedef struct job {
  slim_threads *pool;
  atomic_int done[TASKS];
  atomic_int busy[MOST_WORKERS]; /* a worker number is used by one thread at a time */
  atomic_int clashes;
  int nested;
} job;

static void inner(void *user, int task, int worker)
{
  (void)worker;
  atomic_fetch_add(&((atomic_int *)user)[task], 1);
}

static void task_fn(void *user, int task, int worker)
{
  job *j = user;
  if (atomic_fetch_add(&j->busy[worker], 1) != 0) {
    atomic_fetch_add(&j->clashes, 1);
  }
  atomic_fetch_add(&j->done[task], 1);
  if (j->nested) {
    atomic_int again[3] = { 0 };
    slim_threads_run(j->pool, 3, inner, again);
    if (again[0] != 1 || again[1] != 1 || again[2] != 1) {
      atomic_fetch_add(&j->clashes, 1);
    }
  }
  atomic_fetch_sub(&j->busy[worker], 1);
}

static void run_checked(slim_threads *pool, int tasks, int nested)
{
  job *j = calloc(1, sizeof *j);
  j->pool = pool;
  j->nested = nested;
  slim_threads_run(pool, tasks, task_fn, j);
  for (int i = 0; i < TASKS; i++) {
    ck_assert_int_eq(j->done[i], i < tasks);
  }
  ck_assert_int_eq(j->clashes, 0);
  free(j);
}

START_TEST(each_task_runs_once)
{
  static const int counts[] = { 1, 2, 3, 8 };
  slim_threads *pool = slim_threads_create(counts[_i]);
  ck_assert_int_eq(slim_threads_count(pool), counts[_i]);
  for (int round = 0; round < 200; round++) {
    run_checked(pool, round % 20, 0);
  }
  run_checked(pool, TASKS, 0);
  run_checked(pool, 50, 1);
  slim_threads_destroy(pool);
}
END_TEST

START_TEST(workers_that_sleep_come_back)
{
  slim_threads *pool = slim_threads_create(4);
  for (int round = 0; round < 10; round++) {
    usleep(2000);
    run_checked(pool, 100, 0);
  }
  slim_threads_destroy(pool);
}
END_TEST

typedef struct late {
  int task; /* that waits for all others */
  atomic_int done;
} late;

static void wait_for_others(void *user, int task, int worker)
{
  late *l = user;
  (void)worker;
  while (task == l->task && atomic_load(&l->done) < 19) {
    usleep(100);
  }
  atomic_fetch_add(&l->done, 1);
}

/* Whatever task keeps a worker busy, the others run those that were meant for it. */
START_TEST(no_task_waits_for_a_busy_worker)
{
  slim_threads *pool = slim_threads_create(2);
  for (int task = 0; task < 20; task++) {
    late l = { .task = task };
    slim_threads_run(pool, 20, wait_for_others, &l);
    ck_assert_int_eq(l.done, 20);
  }
  slim_threads_destroy(pool);
}
END_TEST

static void *session(void *user)
{
  for (int round = 0; round < 300; round++) {
    run_checked(user, 17, round % 2);
  }
  return NULL;
}

START_TEST(two_callers_take_turns)
{
  slim_threads *pool = slim_threads_create(3);
  pthread_t other[2];
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(pthread_create(&other[i], NULL, session, pool), 0);
  }
  session(pool);
  for (int i = 0; i < 2; i++) {
    pthread_join(other[i], NULL);
  }
  slim_threads_destroy(pool);
}
END_TEST

START_TEST(number_of_workers_by_environment)
{
  setenv("SLIM_NUM_THREADS", "3", 1);
  slim_threads *pool = slim_threads_create(0);
  ck_assert_int_eq(slim_threads_count(pool), 3);
  slim_threads_destroy(pool);
  setenv("SLIM_NUM_THREADS", "many", 1);
  pool = slim_threads_create(0);
  ck_assert_int_ge(slim_threads_count(pool), 1);
  slim_threads_destroy(pool);
  ck_assert_int_eq(slim_threads_count(NULL), 1);
  run_checked(NULL, 20, 1);
  slim_threads_destroy(NULL);
}
END_TEST

/* The pool looks at that in some jobs, and does their tasks all the same. */
START_TEST(cores_apart_by_environment)
{
  slim_threads *pool = slim_threads_create(3);
  for (int i = 0; i < 300; i++) {
    run_checked(pool, 20, 0);
  }
  slim_threads_destroy(pool);
  for (int i = 0; i < 2; i++) {
    setenv("SLIM_CORES_APART", i == 0 ? "0" : "1", 1);
    pool = slim_threads_create(2);
    run_checked(pool, 20, 0);
    run_checked(pool, 20, 0);
    ck_assert_int_eq(slim_threads_apart(pool), i);
    slim_threads_destroy(pool);
  }
  unsetenv("SLIM_CORES_APART");
  ck_assert(!slim_threads_apart(NULL));
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, each_task_runs_once, 0, 4);
  tcase_add_test(c, workers_that_sleep_come_back);
  tcase_add_test(c, no_task_waits_for_a_busy_worker);
  tcase_add_test(c, two_callers_take_turns);
  tcase_add_test(c, number_of_workers_by_environment);
  tcase_add_test(c, cores_apart_by_environment);
}

TEST_MAIN("threads", build, NULL)
