/* Arguments of calls, made from bytes: mostly small and right, sometimes far out. */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include "fuzz_support.h"
#include "slim/graph.h"

enum { FUZZ_TENSORS = 24, FUZZ_SCOPES = 8 };

typedef struct fuzz {
  slim_span in;
  slim_graph *graph;
  slim_tensor *tensor[FUZZ_TENSORS]; /* results that later calls take */
  size_t tensors;
  slim_scope scope[FUZZ_SCOPES]; /* open */
  size_t scopes;
  const slim_arg_frame *frame; /* captured */
  slim_args inner[4];          /* normalizer_args: each may name the next, the first none, so that they end */
  unsigned inners;
  slim_row row[3];
  char first[SLIM_ERROR_TEXT]; /* the first error */
} fuzz;

/* Ends the program with the text unless it holds: what the fuzzer takes for a find. */
void require(bool holds, const char *text);

/* The next byte; 0 behind the end. */
unsigned fuzz_byte(fuzz *f);
int fuzz_int(fuzz *f);
float fuzz_float(fuzz *f);
/* A name, list of names, filter or nonsense; NULL at times. */
const char *fuzz_text(fuzz *f);
slim_flag fuzz_flag(fuzz *f);
slim_shape fuzz_shape(fuzz *f);
/* One of the results so far; NULL at times. */
slim_tensor *fuzz_tensor(fuzz *f);
bool fuzz_is_placeholder(const slim_tensor *tensor);
/* A layer or loss of the library, or one of the fuzzer's own; NULL at times. */
slim_layer_fn fuzz_layer(fuzz *f);
/* count options set, most of those that the layer takes. */
slim_args fuzz_options(fuzz *f, slim_layer_fn layer, unsigned count);
/* The same and what goes by position. */
slim_args fuzz_args(fuzz *f, slim_layer_fn layer);

#endif
