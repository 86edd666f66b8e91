/* Running a plan: feeds up, steps in a row, fetches down. */
#include "session/session.h"

#include "graph/graph.h"

#include <string.h>
#include <time.h>

/* --- the finite flag ---------------------------------------------------------------------------------------------- */

slim_status slim_session_clear_flag(slim_session *session)
{
  slim_device *device = session->device;
  bool set = false;
  slim_status status = device->backend->flag_read(device, true, &set); /* of all runs that are under way */
  if (status == SLIM_OK) {
    status = device->backend->flag_clear(device);
  }
  return slim_device_blame(device, status, &session->error, "session: finite flag");
}

/* Reads the flag, and clears it when it is set. While it is set, updates leave variables as they are: reading it late
 * does no harm. */
static slim_status take_flag(slim_session *session, bool wait, bool *set)
{
  slim_device *device = session->device;
  const slim_status status = device->backend->flag_read(device, wait, set);
  if (status != SLIM_OK) {
    return slim_device_blame(device, status, &session->error, "session: finite flag");
  }
  return *set ? slim_session_clear_flag(session) : SLIM_OK;
}

void slim_session_leave_flag(slim_session *session)
{
  bool set = false;
  if (session->lane->flag_owner == session) {
    (void)take_flag(session, true, &set);
    session->numeric |= set;
    session->lane->flag_owner = NULL;
  }
}

static slim_status report_numeric(slim_session *session)
{
  const slim_node *check = session->last ? session->last->check : NULL;
  session->numeric = false;
  return slim_error_set(&session->error, SLIM_ERR_NUMERIC,
                        "session: finite check '%s' failed, variables were left as they were; "
                        "slim_session_trace_numerics names the first op that is not finite",
                        check ? check->name : "of an earlier run");
}

/* What is known of the runs before. */
static slim_status check_late(slim_session *session, bool wait)
{
  bool set = false;
  if (session->lane->flag_owner == session && take_flag(session, wait, &set) != SLIM_OK) {
    return session->error.status;
  }
  return set || session->numeric ? report_numeric(session) : SLIM_OK;
}

/* Another session's flag must not stop this one's updates, nor be taken for weights that are too large for halves. */
static void own_flag(slim_session *session, const slim_plan *plan)
{
  slim_session *owner = session->lane->flag_owner;
  if (owner && ((owner != session && (plan->check || plan->writes)) || plan->halves)) {
    slim_session_leave_flag(owner);
  }
  if (plan->check) {
    session->lane->flag_owner = session;
  }
}

static double now_ms(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* --- before the steps --------------------------------------------------------------------------------------------- */

static slim_status check_rooms(slim_session *session, const slim_plan *plan, const slim_fetch *fetches, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const slim_plan_tensor *t = &plan->tensors[fetches[i].tensor->id];
    const size_t bytes = slim_shape_elements(&t->shape) * slim_dtype_size(fetches[i].tensor->dtype);
    if (fetches[i].data && fetches[i].bytes < bytes) {
      char shape[96];
      return slim_error_set(&session->error, SLIM_ERR_ARG,
                            "session: fetch '%s' %s has %zu bytes, there is room for %zu", fetches[i].tensor->name,
                            slim_shape_format(&t->shape, shape, sizeof shape), bytes, fetches[i].bytes);
    }
  }
  return SLIM_OK;
}

slim_status slim_session_check_ready(slim_session *session, slim_plan *plan)
{
  const slim_program *program = plan->program;
  for (size_t i = 0; i < program->num_variables && !plan->ready; i++) {
    const slim_node *node = program->variables[i];
    const slim_value *value = plan->tensors[node->outputs[0].id].value;
    if (value && !value->ready) {
      return slim_error_set(&session->error, SLIM_ERR_STATE,
                            "variable '%s' has no value: call slim_session_initialize or restore a checkpoint",
                            value->name);
    }
  }
  plan->ready = true;
  return SLIM_OK;
}

static slim_status upload_one(slim_session *session, const slim_plan *plan, const slim_node *node, const void *data,
                              bool lent)
{
  const slim_backend *backend = plan->device->backend;
  const slim_plan_tensor *t = &plan->tensors[node->outputs[0].id];
  const slim_view *device = &t->view[SLIM_ON_DEVICE], *host = &t->view[SLIM_ON_HOST];
  if (host->host) {
    memcpy(host->host, data, t->bytes);
  }
  if (!device->buffer) {
    return SLIM_OK;
  }
  const slim_status status =
      lent && backend->lend ? backend->lend(plan->device, device->buffer, device->offset, data, t->bytes)
                            : backend->upload(plan->device, device->buffer, device->offset, data, t->bytes);
  return slim_device_blame(plan->device, status, &session->error, node->name);
}

slim_status slim_session_upload(slim_session *session, const slim_plan *plan, bool lent)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < plan->program->num_placeholders && status == SLIM_OK; i++) {
    const slim_node *node = plan->program->placeholders[i];
    if (session->data[i] && session->debug) {
      slim_session_check_range(session, plan, node, session->data[i]);
    }
    if (session->data[i]) {
      status = upload_one(session, plan, node, session->data[i], lent);
    }
  }
  return status;
}

/* Seed and step that random ops depend on. */
static void begin_run(slim_session *session)
{
  if (!session->global_step && slim_variable_find(session->graph, "global_step")) {
    slim_value *value = slim_values_find(session->values, "global_step");
    session->global_step = value && value->view.host && value->view.dtype == SLIM_INT64 ? value : NULL;
  }
  session->run.seed = session->graph->seed;
  session->run.step = (int64_t)session->runs;
  if (session->global_step) {
    memcpy(&session->run.step, session->global_step->view.host, sizeof session->run.step);
  }
  session->runs++;
}

/* --- the steps ---------------------------------------------------------------------------------------------------- */

static slim_status run_steps(slim_session *session, slim_plan *plan)
{
  slim_status status = slim_plan_run(plan, &session->run);
  if (status != SLIM_OK) {
    slim_error_set(&session->error, status, "%s", plan->error.text);
    plan->error = (slim_error){ SLIM_OK, "" };
    return status;
  }
  status = plan->device->backend->flush(plan->device);
  return slim_device_blame(plan->device, status, &session->error, "session: starting queued work");
}

static slim_status finish(slim_session *session)
{
  slim_status status = session->device->backend->finish(session->device);
  slim_device_blame(session->device, status, &session->error, "session: waiting for the device");
  if (status == SLIM_OK && session->host != session->device) {
    status = session->host->backend->finish(session->host);
    slim_device_blame(session->host, status, &session->error, "session: waiting for the host lane");
  }
  session->in_flight = 0;
  return status;
}

static slim_status download_one(slim_device *device, const slim_plan_tensor *root, void *data)
{
  const slim_view *view = &root->view[root->home];
  if (!view->buffer) {
    memcpy(data, view->host, root->bytes);
    return SLIM_OK;
  }
  return device->backend->download(device, data, view->buffer, view->offset, root->bytes);
}

slim_status slim_session_download(slim_session *session, slim_plan *plan, const slim_tensor *tensor, void *data)
{
  const slim_plan_tensor *root = slim_plan_root(plan, tensor);
  if (root->value && root->dtype == SLIM_FLOAT16) {
    return slim_value_read(session->values, root->value, data, &session->error);
  }
  slim_status status = root->num_parts == 0 ? download_one(plan->device, root, data) : SLIM_OK;
  char *to = data;
  for (int k = 0; k < root->num_parts && status == SLIM_OK; k++) {
    const slim_plan_tensor *part = &plan->tensors[root->parts[k]->id];
    status = download_one(plan->device, part, to);
    to += part->bytes;
  }
  return slim_device_blame(plan->device, status, &session->error, tensor->name);
}

static bool is_waited_for(const slim_fetch *fetches, size_t count)
{
  bool wanted = false;
  for (size_t i = 0; i < count; i++) {
    wanted |= fetches[i].data != NULL;
  }
  return wanted;
}

/* The first download waits for the run, so that the device need not be woken for it. */
static slim_status fetch_all(slim_session *session, slim_plan *plan, const slim_fetch *fetches, size_t count)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < count && status == SLIM_OK; i++) {
    status = fetches[i].data ? slim_session_download(session, plan, fetches[i].tensor, fetches[i].data) : SLIM_OK;
  }
  const slim_status late = finish(session);
  status = status == SLIM_OK ? late : status;
  return status == SLIM_OK ? check_late(session, true) : status;
}

static slim_status go_on(slim_session *session)
{
  session->in_flight++;
  return session->in_flight >= SLIM_RUNS_IN_FLIGHT ? finish(session) : SLIM_OK;
}

static slim_status run_plan(slim_session *session, slim_plan *plan, const slim_fetch *fetches, size_t num_fetches)
{
  slim_status status = check_rooms(session, plan, fetches, num_fetches);
  if (status == SLIM_OK) {
    status = slim_session_check_ready(session, plan);
  }
  if (status != SLIM_OK) {
    return status;
  }
  own_flag(session, plan);
  session->last = plan;
  const bool waits = is_waited_for(fetches, num_fetches);
  const double start = now_ms();
  status = slim_session_upload(session, plan, waits);
  session->feed_ms = now_ms() - start;
  if (status == SLIM_OK) {
    status = run_steps(session, plan);
  }
  if (status != SLIM_OK) {
    (void)plan->device->backend->finish(plan->device); /* it may still read what was lent */
    return status;
  }
  return waits ? fetch_all(session, plan, fetches, num_fetches) : go_on(session);
}

static slim_status run(slim_session *session, const slim_feed *feeds, size_t num_feeds, const slim_fetch *fetches,
                       size_t num_fetches)
{
  slim_program *program = slim_session_program(session, &session->programs, fetches, num_fetches);
  if (!program || check_late(session, false) != SLIM_OK) {
    return session->error.status;
  }
  begin_run(session);
  int batch = 0;
  const slim_status status = slim_session_bind_feeds(session, program, feeds, num_feeds, true, &batch);
  if (status != SLIM_OK) {
    return status;
  }
  slim_plan *plan = slim_session_plan(session, program, batch);
  return plan ? run_plan(session, plan, fetches, num_fetches) : session->error.status;
}

slim_status slim_session_run(slim_session *session, const slim_feed *feeds, size_t num_feeds, const slim_fetch *fetches,
                             size_t num_fetches)
{
  if (!session) {
    return SLIM_ERR_ARG;
  }
  slim_session_lock(session);
  const slim_status status = run(session, feeds, num_feeds, fetches, num_fetches);
  slim_session_unlock(session);
  return status;
}
