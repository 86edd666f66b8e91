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
  const size_t taps = (size_t)(p->rows * p->columns), line = 16; /* TURNED of the kernel */
  slim_cl_begin(b, "slim_conv2d_turn_f32");
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view_at(b, b->workspace, bytes);
  slim_cl_arg(b, p, sizeof(*p));
  if (slim_cl_is_cpu(b)) {
    slim_cl_range_rows(b, taps * (((size_t)p->o + line - 1) / line));
  } else {
    slim_cl_range(b, taps * (size_t)p->c * (size_t)p->o);
  }
}

/* A phase, but for its weights' place, and their taps. */
static slim_conv2d_phase phase_of(const slim_conv2d_params *p, int number, slim_conv2d_turn_params *turn)
{
  const slim_phase rows = slim_phase_of(number / p->stride_w, p->kernel_h, p->stride_h, p->rate_h, p->before_h, p->h);
  const slim_phase columns =
      slim_phase_of(number % p->stride_w, p->kernel_w, p->stride_w, p->rate_w, p->before_w, p->w);
  const slim_taps *down = &rows.taps, *across = &columns.taps;
  const int channels = p->nchw ? 1 : p->c;
  slim_conv2d_phase phase = { .conv = *p, .first = (rows.first * p->w + columns.first) * channels };
  slim_conv2d_params *t = &phase.conv;
  *turn = (slim_conv2d_turn_params){ p->c,        p->o,          p->kernel_w, down->count, across->count,
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

static size_t turned_bytes(const slim_conv2d_turn_params *turn)
{
  return slim_cl_float_bytes((size_t)(turn->rows * turn->columns) * (size_t)turn->c * (size_t)turn->o);
}

static int larger(int a, int b)
{
  return a > b ? a : b;
}

/* Some phases, from number first on. */
static void launch(slim_cl_build *b, const slim_conv2d_params *p, int first, int count)
{
  slim_conv2d_phases_params phases = {
    .phases = count, .image = p->h * p->w * p->c, .row = p->stride_h * p->w * p->c, .pixel = p->stride_w * p->c
  };
  size_t turned = 0;          /* bytes of the workspace */
  int pixels = 1, window = 1; /* the most of a phase */
  for (int i = 0; i < count; i++) {
    slim_conv2d_turn_params turn;
    slim_conv2d_phase *phase = &phases.phase[i];
    *phase = phase_of(p, first + i, &turn);
    phase->weights = (int)(turned / sizeof(float));
    pixels = larger(pixels, phase->conv.n * phase->conv.oh * phase->conv.ow);
    if (turn.rows * turn.columns > 0) {
      turn_taps(b, &turn, turned);
      turned += turned_bytes(&turn);
      window = larger(window, turn.rows * turn.columns * p->o);
    }
  }
  const slim_gemm_params g = slim_cl_gemm_blocks(b->device, pixels, p->c, window);
  slim_cl_begin(b, "slim_conv2d_phases_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, b->workspace);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &phases, sizeof(phases));
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_gemm_range(b, &g, count * slim_cl_ceil_div(pixels, g.block_m) * g.block_m, p->c);
}

/* On GPUs and small devices each phase is a launch. */
static void launch_tiles(slim_cl_build *b, const slim_conv2d_params *p)
{
  const slim_cl_epilogue none = slim_cl_epilogue_of(b, 2);
  const int phases = p->stride_h * p->stride_w, channels = p->nchw ? 1 : p->c;
  size_t turned = 0;
  for (int i = 0; i < phases; i++) {
    slim_conv2d_turn_params turn;
    slim_conv2d_phase phase = phase_of(p, i, &turn);
    const slim_tile_params t = { .first = phase.first,
                                 .image = p->h * p->w * p->c,
                                 .row = p->stride_h * p->w * channels,
                                 .pixel = p->stride_w * channels,
                                 .channel = p->nchw ? p->h * p->w : 1 };
    if (turn.rows * turn.columns > 0) {
      turn_taps(b, &turn, turned);
    } else { /* the kernel divides by it */
      phase.conv.kernel_h = 0;
      phase.conv.kernel_w = 1;
    }
    if (phases == 1) {
      slim_cl_conv2d_tile(b, &b->in[0], b->workspace, 0, &none, &b->out[0], &phase.conv, turned_bytes(&turn));
    } else if (phase.conv.oh > 0 && phase.conv.ow > 0) {
      slim_cl_conv2d_tile_at(b, &b->in[0], b->workspace, turned, &none, &b->out[0], &phase.conv, &t);
    }
    turned += turned_bytes(&turn);
  }
}

size_t slim_cl_conv2d_phases_workspace(const slim_device *device, const slim_conv2d_params *p)
{
  const int phases = p->stride_h * p->stride_w;
  slim_conv2d_turn_params turn;
  size_t bytes = 0;
  for (int i = 0; i < phases; i++) {
    (void)phase_of(p, i, &turn);
    bytes += turned_bytes(&turn);
  }
  if (slim_cl_tile_usable(device) && phases == 1) {
    const slim_conv2d_phase all = phase_of(p, 0, &turn);
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
