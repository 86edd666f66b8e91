/* The kernels of elementwise chains. */
#ifndef SLIM_OPENCL_CHAIN_H
#define SLIM_OPENCL_CHAIN_H

#include "backend/opencl/ops.h"

/** A step of slim_chain_is. */
extern const slim_cl_op slim_cl_op_chain;

/** Is this a chain's kernel? Its name holds the whole chain. */
bool slim_cl_chain_is(const char *kernel);
/** Appends such a kernel's text, which chain.cl goes before. */
void slim_cl_chain_append(const char *kernel, slim_bytes *out);

#endif
