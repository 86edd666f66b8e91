/* Matrix products by CLBlast, with SLIM_CLBLAST=1 when it was built in. */
#ifndef SLIM_OPENCL_BLAST_H
#define SLIM_OPENCL_BLAST_H

#include "backend/opencl/opencl.h"
#include "kernels/matmul_params.h"

bool slim_cl_blast_wanted(void);
/** A launch of a by b into y, without the epilogue. */
void slim_cl_blast(slim_cl_build *build, const slim_view *a, const slim_view *b, const slim_view *y,
                   const slim_matmul_params *p);

#endif
