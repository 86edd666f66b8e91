/* Values that are kept as halves and are floats to whoever reads and writes them. They lie on the device, in one piece. */
#ifndef SLIM_SESSION_HALVES_H
#define SLIM_SESSION_HALVES_H

#include "session/values.h"

/* Can all numbers be halves? Errors: SLIM_ERR_NUMERIC. */
slim_status slim_halves_check(const slim_value *value, const float *data, slim_error *error);
slim_status slim_halves_write(slim_device *device, const slim_value *value, const float *data);
/* count numbers from number first on. */
slim_status slim_halves_read(slim_device *device, const slim_value *value, size_t first, float *data, size_t count);

#endif
