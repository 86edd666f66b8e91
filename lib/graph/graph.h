/* Inside of the graph: nodes, ops, calls. Users see include/slim/graph.h. */
#ifndef SLIM_GRAPH_INTERNAL_H
#define SLIM_GRAPH_INTERNAL_H

#include "base/arena.h"
#include "slim/graph.h"

typedef struct slim_node slim_node;
typedef struct slim_op slim_op;

/* --- ops: what a node does; no compute here ----------------------------------------------------------------------- */

enum slim_op_flags {
  SLIM_OP_HOST = 1,     /* small work on the host lane: outputs live on the host (schedules, counters, metrics) */
  SLIM_OP_EFFECT = 2,   /* writes variables: kept only if fetched or in a collection that runs; never merged */
  SLIM_OP_ALIAS = 4,    /* output 0 is input 0's memory in another shape (reshape) */
  SLIM_OP_IN_PLACE = 8, /* output 0 may reuse input 0's memory (elementwise) */
  SLIM_OP_EPILOGUE = 16, /* may be fused behind a heavy op as its epilogue (bias_add, activation, add, max_pool2d) */
  SLIM_OP_LINEAR = 32,   /* linear in input 1, the weights, whose last elements go with the result's channels */
  SLIM_OP_CHAIN = 64     /* may be one of an elementwise chain (backend/chain.h): unary, binary, activation, add_n */
};

struct slim_op {
  const char *name;           /* "conv2d": the same word in every folder */
  const slim_op *base;        /* the op of the table that backends run for one registered at run time; NULL: itself */
  int min_inputs, max_inputs; /* max -1: any number */
  int outputs;                /* output 0 is the result; others exist when somebody reads them */
  size_t attr_size;           /* attributes are plain structs, copied and compared by value */
  unsigned flags;
  unsigned shape_only; /* bit i: input i gives only its shape; its values are not read, its memory not kept */
  unsigned kept;       /* bit i: output i is allocated even if nobody reads it */
  /* bit i: input i is a host-lane scalar, read on the host when the step is enqueued. All other inputs are in the
   * device's memory; a session copies host tensors there, and back, where a node asks for the other kind. */
  unsigned host_inputs;
  bool (*infer)(slim_inference *inference); /* false: error was set */
  /* dy[k]: gradient of output k or NULL; set dx[i] for each input that has one (others stay NULL). Integer inputs and
   * outputs and shape_only inputs take no part. NULL function: a gradient that would have to pass is an error that
   * names the op. Adds nodes to the graph; touches no data. */
  void (*gradient)(slim_node *node, slim_tensor *const *dy, slim_tensor **dx);
};

/* When a node of a plan runs; within a stage, in order of creation (which is topological). Variables are read as they
 * were at the start: every reader of a variable in stage COMPUTE runs before the writers. */
typedef enum slim_stage {
  SLIM_STAGE_COMPUTE,  /* forward, losses, finite check, gradients */
  SLIM_STAGE_UPDATE,   /* update ops: batch norm statistics */
  SLIM_STAGE_OPTIMIZE, /* optimizers */
  SLIM_STAGE_AVERAGE,  /* moving averages of weights */
  SLIM_STAGE_STEP      /* global_step and other counters */
} slim_stage;

/* --- nodes and tensors -------------------------------------------------------------------------------------------- */

struct slim_tensor {
  slim_node *node;
  int output;
  int id; /* index into slim_graph.tensors: sessions keep arrays by it */
  slim_dtype dtype;
  slim_shape shape; /* as built: dim[0] may be -1 */
  const char *name; /* "scope/Conv2D:0" */
};

/* The ops a graph begins with; sources.c. A session binds a placeholder's open dim[0] itself. */
extern const slim_op slim_op_placeholder, slim_op_constant, slim_op_variable;

/* What gradients are summed and begun with: the only two things the graph needs of lib/ops above it. */
extern const slim_op slim_op_add_n;
slim_tensor *slim_op_broadcast_like_add(slim_tensor *x, slim_tensor *like, unsigned axes, int mean);

/* Attributes of placeholder, constant and variable. */
typedef struct slim_source_attr {
  slim_dtype dtype;
  int host; /* constant: it lives on the host */
  slim_shape shape;
  const void *values;       /* constant: its elements, owned by the graph */
  struct slim_queue *queue; /* placeholder: what it takes item of where nothing else is fed or attached; NULL */
  int item;
  float low, high; /* placeholder: the range its values are meant to lie in; both 0: none was declared */
} slim_source_attr;

/* Does the tensor's value live on the host? Results of host ops, host variables, scalars of slim_constant. */
bool slim_tensor_on_host(const slim_tensor *tensor);

/* What makes a node a variable: its op is slim_op_variable. */
typedef struct slim_variable_info {
  const char *full_name; /* in checkpoints */
  slim_initializer initializer;
  const void *values;            /* initial values given outright (constants); NULL: by initializer */
  const slim_tensor *initial_of; /* starts as this variable starts; NULL */
  slim_regularizer regularizer;
  bool trainable;
  bool host; /* lives on the host: integers, and small float counters such as beta1_power */
  const char *device;
} slim_variable_info;

struct slim_node {
  slim_graph *graph;
  const slim_op *op;
  const char *name; /* unique */
  uint64_t hash;    /* of the name when the op was first built: keys its randomness, also in copies */
  int id;           /* order of creation */
  slim_stage stage;
  const void *attr;
  int num_inputs;
  slim_tensor **inputs;
  slim_tensor *outputs;         /* op->outputs of them */
  slim_variable_info *variable; /* NULL unless a variable */
};

/* What a graph ends with itself. */
typedef struct slim_owned {
  void *object;
  void (*end)(void *object);
  struct slim_owned *next;
} slim_owned;

struct slim_graph {
  slim_arena *arena;
  slim_owned *owned; /* the last first */
  slim_error error;
  uint64_t seed;
  size_t num_nodes, num_tensors;
  slim_node **nodes;
  slim_tensor **tensors;
  slim_tensor *poison;                  /* what a failed call returns */
  struct slim_scopes *scopes;           /* scopes.c */
  struct slim_arg_scopes *arg_scopes;   /* arg_scope.c */
  struct slim_collections *collections; /* collections.c */
  struct slim_names *names;             /* graph.c: names in use, tensors by name */
  struct slim_custom *custom;           /* lib/ops/custom.c: ops registered at run time, a list */
};

/* Adds a node in the current name scope; name is made unique there (Conv2D, Conv2D_1); "/" takes the name of the scope
 * itself, as the last op of a loss or penalty does. attr is copied. inputs come from the same graph. Runs the shape
 * rule. @return output 0; on error poison, with the graph's error set. */
slim_tensor *slim_node_add(slim_graph *graph, const slim_op *op, const char *name, const void *attr,
                           slim_tensor *const *inputs, int num_inputs);
/* The graph's end is object's end too: end(object) is called once, at once when there is no memory to note it. */
slim_status slim_graph_own(slim_graph *graph, void *object, void (*end)(void *object));
bool slim_is_poison(const slim_tensor *tensor);
/* The poison tensor of the graph that any of the tensors belongs to; NULL if all are NULL. */
slim_tensor *slim_poison(const slim_tensor *tensor);
/* Stage of every node added until it is set back. @return the stage before. */
slim_stage slim_graph_set_stage(slim_graph *graph, slim_stage stage);
/* The name scope in force without trailing slash, "LeNet/conv1"; "" at the top. Owned by the graph. */
const char *slim_name_scope_current(const slim_graph *graph);
/* A variable with everything given: what slim_variable and optimizers' slots are made with. collections: "a,b".
 * exact: full_name is used as it is, outside scopes (slots: "LeNet/conv1/weights/Momentum"). */
typedef struct slim_variable_spec {
  const char *name;
  bool exact;
  slim_dtype dtype;
  slim_shape shape;
  slim_initializer initializer;
  const void *values;
  slim_regularizer regularizer;
  bool trainable, host;
  const slim_tensor *initial_of;
  const char *collections;
  const char *device;
  slim_reuse reuse;
  slim_tensor **created; /* NULL, or set to the variable if it is new, else NULL: only then is a regularizer applied */
} slim_variable_spec;
/* Gets or creates by the rules of the variable scope; integers live on the host. Adds no penalty: slim_variable and
 * slim_model_variable (lib/layers/variable.c) do. Errors: SLIM_ERR_EXISTS, SLIM_ERR_NOT_FOUND, SLIM_ERR_SHAPE,
 * SLIM_ERR_TYPE. */
slim_tensor *slim_variable_make(slim_graph *graph, const slim_variable_spec *spec);
/* The variable of exactly this full name, NULL if there is none. */
slim_tensor *slim_variable_find(const slim_graph *graph, const char *full_name);
/* Writes the variable's initial value, all elements, to out: the given values, else by initializer, shape, seed and
 * full name. The same on every machine. */
void slim_variable_initial_value(const slim_tensor *variable, void *out);

/* Adds to each of the collections named by keys ("a,b"), under alias (kept as it is, NULL: the op's name); unique: not
 * where the tensor already stands. */
slim_status slim_collections_add(slim_graph *graph, const char *keys, slim_tensor *tensor, const char *alias,
                                 bool unique);

/* --- layer calls -------------------------------------------------------------------------------------------------- */

/* One open call of a layer: options merged from call and arg scopes, scope name, error label. */
typedef struct slim_call {
  slim_graph *graph;
  slim_args args;    /* merged */
  const char *layer; /* "conv2d" */
  slim_scope scope;  /* the layer's variable scope if it has one */
} slim_call;

/* The options, as the table in options.c has them; seed stands for has_seed too. */
enum slim_option_id {
#define SLIM_OPTION_ROW(name_) SLIM_OPTION_ID_##name_,
#include "graph/options.def"
#undef SLIM_OPTION_ROW
  SLIM_OPTION_COUNT
};
/* One of those that a layer accepts: { SLIM_OPTION(stride), SLIM_OPTION(scope) }. */
#define SLIM_OPTION(name_) [SLIM_OPTION_ID_##name_] = true

/* A layer that arg scopes can name: one row per layer of the library in slim_layer_table (lib/layers/table.c), which
 * ends with NULL. Users add theirs with slim_add_arg_scope. */
typedef struct slim_layer_info {
  slim_layer_fn layer;
  const char *name; /* "conv2d" */
  bool accepted[SLIM_OPTION_COUNT];
} slim_layer_info;
extern const slim_layer_info *const slim_layer_table[];
/* The name of a registered layer, NULL for another function. */
const char *slim_layer_name(const slim_graph *graph, slim_layer_fn layer);
/* Merges arg scopes into call->args and checks the options set against those that the layer accepts. Does not open a
 * variable scope.
 * @return false if args->input is NULL, poison or missing, or an option is not accepted (error recorded). */
bool slim_call_open(slim_call *call, const slim_layer_info *info, const slim_args *args);
/* Opens the variable scope (and the name scope with it): args.scope or default_name made unique. */
void slim_call_enter(slim_call *call, const char *default_name);
/* The same for layers without variables (pools, flatten, losses): a name scope only. */
void slim_call_enter_name(slim_call *call, const char *default_name);
/* Adds result to outputs_collections under the alias of the scope (full name of the variable scope, or of the name
 * scope for layers without variables), closes the scope. @return result. */
slim_tensor *slim_call_close(slim_call *call, slim_tensor *result);
/* Records "layer 'scope': text" and closes the scope. @return poison. */
slim_tensor *slim_fail(slim_call *call, slim_status status, const char *format, ...) SLIM_PRINTF(3, 4);
/* A number given by option, or otherwise when it is unset; SLIM_ZERO is 0. */
float slim_option_float(float value, float otherwise);

#endif
