/* Embedded sources, kernel by kernel. */
#ifndef SLIM_OPENCL_SOURCE_H
#define SLIM_OPENCL_SOURCE_H

#include "base/bytes.h"
#include "kernels/kernels.h"

/** The program that defines the kernel; NULL when none does. */
const slim_kernel_source *slim_cl_source_of(const char *kernel);
/** Appends the program's text with this kernel alone, and a NUL. Compiling a program, and asking for its binary, takes
 * PoCL some 0.1 s a kernel, used or not. @return false without memory. */
bool slim_cl_source_cut(const slim_kernel_source *source, const char *kernel, slim_bytes *out);

#endif
