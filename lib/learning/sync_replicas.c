/* Replicas that are aggregated, one after another: the mean of several batches' gradients makes one step. */
#include "learning/train_op.h"

#include "graph/state.h"
#include "ops/ops.h"
#include "slim/ops.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY = 512 };

/* The collection that lists what runs before a train op. */
static const char *key_of(const slim_tensor *train_op, char *key)
{
  (void)snprintf(key, KEY, "accumulate_ops/%s", train_op ? slim_tensor_name(train_op) : "");
  return key;
}

slim_tensors slim_accumulate_ops(slim_tensor *train_op)
{
  char key[KEY];
  return train_op ? slim_get_collection(slim_graph_of(train_op), key_of(train_op, key), NULL)
                  : (slim_tensors){ 0, NULL };
}

/* Of each gradient: where the sum is kept, and the sum with this batch's. */
typedef struct accumulator {
  slim_tensor *variable, *sum;
} accumulator;

static accumulator accumulate(const slim_gradient *g)
{
  slim_graph *graph = slim_graph_of(g->gradient);
  const char *name = slim_arena_printf(graph->arena, "%s/sync_replicas", slim_variable_full_name(g->variable));
  const slim_variable_spec spec = { .name = name,
                                    .exact = true,
                                    .reuse = SLIM_AUTO_REUSE,
                                    .shape = slim_tensor_shape(g->gradient),
                                    .initializer = SLIM_ZEROS,
                                    .collections = SLIM_LOCAL_VARIABLES };
  slim_tensor *variable = name ? slim_variable_make(graph, &spec) : slim_graph_no_memory(graph);
  return (accumulator){ variable, slim_add(variable, g->gradient) };
}

static slim_tensor *keep(slim_tensor *variable, slim_tensor *value)
{
  return slim_op_add((slim_tensor *[]){ variable, value }, 2, &slim_op_assign, "Assign", &(slim_assign_attr){ 0 });
}

/* All of keep as one. */
static slim_tensor *group(slim_graph *graph, slim_tensor **keeps, size_t count)
{
  return count ? slim_op_add(keeps, (int)count, &slim_op_group, "/", NULL) : graph->poison;
}

slim_gradient_list slim_sync_replicas(slim_gradient_list gradients, int replicas, slim_tensor **first,
                                      slim_tensor **next)
{
  const slim_gradient_list none = { 0, NULL };
  slim_graph *graph = slim_graph_of(gradients.item[0].variable);
  slim_gradient *mean = slim_arena_array(graph->arena, gradients.count, sizeof *mean);
  slim_tensor **keeps = calloc(2 * gradients.count, sizeof(slim_tensor *));
  size_t count = 0;
  const slim_stage before = slim_graph_set_stage(graph, SLIM_STAGE_OPTIMIZE);
  slim_scope scope = slim_name_scope_begin(graph, "sync_replicas");
  for (size_t i = 0; mean && keeps && i < gradients.count; i++) {
    mean[i] = gradients.item[i];
    if (mean[i].gradient) {
      const accumulator a = accumulate(&mean[i]);
      keeps[count] = keep(a.variable, mean[i].gradient);
      keeps[gradients.count + count++] = keep(a.variable, a.sum);
      mean[i].gradient = slim_scale(a.sum, 1.0f / (float)replicas, 0.0f);
    }
  }
  *first = keeps ? group(graph, keeps, count) : graph->poison;
  *next = keeps ? group(graph, keeps + gradients.count, count) : graph->poison;
  slim_scope_end(&scope);
  (void)slim_graph_set_stage(graph, before);
  free(keeps);
  return mean && keeps ? (slim_gradient_list){ gradients.count, mean } : none;
}

void slim_sync_replicas_list(slim_tensor *train_op, slim_tensor *first, slim_tensor *next, int replicas)
{
  char key[KEY];
  for (int i = 1; i < replicas; i++) {
    (void)slim_add_to_collection(key_of(train_op, key), i == 1 ? first : next);
  }
}
