/* Packed weights, and when they are out of date. A step keeps those of weights that seldom change; others are packed in
 * every run, into its workspace. */
#ifndef SLIM_CPU_PACKED_H
#define SLIM_CPU_PACKED_H

#include "backend/cpu/vec.h"

typedef struct packed_weights {
  float *data;
  bool kept, valid;
  uint64_t version; /* that data was packed at */
} packed_weights;

/* Floats of the workspace. */
static inline size_t packed_workspace(const slim_view *weights, size_t floats)
{
  return weights->version ? 0 : floats;
}

/* Are weights, input 1 of the node, the step's own, which need no memory once they are packed? A plan folds them for it;
 * of no plan, they are when they stay as they are. 16-bit floats are never packed. */
static inline bool packed_owned(const slim_node *node, const slim_view *weights)
{
  slim_tensor *const *inputs = node->inputs; /* NULL: a step of no plan */
  if (halves_of(weights)) {
    return false;
  }
  return inputs ? inputs[1]->node && inputs[1]->node->op == &slim_op_batch_norm_fold : weights->version != NULL;
}

/* offset: floats of the workspace before those. */
static inline bool packed_alloc(slim_cpu_step *step, packed_weights *p, const slim_view *weights, size_t floats,
                                size_t offset)
{
  const size_t bytes = (floats * sizeof(float) / 64 + 1) * 64;
  p->kept = weights->version != NULL;
  p->data = p->kept ? slim_chunk_alloc(&step->device->packed, bytes) : (float *)step->workspace + offset;
  step->base.own_bytes += p->kept && p->data ? bytes : 0;
  return p->data != NULL;
}

static inline void packed_free(packed_weights *p)
{
  slim_chunk_free(p->kept ? p->data : NULL);
}

/* Must the weights of the view be packed (again) now? What a plan computes changes with every run. */
static inline bool packed_stale(packed_weights *p, const slim_view *weights)
{
  const bool stale = !p->valid || !weights->version || *weights->version != p->version;
  p->valid = weights->version != NULL;
  p->version = weights->version ? *weights->version : 0;
  return stale;
}

#endif
