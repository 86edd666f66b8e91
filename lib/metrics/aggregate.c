/* Metrics as lists and maps. */
#include "metrics/metric.h"

#include <string.h>

/* Each metric has a name of its own. */
static bool names_usable(slim_graph *graph, const slim_named_metric *metrics, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const char *name = metrics[i].name;
    if (!name || !*name) {
      (void)slim_graph_fail(graph, SLIM_ERR_ARG, "aggregate_metric_map: metric %zu of %zu lacks its name", i + 1,
                            count);
      return false;
    }
    for (size_t k = 0; k < i; k++) {
      if (strcmp(metrics[k].name, name) == 0) {
        (void)slim_graph_fail(graph, SLIM_ERR_ARG, "aggregate_metric_map: two metrics are called '%s'", name);
        return false;
      }
    }
  }
  return true;
}

/* Copies of the metric at each step bytes; empty, with the error of call recorded, when one is missing. */
static slim_metric_map gather(slim_graph *graph, const char *call, const slim_metric *first, size_t step, size_t count)
{
  slim_tensor **value = slim_arena_array(graph->arena, count, sizeof(slim_tensor *));
  slim_tensor **update = slim_arena_array(graph->arena, count, sizeof(slim_tensor *));
  if (!value || !update) {
    (void)slim_graph_fail(graph, SLIM_ERR_MEMORY, "%s: out of memory", call);
    return (slim_metric_map){ 0 };
  }
  for (size_t i = 0; i < count; i++) {
    const slim_metric *metric = (const slim_metric *)(const void *)((const char *)first + i * step);
    if (!metric->value || !metric->update) {
      (void)slim_graph_fail(graph, SLIM_ERR_ARG, "%s: metric %zu of %zu lacks its tensors", call, i + 1, count);
      return (slim_metric_map){ 0 };
    }
    value[i] = metric->value;
    update[i] = metric->update;
  }
  return (slim_metric_map){ count, NULL, { count, value }, { count, update } };
}

slim_metric_map slim_aggregate_metric_map(const slim_named_metric *metrics, size_t count)
{
  slim_graph *graph = count ? slim_graph_of(metrics[0].metric.value) : NULL;
  if (!graph || !names_usable(graph, metrics, count)) {
    return (slim_metric_map){ 0 };
  }
  slim_metric_map map = gather(graph, "aggregate_metric_map", &metrics[0].metric, sizeof *metrics, count);
  const char **name = slim_arena_array(graph->arena, count, sizeof *name);
  bool good = name != NULL;
  for (size_t i = 0; good && i < map.count; i++) {
    good = (name[i] = slim_arena_strdup(graph->arena, metrics[i].name)) != NULL;
  }
  if (!good) {
    (void)slim_graph_fail(graph, SLIM_ERR_MEMORY, "aggregate_metric_map: out of memory");
    return (slim_metric_map){ 0 };
  }
  map.name = map.count ? name : NULL;
  return map;
}

slim_metric_map slim_aggregate_metrics(const slim_metric *metrics, size_t count)
{
  slim_graph *graph = NULL;
  for (size_t i = 0; i < count && !graph; i++) {
    graph = slim_graph_of(metrics[i].value);
  }
  return graph ? gather(graph, "aggregate_metrics", metrics, sizeof *metrics, count) : (slim_metric_map){ 0 };
}
