/* Matrix product; what fully connected layers are made of. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const slim_matmul_attr *attr = q->attr;
  const slim_shape *a = &q->in[0], *b = &q->in[1];
  if (a->rank < 2 || (attr->transpose_a && a->rank != 2)) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "input %s must have rank 2%s", slim_shape_words(a).text,
                          attr->transpose_a ? "" : " or more");
  }
  if (!slim_rule_rank(q, 1, "weights", 2) || !slim_rule_float(q, 0, "input") || !slim_rule_float(q, 1, "weights")) {
    return false;
  }
  const int k = attr->transpose_a ? a->dim[0] : a->dim[a->rank - 1];
  if (!slim_rule_dims_agree(k, b->dim[attr->transpose_b ? 1 : 0])) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "inner sizes of %s%s and %s%s differ", slim_shape_words(a).text,
                          attr->transpose_a ? " transposed" : "", slim_shape_words(b).text,
                          attr->transpose_b ? " transposed" : "");
  }
  q->out[0] = *a;
  if (attr->transpose_a) {
    q->out[0].dim[0] = a->dim[1];
  }
  q->out[0].dim[a->rank - 1] = b->dim[attr->transpose_b ? 0 : 1];
  return true;
}

static slim_tensor *product(slim_tensor *a, slim_tensor *b, int transpose_a, int transpose_b)
{
  const slim_matmul_attr attr = { transpose_a, transpose_b };
  slim_tensor *inputs[] = { a, b };
  return slim_op_add(inputs, 2, &slim_op_matmul, "MatMul", &attr);
}

/* All dimensions but the last as one. */
static slim_tensor *as_matrix(slim_tensor *x)
{
  if (x->shape.rank == 2) {
    return x;
  }
  return slim_op_reshape_add(x, (slim_shape){ 2, { -1, x->shape.dim[x->shape.rank - 1] } });
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_matmul_attr *attr = node->attr;
  slim_tensor *a = node->inputs[0], *b = node->inputs[1], *d = dy[0];
  dx[0] = attr->transpose_a ? product(b, d, attr->transpose_b, 1) : product(d, b, 0, !attr->transpose_b);
  if (attr->transpose_b) {
    dx[1] = product(as_matrix(d), as_matrix(a), 1, attr->transpose_a);
  } else {
    dx[1] = product(as_matrix(a), as_matrix(d), !attr->transpose_a, 0);
  }
}

const slim_op slim_op_matmul = { .name = "matmul",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .outputs = 1,
                                 .attr_size = sizeof(slim_matmul_attr),
                                 .flags = SLIM_OP_LINEAR,
                                 .infer = infer,
                                 .gradient = gradient };
