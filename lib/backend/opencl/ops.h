/* The table of ops this backend runs and what ops share when they prepare steps. */
#ifndef SLIM_OPENCL_OPS_H
#define SLIM_OPENCL_OPS_H

#include "backend/opencl/opencl.h"

typedef struct slim_cl_op {
  void (*prepare)(slim_cl_build *build);
  /* NULL: runs when all tensors are float32 but for halves below, and what an op makes of them */
  bool (*supports)(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
  /* NULL: none */
  size_t (*workspace)(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
  /* As in slim_backend; NULL: never */
  int (*packs)(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
  /* As in slim_backend; NULL: never */
  int (*overwrites)(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
  unsigned halves; /* bit i: input i may have halves in the place of float32 */
} slim_cl_op;

/* X(name) for every op with kernels here; each is a slim_cl_op slim_cl_op_<name>. */
#define SLIM_CL_OP_MAP(X)                                                                                              \
  X(activation)                                                                                                        \
  X(activation_gradient)                                                                                               \
  X(unary)                                                                                                             \
  X(binary)                                                                                                            \
  X(add_n)                                                                                                             \
  X(dropout)                                                                                                           \
  X(truncated_normal)                                                                                                  \
  X(cast)                                                                                                              \
  X(bias_add)                                                                                                          \
  X(bias_add_gradient)                                                                                                 \
  X(reshape)                                                                                                           \
  X(transpose)                                                                                                         \
  X(concat)                                                                                                            \
  X(slice)                                                                                                             \
  X(pad)                                                                                                               \
  X(broadcast_like)                                                                                                    \
  X(reduce)                                                                                                            \
  X(argmax)                                                                                                            \
  X(one_hot)                                                                                                           \
  X(in_top_k)                                                                                                          \
  X(top_k)                                                                                                             \
  X(cumsum)                                                                                                            \
  X(softmax)                                                                                                           \
  X(softmax_gradient)                                                                                                  \
  X(softmax_cross_entropy)                                                                                             \
  X(sparse_softmax_cross_entropy)                                                                                      \
  X(sigmoid_cross_entropy)                                                                                             \
  X(finite_check)                                                                                                      \
  X(assign)                                                                                                            \
  X(assign_moving_average)                                                                                             \
  X(apply_gradient_descent)                                                                                            \
  X(apply_momentum)                                                                                                    \
  X(apply_adagrad)                                                                                                     \
  X(apply_adadelta)                                                                                                    \
  X(apply_adam)                                                                                                        \
  X(apply_ftrl)                                                                                                        \
  X(apply_rms_prop)                                                                                                    \
  X(apply_proximal_gradient_descent)                                                                                   \
  X(apply_proximal_adagrad)                                                                                            \
  X(max_pool2d)                                                                                                        \
  X(max_pool2d_gradient)                                                                                               \
  X(avg_pool2d)                                                                                                        \
  X(avg_pool2d_gradient)                                                                                               \
  X(batch_norm)                                                                                                        \
  X(batch_norm_fold)                                                                                                   \
  X(batch_norm_gradient)                                                                                               \
  X(matmul)                                                                                                            \
  X(conv2d)                                                                                                            \
  X(conv2d_input_gradient)                                                                                             \
  X(conv2d_weights_gradient)                                                                                           \
  X(depthwise_conv2d)                                                                                                  \
  X(depthwise_conv2d_input_gradient)                                                                                   \
  X(depthwise_conv2d_weights_gradient)                                                                                 \
  X(custom)

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

/* Output k, a view without memory when nobody reads it. */
static inline const slim_view *slim_cl_out(const slim_cl_build *build, int k)
{
  static const slim_view none = { 0 };
  return k < build->group->num_out ? &build->out[k] : &none;
}

/* Bit k: output k is wanted. */
static inline int slim_cl_wants(const slim_cl_build *build)
{
  int wants = 0;
  for (int k = 0; k < build->group->num_out; k++) {
    wants |= slim_cl_wanted(&build->out[k]) ? 1 << k : 0;
  }
  return wants;
}

static inline bool slim_cl_is_cpu(const slim_cl_build *build)
{
  return build->device->info.device_class == SLIM_CLASS_CPU;
}

#endif
