/* Evaluation of checkpoints, and waiting for them. */
#include "learning_support.h"

typedef struct world {
  test_small net;
  slim_device *device;
  slim_session *session;
  slim_error error;
} world;

static volatile sig_atomic_t stop_flag;

static world world_make(void)
{
  return (world){ .net = test_small_make(3), .device = test_open_device() };
}

/* The mean of what t is fed. */
static slim_metric world_start(world *x)
{
  const slim_metric mean = slim_streaming_mean(x->net.t, .name = "mean");
  ck_assert_str_eq(slim_graph_error(x->net.graph), "");
  x->session = test_session(x->net.graph, x->device, NULL);
  return mean;
}

static void world_close(world *x)
{
  slim_session_destroy(x->session);
  slim_device_close(x->device);
  slim_graph_destroy(x->net.graph);
}

/* A checkpoint of another session at this step. */
static void save_at(int64_t step)
{
  world x = world_make();
  slim_saver *saver = NULL;
  (void)world_start(&x);
  test_ok(x.session, slim_session_initialize(x.session));
  test_ok(x.session, slim_session_set_variable(x.session, x.net.step, &step, sizeof step));
  ck_assert_int_eq(slim_saver_create(x.net.graph, (slim_tensors){ 0, NULL }, 0, &saver, NULL), SLIM_OK);
  ck_assert_int_eq(slim_saver_save(saver, x.session, test_path("model.ckpt"), step, NULL, 0, NULL), SLIM_OK);
  slim_saver_destroy(saver);
  world_close(&x);
}

/* The mean of t over 10 samples is 4.5, whatever the batches. */
START_TEST(evaluation_counts_every_sample_once)
{
  float values[1] = { -1 };
  slim_evaluation_result result;
  save_at(2);
  world x = world_make();
  const slim_metric mean = world_start(&x);
  slim_queue *queue = test_small_queue(1 + _i, 1);
  test_attach(x.session, &x.net, queue);
  const slim_tensors update = { 1, &mean.update }, value = { 1, &mean.value };
  const slim_status status = slim_evaluate_once(x.session, test_folder, .eval_ops = update, .final_ops = value,
                                                .names = (const char *const[]){ "eval/mean" }, .values = values,
                                                .logdir = test_folder, .result = &result, .error = &x.error);
  ck_assert_msg(status == SLIM_OK, "%s", x.error.text);
  ck_assert_float_eq_tol(values[0], 4.5f, 1e-6f);
  ck_assert_int_eq(result.step, 2);
  ck_assert_int_eq(result.batches, (TEST_SAMPLES + _i) / (1 + _i));
  ck_assert_str_eq(result.checkpoint, test_path("model.ckpt-2"));
  char steps[64] = "";
  ck_assert_uint_eq(test_read_summaries("eval/mean", steps, sizeof steps), 1);
  ck_assert_str_eq(steps, "2 ");
  world_close(&x);
  slim_queue_destroy(queue);
}
END_TEST

START_TEST(an_endless_input_needs_num_evals)
{
  save_at(2);
  world x = world_make();
  const slim_metric mean = world_start(&x);
  slim_queue *queue = test_small_queue(4, 0);
  test_attach(x.session, &x.net, queue);
  const slim_tensors update = { 1, &mean.update };
  ck_assert_int_eq(slim_evaluate_once(x.session, test_folder, .eval_ops = update, .error = &x.error), SLIM_ERR_ARG);
  ck_assert_str_eq(x.error.text, "evaluate: the input never ends, as for training: set num_evals, or num_epochs of the "
                                 "input to 1");
  x.error = (slim_error){ 0 };
  ck_assert_int_eq(
      slim_evaluate_once(x.session, test_folder, .eval_ops = update, .num_evals = 7, .error = &x.error), SLIM_OK);
  world_close(&x);
  slim_queue_destroy(queue);
}
END_TEST

static const char *const evaluation_errors[] = {
  "evaluate: session is missing",
  "evaluate: neither eval_ops nor final_ops",
  "evaluate: final op 'Relu:0' must be a float32 scalar",
  "evaluate: feeds never end, num_evals says how many batches",
  "' has no checkpoint",
};

START_TEST(errors_of_evaluation_have_exact_text)
{
  world x = world_make();
  const slim_metric mean = world_start(&x);
  const slim_feed feed = { x.net.t, test_small_t, 4 };
  slim_evaluation_args args = { .struct_size = sizeof args,
                                .session = _i == 0 ? NULL : x.session,
                                .checkpoint_path = test_folder,
                                .eval_ops = { _i == 1 ? 0 : 1, &mean.update },
                                .final_ops = { _i == 1 ? 0 : 1, _i == 2 ? &x.net.y : &mean.value },
                                .feeds = &feed,
                                .num_feeds = _i == 3 ? 1 : 0,
                                .error = &x.error };
  ck_assert_int_ne((slim_evaluate_once)(&args), SLIM_OK);
  ck_assert_msg(strstr(x.error.text, evaluation_errors[_i]) != NULL, "%s", x.error.text);
  world_close(&x);
}
END_TEST

START_TEST(waiting_for_a_checkpoint)
{
  char path[256];
  stop_flag = 1;
  ck_assert_int_eq(slim_wait_for_new_checkpoint(test_folder, NULL, 0.001, 0.01, NULL, path, sizeof path),
                   SLIM_ERR_NOT_FOUND);
  ck_assert_int_eq(slim_wait_for_new_checkpoint(test_folder, NULL, 0.001, -1, &stop_flag, path, sizeof path),
                   SLIM_ERR_STOPPED);
  save_at(2);
  ck_assert_int_eq(slim_wait_for_new_checkpoint(test_folder, NULL, 0.001, 0, NULL, path, sizeof path), SLIM_OK);
  ck_assert_str_eq(path, test_path("model.ckpt-2"));
  ck_assert_int_eq(slim_wait_for_new_checkpoint(test_folder, path, 0.001, 0.01, NULL, path, sizeof path),
                   SLIM_ERR_NOT_FOUND);
}
END_TEST

static bool give_up_at_third(void *user)
{
  return ++*(int *)user == 3;
}

START_TEST(checkpoints_come_one_after_the_other)
{
  int asked = 0;
  slim_checkpoint_walk walk = {
    .folder = test_folder, .timeout = 0.02, .timeout_fn = give_up_at_third, .timeout_user = &asked
  };
  ck_assert(!slim_checkpoints_iterator(&walk));
  ck_assert_int_eq(asked, 3);
  save_at(2);
  ck_assert(slim_checkpoints_iterator(&walk));
  ck_assert_str_eq(walk.path, test_path("model.ckpt-2"));
  save_at(3);
  const double found = walk.begun;
  walk.min_interval_secs = 0.2;
  ck_assert(slim_checkpoints_iterator(&walk));
  ck_assert_str_eq(walk.path, test_path("model.ckpt-3"));
  ck_assert_double_ge(walk.begun - found, 0.2);
  walk.timeout_fn = NULL;
  ck_assert(!slim_checkpoints_iterator(&walk));
  ck_assert_str_eq(walk.path, test_path("model.ckpt-3"));
  stop_flag = 1;
  walk.stop = &stop_flag;
  walk.timeout = 0;
  ck_assert(!slim_checkpoints_iterator(&walk));
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, test_folder_make, test_folder_remove);
  tcase_add_loop_test(c, evaluation_counts_every_sample_once, 0, 4);
  tcase_add_test(c, an_endless_input_needs_num_evals);
  tcase_add_loop_test(c, errors_of_evaluation_have_exact_text, 0, 5);
  tcase_add_test(c, waiting_for_a_checkpoint);
  tcase_add_test(c, checkpoints_come_one_after_the_other);
}

TEST_MAIN("evaluation", build, test_device_available)
