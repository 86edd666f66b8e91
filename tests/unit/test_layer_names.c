/* The names and shapes of layers' results and variables where the call gives no scope. */
#include "test_main.h"

#include "slim/slim.h"

#include <string.h>

static slim_graph *graph;
static slim_tensor *images;

#define LAYER_CASE(name_, ...)                                                                                         \
  static slim_tensor *name_(void)                                                                                      \
  {                                                                                                                    \
    return __VA_ARGS__;                                                                                                \
  }
LAYER_CASE(up, slim_conv2d_transpose(images, 4, SLIM_HW(3, 2), .stride = SLIM_HW(2, 2)))
LAYER_CASE(up_valid, slim_convolution2d_transpose(images, 4, SLIM_HW(3, 1), .stride = SLIM_HW(1, 2),
                                                  .padding = SLIM_VALID, .normalizer = slim_batch_norm,
                                                  .activation = slim_identity))
LAYER_CASE(up_twice, slim_repeat(images, 2, slim_conv2d_transpose, 4, SLIM_HW(1, 1),
                                 .biases_initializer = SLIM_NO_INIT))

static const struct layer_case {
  const char *label;
  slim_tensor *(*build)(void);
  const char *result, *variables; /* "name shape"; of model variables all, in order */
} layers[] = {
  { "conv2d_transpose", up, "Conv2d_transpose/Relu:0 [?,16,16,4]",
    "Conv2d_transpose/weights [3,2,4,3], Conv2d_transpose/biases [4]" },
  { "conv2d_transpose_valid", up_valid, "Conv2d_transpose/BatchNorm/FusedBatchNorm:0 [?,10,16,4]",
    "Conv2d_transpose/weights [3,1,4,3], Conv2d_transpose/BatchNorm/beta [4], "
    "Conv2d_transpose/BatchNorm/moving_mean [4], Conv2d_transpose/BatchNorm/moving_variance [4]" },
  { "conv2d_transpose_repeated", up_twice, "Repeat/convolution2d_transpose_2/Relu:0 [?,8,8,4]",
    "Repeat/convolution2d_transpose_1/weights [1,1,4,3], Repeat/convolution2d_transpose_2/weights [1,1,4,4]" },
};

/* "name shape" behind what text holds, with a comma between. */
static void append(char *text, size_t size, const char *name, slim_shape shape)
{
  char dims[80];
  const size_t at = strlen(text);
  (void)snprintf(text + at, size - at, "%s%s %s", at ? ", " : "", name, slim_shape_format(&shape, dims, sizeof dims));
}

START_TEST(layer_has_tf_slims_names_and_shapes)
{
  const struct layer_case *c = &layers[_i];
  char result[200] = "", variables[2000] = "";
  graph = slim_graph_create(1);
  images = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 8, 8, 3), "images");
  slim_tensor *y = c->build();
  ck_assert_msg(slim_graph_status(graph) == SLIM_OK, "%s: %s", c->label, slim_graph_error(graph));
  append(result, sizeof result, slim_tensor_name(y), slim_tensor_shape(y));
  ck_assert_str_eq(result, c->result);
  const slim_tensors list = slim_get_model_variables(graph, NULL, NULL);
  for (size_t i = 0; i < list.count; i++) {
    append(variables, sizeof variables, slim_variable_full_name(list.item[i]), slim_tensor_shape(list.item[i]));
  }
  ck_assert_str_eq(variables, c->variables);
  slim_graph_destroy(graph);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, layer_has_tf_slims_names_and_shapes, 0, sizeof layers / sizeof *layers);
}
TEST_MAIN("layer_names", build, NULL)
