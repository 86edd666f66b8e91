/* Running the steps of a plan. */
#include "session/plan.h"

static slim_status copy_step(slim_plan *plan, const slim_plan_step *step)
{
  const slim_plan_tensor *t = &plan->tensors[step->tensor];
  const slim_view *device = &t->view[SLIM_ON_DEVICE], *host = &t->view[SLIM_ON_HOST];
  const slim_backend *backend = plan->device->backend;
  if (step->kind == SLIM_STEP_UPLOAD && plan->host != plan->device) {
    (void)plan->host->backend->finish(plan->host);
  }
  const slim_status status =
      step->kind == SLIM_STEP_UPLOAD
          ? backend->upload(plan->device, device->buffer, device->offset, host->host, t->bytes)
          : backend->download(plan->device, host->host, device->buffer, device->offset, t->bytes);
  return slim_device_blame(plan->device, status, &plan->error, t->tensor->name);
}

/* 1 + the sum of the inputs' versions, which only grow. */
static uint64_t versions_of(const slim_plan_step *step)
{
  uint64_t sum = 1;
  for (int i = 0; i < step->group->group.num_in; i++) {
    sum += step->in[i].version ? *step->in[i].version : 0;
  }
  return sum;
}

/* Has nothing changed since the step ran last? If so it need not run. */
static bool is_current(slim_plan_step *step)
{
  const uint64_t now = versions_of(step);
  const bool current = step->seen == now;
  step->seen = now;
  return current;
}

/* Weights that a batch norm was folded into may be too large for halves: the step sets the finite flag. */
static slim_status refresh_halves(slim_plan *plan, const slim_plan_step *step, const slim_run *run)
{
  const slim_backend *backend = step->device->backend;
  bool set = false;
  slim_status status = backend->flag_clear(step->device);
  if (status == SLIM_OK) {
    status = slim_step_enqueue(step->device, step->step, run);
  }
  if (status == SLIM_OK) {
    status = backend->flag_read(step->device, true, &set);
  }
  if (set) {
    (void)backend->flag_clear(step->device);
    return slim_error_set(&plan->error, SLIM_ERR_NUMERIC,
                          "batch_norm '%s': '%s' times its factor is more than a half can be, 65504: weights of this "
                          "net cannot be kept as halves",
                          step->group->group.nodes[0]->name, step->group->group.nodes[0]->inputs[0]->node->name);
  }
  return status;
}

slim_status slim_plan_step_run(slim_plan *plan, slim_plan_step *step, const slim_run *run)
{
  if (step->kind != SLIM_STEP_RUN) {
    return copy_step(plan, step);
  }
  if (step->refresh && is_current(step)) {
    return SLIM_OK;
  }
  const bool halves = step->refresh && step->out[0].dtype == SLIM_FLOAT16;
  const slim_status status = halves ? refresh_halves(plan, step, run) : slim_step_enqueue(step->device, step->step, run);
  for (int i = 0; i < step->num_written; i++) {
    ++*step->written[i];
  }
  *plan->changes += step->writes;
  return status == SLIM_OK ? SLIM_OK
                           : slim_device_blame(step->device, status, &plan->error, step->group->group.nodes[0]->name);
}

/* --- all of a run ------------------------------------------------------------------------------------------------- */

/* After a run that broke off, what refreshes the plan's own tensors runs again. */
static void forget(slim_plan *plan)
{
  for (size_t i = 0; i < plan->num_run; i++) {
    plan->steps[i].seen = 0;
  }
  plan->refreshed_at = 0;
}

static const char *name_of(const slim_plan *plan, const slim_step *step)
{
  size_t i = 0;
  while (plan->steps[i].step != step) {
    i++;
  }
  return plan->steps[i].group->group.nodes[0]->name;
}

static slim_status run_row(slim_plan *plan, const slim_plan_step *first, const slim_run *run)
{
  slim_device *device = first->device;
  size_t failed = 0;
  const slim_status status = device->backend->enqueue(device, first->row, (size_t)first->in_row, run, &failed);
  return status == SLIM_OK ? SLIM_OK
                           : slim_device_blame(device, status, &plan->error, name_of(plan, first->row[failed]));
}

slim_status slim_plan_run(slim_plan *plan, const slim_run *run)
{
  const uint64_t changes = *plan->changes;
  const bool unchanged = !plan->refreshes || plan->refreshed_at == changes;
  const int count = (int)plan->num_run;
  for (int i = unchanged ? plan->first : 0; i < count; i = unchanged ? plan->steps[i].next : i + 1) {
    slim_plan_step *step = &plan->steps[i];
    const slim_status status =
        unchanged && step->in_row > 0 ? run_row(plan, step, run) : slim_plan_step_run(plan, step, run);
    if (status != SLIM_OK) {
      forget(plan);
      return status;
    }
  }
  plan->refreshed_at = changes;
  return SLIM_OK;
}
