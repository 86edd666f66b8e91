/* The OpenCL sources, embedded at build time: each program is one or more .cl files with their local includes pasted.
 */
#ifndef SLIM_KERNELS_H
#define SLIM_KERNELS_H

#include <stddef.h>

typedef struct slim_kernel_source {
  const char *name; /* of the program: "pool" */
  const char *text; /* ends with a NUL that size does not count */
  size_t size;
} slim_kernel_source;

extern const slim_kernel_source slim_kernel_sources[];
extern const size_t slim_kernel_source_count;

#endif
