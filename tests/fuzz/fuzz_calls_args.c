/* Arguments of the calls of fuzz_calls.c. */
#include "fuzz_calls.h"
#include "graph/state.h"
#include "slim/layers.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void require(bool holds, const char *text)
{
  if (!holds) {
    (void)fprintf(stderr, "not as it must be: %s\n", text);
    abort();
  }
}

unsigned fuzz_byte(fuzz *f)
{
  const slim_span one = fuzz_take(&f->in, 1);
  return one.size ? one.data[0] : 0;
}

int fuzz_int(fuzz *f)
{
  static const int far[] = { 0, -1, -2, -3, 17, 64, 1000, 1 << 20, 1 << 30, INT_MAX, INT_MIN };
  const unsigned byte = fuzz_byte(f);
  return byte < 224 ? 1 + (int)(byte % 7) : far[byte % (sizeof far / sizeof *far)];
}

float fuzz_float(fuzz *f)
{
  static const float far[] = { 0.0f, -1.0f, 1e30f, 1e-30f, SLIM_ZERO, -0.0f, 1.5f, 100.0f, NAN, INFINITY, -INFINITY };
  const unsigned byte = fuzz_byte(f);
  return byte < 192 ? (float)(1 + byte % 8) / 8.0f : far[byte % (sizeof far / sizeof *far)];
}

const char *fuzz_text(fuzz *f)
{
  static const char *const texts[] = {
    "a",      "b",     "c",   "conv1", "net", "a/b",  "weights", "losses", "update_ops", "weights=w,biases=b",
    "a,b",    "",      "A b", "/",     "a/",  "_a",   "-",       "../x",   "%s%n",       "a*",
    "(a|b)+", "[",     "(((", "a{1,",  "\\",  "\xff", "a\nb",    "=,=,",   ",",          ".*",
    "^$",     "(a*)*b"
  };
  static char longest[400];
  const unsigned byte = fuzz_byte(f);
  longest[0] = '\0';
  for (size_t i = 0; i < sizeof longest - 1; i++) {
    longest[i] = 'a';
  }
  return byte < 64    ? texts[byte % 8]
         : byte < 80  ? longest
         : byte < 120 ? NULL
                      : texts[byte % (sizeof texts / sizeof *texts)];
}

slim_flag fuzz_flag(fuzz *f)
{
  const slim_flag flags[] = { { NULL }, SLIM_YES, SLIM_NO, { (const void *)f } }; /* the last is none */
  return flags[fuzz_byte(f) % (sizeof flags / sizeof *flags)];
}

slim_shape fuzz_shape(fuzz *f)
{
  const unsigned byte = fuzz_byte(f);
  slim_shape shape = { byte < 240 ? (int)(byte % 6) : fuzz_int(f), { 0 } };
  for (int i = 0; i < SLIM_MAX_RANK && i < shape.rank; i++) {
    shape.dim[i] = fuzz_int(f);
  }
  return shape;
}

slim_tensor *fuzz_tensor(fuzz *f)
{
  const unsigned byte = fuzz_byte(f);
  return f->tensors && byte < 250 ? f->tensor[(f->tensors - 1) - byte % f->tensors] : NULL;
}

bool fuzz_is_placeholder(const slim_tensor *tensor)
{
  return tensor->node->op == &slim_op_placeholder;
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

/* A layer of a user: two of the library's, by the options of scopes that name it. */
static slim_tensor *own_layer(const slim_args *args)
{
  const slim_args all = slim_arg_scoped(slim_graph_of(args->input), own_layer, args);
  return slim_relu((slim_conv2d)(&all));
}

slim_layer_fn fuzz_layer(fuzz *f)
{
  static const slim_layer_fn more[] = { slim_repeat, slim_stack, own_layer, NULL };
  size_t count = 0;
  while (slim_layer_table[count]) {
    count++;
  }
  const size_t number = fuzz_byte(f) % (count + sizeof more / sizeof *more);
  return number < count ? slim_layer_table[number]->layer : more[number - count];
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static void set_int(fuzz *f, int *value)
{
  *value = fuzz_int(f);
}

static void set_enum(fuzz *f, unsigned *value) /* enumerations and masks */
{
  *value = fuzz_byte(f) % 8;
}

static void set_float(fuzz *f, float *value)
{
  *value = fuzz_float(f);
}

static void set_seed(fuzz *f, uint64_t *value)
{
  *value = fuzz_byte(f);
}

static void set_text(fuzz *f, const char **value)
{
  *value = fuzz_text(f);
}

static void set_tensor(fuzz *f, slim_tensor **value)
{
  *value = fuzz_tensor(f);
}

static void set_layer(fuzz *f, slim_layer_fn *value)
{
  *value = fuzz_layer(f);
}

static void set_args(fuzz *f, const slim_args **value)
{
  slim_args *own = &f->inner[f->inners++ % 4];
  *value = own;
  *own = fuzz_options(f, slim_batch_norm, own == f->inner ? 0 : fuzz_byte(f) % 3);
}

static void set_hw(fuzz *f, slim_hw *value)
{
  *value = (slim_hw){ fuzz_int(f), fuzz_byte(f) % 4 ? 0 : fuzz_int(f) };
}

static void set_flag(fuzz *f, slim_flag *value)
{
  *value = fuzz_flag(f);
}

static void set_initializer(fuzz *f, slim_initializer *value)
{
  *value =
      (slim_initializer){ .kind = (slim_initializer_kind)(fuzz_byte(f) % 8), .a = fuzz_float(f), .b = fuzz_float(f) };
  value->mode = (slim_fan_mode)(fuzz_byte(f) % 4);
  value->uniform = (int)(fuzz_byte(f) % 2);
}

static void set_regularizer(fuzz *f, slim_regularizer *value)
{
  *value = (slim_regularizer){ (int)(fuzz_byte(f) % 4), fuzz_float(f), fuzz_float(f) };
}

static void set_depth(fuzz *f, slim_depth *value)
{
  *value = (slim_depth){ fuzz_int(f), fuzz_int(f), 0 };
}

static void set_clipping(fuzz *f, slim_clipping *value)
{
  *value = (slim_clipping){ fuzz_float(f), fuzz_float(f), fuzz_float(f) };
}

static void set_shape(fuzz *f, slim_shape *value)
{
  *value = fuzz_shape(f);
}

static void set_nothing(fuzz *f, const void **value)
{
  *value = f;
}

/* Every option of the library, by its type. */
static void set_option(fuzz *f, slim_args *args, unsigned id)
{
  switch (id) {
/* clang-format off */
#define SLIM_OPTION_ROW(name_)                                                                                         \
  case SLIM_OPTION_ID_##name_:                                                                                         \
    _Generic(args->name_, int: set_int, unsigned: set_enum, float: set_float, uint64_t: set_seed,                      \
        const char *: set_text, slim_tensor *: set_tensor, slim_layer_fn: set_layer, const slim_args *: set_args,      \
        slim_hw: set_hw, slim_flag: set_flag, slim_initializer: set_initializer, slim_shape: set_shape,                \
        slim_regularizer: set_regularizer, slim_depth: set_depth, slim_clipping: set_clipping,                         \
        const void *: set_nothing)(f, &args->name_);                                                                   \
    break;
/* clang-format on */
#include "graph/options.def"
#undef SLIM_OPTION_ROW
  default:
    break;
  }
}

/* An option; as a rule one that the layer takes, where there is a layer of the library. */
static unsigned choose_option(fuzz *f, slim_layer_fn layer)
{
  const slim_layer_info *info = NULL;
  for (size_t i = 0; slim_layer_table[i]; i++) {
    info = slim_layer_table[i]->layer == layer ? slim_layer_table[i] : info;
  }
  const unsigned byte = fuzz_byte(f);
  unsigned id = byte % SLIM_OPTION_COUNT;
  for (unsigned tries = 0; info && byte < 240 && tries < SLIM_OPTION_COUNT && !info->accepted[id]; tries++) {
    id = (id + 1) % SLIM_OPTION_COUNT;
  }
  return id;
}

slim_args fuzz_options(fuzz *f, slim_layer_fn layer, unsigned count)
{
  slim_args args = { .struct_size = sizeof args };
  for (; count > 0; count--) {
    set_option(f, &args, choose_option(f, layer));
  }
  return args;
}

slim_args fuzz_args(fuzz *f, slim_layer_fn layer)
{
  slim_args args = fuzz_options(f, layer, fuzz_byte(f) % 4);
  for (int i = 0; i < 3; i++) {
    f->row[i].num_outputs = fuzz_int(f);
    set_hw(f, &f->row[i].kernel);
  }
  args.input = fuzz_tensor(f);
  args.labels = fuzz_tensor(f);
  args.graph = f->graph;
  args.num_outputs = f->row[0].num_outputs;
  args.kernel = f->row[0].kernel;
  args.axis = (int)(fuzz_byte(f) % 8) - 3;
  args.pooling_type = (slim_pooling)(fuzz_byte(f) % 4);
  args.layer = fuzz_layer(f);
  args.repetitions = (int)(fuzz_byte(f) % 5) - 1; /* each costs a layer: more is more work, as it should be */
  args.rows = (slim_rows){ f->row, fuzz_byte(f) % 4 };
  return args;
}
