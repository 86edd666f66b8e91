/* What the commands of slimcl share: where output goes, errors, JSON, the device flag. */
#ifndef SLIMCL_CLI_H
#define SLIMCL_CLI_H

#include <signal.h>

#include <cjson/cJSON.h>
#include <slim/base.h>

#include "flags.h"

enum { EXIT_USAGE = 2 };

/* Flags that several commands have. options_ is the command's options structure. */
#define CLI_FLAG_JSON(options_)                                                                                        \
  FLAG(options_, json, BOOL, "false", "print one JSON document, and nothing else, to stdout")
#define CLI_FLAG_DEVICE(options_)                                                                                      \
  FLAG(options_, device, STRING, "auto", "cpu, opencl, opencl:<n>, auto, or part of a device's name")
#define CLI_FLAG_SEED(options_) FLAG(options_, seed, INT, "0", "fixes everything random", .min = 0, .max = 9e15)

extern const command command_bench, command_classify, command_convert, command_devices, command_eval, command_inspect,
    command_nets, command_summary, command_train, command_tune;

/** Names the command for messages. With json, everything written to stdout from now on, by drivers too, goes to stderr;
 * only cli_print_json reaches the real stdout. */
void cli_begin(const char *name, bool json);

/** Writes "slimcl train: <text>" to stderr. */
void cli_message(const char *format, ...) SLIM_PRINTF(1, 2);

/** Writes "slimcl train: <text> ('slimcl train --help' lists its flags)" to stderr. @return EXIT_USAGE. */
int cli_usage(const char *format, ...) SLIM_PRINTF(1, 2);

/** Reports a failure: a line on stderr and, with --json, a document { "error": { "status", "text" } }. @return 1. */
int cli_fail(slim_status status, const char *format, ...) SLIM_PRINTF(2, 3);

/** Prints document to the real stdout and deletes it. @return 0, or 1 if it cannot be written or document is NULL. */
int cli_print_json(cJSON *document);

/** From now on SIGINT and SIGTERM set what is returned, once: a second one ends the program at once. */
const volatile sig_atomic_t *cli_stop_on_signals(void);

/** Adds a number, null if it is not finite. */
void cli_json_number(cJSON *object, const char *name, double value);
/** The same for a float, with the fewest digits that give it back: 0.7878, not 0.78780001401901245. */
void cli_json_float(cJSON *object, const char *name, float value);

/** A JSON array for a shape: [32, 28, 28, 1], an open batch as null. */
cJSON *cli_json_shape(const slim_shape *shape);

#endif
