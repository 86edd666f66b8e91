#include "slim/model_analyzer.h"

#include "base/log.h"
#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

slim_vars_info slim_analyze_vars(slim_tensors variables, bool print_info)
{
  slim_vars_info info = { 0, 0 };
  for (size_t i = 0; i < variables.count; i++) {
    const slim_tensor *v = variables.item[i];
    const slim_shape shape = slim_tensor_shape(v);
    const size_t elements = slim_shape_elements(&shape), bytes = elements * slim_dtype_size(slim_tensor_dtype(v));
    char text[128];
    info.elements += (int64_t)elements;
    info.bytes += (int64_t)bytes;
    if (print_info) {
      slim_log_write(SLIM_LOG_INFO, "%s %s [%zu, bytes: %zu]", slim_tensor_name(v),
                     slim_tensor_description(v, text, sizeof text), elements, bytes);
    }
  }
  if (print_info) {
    slim_log_write(SLIM_LOG_INFO, "Total size of variables: %lld", (long long)info.elements);
    slim_log_write(SLIM_LOG_INFO, "Total bytes of variables: %lld", (long long)info.bytes);
  }
  return info;
}

int64_t slim_analyze_ops(const slim_graph *graph, bool print_info)
{
  int64_t total = 0;
  for (size_t i = 0; graph && i < graph->num_nodes; i++) {
    const slim_tensor *result = &graph->nodes[i]->outputs[0];
    const size_t elements = slim_shape_elements(&result->shape);
    char text[128];
    total += (int64_t)elements;
    if (print_info) {
      slim_log_write(SLIM_LOG_INFO, "%s -> %s [%zu]", graph->nodes[i]->name,
                     slim_tensor_description(result, text, sizeof text), elements);
    }
  }
  return total;
}

char *slim_tensor_description(const slim_tensor *tensor, char *text, size_t size)
{
  char dims[SLIM_MAX_RANK * 12 + 2] = "";
  const slim_shape shape = slim_tensor_shape(tensor);
  size_t at = 0;
  for (int i = 0; i < shape.rank; i++) {
    const char *before = i ? "x" : "";
    at += (size_t)(shape.dim[i] < 0 ? snprintf(dims + at, sizeof dims - at, "%s?", before)
                                    : snprintf(dims + at, sizeof dims - at, "%s%d", before, shape.dim[i]));
  }
  (void)snprintf(text, size, "(%s %s)", slim_dtype_name(slim_tensor_dtype(tensor)), dims);
  return text;
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

/* Marks all nodes that node depends on. A node's inputs were made before it, so one sweep backwards is enough. */
static void mark_needed(const slim_graph *graph, const slim_node *last, bool *needed)
{
  needed[last->id] = true;
  for (int id = last->id; id >= 0; id--) {
    const slim_node *node = graph->nodes[id];
    for (int i = 0; needed[id] && i < node->num_inputs; i++) {
      needed[node->inputs[i]->node->id] = true;
    }
  }
}

static int64_t elements_of(const slim_tensor *tensor)
{
  int64_t product = 1;
  for (int i = 0; i < tensor->shape.rank; i++) {
    product *= tensor->shape.dim[i] < 0 ? 1 : tensor->shape.dim[i];
  }
  return product;
}

static int64_t parameters_of(const slim_node *node)
{
  int64_t sum = 0;
  for (int i = 0; i < node->num_inputs; i++) {
    sum += slim_is_variable(node->inputs[i]) ? elements_of(node->inputs[i]) : 0;
  }
  return sum;
}

/* Multiply-accumulates of one sample: each value of the result meets every weight of its channel. */
static int64_t macs_of(const slim_node *node)
{
  const slim_tensor *y = &node->outputs[0], *w = node->inputs[1];
  const int64_t batch = y->shape.dim[0] > 0 ? y->shape.dim[0] : 1;
  const int64_t last = w->shape.dim[w->shape.rank - 1];
  const int64_t outputs = node->op == &slim_op_depthwise_conv2d ? w->shape.dim[2] * last : last;
  return elements_of(y) / batch * (elements_of(w) / outputs);
}

static slim_initializer initializer_of(const slim_tensor *weights)
{
  return slim_is_variable(weights) ? weights->node->variable->initializer : (slim_initializer){ 0 };
}

static void read_pool(const slim_node *node, const char *op, slim_layer_row *row)
{
  const slim_pool2d_attr *attr = node->attr;
  row->op = op;
  row->kernel = attr->kernel;
  row->stride = attr->stride;
  row->padding = attr->padding;
}

static void read_conv(const slim_node *node, slim_layer_row *row)
{
  const slim_conv2d_attr *attr = node->attr;
  const slim_shape *weights = &node->inputs[1]->shape;
  row->op = node->op == &slim_op_conv2d ? "conv" : "dwconv";
  row->kernel = (slim_hw){ weights->dim[0], weights->dim[1] };
  row->stride = attr->stride;
  row->rate = attr->rate;
  row->padding = attr->padding;
  row->macs = macs_of(node);
  row->weights_initializer = initializer_of(node->inputs[1]);
}

/* The mean over height and width of images. */
static bool is_global_pool(const slim_node *node)
{
  const slim_reduce_attr *attr = node->attr;
  return node->op == &slim_op_reduce && attr->kind == SLIM_REDUCE_MEAN && attr->axes == 6u &&
         node->inputs[0]->shape.rank == 4;
}

/* @return false when the node begins no layer. */
static bool read_layer(const slim_node *node, slim_layer_row *row)
{
  *row = (slim_layer_row){ .norm = "", .activation = "" };
  if (node->op == &slim_op_conv2d || node->op == &slim_op_depthwise_conv2d) {
    read_conv(node, row);
  } else if (node->op == &slim_op_matmul) {
    row->op = "fc";
    row->macs = macs_of(node);
    row->weights_initializer = initializer_of(node->inputs[1]);
  } else if (node->op == &slim_op_max_pool2d) {
    read_pool(node, "max", row);
  } else if (node->op == &slim_op_avg_pool2d) {
    read_pool(node, "avg", row);
  } else if (node->op == &slim_op_dropout) {
    row->op = "dropout";
    row->keep_prob = ((const slim_dropout_attr *)node->attr)->keep_prob;
  } else if (is_global_pool(node)) {
    row->op = "mean";
  } else if (node->op == &slim_op_batch_norm) {
    row->op = "bn";
  } else {
    return false;
  }
  row->input = node->inputs[0]->shape;
  row->output = node->outputs[0].shape;
  row->parameters = parameters_of(node);
  return true;
}

/* The node's name without its last part. */
static const char *scope_of(const slim_node *node)
{
  const char *slash = strrchr(node->name, '/');
  return slash ? slim_arena_strndup(node->graph->arena, node->name, (size_t)(slash - node->name)) : node->name;
}

/* Takes what follows the layer's linear part into its row. @return false when node does not follow. */
static bool follow(const slim_node *node, const slim_node *before, slim_layer_row *row)
{
  static const char *const activations[] = { "", "relu", "relu6", "sigmoid", "tanh", "elu" };
  if (node->num_inputs == 0 || node->inputs[0] != &before->outputs[0] || *row->activation) {
    return false;
  }
  const bool linear = row->macs > 0;
  if (node->op == &slim_op_conv2d && strcmp(node->name, row->scope) == 0) {
    row->op = "sepconv"; /* its first part is named as in a scope of the second */
    row->scope = scope_of(node);
    row->macs += macs_of(node);
  } else if (node->op == &slim_op_bias_add && linear && !*row->norm) {
    row->norm = "bias";
  } else if (node->op == &slim_op_batch_norm && linear && !*row->norm) {
    row->norm = "bn";
  } else if (node->op == &slim_op_activation) {
    row->activation = activations[((const slim_activation_attr *)node->attr)->kind];
  } else {
    return false;
  }
  row->parameters += parameters_of(node);
  return true;
}

/* The layer that begins at node id, if there is one; the nodes it takes in are marked as not needed any more. */
static bool summarize_one(const slim_graph *graph, int id, int last, bool *needed, slim_layer_row *row)
{
  const slim_node *end = graph->nodes[id];
  if (!needed[id] || !read_layer(end, row)) {
    return false;
  }
  row->scope = scope_of(end);
  for (int k = id + 1; k <= last; k++) {
    if (needed[k] && follow(graph->nodes[k], end, row)) {
      needed[k] = false;
      end = graph->nodes[k];
    }
  }
  row->output = end->outputs[0].shape;
  return true;
}

size_t slim_summarize(const slim_tensor *tensor, slim_layer_row *rows, size_t capacity)
{
  if (!tensor || slim_is_poison(tensor)) {
    return 0;
  }
  const slim_node *last = tensor->node;
  bool *needed = calloc((size_t)last->id + 1, sizeof *needed);
  size_t count = 0;
  if (needed) {
    mark_needed(last->graph, last, needed);
  }
  for (int id = 0; needed && id <= last->id; id++) {
    slim_layer_row row;
    if (summarize_one(last->graph, id, last->id, needed, &row)) {
      if (count < capacity) {
        rows[count] = row;
      }
      count++;
    }
  }
  free(needed);
  return count;
}
