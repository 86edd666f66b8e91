/* The same elements in another shape. */
#include "ops/rule.h"

/* The product of all dimensions, an open batch left out; -1 when it does not fit. */
static int64_t known_elements(const slim_shape *shape)
{
  int64_t product = 1;
  for (int i = 0; i < shape->rank; i++) {
    if (!(i == 0 && shape->dim[i] == -1)) {
      if (shape->dim[i] > 0 && product > INT64_MAX / shape->dim[i]) {
        return -1;
      }
      product *= shape->dim[i];
    }
  }
  return product;
}

static bool refuse(slim_inference *q, const slim_shape *to)
{
  return slim_rule_fail(q, SLIM_ERR_SHAPE, "%s cannot become %s", slim_shape_words(&q->in[0]).text,
                        slim_shape_words(to).text);
}

/* Puts kept dimensions into *out. @return the axis to be computed, -1: none, -2: refused. */
static int resolve(slim_inference *q, const slim_shape *to, slim_shape *out)
{
  int wanted = -1;
  if (to->rank < 0 || to->rank > SLIM_MAX_RANK) {
    return -2;
  }
  *out = *to;
  for (int i = 0; i < to->rank; i++) {
    if ((to->dim[i] == -1 && wanted >= 0) || to->dim[i] < -1 || (to->dim[i] == 0 && i >= q->in[0].rank)) {
      return -2;
    }
    wanted = to->dim[i] == -1 ? i : wanted;
    out->dim[i] = to->dim[i] == 0 ? q->in[0].dim[i] : to->dim[i];
  }
  return wanted;
}

/* The size of the axis to be computed. */
static bool compute(slim_inference *q, const slim_shape *to, int wanted)
{
  const slim_shape *in = &q->in[0];
  slim_shape *out = &q->out[0], rest = *out;
  const bool open = in->rank > 0 && in->dim[0] == -1;
  const bool kept = open && wanted != 0 && out->rank > 0 && out->dim[0] == -1;
  rest.dim[wanted] = 1;
  const int64_t have = known_elements(in), want = known_elements(&rest);
  if (have < 0 || want < 0) {
    return refuse(q, to);
  }
  if (open && !kept) {
    out->dim[wanted] = -1; /* holds the batch; only axis 0 may */
    return wanted == 0 ? true : refuse(q, to);
  }
  if (want == 0 || have % want != 0 || have / want > INT32_MAX) {
    return refuse(q, to);
  }
  out->dim[wanted] = (int)(have / want);
  return true;
}

static bool infer(slim_inference *q)
{
  const slim_reshape_attr *attr = q->attr;
  if (q->inputs == 2) {
    q->out[0] = q->in[1];
    const bool open = q->in[0].rank > 0 && q->in[0].dim[0] == -1;
    const bool open_like = q->in[1].rank > 0 && q->in[1].dim[0] == -1;
    /* open: the batches may differ; they are compared once they are bound */
    return open || open_like || known_elements(&q->in[0]) == known_elements(&q->in[1]) ? true : refuse(q, &q->in[1]);
  }
  const slim_shape *to = &attr->shape;
  const int wanted = resolve(q, to, &q->out[0]);
  if (wanted == -2) {
    return refuse(q, to);
  }
  if (wanted >= 0) {
    return compute(q, to, wanted);
  }
  const bool open = q->in[0].rank > 0 && q->in[0].dim[0] == -1;
  const bool still = q->out[0].rank > 0 && q->out[0].dim[0] == -1;
  const bool same = known_elements(&q->in[0]) == known_elements(&q->out[0]);
  return (open && !still) || (open == still && same) ? true : refuse(q, to);
}

slim_tensor *slim_op_reshape_add(slim_tensor *x, slim_shape shape)
{
  const slim_reshape_attr attr = { shape };
  return slim_op_add(&x, 1, &slim_op_reshape, "Reshape", &attr);
}

slim_tensor *slim_op_reshape_like_add(slim_tensor *x, slim_tensor *like)
{
  slim_tensor *inputs[] = { x, like };
  return slim_op_add(inputs, 2, &slim_op_reshape, "Reshape", &(slim_reshape_attr){ { 0 } });
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  dx[0] = slim_op_reshape_like_add(dy[0], node->inputs[0]);
}

const slim_op slim_op_reshape = { .name = "reshape",
                                  .min_inputs = 1,
                                  .max_inputs = 2,
                                  .outputs = 1,
                                  .attr_size = sizeof(slim_reshape_attr),
                                  .flags = SLIM_OP_ALIAS,
                                  .shape_only = 1u << 1,
                                  .infer = infer,
                                  .gradient = gradient };
