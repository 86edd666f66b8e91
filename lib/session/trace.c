/* Which op was the first whose result is not finite? A forward run, op by op. */
#include "session/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number of elements that are not finite; *first is the first of them. */
static size_t count_bad(const float *x, size_t n, size_t *first)
{
  size_t bad = 0;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(x[i])) {
      *first = bad == 0 ? i : *first;
      bad++;
    }
  }
  return bad;
}

static void describe_bad(slim_session *session, const slim_tensor *tensor, const slim_plan_tensor *t, const float *data)
{
  const size_t n = t->bytes / sizeof *data;
  size_t first = 0;
  const size_t bad = count_bad(data, n, &first);
  if (bad > 0) {
    char shape[96];
    (void)snprintf(session->trace, sizeof session->trace,
                   "%s '%s' %s: %zu of %zu elements not finite, number %zu is %g", tensor->node->op->name, tensor->name,
                   slim_shape_format(&t->shape, shape, sizeof shape), bad, n, first, (double)data[first]);
  }
}

/* What makes a cross entropy of labels nan where its logits are finite: a label that is no class. */
static void describe_label(slim_session *session, slim_plan *plan, const slim_tensor *loss, const float *losses)
{
  const slim_tensor *logits = loss->node->inputs[0], *labels = loss->node->inputs[1];
  const slim_plan_tensor *t = &plan->tensors[labels->id];
  size_t row = 0;
  void *data = malloc(t->bytes);
  if (count_bad(losses, plan->tensors[loss->id].bytes / sizeof *losses, &row) > 0 && data &&
      slim_session_download(session, plan, labels, data) == SLIM_OK) {
    const int64_t label = t->dtype == SLIM_INT64 ? ((const int64_t *)data)[row] : ((const int32_t *)data)[row];
    const size_t used = strlen(session->trace);
    (void)snprintf(session->trace + used, sizeof session->trace - used, ", its label is %lld and there are %d classes",
                   (long long)label, logits->shape.dim[1]);
  }
  free(data);
}

/* @return true to go on: the tensor is finite, or has no memory. */
static bool look(slim_session *session, slim_plan *plan, const slim_tensor *tensor)
{
  const slim_plan_tensor *t = &plan->tensors[tensor->id], *root = slim_plan_root(plan, tensor);
  const slim_view *view = &root->view[root->home];
  if (t->dtype != SLIM_FLOAT32 || (!view->buffer && !view->host && root->num_parts == 0)) {
    return true;
  }
  float *data = malloc(t->bytes);
  if (data && slim_session_download(session, plan, tensor, data) == SLIM_OK) {
    describe_bad(session, tensor, t, data);
    if (tensor == &tensor->node->outputs[0] && tensor->node->op == &slim_op_sparse_softmax_cross_entropy) {
      describe_label(session, plan, tensor, data);
    }
  }
  free(data);
  return session->trace[0] == '\0' && session->error.status == SLIM_OK;
}

static bool look_at_sources(slim_session *session, slim_plan *plan)
{
  const slim_program *program = plan->program;
  bool go_on = true;
  for (size_t i = 0; i < program->num_variables && go_on; i++) {
    go_on = look(session, plan, &program->variables[i]->outputs[0]);
  }
  for (size_t i = 0; i < program->num_placeholders && go_on; i++) {
    go_on = look(session, plan, &program->placeholders[i]->outputs[0]);
  }
  return go_on;
}

static bool look_at_step(slim_session *session, slim_plan *plan, slim_plan_step *step)
{
  const slim_status status = slim_plan_step_run(plan, step, &session->run);
  if (status != SLIM_OK) {
    slim_error_set(&session->error, status, "%s", plan->error.text);
    return false;
  }
  bool go_on = true;
  for (int i = 0; step->kind == SLIM_STEP_RUN && i < step->group->group.num_out && go_on; i++) {
    go_on = look(session, plan, slim_group_out(&step->group->group, i));
  }
  return go_on;
}

static void trace(slim_session *session, const slim_feed *feeds, size_t num_feeds, const slim_fetch *fetches,
                  size_t num_fetches)
{
  int batch = 0;
  slim_program *program = slim_session_program(session, &session->traces, fetches, num_fetches);
  if (!program || slim_session_bind_feeds(session, program, feeds, num_feeds, false, &batch) != SLIM_OK) {
    return;
  }
  slim_plan *plan = slim_session_plan(session, program, batch);
  if (!plan || slim_session_check_ready(session, plan) != SLIM_OK || slim_session_upload(session, plan, false) != SLIM_OK) {
    return;
  }
  bool go_on = look_at_sources(session, plan);
  for (size_t i = 0; i < plan->num_run && go_on; i++) {
    go_on = look_at_step(session, plan, &plan->steps[i]);
  }
  if (plan->check) {
    (void)slim_session_clear_flag(session);
  }
}

const char *slim_session_trace_numerics(slim_session *session, const slim_feed *feeds, size_t num_feeds,
                                        const slim_fetch *fetches, size_t num_fetches)
{
  slim_session_lock(session);
  session->trace[0] = '\0';
  trace(session, feeds, num_feeds, fetches, num_fetches);
  slim_session_drop_traces(session);
  slim_session_unlock(session);
  return session->trace;
}
