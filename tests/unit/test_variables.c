/* Variables: get or create, collections, filters, initial values, the global step. */
#include "graph/graph.h"
#include "test_main.h"

#include <math.h>

static slim_graph *g;

static void setup(void)
{
  g = slim_graph_create(3);
}

static void teardown(void)
{
  slim_graph_destroy(g);
}

static slim_tensor *make(const char *scope, const char *name, slim_reuse reuse)
{
  slim_tensor *v = NULL;
  SLIM_VARIABLE_SCOPE (g, scope, reuse) {
    v = slim_model_variable(g, name, SLIM_SHAPE(2, 3));
  }
  return v;
}

START_TEST(full_names_come_from_variable_scopes_alone)
{
  SLIM_VARIABLE_SCOPE (g, "vgg_16", SLIM_REUSE_UNSET) {
    SLIM_NAME_SCOPE (g, "tower") {
      const slim_tensor *v = slim_variable(g, "weights", SLIM_SHAPE(2));
      ck_assert_str_eq(slim_variable_full_name(v), "vgg_16/weights");
      ck_assert_str_eq(slim_tensor_name(v), "vgg_16/weights:0");
      ck_assert(slim_is_variable(v));
    }
  }
  ck_assert(!slim_is_variable(slim_constant(g, 1, NULL)));
  ck_assert(!slim_is_variable(NULL));
}
END_TEST

static const struct reuse_case {
  slim_reuse first, second;
  bool same;
  const char *text;
} reuses[] = {
  { SLIM_REUSE_UNSET, SLIM_REUSE_UNSET, false,
    "variable 'a/w' already exists; set reuse in its scope to share it, or choose another scope" },
  { SLIM_REUSE_UNSET, SLIM_REUSE_NO, false,
    "variable 'a/w' already exists; set reuse in its scope to share it, or choose another scope" },
  { SLIM_REUSE_UNSET, SLIM_REUSE_YES, true, "" },
  { SLIM_REUSE_UNSET, SLIM_AUTO_REUSE, true, "" },
  { SLIM_AUTO_REUSE, SLIM_AUTO_REUSE, true, "" },
  { SLIM_REUSE_YES, SLIM_REUSE_YES, false, "variable 'a/w' does not exist, and reuse asks for an existing one" },
};

START_TEST(reuse_decides_between_get_and_create)
{
  slim_tensor *first = make("a", "w", reuses[_i].first);
  slim_tensor *second = make("a", "w", reuses[_i].second);
  ck_assert_int_eq(first == second && !slim_is_poison(first), reuses[_i].same);
  ck_assert_str_eq(slim_graph_error(g), reuses[_i].text);
}
END_TEST

START_TEST(reuse_is_inherited_and_no_does_not_switch_it_off)
{
  slim_tensor *first = NULL, *second = NULL;
  SLIM_VARIABLE_SCOPE (g, "a", SLIM_REUSE_UNSET) {
    first = make("b", "w", SLIM_REUSE_UNSET);
  }
  SLIM_VARIABLE_SCOPE (g, "a", SLIM_REUSE_YES) {
    second = make("b", "w", SLIM_REUSE_NO);
  }
  ck_assert_ptr_eq(first, second);
  ck_assert_str_eq(slim_variable_full_name(first), "a/b/w");
  ck_assert_str_eq(slim_graph_error(g), "");
}
END_TEST

START_TEST(the_reuse_option_of_a_variable_counts)
{
  slim_tensor *v = slim_variable(g, "w", SLIM_SHAPE(2));
  ck_assert_ptr_eq(slim_variable(g, "w", SLIM_SHAPE(2), .reuse = SLIM_REUSE_YES), v);
  ck_assert_ptr_eq(slim_variable(g, "w", SLIM_SHAPE(2), .reuse = SLIM_AUTO_REUSE), v);
}
END_TEST

static const char *const misfits[] = {
  "variable 'w' has the shape [2] and cannot be shared as [3]",
  "variable 'w' is float32 and cannot be shared as int64",
  "variable 'v' cannot be float32 of shape [?,2]; its sizes must be known and above 0",
  "variable 'v' cannot be float32 of shape [0]; its sizes must be known and above 0",
  "variable 'a b': the name is not valid (letters, digits and _.-/)",
  "variable 'v' needs an initializer, SLIM_NO_INIT is none",
};

START_TEST(misfits_have_exact_text)
{
  (void)slim_variable(g, "w", SLIM_SHAPE(2));
  slim_tensor *bad = _i == 0   ? slim_variable(g, "w", SLIM_SHAPE(3), .reuse = SLIM_REUSE_YES)
                     : _i == 1 ? slim_variable(g, "w", SLIM_SHAPE(2), .reuse = SLIM_REUSE_YES, .dtype = SLIM_INT64)
                     : _i == 2 ? slim_variable(g, "v", SLIM_SHAPE(-1, 2))
                     : _i == 3 ? slim_variable(g, "v", SLIM_SHAPE(0))
                     : _i == 4 ? slim_variable(g, "a b", SLIM_SHAPE(2))
                               : slim_variable(g, "v", SLIM_SHAPE(2), .initializer = SLIM_NO_INIT);
  ck_assert(slim_is_poison(bad));
  ck_assert_str_eq(slim_graph_error(g), misfits[_i]);
}
END_TEST

static size_t count_in(const char *collection)
{
  return slim_get_collection(g, collection, NULL).count;
}

START_TEST(variables_enter_their_collections_once)
{
  (void)slim_variable(g, "a", SLIM_SHAPE(2));
  (void)slim_model_variable(g, "b", SLIM_SHAPE(2), .trainable = SLIM_NO, .collections = "own,variables,own");
  (void)slim_variable(g, "c", SLIM_SHAPE(2), .collections = "own");
  (void)slim_local_variable(g, "d", SLIM_FLOAT32, SLIM_SCALAR, NULL);
  (void)slim_global_variable(g, "e", SLIM_INT32, SLIM_SCALAR, NULL);
  (void)slim_variable(g, "a", SLIM_SHAPE(2), .reuse = SLIM_REUSE_YES);
  ck_assert_uint_eq(count_in(SLIM_GLOBAL_VARIABLES), 3);
  ck_assert_uint_eq(count_in(SLIM_MODEL_VARIABLES), 1);
  ck_assert_uint_eq(count_in(SLIM_TRAINABLE_VARIABLES), 2);
  ck_assert_uint_eq(count_in(SLIM_LOCAL_VARIABLES), 1);
  ck_assert_uint_eq(count_in("own"), 2);
  ck_assert_int_eq(slim_add_model_variable(slim_variable_find(g, "a")), SLIM_OK);
  ck_assert_int_eq(slim_add_model_variable(slim_variable_find(g, "a")), SLIM_OK);
  ck_assert_uint_eq(count_in(SLIM_MODEL_VARIABLES), 2);
  ck_assert_int_eq(slim_add_model_variable(slim_constant(g, 1, "k")), SLIM_ERR_ARG);
  ck_assert_str_eq(slim_graph_error(g), "add_model_variable: 'k:0' is not a variable");
}
END_TEST

START_TEST(local_and_global_variables_follow_name_scopes)
{
  const float start = 2.5f;
  SLIM_VARIABLE_SCOPE (g, "v", SLIM_REUSE_UNSET) {
    SLIM_NAME_SCOPE (g, "q") {
      const slim_tensor *a = slim_global_variable(g, "g", SLIM_FLOAT32, SLIM_SCALAR, &start);
      const slim_tensor *b = slim_global_variable(g, "g", SLIM_FLOAT32, SLIM_SCALAR, NULL);
      float value = 0;
      ck_assert_str_eq(slim_variable_full_name(a), "v/q/g");
      ck_assert_str_eq(slim_variable_full_name(b), "v/q/g_1");
      slim_variable_initial_value(a, &value);
      ck_assert_float_eq(value, 2.5f);
      slim_variable_initial_value(b, &value);
      ck_assert_float_eq(value, 0.0f);
      ck_assert(!slim_variable_trainable(a));
    }
  }
}
END_TEST

START_TEST(integers_live_on_the_host_and_do_not_train)
{
  const slim_tensor *v = slim_variable(g, "n", SLIM_SHAPE(2), .dtype = SLIM_INT32);
  int32_t value[2] = { 9, 9 };
  slim_variable_initial_value(v, value);
  ck_assert_int_eq(value[0] | value[1], 0);
  ck_assert(slim_tensor_on_host(v));
  ck_assert(!slim_variable_trainable(v));
  ck_assert(!slim_tensor_on_host(slim_variable(g, "x", SLIM_SHAPE(2))));
}
END_TEST

START_TEST(another_tensor_must_be_fit_to_be_the_global_step)
{
  slim_tensor *vector = slim_placeholder(g, SLIM_INT64, SLIM_SHAPE(2), "vector");
  slim_tensor *number = slim_placeholder(g, SLIM_FLOAT32, SLIM_SCALAR, "number");
  ck_assert_int_eq(slim_assert_global_step(NULL), SLIM_ERR_TYPE);
  ck_assert_int_eq(slim_assert_global_step(_i ? vector : number), SLIM_ERR_TYPE);
  ck_assert_str_eq(slim_graph_error(g), _i ? "global_step 'vector:0' is int64 [2], must be an integer scalar"
                                           : "global_step 'number:0' is float32 [], must be an integer scalar");
  ck_assert(slim_is_poison(slim_assert_or_get_global_step(g, number)));
  ck_assert_ptr_null(slim_assert_or_get_global_step(g, NULL));
}
END_TEST

START_TEST(the_global_step_is_one_int64_counter)
{
  ck_assert_ptr_null(slim_get_global_step(g));
  slim_scope scope = slim_variable_scope_begin(g, "a", NULL, SLIM_REUSE_UNSET);
  slim_tensor *step = slim_get_or_create_global_step(g);
  slim_scope_end(&scope);
  ck_assert_str_eq(slim_variable_full_name(step), "global_step");
  ck_assert_int_eq(slim_tensor_dtype(step), SLIM_INT64);
  ck_assert_int_eq(slim_tensor_shape(step).rank, 0);
  ck_assert(!slim_variable_trainable(step));
  ck_assert_ptr_eq(slim_get_global_step(g), step);
  ck_assert_ptr_eq(slim_get_or_create_global_step(g), step);
  ck_assert_ptr_eq(slim_get_variables(g, "global_step", NULL, NULL).item[0], step);
  ck_assert_int_eq(slim_assert_global_step(step), SLIM_OK);
  ck_assert_ptr_eq(slim_assert_or_get_global_step(g, NULL), step);
  ck_assert_ptr_eq(slim_assert_or_get_global_step(g, step), step);
  ck_assert(slim_is_poison(slim_create_global_step(g)));
  ck_assert_int_eq(slim_graph_status(g), SLIM_ERR_EXISTS);
}
END_TEST

/* --- filters ------------------------------------------------------------------------------------------------------ */

static void make_net(void)
{
  static const char *const names[] = { "net/conv1/weights",  "net/conv1/biases",
                                       "net/conv10/weights", "net/conv10/depthwise_weights",
                                       "aux/weights",        "weights" };
  for (int i = 0; i < 6; i++) {
    (void)slim_model_variable(g, names[i], SLIM_SHAPE(2), .trainable = SLIM_FLAG(i != 1));
  }
  (void)slim_get_or_create_global_step(g);
}

/* Indices of the variables, as digits. */
static const char *digits(slim_tensors list)
{
  static char text[64];
  size_t i = 0;
  for (; i < list.count && i < sizeof text - 1; i++) {
    text[i] = (char)('0' + list.item[i]->node->id);
  }
  text[i] = '\0';
  return text;
}

static const struct filter_case {
  const char *scope, *suffix, *found;
} filters[] = {
  { NULL, NULL, "0123456" },   { "net/conv1", NULL, "0123" },   { "net/conv1/", NULL, "01" },
  { "conv1", NULL, "" },       { NULL, "weights", "02345" },    { NULL, "weights:", "02345" },
  { "net", "weights", "023" }, { ".*conv10", "weights", "23" }, { NULL, "weight", "" },
  { NULL, "/biases", "1" },    { "aux|weights", NULL, "45" },
};

START_TEST(variables_are_filtered_by_scope_and_suffix)
{
  make_net();
  ck_assert_str_eq(digits(slim_get_variables(g, filters[_i].scope, filters[_i].suffix, NULL)), filters[_i].found);
}
END_TEST

START_TEST(the_other_lists_use_their_collections)
{
  make_net();
  ck_assert_str_eq(digits(slim_get_model_variables(g, NULL, NULL)), "012345");
  ck_assert_str_eq(digits(slim_get_trainable_variables(g, "net", NULL)), "023");
  ck_assert_str_eq(digits(slim_get_local_variables(g, NULL, NULL)), "");
  ck_assert_str_eq(digits(slim_get_variables_by_suffix(g, "biases", NULL)), "1");
  ck_assert_str_eq(digits(slim_get_variables_by_name(g, "weights", NULL)), "0245");
  ck_assert_str_eq(digits(slim_get_variables_by_name(g, "weights", "net")), "02");
}
END_TEST

START_TEST(a_unique_variable_is_found_by_full_name)
{
  make_net();
  ck_assert_str_eq(slim_variable_full_name(slim_get_unique_variable(g, "net/conv1/weights")), "net/conv1/weights");
  ck_assert(slim_is_poison(slim_get_unique_variable(g, "net/conv1")));
  ck_assert_str_eq(slim_graph_error(g), "variable 'net/conv1' does not exist");
  ck_assert_int_eq(slim_graph_status(g), SLIM_ERR_NOT_FOUND);
}
END_TEST

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(variables_to_restore_include_and_exclude_scopes)
{
  make_net();
  ck_assert_str_eq(digits(slim_get_variables_to_restore(g, NULL, NULL)), "0123456");
  ck_assert_str_eq(digits(slim_get_variables_to_restore(g, NULL, LIST("net", "global_step"))), "45");
  ck_assert_str_eq(digits(slim_get_variables_to_restore(g, LIST("weights", "net/conv1"), LIST(".*biases"))), "5023");
  ck_assert_str_eq(digits(slim_get_variables_to_restore(g, LIST("aux", "a"), NULL)), "44");
}
END_TEST

START_TEST(filter_variables_searches_or_matches)
{
  make_net();
  const slim_tensors all = slim_get_model_variables(g, NULL, NULL);
  ck_assert_str_eq(digits(slim_filter_variables(all, LIST("conv1/"), NULL, true)), "01");
  ck_assert_str_eq(digits(slim_filter_variables(all, LIST("conv1/"), NULL, false)), "");
  ck_assert_str_eq(digits(slim_filter_variables(all, NULL, LIST("net", "aux"), false)), "5");
  ck_assert_str_eq(digits(slim_filter_variables(all, LIST("weights:0$"), LIST("depth"), true)), "0245");
  ck_assert_uint_eq(slim_filter_variables((slim_tensors){ 0, NULL }, LIST("x"), NULL, true).count, 0);
}
END_TEST

/* --- initial values ----------------------------------------------------------------------------------------------- */

enum { MANY = 40000 };

static void values_of(const char *name, slim_initializer initializer, slim_shape shape, float *out)
{
  slim_variable_initial_value(
      (slim_variable)(SLIM_ARGS(.graph = g, .name = name, .shape = shape, .initializer = initializer)), out);
}

static const struct init_case {
  const char *label;
  slim_initializer initializer;
  int dim[4];
  double mean, stddev, low, high; /* tolerance of mean and stddev: 2% of the range, of a sample of 40000 */
} inits[] = {
  { "constant", { .kind = SLIM_INIT_CONSTANT, .a = 0.5f }, { 1, 1, 200, 200 }, 0.5, 0, 0.5, 0.5 },
  { "normal", { .kind = SLIM_INIT_RANDOM_NORMAL, .a = 2, .b = 3 }, { 1, 1, 200, 200 }, 2, 3, -20, 20 },
  { "truncated", { .kind = SLIM_INIT_TRUNCATED_NORMAL, .b = 0.1f }, { 1, 1, 200, 200 }, 0, 0.08796, -0.2, 0.2 },
  { "uniform", { .kind = SLIM_INIT_RANDOM_UNIFORM, .a = -1, .b = 3 }, { 1, 1, 200, 200 }, 1, 1.1547, -1, 3 },
  /* fans 50 * 4 and 200 * 4: sqrt(6 / 1000); 10 * 4: sqrt(3 * 2 / 40) */
  { "xavier",
    { .kind = SLIM_INIT_VARIANCE_SCALING, .a = 1, .mode = SLIM_FAN_AVG, .uniform = 1 },
    { 2, 2, 50, 200 },
    0,
    0.044721,
    -0.0774597,
    0.0774597 },
  { "fan in",
    { .kind = SLIM_INIT_VARIANCE_SCALING, .a = 2, .mode = SLIM_FAN_IN, .uniform = 1 },
    { 2, 2, 10, 1000 },
    0,
    0.223607,
    -0.3872983,
    0.3872983 },
  /* fan out 4000, truncated normal of sqrt(1.3 * 2 / 4000) */
  { "fan out",
    { .kind = SLIM_INIT_VARIANCE_SCALING, .a = 2, .mode = SLIM_FAN_OUT },
    { 2, 2, 10, 1000 },
    0,
    0.025495 * 0.8796,
    -0.05099,
    0.05099 },
};

START_TEST(initial_values_have_their_distribution)
{
  const struct init_case *c = &inits[_i];
  const slim_shape shape = { 4, { c->dim[0], c->dim[1], c->dim[2], c->dim[3] } };
  float *v = malloc(MANY * sizeof *v);
  double sum = 0, squares = 0;
  values_of("w", c->initializer, shape, v);
  for (int i = 0; i < MANY; i++) {
    if (!(v[i] >= c->low - 1e-6 && v[i] <= c->high + 1e-6)) {
      ck_abort_msg("element %d is %g", i, (double)v[i]);
    }
    sum += v[i];
    squares += (v[i] - c->mean) * (v[i] - c->mean);
  }
  ck_assert(fabs(sum / MANY - c->mean) <= 0.02 * c->stddev);
  ck_assert(fabs(sqrt(squares / MANY) - c->stddev) <= 0.02 * c->stddev);
  free(v);
}
END_TEST

START_TEST(names_and_seeds_decide_initial_values)
{
  const slim_initializer own = { .kind = SLIM_INIT_RANDOM_NORMAL, .b = 1, .has_seed = 1, .seed = 5 };
  float a[8], b[8], c[8], d[8], again[8];
  values_of("a", SLIM_XAVIER, SLIM_SHAPE(8), a);
  values_of("b", SLIM_XAVIER, SLIM_SHAPE(8), b);
  values_of("c", own, SLIM_SHAPE(8), c);
  values_of("d", own, SLIM_SHAPE(8), d);
  slim_graph_destroy(g);
  setup();
  values_of("a", SLIM_XAVIER, SLIM_SHAPE(8), again);
  ck_assert_mem_eq(a, again, sizeof a);
  ck_assert_mem_ne(a, b, sizeof a);
  ck_assert_mem_eq(c, d, sizeof c);
  slim_graph_destroy(g);
  g = slim_graph_create(4);
  values_of("a", SLIM_XAVIER, SLIM_SHAPE(8), again);
  ck_assert_mem_ne(a, again, sizeof a);
}
END_TEST

START_TEST(fans_of_low_ranks)
{
  const float limit[] = { 1.7320508f, 0.3872983f, 0.4472136f }; /* n: 1; 20; (10 + 20) / 2 */
  const slim_shape shapes[] = { { 0 }, { 1, { 20 } }, { 2, { 10, 20 } } };
  float v[200], top = 0;
  values_of("w", SLIM_XAVIER, shapes[_i], v);
  for (size_t i = 0; i < slim_shape_elements(&shapes[_i]); i++) {
    top = fmaxf(top, fabsf(v[i]));
  }
  ck_assert(top <= limit[_i] && top > (_i == 0 ? 0.0f : 0.8f * limit[_i]));
}
END_TEST

START_TEST(a_null_graph_gives_nothing)
{
  ck_assert_ptr_null(slim_variable(NULL, "a", SLIM_SHAPE(2)));
  ck_assert_ptr_null(slim_model_variable(NULL, "a", SLIM_SHAPE(2)));
  ck_assert_ptr_null(slim_local_variable(NULL, "a", SLIM_FLOAT32, SLIM_SCALAR, NULL));
  ck_assert_ptr_null(slim_get_or_create_global_step(NULL));
  ck_assert_ptr_null(slim_get_unique_variable(NULL, "a"));
  ck_assert_uint_eq(slim_get_variables(NULL, "a", "b", NULL).count, 0);
  ck_assert_uint_eq(slim_get_variables_to_restore(NULL, NULL, NULL).count, 0);
  ck_assert_int_eq(slim_add_model_variable(NULL), SLIM_ERR_ARG);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, full_names_come_from_variable_scopes_alone);
  tcase_add_loop_test(c, reuse_decides_between_get_and_create, 0, (int)(sizeof reuses / sizeof *reuses));
  tcase_add_test(c, reuse_is_inherited_and_no_does_not_switch_it_off);
  tcase_add_test(c, the_reuse_option_of_a_variable_counts);
  tcase_add_loop_test(c, misfits_have_exact_text, 0, (int)(sizeof misfits / sizeof *misfits));
  tcase_add_test(c, variables_enter_their_collections_once);
  tcase_add_test(c, local_and_global_variables_follow_name_scopes);
  tcase_add_test(c, integers_live_on_the_host_and_do_not_train);
  tcase_add_test(c, the_global_step_is_one_int64_counter);
  tcase_add_loop_test(c, another_tensor_must_be_fit_to_be_the_global_step, 0, 2);
  tcase_add_loop_test(c, variables_are_filtered_by_scope_and_suffix, 0, (int)(sizeof filters / sizeof *filters));
  tcase_add_test(c, the_other_lists_use_their_collections);
  tcase_add_test(c, a_unique_variable_is_found_by_full_name);
  tcase_add_test(c, variables_to_restore_include_and_exclude_scopes);
  tcase_add_test(c, filter_variables_searches_or_matches);
  tcase_add_loop_test(c, initial_values_have_their_distribution, 0, (int)(sizeof inits / sizeof *inits));
  tcase_add_test(c, names_and_seeds_decide_initial_values);
  tcase_add_loop_test(c, fans_of_low_ranks, 0, 3);
  tcase_add_test(c, a_null_graph_gives_nothing);
}

TEST_MAIN("variables", build, NULL)
