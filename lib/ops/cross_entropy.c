/* Cross entropies; the gradient goes to the logits alone. */
#include "ops/rule.h"

/* Output 0: a loss per row; output 1: its gradient. */
static bool rows(slim_inference *q)
{
  if (!slim_rule_rank(q, 0, "logits", 2) || !slim_rule_float(q, 0, "logits")) {
    return false;
  }
  q->out[0] = (slim_shape){ 1, { slim_rule_dim(q->in[0].dim[0], q->in[1].dim[0]) } };
  q->out[1] = (slim_shape){ 2, { q->out[0].dim[0], q->in[0].dim[1] } };
  q->out_type[0] = q->out_type[1] = SLIM_FLOAT32;
  return true;
}

static bool infer_softmax(slim_inference *q)
{
  return slim_rule_rank(q, 1, "labels", 2) && slim_rule_float(q, 1, "labels") && rows(q) &&
         slim_rule_like(q, 0, "logits", 1, "labels");
}

static bool infer_sparse(slim_inference *q)
{
  if (!slim_rule_rank(q, 1, "labels", 1) || !slim_rule_integer(q, 1, "labels") || !rows(q)) {
    return false;
  }
  if (!slim_rule_dims_agree(q->in[0].dim[0], q->in[1].dim[0])) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "logits %s and labels %s differ in the batch",
                          slim_shape_words(&q->in[0]).text, slim_shape_words(&q->in[1]).text);
  }
  return true;
}

static bool infer_sigmoid(slim_inference *q)
{
  return slim_rule_elementwise(q) && slim_rule_float(q, 1, "labels") && slim_rule_like(q, 0, "logits", 1, "labels");
}

static void row_gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  if (dy[0]) {
    slim_tensor *column = slim_op_reshape_add(dy[0], (slim_shape){ 2, { 0, 1 } });
    dx[0] = slim_op_binary_add(&node->outputs[1], column, SLIM_BINARY_MUL);
  }
}

static void sigmoid_gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  slim_tensor *p = slim_op_activation_add(node->inputs[0], SLIM_ACTIVATION_SIGMOID);
  dx[0] = slim_op_binary_add(slim_op_binary_add(p, node->inputs[1], SLIM_BINARY_SUB), dy[0], SLIM_BINARY_MUL);
}

const slim_op slim_op_softmax_cross_entropy = { .name = "softmax_cross_entropy",
                                                .min_inputs = 2,
                                                .max_inputs = 2,
                                                .outputs = 2,
                                                .infer = infer_softmax,
                                                .gradient = row_gradient };
const slim_op slim_op_sparse_softmax_cross_entropy = { .name = "sparse_softmax_cross_entropy",
                                                       .min_inputs = 2,
                                                       .max_inputs = 2,
                                                       .outputs = 2,
                                                       .infer = infer_sparse,
                                                       .gradient = row_gradient };
const slim_op slim_op_sigmoid_cross_entropy = { .name = "sigmoid_cross_entropy",
                                                .min_inputs = 2,
                                                .max_inputs = 2,
                                                .outputs = 1,
                                                .infer = infer_sigmoid,
                                                .gradient = sigmoid_gradient };
