/* The graph: tensors, placeholders, variables, scopes, collections, gradients. */
#ifndef SLIM_GRAPH_H
#define SLIM_GRAPH_H

#include "slim/args.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- the graph ---------------------------------------------------------------------------------------------------- */

/** A new, empty graph; NULL without memory (every call passes a NULL graph or tensor on). seed fixes initial values,
 * dropout and sample order. */
SLIM_API slim_graph *slim_graph_create(uint64_t seed);
/** Frees the graph and all it made. NULL is fine. Sessions over it must be gone. */
SLIM_API void slim_graph_destroy(slim_graph *graph);
/** The first error of any building call, SLIM_OK without one. */
SLIM_API slim_status slim_graph_status(const slim_graph *graph);
/** The first error in words, "" without one. Names the layer, its scope and what was wrong. */
SLIM_API const char *slim_graph_error(const slim_graph *graph);
/** The seed it was created with. */
SLIM_API uint64_t slim_graph_seed(const slim_graph *graph);
/** Records an error, as a layer of your own does; the first of a graph stays. @return the poison tensor, which every
 * failed call returns and every later call passes on. */
SLIM_API slim_tensor *slim_graph_fail(slim_graph *graph, slim_status status, const char *format, ...) SLIM_PRINTF(3, 4);

/** A list owned by the graph; valid as long as the graph. { 0 } is a list that is left out; what a search gave is not,
 * even when nothing was found: its item is never NULL. */
typedef struct slim_tensors {
  size_t count;
  slim_tensor *const *item;
} slim_tensors;

/** SLIM_TENSORS(a, b): a list of these, for the length of a statement. */
#define SLIM_TENSORS(...)                                                                                              \
  ((slim_tensors){ sizeof((slim_tensor *[]){ __VA_ARGS__ }) / sizeof(slim_tensor *), (slim_tensor *[]){ __VA_ARGS__ } })

/** The graph that a tensor belongs to. NULL for NULL. */
SLIM_API slim_graph *slim_graph_of(const slim_tensor *tensor);
/** Output k of the op that made tensor. Errors: SLIM_ERR_ARG when it has fewer. */
SLIM_API slim_tensor *slim_tensor_output(slim_tensor *tensor, int k);
/** "vgg_16/conv1/Relu:0": the op's name and the output number. */
SLIM_API const char *slim_tensor_name(const slim_tensor *tensor);
/** Its shape; dimensions that are open until a run are -1. */
SLIM_API slim_shape slim_tensor_shape(const slim_tensor *tensor);
/** Its element type. */
SLIM_API slim_dtype slim_tensor_dtype(const slim_tensor *tensor);
/** The tensor whose op or tensor name is name ("a/b" or "a/b:0"), NULL if there is none. No error is recorded. */
SLIM_API slim_tensor *slim_graph_find(const slim_graph *graph, const char *name);

/** An input of the graph, fed or attached to a queue when a session runs. shape.dim[0] may be -1 (any batch). */
SLIM_API slim_tensor *slim_placeholder(slim_graph *graph, slim_dtype dtype, slim_shape shape, const char *name);
/** Declares in which range the values of a placeholder are meant to lie, [-1, 1] say: see slim_session_debug. The last
 * declaration counts. slim_build_network declares that of its net's preprocessing. Errors: SLIM_ERR_ARG unless it is a
 * placeholder and low < high; then nothing changes. */
SLIM_API slim_status slim_declare_range(slim_tensor *placeholder, float low, float high);
/** A float32 scalar that never changes. It lives on the host, as learning rates and other small numbers do. */
SLIM_API slim_tensor *slim_constant(slim_graph *graph, float value, const char *name);
/** A tensor of shape that never changes; values (row-major, dtype) are copied. */
SLIM_API slim_tensor *slim_constant_tensor(slim_graph *graph, slim_dtype dtype, slim_shape shape, const void *values,
                                           const char *name);

#define SLIM_OP_OUTPUTS 8 /* as many as an op may have */

/** A shape rule's question and answer. Asked when an op is added (dim[0] of an input may be -1, open) and again by a
 * session with the batch bound. */
typedef struct slim_inference {
  const void *attr;
  int inputs;
  const slim_shape *in;
  const slim_dtype *in_type;
  slim_shape *out;      /* one per output; zeroed before the call */
  slim_dtype *out_type; /* preset to in_type[0] (float32 without inputs) */
  slim_error *error;    /* text: what was wrong, with shapes and values; the caller adds layer and scope */
} slim_inference;

/** Adds gradient ops: the sum of d sum(y) / d x for each of xs. @return one tensor per x, NULL where y does not depend
 * on x. Errors: SLIM_ERR_UNSUPPORTED naming an op without gradient. */
SLIM_API slim_tensors slim_gradients(slim_tensor *y, slim_tensors xs);

/* --- scopes ------------------------------------------------------------------------------------------------------- */

/** An open scope; close with slim_scope_end, or let the SLIM_..._SCOPE macros do it. */
typedef struct slim_scope {
  bool open;
  int kind;
  slim_graph *graph;
  size_t depth;
} slim_scope;

typedef struct slim_arg_frame slim_arg_frame; /* a ready arg scope, a value to keep and open again */

typedef struct slim_ops {
  const slim_layer_fn *op;
  size_t count;
} slim_ops;

/** Layers named by a scope: SLIM_OPS(slim_conv2d, slim_fully_connected). */
#define SLIM_OPS(...)                                                                                                  \
  ((slim_ops){ (const slim_layer_fn[]){ __VA_ARGS__ },                                                                 \
               sizeof((slim_layer_fn[]){ __VA_ARGS__ }) / sizeof(slim_layer_fn) })

/** Sets defaults of the named layers until slim_scope_end. Strings and nested args are copied.
 * Errors: SLIM_ERR_ARG when a layer of the list does not take a set option, an argument is set that each call gives
 * (num_outputs, say), or ops is empty. */
SLIM_API slim_scope slim_arg_scope_begin(slim_graph *graph, slim_ops ops, const slim_args *args);
/** Opens a captured scope, which replaces (does not merge with) the scopes around it. */
SLIM_API slim_scope slim_arg_scope_use(slim_graph *graph, const slim_arg_frame *frame);
/** The arg scope in force, to return from functions such as vgg_arg_scope(). Owned by the graph. */
SLIM_API const slim_arg_frame *slim_arg_scope_current(slim_graph *graph);
/** Registers a layer of your own (a function of type slim_layer_fn) so that scopes accept it; name is its default
 * scope. options: names of the options it takes, NULL-terminated; NULL takes all. */
SLIM_API slim_status slim_add_arg_scope(slim_graph *graph, slim_layer_fn layer, const char *name,
                                        const char *const *options);
/** Do scopes accept this layer? */
SLIM_API bool slim_has_arg_scope(const slim_graph *graph, slim_layer_fn layer);
/** Name of the i-th option that a registered layer takes, NULL behind the last. */
SLIM_API const char *slim_arg_scope_option(const slim_graph *graph, slim_layer_fn layer, size_t i);
/** args with what the scopes in force set for layer and the call does not: how a layer of your own begins. */
SLIM_API slim_args slim_arg_scoped(slim_graph *graph, slim_layer_fn layer, const slim_args *args);

/** A variable scope with TF's rules: name is used as it is; default_name (when name is NULL) is made unique. Also opens
 * a name scope. reuse is inherited. */
SLIM_API slim_scope slim_variable_scope_begin(slim_graph *graph, const char *name, const char *default_name,
                                              slim_reuse reuse);
/** Names of ops begin with name, made unique, up to slim_scope_end. Variables keep theirs. */
SLIM_API slim_scope slim_name_scope_begin(slim_graph *graph, const char *name);
/** Closes the scope and every scope opened inside it that is still open. May run twice. */
SLIM_API void slim_scope_end(slim_scope *scope);
/** "vgg_16/conv1" (no trailing slash), "" at the top. */
SLIM_API const char *slim_variable_scope_name(const slim_graph *graph);

/** What a layer, or slim_variable, asks a custom getter for. */
typedef struct slim_getter slim_getter;
/**
 * Stands between layers and their variables. name: the full name, "LeNet/conv1/weights". @return what is used in the
 * variable's place, of the same type and shape: slim_getter_get(getter, name); the variable of another name, which is so
 * shared; or a tensor computed of it (its moving average, say, or its weights normalised).
 */
typedef slim_tensor *(*slim_getter_fn)(void *user, const slim_getter *getter, const char *name);
/** The variable of that full name as it was asked for: got or created, with its collections and its regularizer. Within
 * a scope that has a custom getter too, that one is asked. */
SLIM_API slim_tensor *slim_getter_get(const slim_getter *getter, const char *name);
/** tf.get_variable_scope().set_custom_getter: from here to the end of the scope that is open, and in the scopes within,
 * variables come from getter. Optimizers' slots and other variables outside of variable scopes do not. */
SLIM_API slim_status slim_set_custom_getter(slim_graph *graph, slim_getter_fn getter, void *user);

#if defined(__GNUC__)
#define SLIM_CLEANUP_ __attribute__((cleanup(slim_scope_end)))
#define SLIM_CAT2_(a_, b_) a_##b_
#define SLIM_CAT_(a_, b_) SLIM_CAT2_(a_, b_)
#define SLIM_LOOP_(name_, begin_) for (SLIM_CLEANUP_ slim_scope name_ = begin_; name_.open; slim_scope_end(&name_))
#define SLIM_ARG_SCOPE(g_, ops_, ...)                                                                                  \
  SLIM_LOOP_(SLIM_CAT_(slim_scope_, __LINE__), slim_arg_scope_begin((g_), (ops_), SLIM_ARGS(__VA_ARGS__)))
#define SLIM_ARG_SCOPE_USE(g_, frame_) SLIM_LOOP_(SLIM_CAT_(slim_scope_, __LINE__), slim_arg_scope_use((g_), (frame_)))
#define SLIM_VARIABLE_SCOPE(g_, name_, reuse_)                                                                         \
  SLIM_LOOP_(SLIM_CAT_(slim_scope_, __LINE__), slim_variable_scope_begin((g_), (name_), NULL, (reuse_)))
#define SLIM_NAME_SCOPE(g_, name_) SLIM_LOOP_(SLIM_CAT_(slim_scope_, __LINE__), slim_name_scope_begin((g_), (name_)))
#endif

/* --- variables ---------------------------------------------------------------------------------------------------- */

/** Get or create a variable by scoped name. Options: dtype (float32), initializer (xavier uniform; zeros for ints),
 * regularizer, trainable (yes), collections ("variables"), device, reuse. @return the variable's value. */
SLIM_API slim_tensor *slim_variable(const slim_args *args);
/** As slim_variable; also in "model_variables". What layers make their parameters with. */
SLIM_API slim_tensor *slim_model_variable(const slim_args *args);
/** Not trainable, only in "local_variables": never saved. values (NULL: zeros) are the initial ones. */
SLIM_API slim_tensor *slim_local_variable(slim_graph *graph, const char *name, slim_dtype dtype, slim_shape shape,
                                          const void *values);
/** Not trainable, only in "variables". */
SLIM_API slim_tensor *slim_global_variable(slim_graph *graph, const char *name, slim_dtype dtype, slim_shape shape,
                                           const void *values);
#ifndef __cplusplus
#define slim_variable(graph_, name_, ...)                                                                              \
  (slim_variable)(SLIM_ARGS(.graph = (graph_), .name = (name_), .shape = __VA_ARGS__))
#define slim_model_variable(graph_, name_, ...)                                                                        \
  (slim_model_variable)(SLIM_ARGS(.graph = (graph_), .name = (name_), .shape = __VA_ARGS__))
#endif

/** Is the tensor the value of a variable? */
SLIM_API bool slim_is_variable(const slim_tensor *tensor);
/** Does an optimizer update it when it is given no list? */
SLIM_API bool slim_variable_trainable(const slim_tensor *variable);
/** The name in a checkpoint: "LeNet/conv1/weights", without ":0". */
SLIM_API const char *slim_variable_full_name(const slim_tensor *variable);
/** Adds it to SLIM_MODEL_VARIABLES. Errors: SLIM_ERR_ARG when it is no variable. */
SLIM_API slim_status slim_add_model_variable(slim_tensor *variable);

/** Filters: scope is a regular expression (POSIX extended) anchored at the start, suffix must end the name; NULL: any.
 */
SLIM_API slim_tensors slim_get_variables(slim_graph *graph, const char *scope, const char *suffix,
                                         const char *collection);
/** slim_get_variables of SLIM_MODEL_VARIABLES. */
SLIM_API slim_tensors slim_get_model_variables(slim_graph *graph, const char *scope, const char *suffix);
/** slim_get_variables of SLIM_LOCAL_VARIABLES. */
SLIM_API slim_tensors slim_get_local_variables(slim_graph *graph, const char *scope, const char *suffix);
/** slim_get_variables of SLIM_TRAINABLE_VARIABLES. */
SLIM_API slim_tensors slim_get_trainable_variables(slim_graph *graph, const char *scope, const char *suffix);
/** Global variables of scope whose full name ends in suffix. */
SLIM_API slim_tensors slim_get_variables_by_suffix(slim_graph *graph, const char *suffix, const char *scope);
/** Global variables of scope whose last part is given_name. */
SLIM_API slim_tensors slim_get_variables_by_name(slim_graph *graph, const char *given_name, const char *scope);
/** Exactly this full name. Errors: SLIM_ERR_NOT_FOUND on the graph. */
SLIM_API slim_tensor *slim_get_unique_variable(slim_graph *graph, const char *full_name);
/** Global variables of the scopes of include (NULL: all), less those of exclude; both lists end in NULL. */
SLIM_API slim_tensors slim_get_variables_to_restore(slim_graph *graph, const char *const *include,
                                                    const char *const *exclude);
/** Those whose full name one of include_patterns matches (NULL: all), less those that one of exclude_patterns
 * matches; search: anywhere in the name, else from its start. Both lists end in NULL. */
SLIM_API slim_tensors slim_filter_variables(slim_tensors variables, const char *const *include_patterns,
                                            const char *const *exclude_patterns, bool search);

/** int64 scalar "global_step", not trainable, starting at 0. Errors: SLIM_ERR_EXISTS if there is one. */
SLIM_API slim_tensor *slim_create_global_step(slim_graph *graph);
/** slim_create_global_step, without making one: NULL if there is none. */
SLIM_API slim_tensor *slim_get_global_step(slim_graph *graph);
/** The global step, made if there is none. */
SLIM_API slim_tensor *slim_get_or_create_global_step(slim_graph *graph);

/** Is the tensor fit to be a global step? Errors, also on the graph: SLIM_ERR_TYPE unless it is an int32 or int64 scalar. */
SLIM_API slim_status slim_assert_global_step(slim_tensor *global_step);
/** global_step itself if it is fit, else poison; with global_step NULL the graph's, NULL if there is none. */
SLIM_API slim_tensor *slim_assert_or_get_global_step(slim_graph *graph, slim_tensor *global_step);

/* --- collections -------------------------------------------------------------------------------------------------- */

#define SLIM_GLOBAL_VARIABLES "variables"
#define SLIM_LOCAL_VARIABLES "local_variables"
#define SLIM_MODEL_VARIABLES "model_variables"
#define SLIM_TRAINABLE_VARIABLES "trainable_variables"
#define SLIM_REGULARIZATION_LOSSES "regularization_losses"
#define SLIM_LOSSES "losses"
#define SLIM_UPDATE_OPS "update_ops"
/** Train ops built with update ops of the caller's choice: a run that needs one of these does not add SLIM_UPDATE_OPS;
 * the update ops that such a train op names as inputs run with it. */
#define SLIM_OWN_UPDATE_OPS "own_update_ops"
#define SLIM_TRAIN_OP "train_op"
#define SLIM_SUMMARIES "summaries"
#define SLIM_IMAGE_SUMMARIES "image_summaries"
#define SLIM_WEIGHTS "weights"
#define SLIM_BIASES "biases"
#define SLIM_ACTIVATIONS "activations"
#define SLIM_MOVING_AVERAGE_VARIABLES "moving_average_variables"

/** Appends to a collection ("a,b": to each), keeping order; the same tensor may stand twice. */
SLIM_API slim_status slim_add_to_collection(const char *key, slim_tensor *tensor);
/** Items whose name matches scope (regular expression anchored at the start; NULL: all), in order of insertion. */
SLIM_API slim_tensors slim_get_collection(slim_graph *graph, const char *key, const char *scope);
/** Appends tensor under an alias: what nets do with the tensors they offer. */
SLIM_API slim_status slim_add_end_point(const char *collection, const char *alias, slim_tensor *tensor);
/** The tensor last collected under this alias ("LeNet/conv1"), NULL if none: TF-Slim's end_points. */
SLIM_API slim_tensor *slim_end_point(slim_graph *graph, const char *collection, const char *alias);
/** Aliases of a collection in order: item i's alias. NULL outside. */
SLIM_API const char *slim_end_point_alias(slim_graph *graph, const char *collection, size_t i);

/** Writes the graph as text: one line per op with name, op, inputs and shapes. @return as snprintf. */
SLIM_API size_t slim_graph_describe(const slim_graph *graph, char *text, size_t size);
/** The same as a Graphviz drawing (dot -Tsvg). @return as snprintf. */
SLIM_API size_t slim_graph_dot(const slim_graph *graph, char *text, size_t size);

/** One op of a graph, and its multiply-accumulates (convolutions and matrix products; 0 for all others). An open batch
 * counts as one sample. */
typedef struct slim_op_info {
  const char *name, *op; /* "LeNet/conv1/Conv2D", "conv2d"; owned by the graph */
  slim_shape shape;      /* of the result */
  int64_t macs;
} slim_op_info;

/** Writes up to capacity ops in order of creation. @return how many there are. */
SLIM_API size_t slim_graph_list(const slim_graph *graph, slim_op_info *infos, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
