/* Rows of classes: what argmax, one_hot, in_top_k, top_k, softmax and the cross entropies share. */
#ifndef SLIM_OPENCL_CLASSES_H
#define SLIM_OPENCL_CLASSES_H

#include "backend/opencl/ops.h"
#include "backend/opencl/sweep.h"
#include "kernels/classes_params.h"

/** Rows along the last axis of x. */
static inline slim_classes_params slim_cl_rows(const slim_view *x)
{
  const int c = x->shape.rank == 0 ? 1 : x->shape.dim[x->shape.rank - 1];
  return (slim_classes_params){ .n = c == 0 ? 0 : slim_cl_elements(x) / (unsigned)c, .c = c, .inner = 1 };
}

#define SLIM_CL_GROUP_CLASSES 64 /* that pay for a group a row */

/** Do rows pay for a group each, where the device has such? */
static inline bool slim_cl_classes_by_groups(const slim_cl_build *b, const slim_classes_params *p)
{
  return slim_cl_groups(b->device) && p->c >= SLIM_CL_GROUP_CLASSES;
}

/** Begins a launch for each row: of the kernel that takes a group a row, where that pays, or a work-item. Arguments
 * follow, slim_cl_range_classes ends it. */
static inline void slim_cl_begin_classes(slim_cl_build *b, const slim_classes_params *p, const char *groups,
                                         const char *naive)
{
  slim_cl_begin(b, slim_cl_classes_by_groups(b, p) ? groups : naive);
}

static inline void slim_cl_range_classes(slim_cl_build *b, const slim_classes_params *p)
{
  if (slim_cl_classes_by_groups(b, p)) {
    slim_cl_range_whole_groups(b, p->n);
  } else {
    slim_cl_range_rows(b, p->n);
  }
}

static inline bool slim_cl_is_label(const slim_view *view)
{
  return view->dtype == SLIM_INT32 || view->dtype == SLIM_INT64;
}

/** supports of ops with inputs (float32, labels) and float32 results. */
static inline bool slim_cl_labels_support(const slim_device *device, const slim_group *group, const slim_view *in,
                                          const slim_view *out)
{
  (void)device;
  (void)group;
  return in[0].dtype == SLIM_FLOAT32 && slim_cl_is_label(&in[1]) && out[0].dtype == SLIM_FLOAT32;
}

#endif
