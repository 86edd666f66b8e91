/* Metrics over the counts at many thresholds: areas under curves, and points of them. */
#include "metrics/counts.h"
#include "slim/ops.h"

#include <stdlib.h>

#define EPSILON 1e-7f       /* keeps quotients finite, and the end points outside of [0, 1] */
#define CURVE_EPSILON 1e-6f /* the same for areas */

enum { TP_FP = 1u << SLIM_TP | 1u << SLIM_FP, ALL = (1u << SLIM_COUNT_KINDS) - 1u };

/* The result for counts [T] of a kind each, under a name. */
typedef slim_tensor *(*curve_fn)(slim_metric_call *call, slim_tensor *const count[], const char *name);

/* --- thresholds --------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Just below 0, those given or evenly spread ones, just above 1 (below for last -1). @return an empty list with the
 * error recorded. */
static slim_thresholds spread(slim_metric_call *call, float last)
{
  const slim_thresholds given = call->args.thresholds;
  const int number = call->args.num_thresholds ? call->args.num_thresholds : 200;
  if (!given.at && number < 2) {
    (void)slim_metric_fail(call, SLIM_ERR_ARG, "num_thresholds is %d, must be at least 2", number);
    return (slim_thresholds){ 0 };
  }
  const size_t count = given.at ? given.count + 2 : (size_t)number;
  float *at = slim_arena_array(call->graph->arena, count, sizeof *at);
  if (!at) {
    (void)slim_metric_fail(call, SLIM_ERR_MEMORY, "out of memory");
    return (slim_thresholds){ 0 };
  }
  for (size_t i = 1; i + 1 < count; i++) {
    at[i] = given.at ? given.at[i - 1] : (float)((double)i / (double)(count - 1));
  }
  qsort(at + 1, count - 2, sizeof *at, by_value);
  at[0] = -EPSILON;
  at[count - 1] = 1.0f + last * EPSILON;
  return (slim_thresholds){ at, count };
}

/* A metric that compute makes of the counts of these kinds. last: of spread. */
static slim_metric over_thresholds(slim_metric_call *call, unsigned kinds, float last, curve_fn compute)
{
  slim_metric counts[SLIM_COUNT_KINDS] = { { NULL, NULL } };
  slim_tensor *values[SLIM_COUNT_KINDS], *updates[SLIM_COUNT_KINDS];
  const slim_thresholds thresholds = spread(call, last);
  if (!thresholds.at || !slim_counts_at_thresholds(call, thresholds, kinds, counts)) {
    return slim_metric_refuse(call);
  }
  for (int kind = 0; kind < SLIM_COUNT_KINDS; kind++) {
    values[kind] = counts[kind].value;
    updates[kind] = counts[kind].update;
  }
  return slim_metric_close(call, (slim_metric){ compute(call, values, "value"), compute(call, updates, "update_op") });
}

static bool open_curve(slim_metric_call *call, const char *metric, const char *scope, const slim_metric_args *args)
{
  if (!slim_metric_open(call, metric, scope, "predictions", "labels", args) || !slim_metric_pair(call)) {
    return false;
  }
  const int curve = (int)call->args.curve, method = (int)call->args.summation_method;
  if (curve < 0 || curve > SLIM_PR || method < 0 || method > SLIM_CAREFUL_INTERPOLATION) {
    const bool wrong_curve = curve < 0 || curve > SLIM_PR;
    (void)slim_metric_fail(call, SLIM_ERR_ARG, "there is no %s number %d", wrong_curve ? "curve" : "summation method",
                           wrong_curve ? curve : method);
    return false;
  }
  return true;
}

/* --- arithmetic --------------------------------------------------------------------------------------------------- */

static slim_tensor *shifted(slim_tensor *x, float by)
{
  return slim_scale(x, 1.0f, by);
}

static slim_tensor *distance(slim_tensor *x, float from)
{
  return slim_op_unary_add(shifted(x, -from), SLIM_UNARY_ABS, 0.0f, 0.0f);
}

/* (a + above) / (a + b + below). */
static slim_tensor *quotient(slim_tensor *a, slim_tensor *b, float above, float below)
{
  return slim_div_no_nan(above != 0.0f ? shifted(a, above) : a, shifted(slim_add(a, b), below));
}

/* All elements but the last, or all but the first. */
static slim_tensor *left(slim_tensor *x)
{
  const slim_slice_attr attr = { .rank = 1, .size = { x->shape.dim[0] - 1 } };
  return slim_op_add(&x, 1, &slim_op_slice, "strided_slice", &attr);
}

static slim_tensor *right(slim_tensor *x)
{
  const slim_slice_attr attr = { .rank = 1, .begin = { 1 }, .size = { -1 } };
  return slim_op_add(&x, 1, &slim_op_slice, "strided_slice", &attr);
}

/* The sum of x [T], under a name. */
static slim_tensor *sum(slim_tensor *x, const char *name)
{
  const slim_reduce_attr attr = { .kind = SLIM_REDUCE_SUM, .axes = 1 };
  return slim_op_add(&x, 1, &slim_op_reduce, name, &attr);
}

/* --- areas -------------------------------------------------------------------------------------------------------- */

static void points(slim_metric_call *call, slim_tensor *const c[], slim_tensor **x, slim_tensor **y)
{
  slim_tensor *recall = quotient(c[SLIM_TP], c[SLIM_FN], CURVE_EPSILON, CURVE_EPSILON);
  if (call->args.curve == SLIM_PR) {
    *x = recall;
    *y = quotient(c[SLIM_TP], c[SLIM_FP], CURVE_EPSILON, CURVE_EPSILON);
  } else {
    *x = quotient(c[SLIM_FP], c[SLIM_TN], 0.0f, CURVE_EPSILON);
    *y = recall;
  }
}

/* Davis and Goadrich 2006, "The relationship between precision-recall and ROC curves": between two points the true
 * positives grow with all positives along a line. */
static slim_tensor *careful_area(slim_tensor *const c[], const char *name)
{
  slim_tensor *tp = c[SLIM_TP], *all = slim_add(tp, c[SLIM_FP]);
  slim_tensor *first = left(all), *next = right(all), *tp_next = right(tp);
  slim_tensor *steps = slim_sub(left(tp), tp_next), *slope = slim_div_no_nan(steps, slim_sub(first, next));
  slim_tensor *intercept = slim_sub(tp_next, slim_mul(slope, next));
  slim_tensor *both = slim_op_unary_add(slim_mul(first, next), SLIM_UNARY_NOT_ZERO, 0.0f, 0.0f);
  /* 1 without both */
  slim_tensor *ratio = slim_add(slim_mul(both, slim_div_no_nan(first, next)), slim_scale(both, -1.0f, 1.0f));
  slim_tensor *curved = slim_mul(intercept, slim_op_unary_add(ratio, SLIM_UNARY_LOG, 0.0f, 0.0f));
  return sum(slim_div_no_nan(slim_mul(slope, slim_add(steps, curved)), slim_add(tp_next, right(c[SLIM_FN]))), name);
}

static slim_tensor *area(slim_metric_call *call, slim_tensor *const c[], const char *name)
{
  static const slim_binary_kind height_of[] = { [SLIM_SUMMATION_UNSET] = SLIM_BINARY_ADD,
                                                [SLIM_TRAPEZOIDAL] = SLIM_BINARY_ADD,
                                                [SLIM_MINORING] = SLIM_BINARY_MIN,
                                                [SLIM_MAJORING] = SLIM_BINARY_MAX,
                                                [SLIM_CAREFUL_INTERPOLATION] = SLIM_BINARY_ADD };
  const slim_summation method = call->args.summation_method;
  slim_tensor *x = NULL, *y = NULL;
  if (method == SLIM_CAREFUL_INTERPOLATION && call->args.curve == SLIM_PR) {
    return careful_area(c, name);
  }
  points(call, c, &x, &y);
  slim_tensor *height = slim_op_binary_add(left(y), right(y), height_of[method]);
  height = height_of[method] == SLIM_BINARY_ADD ? slim_scale(height, 0.5f, 0.0f) : height;
  return sum(slim_mul(slim_sub(left(x), right(x)), height), name);
}

slim_metric(slim_streaming_auc)(const slim_metric_args *args)
{
  slim_metric_call call;
  return open_curve(&call, "streaming_auc", "auc", args) ? over_thresholds(&call, ALL, 1.0f, area)
                                                         : slim_metric_refuse(&call);
}

/* [T, 2]. */
static slim_tensor *curve(slim_metric_call *call, slim_tensor *const c[], const char *name)
{
  slim_tensor *columns[2] = { NULL, NULL };
  points(call, c, &columns[0], &columns[1]);
  for (int i = 0; i < 2; i++) {
    columns[i] = slim_op_reshape_add(columns[i], (slim_shape){ 2, { 0, 1 } });
  }
  const slim_concat_attr attr = { 1 };
  return slim_op_add(columns, 2, &slim_op_concat, name, &attr);
}

slim_metric(slim_streaming_curve_points)(const slim_metric_args *args)
{
  slim_metric_call call;
  return open_curve(&call, "streaming_curve_points", "curve_points", args) ? over_thresholds(&call, ALL, 1.0f, curve)
                                                                           : slim_metric_refuse(&call);
}

/* --- the best threshold ------------------------------------------------------------------------------------------- */

static slim_tensor *best_f1(slim_metric_call *call, slim_tensor *const c[], const char *name)
{
  (void)call;
  slim_tensor *precision = quotient(c[SLIM_TP], c[SLIM_FP], 0.0f, EPSILON);
  slim_tensor *recall = quotient(c[SLIM_TP], c[SLIM_FN], 0.0f, EPSILON);
  slim_tensor *product = slim_scale(slim_mul(precision, recall), 2.0f, 0.0f);
  slim_tensor *f1 = slim_div_no_nan(product, shifted(slim_add(precision, recall), EPSILON));
  const slim_reduce_attr attr = { .kind = SLIM_REDUCE_MAX, .axes = 1 };
  return slim_op_add(&f1, 1, &slim_op_reduce, name, &attr);
}

slim_metric(slim_f1_score)(const slim_metric_args *args)
{
  slim_metric_call call;
  return open_curve(&call, "f1_score", "f1", args) ? over_thresholds(&call, TP_FP | 1u << SLIM_FN, 1.0f, best_f1)
                                                   : slim_metric_refuse(&call);
}

/* 1 at the first largest element of x [T], 0 elsewhere. */
static slim_tensor *at_largest(slim_tensor *x)
{
  const slim_argmax_attr attr = { 0 };
  if (slim_is_poison(x)) {
    return x;
  }
  const slim_one_hot_attr hot = { x->shape.dim[0], 1.0f, 0.0f };
  slim_tensor *place = slim_op_add(&x, 1, &slim_op_argmax, "ArgMax", &attr);
  return slim_op_add(&place, 1, &slim_op_one_hot, "OneHot", &hot);
}

/* (a + above) / (a + b + EPSILON) at the place that is marked. */
static slim_tensor *quotient_at(slim_tensor *mark, slim_tensor *a, slim_tensor *b, float above, const char *name)
{
  return sum(slim_mul(mark, quotient(a, b, above, EPSILON)), name);
}

static slim_tensor *nearest(slim_tensor *x, float to)
{
  return slim_scale(distance(x, to), -1.0f, 0.0f);
}

static slim_tensor *sensitivity(slim_metric_call *call, slim_tensor *const c[], const char *name)
{
  slim_tensor *specificity = quotient(c[SLIM_TN], c[SLIM_FP], 0.0f, EPSILON);
  return quotient_at(at_largest(nearest(specificity, call->args.threshold)), c[SLIM_TP], c[SLIM_FN], 0.0f, name);
}

/* At the last of the nearest: the number of nearest ones so far is largest there first. */
static slim_tensor *specificity(slim_metric_call *call, slim_tensor *const c[], const char *name)
{
  slim_tensor *near = nearest(quotient(c[SLIM_TP], c[SLIM_FN], 0.0f, EPSILON), call->args.threshold);
  slim_tensor *best = slim_op_reduce_add(near, SLIM_REDUCE_MAX, 1, 0);
  slim_tensor *equal = slim_op_binary_add(near, best, SLIM_BINARY_EQUAL);
  const slim_cumsum_attr attr = { 0, 0, 0 };
  slim_tensor *so_far = slim_op_add(&equal, 1, &slim_op_cumsum, "Cumsum", &attr);
  return quotient_at(at_largest(so_far), c[SLIM_TN], c[SLIM_FP], 0.0f, name);
}

/* 0 where x is below level, else 1. */
static slim_tensor *reaches(slim_metric_call *call, slim_tensor *x, float level)
{
  slim_tensor *below = slim_op_binary_add(slim_constant(call->graph, level, "target"), x, SLIM_BINARY_GREATER);
  return slim_scale(below, -1.0f, 1.0f);
}

/* strict_mode: where 1 / (precision - target) is largest, which is the smallest precision that reaches it; 0 where none
 * does. */
static slim_tensor *recall(slim_metric_call *call, slim_tensor *const c[], const char *name)
{
  const float target = call->args.threshold;
  slim_tensor *precision = quotient(c[SLIM_TP], c[SLIM_FP], 0.0f, EPSILON);
  if (!slim_flag_or(call->args.strict_mode, false)) {
    return quotient_at(at_largest(nearest(precision, target)), c[SLIM_TP], c[SLIM_FN], 0.0f, name);
  }
  slim_tensor *inverse =
      slim_op_unary_add(shifted(shifted(precision, -target), EPSILON), SLIM_UNARY_RECIPROCAL, 0.0f, 0.0f);
  slim_tensor *mark = slim_mul(at_largest(inverse), reaches(call, precision, target));
  return quotient_at(mark, c[SLIM_TP], c[SLIM_FN], 0.0f, name);
}

/* Recall falls as thresholds grow: the last that reaches the target is the number of those that do, from 1. */
static slim_tensor *precision(slim_metric_call *call, slim_tensor *const c[], const char *name)
{
  slim_tensor *reached = reaches(call, quotient(c[SLIM_TP], c[SLIM_FN], 0.0f, EPSILON), call->args.threshold);
  const slim_cumsum_attr attr = { 0, 0, 0 };
  slim_tensor *so_far = slim_op_add(&reached, 1, &slim_op_cumsum, "Cumsum", &attr);
  return quotient_at(at_largest(slim_mul(so_far, reached)), c[SLIM_TP], c[SLIM_FP], EPSILON, name);
}

/* A metric at the threshold where another comes nearest to args.threshold. */
static slim_metric at_target(const char *metric, const char *scope, float last, curve_fn compute,
                             const slim_metric_args *args)
{
  slim_metric_call call;
  if (!open_curve(&call, metric, scope, args)) {
    return slim_metric_refuse(&call);
  }
  if (!(call.args.threshold >= 0.0f && call.args.threshold <= 1.0f)) {
    (void)slim_metric_fail(&call, SLIM_ERR_ARG, "the target %g must be from 0 to 1", (double)call.args.threshold);
    return slim_metric_refuse(&call);
  }
  return over_thresholds(&call, ALL, last, compute);
}

slim_metric(slim_streaming_sensitivity_at_specificity)(const slim_metric_args *args)
{
  return at_target("streaming_sensitivity_at_specificity", "sensitivity_at_specificity", 1.0f, sensitivity, args);
}

slim_metric(slim_streaming_specificity_at_sensitivity)(const slim_metric_args *args)
{
  return at_target("streaming_specificity_at_sensitivity", "specificity_at_sensitivity", -1.0f, specificity, args);
}

slim_metric(slim_recall_at_precision)(const slim_metric_args *args)
{
  return at_target("recall_at_precision", "recall_at_precision", 1.0f, recall, args);
}

slim_metric(slim_precision_at_recall)(const slim_metric_args *args)
{
  return at_target("precision_at_recall", "precision_at_recall", 1.0f, precision, args);
}
