/*
 * Tasks of a launch on CPU-like devices, where a group is one work-item. PoCL gives a core half of the groups that are
 * left, and waits for the slowest: so there is a group a core, and each takes the next task when it has done one.
 * Nothing may depend on which group does a task, or on whether another runs.
 */
#ifndef SLIM_KERNEL_DEAL_H
#define SLIM_KERNEL_DEAL_H

#include "deal_params.h"

/* The last of a kernel's parameters, and the loop in its body. dealt counts tasks; it is 0 between launches. */
#define SLIM_DEALT __global uint *dealt, const slim_deal_params deal
#define SLIM_EACH_TASK(task_) for (int3 task_; slim_deal(dealt, deal, &task_);)

/* The next task, those along x first. @return false when none is left: each group learns that once, and the last one
 * clears the counter. */
static inline bool slim_deal(__global uint *dealt, const slim_deal_params deal, int3 *task)
{
  const int number = (int)atomic_inc(dealt), count = deal.x * deal.y * deal.z;
  if (number == count + (int)get_num_groups(0) - 1) {
    atomic_xchg(dealt, 0u);
  }
  *task = (int3)(number % deal.x, number / deal.x % deal.y, number / (deal.x * deal.y));
  return number < count;
}

#endif
