/* The `checkpoint` file of a folder: which checkpoints there are and which is the latest (text form of
 * CheckpointState). */
#ifndef SLIM_CHECKPOINT_STATE_H
#define SLIM_CHECKPOINT_STATE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "slim/base.h"

/** Paths as they can be opened (the folder is in front of relative ones); oldest first. */
typedef struct slim_checkpoint_state {
  slim_arena *arena;
  char *latest; /* NULL without */
  char **all;
  size_t count;
  double *times; /* seconds since 1970 for each of all; NULL without */
  double last_preserved;
} slim_checkpoint_state;

/** Errors: SLIM_ERR_NOT_FOUND, SLIM_ERR_IO, SLIM_ERR_DATA naming the line. Free state in any case. */
slim_status slim_checkpoint_state_read(const char *folder, slim_checkpoint_state *state, slim_error *error);
/** The same for text at hand; name is for error texts. */
slim_status slim_checkpoint_state_parse(slim_span text, const char *folder, const char *name,
                                        slim_checkpoint_state *state, slim_error *error);
void slim_checkpoint_state_free(slim_checkpoint_state *state);

/** Replaces the file atomically. Paths inside folder are written relative to it. Of state, arena is not used. */
slim_status slim_checkpoint_state_write(const char *folder, const slim_checkpoint_state *state, slim_error *error);

/** Room for the path of a checkpoint. */
typedef struct slim_checkpoint_path {
  char text[4096];
} slim_checkpoint_path;
/** The prefix that path stands for: itself, or the latest of a folder, kept in latest. Errors: SLIM_ERR_ARG for NULL,
 * those of slim_latest_checkpoint. */
slim_status slim_checkpoint_find(const char *path, slim_checkpoint_path *latest, const char **prefix,
                                 slim_error *error);

#endif
