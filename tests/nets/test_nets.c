/* Networks against TF-Slim's: net-variables/<net>.tsv and net-layers/<net>.tsv hold what TF-Slim builds. */
#include "test_net.h"

#include "slim/slim.h"

#include <math.h>

#define MAX_COLUMNS 12
#define MOST_LAYERS 1000

/* NULL if the table is not there. */
static FILE *find_table(const char *folder, const char *net)
{
  char path[4096], line[1000];
  const char *root = getenv("SLIM_SOURCE_ROOT");
  (void)snprintf(path, sizeof path, "%s/tests/nets/%s/%s.tsv", root ? root : ".", folder, net);
  FILE *file = fopen(path, "r");
  ck_assert(!file || fgets(line, sizeof line, file) != NULL); /* the heading */
  return file;
}

static FILE *open_table(const char *folder, const char *net)
{
  FILE *file = find_table(folder, net);
  ck_assert_msg(file != NULL, "there is no tests/nets/%s/%s.tsv", folder, net);
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

static const char *pair(slim_hw hw)
{
  return hw.h ? test_dims((slim_shape){ 2, { hw.h, hw.w } }, 0) : "";
}

/* Does the table's word for the weights' initializer mean this one? Of truncated_normal(...) the last number counts. */
static bool initializer_is(slim_initializer initializer, const char *words)
{
  if (strcmp(words, "xavier") == 0) {
    return memcmp(&initializer, &SLIM_XAVIER, sizeof initializer) == 0;
  }
  if (strcmp(words, "variance_scaling()") == 0) {
    const slim_initializer he = SLIM_VARIANCE_SCALING(2.0f, SLIM_FAN_IN, 0);
    return memcmp(&initializer, &he, sizeof he) == 0;
  }
  if (strncmp(words, "truncated_normal(", 17) == 0) {
    const char *number = words + strlen(words);
    while (number[-1] != '(' && number[-1] != ' ' && number[-1] != '=') {
      number--;
    }
    return initializer.kind == SLIM_INIT_TRUNCATED_NORMAL && initializer.a == 0.0f &&
           fabs((double)initializer.b - atof(number)) < 1e-6;
  }
  return !*words && initializer.kind == SLIM_INIT_UNSET;
}

static slim_tensor *build_net(slim_graph *graph, const slim_network *network, bool training)
{
  const int size = network->default_image_size;
  slim_tensor *images = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, size, size, network->channels), "images");
  slim_tensor *net =
      slim_build_network(network->name, images, 0.0f,
                         &(slim_net_args){ .num_classes = network->default_num_classes, .is_training = training });
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
    ck_assert_str_eq(test_dims(slim_tensor_shape(list.item[i]), 0), column[1]);
    ck_assert_int_eq(slim_variable_trainable(list.item[i]), column[2][0] == '1');
  }
  ck_assert_uint_eq(i, list.count);
  (void)fclose(table);
  slim_graph_destroy(graph);
}
END_TEST

/* The table's words for the layer's kind: "conv", "dropout(keep 0.5)", "mean[1, 2]". */
static const char *op_words(const slim_layer_row *row)
{
  static char text[64];
  if (strcmp(row->op, "dropout") != 0) {
    return strcmp(row->op, "mean") == 0 ? "mean[1, 2]" : row->op;
  }
  (void)snprintf(text, sizeof text, "dropout(keep %g)", (double)row->keep_prob);
  return text;
}

static const char *norm_words(const slim_layer_row *row)
{
  return strcmp(row->norm, "bn") == 0 ? "BN" : row->norm;
}

/* The net with all its end points: its auxiliary logits too. */
static slim_tensor *with_end_points(slim_tensor *net)
{
  return slim_group(net, slim_get_collection(slim_graph_of(net), SLIM_END_POINTS, NULL));
}

START_TEST(layers_are_tf_slims)
{
  static slim_layer_row rows[MOST_LAYERS];
  const slim_network *network = slim_network_at((size_t)_i);
  slim_graph *graph = slim_graph_create(1);
  char line[1000], *column[MAX_COLUMNS];
  const size_t count = slim_summarize(with_end_points(build_net(graph, network, true)), rows, MOST_LAYERS);
  FILE *table = open_table("net-layers", network->name);
  size_t i = 0;
  while (read_row(table, line, sizeof line, column)) {
    if (strncmp(column[0], "lrn(", 4) == 0) {
      continue; /* of many ops here, which are no layer */
    }
    const slim_layer_row *row = &rows[i++];
    ck_assert_msg(i <= count, "%s is missing", column[1]);
    ck_assert_str_eq(op_words(row), column[0]);
    ck_assert_str_eq(row->scope, column[1]);
    ck_assert_str_eq(pair(row->kernel), column[2]);
    ck_assert_str_eq(pair(row->stride), column[3]);
    ck_assert_str_eq(row->padding == SLIM_SAME ? "SAME" : row->padding ? "VALID" : "", column[4]);
    ck_assert_int_eq(row->rate.h ? row->rate.h : 1, atoi(column[5]));
    ck_assert_str_eq(test_dims(row->input, 1), column[6]);
    ck_assert_str_eq(test_dims(row->output, 1), column[7]);
    ck_assert_str_eq(norm_words(row), column[8]);
    ck_assert_str_eq(*row->norm && !*row->activation ? "-" : row->activation, column[9]);
    ck_assert_msg(initializer_is(row->weights_initializer, column[10]), "%s is not %s", column[1], column[10]);
    ck_assert_int_eq(row->macs, atoll(column[11]));
  }
  ck_assert_uint_eq(i, count);
  (void)fclose(table);
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(end_points_are_tf_slims)
{
  const slim_network *network = slim_network_at((size_t)_i);
  slim_graph *graph = slim_graph_create(1);
  char line[1000], *column[MAX_COLUMNS];
  (void)build_net(graph, network, true);
  FILE *table = find_table("net-end-points", network->name);
  size_t i = 0;
  for (; table && read_row(table, line, sizeof line, column); i++) {
    const char *alias = slim_end_point_alias(graph, SLIM_END_POINTS, i);
    ck_assert_msg(alias != NULL, "%s is missing", column[0]);
    ck_assert_str_eq(alias, column[0]);
    ck_assert_str_eq(test_dims(slim_tensor_shape(slim_end_point(graph, SLIM_END_POINTS, alias)), 1), column[1]);
  }
  if (table) {
    ck_assert_ptr_null(slim_end_point_alias(graph, SLIM_END_POINTS, i));
    (void)fclose(table);
  }
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(gradients_reach_every_variable)
{
  const slim_network *network = slim_network_at((size_t)_i);
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *logits = build_net(graph, network, true);
  slim_tensor *labels = slim_placeholder(graph, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  slim_tensor *aux = slim_end_point(graph, SLIM_END_POINTS, "AuxLogits");
  (void)slim_sparse_softmax_cross_entropy(logits, labels);
  if (aux) {
    (void)slim_sparse_softmax_cross_entropy(aux, labels, .weight = 0.4f);
  }
  const slim_tensors variables = slim_get_trainable_variables(graph, NULL, NULL);
  const slim_tensors gradients = slim_gradients(slim_get_total_loss(graph, false, NULL), variables);
  ck_assert_str_eq(slim_graph_error(graph), "");
  for (size_t i = 0; i < variables.count; i++) {
    ck_assert_msg(gradients.item[i] != NULL, "%s has no gradient", slim_variable_full_name(variables.item[i]));
    ck_assert_str_eq(test_dims(slim_tensor_shape(gradients.item[i]), 0), test_dims(slim_tensor_shape(variables.item[i]), 0));
  }
  slim_graph_destroy(graph);
}
END_TEST

/* The sizes of TF-Slim's nets: variables, elements of the trainable ones, millions of multiply-accumulates. */
static const struct {
  const char *name;
  size_t variables;
  int64_t trainable;
  double mega_macs;
} sizes[] = {
  { "lenet", 8, 3274634, 13.9 },
  { "cifarnet", 10, 1756426, 32.8 },
  { "alexnet_v2", 16, 50303912, 736.6 },
  { "overfeat", 16, 145704424, 2647.0 },
  { "vgg_a", 22, 132863336, 7609.1 },
  { "vgg_16", 32, 138357544, 15470.3 },
  { "vgg_19", 38, 143667240, 19632.1 },
  { "resnet_v1_50", 267, 25557032, 3482.3 },
  { "resnet_v1_101", 522, 44549160, 7194.5 },
  { "resnet_v1_152", 777, 60192808, 10906.7 },
  { "resnet_v1_200", 1017, 64673832, 14400.6 },
  { "resnet_v2_50", 272, 25570409, 3482.3 },
  { "resnet_v2_101", 544, 44579945, 7194.5 },
  { "resnet_v2_152", 816, 60238953, 10906.7 },
  { "resnet_v2_200", 1072, 64728169, 14400.6 },
  { "inception_v1", 230, 6618649, 1498.4 },
  { "inception_v2", 277, 11179361, 1934.9 },
  { "mobilenet_v1", 137, 4233001, 568.7 },
  { "mobilenet_v1_075", 137, 2586329, 325.4 },
  { "mobilenet_v1_050", 137, 1332105, 149.5 },
  { "mobilenet_v1_025", 137, 470329, 41.0 },
  { "inception_v3", 388, 27145970, 5718.9 },
  { "inception_v4", 608, 46009106, 12260.5 },
  { "inception_resnet_v2", 908, 59182258, 13162.5 },
};

START_TEST(sizes_are_tf_slims)
{
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *net = with_end_points(build_net(graph, slim_get_network(sizes[_i].name), true));
  static slim_layer_row rows[MOST_LAYERS];
  const size_t count = slim_summarize(net, rows, MOST_LAYERS);
  int64_t macs = 0;
  for (size_t i = 0; i < count; i++) {
    macs += rows[i].macs;
  }
  ck_assert_uint_eq(slim_get_model_variables(graph, NULL, NULL).count, sizes[_i].variables);
  ck_assert_int_eq(slim_analyze_vars(slim_get_trainable_variables(graph, NULL, NULL), false).elements, sizes[_i].trainable);
  ck_assert_double_eq_tol((double)macs / 1e6, sizes[_i].mega_macs, 0.05);
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(lenet_has_the_size_that_tf_slim_reports)
{
  slim_layer_row rows[16];
  char text[64];
  slim_graph *graph = slim_graph_create(1);
  const slim_tensor *net = build_net(graph, slim_get_network("lenet"), true);
  const slim_vars_info info = slim_analyze_vars(slim_get_model_variables(graph, NULL, NULL), false);
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

START_TEST(summaries_name_every_activation)
{
  static const slim_layer_fn layers[] = { slim_relu, slim_relu6, slim_sigmoid, slim_tanh, slim_elu };
  static const char *const names[] = { "relu", "relu6", "sigmoid", "tanh", "elu" };
  slim_layer_row row;
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *x = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 6), "x");
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
    ck_assert_uint_eq(slim_summarize(slim_fully_connected(x, 3, .activation = layers[i]), &row, 1), 1);
    ck_assert_str_eq(row.activation, names[i]);
  }
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
  tcase_add_loop_test(c, end_points_are_tf_slims, 0, count);
  tcase_add_loop_test(c, gradients_reach_every_variable, 0, count);
  tcase_add_loop_test(c, sizes_are_tf_slims, 0, sizeof sizes / sizeof *sizes);
  tcase_add_test(c, lenet_has_the_size_that_tf_slim_reports);
  tcase_add_test(c, summaries_name_every_activation);
  tcase_add_test(c, lenet_without_classes_gives_features);
  tcase_add_test(c, evaluation_shares_the_weights_of_training);
}
TEST_MAIN("nets", build, test_net_available)
