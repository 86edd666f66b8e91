/* The table of ops, and what every builder uses. */
#include "ops/ops.h"

const slim_op *const slim_op_table[SLIM_OP_COUNT] = {
#define SLIM_OP(name_) &slim_op_##name_,
#include "ops/ops.def"
#undef SLIM_OP
};

int slim_op_id_of(const slim_op *op)
{
  op = op->base ? op->base : op;
  for (int i = 0; i < SLIM_OP_COUNT; i++) {
    if (slim_op_table[i] == op) {
      return i;
    }
  }
  return -1;
}

slim_tensor *slim_op_add(slim_tensor *const *inputs, int num_inputs, const slim_op *op, const char *name,
                         const void *attr)
{
  for (int i = 0; i < num_inputs; i++) {
    if (!inputs[i] || slim_is_poison(inputs[i])) {
      slim_tensor *poison = slim_poison(inputs[i]);
      for (int k = 0; !poison && k < num_inputs; k++) {
        poison = slim_poison(inputs[k]);
      }
      return slim_graph_fail(slim_graph_of(poison), SLIM_ERR_ARG, "%s: input %d is missing", name, i);
    }
  }
  return slim_node_add(slim_graph_of(inputs[0]), op, name, attr, inputs, num_inputs);
}
