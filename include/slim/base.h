/* Status codes, element types, shapes, errors and logging: what every other header builds on. */
#ifndef SLIM_BASE_H
#define SLIM_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLIM_VERSION "0.1.0"

#if defined(__GNUC__)
#define SLIM_API __attribute__((visibility("default")))
#define SLIM_PRINTF(format_, first_) __attribute__((format(printf, format_, first_)))
#else
#define SLIM_API
#define SLIM_PRINTF(format_, first_)
#endif

/** Every status the library returns, with its meaning in words. */
#define SLIM_STATUS_MAP(X)                                                                                             \
  X(OK, "done")                                                                                                        \
  X(ERR_ARG, "invalid argument")                                                                                       \
  X(ERR_SHAPE, "shapes do not fit")                                                                                    \
  X(ERR_TYPE, "element types do not fit")                                                                              \
  X(ERR_EXISTS, "already exists")                                                                                      \
  X(ERR_NOT_FOUND, "not found")                                                                                        \
  X(ERR_STATE, "not possible in this state")                                                                           \
  X(ERR_MEMORY, "out of memory")                                                                                       \
  X(ERR_IO, "input or output failed")                                                                                  \
  X(ERR_DATA, "damaged data")                                                                                          \
  X(ERR_DEVICE, "device failed")                                                                                       \
  X(ERR_UNSUPPORTED, "not supported")                                                                                  \
  X(ERR_NUMERIC, "not a finite number")                                                                                \
  X(ERR_END, "end of input")                                                                                           \
  X(ERR_STOPPED, "stopped on request")

typedef enum slim_status {
#define SLIM_STATUS_ENUM_(name_, text_) SLIM_##name_,
  SLIM_STATUS_MAP(SLIM_STATUS_ENUM_)
#undef SLIM_STATUS_ENUM_
} slim_status;

/** "SLIM_ERR_SHAPE" for SLIM_ERR_SHAPE; "unknown status" for a number outside the list. Never NULL. */
SLIM_API const char *slim_status_name(slim_status status);
/** The meaning in words, for example "shapes do not fit". Never NULL. */
SLIM_API const char *slim_status_text(slim_status status);

#define SLIM_ERROR_TEXT 1024

/**
 * A status with one line that names the thing, the place and the fix. Zero-initialise it. The first error stays, and it
 * sticks: every function that takes a slim_error * which holds an error already does nothing but set what it would give
 * to NULL, and returns that status; NULL things that come of it may be handed on. So a program calls on and looks once,
 * at the end. What ends a thing (close, destroy) works in any case.
 */
typedef struct slim_error {
  slim_status status;
  char text[SLIM_ERROR_TEXT];
} slim_error;

/** Records an error unless error already holds one (error may be NULL). @return status, always. */
SLIM_API slim_status slim_error_set(slim_error *error, slim_status status, const char *format, ...) SLIM_PRINTF(3, 4);
/** True when error holds an error; false for NULL. */
SLIM_API bool slim_error_held(const slim_error *error);

/** Element types, with TensorFlow's numbers. Tensors of a graph are float32, int32, uint8, int64 or bool. */
typedef enum slim_dtype {
  SLIM_DTYPE_NONE = 0,
  SLIM_FLOAT32 = 1,
  SLIM_FLOAT64 = 2,
  SLIM_INT32 = 3,
  SLIM_UINT8 = 4,
  SLIM_STRING = 7,
  SLIM_INT64 = 9,
  SLIM_BOOL = 10,
  SLIM_FLOAT16 = 19
} slim_dtype;

/** Bytes of one element, 0 for strings and unknown types. */
SLIM_API size_t slim_dtype_size(slim_dtype dtype);
/** "float32", "int64", ...; "unknown" otherwise. */
SLIM_API const char *slim_dtype_name(slim_dtype dtype);

#define SLIM_MAX_RANK 6

/** Outermost dimension first. Only dim[0] may be open (-1): the batch, bound when a session runs. Rank 0 is a scalar. */
typedef struct slim_shape {
  int rank;
  int dim[SLIM_MAX_RANK];
} slim_shape;

#ifndef __cplusplus
/** SLIM_SHAPE(32, 28, 28, 1); SLIM_SCALAR for rank 0. */
#define SLIM_SHAPE(...)                                                                                                \
  ((slim_shape){ (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), { __VA_ARGS__ } })
#define SLIM_SCALAR ((slim_shape){ 0, { 0 } })
#endif

/** Number of elements; 1 for a scalar; 0 if a dimension is open or the product does not fit size_t. */
SLIM_API size_t slim_shape_elements(const slim_shape *shape);
/** Of equal rank and dimensions? */
SLIM_API bool slim_shape_equal(const slim_shape *a, const slim_shape *b);
/** Writes "[32,28,28,1]" ("[?,10]" with an open batch, "[]" for a scalar). @return text. */
SLIM_API char *slim_shape_format(const slim_shape *shape, char *text, size_t size);

typedef enum slim_log_level { SLIM_LOG_DEBUG, SLIM_LOG_INFO, SLIM_LOG_WARNING, SLIM_LOG_ERROR } slim_log_level;
typedef void (*slim_log_fn)(void *user, slim_log_level level, const char *text);
/** Where the library's messages go; it prints nothing itself. NULL (the default) drops them. May be set at any time. */
SLIM_API void slim_log_set(slim_log_fn log, void *user);

#ifdef __cplusplus
}
#endif
#endif
