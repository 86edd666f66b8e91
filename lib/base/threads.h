/* A pool of threads that stays: what the CPU backend and the data decoders run on. */
#ifndef SLIM_BASE_THREADS_H
#define SLIM_BASE_THREADS_H

#include <stdbool.h>

typedef struct slim_threads slim_threads;
/** One task. worker is in [0, slim_threads_count) and no two running tasks of a job share one. */
typedef void (*slim_task_fn)(void *user, int task, int worker);

/** A pool of n workers, the caller of slim_threads_run being one of them. n = 0: the environment's SLIM_NUM_THREADS,
 * else the number of cores that the process may use. @return NULL without memory. Where the system grants fewer
 * threads, the pool is smaller. */
slim_threads *slim_threads_create(int n);
/** Ends the threads. No job may be running. NULL is fine. */
void slim_threads_destroy(slim_threads *threads);
/** Number of workers, at least 1; 1 for NULL. */
int slim_threads_count(const slim_threads *threads);
/** Did it lately take so long to write what the cores of the caller and of a worker had both read that they have no cache
 * in common? SLIM_CORES_APART=0 or 1 says so instead. false for NULL, and before the first jobs. */
bool slim_threads_apart(const slim_threads *threads);

/** Calls fn(user, task, worker) once for each task in [0, tasks), and returns when all are done. Each worker begins
 * with neighbours, the first of n workers with the first n-th of the tasks in their order, the next with the next, and
 * then takes what others have left: jobs alike find in a core's caches what it read before. The caller takes part as
 * worker 0. A call from inside a task runs its tasks one after another. When two threads call at once, the second
 * waits. threads NULL runs all tasks in the caller. */
void slim_threads_run(slim_threads *threads, int tasks, slim_task_fn fn, void *user);

#endif
