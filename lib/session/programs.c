/* The programs and plans that a session has compiled. */
#include "session/session.h"

#include <stdlib.h>
#include <string.h>

/* Compiling reads collections, which the graph answers from its own memory: one session at a time. */
static pthread_mutex_t compile_lock = PTHREAD_MUTEX_INITIALIZER;

static void program_destroy(slim_program *program)
{
  while (program->plans) {
    slim_plan *plan = program->plans;
    program->plans = plan->next;
    slim_plan_destroy(plan);
  }
  slim_arena_destroy(program->arena);
}

static void drop(slim_program **list)
{
  while (*list) {
    slim_program *program = *list;
    *list = program->next;
    program_destroy(program);
  }
}

void slim_session_drop_programs(slim_session *session)
{
  drop(&session->programs);
  session->last = NULL;
}

void slim_session_drop_traces(slim_session *session)
{
  drop(&session->traces);
}

static bool same_fetches(const slim_program *program, const slim_fetch *fetches, size_t count)
{
  if (program->num_fetches != count) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    const bool wanted = program->forward_only || fetches[i].data != NULL;
    if (program->fetches[i] != fetches[i].tensor || program->wanted[i] != wanted) {
      return false;
    }
  }
  return true;
}

static slim_status check_fetches(slim_session *session, const slim_fetch *fetches, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const slim_tensor *tensor = fetches[i].tensor;
    if (!tensor || slim_is_poison(tensor) || tensor->node->graph != session->graph) {
      return slim_error_set(&session->error, SLIM_ERR_ARG, "session: fetch %zu ('%s') is no tensor of this graph", i,
                            tensor ? tensor->name : "(null)");
    }
  }
  return count > 0 ? SLIM_OK : slim_error_set(&session->error, SLIM_ERR_ARG, "session: nothing to fetch");
}

static slim_program *program_alloc(slim_session *session, const slim_fetch *fetches, size_t count, bool trace)
{
  slim_arena *arena = slim_arena_create();
  slim_program *program = slim_arena_alloc(arena, sizeof *program);
  slim_tensor **tensors = slim_arena_array(arena, count, sizeof *tensors);
  bool *wanted = slim_arena_array(arena, count, sizeof *wanted);
  if (!program || !tensors || !wanted) {
    slim_arena_destroy(arena);
    slim_error_set(&session->error, SLIM_ERR_MEMORY, "session: no memory for a program");
    return NULL;
  }
  for (size_t i = 0; i < count; i++) {
    tensors[i] = fetches[i].tensor;
    wanted[i] = trace || fetches[i].data != NULL;
  }
  *program = (slim_program){ .arena = arena,
                             .graph = session->graph,
                             .num_nodes = session->graph->num_nodes,
                             .passes = session->passes,
                             .forward_only = trace,
                             .num_fetches = count,
                             .fetches = tensors,
                             .wanted = wanted };
  return program;
}

static slim_status declare_variables(slim_session *session, const slim_program *program)
{
  slim_tensor **list = calloc(program->num_variables + 1, sizeof *list);
  if (!list) {
    return slim_error_set(&session->error, SLIM_ERR_MEMORY, "session: no memory for a list of variables");
  }
  for (size_t i = 0; i < program->num_variables; i++) {
    list[i] = &program->variables[i]->outputs[0];
  }
  const slim_status status = slim_values_declare(session->values, list, program->num_variables, &session->error);
  free(list);
  return status;
}

static slim_program *program_create(slim_session *session, const slim_fetch *fetches, size_t count, bool trace)
{
  slim_program *program = program_alloc(session, fetches, count, trace);
  if (!program) {
    return NULL;
  }
  program->passes &= trace ? ~(SLIM_PASS(batch_norm) | SLIM_PASS(backward) | SLIM_PASS(recompute) | SLIM_PASS(fuse) | SLIM_PASS(in_place) | SLIM_PASS(fold)) : ~0u;
  pthread_mutex_lock(&compile_lock);
  slim_status status = slim_pass_prune(program, &session->error);
  pthread_mutex_unlock(&compile_lock);
  if (status == SLIM_OK) {
    status = declare_variables(session, program);
  }
  if (status != SLIM_OK) {
    program_destroy(program);
    return NULL;
  }
  return program;
}

slim_program *slim_session_program(slim_session *session, slim_program **list, const slim_fetch *fetches, size_t count)
{
  for (slim_program *p = *list; p && p->num_nodes == session->graph->num_nodes; p = p->next) {
    if (same_fetches(p, fetches, count)) {
      return p;
    }
  }
  if (session->graph->error.status != SLIM_OK) {
    slim_error_set(&session->error, session->graph->error.status, "%s", session->graph->error.text);
    return NULL;
  }
  if (check_fetches(session, fetches, count) != SLIM_OK) {
    return NULL;
  }
  if (*list && (*list)->num_nodes != session->graph->num_nodes) { /* the graph has grown: update ops may be new */
    session->device->backend->finish(session->device);
    slim_session_drop_programs(session);
  }
  slim_program *program = program_create(session, fetches, count, list == &session->traces);
  if (program) {
    program->next = *list;
    *list = program;
  }
  return program;
}

slim_plan *slim_session_plan(slim_session *session, slim_program *program, int batch)
{
  for (slim_plan *plan = program->plans; plan; plan = plan->next) {
    if (plan->batch == batch) {
      return plan;
    }
  }
  slim_plan *plan = slim_plan_create(program, batch, &session->target, &session->error);
  if (plan) {
    plan->next = program->plans;
    program->plans = plan;
  }
  return plan;
}
