/* What the shape rules of ops share. */
#ifndef SLIM_OPS_RULE_H
#define SLIM_OPS_RULE_H

#include "ops/ops.h"

/* A shape in words, as a value: slim_shape_words(&s).text lives to the end of the full expression. */
typedef struct slim_words {
  char text[SLIM_MAX_RANK * 12 + 3];
} slim_words;
slim_words slim_shape_words(const slim_shape *shape);

/* Records what was wrong. @return false. */
bool slim_rule_fail(slim_inference *q, slim_status status, const char *format, ...) SLIM_PRINTF(3, 4);
/* Equal, or one of them open. */
bool slim_rule_dims_agree(int a, int b);
/* The known one of two dimensions that agree. */
int slim_rule_dim(int a, int b);
bool slim_rule_shapes_agree(const slim_shape *a, const slim_shape *b);
/* Input i must have this rank; what names the input in the error. */
bool slim_rule_rank(slim_inference *q, int i, const char *what, int rank);
bool slim_rule_float(slim_inference *q, int i, const char *what);
bool slim_rule_integer(slim_inference *q, int i, const char *what);
/* Input i must be a vector of channels elements. */
bool slim_rule_vector(slim_inference *q, int i, const char *what, int channels);
/* Inputs a and b must have shapes that agree. */
bool slim_rule_like(slim_inference *q, int a, const char *a_what, int b, const char *b_what);
/* The rule of elementwise ops: float32 in, the same shape out. */
bool slim_rule_elementwise(slim_inference *q);
/* Axis must lie in [0, rank). */
bool slim_rule_axis(slim_inference *q, int axis, int rank);

/* How many channels the weights [kh,kw,c,.] give. */
typedef int64_t (*slim_outputs_fn)(const slim_shape *weights);
/* The rule of convolutions of input 0 by input 1, with slim_conv2d_attr. */
bool slim_rule_convolution(slim_inference *q, slim_outputs_fn outputs);
/* The checks of their gradients: input 0 must be what the convolution of input x by input weights gives. */
bool slim_rule_convolution_gradient(slim_inference *q, int x, int weights, slim_outputs_fn outputs);
/* The size of what a transposed convolution of input 0 by input 1, [kh,kw,o,.], gives. */
bool slim_rule_transposed(slim_inference *q, slim_shape *out);

#endif
