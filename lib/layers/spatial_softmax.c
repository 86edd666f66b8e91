#include "layers/layer.h"

const slim_layer_info slim_layer_spatial_softmax = {
  slim_spatial_softmax, "spatial_softmax", { SLIM_LAYER_COMMON, SLIM_OPTION(temperature), SLIM_OPTION(data_format) }
};

/* Step i of count from -1 to 1. */
static float coordinate(int i, int count)
{
  return count > 1 ? (float)(-1.0 + 2.0 * i / (count - 1)) : -1.0f;
}

/* Row and column of each pixel, [h * w, 2]. */
static slim_tensor *positions(slim_call *call, int h, int w)
{
  const size_t count = (size_t)h * (size_t)w;
  float *at = slim_arena_array(call->graph->arena, count, 2 * sizeof *at);
  if (!at) {
    return slim_graph_fail(call->graph, SLIM_ERR_MEMORY, "spatial_softmax: out of memory");
  }
  for (size_t i = 0; i < count; i++) {
    at[2 * i] = coordinate((int)(i / (size_t)w), h);
    at[2 * i + 1] = coordinate((int)(i % (size_t)w), w);
  }
  return slim_constant_tensor(call->graph, SLIM_FLOAT32, SLIM_SHAPE((int)count, 2), at, "positions");
}

slim_tensor *(slim_spatial_softmax)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_spatial_softmax, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "spatial_softmax");
  if (!slim_layer_image(&call)) {
    return slim_layer_refuse(&call);
  }
  slim_tensor *x = call.args.input;
  const int c = slim_layer_channels(&call, x), rows = slim_layer_nchw(&call) ? 2 : 1;
  const int h = x->shape.dim[rows], w = x->shape.dim[rows + 1];
  if ((int64_t)h * w > SLIM_LAYER_VALUES / 2 || c > INT32_MAX / 2) {
    char text[128];
    return slim_fail(&call, SLIM_ERR_SHAPE, "input %s has too many pixels or channels",
                     slim_shape_format(&x->shape, text, sizeof text));
  }
  const slim_initializer start = SLIM_CONSTANT(slim_option_float(call.args.temperature, 1.0f));
  if (!slim_flag_or(call.args.trainable, true)) {
    call.args.variables_collections = NULL; /* TF-Slim's rule */
  }
  slim_tensor *temperature = slim_layer_variable_add(&call, "temperature", SLIM_SCALAR, start, SLIM_NO_REG, true);
  x = slim_layer_nchw(&call) ? x : slim_transpose(x, (const int[]){ 0, 3, 1, 2 }, 4);
  x = slim_div(slim_reshape(x, SLIM_SHAPE(0, c, h * w)), temperature);
  slim_tensor *inputs[] = { slim_op_add(&x, 1, &slim_op_softmax, "Softmax", NULL), positions(&call, h, w) };
  slim_tensor *expected = slim_op_add(inputs, 2, &slim_op_matmul, "MatMul", &(slim_matmul_attr){ 0, 0 });
  return slim_call_close(&call, slim_reshape(expected, SLIM_SHAPE(0, 2 * c)));
}
