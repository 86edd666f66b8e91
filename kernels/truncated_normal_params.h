#ifndef SLIM_TRUNCATED_NORMAL_PARAMS_H
#define SLIM_TRUNCATED_NORMAL_PARAMS_H

typedef struct slim_truncated_normal_params {
  unsigned n;
  float stddev;
} slim_truncated_normal_params;

#endif
