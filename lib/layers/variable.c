/* Variables as layers make them: arg scopes apply, regularizers add their penalty. */
#include "layers/variable.h"

#define ACCEPTED                                                                                                       \
  SLIM_OPTION(dtype), SLIM_OPTION(initializer), SLIM_OPTION(regularizer), SLIM_OPTION(trainable),                      \
      SLIM_OPTION(collections), SLIM_OPTION(device), SLIM_OPTION(reuse)

const slim_layer_info slim_layer_variable = { slim_variable, "variable", { ACCEPTED } };
const slim_layer_info slim_layer_model_variable = { slim_model_variable, "model_variable", { ACCEPTED } };

static slim_tensor *make(const slim_call *call, const char *collections)
{
  const slim_args *args = &call->args;
  slim_tensor *created = NULL;
  slim_tensor *variable =
      slim_variable_make(call->graph, &(slim_variable_spec){ .name = args->name,
                                                             .dtype = args->dtype,
                                                             .shape = args->shape,
                                                             .initializer = args->initializer,
                                                             .regularizer = args->regularizer,
                                                             .trainable = slim_flag_or(args->trainable, true),
                                                             .collections = collections,
                                                             .device = args->device,
                                                             .reuse = args->reuse,
                                                             .created = &created });
  if (created) {
    (void)slim_penalty_add(created, args->regularizer);
  }
  return variable;
}

slim_tensor *(slim_variable)(const slim_args *args)
{
  slim_call call;
  if (!slim_call_open(&call, &slim_layer_variable, args)) {
    return call.graph ? call.graph->poison : NULL;
  }
  return make(&call, call.args.collections);
}

slim_tensor *(slim_model_variable)(const slim_args *args)
{
  slim_call call;
  if (!slim_call_open(&call, &slim_layer_model_variable, args)) {
    return call.graph ? call.graph->poison : NULL;
  }
  const char *given = call.args.collections ? call.args.collections : "";
  const char *all =
      slim_arena_printf(call.graph->arena, "%s,%s,%s", given, SLIM_GLOBAL_VARIABLES, SLIM_MODEL_VARIABLES);
  return all ? make(&call, all) : slim_graph_fail(call.graph, SLIM_ERR_MEMORY, "model_variable: out of memory");
}
