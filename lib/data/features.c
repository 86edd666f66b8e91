/* Features of a record as their specs want them: TensorFlow's rules. */
#include "data/decoder.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(slim_span) == sizeof(slim_string), "spans become strings in place");

static const char *kind_name(slim_feature_kind kind)
{
  static const char *const names[] = { [SLIM_FEATURE_NONE] = "nothing",
                                       [SLIM_FEATURE_BYTES] = "string",
                                       [SLIM_FEATURE_FLOAT] = "float32",
                                       [SLIM_FEATURE_INT64] = "int64" };
  return names[kind];
}

static slim_feature_kind kind_of(slim_dtype dtype)
{
  return dtype == SLIM_STRING ? SLIM_FEATURE_BYTES : dtype == SLIM_FLOAT32 ? SLIM_FEATURE_FLOAT : SLIM_FEATURE_INT64;
}

static size_t read_values(const slim_feature *found, slim_dtype dtype, void *data)
{
  if (dtype == SLIM_FLOAT32) {
    return slim_feature_read_floats(found, data, found->count);
  }
  if (dtype == SLIM_INT64) {
    return slim_feature_read_int64s(found, data, found->count);
  }
  const size_t count = slim_feature_read_bytes(found, data, found->count);
  for (size_t i = 0; i < count; i++) {
    const slim_span span = ((const slim_span *)data)[i];
    ((slim_string *)data)[i] = (slim_string){ span.data, span.size };
  }
  return count;
}

static slim_status resize(const slim_feature_spec *spec, slim_item *value, const slim_shape *shape, slim_error *error)
{
  slim_error local = { 0 };
  return slim_item_resize(value, spec->dtype, shape, &local)
             ? SLIM_OK
             : slim_error_set(error, local.status, "feature '%s': %s", spec->key, local.text);
}

/* --- features of an example, or of the context of a sequence ------------------------------------------------------ */

slim_status slim_feature_load(const slim_feature_spec *spec, const slim_feature *found, slim_item *value,
                              slim_error *error)
{
  const bool missing = !found || found->kind == SLIM_FEATURE_NONE;
  if (missing && !spec->var_len && !spec->has_default) {
    return slim_error_set(error, SLIM_ERR_DATA, "feature '%s' is required, but the record has none", spec->key);
  }
  if (!missing && found->kind != kind_of(spec->dtype)) {
    return slim_error_set(error, SLIM_ERR_DATA, "feature '%s' holds %s, %s is expected", spec->key,
                          kind_name(found->kind), slim_dtype_name(spec->dtype));
  }
  if (!missing && found->count > INT32_MAX) {
    return slim_error_set(error, SLIM_ERR_DATA, "feature '%s' holds %zu values, too many", spec->key, found->count);
  }
  slim_shape shape = spec->shape;
  if (spec->var_len) {
    shape = (slim_shape){ 1, { missing ? 0 : (int)found->count } };
  } else if (!missing && found->count != slim_shape_elements(&shape)) {
    char text[128];
    return slim_error_set(error, SLIM_ERR_DATA, "feature '%s' holds %zu values, its shape %s needs %zu", spec->key,
                          found->count, slim_shape_format(&shape, text, sizeof text), slim_shape_elements(&shape));
  }
  const slim_status sized = resize(spec, value, &shape, error);
  if (sized != SLIM_OK) {
    return sized;
  }
  if (missing) {
    slim_item_fill(value, spec->default_text, spec->default_float, spec->default_int);
  } else if (read_values(found, spec->dtype, value->data) != found->count) {
    return slim_error_set(error, SLIM_ERR_DATA, "feature '%s': its list is damaged", spec->key);
  }
  return SLIM_OK;
}

/* --- lists of features: a row for each step of time --------------------------------------------------------------- */

/* Counts the values of all steps, and of the longest. */
static slim_status measure(const slim_feature_spec *spec, const slim_feature *step, size_t steps, size_t *total,
                           size_t *longest, slim_error *error)
{
  const size_t wanted = slim_shape_elements(&spec->shape);
  *total = *longest = 0;
  for (size_t t = 0; t < steps; t++) {
    const bool empty = spec->var_len && step[t].kind == SLIM_FEATURE_NONE;
    if (!empty && step[t].kind != kind_of(spec->dtype)) {
      return slim_error_set(error, SLIM_ERR_DATA, "feature list '%s' holds %s at step %zu, %s is expected", spec->key,
                            kind_name(step[t].kind), t, slim_dtype_name(spec->dtype));
    }
    if (!spec->var_len && step[t].count != wanted) {
      char text[128];
      return slim_error_set(error, SLIM_ERR_DATA,
                            "feature list '%s' holds %zu values at step %zu, its shape %s needs %zu", spec->key,
                            step[t].count, t, slim_shape_format(&spec->shape, text, sizeof text), wanted);
    }
    *longest = step[t].count > *longest ? step[t].count : *longest;
    *total += step[t].count; /* each value takes a byte of the record at least, or four */
  }
  return steps > INT32_MAX || *total > INT32_MAX
             ? slim_error_set(error, SLIM_ERR_DATA, "feature list '%s' holds %zu values, too many", spec->key, *total)
             : SLIM_OK;
}

/* The values of all steps one after another. */
static slim_status read_steps(const slim_feature_spec *spec, const slim_feature *step, size_t steps, slim_item *value,
                              slim_error *error)
{
  char *at = value->data;
  for (size_t t = 0; t < steps; t++) {
    if (step[t].count && read_values(&step[t], spec->dtype, at) != step[t].count) {
      return slim_error_set(error, SLIM_ERR_DATA, "feature list '%s': its step %zu is damaged", spec->key, t);
    }
    at += step[t].count * slim_item_element_size(spec->dtype);
  }
  return SLIM_OK;
}

static void place_steps(const slim_feature *step, size_t steps, int64_t *indices)
{
  for (size_t t = 0; t < steps; t++) {
    for (size_t k = 0; k < step[t].count; k++) {
      *indices++ = (int64_t)t;
      *indices++ = (int64_t)k;
    }
  }
}

/* [time] and the shape of a step. */
static slim_status load_fixed(const slim_feature_spec *spec, const slim_feature *step, size_t steps, slim_item *value,
                              slim_error *error)
{
  slim_shape shape = { spec->shape.rank + 1, { (int)steps } };
  if (shape.rank > SLIM_MAX_RANK) {
    return slim_error_set(error, SLIM_ERR_SHAPE, "feature list '%s' has too many dimensions", spec->key);
  }
  memcpy(shape.dim + 1, spec->shape.dim, (size_t)spec->shape.rank * sizeof(int));
  const slim_status status = resize(spec, value, &shape, error);
  return status == SLIM_OK ? read_steps(spec, step, steps, value, error) : status;
}

slim_status slim_feature_load_list(const slim_feature_spec *spec, const slim_feature *step, size_t steps, bool missing,
                                   slim_item *value, slim_error *error)
{
  size_t total = 0, longest = 0;
  if (missing && !spec->var_len && !spec->has_default) {
    return slim_error_set(error, SLIM_ERR_DATA, "feature list '%s' is required, but the record has none", spec->key);
  }
  slim_status status = measure(spec, step, steps, &total, &longest, error);
  if (status != SLIM_OK || !spec->var_len) {
    return status == SLIM_OK ? load_fixed(spec, step, steps, value, error) : status;
  }
  const slim_shape dense = { 2, { (int)steps, (int)longest } };
  slim_error local = { 0 };
  if (!slim_item_resize_sparse(value, spec->dtype, total, &dense, &local)) {
    return slim_error_set(error, local.status, "feature list '%s': %s", spec->key, local.text);
  }
  place_steps(step, steps, value->indices);
  return read_steps(spec, step, steps, value, error);
}
