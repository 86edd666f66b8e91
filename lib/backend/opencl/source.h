/* Embedded sources, cut to the kernels that are used. */
#ifndef SLIM_OPENCL_SOURCE_H
#define SLIM_OPENCL_SOURCE_H

#include "base/bytes.h"
#include "kernels/kernels.h"

/** The program that defines the kernel; NULL when none does. */
const slim_kernel_source *slim_cl_source_of(const char *kernel);
/** Do both need the same definitions, so that one program can hold them? */
bool slim_cl_source_alike(const char *kernel, const char *other);
/** Appends the text of a program of these kernels alone, which are alike, and a NUL. Compiling a program, and asking for
 * its binary, takes PoCL some 0.1 s and as much again a kernel, used or not. @return false without memory. */
bool slim_cl_source_join(const char *const *kernels, size_t count, slim_bytes *out);

#endif
