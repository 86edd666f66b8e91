/* tf.train.SequenceExample through a decoder with every kind of handler: whatever the bytes are, an item or an error.
 */
#include "data/decoder.h"
#include "fuzz_support.h"

#include <stdlib.h>

#define RAGGED(key_, dtype_)                                                                                           \
  {                                                                                                                    \
    .key = (key_), .dtype = (dtype_), .var_len = true                                                                  \
  }
static const slim_feature_spec context[] = { { .key = "id", .dtype = SLIM_INT64, .has_default = true },
                                             RAGGED("words", SLIM_STRING),
                                             RAGGED("indices", SLIM_INT64),
                                             RAGGED("values", SLIM_FLOAT32) };
static const slim_feature_spec lists[] = {
  RAGGED("box/ymin", SLIM_FLOAT32),
  RAGGED("box/xmin", SLIM_FLOAT32),
  RAGGED("class", SLIM_STRING),
  RAGGED("ids", SLIM_INT64),
  { .key = "pair", .dtype = SLIM_INT64, .shape = { 1, { 2 } }, .has_default = true },
};
static const char *const classes[] = { "cat", "dog" };
static const slim_lookup_table table = { classes, NULL, 2, -1 };
static const slim_item_handler handlers[] = {
  { .item = "boxes",
    .kind = SLIM_HANDLE_BOUNDING_BOX_SEQUENCE,
    .keys = { "box/ymin", "box/xmin", "box/ymin", "box/xmin" } },
  { .item = "num_boxes", .kind = SLIM_HANDLE_NUM_BOXES_SEQUENCE, .keys = { "box/ymin", "box/xmin", "ids" } },
  { .item = "pair", .kind = SLIM_HANDLE_TENSOR, .keys = { "pair" } },
  { .item = "ids", .kind = SLIM_HANDLE_TENSOR, .keys = { "ids" }, .shape_keys = { "indices" } },
  { .item = "class", .kind = SLIM_HANDLE_LOOKUP, .keys = { "class" }, .table = &table },
  { .item = "placed", .kind = SLIM_HANDLE_SPARSE_TENSOR, .keys = { "ids", "box/ymin" }, .densify = true },
  { .item = "sparse", .kind = SLIM_HANDLE_SPARSE_TENSOR, .shape_keys = { "id" } },
};
#define COUNT(array_) (int)(sizeof(array_) / sizeof *(array_))

/* One item at a time, so that an error of one does not hide the others. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  for (int i = 0; i < COUNT(handlers); i++) {
    slim_decoder *decoder = NULL;
    if (slim_sequence_decoder_create(context, COUNT(context), lists, COUNT(lists), &handlers[i], 1, &decoder, NULL)) {
      abort();
    }
    slim_sample *sample = slim_sample_create(decoder);
    if (sample && slim_decoder_decode(decoder, data, size, sample, NULL) == SLIM_OK) {
      const slim_item *item = slim_sample_item(sample, handlers[i].item);
      volatile unsigned char sum = 0;
      for (size_t k = 0; k < slim_item_elements(item) * slim_item_element_size(item->dtype); k++) {
        sum = (unsigned char)(sum + ((const unsigned char *)item->data)[k]);
      }
    }
    slim_sample_destroy(sample);
    slim_decoder_destroy(decoder);
  }
  return 0;
}
