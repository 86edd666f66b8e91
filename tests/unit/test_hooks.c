/* What runs beside the loops of training and evaluation: hooks, step functions, traces, and each new checkpoint. */
#include "learning_support.h"
#include "slim/ops.h"

enum { BATCH = 4, STEPS = 6 };

typedef struct world {
  test_small net;
  slim_device *device;
  slim_session *session;
  slim_queue *queue;
  slim_metric mean;
  float value;
  slim_feed feeds[2];
  slim_train_result trained;
  slim_evaluation_result evaluated;
  slim_error error;
} world;

static char calls[1024]; /* what hooks were told, in order */
static char messages[8192];

static void keep_log(void *user, slim_log_level level, const char *text)
{
  (void)user;
  (void)level;
  strncat(strncat(messages, text, sizeof messages - strlen(messages) - 2), "\n", 2);
}

static void setup(void)
{
  test_folder_make();
  *calls = *messages = '\0';
  slim_log_set(keep_log, NULL);
}

/* A net whose mean loss may be evaluated; its input comes from a queue of ten samples. */
static world world_make(int epochs)
{
  world x = { .net = test_small_make(3), .device = test_open_device(), .queue = test_small_queue(BATCH, epochs) };
  x.mean = slim_streaming_mean(x.net.t, .name = "mean");
  x.feeds[0] = (slim_feed){ x.net.x, test_small_x, BATCH };
  x.feeds[1] = (slim_feed){ x.net.t, test_small_t, BATCH };
  return x;
}

static void world_start(world *x)
{
  ck_assert_str_eq(slim_graph_error(x->net.graph), "");
  x->session = test_session(x->net.graph, x->device, NULL);
  test_attach(x->session, &x->net, x->queue);
}

static world world_open(int epochs)
{
  world x = world_make(epochs);
  world_start(&x);
  return x;
}

static void world_close(world *x)
{
  slim_session_destroy(x->session);
  slim_queue_destroy(x->queue);
  slim_device_close(x->device);
  slim_graph_destroy(x->net.graph);
}

#define TRAIN(x_, ...)                                                                                                 \
  slim_learning_train((x_)->session, (x_)->net.train, __VA_ARGS__, .number_of_steps = STEPS, .log_every_n_steps = 100, \
                      .result = &(x_)->trained, .error = &(x_)->error)
#define EVALUATE_OPS(x_)                                                                                               \
  .eval_ops = { 1, &(x_)->mean.update }, .final_ops = { 1, &(x_)->mean.value }, .values = &(x_)->value,                \
  .result = &(x_)->evaluated, .error = &(x_)->error
#define ASSERT_OK(x_, status_) ck_assert_msg((status_) == SLIM_OK, "%s", (x_)->error.text)

/* --- a hook that keeps a record ----------------------------------------------------------------------------------- */

typedef struct record {
  const char *name;
  int64_t stop_at;
  float fetched;
} record;

static void note(const record *r, const char *what, int step)
{
  char text[64];
  (void)snprintf(text, sizeof text, step < 0 ? "%s.%s " : "%s.%s%d ", r->name, what, step);
  strncat(calls, text, sizeof calls - strlen(calls) - 1);
}

static slim_status on_begin(void *user, slim_session *session, slim_error *error)
{
  (void)session;
  (void)error;
  note(user, "begin", -1);
  return SLIM_OK;
}

static slim_status on_create(void *user, slim_session *session, slim_error *error)
{
  (void)session;
  (void)error;
  note(user, "create", -1);
  return SLIM_OK;
}

static slim_status on_before(void *user, slim_hook_run *run, slim_error *error)
{
  (void)error;
  note(user, "before", (int)run->step);
  return SLIM_OK;
}

static slim_status on_after(void *user, slim_hook_run *run, slim_error *error)
{
  const record *r = user;
  (void)error;
  note(r, "after", (int)run->step);
  run->stop |= run->step == r->stop_at;
  return SLIM_OK;
}

static slim_status on_end(void *user, slim_session *session, slim_error *error)
{
  (void)session;
  (void)error;
  note(user, "end", -1);
  return SLIM_OK;
}

static slim_hook hook_of(record *r)
{
  return (slim_hook){ .user = r,
                      .begin = on_begin,
                      .after_create_session = on_create,
                      .before_run = on_before,
                      .after_run = on_after,
                      .end = on_end };
}

static const char both_calls[] = "a.begin b.begin a.create b.create a.before0 b.before0 a.after1 b.after1 a.before1 "
                                 "b.before1 a.after2 b.after2 a.end b.end ";

START_TEST(hooks_run_beside_training)
{
  float loss = 0;
  record a = { .name = "a" }, b = { .name = "b", .stop_at = 2 };
  world x = world_open(0);
  const slim_fetch fetch = { x.net.loss, &loss, sizeof loss };
  slim_hook hooks[2] = { hook_of(&a), hook_of(&b) };
  hooks[0].fetches = &fetch;
  hooks[0].num_fetches = 1;
  ASSERT_OK(&x, TRAIN(&x, test_folder, .hooks = hooks, .num_hooks = 2));
  ck_assert_str_eq(calls, both_calls);
  ck_assert_int_eq(x.trained.step, 2);
  ck_assert_str_eq(x.trained.checkpoint, test_path("model.ckpt-2"));
  ck_assert_float_gt(loss, 0);
  world_close(&x);
}
END_TEST

START_TEST(hooks_run_beside_evaluation)
{
  float mean = 0;
  record a = { .name = "a" }, b = { .name = "b", .stop_at = 2 };
  world x = world_open(1);
  const slim_fetch fetch = { x.mean.update, &mean, sizeof mean };
  slim_hook hooks[2] = { hook_of(&a), hook_of(&b) };
  hooks[0].fetches = &fetch;
  hooks[0].num_fetches = 1;
  test_ok(x.session, slim_session_initialize(x.session));
  ASSERT_OK(&x, slim_evaluate_once(x.session, NULL, EVALUATE_OPS(&x), .hooks = hooks, .num_hooks = 2));
  ck_assert_str_eq(calls, both_calls);
  ck_assert_int_eq(x.evaluated.batches, 2);
  ck_assert_float_eq_tol(x.value, 3.5f, 1e-6f); /* of samples 0 to 7: (i + 2 i + 0) / 3 */
  ck_assert_float_eq(mean, x.value);
  world_close(&x);
}
END_TEST

static slim_status refuse(void *user, slim_hook_run *run, slim_error *error)
{
  (void)run;
  return user ? slim_error_set(error, SLIM_ERR_STATE, "%s", (const char *)user) : SLIM_ERR_DATA;
}

START_TEST(an_error_of_a_hook_ends_the_loop)
{
  static char why[] = "not today";
  record a = { .name = "a" };
  world x = world_open(0);
  slim_hook hooks[2] = { hook_of(&a), { .user = why, .before_run = refuse } };
  ck_assert_int_eq(TRAIN(&x, NULL, .hooks = hooks, .num_hooks = 2), SLIM_ERR_STATE);
  ck_assert_str_eq(x.error.text, "not today");
  ck_assert_str_eq(calls, "a.begin a.create a.before0 ");
  hooks[1] = (slim_hook){ .after_run = refuse };
  x.error = (slim_error){ SLIM_OK, "" };
  ck_assert_int_eq(slim_evaluate_once(x.session, NULL, EVALUATE_OPS(&x), .hooks = hooks + 1, .num_hooks = 1),
                   SLIM_ERR_DATA);
  ck_assert_str_eq(x.error.text, "a hook failed: damaged data");
  world_close(&x);
}
END_TEST

/* num_evals 2 and 25: each of few is told, every second of 25. */
START_TEST(evaluations_stop_after_so_many_batches)
{
  world x = world_open(0);
  slim_stop_after_n_evals few = { .num_evals = 2 }, many = { .num_evals = 25 },
                          quiet = { .num_evals = 3, .log_progress = SLIM_NO };
  slim_hook hook = slim_stop_after_n_evals_hook(&few);
  test_ok(x.session, slim_session_initialize(x.session));
  ASSERT_OK(&x, slim_evaluate_once(x.session, NULL, EVALUATE_OPS(&x), .hooks = &hook, .num_hooks = 1));
  ck_assert_int_eq(x.evaluated.batches, 2);
  ck_assert_ptr_nonnull(strstr(messages, "Evaluation [1/2]\nEvaluation [2/2]\n"));
  hook = slim_stop_after_n_evals_hook(&many);
  *messages = '\0';
  ASSERT_OK(&x, slim_evaluate_once(x.session, NULL, EVALUATE_OPS(&x), .hooks = &hook, .num_hooks = 1));
  ck_assert_int_eq(x.evaluated.batches, 25);
  ck_assert_ptr_nonnull(strstr(messages, "Evaluation [2/25]\nEvaluation [4/25]\n"));
  ck_assert_ptr_nonnull(strstr(messages, "Evaluation [24/25]\nEvaluation [25/25]\n"));
  hook = slim_stop_after_n_evals_hook(&quiet);
  *messages = '\0';
  ASSERT_OK(&x, slim_evaluate_once(x.session, NULL, EVALUATE_OPS(&x), .hooks = &hook, .num_hooks = 1));
  ck_assert_int_eq(x.evaluated.batches, 3);
  ck_assert_ptr_null(strstr(messages, "Evaluation ["));
  world_close(&x);
}
END_TEST

START_TEST(the_eval_step_counts_batches)
{
  world x = world_make(1);
  slim_tensor *step = slim_get_or_create_eval_step(x.net.graph);
  int64_t done = -1;
  ck_assert_ptr_eq(slim_get_or_create_eval_step(x.net.graph), step);
  ck_assert_str_eq(slim_tensor_name(step), "eval_step:0");
  ck_assert_ptr_eq(slim_get_local_variables(x.net.graph, "eval_step", NULL).item[0], step);
  ck_assert_uint_eq(slim_get_variables(x.net.graph, "eval_step", NULL, NULL).count, 0);
  world_start(&x);
  test_ok(x.session, slim_session_initialize(x.session));
  for (int round = 0; round < 2; round++) {
    ASSERT_OK(&x, slim_evaluate_once(x.session, NULL, EVALUATE_OPS(&x)));
    test_ok(x.session, slim_session_get_variable(x.session, step, &done, sizeof done));
    ck_assert_int_eq(done, 3);
  }
  world_close(&x);
}
END_TEST

/* --- summaries ---------------------------------------------------------------------------------------------------- */

/* 0: the graph's, by the evaluation; 1: a hook's own choice; 2: a graph that trains keeps its own. */
START_TEST(summaries_are_written_at_the_end)
{
  char steps[64] = "";
  world x = world_make(1);
  slim_tensor *mean_t = slim_reduce_mean(x.net.t, SLIM_ALL_AXES, false);
  (void)slim_add_scalar_summary(mean_t, "targets");
  if (_i == 2) {
    (void)slim_add_to_collection(SLIM_TRAIN_OP, x.net.train);
  }
  world_start(&x);
  slim_summary_at_end chosen = { .log_dir = test_folder, .summary_op = SLIM_TENSORS(mean_t) };
  slim_hook hook = slim_summary_at_end_hook(&chosen);
  const int64_t step = 5;
  test_ok(x.session, slim_session_initialize(x.session));
  test_ok(x.session, slim_session_set_variable(x.session, x.net.step, &step, sizeof step));
  ASSERT_OK(&x, slim_evaluate_once(x.session, NULL, EVALUATE_OPS(&x), .logdir = _i == 1 ? NULL : test_folder,
                                   .hooks = &hook, .num_hooks = _i == 1));
  ck_assert_int_eq(x.evaluated.step, 5);
  ck_assert_uint_eq(test_read_summaries("targets", steps, sizeof steps), _i == 0);
  ck_assert_uint_eq(test_read_summaries(mean_t->node->name, steps, sizeof steps), _i == 1);
  ck_assert_str_eq(steps, _i == 2 ? "" : "5 ");
  ck_assert_uint_eq(test_read_summaries(slim_tensor_name(x.mean.value), steps, sizeof steps), _i != 1);
  world_close(&x);
}
END_TEST

START_TEST(summaries_at_the_end_need_a_place)
{
  slim_summary_at_end nowhere = { .log_dir = NULL };
  world x = world_open(1);
  slim_hook hook = slim_summary_at_end_hook(&nowhere);
  test_ok(x.session, slim_session_initialize(x.session));
  ck_assert_int_eq(slim_evaluate_once(x.session, NULL, EVALUATE_OPS(&x), .hooks = &hook, .num_hooks = 1), SLIM_ERR_ARG);
  ck_assert_str_eq(x.error.text, "summary_at_end: one of log_dir or summary_writer should be used");
  world_close(&x);
}
END_TEST

/* 0: beside those by time, at the first and last step; 1: alone. */
START_TEST(summaries_may_come_by_steps)
{
  char steps[64] = "";
  world x = world_open(0);
  (void)slim_add_to_collection(SLIM_LOSSES, x.net.loss->node->inputs[0]);
  ASSERT_OK(&x, TRAIN(&x, test_folder, .save_summaries_steps = 2, .save_summaries_secs = -_i));
  ck_assert_uint_eq(test_read_summaries("losses/Mean", steps, sizeof steps), 4 - _i);
  ck_assert_str_eq(steps, _i == 0 ? "1 2 4 6 " : "2 4 6 ");
  world_close(&x);
}
END_TEST

START_TEST(event_files_tell_how_full_queues_are)
{
  char steps[64] = "";
  world x = world_open(0);
  ck_assert_ptr_eq(slim_session_queue(x.session, 0), x.queue);
  ck_assert_ptr_null(slim_session_queue(x.session, 1));
  ck_assert_ptr_null(slim_session_queue(NULL, 0));
  ASSERT_OK(&x, TRAIN(&x, test_folder, .batch_size = BATCH));
  ck_assert_uint_eq(test_read_summaries("queue/x/fraction_of_8_full", steps, sizeof steps), 2);
  ck_assert_str_eq(steps, "1 6 ");
  world_close(&x);
}
END_TEST

/* --- steps -------------------------------------------------------------------------------------------------------- */

/* Two updates a step; the fourth call is the last. */
static slim_status two_updates(slim_train_step_call *call, slim_error *error)
{
  int *count = call->user;
  call->should_stop = ++*count == 4;
  (void)slim_train_step(call, error);
  return slim_train_step(call, error);
}

START_TEST(a_step_function_of_ones_own)
{
  int count = 0;
  float twice[6], once[6];
  world x = world_open(0);
  ASSERT_OK(&x, slim_learning_train(x.session, x.net.train, NULL, .train_step_fn = two_updates,
                                    .train_step_user = &count, .result = &x.trained, .error = &x.error));
  ck_assert_int_eq(count, 4);
  ck_assert_int_eq(x.trained.step, 8);
  ck_assert_float_gt(x.trained.loss, 0);
  test_ok(x.session, slim_session_get_variable(x.session, x.net.w, twice, sizeof twice));
  world_close(&x);
  x = world_open(0);
  ASSERT_OK(&x, slim_learning_train(x.session, x.net.train, NULL, .number_of_steps = 8, .error = &x.error));
  test_ok(x.session, slim_session_get_variable(x.session, x.net.w, once, sizeof once));
  ck_assert_mem_eq(once, twice, sizeof once);
  world_close(&x);
}
END_TEST

START_TEST(errors_of_a_step_function_end_training)
{
  world x = world_open(0);
  slim_train_step_call call = { .session = x.session };
  ck_assert_int_eq(slim_train_step(&call, &x.error), SLIM_ERR_ARG);
  ck_assert_str_eq(x.error.text, "session: nothing to fetch");
  ck_assert_int_eq(slim_train_step(&call, &x.error), SLIM_ERR_ARG);
  world_close(&x);
}
END_TEST

START_TEST(local_variables_start_anew)
{
  double total = 7;
  world x = world_open(0);
  slim_tensor *local = slim_get_local_variables(x.net.graph, NULL, NULL).item[0];
  test_ok(x.session, slim_session_initialize(x.session));
  test_ok(x.session, slim_session_set_variable(x.session, local, &total, sizeof total));
  ASSERT_OK(&x, TRAIN(&x, NULL, .batch_size = BATCH));
  test_ok(x.session, slim_session_get_variable(x.session, local, &total, sizeof total));
  ck_assert_double_eq(total, 0);
  world_close(&x);
}
END_TEST

START_TEST(a_trace_names_each_step_of_the_plan)
{
  world x = world_open(0);
  ASSERT_OK(&x, TRAIN(&x, test_folder, .trace_every_n_steps = 4));
  ck_assert(!slim_file_exists(test_path("tf_trace-3.json")) && !slim_file_exists(test_path("tf_trace-5.json")));
  const slim_span trace = test_read(test_path("tf_trace-4.json"));
  const char *text = (const char *)trace.data;
  ck_assert_int_eq(strncmp(text, "{\"traceEvents\":[\n{\"ph\":\"X\",\"pid\":0,\"tid\":", 41), 0);
  ck_assert_ptr_nonnull(strstr(text, "\"ts\":0.000,\"dur\":"));
  ck_assert_ptr_nonnull(strstr(text, "\"name\":\"MatMul\""));
  ck_assert_str_eq(text + trace.size - 5, "}\n]}\n");
  test_free(trace);
  ck_assert_int_eq(TRAIN(&x, NULL, .trace_every_n_steps = 4), SLIM_ERR_ARG);
  ck_assert_str_eq(x.error.text, "train: trace_every_n_steps needs a logdir");
  world_close(&x);
}
END_TEST

/* --- each new checkpoint ------------------------------------------------------------------------------------------ */

static bool train_on(void *user)
{
  world *x = user;
  const int64_t steps = x->trained.step + 2;
  ASSERT_OK(x, slim_learning_train(x->session, x->net.train, test_folder, .number_of_steps = steps,
                                   .result = &x->trained, .error = &x->error));
  return steps > 6;
}

static void note_step(void *user, const slim_evaluation_result *result, const float *values)
{
  char text[32];
  (void)user;
  (void)values;
  (void)snprintf(text, sizeof text, "%d ", (int)result->step);
  strncat(calls, text, sizeof calls - strlen(calls) - 1);
}

/* Checkpoints 2, 4 and 6 come while the loop waits, 8 when it is told to give up. 1: two of them are enough. */
START_TEST(each_new_checkpoint_is_evaluated)
{
  char steps[64] = "";
  world trainer = world_open(0), x = world_open(1);
  const int64_t most = _i == 0 ? 0 : 2;
  ASSERT_OK(&x, slim_evaluation_loop(x.session, test_folder, EVALUATE_OPS(&x), .logdir = test_folder,
                                     .names = (const char *const[]){ "eval/mean" }, .eval_interval_secs = 1e-9,
                                     .timeout = 0.02, .timeout_fn = train_on, .timeout_user = &trainer,
                                     .max_number_of_evaluations = most, .evaluated = note_step));
  ck_assert_str_eq(calls, _i == 0 ? "2 4 6 " : "2 4 ");
  ck_assert_ptr_nonnull(strstr(messages, "Waiting for new checkpoint at /tmp/slim_test_"));
  ck_assert_ptr_nonnull(strstr(messages, "model.ckpt-4\n"));
  ck_assert_int_eq(x.evaluated.step, _i == 0 ? 6 : 4);
  ck_assert_float_eq_tol(x.value, 4.5f, 1e-6f);
  (void)test_read_summaries("eval/mean", steps, sizeof steps);
  ck_assert_str_eq(steps, calls);
  world_close(&x);
  world_close(&trainer);
}
END_TEST

static const char *const loop_errors[] = { "evaluation_loop: checkpoint_path, a folder, is missing",
                                           "evaluation_loop: max_number_of_evaluations must not be negative",
                                           "evaluation stopped on request" };

START_TEST(errors_of_the_loop_have_exact_text)
{
  static const volatile sig_atomic_t stop = 1;
  world x = world_open(1);
  ck_assert_int_ne(slim_evaluation_loop(x.session, _i == 0 ? NULL : test_folder, EVALUATE_OPS(&x),
                                        .max_number_of_evaluations = _i == 1 ? -1 : 0, .stop = &stop),
                   SLIM_OK);
  ck_assert_str_eq(x.error.text, loop_errors[_i]);
  world_close(&x);
}
END_TEST

static slim_status set_step(slim_session *session, void *user, slim_error *error)
{
  const int64_t step = 9;
  (void)error;
  return slim_session_set_variable(session, user, &step, sizeof step);
}

/* The update of the mean, run once more before the batches, counts for nothing: accumulators start anew after it. */
START_TEST(initial_ops_and_init_fn_come_first)
{
  int64_t step = 0;
  world x = world_open(1);
  test_ok(x.session, slim_session_initialize(x.session));
  ASSERT_OK(&x, slim_evaluate_once(x.session, NULL, EVALUATE_OPS(&x), .initial_ops = { 1, &x.net.train },
                                   .init_fn = set_step, .init_user = x.net.step));
  test_ok(x.session, slim_session_get_variable(x.session, x.net.step, &step, sizeof step));
  ck_assert_int_eq(step, 10); /* one step of training after 9 */
  ck_assert_float_eq_tol(x.value, 4.5f, 1e-6f);
  world_close(&x);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, test_folder_remove);
  tcase_add_test(c, hooks_run_beside_training);
  tcase_add_test(c, hooks_run_beside_evaluation);
  tcase_add_test(c, an_error_of_a_hook_ends_the_loop);
  tcase_add_test(c, evaluations_stop_after_so_many_batches);
  tcase_add_test(c, the_eval_step_counts_batches);
  tcase_add_loop_test(c, summaries_are_written_at_the_end, 0, 3);
  tcase_add_test(c, summaries_at_the_end_need_a_place);
  tcase_add_loop_test(c, summaries_may_come_by_steps, 0, 2);
  tcase_add_test(c, event_files_tell_how_full_queues_are);
  tcase_add_test(c, a_step_function_of_ones_own);
  tcase_add_test(c, errors_of_a_step_function_end_training);
  tcase_add_test(c, local_variables_start_anew);
  tcase_add_test(c, a_trace_names_each_step_of_the_plan);
  tcase_add_loop_test(c, each_new_checkpoint_is_evaluated, 0, 2);
  tcase_add_loop_test(c, errors_of_the_loop_have_exact_text, 0, 3);
  tcase_add_test(c, initial_ops_and_init_fn_come_first);
}

TEST_MAIN("hooks", build, test_device_available)
