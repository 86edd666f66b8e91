#include "slim/data.h"

#include "base/arena.h"
#include "data/decoder.h"

#include <stdlib.h>
#include <string.h>

struct slim_decoder {
  slim_arena *arena;
  slim_feature_spec *features; /* of the context, then those by time */
  int num_context, num_features;
  slim_handler *handlers;
  int num_handlers;
};

struct slim_sample {
  const slim_decoder *decoder;
  slim_example example;
  slim_feature_lists lists;
  slim_item *features, *items;
};

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

/* The keys that a kind reads unless others are given, how many it needs, and whether a prefix goes before them. */
typedef struct key_rule {
  const char *names[4];
  int least;
  bool prefixed;
} key_rule;

static const key_rule key_rules[] = {
  [SLIM_HANDLE_TENSOR] = { { "" }, 1, false },
  [SLIM_HANDLE_IMAGE] = { { "image/encoded", "image/format" }, 2, false },
  [SLIM_HANDLE_BOUNDING_BOX] = { { "ymin", "xmin", "ymax", "xmax" }, 4, true },
  [SLIM_HANDLE_CALLBACK] = { { "" }, 1, false },
  [SLIM_HANDLE_LOOKUP] = { { "" }, 1, false },
  [SLIM_HANDLE_SPARSE_TENSOR] = { { "indices", "values" }, 2, false },
  [SLIM_HANDLE_BOUNDING_BOX_SEQUENCE] = { { "ymin", "xmin", "ymax", "xmax" }, 4, true },
  [SLIM_HANDLE_NUM_BOXES_SEQUENCE] = { { "" }, 1, false },
  [SLIM_HANDLE_KEYPOINTS_SEQUENCE] = { { "y", "x" }, 2, true },
};

/* The keys that a handler reads: its own, else those of its kind. */
static slim_status resolve_keys(slim_decoder *d, slim_handler *h, const slim_item_handler *from, slim_error *error)
{
  const key_rule *rule = &key_rules[from->kind];
  const bool any = !rule->prefixed;
  for (int i = 0; i < SLIM_HANDLER_KEYS && (i < rule->least || (any && from->keys[i])); i++) {
    const char *key = from->keys[i] ? from->keys[i] : rule->names[i];
    const char *full = slim_arena_printf(d->arena, "%s%s", rule->prefixed && from->prefix ? from->prefix : "", key);
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
  if (from->kind == SLIM_HANDLE_LOOKUP && (!from->table || from->table->num_keys < 1)) {
    return slim_error_set(error, SLIM_ERR_ARG, "decoder: item '%s' has no table to look up in", h->item);
  }
  return SLIM_OK;
}

static slim_status copy_table(slim_decoder *d, slim_handler *h, const slim_lookup_table *from, slim_error *error)
{
  const size_t count = (size_t)from->num_keys;
  h->table = slim_arena_array(d->arena, count, sizeof *h->table);
  h->table_default = from->default_value;
  for (size_t i = 0; h->table && i < count; i++) {
    const char *key = slim_arena_strdup(d->arena, from->keys[i]);
    if (!key) {
      h->table = NULL;
      break;
    }
    h->table[i] = (slim_lookup_entry){ { key, strlen(key) }, from->values ? from->values[i] : (int64_t)i };
  }
  if (!h->table) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "decoder: no memory for a table of %zu keys", count);
  }
  h->table_size = count;
  slim_lookup_sort(h->table, count);
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
  const bool coordinates =
      from->kind == SLIM_HANDLE_BOUNDING_BOX_SEQUENCE || from->kind == SLIM_HANDLE_KEYPOINTS_SEQUENCE;
  *h = (slim_handler){ .kind = from->kind,
                       .item = slim_arena_strdup(d->arena, item),
                       .has_shape = from->has_shape,
                       .shape = from->shape,
                       .channels = from->channels ? from->channels : 3,
                       .callback = from->callback,
                       .user = from->user,
                       .repeated = from->repeated,
                       .densify = from->densify,
                       .check_consistency = slim_flag_or(from->check_consistency, true),
                       .default_value = from->has_default ? from->default_value
                                        : coordinates     ? -1.0
                                                          : 0.0,
                       .default_text = slim_arena_strdup(d->arena, from->default_text ? from->default_text : "") };
  if (!h->item || !h->default_text) {
    return slim_error_set(error, item ? SLIM_ERR_MEMORY : SLIM_ERR_ARG, "decoder: a handler has no item name");
  }
  if (from->kind < SLIM_HANDLE_TENSOR || from->kind > SLIM_HANDLE_KEYPOINTS_SEQUENCE) {
    return slim_error_set(error, SLIM_ERR_ARG, "decoder: item '%s' has no handler of kind %d", h->item,
                          (int)from->kind);
  }
  if (from->kind == SLIM_HANDLE_BACKUP) {
    return copy_backup(d, h, from, error);
  }
  slim_status status = check_handler(h, from, error);
  if (status == SLIM_OK && from->kind == SLIM_HANDLE_LOOKUP) {
    status = copy_table(d, h, from->table, error);
  }
  return status == SLIM_OK ? resolve_keys(d, h, from, error) : status;
}

static slim_status copy_handlers(slim_decoder *d, const slim_item_handler *handlers, slim_error *error)
{
  slim_status status = SLIM_OK;
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

static slim_status copy_all(slim_decoder *d, const slim_feature_spec *context, const slim_feature_spec *sequence,
                            const slim_item_handler *handlers, slim_error *error)
{
  slim_status status = SLIM_OK;
  d->features = slim_arena_array(d->arena, (size_t)d->num_features, sizeof *d->features);
  d->handlers = slim_arena_array(d->arena, (size_t)d->num_handlers, sizeof *d->handlers);
  if (!d->features || !d->handlers) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "decoder: no memory");
  }
  for (int i = 0; status == SLIM_OK && i < d->num_features; i++) {
    status = copy_feature(d, i, i < d->num_context ? &context[i] : &sequence[i - d->num_context], error);
  }
  return status == SLIM_OK ? copy_handlers(d, handlers, error) : status;
}

slim_status slim_sequence_decoder_create(const slim_feature_spec *context_features, int num_context_features,
                                         const slim_feature_spec *sequence_features, int num_sequence_features,
                                         const slim_item_handler *handlers, int num_handlers, slim_decoder **decoder,
                                         slim_error *error)
{
  *decoder = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_arena *arena = slim_arena_create();
  slim_decoder *d = slim_arena_alloc(arena, sizeof *d);
  if (!d || num_context_features < 0 || num_sequence_features < 0 || num_handlers < 0) {
    slim_arena_destroy(arena);
    return slim_error_set(error, d ? SLIM_ERR_ARG : SLIM_ERR_MEMORY, "decoder: no memory for %d features and %d items",
                          num_context_features, num_handlers);
  }
  *d = (slim_decoder){ .arena = arena,
                       .num_context = num_context_features,
                       .num_features = num_context_features + num_sequence_features,
                       .num_handlers = num_handlers };
  const slim_status status = copy_all(d, context_features, sequence_features, handlers, error);
  if (status != SLIM_OK) {
    slim_arena_destroy(arena);
    return status;
  }
  *decoder = d;
  return SLIM_OK;
}

slim_status slim_decoder_create(const slim_feature_spec *features, int num_features, const slim_item_handler *handlers,
                                int num_handlers, slim_decoder **decoder, slim_error *error)
{
  return slim_sequence_decoder_create(features, num_features, NULL, 0, handlers, num_handlers, decoder, error);
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
  slim_feature_lists_free(&s->lists);
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

static slim_status load_example(const slim_decoder *d, slim_sample *sample, slim_span record, slim_error *error)
{
  slim_status status = slim_example_parse(&sample->example, record, error);
  for (int i = 0; status == SLIM_OK && i < d->num_context; i++) {
    const slim_feature *found = slim_example_find(&sample->example, d->features[i].key);
    status = slim_feature_load(&d->features[i], found, &sample->features[i], error);
  }
  return status;
}

static slim_status load_lists(const slim_decoder *d, slim_sample *sample, slim_span record, slim_error *error)
{
  slim_status status = slim_feature_lists_parse(&sample->lists, record, error);
  for (int i = d->num_context; status == SLIM_OK && i < d->num_features; i++) {
    const slim_feature_list *list = slim_feature_lists_find(&sample->lists, d->features[i].key);
    const slim_feature *steps = list ? sample->lists.step + list->begin : NULL;
    status = slim_feature_load_list(&d->features[i], steps, list ? list->count : 0, !list, &sample->features[i], error);
  }
  return status;
}

slim_status slim_decoder_decode(const slim_decoder *d, const void *record, size_t size, slim_sample *sample,
                                slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  const slim_span bytes = { record, size };
  slim_status status = load_example(d, sample, bytes, error);
  if (status == SLIM_OK && d->num_features > d->num_context) {
    status = load_lists(d, sample, bytes, error);
  }
  for (int i = 0; status == SLIM_OK && i < d->num_handlers; i++) {
    status = slim_handler_run(&d->handlers[i], sample->features, &sample->items[i], error);
  }
  return status;
}
