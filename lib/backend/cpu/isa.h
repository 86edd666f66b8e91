/* Which instruction sets there are, which one this process uses, and what the processor calls itself. */
#ifndef SLIM_CPU_ISA_H
#define SLIM_CPU_ISA_H

#include "backend/cpu/cpu.h"

/* The best table that the processor runs, or the one that SLIM_ISA names (baseline, avx2, avx512).
 * @return NULL, with error set, when SLIM_ISA names none or one that the processor lacks. */
const slim_cpu_table *slim_cpu_choose(slim_error *error);
void slim_cpu_describe(slim_device_info *info);

#endif
