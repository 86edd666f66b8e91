/* Metrics against TF-Slim: tests/parity/metrics.txt, written by tests/parity/make_metrics.py. */
#include "test_fixture.h"
#include "test_net.h"

#include "slim/slim.h"

#include <math.h>

#define TOLERANCE 1e-5
#define CLASSES 4

static void read_fixture(void)
{
  test_fixture_read("tests/parity/metrics.txt");
}

/* --- batches, as make_metrics.py makes them ----------------------------------------------------------------------- */

enum { BATCHES = 3, MAX_ROWS = 6, MAX_WIDTH = 4, GROUPS = 8 };
static const int rows_of[BATCHES] = { MAX_ROWS, 5, 3 }; /* the last is short */
static const unsigned seeds[] = { 10, 20, 30 };         /* of predictions, labels, weights */

typedef enum kind {
  NONE,
  FLAGS,
  CHANCES,
  NUMBERS,
  SCORES,
  CLASS,
  COLUMN,
  SETS,
  MIXED,
  PLACES,
  ROWS,
  EACH,
  THIRDS
} kind;

/* rank and numbers of a row */
static const struct kind_info {
  slim_dtype type;
  int rank, width;
} kinds[] = {
  [FLAGS] = { SLIM_BOOL, 1, 1 },     [CHANCES] = { SLIM_FLOAT32, 1, 1 }, [NUMBERS] = { SLIM_FLOAT32, 2, 3 },
  [SCORES] = { SLIM_FLOAT32, 2, 4 }, [CLASS] = { SLIM_INT64, 1, 1 },     [COLUMN] = { SLIM_INT64, 2, 1 },
  [SETS] = { SLIM_INT64, 2, 2 },     [MIXED] = { SLIM_INT64, 2, 2 },     [PLACES] = { SLIM_INT64, 2, 3 },
  [ROWS] = { SLIM_FLOAT32, 1, 1 },   [EACH] = { SLIM_FLOAT32, 2, 3 },    [THIRDS] = { SLIM_FLOAT32, 2, 1 },
};

typedef union numbers {
  float floats[MAX_ROWS * MAX_WIDTH];
  int64_t integers[MAX_ROWS * MAX_WIDTH];
  uint8_t bools[MAX_ROWS * MAX_WIDTH];
} numbers;

static void fill(numbers *to, kind k, int count, unsigned seed, int batch)
{
  for (int i = 0; i < count; i++) {
    const int whole = i * (4 + (int)seed / 10) + i * i / 3 + (int)seed / 7 + 2 * batch;
    const float number = test_fixture_number((size_t)i, seed + (unsigned)batch);
    switch (k) {
    case FLAGS:
      to->bools[i] = whole % 7 < 3;
      break;
    case CHANCES:
      to->floats[i] = (number + 1.0f) / 2.0f;
      break;
    case NUMBERS:
    case SCORES:
      to->floats[i] = number;
      break;
    case ROWS:
    case EACH:
    case THIRDS:
      to->floats[i] = fmaxf(number + 0.5f, 0.0f);
      break;
    case SETS:
      to->integers[i] = whole % 6 - 1;
      break;
    case MIXED:
      to->integers[i] = i % 2 ? whole % 6 - 1 : whole % CLASSES;
      break;
    default:
      to->integers[i] = whole % CLASSES;
    }
  }
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

typedef slim_metric (*build_fn)(slim_tensor *p, slim_tensor *y, slim_tensor *w);

#define METRIC(name_, ...)                                                                                             \
  static slim_metric name_(slim_tensor *p, slim_tensor *y, slim_tensor *w)                                             \
  {                                                                                                                    \
    (void)p;                                                                                                           \
    (void)y;                                                                                                           \
    (void)w;                                                                                                           \
    return __VA_ARGS__;                                                                                                \
  }

METRIC(mean, slim_streaming_mean(p))
METRIC(mean_rows, slim_streaming_mean(p, .weights = w, .name = "mine"))
METRIC(mean_each, slim_streaming_mean(p, .weights = w))
METRIC(mean_scalar, slim_streaming_mean(p, .weights = slim_constant(slim_graph_of(p), 0.25f, "quarter")))
METRIC(accuracy, slim_streaming_accuracy(p, y))
METRIC(accuracy_column, slim_streaming_accuracy(p, y, .weights = w))
METRIC(recall_at_2, slim_streaming_recall_at_k(p, y, 2))
METRIC(absolute, slim_streaming_mean_absolute_error(p, y))
METRIC(absolute_each, slim_streaming_mean_absolute_error(p, y, .weights = w))
METRIC(squared, slim_streaming_mean_squared_error(p, y, .weights = w))
METRIC(root, slim_streaming_root_mean_squared_error(p, y))
METRIC(root_named, slim_streaming_root_mean_squared_error(p, y, .weights = w, .name = "r"))
METRIC(relative, slim_streaming_mean_relative_error(p, y, slim_maximum(y, slim_scale(y, 0.0f, 0.0f))))
METRIC(cosine, slim_streaming_mean_cosine_distance(p, y, 1))
METRIC(cosine_weighed, slim_streaming_mean_cosine_distance(p, y, -1, .weights = w))
METRIC(percentage, slim_streaming_percentage_less(p, 0.3f, .weights = w))
METRIC(count, slim_count(p))
METRIC(count_weighed, slim_count(p, .weights = w))

METRIC(tensor, slim_streaming_mean_tensor(slim_reduce_sum(p, SLIM_AXIS(0), false)))
METRIC(tensor_weighed,
       slim_streaming_mean_tensor(slim_reduce_sum(p, SLIM_AXIS(0), false),
                                  .weights = slim_reduce_sum(w, SLIM_AXIS(0), false), .name = "mine"))
METRIC(batch_accuracy, (slim_metric){ slim_accuracy(p, y), slim_accuracy(p, y) })
METRIC(batch_accuracy_weighed, (slim_metric){ slim_accuracy(p, y, .weights = w), slim_accuracy(p, y, .weights = w) })

#define THRESHOLDS SLIM_THRESHOLDS(0.0f, 0.25f, 0.5f, 0.9f)
#define COUNT(name_, count_, count_at_)                                                                                \
  METRIC(name_, count_(p, y))                                                                                          \
  METRIC(name_##_weighed, count_(p, y, .weights = w, .name = "mine"))                                                  \
  METRIC(name_##_at, count_at_(p, y, THRESHOLDS))                                                                      \
  METRIC(name_##_at_weighed, count_at_(p, y, THRESHOLDS, .weights = w))
COUNT(true_positives, slim_streaming_true_positives, slim_streaming_true_positives_at_thresholds)
COUNT(true_negatives, slim_streaming_true_negatives, slim_streaming_true_negatives_at_thresholds)
COUNT(false_positives, slim_streaming_false_positives, slim_streaming_false_positives_at_thresholds)
COUNT(false_negatives, slim_streaming_false_negatives, slim_streaming_false_negatives_at_thresholds)
COUNT(precision, slim_streaming_precision, slim_streaming_precision_at_thresholds)
COUNT(recall, slim_streaming_recall, slim_streaming_recall_at_thresholds)
COUNT(false_positive_rate, slim_streaming_false_positive_rate, slim_streaming_false_positive_rate_at_thresholds)
COUNT(false_negative_rate, slim_streaming_false_negative_rate, slim_streaming_false_negative_rate_at_thresholds)

METRIC(auc_roc, slim_streaming_auc(p, y, .curve = SLIM_ROC))
METRIC(auc_pr, slim_streaming_auc(p, y, .curve = SLIM_PR))
METRIC(points_roc, slim_streaming_curve_points(y, p, .num_thresholds = 7))
METRIC(points_pr, slim_streaming_curve_points(y, p, .num_thresholds = 7, .curve = SLIM_PR))
#define AREA(name_, curve_, method_)                                                                                   \
  METRIC(name_,                                                                                                        \
         slim_streaming_auc(p, y, .weights = w, .num_thresholds = 30, .curve = curve_, .summation_method = method_))
AREA(auc_roc_trapezoidal, SLIM_ROC, SLIM_TRAPEZOIDAL)
AREA(auc_roc_minoring, SLIM_ROC, SLIM_MINORING)
AREA(auc_roc_majoring, SLIM_ROC, SLIM_MAJORING)
AREA(auc_roc_careful_interpolation, SLIM_ROC, SLIM_CAREFUL_INTERPOLATION)
AREA(auc_pr_trapezoidal, SLIM_PR, SLIM_TRAPEZOIDAL)
AREA(auc_pr_minoring, SLIM_PR, SLIM_MINORING)
AREA(auc_pr_majoring, SLIM_PR, SLIM_MAJORING)
AREA(auc_pr_careful_interpolation, SLIM_PR, SLIM_CAREFUL_INTERPOLATION)
METRIC(auc_thresholds, slim_streaming_auc(p, y, .thresholds = SLIM_THRESHOLDS(0.7f, 0.2f, 0.4f), .name = "area"))
METRIC(f1, slim_f1_score(y, p))
METRIC(f1_weighed, slim_f1_score(y, p, .weights = w, .num_thresholds = 11))
METRIC(sensitivity, slim_streaming_sensitivity_at_specificity(p, y, 0.6f))
METRIC(specificity, slim_streaming_specificity_at_sensitivity(p, y, 0.6f))
METRIC(specificity_weighed, slim_streaming_specificity_at_sensitivity(p, y, 0.3f, .weights = w, .num_thresholds = 50))
METRIC(recall_at_precision, slim_recall_at_precision(y, p, 0.3f))
METRIC(recall_at_strict, slim_recall_at_precision(y, p, 0.2f, .weights = w, .strict_mode = SLIM_YES))
METRIC(recall_at_none, slim_recall_at_precision(y, p, 0.99f, .strict_mode = SLIM_YES))
METRIC(precision_at_recall, slim_precision_at_recall(y, p, 0.5f))

/* One of the results, and the update. */
#define EQUAL(key_)                                                                                                    \
  static slim_metric equal_##key_(slim_tensor *p, slim_tensor *y, slim_tensor *w)                                      \
  {                                                                                                                    \
    const slim_precision_recall all =                                                                                  \
        slim_precision_recall_at_equal_thresholds(y, p, .weights = w, .num_thresholds = 9);                            \
    return (slim_metric){ all.key_, all.update };                                                                      \
  }
EQUAL(tp)
EQUAL(fp)
EQUAL(tn)
EQUAL(fn)
EQUAL(precision)
EQUAL(recall)
EQUAL(thresholds)

static slim_metric equal_plain(slim_tensor *p, slim_tensor *y, slim_tensor *w)
{
  (void)w;
  const slim_precision_recall all = slim_precision_recall_at_equal_thresholds(y, p);
  return (slim_metric){ all.recall, all.update };
}

METRIC(histogram, slim_auc_using_histogram(y, p, 0.0f, 1.0f))
METRIC(histogram_bins, slim_auc_using_histogram(y, p, 0.25f, 0.8f, .nbins = 7, .name = "mine"))

METRIC(mean_iou, slim_streaming_mean_iou(p, y, 5))
METRIC(mean_iou_weighed, slim_streaming_mean_iou(p, y, 4, .weights = w, .name = "iou"))
METRIC(kappa, slim_cohen_kappa(y, p, 4))
METRIC(kappa_weighed, slim_cohen_kappa(y, p, 4, .weights = w))

METRIC(sparse_precision, slim_streaming_sparse_precision_at_k(p, y, 2))
METRIC(sparse_precision_class, slim_streaming_sparse_precision_at_k(p, y, 2, .class_id = SLIM_CLASS(0)))
METRIC(sparse_precision_weighed, slim_streaming_sparse_precision_at_k(p, y, 3, .weights = w))
METRIC(sparse_precision_top, slim_streaming_sparse_precision_at_top_k(p, y))
METRIC(sparse_recall, slim_streaming_sparse_recall_at_k(p, y, 2))
METRIC(sparse_recall_class, slim_streaming_sparse_recall_at_k(p, y, 3, .class_id = SLIM_CLASS(2), .name = "mine"))
METRIC(sparse_recall_weighed, slim_streaming_sparse_recall_at_k(p, y, 2, .weights = w))
METRIC(sparse_recall_row, slim_streaming_sparse_recall_at_k(p, y, 2))
METRIC(sparse_recall_top, slim_sparse_recall_at_top_k(y, p, .class_id = SLIM_CLASS(1)))
METRIC(average, slim_streaming_sparse_average_precision_at_k(p, y, 3))
METRIC(average_weighed, slim_streaming_sparse_average_precision_at_k(p, y, 2, .weights = w))
METRIC(average_top, slim_streaming_sparse_average_precision_at_top_k(p, y))

typedef struct metric_case {
  const char *name;
  build_fn build;
  kind inputs[3]; /* predictions, labels, weights */
} metric_case;

#define CASE(name_, ...)                                                                                               \
  {                                                                                                                    \
#name_, name_,                                                                                                     \
    {                                                                                                                  \
      __VA_ARGS__                                                                                                      \
    }                                                                                                                  \
  }
#define COUNT_CASES(name_)                                                                                             \
  CASE(name_, FLAGS, FLAGS), CASE(name_##_weighed, FLAGS, FLAGS, ROWS), CASE(name_##_at, CHANCES, FLAGS),              \
      CASE(name_##_at_weighed, CHANCES, FLAGS, ROWS)

static const metric_case cases[] = {
  CASE(mean, NUMBERS),
  CASE(mean_rows, NUMBERS, NONE, THIRDS),
  CASE(mean_each, NUMBERS, NONE, EACH),
  CASE(mean_scalar, NUMBERS),
  CASE(accuracy, CLASS, CLASS),
  CASE(accuracy_column, CLASS, COLUMN, ROWS),
  CASE(recall_at_2, SCORES, CLASS),
  CASE(absolute, NUMBERS, NUMBERS),
  CASE(absolute_each, NUMBERS, NUMBERS, EACH),
  CASE(squared, NUMBERS, NUMBERS, THIRDS),
  CASE(root, NUMBERS, NUMBERS),
  CASE(root_named, CHANCES, ROWS, ROWS),
  CASE(relative, NUMBERS, NUMBERS),
  CASE(cosine, NUMBERS, NUMBERS),
  CASE(cosine_weighed, NUMBERS, NUMBERS, THIRDS),
  CASE(percentage, NUMBERS, NONE, EACH),
  CASE(count, NUMBERS),
  CASE(count_weighed, NUMBERS, NONE, THIRDS),
  CASE(tensor, NUMBERS),
  CASE(tensor_weighed, NUMBERS, NONE, EACH),
  CASE(batch_accuracy, CLASS, CLASS),
  CASE(batch_accuracy_weighed, CLASS, CLASS, ROWS),
  COUNT_CASES(true_positives),
  COUNT_CASES(true_negatives),
  COUNT_CASES(false_positives),
  COUNT_CASES(false_negatives),
  COUNT_CASES(precision),
  COUNT_CASES(recall),
  COUNT_CASES(false_positive_rate),
  COUNT_CASES(false_negative_rate),
  CASE(auc_roc, CHANCES, FLAGS),
  CASE(auc_pr, CHANCES, FLAGS),
  CASE(points_roc, CHANCES, FLAGS),
  CASE(points_pr, CHANCES, FLAGS),
  CASE(auc_roc_trapezoidal, CHANCES, FLAGS, ROWS),
  CASE(auc_roc_minoring, CHANCES, FLAGS, ROWS),
  CASE(auc_roc_majoring, CHANCES, FLAGS, ROWS),
  CASE(auc_roc_careful_interpolation, CHANCES, FLAGS, ROWS),
  CASE(auc_pr_trapezoidal, CHANCES, FLAGS, ROWS),
  CASE(auc_pr_minoring, CHANCES, FLAGS, ROWS),
  CASE(auc_pr_majoring, CHANCES, FLAGS, ROWS),
  CASE(auc_pr_careful_interpolation, CHANCES, FLAGS, ROWS),
  CASE(auc_thresholds, CHANCES, FLAGS),
  CASE(f1, CHANCES, FLAGS),
  CASE(f1_weighed, CHANCES, FLAGS, ROWS),
  CASE(sensitivity, CHANCES, FLAGS),
  CASE(specificity, CHANCES, FLAGS),
  CASE(specificity_weighed, CHANCES, FLAGS, ROWS),
  CASE(recall_at_precision, CHANCES, FLAGS),
  CASE(recall_at_strict, CHANCES, FLAGS, ROWS),
  CASE(recall_at_none, CHANCES, FLAGS),
  CASE(precision_at_recall, CHANCES, FLAGS),
  CASE(equal_tp, CHANCES, FLAGS, ROWS),
  CASE(equal_fp, CHANCES, FLAGS, ROWS),
  CASE(equal_tn, CHANCES, FLAGS, ROWS),
  CASE(equal_fn, CHANCES, FLAGS, ROWS),
  CASE(equal_precision, CHANCES, FLAGS, ROWS),
  CASE(equal_recall, CHANCES, FLAGS, ROWS),
  CASE(equal_thresholds, CHANCES, FLAGS, ROWS),
  CASE(equal_plain, CHANCES, FLAGS),
  CASE(histogram, CHANCES, FLAGS),
  CASE(histogram_bins, CHANCES, FLAGS),
  CASE(mean_iou, CLASS, CLASS),
  CASE(mean_iou_weighed, PLACES, PLACES, EACH),
  CASE(kappa, CLASS, CLASS),
  CASE(kappa_weighed, CLASS, COLUMN, ROWS),
  CASE(sparse_precision, SCORES, SETS),
  CASE(sparse_precision_class, SCORES, SETS),
  CASE(sparse_precision_weighed, SCORES, SETS, ROWS),
  CASE(sparse_precision_top, PLACES, SETS),
  CASE(sparse_recall, SCORES, SETS),
  CASE(sparse_recall_class, SCORES, SETS, ROWS),
  CASE(sparse_recall_weighed, SCORES, SETS, ROWS),
  CASE(sparse_recall_row, SCORES, CLASS),
  CASE(sparse_recall_top, PLACES, SETS),
  CASE(average, SCORES, MIXED),
  CASE(average_weighed, SCORES, MIXED, ROWS),
  CASE(average_top, PLACES, MIXED),
};

/* --- running ------------------------------------------------------------------------------------------------------ */

typedef struct stream {
  slim_graph *graph;
  slim_session *session;
  slim_tensor *inputs[3];
  numbers data[3];
  slim_feed feeds[3];
  size_t num_feeds;
} stream;

/* The metric over placeholders with an open batch, and a session. */
static slim_metric stream_open(stream *s, slim_device *device, const metric_case *c)
{
  s->graph = slim_graph_create(1);
  for (int i = 0; i < 3; i++) {
    const struct kind_info *k = &kinds[c->inputs[i]];
    s->inputs[i] = c->inputs[i] == NONE
                       ? NULL
                       : slim_placeholder(s->graph, k->type, (slim_shape){ k->rank, { -1, k->width } }, "batch");
  }
  const slim_metric metric = c->build(s->inputs[0], s->inputs[1], s->inputs[2]);
  slim_error error = { SLIM_OK, "" };
  ck_assert_str_eq(slim_graph_error(s->graph), "");
  ck_assert_int_eq(slim_session_create(s->graph, device, NULL, &s->session, &error), SLIM_OK);
  ck_assert_int_eq(slim_session_initialize(s->session), SLIM_OK);
  return metric;
}

static void stream_batch(stream *s, const metric_case *c, int batch)
{
  s->num_feeds = 0;
  for (int i = 0; i < 3; i++) {
    if (s->inputs[i]) {
      fill(&s->data[i], c->inputs[i], rows_of[batch] * kinds[c->inputs[i]].width, seeds[i], batch);
      s->feeds[s->num_feeds++] = (slim_feed){ s->inputs[i], &s->data[i], rows_of[batch] };
    }
  }
}

static void stream_compare(stream *s, const char *name, const char *key, slim_tensor *tensor)
{
  float values[1024];
  const slim_shape shape = slim_tensor_shape(tensor);
  const size_t count = slim_shape_elements(&shape);
  ck_assert_uint_le(count, 1024);
  const slim_fetch fetch = { tensor, values, count * sizeof *values };
  ck_assert_msg(slim_session_run(s->session, s->feeds, s->num_feeds, &fetch, 1) == SLIM_OK, "%s %s: %s", name, key,
                slim_session_error(s->session));
  (void)test_fixture_compare(name, key, values, count, TOLERANCE);
}

static void compare_variables(const stream *s, const char *name)
{
  char text[400] = "";
  const slim_tensors list = slim_get_local_variables(s->graph, NULL, NULL);
  for (size_t i = 0; i < list.count; i++) {
    char dims[80];
    const slim_shape shape = slim_tensor_shape(list.item[i]);
    const size_t at = strlen(text);
    (void)snprintf(text + at, sizeof text - at, "%s%s %s", i ? ", " : "", slim_variable_full_name(list.item[i]),
                   slim_shape_format(&shape, dims, sizeof dims));
  }
  test_fixture_expect_text(name, "variables", text);
}

static void run_case(slim_device *device, const metric_case *c)
{
  stream s = { .num_feeds = 0 };
  const slim_metric metric = stream_open(&s, device, c);
  compare_variables(&s, c->name);
  for (int batch = 0; batch < BATCHES; batch++) {
    char key[40];
    (void)snprintf(key, sizeof key, "update_%d", batch);
    stream_batch(&s, c, batch);
    if (strncmp(c->name, "equal_", 6) == 0) { /* whose update is not the value so far */
      const slim_fetch effect = { metric.update, NULL, 0 };
      ck_assert_int_eq(slim_session_run(s.session, s.feeds, s.num_feeds, &effect, 1), SLIM_OK);
    }
    stream_compare(&s, c->name, key, strncmp(c->name, "equal_", 6) == 0 ? metric.value : metric.update);
  }
  stream_compare(&s, c->name, "result", metric.value);
  slim_session_destroy(s.session);
  slim_graph_destroy(s.graph);
}

/* Every GROUPS-th case, on one device: some compile kernels slowly. */
START_TEST(metrics_give_what_tf_slims_give)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  slim_device *device = NULL;
  slim_error error = { SLIM_OK, "" };
  ck_assert_msg(slim_device_open(name ? name : "cpu", &device, &error) == SLIM_OK, "%s", error.text);
  for (size_t i = (size_t)_i; i < sizeof cases / sizeof *cases; i += GROUPS) {
    run_case(device, &cases[i]);
  }
  slim_device_close(device);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, metrics_give_what_tf_slims_give, 0, GROUPS);
}
TEST_MAIN("metrics", build, test_net_available)
