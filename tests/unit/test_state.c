#include "checkpoint/bundle.h"
#include "checkpoint/state.h"
#include "test_files.h"

static slim_status parse(const char *text, slim_checkpoint_state *state, slim_error *error)
{
  return slim_checkpoint_state_parse((slim_span){ (const unsigned char *)text, strlen(text) }, "dir", "dir/checkpoint",
                                     state, error);
}

START_TEST(all_fields_are_read)
{
  slim_checkpoint_state state;
  slim_error error = { 0 };
  const char *text = "# written by hand\n"
                     "model_checkpoint_path: \"model.ckpt-1200\"\n"
                     "all_model_checkpoint_paths: \"/abs/model.ckpt-600\"\n"
                     "all_model_checkpoint_paths: 'model' \".ckpt-1200\"\n"
                     "all_model_checkpoint_timestamps: 1500000000.25 all_model_checkpoint_timestamps: 1.6e9\n"
                     "last_preserved_timestamp: 1499999999.5\n"
                     "later_field: 7 later_text: \"x\"";
  ck_assert_msg(parse(text, &state, &error) == SLIM_OK, "%s", error.text);
  ck_assert_str_eq(state.latest, "dir/model.ckpt-1200");
  ck_assert_uint_eq(state.count, 2);
  ck_assert_str_eq(state.all[0], "/abs/model.ckpt-600");
  ck_assert_str_eq(state.all[1], "dir/model.ckpt-1200");
  ck_assert_double_eq(state.times[0], 1500000000.25);
  ck_assert_double_eq(state.times[1], 1.6e9);
  ck_assert_double_eq(state.last_preserved, 1499999999.5);
  slim_checkpoint_state_free(&state);
}
END_TEST

static const struct bad_case {
  const char *text;
  int line;
} bad[] = {
  { "model_checkpoint_path \"x\"", 1 },
  { "model_checkpoint_path: \"x", 1 },
  { "\n\nmodel_checkpoint_path: \"x\\q\"", 3 },
  { "model_checkpoint_path: \"x\\0y\"", 1 },
  { "model_checkpoint_path: \"x\n\"", 1 },
  { "all_model_checkpoint_timestamps: now", 1 },
  { "model_checkpoint_path:", 1 },
  { "a: 1\n{ }", 2 },
};

START_TEST(damage_is_named_by_line)
{
  slim_checkpoint_state state;
  slim_error error = { 0 };
  char text[80];
  ck_assert_int_eq(parse(bad[_i].text, &state, &error), SLIM_ERR_DATA);
  (void)snprintf(text, sizeof text, "'dir/checkpoint', line %d: not a checkpoint state", bad[_i].line);
  ck_assert_str_eq(error.text, text);
  slim_checkpoint_state_free(&state);
}
END_TEST

START_TEST(any_path_comes_back)
{
  char *all[] = { (char *)(uintptr_t) "/abs/\"quoted\" \\ \n\t\xC3\xA4\x01 7", NULL };
  double times[] = { 1.5, 1234567890.123456 };
  all[1] = slim_file_join(test_folder, "model-2");
  const slim_checkpoint_state state = {
    .latest = all[1], .all = all, .count = 2, .times = times, .last_preserved = 1.25
  };
  slim_checkpoint_state back;
  slim_error error = { 0 };
  ck_assert_msg(slim_checkpoint_state_write(test_folder, &state, &error) == SLIM_OK, "%s", error.text);
  ck_assert_msg(slim_checkpoint_state_read(test_folder, &back, &error) == SLIM_OK, "%s", error.text);
  ck_assert_str_eq(back.latest, all[1]);
  ck_assert_str_eq(back.all[0], all[0]);
  ck_assert_str_eq(back.all[1], all[1]);
  ck_assert(back.times[0] == times[0] && back.times[1] == times[1] && back.last_preserved == 1.25);
  slim_checkpoint_state_free(&back);
  const slim_span text = test_read(test_path("checkpoint"));
  ck_assert_ptr_nonnull(strstr((const char *)text.data, "model_checkpoint_path: \"model-2\"\n"));
  ck_assert_ptr_nonnull(strstr((const char *)text.data, "\"/abs/\\\"quoted\\\" \\\\ \\n\\t\\303\\244\\001 7\"\n"));
  test_free(text);
  free(all[1]);
}
END_TEST

START_TEST(paths_are_stored_relative_to_the_folder)
{
  static const struct {
    const char *folder, *path, *stored;
  } cases[] = { { "train", "train/m-1", "m-1" },
                { "train/", "train/m-1", "m-1" },
                { ".", "m-1", "m-1" },
                { "train", "/x/m-1", "/x/m-1" } };
  ck_assert_int_eq(chdir(test_folder), 0);
  ck_assert_int_eq(slim_file_make_folders("train", NULL), SLIM_OK);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const slim_checkpoint_state state = { .latest = (char *)(uintptr_t)cases[i].path };
    char expected[80];
    ck_assert_int_eq(slim_checkpoint_state_write(cases[i].folder, &state, NULL), SLIM_OK);
    char *path = slim_file_join(cases[i].folder, "checkpoint");
    const slim_span text = test_read(path);
    (void)snprintf(expected, sizeof expected, "model_checkpoint_path: \"%s\"\n", cases[i].stored);
    ck_assert_str_eq((const char *)text.data, expected);
    test_free(text);
    (void)remove(path);
    free(path);
  }
  const slim_checkpoint_state outside = { .latest = (char *)(uintptr_t) "other/m-1" };
  ck_assert_int_eq(slim_checkpoint_state_write("train", &outside, NULL), SLIM_OK);
  slim_checkpoint_state back;
  ck_assert_int_eq(slim_checkpoint_state_read("train", &back, NULL), SLIM_OK);
  ck_assert_str_eq(back.latest, test_path("other/m-1"));
  slim_checkpoint_state_free(&back);
  ck_assert_int_eq(remove("train/checkpoint") + remove("train"), 0);
}
END_TEST

START_TEST(latest_needs_its_files)
{
  char path[256];
  const slim_shape scalar = { 0, { 0 } };
  char *latest = slim_file_join(test_folder, "model-5");
  const slim_checkpoint_state state = { .latest = latest, .all = &latest, .count = 1 };
  ck_assert_int_eq(slim_latest_checkpoint(test_folder, path, sizeof path), SLIM_ERR_NOT_FOUND);
  ck_assert_int_eq(slim_checkpoint_state_write(test_folder, &state, NULL), SLIM_OK);
  ck_assert_int_eq(slim_latest_checkpoint(test_folder, path, sizeof path), SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(path, "");
  slim_bundle_writer *writer = NULL;
  ck_assert_int_eq(slim_bundle_writer_open(latest, &writer, NULL), SLIM_OK);
  ck_assert_int_eq(slim_bundle_writer_begin(writer, "x", SLIM_FLOAT32, &scalar, NULL), SLIM_OK);
  ck_assert_int_eq(slim_bundle_writer_put(writer, "1234", 4, NULL), SLIM_OK);
  ck_assert(!slim_checkpoint_exists(latest));
  ck_assert_int_eq(slim_bundle_writer_finish(writer, NULL), SLIM_OK);
  ck_assert_int_eq(slim_latest_checkpoint(test_folder, path, sizeof path), SLIM_OK);
  ck_assert_str_eq(path, latest);
  ck_assert_int_eq(slim_latest_checkpoint(test_folder, path, strlen(latest)), SLIM_ERR_ARG);
  ck_assert_int_eq(slim_file_write(test_path("checkpoint"), "x", 1, NULL), SLIM_OK);
  ck_assert_int_eq(slim_latest_checkpoint(test_folder, path, sizeof path), SLIM_ERR_DATA);
  free(latest);
}
END_TEST

START_TEST(state_that_tensorflow_wrote)
{
  char path[1024];
  ck_assert_int_eq(slim_latest_checkpoint(test_data("."), path, sizeof path), SLIM_OK);
  const char *end = strstr(path, "types.ckpt-7");
  ck_assert(end && end[12] == '\0');
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, test_folder_make, test_folder_remove);
  tcase_add_test(c, all_fields_are_read);
  tcase_add_loop_test(c, damage_is_named_by_line, 0, (int)(sizeof bad / sizeof *bad));
  tcase_add_test(c, any_path_comes_back);
  tcase_add_test(c, paths_are_stored_relative_to_the_folder);
  tcase_add_test(c, latest_needs_its_files);
  tcase_add_test(c, state_that_tensorflow_wrote);
}

TEST_MAIN("state", build, NULL)
