/* The elements of labels that are not the end's token: an op of its own, registered as users register theirs. */
#include "layers/layer.h"

#include <string.h>

const slim_layer_info slim_layer_dense_to_sparse = { slim_dense_to_sparse,
                                                     "dense_to_sparse",
                                                     { SLIM_LAYER_PLAIN, SLIM_OPTION(eos_token) } };

typedef struct sparse_attr {
  int eos_token;
} sparse_attr;

typedef struct sparse_params {
  int eos_token, count, rank, dim[SLIM_MAX_RANK];
} sparse_params;

/* Values and places of all elements, of which only the first are used, and how many these are. */
static bool infer(slim_inference *q)
{
  const slim_shape *x = &q->in[0];
  int64_t count = 1;
  for (int i = 0; i < x->rank; i++) {
    count = count < 0 || x->dim[i] < 0 ? -1 : count * x->dim[i];
  }
  const bool integer = q->in_type[0] == SLIM_INT32 || q->in_type[0] == SLIM_INT64;
  if (!integer || x->rank < 1 || count > INT32_MAX) {
    char text[128];
    slim_error_set(q->error, integer ? SLIM_ERR_SHAPE : SLIM_ERR_TYPE,
                   "the input is %s %s, must be int32 or int64 of rank 1 or more", slim_dtype_name(q->in_type[0]),
                   slim_shape_format(x, text, sizeof text));
    return false;
  }
  q->out[0] = SLIM_SHAPE((int)count);
  q->out[1] = SLIM_SHAPE((int)count, x->rank);
  q->out[2] = SLIM_SCALAR;
  q->out_type[1] = q->out_type[2] = SLIM_INT64;
  return true;
}

static int64_t element(const slim_custom_array *x, size_t i)
{
  return x->dtype == SLIM_INT32 ? ((const int32_t *)x->data)[i] : ((const int64_t *)x->data)[i];
}

static void store(const slim_custom_array *values, size_t i, int64_t value)
{
  if (values->dtype == SLIM_INT32) {
    ((int32_t *)values->data)[i] = (int32_t)value;
  } else {
    ((int64_t *)values->data)[i] = value;
  }
}

static void run(const slim_custom_run *run)
{
  const slim_custom_array *x = &run->in[0], *values = &run->out[0];
  const int64_t token = ((const sparse_attr *)run->attr)->eos_token;
  const size_t count = slim_shape_elements(&x->shape), rank = (size_t)x->shape.rank;
  int64_t *places = run->out[1].data;
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    size_t rest = i;
    if (element(x, i) != token) {
      store(values, used, element(x, i));
      for (size_t k = rank; k-- > 0; rest /= (size_t)x->shape.dim[k]) {
        places[used * rank + k] = (int64_t)(rest % (size_t)x->shape.dim[k]);
      }
      used++;
    }
  }
  *(int64_t *)run->out[2].data = (int64_t)used;
  for (; used < count; used++) {
    store(values, used, token);
    memset(places + used * rank, 0, rank * sizeof *places);
  }
}

/* Each element counts those before it, which are few: the labels of a batch. dim is a copy because some drivers cannot
 * index an array of an argument by a variable. */
static const char source[] = "typedef struct { int token, count, rank, dim[6]; } sparse_params;\n"
                             "#define COMPRESS(type_)\\\n"
                             "kernel void compress_##type_(SLIM_TENSOR(const type_, x), SLIM_TENSOR(type_, values),\\\n"
                             "  SLIM_TENSOR(long, places), SLIM_TENSOR(long, used), uint n, sparse_params p)\\\n"
                             "{\\\n"
                             "  SLIM_OPEN(const type_, x);\\\n"
                             "  SLIM_OPEN(type_, values);\\\n"
                             "  SLIM_OPEN(long, places);\\\n"
                             "  SLIM_OPEN(long, used);\\\n"
                             "  const int i = get_global_id(0);\\\n"
                             "  int before = 0, all = 0;\\\n"
                             "  if (i >= p.count) return;\\\n"
                             "  for (int k = 0; k < p.count; k++) {\\\n"
                             "    all += x[k] != p.token;\\\n"
                             "    before += x[k] != p.token && k < i;\\\n"
                             "  }\\\n"
                             "  const int kept = x[i] != p.token, to = kept ? before : all + i - before;\\\n"
                             "  const int dim[6] = { p.dim[0], p.dim[1], p.dim[2], p.dim[3], p.dim[4], p.dim[5] };\\\n"
                             "  int rest = kept ? i : 0;\\\n"
                             "  values[to] = x[i];\\\n"
                             "  for (int k = p.rank - 1; k >= 0; k--) {\\\n"
                             "    places[to * p.rank + k] = rest % dim[k];\\\n"
                             "    rest /= dim[k];\\\n"
                             "  }\\\n"
                             "  if (i == 0) used[0] = all;\\\n"
                             "}\n"
                             "COMPRESS(int)\n"
                             "COMPRESS(long)\n";

static void launch(slim_custom_launches *launches)
{
  const slim_custom_array *x = &launches->in[0];
  sparse_params p = { .eos_token = ((const sparse_attr *)launches->attr)->eos_token,
                      .count = (int)slim_shape_elements(&x->shape),
                      .rank = x->shape.rank };
  memcpy(p.dim, x->shape.dim, sizeof p.dim);
  launches->add(launches, x->dtype == SLIM_INT32 ? "compress_int" : "compress_long",
                (const size_t[]){ (size_t)p.count, 1, 1 }, NULL, &p, sizeof p);
}

static const slim_custom_op op = { .struct_size = sizeof(slim_custom_op),
                                   .name = "dense_to_sparse",
                                   .inputs = 1,
                                   .outputs = 3,
                                   .attr_size = sizeof(sparse_attr),
                                   .infer = infer,
                                   .cpu = run,
                                   .opencl_source = source,
                                   .opencl_launch = launch };

slim_tensor *(slim_dense_to_sparse)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_dense_to_sparse, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "dense_to_sparse");
  const sparse_attr attr = { call.args.eos_token };
  return slim_call_close(&call, slim_custom(&op, "SparseTensor", &attr, SLIM_TENSORS(call.args.input)));
}
