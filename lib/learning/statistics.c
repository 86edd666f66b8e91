/* Statistics of batch norm that no run has updated, although training went on: a net that would evaluate wrongly. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "graph/graph.h"
#include "learning/train.h"

/* Has the session the value that the variable begins with? false also where that cannot be told. */
static bool as_it_began(slim_session *session, const slim_tensor *variable)
{
  const slim_shape shape = slim_tensor_shape(variable);
  const size_t bytes = slim_shape_elements(&shape) * slim_dtype_size(slim_tensor_dtype(variable));
  char *now = malloc(2 * bytes + 1);
  bool same = false;
  if (now && slim_session_get_variable(session, variable, now, bytes) == SLIM_OK) {
    slim_variable_initial_value(variable, now + bytes);
    same = memcmp(now, now + bytes, bytes) == 0;
  }
  free(now);
  return same;
}

void slim_learning_check_statistics(slim_session *session, slim_graph *graph, int64_t step)
{
  const slim_tensors variances = slim_get_variables_by_suffix(graph, "/moving_variance", NULL);
  const slim_tensor *first = NULL;
  size_t untouched = 0;
  for (size_t i = 0; step > 0 && i < variances.count; i++) {
    if (as_it_began(session, variances.item[i])) {
      first = first ? first : variances.item[i];
      untouched++;
    }
  }
  if (first) {
    slim_log_write(SLIM_LOG_WARNING,
                   "after %lld steps %zu of %zu batch norms have the moving statistics that they began with, '%s' for "
                   "one: with is_training off they do not normalise; train with is_training on and update ops",
                   (long long)step, untouched, variances.count, slim_variable_full_name(first));
  }
}
