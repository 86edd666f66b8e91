#ifndef SLIM_BATCH_NORM_FOLD_PARAMS_H
#define SLIM_BATCH_NORM_FOLD_PARAMS_H

#define SLIM_FOLD_ROWS 128 /* of weights that a work-item folds */

typedef struct slim_batch_norm_fold_params {
  int n, c; /* weights, channels */
  float epsilon;
} slim_batch_norm_fold_params;

#endif
