/* Collections: ordered lists of tensors by key; items of end-point collections have aliases. */
#include "graph/state.h"

#include <string.h>

static bool stands_in(const slim_list *list, const slim_tensor *tensor)
{
  for (size_t i = 0; i < list->count; i++) {
    if (((const slim_item *)list->item[i])->tensor == tensor) {
      return true;
    }
  }
  return false;
}

static slim_list *find_list(const slim_graph *graph, const char *key)
{
  return graph && key ? slim_map_get(&graph->collections->lists, key) : NULL;
}

static slim_list *get_list(slim_graph *graph, const char *key)
{
  slim_map_entry *entry = slim_map_add(graph->arena, &graph->collections->lists, key);
  if (entry && !entry->value) {
    entry->value = slim_arena_alloc(graph->arena, sizeof(slim_list));
  }
  return entry ? entry->value : NULL;
}

static slim_status add_one(slim_graph *graph, const char *key, slim_tensor *tensor, const char *alias, bool unique)
{
  slim_list *list = key ? get_list(graph, key) : NULL;
  if (list && unique && stands_in(list, tensor)) {
    return SLIM_OK;
  }
  const slim_item item = { tensor, alias };
  slim_item *kept = list ? slim_arena_copy(graph->arena, &item, sizeof item) : NULL;
  if (!kept || !slim_list_push(graph->arena, list, kept)) {
    (void)slim_graph_no_memory(graph);
    return SLIM_ERR_MEMORY;
  }
  return SLIM_OK;
}

slim_status slim_collections_add(slim_graph *graph, const char *keys, slim_tensor *tensor, const char *alias,
                                 bool unique)
{
  while (*keys) {
    const size_t length = strcspn(keys, ",");
    if (length) {
      const slim_status status = add_one(graph, slim_arena_strndup(graph->arena, keys, length), tensor, alias, unique);
      if (status != SLIM_OK) {
        return status;
      }
    }
    keys += length + (keys[length] == ',');
  }
  return SLIM_OK;
}

slim_status slim_add_to_collection(const char *key, slim_tensor *tensor)
{
  if (!tensor) {
    return SLIM_ERR_ARG;
  }
  slim_graph *graph = tensor->node->graph;
  if (slim_is_poison(tensor)) {
    return graph->error.status;
  }
  if (!key) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "collection of '%s': no key", tensor->name);
    return SLIM_ERR_ARG;
  }
  return slim_collections_add(graph, key, tensor, NULL, false);
}

slim_status slim_add_end_point(const char *collection, const char *alias, slim_tensor *tensor)
{
  if (!tensor || !collection || !alias) {
    return SLIM_ERR_ARG;
  }
  slim_graph *graph = tensor->node->graph;
  if (slim_is_poison(tensor)) {
    return graph->error.status;
  }
  const char *kept = slim_arena_strdup(graph->arena, alias);
  if (!kept) {
    (void)slim_graph_no_memory(graph);
    return SLIM_ERR_MEMORY;
  }
  return slim_collections_add(graph, collection, tensor, kept, false);
}

size_t slim_collection_count(const slim_graph *graph, const char *key)
{
  const slim_list *list = find_list(graph, key);
  return list ? list->count : 0;
}

slim_item slim_collection_item(const slim_graph *graph, const char *key, size_t i)
{
  return *(const slim_item *)find_list(graph, key)->item[i];
}

slim_tensors slim_get_collection(slim_graph *graph, const char *key, const char *scope)
{
  const slim_list *list = find_list(graph, key);
  slim_pattern *pattern = list && scope ? slim_pattern_create(graph, scope, true) : NULL;
  slim_list found = { 0 };
  for (size_t i = 0; list && i < list->count; i++) {
    slim_tensor *tensor = ((const slim_item *)list->item[i])->tensor;
    if ((!scope || slim_pattern_matches(pattern, tensor->name)) && !slim_list_push(graph->arena, &found, tensor)) {
      (void)slim_graph_no_memory(graph);
    }
  }
  slim_pattern_destroy(pattern);
  return slim_tensors_of(&found);
}

const char *slim_end_point_alias(slim_graph *graph, const char *collection, size_t i)
{
  if (i >= slim_collection_count(graph, collection)) {
    return NULL;
  }
  const slim_item item = slim_collection_item(graph, collection, i);
  return item.alias ? item.alias : item.tensor->node->name;
}

slim_tensor *slim_end_point(slim_graph *graph, const char *collection, const char *alias)
{
  for (size_t i = slim_collection_count(graph, collection); alias && i-- > 0;) {
    if (strcmp(slim_end_point_alias(graph, collection, i), alias) == 0) {
      return slim_collection_item(graph, collection, i).tensor;
    }
  }
  return NULL;
}
