#ifndef SLIM_CLASSES_PARAMS_H
#define SLIM_CLASSES_PARAMS_H

/* n rows of c classes; of argmax: n results, each over c elements that lie inner apart. */
typedef struct slim_classes_params {
  unsigned n;
  int c;
  int inner;
  int wide; /* labels are int64 instead of int32 */
  int k;    /* of in_top_k and top_k */
  int want; /* bit i: output i has memory */
  float on_value, off_value;
} slim_classes_params;

#endif
