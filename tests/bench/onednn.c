#include "onednn.h"

#include "bench_time.h"

#include <oneapi/dnnl/dnnl.h>

struct onednn_conv {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t args[3]; /* the inputs, the result */
  dnnl_memory_desc_t dense[3];
};

static void need(dnnl_status_t status, const char *what)
{
  if (status != dnnl_success) {
    (void)fprintf(stderr, "oneDNN status %d: ", (int)status);
    bench_die(what);
  }
}

/* --- layouts ------------------------------------------------------------------------------------------------------ */

static dnnl_memory_desc_t activations(int n, int c, int h, int w, dnnl_format_tag_t tag)
{
  dnnl_memory_desc_t desc;
  need(dnnl_memory_desc_init_by_tag(&desc, 4, (dnnl_dims_t){ n, c, h, w }, dnnl_f32, tag), "activations");
  return desc;
}

/* [kh,kw,c,o], or the filter of depthwise as groups of one channel; dense, or any layout. */
static dnnl_memory_desc_t filter(const conv_shape *s, bool any)
{
  dnnl_memory_desc_t desc;
  const dnnl_dims_t dims = { s->o, s->c, s->kh, s->kw },
                    strides = { 1, s->o, (dnnl_dim_t)s->kw * s->c * s->o, (dnnl_dim_t)s->c * s->o };
  const dnnl_dims_t by_groups = { s->c, 1, 1, s->kh, s->kw },
                    group_strides = { 1, 1, 1, (dnnl_dim_t)s->kw * s->c, s->c };
  const int rank = s->depthwise ? 5 : 4;
  const dnnl_dim_t *d = s->depthwise ? by_groups : dims;
  need(any ? dnnl_memory_desc_init_by_tag(&desc, rank, d, dnnl_f32, dnnl_format_tag_any)
           : dnnl_memory_desc_init_by_strides(&desc, rank, d, dnnl_f32, s->depthwise ? group_strides : strides),
       "filter");
  return desc;
}

/* --- the primitive ------------------------------------------------------------------------------------------------ */

/* x, weights, y as they stand in the descriptions of all passes. */
typedef struct operands {
  dnnl_memory_desc_t x, weights, y;
} operands;

static operands operands_of(const conv_shape *s, dnnl_format_tag_t tag, bool any_filter)
{
  return (operands){ activations(s->n, s->c, s->h, s->w, tag), filter(s, any_filter),
                     activations(s->n, s->o, s->oh, s->ow, tag) };
}

static dnnl_status_t describe(dnnl_convolution_desc_t *desc, const conv_shape *s, int pass, dnnl_alg_kind_t algorithm,
                              const operands *o)
{
  const dnnl_dims_t strides = { s->stride, s->stride }, dilates = { 0, 0 }, before = { s->before_h, s->before_w };
  const dnnl_dims_t after = { (s->oh - 1) * s->stride + s->kh - s->h - s->before_h,
                              (s->ow - 1) * s->stride + s->kw - s->w - s->before_w };
  switch (pass) {
  case PASS_INPUT_GRADIENT:
    return dnnl_dilated_convolution_backward_data_desc_init(desc, algorithm, &o->x, &o->weights, &o->y, strides,
                                                            dilates, before, after);
  case PASS_WEIGHTS_GRADIENT:
    return dnnl_dilated_convolution_backward_weights_desc_init(desc, algorithm, &o->x, &o->weights, NULL, &o->y,
                                                               strides, dilates, before, after);
  default:
    return dnnl_dilated_convolution_forward_desc_init(desc, dnnl_forward_training, algorithm, &o->x, &o->weights, NULL,
                                                      &o->y, strides, dilates, before, after);
  }
}

static dnnl_status_t choose(onednn_conv *conv, const conv_shape *s, int pass, onednn_way way)
{
  const dnnl_alg_kind_t algorithm = way == ONEDNN_WINOGRAD ? dnnl_convolution_winograd
                                    : way == ONEDNN_AUTO   ? dnnl_convolution_auto
                                                           : dnnl_convolution_direct;
  const operands o = operands_of(s, way == ONEDNN_NHWC ? dnnl_nhwc : dnnl_format_tag_any, true);
  dnnl_convolution_desc_t forward, desc;
  dnnl_primitive_desc_t hint = NULL;
  dnnl_status_t status = describe(&forward, s, PASS_FORWARD, algorithm, &o);
  if (status == dnnl_success && pass != PASS_FORWARD) {
    status = dnnl_primitive_desc_create(&hint, &forward, NULL, conv->engine, NULL);
  }
  if (status == dnnl_success) {
    status = describe(&desc, s, pass, algorithm, &o);
  }
  if (status == dnnl_success) {
    status = dnnl_primitive_desc_create(&conv->desc, &desc, NULL, conv->engine, hint);
  }
  (void)dnnl_primitive_desc_destroy(hint);
  return status;
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static void reorder(onednn_conv *conv, dnnl_memory_t from, dnnl_memory_t to)
{
  const dnnl_memory_desc_t *source, *target;
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive;
  need(dnnl_memory_get_memory_desc(from, &source), "memory");
  need(dnnl_memory_get_memory_desc(to, &target), "memory");
  need(dnnl_reorder_primitive_desc_create(&desc, source, conv->engine, target, conv->engine, NULL), "reorder");
  need(dnnl_primitive_create(&primitive, desc), "reorder");
  const dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
  need(dnnl_primitive_execute(primitive, conv->stream, 2, args), "reorder");
  need(dnnl_stream_wait(conv->stream), "reorder");
  (void)dnnl_primitive_destroy(primitive);
  (void)dnnl_primitive_desc_destroy(desc);
}

static void add_memory(onednn_conv *conv, int i, const float *data)
{
  dnnl_memory_t dense;
  const dnnl_memory_desc_t *chosen =
      dnnl_primitive_desc_query_md(conv->desc, dnnl_query_exec_arg_md, conv->args[i].arg);
  need(dnnl_memory_create(&conv->args[i].memory, chosen, conv->engine, DNNL_MEMORY_ALLOCATE), "memory");
  if (data) {
    need(dnnl_memory_create(&dense, &conv->dense[i], conv->engine, (void *)(uintptr_t)data), "memory");
    reorder(conv, dense, conv->args[i].memory);
    (void)dnnl_memory_destroy(dense);
  }
}

static void arrange(onednn_conv *conv, const conv_shape *s, int pass)
{
  static const int names[NUM_PASSES][3] = { { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST },
                                            { DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC },
                                            { DNNL_ARG_DIFF_DST, DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS } };
  const operands o = operands_of(s, dnnl_nhwc, false);
  const dnnl_memory_desc_t *const order[NUM_PASSES][3] = { { &o.x, &o.weights, &o.y },
                                                           { &o.y, &o.weights, &o.x },
                                                           { &o.y, &o.x, &o.weights } };
  for (int i = 0; i < 3; i++) {
    conv->args[i].arg = names[pass][i];
    conv->dense[i] = *order[pass][i];
  }
}

/* --- outside ------------------------------------------------------------------------------------------------------ */

onednn_conv *onednn_conv_create(const conv_shape *shape, int pass, onednn_way way, const float *const in[2])
{
  onednn_conv *conv = calloc(1, sizeof *conv);
  if (!conv) {
    bench_die("out of memory");
  }
  need(dnnl_engine_create(&conv->engine, dnnl_cpu, 0), "engine");
  need(dnnl_stream_create(&conv->stream, conv->engine, dnnl_stream_default_flags), "stream");
  if (choose(conv, shape, pass, way) != dnnl_success) {
    onednn_conv_destroy(conv);
    return NULL;
  }
  need(dnnl_primitive_create(&conv->primitive, conv->desc), "primitive");
  arrange(conv, shape, pass);
  for (int i = 0; i < 3; i++) {
    add_memory(conv, i, i < 2 ? in[i] : NULL);
  }
  return conv;
}

void onednn_conv_run(void *conv)
{
  const onednn_conv *c = conv;
  need(dnnl_primitive_execute(c->primitive, c->stream, 3, c->args), "run");
  need(dnnl_stream_wait(c->stream), "run");
}

void onednn_conv_result(onednn_conv *conv, float *out)
{
  dnnl_memory_t dense;
  need(dnnl_memory_create(&dense, &conv->dense[2], conv->engine, out), "memory");
  reorder(conv, conv->args[2].memory, dense);
  (void)dnnl_memory_destroy(dense);
}

const char *onednn_conv_kernel(const onednn_conv *conv)
{
  const char *name = "";
  (void)dnnl_primitive_desc_query(conv->desc, dnnl_query_impl_info_str, 0, &name);
  return name;
}

void onednn_conv_destroy(onednn_conv *conv)
{
  if (!conv) {
    return;
  }
  for (int i = 0; i < 3; i++) {
    (void)dnnl_memory_destroy(conv->args[i].memory);
  }
  (void)dnnl_primitive_destroy(conv->primitive);
  (void)dnnl_primitive_desc_destroy(conv->desc);
  (void)dnnl_stream_destroy(conv->stream);
  (void)dnnl_engine_destroy(conv->engine);
  free(conv);
}
