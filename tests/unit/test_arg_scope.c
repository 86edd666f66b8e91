/* Arg scopes, rule by rule (the numbers are those of the description of TF-Slim's arg_scope), and the table of options.
 */
#include "graph/state.h"
#include "test_main.h"

static slim_graph *g;
static slim_tensor *x;
static slim_args seen; /* what the last layer was called with */

#define ACCEPTED                                                                                                       \
  SLIM_OPTION(stride), SLIM_OPTION(padding), SLIM_OPTION(decay), SLIM_OPTION(seed), SLIM_OPTION(scope),                \
      SLIM_OPTION(normalizer), SLIM_OPTION(normalizer_args), SLIM_OPTION(outputs_collections),                         \
      SLIM_OPTION(is_training), SLIM_OPTION(user)

static slim_tensor *probe(const char *name, slim_layer_fn fn, const slim_args *args)
{
  slim_call call;
  const slim_layer_info info = { fn, name, { ACCEPTED } };
  if (!slim_call_open(&call, &info, args)) {
    return call.graph ? call.graph->poison : NULL;
  }
  seen = call.args;
  slim_call_enter(&call, "Probe");
  return slim_call_close(&call, call.args.input);
}

static slim_tensor *one(const slim_args *args)
{
  return probe("one", one, args);
}

static slim_tensor *two(const slim_args *args)
{
  return probe("two", two, args);
}

static const char *const options[] = {
  "stride",      "padding", "decay", "seed", "scope", "normalizer", "normalizer_args", "outputs_collections",
  "is_training", "user",    NULL
};

static void setup(void)
{
  g = slim_graph_create(1);
  x = slim_placeholder(g, SLIM_FLOAT32, SLIM_SHAPE(1, 4, 4, 2), "x");
  (void)slim_add_arg_scope(g, one, "one", options);
  (void)slim_add_arg_scope(g, two, "two", options);
}

static void teardown(void)
{
  ck_assert_str_eq(slim_name_scope_current(g), "");
  ck_assert_ptr_eq(slim_arg_scope_current(g), slim_arg_scope_current(NULL));
  slim_graph_destroy(g);
}

#define CALL(layer_, ...) layer_(SLIM_ARGS(.input = __VA_ARGS__))
#define STRIDE(layer_) (CALL(layer_, x), seen.stride.h)

START_TEST(rule_1_scopes_nest_and_merge_per_layer_and_option)
{
  SLIM_ARG_SCOPE (g, SLIM_OPS(one, two), .stride = { 2 }, .padding = SLIM_VALID) {
    SLIM_ARG_SCOPE (g, SLIM_OPS(one), .stride = { 3 }, .decay = 0.5f) {
      ck_assert_int_eq(STRIDE(one), 3);
      ck_assert_int_eq(seen.padding, SLIM_VALID);
      ck_assert_float_eq(seen.decay, 0.5f);
      ck_assert_int_eq(STRIDE(two), 2);
      ck_assert_float_eq(seen.decay, 0.0f);
    }
  }
}
END_TEST

START_TEST(rule_2_leaving_restores_what_was_in_force)
{
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .stride = { 2 }) {
    SLIM_ARG_SCOPE (g, SLIM_OPS(one), .stride = { 3 }) {
      break;
    }
    ck_assert_int_eq(STRIDE(one), 2);
  }
  ck_assert_int_eq(STRIDE(one), 0);
}
END_TEST

START_TEST(rule_3_the_call_wins)
{
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .stride = { 2 }, .decay = 0.9f, .is_training = SLIM_YES, .seed = 5) {
    CALL(one, x, .stride = { 7 }, .decay = SLIM_ZERO, .is_training = SLIM_NO, .has_seed = 1);
    ck_assert_int_eq(seen.stride.h, 7);
    ck_assert_int_eq(seen.stride.w, 7);
    ck_assert(seen.decay < 1e-30f);
    ck_assert(!slim_flag_or(seen.is_training, true));
    ck_assert_uint_eq(seen.seed, 0);
    CALL(one, x);
    ck_assert_uint_eq(seen.seed, 5);
    ck_assert_int_eq(seen.has_seed, 1);
  }
}
END_TEST

START_TEST(rule_4_a_captured_scope_replaces)
{
  const slim_arg_frame *frame = NULL;
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .stride = { 2 }) {
    frame = slim_arg_scope_current(g);
  }
  SLIM_ARG_SCOPE (g, SLIM_OPS(one, two), .stride = { 3 }, .decay = 0.5f) {
    SLIM_ARG_SCOPE_USE (g, frame) {
      ck_assert_int_eq(STRIDE(one), 2);
      ck_assert_float_eq(seen.decay, 0.0f);
      ck_assert_int_eq(STRIDE(two), 0);
    }
    ck_assert_int_eq(STRIDE(one), 3);
    SLIM_ARG_SCOPE_USE (g, NULL) {
      ck_assert_int_eq(STRIDE(one), 0);
    }
  }
}
END_TEST

static const slim_arg_frame *ready_scope(int stride)
{
  char collection[] = "points";
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .stride = { stride }, .outputs_collections = collection,
                  .normalizer_args = SLIM_ARGS(.decay = 0.7f, .collections = collection)) {
    memset(collection, 'x', sizeof collection - 1);
    return slim_arg_scope_current(g);
  }
  return NULL;
}

START_TEST(rule_5_a_captured_scope_outlives_its_block)
{
  const slim_arg_frame *frame = ready_scope(4);
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .stride = { 9 }) {
    SLIM_ARG_SCOPE_USE (g, frame) {
      ck_assert_int_eq(STRIDE(one), 4);
      ck_assert_str_eq(seen.outputs_collections, "points");
      ck_assert_float_eq(seen.normalizer_args->decay, 0.7f);
      ck_assert_str_eq(seen.normalizer_args->collections, "points");
      SLIM_ARG_SCOPE (g, SLIM_OPS(one), .decay = 0.1f) {
        ck_assert_int_eq(STRIDE(one), 4);
      }
    }
  }
}
END_TEST

static slim_tensor *stranger(const slim_args *args)
{
  return args->input;
}

static const char *const scope_errors[] = {
  "arg_scope: layer 2 of 2 is not registered (slim_add_arg_scope)",
  "arg_scope: no layer is named",
  "arg_scope: one does not take the option keep_prob",
  "arg_scope: num_outputs is required of each call; a scope sets options",
  "arg_scope: axis is required of each call; a scope sets options",
  "arg_scope: one does not take the option kernel",
};

START_TEST(rules_6_and_7_bad_scopes_are_errors_and_change_nothing)
{
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .stride = { 2 }) {
    slim_scope bad = _i == 0   ? slim_arg_scope_begin(g, SLIM_OPS(one, stranger), SLIM_ARGS(.stride = { 3 }))
                     : _i == 1 ? slim_arg_scope_begin(g, (slim_ops){ NULL, 0 }, SLIM_ARGS(.stride = { 3 }))
                     : _i == 2 ? slim_arg_scope_begin(g, SLIM_OPS(one, two), SLIM_ARGS(.keep_prob = 0.5f))
                     : _i == 3 ? slim_arg_scope_begin(g, SLIM_OPS(one), SLIM_ARGS(.num_outputs = 3))
                     : _i == 4 ? slim_arg_scope_begin(g, SLIM_OPS(one), SLIM_ARGS(.axis = 1))
                               : slim_arg_scope_begin(g, SLIM_OPS(one), SLIM_ARGS(.kernel = { 3 }));
    ck_assert(bad.open);
    ck_assert_int_eq(STRIDE(one), 2);
    slim_scope_end(&bad);
    ck_assert_int_eq(STRIDE(one), 2);
  }
  ck_assert_str_eq(slim_graph_error(g), scope_errors[_i]);
  ck_assert_int_eq(slim_graph_status(g), SLIM_ERR_ARG);
}
END_TEST

START_TEST(rule_7_an_option_the_layer_does_not_take_is_an_error_by_name)
{
  ck_assert(slim_is_poison(CALL(one, x, .keep_prob = 0.5f, .scope = "c")));
  ck_assert_str_eq(slim_graph_error(g), "one 'c': does not take the option keep_prob");
}
END_TEST

START_TEST(rule_8_each_graph_has_its_own_scopes)
{
  slim_graph *other = slim_graph_create(2);
  slim_tensor *y = slim_placeholder(other, SLIM_FLOAT32, SLIM_SCALAR, "y");
  SLIM_ARG_SCOPE (g, SLIM_OPS(one), .stride = { 2 }) {
    (void)one(SLIM_ARGS(.input = y));
    ck_assert_int_eq(seen.stride.h, 0);
  }
  slim_graph_destroy(other);
}
END_TEST

START_TEST(rule_10_and_11_variables_take_scopes)
{
  SLIM_ARG_SCOPE (g, SLIM_OPS(slim_variable, slim_model_variable), .device = "/CPU:0", .trainable = SLIM_NO) {
    slim_tensor *v = slim_variable(g, "v", SLIM_SHAPE(2));
    slim_tensor *m = slim_model_variable(g, "m", SLIM_SHAPE(2), .trainable = SLIM_YES);
    ck_assert_str_eq(v->node->variable->device, "/CPU:0");
    ck_assert(!slim_variable_trainable(v));
    ck_assert(slim_variable_trainable(m));
  }
}
END_TEST

START_TEST(registration_tells_layers_and_options)
{
  ck_assert(slim_has_arg_scope(g, one));
  ck_assert(slim_has_arg_scope(g, slim_variable));
  ck_assert(!slim_has_arg_scope(g, stranger));
  ck_assert_str_eq(slim_arg_scope_option(g, one, 0), "stride");
  ck_assert_str_eq(slim_arg_scope_option(g, one, 9), "user");
  ck_assert_ptr_null(slim_arg_scope_option(g, one, 10));
  ck_assert_ptr_null(slim_arg_scope_option(g, stranger, 0));
  ck_assert_int_eq(slim_add_arg_scope(g, stranger, "stranger", NULL), SLIM_OK);
  ck_assert(slim_has_arg_scope(g, stranger));
  ck_assert_int_eq(slim_add_arg_scope(g, stranger, "s", (const char *[]){ "strid", NULL }), SLIM_ERR_ARG);
  ck_assert_str_eq(slim_graph_error(g), "add_arg_scope 's': there is no option 'strid'");
}
END_TEST

START_TEST(a_layer_of_the_user_reads_its_scope)
{
  const int own = 42;
  (void)slim_add_arg_scope(g, stranger, "stranger", (const char *[]){ "user", "stride", NULL });
  SLIM_ARG_SCOPE (g, SLIM_OPS(stranger), .user = &own, .stride = { 2 }) {
    const slim_args all = slim_arg_scoped(g, stranger, SLIM_ARGS(.input = x, .stride = { 3 }));
    ck_assert_ptr_eq(all.user, &own);
    ck_assert_int_eq(all.stride.h, 3);
    ck_assert_ptr_eq(all.input, x);
  }
  (void)slim_arg_scoped(g, stranger, SLIM_ARGS(.input = x, .decay = 0.5f));
  ck_assert_str_eq(slim_graph_error(g), "stranger: does not take the option decay");
}
END_TEST

/* --- calls -------------------------------------------------------------------------------------------------------- */

START_TEST(a_call_collects_its_result_under_the_scope)
{
  SLIM_VARIABLE_SCOPE (g, "Net", SLIM_REUSE_UNSET) {
    CALL(one, x, .scope = "conv1", .outputs_collections = "points");
    CALL(one, x, .outputs_collections = "points,more");
    CALL(one, x, .outputs_collections = "points");
  }
  ck_assert_str_eq(slim_end_point_alias(g, "points", 0), "Net/conv1");
  ck_assert_str_eq(slim_end_point_alias(g, "points", 1), "Net/Probe");
  ck_assert_str_eq(slim_end_point_alias(g, "points", 2), "Net/Probe_1");
  ck_assert_ptr_null(slim_end_point_alias(g, "points", 3));
  ck_assert_ptr_eq(slim_end_point(g, "points", "Net/conv1"), x);
  ck_assert_ptr_null(slim_end_point(g, "points", "Net/conv2"));
  ck_assert_str_eq(slim_end_point_alias(g, "more", 0), "Net/Probe");
  ck_assert_int_eq(slim_add_end_point("more", "mine", x), SLIM_OK);
  ck_assert_ptr_eq(slim_end_point(g, "more", "mine"), x);
  (void)slim_add_to_collection("plain", x);
  ck_assert_str_eq(slim_end_point_alias(g, "plain", 0), "x");
}
END_TEST

static slim_tensor *pool(const slim_args *args)
{
  slim_call call;
  const slim_layer_info info = { pool, "pool", { ACCEPTED, SLIM_OPTION(keep_prob) } };
  if (!slim_call_open(&call, &info, args)) {
    return slim_poison(args->input);
  }
  slim_call_enter_name(&call, "MaxPool2D");
  if (call.args.keep_prob > 0) {
    return slim_fail(&call, SLIM_ERR_ARG, "keep_prob %g", (double)call.args.keep_prob);
  }
  slim_tensor *y = slim_placeholder(call.graph, SLIM_FLOAT32, SLIM_SCALAR, "MaxPool");
  return slim_call_close(&call, y);
}

START_TEST(a_layer_without_variables_opens_a_name_scope)
{
  SLIM_VARIABLE_SCOPE (g, "Net", SLIM_REUSE_UNSET) {
    const slim_tensor *a = CALL(pool, x, .scope = "pool1", .outputs_collections = "p");
    const slim_tensor *b = CALL(pool, x, .scope = "pool1", .outputs_collections = "p");
    ck_assert_str_eq(slim_tensor_name(a), "Net/pool1/MaxPool:0");
    ck_assert_str_eq(slim_tensor_name(b), "Net/pool1_1/MaxPool:0");
    ck_assert_str_eq(slim_end_point_alias(g, "p", 1), "Net/pool1_1");
    (void)CALL(pool, x, .keep_prob = 0.5f);
  }
  ck_assert_str_eq(slim_graph_error(g), "pool 'Net/MaxPool2D': keep_prob 0.5");
}
END_TEST

START_TEST(poison_null_and_foreign_inputs_stop_a_call)
{
  slim_graph *other = slim_graph_create(2);
  slim_tensor *y = slim_placeholder(other, SLIM_FLOAT32, SLIM_SCALAR, "y");
  memset(&seen, 0, sizeof seen);
  ck_assert_ptr_null(one(SLIM_ARGS(.stride = { 2 })));
  ck_assert_ptr_null(one(NULL));
  ck_assert_ptr_eq(one(SLIM_ARGS(.input = g->poison, .stride = { 2 })), g->poison);
  ck_assert_ptr_eq(one(SLIM_ARGS(.input = x, .labels = g->poison, .stride = { 2 })), g->poison);
  ck_assert_int_eq(slim_graph_status(g), SLIM_OK);
  ck_assert_ptr_eq(one(SLIM_ARGS(.input = x, .labels = y)), g->poison);
  ck_assert_str_eq(slim_graph_error(g), "one: 'y:0' comes from another graph");
  ck_assert_int_eq(seen.stride.h, 0);
  slim_graph_destroy(other);
}
END_TEST

START_TEST(an_old_caller_may_have_a_shorter_struct)
{
  slim_args old = { .struct_size = offsetof(slim_args, decay), .input = x, .stride = { 3, 1 }, .decay = 0.5f };
  CALL(one, x);
  (void)one(&old);
  ck_assert_int_eq(seen.stride.h, 3);
  ck_assert_int_eq(seen.stride.w, 1);
  ck_assert_float_eq(seen.decay, 0.0f);
  ck_assert_uint_eq(seen.struct_size, sizeof seen);
}
END_TEST

/* --- the table ---------------------------------------------------------------------------------------------------- */

START_TEST(the_table_covers_every_option)
{
  enum { ROWS = SLIM_OPTION_COUNT + 1 };
  unsigned char covered[sizeof(slim_args)] = { 0 };
  for (int i = 0; i < ROWS; i++) {
    const slim_option_row *row = &slim_option_table[i];
    for (size_t k = 0; k < row->size; k++) {
      ck_assert_msg(!covered[row->offset + k], "%s covers byte %zu again", row->name, row->offset + k);
      covered[row->offset + k] = 1;
    }
  }
  size_t gap = 0; /* alignment may leave up to 7 bytes, never a whole member */
  for (size_t k = offsetof(slim_args, stride); k < sizeof covered; k++) {
    gap = covered[k] ? 0 : gap + 1;
    ck_assert_msg(gap < 8 && (gap < 4 || k + 1 == sizeof covered || k % 8 == 7), "no option at byte %zu", k);
  }
}
END_TEST

START_TEST(each_option_is_seen_set_and_merged)
{
  const slim_option_row *row = &slim_option_table[_i];
  slim_args from = { .struct_size = sizeof from }, into = from;
  ((unsigned char *)&from)[row->offset + row->size - 1] = 1;
  for (int id = 0; id < SLIM_OPTION_COUNT; id++) {
    ck_assert_int_eq(slim_option_is_set(&from, id), id == row->id);
  }
  slim_options_merge(&into, &from, false);
  ck_assert_mem_eq((char *)&into + row->offset, (char *)&from + row->offset, row->size);
  ((unsigned char *)&from)[row->offset + row->size - 1] = 2;
  slim_options_merge(&into, &from, false);
  ck_assert_mem_ne((char *)&into + row->offset, (char *)&from + row->offset, row->size);
  slim_options_merge(&into, &from, true);
  ck_assert_mem_eq((char *)&into + row->offset, (char *)&from + row->offset, row->size);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, rule_1_scopes_nest_and_merge_per_layer_and_option);
  tcase_add_test(c, rule_2_leaving_restores_what_was_in_force);
  tcase_add_test(c, rule_3_the_call_wins);
  tcase_add_test(c, rule_4_a_captured_scope_replaces);
  tcase_add_test(c, rule_5_a_captured_scope_outlives_its_block);
  tcase_add_loop_test(c, rules_6_and_7_bad_scopes_are_errors_and_change_nothing, 0, 6);
  tcase_add_test(c, rule_7_an_option_the_layer_does_not_take_is_an_error_by_name);
  tcase_add_test(c, rule_8_each_graph_has_its_own_scopes);
  tcase_add_test(c, rule_10_and_11_variables_take_scopes);
  tcase_add_test(c, registration_tells_layers_and_options);
  tcase_add_test(c, a_layer_of_the_user_reads_its_scope);
  tcase_add_test(c, a_call_collects_its_result_under_the_scope);
  tcase_add_test(c, a_layer_without_variables_opens_a_name_scope);
  tcase_add_test(c, poison_null_and_foreign_inputs_stop_a_call);
  tcase_add_test(c, an_old_caller_may_have_a_shorter_struct);
  tcase_add_test(c, the_table_covers_every_option);
  tcase_add_loop_test(c, each_option_is_seen_set_and_merged, 0, SLIM_OPTION_COUNT + 1);
}

TEST_MAIN("arg_scope", build, NULL)
