#include "formats/example.h"

#include "base/size.h"
#include "formats/protobuf.h"

#include <stdlib.h>
#include <string.h>

enum { EXAMPLE_FEATURES = 1, FEATURES_FEATURE = 1, ENTRY_KEY = 1, ENTRY_VALUE = 2, LIST_VALUE = 1 };
enum { SEQUENCE_LISTS = 2, LISTS_LIST = 1, LIST_FEATURE = 1 };

static slim_status damaged(const char *what, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_DATA, "damaged tf.train.Example: %s", what);
}

/* Walks over the values of a feature: its lists, the value fields of each, the numbers of each field. */
typedef struct walk {
  slim_feature_kind kind;
  slim_proto lists, list;
  slim_proto_field field;
  bool damaged;
} walk;

static walk walk_over(slim_feature_kind kind, slim_span lists)
{
  return (walk){ .kind = kind, .lists = slim_proto_of(lists), .field = { .wire = SLIM_WIRE_BYTES } };
}

/* The next value field of the lists; other fields are passed over. */
static bool next_field(walk *w)
{
  for (;;) {
    while (slim_proto_next(&w->list, &w->field)) {
      if (w->field.number == LIST_VALUE) {
        return true;
      }
    }
    slim_proto_field outer;
    if (w->list.damaged || !slim_proto_next(&w->lists, &outer)) {
      w->damaged = w->damaged || w->list.damaged || w->lists.damaged;
      return false;
    }
    if (outer.number == (uint32_t)w->kind && outer.wire == SLIM_WIRE_BYTES) {
      w->list = slim_proto_of(outer.bytes);
    }
  }
}

static bool next_number(walk *w, uint64_t *value)
{
  const slim_wire wire = w->kind == SLIM_FEATURE_FLOAT ? SLIM_WIRE_FIXED32 : SLIM_WIRE_VARINT;
  while (!slim_proto_take(&w->field, wire, value, &w->damaged)) {
    if (w->damaged || !next_field(w)) {
      return false;
    }
  }
  return true;
}

static bool next_bytes(walk *w, slim_span *value)
{
  if (!next_field(w)) {
    return false;
  }
  *value = w->field.bytes;
  w->damaged = w->damaged || w->field.wire != SLIM_WIRE_BYTES;
  return !w->damaged;
}

static bool count_values(slim_feature *feature)
{
  walk w = walk_over(feature->kind, feature->lists);
  uint64_t number = 0;
  slim_span bytes = { 0 };
  feature->count = 0;
  while (feature->kind == SLIM_FEATURE_BYTES ? next_bytes(&w, &bytes) : next_number(&w, &number)) {
    feature->count++;
  }
  return !w.damaged;
}

/* Of the kinds a Feature may hold the last one counts; its lists follow one another up to the end. */
static bool parse_feature(slim_span message, slim_feature *feature)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  for (const unsigned char *begin = in.at; slim_proto_next(&in, &field); begin = in.at) {
    const bool list = field.number >= SLIM_FEATURE_BYTES && field.number <= SLIM_FEATURE_INT64;
    if (list && field.wire != SLIM_WIRE_BYTES) {
      return false;
    }
    if (list && feature->kind != (slim_feature_kind)field.number) {
      feature->kind = (slim_feature_kind)field.number;
      feature->lists = (slim_span){ begin, (size_t)(in.end - begin) };
    }
  }
  return !in.damaged && (feature->kind == SLIM_FEATURE_NONE || count_values(feature));
}

static bool parse_entry(slim_span message, slim_feature *feature)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  slim_span value = { 0 };
  while (slim_proto_next(&in, &field)) {
    if (field.wire == SLIM_WIRE_BYTES && field.number == ENTRY_KEY) {
      feature->key = field.bytes;
    } else if (field.wire == SLIM_WIRE_BYTES && field.number == ENTRY_VALUE) {
      value = field.bytes;
    }
  }
  return !in.damaged && parse_feature(value, feature);
}

/* Room for one more element of size bytes. */
static bool make_room(void **items, size_t count, size_t *capacity, size_t size)
{
  if (count < *capacity) {
    return true;
  }
  const size_t grown = *capacity ? *capacity * 2 : 16;
  size_t bytes = 0;
  void *moved = slim_size_mul(grown, size, &bytes) ? realloc(*items, bytes) : NULL;
  *items = moved ? moved : *items;
  *capacity = moved ? grown : *capacity;
  return moved != NULL;
}

static slim_feature *add_feature(slim_example *example)
{
  void *items = example->item;
  if (!make_room(&items, example->count, &example->capacity, sizeof *example->item)) {
    return NULL;
  }
  example->item = items;
  slim_feature *feature = &example->item[example->count++];
  *feature = (slim_feature){ 0 };
  return feature;
}

static slim_status parse_features(slim_example *example, slim_span message, slim_error *error)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  while (slim_proto_next(&in, &field)) {
    if (field.number != FEATURES_FEATURE || field.wire != SLIM_WIRE_BYTES) {
      continue;
    }
    slim_feature *feature = add_feature(example);
    if (!feature) {
      return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for the features of an example");
    }
    if (!parse_entry(field.bytes, feature)) {
      return slim_error_set(error, SLIM_ERR_DATA,
                            "damaged tf.train.Example: feature '%.*s' is cut off or of a wrong type",
                            (int)(feature->key.size < 100 ? feature->key.size : 100),
                            feature->key.data ? (const char *)feature->key.data : "");
    }
  }
  return in.damaged ? damaged("the feature map is cut off", error) : SLIM_OK;
}

slim_status slim_example_parse(slim_example *example, slim_span record, slim_error *error)
{
  slim_proto in = slim_proto_of(record);
  slim_proto_field field;
  example->count = 0;
  while (slim_proto_next(&in, &field)) {
    if (field.number == EXAMPLE_FEATURES && field.wire == SLIM_WIRE_BYTES) {
      const slim_status status = parse_features(example, field.bytes, error);
      if (status != SLIM_OK) {
        return status;
      }
    }
  }
  return in.damaged ? damaged("the record is cut off", error) : SLIM_OK;
}

void slim_example_free(slim_example *example)
{
  free(example->item);
  *example = (slim_example){ 0 };
}

const slim_feature *slim_example_find(const slim_example *example, const char *key)
{
  const size_t size = strlen(key);
  for (size_t i = example->count; i-- > 0;) {
    const slim_feature *feature = &example->item[i];
    if (feature->key.size == size && (size == 0 || memcmp(feature->key.data, key, size) == 0)) {
      return feature;
    }
  }
  return NULL;
}

/* --- feature lists ------------------------------------------------------------------------------------------------ */

static slim_status damaged_list(slim_span key, slim_error *error)
{
  return slim_error_set(error, SLIM_ERR_DATA,
                        "damaged tf.train.SequenceExample: feature list '%.*s' is cut off or of a wrong type",
                        (int)(key.size < 100 ? key.size : 100), key.data ? (const char *)key.data : "");
}

/* The features of a list, one for each step. */
static slim_status parse_steps(slim_feature_lists *lists, slim_span message, slim_feature_list *list, slim_error *error)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  list->begin = lists->num_steps;
  while (slim_proto_next(&in, &field)) {
    if (field.number != LIST_FEATURE || field.wire != SLIM_WIRE_BYTES) {
      continue;
    }
    void *steps = lists->step;
    if (!make_room(&steps, lists->num_steps, &lists->step_capacity, sizeof *lists->step)) {
      return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for the steps of a sequence example");
    }
    lists->step = steps;
    slim_feature *feature = &lists->step[lists->num_steps++];
    *feature = (slim_feature){ 0 };
    if (!parse_feature(field.bytes, feature)) {
      return damaged_list(list->key, error);
    }
  }
  list->count = lists->num_steps - list->begin;
  return in.damaged ? damaged_list(list->key, error) : SLIM_OK;
}

static slim_status parse_list(slim_feature_lists *lists, slim_span message, slim_error *error)
{
  slim_proto in = slim_proto_of(message);
  slim_proto_field field;
  slim_span value = { 0 };
  void *items = lists->item;
  if (!make_room(&items, lists->count, &lists->capacity, sizeof *lists->item)) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for the lists of a sequence example");
  }
  lists->item = items;
  slim_feature_list *list = &lists->item[lists->count++];
  *list = (slim_feature_list){ 0 };
  while (slim_proto_next(&in, &field)) {
    if (field.wire == SLIM_WIRE_BYTES && field.number == ENTRY_KEY) {
      list->key = field.bytes;
    } else if (field.wire == SLIM_WIRE_BYTES && field.number == ENTRY_VALUE) {
      value = field.bytes;
    }
  }
  return in.damaged ? damaged_list(list->key, error) : parse_steps(lists, value, list, error);
}

slim_status slim_feature_lists_parse(slim_feature_lists *lists, slim_span record, slim_error *error)
{
  slim_proto in = slim_proto_of(record);
  slim_proto_field outer, field;
  slim_status status = SLIM_OK;
  lists->count = lists->num_steps = 0;
  while (status == SLIM_OK && slim_proto_next(&in, &outer)) {
    if (outer.number != SEQUENCE_LISTS || outer.wire != SLIM_WIRE_BYTES) {
      continue;
    }
    slim_proto inside = slim_proto_of(outer.bytes);
    while (status == SLIM_OK && slim_proto_next(&inside, &field)) {
      if (field.number == LISTS_LIST && field.wire == SLIM_WIRE_BYTES) {
        status = parse_list(lists, field.bytes, error);
      }
    }
    if (status == SLIM_OK && inside.damaged) {
      status = slim_error_set(error, SLIM_ERR_DATA, "damaged tf.train.SequenceExample: the map of lists is cut off");
    }
  }
  if (status == SLIM_OK && in.damaged) {
    status = slim_error_set(error, SLIM_ERR_DATA, "damaged tf.train.SequenceExample: the record is cut off");
  }
  return status;
}

void slim_feature_lists_free(slim_feature_lists *lists)
{
  free(lists->item);
  free(lists->step);
  *lists = (slim_feature_lists){ 0 };
}

const slim_feature_list *slim_feature_lists_find(const slim_feature_lists *lists, const char *key)
{
  const size_t size = strlen(key);
  for (size_t i = lists->count; i-- > 0;) {
    const slim_feature_list *list = &lists->item[i];
    if (list->key.size == size && (size == 0 || memcmp(list->key.data, key, size) == 0)) {
      return list;
    }
  }
  return NULL;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

size_t slim_feature_read_bytes(const slim_feature *feature, slim_span *values, size_t most)
{
  walk w = walk_over(feature->kind, feature->lists);
  size_t n = 0;
  while (feature->kind == SLIM_FEATURE_BYTES && n < most && next_bytes(&w, &values[n])) {
    n++;
  }
  return n;
}

size_t slim_feature_read_floats(const slim_feature *feature, float *values, size_t most)
{
  walk w = walk_over(feature->kind, feature->lists);
  uint64_t bits = 0;
  size_t n = 0;
  while (feature->kind == SLIM_FEATURE_FLOAT && n < most && next_number(&w, &bits)) {
    values[n++] = slim_proto_float(bits);
  }
  return n;
}

size_t slim_feature_read_int64s(const slim_feature *feature, int64_t *values, size_t most)
{
  walk w = walk_over(feature->kind, feature->lists);
  uint64_t bits = 0;
  size_t n = 0;
  while (feature->kind == SLIM_FEATURE_INT64 && n < most && next_number(&w, &bits)) {
    values[n++] = (int64_t)bits;
  }
  return n;
}

slim_example_writer slim_example_begin(slim_bytes *out)
{
  return (slim_example_writer){ out, slim_proto_begin(out, EXAMPLE_FEATURES) };
}

/* An entry is open at three levels: the map entry, its Feature and the list. */
typedef struct open_entry {
  size_t entry, feature, list;
} open_entry;

static open_entry begin_entry(slim_example_writer *writer, const char *key, slim_feature_kind kind)
{
  open_entry open = { .entry = slim_proto_begin(writer->out, FEATURES_FEATURE) };
  slim_proto_put_text(writer->out, ENTRY_KEY, key);
  open.feature = slim_proto_begin(writer->out, ENTRY_VALUE);
  open.list = slim_proto_begin(writer->out, (uint32_t)kind);
  return open;
}

static void end_entry(slim_example_writer *writer, open_entry open)
{
  slim_proto_end(writer->out, open.list);
  slim_proto_end(writer->out, open.feature);
  slim_proto_end(writer->out, open.entry);
}

void slim_example_put_bytes(slim_example_writer *writer, const char *key, const slim_span *values, size_t count)
{
  const open_entry open = begin_entry(writer, key, SLIM_FEATURE_BYTES);
  for (size_t i = 0; i < count; i++) {
    slim_proto_put_bytes(writer->out, LIST_VALUE, values[i].data, values[i].size);
  }
  end_entry(writer, open);
}

void slim_example_put_text(slim_example_writer *writer, const char *key, const char *text)
{
  const slim_span value = { (const unsigned char *)text, strlen(text) };
  slim_example_put_bytes(writer, key, &value, 1);
}

void slim_example_put_floats(slim_example_writer *writer, const char *key, const float *values, size_t count)
{
  const open_entry open = begin_entry(writer, key, SLIM_FEATURE_FLOAT);
  const size_t packed = slim_proto_begin(writer->out, LIST_VALUE);
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = 0;
    memcpy(&bits, &values[i], sizeof bits);
    slim_bytes_append_u32(writer->out, bits);
  }
  slim_proto_end(writer->out, packed);
  end_entry(writer, open);
}

void slim_example_put_int64s(slim_example_writer *writer, const char *key, const int64_t *values, size_t count)
{
  const open_entry open = begin_entry(writer, key, SLIM_FEATURE_INT64);
  const size_t packed = slim_proto_begin(writer->out, LIST_VALUE);
  for (size_t i = 0; i < count; i++) {
    slim_proto_put_raw_varint(writer->out, (uint64_t)values[i]);
  }
  slim_proto_end(writer->out, packed);
  end_entry(writer, open);
}

bool slim_example_end(slim_example_writer *writer)
{
  slim_proto_end(writer->out, writer->features);
  return !writer->out->failed;
}
