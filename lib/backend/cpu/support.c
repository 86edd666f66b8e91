/* What the ops of every instruction set share. */
#include "backend/cpu/cpu.h"

#include "backend/chain.h"

const slim_cpu_op *slim_cpu_op_of(const slim_cpu_table *table, const slim_group *group)
{
  const int id = slim_op_id_of(group->nodes[0]->op);
  return slim_chain_is(group) ? table->chain : id >= 0 ? table->op[id] : NULL;
}

typedef struct range_job {
  size_t count, grain;
  slim_cpu_range_fn fn;
  void *user;
} range_job;

static void run_range(void *user, int task, int worker)
{
  const range_job *job = user;
  const size_t begin = (size_t)task * job->grain;
  const size_t end = begin + job->grain < job->count ? begin + job->grain : job->count;
  job->fn(job->user, begin, end, worker);
}

void slim_cpu_for(const slim_cpu_step *step, size_t count, size_t grain, slim_cpu_range_fn fn, void *user)
{
  range_job job = { count, grain ? grain : 1, fn, user };
  const size_t tasks = (count + job.grain - 1) / job.grain;
  if (tasks == 1) {
    fn(user, 0, count, 0);
  } else if (tasks > 1) {
    slim_threads_run(step->device->threads, (int)tasks, run_range, &job);
  }
}

double slim_cpu_scalar(const slim_view *view)
{
  switch (view->dtype) {
  case SLIM_FLOAT32:
    return (double)*(const float *)view->host;
  case SLIM_FLOAT64:
    return *(const double *)view->host;
  case SLIM_INT32:
    return (double)*(const int32_t *)view->host;
  case SLIM_INT64:
    return (double)*(const int64_t *)view->host;
  default:
    return (double)*(const uint8_t *)view->host;
  }
}

void slim_cpu_set_scalar(const slim_view *view, double value)
{
  switch (view->dtype) {
  case SLIM_FLOAT32:
    *(float *)view->host = (float)value;
    break;
  case SLIM_FLOAT64:
    *(double *)view->host = value;
    break;
  case SLIM_INT32:
    *(int32_t *)view->host = (int32_t)value;
    break;
  case SLIM_INT64:
    *(int64_t *)view->host = (int64_t)value;
    break;
  default:
    *(uint8_t *)view->host = (uint8_t)value;
    break;
  }
}
