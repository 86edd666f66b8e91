/* Convolutions and matrix products whose weights lie in parts. */
#include "session/passes/split.h"

#include "ops/ops.h"

/* --- convolutions: rows of the kernel, each part over those rows of the image that it meets ----------------------- */

typedef struct window_rows {
  slim_conv2d_attr attr; /* without padding, which becomes zeros around the image */
  slim_pad_attr pad;
  bool pads;
  slim_shape padded;
  int axis, out; /* of rows; rows of the result */
} window_rows;

static window_rows window_rows_of(const slim_conv2d_attr *attr, const slim_shape *x, const slim_shape *weights,
                                  const slim_shape *y)
{
  window_rows r = { .attr = *attr, .padded = *x, .axis = attr->nchw ? 2 : 1 };
  const int stride[] = { attr->stride.h, attr->stride.w }, rate[] = { attr->rate.h, attr->rate.w };
  r.out = y->dim[r.axis];
  r.pad.rank = x->rank;
  for (int i = 0; i < 2; i++) {
    const int axis = r.axis + i, have = x->dim[axis];
    const int need = (y->dim[axis] - 1) * stride[i] + (weights->dim[i] - 1) * rate[i] + 1;
    const int before = slim_window_of(have, weights->dim[i], stride[i], rate[i], attr->padding).before;
    r.pad.before[axis] = before;
    r.pad.after[axis] = need > before + have ? need - before - have : 0;
    r.padded.dim[axis] = have + before + r.pad.after[axis];
    r.pads |= r.padded.dim[axis] != have;
  }
  r.attr.padding = SLIM_VALID;
  return r;
}

/* Rows of the padded image that rows [begin, begin + kernel) of the kernel meet. */
static slim_shape rows_met(const window_rows *r, int begin, int kernel, int *first)
{
  slim_shape shape = r->padded;
  *first = begin * r->attr.rate.h;
  shape.dim[r->axis] = (r->out - 1) * r->attr.stride.h + (kernel - 1) * r->attr.rate.h + 1;
  return shape;
}

static slim_tensor *padded(slim_emitter *s, const window_rows *r, slim_tensor *x)
{
  return r->pads ? slim_emit(s, &slim_op_pad, &r->pad, &x, 1, &r->padded) : x;
}

static slim_tensor *image_part(slim_emitter *s, const window_rows *r, slim_tensor *x, int begin, int kernel)
{
  int first = 0;
  const slim_shape shape = rows_met(r, begin, kernel, &first);
  return slim_split_slice(s, x, r->axis, first, shape.dim[r->axis]);
}

/* The sum of terms is the node's result. */
static bool finish_sum(slim_emitter *s, slim_tensor *const *terms, int count)
{
  if (!s->failed) {
    (void)slim_emit(s, &slim_op_add_n, NULL, terms, count, NULL);
  }
  return true;
}

static slim_tensor **terms_make(slim_emitter *s, int count)
{
  slim_tensor **terms = slim_arena_array(s->plan->arena, (size_t)count, sizeof(slim_tensor *));
  s->failed |= !terms;
  return terms;
}

bool slim_split_conv2d(slim_emitter *s)
{
  const slim_node *node = s->node;
  const slim_shape y = *slim_split_shape_of(s, node->outputs), weights = *slim_split_shape_of(s, node->inputs[1]);
  const window_rows r = window_rows_of(node->attr, slim_split_shape_of(s, node->inputs[0]), &weights, &y);
  int count = 0, begin = 0;
  slim_tensor **parts = slim_split_parts(s, node->inputs[1], &count), **terms = terms_make(s, count);
  if (!parts) {
    return false;
  }
  slim_tensor *x = padded(s, &r, node->inputs[0]);
  for (int p = 0; p < count && !s->failed; p++) {
    const int kernel = slim_part_shape(&weights, count, p, &begin).dim[0];
    slim_tensor *const inputs[] = { image_part(s, &r, x, begin, kernel), parts[p] };
    terms[p] = slim_emit(s, &slim_op_conv2d, &r.attr, inputs, 2, &y);
  }
  return finish_sum(s, terms, count);
}

/* The part's gradient in its place in the padded image. */
static slim_tensor *gradient_part(slim_emitter *s, const window_rows *r, slim_tensor *weights, int begin, int kernel)
{
  int first = 0;
  const slim_shape shape = rows_met(r, begin, kernel, &first);
  slim_tensor *const inputs[] = { s->node->inputs[0], weights, slim_emit_shape(s, &shape) };
  slim_tensor *d = slim_emit(s, &slim_op_conv2d_input_gradient, &r->attr, inputs, 3, &shape);
  slim_pad_attr pad = { .rank = shape.rank };
  pad.before[r->axis] = first;
  pad.after[r->axis] = r->padded.dim[r->axis] - first - shape.dim[r->axis];
  return slim_emit(s, &slim_op_pad, &pad, &d, 1, &r->padded);
}

bool slim_split_conv2d_input_gradient(slim_emitter *s)
{
  const slim_node *node = s->node;
  const slim_shape x = *slim_split_shape_of(s, node->outputs), weights = *slim_split_shape_of(s, node->inputs[1]);
  const window_rows r = window_rows_of(node->attr, &x, &weights, slim_split_shape_of(s, node->inputs[0]));
  int count = 0, begin = 0;
  slim_tensor **parts = slim_split_parts(s, node->inputs[1], &count), **terms = terms_make(s, count);
  if (!parts) {
    return false;
  }
  for (int p = 0; p < count && !s->failed; p++) {
    const int kernel = slim_part_shape(&weights, count, p, &begin).dim[0];
    terms[p] = gradient_part(s, &r, parts[p], begin, kernel);
  }
  if (!r.pads || s->failed) {
    return finish_sum(s, terms, count);
  }
  slim_slice_attr attr = { .rank = x.rank };
  for (int i = 0; i < x.rank; i++) {
    attr.begin[i] = r.pad.before[i];
    attr.size[i] = x.dim[i];
  }
  slim_tensor *sum = slim_emit(s, &slim_op_add_n, NULL, terms, count, &r.padded);
  (void)slim_emit(s, &slim_op_slice, &attr, &sum, 1, NULL);
  return true;
}

bool slim_split_conv2d_weights_gradient(slim_emitter *s)
{
  const slim_node *node = s->node;
  const slim_shape weights = *slim_split_shape_of(s, node->outputs);
  const window_rows r = window_rows_of(node->attr, slim_split_shape_of(s, node->inputs[1]), &weights,
                                       slim_split_shape_of(s, node->inputs[0]));
  int count = 0, begin = 0;
  slim_tensor **like = slim_split_parts(s, node->inputs[2], &count);
  slim_tensor **result = like ? slim_split_result(s, count) : NULL;
  slim_tensor *x = result ? padded(s, &r, node->inputs[1]) : NULL;
  for (int p = 0; p < count && result && !s->failed; p++) {
    const slim_shape shape = slim_part_shape(&weights, count, p, &begin);
    slim_tensor *const inputs[] = { node->inputs[0], image_part(s, &r, x, begin, shape.dim[0]), like[p] };
    result[p] = slim_emit(s, &slim_op_conv2d_weights_gradient, &r.attr, inputs, 3, &shape);
  }
  return like != NULL;
}

/* --- matrix products ---------------------------------------------------------------------------------------------- */

/* a b, b [k, n] in parts: columns of a by rows of b, added. */
static bool split_sum(slim_emitter *s, const slim_matmul_attr *attr, slim_tensor *const *parts, int count)
{
  const slim_node *node = s->node;
  const slim_shape y = *slim_split_shape_of(s, node->outputs), b = *slim_split_shape_of(s, node->inputs[1]);
  const int axis = attr->transpose_a ? 0 : slim_split_shape_of(s, node->inputs[0])->rank - 1;
  slim_tensor **terms = terms_make(s, count);
  for (int p = 0, begin = 0; p < count && !s->failed; p++) {
    const int rows = slim_part_shape(&b, count, p, &begin).dim[0];
    slim_tensor *const inputs[] = { slim_split_slice(s, node->inputs[0], axis, begin, rows), parts[p] };
    terms[p] = slim_emit(s, &slim_op_matmul, attr, inputs, 2, &y);
  }
  return finish_sum(s, terms, count);
}

/* a b^T, b [n, k] in parts: columns of the result, side by side. */
static bool split_columns(slim_emitter *s, const slim_matmul_attr *attr, slim_tensor *const *parts, int count)
{
  const slim_node *node = s->node;
  slim_shape y = *slim_split_shape_of(s, node->outputs);
  const slim_shape b = *slim_split_shape_of(s, node->inputs[1]);
  const slim_concat_attr beside = { .axis = y.rank - 1 };
  slim_tensor **columns = terms_make(s, count);
  for (int p = 0, begin = 0; p < count && !s->failed; p++) {
    slim_tensor *const inputs[] = { node->inputs[0], parts[p] };
    y.dim[beside.axis] = slim_part_shape(&b, count, p, &begin).dim[0];
    columns[p] = slim_emit(s, &slim_op_matmul, attr, inputs, 2, &y);
  }
  if (!s->failed) {
    (void)slim_emit(s, &slim_op_concat, &beside, columns, count, NULL);
  }
  return true;
}

/* a^T b is in parts: columns of a. */
static bool split_result(slim_emitter *s, const slim_matmul_attr *attr)
{
  const slim_node *node = s->node;
  const slim_shape y = *slim_split_shape_of(s, node->outputs);
  const int count = slim_parts_of(&y, node->outputs[0].dtype, s->plan->device->info.max_allocation);
  slim_tensor **result = slim_split_result(s, count);
  for (int p = 0, begin = 0; p < count && result && !s->failed; p++) {
    const slim_shape shape = slim_part_shape(&y, count, p, &begin);
    slim_tensor *const inputs[] = { slim_split_slice(s, node->inputs[0], 1, begin, shape.dim[0]), node->inputs[1] };
    result[p] = slim_emit(s, &slim_op_matmul, attr, inputs, 2, &shape);
  }
  return true;
}

bool slim_split_matmul(slim_emitter *s)
{
  const slim_matmul_attr *attr = s->node->attr;
  int count = 0, other = 0;
  slim_tensor **parts = slim_split_parts(s, s->node->inputs[1], &count);
  if (slim_split_parts(s, s->node->inputs[0], &other)) {
    return false;
  }
  return !parts              ? split_result(s, attr)
         : attr->transpose_b ? split_columns(s, attr, parts, count)
                             : split_sum(s, attr, parts, count);
}
