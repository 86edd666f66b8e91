/* Saving and restoring the variables of a session. */
#include "checkpoint/state.h"
#include "session_support.h"
#include "slim/checkpoint.h"
#include "test_files.h"

typedef struct world {
  slim_graph *graph;
  slim_device *device;
  slim_session *session;
  slim_tensor *w, *b, *step;
  slim_saver *saver;
  slim_error error;
} world;

static char prefix[96], warnings[4096];
static const float w_values[] = { 1, 2, 3, 4, 5, 6 };
static const float b_values[] = { -1, 0.5f };

static void keep_log(void *user, slim_log_level level, const char *text)
{
  (void)user;
  if (level == SLIM_LOG_WARNING) {
    strncat(warnings, text, sizeof warnings - strlen(warnings) - 1);
  }
}

static void setup(void)
{
  test_folder_make();
  (void)snprintf(prefix, sizeof prefix, "%s/model.ckpt", test_folder);
  slim_log_set(keep_log, NULL);
}

static world world_open(int max_to_keep)
{
  world x = { .graph = slim_graph_create(1), .device = test_open_device() };
  x.w = test_variable(x.graph, "net/w", SLIM_FLOAT32, SLIM_SHAPE(2, 3), w_values);
  x.b = test_variable(x.graph, "net/b", SLIM_FLOAT32, SLIM_SHAPE(2), b_values);
  x.step = slim_get_or_create_global_step(x.graph);
  (void)slim_local_variable(x.graph, "local", SLIM_FLOAT32, SLIM_SCALAR, NULL);
  x.session = test_session(x.graph, x.device, NULL);
  test_ok(x.session, slim_session_initialize(x.session));
  ck_assert_int_eq(slim_saver_create(x.graph, (slim_tensors){ 0, NULL }, max_to_keep, &x.saver, &x.error), SLIM_OK);
  return x;
}

static void world_close(world *x)
{
  slim_saver_destroy(x->saver);
  slim_session_destroy(x->session);
  slim_device_close(x->device);
  slim_graph_destroy(x->graph);
}

static void set_step(world *x, int64_t step)
{
  test_ok(x->session, slim_session_set_variable(x->session, x->step, &step, sizeof step));
}

static int64_t get_step(world *x)
{
  int64_t step = -1;
  test_ok(x->session, slim_session_get_variable(x->session, x->step, &step, sizeof step));
  return step;
}

static void save(world *x, int64_t step)
{
  set_step(x, step);
  ck_assert_msg(slim_saver_save(x->saver, x->session, prefix, step, NULL, 0, &x->error) == SLIM_OK, "%s",
                x->error.text);
}

static const char *at(int step)
{
  static char path[128];
  (void)snprintf(path, sizeof path, "%s-%d", prefix, step);
  return path;
}

START_TEST(all_global_variables_come_back)
{
  const float other[6] = { 0 };
  float w[6] = { 0 }, b[2] = { 0 };
  char path[128] = "";
  world x = world_open(0);
  set_step(&x, 1200);
  ck_assert_int_eq(slim_saver_save(x.saver, x.session, prefix, 1200, path, sizeof path, &x.error), SLIM_OK);
  ck_assert_str_eq(path, at(1200));
  slim_checkpoint_reader *reader = NULL;
  ck_assert_int_eq(slim_checkpoint_reader_open(path, &reader, &x.error), SLIM_OK);
  ck_assert_uint_eq(slim_checkpoint_reader_count(reader), 3);
  ck_assert_ptr_nonnull(slim_checkpoint_reader_find(reader, "net/w"));
  slim_checkpoint_reader_close(reader);
  test_ok(x.session, slim_session_set_variable(x.session, x.w, other, sizeof other));
  set_step(&x, 7);
  ck_assert_int_eq(slim_saver_restore(x.saver, x.session, path, &x.error), SLIM_OK);
  test_ok(x.session, slim_session_get_variable(x.session, x.w, w, sizeof w));
  test_ok(x.session, slim_session_get_variable(x.session, x.b, b, sizeof b));
  ck_assert_mem_eq(w, w_values, sizeof w);
  ck_assert_mem_eq(b, b_values, sizeof b);
  ck_assert_int_eq(get_step(&x), 1200);
  world_close(&x);
}
END_TEST

/* Of two whole pieces and a rest, as values are handed over. */
START_TEST(a_large_variable_comes_back)
{
  enum { COUNT = 2 * (1 << 18) + 5 };
  float *values = calloc(COUNT, sizeof *values), *back = calloc(COUNT, sizeof *back);
  slim_graph *graph = slim_graph_create(1);
  slim_device *device = test_open_device();
  slim_saver *saver = NULL;
  slim_error error = { SLIM_OK, "" };
  for (int i = 0; i < COUNT; i++) {
    values[i] = (float)i - 7.0f;
  }
  slim_tensor *v = slim_variable(graph, "v", SLIM_SHAPE(COUNT));
  slim_session *session = test_session(graph, device, NULL);
  test_ok(session, slim_session_set_variable(session, v, values, COUNT * sizeof *values));
  ck_assert_int_eq(slim_saver_create(graph, (slim_tensors){ 0, NULL }, 0, &saver, &error), SLIM_OK);
  ck_assert_msg(slim_saver_save(saver, session, prefix, 1, NULL, 0, &error) == SLIM_OK, "%s", error.text);
  test_ok(session, slim_session_set_variable(session, v, back, COUNT * sizeof *back));
  ck_assert_msg(slim_saver_restore(saver, session, at(1), &error) == SLIM_OK, "%s", error.text);
  test_ok(session, slim_session_get_variable(session, v, back, COUNT * sizeof *back));
  ck_assert_int_eq(memcmp(back, values, COUNT * sizeof *back), 0);
  slim_saver_destroy(saver);
  slim_session_destroy(session);
  slim_device_close(device);
  slim_graph_destroy(graph);
  free(values);
  free(back);
}
END_TEST

START_TEST(the_newest_are_kept)
{
  world x = world_open(2);
  for (int step = 1; step <= 4; step++) {
    save(&x, step);
  }
  save(&x, 4);
  slim_checkpoint_state state = { 0 };
  ck_assert_int_eq(slim_checkpoint_state_read(test_folder, &state, &x.error), SLIM_OK);
  ck_assert_uint_eq(state.count, 2);
  ck_assert_str_eq(state.all[0], at(3));
  ck_assert_str_eq(state.all[1], at(4));
  ck_assert_str_eq(state.latest, at(4));
  slim_checkpoint_state_free(&state);
  slim_file_names names = { 0 };
  ck_assert_int_eq(slim_file_list(test_folder, &names, &x.error), SLIM_OK);
  ck_assert_uint_eq(names.count, 5);
  slim_file_names_free(&names);
  world_close(&x);
}
END_TEST

/* Turns over the middle byte of a file. */
static void damage(const char *checkpoint, const char *suffix)
{
  char path[160];
  (void)snprintf(path, sizeof path, "%s.%s", checkpoint, suffix);
  FILE *f = fopen(path, "r+b");
  ck_assert_ptr_nonnull(f);
  (void)fseek(f, 0, SEEK_END);
  const long middle = ftell(f) / 2;
  (void)fseek(f, middle, SEEK_SET);
  const int byte = fgetc(f);
  (void)fseek(f, middle, SEEK_SET);
  (void)fputc(byte ^ 0xff, f);
  (void)fclose(f);
}

START_TEST(a_damaged_checkpoint_is_passed_over)
{
  char path[128] = "";
  world x = world_open(0);
  for (int step = 1; step <= 3; step++) {
    save(&x, step);
  }
  damage(at(3), _i == 0 ? "data-00000-of-00001" : "index");
  ck_assert_int_eq(slim_saver_restore_latest(x.saver, x.session, test_folder, path, sizeof path, &x.error), SLIM_OK);
  ck_assert_str_eq(path, at(2));
  ck_assert_int_eq(get_step(&x), 2);
  ck_assert_ptr_nonnull(strstr(warnings, "; the checkpoint before it is tried"));
  damage(at(2), "index");
  (void)remove(strcat(strcpy(path, at(1)), ".index"));
  ck_assert_int_eq(slim_saver_restore_latest(x.saver, x.session, test_folder, NULL, 0, &x.error), SLIM_ERR_DATA);
  ck_assert_ptr_nonnull(strstr(x.error.text, "': none of 3 checkpoints is whole: "));
  ck_assert_int_eq(get_step(&x), 2);
  world_close(&x);
}
END_TEST

/* The middle byte is of net/w. */
START_TEST(a_damaged_variable_keeps_what_it_has)
{
  const float other[6] = { 9 };
  float w[6] = { 0 };
  world x = world_open(0);
  save(&x, 1);
  damage(at(1), "data-00000-of-00001");
  test_ok(x.session, slim_session_set_variable(x.session, x.w, other, sizeof other));
  ck_assert_int_eq(slim_saver_restore(x.saver, x.session, at(1), &x.error), SLIM_ERR_DATA);
  test_ok(x.session, slim_session_get_variable(x.session, x.w, w, sizeof w));
  ck_assert_mem_eq(w, other, sizeof w);
  slim_session *empty = test_session(x.graph, x.device, NULL);
  ck_assert_int_eq(slim_saver_restore(x.saver, empty, at(1), NULL), SLIM_ERR_DATA);
  ck_assert_int_eq(slim_session_get_variable(empty, x.w, w, sizeof w), SLIM_ERR_STATE);
  slim_session_destroy(empty);
  world_close(&x);
}
END_TEST

START_TEST(a_folder_without_checkpoints_is_not_found)
{
  world x = world_open(0);
  ck_assert_int_eq(slim_saver_restore_latest(x.saver, x.session, test_folder, NULL, 0, &x.error), SLIM_ERR_NOT_FOUND);
  world_close(&x);
}
END_TEST

/* Another graph's view of the checkpoint of step 5. */
static void restore_misfit(int which, slim_error *error)
{
  slim_graph *graph = slim_graph_create(1);
  slim_device *device = test_open_device();
  slim_tensor *v = slim_variable(graph, which == 0 ? "net/gone" : "net/w", SLIM_SHAPE(3, which == 3 ? 2 : 3),
                                 .dtype = which == 2 ? SLIM_INT32 : SLIM_FLOAT32);
  slim_tensor *other = slim_variable(graph, "other", SLIM_SHAPE(2));
  slim_session *session = test_session(graph, device, NULL);
  test_ok(session, slim_session_initialize(session));
  const slim_restore items[] = { { "net/b", other }, { NULL, v } };
  float before[2], after[2];
  test_ok(session, slim_session_get_variable(session, other, before, sizeof before));
  const slim_status status = slim_assign_from_checkpoint(session, at(5), items, 2, 0, error);
  ck_assert_int_eq(status, which == 0 ? SLIM_ERR_NOT_FOUND : which == 2 ? SLIM_ERR_TYPE : SLIM_ERR_SHAPE);
  test_ok(session, slim_session_get_variable(session, other, after, sizeof after));
  ck_assert_mem_eq(before, after, sizeof before);
  if (which == 3) {
    ck_assert_int_eq(slim_assign_from_checkpoint(session, at(5), items, 2, SLIM_RESTORE_RESHAPE, NULL), SLIM_OK);
  }
  if (which == 0) {
    ck_assert_int_eq(slim_assign_from_checkpoint(session, at(5), items, 2, SLIM_RESTORE_IGNORE_MISSING, NULL), SLIM_OK);
    test_ok(session, slim_session_get_variable(session, other, after, sizeof after));
    ck_assert_mem_eq(after, b_values, sizeof after);
  }
  slim_session_destroy(session);
  slim_device_close(device);
  slim_graph_destroy(graph);
}

START_TEST(misfits_change_nothing_and_have_exact_text)
{
  static const char *const form[] = {
    "variable 'net/gone': checkpoint '%s' has no 'net/gone'",
    "variable 'net/w' has the shape [3,3], checkpoint '%s' holds [2,3]",
    "variable 'net/w' is int32, checkpoint '%s' holds float32",
    "variable 'net/w' has the shape [3,2], checkpoint '%s' holds [2,3]",
  };
  char text[256];
  world x = world_open(0);
  save(&x, 5);
  restore_misfit(_i, &x.error);
  (void)snprintf(text, sizeof text, form[_i], at(5));
  ck_assert_str_eq(x.error.text, text);
  world_close(&x);
}
END_TEST

START_TEST(an_assignment_waits_for_its_session)
{
  slim_assignment *later = NULL;
  world x = world_open(0);
  save(&x, 5);
  const slim_restore items[] = { { NULL, x.w }, { "none", x.b } };
  ck_assert_int_eq(slim_assign_from_checkpoint_fn(at(5), items, 2, 0, &later, NULL), SLIM_ERR_NOT_FOUND);
  ck_assert_ptr_null(later);
  ck_assert_int_eq(slim_assign_from_checkpoint_fn(at(5), items, 2, SLIM_RESTORE_IGNORE_MISSING, &later, NULL), SLIM_OK);
  const float zeros[6] = { 0 };
  float w[6];
  test_ok(x.session, slim_session_set_variable(x.session, x.w, zeros, sizeof zeros));
  ck_assert_int_eq(slim_assignment_run(x.session, later, &x.error), SLIM_OK);
  test_ok(x.session, slim_session_get_variable(x.session, x.w, w, sizeof w));
  ck_assert_mem_eq(w, w_values, sizeof w);
  slim_assignment_destroy(later);
  ck_assert_int_eq(slim_assign_from_checkpoint_fn(at(5), items + 1, 1, SLIM_RESTORE_IGNORE_MISSING, &later, NULL),
                   SLIM_OK);
  ck_assert_ptr_null(later);
  ck_assert_ptr_nonnull(strstr(warnings, "has none of 1 variables: nothing will be restored"));
  ck_assert_int_eq(slim_assignment_run(x.session, NULL, &x.error), SLIM_OK);
  ck_assert_int_eq(slim_assign_from_checkpoint_fn(at(5), items, 0, 0, &later, &x.error), SLIM_ERR_ARG);
  world_close(&x);
}
END_TEST

START_TEST(a_folder_stands_for_its_latest_checkpoint)
{
  char text[256];
  slim_assignment *later = NULL;
  world x = world_open(0);
  const slim_tensors all = slim_get_variables_to_restore(x.graph, NULL, NULL);
  const slim_restore *items = slim_restore_list(all);
  ck_assert_int_eq(slim_saver_restore(x.saver, x.session, test_folder, &x.error), SLIM_ERR_NOT_FOUND);
  (void)snprintf(text, sizeof text, "'%s' has no checkpoint", test_folder);
  ck_assert_str_eq(x.error.text, text);
  ck_assert_int_eq(slim_assign_from_checkpoint(x.session, NULL, items, all.count, 0, NULL), SLIM_ERR_ARG);
  x.error = (slim_error){ SLIM_OK, "" };
  save(&x, 5);
  ck_assert_int_eq(slim_assign_from_checkpoint_fn(test_folder, items, all.count, 0, &later, &x.error), SLIM_OK);
  save(&x, 7);
  set_step(&x, 0);
  ck_assert_int_eq(slim_assign_from_checkpoint(x.session, test_folder, items, all.count, 0, &x.error), SLIM_OK);
  ck_assert_int_eq(get_step(&x), 7);
  ck_assert_int_eq(slim_assignment_run(x.session, later, &x.error), SLIM_OK);
  ck_assert_int_eq(get_step(&x), 5); /* the latest when it was asked for */
  ck_assert_ptr_null(slim_restore_list(slim_get_variables(x.graph, "nett", NULL, NULL)));
  slim_assignment_destroy(later);
  world_close(&x);
}
END_TEST

START_TEST(values_are_assigned_by_name)
{
  const float given[] = { 9, 8 };
  float b[2] = { 0 };
  world x = world_open(0);
  slim_named_values values[] = { { "net/b", given, sizeof given }, { "net/none", given, sizeof given } };
  ck_assert_int_eq(slim_assign_from_values(x.session, x.graph, values, 1, &x.error), SLIM_OK);
  test_ok(x.session, slim_session_get_variable(x.session, x.b, b, sizeof b));
  ck_assert_mem_eq(b, given, sizeof b);
  ck_assert_int_eq(slim_assign_from_values(x.session, x.graph, values, 2, &x.error), SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(x.error.text, "variable 'net/none' does not exist");
  x.error = (slim_error){ SLIM_OK, "" };
  values[0].bytes = 4;
  ck_assert_int_eq(slim_assign_from_values(x.session, x.graph, values, 1, &x.error), SLIM_ERR_ARG);
  ck_assert_str_eq(x.error.text, "variable 'net/b' has 8 bytes, the values have 4");
  world_close(&x);
}
END_TEST

START_TEST(values_wait_for_their_session)
{
  float given[] = { 9, 8 }, b[2] = { 0 };
  world x = world_open(0);
  slim_assignment *later = NULL;
  slim_named_values values[] = { { "net/b", given, sizeof given }, { "net/none", given, sizeof given } };
  ck_assert_int_eq(slim_assign_from_values_fn(x.graph, values, 1, &later, &x.error), SLIM_OK);
  given[0] = 1;
  ck_assert_int_eq(slim_assignment_run(x.session, later, &x.error), SLIM_OK);
  test_ok(x.session, slim_session_get_variable(x.session, x.b, b, sizeof b));
  ck_assert_float_eq(b[0], 9);
  ck_assert_float_eq(b[1], 8);
  slim_assignment_destroy(later);
  ck_assert_int_eq(slim_assign_from_values_fn(x.graph, values, 2, &later, &x.error), SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(x.error.text, "variable 'net/none' does not exist");
  ck_assert_ptr_null(later);
  world_close(&x);
}
END_TEST

START_TEST(a_saver_needs_variables)
{
  slim_graph *graph = slim_graph_create(1);
  slim_saver *saver = NULL;
  slim_error error = { SLIM_OK, "" };
  ck_assert_int_eq(slim_saver_create(graph, (slim_tensors){ 0, NULL }, 0, &saver, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "saver: there is no variable");
  error = (slim_error){ SLIM_OK, "" };
  (void)slim_create_global_step(graph);
  ck_assert_int_eq(slim_saver_create(graph, slim_get_variables(graph, "net", NULL, NULL), 0, &saver, &error),
                   SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "saver: there is no variable");
  slim_tensor *const twice[] = { slim_get_global_step(graph), slim_get_global_step(graph) };
  error = (slim_error){ SLIM_OK, "" };
  ck_assert_int_eq(slim_saver_create(graph, (slim_tensors){ 2, twice }, 0, &saver, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "saver: 'global_step' is given twice");
  ck_assert_ptr_null(saver);
  slim_saver_destroy(NULL);
  slim_graph_destroy(graph);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, test_folder_remove);
  tcase_add_test(c, all_global_variables_come_back);
  tcase_add_test(c, a_large_variable_comes_back);
  tcase_add_test(c, the_newest_are_kept);
  tcase_add_loop_test(c, a_damaged_checkpoint_is_passed_over, 0, 2);
  tcase_add_test(c, a_damaged_variable_keeps_what_it_has);
  tcase_add_test(c, a_folder_without_checkpoints_is_not_found);
  tcase_add_loop_test(c, misfits_change_nothing_and_have_exact_text, 0, 4);
  tcase_add_test(c, an_assignment_waits_for_its_session);
  tcase_add_test(c, a_folder_stands_for_its_latest_checkpoint);
  tcase_add_test(c, values_are_assigned_by_name);
  tcase_add_test(c, values_wait_for_their_session);
  tcase_add_test(c, a_saver_needs_variables);
}

TEST_MAIN("saver", build, test_device_available)
