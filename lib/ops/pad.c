/* Zeros around a tensor. */
#include "ops/rule.h"

/* One axis of the result. */
static bool widen(slim_inference *q, const slim_pad_attr *attr, int axis)
{
  const int have = q->in[0].dim[axis], before = attr->before[axis];
  const bool open = have == -1;
  const int like = q->inputs == 2 ? q->in[1].dim[axis] : -1;
  const int after = attr->after[axis];
  const int64_t sum = (int64_t)have + before + after;
  if (before < 0 || after < 0 || sum > INT32_MAX || (like >= 0 && !open && (int64_t)have + before > like)) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "%d zeros before and %d after axis %d of the input %s are not possible",
                          before, like >= 0 ? like - have - before : after, axis, slim_shape_words(&q->in[0]).text);
  }
  q->out[0].dim[axis] = q->inputs == 2 ? like : open ? -1 : (int)sum;
  return true;
}

static bool infer(slim_inference *q)
{
  const slim_pad_attr *attr = q->attr;
  if (!slim_rule_rank(q, 0, "input", attr->rank) || (q->inputs == 2 && !slim_rule_rank(q, 1, "shape", attr->rank))) {
    return false;
  }
  q->out[0].rank = attr->rank;
  for (int i = 0; i < attr->rank; i++) {
    if (!widen(q, attr, i)) {
      return false;
    }
  }
  return true;
}

/* What lies inside of the zeros, like x. */
static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_pad_attr *attr = node->attr;
  slim_slice_attr slice = { .rank = attr->rank };
  for (int i = 0; i < attr->rank; i++) {
    slice.begin[i] = attr->before[i];
  }
  slim_tensor *inputs[] = { dy[0], node->inputs[0] };
  dx[0] = slim_op_add(inputs, 2, &slim_op_slice, "Slice", &slice);
}

const slim_op slim_op_pad = { .name = "pad",
                              .min_inputs = 1,
                              .max_inputs = 2,
                              .outputs = 1,
                              .attr_size = sizeof(slim_pad_attr),
                              .shape_only = 1u << 1,
                              .infer = infer,
                              .gradient = gradient };
