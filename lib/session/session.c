/* A session's life, and its variables. */
#include "session/session.h"

#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

void slim_session_lock(slim_session *session)
{
  pthread_mutex_lock(&session->lane->lock);
  if (session->host_lane) {
    pthread_mutex_lock(&session->host_lane->lock);
  }
  session->error = (slim_error){ SLIM_OK, "" };
}

void slim_session_unlock(slim_session *session)
{
  if (session->host_lane) {
    pthread_mutex_unlock(&session->host_lane->lock);
  }
  pthread_mutex_unlock(&session->lane->lock);
}

/* --- create and destroy ------------------------------------------------------------------------------------------- */

static slim_status take_values(slim_session *session, slim_values *values)
{
  if (values && slim_values_device(values) != session->device) {
    return slim_error_set(&session->error, SLIM_ERR_ARG,
                          "session: the values given are on device '%s', the session is on '%s'",
                          slim_values_device(values)->info.selector, session->device->info.selector);
  }
  session->values = values ? slim_values_share(values) : slim_values_create(session->device);
  return session->values ? SLIM_OK : slim_error_set(&session->error, SLIM_ERR_MEMORY, "session: no memory for values");
}

static slim_status take_lanes(slim_session *session)
{
  session->target.unified = slim_device_unified(session->device);
  session->host = session->device;
  slim_status status = SLIM_OK;
  if (!session->target.unified) {
    status = slim_host_device_acquire(&session->host_reference, &session->error);
    session->host = session->host_reference;
    session->host_lane = status == SLIM_OK ? slim_lane_acquire(session->host) : NULL;
  }
  session->lane = slim_lane_acquire(session->device);
  if (status == SLIM_OK && (!session->lane || (session->host_reference && !session->host_lane))) {
    status = slim_error_set(&session->error, SLIM_ERR_MEMORY, "session: no memory for a session");
  }
  return status;
}

static slim_status session_open(slim_session *session, slim_graph *graph, slim_device *device, slim_values *values)
{
  session->graph = graph;
  session->device = session->pool.device = session->target.device = device;
  if (graph->error.status != SLIM_OK) {
    return slim_error_set(&session->error, graph->error.status, "%s", graph->error.text);
  }
  const char *debug = getenv("SLIM_DEBUG");
  session->debug = debug && strcmp(debug, "1") == 0;
  slim_status status = slim_passes_parse(getenv("SLIM_PASSES"), &session->passes, &session->error);
  if (status == SLIM_OK) {
    status = take_lanes(session);
  }
  if (status == SLIM_OK) {
    status = take_values(session, values);
  }
  session->target.host = session->host;
  session->target.values = session->values;
  session->target.pool = &session->pool;
  return status;
}

slim_status slim_session_create(slim_graph *graph, slim_device *device, slim_values *values, slim_session **session,
                                slim_error *error)
{
  *session = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  if (!graph || !device) {
    return slim_error_set(error, SLIM_ERR_ARG, "session: no %s given", graph ? "device" : "graph");
  }
  slim_session *made = calloc(1, sizeof *made);
  if (!made) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "session: no memory for a session");
  }
  const slim_status status = session_open(made, graph, device, values);
  if (status != SLIM_OK) {
    slim_error_set(error, status, "%s", made->error.text);
    slim_session_destroy(made);
    return status;
  }
  *session = made;
  return SLIM_OK;
}

slim_session *slim_session_open(slim_graph *graph, const char *selector, slim_error *error)
{
  slim_device *device = NULL;
  slim_session *session = NULL;
  slim_error own = { SLIM_OK, "" };
  slim_error *first = error ? error : &own;
  (void)slim_device_open(selector, &device, first);
  if (slim_session_create(graph, device, NULL, &session, first) != SLIM_OK) {
    slim_device_close(device);
    return NULL;
  }
  session->own_device = device;
  return session;
}

static void release_pool(slim_pool *pool)
{
  for (size_t i = 0; i < pool->count; i++) {
    pool->device->backend->release(pool->device, pool->buffer[i]);
  }
  free(pool->buffer);
  free(pool->bytes);
}

void slim_session_destroy(slim_session *session)
{
  if (!session) {
    return;
  }
  if (session->values) {
    slim_session_lock(session);
    session->device->backend->finish(session->device);
    slim_session_leave_flag(session);
    slim_session_drop_sources(session);
    slim_session_drop_programs(session);
    release_pool(&session->pool);
    slim_session_unlock(session);
  }
  slim_values_destroy(session->values);
  slim_lane_release(session->host_lane);
  slim_lane_release(session->lane);
  slim_host_device_release(session->host_reference);
  slim_device_close(session->own_device);
  free(session->data);
  free(session->warned);
  free(session);
}

const char *slim_session_error(const slim_session *session)
{
  return session ? session->error.text : "";
}

slim_values *slim_session_values(slim_session *session)
{
  return session ? session->values : NULL;
}

slim_graph *slim_session_graph(const slim_session *session)
{
  return session ? session->graph : NULL;
}

slim_device *slim_session_device(slim_session *session)
{
  return session ? session->device : NULL;
}

slim_status slim_session_finish(slim_session *session)
{
  if (!session) {
    return SLIM_ERR_ARG;
  }
  slim_session_lock(session);
  const slim_status status = session->device->backend->finish(session->device);
  slim_device_blame(session->device, status, &session->error, "session: waiting for the device");
  session->in_flight = 0;
  slim_session_unlock(session);
  return status;
}

slim_status slim_session_recompute(slim_session *session, bool on)
{
  if (!session) {
    return SLIM_ERR_ARG;
  }
  slim_session_lock(session);
  const unsigned passes =
      on ? session->passes | SLIM_PASS(recompute) : session->passes & ~(unsigned)SLIM_PASS(recompute);
  slim_status status = SLIM_OK;
  if (passes != session->passes) {
    status = session->device->backend->finish(session->device);
    slim_device_blame(session->device, status, &session->error, "session: waiting for the device");
    slim_session_drop_programs(session);
    session->passes = passes;
  }
  slim_session_unlock(session);
  return status;
}

slim_status slim_session_half_weights(slim_session *session)
{
  if (!session) {
    return SLIM_ERR_ARG;
  }
  slim_session_lock(session);
  if (slim_values_bytes(session->values) > 0 && !slim_values_keeps_halves(session->values)) {
    slim_error_set(&session->error, SLIM_ERR_STATE,
                   "session: there are variables already; ask for half weights before they are read, set or restored");
  } else {
    slim_values_keep_halves(session->values);
  }
  const slim_status status = session->error.status;
  slim_session_unlock(session);
  return status;
}

/* --- variables ---------------------------------------------------------------------------------------------------- */

/* The variables of the graph, or those of one collection. */
static slim_tensor **list_variables(const slim_session *session, const char *collection, size_t *count)
{
  const slim_graph *graph = session->graph;
  slim_tensor **list = calloc(graph->num_nodes + 1, sizeof *list);
  const slim_tensors wanted = collection ? slim_get_collection(session->graph, collection, NULL) : (slim_tensors){ 0 };
  bool *in = calloc(graph->num_nodes + 1, sizeof *in);
  for (size_t i = 0; in && i < wanted.count; i++) {
    in[wanted.item[i]->node->id] = true;
  }
  for (size_t i = 0; list && in && i < graph->num_nodes; i++) {
    if (graph->nodes[i]->variable && (!collection || in[i])) {
      list[(*count)++] = &graph->nodes[i]->outputs[0];
    }
  }
  if (!in) {
    free(list);
    list = NULL;
  }
  free(in);
  return list;
}

static slim_status initialize(slim_session *session, const char *collection, bool again)
{
  size_t count = 0;
  slim_tensor **list = list_variables(session, collection, &count);
  if (!list) {
    return slim_error_set(&session->error, SLIM_ERR_MEMORY, "session: no memory for a list of variables");
  }
  slim_status status = slim_values_declare(session->values, list, count, &session->error);
  for (size_t i = 0; i < count && status == SLIM_OK; i++) {
    const slim_value *value = slim_values_find(session->values, list[i]->node->variable->full_name);
    if (again || !value->ready) {
      status = slim_value_initialize(session->values, list[i], &session->error);
    }
  }
  free(list);
  return status;
}

slim_status slim_session_initialize(slim_session *session)
{
  if (!session) {
    return SLIM_ERR_ARG;
  }
  slim_session_lock(session);
  const slim_status status = initialize(session, NULL, false);
  slim_session_unlock(session);
  return status;
}

slim_status slim_session_initialize_local(slim_session *session)
{
  if (!session) {
    return SLIM_ERR_ARG;
  }
  slim_session_lock(session);
  const slim_status status = initialize(session, SLIM_LOCAL_VARIABLES, true);
  slim_session_unlock(session);
  return status;
}

/* Room for all variables: one by one, as a checkpoint names them, each would have a buffer of its own. */
static slim_status declare_all(slim_session *session)
{
  size_t count = 0;
  slim_tensor **list = list_variables(session, NULL, &count);
  const slim_status status =
      list ? slim_values_declare(session->values, list, count, &session->error)
           : slim_error_set(&session->error, SLIM_ERR_MEMORY, "session: no memory for a list of variables");
  free(list);
  return status;
}

/* The value of a variable of this graph with room for it; NULL with the session's error set. */
static slim_value *find_variable(slim_session *session, const slim_tensor *variable, size_t bytes)
{
  slim_error *error = &session->error;
  if (!variable || variable->node->graph != session->graph || !variable->node->variable) {
    slim_error_set(error, SLIM_ERR_ARG, "session: '%s' is not a variable of this session's graph",
                   variable ? variable->name : "(null)");
    return NULL;
  }
  const char *name = variable->node->variable->full_name;
  slim_tensor *const list[] = { &variable->node->outputs[0] };
  if ((!slim_values_find(session->values, name) && declare_all(session) != SLIM_OK) ||
      slim_values_declare(session->values, list, 1, error) != SLIM_OK) {
    return NULL;
  }
  slim_value *value = slim_values_find(session->values, name);
  if (slim_value_data_bytes(value) != bytes) {
    slim_error_set(error, SLIM_ERR_ARG, "session: variable '%s' has %zu bytes, not %zu", value->name,
                   slim_value_data_bytes(value), bytes);
    return NULL;
  }
  return value;
}

/* The same of one that has a value. */
static const slim_value *find_ready(slim_session *session, const slim_tensor *variable, size_t bytes)
{
  const slim_value *value = find_variable(session, variable, bytes);
  if (value && !value->ready) {
    slim_error_set(&session->error, SLIM_ERR_STATE,
                   "variable '%s' has no value: call slim_session_initialize or restore a checkpoint", value->name);
    return NULL;
  }
  return value;
}

slim_status slim_session_get_variable(slim_session *session, const slim_tensor *variable, void *data, size_t bytes)
{
  if (!session) {
    return SLIM_ERR_ARG;
  }
  slim_session_lock(session);
  const slim_value *value = find_ready(session, variable, bytes);
  if (value) {
    (void)slim_value_read(session->values, value, data, &session->error);
  }
  const slim_status status = session->error.status;
  slim_session_unlock(session);
  return status;
}

slim_status slim_session_set_variable(slim_session *session, const slim_tensor *variable, const void *data,
                                      size_t bytes)
{
  if (!session) {
    return SLIM_ERR_ARG;
  }
  slim_session_lock(session);
  slim_value *value = find_variable(session, variable, bytes);
  if (value) {
    (void)slim_value_write(session->values, value, data, &session->error);
  }
  const slim_status status = session->error.status;
  slim_session_unlock(session);
  return status;
}

slim_status slim_session_fill_variable(slim_session *session, const slim_tensor *variable, size_t bytes,
                                       slim_value_fill_fn fill, void *user, slim_error *error)
{
  slim_session_lock(session);
  slim_value *value = find_variable(session, variable, bytes);
  const slim_status status = value ? slim_value_fill(session->values, value, fill, user, error)
                                   : slim_error_set(error, session->error.status, "%s", session->error.text);
  slim_session_unlock(session);
  return status;
}

slim_status slim_session_give_variable(slim_session *session, const slim_tensor *variable, size_t bytes,
                                       slim_value_put_fn put, void *user, slim_error *error)
{
  if (!session) {
    return slim_error_set(error, SLIM_ERR_ARG, "session is missing");
  }
  slim_session_lock(session);
  const slim_value *value = find_ready(session, variable, bytes);
  const slim_status status = value ? slim_value_give(session->values, value, put, user, error)
                                   : slim_error_set(error, session->error.status, "%s", session->error.text);
  slim_session_unlock(session);
  return status;
}
