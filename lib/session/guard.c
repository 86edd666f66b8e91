/* Input that was not prepared as its net expects it. */
#include "session/session.h"

#include "base/log.h"
#include "graph/graph.h"

#include <stdlib.h>

enum { SHARE = 100 }; /* one of so many values may lie outside: standardised images have a few that do */

static bool warned_before(slim_session *session, const slim_node *node)
{
  for (size_t i = 0; i < session->num_warned; i++) {
    if (session->warned[i] == node) {
      return true;
    }
  }
  return false;
}

static void warn(slim_session *session, const slim_node *node, const slim_source_attr *range, size_t percent,
                 const float *ends)
{
  const slim_node **grown = realloc(session->warned, (session->num_warned + 1) * sizeof(const slim_node *));
  if (grown) {
    session->warned = grown;
    session->warned[session->num_warned++] = node;
  }
  slim_log_write(SLIM_LOG_WARNING,
                 "placeholder '%s': %zu %% of its values are far outside of the declared range [%g, %g], they go from "
                 "%g to %g; was preprocessing left out?",
                 node->name, percent, (double)range->low, (double)range->high, (double)ends[0], (double)ends[1]);
}

void slim_session_check_range(slim_session *session, const slim_plan *plan, const slim_node *node, const void *data)
{
  const slim_source_attr *range = node->attr;
  const slim_plan_tensor *t = &plan->tensors[node->outputs[0].id];
  const float *x = data, width = range->high - range->low;
  const size_t count = t->bytes / sizeof *x;
  if (t->dtype != SLIM_FLOAT32 || !(width > 0.0f) || warned_before(session, node)) {
    return;
  }
  size_t outside = 0;
  float ends[2] = { x[0], x[0] };
  for (size_t i = 0; i < count; i++) {
    outside += x[i] < range->low - width || x[i] > range->high + width;
    ends[0] = x[i] < ends[0] ? x[i] : ends[0];
    ends[1] = x[i] > ends[1] ? x[i] : ends[1];
  }
  if (outside > count / SHARE) {
    warn(session, node, range, outside * 100 / count, ends);
  }
}

void slim_session_debug(slim_session *session, bool on)
{
  if (session) {
    slim_session_lock(session);
    session->debug = on;
    slim_session_unlock(session);
  }
}
