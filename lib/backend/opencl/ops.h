/* The table of ops this backend runs and what ops share when they prepare steps. */
#ifndef SLIM_OPENCL_OPS_H
#define SLIM_OPENCL_OPS_H

#include "backend/opencl/opencl.h"

typedef struct slim_cl_op {
  void (*prepare)(slim_cl_build *build);
  /* NULL: runs when all tensors are float32 */
  bool (*supports)(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
  /* NULL: none */
  size_t (*workspace)(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
} slim_cl_op;

/* X(name) for every op with kernels here; each is a slim_cl_op slim_cl_op_<name>. */
#define SLIM_CL_OP_MAP(X)                                                                                              \
  X(activation)                                                                                                        \
  X(activation_gradient)                                                                                               \
  X(unary)                                                                                                             \
  X(binary)

#define SLIM_CL_OP_DECLARE_(name_) extern const slim_cl_op slim_cl_op_##name_;
SLIM_CL_OP_MAP(SLIM_CL_OP_DECLARE_)
#undef SLIM_CL_OP_DECLARE_

static inline unsigned slim_cl_elements(const slim_view *view)
{
  return (unsigned)slim_shape_elements(&view->shape);
}

static inline size_t slim_cl_bytes(const slim_view *view)
{
  return slim_shape_elements(&view->shape) * slim_dtype_size(view->dtype);
}

static inline bool slim_cl_wanted(const slim_view *view)
{
  return view->buffer != NULL;
}

static inline bool slim_cl_is_cpu(const slim_cl_build *build)
{
  return build->device->info.device_class == SLIM_CLASS_CPU;
}

#endif
