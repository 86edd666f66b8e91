/*
 * A program is what a set of fetches needs of a graph; a plan is a program compiled for one batch size: an array of
 * prepared steps. Passes, in order: prune (per program), then bind, fold, order, half, batch_norm, backward, recompute, split,
 * apply, pad, fuse, place, in_place, memory; then steps are prepared. Tensors and nodes are found by id in arrays as long as the graph's.
 */
#ifndef SLIM_SESSION_PLAN_H
#define SLIM_SESSION_PLAN_H

#include "base/arena.h"
#include "session/values.h"

/* Passes that can be switched off, SLIM_PASSES=-fuse,-memory; or on, +recompute. Without prune, tensors that only give their shape are
 * computed too. */
#define SLIM_PASS_MAP(X) X(prune) X(fold) X(batch_norm) X(backward) X(recompute) X(apply) X(fuse) X(in_place) X(memory)
enum slim_pass {
#define SLIM_PASS_ENUM_(name_) SLIM_PASS_ID_##name_,
  SLIM_PASS_MAP(SLIM_PASS_ENUM_)
#undef SLIM_PASS_ENUM_
      SLIM_PASS_COUNT
};
#define SLIM_PASS(name_) (1u << SLIM_PASS_ID_##name_)
#define SLIM_PASS_ALL ((1u << SLIM_PASS_COUNT) - 1)
#define SLIM_PASS_DEFAULT (SLIM_PASS_ALL & ~SLIM_PASS(recompute))
/* "-fuse,-memory" (NULL: the default) as a mask. Errors: an unknown name. */
slim_status slim_passes_parse(const char *text, unsigned *passes, slim_error *error);

/* --- program ------------------------------------------------------------------------------------------------------ */

typedef struct slim_plan slim_plan;

/* What a node is to a program. */
enum slim_need {
  SLIM_NEED_SHAPE = 1, /* its shapes are asked for */
  SLIM_NEED_RUN = 2    /* it runs (sources: their values are read) */
};

typedef struct slim_program {
  slim_arena *arena;
  slim_graph *graph;
  size_t num_nodes; /* of the graph when it was pruned */
  unsigned passes;
  bool forward_only; /* leaves out what writes variables (numeric trace) */
  size_t num_fetches;
  slim_tensor **fetches;
  bool *wanted;        /* per fetch: its data is asked for */
  unsigned char *need; /* by node id: slim_need */
  size_t num_placeholders, num_variables;
  slim_node **placeholders, **variables; /* in order of creation */
  slim_plan *plans;
  struct slim_program *next;
} slim_program;

/* Prunes the graph to what the fetches need. Errors: SLIM_ERR_MEMORY. */
slim_status slim_pass_prune(slim_program *program, slim_error *error);

/* --- plan --------------------------------------------------------------------------------------------------------- */

/* Where a value is. On a unified device all is SLIM_ON_DEVICE. */
typedef enum slim_where { SLIM_ON_DEVICE, SLIM_ON_HOST } slim_where;

/* A piece of memory of a plan: live from step first to step last, both included. */
typedef struct slim_slot {
  size_t bytes;
  slim_where where;
  bool keep;       /* for the life of the plan: device copies of constants, folded results */
  int first, last; /* first > last: not used */
  int same;        /* slot whose memory this is: itself, or an input's that the step overwrites */
  int arena;       /* number within its kind */
  size_t offset;
} slim_slot;

typedef struct slim_plan_tensor {
  const slim_tensor *tensor; /* the graph's, or the plan's own */
  slim_shape shape;          /* batch bound */
  slim_dtype dtype;
  size_t bytes;
  int root;    /* tensor whose memory this is: itself, or what it is an alias of */
  int readers; /* inputs of running nodes that read the value, and fetches */
  bool fetched;
  /* of roots: */
  slim_where home;   /* where it is made */
  slim_value *value; /* of a variable */
  bool written;      /* a variable that the plan writes */
  int num_parts;     /* of one larger than a buffer can be: tensors that stand for it, pieces along its first dimension */
  slim_tensor **parts;
  bool refreshed;    /* made by a step that seldom runs: version counts how often */
  uint64_t version;
  bool placed[2];    /* view[where] has memory of its own: variables, constants on the host */
  int slot[2];       /* by where; -1: none */
  bool fresh[2];     /* while placing: this copy holds the value */
  slim_view view[2]; /* by where */
} slim_plan_tensor;

/* A group and where it runs. */
typedef struct slim_plan_group {
  slim_group group;
  slim_where where;
  bool fallback; /* on the host because the device has no kernel */
  bool once;     /* folded: runs when the plan is made */
  bool refresh;  /* runs again only when a variable it reads has changed; what it makes is kept */
} slim_plan_group;

typedef enum slim_step_kind { SLIM_STEP_RUN, SLIM_STEP_UPLOAD, SLIM_STEP_DOWNLOAD } slim_step_kind;

typedef struct slim_plan_step {
  slim_step_kind kind;
  bool once;
  bool refresh; /* as its group's */
  bool writes;  /* variables */
  int tensor;             /* of a copy: its root */
  slim_plan_group *group; /* of a run */
  slim_view *in, *out;
  int workspace; /* slot, -1: none */
  slim_device *device;
  slim_step *step;
  int num_written;
  uint64_t **written; /* versions of the variables it writes, and of the tensors it refreshes */
  uint64_t seen;      /* of a group that refreshes: 1 + the sum of its inputs' versions when it ran; 0: never */
  /* Where nothing has to be refreshed, it runs with those behind it to which there is no more than enqueue: */
  slim_step **row; /* in plan->queue */
  int in_row;      /* 0: it runs alone */
  int next;        /* number of the step behind */
} slim_plan_step;

/* Memory of one kind of slot: arenas in device buffers or host memory. */
typedef struct slim_plan_memory {
  int num_arenas;
  size_t *bytes;        /* by arena */
  slim_buffer **buffer; /* device */
  char **address;       /* host, or device memory that is host memory */
} slim_plan_memory;

enum slim_memory_kind {
  SLIM_MEMORY_DEVICE,
  SLIM_MEMORY_HOST,
  SLIM_MEMORY_KEEP,
  SLIM_MEMORY_KEEP_HOST,
  SLIM_MEMORY_KINDS
};

/* Device buffers that the plans of a session share: they run one after another. */
typedef struct slim_pool {
  slim_device *device;
  size_t count;
  slim_buffer **buffer;
  size_t *bytes;
} slim_pool;

struct slim_plan {
  slim_arena *arena;
  const slim_program *program;
  slim_graph *graph;
  slim_device *device, *host; /* host: the CPU device; the same when unified */
  bool unified;
  unsigned passes;
  int batch;
  slim_values *values;
  slim_plan_tensor *tensors; /* by tensor id */
  size_t num_tensors, num_nodes; /* the graph's and the plan's own */
  size_t tensor_room, node_room;
  unsigned char *once; /* by node id: folded */
  slim_node **order;
  size_t num_order;
  slim_plan_group *groups;
  size_t num_groups;
  slim_slot *slots;
  size_t num_slots, slot_room;
  slim_plan_step *steps;
  size_t num_steps, step_room, num_run; /* steps[0..num_run) each run, the rest once */
  slim_step **queue;                    /* those that need no more than enqueue */
  int first;                            /* as next of a step before all others */
  bool refreshes;                       /* has steps that do */
  slim_plan_memory memory[SLIM_MEMORY_KINDS];
  const slim_node *check; /* its first finite check, NULL without one */
  bool writes;            /* variables */
  bool halves;            /* reads weights that are kept as halves */
  bool ready;             /* all its variables have values */
  uint64_t *changes;      /* of variables, counted */
  uint64_t refreshed_at;  /* changes when the steps that refresh were looked at last; 0: never */
  slim_plan *next;
  slim_error error;
};

/* Shapes and types of all tensors with the batch bound; roots of aliases; who reads what. */
slim_status slim_pass_bind(slim_plan *plan);
/* Marks nodes that depend on constants alone. */
slim_status slim_pass_fold(slim_plan *plan);
/* Running nodes by stage, then order of creation, inputs first; which variables they write. */
slim_status slim_pass_order(slim_plan *plan);
/* Weights that are kept as halves: which nodes read them as they are, and casts for the others.
 * Errors: SLIM_ERR_STATE when the plan writes one. */
slim_status slim_pass_half(slim_plan *plan);
/* Batch norm with given statistics becomes part of the weights and bias before it. */
slim_status slim_pass_batch_norm(slim_plan *plan);
/* Gradients of activations and penalties become part of what follows. */
slim_status slim_pass_backward(slim_plan *plan);
/* What gradients read is made again rather than kept. */
slim_status slim_pass_recompute(slim_plan *plan);
/* What reads or makes variables larger than a buffer can be runs part by part. */
slim_status slim_pass_split(slim_plan *plan);
/* Optimizers update variables while other gradients are still to come. */
slim_status slim_pass_apply(slim_plan *plan);
/* Zeros around images are left to the convolutions that read them; part of fuse. */
slim_status slim_pass_pad(slim_plan *plan);
/* Groups of one or more nodes, in running order. */
slim_status slim_pass_fuse(slim_plan *plan);
/* Where each group runs; steps with the copies they need; slots and how long they live. */
slim_status slim_pass_place(slim_plan *plan);
/* Elementwise steps write over their first input, others over one that they add, where nobody needs it later. */
slim_status slim_pass_in_place(slim_plan *plan);
/* Arena and offset of each slot. */
slim_status slim_pass_memory(slim_plan *plan);
/* Best fit by size: sets arena and offset of slots, no two that live at once overlapping; limit: bytes of an arena (0:
 * none). bytes has room for one size per slot. @return the number of arenas, -1 without memory, -2 if a slot is larger
 * than limit. */
int slim_memory_fit(slim_slot *const *slots, size_t count, size_t limit, bool reuse, size_t *bytes);

/* What plans of a session are compiled for. */
typedef struct slim_target {
  slim_device *device, *host; /* host: the CPU device; the same when unified */
  bool unified;               /* the device computes in host memory */
  slim_values *values;
  slim_pool *pool;
} slim_target;

/* Compiles program for batch. NULL with error set. */
slim_plan *slim_plan_create(const slim_program *program, int batch, const slim_target *target, slim_error *error);
void slim_plan_destroy(slim_plan *plan);
/* Memory for slots, views for steps, prepared steps, constants uploaded. */
slim_status slim_plan_prepare(slim_plan *plan, slim_pool *pool);
/* One step now: runs are enqueued, downloads wait. */
slim_status slim_plan_step_run(slim_plan *plan, slim_plan_step *step, const slim_run *run);
/* All steps of a run. */
slim_status slim_plan_run(slim_plan *plan, const slim_run *run);

/* --- what the passes share ---------------------------------------------------------------------------------------- */

/* May the value of input i be read (not only its shape)? */
bool slim_node_reads(const slim_node *node, int i);
/* Has the node work to do, or is it a source, another name or a list (reshape, group)? */
bool slim_node_works(const slim_node *node);
/* Does it write variables? Then slim_node_first_written is the first input that it may write. */
bool slim_node_writes(const slim_node *node);
int slim_node_first_written(const slim_node *node);     /* -1: none */
bool slim_node_may_write(const slim_node *node, int i); /* input i */
/* Is output 0 a host scalar although the op runs on the device (apply_...)? */
bool slim_node_answers_on_host(const slim_node *node);

/* Input i of a group in the order of the backend's contract: node and its input number. */
typedef struct slim_group_input {
  const slim_node *node;
  int input;
} slim_group_input;
slim_group_input slim_group_in(const slim_group *group, int i);
/* Output i: the last node's first, then those of nodes[0] from 1 on. */
const slim_tensor *slim_group_out(const slim_group *group, int i);

slim_plan_tensor *slim_plan_root(slim_plan *plan, const slim_tensor *tensor);
/* The tensor's shape and type in the memory of its root; no memory as long as that has none. */
slim_view slim_plan_view(slim_plan *plan, const slim_tensor *tensor, slim_where where);
slim_view slim_view_shape_only(slim_view view);
/* Views of a group's inputs and outputs, with memory as far as it is known. */
void slim_plan_group_views(slim_plan *plan, const slim_plan_group *group, slim_view *in, slim_view *out);
/* Where a group wants this input. */
slim_where slim_plan_input_where(const slim_plan *plan, const slim_plan_group *group, slim_group_input input);
/* Where a group leaves this output. */
slim_where slim_plan_output_where(const slim_plan *plan, const slim_plan_group *group, const slim_tensor *output);
/* Room for so many more nodes and tensors of the plan's own. false: no memory. */
bool slim_plan_reserve(slim_plan *plan, size_t nodes, size_t tensors);
/* A new slot that no step uses yet. @return its number, -1 without memory. */
int slim_plan_slot(slim_plan *plan, size_t bytes, slim_where where);
slim_status slim_plan_no_memory(slim_plan *plan);

#endif
