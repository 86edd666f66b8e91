/* Generalized divisive normalization. */
#include "layers/layer.h"

#include <math.h>

const slim_layer_info slim_layer_gdn = { slim_gdn,
                                         "gdn",
                                         { SLIM_LAYER_PLAIN, SLIM_OPTION(reuse), SLIM_OPTION(trainable),
                                           SLIM_OPTION(inverse), SLIM_OPTION(beta_min), SLIM_OPTION(gamma_init),
                                           SLIM_OPTION(reparam_offset), SLIM_OPTION(data_format) } };

/* What a variable holds is the root of the parameter and offset^2. */
typedef struct reparam {
  slim_call *call;
  float offset;
} reparam;

/* The variable, which starts as root(diagonal + offset^2) on its diagonal (a vector: all over) and offset elsewhere. */
static slim_tensor *variable(const reparam *r, const char *name, slim_shape shape, float diagonal)
{
  slim_graph *graph = r->call->graph;
  const size_t count = slim_shape_elements(&shape), step = shape.rank == 1 ? 1 : (size_t)shape.dim[1] + 1;
  float *values = slim_arena_array(graph->arena, count, sizeof *values);
  if (!values) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "gdn: out of memory");
  }
  for (size_t i = 0; i < count; i++) {
    values[i] = sqrtf((i % step == 0 ? diagonal : 0.0f) + r->offset * r->offset);
  }
  return slim_variable_make(graph, &(slim_variable_spec){ .name = name,
                                                          .shape = shape,
                                                          .values = values,
                                                          .trainable = slim_flag_or(r->call->args.trainable, true) });
}

/* The parameter, kept at least as far from 0 as bound^2 - offset^2. */
static slim_tensor *parameter(const reparam *r, slim_tensor *root, float bound)
{
  slim_tensor *least = slim_constant_tensor(r->call->graph, SLIM_FLOAT32, SLIM_SCALAR, &bound, "bound");
  slim_tensor *inputs[] = { root, least };
  const slim_binary_attr attr = { SLIM_BINARY_MAX };
  slim_tensor *bounded = slim_op_add(inputs, 2, &slim_op_lower_bound, "GDNLowerBound", &attr);
  return slim_scale(slim_square(bounded), 1.0f, -r->offset * r->offset);
}

slim_tensor *(slim_gdn)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_gdn, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "gdn");
  if (!slim_layer_spatial(&call)) {
    return slim_layer_refuse(&call);
  }
  const slim_args *a = &call.args;
  const int c = slim_layer_channels(&call, a->input);
  const reparam r = { &call, slim_option_float(a->reparam_offset, 1.0f / 262144.0f) };
  const float least = sqrtf(slim_option_float(a->beta_min, 1e-6f) + r.offset * r.offset);
  slim_tensor *beta = parameter(&r, variable(&r, "reparam_beta", SLIM_SHAPE(c), 1.0f), least);
  const float start = slim_option_float(a->gamma_init, 0.1f);
  slim_tensor *gamma = parameter(&r, variable(&r, "reparam_gamma", SLIM_SHAPE(c, c), start), r.offset);
  slim_tensor *x = slim_layer_channels_last(&call);
  slim_tensor *inputs[] = { slim_square(x), gamma };
  slim_tensor *pool = slim_op_add(inputs, 2, &slim_op_matmul, "Conv2D", &(slim_matmul_attr){ 0, 0 });
  slim_tensor *norm = slim_sqrt(slim_add(pool, beta));
  slim_tensor *net = slim_flag_or(a->inverse, false) ? slim_mul(x, norm) : slim_div(x, norm);
  return slim_call_close(&call, slim_layer_channels_back(&call, net));
}
