/* A net with its preprocessing and placeholders: what train, eval, classify and summary build alike. */
#ifndef SLIMCL_MODEL_H
#define SLIMCL_MODEL_H

#include <slim/data.h>
#include <slim/nets.h>
#include <slim/session.h>

#include <stdint.h>

/* Help texts that the commands share. */
#define MODEL_HELP_DATASET "mnist, fashion_mnist, cifar10, or the name that a folder of images was converted under"
#define MODEL_HELP_HALF "keep weights as 16-bit floats: half the memory, nearly the same results"
#define MODEL_HELP_NAME "net, lenet for example; a wrong name lists them all"

typedef struct model_spec {
  const char *model_name, *preprocessing_name; /* preprocessing NULL: the net's own */
  int64_t image_size;                          /* height and width; 0: the net's own */
  int channels;                                /* of the images; 0: those of the net */
  int64_t num_classes;                         /* 0: the net's own */
  double weight_decay, dropout_keep_prob;     /* dropout_keep_prob 0: the net's own */
  bool is_training, use_grayscale, synthetic; /* synthetic: images come from nowhere, so there is no preprocessing */
  uint64_t seed;
} model_spec;

typedef struct model {
  const slim_network *network;
  slim_preprocessing preprocessing; /* NULL for synthetic images */
  slim_graph *graph;
  slim_tensor *images, *labels; /* float32 [?, size, size, channels], int64 [?] */
  slim_tensor *logits;          /* [?, num_classes] */
  int size, channels;
} model;

/** The images of a data set as a net takes them: batches of size, forever or once. */
typedef struct model_input {
  int64_t batch_size, threads, labels_offset, start_step;
  bool is_training, use_grayscale; /* training: shuffled and endless */
  uint64_t seed;
} model_input;

/** Builds the net. Errors: SLIM_ERR_NOT_FOUND with the names there are, for the net and its preprocessing. m is to be
 * closed in any case. */
slim_status model_open(model *m, const model_spec *spec, slim_error *error);
void model_close(model *m);

/** Opens batches of the data set, and a session of the model that takes its images and labels from them, on values of its
 * own (NULL) or shared ones. What was made before an error is the caller's to release too: session, queue. */
slim_status model_run(const model *m, slim_device *device, slim_values *values, slim_dataset *dataset,
                      const model_input *input, slim_queue **queue, slim_session **session, slim_error *error);

/** Elements of the variables of a net, and its multiply-accumulates for an image. */
typedef struct model_counts {
  int64_t parameters, trainable_parameters, macs;
} model_counts;

/** Errors: SLIM_ERR_MEMORY. */
slim_status model_count(const model *m, model_counts *counts, slim_error *error);

/** Writes the names of all nets, "lenet, vgg_16", to text. */
void model_list_networks(char *text, size_t size);

#endif
