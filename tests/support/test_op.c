#include "test_op.h"

#include "base/half.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 256 /* bytes before and behind each tensor that must not change */
#define GUARD_BYTE 0xA5
#define UNWRITTEN 0xFF /* as float32: NaN */
#define SIMULATED_PRODUCTS 3e5
#define NUMBERS_FOR_A_PRODUCT 2.0 /* of a tensor of any op, in the same time */

static slim_device *shared_device; /* kept over the tests of a program: opening takes long on some */

static const char *device_name(void)
{
  const char *name = getenv("SLIM_TEST_DEVICE");
  return name && *name ? name : "cpu";
}

bool test_op_on_cpu(void)
{
  return strcmp(device_name(), "cpu") == 0;
}

bool test_op_available(char *why, size_t size)
{
  slim_error error = { 0 };
  slim_device *device = NULL;
  if (slim_device_open(device_name(), &device, &error) != SLIM_OK) {
    (void)snprintf(why, size, "%s", error.text);
    return false;
  }
  slim_device_close(device);
  return true;
}

void test_op_close(void)
{
  slim_device_close(shared_device);
  shared_device = NULL;
}

static slim_device *device_of_test(void)
{
  slim_error error = { 0 };
  if (!shared_device) {
    ck_assert_msg(slim_device_open(device_name(), &shared_device, &error) == SLIM_OK, "%s", error.text);
  }
  return shared_device;
}

bool test_op_like_cpu(void)
{
  return device_of_test()->info.device_class == SLIM_CLASS_CPU;
}

void test_op_flag_clear(void)
{
  slim_device *device = device_of_test();
  ck_assert_int_eq(device->backend->flag_clear(device), SLIM_OK);
}

bool test_op_flag_read(void)
{
  slim_device *device = device_of_test();
  bool set = false;
  ck_assert_int_eq(device->backend->flag_read(device, true, &set), SLIM_OK);
  return set;
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

uint32_t test_random(uint32_t *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

float *test_floats(size_t n, unsigned seed)
{
  float *x = malloc((n ? n : 1) * sizeof *x);
  uint32_t state = seed * 2654435761u + 12345u;
  ck_assert_ptr_nonnull(x);
  for (size_t i = 0; i < n; i++) {
    x[i] = (float)test_random(&state) / 8388608.0f - 1.0f;
  }
  return x;
}

size_t test_elements(slim_shape shape)
{
  return slim_shape_elements(&shape);
}

test_tensor test_random_tensor(slim_shape shape, unsigned seed)
{
  return (test_tensor){ SLIM_FLOAT32, shape, test_floats(test_elements(shape), seed) };
}

void test_round_to_halves(test_tensor *tensor)
{
  float *x = tensor->data;
  for (size_t i = 0; i < test_elements(tensor->shape); i++) {
    x[i] = slim_half_to_float(slim_half_of(x[i]));
  }
}

void test_make_halves(test_tensor *tensor)
{
  uint16_t *halves = malloc(test_elements(tensor->shape) * sizeof *halves);
  ck_assert_ptr_nonnull(halves);
  slim_halves_of(halves, tensor->data, test_elements(tensor->shape));
  free(tensor->data);
  tensor->data = halves;
  tensor->dtype = SLIM_FLOAT16;
}

test_tensor test_output(slim_shape shape)
{
  return (test_tensor){ SLIM_FLOAT32, shape, test_floats(test_elements(shape), 99) };
}

void test_op_free(test_op *t)
{
  for (int i = 0; i < t->num_in; i++) {
    free(t->in[i].data);
  }
  for (int i = 0; i < t->num_out; i++) {
    free(t->out[i].data);
  }
}

static double magnitude(const double *x, size_t n)
{
  double largest = 0.0;
  for (size_t i = 0; i < n; i++) {
    largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
  }
  return largest;
}

static void assert_one(double got, double want, double allowed, size_t i, const char *label)
{
  const bool same = isnan(want) ? isnan(got) : isinf(want) ? got == want : fabs(got - want) <= allowed;
  if (!same) { /* an assertion that holds writes to a pipe, too much for each of many elements */
    ck_abort_msg("%s: element %zu is %.9g, want %.9g, off by %.3g, allowed %.3g", label, i, got, want,
                 fabs(got - want), allowed);
  }
}

void test_assert_near(const float *got, const double *want, size_t n, double tolerance, const char *label)
{
  const double allowed = tolerance * magnitude(want, n) + 1e-37;
  for (size_t i = 0; i < n; i++) {
    assert_one((double)got[i], want[i], allowed, i, label);
  }
}

void test_assert_sums(const float *got, const double *want, const double *scale, size_t n, double tolerance,
                      const char *label)
{
  for (size_t i = 0; i < n; i++) {
    assert_one((double)got[i], want[i], tolerance * scale[i] + 1e-37, i, label);
  }
}

double test_sum_tolerance(size_t k)
{
  return (4.0 + 2.0 * sqrt((double)k)) * ldexp(1.0, -24);
}

/* --- nodes made by hand ------------------------------------------------------------------------------------------- */

typedef struct made {
  slim_node node[SLIM_GROUP_MAX], fold; /* fold: makes weights */
  slim_tensor tensor[SLIM_GROUP_MAX][2 * TEST_OP_MAX]; /* inputs, then outputs */
  slim_tensor *input[SLIM_GROUP_MAX][TEST_OP_MAX];
  slim_group group;
} made;

static void describe(slim_tensor *to, const test_tensor *from)
{
  to->dtype = from->dtype;
  to->shape = from->shape;
  to->name = "tensor";
}

/* All results of a group have the shape of its output 0, but those before a pool. */
static void make_node(made *m, int at, const test_op *t, const slim_op *op, const void *attr)
{
  slim_node *node = &m->node[at];
  *node = (slim_node){ .op = op, .name = op->name, .attr = attr, .inputs = m->input[at], .outputs = m->tensor[at] + TEST_OP_MAX };
  for (int i = 0; i < TEST_OP_MAX; i++) {
    m->input[at][i] = &m->tensor[at][i];
  }
  for (int i = 0; i < op->outputs; i++) {
    node->outputs[i].node = node;
    node->outputs[i].output = i;
    describe(&node->outputs[i], &t->out[i < t->num_out ? i : 0]);
    if (t->unpooled.rank > 0 && op != &slim_op_max_pool2d) {
      node->outputs[i].shape = t->unpooled;
    }
  }
  m->group.nodes[at] = node;
  m->group.count = at + 1;
}

static void describe_input(made *m, slim_tensor *to, const test_op *t, int number)
{
  describe(to, &t->in[number]);
  if (t->folded == number && number > 0) {
    m->fold.op = &slim_op_batch_norm_fold;
    to->node = &m->fold;
  }
}

static void make_first(made *m, const test_op *t)
{
  make_node(m, 0, t, t->op, t->attr);
  m->node[0].num_inputs = t->num_in;
  for (int i = 0; i < t->num_in; i++) {
    describe_input(m, m->input[0][i], t, i);
  }
}

static void make_fused(made *m, const test_op *t, const test_fused *f, int at, int first_in)
{
  make_node(m, at, t, f->op, f->attr);
  m->node[at].num_inputs = f->inputs;
  m->group.chain[at] = f->chain;
  for (int i = 0; i < f->inputs; i++) {
    if (i == f->chain) {
      m->input[at][i] = &m->node[at - 1].outputs[0];
    } else {
      describe_input(m, m->input[at][i], t, first_in++);
    }
  }
}

/* @return false when the device does not fuse one of them. */
static bool make_group(made *m, const test_op *t, const test_fused *more, int count)
{
  const slim_device *device = device_of_test();
  int used = t->num_in;
  memset(m, 0, sizeof *m);
  for (int i = 0; i < count; i++) {
    used -= more[i].inputs - 1;
  }
  test_op first = *t;
  first.num_in = used;
  make_first(m, &first);
  for (int i = 0; i < count; i++) {
    slim_group before = m->group;
    before.chain[before.count] = more[i].chain;
    make_fused(m, t, &more[i], i + 1, used);
    used += more[i].inputs - 1;
    if (!device->backend->can_fuse(device, &before, &m->node[i + 1])) {
      return false;
    }
  }
  m->group.num_in = t->num_in;
  m->group.num_out = t->num_out;
  return true;
}

/* Halves stand for float32, of which rules know. */
static slim_dtype ruled(slim_dtype dtype)
{
  return dtype == SLIM_FLOAT16 ? SLIM_FLOAT32 : dtype;
}

static void assert_rule(const test_op *t)
{
  slim_shape in[TEST_OP_MAX], out[TEST_OP_MAX] = { { 0 } };
  slim_dtype in_type[TEST_OP_MAX], out_type[TEST_OP_MAX];
  slim_error error = { 0 };
  for (int i = 0; i < t->num_in; i++) {
    in[i] = t->in[i].shape;
    in_type[i] = ruled(t->in[i].dtype);
  }
  for (int i = 0; i < TEST_OP_MAX; i++) {
    out_type[i] = t->num_in ? in_type[0] : SLIM_FLOAT32;
  }
  slim_inference q = { t->attr, t->num_in, in, in_type, out, out_type, &error };
  ck_assert_msg(!t->op->infer || t->op->infer(&q), "%s: %s", t->op->name, error.text);
  for (int i = 0; t->op->infer && i < t->num_out; i++) {
    char got[128], want[128];
    ck_assert_msg(slim_shape_equal(&out[i], &t->out[i].shape) && out_type[i] == ruled(t->out[i].dtype),
                  "%s: the rule gives output %d %s %s, the test %s %s", t->op->name, i, slim_dtype_name(out_type[i]),
                  slim_shape_format(&out[i], got, sizeof got), slim_dtype_name(t->out[i].dtype),
                  slim_shape_format(&t->out[i].shape, want, sizeof want));
  }
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static size_t bytes_of(const test_tensor *t)
{
  return test_elements(t->shape) * slim_dtype_size(t->dtype);
}

/* A view of bytes in a buffer of its own, between guards. */
static slim_view guarded(slim_device *device, size_t bytes, const void *data)
{
  const size_t total = bytes + 2 * GUARD;
  unsigned char *image = malloc(total);
  slim_view view = { .offset = GUARD };
  ck_assert_ptr_nonnull(image);
  memset(image, GUARD_BYTE, total);
  if (data) {
    memcpy(image + GUARD, data, bytes);
  } else {
    memset(image + GUARD, UNWRITTEN, bytes);
  }
  ck_assert_msg(device->backend->alloc(device, total, &view.buffer) == SLIM_OK, "%s", device->error.text);
  ck_assert_int_eq(device->backend->upload(device, view.buffer, 0, image, total), SLIM_OK);
  char *address = device->backend->address(device, view.buffer);
  view.host = address ? address + GUARD : NULL;
  free(image);
  return view;
}

static void assert_guard(const unsigned char *guard, const char *what)
{
  for (int i = 0; i < GUARD; i++) {
    if (guard[i] != GUARD_BYTE) {
      ck_abort_msg("%s: byte %d of the memory beside it was changed", what, i);
    }
  }
}

/* Reads the view back (data may be NULL) and checks its guards. */
static void read_back(slim_device *device, const slim_view *view, size_t bytes, void *data, const char *what)
{
  const size_t total = bytes + 2 * GUARD;
  unsigned char *image = malloc(total);
  ck_assert_ptr_nonnull(image);
  ck_assert_int_eq(device->backend->download(device, image, view->buffer, 0, total), SLIM_OK);
  assert_guard(image, what);
  assert_guard(image + GUARD + bytes, what);
  if (data) {
    memcpy(data, image + GUARD, bytes);
  }
  free(image);
}

static bool host_input(const made *m, const test_op *t, int i)
{
  return (t->op->flags & SLIM_OP_HOST) != 0 || (i < 32 && m->node[0].num_inputs > i && (t->op->host_inputs >> i & 1u));
}

static slim_view input_view(slim_device *device, const made *m, const test_op *t, int i)
{
  static const uint64_t never_changed = 0;
  const bool first = i < m->node[0].num_inputs;
  slim_view view = { 0 };
  if (host_input(m, t, i)) {
    view.host = t->in[i].data;
  } else if (!(first && t->op->shape_only >> i & 1u)) {
    view = guarded(device, bytes_of(&t->in[i]), t->in[i].data);
  }
  view.version = t->folded == i && i > 0 ? &never_changed : NULL;
  view.dtype = t->in[i].dtype;
  view.shape = t->in[i].shape;
  return view;
}

static slim_view output_view(slim_device *device, const test_op *t, int i)
{
  slim_view view = { 0 };
  if (t->op->flags & SLIM_OP_HOST) {
    view.host = t->out[i].data;
  } else if (t->out[i].data) {
    view = guarded(device, bytes_of(&t->out[i]), NULL);
  }
  view.dtype = t->out[i].dtype;
  view.shape = t->out[i].shape;
  return view;
}

/* --- running ------------------------------------------------------------------------------------------------------ */

typedef struct session {
  slim_device *device;
  slim_view in[TEST_OP_MAX], out[TEST_OP_MAX], workspace;
  size_t workspace_bytes;
  slim_step *step;
} session;

static void prepare(session *s, const made *m, const test_op *t)
{
  const slim_backend *backend = s->device->backend;
  s->workspace_bytes = backend->workspace(s->device, &m->group, s->in, s->out);
  if (s->workspace_bytes > 0) {
    s->workspace = guarded(s->device, s->workspace_bytes, NULL);
  }
  const slim_status status = backend->prepare(s->device, &m->group, s->in, s->out,
                                              s->workspace_bytes > 0 ? &s->workspace : NULL, &s->step);
  ck_assert_msg(status == SLIM_OK, "%s: %s", t->op->name, s->device->error.text);
  ck_assert_ptr_nonnull(s->step->kernel);
}

static void run_once(session *s, const slim_run *run)
{
  const slim_run none = { 0 };
  ck_assert_msg(slim_step_enqueue(s->device, s->step, run ? run : &none) == SLIM_OK, "%s",
                s->device->error.text);
  ck_assert_msg(s->device->backend->finish(s->device) == SLIM_OK, "%s", s->device->error.text);
}

static void collect(session *s, test_op *t)
{
  for (int i = 0; i < t->num_out; i++) {
    if (s->out[i].buffer) {
      read_back(s->device, &s->out[i], bytes_of(&t->out[i]), t->out[i].data, t->op->name);
    }
  }
  for (int i = 0; i < t->num_in; i++) {
    if (s->in[i].buffer) {
      read_back(s->device, &s->in[i], bytes_of(&t->in[i]), t->in[i].data, t->op->name);
    }
  }
  if (s->workspace.buffer) {
    read_back(s->device, &s->workspace, s->workspace_bytes, NULL, "workspace");
  }
}

/* Runs again and compares with what the first run gave. */
static void assert_repeatable(session *s, test_op *t, const slim_run *run)
{
  run_once(s, run);
  for (int i = 0; i < t->num_out; i++) {
    const size_t bytes = bytes_of(&t->out[i]);
    void *again = s->out[i].buffer ? malloc(bytes + 1) : NULL;
    if (again) {
      read_back(s->device, &s->out[i], bytes, again, t->op->name);
      ck_assert_msg(memcmp(again, t->out[i].data, bytes) == 0, "%s: a second run gives other bits", t->op->name);
    }
    free(again);
  }
}

/* What an op that writes variables found in them; NULL where it has no buffer. */
static void keep_inputs(const session *s, const test_op *t, void **kept)
{
  for (int i = 0; i < t->num_in; i++) {
    kept[i] = s->in[i].buffer ? malloc(bytes_of(&t->in[i]) + 1) : NULL;
    if (kept[i]) {
      memcpy(kept[i], t->in[i].data, bytes_of(&t->in[i]));
    }
  }
}

/* Runs it again on what it found, and compares with what the first run left. Frees kept. */
static void assert_effect_repeatable(session *s, const test_op *t, void **kept, const slim_run *run)
{
  for (int i = 0; i < t->num_in; i++) {
    if (kept[i]) {
      ck_assert_int_eq(s->device->backend->upload(s->device, s->in[i].buffer, GUARD, kept[i], bytes_of(&t->in[i])),
                       SLIM_OK);
    }
  }
  run_once(s, run);
  for (int i = 0; i < t->num_in; i++) {
    if (kept[i]) {
      read_back(s->device, &s->in[i], bytes_of(&t->in[i]), kept[i], t->op->name);
      ck_assert_msg(memcmp(kept[i], t->in[i].data, bytes_of(&t->in[i])) == 0,
                    "%s: a second run leaves other bits in input %d", t->op->name, i);
    }
    free(kept[i]);
  }
}

static void release(session *s, const test_op *t)
{
  const slim_backend *backend = s->device->backend;
  backend->release_step(s->device, s->step);
  for (int i = 0; i < t->num_in; i++) {
    backend->release(s->device, s->in[i].buffer);
  }
  for (int i = 0; i < t->num_out; i++) {
    backend->release(s->device, s->out[i].buffer);
  }
  backend->release(s->device, s->workspace.buffer);
}

/* SLIM_TEST_PRODUCTS; without it few on Oclgrind, which interprets kernels, and any number elsewhere. */
static double most_products(const slim_device *device)
{
  const char *most = getenv("SLIM_TEST_PRODUCTS");
  return most ? strtod(most, NULL) : strstr(device->info.name, "Oclgrind") ? SIMULATED_PRODUCTS : HUGE_VAL;
}

static double largest_tensor(const test_op *t)
{
  size_t largest = test_elements(t->out[0].shape);
  for (int i = 0; i < t->num_in; i++) {
    const size_t n = test_elements(t->in[i].shape);
    largest = n > largest ? n : largest;
  }
  return (double)largest;
}

/* The number of products by an input is that of a matrix product with inputs and a result of these sizes. */
static double products_by(const test_op *t, int weights)
{
  return sqrt((double)test_elements(t->in[0].shape) * (double)test_elements(t->in[weights].shape) *
              (double)test_elements(t->out[0].shape));
}

static bool takes_too_long(const test_op *t, double products)
{
  const double most = most_products(device_of_test());
  return !t->least && (largest_tensor(t) > NUMBERS_FOR_A_PRODUCT * most || products > most);
}

bool test_op_takes_too_long(const test_op *t)
{
  const bool heavy = strncmp(t->op->name, "conv2d", 6) == 0 || strcmp(t->op->name, "matmul") == 0;
  return takes_too_long(t, heavy ? products_by(t, 1) : 0.0);
}

/* A convolution that is fused behind, too. */
static bool fused_takes_too_long(const test_op *t, const test_fused *more, int count)
{
  double products = 0.0;
  int input = t->num_in;
  for (int i = count - 1; i >= 0; i--) {
    input -= more[i].inputs - 1;
    products = more[i].op == &slim_op_conv2d ? products_by(t, input) : products;
  }
  return test_op_takes_too_long(t) || takes_too_long(t, products);
}

bool test_op_run_fused(test_op *t, const test_fused *more, int count, const slim_run *run)
{
  made m;
  session s = { .device = device_of_test() };
  if (count == 0) {
    assert_rule(t);
  }
  if (fused_takes_too_long(t, more, count) || !make_group(&m, t, more, count)) {
    return false;
  }
  for (int i = 0; i < t->num_in; i++) {
    s.in[i] = input_view(s.device, &m, t, i);
  }
  for (int i = 0; i < t->num_out; i++) {
    s.out[i] = output_view(s.device, t, i);
  }
  const bool supported = s.device->backend->supports(s.device, &m.group, s.in, s.out);
  if (supported) {
    void *kept[TEST_OP_MAX] = { NULL };
    const bool effect = (t->op->flags & (SLIM_OP_EFFECT | SLIM_OP_HOST)) == SLIM_OP_EFFECT;
    if (effect) {
      keep_inputs(&s, t, kept);
    }
    prepare(&s, &m, t);
    run_once(&s, run);
    collect(&s, t);
    if (effect) {
      assert_effect_repeatable(&s, t, kept, run);
    } else if (!(t->op->flags & SLIM_OP_HOST)) {
      assert_repeatable(&s, t, run);
    }
  }
  release(&s, t);
  return supported;
}

bool test_op_run(test_op *t, const slim_run *run)
{
  const bool ran = test_op_run_fused(t, NULL, 0, run);
  ck_assert_msg(ran || strcmp(device_of_test()->backend->name, "cpu") != 0, "the CPU backend lacks %s", t->op->name);
  return ran;
}
