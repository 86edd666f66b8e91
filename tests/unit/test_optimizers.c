/* Optimizers: the graph they make. */
#include "graph/graph.h"
#include "ops/ops.h"
#include "slim/optimizers.h"
#include "test_main.h"

static slim_graph *g;
static slim_tensor *w, *v, *rate, *loss;

static slim_tensor *half_squares(slim_tensor *x)
{
  return slim_op_reduce_add(x, SLIM_REDUCE_HALF_SQUARES, (1u << x->shape.rank) - 1u, 0);
}

static void setup(void)
{
  g = slim_graph_create(1);
  SLIM_VARIABLE_SCOPE (g, "net", SLIM_REUSE_UNSET) {
    w = slim_variable(g, "w", SLIM_SHAPE(2, 3));
    v = slim_variable(g, "v", SLIM_SHAPE(3));
  }
  rate = slim_constant(g, 0.1f, "learning_rate");
  loss = half_squares(slim_op_binary_add(w, v, SLIM_BINARY_MUL));
}

static void teardown(void)
{
  slim_graph_destroy(g);
}

static const slim_tensors all = { 0, NULL };

static const struct kind_case {
  const char *label, *op;
  const char *slots[4];
  float first; /* initial value of the first slot */
  int inputs;
} kinds[] = {
  { "GradientDescent", "apply_gradient_descent", { NULL }, 0, 1 + 2 * 2 },
  { "Momentum", "apply_momentum", { "Momentum", NULL }, 0, 1 + 2 * 3 },
  { "Adam", "apply_adam", { "Adam", "Adam_1", NULL }, 0, 3 + 2 * 4 },
  { "RMSProp", "apply_rms_prop", { "RMSProp", "RMSProp_1", NULL }, 1, 1 + 2 * 4 },
  { "RMSProp", "apply_rms_prop", { "RMSProp", "RMSProp_1", "RMSProp_2", NULL }, 1, 1 + 2 * 5 },
  { "Adagrad", "apply_adagrad", { "Adagrad", NULL }, 0.1f, 1 + 2 * 3 },
  { "Adadelta", "apply_adadelta", { "Adadelta", "Adadelta_1", NULL }, 0, 1 + 2 * 4 },
  { "Ftrl", "apply_ftrl", { "Ftrl", "Ftrl_1", NULL }, 0.1f, 1 + 2 * 4 },
  { "ProximalGradientDescent", "apply_proximal_gradient_descent", { NULL }, 0, 1 + 2 * 2 },
  { "ProximalAdagrad", "apply_proximal_adagrad", { "ProximalAdagrad", NULL }, 0.1f, 1 + 2 * 3 },
};

static slim_optimizer *make(int kind)
{
  switch (kind) {
  case 0:
    return slim_gradient_descent_optimizer(rate);
  case 1:
    return slim_momentum_optimizer(rate, 0.9f, .use_nesterov = SLIM_YES);
  case 2:
    return slim_adam_optimizer(rate);
  case 3:
    return slim_rms_prop_optimizer(rate);
  case 4:
    return slim_rms_prop_optimizer(rate, .centered = SLIM_YES);
  case 5:
    return slim_adagrad_optimizer(rate);
  case 6:
    return slim_adadelta_optimizer(rate);
  case 7:
    return slim_ftrl_optimizer(rate);
  case 8:
    return slim_proximal_gradient_descent_optimizer(rate);
  default:
    return slim_proximal_adagrad_optimizer(rate);
  }
}

START_TEST(slots_are_named_and_start_as_in_tensorflow)
{
  const struct kind_case *c = &kinds[_i];
  slim_optimizer *optimizer = make(_i);
  (void)slim_minimize(optimizer, loss, slim_get_or_create_global_step(g), all);
  ck_assert_str_eq(slim_graph_error(g), "");
  ck_assert_str_eq(slim_optimizer_name(optimizer), c->label);
  ck_assert_ptr_eq(slim_optimizer_learning_rate(optimizer), rate);
  size_t i = 0;
  for (; c->slots[i]; i++) {
    char name[64];
    float value[6] = { -1 };
    (void)snprintf(name, sizeof name, "net/w/%s", c->slots[i]);
    slim_tensor *slot = slim_variable_find(g, name);
    ck_assert_ptr_nonnull(slot);
    ck_assert_ptr_eq(slim_optimizer_slot(optimizer, w, c->slots[i]), slot);
    ck_assert_str_eq(slim_optimizer_slot_name(optimizer, i), c->slots[i]);
    ck_assert(!slim_variable_trainable(slot));
    ck_assert_uint_ge(slim_get_variables(g, name, NULL, NULL).count, 1);
    slim_variable_initial_value(slot, value);
    ck_assert_float_eq(value[5], i == 0 ? c->first : 0.0f);
  }
  ck_assert_ptr_null(slim_optimizer_slot_name(optimizer, i));
  ck_assert_ptr_null(slim_optimizer_slot(optimizer, w, "other"));
}
END_TEST

START_TEST(one_node_updates_all_variables_and_counters_follow)
{
  const struct kind_case *c = &kinds[_i];
  slim_tensor *step = slim_get_or_create_global_step(g);
  const slim_tensor *train = slim_minimize(make(_i), loss, step, all);
  char name[64];
  (void)snprintf(name, sizeof name, "%s/update", c->label);
  const slim_node *update = slim_graph_find(g, name)->node;
  ck_assert_str_eq(update->op->name, c->op);
  ck_assert_int_eq(update->num_inputs, c->inputs);
  ck_assert_int_eq(update->stage, SLIM_STAGE_OPTIMIZE);
  ck_assert_int_eq(((const slim_apply_attr *)update->attr)->variables, 2);
  ck_assert_str_eq(train->node->name, c->label);
  ck_assert_ptr_eq(train->node->op, &slim_op_group);
  const slim_node *count = train->node->inputs[train->node->num_inputs - 1]->node;
  ck_assert_ptr_eq(count->op, &slim_op_counter);
  ck_assert_ptr_eq(count->inputs[0], step);
  ck_assert_int_eq(count->stage, SLIM_STAGE_STEP);
  ck_assert_int_eq(loss->node->stage, SLIM_STAGE_COMPUTE);
  ck_assert_int_eq(slim_constant(g, 1, NULL)->node->stage, SLIM_STAGE_COMPUTE);
}
END_TEST

START_TEST(adam_keeps_the_powers_of_beta_on_the_host)
{
  float beta[2] = { 0 };
  (void)slim_minimize(slim_adam_optimizer(rate, .beta1 = 0.8f), loss, NULL, all);
  slim_tensor *one = slim_variable_find(g, "beta1_power"), *two = slim_variable_find(g, "beta2_power");
  slim_variable_initial_value(one, &beta[0]);
  slim_variable_initial_value(two, &beta[1]);
  ck_assert_float_eq(beta[0], 0.8f);
  ck_assert_float_eq(beta[1], 0.999f);
  ck_assert(slim_tensor_on_host(one) && slim_tensor_on_host(two));
  const slim_counter_attr *attr = slim_graph_find(g, "Adam/Assign")->node->attr;
  ck_assert_double_eq(attr->multiply, (double)0.8f);
  ck_assert_double_eq(attr->add, 0.0);
  ck_assert_uint_eq(slim_get_variables(g, "beta", NULL, NULL).count, 2);
}
END_TEST

START_TEST(a_second_optimizer_has_slots_of_its_own)
{
  slim_optimizer *first = slim_momentum_optimizer(rate, 0.9f), *second = slim_momentum_optimizer(rate, 0.5f);
  (void)slim_minimize(first, loss, NULL, all);
  (void)slim_minimize(second, loss, NULL, all);
  (void)slim_minimize(first, loss, NULL, all);
  ck_assert_str_eq(slim_graph_error(g), "");
  ck_assert_str_eq(slim_variable_full_name(slim_optimizer_slot(second, w, "Momentum")), "net/w/Momentum_1");
  ck_assert_ptr_null(slim_variable_find(g, "net/w/Momentum_2"));
}
END_TEST

START_TEST(chosen_variables_and_missing_gradients)
{
  slim_tensor *aside = slim_variable(g, "aside", SLIM_SHAPE(2));
  slim_tensor *const chosen[] = { v, aside };
  const slim_gradient_list list = slim_compute_gradients(make(1), loss, (slim_tensors){ 2, chosen });
  ck_assert_uint_eq(list.count, 2);
  ck_assert_ptr_eq(list.item[0].variable, v);
  ck_assert_ptr_nonnull(list.item[0].gradient);
  ck_assert_ptr_null(list.item[1].gradient);
  (void)slim_apply_gradients(make(1), list, NULL);
  ck_assert_str_eq(slim_graph_error(g), "");
  ck_assert_ptr_null(slim_variable_find(g, "aside/Momentum"));
  ck_assert_ptr_nonnull(slim_variable_find(g, "net/v/Momentum"));
}
END_TEST

static const char *const errors[] = {
  "optimizer Momentum: momentum -1 must be at least 0 and below 1e+30",
  "optimizer Adam: beta1 1 must be at least 0 and below 1",
  "optimizer RMSProp: decay -0.5 must be at least 0 and below 1",
  "optimizer GradientDescent: learning rate 'net/v:0' is float32 [3], must be a float32 scalar",
  "optimizer Momentum: none of 1 variables has a gradient",
  "clip_gradient_norms: max_norm 0 must be above 0",
  "multiply_gradients: no multiplier is given",
  "multiply_gradients: 'aside' has no gradient",
  "compute_gradients of 'L2Loss:0': the optimizer is NULL",
  "moving average: 'learning_rate:0' is not a variable",
  "optimizer Momentum: the list of variables to train is empty",
  "optimizer Momentum: there is no trainable variable",
};

static void provoke(int which)
{
  slim_tensor *const aside[] = { slim_variable(g, "aside", SLIM_SHAPE(2)) };
  const slim_tensors one = { 1, aside };
  const slim_gradient_list some = slim_compute_gradients(make(1), loss, which == 7 ? one : all);
  const slim_gradient_multiplier multiplier = { "aside", 2.0f };
  slim_graph *bare = NULL;
  switch (which) {
  case 0:
    ck_assert_ptr_null(slim_momentum_optimizer(rate, -1.0f));
    break;
  case 1:
    ck_assert_ptr_null(slim_adam_optimizer(rate, .beta1 = 1.0f));
    break;
  case 2:
    ck_assert_ptr_null(slim_rms_prop_optimizer(rate, .decay = -0.5f));
    break;
  case 3:
    ck_assert_ptr_null(slim_gradient_descent_optimizer(v));
    break;
  case 4:
    ck_assert(slim_is_poison(slim_minimize(make(1), loss, NULL, one)));
    break;
  case 5:
    (void)slim_clip_gradient_norms(some, 0.0f);
    break;
  case 6:
    (void)slim_multiply_gradients(some, NULL, 0);
    break;
  case 7:
    (void)slim_multiply_gradients(some, &multiplier, 1);
    break;
  case 8:
    ck_assert(slim_is_poison(slim_minimize(NULL, loss, NULL, all)));
    break;
  case 9:
    ck_assert(slim_is_poison(slim_moving_average_apply((slim_tensors){ 1, (slim_tensor *const[]){ rate } }, 0.5f)));
    break;
  case 10: /* a scope mistyped */
    (void)slim_minimize(make(1), loss, NULL, slim_get_trainable_variables(g, "nett", NULL));
    break;
  default:
    bare = slim_graph_create(1);
    rate = slim_constant(bare, 1, NULL);
    (void)slim_minimize(make(1), rate, NULL, all);
    slim_graph_destroy(g);
    g = bare;
  }
}

START_TEST(errors_have_exact_text)
{
  provoke(_i);
  ck_assert_str_eq(slim_graph_error(g), errors[_i]);
}
END_TEST

START_TEST(poison_and_null_pass)
{
  ck_assert_ptr_null(slim_adam_optimizer(NULL));
  ck_assert_ptr_null(slim_adam_optimizer(g->poison));
  ck_assert_ptr_null(slim_minimize(NULL, NULL, NULL, all));
  ck_assert_ptr_eq(slim_minimize(make(1), g->poison, NULL, all), g->poison);
  ck_assert_ptr_null(slim_exponential_decay(1, NULL, 1, 1, false));
  ck_assert_ptr_null(slim_moving_average_apply(all, 0.5f));
  ck_assert_ptr_null(slim_optimizer_learning_rate(NULL));
}
END_TEST

static void build(TCase *c)
{
  const int num_kinds = (int)(sizeof kinds / sizeof *kinds);
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_loop_test(c, slots_are_named_and_start_as_in_tensorflow, 0, num_kinds);
  tcase_add_loop_test(c, one_node_updates_all_variables_and_counters_follow, 0, num_kinds);
  tcase_add_test(c, adam_keeps_the_powers_of_beta_on_the_host);
  tcase_add_test(c, a_second_optimizer_has_slots_of_its_own);
  tcase_add_test(c, chosen_variables_and_missing_gradients);
  tcase_add_loop_test(c, errors_have_exact_text, 0, (int)(sizeof errors / sizeof *errors));
  tcase_add_test(c, poison_and_null_pass);
}

TEST_MAIN("optimizers", build, NULL)
