/* What the rules share that run a node part by part. */
#ifndef SLIM_SESSION_SPLIT_H
#define SLIM_SESSION_SPLIT_H

#include "session/passes/emit.h"

/* Rows begin and so many of the axis. */
slim_tensor *slim_split_slice(slim_emitter *emitter, slim_tensor *x, int axis, int begin, int rows);
const slim_shape *slim_split_shape_of(const slim_emitter *emitter, const slim_tensor *tensor);
/* The parts of a tensor, NULL if it is in one piece. */
slim_tensor **slim_split_parts(const slim_emitter *emitter, const slim_tensor *tensor, int *count);
/* Room for the parts of the node's result. NULL: no memory. */
slim_tensor **slim_split_result(slim_emitter *emitter, int count);

/* The rules: false when there is none for such a node. */
bool slim_split_conv2d(slim_emitter *emitter);
bool slim_split_conv2d_input_gradient(slim_emitter *emitter);
bool slim_split_conv2d_weights_gradient(slim_emitter *emitter);
bool slim_split_matmul(slim_emitter *emitter);

#endif
