/* A box out of a tensor. */
#include "ops/rule.h"

void slim_slice_begin(const slim_slice_attr *attr, const slim_shape *in, int inputs, int begin[SLIM_MAX_RANK])
{
  for (int i = 0; i < attr->rank; i++) {
    begin[i] = attr->begin[i];
  }
  for (int k = 2; k < inputs; k++) {
    begin[attr->axis] += in[k].dim[attr->axis];
  }
}

static bool refuse(slim_inference *q, int axis, int begin, int size)
{
  return slim_rule_fail(q, SLIM_ERR_SHAPE, "%d elements from %d on axis %d are not inside of the input %s", size, begin,
                        axis, slim_shape_words(&q->in[0]).text);
}

/* One axis of the result. */
static bool cut(slim_inference *q, int axis, int begin, int size)
{
  const int have = q->in[0].dim[axis];
  const bool open = have == -1;
  if (begin < 0 || size < -1 || (!open && (begin > have || (size > have - begin)))) {
    return refuse(q, axis, begin, size);
  }
  q->out[0].dim[axis] = size != -1 ? size : open ? -1 : have - begin;
  return true;
}

/* Any of the shapes that count along axis is still open, so that begin is not known yet. */
static bool begin_open(const slim_inference *q, int axis)
{
  for (int k = 2; k < q->inputs; k++) {
    if (q->in[k].dim[axis] == -1) {
      return true;
    }
  }
  return false;
}

static bool likes_fit(slim_inference *q, const slim_slice_attr *attr)
{
  for (int k = 1; k < q->inputs; k++) {
    if (!slim_rule_rank(q, k, "shape", attr->rank)) {
      return false;
    }
  }
  return q->inputs < 3 || slim_rule_axis(q, attr->axis, attr->rank);
}

static bool infer(slim_inference *q)
{
  const slim_slice_attr *attr = q->attr;
  int begin[SLIM_MAX_RANK] = { 0 };
  if (attr->rank < 0 || attr->rank > SLIM_MAX_RANK || !slim_rule_rank(q, 0, "input", attr->rank) ||
      !likes_fit(q, attr)) {
    return false;
  }
  q->out[0].rank = attr->rank;
  slim_slice_begin(attr, q->in, q->inputs, begin);
  for (int i = 0; i < attr->rank; i++) {
    if (q->inputs > 2 && i == attr->axis && begin_open(q, i)) {
      q->out[0].dim[i] = q->in[1].dim[i];
    } else if (!cut(q, i, begin[i], q->inputs > 1 ? q->in[1].dim[i] : attr->size[i])) {
      return false;
    }
  }
  return true;
}

/* dy with zeros around, like x. */
static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_slice_attr *attr = node->attr;
  slim_pad_attr pad = { .rank = attr->rank };
  if (node->num_inputs > 2) {
    return; /* itself part of a gradient */
  }
  for (int i = 0; i < attr->rank; i++) {
    pad.before[i] = attr->begin[i];
  }
  slim_tensor *inputs[] = { dy[0], node->inputs[0] };
  dx[0] = slim_op_add(inputs, 2, &slim_op_pad, "Pad", &pad);
}

const slim_op slim_op_slice = { .name = "slice",
                                .min_inputs = 1,
                                .max_inputs = -1,
                                .outputs = 1,
                                .attr_size = sizeof(slim_slice_attr),
                                .shape_only = ~1u,
                                .infer = infer,
                                .gradient = gradient };
