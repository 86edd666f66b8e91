#include "evaluation.h"

#include <slim/slim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const metric_names[NUM_METRICS] = { "eval/Accuracy", "eval/Recall_5", "eval/Loss" };

slim_status metrics_add(metrics *m, const model *net, slim_error *error)
{
  slim_tensor *losses =
      slim_sparse_softmax_cross_entropy(net->logits, net->labels, .reduction = SLIM_REDUCTION_NONE, .loss_collection = "");
  const slim_metric all[NUM_METRICS] = {
    [METRIC_ACCURACY] = slim_streaming_accuracy(slim_argmax(net->logits, 1), net->labels),
    [METRIC_RECALL_5] = slim_streaming_recall_at_k(net->logits, net->labels, 5),
    [METRIC_LOSS] = slim_streaming_mean(losses, .name = "loss"),
  };
  for (size_t i = 0; i < NUM_METRICS; i++) {
    m->updates[i] = all[i].update;
    m->finals[i] = all[i].value;
  }
  (void)slim_get_or_create_global_step(net->graph);
  return slim_graph_status(net->graph) == SLIM_OK
             ? SLIM_OK
             : slim_error_set(error, slim_graph_status(net->graph), "%s", slim_graph_error(net->graph));
}

slim_status metrics_choose_averages(metrics *m, const model *net, slim_error *error)
{
  const slim_tensors variables = slim_get_model_variables(net->graph, NULL, NULL);
  m->restore = calloc(variables.count + 1, sizeof *m->restore);
  for (size_t i = 0; i < variables.count && m->restore; i++) {
    const char *name = slim_variable_full_name(variables.item[i]), *suffix = "/ExponentialMovingAverage";
    const size_t size = strlen(name) + strlen(suffix) + 1;
    char *average = malloc(size);
    if (!average) {
      break;
    }
    (void)snprintf(average, size, "%s%s", name, suffix);
    m->restore[m->num_restore++] = (slim_restore){ average, variables.item[i] };
  }
  if (!m->restore || m->num_restore != variables.count) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a list of %zu variables", variables.count);
  }
  m->restore[m->num_restore++].variable = slim_get_global_step(net->graph);
  return SLIM_OK;
}

void metrics_release(metrics *m)
{
  for (size_t i = 0; i < m->num_restore; i++) {
    free((void *)(uintptr_t)m->restore[i].name);
  }
  free(m->restore);
}

int64_t metrics_batches(int64_t samples, int64_t batch_size, int64_t most)
{
  const int64_t all = (samples + batch_size - 1) / batch_size;
  return most && most < all ? most : all;
}
