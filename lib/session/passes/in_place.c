/* An elementwise step may write over its first input when nobody needs that later, others over one that the backend
 * names. */
#include "session/plan.h"

static int first_slot(const slim_plan *plan, int slot)
{
  while (slot >= 0 && plan->slots[slot].same != slot) {
    slot = plan->slots[slot].same;
  }
  return slot;
}

static bool elementwise(const slim_group *group)
{
  for (int i = 0; i < group->count; i++) {
    if ((group->nodes[i]->op->flags & SLIM_OP_IN_PLACE) == 0) {
      return false;
    }
  }
  return group->nodes[0]->num_inputs > 0 && slim_node_reads(group->nodes[0], 0);
}

/* How many inputs of the group lie in the memory of root? */
static int uses(slim_plan *plan, const slim_group *group, const slim_plan_tensor *root)
{
  int count = 0;
  for (int i = 0; i < group->num_in; i++) {
    const slim_group_input from = slim_group_in(group, i);
    count += slim_node_reads(from.node, from.input) && slim_plan_root(plan, from.node->inputs[from.input]) == root;
  }
  return count;
}

/* Elements of one size, so that the step reads each before it writes over it; of as many bytes, so that none is
 * repeated. */
static bool same_layout(const slim_plan_tensor *in, slim_dtype in_type, const slim_plan_tensor *out,
                        slim_dtype out_type)
{
  return in->bytes == out->bytes && slim_dtype_size(in_type) == slim_dtype_size(out_type);
}

/* Number of the group's input that the step may write over, -1: none. */
static int overwritten(const slim_plan *plan, const slim_plan_step *step)
{
  const slim_plan_group *g = step->group;
  const slim_device *device = g->where == SLIM_ON_HOST ? plan->host : plan->device;
  if (elementwise(&g->group)) {
    return 0;
  }
  const int input =
      device->backend->overwrites ? device->backend->overwrites(device, &g->group, step->in, step->out) : 0;
  return input > 0 ? input : -1;
}

static void try_step(slim_plan *plan, const slim_plan_step *step, int number)
{
  const slim_group *group = &step->group->group;
  const int input = overwritten(plan, step);
  if (input < 0) {
    return;
  }
  const slim_where where = step->group->where;
  const slim_group_input source_of = slim_group_in(group, input);
  const slim_tensor *written = source_of.node->inputs[source_of.input], *result_of = slim_group_out(group, 0);
  const slim_plan_tensor *in = slim_plan_root(plan, written), *out = &plan->tensors[result_of->id];
  const int from = first_slot(plan, in->slot[where]), to = out->slot[where];
  if (from < 0 || to < 0 || !same_layout(in, written->dtype, out, result_of->dtype) || uses(plan, group, in) != 1) {
    return;
  }
  slim_slot *source = &plan->slots[from], *result = &plan->slots[to];
  if (source->last == number && result->first == number && !source->keep && !result->keep) {
    result->same = from;
    source->last = result->last;
  }
}

slim_status slim_pass_in_place(slim_plan *plan)
{
  const bool enabled = (plan->passes & SLIM_PASS(in_place)) != 0;
  for (size_t i = 0; i < plan->num_steps && enabled; i++) {
    if (plan->steps[i].kind == SLIM_STEP_RUN) {
      try_step(plan, &plan->steps[i], (int)i);
    }
  }
  return SLIM_OK;
}
