#ifndef SLIM_BATCH_NORM_PARAMS_H
#define SLIM_BATCH_NORM_PARAMS_H

/* x as [outer, c, inner]: inner is 1 in NHWC. */
typedef struct slim_batch_norm_params {
  int outer, c, inner;
  int slices;   /* parts in which a channel's outer * inner elements are summed */
  int length;   /* elements of a part */
  int across;   /* vectors of channels that lie side by side in a group (group.h) */
  int training;
  int want;     /* bit i: output i has memory */
  int activation, has_residual; /* behind; of the gradient: the activation is undone first */
  float epsilon;
  float unbias; /* factor of the variance for the moving average */
} slim_batch_norm_params;

#endif
