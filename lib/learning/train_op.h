/* What the two ways to a train op share. */
#ifndef SLIM_LEARNING_TRAIN_OP_H
#define SLIM_LEARNING_TRAIN_OP_H

#include "slim/learning.h"

/* The loss, once everything that trains has run. own: the updates stand in the place of SLIM_UPDATE_OPS. */
slim_tensor *slim_train_op_gather(slim_tensor *loss, slim_tensor *applied, slim_tensors updates, bool own);
/* The mean of gradients over replicas batches: those of the runs of first and next before, and of the run itself. */
slim_gradient_list slim_sync_replicas(slim_gradient_list gradients, int replicas, slim_tensor **first,
                                      slim_tensor **next);
/* Makes slim_accumulate_ops(train_op) first, next, next, ...: replicas - 1 of them. */
void slim_sync_replicas_list(slim_tensor *train_op, slim_tensor *first, slim_tensor *next, int replicas);

#endif
