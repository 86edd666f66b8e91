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

slim_hw slim_inception_kernel(const slim_tensor *net, int kernel)
{
  const slim_shape shape = slim_tensor_shape(net);
  const int h = shape.dim[1], w = shape.dim[2];
  return (slim_hw){ h < kernel ? h : kernel, w < kernel ? w : kernel };
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

slim_tensor *slim_inception_block(slim_tensor *net, const char *name, const slim_inception_row *rows, size_t count,
                                  const slim_net_args *a)
{
  slim_tensor *branches[MOST_BRANCHES];
  SLIM_VARIABLE_SCOPE (slim_graph_of(net), name, SLIM_REUSE_UNSET) {
    size_t n = 0;
    for (size_t i = 0, end = 0; i < count && n < MOST_BRANCHES; i = end, n++) {
      while (end < count && rows[end].branch == rows[i].branch) {
        end++;
      }
      branches[n] = add_branch(net, rows + i, end - i, a);
    }
    net = slim_concat(branches, n, 3);
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
