/* The table of options: which bytes of slim_args belong to which name. */
#include "graph/state.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const slim_option_row slim_option_table[SLIM_OPTION_COUNT + 1] = {
#define SLIM_OPTION_ROW(name_)                                                                                         \
  { #name_, offsetof(slim_args, name_), sizeof(((slim_args *)NULL)->name_), SLIM_OPTION_ID_##name_ },
#include "graph/options.def"
#undef SLIM_OPTION_ROW
  { "has_seed", offsetof(slim_args, has_seed), sizeof(((slim_args *)NULL)->has_seed), SLIM_OPTION_ID_seed },
};

const char *slim_option_name(int id)
{
  return slim_option_table[id].name;
}

slim_args slim_args_read(const slim_args *args)
{
  slim_args copy = { 0 };
  const size_t given = args->struct_size ? args->struct_size : sizeof copy;
  memcpy(&copy, args, given < sizeof copy ? given : sizeof copy);
  copy.struct_size = sizeof copy;
  copy.has_seed = copy.has_seed || copy.seed;
  return copy;
}

static bool any_byte(const void *data, size_t size)
{
  const unsigned char *byte = data;
  for (size_t i = 0; i < size; i++) {
    if (byte[i]) {
      return true;
    }
  }
  return false;
}

static bool row_is_set(const slim_args *args, const slim_option_row *row)
{
  return any_byte((const char *)args + row->offset, row->size);
}

bool slim_option_is_set(const slim_args *args, int id)
{
  return row_is_set(args, &slim_option_table[id]) ||
         (id == SLIM_OPTION_ID_seed && row_is_set(args, &slim_option_table[SLIM_OPTION_COUNT]));
}

void slim_options_merge(slim_args *into, const slim_args *from, bool over)
{
  const slim_args before = *into;
  for (int i = 0; i <= SLIM_OPTION_COUNT; i++) {
    const slim_option_row *row = &slim_option_table[i];
    if (slim_option_is_set(from, row->id) && (over || !slim_option_is_set(&before, row->id))) {
      memcpy((char *)into + row->offset, (const char *)from + row->offset, row->size);
    }
  }
}

const char *slim_options_refused(const slim_args *args, const bool *accepted)
{
  for (int id = 0; id < SLIM_OPTION_COUNT; id++) {
    if (!accepted[id] && slim_option_is_set(args, id)) {
      return slim_option_name(id);
    }
  }
  return NULL;
}

bool slim_options_keep(slim_graph *graph, slim_args *args)
{
  const char **text[] = { &args->variables_collections,
                          &args->outputs_collections,
                          &args->updates_collections,
                          &args->collections,
                          &args->device,
                          &args->loss_collection,
                          &args->scope };
  for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
    if (*text[i] && !(*text[i] = slim_arena_strdup(graph->arena, *text[i]))) {
      return false;
    }
  }
  if (args->normalizer_args) {
    slim_args inner = slim_args_read(args->normalizer_args);
    if (!slim_options_keep(graph, &inner)) {
      return false;
    }
    args->normalizer_args = slim_arena_copy(graph->arena, &inner, sizeof inner);
    return args->normalizer_args != NULL;
  }
  return true;
}

bool slim_flag_or(slim_flag flag, bool otherwise)
{
  return flag.value ? flag.value == SLIM_YES.value : otherwise;
}

float slim_option_float(float value, float otherwise)
{
  const float zero = SLIM_ZERO;
  uint32_t bits = 0, zero_bits = 0; /* arithmetic may flush the smallest float to 0 */
  memcpy(&bits, &value, sizeof bits);
  memcpy(&zero_bits, &zero, sizeof zero_bits);
  return bits == zero_bits ? 0.0f : bits == 0 ? otherwise : value;
}

/* --- values --------------------------------------------------------------------------------------------------------
 */

static bool any_good(const void *value)
{
  (void)value;
  return true;
}

static bool float_good(const float *value)
{
  return isfinite(*value);
}

static bool flag_good(const slim_flag *flag)
{
  return !flag->value || flag->value == SLIM_YES.value || flag->value == SLIM_NO.value;
}

static bool initializer_good(const slim_initializer *init)
{
  return (unsigned)init->kind <= SLIM_INIT_VARIANCE_SCALING && (unsigned)init->mode <= SLIM_FAN_AVG &&
         isfinite(init->a) && isfinite(init->b);
}

static bool regularizer_good(const slim_regularizer *r)
{
  return r->kind >= 0 && r->kind <= 2 && isfinite(r->l1) && isfinite(r->l2);
}

static bool clipping_good(const slim_clipping *c)
{
  return isfinite(c->rmax) && isfinite(c->rmin) && isfinite(c->dmax);
}

static bool shape_good(const slim_shape *shape)
{
  return shape->rank >= 0 && shape->rank <= SLIM_MAX_RANK;
}

/* Which of the enumerations has a value that its type does not name; NULL. */
static const char *unknown_choice(const slim_args *args)
{
  const struct {
    const char *name;
    unsigned value, last;
  } choices[] = { { "padding", args->padding, SLIM_VALID },
                  { "data_format", args->data_format, SLIM_NCHW },
                  { "reuse", args->reuse, SLIM_AUTO_REUSE },
                  { "reduction", args->reduction, SLIM_REDUCTION_NONE } };
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
    if (choices[i].value > choices[i].last) {
      return choices[i].name;
    }
  }
  return NULL;
}

const char *slim_option_unusable(const slim_args *args)
{
/* clang-format off */
#define SLIM_OPTION_ROW(name_)                                                                                         \
  if (!_Generic(args->name_, float: float_good, slim_flag: flag_good, slim_initializer: initializer_good,              \
                slim_regularizer: regularizer_good, slim_clipping: clipping_good, slim_shape: shape_good,              \
                default: any_good)(&args->name_)) {                                                                    \
    return #name_;                                                                                                     \
  }
/* clang-format on */
#include "graph/options.def"
#undef SLIM_OPTION_ROW
  return unknown_choice(args);
}
