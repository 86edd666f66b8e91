/* The last part of compiling: memory for the slots, views for the steps, prepared steps. */
#include "base/size.h"
#include "session/plan.h"

#include <stdlib.h>
#include <string.h>

/* --- memory ------------------------------------------------------------------------------------------------------- */

static slim_status pool_add(slim_plan *plan, slim_pool *pool, size_t bytes)
{
  slim_buffer **buffers = realloc(pool->buffer, (pool->count + 1) * sizeof *buffers);
  pool->buffer = buffers ? buffers : pool->buffer;
  size_t *sizes = realloc(pool->bytes, (pool->count + 1) * sizeof *sizes);
  pool->bytes = sizes ? sizes : pool->bytes;
  if (!buffers || !sizes) {
    return slim_plan_no_memory(plan);
  }
  const slim_status status = pool->device->backend->alloc(pool->device, bytes, &buffers[pool->count]);
  sizes[pool->count] = bytes;
  pool->count += status == SLIM_OK;
  return slim_device_blame(pool->device, status, &plan->error, "session: memory of a plan");
}

static bool taken(const slim_plan_memory *memory, int arenas, const slim_buffer *buffer)
{
  for (int k = 0; k < arenas; k++) {
    if (memory->buffer[k] == buffer) {
      return true;
    }
  }
  return false;
}

/* Lends the smallest buffer of the pool that is large enough and that the plan has not yet. */
static slim_status lend(slim_plan *plan, slim_pool *pool, slim_plan_memory *memory, int arena)
{
  size_t best = pool->count;
  for (size_t i = 0; i < pool->count; i++) {
    const bool fits = pool->bytes[i] >= memory->bytes[arena] && !taken(memory, arena, pool->buffer[i]);
    best = fits && (best == pool->count || pool->bytes[i] < pool->bytes[best]) ? i : best;
  }
  const slim_status status = best == pool->count ? pool_add(plan, pool, memory->bytes[arena]) : SLIM_OK;
  if (status == SLIM_OK) {
    memory->buffer[arena] = pool->buffer[best];
  }
  return status;
}

static slim_status take_arena(slim_plan *plan, slim_pool *pool, int kind, int arena)
{
  slim_plan_memory *memory = &plan->memory[kind];
  slim_device *device = plan->device;
  slim_status status = SLIM_OK;
  if (kind == SLIM_MEMORY_DEVICE) {
    status = lend(plan, pool, memory, arena);
  } else if (kind == SLIM_MEMORY_KEEP) {
    status = device->backend->alloc(device, memory->bytes[arena], &memory->buffer[arena]);
    slim_device_blame(device, status, &plan->error, "session: memory of constants");
  } else {
    memory->address[arena] = aligned_alloc(SLIM_ALIGNMENT, memory->bytes[arena]);
    status = memory->address[arena] ? SLIM_OK : slim_plan_no_memory(plan);
  }
  if (status == SLIM_OK && memory->buffer[arena]) {
    memory->address[arena] = device->backend->address(device, memory->buffer[arena]);
  }
  return status;
}

static slim_status take_memory(slim_plan *plan, slim_pool *pool)
{
  slim_status status = SLIM_OK;
  for (int kind = 0; kind < SLIM_MEMORY_KINDS && status == SLIM_OK; kind++) {
    slim_plan_memory *memory = &plan->memory[kind];
    const size_t count = (size_t)memory->num_arenas + 1;
    memory->buffer = slim_arena_array(plan->arena, count, sizeof *memory->buffer);
    memory->address = slim_arena_array(plan->arena, count, sizeof *memory->address);
    if (!memory->buffer || !memory->address) {
      return slim_plan_no_memory(plan);
    }
    for (int arena = 0; arena < memory->num_arenas && status == SLIM_OK; arena++) {
      status = take_arena(plan, pool, kind, arena);
    }
  }
  return status;
}

/* --- views -------------------------------------------------------------------------------------------------------- */

static slim_view slot_view(const slim_plan *plan, const slim_slot *slot)
{
  slim_view view = { .offset = slot->offset };
  if (slot->first > slot->last) {
    return (slim_view){ .host = NULL };
  }
  const int device_kind = slot->keep ? SLIM_MEMORY_KEEP : SLIM_MEMORY_DEVICE;
  const int host_kind = slot->keep ? SLIM_MEMORY_KEEP_HOST : SLIM_MEMORY_HOST;
  const slim_plan_memory *memory = &plan->memory[slot->where == SLIM_ON_DEVICE ? device_kind : host_kind];
  view.buffer = memory->buffer[slot->arena];
  view.host = memory->address[slot->arena] ? memory->address[slot->arena] + slot->offset : NULL;
  return view;
}

static void fill_tensor_views(slim_plan *plan)
{
  for (size_t i = 0; i < plan->num_tensors; i++) {
    slim_plan_tensor *t = &plan->tensors[i];
    for (int where = 0; where < 2 && t->shape.rank >= 0 && t->bytes > 0; where++) {
      if (t->root == (int)i && t->slot[where] >= 0) {
        t->view[where] = slot_view(plan, &plan->slots[t->slot[where]]);
      }
    }
  }
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static slim_status list_written(slim_plan *plan, slim_plan_step *step)
{
  const slim_node *node = step->group->group.nodes[0];
  step->written = slim_arena_array(plan->arena, (size_t)(node->num_inputs + node->op->outputs) + 1,
                                   sizeof *step->written);
  if (!step->written) {
    return slim_plan_no_memory(plan);
  }
  for (int i = 0; i < node->num_inputs && slim_node_writes(node); i++) {
    slim_value *value = slim_plan_root(plan, node->inputs[i])->value;
    if (value && slim_node_may_write(node, i)) {
      step->written[step->num_written++] = &value->version;
      step->writes = true;
    }
  }
  for (int k = 0; k < node->op->outputs && step->group->refresh; k++) {
    step->written[step->num_written++] = &plan->tensors[node->outputs[k].id].version;
  }
  return SLIM_OK;
}

static slim_status prepare_step(slim_plan *plan, slim_plan_step *step)
{
  const slim_plan_group *g = step->group;
  step->device = g->where == SLIM_ON_HOST ? plan->host : plan->device;
  step->refresh = g->refresh;
  slim_plan_group_views(plan, g, step->in, step->out);
  slim_view workspace = { .dtype = SLIM_UINT8 };
  if (step->workspace >= 0) {
    workspace = slot_view(plan, &plan->slots[step->workspace]);
    workspace.dtype = SLIM_UINT8;
  }
  slim_status status = step->device->backend->prepare(step->device, &g->group, step->in, step->out,
                                                      step->workspace >= 0 ? &workspace : NULL, &step->step);
  if (status != SLIM_OK) {
    return slim_device_blame(step->device, status, &plan->error, g->group.nodes[0]->name);
  }
  return list_written(plan, step);
}

/* Steps of each run first, in order; those that run once behind them. */
static slim_status part_steps(slim_plan *plan)
{
  slim_plan_step *once = calloc(plan->num_steps + 1, sizeof *once);
  size_t num_once = 0;
  if (!once) {
    return slim_plan_no_memory(plan);
  }
  for (size_t i = 0; i < plan->num_steps; i++) {
    if (plan->steps[i].once) {
      once[num_once++] = plan->steps[i];
    } else {
      plan->steps[plan->num_run++] = plan->steps[i];
    }
  }
  if (num_once > 0) {
    memcpy(plan->steps + plan->num_run, once, num_once * sizeof *once);
  }
  free(once);
  return SLIM_OK;
}

static void queue_steps(slim_plan *plan)
{
  size_t queued = 0;
  for (size_t i = 0; i < plan->num_run; i++) {
    slim_plan_step *step = &plan->steps[i];
    step->in_row = step->kind == SLIM_STEP_RUN && step->num_written == 0;
    step->row = &plan->queue[queued];
    if (step->in_row) {
      plan->queue[queued++] = step->step;
    }
  }
}

/* Joins neighbours on one device to rows, and each row to the step behind it that does not refresh. */
static void join_steps(slim_plan *plan)
{
  plan->first = (int)plan->num_run;
  for (int i = plan->first - 1; i >= 0; i--) {
    slim_plan_step *step = &plan->steps[i];
    const slim_plan_step *behind = plan->first < (int)plan->num_run ? &plan->steps[plan->first] : NULL;
    const bool joined = step->in_row && behind && behind->in_row && behind->device == step->device;
    step->in_row += joined ? behind->in_row : 0;
    step->next = joined ? behind->next : plan->first;
    plan->first = step->refresh ? plan->first : i;
    plan->refreshes |= step->refresh;
  }
}

static slim_status make_rows(slim_plan *plan)
{
  plan->queue = slim_arena_array(plan->arena, plan->num_run + 1, sizeof *plan->queue);
  if (!plan->queue) {
    return slim_plan_no_memory(plan);
  }
  queue_steps(plan);
  join_steps(plan);
  return SLIM_OK;
}

slim_status slim_plan_prepare(slim_plan *plan, slim_pool *pool)
{
  slim_status status = take_memory(plan, pool);
  fill_tensor_views(plan);
  for (size_t i = 0; i < plan->num_steps && status == SLIM_OK; i++) {
    if (plan->steps[i].kind == SLIM_STEP_RUN) {
      status = prepare_step(plan, &plan->steps[i]);
    }
  }
  if (status == SLIM_OK) {
    status = part_steps(plan);
  }
  if (status == SLIM_OK) {
    status = make_rows(plan);
  }
  const slim_run run = { .seed = plan->graph->seed };
  for (size_t i = plan->num_run; i < plan->num_steps && status == SLIM_OK; i++) {
    status = slim_plan_step_run(plan, &plan->steps[i], &run);
  }
  return status;
}
