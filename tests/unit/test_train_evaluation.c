/* Evaluations on the way of a training run, on a small net of bare ops. */
#include "learning_support.h"
#include "slim/ops.h"

#include <unistd.h>

enum { STEPS = 7, EVERY = 3, MOST = 8 };
#define SHADOW "w/ExponentialMovingAverage"

/* What was told of the evaluations of a run. */
typedef struct told {
  int count;
  int64_t step[MOST], batches[MOST];
  float value[MOST];
} told;

/* A net that trains and another that evaluates the mean loss, on the values of the first or its own. */
typedef struct world {
  test_small net, eval;
  slim_device *device;
  slim_session *session, *eval_session;
  slim_queue *queue, *eval_queue;
  slim_metric mean;
  told told;
  float value;
  slim_evaluation_result evaluated;
  slim_train_result result;
  slim_error error;
} world;

static void keep(void *user, const slim_evaluation_result *result, const float *values)
{
  told *t = user;
  ck_assert_int_lt(t->count, MOST);
  t->step[t->count] = result->step;
  t->batches[t->count] = result->batches;
  t->value[t->count++] = values[0];
}

static void open_training(world *x)
{
  x->net = test_small_make(3);
  x->session = test_session(x->net.graph, x->device, NULL);
  x->queue = test_small_queue(4, 0);
  test_attach(x->session, &x->net, x->queue);
}

/* values NULL: its own. */
static void open_evaluation(world *x, slim_values *values)
{
  x->eval = test_small_make(3);
  x->mean = slim_streaming_mean(x->eval.loss, .name = "mean_loss");
  x->eval_session = test_session(x->eval.graph, x->device, values);
  x->eval_queue = test_small_queue(4, 1);
  test_attach(x->eval_session, &x->eval, x->eval_queue);
}

static world world_open(void)
{
  world x = { .device = test_open_device() };
  open_training(&x);
  open_evaluation(&x, slim_session_values(x.session));
  return x;
}

static void close_evaluation(world *x)
{
  slim_session_destroy(x->eval_session);
  slim_queue_destroy(x->eval_queue);
  slim_graph_destroy(x->eval.graph);
}

static void world_close(world *x)
{
  close_evaluation(x);
  slim_session_destroy(x->session);
  slim_queue_destroy(x->queue);
  slim_device_close(x->device);
  slim_graph_destroy(x->net.graph);
}

#define EVALUATION(x_, ...)                                                                                            \
  SLIM_EVALUATION((x_)->eval_session, .eval_ops = { 1, &(x_)->mean.update }, .final_ops = { 1, &(x_)->mean.value },    \
                  .names = (const char *const[]){ "eval/loss" }, .values = &(x_)->value, .result = &(x_)->evaluated,   \
                  .evaluated = keep, .evaluated_user = &(x_)->told, __VA_ARGS__)
/* secs: between checkpoints; every: between evaluations. */
#define TRAIN(x_, logdir_, secs_, every_, evaluation_)                                                                 \
  slim_learning_train((x_)->session, (x_)->net.train, (logdir_), .number_of_steps = STEPS,                             \
                      .save_interval_secs = (secs_), .max_to_keep = -1, .eval_interval_steps = (every_),               \
                      .evaluation = (evaluation_), .result = &(x_)->result, .error = &(x_)->error)
#define ASSERT_OK(x_, status_) ck_assert_msg((status_) == SLIM_OK, "%s", (x_)->error.text)

/* Evaluations were at 3, 6 and the last step. */
static void assert_steps(const told *t)
{
  ck_assert_int_eq(t->count, 3);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(t->step[i], i < 2 ? EVERY * (i + 1) : STEPS);
    ck_assert_int_eq(t->batches[i], 3); /* the whole input each time */
  }
}

/* A checkpoint's own evaluation, in another session. */
static float evaluate_checkpoint(int64_t step)
{
  char path[96];
  world x = { .device = test_open_device() };
  open_evaluation(&x, NULL);
  (void)snprintf(path, sizeof path, "%s/model.ckpt-%d", test_folder, (int)step);
  const slim_status status =
      slim_evaluate_once(x.eval_session, path, .eval_ops = { 1, &x.mean.update }, .final_ops = { 1, &x.mean.value },
                         .values = &x.value, .error = &x.error);
  ck_assert_msg(status == SLIM_OK, "%s", x.error.text);
  close_evaluation(&x);
  slim_device_close(x.device);
  return x.value;
}

START_TEST(a_value_is_that_of_the_checkpoint)
{
  world x = world_open();
  ASSERT_OK(&x, TRAIN(&x, test_folder, 1e-9, EVERY, EVALUATION(&x, .logdir = test_folder)));
  assert_steps(&x.told);
  ck_assert_int_eq(x.evaluated.step, STEPS);
  ck_assert_float_eq(x.value, x.told.value[2]);
  ck_assert_float_ne(x.told.value[0], x.told.value[1]);
  for (int i = 0; i < 3; i++) {
    ck_assert_float_eq(x.told.value[i], evaluate_checkpoint(x.told.step[i]));
  }
  char steps[64] = "";
  ck_assert_uint_eq(test_read_summaries("eval/loss", steps, sizeof steps), 3);
  ck_assert_str_eq(steps, "3 6 7 ");
  world_close(&x);
}
END_TEST

START_TEST(training_is_as_without_it)
{
  float with[6], without[6];
  world x = world_open();
  ASSERT_OK(&x, TRAIN(&x, NULL, -1, EVERY, NULL));
  test_ok(x.session, slim_session_get_variable(x.session, x.net.w, without, sizeof without));
  ck_assert_int_eq(x.told.count, 0);
  world_close(&x);
  x = world_open();
  ASSERT_OK(&x, TRAIN(&x, NULL, -1, 1, EVALUATION(&x, .num_evals = 2)));
  ck_assert_int_eq(x.told.count, STEPS);
  ck_assert_int_eq(x.told.batches[4], 2);
  test_ok(x.session, slim_session_get_variable(x.session, x.net.w, with, sizeof with));
  ck_assert_mem_eq(with, without, sizeof with);
  world_close(&x);
}
END_TEST

/* In one graph and session, with inputs of its own. */
START_TEST(the_training_session_may_evaluate)
{
  world x = { .device = test_open_device(), .net = test_small_make(3) };
  ck_assert_int_eq(chdir(test_folder), 0); /* where a file without a folder would go */
  slim_tensor *t = slim_placeholder(x.net.graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 3), "eval_t");
  x.mean = slim_streaming_mean(t, .name = "mean_t");
  x.session = x.eval_session = test_session(x.net.graph, x.device, NULL);
  x.queue = test_small_queue(4, 0);
  x.eval_queue = test_small_queue(3, 1);
  test_attach(x.session, &x.net, x.queue);
  test_ok(x.session, slim_session_attach(x.session, t, x.eval_queue, 1));
  ASSERT_OK(&x, TRAIN(&x, NULL, -1, EVERY, EVALUATION(&x, .logdir = "")));
  ck_assert_int_eq(x.told.count, 3);
  char steps[64] = "";
  ck_assert_uint_eq(test_read_summaries("eval/loss", steps, sizeof steps), 0);
  for (int i = 0; i < 3; i++) {
    ck_assert_float_eq_tol(x.told.value[i], 4.5f, 1e-6f);
    ck_assert_int_eq(x.told.batches[i], 4);
  }
  slim_session_destroy(x.session);
  slim_queue_destroy(x.queue);
  slim_queue_destroy(x.eval_queue);
  slim_device_close(x.device);
  slim_graph_destroy(x.net.graph);
}
END_TEST

START_TEST(event_files_go_to_a_folder_inside)
{
  slim_file_names names = { 0 };
  world x = world_open();
  ASSERT_OK(&x, TRAIN(&x, test_folder, 1e-9, EVERY, EVALUATION(&x, .num_evals = 0)));
  ck_assert_int_eq(slim_file_list(test_path("eval"), &names, NULL), SLIM_OK);
  ck_assert_uint_eq(names.count, 1);
  ck_assert_int_eq(strncmp(names.item[0], "events.", 7), 0);
  char *path = slim_file_join(test_path("eval"), names.item[0]);
  (void)remove(path);
  free(path);
  (void)remove(test_path("eval"));
  slim_file_names_free(&names);
  world_close(&x);
}
END_TEST

/* The evaluation's weights are those of a trained variable of another name. */
START_TEST(averages_are_evaluated_on_values_of_their_own)
{
  float average[6], own[6];
  world x = { .device = test_open_device(), .net = test_small_make(3) };
  (void)slim_add_to_collection(SLIM_UPDATE_OPS, slim_moving_average_apply((slim_tensors){ 1, &x.net.w }, 0.5f));
  const slim_tensor *shadow = slim_moving_average_of(x.net.w);
  x.session = test_session(x.net.graph, x.device, NULL);
  x.queue = test_small_queue(4, 0);
  test_attach(x.session, &x.net, x.queue);
  open_evaluation(&x, NULL);
  const slim_restore restore[] = { { SHADOW, x.eval.w }, { NULL, x.eval.b } };
  ASSERT_OK(&x, TRAIN(&x, NULL, -1, EVERY, EVALUATION(&x, .restore = restore, .num_restore = 2)));
  assert_steps(&x.told);
  test_ok(x.session, slim_session_get_variable(x.session, shadow, average, sizeof average));
  test_ok(x.eval_session, slim_session_get_variable(x.eval_session, x.eval.w, own, sizeof own));
  ck_assert_mem_eq(average, own, sizeof own);
  world_close(&x);
}
END_TEST

START_TEST(a_failed_evaluation_saves_what_was_learned)
{
  world x = world_open();
  const slim_status status = TRAIN(&x, test_folder, -1, EVERY, EVALUATION(&x, .num_evals = 4, .logdir = ""));
  ck_assert_int_eq(status, SLIM_ERR_END);
  ck_assert_str_eq(x.error.text, "evaluate: the input ended after 3 of 4 batches");
  ck_assert_str_eq(x.result.checkpoint, test_path("model.ckpt-3"));
  ck_assert_int_eq(x.result.step, 3);
  ck_assert(slim_file_exists(test_path("model.ckpt-3.index")));
  world_close(&x);
}
END_TEST

START_TEST(errors_have_exact_text)
{
  world x = world_open();
  const slim_restore restore = { NULL, x.eval.w };
  ck_assert_int_eq(TRAIN(&x, NULL, -1, -1, NULL), SLIM_ERR_ARG);
  ck_assert_str_eq(x.error.text, "train: eval_interval_steps must not be negative");
  x.error = (slim_error){ SLIM_OK, "" };
  ck_assert_int_eq(TRAIN(&x, NULL, -1, EVERY, EVALUATION(&x, .restore = &restore, .num_restore = 1)), SLIM_ERR_ARG);
  ck_assert_str_eq(x.error.text,
                   "train: an evaluation with restore needs values of its own, its session shares the trained ones");
  close_evaluation(&x);
  open_evaluation(&x, NULL);
  const slim_restore unknown = { "no/such", x.eval.w };
  x.error = (slim_error){ SLIM_OK, "" };
  ck_assert_int_eq(TRAIN(&x, NULL, -1, EVERY, EVALUATION(&x, .restore = &unknown, .num_restore = 1)),
                   SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(x.error.text, "evaluate: the trained graph has no variable 'no/such'");
  world_close(&x);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, test_folder_make, test_folder_remove);
  tcase_add_test(c, a_value_is_that_of_the_checkpoint);
  tcase_add_test(c, training_is_as_without_it);
  tcase_add_test(c, the_training_session_may_evaluate);
  tcase_add_test(c, event_files_go_to_a_folder_inside);
  tcase_add_test(c, averages_are_evaluated_on_values_of_their_own);
  tcase_add_test(c, a_failed_evaluation_saves_what_was_learned);
  tcase_add_test(c, errors_have_exact_text);
}

TEST_MAIN("train_evaluation", build, test_device_available)
