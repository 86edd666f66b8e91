/* A pixel of dx takes from dy at whole strides only, so dx falls into stride_h * stride_w phases; each is a convolution
 * of dy, of stride 1, with the taps that meet it. */
#include "backend/opencl/conv2d.h"

#include "backend/opencl/gemm.h"
#include "backend/opencl/ops.h"

void slim_cl_conv2d_turn(slim_cl_build *b, const slim_conv2d_turn_params *p, size_t bytes)
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
  slim_conv2d_phase phase = { .conv = *p, .first = (rows.first * p->w + columns.first) * p->c };
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
      slim_cl_conv2d_turn(b, &turn, turned);
      turned += slim_cl_aligned((size_t)(turn.rows * turn.columns * p->c * p->o) * sizeof(float));
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

void slim_cl_conv2d_phases(slim_cl_build *b, const slim_conv2d_params *p)
{
  const int count = p->stride_h * p->stride_w;
  for (int first = 0; first < count; first += SLIM_CONV2D_PHASES) {
    launch(b, p, first, count - first < SLIM_CONV2D_PHASES ? count - first : SLIM_CONV2D_PHASES);
  }
}
