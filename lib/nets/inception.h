/* What the Inception nets share: blocks of parallel branches as rows of layers. */
#ifndef SLIM_NETS_INCEPTION_H
#define SLIM_NETS_INCEPTION_H

#include "net.h"

/* What every Inception net takes. */
#define SLIM_INCEPTION_OPTIONS (SLIM_NET_DROPOUT | SLIM_NET_DEPTH | SLIM_NET_PREDICTION)

/* A layer of a branch; rows of one branch follow each other, each on the result of the row before. */
typedef struct slim_inception_row {
  int branch;
  slim_layer_fn layer;
  const char *scope;
  int depth; /* channels before depth_multiplier; 0: pooling */
  slim_hw kernel;
  int stride;           /* 0: 1 */
  slim_padding padding; /* unset: SLIM_SAME */
  float stddev;         /* of the weights, a truncated normal; 0: as the arg scope has it */
  bool beside;          /* on the input of the row before instead; the results of both are concatenated */
} slim_inception_row;

/* Rows, with a kernel { h, w } and what else is set by name. */
#define CONV(branch_, scope_, depth_, ...)                                                                             \
  {                                                                                                                    \
    .branch = (branch_), .layer = slim_conv2d, .scope = (scope_), .depth = (depth_), .kernel = __VA_ARGS__             \
  }
#define MAX_POOL(branch_, scope_, ...)                                                                                 \
  {                                                                                                                    \
    .branch = (branch_), .layer = slim_max_pool2d, .scope = (scope_), .kernel = __VA_ARGS__                            \
  }
#define AVG_POOL(branch_, scope_, ...)                                                                                 \
  {                                                                                                                    \
    .branch = (branch_), .layer = slim_avg_pool2d, .scope = (scope_), .kernel = __VA_ARGS__                            \
  }
#define STRIDED .stride = 2, .padding = SLIM_VALID
/* An array of rows and its length. */
#define ROWS(rows_) (rows_), sizeof(rows_) / sizeof *(rows_)

/* The branches of rows, concatenated, in the scope in force. */
slim_tensor *slim_inception_branches(slim_tensor *net, const slim_inception_row *rows, size_t count,
                                     const slim_net_args *args);
/* The same in the variable scope and under the end point of a name. */
slim_tensor *slim_inception_block(slim_tensor *net, const char *name, const slim_inception_row *rows, size_t count,
                                  const slim_net_args *args);
/* Layers one after the other, each an end point; branches do not count. */
slim_tensor *slim_inception_layers(slim_tensor *net, const slim_inception_row *rows, size_t count,
                                   const slim_net_args *args);
/* depth times depth_multiplier, min_depth or 16 at least. */
int slim_inception_depth(const slim_net_args *args, int depth);
/* A scope with the kernel in it: "AvgPool_1a_8x8". */
typedef struct slim_inception_name {
  char text[64];
} slim_inception_name;
slim_inception_name slim_inception_scope(const char *prefix, slim_hw kernel);

/* The logits from features of one pixel, squeezed, in the scope in force. */
slim_tensor *slim_inception_logits(slim_tensor *net, const char *scope, float stddev, const slim_net_args *args);
/* The end of v2 and v3: pooling of kernel x kernel pixels, or of all in the name scope pool, dropout, logits,
 * predictions. */
slim_tensor *slim_inception_head(slim_tensor *net, int kernel, const char *pool, const slim_net_args *args);

/* How v4 and Inception-ResNet v2 end: fully connected logits and auxiliary logits under scopes of their own. */
typedef struct slim_inception_scopes {
  const char *aux_pool, *aux_conv, *aux_logits;
  const char *pool, *dropout;
  int pool_stride;
  bool flat_dropout; /* dropout stands behind flatten */
} slim_inception_scopes;
void slim_inception_fc_aux(slim_tensor *net, const slim_inception_scopes *scopes, const slim_net_args *args);
slim_tensor *slim_inception_fc_head(slim_tensor *net, const slim_inception_scopes *scopes, const slim_net_args *args);

/* A net of the family: its features in the net's scope and with is_training where it counts, then its head. */
typedef slim_tensor *(*slim_inception_fn)(slim_tensor *net, const slim_net_args *args);
slim_tensor *slim_inception_build(slim_tensor *images, slim_inception_fn layers, const slim_net_args *args);

#endif
