/* Zeros around an image become padding of the convolution that reads it, which so needs no copy of the image. */
#include "ops/ops.h"
#include "session/passes/rewrite.h"

/* The axis of an image's rows. */
static int rows_of(const slim_conv2d_attr *attr)
{
  return attr->nchw ? 2 : 1;
}

/* Are all the zeros before and after the images' rows and columns, and no more than SAME has? */
static bool pads_like_same(const slim_pad_attr *pad, const slim_conv2d_attr *attr, const slim_shape *weights)
{
  const int rows = rows_of(attr), rate[2] = { attr->rate.h, attr->rate.w };
  bool like = true;
  for (int i = 0; i < pad->rank && like; i++) {
    const int axis = i - rows, total = axis == 0 || axis == 1 ? (weights->dim[axis] - 1) * rate[axis] : 0;
    like = pad->before[i] <= total / 2 && pad->after[i] <= (total + 1) / 2;
  }
  return like;
}

/* The zeros that the convolution can do without, NULL: none. */
static const slim_node *zeros_of(const slim_plan *plan, const slim_node *conv)
{
  const slim_conv2d_attr *attr = conv->attr;
  const slim_node *pad = conv->op == &slim_op_conv2d ? conv->inputs[0]->node : NULL;
  const bool good = pad && pad->op == &slim_op_pad && pad->num_inputs == 1 && attr->padding == SLIM_VALID &&
                    plan->once[pad->id] == plan->once[conv->id] && slim_read_once(plan, conv->inputs[0]) &&
                    pads_like_same(pad->attr, attr, &plan->tensors[conv->inputs[1]->id].shape);
  return good ? pad : NULL;
}

static slim_node *padded_make(slim_plan *plan, const slim_node *conv, const slim_node *pad)
{
  slim_node *node = slim_rewrite_node(plan, conv, conv->op, conv->num_inputs);
  slim_conv2d_attr *attr = slim_arena_copy(plan->arena, conv->attr, sizeof *attr);
  if (!node || !attr) {
    return NULL;
  }
  const int *before = ((const slim_pad_attr *)pad->attr)->before + rows_of(attr);
  attr->before = (slim_hw){ before[0], before[1] };
  node->attr = attr;
  node->inputs[0] = pad->inputs[0];
  return node;
}

slim_status slim_pass_pad(slim_plan *plan)
{
  slim_rewrite r;
  if (!(plan->passes & SLIM_PASS(fuse))) {
    return SLIM_OK;
  }
  bool good = slim_rewrite_begin(&r, plan);
  for (size_t i = 0; i < plan->num_order && good; i++) {
    const slim_node *conv = plan->order[i], *pad = zeros_of(plan, conv);
    if (pad) {
      r.dropped[pad->id] = true;
      r.instead[conv->id] = padded_make(plan, conv, pad);
      good = r.instead[conv->id] != NULL;
    }
  }
  return good && slim_rewrite_end(&r) ? SLIM_OK : slim_plan_no_memory(plan);
}
