/* What a model is made of: its variables, and its layers with shapes, parameters and work. */
#ifndef SLIM_MODEL_ANALYZER_H
#define SLIM_MODEL_ANALYZER_H

#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Elements and bytes of variables, all together. */
typedef struct slim_vars_info {
  int64_t elements, bytes;
} slim_vars_info;

/** How large these variables are together. print_info: the log gets a line for each, "fc/weights:0 (float32 800x10)
 * [8000, bytes: 32000]", and the totals. */
SLIM_API slim_vars_info slim_analyze_vars(slim_tensors variables, bool print_info);
/** How many elements the results of all ops have together; what depends on an open batch counts for nothing.
 * print_info: the log gets a line for each op, "fc/MatMul -> (float32 32x10) [320]". slim_graph_list gives them one by
 * one. */
SLIM_API int64_t slim_analyze_ops(const slim_graph *graph, bool print_info);
/** Writes "(float32 3x3x3x64)", of a scalar "(int64 )" as the original does. @return text. */
SLIM_API char *slim_tensor_description(const slim_tensor *tensor, char *text, size_t size);

/** One layer: a convolution, pooling (mean: over height and width), matrix product, dropout or batch norm with what
 * follows it. */
typedef struct slim_layer_row {
  const char *op;    /* "conv", "dwconv", "sepconv", "max", "avg", "mean", "fc", "dropout", "bn" */
  const char *scope; /* "LeNet/conv1"; owned by the graph */
  slim_hw kernel, stride, rate; /* 0 where the layer has none */
  slim_padding padding;
  slim_shape input, output; /* with the batch */
  const char *norm;         /* "bias", "bn", "" */
  const char *activation;   /* "relu", "relu6", "sigmoid", "tanh", "" */
  slim_initializer weights_initializer; /* kind 0: no weights */
  float keep_prob;          /* of dropout */
  int64_t parameters;       /* elements of all its variables */
  int64_t macs;             /* multiply-accumulates of one sample */
} slim_layer_row;

/** Writes up to capacity layers that tensor (the logits) depends on, in order of creation. @return their number. */
SLIM_API size_t slim_summarize(const slim_tensor *tensor, slim_layer_row *rows, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
