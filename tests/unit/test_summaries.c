/* Summaries of a graph: what is collected under which names, and what comes to event files. */
#include "graph/graph.h"
#include "learning_support.h"
#include "slim/layers.h"
#include "slim/losses.h"
#include "slim/ops.h"

static slim_graph *g;
static slim_tensor *image, *net, *scalar, *labels;

static void setup(void)
{
  test_folder_make();
  g = slim_graph_create(1);
  image = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(2, 4, 4, 3), "image");
  labels = slim_placeholder(g, SLIM_INT64, SLIM_SHAPE(2), "labels");
  net = slim_conv2d(image, 2, SLIM_HW(3, 3), .activation = slim_relu6, .outputs_collections = SLIM_ACTIVATIONS,
                    .variables_collections = "weights=" SLIM_WEIGHTS ",biases=" SLIM_BIASES);
  scalar = slim_reduce_mean(net, SLIM_ALL_AXES, false);
}

static void teardown(void)
{
  slim_graph_destroy(g);
  test_folder_remove();
}

/* All names of a collection, in order. */
static const char *names(const char *collection)
{
  static char text[512];
  *text = '\0';
  for (size_t i = 0; i < slim_get_collection(g, collection, NULL).count; i++) {
    strcat(strcat(text, slim_end_point_alias(g, collection, i)), " ");
  }
  return text;
}

START_TEST(names_are_the_originals)
{
  ck_assert_int_eq(slim_add_scalar_summary(scalar, NULL), SLIM_OK);
  ck_assert_int_eq(slim_add_scalar_summary(scalar, "own"), SLIM_OK);
  ck_assert_int_eq(slim_add_zero_fraction_summary(net, "net"), SLIM_OK);
  ck_assert_int_eq(slim_add_histogram_summaries(SLIM_TENSORS(net), "all"), SLIM_OK);
  ck_assert_str_eq(names(SLIM_SUMMARIES), "Mean_1 own net/Fraction_of_Zero_Values all/Conv/Relu6 ");
  ck_assert_int_eq(slim_add_image_summary(image, NULL), SLIM_OK);
  ck_assert_str_eq(names(SLIM_IMAGE_SUMMARIES), "image_1 ");
  ck_assert_str_eq(slim_graph_error(g), "");
}
END_TEST

START_TEST(lists_are_named_by_prefix_and_op)
{
  slim_tensor *other = slim_scale(scalar, 2.0f, 0.0f);
  ck_assert_int_eq(slim_add_scalar_summaries(SLIM_TENSORS(scalar, other), "s"), SLIM_OK);
  ck_assert_int_eq(slim_add_zero_fraction_summaries(SLIM_TENSORS(net), NULL), SLIM_OK);
  ck_assert_int_eq(slim_add_histogram_summary(net, NULL), SLIM_OK);
  ck_assert_str_eq(names(SLIM_SUMMARIES), "s/Mean s/ScaleAdd Conv/Relu6/Fraction_of_Zero_Values Conv/Relu6_1 ");
  ck_assert_int_eq(slim_add_image_summaries(SLIM_TENSORS(image, image), "i"), SLIM_OK);
  ck_assert_str_eq(names(SLIM_IMAGE_SUMMARIES), "i/image i/image_1 ");
  ck_assert_str_eq(slim_graph_error(g), "");
}
END_TEST

START_TEST(gradients_have_a_histogram_and_a_norm)
{
  slim_tensor *weights = slim_get_unique_variable(g, "Conv/weights"), *biases = slim_get_unique_variable(g, "Conv/biases");
  const slim_gradient list[] = { { slim_gradients(scalar, SLIM_TENSORS(weights)).item[0], weights }, { NULL, biases } };
  slim_add_gradients_summaries((slim_gradient_list){ 2, list });
  ck_assert_str_eq(names(SLIM_SUMMARIES), "Conv/weights/gradient Conv/weights/gradient_norm ");
  slim_training_add_gradients_summaries((slim_gradient_list){ 2, list });
  ck_assert_ptr_nonnull(strstr(names(SLIM_SUMMARIES), " Conv/weights_gradient Conv/weights_gradient_norm "));
  ck_assert_str_eq(slim_graph_error(g), "");
}
END_TEST

START_TEST(layers_are_summarized_by_collection)
{
  ck_assert_int_eq(slim_summarize_weights(g, NULL), SLIM_OK);
  ck_assert_int_eq(slim_summarize_biases(g, "Other"), SLIM_OK);
  ck_assert_int_eq(slim_summarize_activations(g, NULL), SLIM_OK);
  ck_assert_int_eq(slim_summarize_tensors(SLIM_TENSORS(scalar, labels), NULL), SLIM_OK);
  ck_assert_str_eq(names(SLIM_SUMMARIES), "Conv/weights_summary Conv/Relu6/zeros Conv/Relu6/sixes Conv/Relu6/activation "
                                          "Mean_summary ");
  ck_assert_int_eq(slim_summarize_tensor(labels), SLIM_OK);
  ck_assert_int_eq(slim_summarize_collection(g, SLIM_MODEL_VARIABLES, ".*weights", slim_summarize_tensor), SLIM_OK);
  ck_assert_uint_eq(slim_get_collection(g, SLIM_SUMMARIES, NULL).count, 6);
  ck_assert_int_eq(slim_summarize_variables(g, "Conv/b"), SLIM_OK);
  ck_assert_ptr_nonnull(strstr(names(SLIM_SUMMARIES), "Conv/biases_summary "));
  ck_assert_str_eq(slim_graph_error(g), "");
}
END_TEST

/* Image: 24 zeros, 24 times -1, the rest 7. */
START_TEST(event_files_have_them)
{
  float pixels[96], value[4] = { -1, -1, -1, -1 };
  slim_tensor *fetched[4];
  for (int i = 0; i < 96; i++) {
    pixels[i] = i < 24 ? 0.0f : i < 48 ? -1.0f : 7.0f;
  }
  (void)slim_summarize_activation(slim_relu6(image));
  (void)slim_add_zero_fraction_summary(image, NULL);
  (void)slim_add_image_summary(image, "pixels");
  slim_tensor *step = slim_get_or_create_global_step(g);
  (void)slim_add_loss(scalar);
  slim_tensor *train = slim_learning_create_train_op(slim_get_total_loss(g, false, NULL),
                                                     slim_gradient_descent_optimizer(slim_constant(g, 0.1f, NULL)),
                                                     .global_step = step);
  slim_error error = { SLIM_OK, "" };
  slim_session *session = slim_session_open(g, getenv("SLIM_TEST_DEVICE") ? getenv("SLIM_TEST_DEVICE") : "cpu", &error);
  const slim_feed feed = { image, pixels, 2 };
  ck_assert_msg(slim_learning_train(session, train, test_folder, .number_of_steps = 1, .feeds = &feed, .num_feeds = 1,
                                    .error = &error) == SLIM_OK,
                "%s", error.text);
  static const char *const tags[] = { "Relu6/zeros", "Relu6/sixes", "image/Fraction_of_Zero_Values" };
  slim_fetch fetches[3];
  for (int i = 0; i < 3; i++) {
    fetched[i] = slim_end_point(g, SLIM_SUMMARIES, tags[i]);
    fetches[i] = (slim_fetch){ fetched[i], &value[i], sizeof(float) };
    char steps[16] = "";
    ck_assert_uint_eq(test_read_summaries(tags[i], steps, sizeof steps), 1);
  }
  test_ok(session, slim_session_run(session, &feed, 1, fetches, 3));
  ck_assert_float_eq(value[0], 0.25f);
  ck_assert_float_eq(value[1], 0.5f);
  ck_assert_float_eq(value[2], 0.25f);
  char steps[16] = "";
  ck_assert_uint_eq(test_read_summaries("pixels/image/0", steps, sizeof steps), 1);
  *steps = '\0';
  ck_assert_uint_eq(test_read_summaries("pixels/image/1", steps, sizeof steps), 1);
  slim_session_destroy(session);
}
END_TEST

START_TEST(errors_have_exact_text)
{
  ck_assert_int_eq(_i == 0 ? slim_add_scalar_summary(net, "s") : slim_add_image_summary(net, NULL), SLIM_ERR_TYPE);
  ck_assert_str_eq(slim_graph_error(g),
                   _i == 0 ? "summary 's': 'Conv/Relu6:0' is float32 [2,4,4,2], must be float32 and a scalar"
                           : "summary 'Conv/Relu6': 'Conv/Relu6:0' is float32 [2,4,4,2], must be float32 [n,h,w,c] with "
                             "1, 3 or 4 channels");
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, names_are_the_originals);
  tcase_add_test(c, lists_are_named_by_prefix_and_op);
  tcase_add_test(c, gradients_have_a_histogram_and_a_norm);
  tcase_add_test(c, layers_are_summarized_by_collection);
  tcase_add_test(c, event_files_have_them);
  tcase_add_loop_test(c, errors_have_exact_text, 0, 2);
}

TEST_MAIN("summaries", build, test_device_available)
