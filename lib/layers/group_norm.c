#include "layers/layer.h"

const slim_layer_info slim_layer_group_norm = {
  slim_group_norm,
  "group_norm",
  { SLIM_LAYER_COMMON, SLIM_OPTION(activation), SLIM_OPTION(center), SLIM_OPTION(scale), SLIM_OPTION(epsilon),
    SLIM_OPTION(beta_initializer), SLIM_OPTION(gamma_initializer), SLIM_OPTION(groups), SLIM_OPTION(channels_axis),
    SLIM_OPTION(reduction_axes), SLIM_OPTION(mean_close_to_zero) }
};

/* How the input is cut: groups of depth channels along axis, normalised over the axes of the mask beside the group. */
typedef struct cut {
  int axis, groups, depth;
  unsigned axes;
} cut;

static bool axes_usable(slim_call *call, const cut *c)
{
  const slim_shape *in = &call->args.input->shape;
  char text[128];
  (void)slim_shape_format(in, text, sizeof text);
  if (!call->args.reduction_axes && in->rank < 4) {
    (void)slim_fail(call, SLIM_ERR_SHAPE, "input %s has rank %d, must have rank 4 or more, or else name reduction_axes",
                    text, in->rank);
    return false;
  }
  if (c->axis < 1 || c->axis >= in->rank || c->axes >> in->rank || in->rank >= SLIM_MAX_RANK) {
    (void)slim_fail(call, SLIM_ERR_ARG, "channels_axis %d and reduction_axes 0x%x must be axes of the input %s",
                    call->args.channels_axis, c->axes, text);
    return false;
  }
  if (c->axes & SLIM_AXIS(c->axis)) {
    (void)slim_fail(call, SLIM_ERR_ARG, "reduction_axes hold axis %d, that of the channels", c->axis);
    return false;
  }
  return true;
}

static bool groups_usable(slim_call *call, const cut *c)
{
  const int channels = call->args.input->shape.dim[c->axis];
  if (c->groups < 1 || c->groups > channels || channels % c->groups != 0) {
    (void)slim_fail(call, SLIM_ERR_ARG, "%d groups do not divide %d channels", c->groups, channels);
    return false;
  }
  return true;
}

static cut cut_of(const slim_args *a)
{
  const int rank = a->input->shape.rank, axis = a->channels_axis ? a->channels_axis : -1;
  cut c = { .axis = axis < 0 ? axis + rank : axis, .groups = a->groups ? a->groups : 32, .axes = a->reduction_axes };
  if (!c.axes && rank >= 4) {
    c.axes = SLIM_AXIS(rank - 3) | SLIM_AXIS(rank - 2);
  }
  return c;
}

/* The groups' axis and its channels stand where the channels did: axes behind move on by one. */
static slim_shape split_shape(const slim_shape *in, const cut *c)
{
  slim_shape out = { in->rank + 1, { 0 } };
  for (int i = 1; i < in->rank; i++) { /* 0 keeps the batch */
    out.dim[i < c->axis ? i : i + 1] = in->dim[i];
  }
  out.dim[c->axis] = c->groups;
  out.dim[c->axis + 1] = c->depth;
  return out;
}

static unsigned split_axes(const cut *c)
{
  const unsigned before = SLIM_AXIS(c->axis) - 1;
  return (c->axes & before) | (c->axes & ~before) << 1 | SLIM_AXIS(c->axis + 1);
}

static slim_parameters parameters_of(const slim_shape *split, const cut *c)
{
  slim_parameters p = { .shape = { 1, { c->groups * c->depth } },
                        .broadcast = { split->rank - c->axis, { c->groups, c->depth } } };
  for (int i = 2; i < p.broadcast.rank; i++) {
    p.broadcast.dim[i] = 1;
  }
  return p;
}

slim_tensor *(slim_group_norm)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_group_norm, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "GroupNorm");
  cut c = cut_of(&call.args);
  if (!slim_layer_rank(&call, 2) || !axes_usable(&call, &c) || !groups_usable(&call, &c)) {
    return slim_layer_refuse(&call);
  }
  const slim_shape in = call.args.input->shape;
  c.depth = in.dim[c.axis] / c.groups;
  const slim_shape split = split_shape(&in, &c);
  const slim_parameters p = parameters_of(&split, &c);
  slim_shape back = in;
  back.dim[0] = 0;
  slim_tensor *net = slim_layer_normalize(&call, slim_reshape(call.args.input, split), split_axes(&c),
                                          slim_option_float(call.args.epsilon, 1e-6f), &p);
  return slim_layer_activate(&call, slim_reshape(net, back), NULL);
}
