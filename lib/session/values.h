/* Values of variables on a device, by full name. Callers hold the lane's lock, but for create and destroy. */
#ifndef SLIM_SESSION_VALUES_H
#define SLIM_SESSION_VALUES_H

#include "session/lane.h"
#include "slim/session.h"

/* One variable. It stays where it is as long as the values live: plans keep pointers to it. */
typedef struct slim_value {
  const char *name;
  slim_view view; /* shape, type in memory and place; its version points at version below */
  size_t bytes;   /* in memory */
  bool ready;       /* has a value */
  uint64_t version; /* grows with each change */
  int num_parts;    /* of one larger than a buffer can be: pieces along its first dimension, each with a place; else 0 */
  struct slim_value *parts;
  struct slim_value *next;
} slim_value;

/* How many parts along its first dimension a tensor of more than limit bytes is cut into (limit 0: there is none); 0: it
 * is in one piece, as one that cannot be cut is, too. */
int slim_parts_of(const slim_shape *shape, slim_dtype dtype, size_t limit);
/* The shape of part k of so many. *begin: the first of its rows. */
slim_shape slim_part_shape(const slim_shape *shape, int parts, int k, int *begin);

/* Finds or makes room for all variables; new ones share few large buffers.
 * Errors: SLIM_ERR_SHAPE, SLIM_ERR_TYPE when a variable of this name is another; SLIM_ERR_MEMORY. */
slim_status slim_values_declare(slim_values *values, slim_tensor *const *variables, size_t count, slim_error *error);
/* NULL if it was not declared. */
slim_value *slim_values_find(const slim_values *values, const char *name);
/* Of what callers read and write: halves are float32 to them. */
size_t slim_value_data_bytes(const slim_value *value);
/* Copies as many bytes in or out; write makes it ready.
 * Errors of write: SLIM_ERR_NUMERIC when a number cannot be a half; then the value is as it was. */
slim_status slim_value_write(slim_values *values, slim_value *value, const void *data, slim_error *error);
slim_status slim_value_read(slim_values *values, const slim_value *value, void *data, slim_error *error);
/* Hands the value to put piece by piece, in order, so that a large one is not there twice; put's error ends it. */
typedef slim_status (*slim_value_put_fn)(void *user, const void *data, size_t bytes, slim_error *error);
slim_status slim_value_give(slim_values *values, const slim_value *value, slim_value_put_fn put, void *user,
                            slim_error *error);
/* Writes what fill gives: slim_value_data_bytes(value) bytes to data, or an error. A value in host memory is filled where
 * it lies, so that a large one is not there twice; one that has a value already keeps it unless fill, called with data
 * NULL before, finds that it will do. Should it fail nevertheless, there is no value any more. So is one on a device that
 * the host can write to, if it has no value yet. */
typedef slim_status (*slim_value_fill_fn)(void *user, void *data, slim_error *error);
slim_status slim_value_fill(slim_values *values, slim_value *value, slim_value_fill_fn fill, void *user,
                            slim_error *error);
/* Gives the variable its initial value. */
slim_status slim_value_initialize(slim_values *values, slim_tensor *variable, slim_error *error);

slim_values *slim_values_share(slim_values *values); /* one more reference */
slim_device *slim_values_device(const slim_values *values);
size_t slim_values_bytes(const slim_values *values); /* memory held, host and device */
/* Weights (float32, on the device, of two dimensions or more) are kept as halves. For values that hold nothing yet. */
void slim_values_keep_halves(slim_values *values);
bool slim_values_keeps_halves(const slim_values *values);
/* Grows with each change of any variable; whoever writes one counts here too. Never 0. */
uint64_t *slim_values_changes(slim_values *values);

#endif
