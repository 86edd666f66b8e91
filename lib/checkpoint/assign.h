/* Restoring in two steps: does it fit, then do it. */
#ifndef SLIM_CHECKPOINT_ASSIGN_H
#define SLIM_CHECKPOINT_ASSIGN_H

#include "slim/checkpoint.h"

/* Does the checkpoint have the variable, in its type and shape? SLIM_ERR_NOT_FOUND, SLIM_ERR_TYPE, SLIM_ERR_SHAPE. */
slim_status slim_restore_check(const slim_checkpoint_reader *reader, const char *prefix, const slim_restore *item,
                               unsigned flags, slim_error *error);
/* Bytes of a variable's value. */
size_t slim_variable_bytes(const slim_tensor *variable);

#endif
