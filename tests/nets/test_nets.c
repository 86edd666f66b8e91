/* Networks against TF-Slim's: net-variables/<net>.tsv and net-layers/<net>.tsv hold what TF-Slim builds. */
#include "test_net.h"

#include "slim/slim.h"

#include <math.h>

#define MAX_COLUMNS 12

static FILE *open_table(const char *folder, const char *net)
{
  char path[4096], line[1000];
  const char *root = getenv("SLIM_SOURCE_ROOT");
  (void)snprintf(path, sizeof path, "%s/tests/nets/%s/%s.tsv", root ? root : ".", folder, net);
  FILE *file = fopen(path, "r");
  ck_assert_msg(file != NULL, "cannot open %s", path);
  ck_assert_ptr_nonnull(fgets(line, sizeof line, file)); /* the heading */
  return file;
}

/* The columns of the next line, "" where they end early; false at the end. */
static bool read_row(FILE *file, char *line, size_t size, char *column[MAX_COLUMNS])
{
  if (!fgets(line, (int)size, file)) {
    return false;
  }
  line[strcspn(line, "\n")] = '\0';
  char *at = line;
  for (int i = 0; i < MAX_COLUMNS; i++) {
    column[i] = at;
    at += strcspn(at, "\t");
    if (*at) {
      *at++ = '\0';
    }
  }
  return true;
}

/* "5x5x1x32"; from 1: without the batch. */
static const char *dims(slim_shape shape, int from)
{
  static char text[2][100];
  static int turn;
  size_t at = 0;
  turn = !turn;
  text[turn][0] = '\0';
  for (int i = from; i < shape.rank; i++) {
    at += (size_t)snprintf(text[turn] + at, sizeof text[turn] - at, "%s%d", i > from ? "x" : "", shape.dim[i]);
  }
  return text[turn];
}

static const char *pair(slim_hw hw)
{
  return hw.h ? dims((slim_shape){ 2, { hw.h, hw.w } }, 0) : "";
}

static const char *initializer_words(slim_initializer initializer)
{
  static char text[100];
  (void)snprintf(text, sizeof text, "truncated_normal(stddev=%g)", (double)initializer.b);
  return initializer.kind == SLIM_INIT_TRUNCATED_NORMAL ? text : "";
}

static slim_tensor *build_net(slim_graph *graph, const slim_network *network, bool training)
{
  const int size = network->default_image_size;
  slim_tensor *images = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, size, size, network->channels), "images");
  slim_tensor *net =
      slim_build_network(network->name, images, 0.0f, &(slim_net_args){ .num_classes = 10, .is_training = training });
  ck_assert_str_eq(slim_graph_error(graph), "");
  return net;
}

START_TEST(variables_are_tf_slims)
{
  const slim_network *network = slim_network_at((size_t)_i);
  slim_graph *graph = slim_graph_create(1);
  char line[1000], *column[MAX_COLUMNS];
  (void)build_net(graph, network, true);
  const slim_tensors list = slim_get_model_variables(graph, NULL, NULL);
  FILE *table = open_table("net-variables", network->name);
  size_t i = 0;
  for (; read_row(table, line, sizeof line, column); i++) {
    ck_assert_msg(i < list.count, "%s is missing", column[0]);
    ck_assert_str_eq(slim_variable_full_name(list.item[i]), column[0]);
    ck_assert_str_eq(dims(slim_tensor_shape(list.item[i]), 0), column[1]);
    ck_assert_int_eq(slim_variable_trainable(list.item[i]), column[2][0] == '1');
  }
  ck_assert_uint_eq(i, list.count);
  (void)fclose(table);
  slim_graph_destroy(graph);
}
END_TEST

static const char *op_words(const slim_layer_row *row, const char *column)
{
  return strncmp(column, "dropout(", 8) == 0 && strcmp(row->op, "dropout") == 0 ? column : row->op;
}

START_TEST(layers_are_tf_slims)
{
  enum { MOST = 400 };
  static slim_layer_row rows[MOST];
  const slim_network *network = slim_network_at((size_t)_i);
  slim_graph *graph = slim_graph_create(1);
  char line[1000], *column[MAX_COLUMNS];
  const size_t count = slim_summarize(build_net(graph, network, true), rows, MOST);
  FILE *table = open_table("net-layers", network->name);
  size_t i = 0;
  for (; read_row(table, line, sizeof line, column); i++) {
    const slim_layer_row *row = &rows[i];
    ck_assert_msg(i < count, "%s is missing", column[1]);
    ck_assert_str_eq(op_words(row, column[0]), column[0]);
    ck_assert_str_eq(row->scope, column[1]);
    ck_assert_str_eq(pair(row->kernel), column[2]);
    ck_assert_str_eq(pair(row->stride), column[3]);
    ck_assert_str_eq(row->padding == SLIM_SAME ? "SAME" : row->padding ? "VALID" : "", column[4]);
    ck_assert_int_eq(row->rate.h ? row->rate.h : 1, atoi(column[5]));
    ck_assert_str_eq(dims(row->input, 1), column[6]);
    ck_assert_str_eq(dims(row->output, 1), column[7]);
    ck_assert_str_eq(row->norm, column[8]);
    ck_assert_str_eq(*row->norm && !*row->activation ? "-" : row->activation, column[9]);
    ck_assert_str_eq(initializer_words(row->weights_initializer), column[10]);
    ck_assert_int_eq(row->macs, atoll(column[11]));
  }
  ck_assert_uint_eq(i, count);
  (void)fclose(table);
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(lenet_has_the_size_that_tf_slim_reports)
{
  slim_layer_row rows[16];
  char text[64];
  slim_graph *graph = slim_graph_create(1);
  const slim_tensor *net = build_net(graph, slim_get_network("lenet"), true);
  const slim_vars_info info = slim_analyze_vars(slim_get_model_variables(graph, NULL, NULL));
  const size_t count = slim_summarize(net, rows, 16);
  int64_t parameters = 0, macs = 0;
  for (size_t i = 0; i < count; i++) {
    parameters += rows[i].parameters;
    macs += rows[i].macs;
  }
  ck_assert_int_eq(info.elements, 3274634);
  ck_assert_int_eq(info.bytes, 4 * 3274634);
  ck_assert_int_eq(parameters, 3274634);
  ck_assert_int_eq(macs, 13883904);
  ck_assert_str_eq(slim_tensor_description(slim_graph_find(graph, "LeNet/conv2/weights"), text, sizeof text),
                   "(float32 5x5x32x64)");
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(lenet_offers_its_end_points)
{
  static const struct {
    const char *alias, *name;
  } ends[] = {
    { "conv1", "LeNet/conv1/Relu:0" },
    { "pool1", "LeNet/pool1/MaxPool:0" },
    { "conv2", "LeNet/conv2/Relu:0" },
    { "pool2", "LeNet/pool2/MaxPool:0" },
    { "Flatten", "LeNet/Flatten/Reshape:0" },
    { "fc3", "LeNet/fc3/Relu:0" },
    { "dropout3", "LeNet/dropout3/dropout:0" },
    { "Logits", "LeNet/fc4/BiasAdd:0" },
    { "Predictions", "LeNet/Predictions/Softmax:0" },
  };
  const size_t count = sizeof ends / sizeof *ends;
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *net = build_net(graph, slim_get_network("lenet"), true);
  for (size_t i = 0; i < count; i++) {
    ck_assert_str_eq(slim_end_point_alias(graph, SLIM_END_POINTS, i), ends[i].alias);
    ck_assert_str_eq(slim_tensor_name(slim_end_point(graph, SLIM_END_POINTS, ends[i].alias)), ends[i].name);
  }
  ck_assert_ptr_null(slim_end_point_alias(graph, SLIM_END_POINTS, count));
  ck_assert_ptr_eq(slim_end_point(graph, SLIM_END_POINTS, "Logits"), net);
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(lenet_without_classes_gives_features)
{
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *images = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 28, 28, 1), "images");
  slim_tensor *net = slim_lenet(images, &(slim_net_args){ .scope = "Mine", .end_points = "ends" });
  ck_assert_str_eq(slim_tensor_name(net), "Mine/fc3/Relu:0");
  ck_assert_ptr_eq(slim_end_point(graph, "ends", "fc3"), net);
  ck_assert_uint_eq(slim_get_model_variables(graph, NULL, NULL).count, 6);
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(evaluation_shares_the_weights_of_training)
{
  test_net net = test_open((const int[]){ 3, 28, 28, 1 }, 1);
  slim_tensor *training =
      slim_build_network("lenet", net.input, 0.0f, &(slim_net_args){ .num_classes = 10, .is_training = true });
  slim_tensor *evaluation =
      slim_build_network("lenet", net.input, 0.0f, &(slim_net_args){ .num_classes = 10, .reuse = SLIM_REUSE_YES });
  ck_assert_uint_eq(slim_get_model_variables(net.graph, NULL, NULL).count, 8);
  float *a = test_run(&net, training), *b = test_run(&net, evaluation);
  float *p = test_run(&net, slim_end_point(net.graph, SLIM_END_POINTS, "Predictions"));
  double difference = 0;
  for (int i = 0; i < 3; i++) {
    double sum = 0;
    for (int k = 0; k < 10; k++) {
      sum += (double)p[i * 10 + k];
      difference += fabs((double)a[i * 10 + k] - (double)b[i * 10 + k]);
    }
    ck_assert_double_eq_tol(sum, 1.0, 1e-5);
  }
  ck_assert_double_gt(difference, 1e-3); /* dropout tells them apart */
  free(a);
  free(b);
  free(p);
  test_close(&net);
}
END_TEST

static void build(TCase *c)
{
  int count = 0;
  while (slim_network_at((size_t)count)) {
    count++;
  }
  tcase_add_loop_test(c, variables_are_tf_slims, 0, count);
  tcase_add_loop_test(c, layers_are_tf_slims, 0, count);
  tcase_add_test(c, lenet_has_the_size_that_tf_slim_reports);
  tcase_add_test(c, lenet_offers_its_end_points);
  tcase_add_test(c, lenet_without_classes_gives_features);
  tcase_add_test(c, evaluation_shares_the_weights_of_training);
}
TEST_MAIN("nets", build, test_net_available)
