/* What every kernel shares. SLIM_CLASS is 0 on CPU-like devices, 1 on GPUs, 2 on small ones. */
#ifndef SLIM_KERNEL_COMMON_H
#define SLIM_KERNEL_COMMON_H

#ifndef SLIM_CLASS
#define SLIM_CLASS 0
#endif

/* A tensor argument: a buffer and the tensor's place in it, in units of 256 bytes. */
#define SLIM_TENSOR(type_, name_) __global type_ *name_##_buffer, const uint name_##_at
#define SLIM_OPEN(type_, name_)                                                                                        \
  __global type_ *name_ = name_##_buffer + (size_t)name_##_at * (256 / sizeof(*name_##_buffer))

/* The same of a kernel that nets launch often, as drivers copy each argument at each launch: the places of all its
 * tensors are one vector, at. */
#define SLIM_PLACED(type_, name_) __global type_ *name_##_buffer
#define SLIM_OPEN_PLACED(type_, name_, number_)                                                                        \
  __global type_ *name_ = name_##_buffer + (size_t)at.s##number_ * (256 / sizeof(*name_##_buffer))

#endif
