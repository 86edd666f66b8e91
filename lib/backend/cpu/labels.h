/* Class labels, int32 or int64. */
#ifndef SLIM_CPU_LABELS_H
#define SLIM_CPU_LABELS_H

#include "backend/cpu/vec.h"

static inline int64_t label_at(const slim_view *labels, size_t i)
{
  return labels->dtype == SLIM_INT32 ? (int64_t)((const int32_t *)labels->host)[i] : ((const int64_t *)labels->host)[i];
}

#endif
