/* What passes share that put other nodes in the place of the graph's. The graph itself stays as it is. */
#ifndef SLIM_SESSION_REWRITE_H
#define SLIM_SESSION_REWRITE_H

#include "session/plan.h"

/* By node id: what stands for a node of the plan's order, what runs before it, and whether it is left out. */
typedef struct slim_rewrite {
  slim_plan *plan;
  slim_node **instead, **before;
  bool *dropped;
} slim_rewrite;

/* false: no memory. */
bool slim_rewrite_begin(slim_rewrite *rewrite, slim_plan *plan);
/* Puts the plan's order together anew. false: no memory. */
bool slim_rewrite_end(const slim_rewrite *rewrite);
/* A copy with so many inputs, those of like as far as they go: it has like's id and outputs. NULL: no memory. */
slim_node *slim_rewrite_node(slim_plan *plan, const slim_node *like, const slim_op *op, int inputs);
/* Is node the only one that reads tensor's value? */
bool slim_read_once(const slim_plan *plan, const slim_tensor *tensor);

#endif
