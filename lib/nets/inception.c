/* Inception nets from rows of layers. */
#include "inception.h"

#include <stdio.h>

#define MOST_BRANCHES 4

const slim_arg_frame *slim_inception_arg_scope(slim_graph *graph, float weight_decay)
{
  const slim_arg_frame *frame = NULL;
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_fully_connected), .weights_regularizer = SLIM_L2(weight_decay)) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .weights_initializer = SLIM_VARIANCE_SCALING(2.0f, SLIM_FAN_IN, 0),
                    .activation = slim_relu, .normalizer = slim_batch_norm,
                    .normalizer_args = SLIM_ARGS(.decay = 0.9997f, .epsilon = 0.001f)) {
      frame = slim_arg_scope_current(graph);
    }
  }
  return frame;
}

int slim_inception_depth(const slim_net_args *a, int depth)
{
  return slim_net_depth(a, depth, 16);
}

slim_inception_name slim_inception_scope(const char *prefix, slim_hw kernel)
{
  slim_inception_name name;
  (void)snprintf(name.text, sizeof name.text, "%s_%dx%d", prefix, kernel.h, kernel.w);
  return name;
}

static slim_tensor *add_layer(slim_tensor *net, const slim_inception_row *row, const slim_net_args *a)
{
  const int stride = row->stride ? row->stride : 1;
  slim_args args = { .struct_size = sizeof args,
                     .input = net,
                     .num_outputs = row->depth ? slim_inception_depth(a, row->depth) : 0,
                     .kernel = row->kernel,
                     .stride = { stride, stride },
                     .padding = row->padding ? row->padding : SLIM_SAME,
                     .scope = row->scope };
  if (row->stddev > 0.0f) {
    args.weights_initializer = SLIM_TRUNCATED_NORMAL(row->stddev);
  }
  return row->layer(&args);
}

static slim_tensor *add_branch(slim_tensor *net, const slim_inception_row *rows, size_t count, const slim_net_args *a)
{
  slim_tensor *before = net; /* the input of the last row */
  char scope[32];
  (void)snprintf(scope, sizeof scope, "Branch_%d", rows->branch);
  SLIM_VARIABLE_SCOPE (slim_graph_of(net), scope, SLIM_REUSE_UNSET) {
    for (size_t i = 0; i < count; i++) {
      slim_tensor *both[] = { net, add_layer(rows[i].beside ? before : net, &rows[i], a) };
      before = rows[i].beside ? before : net;
      net = rows[i].beside ? slim_concat(both, 2, 3) : both[1];
    }
  }
  return net;
}

slim_tensor *slim_inception_branches(slim_tensor *net, const slim_inception_row *rows, size_t count,
                                     const slim_net_args *a)
{
  slim_tensor *branches[MOST_BRANCHES];
  size_t n = 0;
  for (size_t i = 0, end = 0; i < count && n < MOST_BRANCHES; i = end, n++) {
    while (end < count && rows[end].branch == rows[i].branch) {
      end++;
    }
    branches[n] = add_branch(net, rows + i, end - i, a);
  }
  return slim_concat(branches, n, 3);
}

slim_tensor *slim_inception_block(slim_tensor *net, const char *name, const slim_inception_row *rows, size_t count,
                                  const slim_net_args *a)
{
  SLIM_VARIABLE_SCOPE (slim_graph_of(net), name, SLIM_REUSE_UNSET) {
    net = slim_inception_branches(net, rows, count, a);
  }
  (void)slim_add_end_point(a->end_points, name, net);
  return net;
}

slim_tensor *slim_inception_layers(slim_tensor *net, const slim_inception_row *rows, size_t count,
                                   const slim_net_args *a)
{
  for (size_t i = 0; i < count; i++) {
    net = add_layer(net, &rows[i], a);
    (void)slim_add_end_point(a->end_points, rows[i].scope, net);
  }
  return net;
}

slim_tensor *slim_inception_logits(slim_tensor *net, const char *scope, float stddev, const slim_net_args *a)
{
  slim_args args = { .struct_size = sizeof args,
                     .input = net,
                     .num_outputs = a->num_classes,
                     .kernel = { 1, 1 },
                     .activation = slim_identity,
                     .normalizer = slim_identity,
                     .scope = scope };
  if (stddev > 0.0f) {
    args.weights_initializer = SLIM_TRUNCATED_NORMAL(stddev);
  }
  return slim_net_squeeze(a, (slim_conv2d)(&args), "SpatialSqueeze");
}

/* Pooling to one pixel, dropout and logits. */
static slim_tensor *add_head(slim_tensor *net, int size, const char *pool, const slim_net_args *a)
{
  if (slim_flag_or(a->global_pool, false)) {
    net = slim_net_global_pool(net, pool);
    (void)slim_add_end_point(a->end_points, "global_pool", net);
  } else {
    const slim_hw kernel = slim_net_kernel(net, size);
    net = slim_avg_pool2d(net, kernel, .padding = SLIM_VALID, .scope = slim_inception_scope("AvgPool_1a", kernel).text);
    (void)slim_add_end_point(a->end_points, "AvgPool_1a", net);
  }
  if (a->num_classes == 0) {
    return net;
  }
  net = slim_dropout(net, .keep_prob = a->dropout_keep_prob, .is_training = SLIM_FLAG(a->is_training),
                     .scope = "Dropout_1b");
  (void)slim_add_end_point(a->end_points, "PreLogits", net);
  return slim_inception_logits(net, "Conv2d_1c_1x1", 0.0f, a);
}

slim_tensor *slim_inception_head(slim_tensor *net, int kernel, const char *pool, const slim_net_args *a)
{
  SLIM_VARIABLE_SCOPE (slim_graph_of(net), "Logits", SLIM_REUSE_UNSET) {
    net = add_head(net, kernel, pool, a);
  }
  return a->num_classes ? slim_net_predict(a, net) : net;
}

void slim_inception_fc_aux(slim_tensor *net, const slim_inception_scopes *scopes, const slim_net_args *a)
{
  SLIM_VARIABLE_SCOPE (slim_graph_of(net), "AuxLogits", SLIM_REUSE_UNSET) {
    net =
        slim_avg_pool2d(net, SLIM_HW(5, 5), .stride = SLIM_HW(3, 3), .padding = SLIM_VALID, .scope = scopes->aux_pool);
    net = slim_conv2d(net, slim_inception_depth(a, 128), SLIM_HW(1, 1), .scope = "Conv2d_1b_1x1");
    const slim_shape shape = slim_tensor_shape(net);
    net = slim_conv2d(net, slim_inception_depth(a, 768), SLIM_HW(shape.dim[1], shape.dim[2]), .padding = SLIM_VALID,
                      .scope = scopes->aux_conv);
    net = slim_fully_connected(slim_flatten(net), a->num_classes, .activation = slim_identity,
                               .scope = scopes->aux_logits);
  }
  (void)slim_add_end_point(a->end_points, "AuxLogits", net);
}

static slim_tensor *add_fc_head(slim_tensor *net, const slim_inception_scopes *scopes, const slim_net_args *a)
{
  const slim_flag training = SLIM_FLAG(a->is_training);
  const slim_shape shape = slim_tensor_shape(net);
  net = slim_avg_pool2d(net, SLIM_HW(shape.dim[1], shape.dim[2]), .padding = SLIM_VALID,
                        .stride = SLIM_HW(scopes->pool_stride, scopes->pool_stride), .scope = scopes->pool);
  (void)slim_add_end_point(a->end_points, "global_pool", net);
  if (a->num_classes == 0) {
    return net;
  }
  if (scopes->flat_dropout) {
    net = slim_flatten(net);
  }
  net = slim_dropout(net, .keep_prob = a->dropout_keep_prob, .is_training = training, .scope = scopes->dropout);
  if (!scopes->flat_dropout) {
    net = slim_flatten(net, .scope = "PreLogitsFlatten");
  }
  (void)slim_add_end_point(a->end_points, "PreLogitsFlatten", net);
  net = slim_fully_connected(net, a->num_classes, .activation = slim_identity, .scope = "Logits");
  return slim_net_predict(a, net);
}

slim_tensor *slim_inception_fc_head(slim_tensor *net, const slim_inception_scopes *scopes, const slim_net_args *a)
{
  SLIM_VARIABLE_SCOPE (slim_graph_of(net), "Logits", SLIM_REUSE_UNSET) {
    net = add_fc_head(net, scopes, a);
  }
  return net;
}

slim_tensor *slim_inception_build(slim_tensor *images, slim_inception_fn layers, const slim_net_args *a)
{
  slim_graph *graph = slim_graph_of(images);
  slim_tensor *net = images;
  SLIM_VARIABLE_SCOPE (graph, a->scope, a->reuse) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_batch_norm), .is_training = SLIM_FLAG(a->is_training)) {
      net = layers(net, a);
    }
  }
  return net;
}
