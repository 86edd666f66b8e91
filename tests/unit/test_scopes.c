/* Name scopes and variable scopes. The expected names were printed by TensorFlow for the same calls. */
#include "graph/graph.h"
#include "test_main.h"

static slim_graph *g;

static void setup(void)
{
  g = slim_graph_create(1);
}

static void teardown(void)
{
  slim_graph_destroy(g);
}

/* "variable scope | name of an op made here" */
static const char *where(void)
{
  static char text[256];
  const slim_tensor *op = slim_placeholder(g, SLIM_FLOAT32, SLIM_SCALAR, "op");
  (void)snprintf(text, sizeof text, "%s | %s", slim_variable_scope_name(g), op->node->name);
  return text;
}

#define INSIDE(begin_, expected_)                                                                                      \
  do {                                                                                                                 \
    slim_scope scope = begin_;                                                                                         \
    ck_assert_str_eq(where(), expected_);                                                                              \
    slim_scope_end(&scope);                                                                                            \
  } while (0)

static slim_scope variable(const char *name, slim_reuse reuse)
{
  return slim_variable_scope_begin(g, name, NULL, reuse);
}

static slim_scope by_default(const char *name)
{
  return slim_variable_scope_begin(g, NULL, name, SLIM_REUSE_UNSET);
}

START_TEST(only_default_names_of_variable_scopes_are_made_unique)
{
  slim_scope a = variable("a", SLIM_REUSE_UNSET);
  ck_assert_str_eq(where(), "a | a/op");
  INSIDE(by_default("Conv"), "a/Conv | a/Conv/op");
  INSIDE(by_default("Conv"), "a/Conv_1 | a/Conv_1/op");
  INSIDE(variable("Conv", SLIM_REUSE_UNSET), "a/Conv | a/Conv_2/op");
  INSIDE(by_default("Conv"), "a/Conv_2 | a/Conv_3/op");
  INSIDE(slim_name_scope_begin(g, "Conv"), "a | a/Conv_4/op");
  slim_scope_end(&a);
}
END_TEST

START_TEST(leaving_a_scope_resets_the_counters_inside)
{
  slim_scope a = variable("a", SLIM_REUSE_UNSET);
  INSIDE(by_default("Conv"), "a/Conv | a/Conv/op");
  slim_scope_end(&a);
  a = variable("a", SLIM_REUSE_UNSET);
  ck_assert_str_eq(where(), "a | a_1/op");
  INSIDE(by_default("Conv"), "a/Conv | a_1/Conv/op");
  slim_scope_end(&a);
  INSIDE(variable("A", SLIM_REUSE_UNSET), "A | A_2/op");
}
END_TEST

START_TEST(name_scopes_are_always_unique_or_absolute)
{
  slim_scope n = slim_name_scope_begin(g, "n");
  INSIDE(slim_name_scope_begin(g, "n"), " | n/n/op");
  INSIDE(slim_name_scope_begin(g, "n/"), " | n/op");
  INSIDE(slim_name_scope_begin(g, ""), " | op");
  slim_scope_end(&n);
  INSIDE(slim_name_scope_begin(g, "n"), " | n_1/op");
}
END_TEST

START_TEST(a_scope_name_may_have_slashes)
{
  slim_scope v = variable("v", SLIM_REUSE_UNSET);
  slim_scope q = slim_name_scope_begin(g, "q");
  INSIDE(variable("deep/er", SLIM_REUSE_UNSET), "v/deep/er | v/q/deep/er/op");
  slim_scope_end(&q);
  slim_scope_end(&v);
}
END_TEST

START_TEST(op_names_are_unique_without_regard_to_case)
{
  static const char *const asked[] = { "Conv2D", "Conv2D", "conv2d", "Conv2D_1", "Conv2D" };
  static const char *const given[] = { "Conv2D:0", "Conv2D_1:0", "conv2d_2:0", "Conv2D_1_1:0", "Conv2D_3:0" };
  for (int i = 0; i < 5; i++) {
    ck_assert_str_eq(slim_tensor_name(slim_placeholder(g, SLIM_FLOAT32, SLIM_SCALAR, asked[i])), given[i]);
  }
}
END_TEST

START_TEST(ending_an_outer_scope_closes_the_inner_ones)
{
  slim_scope a = variable("a", SLIM_REUSE_UNSET);
  slim_scope b = variable("b", SLIM_REUSE_UNSET);
  slim_scope n = slim_name_scope_begin(g, "n");
  slim_scope_end(&a);
  ck_assert_str_eq(where(), " | op");
  slim_scope c = variable("c", SLIM_REUSE_UNSET);
  slim_scope_end(&n);
  slim_scope_end(&b);
  slim_scope_end(&a);
  slim_scope_end(&c);
  slim_scope_end(&c);
  ck_assert_str_eq(where(), " | op_1");
  ck_assert_str_eq(slim_graph_error(g), "");
}
END_TEST

static int leave_early(int how)
{
  for (int i = 0; i < 2; i++) {
    SLIM_VARIABLE_SCOPE (g, "a", SLIM_REUSE_UNSET) {
      SLIM_NAME_SCOPE (g, "n") {
        if (how == 0) {
          return 1;
        }
        if (how == 1) {
          goto out;
        }
        break;
      }
    }
  }
out:
  return 2;
}

START_TEST(return_goto_and_break_close_scopes)
{
  (void)leave_early(_i);
  ck_assert_str_eq(slim_variable_scope_name(g), "");
  ck_assert_str_eq(slim_name_scope_current(g), "");
}
END_TEST

START_TEST(scope_errors_have_exact_text)
{
  static const char *const texts[] = {
    "variable scope 'Conv': reuse needs a scope name",
    "variable scope: neither name nor default name is given",
    "scope: 'a b' is not a valid name (letters, digits and _.-/)",
    "scope: '-a' is not a valid name (letters, digits and _.-/)",
  };
  slim_scope scope = _i == 0   ? slim_variable_scope_begin(g, NULL, "Conv", SLIM_REUSE_YES)
                     : _i == 1 ? slim_variable_scope_begin(g, NULL, NULL, SLIM_REUSE_UNSET)
                               : slim_name_scope_begin(g, _i == 2 ? "a b" : "-a");
  ck_assert(scope.open);
  slim_scope_end(&scope);
  ck_assert_int_eq(slim_graph_status(g), SLIM_ERR_ARG);
  ck_assert_str_eq(slim_graph_error(g), texts[_i]);
}
END_TEST

START_TEST(a_null_graph_runs_the_body_once)
{
  int runs = 0;
  SLIM_VARIABLE_SCOPE (NULL, "a", SLIM_REUSE_UNSET) {
    SLIM_NAME_SCOPE (NULL, "n") {
      runs++;
    }
  }
  ck_assert_int_eq(runs, 1);
  ck_assert_str_eq(slim_variable_scope_name(NULL), "");
}
END_TEST

START_TEST(scopes_nest_deeply)
{
  slim_scope first = variable("s", SLIM_REUSE_UNSET);
  for (int i = 0; i < 100; i++) {
    (void)variable("s", SLIM_REUSE_UNSET);
  }
  ck_assert_uint_eq(strlen(slim_variable_scope_name(g)), 201);
  slim_scope_end(&first);
  ck_assert_str_eq(slim_variable_scope_name(g), "");
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, only_default_names_of_variable_scopes_are_made_unique);
  tcase_add_test(c, leaving_a_scope_resets_the_counters_inside);
  tcase_add_test(c, name_scopes_are_always_unique_or_absolute);
  tcase_add_test(c, a_scope_name_may_have_slashes);
  tcase_add_test(c, op_names_are_unique_without_regard_to_case);
  tcase_add_test(c, ending_an_outer_scope_closes_the_inner_ones);
  tcase_add_loop_test(c, return_goto_and_break_close_scopes, 0, 3);
  tcase_add_loop_test(c, scope_errors_have_exact_text, 0, 4);
  tcase_add_test(c, a_null_graph_runs_the_body_once);
  tcase_add_test(c, scopes_nest_deeply);
}

TEST_MAIN("scopes", build, NULL)
