/* Nodes, tensors, errors, collections and descriptions, with ops of the test's own. */
#include "graph/graph.h"
#include "test_main.h"

static slim_graph *g;

static void setup(void)
{
  g = slim_graph_create(7);
}

static void teardown(void)
{
  slim_graph_destroy(g);
}

/* split(x [n,c]) -> [n,attr], [n,c-attr] */
static bool infer_split(slim_inference *q)
{
  const int at = *(const int *)q->attr;
  if (q->in[0].rank != 2 || at >= q->in[0].dim[1]) {
    char text[128];
    (void)slim_error_set(q->error, SLIM_ERR_SHAPE, "cannot split %s at %d",
                         slim_shape_format(&q->in[0], text, sizeof text), at);
    return false;
  }
  q->out[0] = q->out[1] = q->in[0];
  q->out[0].dim[1] = at;
  q->out[1].dim[1] -= at;
  return true;
}

static const slim_op op_split = {
  .name = "split", .min_inputs = 1, .max_inputs = 1, .outputs = 2, .attr_size = sizeof(int), .infer = infer_split
};

static bool infer_odd(slim_inference *q)
{
  q->out[0] = (slim_shape){ 2, { 3, -1 } };
  return true;
}

static const slim_op op_odd = { .name = "odd", .max_inputs = -1, .outputs = 1, .infer = infer_odd };

static slim_tensor *split(slim_tensor *x, int at)
{
  return slim_node_add(slim_graph_of(x), &op_split, "Split", &at, &x, 1);
}

static slim_tensor *input(void)
{
  return slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 5), "x");
}

START_TEST(a_node_has_names_shapes_and_outputs)
{
  slim_tensor *x = input();
  slim_tensor *y = split(x, 2);
  ck_assert_str_eq(slim_tensor_name(y), "Split:0");
  ck_assert_str_eq(slim_tensor_name(slim_tensor_output(y, 1)), "Split:1");
  const slim_shape shape = slim_tensor_shape(slim_tensor_output(y, 1));
  ck_assert(slim_shape_equal(&shape, &SLIM_SHAPE(-1, 3)));
  ck_assert_int_eq(slim_tensor_dtype(y), SLIM_FLOAT32);
  ck_assert_ptr_eq(slim_graph_of(y), g);
  ck_assert_ptr_eq(slim_graph_find(g, "Split"), y);
  ck_assert_ptr_eq(slim_graph_find(g, "Split:1"), slim_tensor_output(y, 1));
  ck_assert_ptr_null(slim_graph_find(g, "Split:2"));
  ck_assert_ptr_null(slim_graph_find(g, "none"));
  ck_assert_uint_eq(g->num_nodes, 2);
  ck_assert_uint_eq(g->num_tensors, 3);
  for (size_t i = 0; i < g->num_tensors; i++) {
    ck_assert_int_eq(g->tensors[i]->id, (int)i);
  }
  ck_assert_int_eq(slim_graph_status(g), SLIM_OK);
  ck_assert_uint_eq(slim_graph_seed(g), 7);
}
END_TEST

START_TEST(attributes_and_names_are_copied)
{
  char name[] = "Split";
  int at = 2;
  slim_tensor *x = input();
  const slim_tensor *y = slim_node_add(g, &op_split, name, &at, &x, 1);
  name[0] = 'X';
  at = 9;
  x = NULL;
  ck_assert_str_eq(y->node->name, "Split");
  ck_assert_int_eq(*(const int *)y->node->attr, 2);
  ck_assert_str_eq(slim_tensor_name(y->node->inputs[0]), "x:0");
}
END_TEST

START_TEST(many_nodes_keep_their_places)
{
  slim_tensor *first = input();
  for (int i = 0; i < 1000; i++) {
    (void)split(first, 1 + i % 4);
  }
  ck_assert_uint_eq(g->num_nodes, 1001);
  ck_assert_str_eq(g->nodes[1000]->name, "Split_999");
  ck_assert_ptr_eq(slim_graph_find(g, "Split_500")->node, g->nodes[501]);
  ck_assert_int_eq(g->nodes[1000]->id, 1000);
}
END_TEST

START_TEST(the_first_error_stays_and_poison_passes)
{
  slim_tensor *bad = split(input(), 5);
  ck_assert(slim_is_poison(bad));
  ck_assert_int_eq(slim_graph_status(g), SLIM_ERR_SHAPE);
  ck_assert_str_eq(slim_graph_error(g), "split 'Split': cannot split [?,5] at 5");
  ck_assert_ptr_eq(split(bad, 1), bad);
  ck_assert(slim_is_poison(split(input(), 6)));
  ck_assert_str_eq(slim_graph_error(g), "split 'Split': cannot split [?,5] at 5");
  ck_assert_str_eq(slim_tensor_name(bad), "poison:0");
  ck_assert_ptr_eq(slim_graph_of(bad), g);
  ck_assert_ptr_eq(slim_tensor_output(bad, 3), bad);
}
END_TEST

static const struct error_case {
  const char *label, *text;
  slim_status status;
} errors[] = {
  { "count", "split 'Split': 2 inputs, must be 1 to 1", SLIM_ERR_ARG },
  { "missing", "split 'Split': input 0 is missing", SLIM_ERR_ARG },
  { "other graph", "split 'Split': input 0 comes from another graph", SLIM_ERR_ARG },
  { "name", "odd: 'a b' is not a valid name (letters, digits and _.-/)", SLIM_ERR_ARG },
  { "open inside", "odd 'n': output 0 cannot have the shape [3,?]; only the first dimension may be open",
    SLIM_ERR_SHAPE },
  { "type", "placeholder 'p': a tensor cannot have the type string", SLIM_ERR_TYPE },
  { "size", "placeholder 'p': output 0 cannot have the shape [2147483647,2147483647,2147483647]", SLIM_ERR_SHAPE },
  { "constant", "constant 'c': no values of type float32 and shape [?]", SLIM_ERR_ARG },
};

START_TEST(errors_have_exact_text)
{
  slim_graph *other = slim_graph_create(0);
  slim_tensor *const x = input(), *const none = NULL;
  slim_tensor *const strange = slim_placeholder(other, SLIM_FLOAT32, SLIM_SHAPE(1, 5), "x");
  const int at = 1;
  const float value = 1;
  slim_tensor *made[] = {
    _i == 0 ? slim_node_add(g, &op_split, "Split", &at, (slim_tensor *[]){ x, x }, 2) : NULL,
    _i == 1 ? slim_node_add(g, &op_split, "Split", &at, &none, 1) : NULL,
    _i == 2 ? slim_node_add(g, &op_split, "Split", &at, &strange, 1) : NULL,
    _i == 3 ? slim_node_add(g, &op_odd, "a b", NULL, NULL, 0) : NULL,
    _i == 4 ? slim_node_add(g, &op_odd, "n", NULL, NULL, 0) : NULL,
    _i == 5 ? slim_placeholder(g, SLIM_STRING, SLIM_SCALAR, "p") : NULL,
    _i == 6 ? slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(INT32_MAX, INT32_MAX, INT32_MAX), "p") : NULL,
    _i == 7 ? slim_constant_tensor(g, SLIM_FLOAT32, SLIM_SHAPE(-1), &value, "c") : NULL,
  };
  ck_assert(slim_is_poison(made[_i]));
  ck_assert_int_eq(slim_graph_status(g), errors[_i].status);
  ck_assert_str_eq(slim_graph_error(g), errors[_i].text);
  slim_graph_destroy(other);
}
END_TEST

START_TEST(a_null_graph_passes_through)
{
  ck_assert_ptr_null(slim_placeholder(NULL, SLIM_FLOAT32, SLIM_SCALAR, "x"));
  ck_assert_ptr_null(slim_constant(NULL, 1.0f, NULL));
  ck_assert_ptr_null(slim_node_add(NULL, &op_odd, NULL, NULL, NULL, 0));
  ck_assert_ptr_null(slim_graph_fail(NULL, SLIM_ERR_ARG, "x"));
  ck_assert_ptr_null(slim_poison(NULL));
  ck_assert_ptr_null(slim_graph_find(NULL, "x"));
  ck_assert_ptr_null(slim_graph_of(NULL));
  ck_assert_ptr_null(slim_tensor_output(NULL, 0));
  ck_assert_int_eq(slim_graph_status(NULL), SLIM_ERR_MEMORY);
  ck_assert_str_eq(slim_graph_error(NULL), "no graph: out of memory");
  ck_assert_uint_eq(slim_get_collection(NULL, "a", NULL).count, 0);
  ck_assert_uint_eq(slim_graph_describe(NULL, NULL, 0), 0);
  slim_graph_destroy(NULL);
}
END_TEST

START_TEST(constants_know_where_they_live)
{
  const float values[] = { 1, 2, 3 };
  slim_tensor *rate = slim_constant(g, 0.5f, NULL);
  slim_tensor *table = slim_constant_tensor(g, SLIM_FLOAT32, SLIM_SHAPE(3), values, "table");
  const slim_source_attr *a = rate->node->attr, *b = table->node->attr;
  ck_assert(slim_tensor_on_host(rate));
  ck_assert(!slim_tensor_on_host(table));
  ck_assert_float_eq(*(const float *)a->values, 0.5f);
  ck_assert_mem_eq(b->values, values, sizeof values);
  ck_assert_ptr_ne(b->values, values);
  ck_assert_str_eq(slim_tensor_name(rate), "Const:0");
  ck_assert(!slim_tensor_on_host(input()));
}
END_TEST

START_TEST(stages_are_remembered)
{
  ck_assert_int_eq(input()->node->stage, SLIM_STAGE_COMPUTE);
  ck_assert_int_eq(slim_graph_set_stage(g, SLIM_STAGE_OPTIMIZE), SLIM_STAGE_COMPUTE);
  ck_assert_int_eq(input()->node->stage, SLIM_STAGE_OPTIMIZE);
  ck_assert_int_eq(slim_graph_set_stage(g, SLIM_STAGE_COMPUTE), SLIM_STAGE_OPTIMIZE);
}
END_TEST

/* --- collections -------------------------------------------------------------------------------------------------- */

START_TEST(collections_keep_order_and_filter_by_anchored_pattern)
{
  slim_tensor *a = slim_constant(g, 1, "conv1/a"), *b = slim_constant(g, 2, "conv10/b"), *c = slim_constant(g, 3, "c");
  ck_assert_int_eq(slim_add_to_collection("k,l", c), SLIM_OK);
  ck_assert_int_eq(slim_add_to_collection("k", a), SLIM_OK);
  ck_assert_int_eq(slim_add_to_collection("k", b), SLIM_OK);
  ck_assert_int_eq(slim_add_to_collection("k", c), SLIM_OK);
  const slim_tensors all = slim_get_collection(g, "k", NULL);
  ck_assert_uint_eq(all.count, 4);
  ck_assert_ptr_eq(all.item[0], c);
  ck_assert_ptr_eq(all.item[3], c);
  ck_assert_uint_eq(slim_get_collection(g, "k", "conv1").count, 2);
  ck_assert_uint_eq(slim_get_collection(g, "k", "conv1/").count, 1);
  ck_assert_uint_eq(slim_get_collection(g, "k", "onv").count, 0);
  ck_assert_uint_eq(slim_get_collection(g, "l", NULL).count, 1);
  ck_assert_uint_eq(slim_get_collection(g, "none", NULL).count, 0);
  ck_assert_int_eq(slim_add_to_collection("k", NULL), SLIM_ERR_ARG);
  ck_assert_int_eq(slim_add_to_collection(NULL, a), SLIM_ERR_ARG);
  ck_assert_str_eq(slim_graph_error(g), "collection of 'conv1/a:0': no key");
}
END_TEST

static const struct pattern_case {
  const char *pattern;
  int hits; /* bit i: names[i] */
} patterns[] = {
  { "", 15 },         { "conv", 3 },         { "conv\\d/", 1 },    { "conv\\d+/", 3 },     { ".*weights", 5 },
  { "fc|conv1/", 5 }, { "(?:fc|x)\\w", 12 }, { "[\\w/]+:0$", 15 }, { "conv1.*?/", 3 },     { "conv[1]/", 1 },
  { "conv1\\b", -1 }, { "x.y", 8 },          { "x\\.y", 0 },       { "[^c]", 12 },         { "conv1{1,2}/", 1 },
  { "conv(", -1 },    { "(?=a)", -1 },       { "\\S+0\\Z", 15 },   { ".*/[]w]eights", 5 }, { "a\\", -1 },
};

START_TEST(patterns_mean_what_they_mean_in_python)
{
  static const char *const names[] = { "conv1/weights", "conv10/biases", "fc6/weights", "x_y" };
  for (int i = 0; i < 4; i++) {
    (void)slim_add_to_collection("k", slim_constant(g, 1, names[i]));
  }
  const slim_tensors found = slim_get_collection(g, "k", patterns[_i].pattern);
  int hits = 0;
  for (size_t i = 0; i < found.count; i++) {
    hits |= 1 << found.item[i]->id;
  }
  ck_assert_msg(hits == (patterns[_i].hits < 0 ? 0 : patterns[_i].hits), "%s hits %d", patterns[_i].pattern, hits);
  ck_assert_int_eq(slim_graph_status(g), patterns[_i].hits < 0 ? SLIM_ERR_ARG : SLIM_OK);
  ck_assert(patterns[_i].hits >= 0 || strncmp(slim_graph_error(g), "filter '", 8) == 0);
}
END_TEST

START_TEST(a_bad_pattern_has_exact_text)
{
  (void)slim_add_to_collection("k", slim_constant(g, 1, "a"));
  (void)slim_get_collection(g, "k", "conv1\\b");
  ck_assert_str_eq(slim_graph_error(g), "filter 'conv1\\b': an escape or group that is not supported");
}
END_TEST

/* --- descriptions ------------------------------------------------------------------------------------------------- */

START_TEST(describe_lists_nodes)
{
  const char *expected = "x: placeholder() -> float32 [?,5]\n"
                         "Split: split(x:0) -> float32 [?,2], float32 [?,3]\n";
  char text[256], part[10];
  (void)split(input(), 2);
  ck_assert_uint_eq(slim_graph_describe(g, text, sizeof text), strlen(expected));
  ck_assert_str_eq(text, expected);
  ck_assert_uint_eq(slim_graph_describe(g, part, sizeof part), strlen(expected));
  ck_assert_str_eq(part, "x: placeh");
  ck_assert_uint_eq(slim_graph_describe(g, NULL, 0), strlen(expected));
}
END_TEST

START_TEST(dot_draws_nodes_and_edges)
{
  char text[512];
  (void)split(input(), 2);
  (void)slim_graph_dot(g, text, sizeof text);
  ck_assert_str_eq(text, "digraph slim {\n  node [shape=box];\n  n0 [label=\"x\\nplaceholder float32 [?,5]\"];\n"
                         "  n1 [label=\"Split\\nsplit float32 [?,2]\"];\n  n0 -> n1;\n}\n");
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, a_node_has_names_shapes_and_outputs);
  tcase_add_test(c, attributes_and_names_are_copied);
  tcase_add_test(c, many_nodes_keep_their_places);
  tcase_add_test(c, the_first_error_stays_and_poison_passes);
  tcase_add_loop_test(c, errors_have_exact_text, 0, (int)(sizeof errors / sizeof *errors));
  tcase_add_test(c, a_null_graph_passes_through);
  tcase_add_test(c, constants_know_where_they_live);
  tcase_add_test(c, stages_are_remembered);
  tcase_add_test(c, collections_keep_order_and_filter_by_anchored_pattern);
  tcase_add_loop_test(c, patterns_mean_what_they_mean_in_python, 0, (int)(sizeof patterns / sizeof *patterns));
  tcase_add_test(c, a_bad_pattern_has_exact_text);
  tcase_add_test(c, describe_lists_nodes);
  tcase_add_test(c, dot_draws_nodes_and_edges);
}

TEST_MAIN("graph", build, NULL)
