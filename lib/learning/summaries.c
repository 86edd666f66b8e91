/* Summaries: what slim_learning_train writes to event files. */
#include "ops/ops.h"
#include "slim/learning.h"
#include "slim/ops.h"

#include <ctype.h>
#include <string.h>

static bool usable(const slim_tensor *tensor)
{
  return tensor && !slim_is_poison(tensor);
}

/* "prefix/name/postfix"; name NULL: the op's; the others may be NULL. */
static const char *name_of(const slim_tensor *tensor, const char *name, const char *prefix, const char *postfix)
{
  return slim_arena_printf(slim_graph_of(tensor)->arena, "%s%s%s%s%s", prefix ? prefix : "", prefix ? "/" : "",
                           name ? name : tensor->node->name, postfix ? "/" : "", postfix ? postfix : "");
}

/* The tag as TensorFlow makes it: the name of an op called so in the name scope, made unique there; what a name cannot
 * have becomes _. */
static const char *tag_of(slim_graph *graph, const char *name)
{
  char *clean = slim_arena_strdup(graph->arena, name);
  for (char *c = clean; c && *c; c++) {
    *c = isalnum((unsigned char)*c) || strchr("_.-/", *c) ? *c : '_';
  }
  slim_scope scope = slim_name_scope_begin(graph, clean);
  const char *tag = clean ? slim_name_scope_current(graph) : NULL;
  slim_scope_end(&scope);
  return tag;
}

/* wants: what the tensor must be, in words; NULL: it is that. */
static slim_status collect(const char *collection, slim_tensor *tensor, const char *name, const char *wants)
{
  slim_graph *graph = slim_graph_of(tensor);
  if (!name) {
    return SLIM_ERR_MEMORY;
  }
  if (wants) {
    char shape[128];
    (void)slim_graph_fail(graph, SLIM_ERR_TYPE, "summary '%s': '%s' is %s %s, must be %s", name, tensor->name,
                          slim_dtype_name(tensor->dtype), slim_shape_format(&tensor->shape, shape, sizeof shape),
                          wants);
    return SLIM_ERR_TYPE;
  }
  return slim_collections_add(graph, collection, tensor, tag_of(graph, name), false);
}

static slim_status refuse(const slim_tensor *tensor)
{
  return tensor ? slim_graph_status(slim_graph_of(tensor)) : SLIM_ERR_MEMORY;
}

static slim_status add_scalar(slim_tensor *tensor, const char *name, const char *prefix)
{
  if (!usable(tensor)) {
    return refuse(tensor);
  }
  const bool fits = tensor->dtype == SLIM_FLOAT32 && tensor->shape.rank == 0;
  return collect(SLIM_SUMMARIES, tensor, name_of(tensor, name, prefix, NULL), fits ? NULL : "float32 and a scalar");
}

static slim_status add_histogram(slim_tensor *tensor, const char *name, const char *prefix)
{
  if (!usable(tensor)) {
    return refuse(tensor);
  }
  return collect(SLIM_SUMMARIES, tensor, name_of(tensor, name, prefix, NULL),
                 tensor->dtype == SLIM_FLOAT32 ? NULL : "float32");
}

static slim_status add_image(slim_tensor *tensor, const char *name, const char *prefix)
{
  if (!usable(tensor)) {
    return refuse(tensor);
  }
  const int channels = tensor->shape.rank == 4 ? tensor->shape.dim[3] : 0;
  const bool fits = (channels == 1 || channels == 3 || channels == 4) && tensor->dtype == SLIM_FLOAT32;
  return collect(SLIM_IMAGE_SUMMARIES, tensor, name_of(tensor, name, prefix, NULL),
                 fits ? NULL : "float32 [n,h,w,c] with 1, 3 or 4 channels");
}

/* The share of elements of mask that are 1. */
static slim_tensor *share(slim_tensor *mask)
{
  return slim_reduce_mean(mask, SLIM_ALL_AXES, false);
}

static slim_tensor *number(const slim_tensor *like, float value)
{
  return slim_constant(slim_graph_of(like), value, "summary");
}

static slim_status add_zero_fraction(slim_tensor *tensor, const char *name, const char *prefix)
{
  return usable(tensor) ? add_scalar(share(slim_equal(tensor, number(tensor, 0.0f))),
                                     name_of(tensor, name, prefix, "Fraction_of_Zero_Values"), NULL)
                        : refuse(tensor);
}

#define SUMMARY(one_)                                                                                                  \
  slim_status slim_add_##one_##_summary(slim_tensor *tensor, const char *name)                                         \
  {                                                                                                                    \
    return add_##one_(tensor, name, NULL);                                                                             \
  }                                                                                                                    \
                                                                                                                       \
  slim_status slim_add_##one_##_summaries(slim_tensors tensors, const char *prefix)                                    \
  {                                                                                                                    \
    slim_status status = SLIM_OK;                                                                                      \
    for (size_t i = 0; i < tensors.count && status == SLIM_OK; i++) {                                                  \
      status = add_##one_(tensors.item[i], NULL, prefix);                                                              \
    }                                                                                                                  \
    return status;                                                                                                     \
  }

SUMMARY(scalar)
SUMMARY(histogram)
SUMMARY(image)
SUMMARY(zero_fraction)

/* --- of layers ---------------------------------------------------------------------------------------------------- */

slim_status slim_summarize_tensor(slim_tensor *tensor)
{
  if (!usable(tensor) || tensor->dtype != SLIM_FLOAT32) {
    return usable(tensor) ? SLIM_OK : refuse(tensor);
  }
  const char *name = slim_arena_printf(slim_graph_of(tensor)->arena, "%s_summary", tensor->node->name);
  return tensor->shape.rank == 0 ? add_scalar(tensor, name, NULL) : add_histogram(tensor, name, NULL);
}

slim_status slim_summarize_activation(slim_tensor *tensor)
{
  if (!usable(tensor)) {
    return refuse(tensor);
  }
  const slim_node *node = tensor->node;
  const slim_activation_kind kind =
      node->op == &slim_op_activation ? ((const slim_activation_attr *)node->attr)->kind : SLIM_ACTIVATION_NONE;
  if (kind == SLIM_ACTIVATION_RELU || kind == SLIM_ACTIVATION_RELU6) {
    slim_tensor *x = node->inputs[0];
    (void)add_scalar(share(slim_greater(number(x, 0.0f), x)), name_of(tensor, NULL, NULL, "zeros"), NULL);
  }
  if (kind == SLIM_ACTIVATION_RELU6) {
    slim_tensor *x = node->inputs[0];
    (void)add_scalar(share(slim_greater(x, number(x, 6.0f))), name_of(tensor, NULL, NULL, "sixes"), NULL);
  }
  return add_histogram(tensor, name_of(tensor, NULL, NULL, "activation"), NULL);
}

slim_status slim_summarize_tensors(slim_tensors tensors, slim_summarizer summarizer)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < tensors.count && status == SLIM_OK; i++) {
    status = (summarizer ? summarizer : slim_summarize_tensor)(tensors.item[i]);
  }
  return status;
}

slim_status slim_summarize_collection(slim_graph *graph, const char *collection, const char *name_filter,
                                      slim_summarizer summarizer)
{
  return slim_summarize_tensors(slim_get_collection(graph, collection, name_filter), summarizer);
}

slim_status slim_summarize_variables(slim_graph *graph, const char *name_filter)
{
  return slim_summarize_collection(graph, SLIM_GLOBAL_VARIABLES, name_filter, slim_summarize_tensor);
}

slim_status slim_summarize_weights(slim_graph *graph, const char *name_filter)
{
  return slim_summarize_collection(graph, SLIM_WEIGHTS, name_filter, slim_summarize_tensor);
}

slim_status slim_summarize_biases(slim_graph *graph, const char *name_filter)
{
  return slim_summarize_collection(graph, SLIM_BIASES, name_filter, slim_summarize_tensor);
}

slim_status slim_summarize_activations(slim_graph *graph, const char *name_filter)
{
  return slim_summarize_collection(graph, SLIM_ACTIVATIONS, name_filter, slim_summarize_activation);
}

/* --- of gradients ------------------------------------------------------------------------------------------------- */

/* separator: between the variable's name and what is told of its gradient. */
static void add_gradients(slim_gradient_list gradients, char separator)
{
  for (size_t i = 0; i < gradients.count; i++) {
    slim_tensor *g = gradients.item[i].gradient;
    if (!usable(g)) {
      continue;
    }
    const char *name = slim_arena_printf(slim_graph_of(g)->arena, "%s%cgradient",
                                         slim_variable_full_name(gradients.item[i].variable), separator);
    const char *norm = slim_arena_printf(slim_graph_of(g)->arena, "%s_norm", name ? name : "");
    (void)add_histogram(g, name, NULL);
    (void)add_scalar(slim_global_norm((slim_gradient_list){ 1, &gradients.item[i] }), norm, NULL);
  }
}

void slim_add_gradients_summaries(slim_gradient_list gradients)
{
  add_gradients(gradients, '/');
}

void slim_training_add_gradients_summaries(slim_gradient_list gradients)
{
  add_gradients(gradients, '_');
}
