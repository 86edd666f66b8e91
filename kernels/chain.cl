/* What the kernels of elementwise chains are written with, which lib/backend/opencl/chain.c makes, one a chain. */
#include "activation.h"
#include "binary.h"
#include "chain_params.h"
#include "common.h"
#include "unary.h"
#include "vector.h"
