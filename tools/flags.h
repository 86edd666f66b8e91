/*
 * Command-line flags. One table per command says name, type, default and help of each flag; parsing, `--help` and every
 * error are made from it. Dashes and underscores are the same; `--flag=value` and `--flag value` too; a yes-or-no flag is
 * `--flag`, `--noflag` or `--flag=false`. `--` ends the flags; everything that is no flag is an operand.
 */
#ifndef SLIMCL_FLAGS_H
#define SLIMCL_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum flag_type {
  FLAG_BOOL,   /* bool */
  FLAG_INT,    /* int64_t */
  FLAG_FLOAT,  /* double */
  FLAG_STRING, /* const char *, borrowed from argv or the table */
} flag_type;

typedef struct flag {
  const char *name; /* with underscores: "train_dir" */
  flag_type type;
  size_t offset;       /* of the value in the command's options */
  const char *initial; /* the default as it would be typed; NULL: none (false, 0, NULL) */
  const char *help;
  double min, max;     /* numbers: the accepted range; both 0: any */
  const char *choices; /* strings: the accepted words, "fixed exponential polynomial"; NULL: any */
} flag;

/** A flag kept in the member of its own name of a command's options structure; min, max and choices may follow by name. */
#define FLAG(options_, name_, type_, initial_, ...)                                                                    \
  {                                                                                                                    \
    .name = #name_, .type = FLAG_##type_, .offset = offsetof(options_, name_), .initial = (initial_),                  \
    .help = __VA_ARGS__                                                                                                \
  }

typedef struct operands {
  const char *const *item;
  size_t count;
} operands;

typedef struct command {
  const char *name, *summary; /* "train", "trains a net on a data set" */
  const char *operands;       /* how `--help` shows them: "IMAGE..."; NULL: none are taken */
  size_t min_operands, max_operands;
  const flag *flags;
  size_t num_flags;
  size_t options_size; /* of the structure that run gets */
  /** Does the work. @return the exit status: 0 done, 1 failed, 2 usage. */
  int (*run)(const void *options, operands files);
} command;

typedef enum flags_result { FLAGS_RUN, FLAGS_HELP, FLAGS_USAGE } flags_result;

/** Fills options (options_size bytes) from the defaults and argv[0..argc), and files with the operands, which are moved to
 * the front of argv. FLAGS_HELP: `--help` was among them. FLAGS_USAGE: text (size bytes) says what is wrong. */
flags_result flags_parse(const command *cmd, int argc, const char **argv, void *options, operands *files, char *text,
                         size_t size);

/** Prints usage, summary and every flag with its default. */
void flags_help(const command *cmd, FILE *out);

/** The one of count names that is nearest to name by edit distance, NULL if none is near enough to be meant. */
const char *flags_nearest(const char *name, const char *const *names, size_t count);

#endif
