#include "slim/data.h"

#include "base/arena.h"
#include "base/size.h"
#include "data/decoder.h"
#include "formats/example.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct slim_decoder {
  slim_arena *arena;
  slim_feature_spec *features;
  int num_features;
  slim_handler *handlers;
  int num_handlers;
};

struct slim_sample {
  const slim_decoder *decoder;
  slim_example example;
  slim_item *features, *items;
};

static_assert(sizeof(slim_span) == sizeof(slim_string), "spans become strings in place");

/* --- items -------------------------------------------------------------------------------------------------------- */

static size_t element_size(slim_dtype dtype)
{
  return dtype == SLIM_STRING ? sizeof(slim_string) : slim_dtype_size(dtype);
}

void *slim_item_resize(slim_item *item, slim_dtype dtype, const slim_shape *shape, slim_error *error)
{
  if (slim_error_held(error)) {
    return NULL;
  }
  size_t bytes = element_size(dtype);
  bool ok = bytes > 0 && shape->rank >= 0 && shape->rank <= SLIM_MAX_RANK;
  for (int i = 0; ok && i < shape->rank; i++) {
    ok = shape->dim[i] >= 0 && slim_size_mul(bytes, (size_t)shape->dim[i], &bytes);
  }
  if (!ok) {
    char text[128];
    slim_error_set(error, SLIM_ERR_SHAPE, "a value of %s %s cannot be", slim_dtype_name(dtype),
                   slim_shape_format(shape, text, sizeof text));
    return NULL;
  }
  if (bytes > item->capacity || !item->data) {
    void *data = malloc(bytes ? bytes : 1);
    if (!data) {
      slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a value of %zu bytes", bytes);
      return NULL;
    }
    free(item->data);
    item->data = data;
    item->capacity = bytes;
  }
  item->dtype = dtype;
  item->shape = *shape;
  return item->data;
}

size_t slim_item_elements(const slim_item *item)
{
  return slim_shape_elements(&item->shape);
}

void slim_item_clear(slim_item *item)
{
  free(item->data);
  *item = (slim_item){ 0 };
}

slim_status slim_item_copy(slim_item *to, const slim_item *from, const slim_shape *shape, slim_error *error)
{
  slim_error local = { 0 };
  void *data = slim_item_resize(to, from->dtype, shape, &local);
  if (!data) {
    return slim_error_set(error, local.status, "%s", local.text);
  }
  memcpy(data, from->data, slim_shape_elements(shape) * element_size(from->dtype));
  return SLIM_OK;
}

/* --- creation ----------------------------------------------------------------------------------------------------- */

static int find_feature(const slim_decoder *d, const char *key)
{
  for (int i = 0; i < d->num_features; i++) {
    if (!strcmp(d->features[i].key, key)) {
      return i;
    }
  }
  return -1;
}

static slim_status copy_feature(slim_decoder *d, int i, const slim_feature_spec *from, slim_error *error)
{
  slim_feature_spec *to = &d->features[i];
  *to = *from;
  to->key = slim_arena_strdup(d->arena, from->key);
  to->default_text = slim_arena_strdup(d->arena, from->default_text ? from->default_text : "");
  if (!from->key || !*from->key) {
    return slim_error_set(error, SLIM_ERR_ARG, "decoder: feature %d has no key", i);
  }
  if (from->dtype != SLIM_FLOAT32 && from->dtype != SLIM_INT64 && from->dtype != SLIM_STRING) {
    return slim_error_set(error, SLIM_ERR_ARG, "decoder: feature '%s' is %s; records hold float32, int64 and string",
                          from->key, slim_dtype_name(from->dtype));
  }
  if (!to->key || !to->default_text) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "decoder: no memory");
  }
  for (int j = 0; j < i; j++) {
    if (!strcmp(d->features[j].key, from->key)) {
      return slim_error_set(error, SLIM_ERR_ARG, "decoder: feature '%s' is given twice", from->key);
    }
  }
  return SLIM_OK;
}

static slim_status resolve_key(slim_decoder *d, slim_handler *h, const char *key, int *index, slim_error *error)
{
  *index = find_feature(d, key);
  if (*index < 0) {
    return slim_error_set(error, SLIM_ERR_ARG, "decoder: item '%s' needs the feature '%s', which is not given", h->item,
                          key);
  }
  return SLIM_OK;
}

/* The keys that a handler reads: its own, else those of its kind. */
static slim_status resolve_keys(slim_decoder *d, slim_handler *h, const slim_item_handler *from, slim_error *error)
{
  static const char *const image_keys[] = { "image/encoded", "image/format" };
  static const char *const box_keys[] = { "ymin", "xmin", "ymax", "xmax" };
  const bool image = from->kind == SLIM_HANDLE_IMAGE, box = from->kind == SLIM_HANDLE_BOUNDING_BOX;
  const int least = image ? 2 : box ? 4 : 1;
  for (int i = 0; i < SLIM_HANDLER_KEYS && (i < least || from->keys[i]); i++) {
    const char *key = from->keys[i] ? from->keys[i] : image ? image_keys[i] : box ? box_keys[i] : "";
    const char *full = slim_arena_printf(d->arena, "%s%s", box && from->prefix ? from->prefix : "", key);
    if (!full) {
      return slim_error_set(error, SLIM_ERR_MEMORY, "decoder: no memory");
    }
    if (resolve_key(d, h, full, &h->keys[h->num_keys], error) != SLIM_OK) {
      return SLIM_ERR_ARG;
    }
    h->key_names[h->num_keys++] = full;
  }
  for (int i = 0; i < SLIM_MAX_RANK && from->shape_keys[i]; i++) {
    if (resolve_key(d, h, from->shape_keys[i], &h->shape_keys[h->num_shape_keys++], error) != SLIM_OK) {
      return SLIM_ERR_ARG;
    }
  }
  return SLIM_OK;
}

static slim_status check_handler(const slim_handler *h, const slim_item_handler *from, slim_error *error)
{
  if (from->has_shape && from->shape_keys[0]) {
    return slim_error_set(error, SLIM_ERR_ARG, "decoder: item '%s' has both shape and shape_keys; give one", h->item);
  }
  if (from->kind == SLIM_HANDLE_IMAGE && h->channels != 1 && h->channels != 3) {
    return slim_error_set(error, SLIM_ERR_ARG, "decoder: item '%s' has %d channels; 1 and 3 are possible", h->item,
                          h->channels);
  }
  if (from->kind == SLIM_HANDLE_CALLBACK && !from->callback) {
    return slim_error_set(error, SLIM_ERR_ARG, "decoder: item '%s' has no callback", h->item);
  }
  return SLIM_OK;
}

static slim_status copy_handler(slim_decoder *d, slim_handler *h, const slim_item_handler *from, const char *item,
                                slim_error *error);

/* The two handlers of a backup; both make the item of the whole. */
static slim_status copy_backup(slim_decoder *d, slim_handler *h, const slim_item_handler *from, slim_error *error)
{
  slim_handler *two = slim_arena_array(d->arena, 2, sizeof *two);
  if (!from->first || !from->backup) {
    return slim_error_set(error, SLIM_ERR_ARG, "decoder: item '%s' needs both first and backup", h->item);
  }
  if (!two) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "decoder: no memory");
  }
  h->first = two;
  h->backup = two + 1;
  const slim_status status = copy_handler(d, two, from->first, h->item, error);
  return status == SLIM_OK ? copy_handler(d, two + 1, from->backup, h->item, error) : status;
}

static slim_status copy_handler(slim_decoder *d, slim_handler *h, const slim_item_handler *from, const char *item,
                                slim_error *error)
{
  *h = (slim_handler){ .kind = from->kind,
                       .item = slim_arena_strdup(d->arena, item),
                       .has_shape = from->has_shape,
                       .shape = from->shape,
                       .channels = from->channels ? from->channels : 3,
                       .callback = from->callback,
                       .user = from->user };
  if (!h->item) {
    return slim_error_set(error, item ? SLIM_ERR_MEMORY : SLIM_ERR_ARG, "decoder: a handler has no item name");
  }
  if (from->kind < SLIM_HANDLE_TENSOR || from->kind > SLIM_HANDLE_BACKUP) {
    return slim_error_set(error, SLIM_ERR_ARG, "decoder: item '%s' has no handler of kind %d", h->item,
                          (int)from->kind);
  }
  if (from->kind == SLIM_HANDLE_BACKUP) {
    return copy_backup(d, h, from, error);
  }
  const slim_status status = check_handler(h, from, error);
  return status == SLIM_OK ? resolve_keys(d, h, from, error) : status;
}

static slim_status copy_all(slim_decoder *d, const slim_feature_spec *features, const slim_item_handler *handlers,
                            slim_error *error)
{
  slim_status status = SLIM_OK;
  d->features = slim_arena_array(d->arena, (size_t)d->num_features, sizeof *d->features);
  d->handlers = slim_arena_array(d->arena, (size_t)d->num_handlers, sizeof *d->handlers);
  if (!d->features || !d->handlers) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "decoder: no memory");
  }
  for (int i = 0; status == SLIM_OK && i < d->num_features; i++) {
    status = copy_feature(d, i, &features[i], error);
  }
  for (int i = 0; status == SLIM_OK && i < d->num_handlers; i++) {
    status = copy_handler(d, &d->handlers[i], &handlers[i], handlers[i].item, error);
    for (int j = 0; status == SLIM_OK && j < i; j++) {
      if (!strcmp(d->handlers[i].item, d->handlers[j].item)) {
        status = slim_error_set(error, SLIM_ERR_ARG, "decoder: item '%s' is given twice", d->handlers[i].item);
      }
    }
  }
  return status;
}

slim_status slim_decoder_create(const slim_feature_spec *features, int num_features, const slim_item_handler *handlers,
                                int num_handlers, slim_decoder **decoder, slim_error *error)
{
  *decoder = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_arena *arena = slim_arena_create();
  slim_decoder *d = slim_arena_alloc(arena, sizeof *d);
  if (!d || num_features < 0 || num_handlers < 0) {
    slim_arena_destroy(arena);
    return slim_error_set(error, d ? SLIM_ERR_ARG : SLIM_ERR_MEMORY, "decoder: no memory for %d features and %d items",
                          num_features, num_handlers);
  }
  *d = (slim_decoder){ .arena = arena, .num_features = num_features, .num_handlers = num_handlers };
  const slim_status status = copy_all(d, features, handlers, error);
  if (status != SLIM_OK) {
    slim_arena_destroy(arena);
    return status;
  }
  *decoder = d;
  return SLIM_OK;
}

void slim_decoder_destroy(slim_decoder *d)
{
  if (d) {
    slim_arena_destroy(d->arena);
  }
}

int slim_decoder_num_items(const slim_decoder *d)
{
  return d->num_handlers;
}

const char *slim_decoder_item_name(const slim_decoder *d, int i)
{
  return i >= 0 && i < d->num_handlers ? d->handlers[i].item : NULL;
}

const slim_handler *slim_decoder_handler(const slim_decoder *d, const char *item)
{
  for (int i = 0; i < d->num_handlers; i++) {
    if (!strcmp(d->handlers[i].item, item)) {
      return &d->handlers[i];
    }
  }
  return NULL;
}

/* --- samples ------------------------------------------------------------------------------------------------------ */

slim_sample *slim_sample_create(const slim_decoder *d)
{
  slim_sample *s = calloc(1, sizeof *s);
  if (!s) {
    return NULL;
  }
  s->decoder = d;
  s->features = calloc((size_t)d->num_features + 1, sizeof *s->features);
  s->items = calloc((size_t)d->num_handlers + 1, sizeof *s->items);
  if (!s->features || !s->items) {
    slim_sample_destroy(s);
    return NULL;
  }
  return s;
}

void slim_sample_destroy(slim_sample *s)
{
  if (!s) {
    return;
  }
  for (int i = 0; s->features && i < s->decoder->num_features; i++) {
    slim_item_clear(&s->features[i]);
  }
  for (int i = 0; s->items && i < s->decoder->num_handlers; i++) {
    slim_item_clear(&s->items[i]);
  }
  slim_example_free(&s->example);
  free(s->features);
  free(s->items);
  free(s);
}

const slim_item *slim_sample_item(const slim_sample *s, const char *name)
{
  for (int i = 0; i < s->decoder->num_handlers; i++) {
    if (!strcmp(s->decoder->handlers[i].item, name)) {
      return &s->items[i];
    }
  }
  return NULL;
}

/* --- decoding ----------------------------------------------------------------------------------------------------- */

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

static void fill_default(const slim_feature_spec *spec, slim_item *value)
{
  const size_t count = slim_item_elements(value);
  const slim_string text = { spec->default_text, strlen(spec->default_text) };
  for (size_t i = 0; i < count; i++) {
    if (spec->dtype == SLIM_STRING) {
      ((slim_string *)value->data)[i] = text;
    } else if (spec->dtype == SLIM_FLOAT32) {
      ((float *)value->data)[i] = spec->default_float;
    } else {
      ((int64_t *)value->data)[i] = spec->default_int;
    }
  }
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

/* One feature of the record as its spec wants it: TensorFlow's rules for FixedLenFeature and VarLenFeature. */
static slim_status load_feature(const slim_feature_spec *spec, const slim_feature *found, slim_item *value,
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
  slim_error local = { 0 };
  if (!slim_item_resize(value, spec->dtype, &shape, &local)) {
    return slim_error_set(error, local.status, "feature '%s': %s", spec->key, local.text);
  }
  if (missing) {
    fill_default(spec, value);
  } else if (read_values(found, spec->dtype, value->data) != found->count) {
    return slim_error_set(error, SLIM_ERR_DATA, "feature '%s': its list is damaged", spec->key);
  }
  return SLIM_OK;
}

slim_status slim_decoder_decode(const slim_decoder *d, const void *record, size_t size, slim_sample *sample,
                                slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_status status = slim_example_parse(&sample->example, (slim_span){ record, size }, error);
  for (int i = 0; status == SLIM_OK && i < d->num_features; i++) {
    const slim_feature *found = slim_example_find(&sample->example, d->features[i].key);
    status = load_feature(&d->features[i], found, &sample->features[i], error);
  }
  for (int i = 0; status == SLIM_OK && i < d->num_handlers; i++) {
    status = slim_handler_run(&d->handlers[i], sample->features, &sample->items[i], error);
  }
  return status;
}
