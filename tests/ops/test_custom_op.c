/* Ops registered at run time: forward against loops in double, gradients by finite differences, several outputs and
 * launches, attributes, a training step, falling back to the CPU, and every error's text. */
#include "test_net.h"

#include "slim/custom_op.h"
#include "slim/layers.h"
#include "slim/learning.h"
#include "slim/losses.h"
#include "slim/ops.h"

#include <math.h>

static bool on_opencl(void)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  return name && *name && strcmp(name, "cpu") != 0;
}

static slim_plan_info plan_of(const test_net *net)
{
  slim_plan_info info = { 0 };
  ck_assert_int_eq(slim_session_plan_info(net->session, &info), SLIM_OK);
  return info;
}

/* --- bend(x) = a x^2 + b x, element by element: attributes, gradient by a second op of one's own ------------------ */

typedef struct bend_attr {
  float a, b;
  int times; /* the result is multiplied by it */
} bend_attr;

static const char bend_source[] =
    "typedef struct { float a, b; int times; } bend_attr;\n"
    "kernel void bend(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), uint n, bend_attr p)\n"
    "{\n"
    "  SLIM_OPEN(const float, x);\n"
    "  SLIM_OPEN(float, y);\n"
    "  const uint i = get_global_id(0);\n"
    "  if (i < n) y[i] = (p.a * x[i] * x[i] + p.b * x[i]) * p.times;\n"
    "}\n"
    "kernel void bend_gradient(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, dy), SLIM_TENSOR(float, dx),\n"
    "                          uint n, bend_attr p)\n"
    "{\n"
    "  SLIM_OPEN(const float, x);\n"
    "  SLIM_OPEN(const float, dy);\n"
    "  SLIM_OPEN(float, dx);\n"
    "  const uint i = get_global_id(0);\n"
    "  if (i < n) dx[i] = dy[i] * (2 * p.a * x[i] + p.b) * p.times;\n"
    "}\n";

static bool like_the_first(slim_inference *q)
{
  q->out[0] = q->in[0];
  if (q->in_type[0] != SLIM_FLOAT32) {
    (void)slim_error_set(q->error, SLIM_ERR_TYPE, "x has type %s, must be float32", slim_dtype_name(q->in_type[0]));
  }
  return q->in_type[0] == SLIM_FLOAT32;
}

static void bend_piece(void *user, size_t begin, size_t end)
{
  const slim_custom_run *run = user;
  const bend_attr *p = run->attr;
  const float *x = run->in[0].data;
  float *y = run->out[0].data;
  for (size_t i = begin; i < end; i++) {
    y[i] = (p->a * x[i] * x[i] + p->b * x[i]) * (float)p->times;
  }
}

static void bend_cpu(const slim_custom_run *run)
{
  run->parallel(run, slim_shape_elements(&run->out[0].shape), 100, bend_piece, (void *)(uintptr_t)run);
}

static void bend_gradient_cpu(const slim_custom_run *run)
{
  const bend_attr *p = run->attr;
  const float *x = run->in[0].data, *dy = run->in[1].data;
  float *dx = run->out[0].data;
  for (size_t i = 0; i < slim_shape_elements(&run->out[0].shape); i++) {
    dx[i] = dy[i] * (2 * p->a * x[i] + p->b) * (float)p->times;
  }
}

static const slim_custom_op bend_gradient_op = {
  .struct_size = sizeof(slim_custom_op),
  .name = "bend_gradient",
  .inputs = 2,
  .outputs = 1,
  .attr_size = sizeof(bend_attr),
  .infer = like_the_first,
  .cpu = bend_gradient_cpu,
  .opencl_source = bend_source,
  .opencl_kernel = "bend_gradient",
};

static void bend_gradient(const slim_custom_gradient *g)
{
  g->dx[0] = slim_custom(&bend_gradient_op, "BendGrad", g->attr, SLIM_TENSORS(g->in[0], g->dy[0]));
}

static const slim_custom_op bend_op = {
  .struct_size = sizeof(slim_custom_op),
  .name = "bend",
  .inputs = 1,
  .outputs = 1,
  .attr_size = sizeof(bend_attr),
  .infer = like_the_first,
  .gradient = bend_gradient,
  .cpu = bend_cpu,
  .opencl_source = bend_source,
  .opencl_kernel = "bend",
};
static const bend_attr bend = { 0.5f, -0.25f, 3 };

/* The same as a layer: its attributes come through the user pointer, of the call or of a scope. */
static slim_tensor *bend_layer(const slim_args *args)
{
  const slim_args all = slim_arg_scoped(slim_graph_of(args->input), bend_layer, args);
  return slim_custom(&bend_op, NULL, all.user, SLIM_TENSORS(args->input));
}

static const int sizes[][4] = { { 1, 1, 1, 1 }, { 3, 5, 7, 11 }, { 2, 16, 16, 33 } };

START_TEST(forward_matches_loops)
{
  test_net net = test_open(sizes[_i], 1);
  slim_tensor *y = slim_custom(&bend_op, "Bend", &bend, SLIM_TENSORS(net.input));
  ck_assert_str_eq(slim_tensor_name(y), "Bend:0");
  float *got = test_run(&net, y);
  for (size_t i = 0; i < net.elements; i++) {
    const double x = (double)net.data[i], want = (0.5 * x * x - 0.25 * x) * 3.0;
    ck_assert_msg(fabs((double)got[i] - want) <= 1e-6, "element %zu is %g, want %g", i, (double)got[i], want);
  }
  ck_assert_int_eq(plan_of(&net).cpu_steps, 0);
  free(got);
  test_close(&net);
}
END_TEST

START_TEST(gradient_matches_finite_differences)
{
  test_net net = test_open(sizes[_i], 2);
  test_assert_gradient(&net, slim_custom(&bend_op, NULL, &bend, SLIM_TENSORS(net.input)), 0.0f, 0.0f);
  ck_assert_int_eq(plan_of(&net).cpu_steps, 0);
  test_close(&net);
}
END_TEST

START_TEST(a_layer_of_ones_own_trains)
{
  test_net net = test_open((const int[]){ 8, 1, 1, 6 }, 3);
  float first = 0.0f, loss = 0.0f, *target = test_numbers(8, 4);
  slim_tensor *t = slim_placeholder(net.graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 1), "t"), *train = NULL;
  test_feed(&net, t, target);
  (void)slim_add_arg_scope(net.graph, bend_layer, "bend", (const char *[]){ "user", NULL });
  SLIM_ARG_SCOPE (net.graph, SLIM_OPS(bend_layer), .user = &bend) {
    slim_tensor *hidden = slim_fully_connected(slim_flatten(net.input), 5, .activation = bend_layer);
    (void)slim_mean_squared_error(slim_fully_connected(hidden, 1, .activation = slim_identity), t);
    train = slim_learning_create_train_op(slim_get_total_loss(net.graph, true, NULL),
                                          slim_adam_optimizer(slim_constant(net.graph, 0.1f, "rate")));
  }
  for (int i = 0; i < 25; i++) {
    float *now = test_run(&net, train);
    first = i == 0 ? *now : first;
    loss = *now;
    free(now);
  }
  ck_assert_msg(loss < 0.05f * first, "the loss went from %g to %g", (double)first, (double)loss);
  ck_assert_int_eq(plan_of(&net).cpu_steps, 0);
  free(target);
  test_close(&net);
}
END_TEST

/* --- largest(x, like) -> the largest of each row, its place int32, how often it stands there: two launches, an input
 * of which only the shape counts, outputs of two types, one that may be left out ------------------------------------
 */

static const char largest_source[] =
    "kernel void largest(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), SLIM_TENSOR(int, place),\n"
    "                    SLIM_TENSOR(int, count), uint n, int c)\n"
    "{\n"
    "  SLIM_OPEN(const float, x);\n"
    "  SLIM_OPEN(float, y);\n"
    "  SLIM_OPEN(int, place);\n"
    "  const uint row = get_global_id(0);\n"
    "  if (row >= n) return;\n"
    "  int best = 0;\n"
    "  for (int k = 1; k < c; k++) best = x[row * c + k] > x[row * c + best] ? k : best;\n"
    "  place[row] = best;\n"
    "  y[row] = x[row * c + best];\n"
    "}\n"
    "kernel void count(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), SLIM_TENSOR(int, place),\n"
    "                  SLIM_TENSOR(int, count), uint n, int c)\n"
    "{\n"
    "  SLIM_OPEN(const float, x);\n"
    "  SLIM_OPEN(float, y);\n"
    "  SLIM_OPEN_OPTIONAL(int, count);\n"
    "  const uint row = get_global_id(0);\n"
    "  if (row >= n || !count || get_global_id(1) != 2) return;\n"
    "  int found = 0;\n"
    "  for (int k = 0; k < c; k++) found += x[row * c + k] == y[row];\n"
    "  count[row] = found;\n"
    "}\n";

static bool largest_infer(slim_inference *q)
{
  char text[64];
  if (q->in[0].rank != 2 || q->in[1].rank != 1) {
    (void)slim_error_set(q->error, SLIM_ERR_SHAPE, "x %s must have two dimensions",
                         slim_shape_format(&q->in[0], text, sizeof text));
    return false;
  }
  for (int k = 0; k < 3; k++) {
    q->out[k] = (slim_shape){ 1, { q->in[0].dim[0] } };
    q->out_type[k] = k ? SLIM_INT32 : SLIM_FLOAT32;
  }
  return true;
}

static bool saw_all_outputs; /* by the CPU's function */

static void largest_cpu(const slim_custom_run *run)
{
  const int rows = run->in[0].shape.dim[0], c = run->in[0].shape.dim[1];
  const float *x = run->in[0].data;
  float *y = run->out[0].data;
  int32_t *place = run->out[1].data, *count = run->out[2].data;
  ck_assert_ptr_null(run->in[1].data);
  ck_assert_int_eq(run->in[1].shape.dim[0], 7);
  saw_all_outputs = place && count;
  for (int r = 0; r < rows; r++, x += c) {
    int best = 0, found = 0;
    for (int k = 1; k < c; k++) {
      best = x[k] > x[best] ? k : best;
    }
    for (int k = 0; k < c; k++) {
      found += x[k] == x[best];
    }
    y[r] = x[best];
    place[r] = best;
    if (count) {
      count[r] = found;
    }
  }
}

static void largest_launch(slim_custom_launches *l)
{
  const size_t rows = (size_t)l->in[0].shape.dim[0];
  const int c = l->in[0].shape.dim[1];
  ck_assert_uint_ge(l->device->max_work_group, 1);
  l->add(l, "largest", (const size_t[]){ rows, 1, 1 }, NULL, &c, sizeof c);
  l->add(l, "count", (const size_t[]){ rows, 3, 1 }, (const size_t[]){ 2, 1, 1 }, &c, sizeof c);
}

static const slim_custom_op largest_op = {
  .struct_size = sizeof(slim_custom_op),
  .name = "largest",
  .inputs = 2,
  .outputs = 3,
  .shape_only = 1u << 1,
  .optional = 1u << 2,
  .infer = largest_infer,
  .cpu = largest_cpu,
  .opencl_source = largest_source,
  .opencl_launch = largest_launch,
};

START_TEST(outputs_come_by_number_and_type)
{
  static const float rows[5][4] = { { 1, 9, 3, 9 }, { 0, -1, -2, -3 }, { 2, 2, 2, 2 }, { 5, 6, 7, 8 }, { 4, 0, 4, 5 } };
  static const int32_t places[] = { 1, 0, 0, 3, 3 }, counts[] = { 2, 1, 4, 1, 1 };
  test_net net = test_open((const int[]){ 5, 1, 1, 1 }, 1);
  slim_tensor *x = slim_placeholder(net.graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 4), "x");
  slim_tensor *like = slim_constant_tensor(net.graph, SLIM_FLOAT32, SLIM_SHAPE(7), rows, "like");
  test_feed(&net, x, rows);
  slim_tensor *y = slim_custom(&largest_op, "Largest", NULL, SLIM_TENSORS(x, like));
  ck_assert_str_eq(slim_tensor_name(slim_tensor_output(y, 2)), "Largest:2");
  float *largest = test_run(&net, y);
  ck_assert(on_opencl() || !saw_all_outputs); /* nobody reads output 2 */
  int32_t *place = test_run(&net, slim_tensor_output(y, 1)), *count = test_run(&net, slim_tensor_output(y, 2));
  ck_assert(on_opencl() || saw_all_outputs);
  for (int i = 0; i < 5; i++) {
    ck_assert_int_eq(place[i], places[i]);
    ck_assert_int_eq(count[i], counts[i]);
    ck_assert(largest[i] == rows[i][places[i]]);
  }
  ck_assert_int_eq(plan_of(&net).cpu_steps, 0);
  free(largest);
  free(place);
  free(count);
  test_close(&net);
}
END_TEST

/* --- without a source --------------------------------------------------------------------------------------------- */

START_TEST(an_op_without_source_runs_on_the_cpu)
{
  slim_custom_op plain = bend_op;
  plain.opencl_source = plain.opencl_kernel = NULL;
  test_net net = test_open(sizes[1], 5);
  slim_tensor *y = slim_custom(&plain, NULL, &bend, SLIM_TENSORS(slim_relu(net.input)));
  y = slim_add(y, y);
  plain = (slim_custom_op){ 0 }; /* the graph has its own copy */
  float *got = test_run(&net, y);
  for (size_t i = 0; i < net.elements; i++) {
    const double x = fmax((double)net.data[i], 0.0), want = (0.5 * x * x - 0.25 * x) * 6.0;
    ck_assert_msg(fabs((double)got[i] - want) <= 2e-6, "element %zu is %g, want %g", i, (double)got[i], want);
  }
  ck_assert_int_eq(plan_of(&net).cpu_steps, on_opencl());
  free(got);
  test_close(&net);
}
END_TEST

/* --- errors ------------------------------------------------------------------------------------------------------- */

/* What a change of bend makes of slim_custom. */
static const struct fault {
  slim_custom_op op;
  slim_status status;
  const char *text;
} faults[] = {
#define BEND_(...)                                                                                                     \
  {                                                                                                                    \
    .struct_size = sizeof(slim_custom_op), .outputs = 1, .attr_size = sizeof(bend_attr), __VA_ARGS__                   \
  }
  { BEND_(.inputs = 1, .infer = like_the_first, .cpu = bend_cpu), SLIM_ERR_ARG, "custom op '': the name is missing" },
  { BEND_(.name = "x", .inputs = 1, .cpu = bend_cpu), SLIM_ERR_ARG, "custom op 'x': infer is missing" },
  { BEND_(.name = "x", .inputs = 1, .infer = like_the_first), SLIM_ERR_ARG,
    "custom op 'x': the cpu function is missing" },
  { BEND_(.name = "x", .infer = like_the_first, .cpu = bend_cpu), SLIM_ERR_ARG,
    "custom op 'x': inputs must be 1 or more, or -1" },
  { { .name = "x", .inputs = 1, .outputs = 9, .infer = like_the_first, .cpu = bend_cpu },
    SLIM_ERR_ARG,
    "custom op 'x': outputs must be 1 to 8" },
  { BEND_(.name = "x", .inputs = 1, .infer = like_the_first, .cpu = bend_cpu, .opencl_source = "x"), SLIM_ERR_ARG,
    "custom op 'x': opencl_source without opencl_kernel or opencl_launch" },
  { BEND_(.name = "x", .inputs = 1, .infer = like_the_first, .cpu = bend_cpu, .opencl_kernel = "x"), SLIM_ERR_ARG,
    "custom op 'x': opencl_kernel or opencl_launch without opencl_source" },
  { BEND_(.name = "conv2d", .inputs = 1, .infer = like_the_first, .cpu = bend_cpu), SLIM_ERR_EXISTS,
    "custom op 'conv2d': there is another op of this name in the library" },
  { BEND_(.name = "bend", .inputs = 1, .infer = like_the_first, .cpu = bend_cpu), SLIM_ERR_EXISTS,
    "custom op 'bend': there is another op of this name in the graph" },
  { BEND_(.name = "x", .inputs = 2, .infer = like_the_first, .cpu = bend_cpu), SLIM_ERR_ARG,
    "x 'x': 1 inputs, must be 2 to 2" },
  { BEND_(.name = "x", .inputs = 1, .infer = largest_infer, .cpu = bend_cpu), SLIM_ERR_SHAPE,
    "x 'x': x [?,1,1,1] must have two dimensions" },
};

START_TEST(a_faulty_description_is_an_error)
{
  const struct fault *f = &faults[_i];
  test_net net = test_open(sizes[0], 1);
  (void)slim_custom(&bend_op, NULL, &bend, SLIM_TENSORS(net.input));
  slim_tensor *poison = slim_custom(&f->op, NULL, NULL, SLIM_TENSORS(net.input));
  ck_assert_str_eq(slim_graph_error(net.graph), f->text);
  ck_assert_int_eq(slim_graph_status(net.graph), f->status);
  ck_assert_ptr_eq(slim_custom(&bend_op, NULL, &bend, SLIM_TENSORS(poison)), poison);
  ck_assert_ptr_eq(slim_tensor_output(poison, 3), poison);
  test_close(&net);
}
END_TEST

START_TEST(an_output_that_is_not_there_is_an_error)
{
  test_net net = test_open(sizes[0], 1);
  (void)slim_tensor_output(slim_custom(&bend_op, "Bend", &bend, SLIM_TENSORS(net.input)), 1);
  ck_assert_str_eq(slim_graph_error(net.graph), "bend 'Bend': there is no output 1, it has 1");
  test_close(&net);
}
END_TEST

START_TEST(a_missing_gradient_is_an_error)
{
  slim_custom_op flat = bend_op;
  flat.gradient = NULL;
  test_net net = test_open(sizes[0], 1);
  (void)slim_gradients(slim_custom(&flat, "Flat", &bend, SLIM_TENSORS(net.input)), SLIM_TENSORS(net.input));
  ck_assert_int_eq(slim_graph_status(net.graph), SLIM_ERR_UNSUPPORTED);
  ck_assert_str_eq(slim_graph_error(net.graph), "gradients of 'Flat:0': bend 'Flat' has no gradient");
  test_close(&net);
}
END_TEST

static const struct bad_source {
  const char *source, *kernel, *text;
} bad_sources[] = {
  { "kernel void bend(SLIM_TENSOR(const float, x)) { colour = 1; }", "bend", "building program 'bend' failed" },
  { "kernel void bend(SLIM_TENSOR(const float, x)) { colour = 1; }", "bend", "colour" },
  { bend_source, "bnd", "program 'bend' has no kernel bnd (CL_INVALID_KERNEL_NAME)" },
  { bend_source, "bend_gradient", "kernel bend_gradient takes 8 arguments, must take 6" },
};

START_TEST(a_source_that_does_not_fit_is_an_error)
{
  const struct bad_source *b = &bad_sources[_i];
  slim_custom_op bad = bend_op;
  bad.opencl_source = b->source;
  bad.opencl_kernel = b->kernel;
  test_net net = test_open(sizes[0], 1);
  float value = 0.0f;
  const slim_fetch fetch = { slim_custom(&bad, "Bend", &bend, SLIM_TENSORS(net.input)), &value, sizeof value };
  ck_assert_int_eq(slim_session_create(net.graph, net.device, NULL, &net.session, NULL), SLIM_OK);
  const slim_status status = slim_session_run(net.session, net.feeds, net.num_feeds, &fetch, 1);
  const char *error = slim_session_error(net.session);
  ck_assert_int_eq(status, on_opencl() ? SLIM_ERR_DEVICE : SLIM_OK);
  ck_assert_msg(!on_opencl() || strstr(error, b->text) != NULL, "%s", error);
  test_close(&net);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, forward_matches_loops, 0, 3);
  tcase_add_loop_test(c, gradient_matches_finite_differences, 0, 3);
  tcase_add_test(c, a_layer_of_ones_own_trains);
  tcase_add_test(c, outputs_come_by_number_and_type);
  tcase_add_test(c, an_op_without_source_runs_on_the_cpu);
  tcase_add_loop_test(c, a_faulty_description_is_an_error, 0, sizeof faults / sizeof *faults);
  tcase_add_test(c, an_output_that_is_not_there_is_an_error);
  tcase_add_test(c, a_missing_gradient_is_an_error);
  tcase_add_loop_test(c, a_source_that_does_not_fit_is_an_error, 0, sizeof bad_sources / sizeof *bad_sources);
}

TEST_MAIN("custom_op", build, test_net_available)
