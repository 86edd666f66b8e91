/* The train op and the training loop, on a small net of bare ops. */
#include "training_world.h"

#include <math.h>

static char messages[8192];
static int calls;

static void keep_log(void *user, slim_log_level level, const char *text)
{
  (void)user;
  (void)level;
  strncat(messages, text, sizeof messages - strlen(messages) - 2);
  strcat(messages, "\n");
}

static void setup(void)
{
  test_folder_make();
  slim_log_set(keep_log, NULL);
}

static world world_open(void)
{
  world x = world_make();
  const slim_tensors both = { 2, (slim_tensor *const[]){ x.net.w, x.net.b } };
  x.train = slim_learning_create_train_op(x.loss, descent(&x), .variables_to_train = both);
  world_start(&x);
  return x;
}

static slim_status count_call(slim_session *session, void *user, slim_error *error)
{
  (void)session;
  (void)user;
  (void)error;
  calls++;
  return SLIM_OK;
}

#define TRAIN(x_, ...)                                                                                                 \
  slim_learning_train((x_)->session, (x_)->train, __VA_ARGS__, .feeds = (x_)->feeds, .num_feeds = 2,                   \
                      .batch_size = BATCH, .init_fn = count_call, .result = &(x_)->result, .error = &(x_)->error)

#define ASSERT_OK(x_, status_) ck_assert_msg((status_) == SLIM_OK, "%s", (x_)->error.text)

static void get(world *x, const slim_tensor *variable, float *values, size_t bytes)
{
  test_ok(x->session, slim_session_get_variable(x->session, variable, values, bytes));
}

/* --- the train op ------------------------------------------------------------------------------------------------- */

START_TEST(a_train_op_gives_the_loss_before_the_update)
{
  double w[6], b[3];
  float value = 0, now[6];
  world x = world_open();
  test_ok(x.session, slim_session_initialize(x.session));
  for (int i = 0; i < 6; i++) {
    w[i] = (double)test_small_w[i];
  }
  for (int i = 0; i < 3; i++) {
    b[i] = (double)test_small_b[i];
  }
  const slim_fetch fetch = { x.train, &value, sizeof value };
  for (int step = 1; step <= 5; step++) {
    const double wanted = test_small_step(w, b, test_small_x, test_small_t, BATCH);
    int64_t at = 0;
    test_ok(x.session, slim_session_run(x.session, x.feeds, 2, &fetch, 1));
    ck_assert_double_eq_tol((double)value, wanted, 1e-5 * fmax(1, wanted));
    test_ok(x.session, slim_session_get_variable(x.session, x.net.step, &at, sizeof at));
    ck_assert_int_eq(at, step);
  }
  get(&x, x.net.w, now, sizeof now);
  for (int i = 0; i < 6; i++) {
    ck_assert_float_eq_tol(now[i], (float)w[i], 1e-5f);
  }
  ck_assert_str_eq(slim_tensor_name(x.train), "train_op/control_dependency:0");
  ck_assert_ptr_eq(slim_get_collection(x.net.graph, SLIM_TRAIN_OP, NULL).item[0], x.train);
  world_close(&x);
}
END_TEST

/* Two update ops, each setting a variable to 1. mode 0: default; 1: the first alone; 2: none. */
START_TEST(update_ops_run_with_the_step)
{
  world x = world_make();
  const float one = 1;
  slim_tensor *v[2], *update[2], *value = slim_constant_tensor(x.net.graph, SLIM_FLOAT32, SLIM_SCALAR, &one, "one");
  const slim_stage before = slim_graph_set_stage(x.net.graph, SLIM_STAGE_UPDATE);
  for (int i = 0; i < 2; i++) {
    v[i] = slim_global_variable(x.net.graph, "v", SLIM_FLOAT32, SLIM_SCALAR, NULL);
    update[i] = slim_op_add((slim_tensor *[]){ v[i], value }, 2, &slim_op_assign, "Assign", NULL);
    (void)slim_add_to_collection(SLIM_UPDATE_OPS, update[i]);
  }
  (void)slim_graph_set_stage(x.net.graph, before);
  const slim_tensors both = { 2, (slim_tensor *const[]){ x.net.w, x.net.b } };
  const slim_tensors own = { _i == 0 ? 0 : 2 - (size_t)_i, _i == 0 ? NULL : update };
  x.train = slim_learning_create_train_op(x.loss, descent(&x), .variables_to_train = both, .update_ops = own);
  world_start(&x);
  ASSERT_OK(&x, TRAIN(&x, NULL, .number_of_steps = 1));
  for (int i = 0; i < 2; i++) {
    float got = -1;
    get(&x, v[i], &got, sizeof got);
    ck_assert_float_eq(got, _i == 0 || i < 2 - _i ? 1.0f : 0.0f);
  }
  const bool warned = strstr(messages, "update_ops lack 'Assign_1:0' of update_ops: it will not run") != NULL;
  ck_assert_int_eq(warned, _i > 0);
  world_close(&x);
}
END_TEST

/* 0: nothing updates the statistics; 1: an update op does. */
START_TEST(statistics_that_nothing_updates_are_told)
{
  world x = world_make();
  const float ones[3] = { 1, 1, 1 }, other[3] = { 2, 2, 2 };
  slim_tensor *variance = slim_global_variable(x.net.graph, "bn/moving_variance", SLIM_FLOAT32, SLIM_SHAPE(3), ones);
  slim_tensor *value = slim_constant_tensor(x.net.graph, SLIM_FLOAT32, SLIM_SHAPE(3), other, "other");
  if (_i == 1) {
    const slim_stage before = slim_graph_set_stage(x.net.graph, SLIM_STAGE_UPDATE);
    slim_tensor *update = slim_op_add((slim_tensor *[]){ variance, value }, 2, &slim_op_assign, "Assign", NULL);
    (void)slim_add_to_collection(SLIM_UPDATE_OPS, update);
    (void)slim_graph_set_stage(x.net.graph, before);
  }
  const slim_tensors both = { 2, (slim_tensor *const[]){ x.net.w, x.net.b } };
  *messages = '\0';
  x.train = slim_learning_create_train_op(x.loss, descent(&x), .variables_to_train = both);
  world_start(&x);
  ASSERT_OK(&x, TRAIN(&x, test_folder, .number_of_steps = 2));
  const char *told =
      strstr(messages, "after 2 steps 1 of 1 batch norms have the moving statistics that they began with, "
                       "'bn/moving_variance' for one");
  ck_assert_int_eq(told != NULL, _i == 0);
  *messages = '\0';
  slim_error error = { SLIM_OK, "" };
  ck_assert_msg(slim_evaluate_once(x.session, test_folder, .num_evals = 1, .eval_ops = SLIM_TENSORS(x.loss),
                                   .feeds = x.feeds, .num_feeds = 2, .error = &error) == SLIM_OK,
                "%s", error.text);
  ck_assert_int_eq(strstr(messages, "after 2 steps 1 of 1 batch norms") != NULL, _i == 0);
  world_close(&x);
}
END_TEST

START_TEST(a_train_op_without_step_counts_nothing)
{
  world x = world_make();
  const slim_tensors both = { 2, (slim_tensor *const[]){ x.net.w, x.net.b } };
  int64_t step = -1;
  x.train = slim_learning_create_train_op(x.loss, descent(&x), .variables_to_train = both,
                                          .increment_global_step = SLIM_NO, .check_numerics = SLIM_NO);
  world_start(&x);
  const slim_fetch fetch = { x.train, NULL, 0 };
  test_ok(x.session, slim_session_initialize(x.session));
  test_ok(x.session, slim_session_run(x.session, x.feeds, 2, &fetch, 1));
  test_ok(x.session, slim_session_get_variable(x.session, x.net.step, &step, sizeof step));
  ck_assert_int_eq(step, 0);
  world_close(&x);
}
END_TEST

/* Clipped by create_train_op itself, or by the transform of its gradients: the same step. */
START_TEST(gradients_may_be_transformed)
{
  float clipped[2][6], norm = 0.01f;
  for (int i = 0; i < 2; i++) {
    world x = world_make();
    const slim_tensors both = { 2, (slim_tensor *const[]){ x.net.w, x.net.b } };
    x.train = slim_learning_create_train_op(
        x.loss, descent(&x), .variables_to_train = both, .clip_gradient_norm = i == 0 ? norm : 0,
        .transform_grads_fn = i == 0 ? NULL : slim_clip_gradient_norms_fn, .transform_user = &norm);
    world_start(&x);
    ASSERT_OK(&x, TRAIN(&x, NULL, .number_of_steps = 2));
    get(&x, x.net.w, clipped[i], sizeof clipped[i]);
    world_close(&x);
  }
  ck_assert_mem_eq(clipped[0], clipped[1], sizeof clipped[0]);
  ck_assert(memcmp(clipped[0], test_small_w, sizeof clipped[0]) != 0);
}
END_TEST

START_TEST(a_loss_must_be_a_scalar)
{
  world x = world_make();
  ck_assert(slim_is_poison(slim_learning_create_train_op(x.net.y, descent(&x))));
  ck_assert_str_eq(slim_graph_error(x.net.graph), "create_train_op: total loss 'Relu:0' [?,3] must be a scalar");
  ck_assert_ptr_null(slim_learning_create_train_op(NULL, NULL));
  world_close(&x);
}
END_TEST

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static bool exists(const char *name)
{
  return slim_file_exists(test_path(name));
}

START_TEST(training_ends_at_its_step_with_a_checkpoint)
{
  char latest[256];
  world x = world_open();
  ASSERT_OK(&x, TRAIN(&x, test_folder, .number_of_steps = 7));
  ck_assert_int_eq(x.result.step, 7);
  ck_assert_int_eq(x.result.steps_run, 7);
  ck_assert(isfinite(x.result.loss) && x.result.images_per_second > 0);
  ck_assert_str_eq(x.result.checkpoint, test_path("model.ckpt-7"));
  ck_assert(exists("model.ckpt-7.index") && exists("checkpoint"));
  ck_assert_int_eq(slim_latest_checkpoint(test_folder, latest, sizeof latest), SLIM_OK);
  ck_assert_str_eq(latest, x.result.checkpoint);
  ck_assert_int_eq(calls, 1);
  ck_assert_ptr_nonnull(strstr(messages, "global step 7: loss = "));
  ASSERT_OK(&x, TRAIN(&x, test_folder, .number_of_steps = 7));
  ck_assert_int_eq(x.result.steps_run, 0);
  ck_assert_ptr_nonnull(strstr(messages, "of step 7: number_of_steps is reached, nothing is trained"));
  world_close(&x);
}
END_TEST

START_TEST(a_resumed_run_gives_the_same_weights)
{
  float straight[6], resumed[6];
  world x = world_open();
  ASSERT_OK(&x, TRAIN(&x, NULL, .number_of_steps = 10));
  get(&x, x.net.w, straight, sizeof straight);
  world_close(&x);
  for (int part = 1; part <= 3; part++) {
    x = world_open();
    ASSERT_OK(&x, TRAIN(&x, test_folder, .number_of_steps = part < 3 ? 5 * part : 10));
    ck_assert_int_eq(x.result.step, part < 3 ? 5 * part : 10);
    ck_assert_int_eq(x.result.steps_run, part < 3 ? 5 : 0);
    get(&x, x.net.w, resumed, sizeof resumed);
    world_close(&x);
  }
  ck_assert_int_eq(calls, 2);
  ck_assert_mem_eq(straight, resumed, sizeof straight);
}
END_TEST

START_TEST(checkpoints_are_written_on_the_way_and_the_newest_kept)
{
  world x = world_open();
  ASSERT_OK(&x, TRAIN(&x, test_folder, .number_of_steps = 9, .save_interval_secs = 1e-9, .max_to_keep = 3,
                      .log_every_n_steps = 100));
  ck_assert(!exists("model.ckpt-6.index"));
  ck_assert(exists("model.ckpt-7.index") && exists("model.ckpt-8.index") && exists("model.ckpt-9.index"));
  world_close(&x);
}
END_TEST

static volatile sig_atomic_t stop_flag;

static void stop_at_three(void *user, const slim_train_progress *progress)
{
  (void)user;
  stop_flag = progress->step >= 3;
}

START_TEST(a_stop_flag_ends_training_with_a_checkpoint)
{
  world x = world_open();
  const slim_status status = TRAIN(&x, test_folder, .stop = &stop_flag, .progress = stop_at_three);
  ck_assert_int_eq(status, SLIM_ERR_STOPPED);
  ck_assert_str_eq(x.error.text, "training stopped on request at step 3");
  ck_assert_int_eq(x.result.step, 3);
  ck_assert(exists("model.ckpt-3.index"));
  world_close(&x);
}
END_TEST

/* log_every_n_steps 1 sees it at once; 100 when the runs are waited for. */
START_TEST(a_loss_that_is_not_finite_ends_training_and_nothing_is_saved)
{
  static float poisoned[12];
  memcpy(poisoned, test_small_t, sizeof poisoned);
  poisoned[5] = NAN;
  float w[6];
  world x = world_open();
  x.feeds[1].data = poisoned;
  const slim_status status = TRAIN(&x, test_folder, .number_of_steps = 6, .log_every_n_steps = _i == 0 ? 1 : 100);
  ck_assert_int_eq(status, SLIM_ERR_NUMERIC);
  ck_assert_int_eq(strncmp(x.error.text, "LossTensor is inf or nan near step ", 35), 0);
  ck_assert_msg(strstr(x.error.text, "the first op that is not finite is placeholder 't:0' [4,3]: 1 of 12") != NULL,
                "%s", x.error.text);
  ck_assert(!exists("checkpoint"));
  get(&x, x.net.w, w, sizeof w);
  ck_assert_mem_eq(w, test_small_w, sizeof w);
  world_close(&x);
}
END_TEST

START_TEST(a_damaged_newest_checkpoint_is_passed_over)
{
  world x = world_open();
  ASSERT_OK(&x, TRAIN(&x, test_folder, .number_of_steps = 2));
  ASSERT_OK(&x, TRAIN(&x, test_folder, .number_of_steps = 4));
  FILE *f = fopen(test_path("model.ckpt-4.index"), "wb");
  (void)fputs("not a table", f);
  (void)fclose(f);
  world_close(&x);
  x = world_open();
  ASSERT_OK(&x, TRAIN(&x, test_folder, .number_of_steps = 5));
  ck_assert_int_eq(x.result.steps_run, 3);
  ck_assert_ptr_nonnull(strstr(messages, "the checkpoint before it is tried"));
  world_close(&x);
}
END_TEST

START_TEST(event_files_hold_losses_rates_and_gradients)
{
  static const char *const tags[] = { "total_loss",      "learning_rate",   "losses/Mean", "summarize_grads/w_gradient",
                                      "summarize_grads/w_gradient_norm", "summarize_grads/b_gradient_norm", "own",         "global_step/sec" };
  world x = world_make();
  const slim_tensors both = { 2, (slim_tensor *const[]){ x.net.w, x.net.b } };
  (void)slim_add_to_collection(SLIM_LOSSES, x.loss);
  (void)slim_add_histogram_summary(x.net.y, "own");
  x.train =
      slim_learning_create_train_op(x.loss, descent(&x), .variables_to_train = both, .summarize_gradients = SLIM_YES);
  world_start(&x);
  ASSERT_OK(&x, TRAIN(&x, test_folder, .number_of_steps = 3, .learning_rate = x.rate));
  for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
    char steps[64] = "";
    ck_assert_msg(test_read_summaries(tags[i], steps, sizeof steps) == 2, "%s at %s", tags[i], steps);
    ck_assert_str_eq(steps, "1 3 ");
  }
  world_close(&x);
}
END_TEST

static const char *const errors[] = {
  "train: session is missing",
  "train: train_op is missing",
  "train: number_of_steps must not be negative",
  "train: log_every_n_steps must not be negative",
  "train: a saver needs a logdir",
  "session: placeholder 'x' is neither fed nor attached to a queue",
};

START_TEST(errors_of_training_have_exact_text)
{
  world x = world_open();
  slim_saver *saver = NULL;
  ck_assert_int_eq(slim_saver_create(x.net.graph, (slim_tensors){ 0, NULL }, 0, &saver, NULL), SLIM_OK);
  slim_train_args args = { .struct_size = sizeof args,
                           .session = _i == 0 ? NULL : x.session,
                           .train_op = _i == 1 ? NULL : x.train,
                           .number_of_steps = _i == 2 ? -1 : 1,
                           .log_every_n_steps = _i == 3 ? -1 : 0,
                           .saver = _i == 4 ? saver : NULL,
                           .error = &x.error };
  ck_assert_int_ne((slim_learning_train)(&args), SLIM_OK);
  ck_assert_str_eq(x.error.text, errors[_i]);
  slim_saver_destroy(saver);
  world_close(&x);
}
END_TEST

START_TEST(the_end_of_the_input_ends_training)
{
  world x = world_open();
  slim_queue *queue = test_small_queue(4, 2);
  test_attach(x.session, &x.net, queue);
  const slim_status status = slim_learning_train(x.session, x.train, test_folder, .result = &x.result,
                                                 .log_every_n_steps = 100, .error = &x.error);
  ck_assert_msg(status == SLIM_OK, "%s", x.error.text);
  ck_assert_int_eq(x.result.step, 5);
  ck_assert(exists("model.ckpt-5.index"));
  world_close(&x);
  slim_queue_destroy(queue);
}
END_TEST

static void no_calls(void)
{
  calls = 0;
}

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, no_calls, NULL);
  tcase_add_checked_fixture(c, setup, test_folder_remove);
  tcase_add_test(c, a_train_op_gives_the_loss_before_the_update);
  tcase_add_loop_test(c, update_ops_run_with_the_step, 0, 3);
  tcase_add_loop_test(c, statistics_that_nothing_updates_are_told, 0, 2);
  tcase_add_test(c, a_train_op_without_step_counts_nothing);
  tcase_add_test(c, gradients_may_be_transformed);
  tcase_add_test(c, a_loss_must_be_a_scalar);
  tcase_add_test(c, training_ends_at_its_step_with_a_checkpoint);
  tcase_add_test(c, a_resumed_run_gives_the_same_weights);
  tcase_add_test(c, checkpoints_are_written_on_the_way_and_the_newest_kept);
  tcase_add_test(c, a_stop_flag_ends_training_with_a_checkpoint);
  tcase_add_loop_test(c, a_loss_that_is_not_finite_ends_training_and_nothing_is_saved, 0, 2);
  tcase_add_test(c, a_damaged_newest_checkpoint_is_passed_over);
  tcase_add_test(c, event_files_hold_losses_rates_and_gradients);
  tcase_add_loop_test(c, errors_of_training_have_exact_text, 0, (int)(sizeof errors / sizeof *errors));
  tcase_add_test(c, the_end_of_the_input_ends_training);
}

TEST_MAIN("learning", build, test_device_available)
