/* An optimizer and its slots. */
#ifndef SLIM_OPTIMIZERS_OPTIMIZER_H
#define SLIM_OPTIMIZERS_OPTIMIZER_H

#include "graph/map.h"
#include "ops/ops.h"
#include "slim/optimizers.h"

enum { SLIM_OPTIMIZER_SLOTS = 3 }; /* at most */

typedef struct slim_optimizer_kind {
  const char *name;
  const slim_op *op;
  int slots;
  float initial[SLIM_OPTIMIZER_SLOTS];
  bool powers; /* keeps beta1_power and beta2_power */
} slim_optimizer_kind;

typedef struct slim_optimizer_slots {
  const slim_tensor *variable;
  slim_tensor *slot[SLIM_OPTIMIZER_SLOTS];
} slim_optimizer_slots;

struct slim_optimizer {
  slim_graph *graph;
  const slim_optimizer_kind *kind;
  const char *name;
  slim_tensor *learning_rate;
  slim_apply_attr attr; /* all but the number of variables */
  float initial[SLIM_OPTIMIZER_SLOTS];
  slim_tensor *power[2];
  slim_list slots; /* slim_optimizer_slots */
};

/* The slots of variable, made at the first call. NULL with the graph's error set. */
const slim_optimizer_slots *slim_optimizer_slots_of(slim_optimizer *optimizer, slim_tensor *variable);
/* Makes beta1_power and beta2_power unless they are there. */
bool slim_optimizer_make_powers(slim_optimizer *optimizer);

/* leaf in the variable scope in force, or leaf_1, leaf_2, ...: the first that no variable of the graph has. NULL
 * without memory. */
const char *slim_optimizer_free_name(slim_graph *graph, const char *leaf);

#endif
