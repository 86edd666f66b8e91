#include "flags.h"
#include "test_main.h"

typedef struct options {
  bool use_grayscale, json, normalize;
  int64_t batch_size, max_number_of_steps;
  double learning_rate;
  const char *optimizer, *train_dir, *checkpoint_path;
} options;

static const flag flags[] = {
  FLAG(options, use_grayscale, BOOL, "false", "grey images"),
  FLAG(options, json, BOOL, "true", "JSON"),
  FLAG(options, normalize, BOOL, "true", "a name that starts with no"),
  FLAG(options, batch_size, INT, "32", "samples a step", .min = 1, .max = 1024),
  FLAG(options, max_number_of_steps, INT, NULL, "endless without it"),
  FLAG(options, learning_rate, FLOAT, "0.01", "step size", .min = 0, .max = 10),
  FLAG(options, optimizer, STRING, "rmsprop", "one of", .choices = "sgd momentum adam rmsprop"),
  FLAG(options, train_dir, STRING, "", "where checkpoints go"),
  FLAG(options, checkpoint_path, STRING, NULL, "where from"),
};

static int never(const void *given, operands files)
{
  (void)given;
  (void)files;
  return 1;
}

static const command cmd = { .name = "try",
                             .summary = "tries flags",
                             .operands = "IMAGE...",
                             .max_operands = 2,
                             .flags = flags,
                             .num_flags = sizeof flags / sizeof *flags,
                             .options_size = sizeof(options),
                             .run = never };

enum { MAX_WORDS = 8 };

/* Parses up to MAX_WORDS words that one space separates; the line must outlive what is read of the result. */
static flags_result parse(char *line, options *o, operands *files, char *text, size_t size)
{
  static const char *argv[MAX_WORDS];
  int argc = 0;
  for (char *word = strtok(line, " "); word && argc < MAX_WORDS; word = strtok(NULL, " ")) {
    argv[argc++] = word;
  }
  return flags_parse(&cmd, argc, argv, o, files, text, size);
}

START_TEST(defaults_are_those_of_the_table)
{
  options o;
  operands files;
  char line[] = "", text[256] = "";
  ck_assert_int_eq(parse(line, &o, &files, text, sizeof text), FLAGS_RUN);
  ck_assert(!o.use_grayscale && o.json && o.normalize);
  ck_assert_int_eq(o.batch_size, 32);
  ck_assert_int_eq(o.max_number_of_steps, 0);
  ck_assert_double_eq(o.learning_rate, 0.01);
  ck_assert_str_eq(o.optimizer, "rmsprop");
  ck_assert_str_eq(o.train_dir, "");
  ck_assert_ptr_null(o.checkpoint_path);
  ck_assert_uint_eq(files.count, 0);
}
END_TEST

/* Every way to write the same thing. */
static const char *const same[] = {
  "--batch_size=64 --learning_rate=0.5 --optimizer=adam --use_grayscale --nojson a.png",
  "--batch-size=64 --learning-rate=0.5 --optimizer=adam --use-grayscale --no-json a.png",
  "--batch_size 64 --learning-rate 5e-1 a.png --optimizer adam --use_grayscale=true",
  "-batch_size 64 a.png -learning_rate=.5 -optimizer=adam -use_grayscale=1",
  "--batch_size=9 --batch_size=64 --learning_rate=0.5 --optimizer=sgd --optimizer=adam --use_grayscale=yes -- a.png",
};

START_TEST(every_way_to_write_a_flag_works)
{
  options o;
  operands files;
  char line[256], text[256] = "";
  (void)snprintf(line, sizeof line, "%s", same[_i]);
  ck_assert_msg(parse(line, &o, &files, text, sizeof text) == FLAGS_RUN, "%s: %s", same[_i], text);
  ck_assert_int_eq(o.batch_size, 64);
  ck_assert_double_eq(o.learning_rate, 0.5);
  ck_assert_str_eq(o.optimizer, "adam");
  ck_assert(o.use_grayscale);
  ck_assert(o.json == !strstr(same[_i], "json"));
  ck_assert_uint_eq(files.count, 1);
  ck_assert_str_eq(files.item[0], "a.png");
}
END_TEST

START_TEST(a_name_that_starts_with_no_is_itself)
{
  options o;
  operands files;
  char plain[] = "--normalize=false", negated[] = "--nonormalize", text[256] = "";
  ck_assert_int_eq(parse(plain, &o, &files, text, sizeof text), FLAGS_RUN);
  ck_assert(!o.normalize);
  ck_assert_int_eq(parse(negated, &o, &files, text, sizeof text), FLAGS_RUN);
  ck_assert(!o.normalize);
}
END_TEST

START_TEST(after_two_dashes_all_are_operands)
{
  options o;
  operands files;
  char line[] = "-- --batch_size=3 -", text[256] = "";
  ck_assert_int_eq(parse(line, &o, &files, text, sizeof text), FLAGS_RUN);
  ck_assert_uint_eq(files.count, 2);
  ck_assert_str_eq(files.item[0], "--batch_size=3");
  ck_assert_str_eq(files.item[1], "-");
  ck_assert_int_eq(o.batch_size, 32);
}
END_TEST

static const struct wrong {
  const char *line, *text;
} wrongs[] = {
  { "--learning_rte=1", "unknown flag --learning_rte; did you mean --learning_rate?" },
  { "--batchsize=1", "unknown flag --batchsize; did you mean --batch_size?" },
  { "--hepl", "unknown flag --hepl; did you mean --help?" },
  { "--zebra=1", "unknown flag --zebra" },
  { "--nooptimizer", "unknown flag --nooptimizer; did you mean --optimizer?" },
  { "--batch_size", "--batch_size needs a value" },
  { "--batch_size=", "--batch_size: '' will not do, it must be an integer from 1 to 1024" },
  { "--batch_size=0", "--batch_size: '0' will not do, it must be an integer from 1 to 1024" },
  { "--batch_size=12x", "--batch_size: '12x' will not do, it must be an integer from 1 to 1024" },
  { "--batch_size=99999999999999999999", "--batch_size: '99999999999999999999' will not do, it must be an integer from 1 to 1024" },
  { "--max_number_of_steps=1.5", "--max_number_of_steps: '1.5' will not do, it must be an integer" },
  { "--learning_rate=nan", "--learning_rate: 'nan' will not do, it must be a number from 0 to 10" },
  { "--learning_rate=-1", "--learning_rate: '-1' will not do, it must be a number from 0 to 10" },
  { "--optimizer=adamant", "--optimizer: 'adamant' will not do, it must be one of: sgd momentum adam rmsprop" },
  { "--use_grayscale=maybe", "--use_grayscale: 'maybe' will not do, it must be true or false" },
  { "a b c", "'c' is one operand too many: it takes IMAGE..." },
};

START_TEST(what_is_wrong_is_named)
{
  options o;
  operands files;
  char line[256], text[256] = "";
  (void)snprintf(line, sizeof line, "%s", wrongs[_i].line);
  ck_assert_int_eq(parse(line, &o, &files, text, sizeof text), FLAGS_USAGE);
  ck_assert_str_eq(text, wrongs[_i].text);
}
END_TEST

START_TEST(help_names_every_flag_with_its_default)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  flags_help(&cmd, out);
  ck_assert_int_eq(fclose(out), 0);
  for (size_t i = 0; i < cmd.num_flags; i++) {
    char name[64];
    (void)snprintf(name, sizeof name, "  --%s", flags[i].name);
    ck_assert_ptr_nonnull(strstr(text, name));
  }
  ck_assert_ptr_nonnull(strstr(text, "samples a step (32)"));
  ck_assert_ptr_nonnull(strstr(text, "one of: sgd momentum adam rmsprop (rmsprop)"));
  ck_assert_ptr_nonnull(strstr(text, "usage: slimcl try [--flag=value ...] IMAGE..."));
  free(text);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, defaults_are_those_of_the_table);
  tcase_add_loop_test(c, every_way_to_write_a_flag_works, 0, sizeof same / sizeof *same);
  tcase_add_test(c, a_name_that_starts_with_no_is_itself);
  tcase_add_test(c, after_two_dashes_all_are_operands);
  tcase_add_loop_test(c, what_is_wrong_is_named, 0, sizeof wrongs / sizeof *wrongs);
  tcase_add_test(c, help_names_every_flag_with_its_default);
}

TEST_MAIN("flags", build, NULL)
