/* Data: files -> records -> decoded items -> preprocessed batches, with TF-Slim's formats and names. */
#ifndef SLIM_DATA_H
#define SLIM_DATA_H

#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct slim_decoder slim_decoder;
typedef struct slim_dataset slim_dataset;
typedef struct slim_reader slim_reader;
typedef struct slim_provider slim_provider;
typedef struct slim_queue slim_queue;

/* --- batches: what a session takes from a queue ------------------------------------------------------------------- */

/** One item of all samples of a batch, row-major: shape is [size, ...]. data lies on a 64-byte boundary. */
typedef struct slim_batch_item {
  const char *name;
  slim_dtype dtype;
  slim_shape shape;
  const void *data;
} slim_batch_item;

typedef struct slim_batch {
  int size; /* samples in it; fewer than the queue's batch size only at the end of input */
  int num_items;
  const slim_batch_item *items;
  int slot; /* the queue's own */
} slim_batch;

/**
 * The next batch, waiting for it where needed. It belongs to the caller until slim_queue_give_back; several may be held
 * at once (one fewer than the queue prefetches), and threads may share a queue. Order and content depend on the options
 * alone, never on timing or the number of threads.
 * Errors: SLIM_ERR_END after the last batch; what a background thread met, with file and record offset, in place of the
 * batch that has the damaged sample (the batches before it are delivered). Both repeat on later calls.
 */
SLIM_API slim_status slim_queue_take(slim_queue *queue, const slim_batch **batch, slim_error *error);
/** Hands a batch back, so that its memory is filled again. NULL is fine. */
SLIM_API void slim_queue_give_back(slim_queue *queue, const slim_batch *batch);
/**
 * The stream begins again as it was created: the next batch is its first one. Batches that are held are void. A queue
 * that nothing was taken of yet stays as it is. Errors: SLIM_ERR_STATE while another thread waits in slim_queue_take;
 * SLIM_ERR_MEMORY when the system gives no threads, and then slim_queue_take returns it too.
 */
SLIM_API slim_status slim_queue_restart(slim_queue *queue, slim_error *error);
/** Whether it never ends: num_epochs is 0. */
SLIM_API bool slim_queue_endless(const slim_queue *queue);
/** How many items a batch has. */
SLIM_API int slim_queue_num_items(const slim_queue *queue);
/** Name, type and shape of an item: [-1, ...], data NULL. NULL for an item that the queue has not. */
SLIM_API const slim_batch_item *slim_queue_item(const slim_queue *queue, int item);
/** Samples of a full batch. */
SLIM_API int slim_queue_batch_size(const slim_queue *queue);
/** How full it is: batches that are ready now, out of *capacity (may be NULL). */
SLIM_API int slim_queue_ready(const slim_queue *queue, int *capacity);
/** Stops and joins the threads, frees all batches. NULL is fine. No thread may be inside slim_queue_take. */
SLIM_API void slim_queue_destroy(slim_queue *queue);

/** Samples that lie in memory: samples rows of shape each. */
typedef struct slim_array {
  const char *name;
  slim_dtype dtype; /* not SLIM_STRING */
  slim_shape shape; /* of one sample; rank 0: a number */
  const void *data; /* borrowed: must outlive the queue */
} slim_array;

/** Order, length and speed of a stream of samples. Zero means the default, given in brackets. */
typedef struct slim_stream_options {
  bool shuffle;
  uint64_t seed;
  int num_epochs;          /* [endless] */
  int64_t start_step;      /* [0] batches to skip: a resumed run goes on where step start_step would have been */
  int64_t shuffle_records; /* [65536] a sample is drawn uniformly among so many; a set no larger is fully permuted */
  int num_threads;         /* [2] threads that read, decode and preprocess */
  int capacity;            /* [8] batches (readers and providers: 16 samples each) that are made ahead */
  bool drop_partial;       /* leaves out the last batch when it is not full */
} slim_stream_options;

/** Batches from arrays in memory that all have samples rows. Errors: SLIM_ERR_ARG for a size or an array that cannot
 * be. */
SLIM_API slim_status slim_queue_of_arrays(const slim_array *arrays, int num_arrays, int64_t samples, int batch_size,
                                          const slim_stream_options *options, slim_queue **queue, slim_error *error);

/** Makes sample number sample, from 0 on: item i of it goes to rows[i]. Called by many threads; worker, below
 * num_threads, says by which. */
typedef slim_status (*slim_fill_fn)(void *user, int worker, int64_t sample, void *const *rows, slim_error *error);

/** prefetch_queue: batches of whatever a function makes, ahead of time. items: name, type and shape of a sample; data
 * is not read. A queue has samples of them, in the order of options. Errors: as slim_queue_of_arrays; what make returns
 * comes from slim_queue_take. */
SLIM_API slim_status slim_prefetch_queue(const slim_array *items, int num_items, int64_t samples, slim_fill_fn make,
                                         void *user, int batch_size, const slim_stream_options *options,
                                         slim_queue **queue, slim_error *error);

/* --- preprocessing ------------------------------------------------------------------------------------------------ */

/** One image to prepare: pixels are uint8 [h, w, c], c 1 or 3. */
typedef struct slim_preprocess_call {
  const uint8_t *pixels;
  int h, w, c;
  int out_h, out_w;
  bool is_training, use_grayscale;
  uint64_t seed, sample; /* what random choices depend on: the run's seed and the sample's number in the stream */
} slim_preprocess_call;

/** Writes float32 [out_h, out_w, channels], channels being 1 with use_grayscale, else c. */
typedef slim_status (*slim_preprocessing)(const slim_preprocess_call *call, float *out, slim_error *error);

/** The function for a net's name ("lenet", "vgg_16", "inception_v3", ...) or for "lenet", "cifarnet", "vgg",
 * "inception". Errors: NULL and SLIM_ERR_NOT_FOUND with the list of names. */
SLIM_API slim_preprocessing slim_get_preprocessing(const char *name, slim_error *error);

/** The range that the values of a preprocessing lie in, by the same names: [-1, 1] of lenet and inception, [-123.68,
 * 151.061] of vgg, and nearly all of cifarnet in [-3, 3]. @return false, and nothing is written, for another name. */
SLIM_API bool slim_preprocessing_range(const char *name, float *low, float *high);

/** Reads a JPEG or PNG file as channels (1 or 3) channels and prepares it: out has room for out_h * out_w * channels.
 * call gives out_h, out_w, is_training, use_grayscale and seed. Errors name the file. */
SLIM_API slim_status slim_preprocess_file(slim_preprocessing preprocessing, const char *path, int channels,
                                          const slim_preprocess_call *call, float *out, slim_error *error);

/* --- decoding tf.Example ------------------------------------------------------------------------------------------ */

typedef struct slim_string {
  const void *data;
  size_t size;
} slim_string;

/** A decoded value. The memory grows with slim_item_resize and is used again for the next record. Zero-initialise. */
typedef struct slim_item {
  slim_dtype dtype;
  slim_shape shape;
  void *data; /* row-major; SLIM_STRING: slim_string[], pointing into the record */
  size_t capacity;
  /* A sparse value has shape [n], and of each of its n elements the place: dense_shape.rank numbers. */
  int64_t *indices;
  size_t indices_capacity;
  slim_shape dense_shape; /* rank 0: the value is dense */
} slim_item;

/** Room for a value of this type and shape (all dimensions 0 or more). @return item->data, NULL with error set. */
SLIM_API void *slim_item_resize(slim_item *item, slim_dtype dtype, const slim_shape *shape, slim_error *error);
/** Room for count elements and their places in dense_shape. @return item->data, NULL with error set. */
SLIM_API void *slim_item_resize_sparse(slim_item *item, slim_dtype dtype, size_t count, const slim_shape *dense_shape,
                                       slim_error *error);
/** Does it have places? */
SLIM_API bool slim_item_is_sparse(const slim_item *item);
/** Number of elements; 0 for an empty value. */
SLIM_API size_t slim_item_elements(const slim_item *item);
/** Frees its memory; the item may be used again. */
SLIM_API void slim_item_clear(slim_item *item);

/** A feature that records have: TensorFlow's FixedLenFeature, or VarLenFeature with var_len. */
typedef struct slim_feature_spec {
  const char *key;
  slim_dtype dtype; /* SLIM_FLOAT32, SLIM_INT64 or SLIM_STRING */
  slim_shape shape; /* fixed length: of the value; rank 0: one number or string */
  bool var_len;     /* a list of any length, [n]; empty when missing */
  bool has_default; /* a missing fixed-length feature has this value throughout; without it that is an error */
  int64_t default_int;
  float default_float;
  const char *default_text; /* [""] */
} slim_feature_spec;

typedef enum slim_handler_kind {
  SLIM_HANDLE_TENSOR = 1, /* keys[0] as it is, or in the shape of .shape or of the int64 features .shape_keys; a list by
                             time of any length is made dense */
  SLIM_HANDLE_IMAGE,      /* keys[0] ["image/encoded"] with format keys[1] ["image/format"] -> uint8 [h, w, channels] */
  SLIM_HANDLE_BOUNDING_BOX, /* keys ["ymin", "xmin", "ymax", "xmax"] with prefix -> float32 [n, 4] */
  SLIM_HANDLE_CALLBACK,     /* keys -> callback */
  SLIM_HANDLE_BACKUP,       /* first, or backup when the value of first is empty */
  SLIM_HANDLE_LOOKUP,       /* as tensor, of strings, and then the numbers that .table has for them: int64 */
  /* keys ["indices", "values"]: sparse, in the shape of .shape, of .shape_keys or of the indices; or .densify. */
  SLIM_HANDLE_SPARSE_TENSOR,
  /* Of lists by time of any length, which is what a sequence has: */
  SLIM_HANDLE_BOUNDING_BOX_SEQUENCE, /* keys ["ymin", "xmin", "ymax", "xmax"] with prefix -> float32 [time, most, 4] */
  SLIM_HANDLE_NUM_BOXES_SEQUENCE,    /* keys -> how many values the first has: int64 [time] */
  SLIM_HANDLE_KEYPOINTS_SEQUENCE     /* keys ["y", "x"] with prefix -> float32 [time, most, 2] */
} slim_handler_kind;

/** What a lookup finds: for keys[i] values[i], or i without values; default_value for all else (-1 in TensorFlow's
 * index tables). */
typedef struct slim_lookup_table {
  const char *const *keys;
  const int64_t *values;
  int num_keys;
  int64_t default_value;
} slim_lookup_table;

#define SLIM_HANDLER_KEYS 8

/** Makes an item from the features that its handler names, in that order. */
typedef slim_status (*slim_item_callback)(void *user, const slim_item *const *features, int num_features,
                                          slim_item *item, slim_error *error);

typedef struct slim_item_handler {
  const char *item; /* "image", "label", ... */
  slim_handler_kind kind;
  const char *keys[SLIM_HANDLER_KEYS];
  const char *shape_keys[SLIM_MAX_RANK];
  bool has_shape;
  slim_shape shape; /* tensor: one dimension may be -1; image: checked, and needed for format "raw" */
  int channels;     /* image: 1, 3 [3] */
  const char *prefix;
  slim_item_callback callback;
  void *user;
  const struct slim_item_handler *first, *backup;
  bool repeated;    /* image: keys[0] holds any number of images of one size -> [n, h, w, channels] */
  bool densify;     /* sparse tensor */
  bool has_default; /* what stands where a value has no element: else 0, "" or, in sequences of boxes and points, -1 */
  double default_value;
  const char *default_text;
  const slim_lookup_table *table;
  slim_flag check_consistency; /* num boxes: all keys must have as many as the first; yes */
} slim_item_handler;

/** TFExampleDecoder. All is copied, but for user. Errors: a handler's key that is no feature, an item named twice. */
SLIM_API slim_status slim_decoder_create(const slim_feature_spec *features, int num_features,
                                         const slim_item_handler *handlers, int num_handlers, slim_decoder **decoder,
                                         slim_error *error);
/**
 * TFSequenceExampleDecoder: context features as above, and features by time: of shape [time, ...], or with var_len of
 * any length a step; has_default here means that the list may be missing, and time is 0. Errors: as above, and a key
 * that is in both.
 */
SLIM_API slim_status slim_sequence_decoder_create(const slim_feature_spec *context_features, int num_context_features,
                                                  const slim_feature_spec *sequence_features, int num_sequence_features,
                                                  const slim_item_handler *handlers, int num_handlers,
                                                  slim_decoder **decoder, slim_error *error);
/** NULL is fine. Its samples must be gone. */
SLIM_API void slim_decoder_destroy(slim_decoder *decoder);
/** How many items it decodes. */
SLIM_API int slim_decoder_num_items(const slim_decoder *decoder);
/** Name of item i, in the order of the handlers; NULL outside. */
SLIM_API const char *slim_decoder_item_name(const slim_decoder *decoder, int i);

/** The items of one record. */
typedef struct slim_sample slim_sample;
/** An empty sample. NULL without memory. */
SLIM_API slim_sample *slim_sample_create(const slim_decoder *decoder);
/** NULL is fine. */
SLIM_API void slim_sample_destroy(slim_sample *sample);
/** By name; NULL if there is no such item. */
SLIM_API const slim_item *slim_sample_item(const slim_sample *sample, const char *name);
/** Decodes a serialized tf.Example, or tf.SequenceExample with such a decoder; record must live as long as string items
 * are read. Errors: SLIM_ERR_DATA naming the feature and what is wrong. */
SLIM_API slim_status slim_decoder_decode(const slim_decoder *decoder, const void *record, size_t size,
                                         slim_sample *sample, slim_error *error);

/* --- datasets ----------------------------------------------------------------------------------------------------- */

typedef struct slim_item_description {
  const char *item, *text;
} slim_item_description;

typedef struct slim_dataset_options {
  const char *const *data_sources;   /* NULL-terminated: paths and patterns (*, ?, [) of TFRecord files */
  const slim_feature_spec *features; /* of sequences those of the context */
  int num_features;
  const slim_feature_spec *sequence_features; /* makes the records tf.SequenceExample */
  int num_sequence_features;
  const slim_item_handler *handlers;
  int num_handlers;
  int64_t num_samples;     /* [counted from the files] */
  int num_classes;         /* [number of names in labels_file] */
  const char *labels_file; /* lines "<id>:<name>"; NULL or missing: no names */
  const slim_item_description *items_to_descriptions;
  int num_descriptions;
} slim_dataset_options;

/** Errors: SLIM_ERR_NOT_FOUND naming the pattern that no file matches. */
SLIM_API slim_status slim_dataset_create(const slim_dataset_options *options, slim_dataset **dataset,
                                         slim_error *error);
/**
 * A known dataset: "mnist", "fashion_mnist", "cifar10" (splits train, test), or any other name for a folder of images
 * that slimcl convert made ("flowers"; files "<name>_<split>_*.tfrecord"). Items: image uint8 [h, w, c], label int64.
 * Errors: SLIM_ERR_ARG naming the splits there are; SLIM_ERR_NOT_FOUND naming the pattern and the convert command.
 */
SLIM_API slim_status slim_dataset_open(const char *name, const char *split, const char *dataset_dir,
                                       slim_dataset **dataset, slim_error *error);
/** NULL is fine. Its queues and providers must be gone. */
SLIM_API void slim_dataset_destroy(slim_dataset *dataset);
/** Samples of one epoch. Counts records of unknown sets on the first call. Errors: -1, and a damaged file by name. */
SLIM_API int64_t slim_dataset_num_samples(slim_dataset *dataset, slim_error *error);
/** How many classes there are, 0 if unknown. */
SLIM_API int slim_dataset_num_classes(const slim_dataset *dataset);
/** The name of a class from labels.txt; NULL if there is none. */
SLIM_API const char *slim_dataset_class_name(const slim_dataset *dataset, int64_t label);
/** What decodes its records; owned by the dataset. */
SLIM_API const slim_decoder *slim_dataset_decoder(const slim_dataset *dataset);
/** Channels that the dataset's images have: 1 or 3; 0 without an image item. */
SLIM_API int slim_dataset_channels(const slim_dataset *dataset);
/** What an item is, in words ("The label of the image."), NULL if there is no such item. */
SLIM_API const char *slim_dataset_item_description(const slim_dataset *dataset, const char *item);
/** The files, in the order of their names; *count may be NULL. */
SLIM_API const char *const *slim_dataset_files(const slim_dataset *dataset, int *count);

/* --- single records and samples ----------------------------------------------------------------------------------- */

typedef struct slim_record {
  const void *data;
  size_t size;
  const char *file;
  uint64_t offset; /* of the record's header in the file */
} slim_record;

/** The files that the paths and patterns of a NULL-terminated list name, a pattern's in the order of their names.
 * @return a NULL-terminated list in one block: free() it. NULL and an error: SLIM_ERR_NOT_FOUND naming the source
 * without a file. *count may be NULL. */
SLIM_API char **slim_get_data_files(const char *const *data_sources, int *count, slim_error *error);
/** Records in the order of files and offsets, once. sources as in slim_dataset_options. */
SLIM_API slim_status slim_single_pass_read(const char *const *sources, slim_reader **reader, slim_error *error);
/** Records read by background threads, in an order of options alone (start_step counts records). */
SLIM_API slim_status slim_parallel_read(const char *const *sources, const slim_stream_options *options,
                                        slim_reader **reader, slim_error *error);
/** The next record, valid until the next call. Errors: SLIM_ERR_END; SLIM_ERR_DATA with file and offset. */
SLIM_API slim_status slim_reader_next(slim_reader *reader, slim_record *record, slim_error *error);
/** How many records it has given. */
SLIM_API int64_t slim_reader_num_records_produced(const slim_reader *reader);
/** Stops its threads. NULL is fine. */
SLIM_API void slim_reader_destroy(slim_reader *reader);

/** DatasetDataProvider: decoded samples one by one. The dataset must outlive it. (start_step counts samples.) Errors:
 * SLIM_ERR_ARG when the dataset has an item of the name record_key. */
SLIM_API slim_status slim_provider_create(slim_dataset *dataset, const slim_stream_options *options,
                                          slim_provider **provider, slim_error *error);
/** The next sample, valid until the next call. Errors as slim_reader_next. */
SLIM_API slim_status slim_provider_next(slim_provider *provider, const slim_sample **sample, slim_error *error);
/** An item of the sample delivered last; "record_key" is one too, a string. Errors: NULL and SLIM_ERR_NOT_FOUND naming
 * the items there are; NULL before the first sample. */
SLIM_API const slim_item *slim_provider_get(slim_provider *provider, const char *item, slim_error *error);
/** Name of item i, "record_key" being the last; NULL behind it. */
SLIM_API const char *slim_provider_list_items(const slim_provider *provider, int i);
/** Samples of the dataset. Errors: as slim_dataset_num_samples. */
SLIM_API int64_t slim_provider_num_samples(const slim_provider *provider, slim_error *error);
/** "file:offset" of the sample delivered last, which TF-Slim calls record_key. */
SLIM_API const char *slim_provider_record_key(const slim_provider *provider);
/** NULL is fine. */
SLIM_API void slim_provider_destroy(slim_provider *provider);

/* --- image batches ------------------------------------------------------------------------------------------------ */

typedef struct slim_image_options {
  int batch_size;                   /* [32] */
  int height, width;                /* of the net's input; required */
  slim_preprocessing preprocessing; /* required: from slim_get_preprocessing, or your own */
  bool is_training, use_grayscale;
  int labels_offset; /* subtracted from every label */
  slim_stream_options stream;
} slim_image_options;

/**
 * A queue of preprocessed images of a dataset with items "image" and "label": item 0 is image float32 [-1, height,
 * width, channels], item 1 label int64 [-1]. The dataset must outlive it.
 * Errors: SLIM_ERR_ARG by the option's name; a label outside [0, num_classes) with its file and offset.
 */
SLIM_API slim_status slim_image_queue(slim_dataset *dataset, const slim_image_options *options, slim_queue **queue,
                                      slim_error *error);

/** Options of slim_image_inputs; zero means the default, given in brackets. */
typedef struct slim_inputs_args {
  size_t struct_size; /* set by the macro */
  slim_graph *graph;
  const char *dataset, *split, *dataset_dir; /* as for slim_dataset_open */
  const struct slim_options_must_be_named *guard_;
  int batch_size;   /* [32] */
  bool is_training; /* shuffled, endless, full batches; else in order, once, the last batch may be partial */
  bool use_grayscale;
  int height, width;         /* [those of the dataset's images, where all have one size; else required] */
  const char *preprocessing; /* as for slim_get_preprocessing [what goes with mnist, fashion_mnist, cifar10] */
  int labels_offset;         /* subtracted from every label */
  uint64_t seed;             /* of order and distortions [the graph's] */
  int64_t start_step;        /* batches to skip */
  int num_threads;           /* [2] */
} slim_inputs_args;

/** A split of a dataset as tensors of a graph. */
typedef struct slim_inputs {
  slim_tensor *images; /* float32 [-1, height, width, channels] */
  slim_tensor *labels; /* int64 [-1] */
  int num_classes;     /* 0 if unknown; without those that labels_offset leaves out */
  int64_t num_samples;
  slim_dataset *dataset; /* the graph's */
} slim_inputs;

/**
 * The images and labels of a split, as placeholders that each session of the graph fills from one queue unless they are
 * fed or attached to another. Dataset and queue belong to the graph and end with it. One that is not for training ends
 * after one pass; each evaluation lets it begin again.
 * Errors, on the graph: those of slim_dataset_open, slim_get_preprocessing and slim_image_queue; then images and labels
 * are poison and the numbers 0.
 */
SLIM_API slim_inputs slim_image_inputs(const slim_inputs_args *args);

#ifndef __cplusplus
#define slim_image_inputs(graph_, dataset_, split_, ...)                                                               \
  (slim_image_inputs)(&(slim_inputs_args){ .struct_size = sizeof(slim_inputs_args),                                    \
                                           .graph = (graph_),                                                          \
                                           .dataset = (dataset_),                                                      \
                                           .split = (split_),                                                          \
                                           .dataset_dir = __VA_ARGS__ })
#endif

/* --- conversion --------------------------------------------------------------------------------------------------- */

typedef struct slim_convert_options {
  const char
      *dataset_name;       /* mnist, fashion_mnist, cifar10; any other name: a folder with a folder of images a class */
  const char *source_dir;  /* IDX files (plain or .gz), CIFAR-10 binary batches, or the class folders */
  const char *dataset_dir; /* where the records and labels.txt go; made if missing */
  int num_shards;          /* [5] files per split, folders only */
  int64_t num_validation;  /* [a tenth, rounded down] images for the split "validation", folders only; -1: none */
  uint64_t seed;           /* of the order, folders only */
  void (*progress)(void *user, const char *split, int64_t done, int64_t total); /* may be NULL */
  void *user;
} slim_convert_options;

typedef struct slim_convert_result {
  bool existed; /* the files were there already: nothing was done */
  int num_classes;
  int num_splits;
  struct {
    char name[32];
    int64_t samples;
  } splits[2];
} slim_convert_result;

/** Converts a dataset into TFRecord files with TF-Slim's names and features, PNG inside where the source has bare
 * pixels. All files appear whole, or none. Errors name the file that is missing, damaged or not an image. */
SLIM_API slim_status slim_convert(const slim_convert_options *options, slim_convert_result *result, slim_error *error);

#ifdef __cplusplus
}
#endif
#endif
