/* The item handlers: what becomes of the features of a record. */
#include "data/decoder.h"

#include "base/bytes.h"
#include "formats/image.h"

#include <string.h>

slim_status slim_handler_shape(const slim_handler *h, const slim_item *features, slim_shape *shape, slim_error *error)
{
  shape->rank = 0;
  for (int i = 0; i < h->num_shape_keys; i++) {
    const slim_item *value = &features[h->shape_keys[i]];
    const size_t count = slim_item_elements(value);
    for (size_t j = 0; j < count; j++) {
      const int64_t n = value->dtype == SLIM_INT64 ? ((const int64_t *)value->data)[j] : -1;
      if (n < 0 || n > INT32_MAX || shape->rank == SLIM_MAX_RANK) {
        return slim_error_set(error, SLIM_ERR_DATA, "item '%s': its shape features hold no shape", h->item);
      }
      shape->dim[shape->rank++] = (int)n;
    }
  }
  return SLIM_OK;
}

/* Fills in an open dimension of shape, and checks the number of elements. */
static slim_status fit_shape(const slim_handler *h, size_t elements, slim_shape *shape, slim_error *error)
{
  size_t known = 1;
  int open = -1;
  for (int i = 0; i < shape->rank; i++) {
    if (shape->dim[i] < 0) {
      open = i;
    } else if (shape->dim[i] > 0 && known > SIZE_MAX / (size_t)shape->dim[i]) {
      known = SIZE_MAX;
    } else {
      known *= (size_t)shape->dim[i];
    }
  }
  char text[128];
  slim_shape_format(shape, text, sizeof text);
  if (open >= 0 && known > 0 && elements % known == 0 && elements / known <= INT32_MAX) {
    shape->dim[open] = (int)(elements / known);
    known = elements;
  }
  if (known != elements) {
    return slim_error_set(error, SLIM_ERR_DATA, "item '%s': %zu values do not fit the shape %s", h->item, elements,
                          text);
  }
  return SLIM_OK;
}

static slim_status run_tensor(const slim_handler *h, const slim_item *features, slim_item *item, slim_error *error)
{
  const slim_item *value = &features[h->keys[0]];
  const bool sparse = slim_item_is_sparse(value);
  slim_status status = sparse ? slim_handler_densify(h, value, item, error) : SLIM_OK;
  const slim_item *dense = sparse ? item : value;
  slim_shape shape = h->has_shape ? h->shape : dense->shape;
  if (status == SLIM_OK && h->num_shape_keys) {
    status = slim_handler_shape(h, features, &shape, error);
  }
  if (status == SLIM_OK) {
    status = fit_shape(h, slim_item_elements(dense), &shape, error);
  }
  if (status == SLIM_OK && sparse) {
    item->shape = shape;
  }
  return status == SLIM_OK && !sparse ? slim_item_copy(item, value, &shape, error) : status;
}

static slim_status run_lookup(const slim_handler *h, const slim_item *features, slim_item *item, slim_error *error)
{
  slim_item text = { 0 };
  slim_status status = run_tensor(h, features, &text, error);
  status = status == SLIM_OK ? slim_handler_look_up(h, &text, item, error) : status;
  slim_item_clear(&text);
  return status;
}

/* Format "raw": the bytes are the pixels. */
static slim_status raw_image(const slim_handler *h, slim_string bytes, slim_item *item, slim_error *error)
{
  slim_shape shape = h->shape;
  slim_error local = { 0 };
  if (!h->has_shape) {
    return slim_error_set(error, SLIM_ERR_DATA, "item '%s': a raw image needs a declared shape", h->item);
  }
  if (fit_shape(h, bytes.size, &shape, error) != SLIM_OK) {
    return SLIM_ERR_DATA;
  }
  void *pixels = slim_item_resize(item, SLIM_UINT8, &shape, &local);
  if (!pixels) {
    return slim_error_set(error, local.status, "item '%s': %s", h->item, local.text);
  }
  memcpy(pixels, bytes.data, bytes.size);
  return SLIM_OK;
}

static slim_status coded_image(const slim_handler *h, slim_string bytes, slim_item *item, slim_error *error)
{
  slim_image image = { 0 };
  slim_error local = { 0 };
  slim_status status = slim_image_decode((slim_span){ bytes.data, bytes.size }, h->channels, 0, &image, &local);
  if (status != SLIM_OK) {
    return slim_error_set(error, status, "item '%s': %s", h->item, local.text);
  }
  const slim_shape shape = { 3, { image.height, image.width, image.channels } };
  if (h->has_shape && !slim_shape_equal(&shape, &h->shape)) {
    char is[64], expected[64];
    status = slim_error_set(error, SLIM_ERR_DATA, "item '%s': the image is %s, %s is expected", h->item,
                            slim_shape_format(&shape, is, sizeof is),
                            slim_shape_format(&h->shape, expected, sizeof expected));
  } else if (!slim_item_resize(item, SLIM_UINT8, &shape, &local)) {
    status = slim_error_set(error, local.status, "item '%s': %s", h->item, local.text);
  } else {
    memcpy(item->data, image.pixels, slim_item_elements(item));
  }
  slim_image_free(&image);
  return status;
}

static bool is_raw(const slim_item *format)
{
  const slim_string *name = format->data;
  const bool one = format->dtype == SLIM_STRING && slim_item_elements(format) == 1;
  return one && name->size == 3 && (!memcmp(name->data, "raw", 3) || !memcmp(name->data, "RAW", 3));
}

/* Images of one size one after another: [n, h, w, channels]. */
static slim_status run_images(const slim_handler *h, const slim_string *bytes, size_t count, bool raw, slim_item *item,
                              slim_error *error)
{
  slim_item one = { 0 };
  slim_shape shape = { 4, { 0, 0, 0, h->channels } };
  slim_status status = slim_item_resize(item, SLIM_UINT8, &shape, error) ? SLIM_OK : SLIM_ERR_MEMORY;
  for (size_t i = 0; i < count && status == SLIM_OK; i++) {
    status = raw ? raw_image(h, bytes[i], &one, error) : coded_image(h, bytes[i], &one, error);
    if (status == SLIM_OK && i == 0) {
      shape = (slim_shape){ 4, { (int)count, one.shape.dim[0], one.shape.dim[1], one.shape.dim[2] } };
      status = slim_item_resize(item, SLIM_UINT8, &shape, error) ? SLIM_OK : SLIM_ERR_DATA;
    }
    const size_t size = slim_item_elements(&one);
    if (status == SLIM_OK && (one.shape.rank != 3 || memcmp(one.shape.dim, shape.dim + 1, 3 * sizeof(int)) != 0)) {
      char is[64], expected[64];
      const slim_shape first = { 3, { shape.dim[1], shape.dim[2], shape.dim[3] } };
      status = slim_error_set(error, SLIM_ERR_DATA, "item '%s': image %zu is %s, the first is %s", h->item, i,
                              slim_shape_format(&one.shape, is, sizeof is),
                              slim_shape_format(&first, expected, sizeof expected));
    } else if (status == SLIM_OK) {
      memcpy((unsigned char *)item->data + i * size, one.data, size);
    }
  }
  slim_item_clear(&one);
  return status;
}

static slim_status run_image(const slim_handler *h, const slim_item *features, slim_item *item, slim_error *error)
{
  const slim_item *encoded = &features[h->keys[0]];
  const size_t count = slim_item_elements(encoded);
  const bool raw = is_raw(&features[h->keys[1]]);
  if (encoded->dtype != SLIM_STRING || (count != 1 && !h->repeated)) {
    return slim_error_set(error, SLIM_ERR_DATA, "item '%s': feature '%s' holds %zu values of %s, one string is needed",
                          h->item, h->key_names[0], count, slim_dtype_name(encoded->dtype));
  }
  const slim_string *bytes = encoded->data;
  if (h->repeated) {
    return run_images(h, bytes, count, raw, item, error);
  }
  return raw ? raw_image(h, *bytes, item, error) : coded_image(h, *bytes, item, error);
}

/* Four lists of n coordinates -> [n, 4]. */
static slim_status run_boxes(const slim_handler *h, const slim_item *features, slim_item *item, slim_error *error)
{
  const size_t n = slim_item_elements(&features[h->keys[0]]);
  for (int k = 0; k < 4; k++) {
    const slim_item *side = &features[h->keys[k]];
    if (side->dtype != SLIM_FLOAT32 || slim_item_elements(side) != n) {
      return slim_error_set(error, SLIM_ERR_DATA, "item '%s': feature '%s' has %zu values of %s, '%s' has %zu", h->item,
                            h->key_names[k], slim_item_elements(side), slim_dtype_name(side->dtype), h->key_names[0],
                            n);
    }
  }
  slim_error local = { 0 };
  const slim_shape shape = { 2, { (int)n, 4 } };
  float *boxes = slim_item_resize(item, SLIM_FLOAT32, &shape, &local);
  if (!boxes) {
    return slim_error_set(error, local.status, "item '%s': %s", h->item, local.text);
  }
  for (size_t i = 0; i < 4 * n; i++) {
    boxes[i] = ((const float *)features[h->keys[i % 4]].data)[i / 4];
  }
  return SLIM_OK;
}

static slim_status run_callback(const slim_handler *h, const slim_item *features, slim_item *item, slim_error *error)
{
  const slim_item *values[SLIM_HANDLER_KEYS];
  for (int i = 0; i < h->num_keys; i++) {
    values[i] = &features[h->keys[i]];
  }
  return h->callback(h->user, values, h->num_keys, item, error);
}

slim_status slim_handler_run(const slim_handler *h, const slim_item *features, slim_item *item, slim_error *error)
{
  slim_status status = SLIM_OK;
  switch (h->kind) {
  case SLIM_HANDLE_TENSOR:
    return run_tensor(h, features, item, error);
  case SLIM_HANDLE_IMAGE:
    return run_image(h, features, item, error);
  case SLIM_HANDLE_BOUNDING_BOX:
    return run_boxes(h, features, item, error);
  case SLIM_HANDLE_CALLBACK:
    return run_callback(h, features, item, error);
  case SLIM_HANDLE_BACKUP:
    status = slim_handler_run(h->first, features, item, error);
    return status == SLIM_OK && slim_item_elements(item) == 0 ? slim_handler_run(h->backup, features, item, error)
                                                              : status;
  case SLIM_HANDLE_LOOKUP:
    return run_lookup(h, features, item, error);
  case SLIM_HANDLE_SPARSE_TENSOR:
    return slim_handler_run_sparse(h, features, item, error);
  case SLIM_HANDLE_BOUNDING_BOX_SEQUENCE:
  case SLIM_HANDLE_KEYPOINTS_SEQUENCE:
    return slim_handler_run_coordinates(h, features, item, error);
  case SLIM_HANDLE_NUM_BOXES_SEQUENCE:
    return slim_handler_run_num_boxes(h, features, item, error);
  }
  return SLIM_ERR_STATE;
}
