/* One convolution by oneDNN, the peer of bench_conv. */
#ifndef BENCH_ONEDNN_H
#define BENCH_ONEDNN_H

#include <stdbool.h>

enum { PASS_FORWARD, PASS_INPUT_GRADIENT, PASS_WEIGHTS_GRADIENT, NUM_PASSES };

/* x [n,h,w,c], weights [kh,kw,c,o], or depthwise [kh,kw,c,1] with o = c. */
typedef struct conv_shape {
  bool depthwise;
  int n, h, w, c, kh, kw, o, stride;
  int oh, ow, before_h, before_w; /* of SAME padding */
} conv_shape;

typedef struct onednn_conv onednn_conv;

/* The ways to run it that may be the fastest. */
typedef enum onednn_way {
  ONEDNN_DIRECT,   /* in the layouts it likes best; changing to and from them takes no part of the time */
  ONEDNN_AUTO,     /* the same by the algorithm that it chooses itself */
  ONEDNN_NHWC,     /* activations in NHWC */
  ONEDNN_WINOGRAD, /* its Winograd kernels, which it mostly runs only when they are asked for */
  ONEDNN_WAYS
} onednn_way;

/* in: forward x, weights; input gradient dy, weights; weights gradient dy, x. All dense and as above, copied.
 * @return NULL when oneDNN has no such kernel for it. */
onednn_conv *onednn_conv_create(const conv_shape *shape, int pass, onednn_way way, const float *const in[2]);
void onednn_conv_run(void *conv);
/* The result of the last run, dense. */
void onednn_conv_result(onednn_conv *conv, float *out);
const char *onednn_conv_kernel(const onednn_conv *conv);
void onednn_conv_destroy(onednn_conv *conv); /* NULL is fine */

#endif
