/* An error that is held already: public functions do nothing, and the first error stays. */
#include "slim/slim.h"
#include "test_main.h"

/* What each call is given, and what it gives. */
typedef struct things {
  slim_error *error;
  const void *out; /* set to NULL by those that make something */
  int64_t number;  /* set to -1 by those that count */
} things;

#define MAKES(name_, type_, call_)                                                                                     \
  static slim_status name_(things *t)                                                                                  \
  {                                                                                                                    \
    type_ *made = (type_ *)(uintptr_t)t->out;                                                                          \
    const slim_status status = call_;                                                                                  \
    t->out = made;                                                                                                     \
    return status;                                                                                                     \
  }
#define DOES(name_, call_)                                                                                             \
  static slim_status name_(things *t)                                                                                  \
  {                                                                                                                    \
    t->out = NULL;                                                                                                     \
    return call_;                                                                                                      \
  }

static const slim_stream_options stream = { .num_epochs = 1 };
static const slim_image_options images = { .batch_size = 2 };
static const slim_dataset_options dataset_options = { .num_samples = 1 };
static const slim_convert_options convert = { .dataset_name = "mnist" };
static const slim_preprocess_call preprocess = { .out_h = 1 };
static const slim_shape shape = { 1, { 1 } };

MAKES(device_open, slim_device, slim_device_open("cpu", &made, t->error))
MAKES(session_create, slim_session, slim_session_create(NULL, NULL, NULL, &made, t->error))
MAKES(dataset_open, slim_dataset, slim_dataset_open("mnist", "train", "data", &made, t->error))
MAKES(dataset_create, slim_dataset, slim_dataset_create(&dataset_options, &made, t->error))
MAKES(image_queue, slim_queue, slim_image_queue(NULL, &images, &made, t->error))
MAKES(queue_of_arrays, slim_queue, slim_queue_of_arrays(NULL, 0, 0, 0, &stream, &made, t->error))
MAKES(queue_take, const slim_batch, slim_queue_take(NULL, &made, t->error))
MAKES(provider_create, slim_provider, slim_provider_create(NULL, &stream, &made, t->error))
MAKES(provider_next, const slim_sample, slim_provider_next(NULL, &made, t->error))
MAKES(decoder_create, slim_decoder, slim_decoder_create(NULL, 0, NULL, 0, &made, t->error))
MAKES(parallel_read, slim_reader, slim_parallel_read(NULL, &stream, &made, t->error))
MAKES(single_pass_read, slim_reader, slim_single_pass_read(NULL, &made, t->error))
MAKES(checkpoint_open, slim_checkpoint_reader, slim_checkpoint_reader_open("x", &made, t->error))
MAKES(saver_create, slim_saver, slim_saver_create(NULL, (slim_tensors){ 0, NULL }, 0, &made, t->error))
MAKES(assign_fn, slim_assignment, slim_assign_from_checkpoint_fn("x", NULL, 0, 0, &made, t->error))
MAKES(event_writer_open, slim_event_writer, slim_event_writer_open("/dev/null/x", NULL, &made, t->error))
MAKES(event_reader_open, slim_event_reader, slim_event_reader_open("x", &made, t->error))

DOES(reader_next, slim_reader_next(NULL, NULL, t->error))
DOES(decode, slim_decoder_decode(NULL, NULL, 0, NULL, t->error))
DOES(preprocess_file, slim_preprocess_file(NULL, "x", 1, &preprocess, NULL, t->error))
DOES(do_convert, slim_convert(&convert, NULL, t->error))
DOES(checkpoint_read, slim_checkpoint_reader_read(NULL, "x", NULL, 0, t->error))
DOES(saver_save, slim_saver_save(NULL, NULL, "x", 0, NULL, 0, t->error))
DOES(saver_restore, slim_saver_restore(NULL, NULL, "x", t->error))
DOES(saver_restore_latest, slim_saver_restore_latest(NULL, NULL, "x", NULL, 0, t->error))
DOES(assign, slim_assign_from_checkpoint(NULL, "x", NULL, 0, 0, t->error))
DOES(assign_values, slim_assign_from_values(NULL, NULL, NULL, 0, t->error))
DOES(assignment_run, slim_assignment_run(NULL, &t, t->error))
DOES(event_scalar, slim_event_writer_scalar(NULL, 0, "x", 0, t->error))
DOES(event_histogram, slim_event_writer_histogram(NULL, 0, "x", NULL, 1, t->error))
DOES(event_images, slim_event_writer_images(NULL, 0, "x", SLIM_UINT8, &shape, NULL, 1, t->error))
DOES(event_session, slim_event_writer_session(NULL, 0, SLIM_SESSION_START, NULL, t->error))
DOES(event_flush, slim_event_writer_flush(NULL, t->error))
DOES(event_next, slim_event_reader_next(NULL, NULL, t->error))
DOES(train, slim_learning_train(NULL, NULL, NULL, .number_of_steps = 1, .error = t->error))
DOES(evaluate, slim_evaluate_once(NULL, NULL, .num_evals = 1, .error = t->error))

static const struct sticky_case {
  const char *name;
  slim_status (*call)(things *t);
} cases[] = {
#define CASE(name_)                                                                                                    \
  {                                                                                                                    \
#name_, name_                                                                                                      \
  }
  CASE(device_open),          CASE(session_create),  CASE(dataset_open),  CASE(dataset_create),
  CASE(image_queue),          CASE(queue_of_arrays), CASE(queue_take),    CASE(provider_create),
  CASE(provider_next),        CASE(decoder_create),  CASE(parallel_read), CASE(single_pass_read),
  CASE(checkpoint_open),      CASE(saver_create),    CASE(assign_fn),     CASE(event_writer_open),
  CASE(event_reader_open),    CASE(reader_next),     CASE(decode),        CASE(preprocess_file),
  CASE(do_convert),           CASE(checkpoint_read), CASE(saver_save),    CASE(saver_restore),
  CASE(saver_restore_latest), CASE(assign),          CASE(assign_values), CASE(assignment_run),
  CASE(event_scalar),         CASE(event_histogram), CASE(event_images),  CASE(event_session),
  CASE(event_flush),          CASE(event_next),      CASE(train),         CASE(evaluate),
#undef CASE
};

START_TEST(a_call_with_an_error_does_nothing)
{
  char mark = 0;
  slim_error error = { 0 };
  things t = { .error = &error, .out = &mark };
  (void)slim_error_set(&error, SLIM_ERR_EXISTS, "the first");
  ck_assert_msg(cases[_i].call(&t) == SLIM_ERR_EXISTS, "%s", cases[_i].name);
  ck_assert_ptr_null(t.out);
  ck_assert_int_eq(error.status, SLIM_ERR_EXISTS);
  ck_assert_str_eq(error.text, "the first");
}
END_TEST

START_TEST(calls_that_return_a_value_return_none)
{
  slim_error error = { 0 };
  slim_item item = { 0 };
  (void)slim_error_set(&error, SLIM_ERR_EXISTS, "the first");
  ck_assert_ptr_null(slim_session_open(NULL, "cpu", &error));
  ck_assert_ptr_null((void *)(uintptr_t)slim_get_preprocessing("lenet", &error));
  ck_assert_ptr_null(slim_item_resize(&item, SLIM_FLOAT32, &shape, &error));
  ck_assert_int_eq(slim_dataset_num_samples(NULL, &error), -1);
  ck_assert_float_nan(slim_evaluate_metric(NULL, NULL, (slim_metric){ NULL, NULL }, &error));
  ck_assert_str_eq(error.text, "the first");
}
END_TEST

START_TEST(a_whole_program_reports_its_first_error)
{
  slim_error error = { 0 };
  slim_device *device = NULL;
  slim_dataset *dataset = NULL;
  slim_queue *queue = NULL;
  slim_session *session = NULL;
  slim_graph *g = slim_graph_create(1);
  slim_tensor *x = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(-1, 2), "x");
  (void)slim_device_open("cpu", &device, &error);
  ck_assert_int_eq(slim_dataset_open("mnist", "train", "/nowhere", &dataset, &error), SLIM_ERR_NOT_FOUND);
  const slim_error first = error;
  ck_assert_int_eq(slim_image_queue(dataset, &images, &queue, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_int_eq(slim_session_create(g, device, NULL, &session, &error), SLIM_ERR_NOT_FOUND);
  ck_assert_int_eq(slim_session_attach(session, x, queue, 0), SLIM_ERR_ARG);
  ck_assert_int_eq(slim_session_initialize(session), SLIM_ERR_ARG);
  ck_assert_int_eq(slim_learning_train(session, x, NULL, .error = &error), SLIM_ERR_NOT_FOUND);
  ck_assert_int_eq(slim_dataset_num_classes(dataset), 0);
  ck_assert_int_eq(slim_dataset_channels(dataset), 0);
  ck_assert_ptr_null(slim_dataset_class_name(dataset, 1));
  ck_assert_str_eq(error.text, first.text);
  slim_session_destroy(session);
  slim_queue_destroy(queue);
  slim_dataset_destroy(dataset);
  slim_device_close(device);
  slim_graph_destroy(g);
}
END_TEST

START_TEST(a_missing_thing_is_named)
{
  slim_error error = { 0 };
  slim_queue *queue = NULL;
  ck_assert_int_eq(slim_image_queue(NULL, &images, &queue, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "image queue: no dataset given");
  ck_assert(slim_error_held(&error));
  ck_assert(!slim_error_held(NULL));
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, a_call_with_an_error_does_nothing, 0, (int)(sizeof cases / sizeof *cases));
  tcase_add_test(c, calls_that_return_a_value_return_none);
  tcase_add_test(c, a_whole_program_reports_its_first_error);
  tcase_add_test(c, a_missing_thing_is_named);
}

TEST_MAIN("sticky", build, NULL)
