/* What stands in front of the source of an op that is registered at run time. */
#include "common.h"

/* The pointer of an output that may be left out. */
#define SLIM_OPEN_OPTIONAL(type_, name_)                                                                               \
  __global type_ *name_ =                                                                                              \
      name_##_at == ~0u ? (__global type_ *)0 : name_##_buffer + (size_t)name_##_at * (256 / sizeof(*name_##_buffer))
