/* Losses that bring embeddings of one class together and keep those of others apart. */
#include "losses/loss.h"
#include "slim/ops.h"

#include <stdio.h>
#include <string.h>

/* 1 where x is not 0, else 0. */
static slim_tensor *not_zero(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_NOT_ZERO, 0.0f, 0.0f);
}

static slim_tensor *positive(slim_tensor *x)
{
  return slim_op_binary_add(x, slim_constant(slim_graph_of(x), 0.0f, "zero"), SLIM_BINARY_MAX);
}

/* Over axis, which stays as 1 where keep says so. */
static slim_tensor *sum(slim_tensor *x, int axis, int keep)
{
  return slim_op_reduce_add(x, SLIM_REDUCE_SUM, 1u << axis, keep);
}

static slim_tensor *max_last(slim_tensor *x)
{
  return slim_is_poison(x) ? x : slim_op_reduce_add(x, SLIM_REDUCE_MAX, 1u << (x->shape.rank - 1), 1);
}

static slim_tensor *min_last(slim_tensor *x)
{
  return slim_negate(max_last(slim_negate(x)));
}

static slim_tensor *total(slim_tensor *x)
{
  return slim_reduce_sum(x, SLIM_ALL_AXES, false);
}

/* a / b under the name of the result. */
static slim_tensor *quotient(slim_tensor *a, slim_tensor *b)
{
  const slim_binary_attr attr = { SLIM_BINARY_DIV };
  slim_tensor *inputs[] = { a, b };
  return slim_op_add(inputs, 2, &slim_op_binary, "value", &attr);
}

static slim_tensor *product(slim_tensor *a, slim_tensor *b)
{
  const slim_matmul_attr attr = { .transpose_b = 1 };
  slim_tensor *inputs[] = { a, b };
  return slim_op_add(inputs, 2, &slim_op_matmul, "MatMul", &attr);
}

/* x [n] or [n, 1] as a row or a column; [n, n] with an axis of 1 in front of or behind the last. */
static slim_tensor *row(slim_tensor *x, int n)
{
  return slim_op_reshape_add(x, (slim_shape){ 2, { 1, n } });
}

static slim_tensor *column(slim_tensor *x, int n)
{
  return slim_op_reshape_add(x, (slim_shape){ 2, { n, 1 } });
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

enum { MOST_SAMPLES = 4096 }; /* their squares take 64 MiB */

typedef struct embedding_call {
  slim_graph *graph;
  slim_embedding_args args;
  const char *loss;
  slim_scope scope;
  int n; /* the batch; -1: open */
} embedding_call;

static bool fail(embedding_call *call, slim_status status, const char *format, ...) SLIM_PRINTF(3, 4);
static bool fail(embedding_call *call, slim_status status, const char *format, ...)
{
  char text[SLIM_ERROR_TEXT];
  va_list list;
  va_start(list, format);
  (void)vsnprintf(text, sizeof text, format, list);
  va_end(list);
  (void)slim_graph_fail(call->graph, status, "%s: %s", call->loss, text);
  return false;
}

static bool present(embedding_call *call, bool pairs)
{
  const struct {
    const slim_tensor *tensor;
    const char *what;
  } given[] = { { call->args.labels, "labels" },
                { call->args.embeddings, pairs ? "embeddings of the anchors" : "embeddings" },
                { call->args.positive, "embeddings of the positives" } };
  for (int i = 0; i < 3 && !call->graph; i++) {
    call->graph = slim_graph_of(given[i].tensor);
  }
  for (int i = 0; i < (pairs ? 3 : 2); i++) {
    if (!call->graph || (given[i].tensor && slim_is_poison(given[i].tensor))) {
      return false;
    }
    if (!given[i].tensor) {
      return fail(call, SLIM_ERR_ARG, "the %s are missing", given[i].what);
    }
    if (slim_graph_of(given[i].tensor) != call->graph) {
      return fail(call, SLIM_ERR_ARG, "'%s' comes from another graph", given[i].tensor->name);
    }
  }
  return true;
}

static bool shapes_usable(embedding_call *call, bool pairs, int labels_rank)
{
  const slim_shape *x = &call->args.embeddings->shape, *y = &call->args.labels->shape;
  char a[128], b[128];
  (void)slim_shape_format(x, a, sizeof a);
  if (x->rank != 2) {
    return fail(call, SLIM_ERR_SHAPE, "embeddings %s have rank %d, must have rank 2", a, x->rank);
  }
  if (y->rank != labels_rank || y->dim[0] != x->dim[0]) {
    return fail(call, SLIM_ERR_SHAPE, "labels %s do not fit the embeddings %s", slim_shape_format(y, b, sizeof b), a);
  }
  if (pairs && !slim_shape_equal(x, &call->args.positive->shape)) {
    return fail(call, SLIM_ERR_SHAPE, "embeddings %s and %s must have the same shape", a,
                slim_shape_format(&call->args.positive->shape, b, sizeof b));
  }
  call->n = x->dim[0];
  return true;
}

/* Opens a loss under its name; square: it compares all samples of the batch with all. */
static bool open(embedding_call *call, const char *loss, bool pairs, bool square, int labels_rank,
                 const slim_embedding_args *args)
{
  *call = (embedding_call){ .loss = loss };
  if (!args) {
    return false;
  }
  const size_t given = args->struct_size ? args->struct_size : sizeof *args;
  memcpy(&call->args, args, given < sizeof *args ? given : sizeof *args);
  if (!present(call, pairs) || !shapes_usable(call, pairs, labels_rank)) {
    return false;
  }
  if (square && call->n < 1) {
    char text[128];
    return fail(call, SLIM_ERR_SHAPE, "embeddings %s must have a known batch; slim_reshape gives it one",
                slim_shape_format(&call->args.embeddings->shape, text, sizeof text));
  }
  if (square && call->n > MOST_SAMPLES) {
    return fail(call, SLIM_ERR_SHAPE, "a batch of %d cannot be compared with itself, %d is the most", call->n,
                MOST_SAMPLES);
  }
  call->scope = slim_name_scope_begin(call->graph, loss);
  return true;
}

static slim_tensor *refuse(const embedding_call *call)
{
  return call->graph ? call->graph->poison : NULL;
}

static slim_tensor *close(embedding_call *call, slim_tensor *loss)
{
  slim_scope_end(&call->scope);
  return loss;
}

/* --- pairs of the batch ------------------------------------------------------------------------------------------- */

/* [n, n]: 1 everywhere but on the diagonal. */
static slim_tensor *off_diagonal(embedding_call *call)
{
  const size_t n = (size_t)call->n;
  float *values = slim_arena_array(call->graph->arena, n * n, sizeof *values);
  if (!values) {
    return slim_graph_fail(call->graph, SLIM_ERR_MEMORY, "%s: out of memory", call->loss);
  }
  for (size_t i = 0; i < n * n; i++) {
    values[i] = i % (n + 1) == 0 ? 0.0f : 1.0f;
  }
  const slim_shape shape = { 2, { call->n, call->n } };
  return slim_constant_tensor(call->graph, SLIM_FLOAT32, shape, values, "off_diagonal");
}

/* [n, n]: 1 where two samples have the same label. */
static slim_tensor *same_label(embedding_call *call)
{
  slim_tensor *labels = slim_op_cast_add(call->args.labels, SLIM_INT64);
  return slim_op_binary_add(column(labels, call->n), row(labels, call->n), SLIM_BINARY_EQUAL);
}

/* [n, n]: squares of the distances between samples, or the distances; 0 on the diagonal. */
static slim_tensor *distances(embedding_call *call, bool squared)
{
  slim_tensor *x = call->args.embeddings, *squares = sum(slim_square(x), 1, 1);
  slim_tensor *d = slim_sub(slim_add(squares, row(squares, call->n)), slim_scale(product(x, x), 2.0f, 0.0f));
  d = positive(d); /* roundings may leave it below */
  slim_tensor *apart = not_zero(d);
  if (!squared) { /* no root of 0, which has no slope */
    d = slim_sqrt(slim_add(d, slim_scale(slim_loss_complement(apart), 1e-16f, 0.0f)));
  }
  return slim_mul(slim_mul(d, apart), off_diagonal(call));
}

/* The largest of each last row of x where mask is 1; the smallest of all without any. */
static slim_tensor *masked_max(slim_tensor *x, slim_tensor *mask)
{
  slim_tensor *least = min_last(x);
  return slim_add(max_last(slim_mul(slim_sub(x, least), mask)), least);
}

static slim_tensor *masked_min(slim_tensor *x, slim_tensor *mask)
{
  slim_tensor *most = max_last(x);
  return slim_add(min_last(slim_mul(slim_sub(x, most), mask)), most);
}

/* --- losses ------------------------------------------------------------------------------------------------------- */

slim_tensor *(slim_contrastive_loss)(const slim_embedding_args *args)
{
  embedding_call call;
  if (!open(&call, "contrastive_loss", true, false, 1, args)) {
    return refuse(&call);
  }
  const float margin = slim_option_float(call.args.margin, 1.0f);
  slim_tensor *same = slim_op_cast_add(call.args.labels, SLIM_FLOAT32);
  slim_tensor *squares = slim_square(slim_sub(call.args.embeddings, call.args.positive));
  slim_tensor *d = slim_sqrt(sum(squares, 1, 0));
  slim_tensor *missing = slim_square(positive(slim_scale(d, -1.0f, margin)));
  slim_tensor *losses = slim_add(slim_mul(same, slim_square(d)), slim_mul(slim_loss_complement(same), missing));
  const slim_reduce_attr mean = { .kind = SLIM_REDUCE_MEAN, .axes = 1 };
  return close(&call, slim_op_add(&losses, 1, &slim_op_reduce, "value", &mean));
}

/* Schroff et al. 2015, "FaceNet". d[a, p]: anchor a, positive p. */
slim_tensor *(slim_triplet_semihard_loss)(const slim_embedding_args *args)
{
  embedding_call call;
  if (!open(&call, "triplet_semihard_loss", false, true, 1, args)) {
    return refuse(&call);
  }
  const int n = call.n;
  slim_tensor *d = distances(&call, true), *same = same_label(&call), *other = slim_loss_complement(same);
  slim_tensor *to_negative = slim_op_reshape_add(d, (slim_shape){ 3, { n, 1, n } });
  slim_tensor *to_positive = slim_op_reshape_add(d, (slim_shape){ 3, { n, n, 1 } });
  slim_tensor *further = slim_mul(slim_op_binary_add(to_negative, to_positive, SLIM_BINARY_GREATER),
                             slim_op_reshape_add(other, (slim_shape){ 3, { n, 1, n } }));
  slim_tensor *any = not_zero(sum(further, 2, 0)); /* [n, n] */
  slim_tensor *outside = slim_op_reshape_add(masked_min(to_negative, further), (slim_shape){ 2, { n, n } });
  slim_tensor *inside = masked_max(d, other); /* [n, 1] */
  slim_tensor *negatives = slim_add(slim_mul(any, outside), slim_mul(slim_loss_complement(any), inside));
  slim_tensor *positives = slim_mul(same, off_diagonal(&call));
  const float margin = slim_option_float(call.args.margin, 1.0f);
  slim_tensor *losses = slim_mul(slim_scale(slim_sub(d, negatives), 1.0f, margin), positives);
  return close(&call, quotient(total(positive(losses)), total(positives)));
}

/* Song et al. 2016, "Deep metric learning via lifted structured feature embedding". */
slim_tensor *(slim_lifted_struct_loss)(const slim_embedding_args *args)
{
  embedding_call call;
  if (!open(&call, "lifted_struct_loss", false, true, 1, args)) {
    return refuse(&call);
  }
  const int n = call.n;
  slim_tensor *d = distances(&call, false), *same = same_label(&call), *other = slim_loss_complement(same);
  slim_tensor *missing = slim_scale(d, -1.0f, slim_option_float(call.args.margin, 1.0f));
  slim_tensor *worst = masked_max(missing, other); /* [n, 1] */
  slim_tensor *shift = slim_op_binary_add(worst, row(worst, n), SLIM_BINARY_MAX);
  slim_tensor *exponents = slim_sub(slim_op_reshape_add(missing, (slim_shape){ 3, { n, 1, n } }),
                               slim_op_reshape_add(shift, (slim_shape){ 3, { n, n, 1 } }));
  slim_tensor *negative = slim_op_reshape_add(other, (slim_shape){ 3, { n, 1, n } });
  slim_tensor *left = sum(slim_mul(slim_exp(exponents), negative), 2, 0);
  const slim_transpose_attr swap = { 2, { 1, 0 } };
  slim_tensor *right = slim_op_add(&left, 1, &slim_op_transpose, "transpose", &swap);
  slim_tensor *losses = slim_add(slim_add(shift, slim_log(slim_add(left, right))), d);
  slim_tensor *positives = slim_mul(same, off_diagonal(&call));
  slim_tensor *squares = slim_square(positive(slim_mul(losses, positives)));
  return close(&call, quotient(slim_scale(total(squares), 0.25f, 0.0f), slim_scale(total(positives), 0.5f, 0.0f)));
}

/* Sohn 2016, "Improved deep metric learning with multi-class N-pair loss objective". alike [n, n]: how much samples
 * have in common. */
static slim_tensor *npairs(embedding_call *call, slim_tensor *alike)
{
  slim_tensor *anchor = call->args.embeddings, *other = call->args.positive;
  const float factor = 0.25f * slim_option_float(call->args.reg_lambda, 0.002f) / (float)call->n;
  slim_tensor *lengths = slim_add(total(slim_square(anchor)), total(slim_square(other)));
  slim_tensor *targets = slim_op_binary_add(alike, sum(alike, 1, 1), SLIM_BINARY_DIV);
  slim_tensor *inputs[] = { product(anchor, other), targets };
  slim_tensor *losses = slim_op_add(inputs, 2, &slim_op_softmax_cross_entropy, "xentropy", NULL);
  slim_tensor *parts[] = { slim_scale(lengths, factor, 0.0f), slim_op_reduce_add(losses, SLIM_REDUCE_MEAN, 1, 0) };
  return slim_op_add(parts, 2, &slim_op_add_n, "value", NULL);
}

slim_tensor *(slim_npairs_loss)(const slim_embedding_args *args)
{
  embedding_call call;
  return open(&call, "npairs_loss", true, true, 1, args) ? close(&call, npairs(&call, same_label(&call)))
                                                         : refuse(&call);
}

slim_tensor *(slim_npairs_loss_multilabel)(const slim_embedding_args *args)
{
  embedding_call call;
  if (!open(&call, "npairs_loss_multilabel", true, true, 2, args)) {
    return refuse(&call);
  }
  slim_tensor *labels = slim_op_cast_add(call.args.labels, SLIM_FLOAT32);
  return close(&call, npairs(&call, product(labels, labels)));
}
