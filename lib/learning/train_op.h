/* What the two ways to a train op share. */
#ifndef SLIM_LEARNING_TRAIN_OP_H
#define SLIM_LEARNING_TRAIN_OP_H

#include "slim/learning.h"

/* The loss, once everything that trains has run. own: the updates stand in the place of SLIM_UPDATE_OPS. */
slim_tensor *slim_train_op_gather(slim_tensor *loss, slim_tensor *applied, slim_tensors updates, bool own);

#endif
