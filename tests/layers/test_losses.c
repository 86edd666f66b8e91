/* Losses against TF-Slim: tests/parity/losses.txt, written by tests/parity/make_losses.py. */
#include "test_fixture.h"
#include "test_net.h"

#include "slim/slim.h"

#include <math.h>

#define TOLERANCE 1e-5
#define GRADIENT_TOLERANCE 2e-5

static void read_fixture(void)
{
  test_fixture_read("tests/parity/losses.txt");
}

/* --- inputs, as make_losses.py makes them ------------------------------------------------------------------------- */

static slim_tensor *constant(slim_tensor *x, slim_shape shape, unsigned seed, const char *name)
{
  float values[128];
  const size_t count = slim_shape_elements(&shape);
  ck_assert_uint_le(count, 128);
  for (size_t i = 0; i < count; i++) {
    values[i] = test_fixture_number(i, seed);
  }
  return slim_constant_tensor(slim_graph_of(x), SLIM_FLOAT32, shape, values, name);
}

/* What predictions should be. */
static slim_tensor *targets(slim_tensor *x, slim_shape shape)
{
  return constant(x, shape, 4, "targets");
}

/* Some zero, some above 1. */
static slim_tensor *weights(slim_tensor *x, slim_shape shape)
{
  slim_tensor *numbers = constant(x, shape, 3, "weights");
  return slim_scale(slim_maximum(numbers, slim_scale(numbers, 0.0f, 0.0f)), 2.0f, 0.0f);
}

static slim_tensor *class_numbers(slim_tensor *x, slim_shape shape, int classes)
{
  int64_t values[16];
  const int count = shape.dim[0];
  ck_assert_int_le(count, 16);
  for (int i = 0; i < count; i++) {
    values[i] = (i * 7 + 3) % classes;
  }
  return slim_constant_tensor(slim_graph_of(x), SLIM_INT64, shape, values, "labels");
}

static slim_tensor *one_hot(slim_tensor *x, int rows, int classes)
{
  return slim_one_hot_encoding(class_numbers(x, SLIM_SHAPE(rows), classes), classes);
}

/* --- reductions --------------------------------------------------------------------------------------------------- */

static const char *const reduction_names[] = { "sum_by_nonzero_weights", "sum", "mean", "sum_over_batch_size", "none" };

static const struct weight_case {
  const char *name;
  float weight;
  slim_shape weights; /* rank 0: none */
} weighed[] = {
  { "plain", 0.0f, { 0, { 0 } } },      { "all", 0.4f, { 0, { 0 } } },        { "absent", SLIM_ZERO, { 0, { 0 } } },
  { "rows", 0.0f, { 1, { 4 } } },       { "columns", 0.0f, { 2, { 4, 3 } } }, { "columns", 0.0f, { 3, { 4, 3, 1 } } },
  { "each", 0.0f, { 3, { 4, 3, 5 } } },
};
#define WEIGHED ((int)(sizeof weighed / sizeof *weighed))

static void check(test_net *net, const char *name, slim_tensor *loss)
{
  slim_tensor *gradient = slim_gradients(loss, SLIM_TENSORS(net->input)).item[0];
  ck_assert_str_eq(slim_graph_error(net->graph), "");
  ck_assert_ptr_nonnull(gradient);
  float *values = test_run(net, loss), *slopes = test_run(net, gradient);
  (void)test_fixture_compare(name, "result", values, test_net_elements(net, loss), TOLERANCE);
  (void)test_fixture_compare(name, "d_input", slopes, net->elements, GRADIENT_TOLERANCE);
  free(values);
  free(slopes);
}

static test_net open_numbers(slim_shape shape)
{
  test_net net = test_open_shape(shape, 1);
  for (size_t i = 0; i < net.elements; i++) {
    net.data[i] = test_fixture_number(i, 1);
  }
  return net;
}

START_TEST(reductions_are_tensorflows)
{
  const struct weight_case *c = &weighed[_i / 5];
  const slim_reduction reduction = (slim_reduction)(SLIM_SUM_BY_NONZERO_WEIGHTS + _i % 5);
  const slim_shape shape = SLIM_SHAPE(4, 3, 5);
  char name[80];
  test_net net = open_numbers(shape);
  slim_tensor *w = c->weights.rank ? weights(net.input, c->weights) : NULL;
  (void)snprintf(name, sizeof name, "%s_%s", c->name, reduction_names[_i % 5]);
  check(&net, name,
        slim_absolute_difference(net.input, targets(net.input, shape), .weights = w, .weight = c->weight,
                                 .reduction = reduction));
  test_close(&net);
}
END_TEST

/* --- losses ------------------------------------------------------------------------------------------------------- */

static slim_tensor *cosine_last(slim_tensor *x)
{
  return slim_cosine_distance(x, targets(x, SLIM_SHAPE(4, 5)), 1);
}

static slim_tensor *cosine_first(slim_tensor *x)
{
  return slim_cosine_distance(x, targets(x, SLIM_SHAPE(4, 5)), 0, .weights = weights(x, SLIM_SHAPE(5)));
}

static slim_tensor *cosine_middle(slim_tensor *x)
{
  return slim_cosine_distance(x, targets(x, SLIM_SHAPE(3, 4, 2)), -2, .weight = 2.5f);
}

static slim_tensor *hinge(slim_tensor *x)
{
  return slim_hinge_loss(x, one_hot(x, 4, 5));
}

static slim_tensor *huber(slim_tensor *x)
{
  return slim_huber_loss(x, targets(x, SLIM_SHAPE(4, 5)));
}

static slim_tensor *huber_delta(slim_tensor *x)
{
  return slim_huber_loss(x, targets(x, SLIM_SHAPE(7, 3)), .delta = 0.25f, .weights = weights(x, SLIM_SHAPE(7, 1)));
}

static slim_tensor *log_epsilon(slim_tensor *x)
{
  return slim_log_loss(slim_sigmoid(slim_scale(x, 3.0f, 0.0f)), one_hot(x, 4, 5), .epsilon = 0.01f,
                       .weights = weights(x, SLIM_SHAPE(4)));
}

static slim_tensor *pairwise(slim_tensor *x)
{
  return slim_mean_pairwise_squared_error(x, targets(x, SLIM_SHAPE(4, 5)));
}

static slim_tensor *pairwise_weight(slim_tensor *x)
{
  return slim_mean_pairwise_squared_error(x, targets(x, SLIM_SHAPE(3, 2, 4)), .weight = 2.5f);
}

static slim_tensor *pairwise_weights(slim_tensor *x)
{
  return slim_mean_pairwise_squared_error(x, targets(x, SLIM_SHAPE(6, 3)), .weights = weights(x, SLIM_SHAPE(6)));
}

static slim_tensor *pairwise_absent(slim_tensor *x)
{
  return slim_mean_pairwise_squared_error(x, targets(x, SLIM_SHAPE(4, 5)), .weight = SLIM_ZERO);
}

static slim_tensor *smooth_rows(slim_tensor *x)
{
  return slim_softmax_cross_entropy(x, one_hot(x, 6, 3), .label_smoothing = 0.3f, .weights = weights(x, SLIM_SHAPE(6)));
}

static slim_tensor *smooth_elements(slim_tensor *x)
{
  return slim_sigmoid_cross_entropy(x, one_hot(x, 6, 3), .label_smoothing = 0.3f,
                                    .weights = weights(x, SLIM_SHAPE(6, 3)));
}

static slim_tensor *sparse_column(slim_tensor *x)
{
  return slim_sparse_softmax_cross_entropy(x, class_numbers(x, SLIM_SHAPE(6, 1), 3),
                                           .weights = weights(x, SLIM_SHAPE(6)));
}

static slim_tensor *weighted(slim_tensor *x)
{
  return slim_compute_weighted_loss(x, .weights = weights(x, SLIM_SHAPE(4, 3)));
}

/* --- metric learning ---------------------------------------------------------------------------------------------- */

/* Of the samples, or whether pairs are of one class. */
static slim_tensor *classes(slim_tensor *x, int rows, bool pairs)
{
  int32_t values[16];
  ck_assert_int_le(rows, 16);
  for (int i = 0; i < rows; i++) {
    values[i] = pairs ? i % 2 : (i * 7 + 3) % 5 % 3;
  }
  return slim_constant_tensor(slim_graph_of(x), SLIM_INT32, SLIM_SHAPE(rows), values, "classes");
}

/* The batch is known to the losses that compare all with all. */
static slim_tensor *known(slim_tensor *x, int rows)
{
  return slim_reshape(x, (slim_shape){ 2, { rows, slim_tensor_shape(x).dim[1] } });
}

static slim_tensor *contrastive(slim_tensor *x)
{
  return slim_contrastive_loss(classes(x, 9, true), known(x, 9), targets(x, SLIM_SHAPE(9, 5)));
}

static slim_tensor *contrastive_margin(slim_tensor *x)
{
  return slim_contrastive_loss(classes(x, 4, true), known(x, 4), targets(x, SLIM_SHAPE(4, 3)), .margin = 2.5f);
}

static slim_tensor *triplet(slim_tensor *x)
{
  return slim_triplet_semihard_loss(classes(x, 9, false), known(x, 9));
}

static slim_tensor *triplet_margin(slim_tensor *x)
{
  return slim_triplet_semihard_loss(classes(x, 7, false), known(x, 7), .margin = 0.2f);
}

static slim_tensor *lifted(slim_tensor *x)
{
  return slim_lifted_struct_loss(classes(x, 9, false), known(x, 9));
}

static slim_tensor *lifted_margin(slim_tensor *x)
{
  return slim_lifted_struct_loss(classes(x, 7, false), known(x, 7), .margin = 2.0f);
}

static slim_tensor *npairs(slim_tensor *x)
{
  return slim_npairs_loss(classes(x, 9, false), known(x, 9), targets(x, SLIM_SHAPE(9, 5)));
}

static slim_tensor *npairs_lambda(slim_tensor *x)
{
  return slim_npairs_loss(classes(x, 4, false), known(x, 4), targets(x, SLIM_SHAPE(4, 3)), .reg_lambda = 0.5f);
}

static slim_tensor *npairs_multilabel(slim_tensor *x)
{
  int32_t sets[9 * 4];
  for (int i = 0; i < 9 * 4; i++) {
    sets[i] = i % 4 == 0 || (i * 7 + 3) % 5 < 3;
  }
  slim_tensor *labels = slim_constant_tensor(slim_graph_of(x), SLIM_INT32, SLIM_SHAPE(9, 4), sets, "sets");
  return slim_npairs_loss_multilabel(labels, known(x, 9), targets(x, SLIM_SHAPE(9, 5)));
}

static const struct loss_case {
  const char *name;
  slim_shape shape;
  slim_tensor *(*build)(slim_tensor *x);
} losses[] = {
  { "cosine_last", { 2, { 4, 5 } }, cosine_last },
  { "cosine_first", { 2, { 4, 5 } }, cosine_first },
  { "cosine_middle", { 3, { 3, 4, 2 } }, cosine_middle },
  { "hinge", { 2, { 4, 5 } }, hinge },
  { "huber", { 2, { 4, 5 } }, huber },
  { "huber_delta", { 2, { 7, 3 } }, huber_delta },
  { "log_epsilon", { 2, { 4, 5 } }, log_epsilon },
  { "pairwise", { 2, { 4, 5 } }, pairwise },
  { "pairwise_weight", { 3, { 3, 2, 4 } }, pairwise_weight },
  { "pairwise_weights", { 2, { 6, 3 } }, pairwise_weights },
  { "pairwise_absent", { 2, { 4, 5 } }, pairwise_absent },
  { "smooth_rows", { 2, { 6, 3 } }, smooth_rows },
  { "smooth_elements", { 2, { 6, 3 } }, smooth_elements },
  { "sparse_column", { 2, { 6, 3 } }, sparse_column },
  { "weighted", { 3, { 4, 3, 2 } }, weighted },
  { "contrastive", { 2, { 9, 5 } }, contrastive },
  { "contrastive_margin", { 2, { 4, 3 } }, contrastive_margin },
  { "triplet", { 2, { 9, 5 } }, triplet },
  { "triplet_margin", { 2, { 7, 2 } }, triplet_margin },
  { "lifted", { 2, { 9, 5 } }, lifted },
  { "lifted_margin", { 2, { 7, 2 } }, lifted_margin },
  { "npairs", { 2, { 9, 5 } }, npairs },
  { "npairs_lambda", { 2, { 4, 3 } }, npairs_lambda },
  { "npairs_multilabel", { 2, { 9, 5 } }, npairs_multilabel },
};

START_TEST(loss_computes_what_tf_slim_computes)
{
  const struct loss_case *c = &losses[_i];
  test_net net = open_numbers(c->shape);
  check(&net, c->name, c->build(net.input));
  test_close(&net);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, reductions_are_tensorflows, 0, 5 * WEIGHED);
  tcase_add_loop_test(c, loss_computes_what_tf_slim_computes, 0, sizeof losses / sizeof *losses);
}
TEST_MAIN("losses", build, test_net_available)
