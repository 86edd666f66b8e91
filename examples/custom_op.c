/* An op of your own, swish(x) = x / (1 + exp(-beta x)), as an activation in a net that learns XOR: custom_op [DEVICE]
 */
#include <slim/slim.h>

#include <math.h>
#include <stdio.h>

typedef struct swish_attr { /* the attributes, as host functions and the kernels see them */
  float beta;
} swish_attr;

static bool like_the_first(slim_inference *q) /* the shape rule */
{
  q->out[0] = q->in[0];
  if (q->in_type[0] != SLIM_FLOAT32) {
    slim_error_set(q->error, SLIM_ERR_TYPE, "x has type %s, must be float32", slim_dtype_name(q->in_type[0]));
  }
  return q->in_type[0] == SLIM_FLOAT32;
}

static void forward(void *user, size_t begin, size_t end)
{
  const slim_custom_run *run = user;
  const float *x = run->in[0].data, beta = ((const swish_attr *)run->attr)->beta;
  float *y = run->out[0].data;
  for (size_t i = begin; i < end; i++) {
    y[i] = x[i] / (1.0f + expf(-beta * x[i]));
  }
}

static void backward(void *user, size_t begin, size_t end)
{
  const slim_custom_run *run = user;
  const float *x = run->in[0].data, *dy = run->in[1].data, beta = ((const swish_attr *)run->attr)->beta;
  float *dx = run->out[0].data;
  for (size_t i = begin; i < end; i++) {
    const float s = 1.0f / (1.0f + expf(-beta * x[i]));
    dx[i] = dy[i] * (s + beta * x[i] * s * (1.0f - s));
  }
}

static void swish_cpu(const slim_custom_run *run) /* on all threads, 4096 elements at a time */
{
  run->parallel(run, slim_shape_elements(&run->out[0].shape), 4096, forward, (void *)run);
}

static void swish_gradient_cpu(const slim_custom_run *run)
{
  run->parallel(run, slim_shape_elements(&run->out[0].shape), 4096, backward, (void *)run);
}

static const char source[] = /* tensors, n, attributes: SLIM_TENSOR and SLIM_OPEN are there already */
    "typedef struct { float beta; } swish_attr;\n"
    "kernel void swish(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), uint n, swish_attr p)\n"
    "{\n"
    "  SLIM_OPEN(const float, x);\n"
    "  SLIM_OPEN(float, y);\n"
    "  const uint i = get_global_id(0);\n"
    "  if (i < n) y[i] = x[i] / (1.0f + exp(-p.beta * x[i]));\n"
    "}\n"
    "kernel void swish_gradient(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, dy), SLIM_TENSOR(float, dx),\n"
    "                           uint n, swish_attr p)\n"
    "{\n"
    "  SLIM_OPEN(const float, x);\n"
    "  SLIM_OPEN(const float, dy);\n"
    "  SLIM_OPEN(float, dx);\n"
    "  const uint i = get_global_id(0);\n"
    "  if (i >= n) return;\n"
    "  const float s = 1.0f / (1.0f + exp(-p.beta * x[i]));\n"
    "  dx[i] = dy[i] * (s + p.beta * x[i] * s * (1.0f - s));\n"
    "}\n";

static const slim_custom_op swish_gradient_op = {
  .struct_size = sizeof(slim_custom_op),
  .name = "swish_gradient",
  .inputs = 2,
  .outputs = 1,
  .attr_size = sizeof(swish_attr),
  .infer = like_the_first,
  .cpu = swish_gradient_cpu,
  .opencl_source = source,
  .opencl_kernel = "swish_gradient",
};

static void swish_gradient(const slim_custom_gradient *g)
{
  g->dx[0] = slim_custom(&swish_gradient_op, "SwishGrad", g->attr, SLIM_TENSORS(g->in[0], g->dy[0]));
}

static const slim_custom_op swish_op = {
  .struct_size = sizeof(slim_custom_op),
  .name = "swish",
  .inputs = 1,
  .outputs = 1,
  .attr_size = sizeof(swish_attr),
  .infer = like_the_first,
  .gradient = swish_gradient,
  .cpu = swish_cpu,
  .opencl_source = source,
  .opencl_kernel = "swish",
};

static slim_tensor *swish(const slim_args *args) /* a layer: scopes may give it its options with .user */
{
  const slim_args all = slim_arg_scoped(slim_graph_of(args->input), swish, args);
  const swish_attr standard = { 1.0f };
  return slim_custom(&swish_op, "Swish", all.user ? all.user : &standard, SLIM_TENSORS(args->input));
}

int main(int argc, char **argv)
{
  static const float corners[4][2] = { { 0, 0 }, { 0, 1 }, { 1, 0 }, { 1, 1 } }, xor[4][1] = {
    { 0 }, { 1 }, { 1 }, { 0 }
  };
  const swish_attr sharp = { 1.5f };
  slim_error error = { 0 };
  slim_graph *g = slim_graph_create(3);
  slim_tensor *x = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 2), "x");
  slim_tensor *t = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 1), "t"), *train_op = NULL;
  slim_add_arg_scope(g, swish, "swish", (const char *[]){ "user", NULL });
  SLIM_ARG_SCOPE (g, SLIM_OPS(swish), .user = &sharp) {
    slim_tensor *hidden = slim_fully_connected(x, 8, .activation = swish);
    slim_mean_squared_error(slim_fully_connected(hidden, 1, .activation = slim_identity), t);
    train_op = slim_learning_create_train_op(slim_get_total_loss(g, true, NULL),
                                             slim_adam_optimizer(slim_constant(g, 0.05f, "learning_rate")));
  }
  slim_session *session = slim_session_open(g, argc > 1 ? argv[1] : "auto", &error);
  slim_train_result result = { 0 };
  const slim_feed feeds[] = { { x, corners, 4 }, { t, xor, 4 } };
  slim_learning_train(session, train_op, NULL, .number_of_steps = 150, .feeds = feeds, .num_feeds = 2,
                      .result = &result, .error = &error);
  slim_plan_info plan = { 0 };
  if (error.status == SLIM_OK && slim_session_plan_info(session, &plan) == SLIM_OK) {
    printf("loss %.6f, %d of %d steps fell back to the CPU\n", (double)result.loss, plan.cpu_steps, plan.steps);
  } else {
    fprintf(stderr, "%s\n", error.text);
  }
  slim_session_destroy(session);
  slim_graph_destroy(g);
  return error.status != SLIM_OK;
}
