/* Custom getters: variables that layers share, or that stand behind what layers use. */
#include "test_main.h"

#include "slim/slim.h"

#include <string.h>

static slim_graph *g;
static slim_tensor *x;

static void setup(void)
{
  g = slim_graph_create(3);
  x = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 4), "x");
}

static void teardown(void)
{
  slim_graph_destroy(g);
}

static slim_tensor *count(void *user, const slim_getter *getter, const char *name)
{
  char *names = user;
  (void)snprintf(names + strlen(names), 256 - strlen(names), "%s ", name);
  return slim_getter_get(getter, name);
}

/* All weights are one variable. */
static slim_tensor *share(void *user, const slim_getter *getter, const char *name)
{
  (void)user;
  return slim_getter_get(getter, strstr(name, "weights") ? "shared/weights" : name);
}

static slim_tensor *twice(void *user, const slim_getter *getter, const char *name)
{
  (void)user;
  return slim_scale(slim_getter_get(getter, name), 2, 0);
}

START_TEST(layers_ask_by_full_name_up_to_the_end_of_the_scope)
{
  char names[256] = "";
  SLIM_VARIABLE_SCOPE (g, "net", SLIM_REUSE_UNSET) {
    ck_assert_int_eq(slim_set_custom_getter(g, count, names), SLIM_OK);
    (void)slim_fully_connected(x, 3, .scope = "a");
  }
  (void)slim_fully_connected(x, 3, .scope = "b");
  ck_assert_str_eq(slim_graph_error(g), "");
  ck_assert_str_eq(names, "net/a/weights net/a/biases ");
  ck_assert_int_eq(slim_get_model_variables(g, NULL, NULL).count, 4);
}
END_TEST

START_TEST(layers_of_different_scopes_share_a_variable)
{
  SLIM_VARIABLE_SCOPE (g, "net", SLIM_AUTO_REUSE) {
    (void)slim_set_custom_getter(g, share, NULL);
    (void)slim_fully_connected(x, 3, .weights_regularizer = SLIM_L2(0.1f), .scope = "a");
    (void)slim_fully_connected(x, 3, .weights_regularizer = SLIM_L2(0.1f), .scope = "b");
  }
  ck_assert_str_eq(slim_graph_error(g), "");
  const slim_tensors variables = slim_get_model_variables(g, NULL, NULL);
  ck_assert_int_eq(variables.count, 3);
  ck_assert_str_eq(slim_variable_full_name(variables.item[0]), "shared/weights");
  ck_assert_int_eq(slim_get_regularization_losses(g, NULL).count, 1);
}
END_TEST

/* The inner getter asks the outer one, which renames; collections and penalties are the variable's. */
START_TEST(getters_within_getters)
{
  slim_tensor *w = NULL;
  SLIM_VARIABLE_SCOPE (g, "net", SLIM_REUSE_UNSET) {
    (void)slim_set_custom_getter(g, share, NULL);
    SLIM_VARIABLE_SCOPE (g, "inner", SLIM_REUSE_UNSET) {
      (void)slim_set_custom_getter(g, twice, NULL);
      w = slim_model_variable(g, "weights", SLIM_SHAPE(2, 3), .regularizer = SLIM_L2(0.1f));
    }
  }
  ck_assert_str_eq(slim_graph_error(g), "");
  ck_assert(!slim_is_variable(w));
  const slim_tensors variables = slim_get_model_variables(g, NULL, NULL);
  ck_assert_int_eq(variables.count, 1);
  ck_assert_str_eq(slim_variable_full_name(variables.item[0]), "shared/weights");
  ck_assert_str_eq(slim_tensor_name(slim_get_regularization_losses(g, NULL).item[0]),
                   "shared/weights/Regularizer/l2_regularizer:0");
}
END_TEST

static slim_tensor *nothing(void *user, const slim_getter *getter, const char *name)
{
  (void)user, (void)getter, (void)name;
  return NULL;
}

static slim_tensor *misshapen(void *user, const slim_getter *getter, const char *name)
{
  (void)user, (void)name;
  return slim_reshape(slim_getter_get(getter, "w"), SLIM_SHAPE(6));
}

static slim_tensor *misnamed(void *user, const slim_getter *getter, const char *name)
{
  (void)user, (void)name;
  return slim_getter_get(getter, "a b");
}

static const struct {
  slim_getter_fn getter;
  const char *text;
} mistakes[] = {
  { nothing, "variable 'v': its custom getter gives no tensor of this graph" },
  { misshapen, "variable 'v': its custom getter gives float32 [6], not float32 [2,3]" },
  { misnamed, "custom getter: 'a b' is not a valid name (letters, digits and _.-/)" },
  { NULL, "set_custom_getter: the getter is missing" },
};

START_TEST(mistakes_have_exact_text)
{
  (void)slim_set_custom_getter(g, mistakes[_i].getter, NULL);
  ck_assert_ptr_nonnull(slim_variable(g, "v", SLIM_SHAPE(2, 3)));
  ck_assert_str_eq(slim_graph_error(g), mistakes[_i].text);
  ck_assert_int_eq(slim_set_custom_getter(NULL, share, NULL), SLIM_ERR_ARG);
  ck_assert_ptr_null(slim_getter_get(NULL, "v"));
}
END_TEST

/* y of a layer whose variables are doubled on the way, and what its gradient reaches. */
START_TEST(the_gradient_goes_to_the_variable)
{
  slim_tensor *plain = NULL, *doubled = NULL;
  SLIM_VARIABLE_SCOPE (g, "net", SLIM_AUTO_REUSE) {
    plain = slim_fully_connected(x, 3, .activation = slim_identity, .scope = "a");
    (void)slim_set_custom_getter(g, twice, NULL);
    doubled = slim_fully_connected(x, 3, .activation = slim_identity, .scope = "a");
  }
  slim_tensor *w = slim_get_model_variables(g, NULL, NULL).item[0], *dw[2] = { NULL, NULL };
  slim_tensor *outputs[] = { plain, doubled };
  for (int i = 0; i < 2; i++) {
    dw[i] = slim_gradients(slim_reduce_sum(outputs[i], 3, false), (slim_tensors){ 1, &w }).item[0];
  }
  slim_error error = { 0 };
  slim_session *session = slim_session_open(g, "cpu", &error);
  ck_assert_msg(session != NULL, "%s", error.text);
  ck_assert_int_eq(slim_session_initialize(session), SLIM_OK);
  static const float data[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  float y[2][6], d[2][12];
  const slim_feed feed = { x, data, 2 };
  const slim_fetch fetches[] = {
    { plain, y[0], sizeof y[0] },
    { doubled, y[1], sizeof y[1] },
    { dw[0], d[0], sizeof d[0] },
    { dw[1], d[1], sizeof d[1] },
  };
  ck_assert_int_eq(slim_session_run(session, &feed, 1, fetches, 4), SLIM_OK);
  for (int i = 0; i < 6; i++) {
    ck_assert_float_eq_tol(y[1][i], 2 * y[0][i], 1e-5f);
  }
  for (int i = 0; i < 12; i++) {
    ck_assert_float_eq_tol(d[1][i], 2 * d[0][i], 1e-5f);
  }
  slim_session_destroy(session);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, layers_ask_by_full_name_up_to_the_end_of_the_scope);
  tcase_add_test(c, layers_of_different_scopes_share_a_variable);
  tcase_add_test(c, getters_within_getters);
  tcase_add_loop_test(c, mistakes_have_exact_text, 0, 4);
  tcase_add_test(c, the_gradient_goes_to_the_variable);
}
TEST_MAIN("custom_getter", build, NULL)
