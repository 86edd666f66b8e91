/*
 * An optimizer's node that updates all variables waits for all gradients. It is cut into few, each of which updates
 * variables as soon as their gradients are there and nobody needs the old values: fewer gradients are kept at a time.
 */
#include "ops/ops.h"
#include "session/passes/emit.h"

#define TURNS ((size_t)8) /* at most so many nodes; each is a launch */

typedef struct applying {
  slim_emitter e;
  const slim_apply_attr *attr;
  int hyper, group; /* inputs before the variables, and of each */
  int at;           /* position of the node */
  int *due;         /* by variable: the position behind which it can be updated */
  bool *done;
  int left; /* variables to be updated */
} applying;

static slim_tensor *const *group_of(const applying *a, int i)
{
  return &a->e.node->inputs[a->hyper + i * a->group];
}

static size_t gradient_bytes(const applying *a, int i)
{
  return a->e.plan->tensors[group_of(a, i)[a->group - 1]->id].bytes;
}

/* By tensor id, of roots: the last position before the node where it is made, read or written; -1. *check: of the last
 * finite check. NULL: no memory. */
static int *look(const applying *a, int *check)
{
  slim_plan *plan = a->e.plan;
  int *touched = slim_arena_array(plan->arena, plan->num_tensors + 1, sizeof *touched);
  for (size_t i = 0; touched && i < plan->num_tensors; i++) {
    touched[i] = -1;
  }
  for (int p = 0; touched && p < a->at; p++) {
    const slim_node *node = plan->order[p];
    *check = node->op == &slim_op_finite_check ? p : *check;
    for (int k = 0; k < node->num_inputs; k++) {
      touched[plan->tensors[node->inputs[k]->id].root] = p;
    }
    for (int k = 0; k < node->op->outputs; k++) {
      touched[node->outputs[k].id] = p;
    }
  }
  return touched;
}

static int later(const applying *a, const int *touched, const slim_tensor *tensor, int position)
{
  const int other = touched[a->e.plan->tensors[tensor->id].root];
  return other > position ? other : position;
}

static bool find_due(applying *a)
{
  int first = -1;
  const int *touched = look(a, &first);
  for (int k = 0; touched && k < a->hyper; k++) {
    first = later(a, touched, a->e.node->inputs[k], first);
  }
  for (int i = 0; touched && i < a->attr->variables; i++) {
    a->due[i] = first;
    for (int k = 0; k < a->group; k++) {
      a->due[i] = later(a, touched, group_of(a, i)[k], a->due[i]);
    }
  }
  return touched != NULL;
}

/* A node for all variables that are due at position; the last one takes the place of the node. */
static void take_turn(applying *a, int position)
{
  static const slim_shape scalar = { 0 };
  slim_apply_attr attr = *a->attr;
  slim_tensor **inputs = slim_arena_array(a->e.plan->arena, (size_t)a->e.node->num_inputs, sizeof(slim_tensor *));
  float *decay = slim_arena_array(a->e.plan->arena, (size_t)attr.variables, sizeof *decay);
  int count = 0, at = a->hyper;
  if (!inputs || !decay) {
    a->e.failed = true;
    return;
  }
  for (int k = 0; k < a->hyper; k++) {
    inputs[k] = a->e.node->inputs[k];
  }
  for (int i = 0; i < a->attr->variables; i++) {
    if (a->done[i] || a->due[i] > position) {
      continue;
    }
    a->done[i] = true;
    decay[count++] = attr.decay_of ? attr.decay_of[i] : 0.0f;
    for (int k = 0; k < a->group; k++) {
      inputs[at++] = group_of(a, i)[k];
    }
  }
  a->left -= count;
  attr.variables = count;
  attr.decay_of = decay;
  (void)slim_emit(&a->e, a->e.node->op, &attr, inputs, at, a->left > 0 ? &scalar : NULL);
}

/* Bytes of gradients that can be used at position; *count: of variables. */
static size_t waiting(const applying *a, int position, int *count)
{
  size_t bytes = 0;
  for (int i = 0; i < a->attr->variables; i++) {
    const bool ready = !a->done[i] && a->due[i] <= position;
    bytes += ready ? gradient_bytes(a, i) : 0;
    *count += ready;
  }
  return bytes;
}

static slim_status apply_early(applying *a)
{
  const slim_plan *plan = a->e.plan;
  size_t all = 0;
  for (int i = 0; i < a->attr->variables; i++) {
    all += gradient_bytes(a, i);
  }
  for (int p = 0; p < (int)plan->num_order; p++) {
    int count = 0;
    if (p == a->at) {
      take_turn(a, p);
      slim_emit_without(&a->e);
      continue;
    }
    slim_emit_node(&a->e, plan->order[p]);
    if (p < a->at && waiting(a, p, &count) >= all / TURNS + 1 && count < a->left) {
      take_turn(a, p);
    }
  }
  return slim_emit_end(&a->e);
}

slim_status slim_pass_apply(slim_plan *plan)
{
  applying a = { .e = { .plan = plan } };
  while (a.at < (int)plan->num_order && slim_apply_hyper(plan->order[a.at]->op) == 0) {
    a.at++;
  }
  if (!(plan->passes & SLIM_PASS(apply)) || a.at == (int)plan->num_order) {
    return SLIM_OK;
  }
  a.e.node = plan->order[a.at];
  a.attr = a.e.node->attr;
  a.left = a.attr->variables;
  a.hyper = slim_apply_hyper(a.e.node->op);
  a.group = (a.e.node->num_inputs - a.hyper) / a.left;
  a.due = slim_arena_array(plan->arena, (size_t)a.left, sizeof *a.due);
  a.done = slim_arena_array(plan->arena, (size_t)a.left, sizeof *a.done);
  return a.due && a.done && find_due(&a) ? apply_early(&a) : slim_plan_no_memory(plan);
}
