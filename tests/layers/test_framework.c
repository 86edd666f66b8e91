/* Lists of variables, regularizers, collections of losses, summaries, gradients and train ops against TF-Slim:
 * tests/parity/framework.txt, written by tests/parity/make_framework.py. */
#include "parity.h"

#include "slim/slim.h"

static void read_fixture(void)
{
  test_fixture_read("tests/parity/framework.txt");
}

/* --- variables ---------------------------------------------------------------------------------------------------- */

static void check_names(const char *key, slim_tensors variables)
{
  char text[2000] = "";
  for (size_t i = 0; i < variables.count; i++) {
    strcat(strcat(text, i ? " " : ""), slim_variable_full_name(variables.item[i]));
  }
  test_fixture_expect_text("variables", key, text);
}

static const char *const *list(const char *a, const char *b)
{
  static const char *text[3];
  text[0] = a;
  text[1] = b;
  return text;
}

/* Variables of each kind. */
static void build_variables(test_net *net)
{
  slim_graph *g = net->graph;
  slim_tensor *x = net->input;
  SLIM_VARIABLE_SCOPE (g, "net", SLIM_REUSE_UNSET) {
    x = slim_conv2d(x, 2, SLIM_HW(3, 3), .normalizer = slim_batch_norm, .scope = "conv1");
    x = slim_separable_conv2d(x, 3, SLIM_HW(3, 3), .scope = "conv10");
  }
  (void)slim_fully_connected(slim_flatten(x), 2, .scope = "fc");
  (void)slim_create_global_step(g);
  (void)slim_local_variable(g, "counts", SLIM_FLOAT32, SLIM_SHAPE(2), NULL);
  (void)slim_global_variable(g, "weights", SLIM_FLOAT32, SLIM_SHAPE(2), NULL);
  (void)slim_variable(g, "own", SLIM_SHAPE(2));
  (void)slim_model_variable(g, "net/mine", SLIM_SHAPE(3), .trainable = SLIM_NO);
}

static void check_lists(slim_graph *g)
{
  check_names("all", slim_get_variables(g, NULL, NULL, SLIM_GLOBAL_VARIABLES));
  check_names("scope", slim_get_variables(g, "net/conv1", NULL, SLIM_GLOBAL_VARIABLES));
  check_names("scope_slash", slim_get_variables(g, "net/conv1/", NULL, SLIM_GLOBAL_VARIABLES));
  check_names("pattern", slim_get_variables(g, ".*conv1.?/.*(gamma|beta)", NULL, SLIM_GLOBAL_VARIABLES));
  check_names("suffix", slim_get_variables(g, NULL, "weights", SLIM_GLOBAL_VARIABLES));
  check_names("scope_suffix", slim_get_variables(g, "net", "biases", SLIM_GLOBAL_VARIABLES));
  check_names("collection", slim_get_variables(g, NULL, "mean", SLIM_MODEL_VARIABLES));
  check_names("model", slim_get_model_variables(g, NULL, NULL));
  check_names("model_scope", slim_get_model_variables(g, "fc", NULL));
  check_names("local", slim_get_local_variables(g, NULL, NULL));
  check_names("trainable", slim_get_trainable_variables(g, NULL, NULL));
  check_names("trainable_suffix", slim_get_trainable_variables(g, NULL, "weights"));
  check_names("by_suffix", slim_get_variables_by_suffix(g, "weights", "net"));
  check_names("by_name", slim_get_variables_by_name(g, "weights", NULL));
  check_names("by_name_scope", slim_get_variables_by_name(g, "biases", "net"));
  check_names("restore", slim_get_variables_to_restore(g, NULL, NULL));
  const char *include[] = { "fc", "net/conv1/", NULL };
  check_names("restore_some", slim_get_variables_to_restore(g, include, list("net/conv1/BatchNorm", "fc/b")));
  check_names("restore_twice", slim_get_variables_to_restore(g, list("fc", "f"), NULL));
  const slim_tensors all = slim_get_variables(g, NULL, NULL, SLIM_GLOBAL_VARIABLES);
  const char *patterns[] = { "conv", "fc", NULL, NULL };
  check_names("filter", slim_filter_variables(all, patterns, list("biases", "moving"), true));
  patterns[2] = "own";
  check_names("filter_start", slim_filter_variables(all, patterns, NULL, false));
}

static void check_values(test_net *net, const char *name)
{
  slim_tensor *variable = slim_get_unique_variable(net->graph, name);
  float *value = test_get_variable(net, variable);
  (void)test_fixture_compare("values", name, value, test_net_elements(net, variable), 0);
  free(value);
}

static void check_assignments(test_net *net)
{
  const float own[] = { 3, 4 }, biases[] = { 1, 2 };
  float *weights = parity_numbers(96, 5);
  slim_error error = { SLIM_OK, "" };
  slim_assignment *later = NULL;
  const slim_named_values values[] = { { "own", own, sizeof own }, { "fc/weights", weights, 96 * sizeof *weights } };
  const slim_named_values more = { "fc/biases", biases, sizeof biases };
  free(test_run(net, net->input));
  (void)slim_assign_from_values(net->session, net->graph, values, 2, &error);
  (void)slim_assign_from_values_fn(net->graph, &more, 1, &later, &error);
  (void)slim_assignment_run(net->session, later, &error);
  ck_assert_str_eq(error.text, "");
  check_values(net, "own");
  check_values(net, "fc/weights");
  check_values(net, "fc/biases");
  slim_assignment_destroy(later);
  free(weights);
}

START_TEST(variables_are_listed_as_tf_slims)
{
  char text[64];
  test_net net = test_open((const int[]){ 2, 4, 4, 3 }, 1);
  slim_graph *g = net.graph;
  build_variables(&net);
  check_lists(g);
  slim_tensor *unique = slim_get_unique_variable(g, "net/conv1/weights"), *step = slim_get_global_step(g);
  check_names("unique", SLIM_TENSORS(unique));
  test_fixture_expect_text("variables", "full_name", slim_variable_full_name(unique));
  (void)slim_add_model_variable(slim_get_unique_variable(g, "own"));
  (void)slim_add_model_variable(slim_get_unique_variable(g, "own"));
  check_names("added", slim_get_model_variables(g, NULL, NULL));
  ck_assert_int_eq(slim_assert_global_step(step), SLIM_OK);
  check_names("step", SLIM_TENSORS(step, slim_get_or_create_global_step(g), slim_assert_or_get_global_step(g, NULL),
                                   slim_assert_or_get_global_step(g, step)));
  test_fixture_expect_text("variables", "description", slim_tensor_description(unique, text, sizeof text));
  const slim_vars_info info = slim_analyze_vars(slim_get_model_variables(g, NULL, NULL), false);
  const float sizes[] = { (float)info.elements, (float)info.bytes };
  (void)test_fixture_compare("variables", "sizes", sizes, 2, 0);
  check_assignments(&net);
  test_close(&net);
}
END_TEST

/* --- regularizers and losses -------------------------------------------------------------------------------------- */

static slim_tensor *numbers(slim_graph *graph, slim_shape shape, unsigned seed)
{
  float *values = parity_numbers(slim_shape_elements(&shape), seed);
  slim_tensor *tensor = slim_constant_tensor(graph, SLIM_FLOAT32, shape, values, "numbers");
  free(values);
  return tensor;
}

/* The scalars of a list against the values of one line. */
static void check_scalars(test_net *net, const char *name, const char *key, slim_tensors scalars)
{
  float values[8];
  ck_assert_uint_le(scalars.count, 8);
  for (size_t i = 0; i < scalars.count; i++) {
    float *one = test_run(net, scalars.item[i]);
    values[i] = *one;
    free(one);
  }
  (void)test_fixture_compare(name, key, values, scalars.count, 1e-5);
}

START_TEST(regularizers_are_tf_slims)
{
  test_net net = test_open_shape(SLIM_SHAPE(1, 1), 1);
  slim_tensor *w = numbers(net.graph, SLIM_SHAPE(3, 4), 1), *b = numbers(net.graph, SLIM_SHAPE(5), 2);
  const slim_regularizer both[] = { SLIM_L1(0.3f), SLIM_NO_REG, SLIM_L2(0.2f) };
  const struct {
    const char *key;
    slim_regularizer regularizer;
  } cases[] = { { "l1", SLIM_L1(0.3f) },
                { "l2", SLIM_L2(0.2f) },
                { "l1_l2", SLIM_L1_L2(0.1f, 0.4f) },
                { "sum", slim_sum_regularizer(both, 3) } };
  for (int i = 0; i < 4; i++) {
    slim_tensor *penalty = slim_apply_regularization(cases[i].regularizer, SLIM_TENSORS(w));
    check_scalars(&net, "regularizers", cases[i].key, SLIM_TENSORS(penalty));
  }
  const size_t before = slim_get_regularization_losses(net.graph, NULL).count;
  slim_tensor *all = slim_apply_regularization(SLIM_L1_L2(0.1f, 0.4f), SLIM_TENSORS(w, b));
  check_scalars(&net, "regularizers", "apply", SLIM_TENSORS(all));
  const slim_tensors collected = slim_get_regularization_losses(net.graph, NULL);
  check_scalars(&net, "regularizers", "collected", (slim_tensors){ collected.count - before, collected.item + before });
  test_close(&net);
}
END_TEST

START_TEST(losses_are_collected_as_tf_slims)
{
  test_net net = test_open_shape(SLIM_SHAPE(1, 1), 1);
  slim_graph *g = net.graph;
  slim_tensor *p = numbers(g, SLIM_SHAPE(3, 2), 1), *y = numbers(g, SLIM_SHAPE(3, 2), 2);
  SLIM_VARIABLE_SCOPE (g, "tower", SLIM_REUSE_UNSET) {
    (void)slim_mean_squared_error(p, y);
    (void)slim_absolute_difference(p, y, .weight = 0.5f);
  }
  (void)slim_add_loss(slim_constant(g, 2.5f, "own"));
  (void)slim_add_loss(slim_constant(g, 3.5f, NULL), .loss_collection = "others");
  (void)slim_variable(g, "w", SLIM_SHAPE(4), .initializer = SLIM_CONSTANT(2.0f), .regularizer = SLIM_L2(0.5f));
  check_scalars(&net, "losses", "all", slim_get_losses(g, NULL, NULL));
  check_scalars(&net, "losses", "scope", slim_get_losses(g, "tower", NULL));
  check_scalars(&net, "losses", "others", slim_get_losses(g, NULL, "others"));
  check_scalars(&net, "losses", "regularization", slim_get_regularization_losses(g, NULL));
  check_scalars(&net, "losses", "total", SLIM_TENSORS(slim_get_total_loss(g, true, NULL)));
  check_scalars(&net, "losses", "plain", SLIM_TENSORS(slim_get_total_loss(g, false, NULL)));
  test_close(&net);
}
END_TEST

/* --- summaries ---------------------------------------------------------------------------------------------------- */

static void check_tags(slim_graph *graph, const char *name, const char *key, const char *collection)
{
  char text[2000] = "";
  const slim_tensors all = slim_get_collection(graph, collection, NULL);
  for (size_t i = 0; i < all.count; i++) {
    strcat(strcat(text, i ? " " : ""), slim_end_point_alias(graph, collection, i));
  }
  test_fixture_expect_text(name, key, text);
}

/* A convolution in the collections that summaries are made of; *result, *scalar are its output and the mean of it. */
static slim_tensor *small(slim_graph *graph, slim_tensor **result, slim_tensor **scalar)
{
  slim_tensor *image = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(2, 4, 4, 3), "image");
  *result = slim_conv2d(image, 2, SLIM_HW(3, 3), .activation = slim_relu6, .outputs_collections = SLIM_ACTIVATIONS,
                        .variables_collections = "weights=" SLIM_WEIGHTS ",biases=" SLIM_BIASES);
  *scalar = slim_reduce_mean(*result, SLIM_ALL_AXES, false);
  return image;
}

START_TEST(summaries_have_tf_slims_tags)
{
  slim_graph *g = slim_graph_create(1);
  slim_tensor *result, *scalar, *image = small(g, &result, &scalar);
  (void)slim_add_scalar_summary(scalar, NULL);
  (void)slim_add_scalar_summary(scalar, "own");
  (void)slim_add_zero_fraction_summary(result, "net");
  (void)slim_add_histogram_summary(result, "h");
  (void)slim_add_histogram_summaries(SLIM_TENSORS(result, image), "all");
  (void)slim_add_scalar_summaries(SLIM_TENSORS(scalar), "s");
  (void)slim_add_zero_fraction_summaries(SLIM_TENSORS(result), "z");
  (void)slim_add_image_summaries(SLIM_TENSORS(image), "i");
  (void)slim_add_image_summary(image, NULL);
  check_tags(g, "summaries", "tags", SLIM_SUMMARIES);
  check_tags(g, "summaries", "images", SLIM_IMAGE_SUMMARIES);
  slim_graph_destroy(g);
}
END_TEST

START_TEST(layers_are_summarized_as_tf_slims)
{
  slim_graph *g = slim_graph_create(1);
  slim_tensor *result, *scalar;
  (void)small(g, &result, &scalar);
  (void)slim_summarize_weights(g, NULL);
  (void)slim_summarize_biases(g, NULL);
  (void)slim_summarize_activations(g, NULL);
  (void)slim_summarize_tensors(SLIM_TENSORS(scalar), NULL);
  (void)slim_summarize_tensor(result);
  check_tags(g, "layer_summaries", "tags", SLIM_SUMMARIES);
  slim_graph_destroy(g);
  g = slim_graph_create(1);
  (void)small(g, &result, &scalar);
  (void)slim_summarize_activation(result);
  (void)slim_summarize_variables(g, "Conv/b");
  (void)slim_summarize_collection(g, SLIM_MODEL_VARIABLES, "Conv/w", NULL);
  check_tags(g, "more_layer_summaries", "tags", SLIM_SUMMARIES);
  slim_graph_destroy(g);
}
END_TEST

/* --- gradients and train ops -------------------------------------------------------------------------------------- */

static slim_tensor *loss_of(test_net *net)
{
  slim_tensor *hidden = slim_fully_connected(net->input, 3, .activation = slim_tanh, .scope = "a");
  slim_tensor *y = slim_fully_connected(hidden, 2, .activation = slim_identity, .scope = "b");
  slim_tensor *target = numbers(net->graph, SLIM_SHAPE(4, 2), 2);
  return slim_reduce_mean(slim_square(slim_sub(y, target)), SLIM_ALL_AXES, false);
}

static void check_gradients(test_net *net, const char *key, slim_gradient_list gradients)
{
  for (size_t i = 0; i < gradients.count; i++) {
    char full[200];
    (void)snprintf(full, sizeof full, "%s_%s", key, slim_variable_full_name(gradients.item[i].variable));
    parity_check(net, "gradients", full, gradients.item[i].gradient);
  }
}

START_TEST(gradients_are_changed_as_tf_slims)
{
  float max_norm = 0.1f;
  test_net net = test_open_shape(SLIM_SHAPE(4, 5), 1);
  parity_use_numbers(&net);
  slim_optimizer *optimizer = slim_gradient_descent_optimizer(slim_constant(net.graph, 0.1f, "rate"));
  const slim_gradient_list pairs = slim_compute_gradients(optimizer, loss_of(&net), (slim_tensors){ 0, NULL });
  const slim_gradient_multiplier multipliers[] = { { "a/weights", 3.0f }, { "b/biases", 0.25f } };
  ck_assert_uint_eq(pairs.count, 4);
  parity_set_variables(&net, 0.5);
  check_gradients(&net, "clipped", slim_clip_gradient_norms(pairs, 0.1f));
  check_gradients(&net, "clipped_fn", slim_clip_gradient_norms_fn(pairs, &max_norm));
  check_gradients(&net, "multiplied", slim_multiply_gradients(pairs, multipliers, 2));
  slim_add_gradients_summaries(pairs);
  check_tags(net.graph, "gradients", "tags", SLIM_SUMMARIES);
  test_close(&net);
}
END_TEST

/* The same with create_train_op of the module training. */
START_TEST(gradients_have_the_tags_of_training)
{
  test_net net = test_open_shape(SLIM_SHAPE(4, 5), 1);
  slim_optimizer *optimizer = slim_gradient_descent_optimizer(slim_constant(net.graph, 0.1f, "rate"));
  slim_tensor *loss = loss_of(&net);
  slim_training_add_gradients_summaries(slim_compute_gradients(optimizer, loss, (slim_tensors){ 0, NULL }));
  check_tags(net.graph, "training", "tags", SLIM_SUMMARIES);
  test_close(&net);
  net = test_open_shape(SLIM_SHAPE(4, 5), 1);
  optimizer = slim_gradient_descent_optimizer(slim_constant(net.graph, 0.1f, "rate"));
  (void)slim_learning_create_train_op(loss_of(&net), optimizer, .summarize_gradients = SLIM_YES);
  check_tags(net.graph, "train_summaries", "tags", SLIM_SUMMARIES);
  test_close(&net);
}
END_TEST

static const char *const trains[] = { "train", "train_clipped", "train_transformed" };

START_TEST(train_ops_train_as_tf_slims)
{
  enum { STEPS = 3 };
  float max_norm = 0.05f, losses[STEPS];
  test_net net = test_open_shape(SLIM_SHAPE(4, 5), 1);
  parity_use_numbers(&net);
  slim_optimizer *optimizer = slim_momentum_optimizer(slim_constant(net.graph, 0.1f, "rate"), 0.9f);
  const slim_gradient_multiplier multipliers[] = { { "a/weights", 3.0f } };
  slim_tensor *train = slim_learning_create_train_op(
      loss_of(&net), optimizer, .clip_gradient_norm = _i == 1 ? max_norm : 0, .gradient_multipliers = multipliers,
      .num_gradient_multipliers = _i == 1, .transform_grads_fn = _i == 2 ? slim_clip_gradient_norms_fn : NULL,
      .transform_user = &max_norm);
  parity_set_variables(&net, 0.5);
  for (int i = 0; i < STEPS; i++) {
    float *loss = test_run(&net, train);
    losses[i] = *loss;
    free(loss);
  }
  (void)test_fixture_compare(trains[_i], "losses", losses, STEPS, 1e-5);
  check_tags(net.graph, trains[_i], "variables", SLIM_GLOBAL_VARIABLES);
  const slim_tensors all = slim_get_variables(net.graph, NULL, NULL, SLIM_GLOBAL_VARIABLES);
  for (size_t i = 0; i < all.count; i++) {
    if (slim_tensor_dtype(all.item[i]) == SLIM_FLOAT32) {
      float *value = test_get_variable(&net, all.item[i]);
      (void)test_fixture_compare(trains[_i], slim_variable_full_name(all.item[i]), value,
                                 test_net_elements(&net, all.item[i]), 1e-4);
      free(value);
    }
  }
  test_close(&net);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_test(c, variables_are_listed_as_tf_slims);
  tcase_add_test(c, regularizers_are_tf_slims);
  tcase_add_test(c, losses_are_collected_as_tf_slims);
  tcase_add_test(c, summaries_have_tf_slims_tags);
  tcase_add_test(c, layers_are_summarized_as_tf_slims);
  tcase_add_test(c, gradients_are_changed_as_tf_slims);
  tcase_add_test(c, gradients_have_the_tags_of_training);
  tcase_add_loop_test(c, train_ops_train_as_tf_slims, 0, sizeof trains / sizeof *trains);
}
TEST_MAIN("framework", build, test_net_available)
