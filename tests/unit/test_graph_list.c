#include "ops/ops.h"
#include "slim/model_analyzer.h"
#include "test_main.h"

static char messages[2048];

static void keep_log(void *user, slim_log_level level, const char *text)
{
  (void)user;
  ck_assert_int_eq(level, SLIM_LOG_INFO);
  strcat(strcat(messages, text), "\n");
}

static slim_tensor *input(slim_graph *g, const char *name, slim_shape shape)
{
  return slim_placeholder(g, SLIM_FLOAT32, shape, name);
}

START_TEST(ops_come_with_shapes_and_multiply_accumulates)
{
  slim_graph *g = slim_graph_create(1);
  slim_tensor *x = input(g, "x", SLIM_SHAPE(-1, 28, 28, 3)), *w = input(g, "w", SLIM_SHAPE(5, 5, 3, 8));
  const slim_conv2d_attr conv = { .stride = { 2, 2 }, .rate = { 1, 1 }, .padding = SLIM_SAME };
  slim_tensor *y = slim_op_add((slim_tensor *[]){ x, w }, 2, &slim_op_conv2d, "Conv2D", &conv);
  (void)slim_op_add((slim_tensor *[]){ y, w, x }, 3, &slim_op_conv2d_input_gradient, "dx", &conv);
  (void)slim_op_add((slim_tensor *[]){ y, x, w }, 3, &slim_op_conv2d_weights_gradient, "dw", &conv);
  slim_tensor *a = input(g, "a", SLIM_SHAPE(4, 100)), *b = input(g, "b", SLIM_SHAPE(100, 10));
  const slim_matmul_attr plain = { 0, 0 }, transposed = { 1, 0 };
  slim_tensor *c = slim_op_add((slim_tensor *[]){ a, b }, 2, &slim_op_matmul, "MatMul", &plain);
  (void)slim_op_add((slim_tensor *[]){ a, c }, 2, &slim_op_matmul, "db", &transposed);
  slim_tensor *v = input(g, "v", SLIM_SHAPE(3, 3, 8, 2));
  slim_tensor *z = slim_op_add((slim_tensor *[]){ y, v }, 2, &slim_op_depthwise_conv2d, "depthwise", &conv);
  (void)slim_op_add((slim_tensor *[]){ z, v, y }, 3, &slim_op_depthwise_conv2d_input_gradient, "dy", &conv);
  (void)slim_op_add((slim_tensor *[]){ z, y, v }, 3, &slim_op_depthwise_conv2d_weights_gradient, "dv", &conv);
  ck_assert_str_eq(slim_graph_error(g), "");

  static const int64_t conv_macs = 14 * 14 * 8 * 5 * 5 * 3, depthwise_macs = 7 * 7 * 16 * 3 * 3;
  static const int64_t macs[] = { 0,    0, conv_macs,      conv_macs,      conv_macs,     0, 0, 4000,
                                  4000, 0, depthwise_macs, depthwise_macs, depthwise_macs };
  slim_op_info infos[13];
  ck_assert_uint_eq(slim_graph_list(g, NULL, 0), 13);
  ck_assert_uint_eq(slim_graph_list(g, infos, 13), 13);
  for (size_t i = 0; i < 13; i++) {
    ck_assert_int_eq(infos[i].macs, macs[i]);
  }
  ck_assert_str_eq(infos[2].name, "Conv2D");
  ck_assert_str_eq(infos[2].op, "conv2d");
  ck_assert(slim_shape_equal(&infos[2].shape, &SLIM_SHAPE(-1, 14, 14, 8)));
  ck_assert_uint_eq(slim_graph_list(NULL, infos, 9), 0);
  slim_graph_destroy(g);
}
END_TEST

/* The original's totals: of a result with an open batch it counts nothing. */
START_TEST(variables_and_results_are_counted)
{
  slim_graph *g = slim_graph_create(1);
  slim_tensor *x = input(g, "x", SLIM_SHAPE(4, 100)), *open = input(g, "open", SLIM_SHAPE(-1, 7));
  slim_tensor *w = slim_global_variable(g, "fc/w", SLIM_FLOAT32, SLIM_SHAPE(100, 10), NULL);
  slim_tensor *n = slim_global_variable(g, "n", SLIM_INT64, SLIM_SCALAR, NULL);
  const slim_matmul_attr plain = { 0, 0 };
  (void)slim_op_add((slim_tensor *[]){ x, w }, 2, &slim_op_matmul, "MatMul", &plain);
  (void)open;
  ck_assert_str_eq(slim_graph_error(g), "");
  const slim_vars_info quiet = slim_analyze_vars(SLIM_TENSORS(w, n), false);
  ck_assert_int_eq(slim_analyze_ops(g, false), 400 + 1000 + 1 + 40);
  ck_assert_int_eq(quiet.elements, 1001);
  ck_assert_int_eq(quiet.bytes, 4008);
  slim_log_set(keep_log, NULL);
  (void)slim_analyze_vars(SLIM_TENSORS(w, n), true);
  ck_assert_str_eq(messages, "fc/w:0 (float32 100x10) [1000, bytes: 4000]\nn:0 (int64 ) [1, bytes: 8]\n"
                             "Total size of variables: 1001\nTotal bytes of variables: 4008\n");
  *messages = '\0';
  (void)slim_analyze_ops(g, true);
  ck_assert_str_eq(messages, "x -> (float32 4x100) [400]\nopen -> (float32 ?x7) [0]\nfc/w -> (float32 100x10) [1000]\n"
                             "n -> (int64 ) [1]\nMatMul -> (float32 4x10) [40]\n");
  ck_assert_int_eq(slim_analyze_ops(NULL, true), 0);
  slim_log_set(NULL, NULL);
  slim_graph_destroy(g);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, variables_and_results_are_counted);
  tcase_add_test(c, ops_come_with_shapes_and_multiply_accumulates);
}

TEST_MAIN("graph_list", build, NULL)
