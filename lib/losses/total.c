/* Losses as collections: adding, listing, summing up. */
#include "losses/loss.h"

const slim_layer_info slim_layer_add_loss = { slim_add_loss, "add_loss", { SLIM_OPTION(loss_collection) } };

slim_tensor *(slim_add_loss)(const slim_args *args)
{
  slim_call call;
  if (!slim_call_open(&call, &slim_layer_add_loss, args)) {
    return slim_loss_refuse(&call);
  }
  if (!call.args.input) {
    return slim_fail(&call, SLIM_ERR_ARG, "the loss is missing");
  }
  const char *collection = call.args.loss_collection ? call.args.loss_collection : SLIM_LOSSES;
  if (*collection) {
    (void)slim_add_to_collection(collection, call.args.input);
  }
  return call.args.input;
}

slim_tensors slim_get_losses(slim_graph *graph, const char *scope, const char *collection)
{
  return slim_get_collection(graph, collection ? collection : SLIM_LOSSES, scope);
}

slim_tensors slim_get_regularization_losses(slim_graph *graph, const char *scope)
{
  return slim_get_collection(graph, SLIM_REGULARIZATION_LOSSES, scope);
}

slim_tensor *slim_get_total_loss(slim_graph *graph, bool regularization, const char *name)
{
  const char *op = name ? name : "total_loss";
  const slim_tensors losses = slim_get_losses(graph, NULL, NULL);
  const slim_tensors penalties = regularization ? slim_get_regularization_losses(graph, NULL) : (slim_tensors){ 0 };
  const size_t count = losses.count + penalties.count;
  if (!graph || slim_graph_status(graph) != SLIM_OK) {
    return graph ? graph->poison : NULL;
  }
  if (count == 0 || count > INT32_MAX) {
    return slim_graph_fail(graph, SLIM_ERR_STATE, "get_total_loss '%s': there is no loss yet; call a loss first", op);
  }
  slim_tensor **all = slim_arena_array(graph->arena, count, sizeof(slim_tensor *));
  if (!all) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "get_total_loss '%s': out of memory", op);
  }
  for (size_t i = 0; i < count; i++) {
    all[i] = i < losses.count ? losses.item[i] : penalties.item[i - losses.count];
  }
  return slim_op_add(all, (int)count, &slim_op_add_n, op, NULL);
}
