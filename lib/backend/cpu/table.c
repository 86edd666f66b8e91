#include "backend/cpu/vec.h"

#define SLIM_OP(name_) extern const slim_cpu_op CPU_OP(name_);
#include "ops/ops.def"
#undef SLIM_OP
extern const slim_cpu_op CPU_OP(chain);

const slim_cpu_table CPU_OP(table) = {
  .isa = CPU_ISA_TEXT,
  .chain = &CPU_OP(chain),
  .op = {
#define SLIM_OP(name_) &CPU_OP(name_),
#include "ops/ops.def"
#undef SLIM_OP
  },
};
