/* Optimizers: variables whose tensors lie in the same buffers are updated by one launch. */
#include "backend/opencl/ops.h"
#include "kernels/apply_params.h"

#include <stdlib.h>

#include "base/bytes.h"

#define SLOTS 3
#define RUN_ELEMENTS 4096u /* of a work-group; a multiple of SLIM_ALIGNMENT bytes */

enum apply_kind { GRADIENT_DESCENT, MOMENTUM, ADAM, RMS_PROP };

/* The tensors of one variable; slots that the optimizer lacks repeat the variable. */
typedef struct member {
  const slim_view *variable, *gradient, *slot[SLOTS];
} member;

static const struct layout {
  int hyper;       /* host scalars before the first variable */
  int stride;      /* inputs of a variable */
  int slot[SLOTS]; /* which of a variable's inputs; 0: none */
} layouts[] = {
  [GRADIENT_DESCENT] = { 1, 2, { 0 } },
  [MOMENTUM] = { 1, 3, { 1 } },
  [ADAM] = { 3, 4, { 1, 2 } },
  [RMS_PROP] = { 1, 4, { 1, 0, 2 } },
};
static const struct layout rms_prop_centered = { 1, 5, { 1, 2, 3 } };

static const struct layout *layout_of(int kind, const slim_apply_attr *attr)
{
  return kind == RMS_PROP && attr->centered ? &rms_prop_centered : &layouts[kind];
}

static member member_of(const slim_cl_build *b, const struct layout *l, int i)
{
  const slim_view *first = &b->in[l->hyper + i * l->stride];
  member m = { .variable = first, .gradient = first + l->stride - 1 };
  for (int k = 0; k < SLOTS; k++) {
    m.slot[k] = first + l->slot[k];
  }
  return m;
}

static bool same_buffers(const member *a, const member *b)
{
  bool same = a->variable->buffer == b->variable->buffer && a->gradient->buffer == b->gradient->buffer;
  for (int k = 0; k < SLOTS && same; k++) {
    same = a->slot[k]->buffer == b->slot[k]->buffer;
  }
  return same;
}

static unsigned place(const slim_view *view, unsigned first)
{
  return (unsigned)(view->offset / SLIM_ALIGNMENT) + first / (SLIM_ALIGNMENT / (unsigned)sizeof(float));
}

static void append_runs(slim_bytes *runs, const member *m, float decay)
{
  const unsigned n = slim_cl_elements(m->variable);
  for (unsigned first = 0; first < n; first += RUN_ELEMENTS) {
    slim_apply_run run = { .variable = place(m->variable, first), .gradient = place(m->gradient, first), .decay = decay };
    run.count = n - first < RUN_ELEMENTS ? n - first : RUN_ELEMENTS;
    for (int k = 0; k < SLOTS; k++) {
      run.slot[k] = place(m->slot[k], first);
    }
    slim_bytes_append(runs, &run, sizeof(run));
  }
}

static void launch(slim_cl_build *b, int kind, const struct layout *l, const member *m, const slim_bytes *runs)
{
  const slim_apply_attr *attr = b->attr;
  const slim_apply_params p = { kind,        attr->nesterov, attr->centered, attr->momentum,
                                attr->beta1, attr->beta2,    attr->epsilon,  attr->decay };
  slim_cl_begin(b, "slim_apply_vector_f32");
  slim_cl_arg_memory(b, m->variable->buffer->memory);
  slim_cl_arg_memory(b, m->gradient->buffer->memory);
  for (int k = 0; k < SLOTS; k++) {
    slim_cl_arg_memory(b, m->slot[k]->buffer->memory);
  }
  slim_cl_arg_memory(b, slim_cl_table(b, runs->data, runs->size));
  slim_cl_arg_memory(b, b->cl->flag.memory);
  for (int i = 0; i < SLOTS; i++) {
    slim_cl_arg_host(b, &b->in[i < l->hyper ? i : 0]);
  }
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range_groups(b, runs->size / sizeof(slim_apply_run), slim_cl_is_cpu(b) ? 1 : b->cl->group_1d);
}

/* One launch for variable i and all later ones beside it. */
static void launch_beside(slim_cl_build *b, int kind, const struct layout *l, int i, bool *done)
{
  const slim_apply_attr *attr = b->attr;
  const int variables = attr->variables;
  const member head = member_of(b, l, i);
  slim_bytes runs = { 0 };
  for (int k = i; k < variables; k++) {
    const member m = member_of(b, l, k);
    if (!done[k] && same_buffers(&head, &m)) {
      append_runs(&runs, &m, attr->decay_of ? attr->decay_of[k] : 0.0f);
      done[k] = true;
    }
  }
  if (runs.failed) {
    b->status = slim_cl_fail(b->device, SLIM_ERR_MEMORY, "%s: out of memory", b->device->info.selector);
  } else if (runs.size > 0) {
    launch(b, kind, l, &head, &runs);
  }
  slim_bytes_free(&runs);
}

static void prepare_kind(slim_cl_build *b, int kind)
{
  const slim_apply_attr *attr = b->attr;
  bool *done = calloc((size_t)attr->variables + 1, sizeof(*done));
  if (done == NULL) {
    b->status = slim_cl_fail(b->device, SLIM_ERR_MEMORY, "%s: out of memory", b->device->info.selector);
    return;
  }
  for (int i = 0; i < attr->variables && b->status == SLIM_OK; i++) {
    if (!done[i]) {
      launch_beside(b, kind, layout_of(kind, attr), i, done);
    }
  }
  free(done);
}

static void prepare_gradient_descent(slim_cl_build *b)
{
  prepare_kind(b, GRADIENT_DESCENT);
}

static void prepare_momentum(slim_cl_build *b)
{
  prepare_kind(b, MOMENTUM);
}

static void prepare_adam(slim_cl_build *b)
{
  prepare_kind(b, ADAM);
}

static void prepare_rms_prop(slim_cl_build *b)
{
  prepare_kind(b, RMS_PROP);
}

static bool supports_kind(int kind, const slim_group *group, const slim_view *in)
{
  const struct layout *l = layout_of(kind, group->nodes[0]->attr);
  bool all = true;
  for (int i = l->hyper; i < group->num_in && all; i++) {
    all = in[i].dtype == SLIM_FLOAT32;
  }
  return all;
}

#define SUPPORTS(name_, kind_)                                                                                         \
  static bool name_(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)     \
  {                                                                                                                    \
    (void)device;                                                                                                      \
    (void)out;                                                                                                         \
    return supports_kind(kind_, group, in);                                                                            \
  }
SUPPORTS(supports_gradient_descent, GRADIENT_DESCENT)
SUPPORTS(supports_momentum, MOMENTUM)
SUPPORTS(supports_adam, ADAM)
SUPPORTS(supports_rms_prop, RMS_PROP)

const slim_cl_op slim_cl_op_apply_gradient_descent = { .prepare = prepare_gradient_descent,
                                                       .supports = supports_gradient_descent };
const slim_cl_op slim_cl_op_apply_momentum = { .prepare = prepare_momentum, .supports = supports_momentum };
const slim_cl_op slim_cl_op_apply_adam = { .prepare = prepare_adam, .supports = supports_adam };
const slim_cl_op slim_cl_op_apply_rms_prop = { .prepare = prepare_rms_prop, .supports = supports_rms_prop };
