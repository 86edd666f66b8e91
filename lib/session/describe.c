/* The last plan in words and numbers. */
#include "base/text.h"
#include "session/session.h"

void slim_session_profile(slim_session *session, bool on)
{
  slim_session_lock(session);
  session->profiling = on;
  session->device->backend->profile(session->device, on);
  if (session->host != session->device) {
    session->host->backend->profile(session->host, on);
  }
  slim_session_unlock(session);
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

static size_t memory_bytes(const slim_plan *plan)
{
  size_t bytes = 0;
  for (int kind = 0; kind < SLIM_MEMORY_KINDS; kind++) {
    for (int k = 0; k < plan->memory[kind].num_arenas; k++) {
      bytes += plan->memory[kind].bytes[k];
    }
  }
  return bytes;
}

static size_t variable_bytes(const slim_plan *plan)
{
  size_t bytes = 0;
  for (size_t i = 0; i < plan->program->num_variables; i++) {
    bytes += plan->tensors[plan->program->variables[i]->outputs[0].id].bytes;
  }
  return bytes;
}

static void add_step(const slim_plan *plan, const slim_plan_step *step, slim_plan_info *info)
{
  const size_t workspace = step->workspace >= 0 ? plan->slots[step->workspace].bytes : 0;
  info->packed_bytes += step->step ? step->step->own_bytes : 0;
  if (step->kind == SLIM_STEP_RUN && step->group->refresh) {
    return; /* seldom runs */
  }
  info->steps++;
  info->cpu_steps += step->kind == SLIM_STEP_RUN && step->group->fallback;
  info->workspace_bytes = workspace > info->workspace_bytes ? workspace : info->workspace_bytes;
  info->flops += step->step ? step->step->flops : 0;
  info->bytes += step->step ? step->step->bytes : (double)plan->tensors[step->tensor].bytes;
}

slim_status slim_session_plan_info(const slim_session *session, slim_plan_info *info)
{
  const slim_plan *plan = session->last;
  *info = (slim_plan_info){ 0 };
  if (!plan) {
    return SLIM_ERR_STATE;
  }
  for (size_t i = 0; i < plan->num_run; i++) {
    add_step(plan, &plan->steps[i], info);
  }
  info->arena_bytes = memory_bytes(plan);
  info->variable_bytes = variable_bytes(plan);
  info->peak_bytes = info->arena_bytes + info->packed_bytes;
  info->feed_ms = session->feed_ms;
  return SLIM_OK;
}

static double step_ms(const slim_session *session, const slim_plan_step *step)
{
  return session->profiling && step->step ? step->device->backend->step_ms(step->device, step->step) : -1;
}

static slim_plan_step_info step_info(const slim_session *session, const slim_plan *plan, const slim_plan_step *step)
{
  if (step->kind != SLIM_STEP_RUN) {
    return (slim_plan_step_info){ .name = plan->tensors[step->tensor].tensor->name,
                                  .kernel = step->kind == SLIM_STEP_UPLOAD ? "upload" : "download",
                                  .bytes = (double)plan->tensors[step->tensor].bytes,
                                  .ms = -1 };
  }
  const slim_node *node = step->group->group.nodes[0];
  return (slim_plan_step_info){ .name = node->name,
                                .kernel = step->step->kernel ? step->step->kernel : node->op->name,
                                .cpu = step->group->fallback,
                                .flops = step->step->flops,
                                .bytes = step->step->bytes,
                                .ms = step_ms(session, step) };
}

bool slim_session_plan_step(slim_session *session, size_t i, slim_plan_step_info *info)
{
  slim_session_lock(session);
  const slim_plan *plan = session->last;
  const bool there = plan && i < plan->num_run;
  if (there) {
    *info = step_info(session, plan, &plan->steps[i]);
  }
  slim_session_unlock(session);
  return there;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static void put_shape(slim_text *w, const slim_shape *shape)
{
  char text[96];
  slim_text_put(w, " %s", slim_shape_format(shape, text, sizeof text));
}

static void put_place(slim_text *w, const slim_plan *plan, int slot)
{
  if (slot >= 0 && plan->slots[slot].first <= plan->slots[slot].last) {
    slim_text_put(w, "  arena %d+%zu", plan->slots[slot].arena, plan->slots[slot].offset);
  }
}

static void put_names(slim_text *w, const slim_group *group)
{
  for (int i = 0; i < group->count; i++) {
    const slim_node *node = group->nodes[i];
    slim_text_put(w, "%s%s", i == 0 ? "  " : " + ", i == 0 ? node->name : node->op->name);
  }
}

static void put_run(slim_text *w, const slim_session *session, const slim_plan *plan, const slim_plan_step *step)
{
  const slim_group *group = &step->group->group;
  const slim_plan_step_info info = step_info(session, plan, step);
  slim_text_put(w, "%s%s", info.kernel, info.cpu ? " (on the CPU: the device has no kernel)" : "");
  put_names(w, group);
  slim_text_put(w, " ");
  for (int i = 0; i < group->num_in && i < 4; i++) {
    put_shape(w, &step->in[i].shape);
  }
  slim_text_put(w, "%s ->", group->num_in > 4 ? " ..." : "");
  put_shape(w, &step->out[0].shape);
  slim_text_put(w, "  %.3g MFLOP  %.3g MB", info.flops * 1e-6, info.bytes * 1e-6);
  const slim_plan_tensor *out = &plan->tensors[slim_group_out(group, 0)->id];
  put_place(w, plan, out->slot[out->home]);
  if (info.ms >= 0) {
    slim_text_put(w, "  %.4f ms", info.ms);
  }
}

static void put_copy(slim_text *w, const slim_plan *plan, const slim_plan_step *step)
{
  const slim_plan_tensor *t = &plan->tensors[step->tensor];
  slim_text_put(w, "%s  %s", step->kind == SLIM_STEP_UPLOAD ? "upload" : "download", t->tensor->name);
  put_shape(w, &t->shape);
  slim_text_put(w, "  %.3g MB", (double)t->bytes * 1e-6);
}

static void put_plan(slim_text *w, slim_session *session, slim_plan *plan)
{
  slim_plan_info info;
  (void)slim_session_plan_info(session, &info);
  slim_text_put(w,
                "plan for batch %d on %s: %d steps, %d of them on the CPU for want of a kernel, %zu once; "
                "%.4g MFLOP, arenas %.4g MB, packed %.4g MB, variables %.4g MB\n",
                plan->batch, plan->device->info.selector, info.steps, info.cpu_steps, plan->num_steps - plan->num_run,
                info.flops * 1e-6, (double)info.arena_bytes * 1e-6, (double)info.packed_bytes * 1e-6,
                (double)info.variable_bytes * 1e-6);
  for (size_t i = 0; i < plan->num_run; i++) {
    slim_text_put(w, "%4zu  ", i);
    if (plan->steps[i].kind == SLIM_STEP_RUN) {
      put_run(w, session, plan, &plan->steps[i]);
    } else {
      put_copy(w, plan, &plan->steps[i]);
    }
    slim_text_put(w, "\n");
  }
}

size_t slim_session_describe(slim_session *session, char *text, size_t size)
{
  slim_text w = slim_text_begin(text, size);
  slim_session_lock(session);
  if (session->last) {
    put_plan(&w, session, session->last);
  }
  slim_session_unlock(session);
  return w.length;
}
