/* Groups: a node with the nodes fused behind it. The backend says what it takes. */
#include "ops/ops.h"
#include "session/plan.h"

#include <stdlib.h>

typedef struct fusing {
  slim_plan *plan;
  slim_node **reader; /* by tensor id: the last running node that reads it */
  int *first_read;    /* by tensor id, of roots: position of the first step that reads it */
  int *position;      /* by node id: in plan->order, -1 outside */
  int *writers;       /* by position: variable writers before it */
  bool *used;         /* by node id */
} fusing;

/* The group with the position of its last node: groups run in that order. */
typedef struct candidate {
  slim_plan_group group;
  int position;
} candidate;

static void note_reads(fusing *f, slim_node *node, int position)
{
  for (int i = 0; i < node->num_inputs; i++) {
    const slim_tensor *input = node->inputs[i];
    if (slim_node_reads(node, i)) {
      int *first = &f->first_read[f->plan->tensors[input->id].root];
      *first = *first < 0 ? position : *first;
      f->reader[input->id] = node;
    }
  }
}

static bool fusing_make(fusing *f)
{
  const slim_plan *plan = f->plan;
  const size_t nodes = plan->num_nodes;
  f->reader = slim_arena_array(plan->arena, plan->num_tensors + 1, sizeof *f->reader);
  f->first_read = slim_arena_array(plan->arena, plan->num_tensors + 1, sizeof *f->first_read);
  f->position = slim_arena_array(plan->arena, nodes + 1, sizeof *f->position);
  f->writers = slim_arena_array(plan->arena, plan->num_order + 1, sizeof *f->writers);
  f->used = slim_arena_array(plan->arena, nodes + 1, sizeof *f->used);
  if (!f->reader || !f->first_read || !f->position || !f->writers || !f->used) {
    return false;
  }
  for (size_t i = 0; i < plan->num_tensors; i++) {
    f->first_read[i] = -1;
  }
  for (size_t i = 0; i < nodes; i++) {
    f->position[i] = -1;
  }
  for (size_t i = 0; i < plan->num_order; i++) {
    f->position[plan->order[i]->id] = (int)i;
    f->writers[i + 1] = f->writers[i] + slim_node_writes(plan->order[i]);
    note_reads(f, plan->order[i], (int)i);
  }
  return true;
}

/* Number of the input of node that is tensor, -1 if none or more than one reads it. */
static int single_input(const slim_node *node, const slim_tensor *tensor)
{
  int found = -1;
  for (int i = 0; i < node->num_inputs; i++) {
    if (node->inputs[i] == tensor && slim_node_reads(node, i)) {
      if (found >= 0) {
        return -1;
      }
      found = i;
    }
  }
  return found;
}

/* Are the further outputs of the first node read only after position? */
static bool others_wait(const fusing *f, const slim_node *first, int position)
{
  for (int k = 1; k < first->op->outputs; k++) {
    const int read = f->first_read[f->plan->tensors[first->outputs[k].id].root];
    if (read >= 0 && read <= position) {
      return false;
    }
  }
  return true;
}

/* Does anybody want further outputs of a node, which has none of them once it is fused behind others? */
static bool others_wanted(const fusing *f, const slim_node *node)
{
  bool wanted = false;
  for (int k = 1; k < node->op->outputs && !wanted; k++) {
    const slim_plan_tensor *t = &f->plan->tensors[node->outputs[k].id];
    wanted = t->readers > 0 || t->fetched;
  }
  return wanted;
}

/* The node that can be added to the group, NULL if none can. */
static slim_node *next_member(const fusing *f, slim_group *group)
{
  const slim_plan *plan = f->plan;
  const slim_node *first = group->nodes[0], *last = group->nodes[group->count - 1];
  const slim_tensor *result = &last->outputs[0];
  const slim_plan_tensor *t = &plan->tensors[result->id];
  slim_node *node = f->reader[result->id];
  if (group->count == SLIM_GROUP_MAX || t->readers != 1 || t->fetched || !node || f->used[node->id]) {
    return NULL;
  }
  const int position = f->position[node->id], begin = f->position[first->id];
  const bool simple = (node->op->flags & (SLIM_OP_EPILOGUE | SLIM_OP_IN_PLACE | SLIM_OP_LINEAR)) != 0 &&
                      (node->op->flags & (SLIM_OP_EFFECT | SLIM_OP_HOST)) == 0;
  const int chain = single_input(node, result);
  if (position < 0 || !simple || chain < 0 || plan->once[node->id] != plan->once[first->id] ||
      f->writers[position] != f->writers[begin] || !others_wait(f, first, position) || others_wanted(f, node)) {
    return NULL;
  }
  group->chain[group->count] = chain;
  return plan->device->backend->can_fuse(plan->device, group, node) ? node : NULL;
}

static void group_count(slim_group *group)
{
  group->num_in = slim_group_inputs(group, group->count);
  group->num_out = group->nodes[0]->op->outputs;
}

static candidate grow(const fusing *f, slim_node *node)
{
  candidate c = { .position = f->position[node->id] };
  c.group.once = f->plan->once[node->id] != 0;
  c.group.refresh = node->op == &slim_op_batch_norm_fold;
  slim_group *group = &c.group.group;
  group->nodes[group->count++] = node;
  f->used[node->id] = true;
  const bool may = (f->plan->passes & SLIM_PASS(fuse)) && (node->op->flags & (SLIM_OP_EFFECT | SLIM_OP_HOST)) == 0;
  for (slim_node *next = NULL; may && (next = next_member(f, group)) != NULL;) {
    group->nodes[group->count++] = next;
    f->used[next->id] = true;
    c.position = f->position[next->id];
  }
  group_count(group);
  return c;
}

static int by_position(const void *a, const void *b)
{
  const candidate *x = a, *y = b;
  return (x->position > y->position) - (x->position < y->position);
}

slim_status slim_pass_fuse(slim_plan *plan)
{
  fusing f = { .plan = plan };
  candidate *all = calloc(plan->num_order + 1, sizeof *all);
  plan->groups = slim_arena_array(plan->arena, plan->num_order + 1, sizeof *plan->groups);
  if (!all || !plan->groups || !fusing_make(&f)) {
    free(all);
    return slim_plan_no_memory(plan);
  }
  for (unsigned chains = 0; chains <= SLIM_OP_CHAIN; chains += SLIM_OP_CHAIN) { /* last: heavy ops choose what ends them */
    for (size_t i = 0; i < plan->num_order; i++) {
      slim_node *node = plan->order[i];
      if (!f.used[node->id] && (node->op->flags & SLIM_OP_CHAIN) == chains) {
        all[plan->num_groups++] = grow(&f, node);
      }
    }
  }
  qsort(all, plan->num_groups, sizeof *all, by_position);
  for (size_t i = 0; i < plan->num_groups; i++) {
    plan->groups[i] = all[i].group;
  }
  free(all);
  return SLIM_OK;
}
