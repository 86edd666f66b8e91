/*
 * Optional arguments. Every layer, loss and variable call takes its required values by position and the rest by name:
 *
 *   net = slim_conv2d(net, 64, SLIM_HW(3, 3), .stride = { 2 }, .activation = slim_relu, .scope = "conv1");
 *
 * A field counts as set when any of its bytes is not zero: NULL, false and 0 are the default, as if they were left out.
 * What is none, no or zero has a name of its own: slim_identity (no activation, no normalizer), SLIM_NO_INIT (no
 * biases), SLIM_NO_REG, SLIM_NO or SLIM_FLAG(is_training), SLIM_ZERO, "".
 * Precedence: the call, then the innermost arg scope naming the layer, then outer scopes, then the layer's default.
 */
#ifndef SLIM_ARGS_H
#define SLIM_ARGS_H

#include "slim/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct slim_graph slim_graph;
typedef struct slim_tensor slim_tensor;
typedef struct slim_args slim_args;

/** The layer type. Any function of this type is a layer: hand it to slim_repeat, slim_stack, SLIM_OPS or .normalizer. */
typedef slim_tensor *(*slim_layer_fn)(const slim_args *args);

/** Height and width. A second number of 0 means the first for both: { 3 } is 3x3. */
typedef struct slim_hw {
  int h, w;
} slim_hw;

typedef enum slim_padding { SLIM_PADDING_UNSET, SLIM_SAME, SLIM_VALID } slim_padding;
typedef enum slim_data_format { SLIM_DATA_FORMAT_UNSET, SLIM_NHWC, SLIM_NCHW } slim_data_format;
/** AUTO_REUSE gets or creates; YES gets only; NO creates only (and does not switch off an outer YES). */
typedef enum slim_reuse { SLIM_REUSE_UNSET, SLIM_REUSE_NO, SLIM_REUSE_YES, SLIM_AUTO_REUSE } slim_reuse;
typedef enum slim_pooling { SLIM_POOLING_UNSET, SLIM_MAX_POOLING, SLIM_AVG_POOLING } slim_pooling;
/** How a weighted loss becomes its result; SUM_BY_NONZERO_WEIGHTS is TF-Slim's and the default. */
typedef enum slim_reduction {
  SLIM_REDUCTION_UNSET,
  SLIM_SUM_BY_NONZERO_WEIGHTS,
  SLIM_SUM,
  SLIM_MEAN, /* sum(weights * losses) / sum(weights) */
  SLIM_SUM_OVER_BATCH_SIZE,
  SLIM_REDUCTION_NONE
} slim_reduction;

/** What layers over depth, height and width do along the depth; 0: as along the height. */
typedef struct slim_depth {
  int kernel, stride, rate;
} slim_depth;

/** Bounds of batch renormalisation's corrections; 0: none. */
typedef struct slim_clipping {
  float rmax, rmin, dmax;
} slim_clipping;

/** Yes or no: SLIM_YES, SLIM_NO or SLIM_FLAG(bool). A bare bool, which would read as unset when it is false, is no
 * pointer, and so compilers warn of it or refuse it (of a constant false with -Wall). */
typedef struct slim_flag {
  const struct slim_flag_needs_SLIM_FLAG *value; /* never defined; NULL: unset */
} slim_flag;
/** Is it yes? otherwise when it is unset. */
SLIM_API bool slim_flag_or(slim_flag flag, bool otherwise);

typedef enum slim_initializer_kind {
  SLIM_INIT_UNSET,
  SLIM_INIT_NONE,
  SLIM_INIT_CONSTANT,
  SLIM_INIT_RANDOM_NORMAL,
  SLIM_INIT_TRUNCATED_NORMAL,
  SLIM_INIT_RANDOM_UNIFORM,
  SLIM_INIT_VARIANCE_SCALING
} slim_initializer_kind;

typedef enum slim_fan_mode { SLIM_FAN_IN, SLIM_FAN_OUT, SLIM_FAN_AVG } slim_fan_mode;

/** How a variable starts. Use the macros below. */
typedef struct slim_initializer {
  slim_initializer_kind kind;
  float a, b; /* constant: a; normal: mean a, standard deviation b; uniform: [a, b); variance scaling: factor a */
  slim_fan_mode mode;
  int uniform;
  int has_seed;
  uint64_t seed; /* own seed of the op; otherwise the graph's seed and the variable's name decide */
} slim_initializer;

/** L1 and L2 weight regularizer: l1 * sum|w| + l2 * sum(w^2) / 2. */
typedef struct slim_regularizer {
  int kind; /* 0 unset, 1 none, 2 penalty */
  float l1, l2;
} slim_regularizer;

/** A row of slim_stack: what goes by position to one call of the layer. */
typedef struct slim_row {
  int num_outputs;
  slim_hw kernel;
} slim_row;

typedef struct slim_rows {
  const slim_row *row;
  size_t count;
} slim_rows;

struct slim_options_must_be_named; /* never defined: a positional value too many warns with this name */

struct slim_args {
  size_t struct_size; /* set by the macros; an old caller may meet a newer library */
  int num_outputs;    /* this and kernel are the only two that may go by position */
  slim_hw kernel;     /* also an option of arg scopes: { 0 } in the call takes the scope's */
  const struct slim_options_must_be_named *guard1_;
  slim_tensor *input;
  slim_graph *graph;  /* for calls without an input tensor */
  slim_tensor *labels; /* second tensor of a loss */
  slim_layer_fn layer; /* repeat, stack */
  int repetitions;
  slim_rows rows;
  const char *name; /* variable: its leaf name */
  slim_shape shape; /* variable */
  int axis;         /* cosine_distance, unit_norm; maxout (-1); negative: from the end */
  slim_pooling pooling_type; /* pool */
  const struct slim_options_must_be_named *guard2_;
  /* options */
  slim_hw stride, rate;
  slim_padding padding;
  slim_data_format data_format;
  slim_layer_fn activation, normalizer;
  const slim_args *normalizer_args;
  slim_initializer weights_initializer, biases_initializer;
  slim_regularizer weights_regularizer, biases_regularizer;
  slim_flag trainable, is_training;
  slim_reuse reuse;
  float keep_prob, decay, epsilon, alpha;
  slim_flag center, scale;
  slim_initializer beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer;
  slim_regularizer beta_regularizer, gamma_regularizer;
  const char *variables_collections; /* "a,b" for every variable of the layer; "weights=a,biases=b" by kind */
  const char *outputs_collections;   /* "a,b" */
  const char *updates_collections;   /* "" runs the updates in place */
  slim_initializer initializer;      /* variable */
  slim_regularizer regularizer;      /* variable */
  const char *collections;           /* variable: "a,b" instead of its default */
  const char *device;                /* variable: where it lives, for example "/CPU:0" */
  slim_dtype dtype;                  /* variable: float32 */
  slim_tensor *weights;              /* loss: a weight per sample or element */
  float weight;                      /* loss: one weight for all (1) */
  float label_smoothing;
  slim_reduction reduction;
  float on_value, off_value; /* one_hot_encoding: 1 and 0 */
  const char *loss_collection; /* "losses"; "" adds to none */
  int has_seed;
  uint64_t seed;
  const char *scope;
  const void *user; /* options of a layer of your own; arg scopes carry it too */
  int depth_multiplier; /* separable_conv2d: channels of the depthwise part for each of the input (1) */
  slim_initializer pointwise_initializer;
  float delta; /* huber_loss: where squares end (1) */
  slim_depth depth;                           /* layers over three axes */
  int begin_norm_axis, begin_params_axis;     /* layer_norm (1, -1); negative: from the end */
  int groups, channels_axis;                  /* group_norm (32, -1) */
  unsigned reduction_axes;                    /* group_norm: bit i for axis i (the two before the last) */
  slim_flag mean_close_to_zero;               /* group_norm (no) */
  float temperature;                          /* spatial_softmax: the first (1) */
  slim_flag zero_debias_moving_mean, renorm;  /* batch_norm (no, no) */
  float renorm_decay;                         /* batch_norm (0.99) */
  slim_clipping renorm_clipping;              /* batch_norm: none */
  slim_flag fused;                            /* batch_norm (yes) */
  slim_flag inverse;                          /* gdn (no) */
  float beta_min, gamma_init, reparam_offset; /* gdn (1e-6, 0.1, 2^-18) */
  int eos_token;                              /* dense_to_sparse (0) */
  slim_shape noise_shape;     /* dropout: 1 where the mask is shared along an axis, 0 or the input's size elsewhere */
  slim_tensor *batch_weights; /* batch_norm: a weight per sample */
  slim_tensor *training;      /* batch_norm, dropout: is_training told by each run: 1 or 0, a scalar of any type */
};

#define SLIM_INIT_(...)                                                                                                \
  {                                                                                                                    \
    .struct_size = sizeof(slim_args), __VA_ARGS__                                                                      \
  }
#define SLIM_ARGS(...) (&(slim_args)SLIM_INIT_(__VA_ARGS__))

#define SLIM_HW(h_, w_) ((slim_hw){ (h_), (w_) })
#ifdef __cplusplus
#define SLIM_FLAG_(number_)                                                                                            \
  (slim_flag{ reinterpret_cast<const slim_flag_needs_SLIM_FLAG *>(static_cast<uintptr_t>(number_)) })
#else
#define SLIM_FLAG_INIT_(number_)                                                                                       \
  {                                                                                                                    \
    (const struct slim_flag_needs_SLIM_FLAG *)(uintptr_t)(number_)                                                     \
  }
#define SLIM_FLAG_(number_) ((slim_flag)SLIM_FLAG_INIT_(number_))
#endif
#define SLIM_YES SLIM_FLAG_(1)
#define SLIM_NO SLIM_FLAG_(2)
#define SLIM_FLAG(value_) SLIM_FLAG_((value_) ? 1 : 2)
/** Zero where unset would mean the default: the smallest float. */
#define SLIM_ZERO 1.40129846e-45f
#define SLIM_ROW(...) ((slim_row){ .num_outputs = __VA_ARGS__ })
#define SLIM_ROWS(...)                                                                                                 \
  ((slim_rows){ (const slim_row[]){ __VA_ARGS__ }, sizeof((slim_row[]){ __VA_ARGS__ }) / sizeof(slim_row) })

#define SLIM_NO_INIT ((slim_initializer){ .kind = SLIM_INIT_NONE })
#define SLIM_CONSTANT(value_) ((slim_initializer){ .kind = SLIM_INIT_CONSTANT, .a = (value_) })
#define SLIM_ZEROS SLIM_CONSTANT(0.0f)
#define SLIM_ONES SLIM_CONSTANT(1.0f)
#define SLIM_RANDOM_NORMAL(mean_, stddev_)                                                                             \
  ((slim_initializer){ .kind = SLIM_INIT_RANDOM_NORMAL, .a = (mean_), .b = (stddev_) })
#define SLIM_TRUNCATED_NORMAL(stddev_) ((slim_initializer){ .kind = SLIM_INIT_TRUNCATED_NORMAL, .b = (stddev_) })
#define SLIM_RANDOM_UNIFORM(low_, high_)                                                                               \
  ((slim_initializer){ .kind = SLIM_INIT_RANDOM_UNIFORM, .a = (low_), .b = (high_) })
/** Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks". */
#define SLIM_XAVIER                                                                                                    \
  ((slim_initializer){ .kind = SLIM_INIT_VARIANCE_SCALING, .a = 1.0f, .mode = SLIM_FAN_AVG, .uniform = 1 })
/** He et al. 2015 with factor 2 and SLIM_FAN_IN; not uniform: truncated normal with sqrt(1.3 * factor / n). */
#define SLIM_VARIANCE_SCALING(factor_, mode_, uniform_)                                                                \
  ((slim_initializer){ .kind = SLIM_INIT_VARIANCE_SCALING, .a = (factor_), .mode = (mode_), .uniform = (uniform_) })

#define SLIM_NO_REG ((slim_regularizer){ .kind = 1 })
#define SLIM_L1(scale_) ((slim_regularizer){ .kind = 2, .l1 = (scale_) })
#define SLIM_L2(scale_) ((slim_regularizer){ .kind = 2, .l2 = (scale_) })
#define SLIM_L1_L2(l1_, l2_) ((slim_regularizer){ .kind = 2, .l1 = (l1_), .l2 = (l2_) })

#ifdef __cplusplus
}
#endif
#endif
