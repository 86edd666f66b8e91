/* A pixel of dx takes from dy at whole strides only, so dx falls into stride_h * stride_w phases; each is a convolution
 * of dy, of stride 1, with the taps that meet it. */
#include "backend/opencl/conv2d.h"

#include "backend/opencl/conv2d_tile.h"
#include "backend/opencl/gemm.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/tile.h"

/* Turns taps of in[1], the weights, into the workspace, some aligned bytes on. */
static void turn_taps(slim_cl_build *b, const slim_conv2d_turn_params *p, size_t bytes)
{
  slim_cl_begin(b, "slim_conv2d_turn_f32");
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view_at(b, b->workspace, bytes);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_range(b, (size_t)(p->rows * p->columns) * (size_t)p->c * (size_t)p->o);
}

/* A phase, but for its weights' place. */
static slim_conv2d_phase phase_of(const slim_conv2d_params *p, int number)
{
  const slim_phase rows = slim_phase_of(number / p->stride_w, p->kernel_h, p->stride_h, p->rate_h, p->before_h, p->h);
  const slim_phase columns =
      slim_phase_of(number % p->stride_w, p->kernel_w, p->stride_w, p->rate_w, p->before_w, p->w);
  const slim_taps *down = &rows.taps, *across = &columns.taps;
  const int channels = p->nchw ? 1 : p->c;
  slim_conv2d_phase phase = { .conv = *p, .first = (rows.first * p->w + columns.first) * channels };
  slim_conv2d_params *t = &phase.conv;
  phase.turn = (slim_conv2d_turn_params){ p->c,        p->o,          p->kernel_w, down->count, across->count,
                                          down->first, across->first, down->step,  across->step };
  t->h = p->oh;
  t->w = p->ow;
  t->c = p->o;
  t->oh = rows.count;
  t->ow = columns.count;
  t->o = p->c;
  t->kernel_h = down->count;
  t->kernel_w = across->count;
  t->stride_h = t->stride_w = 1;
  t->rate_h = down->distance;
  t->rate_w = across->distance;
  t->before_h = -down->begin;
  t->before_w = -across->begin;
  return phase;
}

/* On CPU-like devices columns are those of whole panels. */
static size_t turned_bytes(const slim_device *device, const slim_conv2d_turn_params *turn)
{
  const int panel = slim_cl_tile_usable(device) ? 1 : slim_cl_gemm_columns(device);
  const int columns = slim_cl_ceil_div(turn->c, panel) * panel;
  return slim_cl_float_bytes((size_t)(turn->rows * turn->columns) * (size_t)columns * (size_t)turn->o);
}

/* Packs the weights of phases of so many taps in the workspace. */
static void turn_panels(slim_cl_build *b, const slim_conv2d_phases_params *phases, const slim_gemm_params *g, int taps)
{
  if (taps == 0) {
    return;
  }
  const int vectors = slim_cl_ceil_div(phases->phase[0].turn.c, b->cl->vector_width);
  slim_cl_begin(b, "slim_conv2d_turn_panels_f32");
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, b->workspace);
  slim_cl_arg(b, phases, sizeof(*phases));
  slim_cl_arg(b, g, sizeof(*g));
  slim_cl_range_3d(b, (const size_t[3]){ (size_t)vectors, (size_t)taps, 1 }, (const size_t[3]){ 1, 1, 1 });
}

/* Some phases, from number first on. */
static void launch(slim_cl_build *b, const slim_conv2d_params *p, int first, int count)
{
  slim_conv2d_phases_params phases = {
    .phases = count, .image = p->h * p->w * p->c, .row = p->stride_h * p->w * p->c, .pixel = p->stride_w * p->c
  };
  size_t turned = 0;                    /* bytes of the workspace */
  int pixels = 1, window = 1, taps = 0; /* the most of a phase, of all */
  for (int i = 0; i < count; i++) {
    slim_conv2d_phase *phase = &phases.phase[i];
    *phase = phase_of(p, first + i);
    phase->weights = (int)(turned / sizeof(float));
    turned += turned_bytes(b->device, &phase->turn);
    pixels = slim_cl_larger(pixels, slim_cl_conv2d_pixels(&phase->conv));
    window = slim_cl_larger(window, slim_cl_conv2d_window(&phase->conv));
    taps += phase->turn.rows * phase->turn.columns;
  }
  const slim_gemm_params g = slim_cl_gemm_packed(b->device, pixels, p->c, window);
  turn_panels(b, &phases, &g, taps);
  slim_cl_begin(b, "slim_conv2d_phases_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, b->workspace);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &phases, sizeof(phases));
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_gemm_range_packed(b, &g, count * slim_cl_ceil_div(pixels, g.block_m) * g.block_m, p->c);
}

/* On GPUs and small devices each phase is a launch. */
static void launch_tiles(slim_cl_build *b, const slim_conv2d_params *p)
{
  const slim_cl_epilogue none = slim_cl_epilogue_of(b, 2);
  const int phases = p->stride_h * p->stride_w, channels = p->nchw ? 1 : p->c;
  size_t turned = 0;
  for (int i = 0; i < phases; i++) {
    slim_conv2d_phase phase = phase_of(p, i);
    const slim_conv2d_turn_params *turn = &phase.turn;
    const slim_tile_params t = { .first = phase.first,
                                 .image = p->h * p->w * p->c,
                                 .row = p->stride_h * p->w * channels,
                                 .pixel = p->stride_w * channels,
                                 .channel = p->nchw ? p->h * p->w : 1 };
    if (turn->rows * turn->columns > 0) {
      turn_taps(b, turn, turned);
    } else { /* the kernel divides by it */
      phase.conv.kernel_h = 0;
      phase.conv.kernel_w = 1;
    }
    if (phases == 1) {
      slim_cl_conv2d_tile(b, &b->in[0], b->workspace, 0, &none, &b->out[0], &phase.conv, turned_bytes(b->device, turn));
    } else if (phase.conv.oh > 0 && phase.conv.ow > 0) {
      slim_cl_conv2d_tile_at(b, &b->in[0], b->workspace, turned, &none, &b->out[0], &phase.conv, &t);
    }
    turned += turned_bytes(b->device, turn);
  }
}

size_t slim_cl_conv2d_phases_workspace(const slim_device *device, const slim_conv2d_params *p)
{
  const int phases = p->stride_h * p->stride_w;
  size_t bytes = 0;
  for (int i = 0; i < phases; i++) {
    const slim_conv2d_phase phase = phase_of(p, i);
    bytes += turned_bytes(device, &phase.turn);
  }
  if (slim_cl_tile_usable(device) && phases == 1) {
    const slim_conv2d_phase all = phase_of(p, 0);
    bytes += slim_cl_conv2d_tile_workspace(device, &all.conv, bytes);
  }
  return bytes;
}

void slim_cl_conv2d_phases(slim_cl_build *b, const slim_conv2d_params *p)
{
  const int count = p->stride_h * p->stride_w;
  if (slim_cl_tile_usable(b->device)) {
    launch_tiles(b, p);
    return;
  }
  for (int first = 0; first < count; first += SLIM_CONV2D_PHASES) {
    launch(b, p, first, count - first < SLIM_CONV2D_PHASES ? count - first : SLIM_CONV2D_PHASES);
  }
}
