/* Compiling a program for one batch size: the passes in order. */
#include "session/plan.h"

#include "base/size.h"
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

/* --- which passes ------------------------------------------------------------------------------------------------- */

static const char *const pass_names[] = {
#define PASS_NAME_(name_) #name_,
  SLIM_PASS_MAP(PASS_NAME_)
#undef PASS_NAME_
};

static int pass_by_name(const char *name, size_t size)
{
  for (int i = 0; i < SLIM_PASS_COUNT; i++) {
    if (strlen(pass_names[i]) == size && strncmp(pass_names[i], name, size) == 0) {
      return i;
    }
  }
  return -1;
}

slim_status slim_passes_parse(const char *text, unsigned *passes, slim_error *error)
{
  *passes = SLIM_PASS_DEFAULT;
  while (text && *text) {
    const size_t size = strcspn(text, ",");
    const bool sign = *text == '-' || *text == '+';
    const int id = sign ? pass_by_name(text + 1, size - 1) : -1;
    if (id < 0) {
      return slim_error_set(error, SLIM_ERR_ARG,
                            "SLIM_PASSES: '%.*s' must be - or + and one of prune, fold, batch_norm, backward, recompute, apply, fuse, in_place, memory",
                            (int)size, text);
    }
    *passes = *text == '-' ? *passes & ~(1u << id) : *passes | (1u << id);
    text += size;
    text += *text == ',';
  }
  return SLIM_OK;
}

/* --- what passes share -------------------------------------------------------------------------------------------- */

slim_status slim_plan_no_memory(slim_plan *plan)
{
  return slim_error_set(&plan->error, SLIM_ERR_MEMORY, "session: no memory for a plan with batch %d", plan->batch);
}

/* A copy of list[0..used) with room for at least wanted items; the list itself if it has it. NULL: no memory. */
static void *with_room(slim_arena *arena, void *list, size_t used, size_t wanted, size_t item, size_t *room)
{
  if (list && wanted <= *room) {
    return list;
  }
  const size_t most = wanted > 2 * used ? wanted + 1 : 2 * used;
  void *grown = slim_arena_array(arena, most, item);
  if (grown && used > 0) {
    memcpy(grown, list, used * item);
  }
  *room = grown ? most : *room;
  return grown;
}

bool slim_plan_reserve(slim_plan *plan, size_t nodes, size_t tensors)
{
  slim_plan_tensor *all = with_room(plan->arena, plan->tensors, plan->num_tensors, plan->num_tensors + tensors,
                                    sizeof *all, &plan->tensor_room);
  plan->tensors = all ? all : plan->tensors;
  unsigned char *once = with_room(plan->arena, plan->once, plan->num_nodes, plan->num_nodes + nodes, 1, &plan->node_room);
  plan->once = once ? once : plan->once;
  return all && once;
}

int slim_plan_slot(slim_plan *plan, size_t bytes, slim_where where)
{
  size_t padded = 0;
  if (!slim_size_round_up(bytes, SLIM_ALIGNMENT, &padded)) {
    return -1;
  }
  slim_slot *slots =
      with_room(plan->arena, plan->slots, plan->num_slots, plan->num_slots + 1, sizeof *slots, &plan->slot_room);
  if (!slots) {
    return -1;
  }
  plan->slots = slots;
  const int number = (int)plan->num_slots++;
  plan->slots[number] = (slim_slot){ .bytes = padded, .where = where, .first = 0, .last = -1, .same = number };
  return number;
}

/* --- compiling ---------------------------------------------------------------------------------------------------- */

static slim_plan *plan_alloc(const slim_program *program, int batch)
{
  slim_arena *arena = slim_arena_create();
  slim_plan *plan = slim_arena_alloc(arena, sizeof *plan);
  if (!plan) {
    slim_arena_destroy(arena);
    return NULL;
  }
  plan->arena = arena;
  plan->program = program;
  plan->graph = program->graph;
  plan->passes = program->passes;
  plan->batch = batch;
  if (!slim_plan_reserve(plan, program->num_nodes, program->graph->num_tensors)) {
    slim_arena_destroy(arena);
    return NULL;
  }
  plan->num_tensors = program->graph->num_tensors;
  plan->num_nodes = program->num_nodes;
  return plan;
}

static void summarize(slim_plan *plan)
{
  for (size_t i = 0; i < plan->num_steps; i++) {
    const slim_plan_step *step = &plan->steps[i];
    if (step->kind == SLIM_STEP_RUN) {
      const slim_node *first = step->group->group.nodes[0];
      plan->writes |= slim_node_writes(first);
      plan->check = !plan->check && first->op == &slim_op_finite_check ? first : plan->check;
    }
  }
}

static slim_status run_passes(slim_plan *plan)
{
  static slim_status (*const passes[])(slim_plan *) = { slim_pass_bind,       slim_pass_fold,
                                                        slim_pass_order,      slim_pass_half,
                                                        slim_pass_batch_norm, slim_pass_backward,
                                                        slim_pass_recompute,  slim_pass_split,
                                                        slim_pass_apply,      slim_pass_pad,
                                                        slim_pass_fuse,       slim_pass_place,
                                                        slim_pass_in_place,   slim_pass_memory };
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < sizeof passes / sizeof *passes && status == SLIM_OK; i++) {
    status = passes[i](plan);
  }
  return status;
}

slim_plan *slim_plan_create(const slim_program *program, int batch, const slim_target *target, slim_error *error)
{
  slim_plan *plan = plan_alloc(program, batch);
  if (!plan) {
    slim_error_set(error, SLIM_ERR_MEMORY, "session: no memory for a plan with batch %d", batch);
    return NULL;
  }
  plan->device = target->device;
  plan->host = target->host;
  plan->unified = target->unified;
  plan->values = target->values;
  plan->changes = slim_values_changes(target->values);
  slim_status status = run_passes(plan);
  if (status == SLIM_OK) {
    summarize(plan);
    status = slim_plan_prepare(plan, target->pool);
  }
  if (status != SLIM_OK) {
    slim_error_set(error, status, "%s", plan->error.text);
    slim_plan_destroy(plan);
    return NULL;
  }
  return plan;
}

static void free_memory(slim_plan *plan)
{
  const slim_plan_memory *keep = &plan->memory[SLIM_MEMORY_KEEP];
  for (int k = 0; keep->buffer && k < keep->num_arenas; k++) {
    if (keep->buffer[k]) {
      plan->device->backend->release(plan->device, keep->buffer[k]);
    }
  }
  static const int kinds[] = { SLIM_MEMORY_HOST, SLIM_MEMORY_KEEP_HOST };
  for (size_t i = 0; i < 2; i++) {
    const slim_plan_memory *host = &plan->memory[kinds[i]];
    for (int k = 0; host->address && k < host->num_arenas; k++) {
      free(host->address[k]);
    }
  }
}

void slim_plan_destroy(slim_plan *plan)
{
  if (!plan) {
    return;
  }
  for (size_t i = 0; i < plan->num_steps; i++) {
    const slim_plan_step *step = &plan->steps[i];
    if (step->step) {
      step->device->backend->release_step(step->device, step->step);
    }
  }
  free_memory(plan);
  slim_arena_destroy(plan->arena);
}
