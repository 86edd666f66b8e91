/* What passes share that put several nodes of the plan's own in the place of one, in a new order. */
#ifndef SLIM_SESSION_EMIT_H
#define SLIM_SESSION_EMIT_H

#include "session/plan.h"

typedef struct slim_emitter {
  slim_plan *plan;
  const slim_node *node; /* whose place others take */
  slim_node **order;     /* the new one */
  size_t num_order, room;
  bool failed; /* no memory */
} slim_emitter;

/* Adds a node as it is. */
void slim_emit_node(slim_emitter *emitter, slim_node *node);
/* Adds a node that does op. shape: of its result, which is the plan's own; NULL: it gives the node's result.
 * @return the result; without memory some tensor. */
slim_tensor *slim_emit(slim_emitter *emitter, const slim_op *op, const void *attr, slim_tensor *const *inputs,
                       int count, const slim_shape *shape);
/* A tensor that only gives its shape. */
slim_tensor *slim_emit_shape(slim_emitter *emitter, const slim_shape *shape);
/* The node itself is left out. */
void slim_emit_without(slim_emitter *emitter);
/* The new order becomes the plan's. */
slim_status slim_emit_end(const slim_emitter *emitter);

#endif
