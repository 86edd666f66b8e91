/* Handlers of sparse values: of lists of any length by time, and of pairs of places and values. */
#include "data/decoder.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST_DENSE ((size_t)1 << 27) /* elements of a value made dense: a short record may ask for any number */

static slim_status resize(const slim_handler *h, slim_item *item, slim_dtype dtype, const slim_shape *shape,
                          slim_error *error)
{
  slim_error local = { 0 };
  size_t elements = 1;
  for (int i = 0; i < shape->rank; i++) {
    elements = shape->dim[i] > 0 && elements > LARGEST_DENSE / (size_t)shape->dim[i] ? SIZE_MAX
                                                                                     : elements * (size_t)shape->dim[i];
  }
  if (elements > LARGEST_DENSE) {
    char text[128];
    return slim_error_set(error, SLIM_ERR_DATA, "item '%s': a dense value of shape %s is too large", h->item,
                          slim_shape_format(shape, text, sizeof text));
  }
  return slim_item_resize(item, dtype, shape, &local)
             ? SLIM_OK
             : slim_error_set(error, local.status, "item '%s': %s", h->item, local.text);
}

static void fill_all(const slim_handler *h, slim_item *item)
{
  const int64_t integer = item->dtype == SLIM_INT64 ? (int64_t)h->default_value : 0; /* a real may be beyond integers */
  slim_item_fill(item, h->default_text, (float)h->default_value, integer);
}

/* The row-major place of a value's indices; every one of them must be inside of shape. */
static bool place_of(const int64_t *index, const slim_shape *shape, size_t *place)
{
  *place = 0;
  for (int i = 0; i < shape->rank; i++) {
    if (index[i] < 0 || index[i] >= shape->dim[i]) {
      return false;
    }
    *place = *place * (size_t)shape->dim[i] + (size_t)index[i];
  }
  return true;
}

/* TensorFlow wants places in rising order, none twice. */
static slim_status scatter(const slim_handler *h, const slim_item *sparse, slim_item *item, slim_error *error)
{
  const size_t count = slim_item_elements(sparse), size = slim_item_element_size(sparse->dtype);
  const slim_shape *dense = &sparse->dense_shape;
  size_t place = 0, last = 0;
  for (size_t k = 0; k < count; k++) {
    if (!place_of(sparse->indices + k * (size_t)dense->rank, dense, &place)) {
      char text[128];
      return slim_error_set(error, SLIM_ERR_DATA, "item '%s': the place of value %zu is outside of %s", h->item, k,
                            slim_shape_format(dense, text, sizeof text));
    }
    if (k > 0 && place <= last) {
      return slim_error_set(error, SLIM_ERR_DATA, "item '%s': the place of value %zu is %s", h->item, k,
                            place == last ? "repeated" : "out of order");
    }
    memcpy((char *)item->data + place * size, (const char *)sparse->data + k * size, size);
    last = place;
  }
  return SLIM_OK;
}

slim_status slim_handler_densify(const slim_handler *h, const slim_item *sparse, slim_item *item, slim_error *error)
{
  const slim_status status = resize(h, item, sparse->dtype, &sparse->dense_shape, error);
  if (status != SLIM_OK) {
    return status;
  }
  fill_all(h, item);
  return scatter(h, sparse, item, error);
}

/* --- SparseTensor ------------------------------------------------------------------------------------------------- */

/* The shape: a feature's, else the handler's, else that of the indices as they are stored. */
static slim_status choose_shape(const slim_handler *h, const slim_item *features, const slim_item *ids,
                                slim_shape *shape, slim_error *error)
{
  *shape = h->has_shape ? h->shape : slim_item_is_sparse(ids) ? ids->dense_shape : ids->shape;
  const slim_status status = h->num_shape_keys ? slim_handler_shape(h, features, shape, error) : SLIM_OK;
  const int rank = slim_item_is_sparse(ids) ? ids->dense_shape.rank : 1;
  if (status == SLIM_OK && shape->rank != rank) {
    char text[128];
    return slim_error_set(error, SLIM_ERR_DATA, "item '%s': its shape %s does not fit indices of %d dimensions",
                          h->item, slim_shape_format(shape, text, sizeof text), rank);
  }
  return status;
}

/* The last of the places is what the indices hold, those before it where they stand. */
static slim_status join(const slim_handler *h, const slim_item *ids, const slim_item *values, const slim_shape *shape,
                        slim_item *out, slim_error *error)
{
  const size_t count = slim_item_elements(values), rank = (size_t)shape->rank;
  slim_error local = { 0 };
  if (ids->dtype != SLIM_INT64 || slim_item_elements(ids) != count) {
    return slim_error_set(error, SLIM_ERR_DATA, "item '%s': feature '%s' has %zu values of %s, '%s' has %zu", h->item,
                          h->key_names[0], slim_item_elements(ids), slim_dtype_name(ids->dtype), h->key_names[1],
                          count);
  }
  if (!slim_item_resize_sparse(out, values->dtype, count, shape, &local)) {
    return slim_error_set(error, local.status, "item '%s': %s", h->item, local.text);
  }
  memcpy(out->data, values->data, count * slim_item_element_size(values->dtype));
  for (size_t k = 0; k < count; k++) {
    for (size_t i = 0; i + 1 < rank; i++) {
      out->indices[k * rank + i] = ids->indices[k * rank + i];
    }
    out->indices[k * rank + rank - 1] = ((const int64_t *)ids->data)[k];
  }
  return SLIM_OK;
}

slim_status slim_handler_run_sparse(const slim_handler *h, const slim_item *features, slim_item *item,
                                    slim_error *error)
{
  const slim_item *ids = &features[h->keys[0]], *values = &features[h->keys[1]];
  slim_shape shape;
  slim_item sparse = { 0 };
  slim_status status = choose_shape(h, features, ids, &shape, error);
  if (status != SLIM_OK || !h->densify) {
    return status == SLIM_OK ? join(h, ids, values, &shape, item, error) : status;
  }
  status = join(h, ids, values, &shape, &sparse, error);
  status = status == SLIM_OK ? slim_handler_densify(h, &sparse, item, error) : status;
  slim_item_clear(&sparse);
  return status;
}

/* --- boxes and points by time ------------------------------------------------------------------------------------- */

static slim_status check_sequence(const slim_handler *h, const slim_item *features, int k, slim_error *error)
{
  const slim_item *side = &features[h->keys[k]];
  return side->dense_shape.rank == 2
             ? SLIM_OK
             : slim_error_set(error, SLIM_ERR_DATA, "item '%s': feature '%s' must be a list by time of any length",
                              h->item, h->key_names[k]);
}

/* Coordinates of float32 lists by time -> [time, most, coordinates]; places that a list lacks have the default. */
slim_status slim_handler_run_coordinates(const slim_handler *h, const slim_item *features, slim_item *item,
                                         slim_error *error)
{
  const slim_item *first = &features[h->keys[0]];
  for (int k = 0; k < h->num_keys; k++) {
    const slim_item *side = &features[h->keys[k]];
    char a[64], b[64];
    if (check_sequence(h, features, k, error) != SLIM_OK) {
      return SLIM_ERR_DATA;
    }
    if (side->dtype != SLIM_FLOAT32 || !slim_shape_equal(&side->dense_shape, &first->dense_shape)) {
      return slim_error_set(error, SLIM_ERR_DATA, "item '%s': feature '%s' is %s %s, '%s' has %s", h->item,
                            h->key_names[k], slim_dtype_name(side->dtype),
                            slim_shape_format(&side->dense_shape, a, sizeof a), h->key_names[0],
                            slim_shape_format(&first->dense_shape, b, sizeof b));
    }
  }
  const slim_shape shape = { 3, { first->dense_shape.dim[0], first->dense_shape.dim[1], h->num_keys } };
  const slim_status status = resize(h, item, SLIM_FLOAT32, &shape, error);
  if (status != SLIM_OK) {
    return status;
  }
  fill_all(h, item);
  for (int k = 0; k < h->num_keys; k++) {
    const slim_item *side = &features[h->keys[k]];
    for (size_t i = 0, place = 0; i < slim_item_elements(side); i++) {
      (void)place_of(side->indices + 2 * i, &side->dense_shape, &place);
      ((float *)item->data)[place * (size_t)h->num_keys + (size_t)k] = ((const float *)side->data)[i];
    }
  }
  return SLIM_OK;
}

static void count_rows(const slim_item *side, int64_t *rows)
{
  memset(rows, 0, (size_t)side->dense_shape.dim[0] * sizeof *rows);
  for (size_t i = 0; i < slim_item_elements(side); i++) {
    rows[side->indices[2 * i]]++;
  }
}

/* How many values each step of time has -> int64 [time]; with the check, the same of every key. */
slim_status slim_handler_run_num_boxes(const slim_handler *h, const slim_item *features, slim_item *item,
                                       slim_error *error)
{
  const slim_item *first = &features[h->keys[0]];
  slim_item other = { 0 };
  slim_status status = check_sequence(h, features, 0, error);
  const slim_shape shape = { 1, { first->dense_shape.dim[0] } };
  status = status == SLIM_OK ? resize(h, item, SLIM_INT64, &shape, error) : status;
  if (status != SLIM_OK) {
    return status;
  }
  count_rows(first, item->data);
  for (int k = 1; k < h->num_keys && h->check_consistency && status == SLIM_OK; k++) {
    const slim_item *side = &features[h->keys[k]];
    status = check_sequence(h, features, k, error);
    const slim_shape rows = { 1, { side->dense_shape.dim[0] } };
    status = status == SLIM_OK ? resize(h, &other, SLIM_INT64, &rows, error) : status;
    if (status == SLIM_OK) {
      count_rows(side, other.data);
    }
    if (status == SLIM_OK &&
        (rows.dim[0] != shape.dim[0] || memcmp(other.data, item->data, (size_t)rows.dim[0] * sizeof(int64_t)) != 0)) {
      status = slim_error_set(error, SLIM_ERR_DATA, "item '%s': features '%s' and '%s' differ in boxes by time",
                              h->item, h->key_names[0], h->key_names[k]);
    }
  }
  slim_item_clear(&other);
  return status;
}

/* --- LookupTensor ------------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
  const slim_lookup_entry *x = a, *y = b;
  const size_t least = x->key.size < y->key.size ? x->key.size : y->key.size;
  const int order = least ? memcmp(x->key.data, y->key.data, least) : 0;
  return order != 0 ? order : (x->key.size > y->key.size) - (x->key.size < y->key.size);
}

void slim_lookup_sort(slim_lookup_entry *entries, size_t count)
{
  qsort(entries, count, sizeof *entries, by_key);
}

slim_status slim_handler_look_up(const slim_handler *h, const slim_item *text, slim_item *item, slim_error *error)
{
  slim_error local = { 0 };
  const size_t count = slim_item_elements(text);
  if (text->dtype != SLIM_STRING) {
    return slim_error_set(error, SLIM_ERR_DATA, "item '%s': a table looks up strings, feature '%s' holds %s", h->item,
                          h->key_names[0], slim_dtype_name(text->dtype));
  }
  if (!slim_item_resize(item, SLIM_INT64, &text->shape, &local)) {
    return slim_error_set(error, local.status, "item '%s': %s", h->item, local.text);
  }
  for (size_t i = 0; i < count; i++) {
    const slim_lookup_entry key = { .key = ((const slim_string *)text->data)[i] };
    const slim_lookup_entry *found = bsearch(&key, h->table, h->table_size, sizeof key, by_key);
    ((int64_t *)item->data)[i] = found ? found->value : h->table_default;
  }
  return SLIM_OK;
}
