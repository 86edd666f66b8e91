/* Plans on a device whose memory the host does not see: passes, copies, fallback, the queue. */
#include "fake_backend.h"
#include "session/plan.h"
#include "session_support.h"

#define STEPS 5

/* What STEPS runs leave behind. */
typedef struct outcome {
  float loss[STEPS], w[6], b[3], y[12];
  int64_t step;
  slim_plan_info info;
} outcome;

static outcome train_on(slim_device *device)
{
  outcome o;
  test_small net = test_small_make(3);
  slim_session *session = test_session(net.graph, device, NULL);
  test_ok(session, slim_session_initialize(session));
  for (int i = 0; i < STEPS; i++) {
    test_ok(session, test_small_run(session, &net, 4, net.train, &o.loss[i], sizeof o.loss[i]));
  }
  test_ok(session, slim_session_plan_info(session, &o.info));
  test_ok(session, test_small_run(session, &net, 4, net.y, o.y, sizeof o.y));
  test_ok(session, slim_session_get_variable(session, net.w, o.w, sizeof o.w));
  test_ok(session, slim_session_get_variable(session, net.b, o.b, sizeof o.b));
  test_ok(session, slim_session_get_variable(session, net.step, &o.step, sizeof o.step));
  slim_session_destroy(session);
  slim_graph_destroy(net.graph);
  return o;
}

static outcome train_on_fake(fake_options options, fake_counts *counts)
{
  slim_device *device = fake_open(options);
  const outcome o = train_on(device);
  *counts = fake_get(device);
  fake_close(device);
  return o;
}

static outcome train_on_cpu(void)
{
  slim_device *device = NULL;
  ck_assert_int_eq(slim_device_open("cpu", &device, NULL), SLIM_OK);
  const outcome o = train_on(device);
  slim_device_close(device);
  return o;
}

static void assert_same(const outcome *a, const outcome *b)
{
  for (int i = 0; i < STEPS; i++) {
    ck_assert_float_eq_tol(a->loss[i], b->loss[i], 1e-5f);
  }
  for (int i = 0; i < 12; i++) {
    ck_assert_float_eq_tol(a->y[i], b->y[i], 1e-5f);
    ck_assert_float_eq_tol(a->w[i % 6], b->w[i % 6], 1e-5f);
    ck_assert_float_eq_tol(a->b[i % 3], b->b[i % 3], 1e-5f);
  }
  ck_assert_int_eq(a->step, b->step);
}

/* --- a third backend ---------------------------------------------------------------------------------------------- */

START_TEST(a_backend_of_one_s_own_trains_the_same)
{
  fake_counts counts;
  const outcome cpu = train_on_cpu(), fake = train_on_fake((fake_options){ .fuses = _i != 0 }, &counts);
  assert_same(&cpu, &fake);
  ck_assert_int_eq(fake.info.cpu_steps, 0);
  ck_assert_int_eq(counts.buffers, 0);
  ck_assert_int_eq(counts.steps, 0);
  /* variables, and what the gradient starts from; the learning rate is folded and stays on the host */
  ck_assert_int_eq(counts.uploads, 2 + 1);
  ck_assert_int_eq(counts.lent, 2 * STEPS + 1); /* feeds */
  ck_assert_int_eq(counts.downloads, STEPS + 1 + 2);
}
END_TEST

static const char *const missing[] = { "matmul",
                                       "bias_add",
                                       "activation",
                                       "binary",
                                       "unary",
                                       "reduce",
                                       "finite_check",
                                       "activation_gradient",
                                       "bias_add_gradient",
                                       "apply_gradient_descent" };

enum { MISSING = sizeof missing / sizeof *missing };

START_TEST(an_op_the_device_lacks_runs_on_the_cpu)
{
  fake_counts counts;
  const fake_options options = { .unsupported = missing[_i % MISSING], .fuses = _i >= MISSING };
  const outcome cpu = train_on_cpu(), fake = train_on_fake(options, &counts);
  assert_same(&cpu, &fake);
  ck_assert_int_gt(fake.info.cpu_steps, 0);
  ck_assert_int_lt(fake.info.cpu_steps, fake.info.steps);
  ck_assert_int_eq(counts.buffers, 0);
}
END_TEST

START_TEST(steps_are_told_one_by_one)
{
  const fake_options lacks = { .unsupported = "bias_add" };
  slim_device *device = fake_open(lacks);
  test_small net = test_small_make(3);
  slim_session *session = test_session(net.graph, device, NULL);
  slim_plan_step_info step;
  slim_plan_info info;
  float y[12];
  double flops = 0, bytes = 0;
  int steps = 0, cpu_steps = 0;
  ck_assert(!slim_session_plan_step(session, 0, &step)); /* nothing ran yet */
  test_ok(session, slim_session_initialize(session));
  test_ok(session, test_small_run(session, &net, 4, net.y, y, sizeof y));
  test_ok(session, slim_session_plan_info(session, &info));
  for (; slim_session_plan_step(session, (size_t)steps, &step); steps++) {
    ck_assert_int_gt((int)strlen(step.name), 0);
    ck_assert_int_gt((int)strlen(step.kernel), 0);
    ck_assert(step.ms < 0); /* no profile was asked for */
    cpu_steps += step.cpu;
    flops += step.flops;
    bytes += step.bytes;
  }
  ck_assert_int_eq(steps, info.steps);
  ck_assert_int_eq(cpu_steps, info.cpu_steps);
  ck_assert_int_gt(cpu_steps, 0);
  ck_assert_double_eq(flops, info.flops);
  ck_assert_double_eq(bytes, info.bytes);
  char text[4096];
  ck_assert_uint_lt(slim_session_describe(session, text, sizeof text), sizeof text);
  ck_assert_msg(strstr(text, "download  MatMul:0 [4,3]") && strstr(text, "upload  BiasAdd:0 [4,3]"), "%s", text);
  slim_session_destroy(session);
  slim_graph_destroy(net.graph);
  fake_close(device);
}
END_TEST

START_TEST(an_endless_loop_does_not_fill_the_queue)
{
  slim_device *device = fake_open((fake_options){ .fuses = false });
  test_small net = test_small_make(3);
  slim_session *session = test_session(net.graph, device, NULL);
  slim_plan_info info;
  test_ok(session, slim_session_initialize(session));
  for (int i = 0; i < 500; i++) {
    test_ok(session, test_small_run(session, &net, 4, net.train, NULL, 0));
  }
  test_ok(session, slim_session_plan_info(session, &info));
  const fake_counts counts = fake_get(device);
  ck_assert_int_le(counts.waiting, 4 * (info.steps + 2));
  ck_assert_int_ge(counts.waiting, 2 * info.steps); /* several runs are under way */
  ck_assert_int_eq(counts.downloads, 0);
  slim_session_destroy(session);
  slim_graph_destroy(net.graph);
  fake_close(device);
}
END_TEST

/* Nobody waits: what was fed may change. */
START_TEST(feeds_of_runs_that_go_on_are_copied)
{
  slim_device *device = fake_open((fake_options){ .fuses = false });
  test_small net = test_small_make(3);
  slim_session *session = test_session(net.graph, device, NULL);
  float y[12];
  test_ok(session, slim_session_initialize(session));
  test_ok(session, test_small_run(session, &net, 4, net.y, y, sizeof y));
  const fake_counts waited = fake_get(device);
  test_ok(session, test_small_run(session, &net, 4, net.y, NULL, 0));
  const fake_counts counts = fake_get(device);
  ck_assert_int_eq(counts.lent, waited.lent);
  ck_assert_int_eq(counts.uploads, waited.uploads + waited.lent);
  ck_assert_int_eq(counts.finishes, waited.finishes);
  slim_session_destroy(session);
  slim_graph_destroy(net.graph);
  fake_close(device);
}
END_TEST

/* --- passes ------------------------------------------------------------------------------------------------------- */

static void set_passes(unsigned off)
{
  static const char *const names[] = { "-prune", "-fold", "-batch_norm", "-backward", "+recompute", "-apply", "-fuse", "-in_place", "-memory" };
  char text[128] = "";
  for (int i = 0; i < SLIM_PASS_COUNT; i++) {
    if ((off >> i) & 1u) {
      strcat(text, text[0] ? "," : "");
      strcat(text, names[i]);
    }
  }
  ck_assert_int_eq(setenv("SLIM_PASSES", text, 1), 0);
}

START_TEST(no_pass_changes_a_result)
{
  fake_counts counts, plain_counts;
  const outcome plain = train_on_fake((fake_options){ .fuses = true }, &plain_counts);
  set_passes((unsigned)_i);
  const outcome other = train_on_fake((fake_options){ .fuses = true }, &counts), cpu = train_on_cpu();
  assert_same(&plain, &other);
  assert_same(&plain, &cpu);
  ck_assert_int_eq(counts.buffers, 0);
  ck_assert_int_ge(other.info.steps, plain.info.steps);
  if (((unsigned)_i & (SLIM_PASS(memory) | SLIM_PASS(fold))) == SLIM_PASS(memory)) {
    ck_assert_uint_gt(other.info.arena_bytes, plain.info.arena_bytes);
  }
  if ((unsigned)_i & SLIM_PASS(fold)) {
    ck_assert_int_gt(other.info.steps, plain.info.steps);
  }
}
END_TEST

START_TEST(unknown_passes_are_named)
{
  unsigned passes = 0;
  slim_error error = { SLIM_OK, "" };
  ck_assert_int_eq(slim_passes_parse(NULL, &passes, &error), SLIM_OK);
  ck_assert_uint_eq(passes, SLIM_PASS_DEFAULT);
  ck_assert_int_eq(slim_passes_parse("-fuse,-memory,+fuse", &passes, &error), SLIM_OK);
  ck_assert_uint_eq(passes, SLIM_PASS_DEFAULT & ~SLIM_PASS(memory));
  ck_assert_int_eq(slim_passes_parse("-fuse,-fus", &passes, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "SLIM_PASSES: '-fus' must be - or + and one of prune, fold, batch_norm, backward, recompute, apply, fuse, in_place, memory");
}
END_TEST

/* Runs y for the data of test_small_x and returns how many steps that took. */
static int steps_for(slim_graph *graph, slim_tensor *x, slim_tensor *y, fake_options options, float *out, size_t bytes,
                     fake_counts *counts)
{
  slim_device *device = fake_open(options);
  slim_session *session = test_session(graph, device, NULL);
  slim_plan_info info;
  const slim_feed feed = { x, test_small_x, 4 };
  const slim_fetch fetch = { y, out, bytes };
  test_ok(session, slim_session_initialize(session));
  test_ok(session, slim_session_run(session, &feed, 1, &fetch, 1));
  test_ok(session, slim_session_plan_info(session, &info));
  *counts = fake_get(device);
  slim_session_destroy(session);
  fake_close(device);
  return info.steps;
}

START_TEST(what_gives_only_its_shape_is_not_computed)
{
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *x = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 2), "x");
  slim_tensor *like = slim_op_unary_add(slim_op_unary_add(x, SLIM_UNARY_EXP, 0, 0), SLIM_UNARY_EXP, 0, 0);
  slim_tensor *sum = slim_op_reduce_add(x, SLIM_REDUCE_SUM, 3, 0);
  slim_tensor *y = slim_op_broadcast_like_add(sum, like, 3, 0);
  float out[8];
  fake_counts counts;
  ck_assert_int_eq(steps_for(graph, x, y, (fake_options){ 0 }, out, sizeof out, &counts), 2);
  for (int i = 0; i < 8; i++) {
    ck_assert_float_eq_tol(out[i], 3.8f, 1e-5f);
  }
  set_passes(SLIM_PASS(prune));
  ck_assert_int_eq(steps_for(graph, x, y, (fake_options){ 0 }, out, sizeof out, &counts), 4);
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(an_epilogue_is_fused_where_nobody_else_reads)
{
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *x = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 2), "x");
  slim_tensor *w = test_variable(graph, "w", SLIM_FLOAT32, SLIM_SHAPE(2, 3), test_small_w);
  slim_tensor *b = test_variable(graph, "b", SLIM_FLOAT32, SLIM_SHAPE(3), test_small_b);
  slim_tensor *sum = test_bias(test_matmul(x, w), b), *y = test_relu(sum);
  slim_tensor *both = slim_op_binary_add(y, sum, SLIM_BINARY_ADD);
  float out[12], plain[12];
  fake_counts counts, none;
  ck_assert_int_eq(steps_for(graph, x, y, (fake_options){ .fuses = true }, out, sizeof out, &counts), 1);
  ck_assert_int_eq(counts.largest_group, 3);
  ck_assert_int_eq(steps_for(graph, x, y, (fake_options){ .fuses = false }, plain, sizeof plain, &none), 3);
  for (int i = 0; i < 12; i++) {
    ck_assert_float_eq_tol(out[i], plain[i], 1e-6f);
  }
  (void)steps_for(graph, x, both, (fake_options){ .fuses = true }, out, sizeof out, &counts);
  (void)steps_for(graph, x, both, (fake_options){ .fuses = false }, plain, sizeof plain, &none);
  ck_assert_int_le(counts.largest_group, 2);
  for (int i = 0; i < 12; i++) {
    ck_assert_float_eq_tol(out[i], plain[i], 1e-6f);
  }
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(constants_are_folded_and_uploaded_once)
{
  slim_graph *graph = slim_graph_create(1);
  const float values[] = { 2, 3 };
  slim_tensor *x = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 2), "x");
  slim_tensor *c = slim_constant_tensor(graph, SLIM_FLOAT32, SLIM_SHAPE(2), values, "c");
  slim_tensor *square = slim_op_unary_add(c, SLIM_UNARY_SQUARE, 0, 0);
  slim_tensor *y = slim_op_binary_add(x, square, SLIM_BINARY_MUL);
  slim_device *device = fake_open((fake_options){ 0 });
  slim_session *session = test_session(graph, device, NULL);
  float out[8];
  const slim_feed feed = { x, test_small_x, 4 };
  const slim_fetch fetch = { y, out, sizeof out };
  for (int run = 0; run < 3; run++) {
    test_ok(session, slim_session_run(session, &feed, 1, &fetch, 1));
    for (int i = 0; i < 8; i++) {
      ck_assert_float_eq_tol(out[i], test_small_x[i] * (i % 2 ? 9 : 4), 1e-6f);
    }
  }
  ck_assert_int_eq(fake_get(device).uploads, 1);
  ck_assert_int_eq(fake_get(device).lent, 3);
  ck_assert_int_eq(fake_get(device).enqueued, 3);
  slim_session_destroy(session);
  fake_close(device);
  slim_graph_destroy(graph);
}
END_TEST

/* Steps are enqueued in rows. */
START_TEST(a_step_that_fails_is_named)
{
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *x = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 2), "x"), *y[3] = { x };
  for (int i = 0; i < 3; i++) {
    y[i] = slim_op_reduce_add(y[i > 0 ? i - 1 : 0], SLIM_REDUCE_SUM, 2u, 1);
  }
  float out[4];
  const slim_feed feed = { x, test_small_x, 4 };
  const slim_fetch fetch = { y[2], out, sizeof out };
  for (int i = 0; i < 3; i++) {
    slim_device *device = fake_open((fake_options){ .refused = i + 1 });
    slim_session *session = test_session(graph, device, NULL);
    ck_assert_int_eq(slim_session_run(session, &feed, 1, &fetch, 1), SLIM_ERR_DEVICE);
    const size_t name = strcspn(slim_session_error(session), ":");
    ck_assert_msg(name == strlen(y[i]->node->name) && memcmp(slim_session_error(session), y[i]->node->name, name) == 0,
                  "%s", slim_session_error(session));
    test_ok(session, slim_session_run(session, &feed, 1, &fetch, 1));
    slim_session_destroy(session);
    fake_close(device);
  }
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(a_reshape_takes_no_step_and_no_memory)
{
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *x = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 2), "x");
  slim_tensor *y = slim_op_reshape_add(slim_op_reshape_add(x, SLIM_SHAPE(0, 1, 2)), SLIM_SHAPE(0, 2, 1));
  slim_tensor *z = slim_op_unary_add(y, SLIM_UNARY_NEGATE, 0, 0);
  float out[8];
  fake_counts counts;
  ck_assert_int_eq(steps_for(graph, x, y, (fake_options){ 0 }, out, sizeof out, &counts), 0);
  ck_assert_mem_eq(out, test_small_x, sizeof out);
  ck_assert_int_eq(steps_for(graph, x, z, (fake_options){ 0 }, out, sizeof out, &counts), 1);
  ck_assert_float_eq(out[7], 0.4f);
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(readers_come_before_writers)
{
  slim_graph *graph = slim_graph_create(1);
  const float start[] = { 5 };
  slim_tensor *v = test_variable(graph, "v", SLIM_FLOAT32, SLIM_SHAPE(1), start);
  slim_tensor *x = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(1), "x");
  slim_tensor *written = slim_op_add((slim_tensor *[]){ v, x }, 2, &slim_op_assign, "Assign", NULL);
  slim_tensor *read = slim_op_unary_add(v, SLIM_UNARY_SCALE_ADD, 2, 0); /* built later, and still reads the 5 */
  slim_device *device = fake_open((fake_options){ 0 });
  slim_session *session = test_session(graph, device, NULL);
  const float seven = 7;
  float out = 0, now = 0;
  const slim_feed feed = { x, &seven, 1 };
  const slim_fetch fetches[] = { { written, NULL, 0 }, { read, &out, sizeof out }, { v, &now, sizeof now } };
  test_ok(session, slim_session_initialize(session));
  test_ok(session, slim_session_run(session, &feed, 1, fetches, 3));
  ck_assert_float_eq(out, 10);
  ck_assert_float_eq(now, 7);
  slim_session_destroy(session);
  fake_close(device);
  slim_graph_destroy(graph);
}
END_TEST

/* --- memory ------------------------------------------------------------------------------------------------------- */

START_TEST(large_tensors_are_refused_and_small_ones_share_arenas)
{
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *x = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 256), "x");
  slim_tensor *y = x;
  for (int i = 0; i < 6; i++) {
    y = slim_op_binary_add(y, slim_op_reduce_add(y, SLIM_REDUCE_MAX, 3, 0), SLIM_BINARY_ADD);
  }
  slim_device *device = fake_open((fake_options){ .max_allocation = 4096 });
  slim_session *session = test_session(graph, device, NULL);
  float *data = calloc(8 * 256, sizeof *data), *out = calloc(8 * 256, sizeof *out);
  const slim_feed fits = { x, data, 4 }, large = { x, data, 5 };
  const slim_fetch fetch = { y, out, 8 * 256 * sizeof *out };
  data[0] = 1;
  test_ok(session, slim_session_run(session, &fits, 1, &fetch, 1));
  ck_assert_float_eq(out[0], 64);
  ck_assert_int_eq(slim_session_run(session, &large, 1, &fetch, 1), SLIM_ERR_MEMORY);
  ck_assert_str_eq(slim_session_error(session),
                   "session: with batch 5 a tensor has 5120 bytes, the device allows 4096 in "
                   "one buffer; use a smaller batch");
  test_ok(session, slim_session_run(session, &fits, 1, &fetch, 1));
  free(data);
  free(out);
  slim_session_destroy(session);
  ck_assert_int_eq(fake_get(device).buffers, 0);
  fake_close(device);
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(a_variable_of_one_large_row_is_refused)
{
  slim_graph *graph = slim_graph_create(1);
  (void)test_variable(graph, "v", SLIM_FLOAT32, SLIM_SHAPE(1, 2048), NULL);
  slim_device *device = fake_open((fake_options){ .max_allocation = 4096 });
  slim_session *session = test_session(graph, device, NULL);
  ck_assert_int_eq(slim_session_initialize(session), SLIM_ERR_MEMORY);
  ck_assert_str_eq(slim_session_error(session), "variable 'v' has 8192 bytes, the device allows 4096 in one buffer");
  slim_session_destroy(session);
  ck_assert_int_eq(fake_get(device).buffers, 0);
  fake_close(device);
  slim_graph_destroy(graph);
}
END_TEST

static uint32_t draw(uint32_t *state, uint32_t below)
{
  *state = *state * 1664525u + 1013904223u;
  return (*state >> 8) % below;
}

static bool overlap(const slim_slot *a, const slim_slot *b)
{
  return a->arena == b->arena && a->first <= b->last && b->first <= a->last && a->offset < b->offset + b->bytes &&
         b->offset < a->offset + a->bytes;
}

/* The most bytes that are needed at once: no plan can do with less. */
static size_t peak(const slim_slot *slots, int count)
{
  size_t most = 0;
  for (int step = 0; step < 100; step++) {
    size_t sum = 0;
    for (int i = 0; i < count; i++) {
      sum += slots[i].first <= step && step <= slots[i].last ? slots[i].bytes : 0;
    }
    most = sum > most ? sum : most;
  }
  return most;
}

START_TEST(slots_that_live_at_once_do_not_overlap)
{
  enum { COUNT = 120 };
  slim_slot slots[COUNT] = { 0 }, again[COUNT];
  slim_slot *list[COUNT], *other[COUNT];
  size_t bytes[COUNT + 1], same[COUNT + 1], sum = 0;
  uint32_t state = (uint32_t)_i + 1;
  const size_t limit = _i % 3 == 0 ? 0 : 6400;
  for (int i = 0; i < COUNT; i++) {
    const int first = (int)draw(&state, 90);
    slots[i] =
        (slim_slot){ .bytes = 256 * (1 + draw(&state, 24)), .first = first, .last = first + (int)draw(&state, 10) };
    sum += slots[i].bytes;
    list[i] = &slots[i];
    again[i] = slots[i];
    other[i] = &again[i];
  }
  const int arenas = slim_memory_fit(list, COUNT, limit, true, bytes);
  ck_assert_int_ge(arenas, 1);
  size_t total = 0;
  for (int k = 0; k < arenas; k++) {
    ck_assert(limit == 0 || bytes[k] <= limit);
    total += bytes[k];
  }
  for (int i = 0; i < COUNT; i++) {
    ck_assert_uint_le(slots[i].offset + slots[i].bytes, bytes[slots[i].arena]);
    for (int k = 0; k < i; k++) {
      ck_assert(!overlap(&slots[i], &slots[k]));
    }
  }
  ck_assert_uint_ge(total, peak(slots, COUNT));
  ck_assert_uint_le(total, limit == 0 ? peak(slots, COUNT) * 5 / 4 : sum / 2);
  ck_assert_int_eq(slim_memory_fit(other, COUNT, limit, true, same), arenas);
  ck_assert_mem_eq(slots, again, sizeof slots);
  ck_assert_int_ge(slim_memory_fit(other, COUNT, 0, false, same), 1);
  ck_assert_uint_eq(same[0], sum);
  ck_assert_int_eq(slim_memory_fit(list, COUNT, 256, true, bytes), -2);
}
END_TEST

/* Tests without forks share an environment. */
static void all_passes(void)
{
  ck_assert_int_eq(unsetenv("SLIM_PASSES"), 0);
}

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, all_passes, all_passes);
  tcase_add_loop_test(c, a_backend_of_one_s_own_trains_the_same, 0, 2);
  tcase_add_loop_test(c, an_op_the_device_lacks_runs_on_the_cpu, 0, 2 * MISSING);
  tcase_add_test(c, steps_are_told_one_by_one);
  tcase_add_test(c, an_endless_loop_does_not_fill_the_queue);
  tcase_add_test(c, feeds_of_runs_that_go_on_are_copied);
  tcase_add_loop_test(c, no_pass_changes_a_result, 1, 1 << SLIM_PASS_COUNT);
  tcase_add_test(c, unknown_passes_are_named);
  tcase_add_test(c, what_gives_only_its_shape_is_not_computed);
  tcase_add_test(c, an_epilogue_is_fused_where_nobody_else_reads);
  tcase_add_test(c, constants_are_folded_and_uploaded_once);
  tcase_add_test(c, a_step_that_fails_is_named);
  tcase_add_test(c, a_reshape_takes_no_step_and_no_memory);
  tcase_add_test(c, readers_come_before_writers);
  tcase_add_test(c, large_tensors_are_refused_and_small_ones_share_arenas);
  tcase_add_test(c, a_variable_of_one_large_row_is_refused);
  tcase_add_loop_test(c, slots_that_live_at_once_do_not_overlap, 0, 12);
}

TEST_MAIN("plan", build, NULL)
