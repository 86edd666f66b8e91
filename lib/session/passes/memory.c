/* Memory by liveness: slots that are never needed at once share bytes of few arenas. */
#include "base/size.h"
#include "session/plan.h"

#include <stdlib.h>

/* --- fitting ------------------------------------------------------------------------------------------------------ */

typedef struct fitting {
  slim_slot **placed; /* by arena, then offset */
  size_t count;
  size_t *bytes; /* by arena */
  int arenas;
  size_t limit;
  bool reuse;
} fitting;

typedef struct gap {
  int arena;
  size_t offset, size; /* size SIZE_MAX: none found */
} gap;

static bool at_once(const slim_slot *a, const slim_slot *b)
{
  return a->first <= b->last && b->first <= a->last;
}

/* Takes the gap if it is the tightest so far. */
static void consider(gap *best, int arena, size_t offset, size_t end, size_t bytes)
{
  const size_t size = end > offset ? end - offset : 0;
  if (size >= bytes && size < best->size) {
    *best = (gap){ arena, offset, size };
  }
}

/* The tightest gap inside the arenas; *room: per arena, where free space at its end begins. */
static gap find_gap(const fitting *f, const slim_slot *slot, size_t bytes, size_t *room)
{
  gap best = { -1, 0, SIZE_MAX };
  size_t k = 0;
  for (int arena = 0; arena < f->arenas; arena++) {
    size_t offset = 0;
    for (; k < f->count && f->placed[k]->arena == arena; k++) {
      const slim_slot *p = f->placed[k];
      if (!f->reuse || at_once(p, slot)) {
        consider(&best, arena, offset, p->offset, bytes);
        offset = p->offset + p->bytes > offset ? p->offset + p->bytes : offset;
      }
    }
    consider(&best, arena, offset, f->bytes[arena], bytes);
    room[arena] = offset;
  }
  return best;
}

/* No gap is large enough: the end of the first arena that may grow, else a new arena. */
static gap grow_arena(fitting *f, size_t bytes, const size_t *room)
{
  for (int arena = 0; arena < f->arenas; arena++) {
    size_t end = 0;
    if (slim_size_add(room[arena], bytes, &end) && (f->limit == 0 || end <= f->limit)) {
      f->bytes[arena] = end;
      return (gap){ arena, room[arena], bytes };
    }
  }
  f->bytes[f->arenas] = bytes;
  return (gap){ f->arenas++, 0, bytes };
}

static void insert(fitting *f, slim_slot *slot)
{
  size_t k = f->count++;
  for (; k > 0; k--) {
    const slim_slot *p = f->placed[k - 1];
    if (p->arena < slot->arena || (p->arena == slot->arena && p->offset <= slot->offset)) {
      break;
    }
    f->placed[k] = f->placed[k - 1];
  }
  f->placed[k] = slot;
}

/* Larger first; then earlier, then by number, which the address tells within one array. */
static int larger(const void *a, const void *b)
{
  const slim_slot *x = *(slim_slot *const *)a, *y = *(slim_slot *const *)b;
  if (x->bytes != y->bytes) {
    return x->bytes > y->bytes ? -1 : 1;
  }
  if (x->first != y->first) {
    return x->first < y->first ? -1 : 1;
  }
  return (x > y) - (x < y);
}

int slim_memory_fit(slim_slot *const *slots, size_t count, size_t limit, bool reuse, size_t *bytes)
{
  fitting f = { .bytes = bytes, .limit = limit, .reuse = reuse };
  slim_slot **sorted = calloc(count + 1, sizeof *sorted);
  size_t *room = calloc(count + 1, sizeof *room);
  f.placed = calloc(count + 1, sizeof *f.placed);
  int result = sorted && room && f.placed ? 0 : -1;
  for (size_t i = 0; i < count && result == 0; i++) {
    sorted[i] = slots[i];
    result = limit != 0 && slots[i]->bytes > limit ? -2 : 0;
  }
  if (result == 0) {
    qsort(sorted, count, sizeof *sorted, larger);
    for (size_t i = 0; i < count; i++) {
      gap g = find_gap(&f, sorted[i], sorted[i]->bytes, room);
      g = g.arena >= 0 ? g : grow_arena(&f, sorted[i]->bytes, room);
      sorted[i]->arena = g.arena;
      sorted[i]->offset = g.offset;
      insert(&f, sorted[i]);
    }
    result = f.arenas;
  }
  free(sorted);
  free(room);
  free(f.placed);
  return result;
}

/* --- the plan's slots --------------------------------------------------------------------------------------------- */

static int kind_of(const slim_slot *slot)
{
  if (slot->keep) {
    return slot->where == SLIM_ON_DEVICE ? SLIM_MEMORY_KEEP : SLIM_MEMORY_KEEP_HOST;
  }
  return slot->where == SLIM_ON_DEVICE ? SLIM_MEMORY_DEVICE : SLIM_MEMORY_HOST;
}

static slim_status too_large(slim_plan *plan, slim_slot *const *slots, size_t count, size_t limit)
{
  size_t most = 0;
  for (size_t i = 0; i < count; i++) {
    most = slots[i]->bytes > most ? slots[i]->bytes : most;
  }
  return slim_error_set(&plan->error, SLIM_ERR_MEMORY,
                        "session: with batch %d a tensor has %zu bytes, the device allows %zu in one buffer; "
                        "use a smaller batch",
                        plan->batch, most, limit);
}

static slim_status fit_kind(slim_plan *plan, int kind, slim_slot **list)
{
  slim_plan_memory *memory = &plan->memory[kind];
  size_t count = 0;
  for (size_t i = 0; i < plan->num_slots; i++) {
    slim_slot *slot = &plan->slots[i];
    if (kind_of(slot) == kind && slot->same == (int)i && slot->first <= slot->last) {
      list[count++] = slot;
    }
  }
  const bool device = kind == SLIM_MEMORY_DEVICE || kind == SLIM_MEMORY_KEEP;
  const bool reuse = (plan->passes & SLIM_PASS(memory)) && (kind == SLIM_MEMORY_DEVICE || kind == SLIM_MEMORY_HOST);
  const size_t limit = device ? plan->device->info.max_allocation : 0;
  memory->bytes = slim_arena_array(plan->arena, count + 1, sizeof *memory->bytes);
  const int arenas = memory->bytes ? slim_memory_fit(list, count, limit, reuse, memory->bytes) : -1;
  memory->num_arenas = arenas > 0 ? arenas : 0;
  if (arenas == -2) {
    return too_large(plan, list, count, limit);
  }
  return arenas < 0 ? slim_plan_no_memory(plan) : SLIM_OK;
}

slim_status slim_pass_memory(slim_plan *plan)
{
  slim_slot **list = calloc(plan->num_slots + 1, sizeof *list);
  slim_status status = list ? SLIM_OK : slim_plan_no_memory(plan);
  for (int kind = 0; kind < SLIM_MEMORY_KINDS && status == SLIM_OK; kind++) {
    status = fit_kind(plan, kind, list);
  }
  free(list);
  for (size_t i = 0; i < plan->num_slots && status == SLIM_OK; i++) {
    slim_slot *slot = &plan->slots[i];
    for (int s = slot->same; slot->same != (int)i; s = plan->slots[s].same) {
      if (plan->slots[s].same == s) {
        slot->arena = plan->slots[s].arena;
        slot->offset = plan->slots[s].offset;
        break;
      }
    }
  }
  return status;
}
