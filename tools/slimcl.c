/* slimcl: convert data, train, evaluate, classify, inspect, measure. One file per command: slimcl_<command>.c. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const command *const commands[] = { &command_bench,   &command_classify, &command_convert,
                                           &command_devices, &command_eval,     &command_inspect,
                                           &command_nets,    &command_summary,  &command_train,
                                           &command_tune };
enum { NUM_COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *out)
{
  fputs("usage: slimcl COMMAND [--flag=value ...]\nTF-Slim for OpenCL: convolutional networks on any device.\n\n", out);
  for (size_t i = 0; i < NUM_COMMANDS; i++) {
    fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  }
  fputs("\n'slimcl COMMAND --help' lists its flags. Exit status: 0 done, 1 failed, 2 wrong usage.\n", out);
}

static const command *find(const char *name)
{
  for (size_t i = 0; i < NUM_COMMANDS; i++) {
    if (!strcmp(commands[i]->name, name)) {
      return commands[i];
    }
  }
  return NULL;
}

static int unknown_command(const char *name)
{
  const char *names[NUM_COMMANDS];
  for (size_t i = 0; i < NUM_COMMANDS; i++) {
    names[i] = commands[i]->name;
  }
  const char *near = flags_nearest(name, names, NUM_COMMANDS);
  fprintf(stderr, "slimcl: unknown command '%s'", name);
  if (near) {
    fprintf(stderr, "; did you mean '%s'?", near);
  }
  fputs(" 'slimcl --help' lists the commands\n", stderr);
  return EXIT_USAGE;
}

static bool wants_json(const command *cmd, const void *options)
{
  for (size_t i = 0; i < cmd->num_flags; i++) {
    if (!strcmp(cmd->flags[i].name, "json")) {
      return *(const bool *)((const char *)options + cmd->flags[i].offset);
    }
  }
  return false;
}

static int run(const command *cmd, int argc, const char **argv)
{
  char text[1024];
  operands files;
  void *options = malloc(cmd->options_size);
  if (!options) {
    fputs("slimcl: no memory\n", stderr);
    return EXIT_FAILURE;
  }
  int status = EXIT_SUCCESS;
  switch (flags_parse(cmd, argc, argv, options, &files, text, sizeof text)) {
  case FLAGS_RUN:
    cli_begin(cmd->name, wants_json(cmd, options));
    status = cmd->run(options, files);
    break;
  case FLAGS_HELP:
    flags_help(cmd, stdout);
    break;
  case FLAGS_USAGE:
    fprintf(stderr, "slimcl %s: %s ('slimcl %s --help' lists its flags)\n", cmd->name, text, cmd->name);
    status = EXIT_USAGE;
    break;
  }
  free(options);
  return status;
}

int main(int argc, char **argv)
{
  if (argc < 2) {
    print_usage(stderr);
    return EXIT_USAGE;
  }
  if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
    print_usage(stdout);
    return EXIT_SUCCESS;
  }
  if (!strcmp(argv[1], "--version")) {
    puts("slimcl " SLIM_VERSION);
    return EXIT_SUCCESS;
  }
  const command *cmd = find(argv[1]);
  return cmd ? run(cmd, argc - 2, (const char **)(argv + 2)) : unknown_command(argv[1]);
}
