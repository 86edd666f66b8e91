/* Where each group runs, the copies that this asks for, and how long every piece of memory is needed. */
#include "session/plan.h"

#include <stdint.h>

static slim_where other(slim_where where)
{
  return where == SLIM_ON_DEVICE ? SLIM_ON_HOST : SLIM_ON_DEVICE;
}

static slim_status add_step(slim_plan *plan, slim_plan_step step)
{
  if (plan->num_steps == plan->step_room) {
    const size_t room = plan->step_room ? 2 * plan->step_room : 2 * plan->num_groups + 16;
    slim_plan_step *grown = slim_arena_array(plan->arena, room, sizeof *grown);
    if (!grown) {
      return slim_plan_no_memory(plan);
    }
    for (size_t i = 0; i < plan->num_steps; i++) {
      grown[i] = plan->steps[i];
    }
    plan->steps = grown;
    plan->step_room = room;
  }
  plan->steps[plan->num_steps++] = step;
  return SLIM_OK;
}

/* The slot is in use by the step that is added next. */
static void touch(slim_plan *plan, int slot)
{
  if (slot >= 0) {
    slim_slot *s = &plan->slots[slot];
    const int now = (int)plan->num_steps;
    s->first = s->first > s->last ? now : s->first;
    s->last = now;
  }
}

static slim_status give_slot(slim_plan *plan, slim_plan_tensor *root, slim_where where, bool keep)
{
  if (root->placed[where] || root->slot[where] >= 0) {
    return SLIM_OK;
  }
  root->slot[where] = slim_plan_slot(plan, root->bytes, where);
  if (root->slot[where] < 0) {
    return slim_plan_no_memory(plan);
  }
  plan->slots[root->slot[where]].keep = keep;
  return SLIM_OK;
}

/* --- sources ------------------------------------------------------------------------------------------------------ */

static void place_value(slim_plan *plan, slim_plan_tensor *t)
{
  t->home = plan->unified || t->value->view.buffer ? SLIM_ON_DEVICE : SLIM_ON_HOST;
  t->view[t->home] = t->value->view;
  t->placed[t->home] = t->fresh[t->home] = true;
}

static void place_constant(slim_plan *plan, const slim_node *node, slim_plan_tensor *t)
{
  const slim_source_attr *attr = node->attr;
  t->home = plan->unified ? SLIM_ON_DEVICE : SLIM_ON_HOST;
  t->view[t->home] = (slim_view){ .host = (void *)(uintptr_t)attr->values, .dtype = t->dtype, .shape = t->shape };
  t->placed[t->home] = t->fresh[t->home] = true;
}

/* A fed tensor is there from the start, wherever it is asked for. */
static slim_status place_placeholder(slim_plan *plan, slim_plan_tensor *t)
{
  t->home = SLIM_ON_DEVICE;
  t->fresh[SLIM_ON_DEVICE] = t->fresh[SLIM_ON_HOST] = true;
  slim_status status = give_slot(plan, t, SLIM_ON_DEVICE, false);
  if (status == SLIM_OK && !plan->unified) {
    status = give_slot(plan, t, SLIM_ON_HOST, false);
  }
  return status;
}

static slim_status place_sources(slim_plan *plan)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < plan->program->num_nodes && status == SLIM_OK; i++) {
    const slim_node *node = plan->graph->nodes[i];
    if ((plan->program->need[i] & SLIM_NEED_RUN) == 0) {
      continue;
    }
    slim_plan_tensor *t = &plan->tensors[node->outputs[0].id];
    if (node->op == &slim_op_variable) {
      t->value = slim_values_find(plan->values, node->variable->full_name);
      place_value(plan, t);
    } else if (node->op == &slim_op_constant) {
      place_constant(plan, node, t);
    } else if (node->op == &slim_op_placeholder) {
      status = place_placeholder(plan, t);
    }
  }
  for (size_t i = plan->graph->num_tensors; i < plan->num_tensors; i++) {
    if (plan->tensors[i].value) { /* a part of a variable */
      place_value(plan, &plan->tensors[i]);
    }
  }
  return status;
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static bool on_host_lane(slim_plan *plan, const slim_node *node)
{
  if (node->op->flags & SLIM_OP_HOST) {
    return true;
  }
  if (!slim_node_writes(node)) {
    return false;
  }
  const slim_plan_tensor *written = slim_plan_root(plan, node->inputs[slim_node_first_written(node)]);
  return written->home == SLIM_ON_HOST;
}

static slim_status unsupported(slim_plan *plan, const slim_node *node, const slim_device *device)
{
  return slim_error_set(&plan->error, SLIM_ERR_UNSUPPORTED, "%s '%s': the %s backend has no kernel for it",
                        node->op->name, node->name, device->backend->name);
}

static bool supported(slim_plan *plan, slim_plan_step *step, slim_where where)
{
  const slim_device *device = where == SLIM_ON_HOST ? plan->host : plan->device;
  step->group->where = where;
  slim_plan_group_views(plan, step->group, step->in, step->out);
  return device->backend->supports(device, &step->group->group, step->in, step->out);
}

/* Decides where the group of the step runs. A group of several falls back node by node: *split. */
static slim_status choose_lane(slim_plan *plan, slim_plan_step *step, bool *split)
{
  slim_plan_group *g = step->group;
  const slim_node *first = g->group.nodes[0];
  const bool on_host = g->once || on_host_lane(plan, first); /* constants are on the host: so is what is folded */
  const slim_where wanted = !plan->unified && on_host ? SLIM_ON_HOST : SLIM_ON_DEVICE;
  if (supported(plan, step, wanted)) {
    return SLIM_OK;
  }
  if (g->group.count > 1) {
    *split = true;
    return SLIM_OK;
  }
  if (plan->unified || wanted == SLIM_ON_HOST) {
    return unsupported(plan, first, plan->host);
  }
  g->fallback = true;
  return supported(plan, step, SLIM_ON_HOST) ? SLIM_OK : unsupported(plan, first, plan->host);
}

/* Makes the value of root readable at where, with a copy step if it is not. */
static slim_status bring(slim_plan *plan, const slim_tensor *tensor, slim_where where)
{
  slim_plan_tensor *root = slim_plan_root(plan, tensor);
  slim_status status = SLIM_OK;
  if (!root->fresh[where]) {
    const int id = plan->tensors[tensor->id].root;
    const bool once = plan->once[plan->tensors[id].tensor->node->id] != 0;
    status = give_slot(plan, root, where, once);
    if (status == SLIM_OK) {
      touch(plan, root->slot[where]);
      touch(plan, root->slot[other(where)]);
      root->fresh[where] = true;
      status = add_step(plan, (slim_plan_step){
                                  .kind = where == SLIM_ON_DEVICE ? SLIM_STEP_UPLOAD : SLIM_STEP_DOWNLOAD,
                                  .once = once,
                                  .tensor = id,
                                  .workspace = -1,
                              });
    }
  }
  return status;
}

static slim_status bring_inputs(slim_plan *plan, const slim_plan_group *g)
{
  slim_status status = SLIM_OK;
  for (int i = 0; i < g->group.num_in && status == SLIM_OK; i++) {
    const slim_group_input from = slim_group_in(&g->group, i);
    if (slim_node_reads(from.node, from.input)) {
      status = bring(plan, from.node->inputs[from.input], slim_plan_input_where(plan, g, from));
    }
  }
  return status;
}

static void touch_inputs(slim_plan *plan, const slim_plan_group *g)
{
  for (int i = 0; i < g->group.num_in; i++) {
    const slim_group_input from = slim_group_in(&g->group, i);
    if (slim_node_reads(from.node, from.input)) {
      touch(plan, slim_plan_root(plan, from.node->inputs[from.input])->slot[slim_plan_input_where(plan, g, from)]);
    }
  }
}

/* The result of an op that has none of interest: a zero that never changes. */
static slim_status place_zero(slim_plan *plan, slim_plan_tensor *t)
{
  t->placed[t->home] = true;
  t->view[t->home] = (slim_view){ .host = slim_arena_alloc(plan->arena, t->bytes) };
  return t->view[t->home].host ? SLIM_OK : slim_plan_no_memory(plan);
}

/* Output 0 is what an op is run for; of an op with effects it may be left out. */
static bool must_have(const slim_tensor *out)
{
  const slim_op *op = out->node->op;
  return ((op->kept >> out->output) & 1u) || (out->output == 0 && !(op->flags & SLIM_OP_EFFECT));
}

static slim_status make_outputs(slim_plan *plan, const slim_plan_group *g)
{
  slim_status status = SLIM_OK;
  for (int i = 0; i < g->group.num_out && status == SLIM_OK; i++) {
    const slim_tensor *out = slim_group_out(&g->group, i);
    slim_plan_tensor *t = &plan->tensors[out->id];
    t->home = slim_plan_output_where(plan, g, out);
    t->fresh[t->home] = true;
    if (slim_node_answers_on_host(out->node)) {
      status = place_zero(plan, t);
    } else if (t->readers > 0 || must_have(out)) {
      t->refreshed = g->refresh;
      status = give_slot(plan, t, t->home, g->once || g->refresh);
      touch(plan, t->slot[t->home]);
    }
  }
  return status;
}

/* After a step that writes variables: copies elsewhere are stale, and a fallback's result goes back to the device. */
static slim_status after_writes(slim_plan *plan, const slim_plan_group *g)
{
  const slim_node *node = g->group.nodes[0];
  slim_status status = SLIM_OK;
  for (int i = 0; i < node->num_inputs && status == SLIM_OK && slim_node_works(node); i++) {
    slim_plan_tensor *root = slim_plan_root(plan, node->inputs[i]);
    if (!root->value || !slim_node_may_write(node, i)) {
      continue;
    }
    root->fresh[other(g->where)] = false;
    if (root->home != g->where) {
      status = bring(plan, node->inputs[i], root->home);
      root->fresh[g->where] = false;
    }
  }
  return status;
}

/* Weights of the plan's own that a step packs when they change need no memory of their own from then on. */
static void release_packed(slim_plan *plan, const slim_plan_step *step)
{
  slim_device *device = step->group->where == SLIM_ON_HOST ? plan->host : plan->device;
  const slim_group *group = &step->group->group;
  const int packed = device->backend->packs ? device->backend->packs(device, group, step->in, step->out) : 0;
  if (packed == 0) {
    return;
  }
  const slim_group_input from = slim_group_in(group, packed);
  const slim_plan_tensor *weights = slim_plan_root(plan, from.node->inputs[from.input]);
  const int slot = weights->slot[step->group->where];
  if (weights->refreshed && slot >= 0) {
    plan->slots[slot].keep = false;
  }
}

static slim_status ask_workspace(slim_plan *plan, slim_plan_step *step)
{
  slim_device *device = step->group->where == SLIM_ON_HOST ? plan->host : plan->device;
  slim_plan_group_views(plan, step->group, step->in, step->out);
  const size_t bytes = device->backend->workspace(device, &step->group->group, step->in, step->out);
  step->workspace = -1;
  if (bytes > 0) {
    step->workspace = slim_plan_slot(plan, bytes, step->group->where);
    if (step->workspace < 0) {
      return slim_plan_no_memory(plan);
    }
    touch(plan, step->workspace);
  }
  return SLIM_OK;
}

static slim_status place_step(slim_plan *plan, slim_plan_step *step)
{
  const slim_plan_group *g = step->group;
  slim_status status = bring_inputs(plan, g);
  if (status == SLIM_OK) {
    touch_inputs(plan, g);
    status = make_outputs(plan, g);
  }
  if (status == SLIM_OK) {
    status = ask_workspace(plan, step);
    release_packed(plan, step);
  }
  if (status == SLIM_OK) {
    status = add_step(plan, *step);
  }
  return status == SLIM_OK ? after_writes(plan, g) : status;
}

static slim_status place_group(slim_plan *plan, slim_plan_group *g, bool *split)
{
  slim_plan_step step = { .kind = SLIM_STEP_RUN, .once = g->once, .group = g };
  step.in = slim_arena_array(plan->arena, (size_t)g->group.num_in + 1, sizeof *step.in);
  step.out = slim_arena_array(plan->arena, (size_t)g->group.num_out + 1, sizeof *step.out);
  if (!step.in || !step.out) {
    return slim_plan_no_memory(plan);
  }
  const slim_status status = choose_lane(plan, &step, split);
  return status == SLIM_OK && !*split ? place_step(plan, &step) : status;
}

/* Each node of the group as a group of its own. */
static slim_status place_parts(slim_plan *plan, const slim_plan_group *whole)
{
  slim_status status = SLIM_OK;
  for (int i = 0; i < whole->group.count && status == SLIM_OK; i++) {
    const slim_node *node = whole->group.nodes[i];
    bool split = false;
    slim_plan_group *part = slim_arena_alloc(plan->arena, sizeof *part);
    if (!part) {
      return slim_plan_no_memory(plan);
    }
    part->once = whole->once;
    part->group =
        (slim_group){ .count = 1, .nodes = { node }, .num_in = node->num_inputs, .num_out = node->op->outputs };
    status = place_group(plan, part, &split);
  }
  return status;
}

/* Fetched tensors and fed ones, which lie in memory outside the steps. */
static void keep_ends(slim_plan *plan)
{
  for (size_t i = 0; i < plan->program->num_fetches; i++) {
    slim_plan_tensor *root = slim_plan_root(plan, plan->program->fetches[i]);
    if (plan->program->wanted[i]) {
      touch(plan, root->slot[root->home]);
      for (int k = 0; k < root->num_parts; k++) {
        const slim_plan_tensor *part = &plan->tensors[root->parts[k]->id];
        touch(plan, part->slot[part->home]);
      }
    }
  }
  for (size_t i = 0; i < plan->program->num_placeholders; i++) {
    const slim_plan_tensor *t = &plan->tensors[plan->program->placeholders[i]->outputs[0].id];
    for (int where = 0; where < 2; where++) {
      if (t->slot[where] >= 0 && plan->slots[t->slot[where]].first <= plan->slots[t->slot[where]].last) {
        plan->slots[t->slot[where]].first = 0;
      }
    }
  }
}

slim_status slim_pass_place(slim_plan *plan)
{
  slim_status status = place_sources(plan);
  for (size_t i = 0; i < plan->num_groups && status == SLIM_OK; i++) {
    bool split = false;
    status = place_group(plan, &plan->groups[i], &split);
    if (status == SLIM_OK && split) {
      status = place_parts(plan, &plan->groups[i]);
    }
  }
  keep_ends(plan);
  return status;
}
