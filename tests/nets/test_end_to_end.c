/* A small net with every kind of layer learns drawn digits, by graph and session alone. */
#include "digits.h"
#include "test_net.h"

#include <slim/slim.h>

enum { BATCH = 32, TRAIN = 1024, TEST = 200, CLASSES = 10 };

static float images[TRAIN + TEST][DIGITS_PIXELS];
static int64_t labels[TRAIN + TEST];

static void paint_all(void)
{
  uint32_t state = 77;
  uint8_t pixels[DIGITS_PIXELS];
  for (int i = 0; i < TRAIN + TEST; i++) {
    labels[i] = digits_paint(&state, pixels);
    for (int p = 0; p < DIGITS_PIXELS; p++) {
      images[i][p] = ((float)pixels[p] - 128.0f) / 128.0f;
    }
  }
}

static slim_tensor *small_net(slim_tensor *net, bool training)
{
  slim_graph *g = slim_graph_of(net);
  SLIM_ARG_SCOPE(g, SLIM_OPS(slim_conv2d, slim_fully_connected), .weights_regularizer = SLIM_L2(1e-4f)) {
    SLIM_ARG_SCOPE(g, SLIM_OPS(slim_batch_norm, slim_dropout), .is_training = SLIM_FLAG(training)) {
      net = slim_conv2d(net, 8, SLIM_HW(3, 3), .stride = { 2 }, .normalizer = slim_batch_norm,
                        .normalizer_args = SLIM_ARGS(.decay = 0.9f, .scale = SLIM_YES), .scope = "conv1");
      net = slim_max_pool2d(net, SLIM_HW(2, 2), .scope = "pool1");
      net = slim_conv2d(net, 16, SLIM_HW(3, 3), .padding = SLIM_SAME, .scope = "conv2");
      net = slim_avg_pool2d(net, SLIM_HW(3, 3), .stride = { 1 }, .padding = SLIM_SAME, .scope = "pool2");
      net = slim_fully_connected(slim_flatten(net), 64, .scope = "fc3");
      net = slim_dropout(net, .keep_prob = 0.8f, .scope = "dropout3");
      net = slim_fully_connected(net, CLASSES, .activation = slim_identity, .scope = "fc4");
    }
  }
  return net;
}

/* One graph that trains and one that evaluates, over the same values. */
typedef struct run {
  slim_device *device;
  slim_graph *train_graph, *eval_graph;
  slim_tensor *loss, *train_op, *hits;
  slim_tensor *train_in[2], *eval_in[2];
  slim_session *train, *eval;
} run;

static void check(slim_status status, const char *text)
{
  ck_assert_msg(status == SLIM_OK, "%s", text);
}

static slim_tensor *inputs(slim_graph *g, slim_tensor *in[2])
{
  in[0] = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, DIGITS_SIDE, DIGITS_SIDE, 1), "images");
  in[1] = slim_placeholder(g, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  return in[0];
}

static void build_train(run *r, uint64_t seed)
{
  slim_graph *g = r->train_graph = slim_graph_create(seed);
  slim_tensor *logits = small_net(inputs(g, r->train_in), true);
  (void)slim_softmax_cross_entropy(logits, slim_one_hot_encoding(r->train_in[1], CLASSES));
  r->loss = slim_get_total_loss(g, true, NULL);
  slim_tensor *step = slim_get_or_create_global_step(g);
  slim_optimizer *adam = slim_adam_optimizer(slim_exponential_decay(0.01, step, 100, 0.7, true));
  r->train_op = slim_minimize(adam, r->loss, step, (slim_tensors){ 0, NULL });
  check(slim_graph_status(g), slim_graph_error(g));
}

static void build_eval(run *r)
{
  slim_graph *g = r->eval_graph = slim_graph_create(1);
  slim_tensor *logits = small_net(inputs(g, r->eval_in), false);
  r->hits = slim_accuracy(slim_argmax(logits, 1), r->eval_in[1]);
  check(slim_graph_status(g), slim_graph_error(g));
}

static run run_open(uint64_t seed)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  run r = { 0 };
  slim_error error = { 0 };
  paint_all();
  check(slim_device_open(name ? name : "cpu", &r.device, &error), error.text);
  build_train(&r, seed);
  build_eval(&r);
  check(slim_session_create(r.train_graph, r.device, NULL, &r.train, &error), error.text);
  check(slim_session_create(r.eval_graph, r.device, slim_session_values(r.train), &r.eval, &error), error.text);
  check(slim_session_initialize(r.train), slim_session_error(r.train));
  return r;
}

static void run_close(run *r)
{
  slim_session_destroy(r->eval);
  slim_session_destroy(r->train);
  slim_device_close(r->device);
  slim_graph_destroy(r->eval_graph);
  slim_graph_destroy(r->train_graph);
}

/* Trains steps batches; @return the mean loss of the last ten. */
static float train(run *r, int steps)
{
  float sum = 0;
  for (int step = 0; step < steps; step++) {
    const int first = step * BATCH % TRAIN;
    const slim_feed feeds[] = { { r->train_in[0], images[first], BATCH }, { r->train_in[1], &labels[first], BATCH } };
    float loss = 0;
    const slim_fetch fetches[] = { { r->train_op, NULL, 0 }, { r->loss, &loss, sizeof loss } };
    check(slim_session_run(r->train, feeds, 2, fetches, 2), slim_session_error(r->train));
    sum += step >= steps - 10 ? loss / 10 : 0;
  }
  return sum;
}

static float accuracy(run *r)
{
  float hits = 0;
  const slim_feed feeds[] = { { r->eval_in[0], images[TRAIN], TEST }, { r->eval_in[1], &labels[TRAIN], TEST } };
  const slim_fetch fetch = { r->hits, &hits, sizeof hits };
  check(slim_session_run(r->eval, feeds, 2, &fetch, 1), slim_session_error(r->eval));
  return hits;
}

START_TEST(a_net_learns_and_its_values_are_shared_with_evaluation)
{
  run r = run_open(3);
  const float before = accuracy(&r), early = train(&r, 10), late = train(&r, 150), after = accuracy(&r);
  ck_assert_msg(before < 0.35f, "accuracy before training %g", before);
  ck_assert_msg(late < 0.5f * early, "loss %g at first, %g at the end", early, late);
  ck_assert_msg(after > 0.85f, "accuracy %g", after);
  slim_plan_info info;
  check(slim_session_plan_info(r.train, &info), slim_session_error(r.train));
  ck_assert_int_eq(info.cpu_steps, 0);
  run_close(&r);
}
END_TEST

/* Values of all variables, one after the other; to be freed. */
static char *values_of(run *r, size_t *size)
{
  char *data = NULL;
  const slim_tensors variables = slim_get_variables(r->train_graph, NULL, NULL, NULL);
  *size = 0;
  for (size_t i = 0; i < variables.count; i++) {
    const slim_shape shape = slim_tensor_shape(variables.item[i]);
    const size_t bytes = slim_shape_elements(&shape) * slim_dtype_size(slim_tensor_dtype(variables.item[i]));
    data = realloc(data, *size + bytes);
    ck_assert_ptr_nonnull(data);
    check(slim_session_get_variable(r->train, variables.item[i], data + *size, bytes), slim_session_error(r->train));
    *size += bytes;
  }
  return data;
}

START_TEST(the_same_seed_gives_the_same_bytes)
{
  static const uint64_t seeds[] = { 5, 5, 6 };
  char *data[3];
  size_t size[3];
  for (int i = 0; i < 3; i++) {
    run r = run_open(seeds[i]);
    (void)train(&r, 20);
    data[i] = values_of(&r, &size[i]);
    run_close(&r);
  }
  ck_assert_uint_eq(size[0], size[1]);
  ck_assert_uint_eq(size[0], size[2]);
  ck_assert_mem_eq(data[0], data[1], size[0]);
  ck_assert_mem_ne(data[0], data[2], size[0]);
  for (int i = 0; i < 3; i++) {
    free(data[i]);
  }
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, a_net_learns_and_its_values_are_shared_with_evaluation);
  tcase_add_test(c, the_same_seed_gives_the_same_bytes);
}

TEST_MAIN("end_to_end", build, test_net_available)
