/* Functions of two elements, with broadcasting. */
#include "ops/rule.h"

static const char *const names[] = { "add",     "sub",     "mul",     "truediv", "div_no_nan",
                                     "Maximum", "Minimum", "Greater", "Equal" };

/* Dimension i of a shape seen with rank dimensions: 1 where it has none. */
static int dim_of(const slim_shape *shape, int rank, int i)
{
  const int at = i - (rank - shape->rank);
  return at < 0 ? 1 : shape->dim[at];
}

static bool broadcast(slim_inference *q)
{
  const slim_shape *a = &q->in[0], *b = &q->in[1];
  slim_shape *out = &q->out[0];
  out->rank = a->rank > b->rank ? a->rank : b->rank;
  for (int i = 0; i < out->rank; i++) {
    const int m = dim_of(a, out->rank, i), n = dim_of(b, out->rank, i);
    const bool open = m == -1 || n == -1;
    if (!(m == n || m == 1 || n == 1 || open) || (open && i > 0)) {
      return slim_rule_fail(q, SLIM_ERR_SHAPE, "%s and %s do not broadcast: axis %d is %s", slim_shape_words(a).text,
                            slim_shape_words(b).text, i, open ? "an open batch in only one of them" : "different");
    }
    out->dim[i] = m == 1 ? n : n == 1 ? m : slim_rule_dim(m, n);
  }
  return true;
}

static bool types_fit(slim_inference *q)
{
  const slim_binary_attr *attr = q->attr;
  if ((int)attr->kind < 0 || (int)attr->kind > SLIM_BINARY_EQUAL) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "there is no binary function number %d", (int)attr->kind);
  }
  if (q->in_type[0] != q->in_type[1]) {
    return slim_rule_fail(q, SLIM_ERR_TYPE, "the inputs have types %s and %s, must have the same",
                          slim_dtype_name(q->in_type[0]), slim_dtype_name(q->in_type[1]));
  }
  q->out_type[0] = SLIM_FLOAT32;
  return attr->kind == SLIM_BINARY_EQUAL && q->in_type[0] != SLIM_FLOAT32 ? slim_rule_integer(q, 0, "input")
                                                                          : slim_rule_float(q, 0, "input");
}

static bool infer(slim_inference *q)
{
  return types_fit(q) && broadcast(q);
}

slim_tensor *slim_op_binary_add(slim_tensor *a, slim_tensor *b, slim_binary_kind kind)
{
  const slim_binary_attr attr = { kind };
  slim_tensor *inputs[] = { a, b };
  return slim_op_add(inputs, 2, &slim_op_binary, names[kind], &attr);
}

/* The gradient d of the result, summed over what like was repeated along. */
static slim_tensor *unbroadcast(slim_tensor *d, slim_tensor *like)
{
  const int rank = d->shape.rank;
  unsigned axes = 0;
  for (int i = 0; i < rank; i++) {
    const bool missing = i < rank - like->shape.rank;
    axes |= missing || (dim_of(&like->shape, rank, i) == 1 && d->shape.dim[i] != 1) ? 1u << i : 0u;
  }
  if (axes == 0) {
    return d;
  }
  d = slim_op_reduce_add(d, SLIM_REDUCE_SUM, axes, 0);
  return slim_shape_equal(&d->shape, &like->shape) ? d : slim_op_reshape_like_add(d, like);
}

static slim_tensor *negated(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_NEGATE, 0.0f, 0.0f);
}

/* Where the larger (or smaller) of two is the second: 1, else 0. */
static slim_tensor *second_wins(slim_tensor *a, slim_tensor *b, slim_binary_kind kind)
{
  return kind == SLIM_BINARY_MAX ? slim_op_binary_add(b, a, SLIM_BINARY_GREATER)
                                 : slim_op_binary_add(a, b, SLIM_BINARY_GREATER);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_binary_attr *attr = node->attr;
  slim_tensor *a = node->inputs[0], *b = node->inputs[1], *y = &node->outputs[0], *d = dy[0];
  slim_tensor *da = NULL, *db = NULL, *second = NULL;
  switch (attr->kind) {
  case SLIM_BINARY_ADD:
    da = d;
    db = d;
    break;
  case SLIM_BINARY_SUB:
    da = d;
    db = negated(d);
    break;
  case SLIM_BINARY_MUL:
    da = slim_op_binary_add(d, b, SLIM_BINARY_MUL);
    db = slim_op_binary_add(d, a, SLIM_BINARY_MUL);
    break;
  case SLIM_BINARY_DIV:
  case SLIM_BINARY_DIV_NO_NAN:
    da = slim_op_binary_add(d, b, attr->kind);
    db = negated(slim_op_binary_add(da, y, SLIM_BINARY_MUL));
    break;
  case SLIM_BINARY_MAX:
  case SLIM_BINARY_MIN:
    second = second_wins(a, b, attr->kind);
    db = slim_op_binary_add(d, second, SLIM_BINARY_MUL);
    da = slim_op_binary_add(d, db, SLIM_BINARY_SUB);
    break;
  case SLIM_BINARY_GREATER:
  case SLIM_BINARY_EQUAL:
    return; /* flat */
  }
  dx[0] = unbroadcast(da, a);
  dx[1] = unbroadcast(db, b);
}

const slim_op slim_op_binary = { .name = "binary",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .outputs = 1,
                                 .attr_size = sizeof(slim_binary_attr),
                                 .flags = SLIM_OP_IN_PLACE | SLIM_OP_EPILOGUE | SLIM_OP_CHAIN,
                                 .infer = infer,
                                 .gradient = gradient };

/* --- lower_bound -------------------------------------------------------------------------------------------------- */

static void lower_bound_gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  slim_tensor *below = slim_op_binary_add(node->inputs[1], node->inputs[0], SLIM_BINARY_GREATER);
  slim_tensor *inside = slim_op_unary_add(below, SLIM_UNARY_SCALE_ADD, -1.0f, 1.0f);
  const float none = 0.0f;
  slim_tensor *zero = slim_constant_tensor(node->graph, SLIM_FLOAT32, SLIM_SCALAR, &none, "zero");
  slim_tensor *growing = slim_op_binary_add(zero, dy[0], SLIM_BINARY_GREATER);
  dx[0] = slim_op_binary_add(dy[0], slim_op_binary_add(inside, growing, SLIM_BINARY_MAX), SLIM_BINARY_MUL);
}

const slim_op slim_op_lower_bound = { .name = "lower_bound",
                                      .base = &slim_op_binary,
                                      .min_inputs = 2,
                                      .max_inputs = 2,
                                      .outputs = 1,
                                      .attr_size = sizeof(slim_binary_attr),
                                      .infer = infer,
                                      .gradient = lower_bound_gradient };
