/* What the files of lib/graph share and no other folder sees. */
#ifndef SLIM_GRAPH_STATE_H
#define SLIM_GRAPH_STATE_H

#include "graph/graph.h"
#include "graph/map.h"

/* --- graph.c, names.c --- */

struct slim_names {
  slim_map used;      /* lower-case names in use -> how often asked for */
  slim_map nodes;     /* op name -> slim_node */
  slim_map variables; /* full name -> slim_tensor */
  slim_list node_list, tensor_list;
  slim_stage stage;
};

/* full made unique as TensorFlow does (without regard to case: a, a_1, a_2, ...), and marked as used. */
const char *slim_name_unique(slim_graph *graph, const char *full);
/* Letters, digits and "_.-/", not empty; an op's name does not begin with "_", "-" or "/". */
bool slim_name_valid(const char *name, bool scope);
/* "scope/leaf", or leaf alone when scope is "". NULL without memory. */
const char *slim_name_join(slim_graph *graph, const char *scope, const char *leaf);
/* As slim_node_add with the full name given, made unique if it is in use. */
slim_tensor *slim_node_add_named(slim_graph *graph, const slim_op *op, const char *full_name, const void *attr,
                                 slim_tensor *const *inputs, int num_inputs);
/* Records SLIM_ERR_MEMORY. @return NULL, for use as any pointer's value. */
void *slim_graph_no_memory(slim_graph *graph);
slim_tensors slim_tensors_of(const slim_list *list);

/* --- scopes.c: one stack for all kinds, so that closing an outer scope closes the inner ones --- */

enum slim_scope_kind { SLIM_SCOPE_ARGS, SLIM_SCOPE_VARIABLE, SLIM_SCOPE_NAME };

/* What is in force; opening a scope saves it, closing brings it back. */
typedef struct slim_scope_state {
  const char *name_scope, *variable_scope; /* no trailing slash; "" at the top */
  slim_reuse reuse;
  const slim_arg_frame *args;
  const struct slim_custom_getter *getter; /* NULL: none */
  const char *label, *label_scope; /* layer that is being built and its scope, for error texts; NULL */
} slim_scope_state;

struct slim_scopes {
  slim_scope_state now;
  struct slim_scope_saved *saved;
  size_t depth, capacity;
  slim_map counts; /* variable scope -> how often opened; reset by the scope around it */
};

/* Saves what is in force. @return the open scope; change graph->scopes->now afterwards. */
slim_scope slim_scope_push(slim_graph *graph, int kind);

/* --- getter.c --- */

/* Unchanging once made. */
typedef struct slim_custom_getter {
  slim_getter_fn fn;
  void *user;
  const struct slim_custom_getter *outer; /* of the scopes around; NULL: none */
} slim_custom_getter;

/* The variable of this full name through a chain of getters; getter NULL: slim_variable_get. */
slim_tensor *slim_getter_ask(slim_graph *graph, const slim_variable_spec *spec, const char *full_name,
                             const slim_custom_getter *getter);
/* variables.c: gets or creates; spec holds the reuse in force. */
slim_tensor *slim_variable_get(slim_graph *graph, const slim_variable_spec *spec, const char *full_name);

/* --- arg_scope.c --- */

typedef struct slim_arg_entry {
  slim_layer_fn layer;
  const slim_args *args;
} slim_arg_entry;

/* Unchanging once made. */
struct slim_arg_frame {
  size_t count;
  const slim_arg_entry *entry;
};

struct slim_arg_scopes {
  slim_list registered; /* slim_layer_info of slim_add_arg_scope */
};

/* What the scopes in force set for layer, NULL if nothing. */
const slim_args *slim_arg_frame_find(const slim_graph *graph, slim_layer_fn layer);

/* --- options.c --- */

/* Which bytes of slim_args an option takes. The last row of the table is has_seed, which belongs to seed. */
typedef struct slim_option_row {
  const char *name;
  size_t offset, size;
  int id;
} slim_option_row;
extern const slim_option_row slim_option_table[SLIM_OPTION_COUNT + 1];

/* A copy that holds struct_size bytes of args and zeros behind. */
slim_args slim_args_read(const slim_args *args);
bool slim_option_is_set(const slim_args *args, int id);
/* Takes over each option that is set in from; over: also where it is set in into. */
void slim_options_merge(slim_args *into, const slim_args *from, bool over);
/* Name of the first option set in args that is not accepted, NULL if there is none. */
const char *slim_options_refused(const slim_args *args, const bool *accepted);
/* Copies what the options point to into the graph. false without memory. */
bool slim_options_keep(slim_graph *graph, slim_args *args);
const char *slim_option_name(int id);

/* Name of an option whose value cannot be meant: a number that is not finite, a value that its type does not name. NULL:
 * all are good. */
const char *slim_option_unusable(const slim_args *args);

/* --- collections.c, regex.c --- */

struct slim_collections {
  slim_map lists; /* key -> struct slim_collection */
};

typedef struct slim_item {
  slim_tensor *tensor;
  const char *alias; /* NULL: the op's name */
} slim_item;

size_t slim_collection_count(const slim_graph *graph, const char *key);
slim_item slim_collection_item(const slim_graph *graph, const char *key, size_t i);

/* A pattern as TF-Slim users write it (Python's re), compiled. */
typedef struct slim_pattern slim_pattern;
/* anchored: must match at the start of a name, else anywhere. A bad pattern is an error of the graph, and NULL. */
slim_pattern *slim_pattern_create(slim_graph *graph, const char *text, bool anchored);
void slim_pattern_destroy(slim_pattern *pattern);
/* A NULL pattern matches nothing. */
bool slim_pattern_matches(const slim_pattern *pattern, const char *name);

#endif
