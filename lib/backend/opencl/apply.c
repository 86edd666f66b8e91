/* Optimizers: variables whose tensors lie in the same buffers are updated by one launch. */
#include "backend/opencl/ops.h"
#include "kernels/apply_params.h"

#include <stdlib.h>

#include "base/bytes.h"

#define SLOTS 3
#define RUN_ELEMENTS 4096u /* of a work-group; a multiple of SLIM_ALIGNMENT bytes */

/* The tensors of one variable; slots that the optimizer lacks repeat the variable. */
typedef struct member {
  const slim_view *variable, *gradient, *slot[SLOTS];
} member;

/* How the inputs of the op lie. */
typedef struct layout {
  const char *kernel;
  int hyper, slots; /* host scalars before the first variable, and slots of each */
} layout;

static member member_of(const slim_cl_build *b, const layout *l, int i)
{
  const slim_view *first = &b->in[l->hyper + i * (l->slots + 2)];
  member m = { .variable = first, .gradient = first + l->slots + 1 };
  for (int k = 0; k < SLOTS; k++) {
    m.slot[k] = k < l->slots ? first + k + 1 : first;
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

static void launch(slim_cl_build *b, const layout *l, const member *m, const slim_bytes *runs)
{
  const slim_apply_attr *attr = b->attr;
  const slim_apply_params p = { .nesterov = attr->nesterov,
                                .momentum = attr->momentum,
                                .beta1 = attr->beta1,
                                .beta2 = attr->beta2,
                                .epsilon = attr->epsilon,
                                .decay = attr->decay,
                                .learning_rate_power = attr->learning_rate_power,
                                .l1 = attr->l1,
                                .l2 = attr->l2 };
  slim_cl_begin(b, l->kernel);
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
static void launch_beside(slim_cl_build *b, const layout *l, int i, bool *done)
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
    launch(b, l, &head, &runs);
  }
  slim_bytes_free(&runs);
}

static void prepare(slim_cl_build *b, const slim_op *op, const char *kernel)
{
  const slim_apply_attr *attr = b->attr;
  const layout l = { kernel, slim_apply_hyper(op), slim_apply_slots(op, attr) };
  bool *done = calloc((size_t)attr->variables + 1, sizeof(*done));
  if (done == NULL) {
    b->status = slim_cl_fail(b->device, SLIM_ERR_MEMORY, "%s: out of memory", b->device->info.selector);
    return;
  }
  for (int i = 0; i < attr->variables && b->status == SLIM_OK; i++) {
    if (!done[i]) {
      launch_beside(b, &l, i, done);
    }
  }
  free(done);
}

static bool supports(const slim_op *op, const slim_group *group, const slim_view *in)
{
  bool all = true;
  for (int i = slim_apply_hyper(op); i < group->num_in && all; i++) {
    all = in[i].dtype == SLIM_FLOAT32;
  }
  return all;
}

#define APPLY(name_, kernel_)                                                                                          \
  static void prepare_##name_(slim_cl_build *b)                                                                        \
  {                                                                                                                    \
    prepare(b, &slim_op_apply_##name_, kernel_);                                                                       \
  }                                                                                                                    \
  static bool supports_##name_(const slim_device *device, const slim_group *group, const slim_view *in,                \
                               const slim_view *out)                                                                   \
  {                                                                                                                    \
    (void)device;                                                                                                      \
    (void)out;                                                                                                         \
    return supports(&slim_op_apply_##name_, group, in);                                                                \
  }                                                                                                                    \
  const slim_cl_op slim_cl_op_apply_##name_ = { .prepare = prepare_##name_, .supports = supports_##name_ };

APPLY(gradient_descent, "slim_apply_gradient_descent_f32")
APPLY(momentum, "slim_apply_momentum_f32")
APPLY(adagrad, "slim_apply_adagrad_f32")
APPLY(adadelta, "slim_apply_adadelta_f32")
APPLY(adam, "slim_apply_adam_f32")
APPLY(ftrl, "slim_apply_ftrl_f32")
APPLY(rms_prop, ((const slim_apply_attr *)b->attr)->centered ? "slim_apply_centered_rms_prop_f32"
                                                             : "slim_apply_rms_prop_f32")
APPLY(proximal_gradient_descent, "slim_apply_proximal_gradient_descent_f32")
APPLY(proximal_adagrad, "slim_apply_proximal_adagrad_f32")
