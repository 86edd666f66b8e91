/*
 * Building a graph: the bytes choose calls of layers, losses, ops, scopes and optimizers with arguments that are often
 * wrong. Building goes on to the end; the first error stays, is one line and names a place. Without the calls that
 * failed, one after the other, the graph then gets gradients and runs two steps on the CPU.
 */
#include "fuzz_calls.h"
#include "slim/slim.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
  MOST_CALLS = 24,
  CALL_BYTES = 24,         /* of the input for each; zeros behind them */
  MOST_ELEMENTS = 1 << 20, /* of all results of a graph that is run */
  MOST_MACS = 1 << 24,
  BATCH = 2
};

/* --- the state of a run ------------------------------------------------------------------------------------------- */

static void keep(fuzz *f, slim_tensor *tensor)
{
  require(!tensor || slim_graph_of(tensor) == f->graph, "a result of another graph");
  if (tensor && strcmp(slim_tensor_name(tensor), "poison:0") != 0) {
    f->tensor[f->tensors < FUZZ_TENSORS ? f->tensors++ : fuzz_byte(f) % FUZZ_TENSORS] = tensor;
  }
}

/* The error of a graph is one line that names a place, "layer 'scope': text" or "variable 'name' ...", and it stays. */
static void check_error(fuzz *f)
{
  const char *text = slim_graph_error(f->graph);
  if (slim_graph_status(f->graph) == SLIM_OK) {
    require(*text == '\0', "a text without a status");
    return;
  }
  require(isalpha((unsigned char)*text) && (strstr(text, ": ") || strchr(text, '\'')) && !strchr(text, '\n'), text);
  require(!*f->first || strcmp(f->first, text) == 0, "another error than the first");
  (void)snprintf(f->first, sizeof f->first, "%s", text);
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static void add_placeholder(fuzz *f)
{
  static const slim_dtype types[] = { SLIM_FLOAT32, SLIM_FLOAT32, SLIM_FLOAT32, SLIM_INT64,   SLIM_INT32,
                                      SLIM_UINT8,   SLIM_BOOL,    SLIM_STRING,  SLIM_FLOAT64, (slim_dtype)99 };
  const slim_dtype dtype = types[fuzz_byte(f) % (sizeof types / sizeof *types)];
  slim_shape shape = fuzz_shape(f);
  if (shape.rank > 0 && fuzz_byte(f) % 2) {
    shape.dim[0] = -1;
  }
  keep(f, slim_placeholder(f->graph, dtype, shape, fuzz_text(f)));
}

static void call_layer(fuzz *f)
{
  const slim_layer_fn layer = fuzz_layer(f);
  slim_args args = fuzz_args(f, layer);
  keep(f, layer ? layer(&args) : NULL);
}

static void add_variable(fuzz *f)
{
  slim_args args = fuzz_options(f, slim_variable, fuzz_byte(f) % 3);
  args.graph = f->graph;
  args.name = fuzz_text(f);
  args.shape = fuzz_shape(f);
  keep(f, fuzz_byte(f) % 2 ? (slim_variable)(&args) : (slim_model_variable)(&args));
}

static void compare_embeddings(fuzz *f)
{
  static slim_tensor *(*const losses[])(
      const slim_embedding_args *) = { slim_contrastive_loss, slim_triplet_semihard_loss, slim_lifted_struct_loss,
                                       slim_npairs_loss, slim_npairs_loss_multilabel };
  const slim_embedding_args args = { .struct_size = sizeof args,
                                     .labels = fuzz_tensor(f),
                                     .embeddings = fuzz_tensor(f),
                                     .positive = fuzz_tensor(f),
                                     .margin = fuzz_float(f),
                                     .reg_lambda = fuzz_float(f) };
  keep(f, losses[fuzz_byte(f) % (sizeof losses / sizeof *losses)](&args));
}

static void combine_two(fuzz *f)
{
  static slim_tensor *(*const ops[])(
      slim_tensor *, slim_tensor *) = { slim_add,     slim_sub,     slim_mul,     slim_div,   slim_div_no_nan,
                                        slim_maximum, slim_minimum, slim_greater, slim_equal, slim_scale_gradient };
  slim_tensor *a = fuzz_tensor(f), *b = fuzz_tensor(f);
  keep(f, ops[fuzz_byte(f) % (sizeof ops / sizeof *ops)](a, b));
}

static void map_one(fuzz *f)
{
  static slim_tensor *(*const ops[])(
      slim_tensor *) = { slim_negate, slim_abs, slim_sign, slim_square,     slim_sqrt,
                         slim_rsqrt,  slim_exp, slim_log,  slim_reciprocal, slim_l2_loss };
  keep(f, ops[fuzz_byte(f) % (sizeof ops / sizeof *ops)](fuzz_tensor(f)));
}

static void rearrange(fuzz *f)
{
  slim_tensor *x = fuzz_tensor(f);
  int a[SLIM_MAX_RANK], b[SLIM_MAX_RANK];
  for (int i = 0; i < SLIM_MAX_RANK; i++) {
    a[i] = fuzz_int(f);
    b[i] = fuzz_int(f);
  }
  switch (fuzz_byte(f) % 6) {
  case 0:
    keep(f, slim_reshape(x, fuzz_shape(f)));
    break;
  case 1:
    keep(f, slim_squeeze(x, (unsigned)a[0]));
    break;
  case 2:
    for (int i = 0; i < SLIM_MAX_RANK; i++) {
      a[i] = a[i] % 8 - 1;
    }
    keep(f, slim_transpose(x, a, slim_tensor_shape(x).rank));
    break;
  case 3:
    keep(f, slim_concat((slim_tensor *[]){ x, fuzz_tensor(f), x }, 3, a[0]));
    break;
  case 4:
    keep(f, slim_slice(x, a, b));
    break;
  default:
    a[0] = a[0] > 8 ? 8 : a[0]; /* an open batch hides how many these are */
    b[0] = b[0] > 8 ? 8 : b[0];
    keep(f, slim_pad(x, a, b));
  }
}

static void reduce(fuzz *f)
{
  slim_tensor *x = fuzz_tensor(f);
  const unsigned axes = fuzz_byte(f) % 2 ? SLIM_ALL_AXES : (unsigned)fuzz_int(f);
  const int number = fuzz_int(f);
  const bool keep_axes = fuzz_byte(f) % 2;
  switch (fuzz_byte(f) % 9) {
  case 0:
    keep(f, slim_reduce_sum(x, axes, keep_axes));
    break;
  case 1:
    keep(f, slim_reduce_mean(x, axes, keep_axes));
    break;
  case 2:
    keep(f, slim_reduce_max(x, axes, keep_axes));
    break;
  case 3:
    keep(f, slim_argmax(x, number));
    break;
  case 4:
    keep(f, slim_top_k(x, number));
    break;
  case 5:
    keep(f, slim_cumsum(x, number, keep_axes, !keep_axes));
    break;
  case 6:
    keep(f, slim_scale(x, fuzz_float(f), fuzz_float(f)));
    break;
  case 7:
    keep(f, slim_cast(x, (slim_dtype)(fuzz_byte(f) % 12)));
    break;
  default:
    keep(f, slim_tensor_output(x, number));
  }
}

/* --- scopes ------------------------------------------------------------------------------------------------------- */

static void open_scope(fuzz *f)
{
  if (f->scopes == FUZZ_SCOPES) {
    return;
  }
  slim_scope *scope = &f->scope[f->scopes++];
  const slim_layer_fn layers[] = { fuzz_layer(f), fuzz_layer(f), fuzz_layer(f) };
  const int options = 1 + fuzz_byte(f) % 3;
  slim_args args;
  switch (fuzz_byte(f) % 5) {
  case 0:
  case 1:
    args = fuzz_options(f, layers[0], options);
    *scope = slim_arg_scope_begin(f->graph, (slim_ops){ layers, fuzz_byte(f) % 4 }, &args);
    break;
  case 2:
    *scope = slim_arg_scope_use(f->graph, f->frame);
    break;
  case 3:
    *scope = slim_variable_scope_begin(f->graph, fuzz_text(f), fuzz_text(f), (slim_reuse)(fuzz_byte(f) % 5));
    break;
  default:
    *scope = slim_name_scope_begin(f->graph, fuzz_text(f));
  }
}

static void close_scope(fuzz *f)
{
  if (f->scopes > 0) {
    f->frame = slim_arg_scope_current(f->graph);
    slim_scope_end(&f->scope[--f->scopes]);
  }
}

/* --- lists, optimizers -------------------------------------------------------------------------------------------- */

static void look_up(fuzz *f)
{
  const char *scope = fuzz_text(f), *key = fuzz_text(f);
  const slim_tensors found = fuzz_byte(f) % 2 ? slim_get_variables(f->graph, scope, key, SLIM_GLOBAL_VARIABLES)
                                              : slim_get_collection(f->graph, key ? key : "losses", scope);
  keep(f, found.count ? found.item[found.count - 1] : NULL);
  keep(f, slim_end_point(f->graph, key, scope));
  if (fuzz_byte(f) % 4 == 0) {
    (void)slim_add_to_collection(key, fuzz_tensor(f));
  }
}

static slim_tensor *learning_rate(fuzz *f)
{
  slim_tensor *step = fuzz_byte(f) % 8 ? slim_get_or_create_global_step(f->graph) : fuzz_tensor(f);
  const double steps = (double)fuzz_float(f), rate = (double)fuzz_float(f);
  switch (fuzz_byte(f) % 6) {
  case 0:
    return slim_exponential_decay(0.1, step, steps, rate, true);
  case 1:
    return slim_polynomial_decay(0.1, step, steps, rate, 2.0, true);
  case 2:
    return slim_cosine_decay(0.1, step, steps, rate);
  case 3:
    return slim_piecewise_constant(step, 2, (const int64_t[]){ fuzz_int(f), 3 }, (const double[]){ 1, rate, 0.1 });
  case 4:
    return fuzz_tensor(f);
  default:
    return slim_constant(f->graph, 0.01f, NULL);
  }
}

static slim_optimizer *make_optimizer(fuzz *f)
{
  static slim_optimizer *(*const kinds[])(const slim_optimizer_args *) = { slim_gradient_descent_optimizer,
                                                                           slim_momentum_optimizer,
                                                                           slim_adagrad_optimizer,
                                                                           slim_adadelta_optimizer,
                                                                           slim_adam_optimizer,
                                                                           slim_rms_prop_optimizer,
                                                                           slim_ftrl_optimizer,
                                                                           slim_proximal_gradient_descent_optimizer,
                                                                           slim_proximal_adagrad_optimizer };
  slim_optimizer_args args = { .struct_size = sizeof args, .learning_rate = learning_rate(f) };
  float *const number[] = { &args.momentum,
                            &args.decay,
                            &args.beta1,
                            &args.epsilon,
                            &args.rho,
                            &args.initial_accumulator_value,
                            &args.l1_regularization_strength };
  for (unsigned set = fuzz_byte(f) % 4; set > 0; set--) {
    *number[fuzz_byte(f) % (sizeof number / sizeof *number)] = fuzz_float(f);
  }
  args.use_nesterov = args.centered = fuzz_flag(f);
  args.name = fuzz_byte(f) % 4 ? NULL : fuzz_text(f);
  return kinds[fuzz_byte(f) % (sizeof kinds / sizeof *kinds)](&args);
}

static void minimize(fuzz *f)
{
  slim_optimizer *optimizer = make_optimizer(f);
  slim_tensor *loss = fuzz_byte(f) % 4 ? slim_get_total_loss(f->graph, fuzz_byte(f) % 2, fuzz_text(f)) : fuzz_tensor(f);
  slim_gradient_list gradients = slim_compute_gradients(optimizer, loss, (slim_tensors){ 0, NULL });
  if (fuzz_byte(f) % 2) {
    gradients = slim_clip_gradient_norms(gradients, fuzz_float(f));
  }
  keep(f, slim_apply_gradients(optimizer, gradients, fuzz_byte(f) % 2 ? slim_get_global_step(f->graph) : NULL));
  if (fuzz_byte(f) % 4 == 0) {
    keep(f, slim_moving_average_apply(slim_get_trainable_variables(f->graph, NULL, NULL), fuzz_float(f)));
  }
}

static void call(fuzz *f)
{
  static void (*const calls[])(fuzz *) = { add_placeholder, call_layer,  call_layer,   call_layer,
                                           call_layer,      call_layer,  add_variable, compare_embeddings,
                                           combine_two,     map_one,     rearrange,    reduce,
                                           open_scope,      close_scope, look_up,      minimize };
  calls[fuzz_byte(f) % (sizeof calls / sizeof *calls)](f);
  check_error(f);
}

static void begin(fuzz *f)
{
  *f = (fuzz){ .graph = slim_graph_create(1) };
  keep(f, slim_placeholder(f->graph, SLIM_INT64, SLIM_SHAPE(-1), "labels"));
  keep(f, slim_placeholder(f->graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 6), "rows"));
  keep(f, slim_placeholder(f->graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 6, 5, 3), "images"));
}

/* Makes all calls but those to be left out. @return the first that failed, where building ends unless it is to go on;
 * -1: none. */
static int build(fuzz *f, slim_span in, const bool *left_out, bool go_on)
{
  int failed = -1;
  begin(f);
  for (int i = 0; i < MOST_CALLS && in.size > 0 && (failed < 0 || go_on); i++) {
    f->in = fuzz_take(&in, CALL_BYTES);
    if (!left_out[i]) {
      call(f);
      failed = failed < 0 && slim_graph_status(f->graph) != SLIM_OK ? i : failed;
    }
  }
  while (f->scopes > 0) {
    close_scope(f);
  }
  require(*slim_variable_scope_name(f->graph) == '\0', "a scope is still open");
  return failed;
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* The sum of all that float32 calls gave, and of its gradients by all trainable variables. */
static slim_tensor *add_up(fuzz *f, bool gradients)
{
  slim_tensor *sum = slim_constant(f->graph, 0.0f, NULL);
  for (size_t i = 0; i < f->tensors; i++) {
    if (slim_tensor_dtype(f->tensor[i]) == SLIM_FLOAT32) {
      sum = slim_add(sum, slim_reduce_mean(f->tensor[i], SLIM_ALL_AXES, false));
    }
  }
  const slim_tensors variables = slim_get_trainable_variables(f->graph, NULL, NULL);
  const slim_tensors found = gradients ? slim_gradients(sum, variables) : (slim_tensors){ 0, NULL };
  for (size_t i = 0; i < found.count && slim_graph_status(f->graph) == SLIM_OK; i++) {
    sum = found.item[i] ? slim_add(sum, slim_l2_loss(found.item[i])) : sum;
  }
  check_error(f);
  return sum;
}

static bool small_enough(const slim_graph *graph)
{
  slim_op_info infos[4096];
  const size_t count = slim_graph_list(graph, infos, sizeof infos / sizeof *infos);
  double elements = 0, macs = 0;
  for (size_t i = 0; i < count && i < sizeof infos / sizeof *infos; i++) {
    double product = 1;
    for (int k = 0; k < infos[i].shape.rank; k++) {
      product *= infos[i].shape.dim[k] < 0 ? BATCH : infos[i].shape.dim[k];
    }
    elements += product;
    macs += (double)infos[i].macs * BATCH;
  }
  return count <= sizeof infos / sizeof *infos && elements <= MOST_ELEMENTS && macs <= MOST_MACS;
}

static slim_device *device(void)
{
  static slim_device *cpu; /* for all runs: threads start slowly */
  if (!cpu) {
    require(slim_device_open("cpu", &cpu, NULL) == SLIM_OK, "no CPU");
  }
  return cpu;
}

/* What a placeholder of the type is fed: small numbers. */
static const void *numbers(slim_dtype dtype)
{
  static float real[MOST_ELEMENTS];
  static int64_t whole[MOST_ELEMENTS];
  static int32_t half[MOST_ELEMENTS];
  static const unsigned char none[MOST_ELEMENTS];
  for (int i = real[0] == 0.0f ? 0 : MOST_ELEMENTS; i < MOST_ELEMENTS; i++) {
    real[i] = (float)(i % 7) / 4.0f - 0.6f;
    whole[i] = half[i] = i % 4;
  }
  return dtype == SLIM_FLOAT32 ? real : dtype == SLIM_INT64 ? whole : dtype == SLIM_INT32 ? half : (const void *)none;
}

static void run(fuzz *f, slim_tensor *sum)
{
  static float result[MOST_ELEMENTS];
  slim_feed feeds[FUZZ_TENSORS];
  slim_fetch fetches[FUZZ_TENSORS + 1] = { { sum, result, sizeof(float) } };
  size_t fed = 0;
  for (size_t i = 0; i < f->tensors; i++) {
    const slim_shape shape = slim_tensor_shape(f->tensor[i]);
    fetches[i + 1] = (slim_fetch){ f->tensor[i], i % 4 == 0 ? result : NULL, sizeof result };
    if (fuzz_is_placeholder(f->tensor[i])) {
      feeds[fed++] = (slim_feed){ f->tensor[i], numbers(slim_tensor_dtype(f->tensor[i])),
                                  shape.rank && shape.dim[0] == -1 ? BATCH : 0 };
    }
  }
  slim_session *session = NULL;
  slim_error error = { 0 };
  slim_status status = slim_session_create(f->graph, device(), NULL, &session, &error);
  require(status == SLIM_OK || *error.text, "a session fails without a text");
  status = status == SLIM_OK ? slim_session_initialize(session) : status;
  for (int i = 0; i < 2 && status == SLIM_OK; i++) {
    status = slim_session_run(session, feeds, fed, fetches, f->tensors + 1);
  }
  require(status == SLIM_OK || !session || *slim_session_error(session), "a run fails without a text");
  slim_session_destroy(session);
}

static void describe(const fuzz *f)
{
  char text[256];
  slim_layer_row rows[4];
  (void)slim_graph_describe(f->graph, text, sizeof text);
  (void)slim_graph_dot(f->graph, text, sizeof text);
  for (size_t i = 0; i < f->tensors; i++) {
    (void)slim_summarize(f->tensor[i], rows, sizeof rows / sizeof *rows);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const slim_span in = { data, size };
  bool left_out[MOST_CALLS] = { false };
  fuzz f;
  for (int failed = build(&f, in, left_out, true); failed >= 0; failed = build(&f, in, left_out, false)) {
    left_out[failed] = true;
    slim_graph_destroy(f.graph);
  }
  describe(&f);
  slim_tensor *sum = add_up(&f, true);
  if (slim_graph_status(f.graph) != SLIM_OK) { /* an op has no gradient */
    slim_graph_destroy(f.graph);
    (void)build(&f, in, left_out, false);
    sum = add_up(&f, false);
  }
  if (slim_graph_status(f.graph) == SLIM_OK && small_enough(f.graph)) {
    run(&f, sum);
  }
  slim_graph_destroy(f.graph);
  return 0;
}
