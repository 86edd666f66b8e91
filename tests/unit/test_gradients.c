/* The structure of gradient graphs; their numbers are tested with each op. And the penalties of regularizers. */
#include "graph/graph.h"
#include "ops/ops.h"
#include "test_main.h"

static slim_graph *g;
static slim_tensor *w, *v, *x;

static void setup(void)
{
  g = slim_graph_create(1);
  x = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 3), "x");
  w = slim_variable(g, "w", SLIM_SHAPE(3));
  v = slim_variable(g, "v", SLIM_SHAPE(3));
}

static void teardown(void)
{
  slim_graph_destroy(g);
}

#define OF(...)                                                                                                        \
  ((slim_tensors){ sizeof((slim_tensor *[]){ __VA_ARGS__ }) / sizeof(slim_tensor *),                                   \
                   (slim_tensor *const[]){ __VA_ARGS__ } })

static slim_tensor *square(slim_tensor *a)
{
  return slim_op_unary_add(a, SLIM_UNARY_SQUARE, 0, 0);
}

static slim_tensor *sum(slim_tensor *a)
{
  return slim_op_reduce_add(a, SLIM_REDUCE_SUM, (1u << a->shape.rank) - 1u, 0);
}

START_TEST(gradients_have_the_shape_of_their_variables)
{
  slim_tensor *loss = sum(slim_op_binary_add(x, square(w), SLIM_BINARY_MUL));
  const slim_tensors dx = slim_gradients(loss, OF(w, v, x));
  ck_assert_str_eq(slim_graph_error(g), "");
  ck_assert_uint_eq(dx.count, 3);
  ck_assert(slim_shape_equal(&dx.item[0]->shape, &w->shape));
  ck_assert_ptr_null(dx.item[1]);
  ck_assert(slim_shape_equal(&dx.item[2]->shape, &x->shape));
}
END_TEST

START_TEST(names_lie_under_gradients_and_the_forward_op)
{
  slim_tensor *loss = NULL;
  SLIM_VARIABLE_SCOPE (g, "net", SLIM_REUSE_UNSET) {
    loss = sum(square(w));
  }
  const slim_tensors one = slim_gradients(loss, OF(w));
  const slim_tensors two = slim_gradients(loss, OF(w));
  ck_assert_int_eq(strncmp(one.item[0]->name, "gradients/net/Square_grad/", 26), 0);
  ck_assert_int_eq(strncmp(two.item[0]->name, "gradients_1/net/Square_grad/", 28), 0);
  ck_assert_str_eq(slim_name_scope_current(g), "");
}
END_TEST

START_TEST(several_uses_are_added_up_once)
{
  slim_tensor *loss = sum(slim_op_binary_add(slim_op_binary_add(square(w), w, SLIM_BINARY_ADD), w, SLIM_BINARY_SUB));
  const slim_tensors dx = slim_gradients(loss, OF(w, w));
  ck_assert_ptr_eq(dx.item[0]->node->op, &slim_op_add_n);
  ck_assert_int_eq(dx.item[0]->node->num_inputs, 3);
  ck_assert_str_eq(dx.item[0]->name, "gradients/AddN:0");
  ck_assert_ptr_eq(dx.item[0], dx.item[1]);
}
END_TEST

START_TEST(a_tensor_between_has_a_gradient_too)
{
  slim_tensor *h = square(w);
  const slim_tensors dx = slim_gradients(sum(square(h)), OF(h, w));
  ck_assert_ptr_nonnull(dx.item[0]);
  ck_assert_ptr_nonnull(dx.item[1]);
}
END_TEST

START_TEST(the_gradient_of_itself_is_one)
{
  slim_tensor *loss = sum(w);
  slim_tensor *one = slim_gradients(loss, OF(loss)).item[0];
  ck_assert_ptr_eq(one->node->op, &slim_op_constant);
  ck_assert_float_eq(*(const float *)((const slim_source_attr *)one->node->attr)->values, 1.0f);
  slim_tensor *ones = slim_gradients(w, OF(w)).item[0];
  ck_assert_ptr_eq(ones->node->op, &slim_op_broadcast_like);
  ck_assert(slim_shape_equal(&ones->shape, &w->shape));
}
END_TEST

START_TEST(shapes_and_integers_pass_nothing)
{
  const slim_argmax_attr attr = { 0 };
  slim_tensor *top = slim_op_add(&w, 1, &slim_op_argmax, "ArgMax", &attr);
  slim_tensor *like = slim_op_broadcast_like_add(sum(v), w, 1, 0);
  slim_tensor *loss = slim_op_binary_add(sum(like), slim_op_cast_add(top, SLIM_FLOAT32), SLIM_BINARY_ADD);
  const slim_tensors dx = slim_gradients(loss, OF(w, v));
  ck_assert_str_eq(slim_graph_error(g), "");
  ck_assert_ptr_null(dx.item[0]);
  ck_assert_ptr_nonnull(dx.item[1]);
}
END_TEST

static bool infer_same(slim_inference *q)
{
  q->out[0] = q->in[0];
  return true;
}

static void wrong_gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  (void)node;
  dx[0] = sum(dy[0]);
}

static const slim_op op_stuck = {
  .name = "stuck", .min_inputs = 1, .max_inputs = 1, .outputs = 1, .infer = infer_same
};
static const slim_op op_wrong = {
  .name = "wrong", .min_inputs = 1, .max_inputs = 1, .outputs = 1, .infer = infer_same, .gradient = wrong_gradient
};

static const struct error_case {
  const char *text;
  slim_status status;
} errors[] = {
  { "gradients of 'Sum:0': stuck 'Stuck' has no gradient", SLIM_ERR_UNSUPPORTED },
  { "gradients: wrong 'Wrong' gives input 0 the shape [], must be [3]", SLIM_ERR_SHAPE },
  { "gradients of 'n:0': it is int32, must be float32", SLIM_ERR_TYPE },
  { "gradients of 'Sum:0': x 2 of 2 is not of the same graph", SLIM_ERR_ARG },
};

START_TEST(errors_have_exact_text)
{
  slim_graph *other = slim_graph_create(1);
  slim_tensor *strange = slim_variable(other, "s", SLIM_SCALAR);
  slim_tensor *y = _i == 0   ? sum(slim_node_add(g, &op_stuck, "Stuck", NULL, &w, 1))
                   : _i == 1 ? sum(slim_node_add(g, &op_wrong, "Wrong", NULL, &w, 1))
                   : _i == 2 ? slim_placeholder(g, SLIM_INT32, SLIM_SCALAR, "n")
                             : sum(w);
  const slim_tensors dx = slim_gradients(y, OF(w, _i == 3 ? strange : v));
  ck_assert_int_eq(slim_graph_status(g), errors[_i].status);
  ck_assert_str_eq(slim_graph_error(g), errors[_i].text);
  for (size_t i = 0; i < dx.count; i++) {
    ck_assert(slim_is_poison(dx.item[i]));
  }
  slim_graph_destroy(other);
}
END_TEST

START_TEST(an_op_without_gradient_beside_the_path_is_no_error)
{
  slim_tensor *aside = slim_node_add(g, &op_stuck, "Stuck", NULL, &v, 1);
  const slim_tensors dx = slim_gradients(sum(slim_op_binary_add(w, aside, SLIM_BINARY_MUL)), OF(w));
  ck_assert_str_eq(slim_graph_error(g), "");
  ck_assert_ptr_nonnull(dx.item[0]);
}
END_TEST

START_TEST(nothing_comes_of_nothing)
{
  ck_assert_uint_eq(slim_gradients(NULL, OF(w)).count, 0);
  ck_assert_uint_eq(slim_gradients(g->poison, OF(w)).count, 0);
  ck_assert_uint_eq(slim_gradients(sum(w), (slim_tensors){ 0, NULL }).count, 0);
  ck_assert_str_eq(slim_graph_error(g), "");
}
END_TEST

/* --- regularizers ------------------------------------------------------------------------------------------------- */

static const struct penalty_case {
  slim_regularizer regularizer;
  const char *name; /* NULL: none */
} penalties[] = {
  { { .kind = 2, .l2 = 0.5f }, "net/a/Regularizer/l2_regularizer:0" },
  { { .kind = 2, .l1 = 0.5f }, "net/a/Regularizer/l1_regularizer:0" },
  { { .kind = 2, .l1 = 0.5f, .l2 = 0.1f }, "net/a/Regularizer/l1_l2_regularizer:0" },
  { { .kind = 2 }, NULL },
  { { .kind = 1 }, NULL },
  { { .kind = 0 }, NULL },
};

START_TEST(a_penalty_comes_with_a_new_variable_only)
{
  for (int i = 0; i < 2; i++) {
    SLIM_VARIABLE_SCOPE (g, "net", SLIM_AUTO_REUSE) {
      (void)slim_model_variable(g, "a", SLIM_SHAPE(2, 2), .regularizer = penalties[_i].regularizer);
    }
  }
  const slim_tensors found = slim_get_collection(g, SLIM_REGULARIZATION_LOSSES, NULL);
  ck_assert_str_eq(slim_graph_error(g), "");
  ck_assert_uint_eq(found.count, penalties[_i].name ? 1 : 0);
  if (penalties[_i].name) {
    ck_assert_str_eq(found.item[0]->name, penalties[_i].name);
    ck_assert_int_eq(found.item[0]->shape.rank, 0);
  }
}
END_TEST

START_TEST(a_negative_scale_is_an_error)
{
  (void)slim_variable(g, "a", SLIM_SHAPE(2), .regularizer = SLIM_L2(-1));
  ck_assert_str_eq(slim_graph_error(g), "regularizer of 'a': scales 0 and -1 must not be negative");
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, gradients_have_the_shape_of_their_variables);
  tcase_add_test(c, names_lie_under_gradients_and_the_forward_op);
  tcase_add_test(c, several_uses_are_added_up_once);
  tcase_add_test(c, a_tensor_between_has_a_gradient_too);
  tcase_add_test(c, the_gradient_of_itself_is_one);
  tcase_add_test(c, shapes_and_integers_pass_nothing);
  tcase_add_loop_test(c, errors_have_exact_text, 0, (int)(sizeof errors / sizeof *errors));
  tcase_add_test(c, an_op_without_gradient_beside_the_path_is_no_error);
  tcase_add_test(c, nothing_comes_of_nothing);
  tcase_add_loop_test(c, a_penalty_comes_with_a_new_variable_only, 0, (int)(sizeof penalties / sizeof *penalties));
  tcase_add_test(c, a_negative_scale_is_an_error);
}

TEST_MAIN("gradients", build, NULL)
