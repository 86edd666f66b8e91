#include "layers/layer.h"

#include <stdio.h>
#include <string.h>

bool slim_layer_open(slim_call *call, const slim_layer_info *info, const slim_args *args)
{
  if (!slim_call_open(call, info, args)) {
    return false;
  }
  if (!call->args.input) {
    (void)slim_fail(call, SLIM_ERR_ARG, "the input is missing");
    return false;
  }
  return true;
}

slim_tensor *slim_layer_refuse(const slim_call *call)
{
  return call->graph ? call->graph->poison : NULL;
}

bool slim_layer_nchw(const slim_call *call)
{
  return call->args.data_format == SLIM_NCHW;
}

static bool refuse_rank(slim_call *call, const char *wanted)
{
  const slim_shape *in = &call->args.input->shape;
  char text[128];
  (void)slim_fail(call, SLIM_ERR_SHAPE, "input %s has rank %d, must have rank %s",
                  slim_shape_format(in, text, sizeof text), in->rank, wanted);
  return false;
}

bool slim_layer_image(slim_call *call)
{
  return slim_layer_rank_is(call, 4);
}

bool slim_layer_rank_is(slim_call *call, int rank)
{
  char wanted[16];
  (void)snprintf(wanted, sizeof wanted, "%d", rank);
  return call->args.input->shape.rank == rank || refuse_rank(call, wanted);
}

bool slim_layer_spatial(slim_call *call)
{
  const int rank = call->args.input->shape.rank;
  return (rank >= 3 && rank <= 5) || refuse_rank(call, "3, 4 or 5");
}

bool slim_layer_rank(slim_call *call, int least)
{
  char wanted[32];
  (void)snprintf(wanted, sizeof wanted, "%d or more", least);
  return call->args.input->shape.rank >= least || refuse_rank(call, wanted);
}

bool slim_layer_outputs(slim_call *call)
{
  if (call->args.num_outputs < 1) {
    (void)slim_fail(call, SLIM_ERR_ARG, "num_outputs is %d, must be at least 1", call->args.num_outputs);
    return false;
  }
  return true;
}

bool slim_layer_kernel(slim_call *call)
{
  const slim_hw kernel = call->args.kernel;
  if (kernel.h < 1 || kernel.w < 1) {
    (void)slim_fail(call, SLIM_ERR_ARG, "kernel [%d,%d] must be at least 1", kernel.h, kernel.w);
    return false;
  }
  return true;
}

slim_conv2d_attr slim_layer_convolution(const slim_call *call)
{
  const slim_args *a = &call->args;
  return (slim_conv2d_attr){ .stride = slim_option_hw(a->stride, 1),
                             .rate = slim_option_hw(a->rate, 1),
                             .padding = a->padding ? a->padding : SLIM_SAME,
                             .nchw = slim_layer_nchw(call) };
}

slim_pool2d_attr slim_layer_pooling(const slim_call *call, int stride)
{
  const slim_args *a = &call->args;
  return (slim_pool2d_attr){ .kernel = a->kernel,
                             .stride = slim_option_hw(a->stride, stride),
                             .padding = a->padding ? a->padding : SLIM_VALID,
                             .nchw = slim_layer_nchw(call) };
}

int slim_layer_channels(const slim_call *call, const slim_tensor *x)
{
  return x->shape.dim[slim_layer_nchw(call) ? 1 : x->shape.rank - 1];
}

slim_hw slim_option_hw(slim_hw hw, int otherwise)
{
  return hw.h || hw.w ? hw : (slim_hw){ otherwise, otherwise };
}

slim_initializer slim_option_initializer(slim_initializer given, slim_initializer otherwise)
{
  return given.kind == SLIM_INIT_UNSET ? otherwise : given;
}

slim_initializer slim_layer_initializer(const slim_call *call)
{
  return slim_option_initializer(call->args.weights_initializer, SLIM_XAVIER);
}

bool slim_layer_training(slim_call *call)
{
  const slim_tensor *training = call->args.training;
  if (training && training->shape.rank != 0) {
    char text[128];
    (void)slim_fail(call, SLIM_ERR_SHAPE, "training '%s' %s must be a scalar", training->name,
                    slim_shape_format(&training->shape, text, sizeof text));
    return false;
  }
  return true;
}

slim_tensor *slim_layer_chosen(const slim_call *call, slim_tensor *yes, slim_tensor *no)
{
  slim_tensor *share = slim_cast(call->args.training, SLIM_FLOAT32);
  return slim_add(slim_mul(yes, share), slim_mul(no, slim_scale(share, -1.0f, 1.0f)));
}

/* --- variables ---------------------------------------------------------------------------------------------------- */

/* The collections of variables_collections for this kind: "a,b" goes to all, "weights=a" to one. NULL without memory.
 */
static const char *collections_of(const slim_call *call, const char *kind)
{
  const char *list = call->args.variables_collections;
  const size_t length = strlen(kind);
  const char *chosen = "";
  while (chosen && list && *list) {
    const size_t size = strcspn(list, ",");
    const char *equals = memchr(list, '=', size);
    const char *key = equals ? equals + 1 : list;
    if (!equals || ((size_t)(equals - list) == length && memcmp(list, kind, length) == 0)) {
      chosen = slim_arena_printf(call->graph->arena, "%s,%.*s", chosen, (int)(list + size - key), key);
    }
    list += size + (list[size] == ',');
  }
  return chosen;
}

/* collections NULL: there was no memory for them. */
static slim_tensor *make_variable(slim_call *call, slim_layer_fn make, const char *name, const char *collections,
                                  slim_shape shape, slim_initializer initializer, slim_regularizer regularizer,
                                  bool trainable)
{
  if (!collections) {
    return slim_graph_fail(call->graph, SLIM_ERR_MEMORY, "%s: out of memory", call->layer);
  }
  const bool trained = trainable && slim_flag_or(call->args.trainable, true);
  return make(SLIM_ARGS(.graph = call->graph, .name = name, .shape = shape, .initializer = initializer,
                        .regularizer = regularizer, .trainable = SLIM_FLAG(trained), .collections = collections));
}

slim_tensor *slim_layer_variable_add(slim_call *call, const char *kind, slim_shape shape, slim_initializer initializer,
                                     slim_regularizer regularizer, bool trainable)
{
  return make_variable(call, slim_model_variable, kind, collections_of(call, kind), shape, initializer, regularizer,
                       trainable);
}

slim_tensor *slim_layer_legacy_variable_add(slim_call *call, const char *name, const char *kind, slim_shape shape,
                                            slim_initializer initializer, slim_regularizer regularizer)
{
  const char *given = call->args.variables_collections ? collections_of(call, kind) : kind;
  const char *all = given ? slim_arena_printf(call->graph->arena, "%s,%s", given, SLIM_GLOBAL_VARIABLES) : NULL;
  return make_variable(call, slim_variable, name, all, shape, initializer, regularizer, true);
}

slim_tensor *slim_layer_weights_add(slim_call *call, const char *name, slim_shape shape, slim_initializer initializer)
{
  return make_variable(call, slim_model_variable, name, collections_of(call, "weights"), shape, initializer,
                       call->args.weights_regularizer, true);
}

slim_tensor *slim_layer_filled(slim_call *call, slim_shape shape, float value, const char *name)
{
  const size_t count = slim_shape_elements(&shape);
  if (count > SLIM_LAYER_VALUES) {
    char text[128];
    return slim_fail(call, SLIM_ERR_SHAPE, "a constant of shape %s is too large; the input has too many channels",
                     slim_shape_format(&shape, text, sizeof text));
  }
  float *values = slim_arena_array(call->graph->arena, count, sizeof *values);
  if (!values) {
    return slim_graph_fail(call->graph, SLIM_ERR_MEMORY, "%s: out of memory", call->layer);
  }
  for (size_t i = 0; i < count; i++) {
    values[i] = value;
  }
  return slim_constant_tensor(call->graph, SLIM_FLOAT32, shape, values, name);
}

/* --- the parts of a layer ----------------------------------------------------------------------------------------- */

slim_tensor *slim_layer_call(slim_layer_fn layer, const slim_args *with, slim_tensor *input)
{
  slim_args args = with ? slim_arg_scoped(slim_graph_of(input), NULL, with) : (slim_args){ .struct_size = sizeof args };
  args.input = input;
  return layer(&args);
}

slim_tensor *slim_layer_biases(slim_call *call, slim_tensor *net)
{
  const slim_bias_attr attr = { slim_layer_nchw(call) };
  const slim_initializer initializer = slim_option_initializer(call->args.biases_initializer, SLIM_ZEROS);
  const slim_shape shape = { 1, { slim_layer_channels(call, net) } };
  slim_tensor *biases =
      slim_layer_variable_add(call, "biases", shape, initializer, call->args.biases_regularizer, true);
  slim_tensor *inputs[] = { net, biases };
  return slim_op_add(inputs, 2, &slim_op_bias_add, "BiasAdd", &attr);
}

slim_tensor *slim_layer_finish(slim_call *call, slim_tensor *net, slim_layer_fn otherwise)
{
  const slim_args *args = &call->args;
  if (slim_is_poison(net)) {
    return slim_call_close(call, net);
  }
  if (args->normalizer && args->normalizer != slim_identity) {
    net = slim_layer_call(args->normalizer, args->normalizer_args, net);
  } else if (args->biases_initializer.kind != SLIM_INIT_NONE) {
    net = slim_layer_biases(call, net);
  }
  return slim_layer_activate(call, net, otherwise);
}

slim_tensor *slim_layer_activate(slim_call *call, slim_tensor *net, slim_layer_fn otherwise)
{
  const slim_layer_fn activation = call->args.activation ? call->args.activation : otherwise;
  if (activation && activation != slim_identity && !slim_is_poison(net)) {
    net = slim_layer_call(activation, NULL, net);
  }
  return slim_call_close(call, net);
}
