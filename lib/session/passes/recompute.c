/*
 * Time for memory: a train step keeps few results of its forward part and makes the others again for its backward part.
 * The forward part is cut into segments where little crosses. What crosses is kept; of what a segment makes, the rest
 * that gradients read is made again, by copies of its nodes, when the first gradient asks for it.
 */
#include "ops/ops.h"
#include "session/passes/rewrite.h"

#include <math.h>
#include <string.h>

#define SMALL ((size_t)4096) /* bytes that are kept in any case */

typedef struct recomputing {
  slim_plan *plan;
  size_t forward;      /* nodes of the order before the first gradient */
  int *made, *last;    /* by tensor id, of roots: position of the forward node that makes it, -1; its last forward reader */
  int *asked;          /* the first gradient that reads it, -1 */
  bool *kept;          /* by tensor id */
  size_t *crossing;    /* by position: bytes that live across its end */
  int *segment;        /* by position */
  slim_tensor **again; /* by tensor id: its copy, NULL */
  slim_node **order;   /* the new one */
  size_t num_order;
  bool failed;
} recomputing;

static bool is_gradient(const slim_node *node)
{
  return strstr(node->op->name, "_gradient") != NULL;
}

static bool may_run_again(const slim_node *node)
{
  return slim_op_id_of(node->op) >= 0 && (node->op->flags & (SLIM_OP_EFFECT | SLIM_OP_HOST)) == 0 &&
         node->op != &slim_op_finite_check;
}

/* --- who reads what ----------------------------------------------------------------------------------------------- */

static void note_outputs(recomputing *r, const slim_node *node, int position)
{
  for (int k = 0; k < node->op->outputs; k++) {
    const slim_plan_tensor *t = &r->plan->tensors[node->outputs[k].id];
    const int id = node->outputs[k].id;
    r->made[id] = r->last[id] = position;
    r->kept[id] = t->bytes < SMALL || t->fetched || !may_run_again(node) || r->plan->once[node->id];
  }
}

static void note_inputs(recomputing *r, const slim_node *node, int position)
{
  for (int k = 0; k < node->num_inputs; k++) {
    const int id = node->inputs[k]->id, root = r->plan->tensors[id].root;
    if (r->made[root] < 0 || !slim_node_reads(node, k)) {
      continue;
    }
    r->kept[root] |= id != root; /* read by another name: that of a copy would be missing */
    if ((size_t)position < r->forward) {
      r->last[root] = position;
    } else if (r->asked[root] < 0) {
      r->asked[root] = position;
    }
  }
}

static void look(recomputing *r)
{
  const slim_plan *plan = r->plan;
  while (r->forward < plan->num_order && !is_gradient(plan->order[r->forward])) {
    r->forward++;
  }
  for (size_t i = 0; i < plan->num_tensors; i++) {
    r->made[i] = r->last[i] = r->asked[i] = -1;
  }
  for (size_t i = 0; i < plan->num_order; i++) {
    note_inputs(r, plan->order[i], (int)i);
    if (i < r->forward) {
      note_outputs(r, plan->order[i], (int)i);
    }
  }
}

/* --- segments ----------------------------------------------------------------------------------------------------- */

/* Bytes that gradients read and that could be made again. */
static size_t saved_bytes(const recomputing *r, size_t *count)
{
  size_t bytes = 0;
  for (size_t i = 0; i < r->plan->num_tensors; i++) {
    const bool counts = r->asked[i] >= 0 && !r->kept[i];
    bytes += counts ? r->plan->tensors[i].bytes : 0;
    *count += counts;
  }
  return bytes;
}

static void measure_crossing(recomputing *r)
{
  for (size_t i = 0; i < r->plan->num_tensors; i++) {
    for (int at = r->made[i]; at >= 0 && at < r->last[i]; at++) {
      r->crossing[at] += r->plan->tensors[i].bytes;
    }
  }
}

static size_t made_bytes(const recomputing *r, size_t position)
{
  const slim_node *node = r->plan->order[position];
  size_t bytes = 0;
  for (int k = 0; k < node->op->outputs; k++) {
    const int id = node->outputs[k].id;
    bytes += r->asked[id] >= 0 && !r->kept[id] ? r->plan->tensors[id].bytes : 0;
  }
  return bytes;
}

/* The end of the segment that begins at begin: where least crosses among those that make half to three halves of goal. */
static size_t segment_end(const recomputing *r, size_t begin, size_t goal)
{
  size_t bytes = 0, best = r->forward;
  for (size_t i = begin; i + 1 < r->forward; i++) {
    bytes += made_bytes(r, i);
    if (bytes > goal + goal / 2 && best < r->forward) {
      break;
    }
    if (bytes >= goal / 2 && (best == r->forward || r->crossing[i] <= r->crossing[best - 1])) {
      best = i + 1;
    }
  }
  return best;
}

/* n pieces of which each costs a boundary: the square root of n segments need least. */
static int cut(recomputing *r)
{
  size_t count = 0;
  const size_t bytes = saved_bytes(r, &count);
  int segments = 0;
  measure_crossing(r);
  for (size_t begin = 0; begin < r->forward; segments++) {
    const size_t end = segment_end(r, begin, (size_t)((double)bytes / sqrt((double)count + 1.0)));
    for (size_t i = begin; i < end; i++) {
      r->segment[i] = segments;
    }
    begin = end;
  }
  for (size_t i = 0; i < r->plan->num_tensors; i++) {
    r->kept[i] |= r->made[i] >= 0 && r->segment[r->made[i]] != r->segment[r->last[i]];
  }
  return segments;
}

/* --- copies ------------------------------------------------------------------------------------------------------- */

static bool to_copy(const recomputing *r, int root, int segment)
{
  return r->made[root] >= 0 && r->segment[r->made[root]] == segment && !r->kept[root];
}

static void copy_outputs(recomputing *r, slim_node *node, const slim_node *original)
{
  slim_plan *plan = r->plan;
  for (int k = 0; k < original->op->outputs; k++) {
    const slim_tensor *like = &original->outputs[k];
    slim_tensor *t = &node->outputs[k];
    *t = *like;
    t->node = node;
    t->id = (int)plan->num_tensors++;
    plan->tensors[t->id] = plan->tensors[like->id];
    plan->tensors[t->id].tensor = t;
    plan->tensors[t->id].root = t->id;
    plan->tensors[t->id].readers = 0;
    plan->tensors[t->id].fetched = false;
    if (!r->kept[like->id]) {
      r->again[like->id] = t;
    }
  }
}

static void copy_node(recomputing *r, const slim_node *original)
{
  slim_plan *plan = r->plan;
  slim_node *node = slim_rewrite_node(plan, original, original->op, original->num_inputs);
  slim_tensor *outputs = slim_arena_array(plan->arena, (size_t)original->op->outputs, sizeof *outputs);
  if (!node || !outputs) {
    r->failed = true;
    return;
  }
  node->id = (int)plan->num_nodes++;
  node->outputs = outputs;
  copy_outputs(r, node, original);
  for (int k = 0; k < node->num_inputs; k++) {
    slim_tensor *again = r->again[node->inputs[k]->id];
    node->inputs[k] = again ? again : node->inputs[k];
    plan->tensors[node->inputs[k]->id].readers += slim_node_reads(node, k);
  }
  r->order[r->num_order++] = node;
}

/* Marks, from its end to its begin, the nodes of a segment that gradients need again. */
static void copy_segment(recomputing *r, int segment, bool *needed)
{
  const slim_plan *plan = r->plan;
  for (size_t i = r->forward; i-- > 0;) {
    const slim_node *node = plan->order[i];
    for (int k = 0; r->segment[i] == segment && k < node->op->outputs; k++) {
      needed[i] |= r->asked[node->outputs[k].id] >= 0 && !r->kept[node->outputs[k].id];
    }
    for (int k = 0; needed[i] && r->segment[i] == segment && k < node->num_inputs; k++) {
      const int root = plan->tensors[node->inputs[k]->id].root;
      if (slim_node_reads(node, k) && to_copy(r, root, segment)) {
        needed[r->made[root]] = true;
      }
    }
  }
  for (size_t i = 0; i < r->forward && !r->failed; i++) {
    if (needed[i] && r->segment[i] == segment) {
      copy_node(r, plan->order[i]);
    }
  }
}

/* A gradient's node that reads copies. */
static slim_node *with_copies(recomputing *r, slim_node *node)
{
  slim_plan *plan = r->plan;
  slim_node *changed = NULL;
  for (int k = 0; k < node->num_inputs; k++) {
    slim_tensor *again = r->again[node->inputs[k]->id];
    if (again && slim_node_reads(node, k)) {
      changed = changed ? changed : slim_rewrite_node(plan, node, node->op, node->num_inputs);
      r->failed |= !changed;
      if (changed) {
        plan->tensors[node->inputs[k]->id].readers--;
        plan->tensors[again->id].readers++;
        changed->inputs[k] = again;
      }
    }
  }
  return changed ? changed : node;
}

static void copy_for(recomputing *r, const slim_node *node, int segments, bool *needed)
{
  for (int k = 0; k < node->num_inputs; k++) {
    const int root = r->plan->tensors[node->inputs[k]->id].root;
    const int segment = r->made[root] >= 0 ? r->segment[r->made[root]] : segments;
    if (segment < segments - 1 && slim_node_reads(node, k) && !r->kept[root] && !r->again[root]) {
      copy_segment(r, segment, needed);
    }
  }
}

static void rebuild(recomputing *r, int segments, bool *needed)
{
  slim_plan *plan = r->plan;
  for (size_t i = 0; i < plan->num_order && !r->failed; i++) {
    slim_node *node = plan->order[i];
    if (i >= r->forward) {
      copy_for(r, node, segments, needed);
      node = with_copies(r, node);
    }
    r->order[r->num_order++] = node;
  }
}

static bool make(recomputing *r)
{
  slim_arena *arena = r->plan->arena;
  const size_t tensors = r->plan->num_tensors + 1, positions = r->plan->num_order + 1;
  r->made = slim_arena_array(arena, tensors, sizeof *r->made);
  r->last = slim_arena_array(arena, tensors, sizeof *r->last);
  r->asked = slim_arena_array(arena, tensors, sizeof *r->asked);
  r->kept = slim_arena_array(arena, tensors, sizeof *r->kept);
  r->again = slim_arena_array(arena, tensors, sizeof(slim_tensor *));
  r->crossing = slim_arena_array(arena, positions, sizeof *r->crossing);
  r->segment = slim_arena_array(arena, positions, sizeof *r->segment);
  r->order = slim_arena_array(arena, 2 * positions, sizeof(slim_node *));
  return r->made && r->last && r->asked && r->kept && r->again && r->crossing && r->segment && r->order;
}

slim_status slim_pass_recompute(slim_plan *plan)
{
  recomputing r = { .plan = plan };
  if (!(plan->passes & SLIM_PASS(recompute))) {
    return SLIM_OK;
  }
  bool *needed = slim_arena_array(plan->arena, plan->num_order + 1, sizeof *needed);
  if (!needed || !make(&r) || !slim_plan_reserve(plan, plan->num_nodes, plan->num_tensors)) {
    return slim_plan_no_memory(plan);
  }
  look(&r);
  if (r.forward < plan->num_order) {
    rebuild(&r, cut(&r), needed);
    plan->order = r.order;
    plan->num_order = r.num_order;
  }
  return r.failed ? slim_plan_no_memory(plan) : SLIM_OK;
}
